#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Programs that end before anybody looks: 1,000 of 20 to 50 ms, 2,000 execs of true, a make -j2.

What a program's function took it measured itself (CLOCK_PROCESS_CPUTIME_ID); what a make took is the
kernel's account of its children. Of both, the share is shown that stands in the profile under the right
function or program with a complete stack. Only lost or miscounted samples are a failure: short_lives.py [RUNS]"""
import os
import pathlib
import random
import re
import resource
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ["SONDE_BUILD"])
sys.path.insert(0, str(ROOT / "tests/oracles"))
import suites  # noqa: E402
from pprof_wire import Profile, violations  # noqa: E402

BRIEF = BUILD / "tests/targets/brief"
HZ = 999
RUNS = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
EXECS, COLD = 2 * RUNS, 20
MAKE = ["make", "-s", "-j2", "posix"]
OUTERMOST = {"NO_USER", "END", "NULL_RETURN"}


def record(out, *command, **more):
    run = subprocess.run([BUILD / "collector/sonde", "record", "-F", str(HZ), "-o", out, "--", *map(str, command)],
                         stderr=subprocess.PIPE, text=True, **more)
    if run.returncode:
        sys.exit(f"record: exit {run.returncode}: {run.stderr[-2000:]}")
    return Profile(out)


def counts(profile, kind):
    return {k: int(n) for k, n in re.findall(rf"^# {kind} (\w+): (\d+)$", "\n".join(profile.comments), re.M)}


def ends(profile):
    return {k: n for k, n in sorted(counts(profile, "stop").items(), key=lambda kv: -kv[1]) if k not in OUTERMOST}


def accounted(profile):
    """Every entry of the sampling program is kept or counted with its reason, every sample kept is there."""
    n = counts(profile, "count")
    fates = [k for k in n if k in ("KEPT", "IDLE", "NOT_TARGET", "RING_FULL", "NO_SCRATCH", "BUSY", "DISARMED")]
    kept = sum(v[0] for names, v, _ in profile.stacks() if names != ["[lost]"])
    good = n["ENTRIES"] == sum(n[k] for k in fates) and n["KEPT"] == kept and not violations(profile)
    lost = sum(n.get(k, 0) for k in ("RING_FULL", "NO_SCRATCH", "BUSY"))
    print(f"  {kept} samples, {lost} lost{'' if good else ', MISCOUNTED ' + str(n) + str(violations(profile))}")
    return good and not lost


def brief_share(profile, took):
    """(all of its function, with a complete stack) of the function's CPU time."""
    under = whole = 0
    for names, values, labels in profile.stacks():
        if "brief_work" not in names:
            continue
        under += values[1]
        if names[-1] == "_start" and names.count("brief_mid") == 4 and labels["comm"] == "brief":
            whole += values[1]
    return under / took, whole / took


def brief_runs(folder, cnt):
    script = "".join(f"{BRIEF} {random.randint(20, 50)}\n" for _ in range(cnt))
    with open(folder / "took", "w+") as took:
        profile = record(folder / "p.pb.gz", "/bin/sh", "-c", script, stdout=took)
        took.seek(0)
        lines = [list(map(int, line.split())) for line in took]
    if len(lines) != cnt:
        sys.exit(f"{len(lines)} of {cnt} programs ended well")
    return profile, sum(of_function for of_function, _ in lines)


def prove_brief(folder):
    profile, took = brief_runs(folder, RUNS)
    under, whole = brief_share(profile, took)
    print(f"{RUNS} programs of 20 to 50 ms: their function took {took / 1e9:.2f} s by its own clock; in the profile "
          f"{100 * under:.1f} %, with a complete stack {100 * whole:.1f} % (goal 95 %); cut: {ends(profile)}")
    good = accounted(profile)
    cold = [brief_runs(folder, 1) for _ in range(COLD)]
    shares = [brief_share(p, t) for p, t in cold]
    print(f"  the first of its recording, {COLD} times: {100 * sum(u for u, _ in shares) / COLD:.1f} %, complete "
          f"{100 * sum(w for _, w in shares) / COLD:.1f} %")
    return good


def prove_true(folder):
    script = f"i=0; while [ $i -lt {EXECS} ]; do /bin/true; i=$((i + 1)); done"
    profile = record(folder / "p.pb.gz", "/bin/sh", "-c", script)
    true = sum(v[0] for _, v, labels in profile.stacks() if labels["comm"] == "true")
    stops = counts(profile, "stop")
    whole = 1 - sum(ends(profile).values()) / sum(stops.values())
    print(f"{EXECS} execs of true: {true} samples of it; {100 * whole:.1f} % of all stacks complete, "
          f"cut: {ends(profile)}")
    return accounted(profile)


def lua(folder):
    """A real C project: Debian's source of Lua as its authors made it."""
    source = suites.fetch("""folder=$SUITE_CACHE/source/lua5.4
        fetch_source bookworm "$folder" lua5.4
        echo "$folder" """)
    tree = folder / "lua"
    tree.mkdir()
    subprocess.run(["tar", "-C", tree, "--strip-components=1", "-xf", next(source.glob("*.orig.tar.*"))], check=True)
    return tree


def children_cpu():
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def make_cpu(tree):
    """Without a profiler: what the make takes."""
    before = children_cpu()
    subprocess.run([*MAKE, "-C", tree / "src"], check=True, stdout=subprocess.DEVNULL)
    took = children_cpu() - before
    subprocess.run(["make", "-s", "-C", tree / "src", "clean"], check=True, stdout=subprocess.DEVNULL)
    return took


def entry_of(path):
    head = subprocess.run(["readelf", "-h", path], capture_output=True, text=True, check=True).stdout
    return int(re.search(r"Entry point address: +(0x[0-9a-f]+)", head)[1], 16)


def file_of(comm):
    """The program that a process of a build calls itself by."""
    path = shutil.which(comm) or subprocess.run(["gcc", f"-print-prog-name={comm}"], capture_output=True, text=True,
                                                check=True).stdout.strip()
    return os.path.realpath(path) if os.access(path, os.X_OK) else None


class Programs:
    """Names of the outermost frame, by program: _start, or its place where the file is stripped."""

    def __init__(self):
        self.files, self.roots = {}, {}

    def root_fits(self, comm, file, name):
        if comm not in self.files:
            self.files[comm] = file_of(comm)
        path = self.files[comm]
        if not path:
            return False
        for whole in (path, "/lib64/ld-linux-x86-64.so.2"):
            if os.path.realpath(whole) not in self.roots:
                stem = pathlib.PurePath(os.path.realpath(whole)).name.split(".")[0]
                self.roots[os.path.realpath(whole)] = {"_start", f"[{stem}+{entry_of(whole):#x}]"}
        # a vfork's child runs on a stack of its own until it has executed the program
        return name in self.roots.get(file, ()) or name in ("__clone3", "__clone", "clone3", "clone")


def stacks_of_make(profile):
    """(comm, file and name of the outermost user frame or None, value)"""
    path = {m[1]: profile.strings[m.get(5, 0)] for m in profile.mappings}
    place = {l[1]: (path[l[2]], profile.names[l[4][-1][1]]) for l in profile.locations}
    for ids, values, labels in profile.samples:
        comm = next(profile.strings[l[2]] for l in labels if profile.strings[l[1]] == "comm")
        user = [place[i] for i in ids if place[i][0].startswith("/")]
        yield comm, user[-1] if user else None, values[1]


def prove_make(folder):
    tree = lua(folder)
    alone = make_cpu(tree)
    # bash's times: of the make and all that it started, by the kernel's account
    with open(folder / "times", "w+") as times:
        profile = record(folder / "p.pb.gz", "/bin/bash", "-c", f"{' '.join(MAKE)} -C {tree}/src >/dev/null; times",
                         stdout=times)
        times.seek(0)
        took = sum(int(m) * 60 + float(s) for m, s in re.findall(r"(\d+)m([\d.]+)s", times.read().splitlines()[1]))
    programs, by_comm, under, whole = Programs(), {}, 0, 0
    for comm, outermost, value in stacks_of_make(profile):
        known = comm == "bash" or programs.root_fits(comm, "", "clone")
        under += value * known
        # without user frames: the kernel's work for a program that begins or ends
        whole += value * (known and (not outermost or programs.root_fits(comm, *outermost)))
        by_comm[comm] = by_comm.get(comm, 0) + value
    print(f"make -j2 of Lua: {took:.2f} s of CPU time by the kernel's account ({alone:.2f} s without us); in the "
          f"profile under its programs {100 * under / 1e9 / took:.1f} %, with a complete stack "
          f"{100 * whole / 1e9 / took:.1f} % (goal 98 %); cut: {ends(profile)}")
    print("  " + ", ".join(f"{c} {v / 1e9:.2f} s" for c, v in sorted(by_comm.items(), key=lambda kv: -kv[1])))
    return accounted(profile)


def main():
    folder = pathlib.Path(tempfile.mkdtemp(prefix="sonde-short."))
    good = [prove(folder) for prove in (prove_brief, prove_true, prove_make)]
    shutil.rmtree(folder)
    return 0 if all(good) else 1


sys.exit(main())
