# SPDX-License-Identifier: Apache-2.0
"""Unwind rows against readelf's interpretation of .eh_frame: CFA by register and offset, and where
rbp and the return address are, at every row of every FDE. Rows with expressions are counted apart:
readelf prints 'exp' for them without saying which."""
import bisect
import re
import subprocess

import pytest

SP, FP, FP_DEREF, R10, PLT, SIGRET, END, UNSUPPORTED = 1, 2, 3, 4, 5, 6, 7, 8
RCX, RA_RCX = 10, 11
REGS = {"rsp": SP, "rbp": FP, "r10": R10, "rcx": RCX}
FILES = ["/lib/x86_64-linux-gnu/libc.so.6", "/lib64/ld-linux-x86-64.so.2", "/bin/bash",
         "/usr/lib/x86_64-linux-gnu/libstdc++.so.6"]


def our_rows(print_rows, path):
    text = subprocess.run([print_rows, path], capture_output=True, text=True, check=True).stdout
    rows = [line.split() for line in text.splitlines()]
    return [int(r[0], 16) for r in rows], [tuple(map(int, r[1:])) for r in rows]


def readelf_rows(path):
    """(start, end of row, cfa, rbp, ra) with column texts; u or absent: unsaved."""
    text = subprocess.run(["/usr/bin/readelf", "--debug-dump=frames-interp", path],
                          capture_output=True, text=True).stdout
    end, columns, pending = 0, [], None
    for line in text.splitlines():
        fde = re.match(r"[0-9a-f]+ [0-9a-f]+ [0-9a-f]+ FDE .*pc=([0-9a-f]+)\.\.([0-9a-f]+)", line)
        if fde or not line.strip() or " CIE " in line:
            if pending and pending[0] < end:
                yield (pending[0], end, pending[1])
            pending = None
            if fde:
                end = int(fde[2], 16)
            elif " CIE " in line:
                end = 0
            continue
        # a register rule takes two words: "r3 (rbx)"
        words = re.sub(r"\br\d+ \((\w+)\)", r"\1", line).split()
        if words[0] == "LOC":
            columns = words[1:]
        elif end and re.match(r"[0-9a-f]{16}$", words[0]):
            row = (int(words[0], 16), dict(zip(columns, words[1:])))
            if pending and pending[0] < min(row[0], end):
                yield (pending[0], min(row[0], end), pending[1])
            pending = row
    if pending and pending[0] < end:
        yield (pending[0], end, pending[1])


def agrees(columns, ours):
    kind, cfa_off, fp_rule, fp_off = ours
    if kind == SIGRET:
        return columns["CFA"] == "exp"
    ra = columns.get("ra", "u")
    if ra == "u":
        return kind == END
    cfa = re.match(r"(\w+)([+-]\d+)$", columns["CFA"])
    if columns["CFA"] == "exp":
        return kind in (PLT, FP_DEREF, UNSUPPORTED)
    if (cfa[1], ra) == ("rsp", "rcx"):
        return (kind, cfa_off) == (RA_RCX, int(cfa[2]))
    if cfa[1] not in REGS or ra != "c-8":
        return kind == UNSUPPORTED
    if (kind, cfa_off) != (REGS[cfa[1]], int(cfa[2])):
        return False
    rbp = columns.get("rbp", "u")
    if rbp == "u":
        return fp_rule in (0, 3)
    if rbp.startswith("c"):
        return (fp_rule, fp_off) == (1, int(rbp[1:]))
    return fp_rule in (2, 3)  # exp, v, register


@pytest.mark.parametrize("path", FILES)
def test_rows_equal_readelf(print_rows, path):
    starts, infos = our_rows(print_rows, path)
    judged, wrong = 0, []
    for start, end, columns in readelf_rows(path):
        for at in (start, end - 1):
            ours = infos[bisect.bisect_right(starts, at) - 1]
            judged += 1
            if not agrees(columns, ours):
                wrong.append((hex(at), columns, ours))
    assert judged > 100
    assert wrong == [], f"{len(wrong)} of {judged}: {wrong[:5]}"
