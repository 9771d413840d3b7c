# SPDX-License-Identifier: Apache-2.0
"""Seeds of code objects and line tables, made by the interpreter that runs this: python_seeds.py CORPUS. The objects'
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


space = {}
exec(compile(SOURCE, "a.py", "exec"), space)
codes = [space[name].__code__ for name in space if getattr(space[name], "__code__", None)]
for number, code in enumerate(sorted(codes, key=lambda code: code.co_firstlineno)):
    table = code.co_linetable if VERSION >= (3, 10) else code.co_lnotab
    save(sys.argv[1], "python_code", number, struct.pack("<B", CODE_VERSIONS.index(VERSION)) + image(code, table))
    if VERSION in LINE_VERSIONS and not number:
        save(sys.argv[1], "python_lines", number,
             struct.pack("<Bi", LINE_VERSIONS[VERSION], code.co_firstlineno) + table)
