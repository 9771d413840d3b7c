#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The benchmarks of tests/bench/ with more rounds: cost of a sample, start, sonde beside perf, Python."""
import pathlib
import subprocess

BENCH = pathlib.Path(__file__).parents[1] / "bench"

for command in (["bench_start.py", "9"], ["bench_unwind.py", "5", "1"], ["bench_perf.py", "5", "10"],
                ["bench_python.py"]):
    subprocess.run([BENCH / command[0], *command[1:]], check=True)
