#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What doctor foretold of real programs, against what their profiles then showed.

Unwinding: where every file is "ok", 99 % of the stacks are complete; where one is not, the share is shown.
Names: of a file that is "ok" 95 % of the frames have one, of a "bad" one 5 % at most; of the others both
shares are shown: doctor's is of the code, the profile's of where the time went."""
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
SONDE = pathlib.Path(os.environ["SONDE_BUILD"]) / "collector/sonde"
sys.path.insert(0, str(ROOT / "tests/oracles"))
import suites  # noqa: E402
from pprof_wire import Profile, violations  # noqa: E402

HZ, SECONDS, FEW_FRAMES = 499, 3, 50
FOLDER = pathlib.Path(tempfile.mkdtemp(prefix="sonde-doctor."))
GO_SOURCE, C_SOURCE, TEXT = FOLDER / "long.go", FOLDER / "long.cc", FOLDER / "text"
PYTHON = "d = {}\nwhile True:\n    for i in range(1000): d[i] = str(i) + repr(d.get(i - 1))[:9]"
NODE = "let o = {}; for (let i = 0;; i++) o[i % 99] = JSON.stringify([i, o[i % 98]]).slice(0, 9)"
GDB = "python\n" + PYTHON + "\nend"


def write_sources():
    GO_SOURCE.write_text("package p\n" + "".join(
        f"func f{i}(a, b int) int {{ if a > b {{ return a*{i} }}; return f{i}(b, a+1) }}\n" for i in range(600000)))
    C_SOURCE.write_text("#include <regex>\n#include <map>\n" + "".join(
        f"int f{i}(const char *s) {{ return std::regex_match(s, std::regex(\"a*{i}\")) + "
        f"std::map<int, int>{{{{1, {i}}}}}.size(); }}\n" for i in range(2000)))
    TEXT.write_text("".join(f"{i * 7919 % 1000003} line {i}\n" for i in range(2000000)))


def go_tool(name):
    try:
        return suites.pprof().parents[3] / "bin" / name
    except RuntimeError as e:
        print(f"no Go: {e}")
        return "go's " + name


PROGRAMS = [  # (what, command, standard input)
    ("gzip", ["/bin/gzip", "-9c"], "/dev/urandom"),
    ("xz", ["/usr/bin/xz", "-9c"], "/dev/urandom"),
    ("sha256sum", ["/usr/bin/sha256sum"], "/dev/zero"),
    ("sort", ["/usr/bin/sort", "--parallel=1", "-R", TEXT], None),
    ("bash", ["/bin/bash", "-c", "while :; do i=$(((i + 1) % 99)); a[$i]=x$i; done"], None),
    ("mawk", ["/usr/bin/mawk", "BEGIN { while (1) a[i++ % 99] = i * 3 }"], None),
    ("perl", ["/usr/bin/perl", "-e", "while (1) { $h{$i++ % 99} = sprintf('%d', $i) }"], None),
    ("python3", ["/usr/bin/python3", "-c", PYTHON], None),
    ("gdb", ["/usr/bin/gdb", "-nx", "-batch", "-ex", "source " + str(FOLDER / "loop.gdb")], None),
    ("busybox", ["/bin/busybox", "sh", "-c", "while :; do i=$(((i + 1) % 99)); done"], None),
    ("clang-14", ["/usr/lib/llvm-14/bin/clang", "-cc1", "-O2", "-emit-obj", "-fcxx-exceptions", "-x", "c++",
                  "-internal-isystem", "/usr/include/c++/12", "-internal-isystem",
                  "/usr/include/x86_64-linux-gnu/c++/12", "-internal-isystem",
                  "/usr/lib/llvm-14/lib/clang/14.0.6/include", "-internal-externc-isystem",
                  "/usr/include/x86_64-linux-gnu", "-internal-externc-isystem", "/usr/include", "-o",
                  FOLDER / "o", C_SOURCE], None),
    ("gofmt", [go_tool("gofmt"), "-d", "-s", GO_SOURCE], None),
    ("node", ["/usr/bin/node", "-e", NODE], None),
]


def foretell(pid):
    """{path: {"unwind": (level, words), "names": (level, words)}}"""
    said = subprocess.run([SONDE, "doctor", str(pid)], capture_output=True, text=True).stdout
    files = {}
    for level, what, path, words in re.findall(r"^(\w+) +(unwind|names) +(\S+): (.*)$", said, re.M):
        files.setdefault(path, {})[what] = (level, words)
    return files


def completeness(profile):
    ended = {k: int(n) for k, n in re.findall(r"^# stop (\w+): (\d+)$", "\n".join(profile.comments), re.M)}
    whole = sum(ended.get(k, 0) for k in ("NO_USER", "END", "NULL_RETURN"))
    return whole / max(sum(ended.values()), 1), {k: n for k, n in ended.items()
                                                 if k not in ("NO_USER", "END", "NULL_RETURN")}


def named_by_file(profile):
    """{path: (named, all)} in frames, weighed by samples."""
    out = {}
    weight = {}
    for ids, values, _ in profile.samples:
        for i in ids:
            weight[i] = weight.get(i, 0) + values[0]
    for l in profile.locations:
        path = profile.strings[profile.mappings[l[2] - 1].get(5, 0)]
        placed = re.fullmatch(r"\[.*\+0x[0-9a-f]+\]", profile.names[l[4][-1][1]])
        named, total = out.get(path, (0, 0))
        out[path] = named + (0 if placed else weight.get(l[1], 0)), total + weight.get(l[1], 0)
    return out


def judge_names(files, shown):
    good = True
    for path, (named, total) in sorted(shown.items(), key=lambda kv: -kv[1][1]):
        if path not in files or total < FEW_FRAMES:
            continue
        level, words = files[path]["names"]
        share = named / total
        met = share >= 0.95 if level == "ok" else share <= 0.05 if level == "bad" else True
        good &= met
        print(f"    {'' if met else 'WRONG '}{level:4} {path}: foretold {words.split(';')[0]}; "
              f"{100 * share:.1f} % of {total} frames")
    return good


def prove(what, command, source):
    with open(source or "/dev/null") as stdin:
        target = subprocess.Popen([str(c) for c in command], stdin=stdin, stdout=subprocess.DEVNULL,
                                  stderr=subprocess.DEVNULL)
    try:
        time.sleep(1)
        files = foretell(target.pid)
        out = FOLDER / f"{what}.pb.gz"
        said = subprocess.run([SONDE, "record", "-F", str(HZ), "-d", str(SECONDS), "-p", str(target.pid),
                               "-o", out], capture_output=True, text=True)
        if said.returncode or target.poll() is not None:
            print(f"{what}: FAILED: {said.stderr.strip() if said.returncode else 'it ended too early'}")
            return False
    finally:
        target.kill()
        target.wait()
    profile = Profile(out)
    whole, cut = completeness(profile)
    bad = {path: facts["unwind"] for path, facts in files.items() if facts["unwind"][0] != "ok"}
    met = bool(bad) or whole >= 0.99
    print(f"{what}: {sum(v[0] for _, v, _ in profile.stacks())} samples, {100 * whole:.1f} % complete, "
          f"foretold: {'whole' if not bad else 'not whole'}{'' if met else ' WRONG'}{f', cut: {cut}' if cut else ''}")
    for path, (level, words) in bad.items():
        print(f"    {level:4} {path}: {words}")
    shown = named_by_file(profile)
    names_met = judge_names(files, shown)
    user = [v for path, v in shown.items() if path in files or path == "[jit]"]
    print(f"    in all {100 * sum(n for n, _ in user) / max(sum(t for _, t in user), 1):.1f} % of the user frames named")
    return met and names_met and not violations(profile)


def main():
    write_sources()
    (FOLDER / "loop.gdb").write_text(GDB)
    there = [p for p in PROGRAMS if os.access(p[1][0], os.X_OK)]
    print("not here:", [p[0] for p in PROGRAMS if p not in there] or "none")
    good = [prove(*program) for program in there]
    shutil.rmtree(FOLDER)
    print(f"{sum(good)} of {len(good)} programs as foretold")
    return 0 if all(good) and len(good) >= 10 else 1


sys.exit(main())
