# SPDX-License-Identifier: Apache-2.0
"""The Python frames that BPF sent against what the interpreter itself says at the very instruction that
was sampled: function, file and line of each. Twenty samples of each version here; five hundred of each
version and build in tests/prove/python_oracle.py."""
import subprocess

import pytest

import python_stacks
import pythons

SAMPLES = 20


def judged(build, python, faulthandler):
    result = python_stacks.judge(build, python, SAMPLES, faulthandler)
    assert result.different == []
    assert sum(result.excluded.values()) <= 2, result.excluded  # tests/prove: 3 % of 500
    assert result.leafless <= 1 and result.same + result.cut >= SAMPLES - 3
    assert result.frames > SAMPLES  # not of empty stacks
    return result


@pytest.mark.parametrize("python", [name for name in pythons.ONE_OF_EACH if not name.startswith("2.7")], indirect=True)
def test_frames_equal_faulthandlers(build, root, python):
    judged(build, python, True)


@pytest.mark.parametrize("python", pythons.ONE_OF_EACH, indirect=True)
def test_frames_equal_the_interpreters_own(build, root, python):
    """And the GIL: whether PyGILState_Check() says that the thread has it."""
    result = judged(build, python, False)
    assert result.gil_wrong() <= 1 and ("holds", "holds") in result.gil, result.gil_summary()


@pytest.mark.parametrize("python", pythons.EMBEDDED, indirect=True)
def test_programs_that_have_copies_of_its_data(build, root, python):
    relocations = subprocess.run(["/usr/bin/readelf", "-rW", python.argv[0]], capture_output=True, text=True).stdout
    copied = {line.split()[4].split("@")[0] for line in relocations.splitlines() if "R_X86_64_COPY" in line}
    others = set() if "debian" in python.name else {"_PyThreadState_Current" if python.version < (3,) else "_PyRuntime"}
    assert {"PyCode_Type"} | others <= copied
    assert judged(build, python, False).gil_wrong() <= 1
