# SPDX-License-Identifier: Apache-2.0
"""sonde report and files that are no profiles, or were made to cost: one line and exit 1, or the rows that
are there, within 2 GB of memory."""
import gzip
import json
import os
import pathlib
import resource
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/oracles"))
from pprof_encode import encode, number, numbers, piece, write  # noqa: E402
from report_cases import plain  # noqa: E402

COUNT = [("n", "count")]
GOOD = encode(**plain("a b".split(), [("a b".split(), [1, 10])], time=1))
VIEWS = ([], ["--by", "line"], ["--by", "process"], ["--tree"], ["--callers", "--by", "file"], ["--list", "."], ["--peek", "."],
         ["--focus", "a"])


def limited():
    if "ASAN_OPTIONS" not in os.environ:  # its shadow takes more addresses; it has a limit of its own
        resource.setrlimit(resource.RLIMIT_AS, (2 << 30, 2 << 30))


@pytest.fixture(scope="module")
def report(build):
    def run(*args):
        return subprocess.run([build / "collector/sonde", "report", *map(str, args)], capture_output=True, timeout=120,
                              preexec_fn=limited)
    return run


def strings(*texts):
    return b"".join(piece(6, t) for t in texts)


NO_PROFILES = {
    "empty": (b"", "is empty"),
    "text": (b"#!/bin/sh\necho this is a script\n", "not a profile"),
    "elf": (b"\x7fELF\2\1\1" + bytes(57), "not a profile"),
    "cut": (GOOD[:-1], "cut short"),
    "cut gzip": (gzip.compress(GOOD)[:-12], "cut short"),
    "damaged gzip": (gzip.compress(GOOD)[:20] + b"\xff" * 40, "damaged"),
    "no sample type": (encode([], []), "no sample type"),
    "17 sample types": (encode([(f"t{i}", "count") for i in range(17)], []), "16 sample types"),
    "twice": (GOOD + GOOD, "two profiles"),
    "string beyond": (piece(1, number(1, 7)) + strings(b""), "string table"),
    "location beyond": (encode(COUNT, [([9], [1], {})]), "location"),
    "too few values": (encode([*COUNT, *COUNT], [([], [1], {})]), "fewer values"),
    "too many values": (encode(COUNT, [([], [1, 2], {})]), "more values"),
    "one id twice": (encode(COUNT, [], {}, {1: ("a", "a", "", 0)}) + piece(5, number(1, 1)), "one id"),
    "bomb": (gzip.compress(bytes(600 << 20), 1), "512 MB"),
}


@pytest.mark.parametrize("name", NO_PROFILES)
def test_no_profile(report, tmp_path, name):
    data, words = NO_PROFILES[name]
    (tmp_path / "p").write_bytes(data)
    done = report(tmp_path / "p")
    assert done.returncode == 1 and not done.stdout
    assert done.stderr.startswith(f"sonde: {tmp_path}/p: ".encode()) and done.stderr.count(b"\n") == 1
    assert words in done.stderr.decode()


def test_no_file(report, tmp_path):
    for path, words in ((tmp_path / "none", "No such file"), (tmp_path, "Is a directory")):
        done = report(path)
        assert done.returncode == 1 and words in done.stderr.decode()


def test_a_terminal_obeys_no_name(report, tmp_path):
    name = "\x1b[2J\x9b31m\u202ename\n\x07"
    data = encode(COUNT, [([1], [1], {"comm": name, "pid": (3, "")})], {1: (1, 1, [(1, 1, 0)])}, {1: (name, "", "/" + name, 0)},
                  {1: (0, 9, 0, "/" + name, "")}, comments=[name])
    write(tmp_path / "p", data)
    for view in VIEWS:
        out = report(tmp_path / "p", *view).stdout.decode()  # it is UTF-8
        assert not set("\x1b\x9b\u202e\x07") & set(out)
        assert "name" in out or "--focus" in view
        assert json.loads(report(tmp_path / "p", *view, "--json").stdout)


def test_largest_values(report, tmp_path):
    """They wrap, as pprof's do; built with -Db_sanitize=undefined nothing is said either."""
    least, most = -1 << 63, (1 << 63) - 1
    data = encode(COUNT, [([1, 2], [most], {}), ([2, 1], [most], {}), ([1], [least], {})],
                  {i: (0, i, [(i, most, most), (i, least, 0)]) for i in (1, 2)}, {i: (f"f{i}", "", "/f", least) for i in (1, 2)},
                  time=least, duration=least)
    write(tmp_path / "p", data)
    for view in VIEWS:
        for more in ([], ["--json"], ["--diff", tmp_path / "p"]):
            done = report(tmp_path / "p", *view, *more)
            assert done.returncode == 0 or b"matches" in done.stderr or b"leaves none" in done.stderr
            assert b"runtime error" not in done.stderr
    assert {r["name"]: (r["self"], r["total"]) for r in json.loads(report(tmp_path / "p", "--json").stdout)["rows"]} == {
        "f1": (-1, most - 1), "f2": (most, -2)}


def test_a_long_name_on_many_lines(report, tmp_path):
    write(tmp_path / "p", encode(COUNT, [([i], [1], {}) for i in range(1, 1001)], {i: (0, i, [(1, i, 0)]) for i in range(1, 1001)},
                                 {1: ("x" * 4000000, "", "", 0)}))
    done = report(tmp_path / "p", "--json")
    assert [(len(r["name"]), r["total"]) for r in json.loads(done.stdout)["rows"]] == [(4000000, 1000)]
    for view in (["--by", "line"], ["--by", "line", "--json"], ["--list", "."]):
        done = report(tmp_path / "p", *view)
        assert done.returncode == 1 and b"too long" in done.stderr and done.stderr.count(b"\n") == 1


def test_many_functions_of_a_long_name(report, tmp_path):
    """Each text is hashed, cleaned and matched once, or this takes hours."""
    out = piece(1, number(1, 1) + number(2, 2)) + piece(2, numbers(1, [1], True) + numbers(2, [5], True))
    out += piece(4, number(1, 1) + piece(4, number(1, 70000) + number(2, 3)))
    out += b"".join(piece(5, number(1, i) + number(2, 3) + number(4, 4) + number(5, i)) for i in range(1, 100001))
    out += number(7, 5) + strings(b"", b"n", b"count", b"x" * 4000000, b"/a" * 1000000, b"foo.*bar")
    write(tmp_path / "p", out)
    for view in ([], ["--focus", "x$"], ["--list", "."], ["--by", "file"]):
        rows = json.loads(report(tmp_path / "p", *view, "--json").stdout)["rows"]
        assert [(r["self"], r["total"]) for r in rows] == [(5, 5)]


def test_a_deep_and_wide_stack(report, tmp_path):
    """18 million frames, no two alike in the tree."""
    lines = [(i % 1000 + 1, i, 0) for i in range(100000)]
    write(tmp_path / "p", encode(COUNT, [([1] * 180, [1], {})], {1: (0, 1, lines)}, {i: (f"f{i}", "", "", 0) for i in range(1, 1001)}))
    rows = json.loads(report(tmp_path / "p", "--json").stdout)["rows"]
    assert len(rows) == 1000 and {r["total"] for r in rows} == {1} and sum(r["self"] for r in rows) == 1
    done = report(tmp_path / "p", "--tree")
    assert done.returncode == 1 and b"too many frames" in done.stderr
