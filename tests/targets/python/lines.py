# SPDX-License-Identifier: Apache-2.0
"""Compiles the standard library, or what is named of it, and prints for each code object and way of asking a line
"HOW<TAB>VERSION FIRST_LINE END STEP TABLE<TAB>ANSWERS", as print_python_lines reads and answers it:
lines.py [NAME]..."""
import binascii
import ctypes
import os
import sys
import types
import warnings

addr2line = ctypes.pythonapi.PyCode_Addr2Line
addr2line.argtypes = [ctypes.py_object, ctypes.c_int]
# an instruction begins at any byte up to 3.5, at every second one since
STEP = 1 if sys.version_info < (3, 6) else 2


def table(code):
    return code.co_linetable if sys.version_info >= (3, 10) else code.co_lnotab


def by_addr2line(code):
    return [str(addr2line(code, at)) for at in range(0, len(code.co_code), STEP)]


def by_co_lines(code):
    lines = ["-1"] * (len(code.co_code) // STEP)
    for start, end, line in code.co_lines():
        for at in range(start, end, STEP):
            lines[at // STEP] = "-1" if line is None else str(line)
    return lines


def by_co_positions(code):
    return ["-" if line is None else "%d,%d,%d,%d" % tuple(-1 if n is None else n for n in (line, end, column, last))
            for line, end, column, last in code.co_positions()]


WAYS = {"addr2line": by_addr2line}
if sys.version_info >= (3, 10):
    WAYS["co_lines"] = by_co_lines
if sys.version_info >= (3, 11):
    WAYS["co_positions"] = by_co_positions


def tell(code):
    head = "%x %d %d %d %s" % (sys.version_info[0] << 8 | sys.version_info[1], code.co_firstlineno,
                               len(code.co_code), STEP, binascii.hexlify(table(code)).decode() or "-")
    for how in sorted(WAYS):
        sys.stdout.write("%s\t%s\t%s\n" % (how, head, " ".join(WAYS[how](code))))
    for const in code.co_consts:
        if isinstance(const, types.CodeType):
            tell(const)


def tell_file(path):
    with open(path, "rb") as file:
        source = file.read()
    try:
        code = compile(source, path, "exec")
    except (SyntaxError, ValueError, RecursionError if sys.version_info >= (3, 5) else RuntimeError):
        return  # a file of bad source, for tests of the compiler
    tell(code)


def files(names):
    for path in [os.path.join(os.path.dirname(os.__file__), name) for name in names]:
        if os.path.isfile(path):
            yield path
        for folder, folders, found in os.walk(path):
            folders[:] = sorted(set(folders) - {"site-packages", "dist-packages", "__pycache__"})
            for name in sorted(found):
                if name.endswith(".py"):
                    yield os.path.join(folder, name)


warnings.simplefilter("ignore")
for path in files(sys.argv[1:] or [""]):
    tell_file(path)
