# SPDX-License-Identifier: Apache-2.0
"""Runs inside gdb (tools/record-case.sh): stops a target where a case of CASES wants it and writes down what
a walk needs of the process, with gdb's own stack for the truth. The format: case_file.h.

Our rows decide where to stop (STOP_AT), and go into the case; they never judge."""
import os
import pathlib
import struct
import subprocess

import gdb

BUILD = pathlib.Path(os.environ["SONDE_BUILD"])
FOLDER = pathlib.Path(os.environ["CASE_FOLDER"])
NEIGHBOURS = 4  # rows kept on each side of one that is needed
SAME_STACK = 65536  # stack pointers further apart are on different stacks

KINDS = ["none", "sp", "fp", "*fp", "*sp", "register", "plt", "end", "unsupported", "no-room", "sp-or-end", "sp-or-fp",
         "sp", "sigret"]
FP_DEREF, SP_DEREF, REG, RA_REG = 3, 4, 5, 12
REGS = ["r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15", "rdi", "rsi", "rbp", "rbx", "rdx", "rax", "rcx"]

# name: target, what it shows, breakpoints or a "catch", stop when this holds, and how gdb is asked when it
# cannot judge the very instruction
CASES = {
    "plt_first": ("oracle_plt", "a lazy PLT entry before its push", ["plt_mid"],
                  lambda s: s.rule.startswith("plt") and s.pc & 15 < 11),
    "plt_pushed": ("oracle_plt", "a lazy PLT entry behind its push", ["plt_mid"],
                   lambda s: s.rule.startswith("plt") and s.pc & 15 >= 11),
    "plt_resolved": ("oracle_plt", "a first call through the PLT: ld.so resolves the symbol, CFA in rbx",
                     ["_dl_fixup"], lambda s: "plt_mid" in s.names),
    "signal_same_stack": ("oracle_signals", "a signal handler on the thread's own stack", ["spin"],
                          lambda s: "on_usr2" in s.names and "on_usr1" not in s.names),
    "signal_alternate_stack": ("oracle_signals", "a signal handler on an alternate stack, the interrupted "
                               "code in a callback of qsort", ["spin"],
                               lambda s: "on_usr1" in s.names and "compare" in s.names and
                               "on_usr2" not in s.names),
    "signal_nested": ("oracle_signals", "a signal handler in a signal handler, both on an alternate stack",
                      ["odd sink", "spin"], lambda s: "on_usr1" in s.names and "on_usr2" in s.names),
    "sigreturn": ("oracle_signals", "in the kernel, in the system call that ends the trampoline",
                  ["catch syscall rt_sigreturn"], lambda s: True),
    "realign_r10": ("oracle_realign", "gcc's realigning prologue, CFA in r10", ["aligned_alloca"],
                    lambda s: s.rule.startswith("r10")),
    "realign_callers": ("oracle_realign", "callers with realigned stacks, CFA = *(rbp + n)", ["spin"],
                        lambda s: s.names.count("aligned_alloca") > 3),
    "throw_cfa_in_rcx": ("oracle_exceptions", "the end of a throw, CFA in rcx", ["rule rcx+8"],
                         lambda s: s.rule == "rcx+8", "stepi;stepi;stepi"),
    "throw_return_in_rcx": ("oracle_exceptions", "the last instruction of a throw, return address in rcx",
                            ["rule sp+0 ra=rcx"], lambda s: "ra=rcx" in s.rule, "stepi"),
    "throw_unwinder": ("oracle_exceptions", "libgcc's unwinder at work below a throw", ["_Unwind_GetIPInfo"],
                       lambda s: "thrower(int)" in s.names),
    "vdso": ("oracle_omit", "in the vdso", ["__vdso_clock_gettime"],
             lambda s: s.path == "[vdso]" and s.rule != "sp+8"),
    "omit_recursion": ("oracle_omit", "recursion without frame pointers below a callback of qsort", ["spin"],
                       lambda s: s.names.count("recurse") > 5 and "compare" in s.names),
    "omit_main": ("oracle_omit", "the same in the main thread: it ends at _start", ["spin"],
                  lambda s: "main" in s.names and "compare" in s.names),
    "frame_pointer_gap": ("oracle_frame_pointer", "a gap between a program's rows: frame pointers", ["spin"],
                          lambda s: "gap_top" in s.names and "bare_top" not in s.names),
    "frame_pointer_file": ("oracle_frame_pointer", "a library without rows: frame pointers", ["spin"],
                           lambda s: "bare_top" in s.names),
}

for setting in ("pagination off", "confirm off", "backtrace past-main on", "backtrace past-entry on",
                "debuginfod enabled off", "print thread-events off", "auto-load off",
                "libthread-db-search-path /nonexistent", "disable-randomization off",
                "print finish off"):
    gdb.execute("set " + setting, to_string=True)


def run(command):
    return gdb.execute(command, to_string=True)


def register(frame, name):
    return int(frame.read_register(name)) & (2**64 - 1)


def read_memory(start, size):
    return bytes(gdb.selected_inferior().read_memory(start, size))


class File:
    """A mapped file's rows (print_rows) and segments."""

    def __init__(self, path, mapping):
        self.path = path
        if path == "[vdso]":
            path = FOLDER / "vdso.tmp"
            path.write_bytes(read_memory(mapping[0], mapping[1] - mapping[0]))
        data = pathlib.Path(path).read_bytes()
        self.segments = list(load_segments(data))
        self.base = min(vaddr for _, vaddr, _ in self.segments) & ~0xfff
        done = subprocess.run([BUILD / "tests/tools/print_rows", path], capture_output=True, text=True)
        self.rows = []  # (rel, text)
        for line in done.stdout.splitlines():
            vaddr, *rule = line.split()
            self.rows.append((int(vaddr, 16) - self.base, rule_text(*map(int, rule))))
        if self.path == "[vdso]":
            path.unlink()
        self.needed = set()

    def bias(self, mapping):
        start, _, off, _ = mapping
        file_off, vaddr, _ = next(s for s in self.segments if s[0] & ~0xfff <= off < s[0] + s[2])
        return start - (vaddr + off - file_off) + self.base

    def row(self, rel):
        """Index of the row in force."""
        low, high = 0, len(self.rows)
        while low < high:
            mid = (low + high) // 2
            if self.rows[mid][0] <= rel:
                low = mid + 1
            else:
                high = mid
        return low - 1


def load_segments(data):
    phoff, = struct.unpack_from("<Q", data, 32)
    size, count = struct.unpack_from("<HH", data, 54)
    for i in range(count):
        kind, _, off, vaddr, _, file_size = struct.unpack_from("<IIQQQQ", data, phoff + i * size)
        if kind == 1:
            yield off, vaddr, file_size


def rule_text(kind, cfa, fp_rule, fp_off, bx_rule):
    text = KINDS[kind]
    if kind == RA_REG:
        text = f"sp{cfa >> 4:+d} ra={REGS[cfa & 15]}"
    elif kind == REG:
        text = f"{REGS[cfa & 15]}{cfa >> 4:+d}"
    elif kind in (FP_DEREF, SP_DEREF):
        text += f"{cfa >> 8:+d}" + (f"+{8 * (cfa & 255)}" if cfa & 255 else "")
    elif text not in ("none", "sigret", "end", "unsupported", "no-room"):
        text += f"{cfa:+d}"
    text += ["", f" fp=*cfa{fp_off:+d}", f" fp=*fp{fp_off:+d}", " fp=lost"][fp_rule]
    return text + ["", " bx=same", f" bx=*cfa-{8 * bx_rule}"][min(bx_rule, 2)]


class State:
    """The selected thread and what gdb makes of it."""

    files = {}  # of all states: a target's files do not change

    def __init__(self):
        self.pid = gdb.selected_inferior().pid
        self.mappings = []
        for line in pathlib.Path(f"/proc/{self.pid}/maps").read_text().splitlines():
            words = line.split(maxsplit=5)
            if "x" in words[1]:
                start, end = (int(x, 16) for x in words[0].split("-"))
                self.mappings.append((start, end, int(words[2], 16), words[5] if len(words) == 6 else ""))
        frame = gdb.newest_frame()
        self.registers = {name: register(frame, name) for name in ["rip", "rsp"] + REGS}
        self.pc = self.registers["rip"]
        mapping = self.mapping(self.pc)
        self.path = mapping[3] if mapping else ""
        self.rule = self.rule_at(self.pc)

    def mapping(self, pc):
        return next((m for m in self.mappings if m[0] <= pc < m[1]), None)

    def file(self, mapping):
        if mapping[3] not in State.files:
            State.files[mapping[3]] = File(mapping[3], mapping)
        return State.files[mapping[3]]

    def rule_at(self, pc):
        mapping = self.mapping(pc)
        if not mapping or mapping[3][:1] not in "/[" or mapping[3] == "[vsyscall]":
            return "?"
        file = self.file(mapping)
        return file.rows[file.row(pc - file.bias(mapping))][1] if file.rows else "?"

    @property
    def names(self):
        if not hasattr(self, "_names"):
            self._names = [frame.name() or "?" for frame in walk()]
        return self._names


def walk():
    """Frames that lie on the stack: no inlined ones, no tail calls."""
    frame = gdb.newest_frame()
    while frame:
        if frame.type() not in (gdb.INLINE_FRAME, gdb.TAILCALL_FRAME):
            yield frame
        frame = frame.older()


def described(pc, back):
    text = run(f"info symbol {pc - back:#x}").split(" in section")[0].split("\n")[0]
    return "?" if text.startswith("No symbol") else text.replace(" + ", "+")


def gdbs_stack():
    """[(pc, "exact" or "return", text)], extents of memory, and why gdb ended the stack."""
    frames, spans, exact = [], [], True
    for frame in walk():
        trampoline = frame.type() == gdb.SIGTRAMP_FRAME
        pc, sp, fp = frame.pc(), register(frame, "rsp"), register(frame, "rbp")
        exact = exact or trampoline
        frames.append((pc, "exact" if exact else "return", described(pc, 0 if exact else 1)))
        spans.append((sp, sp + (184 if trampoline else 32)))
        if sp <= fp < sp + SAME_STACK:
            spans.append((sp, fp + 16))
        exact = trampoline
    reason = gdb.frame_stop_reason_string(frame.unwind_stop_reason())
    return frames, spans, reason


def joined(spans):
    """Stacks: spans that lie close to each other."""
    stacks = []
    for start, end in sorted(spans):
        if stacks and start <= stacks[-1][1] + SAME_STACK // 4:
            stacks[-1][1] = max(end, stacks[-1][1])
        else:
            stacks.append([start, end])
    return stacks


class OddSink(gdb.Breakpoint):
    """Makes on_usr1 raise a signal of its own."""

    def stop(self):
        run("set var *(unsigned long *)&sink = 1")
        return False


def put_breakpoint(where):
    if where == "odd sink":
        OddSink("on_usr1")
    elif where.startswith("catch "):
        run(where)
    elif where.startswith("rule "):
        state, wanted = State(), where[5:]
        for mapping in state.mappings:
            if "libgcc_s" in mapping[3]:
                file = state.file(mapping)
                for rel, text in file.rows:
                    if text == wanted:
                        run(f"break *{rel + file.bias(mapping):#x}")
    else:
        run("break " + where)


def go_there(holds):
    """Breakpoint by breakpoint, and from each some instructions on."""
    for _ in range(2000):
        run("continue")
        for _ in range(12):
            state = State()
            if holds(state):
                return state
            if "names" in holds.__code__.co_names:
                break  # of callers: the next instruction does not change them
            run("stepi")
    raise gdb.GdbError("did not get there")


def kept_rows(file):
    """Per page: the needed rows with their neighbours; what is left out becomes "unsupported"."""
    keep = {}
    for rel in file.needed:
        at = file.row(rel)
        for i in range(max(0, at - NEIGHBOURS), min(len(file.rows), at + NEIGHBOURS + 1)):
            if file.rows[i][0] >> 16 == rel >> 16:
                keep.setdefault(rel >> 16, set()).add(i)
    for page, indexes in sorted(keep.items()):
        rows, last = [], None
        for i in sorted(indexes):
            rel, text = file.rows[i]
            if last is None and rel & 0xffff:
                rows.append((0, "unsupported"))
            elif last is not None and i != last + 1:
                rows.append((file.rows[last + 1][0] & 0xffff, "unsupported"))
            rows.append((rel & 0xffff, text))
            last = i
        if last + 1 < len(file.rows) and file.rows[last + 1][0] >> 16 == page:
            rows.append((file.rows[last + 1][0] & 0xffff, "unsupported"))
        yield page, rows


def table_lines(state, frames):
    """Tables and mappings that the stack's addresses lie in."""
    used = []
    for pc, how, _ in frames:
        pc -= how == "return"
        mapping = state.mapping(pc)
        file = state.file(mapping)
        file.needed.add(pc - file.bias(mapping))
        if mapping not in used:
            used.append(mapping)
    tables, mappings = [], []
    for mapping in sorted(used):
        file = state.file(mapping)
        name = pathlib.Path(mapping[3]).name.split(".")[0].strip("[]")
        span = f"mapping {mapping[0]:x}-{mapping[1]:x}"
        if not file.rows:
            mappings.append(f"{span} frame-pointer")
            continue
        mappings.append(f"{span} bias={file.bias(mapping):x} table={name}")
        tables.append(f"table {name}")
        for page, rows in kept_rows(file):
            tables.append(f"page {page:x}")
            tables += [f"{pc:x} {text}" for pc, text in rows]
    return tables + mappings


def memory_lines(spans):
    lines = ["memory"]
    for start, end in joined(spans):
        start, end = start & ~7, (end + 7) & ~7
        words = struct.unpack(f"<{(end - start) // 8}Q", read_memory(start, end - start))
        for i in range(0, len(words), 4):
            lines.append(f"{start + i * 8:x}: " + " ".join(f"{w:x}" for w in words[i:i + 4]))
    return lines


def record(name):
    target, shows, breakpoints, holds, *later = CASES[name]
    run(f"file {BUILD}/tests/targets/{target}")
    run("starti")
    run("handle SIGUSR1 SIGUSR2 nostop noprint pass")
    run("break busy_thread")
    run("continue")  # libraries are there
    run("delete")
    run("set scheduler-locking step")
    for where in breakpoints:
        put_breakpoint(where)
    state = go_there(holds)
    memory, oracle = None, run("show version").split("\n")[0]
    if later:  # the memory of this moment; the stack that the next instructions lead to
        memory = memory_lines([(state.registers["rsp"] - 64, state.registers["rsp"] + 4096),
                               (state.registers["rcx"], state.registers["rcx"] + 512)])
        here = (state.pc, "exact", described(state.pc, 0))
        run("delete")
        for command in later[0].split(";"):
            run(command)
        oracle += f", asked after \"{later[0]}\": that it comes next"
    frames, spans, reason = gdbs_stack()
    if later:
        frames = [here] + frames
    assert reason == "outermost", reason
    r = state.registers
    entered = " entered" if breakpoints[0].startswith("catch") else ""
    lines = [f"# {shows[0].upper()}{shows[1:]}.", f"# oracle: {oracle}",
             f"# from: {target}; rows that the stack does not need are left out (\"unsupported\")",
             "registers " + " ".join(f"{ours}={r[theirs]:x}" for ours, theirs in
                                     [("ip", "rip"), ("sp", "rsp"), ("fp", "rbp")] + list(zip(REGS, REGS))) + entered]
    lines += table_lines(state, frames) + (memory or memory_lines(spans))
    lines += ["stop END"] + [f"frame {pc:x} {how} {text}" for pc, how, text in frames]
    (FOLDER / f"{name}.txt").write_text("\n".join(lines) + "\n")
    print(f"{name}: {len(frames)} frames, {len(lines)} lines")


try:
    record(os.environ["CASE"])
finally:
    if gdb.selected_inferior().pid:
        run("kill")
