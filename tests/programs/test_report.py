# SPDX-License-Identifier: Apache-2.0
"""sonde report against pprof: the same numbers in every view, of our profiles, of others', of odd ones
made by hand."""
import collections
import gzip
import json
import os
import pathlib
import re
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/oracles"))
import pprof_ask  # noqa: E402
import pprof_encode  # noqa: E402
from pprof_wire import Profile  # noqa: E402
from report_cases import CASES, plain  # noqa: E402

OTHERS = sorted(path.name for path in (ROOT / "tests/fixtures/pprof").glob("*.pb.gz"))
OURS = ["ours_chain", "ours_host", "ours_labels", "ours_faults"]
ALL = sorted(CASES) + OTHERS + OURS
FOCUS, WIDE = "[bl]ea|fn[1-5]<|b$|mem|libx", "[a-n]"


@pytest.fixture(scope="module")
def report(build):
    def run(*args, code=0, **more):
        done = subprocess.run([build / "collector/sonde", "report", *map(str, args)], capture_output=True, timeout=60,
                              **more)
        assert done.returncode == code, done.stderr
        return done.stderr.decode() if code else done.stdout.decode()
    return run


@pytest.fixture(scope="module")
def as_json(report):
    return lambda *args, **more: json.loads(report(*args, "--json", **more))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("report")
    for name in "ab":
        (path / f"{name}.c").write_text("".join(f"line {i}\tof {name}.c\n" for i in range(1, 61)))
    return path


def record(build, path):
    """What a host with a busy program on it looks like, in four ways."""
    if os.geteuid():
        pytest.skip("needs root")
    chain = build / "tests/targets/chain"
    args = {"ours_chain": ["--", chain, "1"], "ours_host": ["-a", "--", chain, "1"],
            "ours_labels": ["-a", "--labels", "tid,cpu", "--", chain, "1"],
            "ours_faults": ["-a", "-e", "page-faults", "-F", "1", "--", "/usr/bin/python3", "-c", "list(range(10**6))"],
            }[path.stem]
    subprocess.run([build / "collector/sonde", "record", "-F", "299", "-o", path, *args], capture_output=True)
    if any(not text.isprintable() for text in Profile(path).strings):
        path.unlink()
        pytest.skip("a program with control characters in its name ran meanwhile")


@pytest.fixture(scope="module")
def file_of(build, folder):
    """The profile of a name in ALL, made when it is first asked for."""
    def get(name):
        if name in OTHERS:
            return ROOT / "tests/fixtures/pprof" / name
        path = folder / f"{name}.gz"
        if not path.exists() and name in CASES:
            pprof_encode.write(path, pprof_encode.encode(**CASES[name](folder)))
        elif not path.exists():
            record(build, path)
        return path
    return get


@pytest.fixture(scope="module")
def types_of(as_json, file_of):
    """The (type, unit) pairs of a profile, and the default one's; read by the tests' own decoder."""
    return lambda name: Profile(file_of(name)).types


@pytest.fixture(scope="module")
def asked(pprof, file_of, types_of, tmp_path_factory):
    """pprof's answers for a profile: every view in the profile's own units, in one run."""
    known = {}

    def get(name):
        if name not in known:
            types = types_of(name)
            unit = as_unit(types, default_index(file_of(name)))
            commands = ["text", "list .", "peek .", f"unit={unit}"]
            for i in range(len(types)):
                commands += [f"sample_index={i}", f"unit={as_unit(types, i)}", "text"]
            commands += [f"sample_index={default_index(file_of(name))}", f"unit={unit}", "list .", "granularity=lines",
                         "text", "peek .", "granularity=files", "text", "granularity=functions", "peek .", "traces",
                         f"focus={FOCUS}", "text", "focus=", f"ignore={FOCUS}", "text", f"focus={WIDE}", "text"]
            got = pprof_ask.ask(pprof, file_of(name), commands, tmp_path_factory.mktemp("asked"))
            names = ["shown", "shown list", "shown peek", *(f"type {i}" for i in range(len(types))), "list", "lines", "peek lines", "files", "peek",
                     "traces", "focus", "ignore", "both"]
            known[name] = dict(zip(names, got, strict=True))
        return known[name]
    return get



def default_index(path):
    p = Profile(path)
    types = [t for t, _ in p.types]
    return types.index(p.default_type) if p.default_type in types else len(types) - 1


def as_unit(types, i):
    return types[i][1] or "minimum"


def rows(found):
    return collections.Counter((row["name"], row["self"], row["total"]) for row in found["rows"])


@pytest.mark.parametrize("name", ALL)
def test_table_as_it_is_printed(report, file_of, asked, name):
    """The very texts, in the unit that pprof finds fit."""
    def texts(top):
        return sorted(pprof_ask.top(top))
    assert texts(report(file_of(name), "-n", 1000000)) == texts(asked(name)["shown"])


@pytest.mark.parametrize("name", ALL)
def test_every_sample_type(as_json, file_of, types_of, asked, name):
    for i, (sample_type, unit) in enumerate(types_of(name)):
        found = as_json(file_of(name), "--sample-type", i)
        assert (found["sample_type"], found["unit"]) == (sample_type, unit)
        assert rows(found) == pprof_ask.numbers(asked(name)[f"type {i}"])
        if [t for t, _ in types_of(name)].count(sample_type) == 1:
            assert found == as_json(file_of(name), "--sample-type", sample_type)


@pytest.mark.parametrize("name", ALL)
def test_default_sample_type_and_total(as_json, file_of, types_of, asked, name):
    found = as_json(file_of(name))
    i = default_index(file_of(name))
    assert (found["sample_type"], found["unit"]) == types_of(name)[i]
    total = re.search(r"of (\S+) total", asked(name)[f"type {i}"])[1]
    assert found["total"] == pprof_ask.value(total)


@pytest.mark.parametrize("name", ALL)
def test_lines(as_json, file_of, asked, name):
    assert rows(as_json(file_of(name), "--by", "line")) == pprof_ask.numbers(asked(name)["lines"])


@pytest.mark.parametrize("name", ALL)
def test_files(as_json, file_of, asked, name):
    """pprof makes several rows of a file whose functions have different first lines or binaries: their self
    adds up, their total is ours where there is one row."""
    theirs = collections.defaultdict(list)
    for (file, flat, cum), cnt in pprof_ask.numbers(asked(name)["files"]).items():
        theirs[file] += [(flat, cum)] * cnt
    ours = collections.defaultdict(list)
    for row in as_json(file_of(name), "--by", "file")["rows"]:
        ours[row["name"]].append((row["self"], row["total"]))
    for file, found in theirs.items():
        assert sum(flat for flat, _ in ours[file]) == sum(flat for flat, _ in found)
        if len(found) == 1:
            assert ours[file] == found
    assert not any(flat for file in set(ours) - set(theirs) for flat, _ in ours[file])


def peek_rows(found):
    def edges(around):
        return tuple(sorted((e["name"], e["value"], e["inlined"]) for e in around))
    return collections.Counter((row["name"], row["self"], row["total"], edges(row["callers"]), edges(row["callees"]))
                               for row in found["rows"])


@pytest.mark.parametrize("name", ALL)
def test_peek(as_json, file_of, asked, name):
    assert peek_rows(as_json(file_of(name), "--peek", ".")) == pprof_ask.peek(asked(name)["peek"])
    assert (peek_rows(as_json(file_of(name), "--peek", ".", "--by", "line")) ==
            pprof_ask.peek(asked(name)["peek lines"]))


def check_list(ours, theirs):
    """Each is a dict as pprof_ask.listing() gives it. pprof's range of lines without weight depends on the order of
    a Go map, so those are compared where both have them."""
    assert ours.keys() == theirs.keys()
    for key, (flat, cum, lines) in theirs.items():
        assert ours[key][:2] == (flat, cum)
        for number, line in lines.items():
            if line[:2] not in ((0, 0), (".", ".")) or number in ours[key][2]:
                assert ours[key][2][number] == line


def named(listing):
    return {key: routine for key, routine in listing.items() if key[0]}


@pytest.mark.parametrize("name", ALL)
def test_list(as_json, report, file_of, asked, name):
    theirs = named(pprof_ask.listing(asked(name)["list"]))
    if name == "unnamed":
        assert not theirs and "no function matches" in report(file_of(name), "--list", ".", code=1)
        return
    ours, sources = {}, {}
    for row in as_json(file_of(name), "--list", ".")["rows"]:
        lines = {line["line"]: (line["self"], line["total"], line.get("text")) for line in row["lines"]}
        assert sum(self for self, _, _ in lines.values()) == row["self"]
        assert sum(total for _, total, _ in lines.values()) == row["total"]
        if row["file"]:  # pprof: "No source information"
            ours[row["function"], row["file"]] = (row["self"], row["total"], lines)
            sources[row["function"], row["file"]] = row["source"]
    check_list(ours, theirs)
    assert {key for key, source in sources.items() if source} == {key for key in theirs if theirs[key][2]}


@pytest.mark.parametrize("name", ALL)
def test_list_and_peek_as_they_are_printed(report, file_of, asked, name):
    """The very texts again."""
    if name != "unnamed":
        ours = pprof_ask.listing(report(file_of(name), "--list", "."), str)
        check_list({key: found for key, found in ours.items() if "does not name" not in key[1]},
                   named(pprof_ask.listing(asked(name)["shown list"], str)))
    assert pprof_ask.peek(report(file_of(name), "--peek", "."), str) == pprof_ask.peek(asked(name)["shown peek"], str)


def tree_of(traces, inverted):
    found = collections.defaultdict(lambda: [0, 0])
    for value, names in traces:
        path = tuple(names if inverted else names[::-1])
        for end in range(1, len(path) + 1):
            found[path[:end]][1] += value
        found[path][0] += value
    return {path: tuple(weights) for path, weights in found.items()}


@pytest.mark.parametrize("name", ALL)
def test_trees(as_json, file_of, asked, name):
    """Against the sums over pprof's -traces."""
    traces = [(value, names) for value, names in pprof_ask.traces(asked(name)["traces"]) if value]
    for option in ("--tree", "--callers"):
        paths, ours = [], collections.defaultdict(lambda: (0, 0))
        for row in as_json(file_of(name), option)["rows"]:
            assert row["id"] == len(paths)
            paths.append((*(paths[row["parent"]] if row["parent"] is not None else ()), row["name"]))
            # two nodes that print alike, "[libx]" of two folders, are one in the texts of traces
            before = ours[paths[-1]]
            ours[paths[-1]] = (before[0] + row["self"], before[1] + row["total"])
        assert ours == tree_of(traces, option == "--callers")


@pytest.mark.parametrize("name", ALL)
def test_focus_and_ignore(as_json, file_of, asked, name):
    path = file_of(name)
    assert rows(as_json(path, "--focus", FOCUS)) == pprof_ask.numbers(asked(name)["focus"])
    assert rows(as_json(path, "--ignore", FOCUS)) == pprof_ask.numbers(asked(name)["ignore"])
    assert rows(as_json(path, "--focus", WIDE, "--ignore", FOCUS)) == pprof_ask.numbers(asked(name)["both"])


def pairs():
    return [("go_cpu2.pb.gz", "go_cpu.pb.gz"), ("ours_host", "ours_labels"), ("shuffled_1", "shuffled_2"),
            ("recursion", "negative"), ("recursion", "recursion"), ("pprof_less.pb.gz", "go_heap.pb.gz"),
            ("last_type", "default_type_of_objects"), ("milliseconds", "nanoseconds")]


def older(folder, name):
    """The other profile of a pair, where it is made for that alone."""
    if name == "nanoseconds":
        return plain("a b".split(), [("b a".split(), [1, 5 * 10**6]), (["b"], [1, 10**6])],
                     types=[("n", "count"), ("wall", "nanoseconds")])
    return plain("b c".split(), [("c b".split(), [4, 1]), (["b"], [1, 10])], types=[("more", "count"), ("objects", "count")])


@pytest.mark.parametrize("new,old", pairs())
def test_difference(pprof, as_json, file_of, folder, tmp_path, new, old):
    if old in ("nanoseconds", "default_type_of_objects"):
        old = pprof_encode.write(folder / f"{old}.gz", pprof_encode.encode(**older(folder, old)))
    else:
        old = file_of(old)
    found = as_json(file_of(new), "--diff", old)
    text, peek, lines = pprof_ask.ask(
        pprof, file_of(new), [f"unit={found['unit']}", "text", "peek .", "granularity=lines", "text"], tmp_path,
        "-diff_base", old)
    assert found["difference"] and rows(found) == pprof_ask.numbers(text)
    assert found["total"] == pprof_ask.value(re.search(r"of (\S+) total", text)[1])
    if found["rows"]:
        assert peek_rows(as_json(file_of(new), "--diff", old, "--peek", ".")) == pprof_ask.peek(peek)
    assert rows(as_json(file_of(new), "--diff", old, "--by", "line")) == pprof_ask.numbers(lines)
    assert [abs(row["self"]) for row in found["rows"]] == sorted((abs(row["self"]) for row in found["rows"]), reverse=True)


@pytest.mark.parametrize("name", ["labels", "ours_labels", "shuffled_0"])
def test_processes_and_threads(as_json, file_of, name):
    """Against the sums over the samples, decoded by the tests' own reader."""
    p = Profile(file_of(name))
    i = default_index(file_of(name))
    for by, key, comm in (("process", "pid", None), ("thread", "tid", "thread_comm")):
        want = collections.Counter()
        for _, values, found in p.stacks():
            words = [str(found[key])] if key in found else []
            words += [next((found[c] for c in (comm, "comm") if c in found), "")]
            want[" ".join(filter(None, words)) or "(no label)"] += values[i]
        assert rows(as_json(file_of(name), "--by", by)) == collections.Counter(
            (name, value, value) for name, value in want.items() if value)


def test_modules(as_json, file_of):
    found = rows(as_json(file_of("lineless"), "--by", "module"))
    assert found == collections.Counter([("work", 10, 110), ("libx.so.1", 20, 20), ("[vdso]", 80, 80),
                                         ("<unknown>", 200, 200)])
