# SPDX-License-Identifier: Apache-2.0
"""How a recording ends: signals, terminals, commands that end as they like; and what it says then."""
import fcntl
import os
import pathlib
import pty
import re
import select
import signal
import subprocess
import sys
import termios
import time

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "oracles"))
from pprof_wire import Profile, violations  # noqa: E402


def profile(path):
    p = Profile(path)
    assert violations(p) == []
    return p


def wait_until_caught(process):
    """Until it has its handlers for signals: SIGTERM's bit in the kernel's words of it."""
    for _ in range(1000):
        status = pathlib.Path(f"/proc/{process.pid}/status").read_text()
        if int(re.search(r"SigCgt:\s+(\w+)", status)[1], 16) >> (signal.SIGTERM - 1) & 1:
            return
        time.sleep(0.01)
    raise RuntimeError("no handlers")


@pytest.fixture
def start(build, root, tmp_path):
    """Starts sonde with its output in p.pb.gz; it is ended with the test."""
    running = []

    def run(*args, **more):
        running.append(subprocess.Popen([build / "collector/sonde", "record", "-F", "499", "-o",
                                         tmp_path / "p.pb.gz", *map(str, args)],
                                        stderr=subprocess.PIPE, **more))
        wait_until_caught(running[-1])
        return running[-1]
    yield run
    for process in running:
        process.kill()
        process.wait()


@pytest.fixture
def terminal():
    """(master, slave) of a terminal."""
    fds = pty.openpty()
    yield fds
    for fd in fds:
        os.close(fd)


def read_all(fd, seconds):
    """What comes from a terminal within that time."""
    out, until = b"", time.monotonic() + seconds
    while select.select([fd], [], [], max(0, until - time.monotonic()))[0]:
        out += os.read(fd, 65536)
    return out


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP", "SIGPIPE"])
def test_a_signal_stops_and_writes(start, chain, tmp_path, name):
    target = subprocess.Popen([chain, "30"])
    run = start("-p", target.pid)
    time.sleep(1.5)
    run.send_signal(getattr(signal, name))
    try:
        assert run.wait(20) == 0
    finally:
        target.kill()
        target.wait()
    assert sum(values[0] for _, values, _ in profile(tmp_path / "p.pb.gz").stacks()) > 5
    assert re.search(rb"wrote .*p\.pb\.gz: \d+ samples", run.stderr.read())


def test_nohup(start, tmp_path):
    run = start("-a", "-d", 2, preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN))
    time.sleep(1)
    run.send_signal(signal.SIGHUP)
    assert run.wait(20) == 0
    assert profile(tmp_path / "p.pb.gz") and float(
        re.search(rb"samples in ([\d.]+) s", run.stderr.read())[1]) > 1.8


def test_the_same_signal_twice_at_once_is_one(start, tmp_path):
    """So timeout(1) does it: to the process, then to its group."""
    run = start("-a")
    time.sleep(1)
    run.send_signal(signal.SIGTERM)
    time.sleep(0.02)
    run.send_signal(signal.SIGTERM)
    assert run.wait(20) == 0
    profile(tmp_path / "p.pb.gz")


def test_a_second_signal_gives_up_writing(start, tmp_path):
    os.mkfifo(tmp_path / "fifo")  # nobody reads it: writing waits
    run = start("-a", "-o", tmp_path / "fifo")
    time.sleep(1)
    run.send_signal(signal.SIGINT)
    time.sleep(1)
    assert run.poll() is None
    run.send_signal(signal.SIGINT)
    assert run.wait(5) == 130
    assert [p.name for p in tmp_path.iterdir()] == ["fifo"]


def give_up_after(run, seconds):
    """Two signals, the second while the first is being obeyed: the process stands still between them."""
    run.send_signal(signal.SIGINT)
    time.sleep(seconds)
    run.send_signal(signal.SIGSTOP)
    time.sleep(0.3)
    run.send_signal(signal.SIGINT)
    run.send_signal(signal.SIGCONT)
    return run.wait(5)


def test_giving_up_leaves_no_unfinished_file(start, sonde, tmp_path):
    """The raw file is written beside its name until the end; under its name stands only a whole one. Who is done
    before he stands still (status 0) had nothing to give up: again."""
    for seconds in [0.005, 0.002, 0.01, 0.001, 0.02] * 2:
        run = start("-a", "--raw", tmp_path / "r.raw")
        time.sleep(1)
        assert list(tmp_path.glob("r.raw.*.tmp"))
        status = give_up_after(run, seconds)
        if status:
            break
        for path in tmp_path.iterdir():
            path.unlink()
    assert status == 130
    left = list(tmp_path.iterdir())
    assert left in ([], [tmp_path / "r.raw"])
    if left:
        assert sonde("replay", left[0], "-o", tmp_path / "r.pb.gz").returncode == 0


# commands

POLITE = ("import signal, sys, time\n"
          "def end(sig, frame):\n"
          "    time.sleep(0.7)\n"
          "    print('ended', flush=True)\n"
          "    sys.exit(42)\n"
          "signal.signal(signal.SIGINT, end)\n"
          "signal.alarm(60)  # whatever becomes of sonde\n"
          "print('ready', flush=True)\n"
          "while True: pass\n")


def test_interrupt_on_a_terminal_reaches_both(build, root, terminal, tmp_path):
    """The command ends in its own time; its status is ours, and the profile is there."""
    master, slave = terminal
    out = tmp_path / "p.pb.gz"
    run = subprocess.Popen([build / "collector/sonde", "record", "-F", "499", "-o", out, "--",
                            "/usr/bin/python3", "-c", POLITE], stdin=slave, stdout=slave, stderr=slave,
                           preexec_fn=lambda: (os.setsid(), fcntl.ioctl(0, termios.TIOCSCTTY, 0)))
    text = read_all(master, 2)
    assert b"ready" in text
    os.write(master, b"\x03")
    assert run.wait(20) == 42
    text += read_all(master, 0.5)
    assert b"ended" in text and b"wrote " in text, text
    assert sum(values[0] for _, values, _ in profile(out).stacks()) > 5


def test_a_signal_by_kill_is_passed_on(start, tmp_path):
    run = start("--", "/usr/bin/python3", "-c", POLITE, stdout=subprocess.PIPE)
    assert run.stdout.readline() == b"ready\n"
    time.sleep(0.5)
    run.send_signal(signal.SIGINT)
    assert run.wait(20) == 42 and run.stdout.read() == b"ended\n"
    profile(tmp_path / "p.pb.gz")


def test_a_command_that_dies_of_it(start, chain, tmp_path):
    run = start("--", chain, 30)
    time.sleep(1)
    run.send_signal(signal.SIGTERM)
    assert run.wait(20) == 128 + signal.SIGTERM
    profile(tmp_path / "p.pb.gz")


def test_a_command_whose_time_is_over(start, chain, tmp_path):
    run = start("-d", "700ms", "--", chain, 30)
    assert run.wait(20) == 128 + signal.SIGTERM
    assert any(names[0] == "chain_leaf" for names, _, _ in profile(tmp_path / "p.pb.gz").stacks())


@pytest.mark.parametrize("command,code", [("no-such-program", 127), ("/etc/passwd", 126), ("/", 126)])
def test_a_command_that_cannot_run_costs_nothing(sonde, tmp_path, command, code):
    """A slip of the finger neither moves the last profile away nor writes an empty one."""
    out = tmp_path / "p.pb.gz"
    out.write_bytes(b"older")
    run = sonde("record", "-o", out, "--raw", tmp_path / "r.raw", "--", command)
    assert run.returncode == code and run.stderr.count(b"\n") == 1, run.stderr
    assert f"cannot run {command}: " in run.stderr.decode()
    assert [p.name for p in tmp_path.iterdir()] == ["p.pb.gz"] and out.read_bytes() == b"older"


def test_a_command_does_not_start_when_we_cannot(sonde, tmp_path):
    run = sonde("record", "--cgroup", "no/such", "-o", tmp_path / "p.pb.gz", "--", "/bin/touch",
                tmp_path / "started")
    assert run.returncode == 1 and run.stderr.count(b"\n") == 1, run.stderr
    assert not list(tmp_path.iterdir())


def test_a_command_is_run_as_it_would_be(sonde, tmp_path):
    """Its descriptors, signals and standard input are not ours."""
    script = ("import os, signal, sys\n"
              "fds = sorted(int(n) for n in os.listdir('/proc/self/fd'))\n"
              "print(fds[:3], len(fds), sys.stdin.read())\n"
              "print([s.name for s in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGXFSZ)\n"
              "       if signal.getsignal(s) == signal.SIG_IGN])\n")
    run = sonde("record", "-o", tmp_path / "p.pb.gz", "--", "/usr/bin/python3", "-c", script, input=b"in")
    bare = subprocess.run(["/usr/bin/python3", "-c", script], input=b"in", capture_output=True)
    assert run.stdout == bare.stdout and run.returncode == 0, run.stderr


# words

def test_one_progress_line_on_a_terminal(build, root, terminal, chain, tmp_path):
    master, slave = terminal
    run = subprocess.Popen([build / "collector/sonde", "record", "-F", "499", "-o", tmp_path / "p.pb.gz",
                            "--", chain, "3"], stderr=slave)
    text = read_all(master, 1)
    while run.poll() is None:
        text += read_all(master, 0.2)
    text = (text + read_all(master, 0.5)).decode()
    shown = re.findall(r"\rsonde: (\d+) s, (\d+) samples, (\d+) lost, (\d+) processes", text)
    assert len(shown) >= 2, text
    assert [int(row[1]) for row in shown] == sorted(int(row[1]) for row in shown)
    assert int(shown[-1][1]) > 10
    last = max(text.rfind("processes"), 0)
    assert "\n" not in text[:last] and "self%" in text[last:], "one line, then the summary"


def seconds(text):
    """As pprof writes times: 1.02s, 20.20ms, 0."""
    number, unit = re.fullmatch(r"([\d.]+)(s|ms|us|mins)?", text).groups()
    return float(number) * {"mins": 60, "ms": 1e-3, "us": 1e-6}.get(unit, 1)


def test_what_is_said_at_the_end(sonde, chain, tmp_path):
    out = tmp_path / "p.pb.gz"
    run = sonde("record", "-F", 499, "-o", out, "-a", "-v", "--", chain, 1)
    text = run.stderr.decode()
    assert "\r" not in text, "no progress but on a terminal"
    rows = re.findall(r"^ +(\S+) +[\d.]+% +[\d.]+% +\S+ +[\d.]+%  (.*)$", text, re.M)
    assert len(rows) == 10 and "chain_leaf" in {name for _, name in rows}
    own = [seconds(value) for value, _ in rows]
    assert own == sorted(own, reverse=True) and own[0] > 0.1
    assert re.search(r"^lost: 0 samples, 0 process events$", text, re.M)
    assert re.search(r"^(in)?complete: \d+ stacks: ", text, re.M)
    assert re.search(r"^cost: [\d.]+ s CPU, [\d.]+ s in the kernel's sampling programs, \d+ MB peak RSS, "
                     r"\d+ MB maps and rings$", text, re.M)
    total = sum(values[0] for _, values, _ in profile(out).stacks())
    assert re.search(rf"^wrote {out}: {total} samples in \d+\.\d s$", text, re.M)
    assert text.splitlines()[-1] == f"next: go tool pprof -http=: {out}"


def test_two_at_once(start, build, chain, tmp_path):
    """Each has its own maps, rings and filter."""
    first, second = subprocess.Popen([chain, "30"]), subprocess.Popen([chain, "30"])
    other = tmp_path / "other.pb.gz"
    try:
        run = start("-p", first.pid, "-d", 2)
        also = subprocess.run([build / "collector/sonde", "record", "-F", "199", "-p", str(second.pid), "-d",
                               "2", "-o", other], capture_output=True, timeout=60)
        assert run.wait(20) == 0 and also.returncode == 0
    finally:
        for target in (first, second):
            target.kill()
            target.wait()
    for path, pid in ((tmp_path / "p.pb.gz", first.pid), (other, second.pid)):
        rows = list(profile(path).stacks())
        total = sum(values[0] for _, values, _ in rows)
        whole = sum(values[0] for names, values, _ in rows if names[0] == "chain_leaf" and
                    names.count("chain_mid") == 9 and names[-1] == "_start")
        assert {labels["pid"] for _, _, labels in rows} == {pid}
        assert total > 5 and whole > 0.8 * total, (whole, total)
