# SPDX-License-Identifier: Apache-2.0
"""Children of Python programs show Python from their first sample on: the kernel side copies what it knows of the
parent. Which children there are they say themselves."""
import signal
import subprocess
import time

import pytest

import python_profile
from pprof_wire import Profile, violations


PYTHONS = ["3.8-shared", "3.11-debian", "3.13-shared"]
OPTIONS = ["-F", "999", "--labels", "pid,timestamps", "-o"]
ROOTS = {"<module>", "_bootstrap"}  # a thread of the pool forks some


def judge(path, pids):
    profile = Profile(path)
    assert violations(profile) == []
    by_pid = {pid: [] for pid in pids}
    for stack, _, labels in python_profile.all_frames(profile):
        if labels["pid"] in pids:
            shown = [python_profile.bare(frame) for frame in python_profile.python_frames(stack)]
            by_pid[labels["pid"]].append((labels["timestamp_ns"], shown, [frame.name for frame in stack]))
    for pid, samples in by_pid.items():
        _, shown, stack = min(samples)
        assert shown and shown[-1] in ROOTS, (pid, stack, len(samples))
        worked = [shown for _, shown, _ in samples if "child_work" in shown]
        assert len(worked) > 5 and all(shown[-1] in ROOTS for shown in worked)


@pytest.mark.parametrize("how,children", [("fork", 8), ("pool", 8), ("forkserver", 4)])
@pytest.mark.parametrize("python", PYTHONS, indirect=True)
def test_children_show_python_at_once(build, root, python, how, children, tmp_path):
    path = tmp_path / "p.pb.gz"
    done = subprocess.run([build / "collector/sonde", "record", *OPTIONS, path, "--", *python.command(build, "forks.py", how)],
                          stdout=subprocess.PIPE, check=True, timeout=60,
                          env={"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", **python.env})
    pids = set(map(int, done.stdout.split()))
    assert len(pids) >= children / 2  # a pool may give two tasks to one
    judge(path, pids)


@pytest.mark.parametrize("python", PYTHONS, indirect=True)
def test_children_of_a_server_that_slept_until_then(build, root, python, tmp_path):
    path = tmp_path / "p.pb.gz"
    server = python.start(build, "forks.py", "wait", stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        assert server.stdout.readline() == b"ready\n"
        time.sleep(0.2)
        recorder = subprocess.Popen([build / "collector/sonde", "record", *OPTIONS, path, "-p", str(server.pid)],
                                    stderr=subprocess.DEVNULL)
        time.sleep(2)
        pids = set(map(int, server.communicate(b"fork\n")[0].split()))
        recorder.send_signal(signal.SIGINT)
        assert recorder.wait(timeout=60) == 0 and len(pids) == 8
    finally:
        server.kill()
        server.wait()
    judge(path, pids)
