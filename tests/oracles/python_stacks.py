# SPDX-License-Identifier: Apache-2.0
"""Judges the Python frames that the BPF program sent by the interpreter itself, at the very instruction
that was sampled: the sampler stops the process (tests/tools/sample_and_stop.c), a signal to the sampled
thread makes faulthandler, or the judge of tests/targets/python/judge.c, write that thread's stack."""
import collections
import ctypes
import os
import pathlib
import re
import signal
import subprocess
import tempfile
import threading
import time

import pythons
import stacks

libc = ctypes.CDLL(None, use_errno=True)
SYS_TGKILL = 234
GIL = ["unknown", "none", "holds", "waits"]  # enum python_gil
CHARACTERS = {"1": "latin-1", "2": "utf-16-le", "4": "utf-32-le"}


class Unjudged(Exception):
    """Why the judge has no answer for this sample."""


class Judged:
    """What came of one interpreter: counts, and the differences with all that is needed to look at them."""

    def __init__(self):
        self.same = 0
        self.cut = 0  # equal as far as the judge goes
        self.leafless = 0  # equal but for the newest eval loop's frames, which the sample says it lacks
        self.frames = 0
        self.lineless = 0  # frames where the table has no line
        self.excluded = {}
        self.different = []
        self.gil = collections.Counter()  # (what BPF said, what the interpreter says)

    def judged(self):
        return self.same + self.cut + self.leafless + len(self.different) + sum(self.excluded.values())

    def exclude(self, why):
        self.excluded[why] = self.excluded.get(why, 0) + 1

    def summary(self):
        return (f"{self.same} equal ({self.frames} frames, {self.lineless} without line), {self.cut} equal as far as "
                f"the judge goes, {self.leafless} said to lack the newest frames, {len(self.different)} different, excluded: {self.excluded}; GIL {self.gil_summary()}")

    def gil_wrong(self):
        """Samples whose thread has the GIL and was not said to, or the other way round. A thread that takes or leaves
        it does so in several steps."""
        return sum(n for (ours, theirs), n in self.gil.items() if (ours == "holds") != (theirs == "holds"))

    def gil_summary(self):
        return ", ".join(f"{ours}/{theirs} {n}" for (ours, theirs), n in sorted(self.gil.items())) or "not asked"


class Sampler:
    """sample_and_stop: for each sample a line of hex words, a line "python NAME\\tFILE\\tLINE" for each Python
    frame, youngest first, and "end", with what is said of the GIL and whether the newest frames are said to lack."""

    def __init__(self, tool, pid):
        self.process = subprocess.Popen([tool, str(pid)], stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def sample(self):
        """(words of the native line, Python frames)"""
        watchdog = threading.Timer(60, self.process.kill)
        watchdog.start()
        native, frames = self.process.stdout.readline().decode().split(), []
        while native:
            line = self.process.stdout.readline().decode().rstrip("\n")
            if line.startswith("end "):
                gil, leafless = line.split()[1:]
                self.gil, self.leafless = GIL[int(gil)], leafless == "1"
                break
            if not line.startswith("python "):
                raise EOFError(f"the sampler said {line!r}")
            frames.append(tuple(line[len("python "):].split("\t")))
        watchdog.cancel()
        if not native:
            raise EOFError("no sample came")
        return native, frames

    def go_on(self):
        self.process.stdin.write(b"c\n")
        self.process.stdin.flush()

    def end(self):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()
        self.process.stdin.close()


def handled(pid, tid):
    """Whether the thread has run the handler of SIGUSR1; one that was stopped again goes on."""
    status = pathlib.Path(f"/proc/{pid}/task/{tid}/status").read_text()
    fields = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
    if fields["State"][0] in "ZX":
        raise Unjudged("the judge crashed")
    if fields["State"][0] == "T":
        os.kill(pid, signal.SIGCONT)
        return False
    return not (int(fields["SigPnd"], 16) | int(fields["SigBlk"], 16)) >> (signal.SIGUSR1 - 1) & 1


def settled(answers):
    """All of an answer: the handler may begin, and faulthandler's write on, after the signal has gone."""
    text, quiet = b"", 0
    while quiet < (3 if text else 200):
        more = answers.read()
        text, quiet = text + more, 0 if more else quiet + 1
        time.sleep(0.002)
    return text


def ask(pid, tid, answers):
    """What the judge in the stopped thread writes; the thread runs again after that."""
    answers.seek(0, os.SEEK_END)
    if libc.syscall(SYS_TGKILL, pid, tid, signal.SIGUSR1):
        raise Unjudged("no such thread")
    os.kill(pid, signal.SIGCONT)
    until = time.monotonic() + 10
    try:
        while not handled(pid, tid):
            if time.monotonic() > until:
                raise Unjudged("no answer")
            time.sleep(0.0005)
    except (FileNotFoundError, ProcessLookupError):
        raise Unjudged("the judge crashed") from None
    return settled(answers).decode("ascii", "replace")


def string(word):
    kind, digits = word.split(":")
    return bytes.fromhex(digits).decode(CHARACTERS[kind], "surrogatepass")


def read_extension(text):
    """(frames, whether they are all) of judge.c's answer."""
    *rows, end = text.splitlines()
    if end.split()[2] == "torn":
        raise Unjudged("the interpreter's own chain is torn")
    frames = []
    for row in rows:
        name, path, line = row.split()
        frames.append((string(name), string(path), int(line)))
    return frames, True


def read_faulthandler(text):
    frames, whole = [], True
    for row in text.splitlines():
        found = re.match(r'  File "(.*)", line (\d+|\?\?\?) in (.*)$', row)
        if found:
            frames.append((found[3], found[1], -1 if found[2] == "???" else int(found[2])))
        elif row.strip() in ("...", "<invalid frame>", "<truncated rest of calls>"):
            whole = False
        elif row and not row.startswith(("Stack (most", "Current thread", "Thread 0x")):
            raise ValueError(f"faulthandler says {row!r}")
    return frames, whole and len(frames) < 100  # newer ones end there without a word


def in_ascii(text):
    """As faulthandler writes it."""
    return "".join(c if " " <= c <= "~" else f"\\x{ord(c):02x}" if ord(c) < 256 else f"\\u{ord(c):04x}"
                   if ord(c) < 65536 else f"\\U{ord(c):08x}" for c in text)


ROOTS = ("<module>", "_bootstrap", "__bootstrap")  # of the targets' stacks; a chain with another end is being linked
# 3.12's faulthandler shows the eval loop's own frame when it is the innermost: another is being entered or left.
EVAL_LOOP = ("<interpreter trampoline>", "<shim>")


def is_hidden(frame):
    """A frame that 3.13 and newer push between a class call and its __init__; nobody wrote it."""
    return frame[:2] == ("__init__", "__init__") and frame[2] in (-1, 0)


def frame_equal(ours, theirs, faulthandler):
    if len(ours) != 3:
        return False
    name, path, line = ours
    if faulthandler:
        name, path = in_ascii(name.rsplit(".", 1)[-1]), in_ascii(path)
    return (name, path) == theirs[:2] and theirs[2] in (-1, int(line))


def where_different(ours, theirs, faulthandler):
    """Index of the first frame that is not equal, and both there, for people."""
    for i in range(max(len(ours), len(theirs))):
        pair = [frames[i] if i < len(frames) else None for frames in (ours, theirs)]
        if None in pair or not frame_equal(*pair, faulthandler):
            return f"frame {i} of {len(ours)} and {len(theirs)}: bpf {pair[0]}, judge {pair[1]}"
    return "?"


def compare(result, ours, theirs, whole, faulthandler, native, leafless):
    between = theirs and (theirs[0][:2] == EVAL_LOOP or whole and theirs[-1][0].split(".")[-1] not in ROOTS)
    theirs = [frame for frame in theirs if not is_hidden(frame)]
    if leafless and 0 < len(ours) < len(theirs):
        theirs = theirs[len(theirs) - len(ours):]
    equal = len(ours) == len(theirs) if whole else len(ours) >= len(theirs)
    equal = equal and all(frame_equal(a, b, faulthandler) for a, b in zip(ours, theirs))
    if not equal and between:
        result.exclude("the judge found the thread between two frames")
    elif not equal:
        result.different.append((where_different(ours, theirs, faulthandler), " ".join(native)))
    elif leafless:
        result.leafless += 1
    elif whole:
        result.same += 1
    else:
        result.cut += 1
    result.frames += len(theirs) if equal else 0
    result.lineless += sum(line == -1 for _, _, line in theirs) if equal else 0


def judge_one(result, sampler, pid, answers, faulthandler):
    native, ours = sampler.sample()
    tid = int(native[0])
    stacks.wait_until_stopped(pid, tid)
    text = ask(pid, tid, answers)
    if not text:
        raise Unjudged("no answer")
    try:
        theirs, whole = (read_faulthandler if faulthandler else read_extension)(text)
    except (ValueError, IndexError) as e:
        raise Unjudged(f"the judge's answer cannot be read: {e}: {text[:200]!r}") from e
    if not faulthandler:
        result.gil[sampler.gil, text.split()[-1]] += 1
    compare(result, ours, theirs, whole, faulthandler, native, sampler.leafless)


def start_target(build, python, fd, faulthandler):
    judge = [] if faulthandler else [pythons.extension(build, python, "judge")]
    target = python.start(build, "truth.py", fd, *judge, pass_fds=[fd], stdout=subprocess.PIPE, text=True)
    if target.stdout.readline() != "ready\n":
        raise RuntimeError(f"{python.name} does not run truth.py")
    return target


def judge_run(result, build, python, count, faulthandler):
    """Until there are enough, or the target has died of its own judge."""
    with tempfile.NamedTemporaryFile() as file:
        fd = os.open(file.name, os.O_WRONLY | os.O_APPEND)
        target = start_target(build, python, fd, faulthandler)
        sampler = Sampler(build / "tests/tools/sample_and_stop", target.pid)
        try:
            while result.judged() < count:
                try:
                    judge_one(result, sampler, target.pid, file, faulthandler)
                except Unjudged as e:
                    result.exclude(str(e))
                    if target.poll() is not None or "crashed" in str(e):
                        return
                sampler.go_on()
        finally:
            os.close(fd)
            sampler.end()
            target.kill()
            target.wait()
            target.stdout.close()


def judge(build, python, count, faulthandler):
    result = Judged()
    while result.judged() < count and sum(result.excluded.values()) <= 0.1 * count + 2:
        judge_run(result, pathlib.Path(build), python, count, faulthandler)
    return result
