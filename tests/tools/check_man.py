#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Every option that --help shows stands in the man page, and the other way round."""
import re
import subprocess
import sys

shown = set(re.findall(r"--[a-z][a-z-]+", subprocess.run(
    [sys.argv[1], "--help"], capture_output=True, text=True, check=True).stdout))
page = set(re.findall(r"--[a-z][a-z-]+", open(sys.argv[2]).read().replace("\\-", "-")))
for name in sorted(shown - page):
    print(f"not in the man page: {name}")
for name in sorted(page - shown - {"--version"}):
    print(f"not an option: {name}")
sys.exit(bool(shown - page or page - shown - {"--version"}))
