#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""How soon Python shows: python_short_lives.py [RUNS [INTERPRETER ...]]

Until the first whole Python stack: of a process that ran before sonde did, from the first sample of it on and
from sonde's own start; of a process that starts while sonde records, from its fork on (its own start, which it
tells itself, is part of that). And of RUNS scripts of 60 ms, how much of the CPU time that a function measured
itself stands under its name with a whole stack; once warm, and as the first of their recording, from a file
that nobody has read. Over 100 ms or below 95 % is a failure, cold scripts are shown only."""
import contextlib
import os
import pathlib
import re
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ["SONDE_BUILD"])
sys.path[:0] = [str(ROOT / "tests/oracles"), str(ROOT / "tests/bench")]
import host  # noqa: E402
import python_profile  # noqa: E402
import pythons  # noqa: E402
from pprof_wire import Profile  # noqa: E402

SOON_MS, FOUND, HZ, COLD = 100, 0.95, 999, 20
RATES, ROUNDS = (99, 4999), 5
TARGET = "brief.py"


def frames_of(path, pid=None):
    """(time in ns, its Python frames' names, value) of each sample, oldest first."""
    found = []
    for stack, _, labels in python_profile.all_frames(Profile(path)):
        if pid in (None, labels["pid"]):
            names = [frame.name for frame in python_profile.python_frames(stack)]
            found.append((labels["timestamp_ns"], names))
    return sorted(found)


def is_whole(names):
    return names[-3:] == ["work", "main", "<module>"]


def first_whole(found):
    return next((at for at, names in found if is_whole(names)), None)


def ms(ns):
    return f"{ns / 1e6:.0f}"


def show(what, hz, took):
    worst = max(took)
    print(f"  {what}, {hz} Hz: {' '.join(map(ms, sorted(took)))} ms{'' if worst < SOON_MS * 1e6 else '  TOO LATE'}",
          flush=True)
    return worst < SOON_MS * 1e6


@contextlib.contextmanager
def started(python, seconds):
    """The program, once it is in its function."""
    program = python.start(BUILD, TARGET, seconds, stdout=subprocess.PIPE, text=True)
    try:
        program.stdout.readline()
        yield program
    finally:
        program.kill()
        program.communicate()


def attach(python, hz, folder, everybody):
    """(from its first sample, from exec of sonde) to its first whole stack."""
    out = folder / "p.pb.gz"
    with started(python, 4) as program:
        begun = time.time_ns()
        subprocess.run([host.SONDE, "record", "-F", str(hz), "-d", "1", "--labels", "timestamps,pid", "-o", out,
                        *(["-a"] if everybody else ["-p", str(program.pid)])], check=True, capture_output=True)
        found = frames_of(out, program.pid)
    whole = first_whole(found)
    return whole - found[0][0], whole - begun


def prove_attach(python, folder):
    good = True
    for everybody in (False, True):
        for hz in RATES:
            took = [attach(python, hz, folder, everybody) for _ in range(ROUNDS)]
            name = "attached, whole host" if everybody else "attached by its id"
            good &= show(f"{name}, from its first sample", hz, [first for first, _ in took])
            print(f"    from exec of sonde, its start included: {' '.join(ms(t) for _, t in sorted(took))} ms")
    return good


def new_process(python, hz, folder):
    """(from fork to the first whole stack, what the program needed itself until its function began)"""
    out = folder / "p.pb.gz"
    with host.recording("-a", "-F", hz, "--labels", "timestamps,pid", output=out) as sonde:
        host.wait_for(lambda: any(host.fdinfo(sonde.pid, "bpf-prog")))
        time.sleep(0.5)
        begun = time.time_ns()
        program = python.start(BUILD, TARGET, 0.3, stdout=subprocess.PIPE, text=True)
        inside = int(program.communicate()[0].split()[0])
    whole = first_whole(frames_of(out, program.pid))
    return whole - begun, inside - begun


def prove_new(python, folder):
    good = True
    for hz in RATES:
        took = [new_process(python, hz, folder) for _ in range(ROUNDS)]
        good &= show("started while recorded, from its fork", hz, [whole for whole, _ in took])
        print(f"    its own start: {' '.join(ms(t) for _, t in sorted(took))} ms")
    return good


def share(python, folder, cnt):
    """(CPU time measured by the scripts, that under their function, that with a whole stack)"""
    out = folder / "p.pb.gz"
    script = 'i=0; while [ $i -lt %d ]; do "$@" || exit 1; i=$((i + 1)); done' % cnt
    command = python.command(BUILD, TARGET, 0.06)
    env = {"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", "PYTHONDONTWRITEBYTECODE": "1", **python.env}
    run = subprocess.run([host.SONDE, "record", "-F", str(HZ), "-o", out, "--", "/bin/sh", "-c", script, "sh", *command],
                         check=True, capture_output=True, text=True, env=env)
    lines = run.stdout.split("\n")[:-1]
    assert len(lines) == 2 * cnt, run.stdout
    under = whole = 0
    for stack, values, _ in Profile(out).stacks():
        under += values[1] * ("work" in stack)
        whole += values[1] * ("work" in stack and "main" in stack and "<module>" in stack)
    return sum(map(int, lines[1::2])), under, whole


def forgotten(python, folder):
    """The same interpreter in a file that is in no cache."""
    if python.root:
        return python
    file = folder / "cold-python"
    shutil.copy(python.argv[0], file)
    fd = os.open(file, os.O_RDONLY)
    os.fsync(fd)
    os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_DONTNEED)
    os.close(fd)
    return pythons.dataclasses.replace(python, argv=[file, *python.argv[1:]])


def prove_scripts(python, folder, runs):
    took, under, whole = share(python, folder, runs)
    good = under >= FOUND * took
    print(f"  {runs} scripts of 60 ms, {took / 1e9:.2f} s by their own clock: {100 * under / took:.1f} % under their "
          f"function, {100 * whole / took:.1f} % with a whole Python stack (goal {100 * FOUND:.0f} %)"
          f"{'' if good else '  TOO FEW'}", flush=True)
    for what, one in (("", lambda: python), (", in a file that is in no cache", lambda: forgotten(python, folder))):
        shares = [u / t for t, u, _ in (share(one(), folder, 1) for _ in range(COLD))]
        print(f"  the first of its recording{what}, {COLD} times: {100 * statistics.mean(shares):.1f} % "
              f"({100 * min(shares):.0f} to {100 * max(shares):.0f})", flush=True)
    return good


def prove(python, runs):
    print(f"{python.name}:")
    with tempfile.TemporaryDirectory(prefix="sonde-python.") as name:
        folder = pathlib.Path(name)
        good = [prove_attach(python, folder), prove_new(python, folder), prove_scripts(python, folder, runs)]
    return all(good)


def main():
    host.needs_root()
    host.go_first()
    signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored in the background of a script, and below
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    good = True
    for name in sys.argv[2:] or ["3.8-shared", "3.11-debian", "3.13-shared"]:
        try:
            good &= prove(pythons.find(BUILD, name), runs)
        except pythons.Missing as e:
            good &= name not in pythons.DEBIAN
            print(f"{name}: missing: {e}")
    return 0 if good else 1


sys.exit(main())
