#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Records cases of tests/bpf_host/cases/ anew: record-case.sh NAME...; without a name, lists them (CASES in
# tests/bpf_host/record.py). SONDE_BUILD: a build folder, else build-test.
set -euo pipefail
cd "$(dirname "$0")/.."
export SONDE_BUILD=${SONDE_BUILD:-$PWD/build-test} CASE_FOLDER=${CASE_FOLDER:-$PWD/tests/bpf_host/cases} CASE
[ $# -gt 0 ] || { sed -n 's/^    "\([a-z0-9_]*\)": (.*/\1/p' tests/bpf_host/record.py; exit 2; }
status=0
for CASE in "$@"; do
	output=$(timeout 110 gdb -nx -q -batch -x tests/bpf_host/record.py </dev/null 2>&1) || true
	grep -a "^$CASE: " <<<"$output" || { tail -n 3 <<<"$output" >&2; status=1; }
done
exit $status
