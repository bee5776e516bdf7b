#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Runs in the guest, for takeover.py: one takeover for each line of /bench/plan, in namespaces of its
# own. A line of the plan: PROGRAM (lvsrouter or keepalived) INTERVAL_MS PHASE_US AFTER_MS.
# A line for each: program, interval, what takeover_client tells.
set -eu

mkdir -p /run/netns
echo 1 >/proc/sys/net/ipv4/ip_forward
ip link add public type bridge
ip link add private type bridge
ip link set public up
ip link set private up

build() {
    for host in r1 r2 client server; do ip netns add $host; done
    ip -batch - <<EOF
link add r1a$turn type veth peer name eth0 netns r1
link add r1b$turn type veth peer name eth1 netns r1
link add r2a$turn type veth peer name eth0 netns r2
link add r2b$turn type veth peer name eth1 netns r2
link add ca$turn type veth peer name eth0 netns client
link add sb$turn type veth peer name eth1 netns server
link set r1a$turn master public up
link set r1b$turn master private up
link set r2a$turn master public up
link set r2b$turn master private up
link set ca$turn master public up
link set sb$turn master private up
EOF
    for router in 1 2; do
        ip -n r$router -batch - <<EOF
link set lo up
addr add 192.0.2.$router/24 dev eth0
addr add 10.0.0.$router/24 dev eth1
link set eth0 up
link set eth1 up
EOF
        ip netns exec r$router sh -c 'echo 1 >/proc/sys/net/ipv4/ip_forward'
    done
    ip -n client -batch - <<EOF
addr add 192.0.2.100/24 dev eth0
link set eth0 up
EOF
    ip -n server -batch - <<EOF
addr add 10.0.0.11/24 dev eth1
link set eth1 up
route add default via 10.0.0.254
EOF
    ip netns exec server takeover_client serve 80 &
    server=$!
}

start() {  # PROGRAM ROUTER INTERVAL_MS
    mkdir -p "/run/r$2"
    case $1 in
        lvsrouter)
            [ "$2" = 1 ] && role=--active || role=
            # shellcheck disable=SC2086 # an option or none
            ip netns exec "r$2" lvsrouter run --config "/bench/lvs.$3.cf" $role \
                --state "/run/r$2" --control "/run/r$2/control" >"/run/r$2/log" 2>&1 &
            ;;
        keepalived)
            ip netns exec "r$2" keepalived --dont-fork --log-console \
                --use-file="/bench/keepalived.$2.$3.conf" --pid="/run/r$2/pid" \
                --vrrp_pid="/run/r$2/vrrp" --checkers_pid="/run/r$2/checkers" \
                >"/run/r$2/log" 2>&1 &
            ;;
    esac
}

has_vip() {
    ip -n "$1" -o addr show to 192.0.2.10 | grep -q .
}

become_ready() {  # PROGRAM INTERVAL_MS
    start "$1" 1 "$2"
    tries=0
    until has_vip r1; do
        tries=$((tries + 1))
        [ $tries -lt 100 ] || fail "r1 did not become active"
        sleep 0.1
    done
    start "$1" 2 "$2"
    sleep 2
    active=r1
    if has_vip r2; then
        active=r2
        ! has_vip r1 || fail "both are active"
    fi
}

fail() {
    echo "turn $turn ($program, $interval ms): $*" >&2
    for router in r1 r2; do sed "s/^/$router: /" /run/$router/log >&2; done
    exit 1
}

tear_down() {
    # shellcheck disable=SC2046 # several processes
    kill -9 $server $(ip netns pids r1) $(ip netns pids r2) 2>/dev/null || true
    wait
    for host in r1 r2 client server; do ip netns del $host; done
    rm -rf /run/r1 /run/r2
}

turn=0
while read -r program interval phase after; do
    turn=$((turn + 1))
    build
    become_ready "$program" "$interval"
    told=$(ip netns exec client takeover_client run 192.0.2.10 80 $active "$phase" "$after" \
        $((20 * interval + 2000)) </dev/null) || fail "the client was not served"
    echo "$program $interval $told"
    tear_down
done </bench/plan
