# SPDX-License-Identifier: Apache-2.0
"""sonde dump against what others say of the same threads: the interpreter itself (a judge in the target, at
the instruction where it was stopped), the target's own repr(), gdb."""
import contextlib
import ctypes
import json
import os
import pathlib
import re
import signal
import subprocess
import tempfile
import threading
import time

import pytest

import dumps
import python_stacks
import pythons

pytestmark = pytest.mark.alone

libc = ctypes.CDLL(None, use_errno=True)
SYS_TGKILL = 234
SPINNERS = ("runs", "contends")


class Target:
    def __init__(self, process, said, answers):
        self.process, self.answers = process, answers
        self.pid, self.tids, self.truth = process.pid, said["tids"], said["truth"]

    def threads(self):
        return sorted(int(name) for name in os.listdir(f"/proc/{self.pid}/task"))


@contextlib.contextmanager
def dumped(build, python):
    with tempfile.NamedTemporaryFile() as file:
        fd = os.open(file.name, os.O_WRONLY | os.O_APPEND)
        judge = pythons.extension(build, python, "judge")
        process = python.start(build, "dumped.py", fd, judge, pass_fds=[fd], stdout=subprocess.PIPE, text=True)
        late = threading.Timer(120, process.kill)  # one of its threads may starve
        late.start()
        try:
            said = process.stdout.readline()
            late.cancel()
            yield Target(process, json.loads(said), file)
        finally:
            late.cancel()
            os.close(fd)
            process.kill()
            process.wait()
            process.stdout.close()


def stopped(pid):
    """SIGSTOP, and all threads stand."""
    os.kill(pid, signal.SIGSTOP)
    for _ in range(2000):
        states = [pathlib.Path(f"/proc/{pid}/task/{tid}/stat").read_text().rsplit(")", 1)[1].split()[0]
                  for tid in os.listdir(f"/proc/{pid}/task")]
        if set(states) == {"T"}:
            return
        time.sleep(0.005)
    raise AssertionError(states)


def judge_all(target):
    """Each thread's own answer at the instruction where it stands stopped: {tid: (frames, holds the GIL)}."""
    target.answers.seek(0, os.SEEK_END)
    tids = target.threads()
    for tid in tids:
        assert not libc.syscall(SYS_TGKILL, target.pid, tid, signal.SIGUSR1)
    os.kill(target.pid, signal.SIGCONT)
    text, until = b"", time.monotonic() + 20
    while len(re.findall(rb"^end .*\n", text, re.M)) < len(tids) and time.monotonic() < until:
        text += target.answers.read()
        time.sleep(0.002)
    answers = {}
    for answer in re.findall(r"((?:[^e\n].*\n)*end (\d+) (\w+) (\w+))\n", text.decode()):
        frames = python_stacks.read_extension(answer[0])[0] if answer[2] == "ok" else []
        answers[int(answer[1])] = ([f for f in frames if not python_stacks.is_hidden(f)], answer[3] == "holds")
    assert sorted(answers) == tids
    return answers


def run_dump(sonde, *args):
    done = sonde("dump", *args)
    assert done.returncode == 0, done.stderr.decode()
    return dumps.read(done.stdout.decode())


def python_frames(thread):
    return [(frame.name, frame.file, frame.line) for frame in thread.python()]


def assert_same(thread, theirs):
    ours = python_frames(thread)
    assert len(ours) == len(theirs), (ours, theirs)
    for mine, other in zip(ours, theirs):
        assert mine[:2] == other[:2] and other[2] in (-1, mine[2]), (mine, other)


@pytest.mark.parametrize("python", pythons.ONE_OF_EACH, indirect=True)
def test_a_stopped_python(build, sonde, python):
    """Functions, files and lines of every thread, and the GIL, against the judge in each thread."""
    with dumped(build, python) as target:
        waited, passing_on = 0, 0
        for _ in range(4):
            time.sleep(0.05)
            stopped(target.pid)
            heads, threads = run_dump(sonde, target.pid)
            answers = judge_all(target)
            assert heads[target.pid][1].startswith(f"Python {python.version[0]}.{python.version[1]}.")
            assert sorted(threads) == sorted(answers)
            assert all(threads[tid].name == name for name, tid in target.tids.items())
            for tid, (frames, holds) in answers.items():
                assert_same(threads[tid], frames)
                if ("holds the GIL" in threads[tid].state) != holds:
                    # taken, and not yet entered by its thread state: of two words both are true
                    native = next(frame.name for frame in threads[tid].frames if not frame.kernel)
                    takes = TAKES_THE_GIL & {frame.name for frame in threads[tid].frames}
                    assert not holds and (takes or re.search("libc|futex|mutex|cond", native)), threads[tid]
                    passing_on += 1
            waiting = {tid for tid, thread in threads.items() if "waits for the GIL" in thread.state}
            assert not any(answers[tid][1] for tid in waiting)
            waited += len(waiting)
        assert waited and passing_on <= 1


@pytest.mark.parametrize("python", pythons.ONE_OF_EACH, indirect=True)
def test_a_running_python(build, sonde, python):
    """Nothing is stopped: threads that sleep equal the judge; those that run are where they can be."""
    with dumped(build, python) as target:
        _, threads = run_dump(sonde, target.pid)
        stopped(target.pid)
        answers = judge_all(target)
        for name in ("sleeps", "waits_for_a_lock"):
            assert_same(threads[target.tids[name]], answers[target.tids[name]][0])
            assert threads[target.tids[name]].state.startswith("sleeping in "), threads[target.tids[name]]
        for name in (*SPINNERS, "in_c"):
            ours, theirs = threads[target.tids[name]], answers[target.tids[name]][0]
            where = [frame[:2] for frame in theirs]
            assert [frame[:2] for frame in python_frames(ours)] == where, ours
            assert python_frames(ours)[1:] == theirs[1:]
        assert all(not thread.notes for thread in threads.values())
        sleeper = threads[target.tids["sleeps"]]
        names = [frame.name for frame in sleeper.frames]
        assert any("nanosleep" in name or "select" in name for name in names) and "sorted" in " ".join(names)


@pytest.mark.parametrize("python", pythons.ONE_OF_EACH, indirect=True)
def test_stop(build, sonde, python):
    """All of one moment: one thread at most has the GIL, and the target goes on."""
    with dumped(build, python) as target:
        for _ in range(3):
            _, threads = run_dump(sonde, target.pid, "--stop")
            assert sorted(threads) == target.threads()
            assert sum("holds the GIL" in thread.state for thread in threads.values()) <= 1
            for name in (*SPINNERS, "in_c"):
                assert threads[target.tids[name]].python()[0].name in ("spin", "in_c")
        time.sleep(0.1)
        states = {name: pathlib.Path(f"/proc/{target.pid}/task/{tid}/stat").read_text().rsplit(")", 1)[1].split()[0]
                  for name, tid in target.tids.items()}
        assert set(states.values()) <= {"R", "S", "D"}, states
        status = pathlib.Path(f"/proc/{target.pid}/status").read_text()
        assert "TracerPid:\t0" in status


def shown(name, text, value_id, kind):
    """What must stand there, by the target's own repr()."""
    special = {
        "long_text": "'" + "x" * 80 + "'... 1000 characters",
        "many": "[0, 1, 2, 3, 4, ... 100 items]",
        "deep": "[[[[... 1 item]]]]",
        "itself": "[[[[... 1 item]]]]",
        "holes": "{1: None, 3: None, 4: None, 5: None, 6: None, ... 18 items}",
    }
    return special.get(name) or (f"<{kind} at 0x{value_id:x}>" if text.startswith("<") or kind == "set" else text)


@pytest.mark.parametrize("python", pythons.ONE_OF_EACH, indirect=True)
@pytest.mark.parametrize("stop", [[], ["--stop"]])
def test_locals(build, sonde, python, stop):
    with dumped(build, python) as target:
        _, threads = run_dump(sonde, target.pid, "--locals", *stop)
        frame = next(f for f in threads[target.tids["sleeps"]].frames if f.name == "values")
        expected = {name: shown(name, *value) for name, value in target.truth.items()}
        expected["inner"] = f"<function at 0x{target.truth['inner'][1]:x}>"
        assert frame.locals == expected
        spinning = next(f for f in threads[target.tids["runs"]].frames if f.name == "spin")
        if stop:
            assert int(spinning.locals["counter"].rstrip("L")) > 1000


@contextlib.contextmanager
def started(*command):
    """A program that says when it is ready."""
    process = subprocess.Popen([str(word) for word in command], stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout.readline() == "ready\n"
        yield process.pid
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def all_wait(pid):
    """Each thread of waiters, but the one that spins, sleeps where it will stay."""
    for _ in range(2000):
        wchans = [pathlib.Path(f"/proc/{pid}/task/{tid}/wchan").read_text() for tid in os.listdir(f"/proc/{pid}/task")]
        if wchans.count("0") == 1:
            return
        time.sleep(0.005)
    raise AssertionError(wchans)


def gdb_threads(pid):
    """{thread id: [(function, file name, line)]} of a process that stands, where there is debug information."""
    text = subprocess.run(["/usr/bin/gdb", "-p", str(pid), "-batch", "-iex", "set debuginfod enabled off",
                           "-ex", "thread apply all bt"], capture_output=True, text=True, check=True).stdout
    threads = {}
    for row in text.splitlines():
        if found := re.match(r"Thread \d+ .*\(LWP (\d+)\)", row):
            frames = threads.setdefault(int(found[1]), [])
        elif found := re.match(r"#\d+ +(?:0x\w+ in )?(\w+) \(.*\) at .*?([^/]+):(\d+)$", row):
            frames.append((found[1], found[2], int(found[3])))
    return threads


TAKES_THE_GIL = {"take_gil", "drop_gil"}  # the latter waits until another has it


@pytest.mark.parametrize("python", [f"{version}-shared" for version in ("3.8", "3.11", "3.13")], indirect=True)
def test_who_waits_for_the_gil(build, sonde, python):
    """Against gdb, which knows the functions by their debug information."""
    with dumped(build, python) as target:
        waited, slept = set(), set()
        for _ in range(3):
            time.sleep(0.1)
            stopped(target.pid)
            _, threads = run_dump(sonde, target.pid)
            ours = {tid for tid, thread in threads.items() if "waits for the GIL" in thread.state}
            theirs = {tid: [frame[0] for frame in frames] for tid, frames in gdb_threads(target.pid).items()}
            taking = {tid for tid, names in theirs.items() if TAKES_THE_GIL & set(names)}
            # and not for the lock that guards it
            asleep = {tid for tid in taking if any(re.search(r"cond_\w*wait|sem_\w*wait", name) for name in theirs[tid])}
            assert asleep <= ours <= taking
            waited |= ours
            slept |= asleep
            os.kill(target.pid, signal.SIGCONT)
        assert waited and slept


def in_source(frames, name):
    return [frame for frame in frames if frame[1] == name]


def native_frames(thread):
    return [(frame.name, os.path.basename(frame.file), frame.line) for frame in thread.frames]


def frames_below_spin(frames):
    return frames[[frame[0] for frame in frames].index("spin") + 1:]


def test_a_native_program(build, sonde):
    """Functions, inlined ones too, and lines, against gdb's of the same threads standing still."""
    with started(build / "tests/targets/waiters") as pid:
        all_wait(pid)
        stopped(pid)
        _, threads = run_dump(sonde, pid)
        theirs = gdb_threads(pid)
        assert sorted(theirs) == sorted(threads) and len(theirs) == 7
        for tid, frames in theirs.items():
            expected = in_source(frames, "waiters.c")
            assert in_source(native_frames(threads[tid]), "waiters.c") == expected and len(expected) >= 5
            assert threads[tid].state.startswith("stopped by a signal")
        os.kill(pid, signal.SIGCONT)
        _, running = run_dump(sonde, pid)
        _, frozen = run_dump(sonde, pid, "--stop")
        for tid, frames in theirs.items():
            for now in (running[tid], frozen[tid]):
                ours, expected = (in_source(kind, "waiters.c") for kind in (native_frames(now), frames))
                if "spin" in (expected[0][0], expected[1][0]):  # it is elsewhere in its loop by now
                    ours, expected = (frames_below_spin(kind) for kind in (ours, expected))
                assert ours == expected and not now.notes


WCHANS = {"wait_for_condition": "futex", "sleep_long": "nanosleep", "read_nothing": "read", "poll_nothing": "poll",
          "take_semaphore": "futex"}


def test_where_threads_sleep(build, sonde):
    """The kernel's own word for it is in /proc/PID/task/TID/wchan."""
    with started(build / "tests/targets/waiters") as pid:
        all_wait(pid)
        _, threads = run_dump(sonde, pid)
        seen = set()
        for tid, thread in threads.items():
            wchan = pathlib.Path(f"/proc/{pid}/task/{tid}/wchan").read_text()
            source = in_source(native_frames(thread), "waiters.c")[0][0]
            if source in WCHANS:
                assert thread.state == f"sleeping in {wchan}" and WCHANS[source] in wchan
                assert thread.frames[0].kernel and any("sys_" in f.name for f in thread.frames if f.kernel)
                seen.add(source)
        assert seen == set(WCHANS)
        _, bare = run_dump(sonde, pid, "--no-kernel")
        assert not any(frame.kernel for thread in bare.values() for frame in thread.frames)


@pytest.mark.parametrize("stop", [[], ["--stop"]])
def test_threads_that_come_and_go(build, sonde, stop):
    with started(build / "tests/targets/crowd") as pid:
        for _ in range(3):
            heads, threads = run_dump(sonde, pid, *stop)
            assert threads[pid].frames and len(threads) <= 10
            for thread in threads.values():
                assert thread.frames or thread.notes, thread
        assert pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] in "RSD"


def test_every_python(build, sonde):
    python = pythons.find(build, "3.11-debian")
    waiters = started(build / "tests/targets/waiters")
    with dumped(build, python) as one, dumped(build, python) as other, waiters as pid:
        heads, threads = run_dump(sonde, "-a")
        assert one.pid in heads and other.pid in heads and pid not in heads
        assert set(one.threads()) | set(other.threads()) <= set(threads)
        for target in (one, other):
            assert "dumped.py" in heads[target.pid][0] and heads[target.pid][1].startswith("Python 3.11.")
            assert any(frame.name == "values" for frame in threads[target.tids["sleeps"]].frames)


def test_two_processes_at_once(build, sonde):
    with started(build / "tests/targets/waiters") as one, started(build / "tests/targets/waiters") as other:
        heads, threads = run_dump(sonde, f"{one},{other}")
        assert sorted(heads) == sorted([one, other]) and len(threads) == 14


def test_a_thread_is_no_process(build, sonde):
    with started(build / "tests/targets/waiters") as pid:
        tid = max(map(int, os.listdir(f"/proc/{pid}/task")))
        done = sonde("dump", tid)
        assert done.returncode == 1 and f"sonde dump {pid}" in done.stderr.decode()
        heads, threads = run_dump(sonde, pid, pid)
        assert list(heads) == [pid] and len(threads) == 7


def test_internals(build, sonde):
    python = pythons.find(build, "3.11-debian")
    with dumped(build, python) as target:
        _, plain = run_dump(sonde, target.pid)
        _, whole = run_dump(sonde, target.pid, "--python-internals")
        _, native = run_dump(sonde, target.pid, "--no-python")
        names = [[f.name for f in kind[target.tids["sleeps"]].frames] for kind in (plain, whole, native)]
        assert "_PyEval_EvalFrameDefault" not in names[0] and "values" in names[0]
        assert "_PyEval_EvalFrameDefault" in names[1] and "values" in names[1]
        assert "_PyEval_EvalFrameDefault" in names[2] and "values" not in names[2]


@pytest.mark.parametrize("args,status,word", [
    ([], 2, "which process?"),
    (["0"], 2, "not a list"),
    (["-a", "1"], 2, "leave out the process"),
    (["999999999"], 1, "no process or thread 999999999"),
    (["--locals=x", "1"], 2, "takes no value"),
])
def test_what_cannot_be(sonde, args, status, word):
    done = sonde("dump", *args)
    assert done.returncode == status and not done.stdout
    assert word in done.stderr.decode() and len(done.stderr.decode().splitlines()) == 1


def test_without_rights(build, root):
    done = subprocess.run(["/usr/bin/setpriv", "--reuid=65534", "--clear-groups", "--bounding-set=-all",
                           "--inh-caps=-all", build / "collector/sonde", "dump", str(os.getpid())],
                          capture_output=True, text=True)
    assert done.returncode == 1 and "CAP_BPF" in done.stderr and len(done.stderr.splitlines()) == 1


def test_a_traced_process_is_not_held(build, sonde):
    """A debugger has it: a line says so, and the stacks are there all the same."""
    with started(build / "tests/targets/waiters") as pid:
        gdb = subprocess.Popen(["/usr/bin/gdb", "-q", "-p", str(pid), "-iex", "set debuginfod enabled off"],
                               stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            while "TracerPid:\t0" in pathlib.Path(f"/proc/{pid}/status").read_text():
                time.sleep(0.01)
            time.sleep(0.5)
            done = sonde("dump", pid, "--stop")
            assert done.returncode == 0 and b"was not stopped: it is being traced" in done.stderr
            _, threads = dumps.read(done.stdout.decode())
            assert len(threads) == 7
            assert all(thread.state.startswith("stopped by a debugger") for thread in threads.values())
        finally:
            gdb.kill()
            gdb.wait()
