# SPDX-License-Identifier: Apache-2.0
"""The stacks that BPF sent against gdb's, at the very instruction that was sampled. Twenty samples of
each target here, two hundred in tests/prove/oracle.py."""
import pathlib
import subprocess
import sys
import time

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "oracles"))
import stacks  # noqa: E402

TARGETS = ["plt", "signals", "realign", "omit", "exceptions"]


@pytest.mark.parametrize("name", TARGETS)
def test_stacks_equal_gdbs(build, root, name):
    target = subprocess.Popen([build / f"tests/targets/oracle_{name}"])
    try:
        time.sleep(0.3)
        result = stacks.judge(build / "tests/tools/sample_and_stop", target.pid, 20)
    finally:
        target.kill()
        target.wait()
    assert result.different == []
    assert sum(result.excluded.values()) <= 1, result.excluded
    assert result.same >= 19
