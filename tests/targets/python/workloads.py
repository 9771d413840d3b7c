# SPDX-License-Identifier: Apache-2.0
"""workloads.py NAME run|legal: programs whose stacks and shares of CPU time are known (driver.py)."""
import ctypes
import functools
import hashlib
import json
import re
import signal
import sys
import threading
import zlib

import driver
from driver import spin


# Two chains of equal depth in strict alternation: a reader that does not see one state mixes them.
def chain(letter, depth):
    space = {"spin": spin}
    lines = ["def %s%d(n):\n    return spin(n)" % (letter, depth)]
    for i in range(depth - 1, 0, -1):
        lines.append("def %s%d(n):\n    return %s%d(n)" % (letter, i, letter, i + 1))
    exec(compile("\n".join(lines), "/made up/%s.py" % letter, "exec"), space)
    return space[letter + "1"]


def alternate():
    left, right = chain("a", 12), chain("b", 12)

    def strict():
        for i in range(800):
            left(60)
            right(60)
    return [strict]


# The same spin with 1, 2 and 4 times the iterations.
def shares():
    def r1():
        spin(300000)

    def r2():
        spin(600000)

    def r4():
        spin(1200000)
    return [r1, r2, r4]


def small(x):
    return x & 3


# A loop that calls, and one that has it written out: functions that call must not be favoured.
def calls():
    def calling():
        total = 0
        for i in range(150000):
            total += small(i)

    def written_out():
        total = 0
        for i in range(450000):
            total += i & 3
    return [calling, written_out]


def fib(n):
    return n if n < 2 else fib(n - 1) + fib(n - 2)


def even(n):
    return True if n == 0 else odd(n - 1)


def odd(n):
    return False if n == 0 else even(n - 1)


def recursion():
    def fibonacci():
        fib(20)

    def mutual():
        for i in range(300):
            even(200)

    def deeper():
        for i in range(60):
            even(850)
    return [fibonacci, mutual, deeper]


def down(n):
    return spin(200000) if n == 0 else down(n - 1)


# 4,000 frames; older versions need some 500 bytes of C stack for each.
def deep():
    sys.setrecursionlimit(10000)
    threading.stack_size(512 << 20)

    def deepest():
        thread = threading.Thread(target=in_thread)
        thread.start()
        thread.join()

    def in_thread():
        began = driver.now()
        down(4000)
        driver.count("in_thread", began)
    return [deepest]


def numbers(n):
    for i in range(n):
        yield spin(10) + i


def squares(items):
    for item in items:
        yield spin(20) + item * item


def last(items):
    for item in items:
        spin(30)


def generators():
    def pipeline():
        last(squares(numbers(3000)))

    def consumed_in_c():
        list(squares(numbers(3000)))
        sum(spin(5) for i in range(10000))
    return [pipeline, consumed_in_c]


def iteration():
    def loop():
        out = []
        for i in range(100000):
            out.append(i * 2)
        return out  # a function's variables are freed when its frame is gone, in its caller's time

    def comprehension():
        return [i * 2 for i in range(200000)]

    def expression():
        return sum(i * 2 for i in range(200000))

    def mapped():
        return list(map(lambda i: i * 2, range(200000)))
    return [loop, comprehension, expression, mapped]


def lookups():
    items, ones = list(range(3000)), set(range(3000))

    def in_list():
        return [i in items for i in range(0, 3000, 4)]

    def in_set():
        return [i in ones for j in range(10) for i in range(30000)]
    return [in_list, in_set]


def errors():
    known = dict.fromkeys(range(10))

    def raising():
        for i in range(60000):
            try:
                known[-i - 1]
            except KeyError:
                pass

    def asking():
        for i in range(200000):
            known.get(-i - 1)
    return [raising, asking]


def caches():
    if not hasattr(functools, "lru_cache"):
        return [lambda: spin(1000000)]

    def uncached(n):
        return spin(20000 + n)
    cached = functools.lru_cache(maxsize=None)(uncached)

    def all_of_them():
        for i in range(100):
            uncached(i % 10)

    def some():
        cached.cache_clear()
        for i in range(100):
            cached(i % 10)
    return [all_of_them, some]


def by_key(item):
    return json.dumps(item, sort_keys=True)


def library():
    items = [{"name": str(i * 7919 % 1000), "values": list(range(20))} for i in range(1000)]
    text = "the quick brown fox " * 3000

    def sort_by_json():
        sorted(items, key=by_key)

    def matching():
        for i in range(4):
            re.findall(r"(\w+) (q\w+k)\b", text)

    def replacing():
        re.sub(r"q\w+", lambda match: match.group(0).upper(), text)

    def plain_sort():
        sorted(i * 7919 % 100003 for i in range(30000))

    def compressing():
        zlib.compress(text.encode("ascii") * 10)
    return [sort_by_json, matching, replacing, plain_sort, compressing]


COMPARE = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_int), ctypes.POINTER(ctypes.c_int))


@COMPARE
def compare(a, b):
    spin(20)
    return (a[0] > b[0]) - (a[0] < b[0])


def qsort():
    libc = ctypes.CDLL(None)

    def sort_in_c():
        values = (ctypes.c_int * 1000)(*[i * 7919 % 1000 for i in range(1000)])
        libc.qsort(values, len(values), ctypes.sizeof(ctypes.c_int), compare)
    return [sort_in_c]


# Threads that run Python all the time, and threads whose work is done without the GIL.
def in_threads(bodies):
    def timed(body):
        began = driver.now()
        body()
        driver.count(body.__name__, began)

    def joined():
        threads = [threading.Thread(target=timed, args=(body,)) for body in bodies]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    return [joined]


def threads():
    def t1():
        spin(300000)

    def t2():
        spin(300000)

    def t3():
        spin(300000)

    def t4():
        spin(300000)
    return in_threads([t1, t2, t3, t4])


def no_gil():
    data = b"sonde " * 200000

    def deflate():
        for i in range(2):
            zlib.compress(data, 6)

    def sha256():
        for i in range(6):
            hashlib.sha256(data).hexdigest()
    return in_threads([deflate, sha256])


def numpy():
    import numpy as np
    a, b = np.random.rand(300, 300), np.random.rand(300, 300)
    index = np.random.randint(0, 1000000, 1000000)
    target = np.zeros(1000000)

    def multiply():
        for i in range(8):
            np.dot(a, b)

    def fancy():
        for i in range(3):
            target[index] = 1.5

    def sine():
        np.sin(target)

    def items():
        total = 0.0
        for i in range(100000):
            total += target[i]
    return [multiply, fancy, sine, items]


def pool_task(n):
    began = driver.now()
    {1: one, 2: two, 3: three}[n]()
    return n, driver.since(began), driver.found_edges() if sys.argv[-1] == "legal" else None


def one():
    spin(200000)


def two():
    spin(400000)


def three():
    spin(600000)


def pool():
    import multiprocessing
    fork = multiprocessing.get_context("fork") if hasattr(multiprocessing, "get_context") else multiprocessing
    workers, parts = [], []

    def tasks():
        if not workers:
            workers.append(fork.Pool(2, signal.signal, (signal.SIGTERM, signal.SIG_DFL)))
        for n, used, part in workers[0].map(pool_task, [1, 2, 3] * 2):
            driver.spent.append([{1: "one", 2: "two", 3: "three"}[n]] + used)
            if part:
                parts.append(part)
    return [tasks], lambda: parts


def asyncio():
    import workload_asyncio
    return workload_asyncio.workload()


def gevent():
    import workload_gevent
    return workload_gevent.workload()


def finalizers():
    import workload_shapes
    return workload_shapes.finalizers()


def greenlets():
    import workload_shapes
    return workload_shapes.greenlets()


def interpreters():
    import workload_shapes
    return workload_shapes.interpreters()


def evaluator():
    import workload_shapes
    return workload_shapes.evaluator()


def pystone():
    import workload_pystone
    return [workload_pystone.passes]


# A frame's chunk ends at 16 KiB: 3.11 to 3.13 map a new one for each call that crosses its end.
def chunks():
    def crossing():
        for depth in range(100, 800, 10):
            for i in range(20):
                even(depth)
    return [crossing]


def make():
    made = globals()[sys.argv[1]]()
    return made if isinstance(made, tuple) else (made, None)


if __name__ == "__main__":
    driver.start(make)
