#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# usage: packet_overhead_test.sh PROGRAM
set -euo pipefail

decisions=$(mktemp)
trap 'rm -f "$decisions"' EXIT
for method in nat direct; do
    for router in director plain; do
        "$1" "$method" "$router" 200 "$decisions"
    done
done
