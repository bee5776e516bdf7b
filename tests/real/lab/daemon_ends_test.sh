#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# A router's daemon that ends although no fault of the scenario ends it makes the run an error; one
# that a fault ends does not, nor one that is not wanted and says so.
# usage: daemon_ends_test.sh LVSLAB_LAB LVSROUTER SCENARIO SCENARIO_WITH_AN_UNWANTED_BACKUP
set -euo pipefail

lab=$1 lvsrouter=$2 scenario=$3 unwanted=$4
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT

code=0
"$lab" guest-run "$scenario" --journal "$out/none" --lvsrouter /bin/false 2>"$out/said" || code=$?
cat "$out/said"
[[ $code == 2 ]] || { echo "exit code $code, not 2"; exit 1; }
[[ ! -e $out/none ]] || { echo "a journal was written"; exit 1; }
grep -Eq "^lvslab-lab: router lvs[12]: its daemon false ended with exit code 1 " "$out/said"

cp "$(dirname "$scenario")"/*.cf "$out"
sed '/^expect:/,$d; s/crash: lvs1/terminate: lvs1/' "$scenario" >"$out/terminate.yaml"
grep -q "terminate: lvs1" "$out/terminate.yaml"
"$lab" guest-run "$out/terminate.yaml" --journal "$out/journal" --lvsrouter "$lvsrouter"
"$lab" guest-run "$unwanted" --journal "$out/journal-unwanted" --lvsrouter "$lvsrouter"
[[ -s $out/journal-unwanted ]] || { echo "no journal of a run with an unwanted backup"; exit 1; }
[[ -s $out/journal ]] || { echo "no journal of the run with a fault"; exit 1; }
