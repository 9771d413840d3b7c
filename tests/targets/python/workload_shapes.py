# SPDX-License-Identifier: Apache-2.0
"""Stacks of unusual shape: finalizers, interpreters in an interpreter, greenlets, an evaluator of its own."""
import atexit
import ctypes
import gc
import os
import sys
import threading

import driver
from driver import spin


class Held(object):
    def __del__(self):
        spin(300)


class Knot(Held):
    def __init__(self):
        self.itself = self


def finalizers():
    def dropped():
        for i in range(1000):
            Held()

    def collected():
        for i in range(20):
            for j in range(50):
                Knot()
            gc.collect()
    return [dropped, collected]


def left1(switch):
    left2(switch)


def left2(switch):
    spin(1000)
    switch()
    spin(1000)


def right1(switch):
    right2(switch)


def right2(switch):
    spin(1000)
    switch()
    spin(1000)


def greenlets():
    """Each hands over in the middle of its stack, and one starts another that outlives it."""
    import greenlet

    def switching():
        for i in range(100):
            main = greenlet.getcurrent()
            left = greenlet.greenlet(left1, main)
            right = greenlet.greenlet(right1, main)
            left.switch(right_of(right))
            right.switch()
            left.switch()

    def right_of(right):
        return lambda: right.switch(greenlet.getcurrent().parent.switch)
    return [switching]


INSIDE = """
def spin(n):
    total = 0
    for i in range(n):
        total += i & 3
    return total

def inside(n):
    return spin(n)

import zlib
inside(200000)
zlib.compress(b"without the GIL " * 60000)
"""
IN_FILE = "/made up/inside.py"
SCRIPT_FILE = "<string>" if sys.version_info < (3, 14) else "<script>"
SCRIPT = "exec(compile(%r, %r, 'exec'))" % (INSIDE, IN_FILE)


def inside_edges(here, beside):
    """What no hook sees: each interpreter has its own."""
    def at(words):
        return 1 + INSIDE.splitlines().index(words)

    def calls(function, words):
        """From the line of ours that has these words."""
        with open(__file__.replace(".pyc", ".py")) as source:
            line = 1 + [row.strip() for row in source].index(words)
        return [getattr(function.__code__, "co_qualname", function.__name__), function.__code__.co_filename, line,
                "<module>", SCRIPT_FILE]
    return [{"edges": [calls(here, "run(other, SCRIPT)"), calls(beside, "run(own, SCRIPT)"),
                       ["<module>", SCRIPT_FILE, 1, "<module>", IN_FILE],
                       ["<module>", IN_FILE, at("inside(200000)"), "inside", IN_FILE],
                       ["inside", IN_FILE, at("    return spin(n)"), "spin", IN_FILE]],
             "roots": [], "resumed": [],
             "lines": [["<module>\t" + SCRIPT_FILE, [1]],
                       ["<module>\t" + IN_FILE, list(range(at("def spin(n):"), len(INSIDE.splitlines()) + 1))],
                       ["inside\t" + IN_FILE, [at("def inside(n):"), at("    return spin(n)")]],
                       ["spin\t" + IN_FILE, list(range(at("def spin(n):"), at("    return total") + 1))]]}]


def interpreters():
    """One after the other in this thread, and in threads of their own."""
    import queue
    try:
        import _interpreters as module
        run = getattr(module, "exec")
    except ImportError:
        import _xxsubinterpreters as module
        run = module.run_string
    other, todo, done = module.create(), queue.Queue(), queue.Queue()

    def here():
        run(other, SCRIPT)

    def beside():
        own = module.create()
        while todo.get():
            began = driver.now()
            run(own, SCRIPT)
            driver.count("beside", began)
            done.put(1)

    def in_threads():
        if not threads:
            threads.extend(threading.Thread(target=beside) for i in range(2))
            for thread in threads:
                thread.daemon = True
                thread.start()
        for thread in threads:
            todo.put(1)
        for thread in threads:
            done.get()
    threads = []
    atexit.register(os._exit, 0)  # with threads inside them interpreters do not end
    return [here, in_threads], lambda: inside_edges(here, beside)


def evaluator():
    import workloads
    ctypes.PyDLL(sys.argv[2]).install()
    return workloads.generators() + workloads.qsort() + workloads.library()
