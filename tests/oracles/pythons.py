#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The interpreters that Python frames are judged on: Debian's own, Debian sid's in a folder of their own,
and every one below pyenv's root, each as built, stripped, linked into an executable, and loaded by a
host program. FREE_THREADED ones are built when they are asked for. As a program: lists the others, says which
are missing, fails without Debian's and sid's."""
import dataclasses
import os
import pathlib
import shutil
import subprocess
import sys

import suites

TARGETS = pathlib.Path(__file__).resolve().parents[1] / "targets/python"
PYENV_VERSIONS = ["2.7", "3.6", "3.7", "3.8", "3.9", "3.10", "3.11", "3.12", "3.13"]
PYENV_BUILDS = ["shared", "stripped", "static", "dlopen"]
EMBEDDED = ["2.7-embedded", "3.8-embedded", "3.11-embedded", "3.13-embedded", "3.11-debian-embedded"]
FREE_THREADED = [f"3.13t-{build}" for build in PYENV_BUILDS]
DEBIAN = ["3.11-debian", "3.14-debian", "3.15-debian"]
NAMES = [f"{version}-{build}" for version in PYENV_VERSIONS for build in PYENV_BUILDS]
NAMES += [name + end for name in DEBIAN for end in ("", "-dlopen")]
ONE_OF_EACH = [f"{version}-shared" for version in PYENV_VERSIONS] + DEBIAN

# In a mount namespace of its own, which goes when the process does.
ENTER = """mkdir -p "$1/mnt" "$1/srv" && mount --rbind /proc "$1/proc" && mount --rbind /dev "$1/dev" &&
    mount --bind "$2" "$1/mnt" && mount --bind "$3" "$1/srv" &&
    root=$1 && shift 3 && exec /usr/sbin/chroot "$root" "$@" """


class Missing(Exception):
    """Why an interpreter cannot be had here."""


@dataclasses.dataclass
class Python:
    name: str
    version: tuple  # (3, 11)
    argv: list
    headers: list  # folders for gcc's -I
    env: dict
    root: pathlib.Path = None  # chroot
    targets: pathlib.Path = TARGETS  # as the interpreter sees that folder
    built: pathlib.Path = None  # what was built for it, as it sees that folder

    def command(self, build, script, *args):
        """argv that runs a script of tests/targets/python."""
        inner = [*map(str, self.argv), str(self.targets / script), *map(str, args)]
        if not self.root:
            return inner
        return ["unshare", "--mount", "--propagation", "private", "sh", "-c", ENTER, "enter", str(self.root),
                str(TARGETS), str(built_folder(build)), *inner]

    def start(self, build, script, *args, **more):
        return subprocess.Popen(self.command(build, script, *args),
                                env={"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", "PYTHONDONTWRITEBYTECODE": "1", **self.env}, **more)


def built_folder(build):
    folder = pathlib.Path(build).resolve() / "pythons"
    folder.mkdir(exist_ok=True)
    return folder


def run(*command):
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True)
    if done.returncode:
        raise Missing(f"{command[0]}: {(done.stderr or done.stdout).strip()[-300:]}")
    return done.stdout


def made(path, *command):
    """A file, made by the command if it is not there yet or older than a source that is one of its words; the
    last word of the command is its name. Two at once may make it: the later one replaces the same bytes."""
    sources = [word for word in command if isinstance(word, pathlib.Path) and word.suffix == ".c"]
    if not path.exists() or any(path.stat().st_mtime < source.stat().st_mtime for source in sources):
        fresh = path.with_name(f"{path.name}.{os.getpid()}")
        run(*command, fresh)
        fresh.rename(path)
    return path


def stripped(path, to):
    return made(to, "/usr/bin/strip", path, "-o")


def extension(build, python, name):
    """A library made of NAME.c against this interpreter's headers, as it sees the path."""
    path = built_folder(build) / f"{name}-{python.name}.so"
    made(path, "gcc", "-O2", "-shared", "-fPIC", "-std=gnu17", *(f"-I{h}" for h in python.headers),
         TARGETS / f"{name}.c", "-o")
    return python.built / path.name


def host(build):
    return made(built_folder(build) / "host", "gcc", "-O2", "-rdynamic", TARGETS / "host.c", "-ldl", "-o")


def free_threaded_prefix(version):
    """From Debian's source package."""
    return suites.free_threaded_python("trixie", version.rstrip("t"))


def pyenv_prefix(version):
    root = pathlib.Path(os.environ.get("PYENV_ROOT", pathlib.Path.home() / ".pyenv"))
    found = sorted((root / "versions").glob(f"{version}.*"))
    if not found:
        raise Missing(f"no {version}.* in {root}/versions")
    return found[-1]


def static_executable(prefix, folder, version):
    archive = next(prefix.glob("lib/python*/config*/libpython*.a"), None)
    if not archive:
        raise Missing(f"no libpython{version}.a below {prefix}")
    whole = made(folder / f"static-{version}", "gcc", archive.with_name("python.o"), archive, "-rdynamic",
                 "-lpthread", "-ldl", "-lutil", "-lm", "-o")
    return stripped(whole, folder / f"python{version}-static")


def embedded(build, name, headers, library, copies):
    """A program of fixed address that has copied data of the library; copies: options that say which."""
    return made(built_folder(build) / f"embedded-{name}", "gcc", "-O2", "-no-pie", *(f"-I{h}" for h in headers),
                *copies, TARGETS / "embedded.c", library, f"-Wl,-rpath,{library.parent}", "-o")


def from_pyenv(build, version, kind):
    prefix = (free_threaded_prefix if version.endswith("t") else pyenv_prefix)(version)
    library = next(prefix.glob("lib/libpython?.*.so.1.0"), None)
    if not library and kind != "static":
        raise Missing(f"no shared library in {prefix}/lib")
    folder = built_folder(build)
    home = {"PYTHONHOME": str(prefix)}
    python = Python(f"{version}-{kind}", tuple(map(int, version.rstrip("t").split("."))), [],
                    [next(prefix.glob("include/python*"))], {}, built=folder)
    if kind == "shared":
        python.argv, python.env = [prefix / f"bin/python{version}"], {"LD_LIBRARY_PATH": str(prefix / "lib")}
    elif kind == "stripped":
        bare = folder / f"stripped-{version}"
        bare.mkdir(exist_ok=True)
        stripped(library, bare / library.name)
        python.argv, python.env = [prefix / f"bin/python{version}"], {"LD_LIBRARY_PATH": str(bare)}
    elif kind == "embedded":
        python.argv, python.env = [embedded(build, version, python.headers, library, ["-DCOPY_BOTH"])], home
    elif kind == "static":
        python.argv, python.env = [static_executable(prefix, folder, version)], home
    else:
        # no name that tells the version, or that it is Python
        python.argv = [host(build), stripped(library, folder / f"plugin-{version.replace('.', '_')}.so")]
        python.env = home
    return python


def debian_headers(folder, version):
    return [folder / f"usr/include/python{version}", folder / f"usr/include/x86_64-linux-gnu/python{version}",
            folder / "usr/include"]


def from_bookworm(build, kind):
    exe = pathlib.Path("/usr/bin/python3.11")
    if not exe.exists():
        raise Missing("/usr/bin/python3.11 is not installed")
    folder = suites.packages("python-3.11", "bookworm", "libpython3.11", "libpython3.11-dev")
    library = folder / "usr/lib/x86_64-linux-gnu/libpython3.11.so.1.0"
    headers = debian_headers(folder, "3.11")
    argv = [exe] if kind == "debian" else [host(build), library]
    if kind == "debian-embedded":
        argv = [embedded(build, "3.11-debian", headers, library, [])]
    return Python("3.11-" + kind, (3, 11), argv, headers, {} if kind == "debian" else {"PYTHONHOME": "/usr"},
                  built=built_folder(build))


def from_sid(build, version, dlopen):
    names = [f"python{version}", f"libpython{version}"]
    folder = suites.system(f"python-{version}", "sid", *names, "bash", "libc-bin")
    headers = suites.packages(f"python-{version}-dev", "sid", f"libpython{version}-dev")
    argv = [f"/usr/bin/python{version}"]
    if dlopen:
        host(build)
        argv = ["/srv/host", f"/usr/lib/x86_64-linux-gnu/libpython{version}.so.1.0"]
    return Python(f"{version}-debian" + "-dlopen" * dlopen, tuple(map(int, version.split("."))), argv,
                  debian_headers(headers, version), {"PYTHONHOME": "/usr"} if dlopen else {}, root=folder,
                  targets=pathlib.Path("/mnt"), built=pathlib.Path("/srv"))


def find(build, name):
    """The interpreter of that name, or Missing."""
    version, kind = name.split("-", 1)
    try:
        if not kind.startswith("debian"):
            return from_pyenv(build, version, kind)
        if version == "3.11":  # bookworm's
            return from_bookworm(build, kind)
        return from_sid(build, version, kind.endswith("dlopen"))
    except RuntimeError as e:  # apt
        raise Missing(str(e)) from e


def main():
    build, lacking = pathlib.Path(os.environ.get("SONDE_BUILD", "build-test")), []
    for name in NAMES:
        try:
            python = find(build, name)
            said = subprocess.run(python.command(build, "version.py"), capture_output=True, text=True,
                                  env={"PATH": "/usr/bin:/bin", "PYTHONDONTWRITEBYTECODE": "1", **python.env})
            print(f"{name:20} {said.stdout.strip() or said.stderr.strip()[-300:]}")
            said.stdout or lacking.append(name)
        except Missing as e:
            print(f"{name:20} missing: {e}")
            lacking.append(name)
    print(f"{len(NAMES) - len(lacking)} of {len(NAMES)}; missing: {' '.join(lacking) or 'none'}")
    return any(name in DEBIAN for name in lacking)


if __name__ == "__main__":
    sys.exit(main())
