# SPDX-License-Identifier: Apache-2.0
# Sourced: installs the Debian packages that are missing, starting no service.
# shellcheck shell=bash

PKGS_BUILD="gcc libc6-dev meson ninja-build pkg-config clang-14 llvm-14 bpftool libbpf-dev libelf-dev
	libdw-dev zlib1g-dev liblzma-dev libzstd-dev libdeflate-dev libprotobuf-c-dev protobuf-c-compiler uthash-dev libiberty-dev
	libjansson-dev libpcre2-dev"
PKGS_TEST="libcmocka-dev python3 python3-pytest python3-pytest-timeout python3-pytest-xdist python3-numpy python3-gevent binutils g++ musl-tools gdb dwz
	libc6-dbg elfutils debuginfod rustc qemu-system-x86 busybox-static cpio"
PKGS_PROVE="debootstrap redis-server redis-tools nginx-light wrk ripgrep gron sqlite3 git perl nodejs
	xz-utils postgresql-15 openssl dpkg-dev libclang-rt-14-dev clang-format-14 clang-tidy-14 shellcheck
	linux-perf lintian black python3-sphinx mercurial python3-flask python3-django gunicorn python3-venv"
PKGS_DEB="debhelper dpkg-dev"

as_root() {
	if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi
}

missing_packages() {
	local name
	for name in "$@"; do
		dpkg-query -W -f '${db:Status-Status}\n' "$name" 2>/dev/null | grep -qx installed || echo "$name"
	done
}

# While packages are installed, a policy of our own forbids every service to start.
forbid_services() {
	[ -e /usr/sbin/policy-rc.d ] && return 1
	printf '#!/bin/sh\nexit 101\n' | as_root tee /usr/sbin/policy-rc.d >/dev/null
	as_root chmod 755 /usr/sbin/policy-rc.d
}

install_packages() {
	local missing ours=no status=0
	missing=$(missing_packages "$@")
	[ -n "$missing" ] || return 0
	echo "installing:" $missing
	forbid_services && ours=yes
	as_root apt-get -q update >/dev/null || true
	# shellcheck disable=SC2086
	as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=300 install -y --no-install-recommends $missing || status=$?
	[ "$ours" = no ] || as_root rm -f /usr/sbin/policy-rc.d
	return $status
}
