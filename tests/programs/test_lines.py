# SPDX-License-Identifier: Apache-2.0
"""Names, lines and inlined functions against llvm-symbolizer and addr2line, for small programs built in
every way that changes where these are found; 20,000 addresses and real packages in tests/prove/lines.py."""
import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "oracles"))
import line_programs  # noqa: E402
import lines  # noqa: E402

ADDRESSES = 150


@pytest.fixture(scope="session")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("lines")


@pytest.mark.parametrize("name", line_programs.NAMES)
def test_lines_equal_other_tools(print_lines, folder, name):
    try:
        program = line_programs.build(name, folder)
        asked = line_programs.twin_of(name, program, folder)
    except line_programs.Missing as tool:
        pytest.skip(f"needs {tool}")
    verdict = lines.judge(print_lines, program, lines.choose(program, ADDRESSES), asked=asked)
    assert verdict.wrong == [] and verdict.said == ""
    assert verdict.addresses > 80 and verdict.lines > verdict.addresses / 2
    assert verdict.starts > 40 or "lines" in name
