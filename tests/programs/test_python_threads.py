# SPDX-License-Identifier: Apache-2.0
"""thread_comm of Python threads: what the program's own threading.current_thread().name says in each of them."""
import collections
import json
import os
import subprocess

import pytest

import python_profile
import pythons
from pprof_wire import Profile, violations

pytestmark = pytest.mark.alone

WORKS = ("plain", "renamed", "named", "wide", "long_name", "subclass", "pooled")
FREE_FORM = '''\
import threading, time
def spin():
    end = time.time() + 1.0
    while time.time() < end: sum(range(100))
{body}
'''


def by_work(path, names=WORKS):
    """Function -> {thread_comm: samples}."""
    profile = Profile(path)
    assert violations(profile) == []
    found = collections.defaultdict(collections.Counter)
    for frames, samples, labels in python_profile.all_frames(profile):
        work = next((frame.name for frame in python_profile.python_frames(frames) if frame.name in names), None)
        if work:
            found[work][labels.get("thread_comm")] += samples
    return found


def run(build, tmp_path, argv, *options, **env):
    done = subprocess.run([build / "collector/sonde", "record", "-F", "999", "-o", tmp_path / "p.pb.gz", *options, "--", *argv],
                          capture_output=True, text=True, timeout=120,
                          env={"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "XDG_CACHE_HOME": str(tmp_path),
                               "PYTHONDONTWRITEBYTECODE": "1", **env})
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("python", pythons.ONE_OF_EACH + ["3.12-static", "3.13-dlopen"], indirect=True)
def test_names_are_those_of_the_program(build, root, python, tmp_path):
    said = json.loads(run(build, tmp_path, python.command(build, "names.py"), "--raw", tmp_path / "r.raw", **python.env))
    found = by_work(tmp_path / "p.pb.gz")
    subprocess.run([build / "collector/sonde", "replay", tmp_path / "r.raw", "-o", tmp_path / "again.pb.gz"], check=True,
                   capture_output=True, env={"XDG_CACHE_HOME": str(tmp_path)})
    assert by_work(tmp_path / "again.pb.gz") == found
    assert len(found) >= len(said) - 2  # one that hardly got the GIL has no sample
    for work, names in found.items():
        right, early = names.pop(said[work], 0), names.pop(None, 0)
        if work == "renamed":
            early += names.pop("old name", 0)
        if python.version >= (3, 14):  # they tell the kernel as well, who keeps 15 bytes
            early += sum(names.pop(name) for name in list(names) if len(name.encode()) <= 15 and name[:4] == said[work][:4])
        assert not names, (work, said[work], names)  # no other thread's
        assert right + early < 5 or right > 0 and early <= 3 + 0.1 * right, (work, right, early)


def test_in_a_pid_namespace(build, root, tmp_path):
    """Where threads have other ids than ours."""
    program = FREE_FORM.format(body='t = threading.Thread(target=spin, name="in a container"); t.start(); t.join()')
    run(build, tmp_path, ["unshare", "--pid", "--fork", "--mount-proc", "/usr/bin/python3", "-c", program])
    found = by_work(tmp_path / "p.pb.gz", ["spin"])["spin"]
    assert found["in a container"] > 100 and set(found) <= {None, "in a container"}


def test_after_a_fork(build, root, tmp_path):
    """The child has the parent's memory, and threads of its own."""
    program = FREE_FORM.format(body='''\
import os
t = threading.Thread(target=spin, name="of the parent"); t.start()
if not os.fork():
    u = threading.Thread(target=spin, name="of the child"); u.start(); u.join(); os._exit(0)
t.join(); os.wait()''')
    run(build, tmp_path, ["/usr/bin/python3", "-c", program])
    profile = Profile(tmp_path / "p.pb.gz")
    found = collections.defaultdict(set)
    for names, _, labels in profile.stacks():
        if "spin" in names and "thread_comm" in labels:
            found[labels["pid"]].add(labels["thread_comm"])
    assert sorted(found.values(), key=str) == [{"of the child"}, {"of the parent"}]


def test_a_name_ends_with_its_thread(build, root, tmp_path):
    """One after the other; their ids and addresses are used again."""
    program = FREE_FORM.format(body='''\
def work(n):
    end = time.time() + 0.05
    while time.time() < end: sum(range(100))
for n in range(20):
    exec("def work%d(): work(n)" % n)
    t = threading.Thread(target=globals()["work%d" % n], name="thread %d" % n); t.start(); t.join()''')
    run(build, tmp_path, ["/usr/bin/python3", "-c", program])
    found = by_work(tmp_path / "p.pb.gz", [f"work{n}" for n in range(20)])
    named = [work for work, names in found.items() if f"thread {work[4:]}" in names]
    assert all(set(names) <= {None, f"thread {work[4:]}"} for work, names in found.items()), found
    assert len(named) >= 15, found


def test_the_first_thread_and_threads_of_others_keep_theirs(build, root, tmp_path):
    """The kernel's name where threading knows nothing of a thread."""
    program = FREE_FORM.format(body='''\
import _thread, ctypes
def bare():
    ctypes.CDLL(None).prctl(15, b"set by prctl", 0, 0, 0)
    spin()
_thread.start_new_thread(bare, ())
spin()
time.sleep(0.3)''')
    run(build, tmp_path, ["/usr/bin/python3", "-c", program])
    names = by_work(tmp_path / "p.pb.gz", ["bare"])["bare"]
    assert names["set by prctl"] > 50 and set(names) <= {None, "set by prctl"}
    assert by_work(tmp_path / "p.pb.gz", ["<module>"])["<module>"].keys() == {None}
