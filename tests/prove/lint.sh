#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# clang-format, clang-tidy and shellcheck over the whole tree: they have nothing to say.
set -euo pipefail
cd "$(dirname "$0")/../.."
status=0

echo "== clang-format"
tools/format.sh --check || status=1
echo "== clang-tidy"
tools/bpf-compdb.py "$SONDE_BUILD"
git ls-files 'bpf/*.c' 'collector/*.c' 'symbolizer/*.c' 'common/*.c' |
	xargs -P "$(nproc)" -n 4 clang-tidy-14 -p "$SONDE_BUILD" --quiet 2>/dev/null || status=1
echo "== shellcheck"
# SC2034, SC2086: lists of packages; SC2100: a name with a minus
git ls-files '*.sh' '*.bash' .ci/run | xargs shellcheck -x -e SC2034,SC2086,SC2100 || status=1
exit $status
