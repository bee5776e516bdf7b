#!/bin/busybox sh
# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=dash
# The first process of guest.sh's kernel: prepares the machine, runs /.guest/command, and writes
# what came of it to the disk. Whatever could make a run differ from another waits until the
# command has ended: the disk's driver too.
export PATH=/usr/local/bin:/usr/bin HOME=/root TERM=dumb
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
dmesg -n 1
mkdir -p /dev/pts /dev/shm /dev/net
mount -t devpts devpts /dev/pts
mount -t tmpfs tmpfs /dev/shm
mount -t tmpfs tmpfs /run
mkdir -p /run/lock
[ -e /dev/net/tun ] || mknod /dev/net/tun c 10 200
ifconfig lo up
hostname guest

fail() {
    echo "guest: $*"
    sync
    poweroff -f
    sleep 60
}
while read -r module; do
    # shellcheck disable=SC2086 # a module and its parameters
    modprobe $module || fail "the kernel does not load the module '$module'"
done </.guest/modules

cd /root || fail "no /root"
setsid /usr/bin/sh /.guest/command </dev/null >/.guest/result/stdout 2>/.guest/result/stderr &
command=$!
# The host writes a line when its patience ends: end the command, keep what it wrote.
(
    read -r _ </dev/console
    touch /.guest/timed_out
    until kill -KILL -$command 2>/dev/null; do usleep 10000; done
) &
wait $command 2>/dev/null
status=$?
[ ! -e /.guest/timed_out ] || status=124
echo $status >/.guest/result/exit

modprobe virtio_blk || fail "no virtio_blk: results cannot be written"
count=0
until [ -b /dev/vda ]; do
    count=$((count + 1))
    [ $count -lt 1000 ] || fail "the disk for the results does not appear"
    usleep 10000
done
ln -s /out /.guest/result/out
tar -c -h -C /.guest/result -f /dev/vda . || fail "the results do not fit on the disk (--disk)"
sync
poweroff -f
