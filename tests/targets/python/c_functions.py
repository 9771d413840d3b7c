# SPDX-License-Identifier: Apache-2.0
"""Where the C functions of a running CPython 3.11 lie, as its own objects say: "FILE ADDRESS NAME" for every built-in
function, method, attribute and slot of the modules given and all types there are. ADDRESS is the file's own."""
import ctypes
import importlib
import sys
import types

METHOD, ATTRIBUTE, SLOT = types.MethodDescriptorType, types.GetSetDescriptorType, types.WrapperDescriptorType


def word(address, place):
    return ctypes.c_uint64.from_address(address + place).value


def functions_of(name, value):
    """(name, address) of what an attribute of a module or type does."""
    at = id(value)
    if isinstance(value, types.BuiltinFunctionType) or type(value).__name__ == "classmethod_descriptor" or \
            isinstance(value, METHOD):
        table = word(at, 16 if isinstance(value, types.BuiltinFunctionType) else 40)
        yield name, word(table, 8)
    elif isinstance(value, staticmethod):
        yield from functions_of(name, value.__func__)
    elif isinstance(value, ATTRIBUTE):
        yield name, word(word(at, 40), 8)
        yield name + ".setter", word(word(at, 40), 16)
    elif isinstance(value, SLOT):
        yield name, word(at, 48)


def all_types(above, seen):
    for cls in type.__subclasses__(above):
        if cls not in seen:
            seen.add(cls)
            all_types(cls, seen)
    return seen


def files():
    """[(start, end, bias, path)]: the first mapping of a file holds its lowest address."""
    found, bias = [], {}
    for line in open("/proc/self/maps"):
        words = line.split(maxsplit=5)
        if len(words) < 6 or not words[5].startswith("/"):
            continue
        start, end = (int(w, 16) for w in words[0].split("-"))
        path = words[5].strip()
        if path not in bias:
            head = open(path, "rb").read(18)
            bias[path] = 0 if head[16] == 2 else start  # ET_EXEC
        found.append((start, end, bias[path], path))
    return found


def main():
    for name in sys.argv[1:]:
        importlib.import_module(name)
    places = files()
    for owner in [*sys.modules.values(), *all_types(object, {object})]:
        for name, value in list(vars(owner).items()):
            for said, address in functions_of(name, value):
                for start, end, bias, path in places:
                    if start <= address < end:
                        print(path, f"{address - bias:x}", said)


main()
