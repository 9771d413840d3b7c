#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Names, lines and inline chains of 20,000 addresses, and of Debian's debug packages: lines [ADDRESSES]."""
import collections
import os
import pathlib
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
PRINT_LINES = pathlib.Path(os.environ["SONDE_BUILD"]) / "tests/tools/print_lines"
sys.path.insert(0, str(ROOT / "tests/oracles"))
import line_programs  # noqa: E402
import lines  # noqa: E402
import suites  # noqa: E402

LIBRARIES = ["lib/x86_64-linux-gnu/libc.so.6", "lib/x86_64-linux-gnu/libm.so.6",
             "usr/lib/x86_64-linux-gnu/libpython3.11.so.1.0", "usr/bin/python3.11", "usr/bin/python3.11d"]


class Sum:
    def __init__(self):
        self.addresses = self.inlined = self.wrong = self.judged = self.remarks = 0
        self.counts = collections.Counter()

    def add(self, name, verdict):
        self.addresses += verdict.addresses
        self.inlined += verdict.inlined
        self.counts.update(verdict.counts)
        self.wrong += len(verdict.wrong)
        self.judged += 1
        self.remarks += bool(verdict.said)
        print(f"{name}: {verdict.addresses} addresses, {verdict.inlined} inlined frames, "
              f"{dict(verdict.counts)}, {len(verdict.wrong)} wrong {verdict.said.strip()}")
        for wrong in verdict.wrong[:3]:
            print("   ", *wrong, sep="\n        ")

    def print(self):
        print(f"{self.judged} files, {self.addresses} addresses, {self.inlined} inlined frames: "
              f"{dict(self.counts)}, {self.wrong} wrong")


def judge_builds(total, per_build):
    missing = []
    with tempfile.TemporaryDirectory() as folder:
        for name in line_programs.NAMES:
            try:
                program = line_programs.build(name, folder)
                asked = line_programs.twin_of(name, program, folder)
            except line_programs.Missing as tool:
                missing.append(f"{name} (needs {tool})")
                continue
            total.add(name, lines.judge(PRINT_LINES, program, lines.choose(program, per_build), asked=asked))
    if missing:
        print("not built:", ", ".join(missing))


def debug_file(folder, path):
    hexed = lines.build_id(path)
    return folder / f"usr/lib/debug/.build-id/{hexed[:2]}/{hexed[2:]}.debug"


def judge_packages(total, per_file):
    folder = suites.packages("debug-packages", "bookworm", *suites.DEBUG_PACKAGES)
    for name in LIBRARIES:
        path = (folder / name).resolve()
        debug = debug_file(folder, path)
        # a file with DWARF of its own, or one whose debug file lies in the package
        asked = debug if debug.exists() else path
        verdict = lines.judge(PRINT_LINES, path, lines.choose(asked, per_file),
                              "-d", str(folder / "usr/lib/debug"), asked=asked)
        total.add(name, verdict)


def main():
    wanted = int(sys.argv[1]) if len(sys.argv) > 1 else 20000
    builds, packages = Sum(), Sum()
    judge_builds(builds, wanted // 40)
    builds.print()
    judge_packages(packages, wanted // 10)
    packages.print()
    short = builds.addresses < wanted
    if short:
        print(f"fewer than {wanted} addresses")
    return 1 if builds.wrong or packages.wrong or builds.remarks or packages.remarks or short else 0


sys.exit(main())
