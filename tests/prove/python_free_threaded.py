#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""CPython 3.13t, built from Debian's source package: stacks, every line of its library, workloads, words."""
import os
import pathlib
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ["SONDE_BUILD"])
sys.path.insert(0, str(ROOT / "tests/oracles"))
import python_codes  # noqa: E402
import python_lines  # noqa: E402
import python_profile  # noqa: E402
import pythons  # noqa: E402


def other_proof(name, interpreters):
    return subprocess.run([ROOT / "tests/prove" / name, *interpreters]).returncode == 0


def lines_are_right(python):
    verdict = python_lines.judge(BUILD / "tests/tools/print_python_lines",
                                 python.start(BUILD, "lines.py", stdout=subprocess.PIPE))
    print(f"{python.name}: {verdict.codes} code objects, {verdict.offsets} offsets, {len(verdict.wrong)} wrong")
    return verdict.codes > 1000 and not verdict.wrong


def code_objects_are_right(python):
    with python.start(BUILD, "codes.py", "json", "argparse", stdin=subprocess.PIPE, stdout=subprocess.PIPE) as running:
        count, gone, wrong = python_codes.judge(BUILD / "tests/tools/print_python_code", running)
        running.stdin.close()
    print(f"{python.name}: {count} code objects, {gone} that are no more, {len(wrong)} wrong")
    return count > 150 and gone == 100 and not wrong


def profile_says(python):
    with tempfile.TemporaryDirectory() as folder:
        profile, _ = python_profile.record(BUILD, python, "alternate", pathlib.Path(folder) / "p.pb.gz", 499, 3,
                                           "--labels", "python_version")
    stacks = list(python_profile.all_frames(profile))
    mappings = {frame.mapping for frames, _, _ in stacks for frame in python_profile.python_frames(frames)}
    versions = {labels["python_version"] for _, _, labels in stacks if "python_version" in labels}
    print(f"{python.name}: mappings {mappings}, labels {versions}")
    return (mappings, versions) == ({"[cpython 3.13t]"}, {"3.13t"})


def doctor_says(python):
    target = python.start(BUILD, "workloads.py", "alternate", "run", stdout=subprocess.PIPE, text=True)
    try:
        target.stdout.readline()
        said = subprocess.run([BUILD / "collector/sonde", "doctor", str(target.pid)], capture_output=True, text=True)
    finally:
        target.kill()
        target.wait()
    told = [line.strip() for line in said.stdout.splitlines() if "CPython" in line]
    print(f"{python.name}: doctor: {told}")
    return len(told) == 1 and "free-threaded" in told[0]


def main():
    try:
        shared = pythons.find(BUILD, pythons.FREE_THREADED[0])
    except pythons.Missing as e:
        print("missing:", e)
        return 1
    good = [says(shared) for says in (profile_says, doctor_says, code_objects_are_right, lines_are_right)]
    good.append(other_proof("python_oracle.py", pythons.FREE_THREADED))
    good.append(other_proof("python_workloads.py", pythons.FREE_THREADED[:1]))
    return 0 if all(good) else 1


sys.exit(main())
