# SPDX-License-Identifier: Apache-2.0
"""Python functions as real pprof shows them: names, source and lines; and report --list beside it. The first lines of
functions are what the target's own interpreter says (co_firstlineno)."""
import json
import os
import re
import subprocess

import pytest

import pprof_ask
import python_profile
from pprof_wire import Profile, violations

PROGRAM = '''\
# -*- coding: utf-8 -*-
import functools
import time


def passed_on(function):
    @functools.wraps(function)
    def inner(*args):
        return function(*args)
    return inner


class Counter(object):
    @staticmethod
    @passed_on
    def spin(n):
        """Two lines that cost."""
        total = 0

        for i in range(n):
            total += i
        return total


double = lambda n: Counter.spin(n) + sum(x * x for x in range(n))


def main():
    end = time.time() + 1.5
    while time.time() < end:
        double(3000)


main()
'''
FIRST_LINES = '''\
import json, sys
def codes(code):
    yield code
    for const in code.co_consts:
        if hasattr(const, "co_code"):
            for inner in codes(const):
                yield inner
whole = compile(open(sys.argv[1], "rb").read(), sys.argv[1], "exec")
print(json.dumps([[code.co_name, code.co_firstlineno] for code in codes(whole)]))
'''
NAMES = {"<module>", "<lambda>", "<genexpr>", "inner", "spin", "main"}
ENV = {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "PYTHONDONTWRITEBYTECODE": "1"}


@pytest.fixture
def shown(build, root, python, tmp_path):
    """(program, profile) of a run."""
    program, path = tmp_path / "shown.py", tmp_path / "p.pb.gz"
    program.write_text(PROGRAM, encoding="utf-8")
    done = subprocess.run([build / "collector/sonde", "record", "-F", "999", "-o", path, "--labels", "class", "--",
                           *map(str, python.argv), program], capture_output=True, text=True, timeout=60,
                          env={**ENV, "XDG_CACHE_HOME": str(tmp_path), **python.env})
    assert done.returncode == 0, done.stderr
    assert violations(Profile(path)) == []
    return program, path


def all_pythons(test):
    return pytest.mark.parametrize("python", ["2.7-shared", "3.8-shared", "3.11-debian", "3.13-shared"], indirect=True)(test)


def short(name):
    return name.rsplit(".", 1)[-1]


@all_pythons
def test_raw_rows(shown, python, pprof):
    """Flags of the mapping; name, file, line and first line of every function."""
    program, path = shown
    raw = subprocess.run([pprof, "-raw", path], capture_output=True, text=True, timeout=60, check=True).stdout
    mapping = re.search(rf"^(\d+): 0x\w+/0x\w+/0x\w+ \[cpython {python.version[0]}\.{python.version[1]}\] *(.*)$", raw, re.M)
    assert mapping and {"[FN]", "[FL]", "[LN]"} <= set(re.findall(r"\[..\]", mapping[2]))
    said = subprocess.run([*map(str, python.argv), "-c", FIRST_LINES, program], capture_output=True, text=True, check=True,
                          env={**ENV, **python.env}).stdout
    true = {tuple(row) for row in json.loads(said)}
    # in brackets: system_name, where it is another
    rows = re.findall(rf"^ +\d+: 0x\w+ M={mapping[1]} (\S+) {re.escape(str(program))}:(\d+):0 s=(\d+)\(\)$", raw, re.M)
    found = {(short(name), int(first)) for name, _, first in rows}
    assert found <= true and NAMES <= {name for name, _ in found}, (found, true)
    assert len(re.findall(rf" M={mapping[1]} ", raw)) == len(re.findall(rf" M={mapping[1]} .*s=\d+\(\)$", raw, re.M))


@all_pythons
def test_names_survive_the_demangler(shown, pprof, tmp_path):
    """In each of its modes: what stands in angle brackets is no template's argument."""
    _, path = shown
    for mode in ("none", "default", "full", "templates"):
        text = subprocess.run([pprof, f"-symbolize=fastlocal:demangle={mode}", "-top", "-nodecount=300", path],
                              capture_output=True, text=True, timeout=120, env={**ENV, "HOME": str(tmp_path)}).stdout
        assert NAMES <= {short(name) for name, *_ in pprof_ask.top(text)} | {name for name, *_ in pprof_ask.top(text)}, (mode, text)


def weights(path, program):
    """(function, line) -> [self, total] nanoseconds of the program's functions, by the profile's own rows."""
    found = {}
    for frames, value in valued(path):
        lines = [(frame.name, frame.line) if frame.file == str(program) else None for frame in frames]
        for line in set(lines) - {None}:
            found.setdefault(line, [0, 0])[1] += value
        if lines[0]:
            found[lines[0]][0] += value
    return found


def valued(path):
    profile = Profile(path)
    for (frames, _, _), (_, values, _) in zip(python_profile.all_frames(profile), profile.samples):
        yield frames, values[1]


@all_pythons
def test_lists_of_source(shown, build, pprof, tmp_path):
    """Each line with its text, and with what its samples weigh; report says the same."""
    program, path = shown
    folder = tmp_path / "pprof"
    folder.mkdir()
    theirs, = pprof_ask.ask(pprof, path, ["unit=nanoseconds", "list ."], folder)
    theirs = {key: rows for key, rows in pprof_ask.listing(theirs).items() if key[1] == str(program)}
    assert NAMES <= {short(name) for name, _ in theirs}
    source, true, listed = PROGRAM.splitlines(), weights(path, program), {}
    for (name, _), (_, _, lines) in theirs.items():
        for number, (own, total, text) in lines.items():
            assert text.rstrip() == source[number - 1].rstrip() or text.split() == source[number - 1].split()
            if total:
                assert (own, total) == tuple(true[name, number]), (name, number)
                listed[name, number] = text
    assert listed.keys() == true.keys()
    hot = 1 + source.index("            total += i")
    assert any(short(name) == "spin" and number == hot and own for (name, number), (own, _) in true.items())
    json_of = subprocess.run([build / "collector/sonde", "report", path, "--list", ".", "--json"], capture_output=True, text=True,
                             timeout=60, check=True).stdout
    ours = {(row["function"], row["file"]): {line["line"]: (line["self"], line["total"]) for line in row["lines"]
                                             if line["total"]}
            for row in json.loads(json_of)["rows"] if row["file"] == str(program)}
    assert ours == {key: {number: row[:2] for number, row in lines.items() if row[1]}
                    for key, (_, _, lines) in theirs.items()}
    printed = subprocess.run([build / "collector/sonde", "report", path, "--list", "spin$"], capture_output=True, text=True,
                             timeout=60, check=True).stdout
    assert re.search(rf"\s{hot}:\s+total \+= i$", printed, re.M), printed


@pytest.mark.parametrize("python", ["3.11-debian"], indirect=True)
def test_classes(build, root, python, sonde, tmp_path):
    """All three, each with the kind of frame that ran."""
    program = tmp_path / "kinds.py"
    program.write_text("import os, time\nend = time.time() + 1.5\nwhile time.time() < end:\n    for i in range(2000): i * i\n"
                       "    sorted(range(20000), key=abs)\n    os.listdir('/proc')\n")
    assert sonde("record", "-F", "999", "--labels", "class", "-o", tmp_path / "p.pb.gz", "--", *python.argv, program).returncode == 0
    seen = set()
    for frames, _, labels in python_profile.all_frames(Profile(tmp_path / "p.pb.gz")):
        kind = "python" if python_profile.is_python(frames[0]) else "kernel" if frames[0].mapping.startswith("[kernel") else "native"
        assert labels["class"] == kind or frames[0].mapping.startswith("["), frames[0]
        seen.add((labels["class"], kind))
    assert {("python", "python"), ("native", "native"), ("kernel", "kernel")} <= seen
