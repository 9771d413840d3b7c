#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Two programs built from Debian's sources, stripped, their debug files by every road: pprof -list's lines."""
import os
import pathlib
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
SONDE = pathlib.Path(os.environ["SONDE_BUILD"]) / "collector/sonde"
sys.path.insert(0, str(ROOT / "tests/oracles"))
import line_programs  # noqa: E402
import lines  # noqa: E402
import suites  # noqa: E402

OBJCOPY, DWZ = line_programs.OBJCOPY, line_programs.DWZ
DEBUGINFOD, DEBUGINFOD_FIND = "/usr/bin/debuginfod", "/usr/bin/debuginfod-find"


def run(command, **more):
    subprocess.run(list(map(str, command)), check=True, capture_output=True, **more)


def build_bzip2(folder):
    to = folder / "bzip2"
    shutil.copytree(suites.source("bookworm", "bzip2"), to)
    # the library within: Debian's own make would take the host's
    parts = ["blocksort", "huffman", "crctable", "randtable", "compress", "decompress", "bzlib", "bzip2"]
    run([line_programs.GCC, "-O2", "-g", "-Wl,--build-id", "-o", "bzip2", *[f"{part}.c" for part in parts]], cwd=to)
    data = folder / "data"
    data.write_bytes(b"".join(b"%d %x\n" % (i * 7919 % 65537, i) for i in range(3000000)))
    return to / "bzip2", ["-k", "-c", data], [("mainSort", "blocksort.c"), ("mainGtU", "blocksort.c"),
                                              ("generateMTFValues", "compress.c")]


def build_ninja(folder):
    to = folder / "ninja"
    shutil.copytree(suites.source("bookworm", "ninja-build"), to)
    run(["/usr/bin/python3", "configure.py", "--bootstrap"], cwd=to,
        env={**os.environ, "CXXFLAGS": "-O2 -g", "LDFLAGS": "-Wl,--build-id"})
    work = folder / "work"
    work.mkdir()
    with open(work / "build.ninja", "w") as f:
        f.write("rule touch\n  command = touch $out\n")
        for i in range(400000):
            f.write(f"build out/dir{i % 100}/file{i}: touch in/file{i // 3}\n")
    return to / "ninja", ["-C", work, "-t", "targets", "all"], [("ManifestParser::ParseEdge", "manifest_parser.cc"),
                                                                ("Lexer::ReadToken", "lexer.")]


def split(program, folder):
    """(stripped program, debug file)"""
    stripped, debug = folder / program.name, folder / f"{program.name}.debug"
    folder.mkdir(parents=True)
    run([OBJCOPY, "--only-keep-debug", program, debug])
    run([OBJCOPY, "--strip-all", program, stripped])
    return stripped, debug


def listed(stripped, args, functions, *options, env=()):
    """The functions of which pprof -list shows lines with their source text."""
    profile = stripped.parent / "p.pb.gz"
    done = subprocess.run([SONDE, "record", "-F", "999", "--no-cache", *options, "-o", profile, "--", stripped, *args],
                          stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, env={**os.environ, **dict(env)})
    assert done.returncode == 0, done.stderr
    found = []
    for name, file in functions:
        shown = subprocess.run([suites.pprof(), "-list", re.escape(name), profile], capture_output=True, text=True,
                               env={**os.environ, "HOME": str(stripped.parent)}).stdout
        text = re.search(r"^ROUTINE =+ .* in (/\S*" + re.escape(file) + r"\S*)$", shown, re.M)
        hot = [int(n) for n in re.findall(r"^ +[0-9.]+\w* +[0-9.]+\w* +(\d+):", shown, re.M)]
        if text and hot and all(0 < n <= len(open(text[1], errors="replace").readlines()) for n in hot):
            found.append(name)
    return found


def by_build_id(stripped, debug):
    hexed = lines.build_id(stripped)
    to = stripped.parent / "debug/.build-id" / hexed[:2] / f"{hexed[2:]}.debug"
    to.parent.mkdir(parents=True)
    debug.rename(to)
    return ["--debug-dir", stripped.parent / "debug"]


def by_debuglink(stripped, debug):
    run([OBJCOPY, f"--add-gnu-debuglink={debug}", stripped])
    (stripped.parent / ".debug").mkdir()
    debug.rename(stripped.parent / ".debug" / debug.name)
    return []


def by_dwz(stripped, debug):
    """What it shares with its twin lies in a third file."""
    options = by_build_id(stripped, debug)
    placed = next((stripped.parent / "debug").rglob("*.debug"))
    twin, common = stripped.parent / "twin.debug", stripped.parent / "debug/.dwz/common.debug"
    common.parent.mkdir()
    shutil.copy(placed, twin)
    run([DWZ, "-m", common, "-M", "../../.dwz/common.debug", placed, twin])
    assert common.exists() and ".gnu_debugaltlink" in subprocess.run(
        [lines.READELF, "-SW", placed], capture_output=True, text=True).stdout
    return options


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def from_server(program, args, functions, folder):
    """Debian's debuginfod on loopback has the debug file, and nobody else."""
    stripped, debug = split(program, folder)
    served, port = folder / "served", free_port()
    served.mkdir()
    debug.rename(served / debug.name)
    server = subprocess.Popen([DEBUGINFOD, "-p", str(port), "-d", ":memory:", "-F", str(served)],
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    env = {"DEBUGINFOD_URLS": f"http://127.0.0.1:{port}/", "DEBUGINFOD_CACHE_PATH": str(folder / "client")}
    try:
        for i in range(100):
            trial = {**env, "DEBUGINFOD_CACHE_PATH": str(folder / f"trial{i}"), "HOME": str(folder)}
            if not subprocess.run([DEBUGINFOD_FIND, "debuginfo", lines.build_id(stripped)], env=trial,
                                  capture_output=True).returncode:
                break
            time.sleep(0.2)
        return listed(stripped, args, functions, "--debuginfod", env=env)
    finally:
        server.kill()
        server.wait()


def prove(build, folder):
    folder.mkdir()
    program, args, functions = build(folder)
    wanted, good = [name for name, _ in functions], True
    for road in (by_build_id, by_debuglink, by_dwz):
        stripped, debug = split(program, folder / road.__name__)
        options = road(stripped, debug)
        found = listed(stripped, args, functions, *options)
        print(f"{program.name} {road.__name__}: {', '.join(found) or 'nothing'}")
        good = good and found == wanted
    found = from_server(program, args, functions, folder / "debuginfod")
    print(f"{program.name} debuginfod: {', '.join(found) or 'nothing'}")
    none = listed(split(program, folder / "nowhere")[0], args, functions)
    print(f"{program.name} without debug file: {', '.join(none) or 'nothing'}")
    return good and found == wanted and not none


def main():
    with tempfile.TemporaryDirectory() as folder:
        results = [prove(build, pathlib.Path(folder) / build.__name__) for build in (build_bzip2, build_ninja)]
    return 0 if all(results) else 1


sys.exit(main())
