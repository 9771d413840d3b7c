# SPDX-License-Identifier: Apache-2.0
"""In which function does a place in a file lie, and does a thread begin there? By gdb (which finds the
debug file of a stripped library by its build id), by the file's entry point, and for Go by the go tool."""
import functools
import pathlib
import re
import subprocess

import suites

GDB = "/usr/bin/gdb"
READELF = "/usr/bin/readelf"
START_SIZE = 64  # _start is shorter, in crt1.o and in the dynamic linker

# the kernel or clone() enters these, or nobody returns below them
ENTRIES = {"_start", "_dl_start_user", "clone", "__clone", "clone3", "__clone3",
           # Go: the runtime's own traceback ends there too (runtime/traceback.go, topofstack)
           "runtime.goexit", "runtime.mstart", "runtime.rt0_go",
           # and these leave the stack that called them for good
           "runtime.mcall", "runtime.morestack", "runtime.clone"}


def begins_a_thread(name):
    return name in ENTRIES


class File:
    def __init__(self, path):
        self.path = path
        text = subprocess.run([READELF, "-hlSW", path], capture_output=True, text=True).stdout
        entry = re.search(r"Entry point address: +0x([0-9a-f]+)", text)
        self.entry = int(entry[1], 16) if entry else 0
        self.loads = [tuple(int(x, 16) for x in m.groups()) for m in
                      re.finditer(r"^  LOAD +0x(\w+) 0x(\w+) 0x\w+ 0x(\w+) ", text, re.M)]
        self.go = re.search(r"\.gopclntab +PROGBITS +\w+ (\w+)", text)
        self.text = re.search(r"\.text +PROGBITS +(\w+)", text)

    def vaddr(self, offset):
        for start, vaddr, size in self.loads:
            if start <= offset < start + size:
                return vaddr + offset - start
        return offset

    def name_by_go(self, vaddr):
        """go tool addr2line takes the section for Go's part of it, which in a cgo program begins later."""
        with open(self.path, "rb") as elf:
            elf.seek(int(self.go[1], 16) + 24)
            text_start = int.from_bytes(elf.read(8), "little")
        shift = max(0, text_start - int(self.text[1], 16))
        tool = suites.pprof().with_name("addr2line")
        out = subprocess.run([tool, self.path], input=f"{vaddr - shift:#x}\n", capture_output=True, text=True)
        return out.stdout.split("\n")[0]

    def name_by_gdb(self, vaddr):
        out = subprocess.run([GDB, "-nx", "-batch", "-ex", f"info symbol {vaddr:#x}", self.path],
                             capture_output=True, text=True)
        found = re.search(r"^(\S+)( \+ \d+)? in section", out.stdout, re.M)
        return found[1].split("@")[0] if found else "?"

    def name(self, offset):
        vaddr = self.vaddr(offset)
        if self.entry <= vaddr < self.entry + START_SIZE:
            return "_start"
        name = self.name_by_go(vaddr) if self.go else "?"
        return name if name != "?" else self.name_by_gdb(vaddr)


@functools.cache
def file(path):
    return File(path)


@functools.cache
def name(path, offset):
    if not pathlib.Path(path).is_file():
        return path  # [vdso], [jit]
    return file(path).name(offset)
