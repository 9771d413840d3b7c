# SPDX-License-Identifier: Apache-2.0
"""Names kept across runs: used, added to, bounded, ignored when damaged or out of date."""
import os
import pathlib
import random
import shutil
import subprocess
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "oracles"))
import line_programs  # noqa: E402
import lines  # noqa: E402


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    folder = tmp_path_factory.mktemp("cached")
    program = line_programs.build("g++-dwarf5", folder)
    addresses = lines.choose(program, 60)
    return program, addresses, lines.ask_llvm(program, addresses)[0]


@pytest.fixture
def program(built, tmp_path):
    shutil.copy(built[0], tmp_path / "program")
    (tmp_path / "cache").mkdir()
    return tmp_path / "program"


@pytest.fixture
def ask(print_lines, program, built):
    """The addresses of a list that have the right answer."""
    aliases = lines.Aliases(built[0])

    def asked(addresses):
        ours, _, _ = lines.ask_ours(print_lines, program, addresses, "-c", str(program.parent / "cache"))
        return [at for at in addresses
                if ours[at] == built[2][at] or lines.reason(ours[at], built[2][at], at, aliases)]
    return asked


def kept(program):
    return sorted((program.parent / "cache").iterdir())


def blind(program):
    """The DWARF is gone from where it was: only a cache can have lines now."""
    data = program.read_bytes()
    text = subprocess.run(["/usr/bin/readelf", "-SW", program], capture_output=True, text=True).stdout
    for line in text.splitlines():
        words = line.split("]")[-1].split()
        if words and words[0] == ".debug_info":
            off, size = int(words[3], 16), int(words[4], 16)
            data = data[:off] + bytes(size) + data[off + size:]
    program.write_bytes(data)


def test_second_run(ask, program, built):
    addresses = built[1]
    assert ask(addresses) == addresses
    files = kept(program)
    assert len(files) == 1 and files[0].stat().st_mode & 0o777 == 0o600
    blind(program)
    assert ask(addresses) == addresses
    files[0].unlink()
    assert ask(addresses) != addresses  # it was the cache indeed


def test_added_to(ask, program, built):
    addresses = built[1]
    assert ask(addresses[::3]) == addresses[::3]
    assert ask(addresses[1::3]) == addresses[1::3]
    assert len(kept(program)) == 1
    blind(program)
    both = sorted(addresses[::3] + addresses[1::3])
    assert ask(both) == both


def test_damaged(ask, program, built):
    addresses, chance = built[1], random.Random(4)
    ask(addresses)
    file = kept(program)[0]
    whole = file.read_bytes()
    for _ in range(40):
        data = bytearray(whole)
        for _ in range(chance.randrange(1, 4)):
            data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
        file.write_bytes(bytes(data[:chance.choice([len(data), chance.randrange(len(data))])]))
        assert ask(addresses) == addresses
        assert file.read_bytes() == whole  # written anew


def test_debug_file_installed_later(print_lines, program, built):
    """Names without lines are not kept when there is DWARF to be had."""
    debug = program.parent / "program.debug"
    subprocess.run([line_programs.OBJCOPY, "--only-keep-debug", program, debug], check=True)
    subprocess.run([line_programs.OBJCOPY, "--strip-all", f"--add-gnu-debuglink={debug}", program], check=True)
    hidden = debug.rename(program.parent / "elsewhere")
    options = ["-c", str(program.parent / "cache")]
    ours, _, _ = lines.ask_ours(print_lines, program, built[1], *options)
    assert not any(line for frames in ours.values() for _, _, line in frames)
    hidden.rename(debug)
    ours, _, _ = lines.ask_ours(print_lines, program, built[1], *options)
    assert [at for at in built[1] if ours[at] != built[2][at] and
            not lines.reason(ours[at], built[2][at], at, lines.Aliases(built[0]))] == []


def test_oldest_go_first(ask, program, built):
    """The tool's cache may have 1 MB."""
    for i in range(4):
        old = program.parent / f"cache/{i:040x}.names"
        old.write_bytes(bytes(300 << 10))
        os.utime(old, (1000 + (i * 3) % 4, 1000))
    ask(built[1])
    names = [file.name[:40] for file in kept(program)]
    assert len(names) == 4 and f"{0:040x}" not in names
    assert sum(file.stat().st_size for file in kept(program)) <= 1 << 20


def test_record_keeps_names(sonde, chain, tmp_path):
    for options, there in ((["--no-cache"], False), ([], True)):
        cache = tmp_path / f"home{there}"
        done = sonde("record", *options, "-o", tmp_path / "p.pb.gz", "--", chain, "1",
                     env={**os.environ, "XDG_CACHE_HOME": str(cache)})
        assert done.returncode == 7, done.stderr  # the program's own, when its second is over
        assert (cache / "sonde").is_dir() == there
        if there:
            assert (cache / "sonde").stat().st_mode & 0o777 == 0o700
            assert list((cache / "sonde").glob("*.names"))


def test_symbols_alone(print_lines, program):
    """Without DWARF: who asks for more of a file has all of its symbols kept, and then no address any more."""
    subprocess.run([line_programs.OBJCOPY, "--strip-debug", program], check=True)
    addresses, aliases = lines.choose(program, 120), lines.Aliases(program)

    def right(asked):
        ours, _, _ = lines.ask_ours(print_lines, program, asked, "-c", str(program.parent / "cache"))
        return [at for at in asked if len(ours[at]) == 1 and ours[at][0][0] in aliases.of(at)]

    def bytes_of(kind):
        return [file.read_bytes() for file in kept(program) if file.suffix == kind]

    first, more, new = addresses[::3], addresses[1::3], addresses[2::3]
    assert right(first) == first and not bytes_of(".symbols")
    assert right(first + more) == first + more
    names, symbols = bytes_of(".names"), bytes_of(".symbols")
    assert len(names) == len(symbols) == 1
    assert right(new) == new
    assert (bytes_of(".names"), bytes_of(".symbols")) == (names, symbols)
    for at in range(0, len(symbols[0]), len(symbols[0]) // 20):
        damaged = bytearray(symbols[0])
        damaged[at] ^= 4
        next(file for file in kept(program) if file.suffix == ".symbols").write_bytes(damaged)
        assert right(addresses) == addresses
        assert bytes_of(".symbols") == symbols
