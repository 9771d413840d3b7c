# SPDX-License-Identifier: Apache-2.0
"""Unwind rows of a file against readelf's interpretation of its .eh_frame: CFA, caller's rbp and return
address at every row of every FDE, first and last address; what readelf prints as 'exp' against the raw
instructions; the gaps between functions; and that we have no row boundary that readelf has not."""
import bisect
import re
import subprocess

NONE, SP, FP, FP_DEREF, SP_DEREF, REG, PLT, END, UNSUPPORTED = range(9)
RA_REG, SIGRET = 12, 13
REGS = ["r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15", "rdi", "rsi", "rbp", "rbx", "rdx", "rax", "rcx"]
PAGE = 1 << 16
MAX_BRIDGE = 32
START_SIZE = 64
READELF = "/usr/bin/readelf"
OBJDUMP = "/usr/bin/objdump"


class Fde:
    def __init__(self, cie, start, end, signal):
        self.cie, self.start, self.end, self.signal = cie, start, end, signal
        self.rows = []  # (address, columns)
        self.cfa_expressions = []
        self.fp_expressions = []


def dump(path, kind):
    """The lines about .eh_frame; there may be a .debug_frame too."""
    ours = False
    reader = subprocess.Popen([READELF, f"--debug-dump={kind}", path], stdout=subprocess.PIPE,
                              stderr=subprocess.DEVNULL, text=True, errors="replace")
    with reader:
        for line in reader.stdout:
            if line.startswith("Contents of the "):
                ours = ".eh_frame section" in line
            elif ours:
                yield line


def heads(line):
    """(offset, None) of a CIE, (offset, (cie, start, end)) of an FDE."""
    found = re.match(r"([0-9a-f]+) [0-9a-f]+ [0-9a-f]+ (CIE|FDE cie=([0-9a-f]+) pc=([0-9a-f]+)\.\.([0-9a-f]+))", line)
    if not found:
        return None
    if found[2] == "CIE":
        return int(found[1], 16), None
    return int(found[1], 16), (int(found[3], 16), int(found[4], 16), int(found[5], 16))


def read_fdes(path):
    """FDEs by their offset, from the raw dump: expressions, and whether the CIE is a signal frame's."""
    fdes, signal, at = {}, {}, None
    for line in dump(path, "frames"):
        head = heads(line)
        if head:
            at = head[0]
            if head[1]:
                fdes[at] = Fde(*head[1], signal.get(head[1][0], False))
        elif at is not None and at not in fdes and "Augmentation:" in line:
            signal[at] = "S" in line.split('"')[1]
        elif at in fdes:
            cfa = re.search(r"DW_CFA_def_cfa_expression \((.*)\)$", line)
            fp = re.search(r"DW_CFA_expression: r6 \(rbp\) \((.*)\)$", line)
            if cfa:
                fdes[at].cfa_expressions.append(cfa[1])
            elif fp:
                fdes[at].fp_expressions.append(fp[1])
    return fdes


def read_rows(path, fdes):
    at, columns, cies = None, [], {}
    for line in dump(path, "frames-interp"):
        head = heads(line)
        if head:
            at = head[0]
            continue
        # a register rule takes two words: "r3 (rbx)"
        words = re.sub(r"\br\d+ \((\w+)\)", r"\1", line).split()
        if at is None or not words:
            continue
        if words[0] == "LOC":
            columns = words[1:]
        elif re.fullmatch(r"[0-9a-f]{16}", words[0]):
            row = int(words[0], 16), dict(zip(columns, words[1:]))
            if at in fdes:
                fdes[at].rows.append(row)
            else:
                cies[at] = row[1]
    # readelf prints no row of a function that has no instructions of its own: the CIE's holds
    for fde in fdes.values():
        if not fde.rows and fde.cie in cies:
            fde.rows.append((fde.start, cies[fde.cie]))


def init_code(path):
    """.init and .fini as FDEs with the rows that objdump's reading of the code gives."""
    out = subprocess.run([OBJDUMP, "-d", "-j", ".init", "-j", ".fini", path], capture_output=True, text=True).stdout
    for section in out.split("Disassembly of section ")[1:]:
        code = [(int(at, 16), len(hexes.split()), text.strip()) for at, hexes, text in
                re.findall(r"^ *([0-9a-f]+):\t([0-9a-f ]+)\t(.*)$", section, re.M)]
        moves = [text for _, _, text in code if "rsp" in text or text == "ret"]
        if moves != ["sub    $0x8,%rsp", "add    $0x8,%rsp", "ret"]:
            continue
        fde = Fde(None, code[0][0], code[-1][0] + code[-1][1], False)
        depth = 8
        for at, _, text in code:
            fde.rows.append((at, {"CFA": f"rsp+{depth}", "ra": "c-8"}))
            depth += {"sub    $0x8,%rsp": 8, "add    $0x8,%rsp": -8}.get(text, 0)
        yield fde


def start_code(path, functions):
    """The entry point, when it looks like one and no FDE holds it: nobody calls it."""
    out = subprocess.run([READELF, "-h", path], capture_output=True, text=True).stdout
    entry = int(re.search(r"Entry point address: +(0x[0-9a-f]+)", out)[1], 16)
    if any(f.start <= entry < f.end for f in functions):
        return
    out = subprocess.run([OBJDUMP, "-d", f"--start-address={entry}", f"--stop-address={entry + 8}", path],
                         capture_output=True, text=True).stdout
    code = re.findall(r"^ *[0-9a-f]+:\t[0-9a-f ]+\t(\w+ +\S+)$", out.replace("endbr64", ""), re.M)
    if code and re.fullmatch(r"xor +%[er]bp,%[er]bp|mov +%rsp,%rdi", code[0]):
        fde = Fde(None, entry, min([entry + START_SIZE] + [f.start for f in functions if f.start > entry]), False)
        fde.rows.append((entry, {"CFA": "rsp+8", "ra": "u"}))
        yield fde


def expected_cfa(text):
    """(kind, offset) of a CFA expression that the tables know; None of another one."""
    plt = re.fullmatch(r"DW_OP_breg7 \(rsp\): 8; DW_OP_breg16 \(rip\): 0; DW_OP_lit15; DW_OP_and; "
                       r"DW_OP_lit(\d+); DW_OP_ge; DW_OP_lit3; DW_OP_shl; DW_OP_plus", text)
    if plt:
        return PLT, int(plt[1])
    deref = re.fullmatch(r"DW_OP_breg[67] \((rbp|rsp)\): (-?\d+); DW_OP_deref(; DW_OP_plus_uconst: (\d+))?", text)
    if deref:
        return {"rbp": FP_DEREF, "rsp": SP_DEREF}[deref[1]], int(deref[2]) << 8 | int(deref[4] or 0) // 8
    return None


def expected_reg(reg, off):
    if reg in ("rsp", "rbp"):
        return {"rsp": SP, "rbp": FP}[reg], off
    return (REG, off << 4 | REGS.index(reg)) if reg in REGS else None


def agrees_cfa(fde, cfa, ours):
    if cfa == "exp":
        wanted = [expected_cfa(text) for text in fde.cfa_expressions]
        return ours[:2] in wanted or (None in wanted and ours[0] == UNSUPPORTED)
    reg, off = re.fullmatch(r"(\w+)([+-]\d+)", cfa).groups()
    wanted = expected_reg(reg, int(off))
    return ours[:2] == wanted if wanted else ours[0] == UNSUPPORTED


def agrees_fp(fde, rbp, ours):
    rule, off = ours[2:4]
    if rbp == "u":
        return rule in (0, 3)
    if rbp.startswith("c"):
        return (rule, off) == (1, int(rbp[1:]))
    if rbp == "exp":
        places = [re.fullmatch(r"DW_OP_breg6 \(rbp\): (-?\d+)", text) for text in fde.fp_expressions]
        wanted = [int(place[1]) if place else None for place in places]
        return (rule == 2 and off in wanted) or (rule == 3 and None in wanted)
    return rule == 3


def agrees_bx(rbx, ours):
    if rbx == "u":
        return ours[4] == 1
    return rbx.startswith("c-") and ours[4] == int(rbx[2:]) // 8


def agrees(fde, columns, ours, with_bx=False):
    ra = columns.get("ra", "u")
    if fde.signal:
        return ours[0] == SIGRET
    if ra == "u":
        return ours[0] == END
    if ra in REGS and columns["CFA"].startswith("rsp") and (ra == "rcx" or columns.get("rbp", "u") == "u"):
        return ours[:2] == (RA_REG, int(columns["CFA"][3:]) << 4 | REGS.index(ra))
    if ra != "c-8":
        return ours[0] == UNSUPPORTED
    if ours[0] == UNSUPPORTED:
        return agrees_cfa(fde, columns["CFA"], ours)
    return (agrees_cfa(fde, columns["CFA"], ours) and agrees_fp(fde, columns.get("rbp", "u"), ours) and
            (not with_bx or agrees_bx(columns.get("rbx", "u"), ours)))


class Verdict:
    def __init__(self):
        self.rows = self.gaps = self.unsupported = 0
        self.wrong = []


class Ours:
    def __init__(self, print_rows, path):
        text = subprocess.run([print_rows, path], capture_output=True, text=True, check=True).stdout
        rows = [line.split() for line in text.splitlines()]
        self.starts = [int(row[0], 16) for row in rows]
        self.infos = [tuple(map(int, row[1:])) for row in rows]

    def at(self, address):
        i = bisect.bisect_right(self.starts, address) - 1
        return self.infos[i] if i >= 0 else (NONE, 0, 0, 0, 0)

    def with_bx(self):
        return any(info[0] == REG and REGS[info[1] & 15] == "rbx" for info in self.infos)


def judge_fde(verdict, ours, fde, bounds, with_bx):
    rows = [row for row in fde.rows if fde.start <= row[0] < fde.end]
    for i, (start, columns) in enumerate(rows):
        end = rows[i + 1][0] if i + 1 < len(rows) else fde.end
        bounds.add(start)
        if start >= end:
            continue  # a row that the next one replaces at once
        for at in {start, end - 1}:
            verdict.rows += 1
            verdict.unsupported += ours.at(at)[0] == UNSUPPORTED
            if not agrees(fde, columns, ours.at(at), with_bx):
                verdict.wrong.append((hex(at), columns, ours.at(at)))


def judge_gap(verdict, ours, start, end, next_fde=None):
    """Nothing is known in a gap. One exception: clone() ends its FDE before the system call, and where the
    new thread goes on there is another one, without a caller; the rule before the gap holds in it."""
    first = next_fde.rows[0][1] if next_fde else {}
    bridged = end - start <= MAX_BRIDGE and first.get("ra") == "u" and start // PAGE == end // PAGE
    wanted = ours.at(start - 1) if bridged else (NONE, 0, 0, 0, 0)
    for at in {start, end - 1}:
        verdict.gaps += 1
        if ours.at(at) != wanted:
            verdict.wrong.append((hex(at), "in no function", ours.at(at)))


def is_go(path):
    """Then we have rows of Go's own table too, of which readelf knows nothing."""
    out = subprocess.run([READELF, "-SW", path], capture_output=True, text=True).stdout
    return ".gopclntab" in out


def judge_bounds(verdict, ours, bounds):
    for start in ours.starts:
        if start % PAGE and start not in bounds:
            verdict.wrong.append((hex(start), "no row begins here", ours.at(start)))


def judge(print_rows, path):
    """A file that readelf finds no FDE in gives an empty verdict."""
    fdes = read_fdes(path)
    read_rows(path, fdes)
    verdict, bounds, at = Verdict(), set(), None
    functions = [f for f in fdes.values() if f.start < f.end and f.rows]
    if not functions:
        return verdict
    functions += init_code(path)
    functions += start_code(path, functions)
    ours, go = Ours(print_rows, path), is_go(path)
    with_bx = ours.with_bx()
    for fde in sorted(functions, key=lambda f: f.start):
        judge_fde(verdict, ours, fde, bounds, with_bx)
        if at is not None and at < fde.start and not go:
            judge_gap(verdict, ours, at, fde.start, fde)
        at = max(at or 0, fde.end)
        bounds.add(fde.end)
    if not go:
        judge_gap(verdict, ours, at, at + 1)
        judge_bounds(verdict, ours, bounds)
    return verdict
