# -*- coding: utf-8 -*-
# SPDX-License-Identifier: Apache-2.0
"""dumped.py FD JUDGE: threads that sleep, wait for the GIL, run Python, run C code without the GIL, and wait
for a lock, for ever; on SIGUSR1 a thread writes its own stack to FD (judge.c). Says which thread is which, and
what the local variables of those that sleep are: lines of JSON. Runs on 2.7 and 3.6 to 3.15."""
import ctypes
import json
import os
import signal
import sys
import threading
import time
import zlib

libc = ctypes.CDLL(None)
tids, truth, known = {}, {}, threading.Event()
lock = threading.Lock()


class Mine(object):
    pass


def note(names):
    """repr() of each; id of what has none worth showing."""
    truth.update((name, [repr(value), id(value), type(value).__name__]) for name, value in names.items())


def sleep():
    known.set()
    while True:
        time.sleep(1000)


def values(argument, default=(1, 2.5, "x")):
    nothing, yes, no = None, True, False
    zero, small, large, negative = 0, -7, 2 ** 70, -(10 ** 100)
    word, edge, digit = 2 ** 30 - 1, 2 ** 30, 2 ** 63
    half, big, tiny, whole, limit, below, odd = 1.5, 1e300, 1e-7, 123456789.0, 1e16, 9999999999999998.0, 0.1 + 0.2
    nan, inf, minus, nought = float("nan"), float("inf"), -float("inf"), -0.0
    plain, quoted, both, empty, escaped = "hello", "it's", "'\"", "", "a\nb\t\\\x01\x7f"
    latin, wide, face = u"h\xe9llo \xff", u"\u20ac \u65e5\u672c", u"\U0001f600 smiles"
    controls = u"\x80 \xa0 \u200b \u202e \ufeff"
    raw, binary = b"bytes", b"\x00\xff'\""
    pair, one, none_at_all, row, nested = (1, "a"), (None,), (), [1, 2.0, "c"], [1, [2, (3,)], {}]
    table, by_number, no_table = {"a": 1, "b": [1, 2]}, {1: u"x", 2: (3, 4)}, {}
    thing, kind, function, some = Mine(), Mine, note, set([1])
    long_text, many, deep, holes = "x" * 1000, list(range(100)), [[[[[1]]]]], dict.fromkeys(range(20))
    itself = []
    itself.append(itself)
    del holes[0], holes[2]
    captured, changed = "in a cell", argument
    changed += 1

    def inner():
        return captured, argument, default
    gone = 1
    del gone
    note({name: value for name, value in locals().items()})
    return sleep()


def generated():
    for i in range(3):
        yield values(41)


def sleeps():
    return [x for x in sorted([1], key=lambda key: next(generated()))]


def spin(counter):
    while True:
        counter += 1


def runs():
    spin(0)


def contends():
    spin(1)


def in_c():
    data = b"x" * 30000000
    while True:
        zlib.compress(data, 1)  # without the GIL, in 2.7 too


def waits_for_a_lock():
    with lock:
        pass


def start(function):
    def run():
        tids[function.__name__] = libc.syscall(186)  # gettid
        function()
    thread = threading.Thread(target=run, name=function.__name__)
    thread.daemon = True
    thread.start()


def main():
    if len(sys.argv) > 2:
        ctypes.CDLL(sys.argv[2]).judge_install(int(signal.SIGUSR1), int(sys.argv[1]))
    lock.acquire()
    for function in (sleeps, runs, contends, in_c, waits_for_a_lock):
        start(function)
    known.wait()
    while len(tids) < 5:
        time.sleep(0.01)
    print(json.dumps({"tids": tids, "truth": truth, "pid": os.getpid()}))
    sys.stdout.flush()
    sleep()


main()
