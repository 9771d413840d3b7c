# SPDX-License-Identifier: Apache-2.0
"""Names of thousands of addresses against readelf and objdump: stripped files, C++, Rust, PLT slots."""
import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "oracles"))
import readelf_names  # noqa: E402

FILES = {  # least number of addresses that must have been judged: by a symbol with a size, of a PLT slot
    "/lib/x86_64-linux-gnu/libc.so.6": (5000, 10),
    "/usr/lib/x86_64-linux-gnu/libstdc++.so.6": (5000, 500),
    "/bin/bash": (1000, 200),
    "/usr/bin/rg": (0, 3),
    "tests/targets/oracle_plt": (5, 3),
    "tests/targets/oracle_exceptions": (10, 3),
    "tests/fixtures/elf/symbols.so": (40, 0),
}


@pytest.mark.parametrize("keep", [False, True], ids=["read", "kept"])
@pytest.mark.parametrize("path", FILES)
def test_names_equal_readelf(build, path, keep, tmp_path):
    """Also where they come from what an earlier run has kept of the file, and from nowhere else."""
    if path == "/usr/bin/rg" and not pathlib.Path(path).exists():
        pytest.skip("/usr/bin/rg is missing: apt-get install ripgrep")
    verdict = readelf_names.judge(build / "tests/tools/print_names", build / path,
                                  *(["-k", tmp_path] if keep else []))
    named, slots = FILES[path]
    assert verdict.wrong == []
    assert verdict.named >= named and verdict.slots >= slots and verdict.placed > 0
