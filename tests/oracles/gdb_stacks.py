# SPDX-License-Identifier: Apache-2.0
"""Runs inside gdb. Reads lines "PID TID IP SP"; for each it attaches to the stopped process and prints what
gdb itself makes of that thread: "rip rsp rbp REASON pc pc ..." in hex, leaf first, inlined and
tail-calling frames left out, REASON being why gdb ended the stack. Past main and past the entry point.

A signal that came before ours runs its handler first: the thread then stands at the handler's first
instruction, on a signal frame. Such pairs of frames are left out, up to the frame whose ip and sp (0:
any) the caller names."""
import sys

import gdb

for setting in ("pagination off", "confirm off", "backtrace past-main on", "backtrace past-entry on",
                "backtrace limit 2000", "debuginfod enabled off", "print thread-events off",
                "auto-load off", "libthread-db-search-path /nonexistent"):
    gdb.execute("set " + setting, to_string=True)


def register(frame, name):
    return int(frame.read_register(name)) & (2**64 - 1)


def behind_handlers(frame, ip, sp):
    """The frame of these registers, when only handlers that have just begun stand before it."""
    start = frame
    while frame and (register(frame, "rip") != ip or sp not in (0, register(frame, "rsp"))):
        trampoline = frame.older()
        if not trampoline or trampoline.type() != gdb.SIGTRAMP_FRAME:
            return start
        frame = trampoline.older()
    return frame or start


def stack_of(tid, ip, sp):
    thread = next(t for t in gdb.selected_inferior().threads() if t.ptid[1] == tid)
    thread.switch()
    frame = behind_handlers(gdb.newest_frame(), ip, sp)
    head = [register(frame, name) for name in ("rip", "rsp", "rbp")]
    pcs = []
    while True:
        if frame.type() not in (gdb.INLINE_FRAME, gdb.TAILCALL_FRAME):  # neither is on the stack
            pcs.append(frame.pc())
        older = frame.older()
        if older is None:
            break
        frame = older
    reason = gdb.frame_stop_reason_string(frame.unwind_stop_reason()).replace(" ", "_")
    return head, reason, pcs


def answer(line):
    words = line.split()
    pid, tid, ip, sp = int(words[0]), int(words[1]), int(words[2], 16), int(words[3], 16)
    gdb.execute(f"attach {pid}", to_string=True)
    try:
        head, reason, pcs = stack_of(tid, ip, sp)
        print("STACK", *map("{:x}".format, head), reason, *map("{:x}".format, pcs))
    except gdb.error as e:
        print("ERROR", str(e).replace("\n", " "))
    gdb.execute("detach", to_string=True)
    sys.stdout.flush()
    gdb.flush()


while True:
    text = sys.stdin.readline()
    if not text.strip():
        break
    answer(text)
