#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""bpf-compdb.py [BUILD]: adds the BPF programs to compile_commands.json, which meson leaves out because
they are custom targets. Run after each configure; may be run again."""
import json
import pathlib
import subprocess
import sys

build = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else "build")
path = build / "compile_commands.json"
database = json.loads(path.read_text())
commands = json.loads(subprocess.run(["ninja", "-C", build, "-t", "compdb", "CUSTOM_COMMAND_DEP"],
                                     capture_output=True, text=True, check=True).stdout)
bpf = [entry for entry in commands if entry["file"].endswith(".bpf.c")]
if not bpf:
    sys.exit(f"{build}: no BPF programs in there")
ours = {entry["file"] for entry in bpf}
database = [entry for entry in database if entry["file"] not in ours] + bpf
path.write_text(json.dumps(database, indent=2) + "\n")
print(f"{path}: {len(database)} files, {len(bpf)} of them BPF")
