#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# The kernel world in virtual time: a scenario's expectations hold on a real kernel, and a second
# run gives the same journal to the byte, and with --quiet the daemons say nothing.
# usage: repeats_test.sh LVSLAB SCENARIO
set -euo pipefail

lvslab=$1 scenario=$2
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT

run() {  # FOLDER [OPTION...]
    "$lvslab" run --world kernel --virtual-time --journal all --output "$out/$1" "${@:2}" "$scenario"
}
run first
run second --quiet >"$out/said" 2>&1
! grep lvsrouter "$out/said" || { echo "said with --quiet"; exit 1; }
cmp "$out/first/journal.lvsj" "$out/second/journal.lvsj"
