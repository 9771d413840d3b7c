# SPDX-License-Identifier: Apache-2.0
"""Names of addresses of a file against what readelf and objdump say of its symbol tables: at both ends, in
the middle and one byte behind every function, at both ends of every FDE, in every PLT slot."""
import re
import subprocess

READELF, OBJDUMP = "/usr/bin/readelf", "/usr/bin/objdump"
SYMTAB, DEBUGDATA, DYNSYM, PLT, GO, PYTHON, KALLSYMS, FDE, NONE = range(9)  # enum name_source


def run(*command, **more):
    return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, errors="replace",
                          **more).stdout


class Symbol:
    def __init__(self, start, size, name=""):
        self.start, self.size, self.name = start, size, name

    def covers(self, address):
        return self.start <= address < self.start + self.size


def code_sections(path):
    """{number: (name, start, end)} of sections that hold code."""
    line = re.compile(r"\s*\[ *(\d+)\] (\S*)\s+\w+\s+([0-9a-f]{16}) [0-9a-f]+ ([0-9a-f]+) [0-9a-f]+ +(\w*) ")
    found = filter(None, map(line.match, run(READELF, "-SW", path).splitlines()))
    return {int(f[1]): (f[2], int(f[3], 16), int(f[3], 16) + int(f[4], 16)) for f in found if "X" in f[5]}


def code_symbols(path, sections):
    symbols = []
    for line in run(READELF, "-sW", path).splitlines():
        words = line.split()
        if len(words) < 8 or words[3] not in ("FUNC", "IFUNC", "NOTYPE") or not words[6].isdigit():
            continue
        section, start = sections.get(int(words[6])), int(words[1], 16)
        if section and section[1] <= start < section[2] and not words[7].startswith("$"):
            symbols.append(Symbol(start, min(int(words[2], 0), section[2] - start), words[7].split("@")[0]))
    return symbols


def fde_ranges(path):
    text = run(READELF, "--debug-dump=frames", path)
    ranges = {(int(a, 16), int(b, 16)) for a, b in re.findall(r" FDE cie=\w+ pc=(\w+)\.\.(\w+)", text)}
    return [Symbol(a, b - a) for a, b in ranges if 0 < a < b]


def plt_slots(path, sections):
    """The slots that objdump can name by a symbol."""
    slots = []
    for name, _, end in sections.values():
        if not name.startswith(".plt"):
            continue
        text = run(OBJDUMP, "-d", f"--section={name}", path)
        heads = [(int(a, 16), n) for a, n in re.findall(r"^([0-9a-f]{16}) <(.*)>:$", text, re.M)]
        for i, (start, label) in enumerate(heads):
            stop = heads[i + 1][0] if i + 1 < len(heads) else end
            if label.endswith("@plt") and not label.startswith("*ABS*"):
                slots.append(Symbol(start, min(stop - start, 16), label))
    return slots


class World:
    """The file as others see it."""

    def __init__(self, path):
        self.sections = code_sections(path)
        self.symbols = code_symbols(path, self.sections)
        self.fdes = fde_ranges(path)
        self.slots = plt_slots(path, self.sections)

    def addresses(self):
        at = {a for s in self.symbols
              for a in (s.start, s.start + s.size // 2, s.start + max(s.size, 1) - 1, s.start + s.size)}
        at |= {a for s in self.fdes for a in (s.start, s.start + s.size - 1, s.start + s.size)}
        at |= {a for s in self.slots for a in (s.start, s.start + 6, s.start + s.size - 1)}
        return sorted(at)


def answers(print_names, path, addresses, *options):
    text = run(print_names, *options, path, input="\n".join(f"{a:x}" for a in addresses))
    for line in text.splitlines():
        address, source, start, size, *name = line.split(" ", 4)
        yield int(address, 16), int(source), int(start, 16), int(size, 16), name[0] if name else ""


class Sweep:
    """The symbols that cover rising addresses, in one pass."""

    def __init__(self, symbols):
        self.waiting = sorted((s for s in symbols if s.size), key=lambda s: -s.start)
        self.open = []

    def at(self, address):
        while self.waiting and self.waiting[-1].start <= address:
            self.open.append(self.waiting.pop())
        self.open = [s for s in self.open if s.covers(address)]
        return self.open


class Verdict:
    def __init__(self):
        self.named = self.unsized = self.slots = self.placed = 0
        self.wrong = []


def judge_unsized(world, address, start, name, fdes):
    """A symbol without size reaches to the next symbol, its section's and its function's end."""
    mine = [s for s in world.symbols if s.start == start and s.name == name and not s.size]
    between = any(start < s.start <= address for s in world.symbols)
    section = any(a <= start <= address < b for _, a, b in world.sections.values())
    left = any(f.covers(start) and not f.covers(address) for f in world.fdes)
    return mine and not between and section and not left and all(f.start <= start for f in fdes)


def judge_placed(source, start, size, fdes):
    return (start, size) in [(f.start, f.size) for f in fdes] if source == FDE else not fdes


def judge(print_names, path, *options):
    world, verdict = World(path), Verdict()
    addresses = world.addresses()
    sized, slot_of, fde_of = Sweep(world.symbols), Sweep(world.slots), Sweep(world.fdes)
    seen = 0
    for address, source, start, size, name in answers(print_names, path, addresses, *options):
        seen += 1
        covering, slots, fdes = sized.at(address), slot_of.at(address), fde_of.at(address)
        nearest = max((s.start for s in covering), default=None)
        if covering:
            good = any((s.start, s.size, s.name) == (nearest, size, name) and start == nearest for s in covering)
            verdict.named += 1
        elif slots:
            good = source == PLT and name == slots[0].name and start == slots[0].start
            verdict.slots += 1
        elif name:
            good = judge_unsized(world, address, start, name, fdes)
            verdict.unsized += 1
        else:
            good = judge_placed(source, start, size, fdes)
            verdict.placed += 1
        if not good:
            verdict.wrong.append((hex(address), source, hex(start), size, name,
                                  [(hex(s.start), s.size, s.name) for s in covering + slots]))
    if seen != len(addresses):
        verdict.wrong.append(("answers missing", seen, len(addresses)))
    return verdict
