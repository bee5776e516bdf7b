#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Boots a guest with one network namespace for each host of a cluster and types the cures of
# `lvsrouter check` until nothing is left to cure; then others hold virtual addresses. usage: host_rules_test.sh LVSROUTER
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
programs=()
for program in ip nft iptables iptables-save ip6tables-save arptables-save; do
    programs+=(--program "$program")
done
exec "$here/../../../realmode/lab/guest.sh" --timeout 300 --program "$1" "${programs[@]}" \
    --module bridge --file "$here/cures.sh:/cures.sh" --file "$here/duplicates.sh:/duplicates.sh" \
    -- sh -ec '
        for part in router real_server tunnel_server; do
            echo "== $part"
            ip netns add "$part"
            ip netns exec "$part" sh /cures.sh "$part" || exit 1
        done
        echo "== duplicates"
        sh /duplicates.sh'
