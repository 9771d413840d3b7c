# SPDX-License-Identifier: Apache-2.0
"""A thread in a recursion of so many Python frames, its own first one and the last one included, which takes the
CPU for so long: recursion.py FRAMES SECONDS [through_c]. Prints how many frames it counts itself. Runs on 2.7
and newer."""
from __future__ import print_function

import sys
import threading
import time


def frames():
    """Of the caller."""
    frame, n = sys._getframe(1), 0
    while frame:
        frame, n = frame.f_back, n + 1
    return n


def bottom():
    print(frames())
    sys.stdout.flush()
    end = time.time() + float(sys.argv[2])
    while time.time() < end:
        for i in range(1000):
            pass


def down(n):
    if n == 1:
        return bottom()
    return down(n - 1)


# each frame in an eval loop of its own, called by C code
def through_c(n):
    if n == 1:
        return bottom()
    return max(map(through_c, (n - 1,)), key=id)


def in_thread():
    function = through_c if sys.argv[3:] else down
    function(int(sys.argv[1]) - frames() - 1)


def main():
    sys.setrecursionlimit(20000)
    threading.stack_size(1 << 30)
    thread = threading.Thread(target=in_thread)
    thread.start()
    thread.join()


main()
