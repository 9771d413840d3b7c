# SPDX-License-Identifier: Apache-2.0
"""What is found in the files of interpreters: against the interpreters themselves (tests/targets/python/facts.py
runs in them), nm and DWARF; and in made ones, in the forms that compilers give such code."""
import os
import pathlib
import random
import re
import shutil
import struct
import subprocess

import pytest

import pythons

MADE = pythons.TARGETS / "made_interpreter.c"
LIBC = pathlib.Path("/lib/x86_64-linux-gnu/libc.so.6")
SONAMES = "usr/lib/x86_64-linux-gnu/libpython{}.so.1.0"
KEY, TLS_OFFSET, TLS_SLOT, TLS_MODULE = 1, 2, 3, 4
NO_FIELD = 0xffff


def tool_output(*command):
    return subprocess.run([str(word) for word in command], check=True, capture_output=True, text=True).stdout


def facts_of(build, path):
    """{name: value}; "eval" has all its ranges."""
    done = subprocess.run([build / "tests/tools/print_python", path], capture_output=True, text=True)
    assert done.returncode in (0, 2), done.stderr
    facts = {}
    for line in done.stdout.splitlines():
        name, value = line.split(" ", 1)
        if name == "eval":
            facts.setdefault(name, []).append(tuple(int(word, 16) for word in value.split()))
        else:
            facts[name] = value
    return facts


def as_words(facts):
    return [f"{name}={value}" for name, value in facts.items() if name != "eval"]


def nm(path):
    """{symbol: (address, size)} of .symtab."""
    rows = (line.split() for line in tool_output("/usr/bin/nm", "-S", path).splitlines())
    return {row[-1]: (int(row[0], 16), int(row[1], 16) if len(row) == 4 else 0) for row in rows if len(row) > 2}


def without_sections(path, to):
    """No section headers at all, as some packers leave files."""
    data = bytearray(path.read_bytes())
    data[40:48] = bytes(8)  # e_shoff
    data[60:64] = bytes(4)  # e_shnum, e_shstrndx
    to.write_bytes(data)
    return to


def file_of(python):
    """The file that has the interpreter, and the C library of its root, as they lie here."""
    root = python.root or pathlib.Path("/")
    if python.name.endswith("dlopen") or python.root:
        inner = pathlib.Path(str(python.argv[-1]))
        if python.root and inner.is_relative_to("/srv"):
            raise AssertionError(inner)
        return root / str(inner).lstrip("/") if python.root else inner, root / str(LIBC).lstrip("/")
    if python.name.endswith("-stripped"):
        return next(pathlib.Path(python.env["LD_LIBRARY_PATH"]).iterdir()), LIBC
    if python.name.endswith("-shared"):
        return next(pathlib.Path(python.argv[0]).parents[1].glob("lib/libpython?.*.so.1.0")), LIBC
    return pathlib.Path(python.argv[0]), LIBC


@pytest.mark.parametrize("python", pythons.NAMES, indirect=True)
def test_the_interpreter_says_the_same(build, python):
    path, libc = file_of(python)
    facts = facts_of(build, path) | facts_of(build, libc)
    assert facts["refusal"] == ""
    done = python.start(build, "facts.py", *as_words(facts), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    said, errors = done.communicate(timeout=60)
    assert done.returncode == 0, errors
    rows = [line.split("\t") for line in said.splitlines()]
    assert [row for row in rows if row[1] != row[2]] == []
    assert len(rows) >= 18


# Names that .symtab has, and what they are of; none of them is exported.
STATICS = {"autoTLSkey": "key", "interp_head": "interp_head"}
EXPORTED = {"PyCode_Type": "code_type", "_PyThreadState_Current": "current", "_PyRuntime": "runtime"}


def judge_by_symbols(facts, symbols):
    base = int(facts["base"], 16)
    for symbol, name in (STATICS | EXPORTED).items():
        if symbol in symbols and not (symbol == "autoTLSkey" and facts["hexversion"].startswith("2")):
            assert int(facts[name].split()[0], 16) == symbols[symbol][0] - base, name
    if "_PyRuntime" in symbols:
        assert int(facts["runtime"].split()[1], 16) == symbols["_PyRuntime"][1]
    eval_name = "_PyEval_EvalFrameDefault" if "_PyEval_EvalFrameDefault" in symbols else "PyEval_EvalFrameEx"
    parts = [symbols[name] for name in (eval_name, eval_name + ".cold") if name in symbols]
    expected = [(address - base, size) for address, size in parts if size > 16]  # no jump leads to smaller ones
    assert sorted(facts["eval"]) == sorted(expected)


@pytest.mark.parametrize("version", pythons.PYENV_VERSIONS)
@pytest.mark.parametrize("form", ["built", "stripped", "without sections"])
def test_symbols_agree(build, version, form, tmp_path):
    try:
        python = pythons.find(build, f"{version}-shared")
    except pythons.Missing as e:
        pytest.skip(f"no Python {version}: {e}")
    whole, _ = file_of(python)
    path = whole
    if form != "built":
        path = tmp_path / "no-name-that-tells"
        tool_output("/usr/bin/strip", "-o", path, whole)
    if form == "without sections":
        path = without_sections(path, tmp_path / "bare")
    facts = facts_of(build, path)
    assert facts["refusal"] == ""
    judge_by_symbols(facts, nm(whole))


# Members of structs as DWARF has them, for each version: (layout's name, type, member)
STATE = [("tstate_interp", "PyThreadState", "interp"), ("tstate_next", "PyThreadState", "next"),
         ("tstate_thread_id", "PyThreadState", "thread_id"), ("interp_next", "PyInterpreterState", "next")]
CODE = [("code_first_line", "PyCodeObject", "co_firstlineno"), ("code_name", "PyCodeObject", "co_name"),
        ("code_filename", "PyCodeObject", "co_filename"), ("code_flags", "PyCodeObject", "co_flags"),
        ("code_argcount", "PyCodeObject", "co_argcount"), ("ob_type", "PyObject", "ob_type")]
OLD = [("tstate_frame", "PyThreadState", "frame"), ("interp_threads", "PyInterpreterState", "tstate_head"),
       ("frame_previous", "PyFrameObject", "f_back"), ("frame_code", "PyFrameObject", "f_code"),
       ("frame_position", "PyFrameObject", "f_lasti")]
NEW = [("code_qualname", "PyCodeObject", "co_qualname"), ("code_line_table", "PyCodeObject", "co_linetable"),
       ("code_size", "PyCodeObject", "co_code_adaptive"), ("interp_threads", "PyInterpreterState", "threads.head"),
       ("frame_previous", "_PyInterpreterFrame", "previous"), ("frame_owner", "_PyInterpreterFrame", "owner")]
CFRAME = [("tstate_frame", "PyThreadState", "cframe"), ("cframe_current_frame", "_PyCFrame", "current_frame"),
          ("cframe_previous", "_PyCFrame", "previous"), ("frame_position", "_PyInterpreterFrame", "prev_instr")]
BY_VERSION = {
    "3.10": [("code_line_table", "PyCodeObject", "co_linetable")],
    "3.11": CFRAME + [("frame_code", "_PyInterpreterFrame", "f_code"),
                      ("frame_is_entry", "_PyInterpreterFrame", "is_entry")],
    "3.12": CFRAME + [("frame_code", "_PyInterpreterFrame", "f_code"), ("code_version", "PyCodeObject", "co_version")],
    "3.13": [("tstate_frame", "PyThreadState", "current_frame"), ("code_version", "PyCodeObject", "co_version"),
             ("frame_code", "_PyInterpreterFrame", "f_executable"),
             ("frame_position", "_PyInterpreterFrame", "instr_ptr")],
}
KEY_PLACES = {"3.7": "gilstate.autoTSSkey._key", "3.12": "autoTSSkey._key"}


@pytest.mark.parametrize("version", pythons.PYENV_VERSIONS)
def test_debug_information_agrees(build, version):
    try:
        path, _ = file_of(pythons.find(build, f"{version}-shared"))
    except pythons.Missing as e:
        pytest.skip(f"no Python {version}: {e}")
    number = tuple(map(int, version.split(".")))
    rows = STATE + CODE + (OLD if number < (3, 11) else NEW) + BY_VERSION.get(version, [])
    if number < (3, 10):
        rows += [("code_line_table", "PyCodeObject", "co_lnotab")]
    asked = [f"&(({kind} *)0)->{member}" for _, kind, member in rows]
    if number >= (3, 7):
        asked += ["&_PyRuntime.interpreters.head",
                  "&_PyRuntime." + KEY_PLACES["3.7" if number < (3, 12) else "3.12"]]
    if (3, 7) <= number < (3, 12):
        asked += ["&_PyRuntime.ceval.gil", "&_PyRuntime.gilstate.tstate_current"]
    if number >= (3, 12):
        asked += ["&((PyInterpreterState *)0)->ceval.gil"]
    gdb = ["/usr/bin/gdb", "-batch", "-nx", "-iex", "set auto-load off"]
    for expression in asked:
        gdb += ["-ex", f"printf \"%ld\\n\", (long)({expression})"]
    said = list(map(int, tool_output(*gdb, path).split()))
    assert len(said) == len(asked)
    facts = facts_of(build, path)
    found = [int(facts[f"layout.{name}"]) for name, _, _ in rows]
    if number >= (3, 7):
        found += [int(facts["interp_head"], 16), int(facts["key"], 16)]
    if (3, 7) <= number < (3, 12):
        found += [int(facts["gil"], 16), int(facts["current"], 16)]
    if number >= (3, 12):
        found += [int(facts["interp_gil"])]
    assert dict(zip(asked, found)) == dict(zip(asked, said))


COMPILERS = ["gcc", "clang-14"]
FORMS = {
    "shared": "-fPIC -shared",
    "no PLT": "-fPIC -shared -fno-plt",
    "endbr64": "-fPIC -shared -fcf-protection=full",
    "frame pointers": "-fPIC -shared -fno-omit-frame-pointer",
    "initial exec": "-fPIC -shared -ftls-model=initial-exec",
    "hidden": "-fPIC -shared -fvisibility=hidden",
    "old hash": "-fPIC -shared -Wl,--hash-style=sysv",
    "packed": "-fPIC -shared -Wl,-z,pack-relative-relocs",
    "PIE": "-fPIE -pie -rdynamic",
    "no PIE": "-fno-PIE -no-pie -rdynamic",
    "LTO": "-fno-PIE -no-pie -rdynamic -flto",
}


def make(path, compiler, version, *options):
    tool_output(compiler, "-w", f"-DVERSION={version:#x}", *options, MADE, "-o", path)
    return path


def judge_tls(facts, path, symbol):
    """By the file's program header and relocations: psABI of x86-64, TLS."""
    road, slot, off = int(facts["road"]), int(facts["key"], 16), int(facts["tls_offset"])
    relocations = {int(row[0], 16): row for row in map(str.split, tool_output("/usr/bin/readelf", "-rW", path).splitlines())
                   if len(row) > 2 and re.fullmatch("[0-9a-f]{16}", row[0])}
    header = next(line.split() for line in tool_output("/usr/bin/readelf", "-lW", path).splitlines()
                  if line.strip().startswith("TLS"))
    size, align = int(header[5], 16), int(header[-1], 16)
    if road == TLS_OFFSET:
        assert off == symbol - (size + align - 1) // align * align
    elif road == TLS_SLOT:
        assert off == 0 and relocations[slot][2] == "R_X86_64_TPOFF64"
        assert int(relocations[slot][-1], 16) == symbol
    else:
        assert road == TLS_MODULE and relocations[slot][2] == "R_X86_64_DTPMOD64"
        inside = next((struct.unpack("<Q", path.read_bytes()[at:at + 8])[0] for at in [offset_of(path, slot + 8)]), 0)
        assert inside + off == symbol


def offset_of(path, address):
    for line in tool_output("/usr/bin/readelf", "-lW", path).splitlines():
        words = line.split()
        if words[:1] == ["LOAD"] and int(words[2], 16) <= address < int(words[2], 16) + int(words[4], 16):
            return int(words[1], 16) + address - int(words[2], 16)
    raise AssertionError(f"{path}: nothing at {address:x}")


PLAIN_FORMS = ["shared", "no PLT", "PIE", "no PIE", "LTO"]
MADE_CASES = [(version, form) for version in (0x0308, 0x030c) for form in PLAIN_FORMS]
MADE_CASES += [(0x030f, form) for form in FORMS]


@pytest.mark.parametrize("version,form", MADE_CASES)
@pytest.mark.parametrize("compiler", COMPILERS)
def test_made_interpreters(build, version, form, compiler, tmp_path):
    for level in ["-O0", "-O2"]:
        path = make(tmp_path / "made", compiler, version, level, *FORMS[form].split())
        facts, symbols = facts_of(build, path), nm(path)
        base, runtime = int(facts["base"], 16), symbols["_PyRuntime"][0]
        assert facts["refusal"] == "", level
        head = {0x0308: 32, 0x030c: 40, 0x030f: 936}[version]
        assert int(facts["interp_head"], 16) + base == runtime + head, level
        if version == 0x030f:
            name = next(name for name in symbols if name.startswith("_Py_tss_gilstate"))
            judge_tls(facts, path, symbols[name][0])
        else:
            assert int(facts["road"]) == KEY, level
            key = {0x0308: 1396, 0x030c: 1548}[version]
            assert int(facts["key"], 16) + base == runtime + key, level
    tool_output("/usr/bin/strip", path)
    assert facts_of(build, path) == facts
    assert facts_of(build, without_sections(path, path)) == facts


REFUSED = {
    "another code object": (0x0308, ["-DCODE_SIZE=180"], None, "its code objects are laid out"),
    "unknown version": (0x0308, [], (b"/3.8.18\0", b"/3.5.18\0"), "structs of this version are not known"),
    "no version": (0x0308, [], (b"/3.8.18\0", b"/4.8.18\0"), "does not tell its version"),
    "no debug offsets": (0x030f, [], (b"xdebugpy", b"ydebugpy"), "no usable _Py_DebugOffsets"),
    "debug offsets of another": (0x030f, [], (struct.pack("<QQ", 0x030f02f0, 0), struct.pack("<QQ", 0x030f01f0, 0)),
                                 "_Py_DebugOffsets contradict"),
    "wild debug offset": (0x030f, [], (struct.pack("<QQ", 888, 0), struct.pack("<QQ", 88, 0)),
                          "_Py_DebugOffsets contradict"),
    "other head": (0x030c, ["-DHEAD_ELSEWHERE"], None, "its _PyRuntime is laid out"),
    "other frame": (0x0308, ["-DBACK=16"], None, "its frames are laid out"),
    "no members": (0x0308, ["-DNO_MEMBERS"], None, "does not export PyCode_Type"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refused_with_a_reason(build, case, tmp_path):
    version, options, change, reason = REFUSED[case]
    path = make(tmp_path / "made", "gcc", version, "-O2", "-fPIC", "-shared", *options)
    assert change or options
    if change:
        data = path.read_bytes()
        assert data.count(change[0]) == 1
        path.write_bytes(data.replace(*change))
    assert reason in facts_of(build, path)["refusal"]


@pytest.mark.parametrize("path", ["/bin/bash", "/usr/bin/python3.11-config", LIBC, "/usr/lib/x86_64-linux-gnu/libstdc++.so.6"])
def test_others_are_no_interpreters(build, path):
    if not os.path.exists(path):
        pytest.skip(f"no {path}")
    done = subprocess.run([build / "tests/tools/print_python", path], capture_output=True, text=True)
    assert "hexversion" not in done.stdout


def test_a_program_that_only_uses_the_library(build):
    """Its executable exports nothing of it."""
    try:
        python = pythons.find(build, "3.11-shared")
    except pythons.Missing as e:
        pytest.skip(str(e))
    assert "hexversion" not in facts_of(build, python.argv[0])


@pytest.mark.parametrize("compiler,library", [("gcc", LIBC), ("musl-gcc", "/lib/ld-musl-x86_64.so.1")])
def test_thread_specific_data(build, compiler, library, tmp_path):
    if not shutil.which(compiler):
        pytest.skip(f"no {compiler}")
    kind, offset = facts_of(build, library)["specific"].split()
    assert kind == ("musl" if "musl" in compiler else "glibc")
    tool_output(compiler, "-O1", "-pthread", pythons.TARGETS / "specific.c", "-o", tmp_path / "specific")
    assert tool_output(tmp_path / "specific", kind, offset) == "0 wrong\n"
    elsewhere = subprocess.run([tmp_path / "specific", kind, str(int(offset) - 8)], capture_output=True)
    assert elsewhere.returncode  # 1, or it died on a wild address


@pytest.mark.parametrize("version", [0x0308, 0x030c, 0x030f])
def test_damaged_files(build, version, tmp_path):
    """Cut short, and with single bytes changed: refused, or no interpreter, but never a crash."""
    made = make(tmp_path / "made", "gcc", version, "-O2", "-fPIC", "-shared", "-DRUNTIME_SIZE=1600", "-s").read_bytes()
    chance, damaged = random.Random(version), tmp_path / "damaged"
    for step in range(300):
        data = bytearray(made)
        if step < 100:
            del data[len(data) * step // 100:]
        else:
            for _ in range(1 + step % 5):
                data[chance.randrange(len(data) if step % 2 else 2048)] = chance.randrange(256)
        damaged.write_bytes(data)
        done = subprocess.run([build / "tests/tools/print_python", damaged], capture_output=True, timeout=10)
        assert done.returncode in (0, 1, 2), step
