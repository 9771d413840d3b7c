# SPDX-License-Identifier: Apache-2.0
"""Works for four seconds in inner(), called in many ways; faulthandler writes them to the file named."""
import faulthandler
import sys
import time


def inner(n):
    if n == 1:
        faulthandler.dump_traceback(dump)
    total = 0
    for i in range(n):
        total += i & 3
    return total


def generated(n):
    for i in range(3):
        yield inner(n)


class Outer:
    def method(self, n):
        return sum(generated(n)) + max(
            range(2), key=lambda i: len(list(generated(n))))


def main():
    n, end = 1, time.process_time() + 4
    while time.process_time() < end:
        Outer().method(n)
        n = 1000


with open(sys.argv[1], "w") as dump:
    main()
