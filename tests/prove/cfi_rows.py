#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Every unwind row of 300 libraries and programs of this host against readelf: cfi_rows [COUNT]."""
import concurrent.futures
import os
import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
PRINT_ROWS = pathlib.Path(os.environ["SONDE_BUILD"]) / "tests/tools/print_rows"
sys.path.insert(0, str(ROOT / "tests/oracles"))
import readelf_rows  # noqa: E402

FOLDERS = ["/usr/lib/x86_64-linux-gnu", "/usr/bin", "/usr/sbin", "/usr/lib/llvm-14/lib", "/usr/lib/llvm-14/bin",
           "/usr/lib/gcc/x86_64-linux-gnu/12", "/usr/local/bin"]
SPARE = 10  # some have no .eh_frame (Go), or an empty one


def elf_files():
    found = {}
    for folder in FOLDERS:
        for path in sorted(pathlib.Path(folder).glob("*")):
            real = path.resolve()
            if real.is_file() and real.open("rb").read(5) == b"\x7fELF\x02" and not real.name.endswith(".o"):
                found[real] = real.stat().st_size
    return found


def choose(files, count):
    """The ten largest, and the rest spread over all sizes."""
    by_size = sorted(files, key=files.get, reverse=True)
    rest = by_size[10:]
    step = max(1, len(rest) / max(1, count - 10))
    return by_size[:10] + [rest[int(i * step)] for i in range(min(count - 10, len(rest)))]


def judge(path):
    try:
        return path, readelf_rows.judge(PRINT_ROWS, path)
    except Exception as e:  # a file that cannot be judged is told, not passed over
        return path, e


def main():
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 300
    chosen = choose(elf_files(), count + SPARE)
    rows = gaps = wrong = unsupported = judged = empty = 0
    with concurrent.futures.ProcessPoolExecutor(2) as pool:
        for path, verdict in pool.map(judge, chosen):
            if isinstance(verdict, Exception):
                print(f"not judged: {path}: {verdict}")
                continue
            judged += 1
            empty += not verdict.rows
            rows, gaps = rows + verdict.rows, gaps + verdict.gaps
            wrong, unsupported = wrong + len(verdict.wrong), unsupported + verdict.unsupported
            if verdict.wrong:
                print(f"{path}: {len(verdict.wrong)} of {verdict.rows}: {verdict.wrong[:3]}")
    print(f"{judged} files ({empty} without .eh_frame), {rows} row ends, {gaps} gap ends, {unsupported} unsupported, {wrong} different")
    return 1 if wrong or judged < len(chosen) or judged - empty < count else 0


sys.exit(main())
