# SPDX-License-Identifier: Apache-2.0
"""Deep recursions: 4,096 Python frames come whole, of more the leaf side below a root that says so. How deep it
is the program counted itself."""
import os
import re
import subprocess

import pytest

import python_profile
from pprof_wire import Profile, violations

pytestmark = pytest.mark.alone

MOST = 4096
HZ = "49" if "ASAN_OPTIONS" in os.environ else "199"  # records of 100 KB, which a slowed sonde must drain
SECONDS = ["0.7", "3", "8"]  # the next one where the target hardly got the CPU
OLDER = ["2.7-shared", "3.8-shared", "3.10-shared"]
PYTHONS = [*OLDER, "3.11-debian", "3.12-shared", "3.13-shared", "3.14-debian"]


def record_for(build, python, folder, depth, how, options, hz, seconds):
    path = folder / "p.pb.gz"
    target = python.start(build, "recursion.py", depth, 10, *how, stdout=subprocess.PIPE, text=True)
    try:
        assert int(target.stdout.readline()) == depth
        pid = python_profile.descendants(target.pid)[-1]
        done = subprocess.run([build / "collector/sonde", "record", "-p", str(pid), "-F", hz, "-d", seconds, "-o", path,
                               *options], capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
    finally:
        target.kill()
        target.communicate()
    return Profile(path)


def record(build, python, folder, depth, *how, options=(), hz=HZ):
    """(Python frames, all frames, leaf first) of each sample in the last call, and the header's counts."""
    for seconds in SECONDS:
        profile = record_for(build, python, folder, depth, how, options, hz, seconds)
        assert violations(profile) == []
        found = [(python_profile.python_frames(stack), stack, n) for stack, n, _ in python_profile.all_frames(profile)]
        found = [(frames, stack, n) for frames, stack, n in found if stack[0].name != "[lost]"]
        if sum(n for _, _, n in found) > 20:
            break
    counts = {key: int(n) for key, n in re.findall(r"^# (\w+ \w+): (\d+)$", "\n".join(profile.comments), re.M)}
    assert sum(n for _, _, n in found) > 20
    assert counts["count KEPT"] + counts["count RING_FULL"] == counts["count ENTRIES"] - counts["count NOT_TARGET"] - \
        counts["count IDLE"] - counts["count DISARMED"]
    return found, counts


def expected(depth, function):
    outer = ["in_thread", "run", "_bootstrap_inner", "_bootstrap"]
    return (["bottom"] + [function] * depth)[:depth - len(outer)] + outer


def bare(frames):
    return [python_profile.bare(frame).replace("__bootstrap", "_bootstrap") for frame in frames]


@pytest.mark.parametrize("depth", [4000, MOST])
@pytest.mark.parametrize("python", PYTHONS, indirect=True)
def test_whole(build, root, python, depth, tmp_path):
    found, counts = record(build, python, tmp_path, depth)
    for frames, stack, _ in found:
        assert bare(frames) == expected(depth, "down")
        if python.version >= (3, 11):
            inner = frames[:depth - 4]  # one eval loop runs these; 3.14 starts a thread through C
            assert stack[stack.index(frames[0]):][:len(inner)] == inner
        # up to 3.10 some four native frames stand for each, and these end before
        assert (stack[-1].name == "[truncated]") == (python.version < (3, 11))
    assert "python MAX_DEPTH" not in counts and counts["python WHOLE"] >= sum(n for _, _, n in found)


@pytest.mark.parametrize("python", PYTHONS, indirect=True)
def test_beyond(build, root, python, tmp_path):
    found, counts = record(build, python, tmp_path, 5000)
    for frames, stack, _ in found:
        assert bare(frames) == expected(5000, "down")[:MOST] and stack[-1].name == "[truncated]"
        assert stack[-2] is frames[-1]  # what called the first of them is not shown as called by the last
        if python.version >= (3, 11):  # one eval loop runs them all
            assert stack[stack.index(frames[0]):-1] == frames
    assert counts["python MAX_DEPTH"] == sum(n for _, _, n in found)


@pytest.mark.parametrize("python", ["3.8-shared", "3.11-debian", "3.13-shared"], indirect=True)
def test_a_ring_without_room(build, root, python, tmp_path):
    """The leaf side goes through where the whole does not."""
    found, counts = record(build, python, tmp_path, 1000, hz="199", options=["--debug-faults", "400"])
    cut = 0
    for _, stack, n in found:
        shown = [frame for frame in stack if python_profile.is_python(frame) or frame.name == "[python]"]
        assert len(shown) in (256, 1000)
        if len(shown) == 256:
            cut += n
            assert stack[-1].name == "[truncated]" and stack[-2] is shown[-1]
    assert counts["python NO_ROOM"] == cut > 5 and counts["count RING_FULL"] > 5


@pytest.mark.parametrize("frames", [1, 2, 13, 20])
@pytest.mark.parametrize("python", ["2.7-shared", "3.8-shared", "3.11-shared", "3.12-shared", "3.13-shared"], indirect=True)
def test_frames_in_a_circle(build, root, python, frames, tmp_path):
    """Memory that lies: none of it is believed, the native frames stay."""
    path = tmp_path / "p.pb.gz"
    target = python.start(build, "circle.py", frames, stdout=subprocess.PIPE, text=True)
    try:
        assert target.stdout.readline() == "ready\n"
        subprocess.run([build / "collector/sonde", "record", "-p", str(target.pid), "-F", "499", "-d", "0.5", "-o", path],
                       check=True, capture_output=True)
        assert target.wait(timeout=60) == 0
    finally:
        target.kill()
        target.communicate()
    profile = Profile(path)
    assert violations(profile) == []
    counts = dict(re.findall(r"^# python (\w+): (\d+)$", "\n".join(profile.comments), re.M))
    assert set(counts) == {"TORN"} and int(counts["TORN"]) > 20
    for names, _, _ in profile.stacks():
        assert "turn" not in names and "[python]" not in names and names[-1] == "_start"


def native_between(stack):
    """The names of native frames between each Python frame and the next, leaf first."""
    gaps = [[]]
    for frame in stack[:-1]:
        if python_profile.is_python(frame):
            gaps.append([])
        else:
            gaps[-1].append(frame.name)
    return gaps[1:]


@pytest.mark.parametrize("native", [64, 1024, 4096])
@pytest.mark.parametrize("python", [*OLDER, "3.11-debian"], indirect=True)
def test_each_in_an_eval_loop_of_its_own(build, root, python, native, tmp_path):
    """Native frames end before the Python ones do, and up to there they stand between them."""
    found, counts = record(build, python, tmp_path, MOST, "through_c", options=["--max-depth", str(native)])
    for frames, stack, _ in found:
        assert bare(frames) == expected(MOST, "through_c") and stack[-1].name == "[truncated]"
        gaps = native_between(stack)
        full = next(i for i, gap in enumerate(gaps[3:], 3) if gap != gaps[2])  # the leaf side may be on its way
        assert gaps[2] and native // 10 - 2 <= full <= native // 2, (full, gaps[:4])
        assert gaps[full] == gaps[2][:len(gaps[full])] and not any(gaps[full + 1:]), gaps[full - 1:full + 3]
    assert counts["stop MAX_DEPTH"] == sum(n for _, _, n in found) and "python MAX_DEPTH" not in counts
