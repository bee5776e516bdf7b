#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Runs in the guest, for probe_load.py: one checker after the other beside the same servers.
#   probe_load.sh SERVERS SECONDS CHECKER...        CHECKER: lvslab or keepalived
# A line for each: name, nanoseconds on the CPU, connections accepted, seconds, peak and resident
# kilobytes, sockets in TIME_WAIT.
set -eu
servers=$1 seconds=$2
shift 2
ulimit -n 65536
probe_load serve 8080 &
server=$!

accepted() {
    awk '/^Tcp:/ && ++n == 2 { print $7 }' /proc/net/snmp
}

cpu() {
    awk '{ print $1 }' "/proc/$1/schedstat"
}

kilobytes() {
    awk -v field="$2:" '$1 == field { print $2 }' "/proc/$1/status"
}

start() {
    case $1 in
        lvslab)
            probe_load check 8080 "$servers" &
            checker=$!
            started=$checker
            ;;
        keepalived)
            keepalived --check --dont-fork --use-file=/etc/keepalived/probe_load.conf \
                --pid=/run/keepalived.pid --checkers_pid=/run/checkers.pid >/dev/null 2>&1 &
            started=$!
            until [ -s /run/checkers.pid ]; do sleep 1; done
            checker=$(cat /run/checkers.pid)
            ;;
    esac
}

for name; do
    start "$name"
    sleep 5
    accepted_before=$(accepted)
    cpu_before=$(cpu "$checker")
    sleep "$seconds"
    cpu_after=$(cpu "$checker")
    accepted_after=$(accepted)
    waiting=$(awk '/^TCP:/ { print $7 }' /proc/net/sockstat)
    echo "$name $((cpu_after - cpu_before)) $((accepted_after - accepted_before)) $seconds" \
        "$(kilobytes "$checker" VmHWM) $(kilobytes "$checker" VmRSS) $waiting"
    kill "$started"
    wait "$started" || true
    rm -f /run/checkers.pid
    sleep 61
done
kill "$server"
