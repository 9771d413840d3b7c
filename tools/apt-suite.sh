# SPDX-License-Identifier: Apache-2.0
# Sourced: packages of other Debian suites, unpacked into a folder and never installed. apt gets a state
# of its own; the mirror is the one that this host's own apt uses.
# shellcheck shell=bash

SUITE_CACHE=${XDG_CACHE_HOME:-$HOME/.cache}/sonde-tests

# The mirror of a suite: security suites lie apart from the others.
mirror_of() {
	local kind=main
	case $1 in *-security) kind=security ;; esac
	# shellcheck disable=SC2016
	apt-get indextargets --format '$(REPO_URI) $(RELEASE) $(LABEL)' 'Created-By: Packages' |
		awk -v kind=$kind '$3 ~ /^Debian/ && (kind == "security") == ($2 ~ /-security$/) { print $1; exit }'
}

suite_apt() { # SUITE COMMAND ARGS...: apt-get or apt-cache with the suite's own state
	local root=$SUITE_CACHE/apt/$1 command=$2
	shift 2
	"$command" -q -o Dir::State="$root/state" -o Dir::State::status="$root/status" \
		-o Dir::Cache="$root/cache" -o Dir::Etc::sourcelist="$root/sources.list" \
		-o Dir::Etc::sourceparts=/dev/null -o APT::Sandbox::User=root "$@"
}

# SUITE.src: the state with the suite's source packages.
suite_update() {
	local suite=${1%.src} root=$SUITE_CACHE/apt/$1 kind=deb mirror
	[ "$1" = "$suite" ] || kind=deb-src
	[ ! -e "$root/updated" ] || return 0
	mirror=$(mirror_of "$suite")
	[ -n "$mirror" ] || { echo "no Debian mirror in this host's apt configuration" >&2; return 1; }
	mkdir -p "$root/state/lists/partial" "$root/cache/archives/partial"
	: >"$root/status"
	echo "$kind [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror $suite main" >"$root/sources.list"
	suite_apt "$1" apt-get update >"$root/log" 2>&1 || { tail -n 3 "$root/log" >&2; return 1; }
	touch "$root/updated"
}

# The package that a meta package depends on: linux-image-cloud-amd64 -> linux-image-6.1.0-N-cloud-amd64.
suite_depends() { # SUITE PACKAGE PATTERN
	suite_update "$1" &&
		suite_apt "$1" apt-cache depends "$2" | awk -v p="$3" '$1 == "Depends:" && $2 ~ p { print $2; exit }'
}

# fetch_from_suite SUITE FOLDER PACKAGE...: unpacked into FOLDER, which is kept for the next time.
fetch_from_suite() {
	local suite=$1 folder=$2 deb
	shift 2
	[ ! -e "$folder/.complete" ] || return 0
	suite_update "$suite"
	rm -rf "$folder"
	mkdir -p "$folder/.debs"
	(cd "$folder/.debs" && suite_apt "$suite" apt-get download "$@" >log 2>&1) ||
		{ tail -n 3 "$folder/.debs/log" >&2; return 1; }
	for deb in "$folder"/.debs/*.deb; do
		dpkg -x "$deb" "$folder"
	done
	rm -rf "$folder/.debs"
	touch "$folder/.complete"
}

# fetch_system SUITE FOLDER PACKAGE...: with all that they depend on, so that chroot can run them.
fetch_system() {
	local suite=$1 folder=$2 deb link
	shift 2
	[ ! -e "$folder/.complete" ] || return 0
	suite_update "$suite"
	rm -rf "$folder"
	mkdir -p "$folder/.debs/partial" "$folder/proc"
	for link in bin sbin lib lib64; do
		mkdir -p "$folder/usr/$link"
		ln -s "usr/$link" "$folder/$link"
	done
	suite_apt "$suite" apt-get -y --no-install-recommends --download-only -o Dir::Cache::archives="$folder/.debs" \
		install "$@" >"$folder/.log" 2>&1 || { tail -n 3 "$folder/.log" >&2; return 1; }
	for deb in "$folder"/.debs/*.deb; do
		dpkg --fsys-tarfile "$deb" | tar -x -C "$folder" --keep-directory-symlink
	done
	rm -rf "$folder/.debs"
	touch "$folder/.complete"
}

# fetch_source SUITE FOLDER PACKAGE: a source package's files, and the tree, unpacked and patched.
fetch_source() {
	local suite=$1 folder=$2
	[ ! -e "$folder/.complete" ] || return 0
	suite_update "$suite.src"
	rm -rf "$folder"
	mkdir -p "$folder"
	(cd "$folder" && suite_apt "$suite.src" apt-get source "$3" >log 2>&1) ||
		{ tail -n 3 "$folder/log" >&2; return 1; }
	touch "$folder/.complete"
}

# fetch_member SUITE FOLDER PACKAGE PATTERN: the first file that matches, alone, unpacked while it streams by.
fetch_member() {
	local suite=$1 folder=$2 package=$3 pattern=$4
	[ ! -e "$folder/.complete" ] || return 0
	suite_update "$suite"
	rm -rf "$folder"
	mkdir -p "$folder"
	(cd "$folder" && suite_apt "$suite" apt-get download "$package" >log 2>&1) || { tail -n 3 "$folder/log" >&2; return 1; }
	# tar ends when it has the file, and the others with it
	(set +o pipefail; ar p "$folder"/*.deb data.tar.xz | xz -dc | tar -x -C "$folder" --wildcards --occurrence=1 "$pattern")
	rm -f "$folder"/*.deb
	touch "$folder/.complete"
}
