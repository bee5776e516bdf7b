#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Runs old lvs.cf files unmodified on a real kernel, each in a guest of its own (README.md).
# usage: published_test.sh LVSROUTER NAMED_SERVICE NAME...
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$here/../../..
lvsrouter=$1 named_service=$2
shift 2
options=(--timeout 600 --module ip_vs --program "$lvsrouter" --program "$named_service")
for program in ip ipvsadm nft iptables-save ip6tables-save arptables-save; do
    options+=(--program "$program")
done
for name; do
    file=$here/$name.cf
    [[ -e $file ]] || file=$root/tests/data/lvs_cf/$name.cf
    "$root/realmode/lab/guest.sh" "${options[@]}" \
        --file "$here/networks/$name.sh:/network.sh" --file "$file:/etc/sysconfig/ha/lvs.cf" \
        --file "$here/run.sh:/run.sh" -- sh /run.sh
    echo "$name: as configured"
done
