# SPDX-License-Identifier: Apache-2.0
"""What the kernel does for a Python frame that needs another piece of memory stands under the line that called it.
The line is the program's own text."""
import collections
import pathlib
import re
import subprocess

import pytest

import python_profile
from pprof_wire import Profile, violations

KINDS = {"mmap": r"__(x64|arm64)_sys_mmap", "munmap": r"__(x64|arm64)_sys_munmap", "page fault": r"(asm_)?exc_page_fault"}


def line_of(mark):
    text = (python_profile.pathlib.Path(__file__).parents[1] / "targets/python/chunk.py").read_text()
    return 1 + [mark in line for line in text.splitlines()].index(True)


def record(build, python, path):
    target = python.start(build, "chunk.py", stdout=subprocess.PIPE, text=True)
    try:
        assert target.stdout.readline() == "ready\n"
        subprocess.run([build / "collector/sonde", "record", "-p", str(target.pid), "-F", "1999", "-d", "3", "-o", path],
                       check=True, capture_output=True)
    finally:
        target.kill()
        target.communicate()
    profile = Profile(path)
    assert violations(profile) == []
    return list(python_profile.all_frames(profile))


@pytest.mark.parametrize("python", ["3.11-shared", "3.11-debian", "3.12-shared", "3.13-shared"], indirect=True)
def test_memory_for_frames_is_under_the_line_that_needs_it(build, root, python, tmp_path):
    callers = {("descend", line_of(mark)): mark for mark in ("# enters", "# goes deeper")}
    samples = record(build, python, tmp_path / "p.pb.gz")
    for kind, pattern in KINDS.items():
        found = collections.Counter()
        for stack, n, _ in samples:
            if not any(frame.mapping.startswith("[kernel") and re.fullmatch(pattern, frame.name) for frame in stack):
                continue
            shown = [(frame.name, frame.line) for frame in python_profile.python_frames(stack)]
            # the call itself, or the function that begins or has ended there
            by = callers.get(shown[0]) or (callers[shown[1]] if shown[0][0] in ("leaf", "descend") else None)
            assert by and shown[-1][0] == "<module>", (kind, shown[:3])
            found[by] += n
        assert found["# enters"] >= 3, (kind, found, len(samples))
