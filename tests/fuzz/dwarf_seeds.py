#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Seeds for fuzz_dwarf and fuzz_debug_file, of small real programs: dwarf_seeds.py FOLDER."""
import lzma
import pathlib
import shutil
import struct
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "oracles"))
import line_programs  # noqa: E402
import lines  # noqa: E402

KINDS = ["info", "abbrev", "str", "line_str", "line", "ranges", "rnglists", "addr", "str_offsets", "cu_index"]
ADDRESSES = 15
BUILDS = ["gcc-dwarf2", "gcc-dwarf3", "gcc-dwarf4", "gcc-dwarf5", "gcc-strict2", "gcc-dwarf64", "gcc-lto",
          "gcc-nested", "clang-dwarf4", "clang-dwarf5", "clang-lines-only"]
PACKAGES = ["gcc-dwp4", "clang-dwp5"]
PACKED = ["gcc-zlib", "gcc-zlib-gnu", "gcc-zstd"]


def part(kind, owner, data):
    return struct.pack("<BI", kind | owner << 6, len(data)) + data


def section(path, name, folder):
    out = folder / "section"
    out.unlink(missing_ok=True)
    subprocess.run([line_programs.OBJCOPY, "-O", "binary", "--only-section=" + name,
                    "--set-section-flags", name + "=alloc", path, out], capture_output=True)
    return out.read_bytes() if out.exists() else b""


def sections(path, owner, suffix, folder):
    parts = b""
    for kind, name in enumerate(KINDS):
        data = section(path, f".debug_{name}{'' if name == 'cu_index' else suffix}", folder)
        if data:
            parts += part(kind, owner, data)
    return parts


def seed(name, folder):
    program = line_programs.build(name, folder)
    addresses = lines.choose(program, 48)
    parts = part(ADDRESSES, 0, struct.pack(f"<{len(addresses)}Q", *addresses))
    parts += sections(program, 0, "", folder)
    if name in PACKAGES:
        parts += sections(f"{program}.dwp", 2, ".dwo", folder)
    return parts


def dwz_seed(folder):
    """Two programs of one source, what dwz found in both taken out."""
    programs = []
    for name in ("gcc-dwarf4", "gcc-no-pie"):
        programs.append(line_programs.build(name, folder))
    common = folder / "common.debug"
    subprocess.run([line_programs.DWZ, "-m", common, *programs], check=True)
    addresses = lines.choose(programs[0], 48)
    return (part(ADDRESSES, 0, struct.pack(f"<{len(addresses)}Q", *addresses)) +
            sections(programs[0], 0, "", folder) + sections(common, 1, "", folder))


def minidebuginfo(folder, to):
    """A stripped program with its local symbols packed into .gnu_debugdata."""
    program = line_programs.build("gcc-nested", folder)
    symbols, packed = folder / "symbols", folder / "symbols.xz"
    kept = ["--keep-symbol=main", "--keep-symbol=next.0"]
    subprocess.run([line_programs.OBJCOPY, "-S", *kept, program, symbols], check=True)
    packed.write_bytes(lzma.compress(symbols.read_bytes()))
    subprocess.run([line_programs.OBJCOPY, "-S", "--add-section", f".gnu_debugdata={packed}", program, to], check=True)


def main():
    to = pathlib.Path(sys.argv[1])
    for name in ("dwarf", "debug_file"):
        (to / name).mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        for name in BUILDS + PACKAGES:
            (to / "dwarf" / name).write_bytes(seed(name, folder))
        (to / "dwarf/gcc-dwz").write_bytes(dwz_seed(folder))
        minidebuginfo(folder, to / "debug_file/minidebuginfo")
        for name in PACKED:
            shutil.copy(line_programs.build(name, folder), to / "debug_file" / name)


main()
