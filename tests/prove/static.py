#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The static file in roots of Debian 11, Debian 13 and of busybox alone: it profiles a busy program there.

Each profile keeps the rules of pprof_wire.py; its names are what nm says of that root's program at those
addresses; the recorder itself has no file mapped but its own."""
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/oracles"))
import suites  # noqa: E402
from pprof_wire import Profile, violations  # noqa: E402

PERL = "my %h; for my $i (1..1e9) { $h{$i % 1000} .= sprintf('%d', $i); $h{$i % 1000} = '' if $i % 9000 == 0 }"
SHELL = "while :; do i=$(((i + 1) % 1000)); done"
HZ, SECONDS = 499, 3
PATH = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"}


def busybox(folder):
    for name in ("bin", "proc", "sys", "tmp"):
        (folder / name).mkdir()
    shutil.copy("/bin/busybox", folder / "bin")
    subprocess.run(["gcc", "-O2", "-static", "-fomit-frame-pointer", "-fno-optimize-sibling-calls",
                    ROOT / "tests/targets/chain.c", "-o", folder / "bin/chain"], check=True)
    return folder


def libraries_mapped(pid):
    maps = pathlib.Path(f"/proc/{pid}/maps").read_text()
    return {f for f in re.findall(r"^\S+ ..x\S .*\s(/.*)$", maps, re.M) if not f.endswith("/sonde")}


def record(root, target):
    """The profile of a busy program of that root, started before us and found by its id."""
    busy = subprocess.Popen(suites.inside(root, *target), env=PATH, stdout=subprocess.DEVNULL)
    try:
        time.sleep(1)
        doctor = subprocess.run(suites.inside(root, "/tmp/sonde", "doctor", busy.pid), env=PATH, capture_output=True, text=True)
        recorder = subprocess.Popen(
            suites.inside(root, "/tmp/sonde", "record", "-F", HZ, "-d", SECONDS, "-p", busy.pid, "-o", "/tmp/p.pb.gz"),
            env=PATH, stderr=subprocess.PIPE, text=True)
        time.sleep(SECONDS - 1)
        foreign = libraries_mapped(recorder.pid)
        said = recorder.communicate(timeout=30)[1]
    finally:
        busy.kill()
        busy.wait()
    if recorder.returncode or doctor.returncode:
        sys.exit(f"{root}: {said}{doctor.stdout}")
    print(next(line for line in doctor.stdout.splitlines() if f"names  {target[0]}" in line))
    return Profile(root / "tmp/p.pb.gz"), foreign


def nm(path):
    """[(start, end, name)] of .symtab, or of .dynsym where there is none."""
    for table in ([], ["-D"]):
        text = subprocess.run(["nm", "-S", *table, path], capture_output=True, text=True).stdout
        found = re.findall(r"^([0-9a-f]+) ([0-9a-f]+) [TtWwi] ([^@\n]+)", text, re.M)
        if found:
            return [(int(at, 16), int(at, 16) + int(size, 16), name) for at, size, name in found]
    return []


def segments(path):
    """(file offset, vaddr, size) of executable PT_LOADs."""
    text = subprocess.run(["readelf", "-Wl", path], capture_output=True, text=True, check=True).stdout
    return [tuple(int(x, 16) for x in m.groups()) for m in
            re.finditer(r"LOAD +(0x\w+) (0x\w+) 0x\w+ (0x\w+) 0x\w+ +R E", text)]


def judge_names(profile, path):
    """(frames' weight that has a name, all, [wrong names]) of the locations in one file."""
    symbols, loads = nm(path), segments(path)
    weight = {}
    for ids, values, _ in profile.samples:
        for i in ids:
            weight[i] = weight.get(i, 0) + values[0]
    named = total = 0
    wrong = []
    for l in profile.locations:
        m = profile.mappings[l[2] - 1]
        if pathlib.PurePath(profile.strings[m.get(5, 0)]).name != path.name or l[1] not in weight:
            continue
        name = profile.names[l[4][0][1]]
        total += weight[l[1]]
        if name.startswith("["):
            continue
        named += weight[l[1]]
        off = l[3] - m.get(2, 0) + m.get(4, 0)
        vaddr = next((off - at + v for at, v, size in loads if at <= off < at + size), None)
        if name.endswith("@plt"):
            continue
        if vaddr is None or not any(a <= vaddr < b and n == name for a, b, n in symbols):
            wrong.append((hex(off), name))
    return named, total, wrong


def incomplete(profile):
    ended = dict(re.findall(r"^# stop (\w+): (\d+)$", "\n".join(profile.comments), re.M))
    whole = sum(int(ended.get(k, 0)) for k in ("NO_USER", "END", "NULL_RETURN"))
    return sum(map(int, ended.values())) - whole, sum(map(int, ended.values()))


def prove(what, root, target, program, least_named, least_complete=0.99):
    profile, foreign = record(root, target)
    named, total, wrong = judge_names(profile, root / program)
    cut, stacks = incomplete(profile)
    names = {n for row, _, _ in profile.stacks() for n in row if not n.startswith("[")}
    print(f"{what}: {stacks} samples, {stacks - cut} complete; {program}: {100 * named / max(total, 1):.1f} % of "
          f"{total} frames named, {len(wrong)} wrongly; {len(names)} functions, such as {', '.join(sorted(names)[:4])}")
    for line in violations(profile) + [f"wrong name {w}" for w in wrong] + [f"mapped {f}" for f in foreign]:
        print("  ", line)
    return (not violations(profile) and not wrong and not foreign and stacks > HZ * SECONDS * 0.1 and
            stacks - cut >= least_complete * stacks and named >= least_named * total and (names or not least_named))


def main():
    subprocess.run([ROOT / "tools/static.sh"], check=True)
    sonde = ROOT / "build-static/sonde"
    good = []
    with tempfile.TemporaryDirectory(dir="/var/tmp", prefix="sonde-busybox.") as folder:
        roots = {"Debian 11": suites.debian("bullseye"), "Debian 13": suites.debian("trixie"),
                 "busybox alone": busybox(pathlib.Path(folder))}
        for what, root in roots.items():
            shutil.copy(sonde, root / "tmp/sonde")
            if (root / "usr/bin/perl").exists():
                # stripped: its exported functions have names, the others are placed
                good.append(prove(what, root, ["/usr/bin/perl", "-e", PERL], "usr/bin/perl", 0.5))
            else:
                good.append(prove(what, root, ["/bin/chain", "30"], "bin/chain", 0.999))
                # Debian builds it without unwind information, and strips it
                good.append(prove(what, root, ["/bin/busybox", "sh", "-c", SHELL], "bin/busybox", 0, 0))
            os.unlink(root / "tmp/sonde")
    return 0 if all(good) else 1


sys.exit(main())
