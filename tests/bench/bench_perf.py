#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""bench_perf.py [ROUNDS] [SECONDS]: what one profile of the whole host costs at 99 Hz, beside perf on the
same load, in alternation: user and system CPU time with all children, memory, bytes written.

  sonde   sonde record -a -F 99 -d N
  perf -g          perf record -F 99 -a -g -- sleep N; perf script
  perf dwarf       perf record -F 99 -a --call-graph dwarf -- sleep N; perf script --no-inline

Memory of sonde at a moment: its RSS without the pages of BPF maps that it has mapped (and of perf's
rings), plus what the kernel accounts for its BPF maps and rings, plus perf's rings. Each page counts
once. The greatest such sum of a run of its own, looked at every 10 ms; and beside it a bound that no
moment can have passed: peak RSS (VmHWM, mapped pages in it) plus whatever is not mapped. perf's is peak
RSS, the greater one of record and script."""
import os
import pathlib
import re
import signal
import statistics
import subprocess
import sys
import tempfile
import time

import host

PERF = "/usr/bin/perf"
SETTLE = 2.0  # the load has begun
GOAL_RATIO, GOAL_MB = 0.25, 40
MB = 1 << 20


def spend(*args, stdout=subprocess.DEVNULL):
    """Runs a program: CPU seconds and peak RSS in bytes of it and its children."""
    program = subprocess.Popen([str(a) for a in args], stdout=stdout, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(program.pid, 0)
    program.returncode = os.waitstatus_to_exitcode(status)
    assert program.returncode == 0, args
    return host.cpu_seconds(usage), usage.ru_maxrss * 1024


def run_sonde(folder, seconds):
    output = folder / "sonde.pb.gz"
    cpu, _ = spend(host.SONDE, "record", "-a", "-F", "99", "-d", seconds, "-o", output)
    return cpu, output.stat().st_size, None


def spend_on_perf(*args):
    """perf 6.1 dies now and then of its own ("assertion failed at util/build-id.c"): again, then."""
    for _ in range(4):
        try:
            return spend(*args)
        except AssertionError:
            pass
    raise AssertionError(args)


def run_perf(folder, seconds, record, script):
    data = folder / "perf.data"
    cpu, rss = spend_on_perf(PERF, "record", "-q", "-F", "99", "-a", *record, "-o", data, "--", "/bin/sleep", seconds)
    size = data.stat().st_size
    more, script_rss = spend(PERF, "script", *script, "-i", data)
    return cpu + more, size, max(rss, script_rss)


TOOLS = {
    "sonde": run_sonde,
    "perf -g": lambda folder, seconds: run_perf(folder, seconds, ["-g"], []),
    "perf dwarf": lambda folder, seconds: run_perf(folder, seconds, ["--call-graph", "dwarf"],
                                                   ["--no-inline"]),
}


def resident(pid):
    """RSS of a process, and how much of it is BPF maps and perf's rings."""
    rss = shared = 0
    name = ""
    for line in pathlib.Path(f"/proc/{pid}/smaps").read_text().splitlines():
        if re.match(r"[0-9a-f]+-", line):
            name = line.split(maxsplit=5)[5] if line.count(" ") > 5 else ""
        elif line.startswith("Rss:"):
            size = int(line.split()[1]) * 1024
            rss += size
            if "bpf-map" in name or "perf_event" in name:
                shared += size
    return rss, shared


def perf_ring_bytes(pid):
    return sum(int(line.split()[0].split("-")[1], 16) - int(line.split()[0].split("-")[0], 16)
               for line in pathlib.Path(f"/proc/{pid}/maps").read_text().splitlines()
               if "perf_event" in line)


def status_bytes(pid, key):
    return int(re.search(rf"{key}:\s+(\d+)", pathlib.Path(f"/proc/{pid}/status").read_text())[1]) * 1024


def memory_of_sonde(folder, seconds):
    """The greatest sum seen, its parts, and the bound."""
    sonde = subprocess.Popen([host.SONDE, "record", "-a", "-F", "99", "-d", str(seconds), "-o",
                              folder / "m.pb.gz"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    best, peak, unmapped = (0, 0, 0, 0), 0, 0
    while sonde.poll() is None:
        try:
            rss, shared = resident(sonde.pid)
            maps, rings = host.map_bytes(sonde.pid), perf_ring_bytes(sonde.pid)
            peak = max(peak, status_bytes(sonde.pid, "VmHWM"))
        except (FileNotFoundError, ProcessLookupError, TypeError, PermissionError):
            continue
        unmapped = max(unmapped, maps + rings - shared)
        best = max(best, (rss - shared + maps + rings, rss - shared, maps, rings))
        time.sleep(0.01)
    return best, peak + unmapped


def main():
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 1
    seconds = sys.argv[2] if len(sys.argv) > 2 else "10"
    host.needs_root()
    host.needs(PERF, "/usr/bin/clang-14")
    taken = {name: [] for name in TOOLS}
    with tempfile.TemporaryDirectory() as folder, \
            host.running("/usr/bin/python3", pathlib.Path(__file__).with_name("load.py"),
                         host.BUILD / "tests/bench/deep") as load:
        folder = pathlib.Path(folder)
        try:
            time.sleep(SETTLE)
            for _ in range(rounds):
                for name, run in TOOLS.items():
                    taken[name].append(run(folder, seconds))
            (total, own, maps, rings), bound = memory_of_sonde(folder, seconds)
            assert load.poll() is None, "the load ended"
        finally:
            os.killpg(load.pid, signal.SIGKILL)
    middle = {name: [statistics.median(r[i] for r in rows) if rows[0][i] is not None else None
                     for i in range(3)] for name, rows in taken.items()}
    ours = middle["sonde"][0]
    print(f"{rounds} rounds of {seconds} s, medians")
    for name, (cpu, size, rss) in middle.items():
        ratio = "" if name == "sonde" else f", ours is {ours / cpu:.2f} of it (goal {GOAL_RATIO})"
        memory = f", {rss / MB:.0f} MB peak RSS" if rss else ""
        runs = " ".join(f"{row[0]:.2f}" for row in taken[name])
        print(f"{name:10}: {cpu:.3f} s CPU ({runs}){ratio}; {size / MB:.2f} MB written{memory}")
    print(f"memory of sonde: {total / MB:.1f} MB at the worst moment (goal {GOAL_MB}): {own / MB:.1f} own, "
          f"{maps / MB:.1f} BPF maps and rings, {rings / MB:.1f} perf rings; never above {bound / MB:.1f} MB")


if __name__ == "__main__":
    main()
