# SPDX-License-Identifier: Apache-2.0
"""What the kernel says of a running sonde: its programs' run times and instructions, its maps' memory
(fdinfo of its descriptors), its own CPU time. And programs to measure beside."""
import contextlib
import json
import os
import pathlib
import signal
import subprocess
import time

BUILD = pathlib.Path(os.environ["SONDE_BUILD"])
SONDE = BUILD / "collector/sonde"
STATS = pathlib.Path("/proc/sys/kernel/bpf_stats_enabled")
SKIPPED = 77  # exit code of a benchmark that cannot run here
COUNTER_NAMES = ["ENTRIES", "KEPT", "IDLE", "NOT_TARGET"]


def needs_root():
    if os.geteuid():
        print("needs root")
        raise SystemExit(SKIPPED)


def go_first():
    """Whoever else runs here shall not have half of the CPUs; children inherit it."""
    os.nice(-15)
    autogroup = pathlib.Path("/proc/self/autogroup")
    if autogroup.exists():  # nice alone counts within the session
        autogroup.write_text("-15")


def needs(*programs):
    missing = [p for p in programs if not os.path.exists(p)]
    if missing:
        print("not installed:", *missing)
        raise SystemExit(SKIPPED)


@contextlib.contextmanager
def bpf_stats():
    """The kernel counts and times every BPF program while this is on, which slows them all by ~70 ns."""
    before = STATS.read_text()
    STATS.write_text("1")
    try:
        yield
    finally:
        STATS.write_text(before)


@contextlib.contextmanager
def running(*args, **more):
    """A program in the background; SIGKILL at the end."""
    program = subprocess.Popen([str(a) for a in args], stdout=subprocess.DEVNULL,
                               stderr=subprocess.DEVNULL, **more)
    try:
        yield program
    finally:
        program.kill()
        program.wait()


@contextlib.contextmanager
def recording(*args, output="/dev/null", seconds=3600):
    """sonde record in the background; SIGINT at the end, then it writes its profile."""
    program = subprocess.Popen([str(a) for a in (SONDE, "record", "-o", output, "-d", seconds, *args)],
                               stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    try:
        yield program
    finally:
        program.send_signal(signal.SIGINT)
        program.communicate(timeout=60)


def fdinfo(pid, kind):
    """The fdinfo of a process's descriptors of a kind: bpf-prog or bpf-map."""
    for fd in os.listdir(f"/proc/{pid}/fd"):
        try:
            if os.readlink(f"/proc/{pid}/fd/{fd}") != f"anon_inode:{kind}":
                continue
            text = pathlib.Path(f"/proc/{pid}/fdinfo/{fd}").read_text()
        except FileNotFoundError:
            continue
        yield dict(line.split(":\t", 1) for line in text.splitlines())


PERF_EVENT = "7"  # BPF_PROG_TYPE_PERF_EVENT


def sampler(pid):
    return next(p for p in fdinfo(pid, "bpf-prog") if p["prog_type"] == PERF_EVENT)


def map_bytes(pid):
    """Memory of all BPF maps of a process, rings too, as the kernel accounts it."""
    return sum({m["map_id"]: int(m["memlock"]) for m in fdinfo(pid, "bpf-map")}.values())


def counters(pid):
    """The sampler's counters, from its map of counts, summed over CPUs: bpftool knows the field names."""
    ids = [m["map_id"] for m in fdinfo(pid, "bpf-map")]
    for number in ids:
        shown = json.loads(subprocess.run(["/usr/sbin/bpftool", "-j", "map", "show", "id", number],
                                          capture_output=True, check=True).stdout)
        if shown["name"] != "stats":
            continue
        dump = json.loads(subprocess.run(["/usr/sbin/bpftool", "-j", "map", "dump", "id", number],
                                         capture_output=True, check=True).stdout)
        values = [cpu["value"]["counters"] for cpu in dump[0]["formatted"]["values"]]
        return {name: sum(cpu[i] for cpu in values) for i, name in enumerate(COUNTER_NAMES)}
    raise LookupError("no map of counts")


def cpu_seconds(usage):
    return usage.ru_utime + usage.ru_stime


def wait_for(condition, seconds=10):
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise TimeoutError(condition)
        time.sleep(0.02)
