# SPDX-License-Identifier: Apache-2.0
"""Processes with a root of their own, by a recorder that may not open their mappings themselves
(/proc/PID/map_files wants CAP_SYS_ADMIN or CAP_CHECKPOINT_RESTORE): files are found by their paths."""
import os
import pathlib
import re
import shutil
import subprocess
import sys
import time

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "oracles"))
from pprof_wire import Profile, violations  # noqa: E402

FEWER_RIGHTS = ["/usr/bin/setpriv", "--inh-caps=-sys_admin,-checkpoint_restore",
                "--bounding-set=-sys_admin,-checkpoint_restore"]
LIBRARY = """__attribute__((noipa)) long NAME(long x)
{
	for (long i = 0; i < 100000000; i++)
		__asm__ volatile("" : "+r"(x));
	return x;
}
long work(long x)
{
	return NAME(x) + 1;
}
"""
PROGRAM = "long work(long x);\nint main(void)\n{\n\tfor (;;)\n\t\twork(1);\n}\n"


def compile_library(folder, name, out):
    source = folder / f"{name}.c"
    source.write_text(LIBRARY.replace("NAME", name))
    subprocess.run(["/usr/bin/gcc", "-O1", "-fPIC", "-shared", "-Wl,-soname,libwork.so", "-o", out, source], check=True)


@pytest.fixture
def prison(tmp_path, root):
    """A running process behind chroot(2) whose time goes into /opt/libwork.so; the folder of its root."""
    jail = tmp_path / "jail"
    (jail / "opt").mkdir(parents=True)
    compile_library(tmp_path, "within", jail / "opt/libwork.so")
    (tmp_path / "main.c").write_text(PROGRAM)
    subprocess.run(["/usr/bin/gcc", "-O1", "-Wl,-rpath,/opt", "-o", jail / "main", tmp_path / "main.c",
                    jail / "opt/libwork.so"], check=True)
    for library in re.findall(r"(/lib\S+)", subprocess.run(["/usr/bin/ldd", jail / "main"], capture_output=True,
                                                           text=True, check=True).stdout):
        (jail / library[1:]).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(library, jail / library[1:])
    target = subprocess.Popen(["/usr/sbin/chroot", jail, "/main"])
    time.sleep(0.5)
    assert target.poll() is None
    yield jail, target.pid
    target.kill()
    target.wait()


def names_of(build, pid, out):
    run = subprocess.run([*FEWER_RIGHTS, build / "collector/sonde", "record", "--no-cache", "-F", "199", "-d", "1",
                          "-p", str(pid), "-o", out], capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    profile = Profile(out)
    assert violations(profile) == []
    return {name for names, _, _ in profile.stacks() for name in names}


def test_the_path_that_proc_shows_leads_into_the_root(build, prison, tmp_path):
    names = names_of(build, prison[1], tmp_path / "p.pb.gz")
    assert {"within", "work", "main", "_start"} <= names, names


def test_no_link_leads_out_of_the_root(build, prison, tmp_path):
    """Of a library that was replaced by a link to a file outside nothing is read: its names are another's."""
    jail, pid = prison
    compile_library(tmp_path, "outside", tmp_path / "other.so")
    os.remove(jail / "opt/libwork.so")
    (jail / "opt/libwork.so").symlink_to(tmp_path / "other.so")
    names = names_of(build, pid, tmp_path / "p.pb.gz")
    assert "outside" not in names and any(name.startswith("[libwork+0x") for name in names), names


def test_links_within_the_root_are_followed(build, prison, tmp_path):
    """Absolute ones are the process's, not ours."""
    jail, pid = prison
    shutil.copytree(jail / "opt", jail / "moved")
    shutil.rmtree(jail / "opt")
    (jail / "opt").symlink_to("/moved")
    names = names_of(build, pid, tmp_path / "p.pb.gz")
    assert {"within", "work", "main"} <= names, names
