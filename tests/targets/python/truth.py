# SPDX-License-Identifier: Apache-2.0
"""truth.py FD [JUDGE]: works for ever in many ways; on SIGUSR1 the thread that gets it writes its own
Python stack to FD, by faulthandler or by the library JUDGE (judge.c). Runs on 2.7 and 3.6 to 3.15."""
import ctypes
import hashlib
import json
import re
import signal
import sys
import threading


def spin(n):
    total = 0
    for i in range(n):
        total += i & 3
    return total


class Base(object):
    def __init__(self, value):
        self.value = value
        spin(40)

    @property
    def twice(self):
        spin(30)
        return self.value * 2

    def __lt__(self, other):
        return spin(5) < self.value < other.value

    class Inner(object):
        def method(self):
            def closure(n):
                return (lambda: spin(n))()
            return closure(60)


class Derived(Base):
    def __init__(self, value):
        super(Derived, self).__init__(value)
        self.other = Base.Inner().method()

    def __del__(self):
        spin(20)


def recurse(n, left):
    if left == 0:
        return spin(n)
    return recurse(n,
                   left - 1)


def even(n):
    return spin(400) if n == 0 else odd(n - 1)


def odd(n):
    return even(n - 1)


def source(n):
    for i in range(n):
        yield spin(20) + i


def doubled(items):
    for item in items:
        yield spin(10) * item


def generators():
    total = 0
    for item in doubled(source(20)):
        total += item
    return total + sum(x + spin(10) for x in list(source(10)))


def comprehensions():
    return ([spin(20) for i in range(10)], {spin(i) for i in range(10)},
            {i: spin(i) for i in range(10)}, [[spin(i * j) for i in range(5)] for j in range(5)])


def by_key(item):
    return json.dumps([item, spin(20)])


def replacement(match):
    return str(spin(30)) + match.group(0)


def other_type(value):
    return [spin(10), value.real]


COMPARE = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_int), ctypes.POINTER(ctypes.c_int))
libc = ctypes.CDLL(None)


@COMPARE
def compare(a, b):
    return spin(10) * 0 + a[0] - b[0]


def callbacks():
    numbers = (ctypes.c_int * 12)(*range(12, 0, -1))
    libc.qsort(numbers, len(numbers), ctypes.sizeof(ctypes.c_int), compare)
    sorted(range(12), key=by_key)
    sorted([Base(i) for i in range(6)])
    re.sub("a+", replacement, "aa b a c aaa")
    json.dumps([1j, 2j], default=other_type)
    return list(map(lambda n: spin(n), range(20)))


def failing(n):
    try:
        if n == 0:
            raise KeyError(n)
        failing(n - 1)
    finally:
        spin(20)


def exceptions():
    try:
        failing(8)
    except KeyError:
        return spin(100)


def objects():
    return [Derived(i).twice for i in range(10)]


NAMED = u"""
def {name}(n):
    return spin(n)
def caller_{name}(n):

    return {name}(n) + {name}(
        n)
class Class_{name}(object):
    def method(self):
        return [caller_{name}(i) for i in range(10)]
"""
FILES = [(u"plain", u"/made up/plain.py")]
if sys.version_info >= (3,):
    FILES += [(u"\u00e9t\u00e9", u"/made up/\u00e9t\u00e9.py"),
              (u"\u65e5\u672c", u"/made up/\u65e5\u672c/\u0436.py"),
              (u"\U00020000b", u"/made up/\U0001f40d.py")]


def named(name, path):
    space = {"spin": spin}
    exec(compile(NAMED.format(name=name), path if sys.version_info >= (3,) else str(path), "exec"), space)
    return space[str("Class_" + name) if name == "plain" else "Class_" + name]().method


ASYNC = """
async def ticks(n):
    for i in range(n):
        yield spin(20)
async def waits(n):
    return await twice(n)
async def twice(n):
    return spin(n) + sum([x async for x in ticks(5)])
def run(n):
    try:
        waits(n).send(None)
    except StopIteration as e:
        return e.value
"""


def coroutines():
    space = {"spin": spin}
    exec(compile(ASYNC, "/made up/async.py", "exec"), space)
    return lambda: [space["run"](50) for i in range(5)]


def jobs():
    found = [generators, comprehensions, callbacks, exceptions, objects,
             lambda: recurse(300, 12), lambda: even(300), lambda: recurse(400, 1500)]
    found += [named(*file) for file in FILES]
    if sys.version_info >= (3,):
        found.append(coroutines())
    return found


def without_gil():
    data = b"x" * 300000
    while True:
        hashlib.sha256(data).hexdigest()
        spin(100)


def main():
    sys.setrecursionlimit(10000)
    fd = int(sys.argv[1])
    if len(sys.argv) > 2:
        judge = ctypes.CDLL(sys.argv[2])
        if judge.judge_install(int(signal.SIGUSR1), fd):
            sys.exit("no judge")
    else:
        import faulthandler
        faulthandler.register(signal.SIGUSR1, file=fd, all_threads=False, chain=False)
    threading.stack_size(64 << 20)
    for body in (without_gil, lambda: [generators() + len(objects()) for i in iter(int, 1)]):
        thread = threading.Thread(target=body)
        thread.daemon = True
        thread.start()
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    work = jobs()
    while True:
        for job in work:
            job()


main()
