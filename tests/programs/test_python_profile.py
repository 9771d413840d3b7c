# SPDX-License-Identifier: Apache-2.0
"""What Python frames look like in a profile: mappings, names, lines, native frames between them, options and
labels. The truth is the program's own text, and the clock that it reads."""
import os
import pathlib
import re
import subprocess
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "oracles"))
import python_profile  # noqa: E402
from pprof_wire import Profile, violations  # noqa: E402

PYTHON = "/usr/bin/python3"
PROGRAM = '''\
import json
import time


class Naïve:
    def key(self, x):
        return json.dumps(x) + "".join(str(i) for i in range(30))


def main():
    end = time.time() + 1.2
    while time.time() < end:
        sorted(range(100), key=Naïve().key)


main()
'''


@pytest.fixture
def program(tmp_path):
    path = tmp_path / "prögram.py"
    path.write_text(PROGRAM)
    return path


@pytest.fixture
def record(sonde, tmp_path, program):
    def run(*options, out="p.pb.gz", **more):
        done = sonde("record", "-F", 499, "-o", tmp_path / out, *options, "--", PYTHON, program, **more)
        assert done.returncode == 0, done.stderr
        p = Profile(tmp_path / out)
        assert violations(p) == []
        return p
    return run


def line_of(text):
    return 1 + PROGRAM.splitlines().index(text)


def stacks(profile):
    return [frames for frames, _, _ in python_profile.all_frames(profile)]


def names(profile):
    return {frame.name for frames in stacks(profile) for frame in frames}


def test_functions_files_and_lines(record, program):
    frames = {f for stack in stacks(record()) for f in stack if f.file == str(program)}
    assert {f.mapping for f in frames} == {"[cpython 3.11]"}
    assert {f.system_name for f in frames} == {""}
    starts = {f.name: f.start_line for f in frames}
    assert starts["Naïve.key"] == line_of("    def key(self, x):")
    assert starts["main"] == line_of("def main():")
    assert {"<module>", "Naïve.key.<locals>.<genexpr>"} <= set(starts)
    lines = {name: {f.line for f in frames if f.name == name} for name in starts}
    assert lines["Naïve.key"] <= {line_of(row) for row in PROGRAM.splitlines()[5:7]}
    assert line_of("        sorted(range(100), key=Naïve().key)") in lines["main"]
    assert line_of("main()") in lines["<module>"]
    assert lines["<module>"] <= {line_of(row) for row in PROGRAM.splitlines() if re.match("[a-z]", row)}


def test_the_mapping_tells_what_it_has(record):
    profile = record()
    mapping = next(m for m in profile.mappings if profile.strings[m.get(5, 0)] == "[cpython 3.11]")
    assert [mapping.get(flag, 0) for flag in (7, 8, 9)] == [1, 1, 1]
    addresses = [at.get(3, 0) for at in profile.locations if at.get(2) == mapping[1]]
    assert addresses and all(mapping[2] <= a < mapping[3] for a in addresses)


def between(stack, first, last):
    shown = [frame.name for frame in stack]
    return shown[shown.index(first) + 1:shown.index(last)] if first in shown and last in shown else None


def test_native_frames_stand_where_they_ran(record):
    """Debian's python3 is stripped: sorted and list.sort have their names from its own tables."""
    found = [between(stack, "Naïve.key", "main") for stack in stacks(record())]
    found = [part for part in found if part is not None]
    assert len(found) > 20 and all(part == ["list.sort", "sorted"] for part in found), found


def test_internals_on_request(record):
    """Stacks from before the interpreter was known have native frames alone, and these all."""
    inside = [{frame.name for frame in stack} for stack in stacks(record()) if python_profile.python_frames(stack)]
    assert len(inside) > 20 and not any("_PyEval_EvalFrameDefault" in shown for shown in inside)
    shown = names(record("--python-internals"))
    assert {"_PyEval_EvalFrameDefault", "Py_BytesMain", "Naïve.key"} <= shown


def test_no_python(record):
    profile = record("--no-python")
    assert "_PyEval_EvalFrameDefault" in names(profile) and "Naïve.key" not in names(profile)
    assert not any("[cpython" in profile.strings[m.get(5, 0)] for m in profile.mappings)


def test_labels(record):
    labelled = list(python_profile.all_frames(record("--labels", "class,python_version")))
    inside = [(frames, labels) for frames, _, labels in labelled if python_profile.python_frames(frames)]
    assert len(inside) > 50 and {labels["python_version"] for _, labels in inside} == {"3.11"}
    for frames, labels in inside:
        leaf = frames[0].mapping
        assert labels["class"] == ("python" if leaf.startswith("[cpython") else
                                   "kernel" if leaf.startswith("[kernel") else "native"), frames[0]


def test_a_recording_gives_the_same_again(record, sonde, tmp_path):
    record("--raw", tmp_path / "r.raw")
    assert sonde("replay", tmp_path / "r.raw", "-o", tmp_path / "again.pb.gz").returncode == 0
    assert (tmp_path / "again.pb.gz").read_bytes() == (tmp_path / "p.pb.gz").read_bytes()


def test_stacks_that_travel_as_memory_are_the_same(record):
    """As the first ones of a process do."""
    found = [between(stack, "Naïve.key", "main") for stack in stacks(record("--debug-copy"))]
    assert sum(part == ["list.sort", "sorted"] for part in found) > 20


SHORT = '''\
import time
def work():
    while time.process_time() < start + 0.06:
        sum(range(1000))
start = time.process_time()
work()
print(time.process_time() - start)
'''


def test_a_short_script_is_found_whole(sonde, tmp_path):
    """By the CPU time that it measures itself; its interpreter was seen before it."""
    (tmp_path / "short.py").write_text(SHORT)
    script = f"for i in 1 2 3 4 5 6 7 8 9 10; do {PYTHON} {tmp_path}/short.py; done"
    run = sonde("record", "-F", 999, "-o", tmp_path / "p.pb.gz", "--", "/bin/sh", "-c", script)
    took = sum(map(float, re.findall(rb"[\d.]+", run.stdout)))
    found = sum(values[1] for shown, values, _ in Profile(tmp_path / "p.pb.gz").stacks() if "work" in shown)
    assert found > 0.8 * took * 1e9, (found, took)


def test_what_is_kept_of_an_interpreter(record, tmp_path):
    """Found again, and done without where it is damaged."""
    notes = subprocess.run(["/usr/bin/readelf", "-n", PYTHON], capture_output=True, text=True, check=True).stdout
    kept = tmp_path / "sonde" / (re.search(r"Build ID: ([0-9a-f]+)", notes)[1] + ".python")
    cache = {"env": {**os.environ, "XDG_CACHE_HOME": str(tmp_path)}}
    before = None
    for damage in (None, lambda data: data[:-1], lambda data: data[:200] + bytes(len(data) - 200)):
        if damage:
            kept.write_bytes(damage(kept.read_bytes()))
        assert "Naïve.key" in names(record(**cache))
        made = kept.stat().st_ino
        assert made != before
        assert "Naïve.key" in names(record(**cache))
        before = kept.stat().st_ino
        assert before == made  # read, not made again


def test_children_of_multiprocessing(sonde, tmp_path):
    (tmp_path / "pool.py").write_text('''\
import multiprocessing, time
def child_work(n):
    end = time.time() + 0.4
    while time.time() < end:
        pass
if __name__ == "__main__":
    with multiprocessing.Pool(2) as pool:
        pool.map(child_work, range(4))
''')
    sonde("record", "-F", 499, "-o", tmp_path / "p.pb.gz", "--", PYTHON, tmp_path / "pool.py")
    stacks_of_work = [labels["pid"] for shown, _, labels in Profile(tmp_path / "p.pb.gz").stacks()
                      if "child_work" in shown and "<module>" in shown]
    assert len(set(stacks_of_work)) == 2
