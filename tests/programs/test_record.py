# SPDX-License-Identifier: Apache-2.0
"""Whole runs: what a user types, judged by what the target is known to do and by readers of ours and
others' (tests/oracles/pprof_wire.py, go tool pprof where there is one)."""
import os
import pathlib
import shutil
import stat
import subprocess
import sys
import time

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "oracles"))
from pprof_wire import Profile, violations  # noqa: E402


def profile(path):
    p = Profile(path)
    assert violations(p) == []
    return p


def test_command_and_its_whole_stack(sonde, chain, tmp_path):
    out = tmp_path / "p.pb.gz"
    run = sonde("record", "-F", 499, "--labels", "stop", "-o", out, "--", chain, 2)
    assert run.returncode == 7, run.stderr  # the command's own status
    assert out.stat().st_mode & 0o777 == 0o600
    p = profile(out)
    total = whole = 0
    for names, values, labels in p.stacks():
        if names[0] != "chain_leaf" or labels["comm"] != "chain":
            continue
        total += values[0]
        if (names[1:10] == ["chain_mid"] * 9 and names[10] == "chain_compare" and
                "main" in names and names[-1] == "_start"):
            whole += values[0]
            assert labels["stop"] == "END"
    assert total > 50, run.stderr  # of a CPU that others may use too
    # before the first tables are there a stack is its leaf alone
    assert whole >= 0.9 * total, (whole, total)


def test_depth_limit_is_marked(sonde, chain, tmp_path):
    out = tmp_path / "p.pb.gz"
    sonde("record", "-F", 499, "--max-depth", 5, "-o", out, "--", chain, 1)
    p = profile(out)
    cut = [names for names, _, _ in p.stacks() if names[0] == "chain_leaf" and len(names) > 1]
    assert cut and all(names[1:] == ["chain_mid"] * 4 + ["[truncated]"] for names in cut)
    assert any(c.startswith("truncated stacks: ") and not c.endswith(": 0") for c in p.comments)


def test_a_thousand_frames_are_whole(sonde, chain, tmp_path):
    out = tmp_path / "p.pb.gz"
    sonde("record", "-F", 199, "-o", out, "--", chain, 2, 1000)
    deep = [names for names, _, _ in profile(out).stacks() if names.count("chain_mid") == 1001]
    assert deep and all(names[-1] == "_start" for names in deep)


def wide_copies(sonde, build, out, frames):
    """(stacks, how many of them travelled): the program ends before it has been sampled much. Now and then its
    tables are there before its first sample; then again."""
    for _ in range(10):
        sonde("record", "-F", 999, "-o", out, "--", build / "tests/targets/wide", frames)
        p = profile(out)
        copied = next(int(c.split()[-1]) for c in p.comments if c.startswith("# count COPIED"))
        stacks = [(names, values[0]) for names, values, _ in p.stacks() if "wide_leaf" in names]
        if copied and stacks:
            break
    return stacks, copied


def test_first_samples_of_deep_stacks_are_whole(sonde, build, tmp_path):
    """120 KB of stack: more than any other first samples have been seen with, clang's."""
    stacks, copied = wide_copies(sonde, build, tmp_path / "p.pb.gz", 29)
    assert copied and stacks
    for names, _ in stacks:
        assert names.count("wide_frame") == 29 and names[-1] == "_start", names


def test_first_samples_of_deeper_stacks_say_so(sonde, build, tmp_path):
    stacks, copied = wide_copies(sonde, build, tmp_path / "p.pb.gz", 100)
    cut = sum(n for names, n in stacks if names[-1] == "[truncated]")
    assert 0 < cut <= copied
    for names, _ in stacks:
        frames = names.count("wide_frame")
        assert (names[-1], frames) == ("_start", 100) or (names[-1] == "[truncated]" and 29 < frames < 33), names


def test_whole_host_pid_and_threads(sonde, chain, tmp_path):
    own = tmp_path / f"chain-{os.getpid()}"  # a name that nobody else's process has
    shutil.copy(chain, own)
    target = subprocess.Popen([own, "60"])
    time.sleep(0.2)
    for args in (["-a"], ["-p", target.pid], ["-t", target.pid], ["--comm", own.name]):
        out = tmp_path / "p.pb.gz"
        run = sonde("record", *args, "-d", "1s", "-o", out)
        assert run.returncode == 0, run.stderr
        pids = {labels["pid"] for _, _, labels in profile(out).stacks()}
        assert target.pid in pids, run.stderr
        if args[0] != "-a":
            assert pids == {target.pid}
    assert (tmp_path / "p.pb.gz.old").exists()
    target.kill()
    target.wait()


def cpu_seconds(pid):
    """utime + stime as the kernel accounts them."""
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def test_cpu_time_equals_the_kernels(sonde, chain, tmp_path):
    target = subprocess.Popen([chain, "4"])
    try:
        before = cpu_seconds(target.pid)
        run = sonde("record", "-F", 499, "-d", 2, "-p", target.pid, "-o", tmp_path / "p.pb.gz")
        used = cpu_seconds(target.pid) - before
    finally:
        target.kill()
        target.wait()
    sampled = sum(v[1] for _, v, _ in profile(tmp_path / "p.pb.gz").stacks()) / 1e9
    # used also holds our start and end, when nothing is sampled
    assert 0.6 * used < sampled < 1.02 * used, (sampled, used, run.stderr)
    assert b"before" not in run.stderr and b"incomplete" not in run.stderr, run.stderr


def test_files_whose_newest_process_is_gone(sonde, chain, tmp_path):
    """Tables come from the target's own mapping where the one seen last ended before it was looked at."""
    target = subprocess.Popen([chain, "30"])
    try:
        for _ in range(8):
            others = subprocess.Popen(["/bin/sh", "-c", f"for i in $(seq 100); do {chain} 0; done"])
            sonde("record", "-F", 199, "-d", "400ms", "-p", target.pid, "-o", tmp_path / "p.pb.gz")
            others.wait()
            stacks = [(names, values[0]) for names, values, _ in profile(tmp_path / "p.pb.gz").stacks()]
            whole = sum(n for names, n in stacks if names[-1] == "_start")
            assert whole >= 0.5 * sum(n for _, n in stacks)
    finally:
        target.kill()
        target.wait()


def test_cgroup(sonde, chain, tmp_path):
    mounts = [line.split() for line in open("/proc/self/mountinfo") if " - cgroup2 " in line]
    if not mounts:
        pytest.skip("no cgroup v2 mount")
    group = pathlib.Path(mounts[0][4]) / f"sonde-test-{os.getpid()}"
    try:
        group.mkdir()
    except OSError as err:
        pytest.skip(f"cannot make a cgroup: {err}")
    inside, outside = subprocess.Popen([chain, "5"]), subprocess.Popen([chain, "5"])
    try:
        (group / "cgroup.procs").write_text(str(inside.pid))
        out = tmp_path / "p.pb.gz"
        run = sonde("record", "--cgroup", group.name, "-d", 1, "-o", out)
        assert run.returncode == 0, run.stderr
        assert {labels["pid"] for _, _, labels in profile(out).stacks()} == {inside.pid}
    finally:
        for target in (inside, outside):
            target.kill()
            target.wait()
        group.rmdir()


def test_replay_gives_the_same_bytes_twice(sonde, chain, tmp_path):
    raw, live = tmp_path / "r.raw", tmp_path / "live.pb.gz"
    assert sonde("record", "--raw", raw, "-o", live, "--", chain, 1).returncode == 7
    outs = [tmp_path / "1.pb.gz", tmp_path / "2.pb.gz"]
    for out in outs:
        run = sonde("replay", raw, "-o", out)
        assert run.returncode == 0, run.stderr
    assert outs[0].read_bytes() == outs[1].read_bytes()
    again = {tuple(names): values for names, values, _ in profile(outs[0]).stacks()}
    assert any(names[0] == "chain_leaf" and names[-1] == "_start" for names in again)


@pytest.mark.parametrize("args,code,words", [
    (["record", "-p", "4194303999"], 2, "not a list"),
    (["record", "-p", "4194301"], 1, "no process or thread 4194301"),
    (["record", "-F", "0"], 2, "from 1 to 10000"),
    (["record", "-F", "10001"], 2, "from 1 to 10000"),
    (["record", "-d", "5x"], 2, "takes a time"),
    (["record", "-e", "nonsense"], 2, "no event 'nonsense'"),
    (["record", "-e", "cycles", "-d", "1"], 1, "no counter for 'cycles'"),
    (["record", "-a", "-p", "1"], 2, "leave out"),
    (["record", "-d", "1", "-o", "/nonexistent/x"], 1, "cannot write /nonexistent/x"),
    (["record", "--cgroup", "no-such-group", "-d", "1"], 1, "cgroup"),
    (["report", "/etc/passwd"], 1, "not a profile"),
    (["report", "/nonexistent"], 1, "No such file"),
    (["replay", "/etc/passwd"], 1, "not a whole file"),
    (["replay"], 2, "which file"),
    (["nonsense"], 2, "no command 'nonsense'"),
    ([], 2, "what shall I do"),
])
def test_bad_input_is_one_clear_line(sonde, tmp_path, args, code, words):
    run = sonde(*args, cwd=tmp_path)
    if "cycles" in args and run.returncode == 0:
        pytest.skip("this machine has a cycle counter")
    assert run.returncode == code, run.stderr
    assert words in run.stderr.decode() and run.stderr.count(b"\n") == 1
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("command,code", [
    (["/nonexistent"], 127), (["/etc/passwd"], 126), (["/bin/sh", "-c", "kill -9 $$"], 137),
    (["/bin/true"], 0),
])
def test_exit_status_of_a_command(sonde, tmp_path, command, code):
    assert sonde("record", "-o", tmp_path / "p.pb.gz", "--", *command).returncode == code


def test_interrupt_writes(sonde, chain, tmp_path):
    out = tmp_path / "p.pb.gz"
    run = subprocess.Popen([str(chain.parents[2] / "collector/sonde"), "record", "-a", "-o", out],
                           stderr=subprocess.DEVNULL)
    time.sleep(1)
    run.terminate()
    assert run.wait(20) == 0
    profile(out)


def test_output_to_a_pipe_and_report(sonde, chain, tmp_path):
    run = sonde("record", "-o", "-", "--", chain, 1)
    out = tmp_path / "p.pb.gz"
    out.write_bytes(run.stdout)
    profile(out)
    for by, words in (("function", "chain_leaf"), ("module", "chain"), ("process", " chain"),
                      ("thread", "chain")):
        text = sonde("report", out, "--by", by, "-n", 3).stdout.decode()
        assert words in text.splitlines()[-3:][0] + text, text


def test_a_device_is_written_to_and_not_replaced(sonde, tmp_path):
    null, fifo, out = tmp_path / "null", tmp_path / "fifo", tmp_path / "p.pb.gz"
    os.mknod(null, 0o600 | stat.S_IFCHR, os.makedev(1, 3))
    assert sonde("record", "-d", "100ms", "-o", null).returncode == 0
    os.mkfifo(fifo)
    reader = subprocess.Popen(["/bin/cat", fifo], stdout=out.open("wb"))
    assert sonde("record", "-d", "100ms", "-o", fifo).returncode == 0
    assert reader.wait(10) == 0
    profile(out)
    assert stat.S_ISCHR(null.stat().st_mode) and stat.S_ISFIFO(fifo.stat().st_mode)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["fifo", "null", "p.pb.gz"]


def test_accounting(sonde, tmp_path):
    out = tmp_path / "p.pb.gz"
    sonde("record", "-a", "-d", 1, "-F", 499, "-o", out)
    counts = dict(c[len("# count "):].split(": ") for c in profile(out).comments
                  if c.startswith("# count "))
    n = {key: int(value) for key, value in counts.items()}
    assert n["ENTRIES"] == sum(n[k] for k in ("KEPT", "IDLE", "NOT_TARGET", "RING_FULL",
                                              "NO_SCRATCH", "BUSY", "DISARMED"))
    assert n["KEPT"] == sum(v[0] for _, v, _ in Profile(out).stacks())


def test_vfork_has_its_callers(sonde, build, tmp_path):
    """Its return address is in a register until the system call is over."""
    out = tmp_path / "p.pb.gz"
    sonde("record", "-F", 999, "--labels", "stop", "-o", out, "--", build / "tests/targets/vforks")
    total = whole = 0
    for names, values, labels in profile(out).stacks():
        at = next((i for i, name in enumerate(names) if name in ("vfork", "__vfork", "__libc_vfork")), None)
        if at is not None and labels["stop"] != "PENDING":
            total += values[0]
            whole += values[0] if names[at + 1:at + 3] == ["start_and_wait", "main"] else 0
    assert total > 10 and whole >= 0.98 * total, (whole, total)


def test_a_coroutine_begins_where_its_context_does(sonde, build, tmp_path):
    """Its first function returns to the start of another that never called it: there is nothing above."""
    out = tmp_path / "p.pb.gz"
    sonde("record", "-F", 499, "--labels", "stop", "-o", out, "--", build / "tests/targets/coroutine")
    total = whole = 0
    for names, values, labels in profile(out).stacks():
        if names[0] == "coroutine_leaf" and len(names) > 1:
            total += values[0]
            whole += values[0] if names[1] == "coroutine_root" and len(names) == 3 and labels["stop"] == "END" else 0
    assert total > 10 and whole == total, (whole, total)
