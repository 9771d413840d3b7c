# SPDX-License-Identifier: Apache-2.0
"""Seeds of objects and frames, made by the interpreter that runs this: python_value_seeds.py CORPUS. The memory of
the objects themselves and of all that they lead to, as fuzz_python_values.c expects it: one behind the other,
pointers made right; of types the first bytes and the name."""
import ctypes
import os
import struct
import sys

BASE = 0x10000
VERSIONS = [(2, 7), (3, 6), (3, 7), (3, 8), (3, 9), (3, 10), (3, 11), (3, 12), (3, 13), (3, 14), (3, 15)]
VERSION = sys.version_info[:2]
TYPE_BYTES, NAME_BYTES = 296, 64
FRAME = {(2, 7): (32, 376), (3, 6): (32, 376), (3, 10): (32, 352), (3, 11): (32, 72), (3, 12): (0, 72),
         (3, 13): (0, 72), (3, 14): (0, 80), (3, 15): (0, 80)}


class Memory:
    """Pieces by their address in this process; where each comes to lie."""

    def __init__(self):
        self.pieces, self.keep = [], []

    def add(self, address, size):
        if not any(at == address for at, _ in self.pieces):
            self.pieces.append((address, ctypes.string_at(address, size)))

    def add_type(self, kind):
        self.add(id(kind), TYPE_BYTES)
        self.add(struct.unpack_from("<Q", ctypes.string_at(id(kind) + 24, 8))[0], NAME_BYTES)

    def add_object(self, thing):
        self.keep.append(thing)
        self.add(id(thing), max(sys.getsizeof(thing), 48))
        self.add_type(type(thing))
        if isinstance(thing, (tuple, list)):
            for item in thing:
                self.add_object(item)
        if isinstance(thing, list) and thing:
            self.add(struct.unpack("<Q", ctypes.string_at(id(thing) + 24, 8))[0], 8 * len(thing))
        if isinstance(thing, dict):
            keys = struct.unpack("<Q", ctypes.string_at(id(thing) + (40 if VERSION == (2, 7) else 32), 8))[0]
            self.add(keys, 512)
            for pair in thing.items():
                self.add_object(pair)

    def image(self):
        places, at = {}, BASE
        for address, data in self.pieces:
            places[struct.pack("<Q", address)] = struct.pack("<Q", at)
            at += (len(data) + 15) // 16 * 16
        body = b"".join(data + b"\0" * (-len(data) % 16) for _, data in self.pieces)
        words = [body[i:i + 8] for i in range(0, len(body), 8)]
        return b"".join(places.get(word, word) for word in words)


def save(corpus, what, name, memory):
    with open(os.path.join(corpus, "python_values", "%d.%d-%s" % (VERSION + (name,))), "wb") as file:
        file.write(struct.pack("<BB", VERSIONS.index(VERSION), what) + memory.image())


def outer():
    cell = 5

    def function(argument, other):
        return cell, argument, other
    return function


def frame_of(code):
    """A frame of that code with values in it, in memory of ours."""
    code_at, values_at = FRAME[max(version for version in FRAME if version <= VERSION)]
    if VERSION in ((3, 7), (3, 8), (3, 9)):
        values_at = 360
    values = [7, u"seven", (1, 2)]
    memory = Memory()
    data = bytearray(values_at + 8 * len(values))
    struct.pack_into("<Q", data, 8, id(type(sys._getframe())))
    struct.pack_into("<Q", data, code_at, id(code))
    struct.pack_into("<%dQ" % len(values), data, values_at, *map(id, values))
    block = ctypes.create_string_buffer(bytes(data), len(data))
    memory.keep += [values, block]
    memory.add(ctypes.addressof(block), len(data))
    memory.add_type(type(sys._getframe()))
    memory.add_object(code)
    for value in values:
        memory.add_object(value)
    if VERSION < (3, 11):
        for row in (code.co_varnames, code.co_cellvars, code.co_freevars):
            memory.add_object(row)
    else:
        for offset in (96, 104):
            memory.add_object(ctypes.cast(struct.unpack("<Q", ctypes.string_at(id(code) + offset, 8))[0],
                                          ctypes.py_object).value)
    return memory


VALUES = [None, True, -7, 2 ** 70, 1.5, u"h\xe9llo", u"\u20ac", b"\x00'", (1, (2,)), [1, [2.5]], {1: u"x"}, set()]
for number, value in enumerate(VALUES):
    world = Memory()
    world.add_object(value)
    save(sys.argv[1], 0, "value-%d" % number, world)
save(sys.argv[1], 1, "frame", frame_of(outer().__code__))
