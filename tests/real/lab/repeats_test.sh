#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# The kernel world in virtual time: a scenario's expectations hold on a real kernel, and a second
# run gives the same journal to the byte.
# usage: repeats_test.sh LVSLAB SCENARIO
set -euo pipefail

lvslab=$1 scenario=$2
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT

for run in first second; do
    "$lvslab" run --world kernel --virtual-time --journal all --output "$out/$run" "$scenario"
done
cmp "$out/first/journal.lvsj" "$out/second/journal.lvsj"
