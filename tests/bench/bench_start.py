#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""From exec of sonde to its first sample: CPU and wall time; how long the object's load takes, and how
many instructions the verifier walks for it."""
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

import host

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "oracles"))
from pprof_wire import Profile  # noqa: E402

GOAL_CPU, GOAL_WALL = 0.15, 0.30


def thread_seconds(pid):
    """CPU of all threads, in ns resolution."""
    return sum(int((task / "schedstat").read_text().split()[0])
               for task in pathlib.Path(f"/proc/{pid}/task").iterdir()) / 1e9


def sampled(pid):
    try:
        return int(host.sampler(pid)["run_cnt"]) > 0
    except StopIteration:
        return False


def cpu_until_first_run(poll=0.001):
    """Beside an idle machine: until the sampler's first run, whoever it was for."""
    with host.recording("-a") as sonde:
        while not sampled(sonde.pid):
            time.sleep(poll)
        return thread_seconds(sonde.pid)


def wall_until_first_sample():
    """Beside a load on all CPUs: until the time of the first sample in the profile."""
    with host.running(host.BUILD / "tests/bench/deep", 25), tempfile.TemporaryDirectory() as folder:
        output = pathlib.Path(folder) / "p"
        start = time.time_ns()
        subprocess.run([host.SONDE, "record", "-a", "-d", "0.3", "--labels", "timestamps", "-o", output],
                       check=True, capture_output=True)
        first = min(labels["timestamp_ns"] for _, _, labels in Profile(output).stacks())
        return (first - start) / 1e9


def load_object():
    """bpftool loads what sonde loads; its own start is taken off."""
    def run(*args):
        start = time.monotonic()
        subprocess.run(["/usr/sbin/bpftool", *args], check=True, capture_output=True)
        return time.monotonic() - start
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(["/bin/mount", "-t", "bpf", "bpf", folder], check=True)
        try:
            whole = run("prog", "loadall", host.BUILD / "bpf/sonde.bpf.o", f"{folder}/p")
        finally:
            subprocess.run(["/bin/umount", folder], check=True)
    return whole - run("version")


def programs():
    with host.recording("-a") as sonde:
        host.wait_for(lambda: sampled(sonde.pid))
        return [(p["prog_type"], p["verified_insns"], p["memlock"])
                for p in host.fdinfo(sonde.pid, "bpf-prog")]


def main():
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 3
    host.needs_root()
    with host.bpf_stats():
        cpu = [cpu_until_first_run() for _ in range(rounds)]
        wall = [wall_until_first_sample() for _ in range(rounds)]
        insns = programs()
    load = [load_object() for _ in range(rounds)]
    print(f"exec to first sample: {statistics.median(cpu):.3f} s CPU (goal {GOAL_CPU}), "
          f"{statistics.median(wall):.3f} s wall on busy CPUs (goal {GOAL_WALL})")
    print(f"load of the object by bpftool: {1000 * statistics.median(load):.0f} ms")
    print("verified instructions:", ", ".join(f"type {t}: {n}" for t, n, _ in insns))


if __name__ == "__main__":
    main()
