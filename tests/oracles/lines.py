# SPDX-License-Identifier: Apache-2.0
"""Names, lines and inline chains of addresses against llvm-symbolizer and addr2line.

An answer is right when it equals one of the two. Where both differ from ours, it must have one of the
reasons below, which are judged here and not believed."""
import collections
import json
import posixpath
import re
import subprocess

LLVM, ADDR2LINE, READELF = "/usr/bin/llvm-symbolizer-14", "/usr/bin/addr2line", "/usr/bin/readelf"


def functions(path):
    """(address, size, name) of the functions that have a size."""
    text = subprocess.run([READELF, "-sW", path], capture_output=True, text=True, errors="replace").stdout
    found = set()
    for line in text.splitlines():
        words = line.split()
        if len(words) > 7 and words[3] in ("FUNC", "IFUNC") and words[6] != "UND":
            size = int(words[2], 0)
            if size:
                found.add((int(words[1], 16), size, words[7].split("@")[0]))
    return sorted(found)


def build_id(path):
    text = subprocess.run([READELF, "-nW", path], capture_output=True, text=True).stdout
    return text.split("Build ID:")[1].split()[0]


def choose(path, count):
    """Addresses spread evenly over the bytes of all functions."""
    spans = [(address, size) for address, size, _ in functions(path)]
    total = sum(size for _, size in spans)
    step, at, chosen = max(1.0, total / count), 0.5, set()
    done = 0
    for address, size in spans:
        while at < done + size:
            chosen.add(address + int(at - done))
            at += step
        done += size
    return sorted(chosen)


def norm(path):
    if not path or path.startswith("??"):
        return ""
    return posixpath.normpath(path)


def frame(name, path, line):
    name = name.split("@")[0]  # a version
    return ("" if name in ("??", "") else name, norm(path), int(line) if str(line).isdigit() else 0)


def chain(frames):
    return [f for f in frames if f != ("", "", 0)]


def ask_ours(print_lines, path, addresses, *options):
    done = subprocess.run([print_lines, *options, path], input="\n".join(map(hex, addresses)), text=True,
                          capture_output=True, errors="replace", check=True)
    answers, pretty = {}, {}
    for line in done.stdout.splitlines():
        if "\t" not in line:
            at = int(line, 16)
            answers[at], pretty[at] = [], []
        else:
            name, linkage, file, number, start = line.split("\t")
            answers[at].append(frame(linkage, file, number))
            pretty[at].append((name, int(start)))
    return {at: chain(frames) for at, frames in answers.items()}, pretty, done.stderr


def ask_llvm(path, addresses, *options):
    done = subprocess.run([LLVM, "--inlines", "--no-demangle", "--output-style=JSON", *options, "-e", path],
                          input="\n".join(map(hex, addresses)), text=True, capture_output=True, errors="replace")
    answers, starts = {}, {}
    for line in done.stdout.splitlines():
        row = json.loads(line)
        frames = row.get("Symbol", [])
        at = int(row["Address"], 16)
        answers[at] = chain(frame(f["FunctionName"], f["FileName"], f["Line"]) for f in frames)
        starts[at] = [(posixpath.basename(f["StartFileName"]), f["StartLine"]) for f in frames]
    return answers, starts


def ask_addr2line(path, addresses):
    done = subprocess.run([ADDR2LINE, "-afi", "-e", path], input="\n".join(map(hex, addresses)), text=True,
                          capture_output=True, errors="replace")
    answers, at, name = {}, None, None
    for line in done.stdout.splitlines():
        if re.fullmatch(r"0x[0-9a-f]{16}", line):
            at, name = int(line, 16), None
            answers[at] = []
        elif name is None:
            name = line
        else:
            file, _, number = re.sub(r" \(discriminator \d+\)$", "", line).rpartition(":")
            answers[at].append(frame(name, file, number))
            name = None
    return {at: chain(frames) for at, frames in answers.items()}


class Aliases:
    """All names that a function's address has in the symbol tables."""

    def __init__(self, *paths):
        self.at, self.spans = collections.defaultdict(set), {}
        for path in paths:
            for address, size, name in functions(path):
                self.at[address].add(name)
                self.spans[address] = max(size, self.spans.get(address, 0))
        self.starts = sorted(self.spans)

    def of(self, address):
        names = set()
        for start in self.starts:
            if start <= address < start + self.spans[start]:
                names |= self.at[start]
        return names


def without_vague_files(frames):
    return [(name, path if line else "", line) for name, path, line in frames]


def reason(ours, theirs, address, aliases):
    """Why two chains of one address may differ: a word, or None."""
    if without_vague_files(ours) == without_vague_files(theirs):
        return "file without a line"  # the symbol table's FILE entry, which is no path
    ours, theirs = without_vague_files(ours), without_vague_files(theirs)
    if len(ours) == len(theirs) and ours[:-1] == theirs[:-1] and ours and ours[-1][1:] == theirs[-1][1:]:
        names = aliases.of(address)
        mine, other = ours[-1][0], theirs[-1][0]
        if mine in names and other in names:
            return "alias"  # of the names of the function that is called, another one was taken
        if mine in names and mine.startswith(other + "."):
            return "clone"  # the symbol knows which part or copy it is: f.cold, f.constprop.0
    return None


def frame_by_frame(ours, first, second, address, aliases):
    """Each frame is one of the two tools', though neither has all of them."""
    if not len(ours) == len(first) == len(second):
        return None
    for i, mine in enumerate(ours):
        last = i == len(ours) - 1
        if not any(mine == other or (last and reason([mine], [other], address, aliases))
                   for other in (first[i], second[i])):
            return None
    return "frame by frame"


class Verdict:
    def __init__(self):
        self.addresses = self.frames = self.inlined = self.lines = self.starts = 0
        self.counts = collections.Counter()
        self.wrong = []
        self.said = ""


def judge_starts(verdict, at, ours, pretty, theirs, starts):
    """First lines of functions: ours are 0 where the function is declared in another file."""
    for (_, path, _), (_, start), their, (_, their_start) in zip(ours, pretty, theirs, starts):
        if not start or their[1] != path:
            continue
        verdict.starts += 1
        if start != their_start:
            verdict.wrong.append((hex(at), path, start, their_start))


def judge(print_lines, path, addresses, *options, asked=None):
    """asked: the file that the oracles are asked about, where it is another one."""
    asked = asked or path
    ours, pretty, said = ask_ours(print_lines, path, addresses, *options)
    llvm, starts = ask_llvm(asked, addresses)
    binutils = ask_addr2line(asked, addresses)
    aliases = Aliases(path, asked)
    verdict = Verdict()
    verdict.said = said
    for at in addresses:
        mine, first, second = ours[at], llvm.get(at, []), binutils.get(at, [])
        verdict.addresses += 1
        verdict.frames += len(mine)
        verdict.inlined += max(0, len(mine) - 1)
        verdict.lines += bool(mine and mine[0][2])
        if len(mine) == len(first) == len(starts[at]) and mine:
            judge_starts(verdict, at, mine, pretty[at], first, starts[at])
        if mine == first or mine == second:
            verdict.counts["both" if first == second else "llvm" if mine == first else "addr2line"] += 1
            continue
        why = (reason(mine, first, at, aliases) or reason(mine, second, at, aliases) or
               frame_by_frame(mine, first, second, at, aliases))
        if why:
            verdict.counts[why] += 1
        else:
            verdict.wrong.append((hex(at), mine, first, second))
    return verdict
