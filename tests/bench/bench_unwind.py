#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What a sample costs in the kernel, by the kernel's own clock (run_time_ns): whole, and its unwinding
alone (the difference to the same program with unwinding off), warm at a high rate and cold at 99 Hz.

One process burns both CPUs at the leaf of a stack of known depth and is the only target. The program
also runs for others, whom it turns away at once; what such a run costs is measured with a target that
sleeps, and taken off. The mean is over samples of the target alone."""
import pathlib
import statistics
import sys
import tempfile
import time

import host

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "oracles"))
from pprof_wire import Profile  # noqa: E402

FRAMES = (10, 25, 100)
GOALS = {  # microseconds: unwinding warm, whole sample warm, whole sample at 99 Hz
    10: (0.9, 1.5, 8.7 / 5), 25: (1.4, 2.1, 13.7 / 5), 100: (5.0, 6.0, 39.2 / 5)}
RATES = {"warm": ("4999", ()), "99 Hz": ("99", ()), "cold": ("99", ("64",))}
SETTLE = 1.0


def snapshot(pid):
    program = host.sampler(pid)
    return int(program["run_time_ns"]), int(program["run_cnt"]), host.counters(pid)


def measure(target, rate, seconds, *options):
    """Mean time of a run, and the share of the runs that were for the target: time and counters are not
    read in the same moment."""
    with host.recording("-p", target, "-F", rate, *options) as sonde:
        time.sleep(SETTLE)
        ns, runs, counts = snapshot(sonde.pid)
        time.sleep(seconds)
        ns_end, runs_end, counts_end = snapshot(sonde.pid)
    entries, kept = (counts_end[name] - counts[name] for name in ("ENTRIES", "KEPT"))
    assert runs_end - runs > 20
    return (ns_end - ns) / (runs_end - runs), kept / entries


def filtered_cost(rate, seconds):
    """A run that the filter turns away: the target sleeps while the CPUs burn."""
    with host.running("/bin/sleep", "1000") as sleeper:
        mean, share = measure(sleeper.pid, rate, seconds)
    assert share == 0
    return mean


def sample_cost(target, rate, seconds, filtered_ns, *options):
    mean, share = measure(target, rate, seconds, *options)
    assert share > 0.5, f"the target had only {100 * share:.0f} % of the runs"
    return (mean - (1 - share) * filtered_ns) / share


def check_depth(target, frames):
    """A cheap stack is of no use when it is not whole. go_down is inlined everywhere."""
    with tempfile.TemporaryDirectory() as folder:
        with host.recording("-p", target, "-F", "999", "--no-kernel", output=f"{folder}/p"):
            time.sleep(SETTLE)
        rows = list(Profile(f"{folder}/p").stacks())
    whole = sum(values[0] for names, values, _ in rows if len(names) - names.count("go_down") == frames)
    total = sum(values[0] for _, values, _ in rows)
    assert whole > 0.97 * total, f"only {whole} of {total} stacks have {frames} frames"


def one_round(frames, seconds):
    figures = {}
    for name, (rate, sweep) in RATES.items():
        with host.running(host.BUILD / "tests/bench/deep", frames, *sweep) as deep:
            time.sleep(0.2)
            length = seconds if rate != "99" else 3 * seconds
            filtered = filtered_cost(rate, length / 2)
            whole = sample_cost(deep.pid, rate, length, filtered)
            bare = sample_cost(deep.pid, rate, length, filtered, "--debug-no-unwind")
            figures[name] = (whole / 1000, (whole - bare) / 1000, filtered / 1000)
    return figures


def main():
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 1
    seconds = float(sys.argv[2]) if len(sys.argv) > 2 else 1.0
    host.needs_root()
    host.go_first()
    print("us per sample of the target; 99 Hz: a small program; cold: one that sweeps 64 MB")
    print("frames |  warm: unwind  (goal)   whole  (goal) | 99 Hz: unwind   whole  (goal) |"
          "  cold: unwind   whole | turned away")
    with host.bpf_stats():
        for frames in FRAMES:
            with host.running(host.BUILD / "tests/bench/deep", frames) as deep:
                check_depth(deep.pid, frames)
            taken = [one_round(frames, seconds) for _ in range(rounds)]
            middle = {name: [statistics.median(t[name][i] for t in taken) for i in range(3)]
                      for name in RATES}
            warm, slow, cold = middle["warm"], middle["99 Hz"], middle["cold"]
            unwind_goal, whole_goal, slow_goal = GOALS[frames]
            print(f"{frames:6} | {warm[1]:13.2f} {unwind_goal:7.2f} {warm[0]:7.2f} {whole_goal:7.2f} |"
                  f" {slow[1]:13.2f} {slow[0]:7.2f} {slow_goal:7.2f} | {cold[1]:13.2f} {cold[0]:7.2f} |"
                  f" {warm[2]:5.2f} {slow[2]:5.2f} {cold[2]:5.2f}", flush=True)


if __name__ == "__main__":
    main()
