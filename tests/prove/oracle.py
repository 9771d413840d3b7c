#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""200 stacks of each of six multi-threaded programs of ours, and of OpenSSL's assembler code (CFAs in scratch
registers and in memory), as BPF sent them, against gdb's."""
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
OURS = ("plt", "signals", "realign", "omit", "exceptions", "in_register")
OPENSSL = ["/usr/bin/openssl", "speed", "-seconds", "600"]
PROGRAMS = {**{name: [BUILD / f"tests/targets/oracle_{name}"] for name in OURS},
            "chacha20": OPENSSL + ["-evp", "chacha20-poly1305"], "aes-gcm": OPENSSL + ["-evp", "aes-256-gcm"]}


def prove(name, command):
    target = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        time.sleep(0.5)
        result = stacks.judge(BUILD / "tests/tools/sample_and_stop", target.pid, SAMPLES)
    finally:
        target.kill()
        target.wait()
    print(f"{name:12} {result.same:4} equal, {len(result.different)} different, excluded: {result.excluded}")
    for what, ours, theirs in result.different:
        print("  ", what, "\n    bpf:", *ours, "\n    gdb:", *theirs)
    return not result.different and sum(result.excluded.values()) <= 0.03 * SAMPLES


sys.exit(0 if all([prove(*program) for program in PROGRAMS.items()]) else 1)
