#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Debian packages of this tree by debhelper: build-deb/sonde_VERSION_amd64.deb, and one with the debug
# files beside it. The packaging lies in tools/deb; a source package wants it as debian/, so the tree is
# copied.
set -euo pipefail
cd "$(dirname "$0")/.."
. tools/packages.sh

# shellcheck disable=SC2086
install_packages $PKGS_BUILD $PKGS_DEB
version=$(sed -n "s/^  version: '\(.*\)',/\1/p" meson.build)
grep -q "^sonde ($version) " tools/deb/changelog ||
	{ echo "deb.sh: tools/deb/changelog does not begin with version $version, as meson.build has it" >&2; exit 1; }

build=build-deb
rm -rf $build
mkdir -p $build/sonde
cp -a LICENSES bpf collector common docs symbolizer meson.build meson_options.txt $build/sonde/
cp -a tools/deb $build/sonde/debian
(cd $build/sonde && LC_ALL=C.UTF-8 dpkg-buildpackage -b -us -uc) >$build/log 2>&1 ||
	{ tail -n 40 $build/log >&2; exit 1; }
for package in $build/*.deb; do
	echo "$package: $(($(stat -c %s "$package") / 1024)) KB"
done
