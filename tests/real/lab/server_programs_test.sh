#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Real servers run nginx or vsftpd: the scenario's expectations hold, and each server's own log has
# as many transfers as the journal has of it, but for those that the end of the program cut off.
# With `repeats` a second run gives the same journal to the byte.
# usage: server_programs_test.sh LVSLAB SCENARIO OPTION PROGRAM LOG PATTERN [repeats]
#   LOG: the log's name; PATTERN: what a line of it about a transfer holds
set -euo pipefail

lvslab=$1 scenario=$2 option=$3 program=$4 log=$5 pattern=$6 repeats=${7-}
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT

run() {  # FOLDER
    "$lvslab" run --world kernel --virtual-time "$option" "$program" --journal all \
        --output "$out/$1" "$scenario"
}
run first
[[ -n $(find "$out/first/servers" -name '*.conf') ]] || { echo "no configuration kept"; exit 1; }
/usr/bin/python3 - "$out/first" "$log" "$pattern" <<'PYTHON'
import json, pathlib, sys
folder, log, pattern = pathlib.Path(sys.argv[1]), sys.argv[2], sys.argv[3]
for server in json.loads((folder / "summary.json").read_text())["servers"]:
    lines = (folder / "servers" / server["server"] / log).read_text().splitlines()
    logged = sum(pattern in line for line in lines)
    print(f"{server['server']}: {server['responses']} responses, {logged} in its log")
    if not server["responses"] <= logged <= server["responses"] + 5 or logged == 0:
        sys.exit("the log and the journal do not agree")
PYTHON
if [[ $repeats == repeats ]]; then
    run second
    cmp "$out/first/journal.lvsj" "$out/second/journal.lvsj"
fi
