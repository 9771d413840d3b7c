# SPDX-License-Identifier: Apache-2.0
"""A thread whose frames are each other's callers for a while: circle.py FRAMES. What memory says of them is wrong
on purpose, and put right before anybody returns. Runs on 2.7 and newer."""
import ctypes
import sys
import time

OFFSETS = {(3, 11): (24, 48), (3, 12): (24, 8), (3, 13): (24, 8)}  # of the frame in its object, of its caller in it


def frame_of(frame_object):
    if sys.version_info < (3, 11):
        return id(frame_object)
    return ctypes.c_size_t.from_address(id(frame_object) + OFFSETS[sys.version_info[:2]][0]).value


def caller_of(frame):
    """The place where its caller's address stands."""
    if sys.version_info < (3, 11):
        return ctypes.c_size_t.from_address(frame + 24)
    return ctypes.c_size_t.from_address(frame + OFFSETS[sys.version_info[:2]][1])


def turn(cnt):
    newest = oldest = sys._getframe()
    for _ in range(cnt - 1):
        oldest = oldest.f_back
    place = caller_of(frame_of(oldest))
    first = frame_of(newest)
    before = place.value
    end = time.time() + 1.5
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    place.value = first
    while time.time() < end:
        pass
    place.value = before


def down(n):
    if n:
        return down(n - 1)
    turn(int(sys.argv[1]))


down(20)
