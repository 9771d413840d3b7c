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
install_packages $PKGS_BUILD $PKGS_PROVE
found=build-fuzz/$name
mkdir -p "$found/corpus"
sources=(common/*.c symbolizer/{native,kernel,python}/*.c collector/walk/*.c)
case $name in
maps_parser | perf_records)
	sources=(common/*.c collector/process/{maps,stat}_parser.c collector/capture/perf_records.c collector/source/*.c) ;;
pprof_read | raw_records | report)
	protoc-c --c_out=build-fuzz --proto_path=collector/output/proto collector/output/proto/profile.proto
	sources+=(build-fuzz/profile.pb-c.c collector/{process,profile,python,source}/*.c collector/output/{id_map,pprof,pprof_decode,pprof_read,pprof_rows}.c
		collector/report/*.c collector/capture/event_table.c) ;;
esac
clang-14 -g -O1 -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=undefined -std=gnu17 -D_GNU_SOURCE -I. -Ibuild-fuzz \
	"tests/fuzz/fuzz_$name.c" "${sources[@]}" -o "$found/fuzz" \
	-lelf -lz -llzma -ldeflate -lzstd -liberty -lprotobuf-c -ljansson -lpcre2-8 -lm -lpthread
status=0
"$found/fuzz" -max_total_time="$seconds" -max_len=65536 -timeout=20 -print_final_stats=1 -artifact_prefix="$found/" \
	"$found/corpus" "tests/fuzz/corpus/$name" >"$found/log" 2>&1 || status=$?
grep -E '^Done|executed_units' "$found/log" || tail -n 40 "$found/log"
exit $status
