# SPDX-License-Identifier: Apache-2.0
"""Judges the stacks that the BPF program sent by gdb's, in a process that the sampler itself stopped
at the sampled instruction (tests/tools/sample_and_stop.c)."""
import pathlib
import re
import subprocess
import threading
import time

GDB = "/usr/bin/gdb"
GDB_SCRIPT = pathlib.Path(__file__).with_name("gdb_stacks.py")
ERRORS_DEF = pathlib.Path(__file__).resolve().parents[2] / "bpf/shared/errors.def"
STOPS = re.findall(r"^STOP\((\w+),", ERRORS_DEF.read_text(), re.M)


class Judged:
    """What came of one target: counts, and the differences with all that is needed to look at them."""

    def __init__(self):
        self.same = 0
        self.cut = 0  # equal as far as the copied piece of stack goes
        self.excluded = {}
        self.different = []

    def exclude(self, why):
        self.excluded[why] = self.excluded.get(why, 0) + 1


def thread_state(pid, tid):
    text = pathlib.Path(f"/proc/{pid}/task/{tid}/stat").read_text()
    return text.rsplit(")", 1)[1].split()[0]


def wait_until_stopped(pid, tid):
    until = time.monotonic() + 5
    while thread_state(pid, tid) not in "Tt":
        if time.monotonic() > until:
            raise TimeoutError(f"{pid}/{tid} did not stop")
        time.sleep(0.001)


def in_sigreturn(pid, ip):
    """mov $15,%rax; syscall: the kernel replaces all registers before the thread can stop."""
    with open(f"/proc/{pid}/mem", "rb") as memory:
        memory.seek(ip - 9)
        return memory.read(9) == bytes.fromhex("48c7c00f0000000f05")


def ask(gdb, pid, tid, ip, sp):
    gdb.stdin.write(f"{pid} {tid} {ip} {sp}\n")
    gdb.stdin.flush()
    while True:
        line = gdb.stdout.readline()
        if not line:
            return ["ERROR", "no answer"]
        words = line.split()
        if words and words[0] in ("STACK", "ERROR"):
            return words


def leaves_the_code(pid, pcs):
    """Where unwind information is wrong (the end of libgcc's _Unwind_RaiseException, which moves the
    stack pointer by a register), gdb follows words that are no addresses of code."""
    code = []
    for line in pathlib.Path(f"/proc/{pid}/maps").read_text().splitlines():
        span, perm = line.split()[:2]
        if "x" in perm:
            code.append([int(end, 16) for end in span.split("-")])
    return any(not any(a <= int(pc, 16) < b for a, b in code) for pc in pcs)


def judge_one(result, gdb, pid, ours):
    """ours: TID IP SP FP FLAGS STOP CNT PC..., gdb: STACK rip rsp rbp REASON pc..."""
    registers, pcs = ours[1:4], ours[7:]
    if in_sigreturn(pid, int(ours[1], 16)):
        # the thread stands where the signal had interrupted it: our second frame
        theirs = ask(gdb, pid, ours[0], pcs[1] if len(pcs) > 1 else "0", "0")
        registers, pcs = theirs[1:4], pcs[1:]
    else:
        theirs = ask(gdb, pid, *ours[:3])
    if theirs[0] == "ERROR":
        result.exclude("gdb: " + " ".join(theirs[1:]))
    elif registers != theirs[1:4]:
        result.different.append(("registers", ours, theirs))
    elif pcs == theirs[5:]:
        result.same += 1
    elif STOPS[int(ours[5])] == "COPY_END" and pcs == theirs[5:][:len(pcs)]:
        result.cut += 1
    elif leaves_the_code(pid, theirs[5:]):
        result.exclude("gdb's stack leaves the code")
    elif theirs[4] not in ("no_reason", "outermost"):
        result.exclude(f"gdb could not end the stack: {theirs[4]}")
    else:
        result.different.append(("stack", ours, theirs))


def start_gdb():
    return subprocess.Popen([GDB, "-nx", "-q", "-batch", "-x", GDB_SCRIPT], stdin=subprocess.PIPE,
                            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)


def judge_with_time_limit(result, gdb, pid, ours):
    """gdb may wait for ever for a thread that it has just attached to."""
    watchdog = threading.Timer(30, gdb.kill)
    watchdog.start()
    judge_one(result, gdb, pid, ours)
    watchdog.cancel()
    return gdb if gdb.poll() is None else start_gdb()


def judge(sample_and_stop, pid, count, *mode):
    result = Judged()
    gdb = start_gdb()
    sampler = subprocess.Popen([sample_and_stop, str(pid), *mode], stdin=subprocess.PIPE,
                               stdout=subprocess.PIPE, text=True)
    try:
        for i in range(count):
            ours = next((line.split() for line in sampler.stdout if not line.startswith("end ")), None)
            if not ours:
                raise EOFError("the sampler ended")
            wait_until_stopped(pid, int(ours[0]))
            gdb = judge_with_time_limit(result, gdb, pid, ours)
            sampler.stdin.write("q\n" if i == count - 1 else "c\n")
            sampler.stdin.flush()
        sampler.wait(timeout=20)
    finally:
        gdb.kill()
        sampler.kill()
    return result
