#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The long proofs of tests/prove/: prove.sh NAME [ARGS]; without a name, lists them. Prints date, commit,
# kernel and duration, so that the output can stand in a note.
set -euo pipefail
shopt -s nullglob
cd "$(dirname "$0")/.."
. tools/packages.sh

list() {
	for proof in tests/prove/*.sh tests/prove/*.py; do
		name=$(basename "$proof")
		printf '%-14s %s\n' "${name%.*}" "$(sed -n 's/^"""\|^# \([^S!]\)/\1/p' "$proof" | head -n 1 | tr -d '"')"
	done
}

[ $# -gt 0 ] || { list; exit 2; }
for proof in tests/prove/"$1".sh tests/prove/"$1".py ""; do
	[ ! -f "$proof" ] || break
done
[ -n "$proof" ] || { echo "prove.sh: no proof named $1" >&2; list >&2; exit 2; }
shift

# shellcheck disable=SC2086
install_packages $PKGS_BUILD $PKGS_TEST $PKGS_PROVE
export SONDE_BUILD=$PWD/build-test
[ -f build-test/build.ninja ] || meson setup build-test -Dwerror=true
ninja -C build-test >/dev/null

echo "$proof: $(date -u +%F\ %T) commit $(git describe --always --dirty) kernel $(uname -r) $(nproc) CPUs"
start=$SECONDS status=0
"$proof" "$@" || status=$?
echo "$proof: $([ $status = 0 ] && echo passed || echo FAILED) in $((SECONDS - start)) s"
exit $status
