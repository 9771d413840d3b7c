# SPDX-License-Identifier: Apache-2.0
"""Profiles of Python programs whose possible stacks are known, with native frames between the Python ones:
no impossible stack, and each kind whole and in the right order (all in tests/prove/python_workloads.py)."""
import pytest

import python_profile
import pythons
from pprof_wire import violations

WORKLOADS = ["alternate", "deep", "generators", "library", "qsort", "no_gil", "pool", "asyncio", "chunks"]


def recorded(build, python, workload, folder):
    path = folder / "p.pb.gz"
    legal = python_profile.legal_stacks(build, python, workload)
    profile, _ = python_profile.record(build, python, workload, path, 999, 2)
    assert violations(profile) == []
    checked = python_profile.check(profile, legal)
    # one: the collector may call back from any line, and no profiler in Python is told; the proof shows each
    assert sum(checked.impossible.values()) <= 1, checked.impossible.most_common(3)
    assert checked.whole > 20 and checked.cut + checked.native_only <= 0.06 * checked.total() + 2, checked.summary()
    return [stack for stack, _, _ in python_profile.all_frames(profile)]


def order(stack, *names):
    """Whether these stand in the stack, leaf first."""
    rest = iter(python_profile.bare(frame) for frame in stack)
    return all(name in rest for name in names)


SHOWN = {
    "qsort": ["spin", "compare", "sort_in_c", "<module>"],
    "library": ["by_key", "sort_by_json", "<module>"],
    "generators": ["spin", "numbers", "squares", "consumed_in_c"],
    "asyncio": ["light", "heavy", "answer", "handle", "run_until_complete"],
    "pool": ["spin", "three", "pool_task"],
}


@pytest.mark.parametrize("workload", WORKLOADS)
@pytest.mark.parametrize("python", ["3.11-shared", "3.11-debian"], indirect=True)
def test_stacks_are_possible_and_whole(build, root, python, workload, tmp_path):
    stacks = recorded(build, python, workload, tmp_path)
    if workload in SHOWN:
        assert any(order(stack, *SHOWN[workload]) for stack in stacks)
    if workload == "deep":
        assert any(sum(frame.name == "down" for frame in stack) == 4001 for stack in stacks)


@pytest.mark.parametrize("workload,shown", [("numpy", ["multiply", "<module>"]), ("gevent", ["spin", "inner", "green3"])])
@pytest.mark.parametrize("python", ["3.11-debian"], indirect=True)
def test_extension_modules(build, root, python, workload, shown, tmp_path):
    assert any(order(stack, *shown) for stack in recorded(build, python, workload, tmp_path))
