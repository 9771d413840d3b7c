#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Installs what the build needs, builds, profiles the whole host for 10 s beside a small busy program,
# and says what to type next. May be run again: then it only profiles.
set -euo pipefail
cd "$(dirname "$0")/.."
. tools/packages.sh

# shellcheck disable=SC2086
install_packages $PKGS_BUILD
build=build
[ -f $build/build.ninja ] || meson setup $build -Dtests=false >/dev/null
ninja -C $build >/dev/null

(while :; do sort -R /usr/share/common-licenses/GPL-3 | gzip -9 | wc -c >/dev/null; done) &
busy=$!
trap 'kill $busy 2>/dev/null || true' EXIT
echo "profiling the whole host for 10 s ..."
as_root $build/collector/sonde record -d 10 -o sonde.pb.gz
