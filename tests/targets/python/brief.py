# SPDX-License-Identifier: Apache-2.0
"""A function that takes so many seconds of CPU time: brief.py SECONDS. Prints when it began (ns since 1970),
and at its end how long it took by its own clock (ns). Runs on 2.7 and newer."""
import sys
import time

clock = getattr(time, "process_time", None) or time.clock


def spin():
    n = 0
    while n < 2000:
        n += 1


def work(start, seconds):
    while clock() - start < seconds:
        spin()
    return clock() - start


def main():
    start = clock()
    print("%d" % (time.time() * 1e9))
    sys.stdout.flush()
    print("%d" % (work(start, float(sys.argv[1])) * 1e9))


main()
