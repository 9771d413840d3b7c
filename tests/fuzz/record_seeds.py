#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Seeds of records and texts: record_seeds.py CORPUS RAW_FILE PROFILE. The first few records of each type
of a file of sonde record --raw, a profile of few samples, what perf's rings hold, lines of /proc, names."""
import gzip
import pathlib
import struct
import sys

HEAD = struct.Struct("<IIQ")
SAMPLE, COPY, PROCESS, MMAP, FILE, KALLSYMS, VDSO, WALKED, END = 1, 3, 17, 20, 23, 25, 24, 26, 28
FEW = {SAMPLE: 12, COPY: 3, MMAP: 12, PROCESS: 6, FILE: 6}
PERF_LOST, PERF_COMM, PERF_EXIT, PERF_FORK, PERF_MMAP2 = 2, 3, 4, 7, 10
BUILD_ID, EXEC = 1 << 14, 1 << 13

KALLSYMS_TEXT = """ffffffff81000000 T _stext
ffffffff81000000 T _text
ffffffff81000040 t early_start
ffffffff81000100 W weak_one
ffffffff81200000 D data_one
ffffffff82000000 T _etext
ffffffffc0001000 t ext4_read\t[ext4]
ffffffffc0001100 t ext4_write\t[ext4]
ffffffffc0002000 t bpf_prog_6deef7357e7b4530_enter\t[bpf]
"""
MAPS = """55d0c8a00000-55d0c8a2c000 r--p 00000000 fe:01 1835043                    /usr/bin/bash
7f1c2a028000-7f1c2a1bd000 r-xp 00028000 08:102 17                         /a b/c  d
1000-2000 rwxs 00000000 00:01 5 /memfd:jit (deleted)
7f1c2a028000-7f1c2a1bd000 r-xp 00028000 08:01 17 /tmp/a\\012b (deleted)
7ffd3b1d2000-7ffd3b1d4000 r-xp 00000000 00:00 0                          [vdso]
ffffffffff600000-ffffffffff601000 --xp 00000000 00:00 0                  [vsyscall]
"""
STAT = "7 (a) b (c) R 1 7 7 0 -1 4194304 1 0 0 0 0 0 0 0 20 0 1 0 123456 1000 10 18446744073709551615 1 1 0\n"
NAMES = ["_ZN3fooEv", "_ZNSt6vectorIiSaIiEE9push_backEOi", "_ZNKSt8functionIFvRKSsEEclES1_", "_ZZ4mainENKUlvE_clEv",
         "_ZN4core3fmt9Formatter3pad17h0123456789abcdefE", "_RNvCs1234_7mycrate3foo",
         "_RINvNtC3std3mem8align_ofjdE", "_RNCNvC4main4main0", "_Z1fIJidEEvDpT_", "_ZdlPv", "_ZTV1A", "main", "_Z",
         "_ZN12_GLOBAL__N_11fEv", "_Z3barILi5EEvT_.constprop.0", "_ZN1AD2Ev.cold"]


def read_raw(path):
    with gzip.open(path) as file:
        data = file.read()[8:]
    while data:
        kind, size, _ = HEAD.unpack_from(data)
        yield kind, data[:size]
        data = data[size:]


def shortened(kind, record):
    if kind == KALLSYMS:
        body = KALLSYMS_TEXT.encode() + b"\n" * (-len(KALLSYMS_TEXT) % 8)
        return HEAD.pack(kind, 16 + len(body), HEAD.unpack_from(record)[2]) + body
    return record


def raw_seed(path, left_out=()):
    seen, parts = {}, b""
    for kind, record in read_raw(path):
        seen[kind] = seen.get(kind, 0) + 1
        if kind not in left_out and seen[kind] <= FEW.get(kind, 3):
            parts += shortened(kind, record)
    return parts


def perf(kind, misc, body):
    """With sample_id_all, PERF_SAMPLE_TIME."""
    body += bytes(-len(body) % 8) + struct.pack("<Q", 1000)
    return struct.pack("<IHH", kind, misc, 8 + len(body)) + body


def perf_seeds():
    where = struct.pack("<IIQQQ", 7, 7, 0x7f0000001000, 0x3000, 0x1000)
    flags = struct.pack("<II", 5, 2)
    file = struct.pack("<IIQQ", 8, 1, 77, 0)
    build_id = struct.pack("<B3x20s", 20, bytes(range(20)))
    yield "mmap2", perf(PERF_MMAP2, 2, where + file + flags + b"/usr/lib/libc.so.6\0")
    yield "mmap2-build-id", perf(PERF_MMAP2, 2 | BUILD_ID, where + build_id + flags + b"/usr/bin/x (deleted)\0")
    yield "comm", perf(PERF_COMM, 0, struct.pack("<II", 7, 8) + b"thread name\0")
    yield "exec", perf(PERF_COMM, EXEC, struct.pack("<II", 7, 7) + b"bash\0")
    yield "fork", perf(PERF_FORK, 0, struct.pack("<IIIIQ", 8, 7, 8, 7, 5))
    yield "exit", perf(PERF_EXIT, 0, struct.pack("<IIIIQ", 8, 7, 8, 7, 5))
    yield "lost", perf(PERF_LOST, 0, struct.pack("<QQ", 1, 99))


def main():
    corpus, raw, profile = map(pathlib.Path, sys.argv[1:])
    seeds = {f"perf_records/{name}": data for name, data in perf_seeds()}
    seeds["perf_records/all"] = b"".join(data for _, data in perf_seeds())
    seeds["kallsyms/some"] = KALLSYMS_TEXT.encode()
    seeds["kallsyms/hidden"] = b"0000000000000000 T _text\n0000000000000000 t x\t[m]\n"
    seeds["kallsyms/no-newline"] = KALLSYMS_TEXT.encode()[:-20]
    seeds["symbol_text/kernel"], seeds["symbol_text/module"] = b"vfs_read+0x10/0x370", b"ext4_read+0xa/0x10 [ext4]"
    seeds["symbol_text/none"] = b"0xffffffffc0009000"
    seeds["maps_parser/maps"], seeds["maps_parser/stat"] = MAPS.encode(), STAT.encode()
    seeds |= {f"demangle/{i:02}": name.encode() for i, name in enumerate(NAMES)}
    seeds["raw_records/all"] = raw_seed(raw)
    seeds["raw_records/no-vdso"] = raw_seed(raw, {VDSO})
    seeds["raw_records/no-walks"] = raw_seed(raw, {VDSO, WALKED})
    seeds["raw_records/python"] = raw_seed(raw, {VDSO, KALLSYMS, COPY, WALKED})
    seeds["raw_records/no-processes"] = raw_seed(raw, {VDSO, PROCESS, MMAP, FILE})
    seeds["pprof_read/ours"] = gzip.decompress(profile.read_bytes())
    for name, data in seeds.items():
        (corpus / name).parent.mkdir(parents=True, exist_ok=True)
        (corpus / name).write_bytes(data)
        print(f"{name}: {len(data)} bytes")


main()
