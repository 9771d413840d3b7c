# SPDX-License-Identifier: Apache-2.0
"""Unwind rows against readelf; hundreds of files in tests/prove/cfi_rows.py."""
import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "oracles"))
import readelf_rows  # noqa: E402

FILES = ["/lib/x86_64-linux-gnu/libc.so.6", "/lib64/ld-linux-x86-64.so.2", "/bin/bash",
         "/usr/lib/x86_64-linux-gnu/libstdc++.so.6", "/lib/x86_64-linux-gnu/libgcc_s.so.1"]
OWN = ["tests/targets/oracle_realign", "tests/targets/oracle_plt"]


@pytest.mark.parametrize("path", FILES + OWN)
def test_rows_equal_readelf(build, print_rows, path):
    verdict = readelf_rows.judge(print_rows, build / path)
    assert verdict.wrong == []
    assert verdict.rows > 20 and verdict.gaps > 0
