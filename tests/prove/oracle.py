#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""200 stacks of each of five multi-threaded programs, as BPF sent them, against gdb's."""
import os
import pathlib
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ["SONDE_BUILD"])
sys.path.insert(0, str(ROOT / "tests/oracles"))
import stacks  # noqa: E402

SAMPLES = 200


def prove(name):
    target = subprocess.Popen([BUILD / f"tests/targets/oracle_{name}"])
    try:
        time.sleep(0.3)
        result = stacks.judge(BUILD / "tests/tools/sample_and_stop", target.pid, SAMPLES)
    finally:
        target.kill()
        target.wait()
    print(f"{name:12} {result.same:4} equal, {len(result.different)} different, excluded: {result.excluded}")
    for what, ours, theirs in result.different:
        print("  ", what, "\n    bpf:", *ours, "\n    gdb:", *theirs)
    return not result.different and sum(result.excluded.values()) <= 0.03 * SAMPLES


sys.exit(0 if all([prove(name) for name in ("plt", "signals", "realign", "omit", "exceptions")]) else 1)
