#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Every instruction of each interpreter's whole standard library: its line as the interpreter tells it."""
import os
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ["SONDE_BUILD"])
sys.path.insert(0, str(ROOT / "tests/oracles"))
import python_lines  # noqa: E402
import pythons  # noqa: E402


def judge(name):
    python = pythons.find(BUILD, name)
    verdict = python_lines.judge(BUILD / "tests/tools/print_python_lines",
                                 python.start(BUILD, "lines.py", *sys.argv[1:], stdout=subprocess.PIPE))
    compared = ", ".join(f"{way} {count}" for way, count in verdict.compared.items())
    print(f"{name}: {verdict.codes} code objects, {verdict.offsets} offsets, {verdict.without_line} without a line; "
          f"compared: {compared}; {len(verdict.wrong)} code objects wrong", flush=True)
    for wrong in verdict.wrong[:3]:
        print("   ", *(str(part)[:200] for part in wrong))
    return len(verdict.wrong), verdict.offsets


def main():
    wrong = offsets = 0
    missing = []
    for name in pythons.ONE_OF_EACH:
        try:
            more_wrong, more = judge(name)
        except pythons.Missing as e:
            print(f"{name}: missing: {e}")
            missing.append(name)
            continue
        wrong += more_wrong
        offsets += more
    print(f"{len(pythons.ONE_OF_EACH) - len(missing)} interpreters, {offsets} offsets, {wrong} wrong")
    return wrong > 0 or any(name in pythons.DEBIAN for name in missing)


sys.exit(main())
