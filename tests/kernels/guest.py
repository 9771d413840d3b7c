# SPDX-License-Identifier: Apache-2.0
"""Boots a Debian kernel in QEMU (without KVM) on an initramfs of busybox, sonde and a target, and gives
back the files that tests/kernels/init.sh prints on the console."""
import base64
import os
import pathlib
import re
import shutil
import subprocess

import suites

ROOT = pathlib.Path(__file__).resolve().parents[2]
KERNELS = {"5.10": "bullseye-security", "6.1": "bookworm"}  # release: the suite that has it
PYTHONS = {"3.11": "bookworm", "3.9": "bullseye"}
APPLETS = "sh mount mkdir base64 echo uname insmod sleep taskset poweroff cat grep head".split()
QEMU = "/usr/bin/qemu-system-x86_64"
BUSYBOX = "/bin/busybox"


def missing():
    return [tool for tool in (QEMU, BUSYBOX, "/usr/bin/cpio") if not os.path.exists(tool)]


def libraries(program):
    text = subprocess.run(["/usr/bin/ldd", program], capture_output=True, text=True, check=True).stdout
    return re.findall(r"(/\S+)", text)


def add_program(tree, program):
    shutil.copy(program, tree / "bin")
    for library in libraries(program):
        to = tree / library[1:]
        to.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(library, to)


def add_python(tree, version, suite):
    """Without what needs more than its minimal package."""
    folder = suites.packages(f"python-minimal-{version}", suite, f"python{version}-minimal",
                             f"libpython{version}-minimal")
    add_program(tree, folder / f"usr/bin/python{version}")
    shutil.copytree(folder / f"usr/lib/python{version}", tree / f"usr/lib/python{version}", symlinks=True)


def make_initramfs(build, kernel, folder):
    tree = folder / "root"
    for name in ("bin", "proc", "sys", "dev"):
        (tree / name).mkdir(parents=True)
    shutil.copy(BUSYBOX, tree / "bin/busybox")
    for applet in APPLETS:
        (tree / "bin" / applet).symlink_to("busybox")
    for program in ("collector/sonde", "tests/targets/chain", "tests/targets/reader", "tests/targets/waiters",
                    "tests/tools/print_kernel_names"):
        add_program(tree, build / program)
    for version, suite in PYTHONS.items():
        add_python(tree, version, suite)
    shutil.copy(ROOT / "tests/kernels/program.py", tree)
    shutil.copy(next(kernel.rglob("raid6_pq.ko")), tree / "raid6_pq.ko")
    shutil.copy(ROOT / "tests/kernels/init.sh", tree / "init")
    (tree / "init").chmod(0o755)
    image = folder / "initramfs"
    subprocess.run("find . | cpio -o -H newc --quiet", shell=True, cwd=tree, check=True,
                   stdout=image.open("wb"))
    return image


def boot(build, kernel, folder):
    """Console text, and the files by name."""
    image = make_initramfs(build, kernel, folder)
    vmlinuz = next((kernel / "boot").glob("vmlinuz-*"))
    console = subprocess.run(
        [QEMU, "-accel", "tcg", "-cpu", "Haswell", "-smp", "2", "-m", "1G", "-no-reboot", "-nographic",
         "-net", "none", "-kernel", vmlinuz, "-initrd", image,
         "-append", "console=ttyS0 quiet panic=-1"],
        stdin=subprocess.DEVNULL, capture_output=True, timeout=240).stdout.decode(errors="replace")
    console = console.replace("\r", "")
    files = {name: base64.b64decode(re.sub(r"\s", "", body))
             for name, body in re.findall(r"BEGIN (\S+)\n([A-Za-z0-9+/=\n]*)END \1", console)}
    return console, files
