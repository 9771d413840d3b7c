#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# sonde as one static file that runs on any x86-64 Linux, whatever its user space: build-static/sonde, and
# sonde-VERSION-x86_64.tar.gz with the file and the licence texts of what is linked into it.
#
# glibc and Debian's own archives: these are the very libraries that the tests run with, they come with
# security updates, and Debian has libelf and libbpf for no other libc.
set -euo pipefail
cd "$(dirname "$0")/.."
. tools/packages.sh

# shellcheck disable=SC2086
install_packages $PKGS_BUILD
build=build-static
[ -f $build/build.ninja ] ||
	meson setup $build -Dstatic=true -Dtests=false -Dbuildtype=release -Db_pie=true >/dev/null
ninja -C $build >/dev/null

version=$($build/collector/sonde --version | awk '{ print $2 }')
name=sonde-$version-$(uname -m)
folder=$build/$name
rm -rf "$folder"
mkdir -p "$folder/LICENSES/libraries"
cp $build/collector/sonde "$folder/sonde"
! readelf -Wld "$folder/sonde" | grep -E 'INTERP|NEEDED' ||
	{ echo "static.sh: it wants libraries of the host" >&2; exit 1; }

# The linker's map tells which archives gave something, and which members.
members() {
	sed -n 's|^\(/[^ ]*\.a\)(\(.*\)\.o)$|\1 \2|p' $build/collector/sonde.map | sort -u
}

owner() { # of an archive; the merged /usr hides where dpkg put it
	local path
	path=$(realpath "$1")
	dpkg -S "$path" 2>/dev/null || dpkg -S "${path#/usr}"
}

notice() {
	cat <<-EOF
	sonde $version, linked statically on $(. /etc/os-release && echo "$PRETTY_NAME").

	sonde itself: Apache-2.0; its BPF programs GPL-2.0-only OR BSD-2-Clause. Its source holds the script
	that made this file (tools/static.sh): whoever changes one of the libraries below can link again.

	Linked in, each under the licence of its text in libraries/ (where a choice is offered, libelf is
	used under LGPL-3+): Debian package, version, source package; archive: members.

	EOF
	members | while read -r archive _; do echo "$archive"; done | uniq | while read -r archive; do
		package=$(owner "$archive" | cut -d: -f1)
		cp "/usr/share/doc/$package/copyright" "$folder/LICENSES/libraries/$package"
		# shellcheck disable=SC2016
		dpkg-query -W -f '${Package} ${Version}, source ${source:Package} ${source:Version}; ' "$package"
		echo "$(basename "$archive"): $(members | awk -v a="$archive" '$1 == a { print $2 }' | wc -l)"
	done
	echo
	echo "Of libiberty: $(members | sed -n 's|.*/libiberty.a ||p' | tr '\n' ' ')"
}

notice >"$folder/LICENSES/NOTICE"
cp LICENSES/* "$folder/LICENSES/"
# the texts that Debian's files refer to
grep -oh '/usr/share/common-licenses/[A-Za-z0-9.-]*[A-Za-z0-9]' "$folder"/LICENSES/libraries/* | sort -u |
	while read -r text; do
		[ ! -e "$text" ] || cp -L "$text" "$folder/LICENSES/"
	done
cp "$folder/sonde" $build/sonde
tar -C $build --owner=0 --group=0 -czf "$build/$name.tar.gz" "$name"
echo "$build/sonde: $(($(stat -c %s $build/sonde) / 1024)) KB"
echo "$build/$name.tar.gz: $(($(stat -c %s "$build/$name.tar.gz") / 1024)) KB, with licence texts"
