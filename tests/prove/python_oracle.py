#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""500 Python stacks of each interpreter and build, as BPF sent them, against faulthandler and a C judge."""
import os
import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ["SONDE_BUILD"])
sys.path.insert(0, str(ROOT / "tests/oracles"))
import python_stacks  # noqa: E402
import pythons  # noqa: E402

SAMPLES = int(os.environ.get("SAMPLES", "500"))


def prove(python, faulthandler):
    result = python_stacks.judge(BUILD, python, SAMPLES, faulthandler)
    print(f"{python.name:20} {'faulthandler' if faulthandler else 'C judge':12} {result.summary()}", flush=True)
    for where, native in result.different[:5]:
        print("    ", where, "native:", native[:200])
    good = not result.different and result.leafless <= 0.01 * SAMPLES and result.gil_wrong() <= 0.01 * SAMPLES
    return good and sum(result.excluded.values()) <= 0.03 * SAMPLES


def main():
    good, missing = True, []
    for name in sys.argv[1:] or pythons.NAMES:
        try:
            python = pythons.find(BUILD, name)
        except pythons.Missing as e:
            missing.append(name)
            print(f"{name:20} missing: {e}")
            continue
        for faulthandler in (True, False) if python.version >= (3,) else (False,):
            good &= prove(python, faulthandler)
    return 0 if good and not set(missing) & set(pythons.DEBIAN) else 1


sys.exit(main())
