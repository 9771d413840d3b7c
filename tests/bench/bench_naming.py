#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Naming a profile of the whole host: 10,000 distinct addresses of all files that ran, from a raw file."""
import os
import pathlib
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "oracles"))
from pprof_wire import Profile  # noqa: E402

SONDE = pathlib.Path(os.environ["SONDE_BUILD"]) / "collector/sonde"
SKIPPED = 77
WANTED = 10000


def load(folder, stop):
    """Compilers, interpreters and tools, one after the other."""
    source = folder / "all.cc"
    source.write_text("#include <regex>\n#include <map>\n#include <iostream>\n#include <functional>\n"
                      "int main(){std::map<std::string,std::regex> m;m[\"a\"]=std::regex(\"a+b\");"
                      "std::cout<<m.size();}\n")
    work = [["/usr/bin/g++", "-O2", "-g", "-c", source, "-o", folder / "all.o"],
            ["/usr/bin/clang-14", "-O2", "-g", "-c", source, "-o", folder / "all2.o"],
            ["/usr/bin/python3", "-c", "import json,re,decimal,random;[json.loads(json.dumps([random.random() "
             "for _ in range(2000)])) for _ in range(60)];decimal.Decimal(2).sqrt(decimal.Context(prec=9000));"
             "sorted(str(i) for i in range(300000))"],
            ["/usr/bin/perl", "-e", "my %h; $h{$_ % 977} .= $_ for 1..900000; print scalar keys %h"],
            ["/bin/sh", "-c", "sort -R /usr/share/dict/words /etc/services | gzip | wc -c; readelf -wi "
             "/usr/lib/x86_64-linux-gnu/libdw.so.1 /bin/bash | md5sum; tar c /usr/include 2>/dev/null | xz -1 | wc -c"]]
    while not stop():
        for command in work:
            subprocess.run(list(map(str, command)), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def record(folder):
    raw = folder / "raw"
    sonde = subprocess.Popen([SONDE, "record", "-a", "-F", "1999", "-d", "40", "--no-cache", "--raw", raw, "-o",
                              folder / "p.pb.gz"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    load(folder, lambda: sonde.poll() is not None)
    return raw


def replay(folder, raw, *options, home):
    env = {**os.environ, "XDG_CACHE_HOME": str(home)}
    start = time.monotonic()
    process = subprocess.Popen([SONDE, "replay", *options, "-o", folder / "q.pb.gz", raw], env=env,
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = status
    assert status == 0
    return time.monotonic() - start, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def main():
    if os.geteuid():
        print("needs root")
        return SKIPPED
    with tempfile.TemporaryDirectory(dir="/var/tmp") as folder:
        folder = pathlib.Path(folder)
        raw = record(folder)
        rows = {}
        for name, options in (("no cache", ["--no-cache"]), ("first run", []), ("second run", [])):
            rows[name] = replay(folder, raw, *options, home=folder)
            print("{:12} {:6.2f} s  {:6.2f} s CPU  {:6.1f} MB, reading and writing included".format(name, *rows[name]))
        print(f"finding the names without a cache takes {rows['no cache'][1] - rows['second run'][1]:.2f} s CPU more")
        profile = Profile(folder / "q.pb.gz")
        print(f"{len(profile.locations)} distinct addresses of {len(profile.mappings)} mappings, "
              f"{sum(len(l[4]) for l in profile.locations)} frames; raw file of "
              f"{raw.stat().st_size >> 20} MB")
        if len(profile.locations) < WANTED:
            print(f"fewer than {WANTED} addresses: this host did not do enough")
    return 0


sys.exit(main())
