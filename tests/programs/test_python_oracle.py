# SPDX-License-Identifier: Apache-2.0
"""The Python frames that BPF sent against what the interpreter itself says at the very instruction that
was sampled: function, file and line of each. Twenty samples of each version here; five hundred of each
version and build in tests/prove/python_oracle.py."""
import pytest

import python_stacks
import pythons

SAMPLES = 20


def judged(build, python, faulthandler):
    result = python_stacks.judge(build, python, SAMPLES, faulthandler)
    assert result.different == []
    assert sum(result.excluded.values()) <= 2, result.excluded  # tests/prove: 3 % of 500
    assert result.same + result.cut >= SAMPLES - 2
    assert result.frames > SAMPLES  # not of empty stacks


@pytest.mark.parametrize("python", [name for name in pythons.ONE_OF_EACH if not name.startswith("2.7")], indirect=True)
def test_frames_equal_faulthandlers(build, root, python):
    judged(build, python, True)


@pytest.mark.parametrize("python", pythons.ONE_OF_EACH, indirect=True)
def test_frames_equal_the_interpreters_own(build, root, python):
    judged(build, python, False)
