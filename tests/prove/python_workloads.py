#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Python workloads that know their stacks and shares: impossible stacks 0 in 100,000, shares at 99 and 999 Hz."""
import os
import pathlib
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ["SONDE_BUILD"])
sys.path.insert(0, str(ROOT / "tests/oracles"))
import python_profile  # noqa: E402
import pythons  # noqa: E402

SECONDS = int(os.environ.get("SECONDS_EACH", "10"))
RATES = [int(hz) for hz in os.environ.get("RATES", "999,99").split(",")]
WORKLOADS = ["alternate", "shares", "calls", "recursion", "deep", "generators", "iteration", "lookups", "errors",
             "caches", "library", "qsort", "threads", "no_gil", "pool", "asyncio", "pystone", "chunks"]
ONLY_DEBIAN = ["numpy", "gevent"]
# threads and greenlets that start and end run no Python yet, or no more
STARTING = {"deep": 0.03, "threads": 0.05, "no_gil": 0.05, "gevent": 0.05, "pool": 0.01}
# the sampler may catch a frame while it is linked: at most this share of samples lacks its Python part
TORN = {(3, 11): 0.0008, (3, 12): 0.0055}


def workloads(python):
    found = [w for w in WORKLOADS if w != "asyncio" or python.version >= (3,)]
    return found + (ONLY_DEBIAN if python.name == "3.11-debian" else [])


def prove_one(python, workload, folder):
    legal = python_profile.legal_stacks(BUILD, python, workload)
    good, total = True, 0
    for hz in RATES:
        profile, truth = python_profile.record(BUILD, python, workload, folder / f"{workload}-{hz}.pb.gz", hz, SECONDS)
        checked = python_profile.check(python_profile.all_frames(profile), legal)
        distance, limit, n = python_profile.distance(profile, truth)
        total += checked.total()
        lacking = checked.cut + checked.native_only
        right = not checked.impossible and distance <= limit
        right &= lacking <= (2 * TORN.get(python.version, 0) + STARTING.get(workload, 0.001)) * checked.total() + 2
        good &= right
        print(f"{python.name:14} {workload:10} {hz:4} Hz {checked.summary()}; distance {100 * distance:.2f} of "
              f"{100 * limit:.2f} points ({n}){'' if right else '  WRONG'}", flush=True)
        for why, samples in checked.impossible.most_common(5):
            print("     ", samples, *why)
    return good, total


def prove(python):
    good, total = True, 0
    with tempfile.TemporaryDirectory() as folder:
        for workload in os.environ.get("WORKLOADS", "").split() or workloads(python):
            right, samples = prove_one(python, workload, pathlib.Path(folder))
            good, total = good & right, total + samples
    print(f"{python.name:14} {total} samples")
    return good


def main():
    good, missing = True, []
    for name in sys.argv[1:] or pythons.ONE_OF_EACH:
        try:
            good &= prove(pythons.find(BUILD, name))
        except pythons.Missing as e:
            missing.append(name)
            print(f"{name:20} missing: {e}")
    return 0 if good and not set(missing) & set(pythons.DEBIAN) else 1


sys.exit(main())
