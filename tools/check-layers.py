#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Who may include whom: data flows from bpf through the shared headers to collector, symbolizer and
output, and knowledge with it."""
import pathlib
import re
import sys

ROOT = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else ".")
ALLOWED = {  # folder: what it may include of ours
    "common": ["common"],
    "symbolizer": ["symbolizer", "common", "bpf/shared"],
    "collector/source": ["collector/source", "common", "bpf/shared", "symbolizer/native", "symbolizer/python"],
    "collector/walk": ["collector/walk", "common", "bpf/shared", "bpf/unwind", "bpf/python"],
    "collector/output": ["collector/output", "collector/profile/profile.h", "common"],
    "collector/report": ["collector/report", "collector/output", "collector/profile/profile.h",
                         "collector/cli", "common"],
}
bad = 0
for folder, allowed in ALLOWED.items():
    for path in sorted((ROOT / folder).rglob("*.[ch]")):
        for number, line in enumerate(path.read_text().splitlines(), 1):
            found = re.match(r'#include "([^"]+/[^"]+)"', line)
            if found and not any(found[1].startswith(a) for a in allowed):
                print(f"{path}:{number}: {folder} may not include {found[1]}")
                bad = 1
sys.exit(bad)
