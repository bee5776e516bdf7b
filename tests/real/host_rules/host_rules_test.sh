#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Boots a guest as one host of a cluster and types the cures of `lvsrouter check` until nothing is
# left to cure. usage: host_rules_test.sh router|real_server|tunnel_server LVSROUTER
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
programs=()
for program in ip nft iptables-save ip6tables-save arptables-save; do
    programs+=(--program "$program")
done
exec "$here/../../../realmode/lab/guest.sh" --timeout 300 --program "$2" "${programs[@]}" \
    --file "$here/cures.sh:/cures.sh" -- sh /cures.sh "$1"
