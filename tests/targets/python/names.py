# SPDX-License-Identifier: Apache-2.0
"""Threads with names, which say them themselves: one function for each, and what threading calls the thread that runs
it, as JSON."""
from __future__ import print_function

import json
import sys
import threading
import time

SECONDS = 2.0
said = {}


def spin(end):
    while time.time() < end:
        sum(range(100))


def plain(end):
    spin(end)


def named(end):
    spin(end)


def wide(end):
    spin(end)


def long_name(end):
    spin(end)


def subclass(end):
    spin(end)


def pooled(end):
    spin(end)


def renamed(end):
    threading.current_thread().name = "new name"
    spin(end)


class Worker(threading.Thread):
    """With attributes of its own, before and behind those of its base."""

    def __init__(self, end):
        self.before = 1
        threading.Thread.__init__(self, name="of a subclass")
        for i in range(40):
            setattr(self, "attribute%d" % i, i)
        self.end = end

    def run(self):
        run(subclass, self.end)


def run(work, end):
    work(end)
    said[work.__name__] = threading.current_thread().name


def main():
    end = time.time() + SECONDS
    threads = [threading.Thread(target=run, args=(plain, end)), threading.Thread(target=run, args=(renamed, end), name="old name"),
               threading.Thread(target=run, args=(named, end), name="a thread with a name longer than the kernel's"),
               threading.Thread(target=run, args=(long_name, end), name="x" * 60), Worker(end)]
    if sys.version_info >= (3, 0):
        threads.append(threading.Thread(target=run, args=(wide, end), name="n\u00e4me \u540d\u524d \U0001f40d"))
    for thread in threads:
        thread.daemon = False
        thread.start()
    if sys.version_info >= (3, 0):
        from concurrent.futures import ThreadPoolExecutor
        with ThreadPoolExecutor(1, thread_name_prefix="pool") as pool:
            pool.submit(run, pooled, end).result()
    for thread in threads:
        thread.join()
    print(json.dumps(said))


main()
