#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Fuzzes one parser: fuzz.sh NAME [SECONDS]; without a name, lists them. Inputs that end a target are left
# in build-fuzz/NAME/.
set -euo pipefail
shopt -s nullglob
cd "$(dirname "$0")/.."
. tools/packages.sh

[ $# -gt 0 ] || { for target in tests/fuzz/fuzz_*.c; do basename "$target" .c | sed 's/^fuzz_//'; done; exit 2; }
name=$1 seconds=${2:-60}
[ -f "tests/fuzz/fuzz_$name.c" ] || { echo "fuzz.sh: no target named $name" >&2; exit 2; }

# shellcheck disable=SC2086
install_packages $PKGS_BUILD libclang-rt-14-dev
found=build-fuzz/$name
mkdir -p "$found/corpus"
clang-14 -g -O1 -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=undefined -std=gnu17 -D_GNU_SOURCE -I. \
	"tests/fuzz/fuzz_$name.c" common/*.c symbolizer/native/*.c symbolizer/kernel/*.c collector/walk/*.c -o "$found/fuzz" \
	-lelf -lz -llzma -ldeflate -lzstd -liberty -lpthread
"$found/fuzz" -max_total_time="$seconds" -max_len=65536 -timeout=20 -artifact_prefix="$found/" \
	"$found/corpus" "tests/fuzz/corpus/$name" 2>&1 | tail -n 3
