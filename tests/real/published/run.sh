#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# In the guest: two routers with one old lvs.cf, its real servers and a client. /network.sh says what
# they have and what is expected of them:
#   routers                 for each, its addresses on eth0 and eth1
#   client, servers         their addresses; servers_device and gateway of the servers
#   vip, vip_as             the VIP; its prefix and label on the active router
#   keepalive, deadtime     of the file, in seconds; checked_within: the longest way of a server
#                           into IPVS after the services start
#   table                   what `ipvsadm -Sn` has to print on the active router
#   answers                 the servers that have to answer, or "one" (persistence)
#   udp_port                the service is UDP at this port, instead of HTTP
#   prepare                 what else is needed
# shellcheck disable=SC2154 # what /network.sh gives
set -eu
config=/etc/sysconfig/ha/lvs.cf

program() {  # NAME LINE
    printf '#!/bin/sh\n%s\n' "$2" >"/usr/local/bin/$1"
    chmod 755 "/usr/local/bin/$1"
}
prepare() { :; }
udp_port=
# shellcheck disable=SC1091 # chosen by published_test.sh
. /network.sh

fail() {
    echo "FAILED: $*" >&2
    for router in r1 r2; do
        echo "$router has:" >&2
        ip -n $router -o addr show >&2 || true
        ip netns exec $router ipvsadm -Ln >&2 || true
        cat /run/$router/log >&2 || true
    done
    exit 1
}

# ---- the network

host() {  # NAME ADDRESS[,ADDRESS] [DEVICE]
    ip netns add "$1"
    ip -n "$1" link set lo up
    nth=0
    for address in $(echo "$2" | tr , ' '); do
        device=${3-eth$nth}
        ip link add "$1-$device" type veth peer name "$device" netns "$1"
        ip link set "$1-$device" master "bridge-$device" up
        ip -n "$1" addr add "$address" dev "$device"
        ip -n "$1" link set "$device" up
        nth=$((nth + 1))
    done
}

in_host() {
    where=$1
    shift
    ip netns exec "$where" "$@"
}

real_server() {  # NUMBER ADDRESS
    host "s$1" "$2" "$servers_device"
    if [ -n "$gateway" ]; then
        ip -n "s$1" route add default via "$gateway"
    else
        for each in all lo "$servers_device"; do
            in_host "s$1" sh -c "echo 1 >/proc/sys/net/ipv4/conf/$each/arp_ignore
                                 echo 2 >/proc/sys/net/ipv4/conf/$each/arp_announce"
        done
        ip -n "s$1" addr add "$vip/32" dev lo
    fi
    if [ -n "$udp_port" ]; then
        in_host "s$1" named_service serve "$udp_port" "$1" &
    else
        mkdir -p "/www/$1"
        echo "$1" | tee "/www/$1/index.html" >"/www/$1/health"
        in_host "s$1" httpd -f -p 80 -h "/www/$1" &
    fi
}

router() {  # NUMBER ADDRESSES
    host "r$1" "$2"
    in_host "r$1" sh -c 'echo 1 >/proc/sys/net/ipv4/ip_forward'
    mkdir -p "/run/r$1"
    lvsrouter rules >/run/rules 2>/dev/null || fail "lvsrouter rules: $?"
    in_host "r$1" nft -f /run/rules
}

build() {
    for device in eth0 eth1; do
        ip link add "bridge-$device" type bridge
        ip link set "bridge-$device" up
    done
    number=0
    for addresses in $routers; do
        number=$((number + 1))
        router $number "$addresses"
    done
    number=0
    for address in $servers; do
        number=$((number + 1))
        real_server $number "$address"
    done
    host client "$client"
    prepare
}

# ---- what is expected

now() {
    cut -d ' ' -f 1 /proc/uptime
}

# within SECONDS WHAT COMMAND...: the command succeeds by then, tried twice a second
within() {
    patience=$1 what=$2
    shift 2
    tries=0
    until "$@"; do
        tries=$((tries + 1))
        [ $tries -le $((patience * 2)) ] || fail "$what: not within $patience s"
        sleep 0.5
    done
}

has_vip() {
    ip -n "$1" -o addr show to "$vip" | grep -q .
}

one_is_active() {
    active='' standby=''
    if has_vip r1; then active=r1 standby=r2; fi
    if has_vip r2; then
        [ -z "$active" ] || fail "both have the VIP"
        active=r2 standby=r1
    fi
    [ -n "$active" ]
}

table_is_as_configured() {
    in_host "$active" ipvsadm -Sn | sort >/run/table
    echo "$table" | sort >/run/expected
    cmp -s /run/table /run/expected
}

vip_is_as_configured() {
    ip -n "$active" -o addr show to "$vip" >/run/vip
    grep -q "inet ${vip_as% *} .* ${vip_as#* }\\\\" /run/vip ||
        fail "$vip stands as $(cat /run/vip); expected $vip_as"
}

ask() {
    if [ -n "$udp_port" ]; then
        in_host client named_service ask udp "$vip" "$udp_port"
    else
        in_host client named_service ask http "$vip" 80
    fi
}

client_is_served() {
    : >/run/answers
    for _ in 1 2 3 4 5 6 7 8; do
        ask >>/run/answers 2>/run/errors || fail "the client is not served: $(cat /run/errors)"
    done
    got=$(sort -u /run/answers | tr '\n' ' ')
    case $answers in
        one) [ "$(echo "$got" | wc -w)" = 1 ] || fail "servers $got answered, expected one" ;;
        *) [ "$got" = "$answers " ] || fail "servers $got answered, expected $answers" ;;
    esac
    # It came through IPVS, not past it.
    in_host "$active" ipvsadm -Lnc | grep -q "$vip" || fail "IPVS knows of no connection"
}

serves() {  # ROUTER
    [ "$active" = "$1" ] || fail "$active is active, expected $1"
    within "$checked_within" "IPVS of $active has not what $config says" table_is_as_configured
    vip_is_as_configured
    client_is_served
    ! in_host "$standby" ipvsadm -Sn | grep -q . || fail "the standby $standby has services"
}

# ---- the run

build
for router in r1 r2; do
    code=0
    in_host $router lvsrouter check >/run/$router/log 2>&1 || code=$?
    [ $code = 0 ] || fail "lvsrouter check of $router: $code"
    grep -e warning /run/$router/log | sed "s/^/$router: /" || true
done
for router in r1 r2; do
    in_host $router lvsrouter run --state /run/$router --control /run/$router/control \
        >/run/$router/log 2>&1 &
done
within $((deadtime + 2)) "no router became active" one_is_active
serves "$active"
echo "$active became active at $(now) s, and serves"

sleep $((2 * keepalive))
one_is_active
serves "$active"
failed=$active heir=$standby
# shellcheck disable=SC2046 # several processes
kill -KILL $(ip netns pids "$failed")
for device in eth0 eth1; do
    ip link set "$failed-$device" down 2>/dev/null || true
done
began=$(now)
taken_over() {
    has_vip "$heir"
}
within $((deadtime + 1)) "$heir did not take over" taken_over
ended=$(now)
took=$(awk "BEGIN { print $ended - $began }")
echo "$heir has the VIP $took s after the end of $failed"
awk "BEGIN { exit !($took >= $deadtime - $keepalive - 0.5) }" ||
    fail "$heir took over after $took s, before $((deadtime - keepalive)) s of silence can be over"
active=$heir standby=$failed
within "$checked_within" "IPVS of $active has not what $config says" table_is_as_configured
vip_is_as_configured
client_is_served
echo "$heir serves"
