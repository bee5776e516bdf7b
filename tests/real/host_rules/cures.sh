#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# In the guest, in a network namespace: makes one host of a cluster, then types what `lvsrouter check` says.
set -eu
part=$1
network=nat
[ "$part" = router ] || network=direct
[ "$part" = tunnel_server ] && network=tunnel

cat >/lvs.cf <<CONFIG
primary = 192.168.26.9
primary_private = 10.11.12.9
backup = 192.168.26.8
backup_private = 10.11.12.8
backup_active = 1
network = $network
nat_router = 10.11.12.10 eth1:1
nat_nmask = 255.255.255.0
virtual ftp {
    active = 1
    address = 192.168.26.10 eth0:1
    port = 21
    fwmark = 21
    persistent = 60
    server oak {
        address = 10.11.12.21
        active = 1
    }
}
virtual mail {
    active = 1
    address = 192.168.26.11 eth0:2
    port = 25
    server oak {
        address = 10.11.12.21
        active = 1
    }
}
CONFIG

ip link set lo up
for number in 0 1; do
    ip link add "eth$number" type veth peer name "wire$number"
    ip link set "wire$number" up
    ip link set "eth$number" up
done
if [ "$part" = router ]; then
    ip addr add 192.168.26.9/24 dev eth0
    ip addr add 10.11.12.9/24 dev eth1
    ip link set eth1 down
    # Filters as hosts have them: answers alone come in and are forwarded.
    nft -f - <<RULES
table inet wall {
    chain in {
        type filter hook input priority filter; policy drop;
        ct state vmap { established : accept, related : accept, invalid : drop }
        iifname "lo" accept
        tcp dport { 22, 25 } accept
    }
    chain through {
        type filter hook forward priority filter; policy drop;
        ct state established,related accept
    }
}
RULES
    iptables -P OUTPUT DROP
    iptables -A OUTPUT -o lo -j ACCEPT
    iptables -A OUTPUT -p tcp -m tcp --dport 25 -j ACCEPT
    lvsrouter check --config /lvs.cf >/found || true
    for told in \
        'note: cannot tell whether heartbeats from 192.168.26.8 .* chain in of table inet wall' \
        'error: heartbeats to 192.168.26.8 .* chain OUTPUT of table ip filter' \
        'error: requests to virtual "ftp" .*tcp port 21) are dropped by chain in of table inet wall' \
        'error: requests to real server oak .*tcp ports 10000:20000.* dropped by chain OUTPUT' \
        'note: cannot tell whether answers of real server oak (10.11.12.21, tcp port 25)'; do
        grep -q "$told" /found || { echo "FAILED: no finding like: $told"; cat /found; exit 1; }
    done
    if grep -q 'requests to virtual "mail"' /found; then
        echo "FAILED: port 25 is accepted"
        exit 1
    fi
else
    ip addr add 10.11.12.21/24 dev eth1
fi

code=0
lvsrouter check --config /lvs.cf >/found || code=$?
cat /found
[ "$code" = 1 ] || [ "$part" != router ] || { echo "FAILED: nothing to cure, code $code"; exit 1; }
for try in 1 2 3 4; do
    # A cure is typed once, though several findings may have it.
    grep '^    cure: ' /found | sed 's/^    cure: //' | grep -v '^timedatectl' | sort -u >/cures || true
    [ -s /cures ] || break
    cat /cures
    sh -e /cures
    lvsrouter check --config /lvs.cf >/found || code=$?
    cat /found
done
code=0
lvsrouter check --config /lvs.cf || code=$?
[ "$code" = 0 ] || { echo "FAILED: code $code after $try rounds of cures"; exit 1; }
grep -q ' 0 errors, 0 warnings' /found || { echo "FAILED: warnings are left"; exit 1; }
[ "$try" -gt 1 ] || { echo "FAILED: there was nothing to cure"; exit 1; }
