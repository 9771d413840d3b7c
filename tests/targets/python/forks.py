# SPDX-License-Identifier: Apache-2.0
"""Processes that a Python program forks while it is watched: forks.py (fork | pool | forkserver | wait: fork when
it is told to). Each prints its id before it works. Runs on 3.4 and newer."""
import multiprocessing
import os
import sys
import time

CHILDREN = 4


def child_work(n):
    os.write(1, b"%d\n" % os.getpid())
    end = time.time() + 0.3
    while time.time() < end:
        pass


def serve():
    """A server that forks its workers before there is work, and a new one when one ends."""
    if not os.fork():
        child_work(0)
        os._exit(0)


def fork():
    for _ in range(CHILDREN):
        serve()
    for _ in range(CHILDREN):
        os.wait()
        serve()
    for _ in range(CHILDREN):
        os.wait()


def wait():
    os.write(1, b"ready\n")
    sys.stdin.readline()
    fork()


def pool():
    with multiprocessing.get_context("fork").Pool(CHILDREN, maxtasksperchild=1) as workers:
        workers.map(child_work, range(2 * CHILDREN), 1)


def forkserver():
    context = multiprocessing.get_context("forkserver")
    children = [context.Process(target=child_work, args=(n,)) for n in range(CHILDREN)]
    for child in children:
        child.start()
    for child in children:
        child.join()


if __name__ == "__main__":
    globals()[sys.argv[1]]()
