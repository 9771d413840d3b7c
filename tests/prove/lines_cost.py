#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Cost of names: a library and a vmlinux beside other tools, and a profile of the whole host."""
import pathlib
import subprocess

BENCH = pathlib.Path(__file__).parents[1] / "bench"

for command in (["bench_lines.py", "large"], ["bench_naming.py"]):
    subprocess.run([BENCH / command[0], *command[1:]], check=True)
