# SPDX-License-Identifier: Apache-2.0
"""One run of pprof that answers many questions, and its answers as numbers."""
import collections
import os
import re
import subprocess


class Refused(Exception):
    pass


def ask(pprof, path, commands, folder, *flags):
    """commands: texts for pprof's prompt; the output of each that is not a setting ('a=b'). folder: empty, ours."""
    typed, outs = [], []
    for command in commands:
        if re.match(r"\w+=", command):
            typed.append(command)
            continue
        outs.append(folder / f"{len(outs)}.txt")
        typed.append(f"{command} >{outs[-1]}")
    run = subprocess.run([pprof, "-symbolize=none", *map(str, flags), str(path)],
                         input="\n".join(["trim=false", *typed]), capture_output=True, text=True, timeout=60,
                         env=dict(os.environ, HOME=str(folder)), cwd=folder)
    if run.returncode:
        raise Refused(run.stderr)
    return [out.read_text("utf-8", "surrogateescape") if out.exists() else "" for out in outs]


def value(text):
    """'1000ns' as a number, whole when it is; '.' is 0."""
    if text == ".":
        return 0
    found = float(re.match(r"-?[\d.]+(?:e[-+]?\d+)?", text)[0])
    return int(found) if found == int(found) else found


ROW = re.compile(r"^\s*(\S+)\s+(\S+%)\s+(\S+%)\s+(\S+)\s+(\S+%) {2}(.*?)(?: \((?:partial-)?inline\))?$", re.M)


def top(text):
    """[(name, flat, flat%, cum, cum%)], as texts."""
    return [(name, flat, flat_part, cum, cum_part) for flat, flat_part, _, cum, cum_part, name in ROW.findall(text)]


def numbers(text):
    return collections.Counter((name, value(flat), value(cum)) for name, flat, _, cum, _ in top(text))


def peek(text, read=value):
    """A Counter of (name, flat, cum, callers, callees); those are sorted tuples of (name, value, inlined).
    read: what becomes of a value's text."""
    found = collections.Counter()
    for block in re.split(r"^-+\+-+ *$", text, flags=re.M)[2:]:
        node, around = None, ([], [])
        for line in block.strip("\n").splitlines():
            edge = re.match(r"^\s+(\S+) +\S+% \|   (.*?)( \(inline\))?$", line)
            if edge:
                around[node is not None].append((edge[2], read(edge[1]), bool(edge[3])))
                continue
            own = re.match(r"^\s*(\S+)\s+\S+%\s+\S+%\s+(\S+)\s+\S+% {16}\| (.*)$", line)
            node = (own[3], read(own[1]), read(own[2]))
        if node:
            found[(*node, *(tuple(sorted(edges)) for edges in around))] += 1
    return found


def listing(text, read=value):
    """{(function, file): (flat, cum, {line: (flat, cum, text)})}; no lines where pprof found no source."""
    found = {}
    for block in re.split(r"^ROUTINE =+ ", text, flags=re.M)[1:]:
        head, sums, *lines = block.splitlines()
        name, file = head.rsplit(" in ", 1)
        flat, cum = sums.split()[:2]
        rows = {}
        for line in lines:
            row = re.match(r"^\s*(\S+)\s+(\S+)\s+(\d+):(.*)$", line)
            if row:
                rows[int(row[3])] = (read(row[1]), read(row[2]), row[4])
        found[name, file] = (read(flat), read(cum), rows)
    return found


def traces(text):
    """[(value, [names, leaf first])]"""
    found = []
    for block in re.split(r"^-+\+-+$", text, flags=re.M)[1:]:
        for line in block.strip("\n").splitlines():
            first = re.match(r"^ *(-?[\d.]+\S*)   (?! )(.*?)(?: \(inline\))?$", line)
            more = re.match(r"^ {13}(?! )(.*?)(?: \(inline\))?$", line)
            if first:
                found.append((value(first[1]), [first[2]]))
            elif more and found:
                found[-1][1].append(more[1])
    return found
