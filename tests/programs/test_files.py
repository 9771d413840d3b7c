# SPDX-License-Identifier: Apache-2.0
"""Where profiles and raw files go: whole or not at all, the older file kept, and what was gathered is
never lost because its place was full."""
import os
import pathlib
import pty
import re
import resource
import shlex
import subprocess
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "oracles"))
from pprof_wire import Profile, violations  # noqa: E402


def profile(path):
    p = Profile(path)
    assert violations(p) == []
    return p


def samples(path):
    return sum(values[0] for _, values, _ in profile(path).stacks())


def words_for_people(run):
    """Lines that tell of trouble."""
    return [line for line in run.stderr.decode().splitlines() if line.startswith("sonde: ")]


@pytest.fixture
def on_full_disk(build, root, tmp_path):
    """Runs sonde with a file system on tmp_path/full in which nothing has room, and p.pb.gz holds b"older"; what is
    there at the end lies in tmp_path/left."""
    if subprocess.run(["/usr/bin/unshare", "-m", "/bin/true"], capture_output=True).returncode:
        pytest.skip("unshare -m cannot be used here (a chroot, a container)")
    (tmp_path / "full").mkdir()

    def run(*args):
        words = shlex.join([str(build / "collector/sonde"), *map(str, args)])
        return subprocess.run(
            ["/usr/bin/unshare", "-m", "/bin/sh", "-c",
             "mount -t tmpfs -o size=16k none full && printf older >full/p.pb.gz && "
             "head -c 12288 /dev/zero >full/filler || exit 99; "
             f"{words}; code=$?; cp -r full left; exit $code"],
            capture_output=True, timeout=60, cwd=tmp_path, env=dict(os.environ, TMPDIR=str(tmp_path)))
    return run


MANY = ["-F", 1999, "--labels", "timestamps"]


def test_a_full_disk_loses_nothing(on_full_disk, chain, tmp_path):
    run = on_full_disk("record", *MANY, "-o", "full/p.pb.gz", "--", chain, 2, 50)
    assert run.returncode == 1, run.stderr
    [line] = words_for_people(run)
    assert "full/p.pb.gz: No space left on device" in line
    rescued = pathlib.Path(re.search(r"the profile is in (\S+)", line)[1])
    assert rescued.parent == tmp_path and rescued.stat().st_mode & 0o777 == 0o600
    assert samples(rescued) > 20
    assert sorted(p.name for p in (tmp_path / "left").iterdir()) == ["filler", "p.pb.gz"]
    assert (tmp_path / "left/p.pb.gz").read_bytes() == b"older"


def test_a_raw_file_that_does_not_fit(on_full_disk, chain, tmp_path):
    run = on_full_disk("record", *MANY, "--raw", "full/p.pb.gz", "-o", "p.pb.gz", "--", chain, 2, 50)
    assert run.returncode == 1, run.stderr
    [line] = words_for_people(run)
    assert "full/p.pb.gz: No space left on device" in line and "--raw FILE" in line
    assert sorted(p.name for p in (tmp_path / "left").iterdir()) == ["filler", "p.pb.gz"]
    assert (tmp_path / "left/p.pb.gz").read_bytes() == b"older"
    assert samples(tmp_path / "p.pb.gz") > 20


def test_a_file_that_may_not_grow(build, root, chain, tmp_path):
    run = subprocess.run([build / "collector/sonde", "record", *map(str, MANY), "-o", "p.pb.gz", "--raw",
                          "r.raw", "--", chain, "2", "50"], capture_output=True, timeout=60, cwd=tmp_path,
                         preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (256, 256)))
    assert run.returncode == 1
    assert [("File too large" in line) for line in words_for_people(run)] == [True, True], run.stderr
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("option,place,words", [
    ("-o", "no/such/folder/p", "No such file"), ("-o", "folder", "is a folder"),
    ("-o", "folder/", "is a folder"), ("-o", "file/p", "Not a directory"),
    ("-o", "x" * 250, "File name too long"), ("--raw", "no/such/folder/p", "No such file"),
    ("--raw", "folder", "is a folder"), ("-o", "/proc/p", "No such file"), ("-o", "socket", "Invalid"),
])
def test_a_place_that_cannot_be_written_to(sonde, tmp_path, option, place, words):
    """It is told before anything is measured."""
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").touch()
    os.mknod(tmp_path / "socket", 0o140600)
    before = sorted(tmp_path.rglob("*"))
    run = sonde("record", "-d", 30, option, place, cwd=tmp_path)
    assert run.returncode == 1
    [line] = words_for_people(run)
    assert run.stderr.count(b"\n") == 1 and words in line and option in line
    assert sorted(tmp_path.rglob("*")) == before


def test_a_read_only_file_system(build, root, tmp_path):
    if subprocess.run(["/usr/bin/unshare", "-m", "/bin/true"], capture_output=True).returncode:
        pytest.skip("unshare -m cannot be used here (a chroot, a container)")
    script = ('mount --bind "$2" "$2" && mount -o remount,ro,bind "$2" && cd "$2" || exit 99; '
              'exec "$1" record -d 30')
    run = subprocess.run(["/usr/bin/unshare", "-m", "/bin/sh", "-c", script, "sh",
                          build / "collector/sonde", tmp_path], capture_output=True, timeout=60)
    assert run.returncode == 1 and run.stderr.count(b"\n") == 1
    assert b"Read-only file system" in run.stderr


def test_modes_and_owners_under_sudo(build, root, chain, tmp_path):
    tmp_path.joinpath("p.pb.gz").write_bytes(b"older")
    subprocess.run([build / "collector/sonde", "record", "--raw", "r.raw", "-o", "p.pb.gz", "--", chain,
                    "1"], cwd=tmp_path, timeout=60, capture_output=True,
                   env=dict(os.environ, SUDO_UID="1234", SUDO_GID="1235"))
    for name in ("p.pb.gz", "r.raw"):
        st = (tmp_path / name).stat()
        assert (st.st_mode & 0o7777, st.st_uid, st.st_gid) == (0o600, 1234, 1235)
    assert (tmp_path / "p.pb.gz.old").read_bytes() == b"older"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["p.pb.gz", "p.pb.gz.old", "r.raw"]


def test_a_folder_behind_a_symlink(sonde, chain, tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    for _ in range(2):
        sonde("record", "-o", tmp_path / "link/p.pb.gz", "--", chain, 1)
    profile(tmp_path / "real/p.pb.gz")
    profile(tmp_path / "real/p.pb.gz.old")
    assert (tmp_path / "link").is_symlink()


def test_a_symlink_is_replaced_and_what_it_names_is_not(sonde, chain, tmp_path):
    """As root in a folder of somebody else's, a link could name any file of the host."""
    precious = tmp_path / "precious"
    precious.write_bytes(b"precious")
    (tmp_path / "p.pb.gz").symlink_to(precious)
    sonde("record", "-o", tmp_path / "p.pb.gz", "--", chain, 1)
    profile(tmp_path / "p.pb.gz")
    assert precious.read_bytes() == b"precious" and not (tmp_path / "p.pb.gz").is_symlink()


@pytest.mark.parametrize("name", ["-", "/dev/stdout"])
def test_standard_output(sonde, chain, tmp_path, name):
    out = tmp_path / "p.pb.gz"
    out.write_bytes(sonde("record", "-F", 499, "-o", name, "--", chain, 1).stdout)
    assert samples(out) > 0
    raw = tmp_path / "r.raw"
    raw.write_bytes(sonde("record", "-F", 499, "--raw", name, "-o", out, "--", chain, 1).stdout)
    assert sonde("replay", raw, "-o", tmp_path / "again.pb.gz").returncode == 0
    assert samples(tmp_path / "again.pb.gz") == samples(out)


@pytest.mark.parametrize("option", ["-o", "--raw"])
def test_no_bytes_to_a_terminal(build, root, tmp_path, option):
    master, terminal = pty.openpty()
    run = subprocess.run([build / "collector/sonde", "record", "-d", "30", option, "-"], stdout=terminal,
                         stderr=subprocess.PIPE, timeout=20, cwd=tmp_path)
    os.close(terminal)
    os.close(master)
    assert run.returncode == 1 and run.stderr.count(b"\n") == 1
    assert option.encode() in run.stderr and b"terminal" in run.stderr
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("stdout,words", [("| /bin/true", "Broken pipe"), (">&-", "Bad file descriptor"),
                                          (">/dev/full", "No space left")])
def test_nobody_takes_standard_output(build, root, chain, tmp_path, stdout, words):
    script = f'"$1" record -F 499 -o - -- "$2" 1 {stdout}'
    run = subprocess.run(["/bin/bash", "-o", "pipefail", "-c", script, "bash", build / "collector/sonde",
                          chain], capture_output=True, timeout=60, cwd=tmp_path,
                         env=dict(os.environ, TMPDIR=str(tmp_path)))
    assert run.returncode == 1, run.stderr
    [line] = words_for_people(run)
    assert words in line
    if stdout != ">&-":  # then it is known before anything is measured
        [rescued] = tmp_path.iterdir()
        assert str(rescued) in line and samples(rescued) > 0


def test_nobody_takes_standard_error(build, root, chain, tmp_path):
    """The profile is written whatever becomes of our words."""
    for i, stderr in enumerate(("2>&-", "2>/dev/full", "2> >(exec /bin/true)")):
        out = tmp_path / f"{i}.pb.gz"
        run = subprocess.run(["/bin/bash", "-c", f'"$1" record -F 499 -o "$2" -- "$3" 1 {stderr}', "bash",
                              build / "collector/sonde", out, chain], timeout=60)
        assert run.returncode == 7
        assert samples(out) > 0
