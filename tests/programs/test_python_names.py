# SPDX-License-Identifier: Apache-2.0
"""Names and lines of Python functions, against the interpreters themselves; the whole standard library in
tests/prove/python_lines.py."""
import subprocess

import pytest

import python_codes
import python_lines
import pythons


@pytest.mark.parametrize("python", pythons.ONE_OF_EACH, indirect=True)
def test_lines_equal_the_interpreter(python, build, root):
    running = python.start(build, "lines.py", "json", "argparse.py", stdout=subprocess.PIPE)
    verdict = python_lines.judge(build / "tests/tools/print_python_lines", running)
    assert verdict.wrong == []
    assert verdict.codes > 150 and verdict.offsets > 10000
    assert (verdict.without_line > 50) == (python.version >= (3, 10))


@pytest.mark.parametrize("python", pythons.ONE_OF_EACH, indirect=True)
def test_code_objects_equal_the_interpreter(python, build, root):
    with python.start(build, "codes.py", "json", "argparse", stdin=subprocess.PIPE, stdout=subprocess.PIPE) as running:
        count, gone, wrong = python_codes.judge(build / "tests/tools/print_python_code", running)
        running.stdin.close()
    assert wrong == []
    assert count > 150 and gone == 100
