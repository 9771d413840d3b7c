#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""bench_python.py [PART...]: what profiling Python costs.

  samples   BPF time of a sample and of each Python frame in it, by the kernel's own clock
  slowdown  a loop under sonde and under an empty program at the same rate, 20 times in alternation
  beside    sonde, py-spy, Austin and perf while 20 Pythons run: CPU and memory
  sleepers  ten processes that sleep nine tenths of their time: sonde's own CPU per second

py-spy and Austin (3.7: 4.0 wants a newer libc) are taken from PyPI into a folder of their own."""
import math
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

import host

PYTHON = os.environ.get("BENCH_PYTHON", "/usr/bin/python3")
PEERS = pathlib.Path("/var/tmp/sonde-bench-peers")
PERF = "/usr/bin/perf"
ROUNDS = int(os.environ.get("BENCH_ROUNDS", "20"))
SETTLE = 2.0
MB = 1 << 20

DEEP = """
def work(n):
    if n:
        return work(n - 1)
    while True:
        for i in range(1000):
            i * i
work({})
"""
LOOP = """
import time
class Record:
    def __init__(self, n): self.n, self.next = n, None
def step(record, n):
    other = Record(n)
    other.next = record
    return other if n % 3 else Record(record.n + 1)
def rounds(cnt):
    record, words = Record(0), []
    for n in range(cnt):
        record = step(record, n)
        words.append("%d" % record.n)
        if len(words) > 100: words.clear()
    return record.n
rounds(1000)
wall, cpu = time.perf_counter(), time.process_time()
rounds({})
print(time.perf_counter() - wall, time.process_time() - cpu)
"""
SLEEPER = """
import time
def work(seconds):
    end = time.perf_counter() + seconds
    while time.perf_counter() < end: pass
while True:
    work(0.01)
    time.sleep(0.09)
"""


def python(text):
    return PYTHON, "-c", text


def sample_ns(pid, *options, seconds=2.0):
    """Mean BPF time of the samples kept; the target has one CPU for itself and the runs for others are few."""
    with host.recording("-p", pid, "--no-kernel", *options) as sonde:
        time.sleep(SETTLE)
        before, counts = host.sampler(sonde.pid), host.counters(sonde.pid)
        time.sleep(seconds)
        after, counts_end = host.sampler(sonde.pid), host.counters(sonde.pid)
    kept = counts_end["KEPT"] - counts["KEPT"]
    assert kept > 20, f"only {kept} samples"
    return (int(after["run_time_ns"]) - int(before["run_time_ns"])) / kept


def bench_samples():
    print("us per sample kept, runs for others in it (turned away, ~0.1 us each)")
    print("Hz    frames | with Python  without  ns a Python frame")
    with host.bpf_stats():
        for rate in ("99", "999", "4999"):
            for depth in (0, 20, 100):
                with host.running(*python(DEEP.format(depth))) as target:
                    time.sleep(0.5)
                    seconds = 10.0 if rate == "99" else 2.0
                    whole = sample_ns(target.pid, "-F", rate, seconds=seconds)
                    bare = sample_ns(target.pid, "-F", rate, "--no-python", seconds=seconds)
                print(f"{rate:5} {depth + 2:6} | {whole / 1000:11.2f} {bare / 1000:8.2f} "
                      f"{(whole - bare) / (depth + 2):10.0f}", flush=True)


def loop_seconds(amount):
    """By the clock on the wall, and the loop's own CPU time, in which others' work is not."""
    done = subprocess.run(python(LOOP.format(amount)), capture_output=True, text=True, check=True)
    return [float(word) for word in done.stdout.split()]


def mean_and_interval(values):
    """95 %, by Student's t (2.09 for 20 values)."""
    half = 2.09 * statistics.stdev(values) / math.sqrt(len(values)) if len(values) > 1 else math.inf
    return statistics.mean(values), half


def bench_slowdown():
    amount = 100000
    amount = int(amount * 1.5 / loop_seconds(amount)[0])
    for rate in ("99", "999"):
        ratios = []
        for _ in range(ROUNDS):
            with host.running(host.BUILD / "tests/bench/empty_sampler", rate):
                time.sleep(0.3)
                empty = loop_seconds(amount)
            with host.recording("-a", "-F", rate):
                time.sleep(SETTLE)
                ours = loop_seconds(amount)
            ratios.append([100 * (a / b - 1) for a, b in zip(ours, empty)])
        for which, values in zip(("wall", "CPU"), zip(*ratios)):
            mean, half = mean_and_interval(values)
            print(f"{rate} Hz: a loop of 1.5 s takes {mean:+.2f} % {which} time (95 %: {mean - half:+.2f} to "
                  f"{mean + half:+.2f}) more than beside an empty program (goal: at most 1 %)", flush=True)


def peer(name, package):
    program = PEERS / "bin" / name
    if not program.exists():
        subprocess.run([sys.executable, "-m", "venv", PEERS], check=True)
        subprocess.run([PEERS / "bin/pip", "-q", "install", package], check=True)
    return program


def spend_all(commands):
    """CPU seconds and the sum of peak RSS of programs that run beside each other."""
    programs = [subprocess.Popen([str(a) for a in c], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
                for c in commands]
    cpu = rss = 0
    for program in programs:
        _, status, usage = os.wait4(program.pid, 0)
        program.returncode = os.waitstatus_to_exitcode(status)
        cpu += host.cpu_seconds(usage)
        rss += usage.ru_maxrss * 1024
    return cpu, rss, sum(p.returncode != 0 for p in programs)


def bench_beside():
    folder = pathlib.Path(tempfile.mkdtemp())
    py_spy, austin = peer("py-spy", "py-spy"), peer("austin", "austin-dist==3.7.0")
    targets = [subprocess.Popen(python(DEEP.format(20))) for _ in range(20)]
    pids = [t.pid for t in targets]
    try:
        time.sleep(SETTLE)
        tools = {
            "sonde": [[host.SONDE, "record", "-a", "-F", "99", "-d", "10", "-o", folder / "sonde.pb.gz"]],
            "py-spy": [[py_spy, "record", "-r", "99", "-d", "10", "-f", "raw", "-o", folder / f"{pid}.raw",
                        "-p", pid] for pid in pids],
            "austin": [[austin, "-x", "10", "-i", "10ms", "-o", folder / f"{pid}.austin", "-p", pid]
                       for pid in pids],
            "perf": [[PERF, "record", "-q", "-F", "99", "-a", "-g", "-o", folder / "perf.data", "--", "/bin/sleep",
                      "10"]],
        }
        for name, commands in tools.items():
            runs = [spend_all(commands) for _ in range(3)]
            cpu, rss, failed = (statistics.median(r[i] for r in runs) for i in range(3))
            print(f"{name:7}: {cpu:6.2f} s CPU in 10 s, {rss / MB:6.0f} MB peak RSS"
                  + (f", {failed} of {len(commands)} FAILED" if failed else ""), flush=True)
    finally:
        for target in targets:
            target.kill()
            target.wait()


def own_cpu(pid):
    return sum(int(task.joinpath("schedstat").read_text().split()[0])
               for task in pathlib.Path(f"/proc/{pid}/task").iterdir()) / 1e9


def bench_sleepers():
    targets = [subprocess.Popen(python(SLEEPER)) for _ in range(10)]
    try:
        for rate in ("100", "1000"):
            with host.recording("-a", "-F", rate) as sonde:
                time.sleep(2 * SETTLE)
                before, begin = own_cpu(sonde.pid), time.monotonic()
                time.sleep(10)
                spent = (own_cpu(sonde.pid) - before) / (time.monotonic() - begin)
            print(f"ten sleepers, {rate} Hz: {spent:.4f} s CPU per second (goal: below 0.02)", flush=True)
    finally:
        for target in targets:
            target.kill()
            target.wait()


PARTS = {"samples": bench_samples, "slowdown": bench_slowdown, "beside": bench_beside,
         "sleepers": bench_sleepers}

if __name__ == "__main__":
    host.needs_root()
    host.needs(PYTHON)
    for part in sys.argv[1:] or PARTS:
        PARTS[part]()
