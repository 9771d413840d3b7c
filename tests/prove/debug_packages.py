#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Two programs built from Debian's sources, stripped, their debug files by every road: pprof -list's lines. And the
functions of Debian's own python3.11 and libc by python3.11-dbg and libc6-dbg, with the text of Debian's sources."""
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


PYTHON_SORT = """
import random, time
words = [random.random() for _ in range(100000)]
end = time.time() + 3
while time.time() < end:
    sorted(words)
"""
C_SORT = """
#include <stdlib.h>
#include <time.h>
static int up(const void *a, const void *b) { return *(const int *)a < *(const int *)b ? -1 : 1; }
int main(void)
{
    static int words[300000];
    time_t end = time(NULL) + 3;
    while (time(NULL) < end) {
        for (int i = 0; i < 300000; i++)
            words[i] = rand();
        qsort(words, 300000, sizeof(int), up);
    }
}
"""


def lines_of_source(profile, function, tree, file, built_in):
    """How many lines with samples -list shows of a function, and of how many the text is the source's own."""
    shown = subprocess.run([suites.pprof(), "-list", f"^{re.escape(function)}", f"-trim_path={built_in}",
                            f"-source_path={tree}", profile], capture_output=True, text=True,
                           env={**os.environ, "HOME": str(profile.parent)}).stdout
    source = (tree / file).read_text(errors="replace").expandtabs().splitlines()
    hot = re.findall(r"^ +(?:\d[0-9.]*\w*|\.) +\d[0-9.]*\w* +(\d+):(.*)$", shown, re.M)
    right = [n for n, text in hot if int(n) <= len(source) and text.expandtabs().strip() == source[int(n) - 1].strip()]
    return len(hot), len(right)


def prove_package(name, folder, program, options, tree, file, built_in, functions):
    profile = folder / f"{name}.pb.gz"
    run([SONDE, "record", "-F", "999", "--no-cache", *options, "-o", profile, "--", *program])
    good = True
    for function in functions:
        hot, right = lines_of_source(profile, function, tree, file, built_in)
        print(f"{name} {function}: {hot} lines with samples, {right} with the text of {file}")
        good = good and hot > 0 and hot == right
    return good


def prove_distribution(folder):
    debug = suites.packages("debug-packages", "bookworm", *suites.DEBUG_PACKAGES)
    (folder / "sort.py").write_text(PYTHON_SORT)
    (folder / "sort.c").write_text(C_SORT)
    run([line_programs.GCC, "-O2", "-o", folder / "sort", folder / "sort.c"])
    python = prove_package("python3.11-dbg", folder, [debug / "usr/bin/python3.11", folder / "sort.py"],
                           ["--debug-dir", debug / "usr/lib/debug"], suites.source("bookworm", "python3.11"),
                           "Objects/listobject.c", "/build/reproducible-path/python3.11-3.11.2",
                           ["merge_lo", "binarysort"])
    libc = next((debug / "lib/x86_64-linux-gnu").glob("libc.so.6"))
    return prove_package("libc6-dbg", folder, [libc.parent / "ld-linux-x86-64.so.2", "--library-path", libc.parent,
                                               folder / "sort"],
                         ["--debug-dir", debug / "usr/lib/debug"], suites.source("bookworm", "glibc"),
                         "stdlib/msort.c", "stdlib", ["msort_with_tmp"]) and python


def main():
    with tempfile.TemporaryDirectory() as folder:
        results = [prove(build, pathlib.Path(folder) / build.__name__) for build in (build_bzip2, build_ninja)]
        results.append(prove_distribution(pathlib.Path(folder)))
    return 0 if all(results) else 1


sys.exit(main())
