# SPDX-License-Identifier: Apache-2.0
"""Packages of other Debian suites, unpacked beside the tests' caches (tools/apt-suite.sh)."""
import pathlib
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[2]
DEBUG_PACKAGES = ["libc6", "libc6-dbg", "libpython3.11", "libpython3.11-dbg", "python3.11-minimal", "python3.11-dbg"]


def fetch(script, *args, timeout=900):
    """Runs a piece of shell with tools/apt-suite.sh sourced, one at a time on this host; the last word that
    it prints is a folder."""
    alone = """set -euo pipefail; . tools/apt-suite.sh
        mkdir -p "$SUITE_CACHE"; exec 9>"$SUITE_CACHE/.lock"; flock 9
        """
    done = subprocess.run(["bash", "-c", alone + script, "fetch", *args],
                          cwd=ROOT, capture_output=True, text=True, timeout=timeout)
    if done.returncode:
        raise RuntimeError(done.stderr.strip() or "apt failed")
    return pathlib.Path(done.stdout.split()[-1])


def kernel(suite):
    return fetch("""folder=$SUITE_CACHE/kernels/$1
        if [ ! -e "$folder/.complete" ]; then
            fetch_from_suite "$1" "$folder" "$(suite_depends "$1" linux-image-cloud-amd64 '^linux-image-[0-9]')"
        fi
        echo "$folder" """, suite)


def pprof():
    """The pprof of Debian's newest Go for bookworm; bookworm's own lacks the new flame graph."""
    return fetch("""folder=$SUITE_CACHE/go
        fetch_from_suite bookworm-backports "$folder" golang-1.23-go
        echo "$folder" """) / "usr/lib/go-1.23/pkg/tool/linux_amd64/pprof"


def packages(name, suite, *names):
    """Packages of one suite, unpacked into one folder."""
    return fetch("""folder=$SUITE_CACHE/$1
        fetch_from_suite "$2" "$folder" "${@:3}"
        echo "$folder" """, name, suite, *names)


def system(name, suite, *names):
    """Packages of one suite and all that they depend on, in one folder, for chroot."""
    return fetch("""folder=$SUITE_CACHE/$1
        fetch_system "$2" "$folder" "${@:3}"
        echo "$folder" """, name, suite, *names)


def source(suite, package):
    """A source package, unpacked and patched."""
    return fetch("""fetch_source "$1" "$SUITE_CACHE/source/$2" "$2"
        echo "$SUITE_CACHE/source/$2"/*/ """, suite, package)


def free_threaded_python(suite, version):
    """The prefix of a CPython built without the GIL from Debian's source package, as a library and a program."""
    return fetch("""folder=$SUITE_CACHE/python-$2t log=$SUITE_CACHE/python-$2t.log
        if [ ! -e "$folder/.complete" ]; then
            fetch_source "$1" "$SUITE_CACHE/source/python$2" "python$2"
            rm -rf "$folder" && mkdir -p "$folder/build" && cd "$folder/build"
            { nice "$SUITE_CACHE/source/python$2"/*/configure --prefix="$folder" --disable-gil --enable-shared \\
                  --without-ensurepip --disable-test-modules OPT="-O2 -DNDEBUG" && nice make -j2 &&
              nice make altinstall COMPILEALL_OPTS=--help; } >"$log" 2>&1 || { tail -n 3 "$log" >&2; exit 1; }
            rm -rf "$folder/build" && touch "$folder/.complete"
        fi
        echo "$folder" """, suite, version, timeout=7200)


def vmlinux(suite):
    """The kernel with its DWARF, unpacked alone: the package would be 5.6 GB."""
    folder = fetch("""fetch_member "$1" "$SUITE_CACHE/vmlinux/$1" \
            "$(suite_depends "$1" linux-image-amd64-dbg '^linux-image-[0-9]')" './usr/lib/debug/boot/vmlinux-*'
        echo "$SUITE_CACHE/vmlinux/$1" """, suite)
    return next((folder / "usr/lib/debug/boot").glob("vmlinux-*"))


def debian(suite):
    """A root by debootstrap; kept, so whoever changes it takes a copy."""
    return fetch("""folder=$SUITE_CACHE/roots/$1
        if [ ! -e "$folder/.complete" ]; then
            rm -rf --one-file-system "$folder"
            mkdir -p "$folder"
            debootstrap --variant=minbase "$1" "$folder" "$(mirror_of "$1")" >"$folder.log" 2>&1 ||
                { tail -n 3 "$folder.log" >&2; exit 1; }
            touch "$folder/.complete"
        fi
        echo "$folder" """, suite)


def inside(root, *args):
    """A command in that root with the host's /proc and /sys, in a mount namespace that ends with it."""
    inner = 'mount --rbind /proc "$1/proc"; mount --rbind /sys "$1/sys"; exec chroot "$@"'
    return ["unshare", "--mount", "sh", "-ec", inner, "sh", str(root), *map(str, args)]
