# SPDX-License-Identifier: Apache-2.0
"""The stacks that BPF sent against gdb's, at the very instruction that was sampled, and those that it
copied for user space to walk. Twenty samples of each target here, two hundred in tests/prove/oracle.py."""
import pathlib
import subprocess
import sys
import time

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "oracles"))
import stacks  # noqa: E402

TARGETS = ["plt", "signals", "realign", "omit", "exceptions", "in_register"]


@pytest.mark.parametrize("name,mode", [(name, []) for name in TARGETS] +
                         [(name, ["copy"]) for name in TARGETS])
def test_stacks_equal_gdbs(build, root, name, mode):
    target = subprocess.Popen([build / f"tests/targets/oracle_{name}"])
    try:
        time.sleep(0.3)
        result = stacks.judge(build / "tests/tools/sample_and_stop", target.pid, 20, *mode)
    finally:
        target.kill()
        target.wait()
    assert result.different == []
    assert sum(result.excluded.values()) <= 2, result.excluded  # tests/prove: 3 % of 200
    assert result.same + result.cut >= 18
    # the piece that travels ends where a handler's alternate stack does
    assert result.cut == 0 if not mode else result.same >= 1 if name == "signals" else result.same >= 10
