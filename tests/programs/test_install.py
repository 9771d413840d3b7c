# SPDX-License-Identifier: Apache-2.0
"""What meson installs, and that it works where it lies: the program, its page, its completion, which is
compared with what --help and the man page say."""
import os
import pathlib
import re
import subprocess

import pytest

C_EVENTS = ["cache-misses", "cache-references", "context-switches", "cpu-clock", "cpu-migrations", "cycles"]
INSTALLED = {"bin/sonde", "share/man/man1/sonde.1", "share/bash-completion/completions/sonde"}


@pytest.fixture(scope="module")
def prefix(build, tmp_path_factory):
    """An installation by DESTDIR."""
    dest = tmp_path_factory.mktemp("dest")
    subprocess.run(["/usr/bin/meson", "install", "-C", build, "--no-rebuild", "--quiet"], check=True,
                   env=dict(os.environ, DESTDIR=str(dest)), capture_output=True)
    return dest / "usr/local"


@pytest.fixture
def complete(prefix):
    """The completions of a line that ends where the cursor is; bash parts words at "=" too."""

    def run(line, cwd="/"):
        words = [w for w in re.split(r" |(=)", line) if w is not None]
        words = [w for i, w in enumerate(words) if w or i == len(words) - 1]
        script = ('. "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _sonde; '
                  'printf "%s\\n" "${COMPREPLY[@]}"')
        run = subprocess.run(["/bin/bash", "--norc", "-c", script, "bash",
                              prefix / "share/bash-completion/completions/sonde", prefix / "bin/sonde",
                              *words[1:]], capture_output=True, text=True, cwd=cwd, timeout=20)
        assert run.stderr == ""
        return sorted(word for word in run.stdout.split("\n") if word)
    return run


def help_of(prefix, *command):
    return subprocess.run([prefix / "bin/sonde", *command, "--help"], capture_output=True, text=True,
                          check=True).stdout


def test_exactly_these_files(prefix):
    dest = prefix.parents[1]
    found = {str(p.relative_to(prefix)) for p in dest.rglob("*") if not p.is_dir()}
    assert {name.removesuffix(".gz") for name in found} == INSTALLED
    assert (prefix / "bin/sonde").stat().st_mode & 0o7777 == 0o755


def test_the_installed_program_runs(prefix, root, tmp_path):
    version = subprocess.run([prefix / "bin/sonde", "--version"], capture_output=True, text=True, check=True)
    assert re.fullmatch(r"sonde \d+\.\d+\.\d+\n", version.stdout)
    run = subprocess.run([prefix / "bin/sonde", "record", "-d", "300ms", "-o", "p.pb.gz"], cwd=tmp_path,
                         capture_output=True, timeout=60)
    assert run.returncode == 0, run.stderr
    assert subprocess.run([prefix / "bin/sonde", "report", "p.pb.gz"], cwd=tmp_path,
                          capture_output=True).returncode == 0


def test_the_installed_page_is_one(prefix):
    page = next((prefix / "share/man/man1").iterdir()).read_bytes()
    assert b".SH OPTIONS OF RECORD" in page


def test_commands_complete(prefix, complete):
    commands = re.findall(r"^usage: sonde ([a-z]+)", help_of(prefix), re.M)
    assert {"record", "replay", "report"} <= set(commands)
    assert complete("sonde ") == sorted(commands + ["--help", "--version"])
    assert complete("sonde rep") == sorted(c for c in commands if c.startswith("rep"))


def test_every_option_of_the_page_completes(prefix, complete):
    page = next((prefix / "share/man/man1").iterdir()).read_text().replace("\\-", "-")
    known = set(re.findall(r"--[a-z][a-z-]+", page)) - {"--version"}
    offered = set()
    for command in re.findall(r"^usage: sonde ([a-z]+)", help_of(prefix), re.M):
        words = complete(f"sonde {command} -")
        shown = set(re.findall(r"(?<![\w-])-(?:-[a-z-]+|[a-zA-Z])(?=[ ,])", "\n".join(
            line for line in help_of(prefix, command).splitlines() if re.match(r" +-", line))))
        assert {w for w in words if w.startswith("--")} == {w for w in shown if w.startswith("--")}
        offered.update(words)
    assert {w for w in offered if w.startswith("--")} == known
    assert {"-a", "-p", "-t", "-e", "-F", "-d", "-o", "-n", "-v", "-h"} <= offered


@pytest.mark.parametrize("line,words", [
    ("sonde record -e c", C_EVENTS), ("sonde record --event c", C_EVENTS),
    ("sonde record --event=c", C_EVENTS), ("sonde record -a -e page", ["page-faults"]),
    ("sonde record --labels tid,c", ["tid,class", "tid,comm", "tid,cpu"]), ("sonde report --by mod", ["module"]),
    ("sonde report -n ", []), ("sonde record -F ", []), ("sonde record --no-ch", ["--no-children"]),
])
def test_values(complete, line, words):
    assert complete(line) == sorted(words)


def test_processes_and_threads(complete):
    child = subprocess.Popen(["/bin/sleep", "20"])
    try:
        for option in ("-p", "--tid"):
            assert str(child.pid) in complete(f"sonde record {option} {str(child.pid)[:-1]}")
            assert f"1,{child.pid}" in complete(f"sonde record {option} 1,{child.pid}")
        assert "sleep" in complete("sonde record --comm sle")
    finally:
        child.kill()
        child.wait()


def test_files_and_commands(complete, tmp_path):
    (tmp_path / "a file.pb.gz").touch()
    (tmp_path / "b.raw").touch()
    assert complete("sonde record -o a", tmp_path) == ["a file.pb.gz"]
    assert complete("sonde replay b", tmp_path) == ["b.raw"]
    assert complete("sonde report ", tmp_path) == ["a file.pb.gz", "b.raw"]
    assert complete("sonde report --diff a", tmp_path) == ["a file.pb.gz"]
    (tmp_path / "source").mkdir()
    assert complete("sonde report --source-path s", tmp_path) == ["source"]
    assert "true" in complete("sonde record -- tru")
    assert complete("sonde record -- cat b", tmp_path) == ["b.raw"]
    assert complete("sonde record -- cat -e b", tmp_path) == ["b.raw"]


def test_cgroups(complete):
    mounts = [line.split()[4] for line in open("/proc/self/mountinfo") if " - cgroup2 " in line]
    if not mounts:
        pytest.skip("no cgroup v2 mount")
    groups = [p.name for p in pathlib.Path(mounts[0]).iterdir() if p.is_dir()]
    assert complete("sonde record --cgroup ") == sorted(groups)
