# SPDX-License-Identifier: Apache-2.0
"""Debug information outside of the program: by build id, .gnu_debuglink, dwz, in a container's own file
system; files that do not belong. What is right is what llvm-symbolizer says of the program before it was
stripped."""
import lzma
import os
import pathlib
import shutil
import socket
import subprocess
import sys
import time

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "oracles"))
import line_programs  # noqa: E402
import lines  # noqa: E402

DEBUGINFOD, DEBUGINFOD_FIND = "/usr/bin/debuginfod", "/usr/bin/debuginfod-find"
OBJCOPY, STRIP, DWZ = line_programs.OBJCOPY, "/usr/bin/strip", line_programs.DWZ


class Program:
    """A program in three forms: whole (for the oracle), stripped, and the debug file."""

    def __init__(self, folder, name="g++-dwarf5"):
        self.whole = line_programs.build(name, folder / "built")
        self.root = folder / "root"
        self.folder = self.root / "opt/shapes"
        self.folder.mkdir(parents=True)
        self.stripped = self.folder / "program"
        self.debug = folder / "program.debug"
        run(OBJCOPY, "--only-keep-debug", self.whole, self.debug)
        run(OBJCOPY, "--strip-all", self.whole, self.stripped)
        self.addresses = lines.choose(self.whole, 60)
        self.right, _ = lines.ask_llvm(self.whole, self.addresses)

    def link(self):
        run(OBJCOPY, f"--add-gnu-debuglink={self.debug}", self.stripped)

    def place_by_id(self, below, debug=None):
        hexed = lines.build_id(self.whole)
        to = below / ".build-id" / hexed[:2] / f"{hexed[2:]}.debug"
        to.parent.mkdir(parents=True)
        shutil.copy(debug or self.debug, to)
        return to


def run(*command):
    subprocess.run(list(map(str, command)), check=True, capture_output=True)


@pytest.fixture
def program(tmp_path):
    return Program(tmp_path)


def ask(print_lines, program, *options, path=None):
    """(addresses with the right answer, remarks)"""
    ours, _, said = lines.ask_ours(print_lines, str(path or program.stripped), program.addresses, *map(str, options))
    aliases = lines.Aliases(program.whole)
    good = sum(ours[at] == right or lines.reason(ours[at], right, at, aliases) is not None
               for at, right in program.right.items() if right)
    return good, said


def test_nothing_found(print_lines, program):
    good, said = ask(print_lines, program)
    assert good == 0 and "no DWARF" in said


def test_by_build_id(print_lines, program, tmp_path):
    program.place_by_id(tmp_path / "debug")
    good, said = ask(print_lines, program, "-d", tmp_path / "debug")
    assert good == len(program.right) and said == ""


@pytest.mark.parametrize("folder", [".", ".debug"])
def test_by_debuglink_beside(print_lines, program, folder):
    program.link()
    (program.folder / folder).mkdir(exist_ok=True)
    shutil.copy(program.debug, program.folder / folder)
    good, said = ask(print_lines, program)
    assert good == len(program.right) and said == ""


def test_by_debuglink_in_usr_lib_debug(print_lines, program):
    program.link()
    to = program.root / "usr/lib/debug/opt/shapes"
    to.mkdir(parents=True)
    shutil.copy(program.debug, to)
    good, said = ask(print_lines, program, "-r", program.root, path="/opt/shapes/program")
    assert good == len(program.right) and said == ""


def test_debuglink_with_another_crc(print_lines, program):
    program.link()
    beside = program.folder / program.debug.name
    beside.write_bytes(program.debug.read_bytes() + b"\0")
    good, said = ask(print_lines, program)
    assert good == 0
    assert said.count("refused") == 1 and str(beside) in said and "CRC" in said


def test_another_build_id(print_lines, program, tmp_path):
    other = tmp_path / "other.debug"
    run("/usr/bin/gcc", "-g", "-x", "c", "-o", other, line_programs.SOURCES / "nested.c")
    place = program.place_by_id(tmp_path / "debug", other)
    good, said = ask(print_lines, program, "-d", tmp_path / "debug")
    assert good == 0
    assert said.count("refused") == 1 and str(place) in said and "build id" in said


def test_cut_short(print_lines, program, tmp_path):
    program.debug.write_bytes(program.debug.read_bytes()[:20000])
    program.place_by_id(tmp_path / "debug")
    good, _ = ask(print_lines, program, "-d", tmp_path / "debug")
    assert good == 0


def test_dwz(print_lines, tmp_path):
    """Two programs share what dwz found in both."""
    if not pathlib.Path(DWZ).exists():
        pytest.skip(f"needs {DWZ}")
    first, second = Program(tmp_path / "a"), Program(tmp_path / "b", "g++-O3")
    debug = tmp_path / "debug"
    (debug / ".dwz").mkdir(parents=True)
    placed = [program.place_by_id(debug) for program in (first, second)]
    run(DWZ, "-m", debug / ".dwz/common.debug", "-M", "../../.dwz/common.debug", *placed)
    assert ".gnu_debugaltlink" in subprocess.run(["/usr/bin/readelf", "-SW", placed[0]], capture_output=True,
                                                 text=True).stdout
    for program in (first, second):
        good, said = ask(print_lines, program, "-d", debug)
        assert good == len(program.right) and said == ""
    (debug / ".dwz/common.debug").unlink()
    good, said = ask(print_lines, first, "-d", debug)
    assert "no dwz file" in said


def test_container_comes_first(print_lines, program):
    program.place_by_id(program.root / "usr/lib/debug")
    good, said = ask(print_lines, program, "-r", program.root, path="/opt/shapes/program")
    assert good == len(program.right) and said == ""


def test_links_stay_inside(print_lines, program, tmp_path):
    """A container's absolute link is followed inside of it; one that leads out is not followed out."""
    inside = program.place_by_id(program.root / "srv/debug")
    (program.root / "usr/lib").mkdir(parents=True)
    (program.root / "usr/lib/debug").symlink_to("/srv/debug")
    good, _ = ask(print_lines, program, "-r", program.root, path="/opt/shapes/program")
    assert good == len(program.right)
    outside = tmp_path / "outside.debug"
    inside.rename(outside)
    inside.symlink_to("../" * 12 + str(outside)[1:])
    assert inside.exists()  # for us, who are not held inside
    good, _ = ask(print_lines, program, "-r", program.root, path="/opt/shapes/program")
    assert good == 0


def test_fifo(print_lines, program, tmp_path):
    """What is no file is not waited for."""
    place = program.place_by_id(tmp_path / "debug")
    place.unlink()
    run("/usr/bin/mkfifo", place)
    good, _ = ask(print_lines, program, "-d", tmp_path / "debug")
    assert good == 0


def test_stripped_names_are_not_the_neighbours(print_lines, tmp_path):
    """Without .symtab an address has its own name, from .gnu_debugdata or .dynsym, or none."""
    library = tmp_path / "library.so"
    run("/usr/bin/gcc", "-O2", "-g", "-shared", "-fPIC", "-o", library, line_programs.SOURCES / "tables.c",
        line_programs.SOURCES / "print.c", line_programs.SOURCES / "sums.S")
    functions = lines.functions(library)
    run(STRIP, "-s", library)
    exported = {name for _, _, name in lines.functions(library)}
    ours, _, _ = lines.ask_ours(print_lines, library, [at + size // 2 for at, size, _ in functions])
    named = 0
    for at, size, name in functions:
        answer = ours[at + size // 2]
        assert answer in ([], [(name, "", 0)])
        assert answer or name not in exported
        named += bool(answer)
    assert 4 <= named < len(functions)


def test_names_of_gnu_debugdata(print_lines, tmp_path):
    """Fedora's way: all symbols of functions, packed, in the stripped file."""
    program = line_programs.build("gcc-dwarf5", tmp_path)
    functions = lines.functions(program)
    symbols, packed = tmp_path / "symbols", tmp_path / "symbols.xz"
    run(OBJCOPY, "-S", *[f"--keep-symbol={name}" for _, _, name in functions], program, symbols)
    packed.write_bytes(lzma.compress(symbols.read_bytes()))
    run(OBJCOPY, "-S", "--add-section", f".gnu_debugdata={packed}", program, tmp_path / "stripped")
    ours, _, _ = lines.ask_ours(print_lines, tmp_path / "stripped", [at + size // 2 for at, size, _ in functions])
    assert len(functions) > 5
    assert all(ours[at + size // 2] == [(name, "", 0)] for at, size, name in functions)


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


@pytest.fixture
def server(tmp_path):
    """Debian's debuginfod on loopback, for the files of a folder; its port."""
    if not pathlib.Path(DEBUGINFOD).exists() or not pathlib.Path(DEBUGINFOD_FIND).exists():
        pytest.skip(f"needs {DEBUGINFOD} and {DEBUGINFOD_FIND}")
    served, port = tmp_path / "served", free_port()
    served.mkdir()
    process = subprocess.Popen([DEBUGINFOD, "-p", str(port), "-d", ":memory:", "-t", "1", "-F", str(served)],
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    yield served, port
    process.kill()
    process.wait()


def burn_with(sonde, tmp_path, port, *options):
    """A profile of a stripped program: (its lines, what was said)."""
    profile = tmp_path / "p.pb.gz"
    env = {**os.environ, "XDG_CACHE_HOME": str(tmp_path / "cache"), "HOME": str(tmp_path),
           "DEBUGINFOD_URLS": f"http://127.0.0.1:{port}/"}
    done = sonde("record", "-o", profile, *options, "--", tmp_path / "burn", env=env)
    assert done.returncode == 0, done.stderr
    return sonde("report", "--by", "line", profile).stdout.decode(), done.stderr.decode()


def test_debuginfod(sonde, server, tmp_path):
    served, port = server
    source = make_burn(tmp_path, served / "burn.whole", tmp_path / "burn", "-O1")
    hexed = lines.build_id(served / "burn.whole")
    for _ in range(100):  # until the server has read its folder
        found = subprocess.run([DEBUGINFOD_FIND, "debuginfo", hexed], capture_output=True,
                               env={"DEBUGINFOD_URLS": f"http://127.0.0.1:{port}/", "HOME": str(served.parent / "h"),
                                    "DEBUGINFOD_CACHE_PATH": str(served.parent / f"c{_}")})
        if not found.returncode:
            break
        time.sleep(0.2)
    text, _ = burn_with(sonde, tmp_path, port)
    assert "step" not in text  # not asked for
    text, said = burn_with(sonde, tmp_path, port, "--debuginfod")
    assert f"step {source}:3" in text and "debuginfod:" not in said


def test_debuginfod_is_not_there(sonde, tmp_path):
    make_burn(tmp_path, tmp_path / "whole", tmp_path / "burn", "-O1")
    if not pathlib.Path(DEBUGINFOD_FIND).exists():
        pytest.skip(f"needs {DEBUGINFOD_FIND}")
    text, _ = burn_with(sonde, tmp_path, free_port(), "--debuginfod")
    assert "burn" in text and "step" not in text
    with socket.socket() as deaf:  # takes the connection, says nothing
        deaf.bind(("127.0.0.1", 0))
        deaf.listen(16)
        _, said = burn_with(sonde, tmp_path, deaf.getsockname()[1], "--debuginfod")
    assert said.count("the servers do not answer") == 1


def make_burn(tmp_path, whole, stripped, *flags):
    source = tmp_path / "burn.c"
    source.write_text("static inline long step(long x)\n{\n\treturn x % 1000003 * 31 + x / 7 + 1;\n}\n\n"
                      "int main(void)\n{\n\tlong x = 1;\n\n\tfor (long i = 0; i < 60000000; i++)\n"
                      "\t\tx = step(x);\n\treturn x == 7;\n}\n")
    run("/usr/bin/gcc", "-g", "-Wl,--build-id", *flags, "-o", whole, source)
    run(OBJCOPY, "--strip-all", whole, stripped)
    return source


def test_record_in_a_container(sonde, tmp_path):
    """The debug file lies in the root that the program was started in, and which only it can see."""
    root = tmp_path / "root"
    root.mkdir()
    whole, stripped = tmp_path / "burn.whole", root / "burn"
    source = make_burn(tmp_path, whole, stripped, "-O1", "-static")
    hexed = lines.build_id(whole)
    debug = root / "usr/lib/debug/.build-id" / hexed[:2] / f"{hexed[2:]}.debug"
    debug.parent.mkdir(parents=True)
    run(OBJCOPY, "--only-keep-debug", whole, debug)
    profile = tmp_path / "p.pb.gz"
    done = sonde("record", "-o", profile, "--", "/usr/sbin/chroot", root, "/burn")
    assert done.returncode == 0, done.stderr
    text = sonde("report", "--by", "line", profile).stdout.decode()
    assert f"step {source}:3" in text and f"main {source}:" in text
