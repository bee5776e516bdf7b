#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# In the guest: a run without a guest of its own that is stopped leaves no process, namespace, link
# or file behind.
# usage: stops_in_guest.sh SCENARIO [OPTION...]   options of lvslab-lab run
set -eu

# Network namespaces that a process is in or a mount holds; there is no other way to keep one.
namespaces() {
    { readlink /proc/[0-9]*/ns/net 2>/dev/null; sed -n 's/^nsfs //p' /proc/mounts; } | sort -u | wc -l
}
daemons() { pidof lvslab-lab lvsrouter nginx vsftpd 2>/dev/null | wc -w; }  # the run itself too
fail() { echo "$*"; exit 1; }

links=$(ip -o link | wc -l)
spaces=$(namespaces)
for signal in INT TERM HUP KILL; do
    lvslab-lab run "$@" --journal /tmp/journal --lvsrouter lvsrouter >/tmp/log 2>&1 &
    run=$!
    until [ "$(daemons)" -ge 3 ]; do sleep 0.1; done
    sleep 3  # of virtual time: the run is in its middle
    kill -"$signal" $run
    code=0
    wait $run || code=$?
    case $signal in
        INT | TERM | HUP) [ $code = 130 ] || { cat /tmp/log; fail "$signal: exit code $code"; } ;;
        KILL) [ $code = 137 ] || fail "$signal: exit code $code" ;;
    esac
    sleep 1
    [ "$(daemons)" = 0 ] || fail "$signal left a daemon"
    [ "$(ip -o link | wc -l)" = "$links" ] || fail "$signal left links"
    [ "$(namespaces)" = "$spaces" ] || fail "$signal left namespaces: $(namespaces), not $spaces"
    rm -f /tmp/log
    if [ $signal = KILL ]; then
        # The folder stays, and the next run takes it away.
        rm -f /tmp/journal
        continue
    fi
    [ -z "$(ls /tmp)" ] || fail "$signal left $(ls /tmp)"
done
lvslab-lab run "$@" --journal /tmp/journal --lvsrouter lvsrouter >/tmp/log 2>&1 ||
    { cat /tmp/log; fail "no run after them"; }
[ "$(ls /tmp | tr '\n' ' ')" = "journal log " ] || fail "left: $(ls /tmp)"
