#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Time and memory for the lines and inlined functions of a file's addresses, beside other tools: 1,788 of
Debian's libpython; bench_lines.py large: 1,000 of a vmlinux with half a gigabyte of debug sections too."""
import os
import pathlib
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "oracles"))
import lines  # noqa: E402
import suites  # noqa: E402

PRINT_LINES = pathlib.Path(os.environ["SONDE_BUILD"]) / "tests/tools/print_lines"
ROUNDS = 5
SKIPPED = 77
PEERS = {"addr2line": ["/usr/bin/addr2line", "-fie"], "eu-addr2line": ["/usr/bin/eu-addr2line", "-fi", "-e"],
         "llvm-symbolizer": ["/usr/bin/llvm-symbolizer-14", "-e"]}


# A child's peak memory counts what its parent had when it forked: so a small parent, of 9 MB.
RUN = """import os, sys, time
start = time.monotonic()
pid = os.posix_spawn(sys.argv[1], sys.argv[1:], os.environ, file_actions=[
    (os.POSIX_SPAWN_OPEN, 1, "/dev/null", os.O_WRONLY, 0), (os.POSIX_SPAWN_OPEN, 2, "/dev/null", os.O_WRONLY, 0)])
_, status, usage = os.wait4(pid, 0)
print(time.monotonic() - start, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)
sys.exit(status != 0)
"""


def once(command, addresses):
    """(seconds, CPU seconds, peak MB) of a command that reads addresses."""
    with tempfile.TemporaryFile() as stdin:
        stdin.write("\n".join(map(hex, addresses)).encode())
        stdin.seek(0)
        done = subprocess.run(["/usr/bin/python3", "-S", "-c", RUN, *map(str, command)], stdin=stdin,
                              capture_output=True, text=True, check=True)
    return tuple(map(float, done.stdout.split()))


def measure(name, commands, addresses):
    """The least of several rounds, the tools taking turns."""
    runs = {tool: [] for tool in commands}
    for _ in range(ROUNDS):
        for tool, command in commands.items():
            runs[tool].append(once(command, addresses))
    best = {tool: tuple(map(min, zip(*rows))) for tool, rows in runs.items()}
    print(f"{name}, {len(addresses)} addresses:")
    for tool, (took, cpu, memory) in best.items():
        print(f"  {tool:24} {took * 1000:7.0f} ms  {cpu * 1000:7.0f} ms CPU  {memory:6.1f} MB")
    peer = min(best[tool][0] for tool in PEERS)
    print(f"  the fastest other tool takes {peer / best['sonde'][0]:.1f} times as long")


def bench(name, path, addresses):
    with tempfile.TemporaryDirectory() as cache:
        commands = {"sonde": [PRINT_LINES, path], "sonde, second run": [PRINT_LINES, "-c", cache, path]}
        once(commands["sonde, second run"], addresses)  # the first one
        measure(name, {**commands, **{tool: [*command, path] for tool, command in PEERS.items()}}, addresses)


def main():
    missing = [command[0] for command in PEERS.values() if not os.path.exists(command[0])]
    if missing:
        print("not installed:", *missing)
        return SKIPPED
    try:
        folder = suites.packages("debug-packages", "bookworm", *suites.DEBUG_PACKAGES)
        hexed = lines.build_id(folder / "usr/lib/x86_64-linux-gnu/libpython3.11.so.1.0")
        libpython = folder / f"usr/lib/debug/.build-id/{hexed[:2]}/{hexed[2:]}.debug"
        bench("libpython3.11", libpython, lines.choose(libpython, 1788))
        if "large" in sys.argv[1:]:
            vmlinux = suites.vmlinux("bookworm")
            bench(f"vmlinux of {vmlinux.stat().st_size >> 20} MB", vmlinux, lines.choose(vmlinux, 1000))
    except RuntimeError as e:
        print("no packages:", e)
        return SKIPPED
    return 0


sys.exit(main())
