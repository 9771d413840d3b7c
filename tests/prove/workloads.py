#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Eleven programs of other people's under load, at 99 and 999 Hz: how their stacks end, what is named.

workloads [NAME ...] [--seconds N]

A stack is whole when the walker says so and its outermost frame is a function in which threads begin, by
other people's word (tests/oracles/thread_roots.py). Samples taken before the process had its tables are
counted apart."""
import argparse
import collections
import contextlib
import json
import os
import pathlib
import pwd
import re
import shutil
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
SONDE = pathlib.Path(os.environ["SONDE_BUILD"]) / "collector/sonde"
sys.path.insert(0, str(ROOT / "tests/oracles"))
import thread_roots  # noqa: E402
from pprof_wire import Profile, violations  # noqa: E402

PG = "/usr/lib/postgresql/15/bin/"
QUIET = dict(stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


class Stage:
    """A scratch folder, and the processes of one load, each in a session of its own."""

    def __init__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="sonde-load.", dir="/var/tmp"))
        self.folder.chmod(0o755)
        self.running = []

    def start(self, *command, **more):
        self.running.append(subprocess.Popen([*map(str, command)], start_new_session=True,
                                             cwd=self.folder, **{**QUIET, **more}))

    def loop(self, script):
        self.start("/bin/sh", "-c", f"while :; do {script}; done")

    def run(self, *command, **more):
        subprocess.run([*map(str, command)], check=True, cwd=self.folder, **{**QUIET, **more})

    def close(self):
        for process in reversed(self.running):
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, 15)
        for process in self.running:
            try:
                process.wait(5)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, 9)
                process.wait()
        shutil.rmtree(self.folder)


def clang(stage):
    (stage.folder / "a.cc").write_text("#include <functional>\n#include <map>\n#include <regex>\n"
                                       "std::map<std::regex, std::function<void()>> all;\n")
    stage.loop("/usr/bin/clang-14 -O2 -S a.cc")
    return "clang-14"


def postgres(stage):
    user = pwd.getpwnam("postgres").pw_uid
    os.chown(stage.folder, user, -1)
    data = stage.folder / "data"
    stage.run(PG + "initdb", "-D", data, user=user)
    address = ["-h", stage.folder, "-p", "54399"]
    stage.start(PG + "postgres", "-D", data, "-k", stage.folder, "-p", "54399", "-h", "", user=user)
    for _ in range(100):
        if not subprocess.run([PG + "pg_isready", *map(str, address)], **QUIET).returncode:
            break
        time.sleep(0.1)
    stage.run(PG + "createdb", *address, "bench", user=user)
    stage.run(PG + "pgbench", *address, "-i", "bench", user=user)
    stage.start(PG + "pgbench", *address, "-c", "4", "-T", "600", "-S", "bench", user=user)
    return "postgres"


def redis(stage):
    stage.start("/usr/bin/redis-server", "--port", "63999", "--bind", "127.0.0.1", "--save", "")
    time.sleep(0.5)
    stage.start("/usr/bin/redis-benchmark", "-p", "63999", "-l", "-q", "-c", "20")
    return "redis-server"


def nginx(stage):
    (stage.folder / "index.html").write_text("x" * 20000)
    (stage.folder / "nginx.conf").write_text(f"""daemon off; worker_processes 2; pid {stage.folder}/pid;
        error_log /dev/null; events {{}}
        http {{ access_log off; gzip on; gzip_types *; server {{ listen 127.0.0.1:8099; root {stage.folder}; }} }}""")
    stage.start("/usr/sbin/nginx", "-c", stage.folder / "nginx.conf")
    time.sleep(0.5)
    stage.start("/usr/bin/wrk", "-t1", "-c10", "-d600", "-H", "Accept-Encoding: gzip",
                "http://127.0.0.1:8099/index.html")
    return "nginx"


def xz(stage):
    with open(stage.folder / "data", "wb") as data:
        for path in sorted(pathlib.Path("/usr/lib/x86_64-linux-gnu").glob("lib*.so*"))[:400]:
            data.write(path.read_bytes())
    stage.loop("xz -T2 -3 -c data >/dev/null")
    return "xz"


def sqlite(stage):
    stage.start("/usr/bin/sqlite3", ":memory:", """create table t(a, b text);
        insert into t with recursive n(i) as (select 1 union all select i + 1 from n where i < 300000)
            select i * 7919 % 100003, 'text ' || i from n;
        select count(*) from t x join t y on x.a = y.a join t z on y.a = z.a + 1 where z.b like '%9' order by x.b;
        with recursive n(i) as (select 1 union all select i + 1 from n) select sum(i) from n;""")
    return "sqlite3"


def git(stage):
    stage.run("/usr/bin/git", "init", "-q")
    shutil.copytree("/usr/include", stage.folder / "include", symlinks=True)
    stage.run("/usr/bin/git", "add", ".")
    stage.run("/usr/bin/git", "-c", "user.name=x", "-c", "user.email=x@localhost", "commit", "-qm", "x")
    stage.loop("/usr/bin/git gc -q --aggressive --prune=now")
    return "git"


def perl(stage):
    stage.start("/usr/bin/perl", "-e", """while (1) { my %h; for my $i (1 .. 50000) { $h{"key $i"} .= $i * 3;
        (my $t = "abc $i def") =~ s/(\\d+)/<$1>/g; } my @s = sort { $h{$a} cmp $h{$b} } keys %h; }""")
    return "perl"


def node(stage):
    stage.start("/usr/bin/node", "-e", """function work(n) { return n < 2 ? n : work(n - 1) + work(n - 2); }
        for (;;) { work(25); const o = {}; for (let i = 0; i < 20000; i++) o['k' + i] = { i, t: 'x'.repeat(i % 50) };
        JSON.parse(JSON.stringify(o)); Object.keys(o).sort().map(k => /(\\d+)/.exec(k)[1]); }""")
    return "node"


def rust(stage):
    stage.loop("/usr/bin/rg -j2 --no-ignore -c '[a-z]+_(foo|bar|init)' /usr/include /usr/share/perl")
    return "rg"


def go(stage):
    rows = [{"id": i, "name": f"name {i}", "tags": ["a", "b", str(i)], "at": {"x": i, "y": i * 2}} for i in range(60000)]
    (stage.folder / "rows.json").write_text(json.dumps(rows))
    stage.loop("/usr/bin/gron rows.json >/dev/null")
    return "gron"


LOADS = {"clang-14": clang, "postgres": postgres, "redis": redis, "nginx": nginx, "xz -T2": xz, "sqlite3": sqlite,
         "git gc": git, "perl": perl, "node": node, "rg (Rust)": rust, "gron (Go)": go}
GOAL = 0.999
NO_STACK = ("NO_USER",)  # kernel threads, tasks in exec or exit
# COPY_END: the stack travelled to be walked when the tables are there, and is deeper than what travelled
BEFORE_TABLES = ("NO_PROCESS", "PENDING", "COPY_END")
OURS_COMPLETE = ("END", "NULL_RETURN")


def user_frames(profile, ids, files):
    """(file, offset in it, name) of the user frames of a stack, leaf first."""
    for location in map(profile.locations.__getitem__, (i - 1 for i in ids)):
        mapping = profile.mappings[location[2] - 1]
        file = files[location[2] - 1]
        if file.startswith("/") or file in ("[vdso]", "[jit]"):
            offset = location.get(3, 0) - mapping.get(2, 0) + mapping.get(4, 0)
            yield file, offset, profile.names[location[4][0][1]]


class Tally:
    def __init__(self):
        self.stacks = self.named = self.placed = 0
        self.before = collections.Counter()  # those cut short for want of tables, by our walker's reason
        self.ends = collections.Counter()  # whole stacks, by the function that they end in
        self.reasons = collections.Counter()  # the others: our walker's reason
        self.wrong = collections.Counter()  # what it took for whole, and no thread begins there

    def frame(self, name, count):
        if re.match(r"\[.*\+0x", name):
            self.placed += count
        else:
            self.named += count

    def stack(self, frames, stop, count):
        self.stacks += count
        for _, _, name in frames:
            self.frame(name, count)
        if stop in BEFORE_TABLES:
            self.before[stop] += count
        elif stop not in OURS_COMPLETE:
            self.reasons[stop] += count
        else:
            root = thread_roots.name(*frames[-1][:2])
            kind = self.ends if thread_roots.begins_a_thread(root) else self.wrong
            kind[root] += count

    def judged(self):
        return self.stacks - self.before.total()

    def complete(self):
        return self.ends.total() / max(self.judged(), 1)

    def text(self):
        frames = max(self.named + self.placed, 1)
        parts = [f"{self.stacks:6} stacks, before tables {listed(self.before) or 0}, complete {100 * self.complete():7.3f} % "
                 f"({listed(self.ends)})", f"frames named {100 * self.named / frames:5.1f} %, placed "
                 f"{100 * self.placed / frames:4.1f} %"]
        if self.reasons:
            parts.append("incomplete: " + listed(self.reasons))
        if self.wrong:
            parts.append("WRONG END: " + listed(self.wrong))
        return "; ".join(parts)


def listed(counter):
    return ", ".join(f"{name} {count}" for name, count in counter.most_common())


def measure(comm, hz, seconds, folder):
    out = folder / "p.pb.gz"
    subprocess.run([SONDE, "record", "-F", str(hz), "-d", str(seconds), "--comm", comm, "--labels", "stop",
                    "-o", out], check=True, capture_output=True)
    profile, tally = Profile(out), Tally()
    assert violations(profile) == []
    files = profile.mapping_files()
    for ids, values, labels in profile.samples:
        stop = next((profile.strings[l[2]] for l in labels if profile.strings[l[1]] == "stop"), None)
        frames = list(user_frames(profile, ids, files))
        if frames and stop not in NO_STACK:
            tally.stack(frames, stop, values[0])
    return tally


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("names", nargs="*")
    parser.add_argument("--seconds", type=int, default=10)
    options = parser.parse_args()
    short = []
    for name, load in LOADS.items():
        if options.names and name.split()[0] not in options.names:
            continue
        stage = Stage()
        try:
            comm = load(stage)
            time.sleep(1)
            for hz in (99, 999):
                tally = measure(comm, hz, options.seconds, stage.folder)
                print(f"{name:9} {hz:4} Hz {tally.text()}", flush=True)
                if tally.complete() < GOAL or tally.wrong or tally.judged() < hz * options.seconds / 10:
                    short.append(f"{name} at {hz} Hz")
        finally:
            stage.close()
    print("short of 99.9 %:", ", ".join(short) or "none")
    return bool(short)


sys.exit(main())
