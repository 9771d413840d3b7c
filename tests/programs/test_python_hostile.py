# SPDX-License-Identifier: Apache-2.0
"""Processes whose Python memory lies, while they are sampled: a program that only exports the interpreter's
symbols (tests/targets/python/liar.c says what it keeps in memory), a Python whose own code objects are written
over, libraries that are damaged. Whatever they say, no frame is shown that they do not have."""
import collections
import functools
import os
import re
import signal
import struct
import subprocess
import time

import pytest

import python_profile
import pythons

ALL, REST = [f"good{i}" for i in range(8)], [f"good{i}" for i in range(1, 8)]
VERSIONS = {"3.8": 0x0308, "3.15": 0x030f}
# leaf first; "?": a Python function without a name
STACKS = {
    "good": ALL, "wild_frame": ALL[:3], "kernel_frame": ALL[:3], "unaligned_frame": ALL[:3],
    "wild_code": [*ALL[:2], "?", *ALL[3:]], "kernel_code": [], "no_code": [],
    "huge_name": ["?", *REST], "negative_name": ["?", *REST], "wild_name": ["?", *REST],
    "strange_name": ["?", *REST], "name_elsewhere": ["?", *REST], "huge_table": ALL, "wild_table": ALL,
    "cycle": [], "own_caller": [], "state_nowhere": [], "state_in_kernel": [], "nothing": [],
}
ONLY_ON = {"3.8": {"key_nowhere": []}, "3.15": {"only_entries": []}}


def liar(build, version):
    options = ["-w", "-O1", "-fPIE", "-pie", "-rdynamic", f"-DVERSION={VERSIONS[version]:#x}"]
    path = pythons.built_folder(build) / f"liar-{version}"
    return pythons.made(path, "gcc", *options, pythons.TARGETS / "liar.c", "-lpthread", "-o")


@functools.cache
def recorded(build, version, folder):
    """({case: [its Python frames, "?" for one without a name]}, profile)"""
    cases = [*STACKS, *ONLY_ON[version], "changing"]
    liars = {case: subprocess.Popen([liar(build, version), case], stdout=subprocess.PIPE) for case in cases}
    try:
        for target in liars.values():
            assert target.stdout.readline() == b"ready\n"
        whose = {target.pid: case for case, target in liars.items()}
        profile = python_profile.record_pids(build, whose, folder / f"{version}.pb.gz", 999, 3)
        assert [case for case, target in liars.items() if target.poll() is not None] == []
    finally:
        for target in liars.values():
            target.kill()
            target.wait()
            target.stdout.close()
    stacks = {case: [] for case in cases}
    for stack, _, labels in python_profile.all_frames(profile):
        if "pid" in labels:
            assert any(frame.name == "busy" for frame in stack) or whose[labels["pid"]] == "changing"
            python = [f for f in stack if python_profile.is_python(f) or f.name == "[python]"]
            stacks[whose[labels["pid"]]].append(python)
    return stacks, profile


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("hostile")


def names(frames):
    return ["?" if frame.name == "[python]" else frame.name for frame in frames]


@pytest.mark.parametrize("case", [*STACKS, "changing", "key_nowhere", "only_entries"])
@pytest.mark.parametrize("version", VERSIONS)
def test_shows_what_is_there(build, root, version, case, folder):
    stacks, _ = recorded(build, version, folder)
    if case not in stacks:
        return
    found = [frames for frames in stacks[case] if frames]
    for frames in stacks[case]:
        known = [frame for frame in frames if frame.name != "[python]"]
        assert {(f.name, f.file, f.start_line) for f in known} <= {(n, "/liar.py", 100 + i) for i, n in enumerate(ALL)}
    if case != "changing":
        expected = {**STACKS, **ONLY_ON[version]}[case]
        if version == "3.15" and len(expected) == 8:
            expected = expected[:7]  # the last is the entry of its eval loop
        assert found if expected else stacks[case]
        assert {tuple(names(frames)) for frames in found} == ({tuple(expected)} if expected else set())


@pytest.mark.parametrize("version", VERSIONS)
def test_counts_the_reasons(build, root, version, folder):
    _, profile = recorded(build, version, folder)
    text = "\n".join(profile.comments)
    ends = dict(re.findall(r"^# python (\w+): (\d+)$", text, re.M))
    assert {"WHOLE", "TORN", "UNREADABLE", "NO_FRAME"} <= set(ends)
    n = collections.Counter({k: int(v) for k, v in re.findall(r"^# count (\w+): (\d+)$", text, re.M)})
    assert n["ENTRIES"] == sum(n[k] for k in ("KEPT", "IDLE", "NOT_TARGET", "RING_FULL", "NO_SCRATCH", "BUSY"))


SPOILED = '''\
import ctypes, sys
def spin():
    total = 0
    for i in range(20000):
        total += i & 3
def spoiled_name():
    spin()
def spoiled_table():
    spin()
def spoiled_type():
    spin()
def write(function, field, value):
    ctypes.c_void_p.from_address(id(function.__code__) + field).value = value
write(spoiled_name, 120, 0xdeadbeef000)
write(spoiled_name, 128, 0xdeadbeef000)
write(spoiled_table, 136, 0xdeadbeef000)
write(spoiled_type, 8, id(int))
print("ready", flush=True)
while True:
    spoiled_name()
    spoiled_table()
    spoiled_type()
'''


def recorded_python(build, command, tmp_path, **more):
    target = subprocess.Popen([*map(str, command)], stdout=subprocess.PIPE, text=True, **more)
    try:
        assert target.stdout.readline() == "ready\n"
        time.sleep(0.3)
        profile = python_profile.record_pids(build, [target.pid], tmp_path / "p.pb.gz", 999, 2)
        assert target.poll() is None
    finally:
        os.kill(target.pid, signal.SIGKILL)
        target.wait()
        target.stdout.close()
    return [stack for stack, _, labels in python_profile.all_frames(profile) if "pid" in labels], profile


def test_code_objects_that_are_written_over(build, root, tmp_path):
    """Offsets of 3.11. A type that is another ends the walk: what stands above it is not believed either."""
    script = tmp_path / "spoiled.py"
    script.write_text(SPOILED)
    stacks, profile = recorded_python(build, ["/usr/bin/python3.11", script], tmp_path)
    shown = {tuple(frame.name for frame in stack if python_profile.is_python(frame) or frame.name == "[python]")
             for stack in stacks}
    assert {("spin", "[python]", "<module>"), ("spin", "spoiled_table", "<module>"), ()} <= shown
    assert shown <= {("spin", "[python]", "<module>"), ("spin", "spoiled_table", "<module>"), (), ("<module>",),
                     ("[python]", "<module>"), ("spoiled_table", "<module>")}
    assert any(comment.startswith("# python TORN: ") for comment in profile.comments)


def says_another_version(library, to, number):
    """Py_Version is the only word of the file with this value."""
    data, word = library.read_bytes(), struct.pack("<Q", 0x030b07f0)
    assert data.count(word) == 1
    to.write_bytes(data.replace(word, struct.pack("<Q", number)))
    to.chmod(0o755)


@pytest.mark.parametrize("number", [0x030c01f0, 0x030a00f0, 0x03ff00f0])
def test_a_library_that_says_another_version(build, root, number, tmp_path):
    """It runs as before; its native frames stay, none of Python is made up."""
    try:
        python = pythons.find(build, "3.11-stripped")
    except pythons.Missing as e:
        pytest.skip(str(e))
    library = next(pythons.built_folder(build).glob("stripped-3.11/libpython3.11.so.1.0"))
    says_another_version(library, tmp_path / library.name, number)
    script = tmp_path / "busy.py"
    script.write_text("print('ready', flush=True)\nwhile True:\n    sum(range(1000))\n")
    stacks, _ = recorded_python(build, [*python.argv, script], tmp_path,
                                env={"PATH": "/usr/bin:/bin", "LD_LIBRARY_PATH": str(tmp_path)})
    assert len(stacks) > 3 and all(not python_profile.python_frames(stack) for stack in stacks)
    assert any("_PyEval_EvalFrameDefault" in {frame.name for frame in stack} for stack in stacks)
