#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Ten minutes at 999 Hz while processes come and go: memory flat, nothing lost or leaked, all accounted for.

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
import time

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


def look(pid):
    """Resident KB, bytes of BPF maps, open descriptors."""
    status = pathlib.Path(f"/proc/{pid}/status").read_text()
    return int(re.search(r"VmRSS:\s+(\d+)", status)[1]), host.map_bytes(pid), len(os.listdir(f"/proc/{pid}/fd"))


def watch(sonde, seconds):
    looks, end = [], time.monotonic() + seconds
    while time.monotonic() < end:
        time.sleep(5)
        looks.append(look(sonde.pid))
    return looks


def grown(looks, column):
    """The median of the last third against that of the one before."""
    third = len(looks) // 3
    before, after = (statistics.median(row[column] for row in part)
                     for part in (looks[third:2 * third], looks[2 * third:]))
    return before, after


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
        sonde = subprocess.Popen([BUILD / "collector/sonde", "record", "-F", "999", "-d", f"{minutes}m", "-o", out],
                                 stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        looks = watch(sonde, 60 * minutes - 10)
        print("\n".join(sonde.communicate(timeout=120)[1].splitlines()[-14:]))
        good = sonde.returncode == 0
        for name, column in (("RSS KB", 0), ("map bytes", 1), ("descriptors", 2)):
            before, after = grown(looks, column)
            flat = after <= before * 1.05 + 4
            print(f"{name}: {before:.0f} in the second third, {after:.0f} in the last: {'flat' if flat else 'GROWN'}")
            good = good and flat
        profile = Profile(out)
        found = violations(profile)
        print("rules broken:", found)
        good = check_accounts(profile) and not found and good
    sys.exit(0 if good else 1)


if __name__ == "__main__":
    main()
