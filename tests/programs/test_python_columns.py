# SPDX-License-Identifier: Apache-2.0
"""--columns: judged by the program's own text, and by what co_positions() says in the target's own interpreter."""
import json
import os
import subprocess

import pytest

from pprof_wire import Profile, violations

PROGRAM = '''\
import time


def left(end):
    while time.process_time() < end: sum(range(50)); sum([1, 2])
    return "é"


def right(end):
    while time.process_time() < end: max(range(50))
    return 1


def both(now):
    return (left(now + 0.3), "é", right(now + 0.6))


for turn in range(2):
    both(time.process_time())
'''
JUDGE = '''\
import json, sys
def codes(code):
    yield code
    for const in code.co_consts:
        if hasattr(const, "co_code"):
            yield from codes(const)
path = sys.argv[1]
whole = compile(open(path, encoding="utf-8").read(), path, "exec")
print(json.dumps([[code.co_qualname, line, column + 1] for code in codes(whole)
                  for line, _, column, _ in code.co_positions() if line and column is not None]))
'''
ENV = {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "PYTHONDONTWRITEBYTECODE": "1"}


@pytest.fixture
def program(tmp_path):
    path = tmp_path / "columns.py"
    path.write_text(PROGRAM, encoding="utf-8")
    return path


def places(path, program):
    """(function, line, column) -> samples, of the program's own frames; and the profile."""
    profile = Profile(path)
    assert violations(profile) == []
    text, found = profile.strings.__getitem__, {}
    functions = {f[1]: f for f in profile.functions}
    at = {}
    for location in profile.locations:
        f = functions[location[4][0][1]]
        if text(f.get(4, 0)) == str(program):
            at[location[1]] = text(f[2]), location[4][0].get(2, 0), location[4][0].get(3, 0)
    for ids, values, _ in profile.samples:
        for i in set(ids) & set(at):
            found[at[i]] = found.get(at[i], 0) + values[0]
    return found, profile


def record(build, python, program, out, *options):
    done = subprocess.run([build / "collector/sonde", "record", "-F", "499", "-o", out, *options, "--", *map(str, python.argv),
                           program], capture_output=True, text=True, timeout=60,
                          env={**ENV, "XDG_CACHE_HOME": str(out.parent), **python.env})
    assert done.returncode == 0, done.stderr
    return places(out, program)


def column_of(text):
    """In bytes, from 1."""
    row = next(row for row in PROGRAM.splitlines() if text in row)
    return len(row[:row.index(text)].encode()) + 1


@pytest.mark.parametrize("python", ["3.11-debian", "3.11-shared", "3.12-shared", "3.13-shared"], indirect=True)
def test_columns_are_those_of_the_interpreter(build, root, python, program, tmp_path):
    found, profile = record(build, python, program, tmp_path / "p.pb.gz", "--columns")
    said = subprocess.run([*map(str, python.argv), "-c", JUDGE, program], capture_output=True, text=True, check=True,
                          env={**ENV, **python.env}).stdout
    true = {tuple(row) for row in json.loads(said)}
    with_column = {place for place in found if place[2]}
    assert with_column and with_column <= true, with_column - true
    assert sum(found[place] for place in with_column) > 0.9 * sum(found.values())
    in_both = {column for name, _, column in with_column if name == "both"}
    assert in_both == {column_of("left(now"), column_of("right(now")}
    # with an address of their own, so that whoever goes by addresses does not add them up
    addresses = [location.get(3, 0) for location in profile.locations if location.get(3)]
    assert len(addresses) == len(set(addresses))


@pytest.mark.parametrize("python", ["3.11-debian"], indirect=True)
def test_none_unasked(build, root, python, program, tmp_path):
    found, _ = record(build, python, program, tmp_path / "p.pb.gz")
    assert found and {column for _, _, column in found} == {0}
    assert len([place for place in found if place[0] == "both"]) == 1


@pytest.mark.parametrize("python", ["3.9-shared"], indirect=True)
def test_older_ones_have_none(build, root, python, program, tmp_path):
    found, _ = record(build, python, program, tmp_path / "p.pb.gz", "--columns")
    assert {column for _, _, column in found} == {0} and any(name == "both" for name, _, _ in found)


@pytest.mark.parametrize("python", ["3.11-debian"], indirect=True)
def test_pprof_and_a_replay_show_them(build, root, python, program, pprof, tmp_path):
    record(build, python, program, tmp_path / "p.pb.gz", "--columns", "--raw", tmp_path / "r.raw")
    shown = subprocess.run([pprof, "-traces", "-lines", "-showcolumns", tmp_path / "p.pb.gz"], capture_output=True, text=True,
                           timeout=60)
    line = 1 + PROGRAM.splitlines().index(next(row for row in PROGRAM.splitlines() if "left(now" in row))
    for text in ("left(now", "right(now"):
        assert f"columns.py:{line}:{column_of(text)}" in shown.stdout, shown.stdout[:2000] + shown.stderr
    subprocess.run([build / "collector/sonde", "replay", tmp_path / "r.raw", "--columns", "-o", tmp_path / "again.pb.gz"],
                   check=True, capture_output=True, env={**ENV, "XDG_CACHE_HOME": str(tmp_path)})
    assert (tmp_path / "again.pb.gz").read_bytes() == (tmp_path / "p.pb.gz").read_bytes()
