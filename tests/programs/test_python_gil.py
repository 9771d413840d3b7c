# SPDX-License-Identifier: Apache-2.0
"""--labels gil by a program whose threads' use of the GIL is known (tests/targets/python/gil.py)."""
import collections
import json
import os
import subprocess

import pytest

import python_profile
from pprof_wire import Profile, violations

pytestmark = pytest.mark.alone

ONE_OF_EACH = ["2.7-shared", "3.6-stripped", "3.9-shared", "3.11-debian", "3.12-shared", "3.13-stripped", "3.14-debian",
               "3.15-debian"]
# the last of the C library's functions before a sleep; a wake-up has other ones
SLEEPS = ("__futex_abstimed_wait_common", "pthread_cond_timedwait")

Row = collections.namedtuple("Row", "work names mappings label kind samples")


def rows_of(path):
    """Samples of the threads' own functions, inside which they do nothing else."""
    profile = Profile(path)
    assert violations(profile) == []
    for frames, samples, labels in python_profile.all_frames(profile):
        named = [python_profile.bare(f) for f in python_profile.python_frames(frames)]
        work = next((name for name in named if name in ("burn", "compress", "sleep")), None)
        yield Row(work, [f.name for f in frames], [f.mapping for f in frames], labels.get("gil"), labels["class"], samples)


def record(build, python, tmp_path, *args):
    done = subprocess.run([build / "collector/sonde", "record", "-F", "999", "--labels", "gil,class", "-o",
                           tmp_path / "p.pb.gz", "--", *python.command(build, "gil.py", *args)], capture_output=True, text=True,
                          timeout=120, env={"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "XDG_CACHE_HOME": str(tmp_path),
                                            "PYTHONDONTWRITEBYTECODE": "1", **python.env})
    assert done.returncode == 0, done.stderr
    return list(rows_of(tmp_path / "p.pb.gz")), json.loads(done.stdout)


def weigh(rows, accepts=lambda row: True):
    return sum(row.samples for row in rows if accepts(row))


def holds(row):
    return row.label == "holds"


def in_libz(row):
    """Not below its set-up, for which the module still has the GIL."""
    return any("libz" in name for name in row.mappings) and not any("Init" in name for name in row.names)


def asleep(row):
    """In the kernel to wait for a lock with no Python call of its own: for the GIL."""
    return row.kind == "kernel" and "__futex_wait" in row.names and any(name in row.names for name in SLEEPS)


@pytest.mark.parametrize("python", ONE_OF_EACH, indirect=True)
def test_threads_that_share_the_gil(build, root, python, tmp_path):
    rows, used = record(build, python, tmp_path)
    burning = [row for row in rows if row.work == "burn"]
    in_python = [row for row in burning if row.kind == "python"]
    assert weigh(burning) > 150 and weigh(burning, holds) >= 0.9 * weigh(burning)
    assert weigh(in_python, holds) >= 0.95 * weigh(in_python) - 2, [row for row in in_python if not holds(row)]
    without = [row for row in rows if row.work == "compress" and in_libz(row)]
    assert weigh(without) > 100 and weigh(without, holds) <= 0.01 * weigh(without) + 1
    assert {row.label for row in without} <= {"none", "holds"}
    known = {"waits", "none"} if python.version == (3, 6) else {"waits"}  # 3.6: by names alone, which one has not
    assert {row.label for row in rows if row.work and asleep(row)} <= known
    assert weigh(rows, lambda row: row.work == "sleep") <= 10 + 3 * 1000 * used["sleep"]
    # two CPUs' worth of threads, but one at a time has the GIL
    assert weigh(rows, holds) <= 1.05 * used["wall"] * 999 + 100


@pytest.mark.parametrize("python", ["3.6-shared", "3.11-shared", "3.13-shared"], indirect=True)
def test_threads_that_wait_are_seen(build, root, python, tmp_path):
    """Named by the interpreter's own function where the build has symbols: then the label follows it."""
    rows, _ = record(build, python, tmp_path)
    waiting = [row for row in rows if row.work and "take_gil" in row.names]
    assert waiting and {row.label for row in waiting} <= {"waits", "holds"}
    # one that sleeps there until it is its turn has not got it; the rest of take_gil() may have
    turns = [row for row in waiting if any(name.startswith("pthread_cond_timedwait") for name in row.names)]
    assert turns and {row.label for row in turns} == {"waits"}, [row for row in turns if holds(row)]
    stray = [row for row in rows if row.label == "waits" and "take_gil" not in row.names and "drop_gil" not in row.names]
    assert not stray


@pytest.mark.parametrize("python", ["2.7-shared", "3.11-debian", "3.13-shared"], indirect=True)
def test_a_lone_thread_holds_it(build, root, python, tmp_path):
    rows, used = record(build, python, tmp_path, "alone")
    burning = [row for row in rows if row.work == "burn"]
    assert weigh(burning) > 0.5 * 999 * used["burn1"]
    assert weigh(burning, holds) >= 0.98 * weigh(burning)


def test_no_label_without_python_or_unasked(build, root, chain, sonde, tmp_path):
    assert sonde("record", "--labels", "gil", "-o", tmp_path / "c.pb.gz", "--", chain, "1").stderr
    assert len(list(Profile(tmp_path / "c.pb.gz").stacks()))
    assert all("gil" not in labels for _, _, labels in Profile(tmp_path / "c.pb.gz").stacks())
    run = sonde("record", "-o", tmp_path / "u.pb.gz", "--", "/usr/bin/python3", "-c", "sum(range(10**7))")
    assert run.returncode == 0
    assert all("gil" not in labels for _, _, labels in Profile(tmp_path / "u.pb.gz").stacks())


def test_a_recording_keeps_it(build, sonde, tmp_path):
    run = sonde("record", "--labels", "gil", "--raw", tmp_path / "r.raw", "-o", tmp_path / "p.pb.gz", "--",
                "/usr/bin/python3", "-c", "sum(range(3 * 10**7))")
    assert run.returncode == 0
    again = sonde("replay", tmp_path / "r.raw", "--labels", "gil", "-o", tmp_path / "again.pb.gz")
    assert again.returncode == 0
    assert (tmp_path / "again.pb.gz").read_bytes() == (tmp_path / "p.pb.gz").read_bytes()
    assert any(labels.get("gil") == "holds" for _, _, labels in Profile(tmp_path / "p.pb.gz").stacks())
