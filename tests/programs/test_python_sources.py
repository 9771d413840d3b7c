# SPDX-License-Identifier: Apache-2.0
"""Where the source of a Python function is: relative file names made absolute, or left alone where that would be
guessing; pprof and report list the lines. The truth is where the test put the files."""
import os
import re
import subprocess
import time

import pytest

from pprof_wire import Profile, violations

PROGRAM = '''\
import time


def spin(seconds):
    end = time.time() + seconds
    while time.time() < end:
        sum(range(100))


if __name__ == "__main__":
    spin(1.0)
'''
RUN = 'exec(compile(open("{name}").read(), "{name}", "exec"), {{"__name__": "__main__"}})'
MOVED = 'source = open("moved.py").read(); import os; os.chdir("{to}"); exec(compile(source, "moved.py", "exec"), ' \
        '{{"__name__": "__main__"}})'


@pytest.fixture
def folder(tmp_path):
    path = tmp_path / "wörk"
    path.mkdir()
    return path


def record(build, tmp_path, folder, argv, **env):
    """File names of the functions named spin."""
    env = {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "XDG_CACHE_HOME": str(tmp_path), **env}
    done = subprocess.run([build / "collector/sonde", "record", "-F", "499", "-o", tmp_path / "p.pb.gz", "--raw", tmp_path / "r.raw",
                           "--", *map(str, argv)], cwd=folder, capture_output=True, text=True, timeout=60, env=env)
    assert done.returncode == 0, done.stderr
    profile = Profile(tmp_path / "p.pb.gz")
    assert violations(profile) == []
    return {profile.strings[f.get(4, 0)] for f in profile.functions if profile.strings[f[2]] == "spin"}


@pytest.mark.parametrize("python", ["2.7-shared", "3.8-shared"], indirect=True)
@pytest.mark.parametrize("given", ["script.py", "./script.py"])
def test_a_script(build, root, python, given, folder, pprof, tmp_path):
    (folder / "script.py").write_text(PROGRAM)
    files = record(build, tmp_path, folder, [*python.argv, given], **python.env)
    assert files == {str(folder / "script.py")}
    listed = subprocess.run([pprof, "-list", "^spin$", tmp_path / "p.pb.gz"], capture_output=True, text=True, timeout=60).stdout
    assert re.search(r"[1-9]\S*s\s+\S+\s+7:\s+sum\(range\(100\)\)", listed), listed
    replay = subprocess.run([build / "collector/sonde", "replay", tmp_path / "r.raw", "-o", tmp_path / "again.pb.gz"],
                            env={"XDG_CACHE_HOME": str(tmp_path)}, capture_output=True)
    assert replay.returncode == 0
    assert (tmp_path / "again.pb.gz").read_bytes() == (tmp_path / "p.pb.gz").read_bytes()


@pytest.mark.parametrize("python", ["3.11-debian", "3.12-shared"], indirect=True)
def test_code_compiled_under_a_relative_name(build, root, python, folder, tmp_path):
    (folder / "lib").mkdir()
    (folder / "lib/part.py").write_text(PROGRAM)
    files = record(build, tmp_path, folder, [*python.argv, "-c", RUN.format(name="lib/part.py")], **python.env)
    assert files == {str(folder / "lib/part.py")}


@pytest.mark.parametrize("other,pwd,found", [
    ("nothing", True, True),  # where its shell stood
    ("nothing", False, False),
    ("another", True, False),  # two of that name: which one cannot be told
])
def test_a_program_that_left_its_folder(build, root, other, pwd, found, folder, tmp_path):
    (folder / "moved.py").write_text(PROGRAM)
    elsewhere = tmp_path / other
    elsewhere.mkdir()
    if other == "another":
        (elsewhere / "moved.py").write_text(PROGRAM)
    env = {"PWD": str(folder)} if pwd else {}
    files = record(build, tmp_path, folder, ["/usr/bin/python3", "-c", MOVED.format(to=elsewhere)], **env)
    assert files == {str(folder / "moved.py") if found else "moved.py"}


def test_no_file_of_that_name(build, root, folder, tmp_path):
    (folder / "text").write_text(PROGRAM)
    run = 'exec(compile(open("text").read(), "{}", "exec"), {{"__name__": "__main__"}})'
    for name in ("gone.py", "<made>", "", "."):
        assert record(build, tmp_path, folder, ["/usr/bin/python3", "-c", run.format(name)]) == {name}


def test_as_the_process_sees_it(build, root, folder, tmp_path):
    """In a root of its own, on the way to which a link leads nowhere else."""
    inside = tmp_path / "root"
    inside.mkdir()
    (folder / "part.py").write_text(PROGRAM)
    (folder / "again.py").symlink_to(folder / "part.py")
    script = ('mount --bind / "$1" && cd "$1$2" && exec chroot "$1" /bin/sh -c \'cd "$1" && unset PWD && '
              'exec /usr/bin/python3 -c "$2"\' sh "$2" "$3"')
    argv = ["unshare", "--mount", "--propagation", "private", "sh", "-c", script, "sh", str(inside), str(folder)]
    for name in ("part.py", "again.py"):
        assert record(build, tmp_path, folder, [*argv, RUN.format(name=name)]) == {str(folder / name)}


def test_each_process_by_its_own_folder(build, root, tmp_path):
    """The same name in two folders, at once."""
    folders = [tmp_path / name for name in ("one", "two")]
    targets = []
    for folder in folders:
        folder.mkdir()
        (folder / "part.py").write_text(PROGRAM.replace("1.0", "3.0"))
        targets.append(subprocess.Popen(["/usr/bin/python3", "-c", RUN.format(name="part.py")], cwd=folder))
    time.sleep(0.5)
    pids = ",".join(str(target.pid) for target in targets)
    done = subprocess.run([build / "collector/sonde", "record", "-p", pids, "-d", "1", "-F", "499", "-o", tmp_path / "p.pb.gz"],
                          env={"XDG_CACHE_HOME": str(tmp_path)}, capture_output=True, text=True)
    for target in targets:
        target.kill()
        target.wait()
    assert done.returncode == 0, done.stderr
    profile = Profile(tmp_path / "p.pb.gz")
    files = {profile.strings[f.get(4, 0)] for f in profile.functions if profile.strings[f[2]] == "spin"}
    assert files == {str(folder / "part.py") for folder in folders}
