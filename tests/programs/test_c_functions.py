# SPDX-License-Identifier: Apache-2.0
"""Names of C functions in stripped interpreters and extension modules: against the symbols of the unstripped
file, against what a running interpreter says of its own objects, and in a profile of Debian's python3."""
import os
import pathlib
import re
import subprocess
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "oracles"))
import c_functions  # noqa: E402
import pythons  # noqa: E402
import readelf_names  # noqa: E402
import suites  # noqa: E402
from pprof_wire import Profile, violations  # noqa: E402

LEAST = {"2.7": 1300}  # functions of the interpreter that must have a name; others:
LEAST_OF_3 = 1950
MODULES = {"_json": 5, "*datetime": 70, "_ctypes": 40}
LIVE = {  # least number of functions that the interpreter itself tells of
    "/usr/bin/python3.11": 1900,
    "/usr/lib/python3/dist-packages/numpy/core/_multiarray_umath.cpython-311-x86_64-linux-gnu.so": 440,
    "/usr/lib/python3.11/lib-dynload/_ctypes.cpython-311-x86_64-linux-gnu.so": 60,
}


@pytest.fixture
def tool(build):
    return build / "tests/tools/print_c_functions"


def is_right(verdict, least, share):
    """At the start of a function, of its size, and the symbol's name has the method's."""
    print(verdict)
    assert verdict.astray == []
    assert verdict.sized == verdict.named >= least
    assert verdict.agreeing >= share * verdict.named, verdict.other


def pyenv(version):
    try:
        return pythons.pyenv_prefix(version)
    except pythons.Missing as e:
        pytest.skip(str(e))


@pytest.mark.parametrize("version", pythons.PYENV_VERSIONS)
def test_stripped_interpreter(tool, version, tmp_path):
    library = next(pyenv(version).glob("lib/libpython?.*.so.1.0"))
    verdict = c_functions.judge(tool, c_functions.strip(library, tmp_path), library)
    is_right(verdict, LEAST.get(version, LEAST_OF_3), 0.94)


@pytest.mark.parametrize("version", ["2.7", "3.8", "3.13"])
@pytest.mark.parametrize("module", MODULES)
def test_stripped_module(tool, version, module, tmp_path):
    whole = next(pyenv(version).glob(f"lib/python*/lib-dynload/{module}.*so"))
    is_right(c_functions.judge(tool, c_functions.strip(whole, tmp_path), whole), MODULES[module], 0.8)


@pytest.mark.parametrize("path", ["usr/bin/python3.11", "usr/lib/x86_64-linux-gnu/libpython3.11.so.1.0"])
def test_debian(tool, path):
    """Stripped by Debian: link-time optimization, an executable that does not move; symbols of its -dbg packages."""
    try:
        folder = suites.packages("debug-packages", "bookworm", *suites.DEBUG_PACKAGES)
    except RuntimeError as e:
        pytest.skip(f"no packages: {e}")
    notes = subprocess.run([c_functions.READELF, "-n", folder / path], capture_output=True, text=True).stdout
    build_id = re.search(r"Build ID: (\w+)", notes)[1]
    symbols = folder / f"usr/lib/debug/.build-id/{build_id[:2]}/{build_id[2:]}.debug"
    is_right(c_functions.judge(tool, folder / path, symbols), 2900, 0.96)


@pytest.mark.parametrize("path", LIVE)
def test_running_interpreter(tool, path):
    if not pathlib.Path(path).exists():
        pytest.skip(f"{path} is missing: apt-get install python3 python3-numpy")
    command = ["/usr/bin/python3.11", pythons.TARGETS / "c_functions.py", "json", "re", "datetime", "ctypes"]
    told, wrong = c_functions.judge_live(tool, command + ["numpy"] * ("numpy" in path), path)
    assert wrong == []
    assert told >= LIVE[path]


@pytest.mark.parametrize("version", ["3.14", "3.15"])
def test_running_interpreter_of_sid(build, tool, version, root):
    try:
        python = pythons.find(build, f"{version}-debian")
    except pythons.Missing as e:
        pytest.skip(str(e))
    command = python.command(build, "c_functions.py", "json", "re", "datetime")
    shown_as = f"/usr/bin/python{version}"
    told, wrong = c_functions.judge_live(tool, command, python.root / shown_as[1:], shown_as)
    print(told)
    assert wrong == []
    assert told >= 1900


def test_symbols_come_first(build, tool):
    """In the whole file's names: a symbol where there is one, else the table's from its first byte to its last."""
    path = "/usr/bin/python3.11"
    names, exported = c_functions.ours(tool, path), c_functions.functions(path, "--dyn-syms")
    asked = sorted({at for start, size, _ in names for at in (start - 1, start, start + size - 1, start + size)})
    told = {at: (source, name) for at, source, _, _, name in
            readelf_names.answers(build / "tests/tools/print_names", path, asked)}
    first_of = {start: name for start, _, name in names}
    for start, size, name in names:
        if start in exported:
            assert told[start][0] == readelf_names.DYNSYM and told[start][1] in [n for _, n in exported[start]]
        else:
            assert told[start] == told[start + size - 1] == (readelf_names.PYTHON, name)
            assert told[start + size] != (readelf_names.PYTHON, name) or first_of.get(start + size) == name
            assert told[start - 1] != (readelf_names.PYTHON, name)
    assert sum(start in exported for start in first_of) > 10


@pytest.mark.parametrize("version", ["2.7", "3.12"])
def test_unstripped_has_no_need(build, tool, version):
    library = next(pyenv(version).glob("lib/libpython?.*.so.1.0"))
    asked = [start for start, _, _ in c_functions.ours(tool, library)]
    sources = {source for _, source, _, _, _ in
               readelf_names.answers(build / "tests/tools/print_names", library, asked)}
    assert sources == {readelf_names.SYMTAB}


WORK = """
import json, random, re, sys, time
numbers = [random.random() for _ in range(100000)]
text = "foo bar " * 20000
doc = {"k%d" % i: ['a "quoted" word ' * 20, i] for i in range(2000)}
end = time.monotonic() + float(sys.argv[1])
while time.monotonic() < end:
    sorted(numbers)
    for i in range(2):
        copy = list(numbers)
        copy.sort()
    json.dumps(doc)
    re.findall("[a-z]+ (?=x)", text)
"""
SHOWN = ["sorted", "list.sort", "re.Pattern.findall", "_json.Encoder.tp_call", "_json.encode_basestring_ascii"]


def test_profile(sonde, pprof, tmp_path):
    """Above their Python callers' eval loop, in -top of pprof, twice: the second time of what was kept."""
    out = tmp_path / "p.pb.gz"
    env = {**os.environ, "XDG_CACHE_HOME": str(tmp_path)}
    for _ in range(2):
        done = sonde("record", "-F", "997", "-o", out, "--", "/usr/bin/python3.11", "-c", WORK, "3", env=env)
        assert done.returncode == 0, done.stderr
        assert violations(Profile(out)) == []
        top = subprocess.run([pprof, "-top", "-cum", "-nodefraction=0", "-nodecount=2000", out], check=True,
                             capture_output=True, text=True, env={**os.environ, "HOME": str(tmp_path)}).stdout
        cum = {name: float(share) for share, name in re.findall(r"\s([\d.]+)%\s{2}(\S+)(?: \(inline\))?$", top, re.M)}
        assert [name for name in SHOWN if name not in cum] == []
        assert cum["list.sort"] > cum["sorted"] > 5  # sorted() calls it, and so does the script
        assert cum["re.Pattern.findall"] > 2
