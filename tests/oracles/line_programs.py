# SPDX-License-Identifier: Apache-2.0
"""Small real programs, built in every way that changes where names and lines are found."""
import os
import pathlib
import shutil
import subprocess

SOURCES = pathlib.Path(__file__).resolve().parents[1] / "targets/lines"
GCC, GXX, CLANG, CLANGXX = "/usr/bin/gcc", "/usr/bin/g++", "/usr/bin/clang-14", "/usr/bin/clang++-14"
OBJCOPY, DWZ, DWP, LLVM_DWP = "/usr/bin/objcopy", "/usr/bin/dwz", "/usr/bin/dwp", "/usr/bin/llvm-dwp-14"
# rustc from the path: Debian's, or the user's own
RUSTC = shutil.which("rustc") or "/usr/bin/rustc"
# split debug information is unstable in Debian's 1.63: this lets a stable compiler take it
ENVIRONMENT = dict(os.environ, RUSTC_BOOTSTRAP="1")

C = ["tables.c", "print.c", "sums.S"]
CC = ["shapes.cc"]
RS = ["shapes.rs"]

# name, compiler, sources, flags, commands to run on the program afterwards
BUILDS = [(f"gcc-dwarf{v}", GCC, C, ["-O2", f"-gdwarf-{v}"], []) for v in (2, 3, 4, 5)]
BUILDS += [(f"clang-dwarf{v}", CLANG, C, ["-O2", f"-gdwarf-{v}"], []) for v in (2, 3, 4, 5)]
BUILDS += [(f"g++-dwarf{v}", GXX, CC, ["-O2", f"-gdwarf-{v}"], []) for v in (3, 4, 5)]
BUILDS += [(f"clang++-dwarf{v}", CLANGXX, CC, ["-O2", f"-gdwarf-{v}"], []) for v in (4, 5)]
BUILDS += [
    ("gcc-strict2", GCC, C, ["-O2", "-gdwarf-2", "-gstrict-dwarf"], []),
    ("gcc-O0", GCC, C, ["-O0", "-g"], []),
    ("gcc-dwarf64", GCC, C, ["-O2", "-g", "-gdwarf64"], []),
    ("gcc-g1", GCC, C, ["-O2", "-g1"], []),
    ("gcc-nested", GCC, ["nested.c"], ["-O1", "-g"], []),
    ("gcc-lto", GCC, C, ["-O2", "-g", "-flto"], []),
    ("gcc-lto-parts", GCC, C, ["-O3", "-g", "-flto", "-flto-partition=max"], []),
    ("gcc-sections", GCC, C, ["-O2", "-g", "-ffunction-sections", "-Wl,--gc-sections"], []),
    ("gcc-no-pie", GCC, C, ["-O2", "-g", "-no-pie"], []),
    ("gcc-split4", GCC, C, ["-O2", "-gdwarf-4", "-gsplit-dwarf"], []),
    ("gcc-split5", GCC, C, ["-O2", "-gdwarf-5", "-gsplit-dwarf"], []),
    ("gcc-dwp4", GCC, C, ["-O2", "-gdwarf-4", "-gsplit-dwarf"], [[DWP, "-e", "{}"], ["rm-dwo"]]),
    ("gcc-zlib", GCC, C, ["-O2", "-g"], [[OBJCOPY, "--compress-debug-sections=zlib", "{}"]]),
    ("gcc-zlib-gnu", GCC, C, ["-O2", "-g"], [[OBJCOPY, "--compress-debug-sections=zlib-gnu", "{}"]]),
    ("gcc-zstd", GCC, C, ["-O2", "-g"], [[OBJCOPY, "--compress-debug-sections=zstd", "{}"]]),
    ("gcc-dwz", GCC, C, ["-O2", "-gdwarf-4"], [[DWZ, "{}"]]),
    ("clang-O0", CLANG, C, ["-O0", "-g"], []),
    ("clang-lines-only", CLANG, C, ["-O2", "-gline-tables-only"], []),
    ("clang-split4", CLANG, C, ["-O2", "-gdwarf-4", "-gsplit-dwarf"], []),
    ("clang-split5", CLANG, C, ["-O2", "-gdwarf-5", "-gsplit-dwarf"], []),
    ("clang-dwp5", CLANG, C, ["-O2", "-gdwarf-5", "-gsplit-dwarf"],
     [[LLVM_DWP, "-e", "{}", "-o", "{}.dwp"], ["rm-dwo"]]),
    ("clang-no-skeleton-inlines", CLANG, C, ["-O2", "-g", "-gsplit-dwarf", "-fno-split-dwarf-inlining"], []),
    ("g++-O0", GXX, CC, ["-O0", "-g"], []),
    ("g++-g1", GXX, CC, ["-O2", "-g1"], []),
    ("g++-types", GXX, CC, ["-O2", "-g", "-fdebug-types-section"], []),
    ("g++-lto", GXX, CC, ["-O2", "-g", "-flto"], []),
    ("g++-split5", GXX, CC, ["-O2", "-gdwarf-5", "-gsplit-dwarf"], []),
    ("g++-dwz", GXX, CC, ["-O2", "-g"], [[DWZ, "{}"]]),
    ("g++-O3", GXX, CC, ["-O3", "-g"], []),
    ("clang++-O0", CLANGXX, CC, ["-O0", "-g"], []),
    ("clang++-lines-only", CLANGXX, CC, ["-O2", "-gline-tables-only"], []),
    ("clang++-split5", CLANGXX, CC, ["-O2", "-gdwarf-5", "-gsplit-dwarf"], []),
    ("rust-debug", RUSTC, RS, ["-g"], []),
    ("rust-release", RUSTC, RS, ["-g", "-O"], []),
    ("rust-lines", RUSTC, RS, ["-C", "debuginfo=1", "-O"], []),
    ("rust-lto", RUSTC, RS, ["-g", "-O", "-C", "lto=fat"], []),
    ("rust-split", RUSTC, RS, ["-g", "-O", "-Z", "unstable-options", "-C", "split-debuginfo=unpacked"], []),
    ("rust-v0", RUSTC, RS, ["-g", "-O", "-C", "symbol-mangling-version=v0"], []),
]
NAMES = [row[0] for row in BUILDS]
# What the oracles cannot read (llvm-symbolizer 14: zstd, and inlined functions in gcc's .dwo files) they
# are asked of a program of the same code whose DWARF lies in one plain piece.
TWINS = {"gcc-split4": "gcc-dwarf4", "gcc-split5": "gcc-dwarf5", "gcc-dwp4": "gcc-dwarf4",
         "gcc-zstd": "gcc-dwarf5"}


class Missing(Exception):
    """A tool that a build needs."""


def run(command, folder):
    if not pathlib.Path(command[0]).exists():
        raise Missing(command[0])
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, env=ENVIRONMENT)
    if done.returncode:
        raise RuntimeError(f"{command}: {done.stderr}")


def code_of(program):
    code = program.with_suffix(".text")
    run([OBJCOPY, "-O", "binary", "--only-section=.text", str(program), str(code)], program.parent)
    return code.read_bytes()


def twin_of(name, program, folder):
    """The program that oracles are to be asked about: the same one, or its twin."""
    if name not in TWINS:
        return program
    twin = build(TWINS[name], folder)
    if code_of(twin) != code_of(program):
        raise RuntimeError(f"{TWINS[name]} is no twin of {name}: its code differs")
    return twin


def build(name, folder):
    """The program of a row, in a folder of its own; raises Missing."""
    _, compiler, sources, flags, after = next(row for row in BUILDS if row[0] == name)
    folder = pathlib.Path(folder) / name
    folder.mkdir(parents=True, exist_ok=True)
    program = folder / "program"
    objects = [SOURCES / source for source in sources]
    if compiler != RUSTC:
        for i, source in enumerate(objects):
            run([compiler, *flags, "-c", str(source), "-o", f"{source.stem}.o"], folder)
            objects[i] = f"{source.stem}.o"
    run([compiler, *flags, *map(str, objects), "-o", "program"], folder)
    for command in after:
        if command == ["rm-dwo"]:
            for dwo in folder.glob("*.dwo"):
                dwo.unlink()
        else:
            run([word.replace("{}", str(program)) for word in command], folder)
    return program
