# SPDX-License-Identifier: Apache-2.0
"""The interpreters that the tests of Python frames run: each starts and is the version it is said to be."""
import subprocess

import pytest

import pythons


@pytest.mark.parametrize("python", pythons.NAMES, indirect=True)
def test_interpreter_runs(python, build, root):
    said = python.start(build, "version.py", stdout=subprocess.PIPE, text=True).communicate(timeout=60)[0]
    assert said.startswith(".".join(map(str, python.version)) + "."), said
