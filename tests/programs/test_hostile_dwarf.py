# SPDX-License-Identifier: Apache-2.0
"""DWARF that lies: the function keeps its name of the symbol table, one remark is made, nothing ends."""
import os
import pathlib
import random
import resource
import struct
import subprocess
import sys
import zlib

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "oracles"))
import line_programs  # noqa: E402
import lines  # noqa: E402

# A unit of one function, "victim", by hand: ATTRS and DIES are put in.
UNIT = r"""
	.text
	.globl victim
	.type victim, @function
victim:	nop
	nop
	ret
	.size victim, . - victim
Lend:
	.section .note.GNU-stack, "", @progbits
	.section .debug_abbrev, "", @progbits
	.uleb128 1, 0x11, 1         /* compile_unit: name, low_pc, high_pc */
	.uleb128 0x03, 0x08, 0x11, 0x01, 0x12, 0x07, 0, 0
	.uleb128 2, 0x2e, 1         /* subprogram: low_pc, high_pc, ORIGIN */
	.uleb128 0x11, 0x01, 0x12, 0x07, 0x31, 0x13, 0, 0
	.uleb128 3, 0x2e, 0         /* subprogram: name, origin */
	.uleb128 0x03, 0x08, 0x31, 0x13, 0, 0
	.uleb128 4, 0x1d, 1         /* inlined_subroutine: low_pc, high_pc, origin */
	.uleb128 0x11, 0x01, 0x12, 0x07, 0x31, 0x13, 0, 0
	.uleb128 5, 0x2e, 0         /* subprogram: origin */
	.uleb128 0x31, 0x13, 0, 0
	.uleb128 0
	.section .debug_info, "", @progbits
Lunit:	.long Lunit_end - Lunit - 4
	.short 4
	.long 0
	.byte 8
	.uleb128 1
	.asciz "unit"
	.quad victim
	.quad Lend - victim
%s
	.byte 0
Lunit_end:
"""


def at_victim(kind, origin):
    return f"\t.uleb128 {kind}\n\t.quad victim, Lend - victim\n\t.long {origin} - Lunit\n"


CYCLE = at_victim(2, "La") + "\t.byte 0\nLa:\t.uleb128 5\n\t.long Lb - Lunit\nLb:\t.uleb128 5\n\t.long La - Lunit\n"
SELF = at_victim(2, "La") + "\t.byte 0\nLa:\t.uleb128 5\n\t.long La - Lunit\n"
OUTSIDE = at_victim(2, "Lunit + 0x7fffffff") + "\t.byte 0\n"
INTO_HEADER = at_victim(2, "Lunit + 2") + "\t.byte 0\n"
LONG_NAME = (at_victim(2, "La") + "\t.byte 0\nLa:\t.uleb128 3\n\t.fill 1000000, 1, 'a'\n\t.byte 0\n"
             "\t.long La - Lunit\n")
BAD_TEXT = (at_victim(2, "La") + at_victim(4, "La") + "\t.byte 0, 0\nLa:\t.uleb128 3\n"
            "\t.byte 0xff, 0xc3, 0x28, 1, 0\n\t.long La - Lunit\n")
# 30,000 functions inlined one into the other
DEEP = (at_victim(2, "La") + "\t.rept 30000\n" + at_victim(4, "La") + "\t.endr\n\t.fill 30001, 1, 0\n"
        "La:\t.uleb128 3\n\t.asciz \"deep\"\n\t.long La - Lunit\n")
NO_SUCH_ABBREV = at_victim(2, "La") + "\t.uleb128 77\nLa:\t.byte 0\n"


def build(folder, dies):
    source = folder / "unit.s"
    source.write_text(UNIT % dies)
    subprocess.run([line_programs.GCC, "-shared", "-nostdlib", "-o", folder / "unit.so", source], check=True)
    return folder / "unit.so"


def limited():
    if "ASAN_OPTIONS" not in os.environ:  # its shadow takes more addresses; it has a limit of its own
        resource.setrlimit(resource.RLIMIT_AS, (1 << 30, 1 << 30))
    resource.setrlimit(resource.RLIMIT_CPU, (20, 20))


def ask(print_lines, path, addresses, *options):
    done = subprocess.run([print_lines, *options, path], input="\n".join(map(hex, addresses)).encode(),
                          capture_output=True, preexec_fn=limited)
    assert done.returncode == 0, (done.returncode, done.stderr)
    answers = {}
    for line in done.stdout.split(b"\n"):
        if b"\t" in line:
            answers[at].append(line.split(b"\t"))
        elif line:
            at = int(line, 16)
            answers[at] = []
    return answers, done.stderr


@pytest.mark.parametrize("dies", [CYCLE, SELF, OUTSIDE, INTO_HEADER, LONG_NAME, NO_SUCH_ABBREV])
def test_keeps_the_symbols_name(print_lines, tmp_path, dies):
    program = build(tmp_path, dies)
    (at, size, name), = [f for f in lines.functions(program) if f[2] == "victim"]
    answers, said = ask(print_lines, program, [at + 1])
    assert answers[at + 1] == [[b"victim", b"victim", b"", b"0", b"0"]]
    assert said.count(b"\n") == (dies == NO_SUCH_ABBREV)


def test_names_that_are_no_text(print_lines, tmp_path):
    program = build(tmp_path, BAD_TEXT)
    (at, _, _), = [f for f in lines.functions(program) if f[2] == "victim"]
    answers, _ = ask(print_lines, program, [at])
    assert [frame[1] for frame in answers[at]] == [b"\xff\xc3\x28?", b"victim"]


def test_chains_are_bounded(print_lines, tmp_path):
    program = build(tmp_path, DEEP)
    (at, _, _), = [f for f in lines.functions(program) if f[2] == "victim"]
    answers, _ = ask(print_lines, program, [at])
    assert 200 < len(answers[at]) <= 300 and answers[at][-1][1] == b"victim"


def section_place(path, name):
    text = subprocess.run([lines.READELF, "-SW", path], capture_output=True, text=True).stdout
    for line in text.splitlines():
        words = line.split("]")[-1].split()
        if words and words[0] == name:
            return int(words[3], 16), int(words[4], 16)
    return None


def test_unpacks_no_bomb(print_lines, tmp_path):
    """A section of a megabyte says that it is a gigabyte unpacked, and would be."""
    program = line_programs.build("gcc-dwarf5", tmp_path)
    packer, packed = zlib.compressobj(9), b""
    for _ in range(1000):
        packed += packer.compress(bytes(1 << 20))
    packed += packer.flush()
    bomb = tmp_path / "bomb"
    bomb.write_bytes(struct.pack("<IIQQ", 1, 0, 1000 << 20, 1) + packed)
    subprocess.run([line_programs.OBJCOPY, "--update-section", f".debug_line={bomb}", program], check=True)
    data = bytearray(program.read_bytes())
    off = section_place(program, ".debug_line")[0]
    at = data.index(struct.pack("<Q", off), struct.unpack_from("<Q", data, 40)[0]) - 16  # its header's flags
    data[at:at + 8] = struct.pack("<Q", 0x800)
    program.write_bytes(data)
    functions = lines.functions(program)
    answers, said = ask(print_lines, program, [at for at, _, _ in functions])
    assert all(answers[at] for at, _, _ in functions) and said.count(b"\n") == 1 and b"no DWARF" in said


@pytest.mark.parametrize("name", ["gcc-dwarf4", "gcc-dwarf5", "g++-dwarf5", "clang-dwp5", "gcc-dwz", "gcc-zlib"])
def test_damaged_bytes(print_lines, tmp_path, name):
    """Bytes of the debug sections are changed at random; names of functions that are called stay."""
    program = line_programs.build(name, tmp_path)
    addresses = lines.choose(program, 40)
    right, _ = ask(print_lines, program, addresses)
    whole, chance = program.read_bytes(), random.Random(name)
    names = [f".debug_{kind}" for kind in ("info", "abbrev", "line", "str", "line_str", "rnglists", "ranges")]
    places = [place for place in (section_place(program, kind) for kind in names) if place]
    for _ in range(60):
        data = bytearray(whole)
        off, size = chance.choice(places)
        for _ in range(chance.choice([1, 3, 40])):
            data[off + chance.randrange(size)] = chance.randrange(256)
        program.write_bytes(data)
        answers, said = ask(print_lines, program, addresses)
        for at in addresses:
            assert [f[1] for f in answers[at][-1:]] == [f[1] for f in right[at][-1:]]
        assert said.count(b"\n") <= 2


def test_gives_up_in_time(print_lines, tmp_path):
    """A deadline of a nanosecond: names of symbols, and a word about it."""
    program = line_programs.build("g++-dwarf5", tmp_path)
    addresses = lines.choose(program, 40)
    answers, said = ask(print_lines, program, addresses, "-t", "1")
    assert said == b"late\n" and all(answers[at] and answers[at][0][2] == b"" for at in addresses)
