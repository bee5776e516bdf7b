#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# What the kernel world cannot do is refused with its place, before anything is started or written.
# usage: refuses_test.sh LVSLAB SCENARIO WHAT [OPTION...]
set -euo pipefail

lvslab=$1 scenario=$2 what=$3
shift 3
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT

# `--check` refuses what a run refuses.
for check in "" --check; do
    code=0
    "$lvslab" run --world kernel --virtual-time $check "$@" --output "$out/result" "$scenario" \
        >"$out/stdout" 2>"$out/stderr" || code=$?
    cat "$out/stderr"
    [[ $code == 2 ]] || { echo "run $check: exit code $code, not 2"; exit 1; }
    [[ ! -e $out/result ]] || { echo "run $check: something was written"; exit 1; }
    grep -Eq "$(basename "$scenario"):[0-9]+:[0-9]+: .*$what" "$out/stderr"
done
