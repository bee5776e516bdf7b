#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# In the guest: `lvsrouter check` beside another host that holds a virtual address. The two are on
# one network with the other router.
set -eu

cat >/duplicates.cf <<CONFIG
primary = 192.168.26.9
backup = 192.168.26.8
backup_active = 1
network = direct
virtual mail {
    active = 1
    address = 192.168.26.11 eth0:2
    port = 25
    server oak {
        address = 192.168.26.21
        active = 1
    }
}
virtual mail6 {
    active = 1
    address = 2001:db8::11 eth0:3
    port = 25
    server oak {
        address = 2001:db8::21
        active = 1
    }
}
CONFIG

ip netns add wire
ip -n wire link add net0 type bridge
ip -n wire link set net0 up
for host in lvs1:9 lvs2:8 third:77; do
    name=${host%:*}
    ip netns add "$name"
    ip -n wire link add "to_$name" type veth peer name eth0 netns "$name"
    ip -n wire link set "to_$name" master net0 up
    ip -n "$name" link set lo up
    ip -n "$name" link set eth0 address "$(printf '02:00:00:00:00:%02d' "${host#*:}")" up
    ip -n "$name" addr add "192.168.26.${host#*:}/24" dev eth0
    ip -n "$name" addr add "2001:db8::${host#*:}/64" dev eth0 nodad
done

check() {
    ip netns exec lvs1 lvsrouter check --config /duplicates.cf >/found || true
    grep 'is held by' /found || true
}
finds() {
    grep -q "$1" /found || { echo "FAILED: no finding like: $1"; cat /found; exit 1; }
}
finds_nothing() {
    if grep -q 'is held by' /found; then
        echo "FAILED: $1"
        exit 1
    fi
}
# Without the kernel's own look for duplicates, which would take the address from the second host.
holds() {
    ip -n "$1" addr add 192.168.26.11/32 dev eth0
    ip -n "$1" addr add 2001:db8::11/128 dev eth0 nodad
}

check
finds_nothing "nobody holds an address"

holds lvs2
check
finds_nothing "the other router holds its addresses by right"

holds third
check
for vip in 192.168.26.11 2001:db8::11; do
    finds "error: $vip is held by 02:00:00:00:00:77 on the network of eth0, which is not the other router"
done

ip -n third addr add 192.168.26.21/24 dev eth0
check
finds "error: 192.168.26.11 is held by 02:00:00:00:00:77 .*, which is real server oak (192.168.26.21)"

ip -n lvs2 link set eth0 down
ip -n third addr del 192.168.26.21/24 dev eth0
check
finds "note: 192.168.26.11 is held by 02:00:00:00:00:77 .*cannot tell whether that is the other router"

for holder in 192.168.26.11/32 2001:db8::11/128; do
    ip -n third addr del "$holder" dev eth0
done
check
finds_nothing "they were taken off"
