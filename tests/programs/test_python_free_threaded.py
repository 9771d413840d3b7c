# SPDX-License-Identifier: Apache-2.0
"""CPython 3.14t and 3.15t, which cannot be had: a program made with their own headers stands in for them
(tests/targets/python/made_free_threaded.c). 3.13t itself: tests/prove/python_free_threaded.py."""
import subprocess

import pytest

import python_profile
import pythons
import suites
from pprof_wire import Profile


@pytest.fixture(params=["3.14", "3.15"])
def made(request, build):
    version = request.param
    try:
        folder = suites.packages(f"python-{version}-dev", "sid", f"libpython{version}-dev")
    except RuntimeError as e:
        pytest.skip(f"no headers of {version}: {e}")
    includes = [f"-I{path}" for path in pythons.debian_headers(folder, version)]
    return pythons.made(pythons.built_folder(build) / f"made-{version}t", "gcc", "-O2", "-pthread", "-rdynamic",
                        "-DPy_GIL_DISABLED=1", *includes, pythons.TARGETS / "made_free_threaded.c", "-o")


@pytest.fixture
def running(made):
    target = subprocess.Popen([made, "run"], stdout=subprocess.PIPE, text=True)
    assert target.stdout.readline() == "ready\n"
    yield target.pid
    target.kill()
    target.wait()
    target.stdout.close()


def test_offsets_are_the_headers(build, made):
    theirs = subprocess.run([made, "facts"], capture_output=True, text=True, check=True).stdout.splitlines()
    ours = subprocess.run([build / "tests/tools/print_python", made], capture_output=True, text=True,
                          check=True).stdout.splitlines()
    assert len(theirs) > 25 and [row for row in theirs if row not in ours] == []


def test_stacks_by_the_threads_own_code(sonde, made, running, tmp_path):
    done = sonde("record", "-p", running, "-F", 199, "-d", 2, "--python-internals", "-o", tmp_path / "p.pb.gz")
    assert done.returncode == 0, done.stderr
    stacks = [frames for frames, _, _ in python_profile.all_frames(Profile(tmp_path / "p.pb.gz"))]
    inside = [frames for frames in stacks if any(frame.name == "inner" for frame in frames)]
    assert inside
    for frames in inside:
        first = next(i for i, frame in enumerate(frames) if frame.name == "inner")
        assert [frame.name for frame in frames[first:first + 6]] == [
            "inner", "_PyEval_EvalFrameDefault", "work_in_c", "outer", "_PyEval_EvalFrameDefault", "main"]
        assert {frame.mapping for frame in python_profile.python_frames(frames)} == {f"[cpython {made.name[5:]}]"}
        assert [frame[2:5] for frame in python_profile.python_frames(frames)] == [
            ("/made up/threads.py", 31, 20), ("/made up/threads.py", 13, 10)]


def test_doctor_says_that_it_was_never_run(sonde, made, running):
    said = [line for line in sonde("doctor", running).stdout.decode().splitlines() if "CPython" in line]
    assert len(said) == 1 and f"CPython {made.name[5:-1]}." in said[0] and "free-threaded (sonde was never run" in said[0]
