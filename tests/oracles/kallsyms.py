# SPDX-License-Identifier: Apache-2.0
"""What /proc/kallsyms says of the kernel's functions. Of several symbols at one address the first is the one
that the kernel itself prints (kernel/kallsyms.c, get_symbol_pos())."""
import collections
import re

Symbol = collections.namedtuple("Symbol", "start name module")
LINE = re.compile(r"([0-9a-f]+) (\S) (\S+)(?:\t\[(\S+)\])?\n?")
NO_CODE = re.compile(r"_etext|_einittext")  # the first address behind code
ONLY_LISTED = re.compile("__builtin__")  # found by no address: trampolines of ftrace and kprobes


def symbols(text):
    """By address, those of code."""
    first = {}
    for line in text.splitlines():
        address, kind, name, module = LINE.fullmatch(line).groups()
        if kind in "tTwW" and not NO_CODE.fullmatch(name) and not ONLY_LISTED.match(module or ""):
            first.setdefault(int(address, 16), Symbol(int(address, 16), name, module or ""))
    return first


def answers(text):
    """Of print_kernel_names."""
    found = [re.fullmatch(r"([0-9a-f]+) (\S+?)(?:\t\[(\S+)\])?", line) for line in text.splitlines()]
    return [Symbol(int(f[1], 16), f[2], f[3] or "") if f else None for f in found]
