#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Ten minutes at 999 Hz while processes come and go: memory flat, nothing lost or leaked, all accounted for.

The profile itself grows with what is seen: -v tells how many bytes it holds. What is judged is sonde's own
memory less these bytes (BPF maps are mapped, too, and judged alone), the bytes for each stack with its
labels, and how much more the writing takes.

soak [MINUTES]"""
import contextlib
import os
import pathlib
import re
import signal
import statistics
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ["SONDE_BUILD"])
sys.path[:0] = [str(ROOT / "tests/oracles"), str(ROOT / "tests/bench")]
import host  # noqa: E402
from pprof_wire import Profile, violations  # noqa: E402

QUIET = dict(stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
THREADS = """
import threading, zlib, ctypes, _ctypes
while True:
    threads = [threading.Thread(target=zlib.compress, args=(bytes(300000),)) for _ in range(8)]
    for t in threads: t.start()
    for t in threads: t.join()
    _ctypes.dlclose(ctypes.CDLL("libsqlite3.so.0")._handle)
"""
STORMS = [
    ["/bin/sh", "-c", "while :; do /bin/true; done"],
    ["/bin/sh", "-c", "while :; do sort -R /usr/share/common-licenses/GPL-3 | gzip | wc -c; sleep 0.05; done"],
    ["/bin/bash", "-c", "while :; do (for i in 1 2 3 4; do (:) & done; wait); sleep 0.02; done"],
    ["/usr/bin/python3", "-c", THREADS],
    ["/bin/sh", "-c", "while :; do /usr/bin/python3 -c 'sum(range(200000))'; done"],
]


@contextlib.contextmanager
def storms():
    running = [subprocess.Popen(command, start_new_session=True, **QUIET) for command in STORMS]
    try:
        yield
    finally:
        for process in running:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


HELD = re.compile(r"held: (\d+) KB of (\d+) stacks with labels")
CONTENT_BYTES = 256  # of a stack with its labels, with its share of frames, places and names
WRITING = 2  # times the content, beside what was resident before


def look(pid, held):
    """Of the process at the moment when it tells what it holds."""
    status = pathlib.Path(f"/proc/{pid}/status").read_text()
    content, stacks = int(held[1]), int(held[2])
    resident, own = (int(re.search(rf"{name}:\s+(\d+)", status)[1]) for name in ("VmRSS", "RssAnon"))
    return {"resident KB": resident, "content KB": content, "own KB": own,
            "own KB less content": own - content, "map bytes": host.map_bytes(pid), "descriptors": len(os.listdir(f"/proc/{pid}/fd")), "stacks": stacks}


def watch(sonde):
    """A look at each line of what is held, and the lines."""
    looks, lines = [], []
    for line in sonde.stderr:
        lines.append(line.rstrip())
        held = HELD.search(line)
        if held:
            looks.append(look(sonde.pid, held))
    sonde.wait()
    return looks, lines


def is_flat(looks, name, of):
    """The median of the last third against that of the one before; 5 % of what it is a part of is no growth."""
    third = len(looks) // 3
    (before, after), (whole, _) = ([statistics.median(row[column] for row in part)
                                    for part in (looks[third:2 * third], looks[2 * third:])] for column in (name, of))
    flat = after <= before + 0.05 * whole + 4
    print(f"{name}: {before:.0f} in the second third, {after:.0f} in the last: {'flat' if flat else 'GROWN'}")
    return flat


def is_small(what, value, limit):
    print(f"{what}: {value:.0f}, {'at most' if value <= limit else 'MORE THAN'} {limit:.0f}")
    return value <= limit


def check_content(looks, lines):
    last = looks[-1]
    peak = 1024 * int(next(re.search(r"(\d+) MB peak RSS", line)[1] for line in lines if "peak RSS" in line))
    print("last look:", last)
    small = is_small("bytes for each stack with its labels", 1024 * last["content KB"] / last["stacks"], CONTENT_BYTES)
    return is_small("KB at the peak, while it was written", peak,
                    last["resident KB"] + WRITING * last["content KB"]) and small


def check_accounts(profile):
    n = {name: int(value) for name, value in
         (c[len("# count "):].split(": ") for c in profile.comments if c.startswith("# count "))}
    ends = ("KEPT", "IDLE", "NOT_TARGET", "RING_FULL", "NO_SCRATCH", "BUSY", "DISARMED")
    print("entries", n["ENTRIES"], {name: n.get(name, 0) for name in ends}, "event records lost",
          [c for c in profile.comments if "event records lost" in c])
    in_profile = sum(values[0] for _, values, _ in profile.stacks())
    return (n["ENTRIES"] == sum(n.get(name, 0) for name in ends) and not n.get("RING_FULL", 0) and
            n["KEPT"] == in_profile)


def main():
    minutes = float(sys.argv[1]) if len(sys.argv) > 1 else 10
    with tempfile.TemporaryDirectory() as folder, storms():
        out = pathlib.Path(folder) / "p.pb.gz"
        sonde = subprocess.Popen([BUILD / "collector/sonde", "record", "-v", "-F", "999", "-d", f"{minutes}m",
                                  "-o", out],
                                 stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        looks, lines = watch(sonde)
        print("\n".join(lines[-14:]))
        good = sonde.returncode == 0 and check_content(looks, lines)
        for name, of in (("own KB less content", "own KB"), ("map bytes", "map bytes"), ("descriptors", "descriptors")):
            good = is_flat(looks, name, of) and good
        profile = Profile(out)
        found = violations(profile)
        print("rules broken:", found)
        good = check_accounts(profile) and not found and good
    sys.exit(0 if good else 1)


if __name__ == "__main__":
    main()
