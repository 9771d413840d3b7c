#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Runs as process 1 of the guest: profiles, prints the profiles on the console, turns the machine off.
# No tracefs, no bpffs, no debugfs.
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs dev /dev
mkdir -p /tmp
cd /tmp || exit

send() { # NAME: the file between two marks, in base64
	echo "BEGIN $1"
	base64 "$1"
	echo "END $1"
}

run() { # NAME ARGS...
	name=$1
	shift
	sonde record -F 199 -v --labels gil -o "$name.pb.gz" "$@" >"$name.txt" 2>&1
	echo "exit status $?" >>"$name.txt"
	send "$name.txt"
	send "$name.pb.gz"
}

echo "kernel $(uname -r)"
run command -- chain 2
run syscalls -- reader 2
run faults -e page-faults -F 999 -a -d 2
run module -a -- insmod /raid6_pq.ko

# What the kernel calls its first functions and those of modules when it is asked, and /proc/kallsyms of them.
{
	grep ' [tTwW] ' /proc/kallsyms | head -n 4000
	grep ' [tTwW] .*\]$' /proc/kallsyms | grep -v '\[bpf\]$'
} >symbols
print_kernel_names <symbols >named
send symbols
send named

# Two interpreters at once, and what faulthandler says of each.
run python -- sh -c 'python3.11 -ISB /program.py 3.11 & python3.9 -ISB /program.py 3.9; wait'
send 3.11
send 3.9

# What the threads of a program do now: as they are, and held still.
waiters >ready &
program=$!
until [ -s ready ]; do
	sleep 1
done
for how in live stop; do
	option=--no-python
	[ $how = live ] || option=--stop
	sonde dump $option $program >dump-$how.txt 2>&1
	echo "exit status $?" >>dump-$how.txt
	send dump-$how.txt
done
kill $program

# A CPU that goes and comes while we record; then a program that may only run there.
(
	sleep 1
	echo 0 >/sys/devices/system/cpu/cpu1/online
	sleep 1
	echo 1 >/sys/devices/system/cpu/cpu1/online
	sleep 2
	taskset -c 1 chain 2
) &
run hotplug -a -d 7 --labels pid,comm,cpu
poweroff -f
