#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Every test with AddressSanitizer and UndefinedBehaviorSanitizer in all that is ours: sanitizers [PYTEST ARGS].
set -euo pipefail
cd "$(dirname "$0")/../.."
. tools/programs.sh

build=$PWD/build-asan
[ -f "$build/build.ninja" ] ||
	meson setup "$build" -Db_sanitize=address,undefined -Db_lundef=false -Dwerror=true >/dev/null
ninja -C "$build" >/dev/null

# Told to files: a test may expect the status, or keep for itself what a program says.
found=$build/findings
rm -rf "$found"
mkdir -m 1777 "$found" # some tests are an ordinary user
export ASAN_OPTIONS=exitcode=99:hard_rss_limit_mb=2048:log_path=$found/asan
export UBSAN_OPTIONS=exitcode=99:halt_on_error=1:print_stacktrace=1:log_path=$found/ubsan

status=0
meson test -C "$build" --no-rebuild --print-errorlogs || status=$?
run_programs "$build" -rs "$@" || status=$?
findings=$(find "$found" -type f | wc -l)
echo "$findings findings"
if [ "$findings" -gt 0 ]; then
	grep -rhE 'ERROR: |runtime error: ' "$found" | sed 's/^==[0-9]*==//' | sort | uniq -c
	status=1
fi
exit $status
