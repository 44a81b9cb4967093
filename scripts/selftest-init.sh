#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# /init of make selftest, for busybox in UML: mounts what the kernel's selftests
# look for, turns on the swap area that the kernel's command line names (swap=ubd
# or swap=ram: what the kernel does not know is in the environment), runs the
# lines of /programs that want this kind, and powers off. What is called racy there
# has a few attempts.
#
# The output of each is between two marks with its command, the second with the
# exit status and the times; scripts/selftest.py reads them.

# shellcheck shell=dash
# shellcheck disable=SC2154 # swap, see above

[ $$ = 1 ] || exit 2
export PATH=/bin:/programs.d HOME=/tmp
/bin/busybox --install -s /bin

mount -t devtmpfs devtmpfs /dev
mkdir -p /dev/shm /dev/pts
ln -s /proc/self/fd /dev/fd
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t debugfs debugfs /sys/kernel/debug
mount -t cgroup2 cgroup2 /sys/fs/cgroup
mount -t tmpfs tmpfs /tmp
mount -t tmpfs tmpfs /dev/shm
# split_huge_page_test and the swap file of pmd_swap want a real file system.
mount -t ext4 /dev/ubdb /mnt
cd /mnt || poweroff -f

case $swap in
ubd) area=/dev/ubda ;;
ram) area=/dev/ram0 ;;
esac
mkswap "$area" >/dev/null
swapon "$area"
# mremap_test maps more than there is.
echo 1 >/proc/sys/vm/overcommit_memory
ulimit -l unlimited

now() { cut -d ' ' -f 1 /proc/uptime; }

while read -r seconds kinds command; do
	case $kinds in
	*"$swap"*) ;;
	*) continue ;;
	esac
	case $kinds in
	*racy*) attempts=4 ;;
	*) attempts=1 ;;
	esac
	mark=begin
	while [ "$attempts" -gt 0 ]; do
		echo "### $mark $command"
		begin=$(now)
		# shellcheck disable=SC2086 # its words
		timeout -s KILL "$seconds" $command </dev/null 2>&1
		status=$?
		# All but this shell: nothing of one program stays for the next.
		kill -9 -1 2>/dev/null
		# The last line may lack its end.
		echo
		echo "### end $command: $status $begin $(now)"
		find /mnt /tmp -mindepth 1 -maxdepth 1 -exec rm -rf {} +
		mark=again
		attempts=$((attempts - 1))
		[ "$status" != 0 ] || attempts=0
	done
done </programs
echo "### done"
poweroff -f
