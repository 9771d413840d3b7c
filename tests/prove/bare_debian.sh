#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# tools/try.sh and tools/test.sh (twice) on a Debian 12 made by debootstrap, from a clone of HEAD.
set -euo pipefail
cd "$(dirname "$0")/../.."
. tools/apt-suite.sh

root=$(mktemp -d /var/tmp/sonde-bare.XXXXXX)
chmod 755 "$root" # an ordinary user comes in too
bound=(proc sys dev)

leave() {
	for folder in "${bound[@]}"; do
		mountpoint -q "$root/$folder" && umount -R -l "$root/$folder"
	done
	mountpoint -q "$root" && umount -l "$root"
	# nothing of the host's may be below when this goes
	if grep -q " $root/" /proc/self/mountinfo; then
		echo "still mounted below $root: left there" >&2
	else
		rm -rf --one-file-system "$root"
	fi
}
trap leave EXIT

run() {
	echo "== $*"
	local start=$SECONDS
	unshare --mount --propagation private "$root/enter" "$root" "$@" >"$root.log" 2>&1 ||
		{ tail -n 40 "$root.log"; echo "FAILED: $*"; return 1; }
	tail -n "${LINES_SHOWN:-4}" "$root.log"
	echo "== $((SECONDS - start)) s"
}

debootstrap --variant=minbase bookworm "$root" "$(mirror_of bookworm)" >"$root.log" 2>&1 ||
	{ tail -n 5 "$root.log"; exit 1; }
mount --bind "$root" "$root"
for folder in "${bound[@]}"; do
	mount --rbind "/$folder" "$root/$folder" # cgroup v2 lies below /sys
	mount --make-rslave "$root/$folder"
done
# the host's mirrors and how it reaches them
rm -f "$root/etc/apt/sources.list"
cp -a /etc/apt/sources.list.d/debian.sources "$root/etc/apt/sources.list.d/" 2>/dev/null ||
	cp -a /etc/apt/sources.list "$root/etc/apt/"
cp -a /etc/apt/apt.conf.d/. "$root/etc/apt/apt.conf.d/"
cp /etc/resolv.conf /etc/hosts "$root/etc/"
chroot "$root" apt-get -q update >"$root.log" 2>&1
chroot "$root" apt-get -qq install -y --no-install-recommends git ca-certificates >>"$root.log" 2>&1
git clone -q . "$root/srv/sonde"
# its own root and not a chroot: there user namespaces are forbidden, which tests make
cat >"$root/enter" <<'EOS'
#!/bin/sh
cd "$1" && shift && pivot_root . mnt && umount -l /mnt &&
	exec env -i HOME=/root PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8 "$@"
EOS
chmod 755 "$root/enter"

LINES_SHOWN=25 run /srv/sonde/tools/try.sh
run /srv/sonde/tools/test.sh
before=$(chroot "$root" dpkg-query -W | md5sum)
run /srv/sonde/tools/test.sh
[ "$before" = "$(chroot "$root" dpkg-query -W | md5sum)" ] || { echo "the second run installed something"; exit 1; }
grep -q 'ninja: no work to do' "$root.log" || { echo "the second run built something"; exit 1; }
[ ! -e "$root/usr/sbin/policy-rc.d" ] || { echo "a policy-rc.d is left behind"; exit 1; }
rm -f "$root.log"
