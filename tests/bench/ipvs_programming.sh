#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Programming a table of services: lvsrouter's way beside ipvsadm --restore, in the guest, by its
# virtual time and by wall time.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
program=${1:?usage: $0 PROGRAM [SERVICES [SERVERS [ROUNDS]]]   (PROGRAM: the built ipvs_programming)}
shift
command -v ipvsadm >/dev/null || PATH=$PATH:/usr/sbin
for clock in virtual wall; do
    echo "in $clock time"
    options=()
    [[ $clock == virtual ]] || options=(--wall-time)
    "$here/../../realmode/lab/guest.sh" "${options[@]}" --module ip_vs --module ip_vs_wlc \
        --program "$program" --program ipvsadm -- "$(basename "$program")" "$@"
done
