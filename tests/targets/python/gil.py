# SPDX-License-Identifier: Apache-2.0
"""Threads whose use of the GIL is known: two run Python code (one has the GIL, one waits for it), one
compresses without it, one sleeps. With an argument: only the first of them. Says for each thread how much
CPU time it used, by the kernel's own account, and how long all took."""
from __future__ import print_function

import json
import os
import sys
import threading
import time
import zlib

SECONDS = 2.5
used = {}


def cpu_seconds():
    """Of the calling thread: 2.7 to 3.6 have no clock for it."""
    with open("/proc/thread-self/schedstat") as file:
        return int(file.read().split()[0]) / 1e9


def goes_on(end):
    """On a busy machine until there is something to sample."""
    return time.time() < end or (cpu_seconds() < 0.4 and time.time() < end + 20)


def burn(end):
    while goes_on(end):
        for i in range(5000):
            i * i
        sum(range(200000))  # nobody else gets it meanwhile


def compress(end):
    data = os.urandom(4 << 20)
    while goes_on(end):
        zlib.compress(data, 9)


def sleep(end):
    time.sleep(max(end - time.time(), 0))


def run(name, work, end):
    work(end)
    used[name] = cpu_seconds()


def switch_often():
    """Threads that wait for the GIL sleep, and are seen only while they fall asleep or wake."""
    if hasattr(sys, "setswitchinterval"):
        sys.setswitchinterval(0.00001)
    else:
        sys.setcheckinterval(20)


def main():
    switch_often()
    end = time.time() + SECONDS
    works = [("burn1", burn), ("burn2", burn), ("compress", compress), ("sleep", sleep)]
    threads = [threading.Thread(target=run, args=(name, work, end))
               for name, work in (works[:1] if len(sys.argv) > 1 else works)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    used["wall"] = time.time() - end + SECONDS
    print(json.dumps(used))


main()
