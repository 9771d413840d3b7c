# SPDX-License-Identifier: Apache-2.0
"""Seeds of code objects, line tables and lists of threads, made by the interpreter that runs this: python_seeds.py CORPUS. The objects'
own memory, as fuzz_python_code.c expects it: one behind the other, pointers made right."""
import ctypes
import os
import struct
import sys

BASE = 0x10000
CODE_VERSIONS = [(2, 7), (3, 6), (3, 7), (3, 8), (3, 9), (3, 10), (3, 11), (3, 12), (3, 13), (3, 14), (3, 15)]
LINE_VERSIONS = {(2, 7): 0, (3, 6): 1, (3, 9): 2, (3, 10): 3, (3, 11): 4, (3, 15): 5}
SOURCE = u"""def plain(a):
    for b in (a,
              a):
        with b:
            pass
\ndef caf\u00e9(a): return a
\ndef \u540d\u524d(): pass
"""
if sys.version_info < (3, 0):
    SOURCE = SOURCE.replace(u"caf\u00e9", u"cafe").replace(u"\u540d\u524d", u"other").encode("ascii")
VERSION = sys.version_info[:2]


def bytes_of(thing):
    return ctypes.string_at(id(thing), sys.getsizeof(thing))


def image(code, table):
    """The code object, its strings and its table."""
    head = ctypes.string_at(id(code), type(code).__basicsize__)
    parts = [code.co_name, code.co_filename, table] + ([code.co_qualname] if VERSION >= (3, 11) else [])
    body = head + b"\0" * (-len(head) % 16)
    for part in parts:
        body = body.replace(struct.pack("<Q", id(part)), struct.pack("<Q", BASE + len(body)))
        body += bytes_of(part)
        body += b"\0" * (-len(body) % 16)
    return body


def save(corpus, target, name, data):
    with open(os.path.join(corpus, target, "%d.%d-%s" % (VERSION + (name,))), "wb") as file:
        file.write(data)


class Thread(object):
    pass


def regions():
    """A list of threads by their ids, one thread in it, and all that it consists of: (address, bytes) each, with the
    list first, then the thread."""
    global kept  # or they are freed
    thread = Thread()
    name = "_name" if VERSION >= (3, 0) else "_Thread__name"
    setattr(thread, name, "worker")
    ident = int(0x7f0012345678)  # of two digits; what lies there is put in place of it
    active = {ident: thread}
    kept = [thread, ident, active, name]
    word = lambda at: ctypes.c_uint64.from_address(at).value
    head = 64 if VERSION >= (3, 0) else 256  # 2.7: small tables lie in the dict itself
    found = [(id(active), head), (id(thread) - 32, 32 + type(thread).__basicsize__ + 32), (id(Thread), 896), (id(ident), 40)]
    found += [(id(text), sys.getsizeof(text)) for text in (name, "worker")]
    dicts = [id(active)]
    if VERSION >= (3, 11):
        found.append((word(id(Thread) + (872 if VERSION == (3, 11) else 880 if VERSION < (3, 15) else 888)), 256))
    else:
        dicts.append(id(thread.__dict__))
        found.append((dicts[-1], head))
    if VERSION == (3, 11):
        found.append((word(id(thread) - 32), 64))
    if VERSION == (3, 12):
        found.append((word(id(thread) - 24) + 1, 64))
    for at in dicts:
        found.append((word(at + (40 if VERSION < (3, 0) else 32)), 280))
        if VERSION >= (3, 0) and word(at + 40):
            found.append((word(at + 40), 64))
    return found, ident, [id(active), id(thread)]


def moved(value, places):
    for (start, size), to in places:
        if start <= value < start + size:
            return to + value - start
    return value


def thread_image():
    found, ident, firsts = regions()
    places, at = [], BASE + 1024  # behind the words and the thread's id
    for start, size in found:
        places.append(((start, size), at))
        at += (size + 15) & ~15
    body = b"".join(ctypes.string_at(start, size) + b"\0" * (-size % 16) for start, size in found)
    words = [moved(word, places) for word in struct.unpack("<%dQ" % (len(body) // 8), body)]
    words = [moved(word + 1, places) - 1 if moved(word + 1, places) != word + 1 else word for word in words]
    low, high = ident & (2**30 - 1), ident >> 30
    new = BASE + 64
    if VERSION < (3, 0):
        words = [new if word == ident else word for word in words]
    words = [new & (2**30 - 1) | new >> 30 << 32 if word == low | high << 32 else word for word in words]
    head = struct.pack("<3Q", 0, *(moved(first, places) for first in firsts)).ljust(64, b"\0")
    head = (head + b"\0" * 0x2d0 + struct.pack("<I", 4711)).ljust(1024, b"\0")
    return head + struct.pack("<%dQ" % len(words), *words)


save(sys.argv[1], "python_threads", "active", struct.pack("<B", CODE_VERSIONS.index(VERSION)) + thread_image())
space = {}
exec(compile(SOURCE, "a.py", "exec"), space)
codes = [space[name].__code__ for name in space if getattr(space[name], "__code__", None)]
for number, code in enumerate(sorted(codes, key=lambda code: code.co_firstlineno)):
    table = code.co_linetable if VERSION >= (3, 10) else code.co_lnotab
    save(sys.argv[1], "python_code", number, struct.pack("<B", CODE_VERSIONS.index(VERSION)) + image(code, table))
    if VERSION in LINE_VERSIONS and not number:
        save(sys.argv[1], "python_lines", number,
             struct.pack("<Bi", LINE_VERSIONS[VERSION], code.co_firstlineno) + table)
