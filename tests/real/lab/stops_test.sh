#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# A run of the kernel world that is stopped leaves nothing behind: no process, no file, no half a
# result; SIGINT and SIGTERM end it with 130.
# usage: stops_test.sh LVSLAB SCENARIO
set -euo pipefail

lvslab=$(realpath "$1") scenario=$(realpath "$2")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work"/{lab,tmp}
lab=$(realpath "${LVSLAB_LAB:-$(dirname "$0")/../../../build/lab}")
for part in kernels initramfs; do
    mkdir -p "$lab/$part"
    ln -s "$lab/$part" "$work/lab/$part"
done
# All that a run starts carries this, whoever is its parent by then.
export LVSLAB_LAB=$work/lab TMPDIR=$work/tmp LVSLAB_STOPS_TEST=$work

of_this_run() {  # PATTERN: its processes whose command line has it
    local found=1 process
    for process in /proc/[0-9]*; do
        [[ ${process#/proc/} != "$$" && ${process#/proc/} != "$BASHPID" ]] || continue
        grep -qsz "^LVSLAB_STOPS_TEST=$work$" "$process/environ" || continue
        if tr '\0' ' ' <"$process/cmdline" 2>/dev/null | grep -q -- "$1"; then
            echo "${process#/proc/}"
            found=0
        fi
    done
    return $found
}

check() {  # HOW: what is left of the run that was stopped so
    local left
    until [[ -z $(of_this_run "lvslab\|qemu\|guest.sh") ]]; do :; done
    left=$(find "$work/lab/runs" "$work/tmp" -mindepth 1)
    [[ -z $left ]] || { echo "$1 left: $left"; exit 1; }
}

stop() {  # SIGNAL WHOM WHEN CODE: sends it to a process once another one is there
    local whom code=0
    "$lvslab" run --world kernel --virtual-time --output "$work/result" "$scenario" \
        >"$work/log" 2>&1 &
    local run=$!
    until of_this_run "$3" >/dev/null; do
        kill -0 "$run" 2>/dev/null || { cat "$work/log"; echo "over before $3"; exit 1; }
    done
    whom=$run
    [[ $2 == lvslab ]] || whom=$(of_this_run "$2" | head -1)
    kill -"$1" "$whom"
    wait "$run" 2>/dev/null || code=$?
    [[ $code == "$4" ]] || { cat "$work/log"; echo "$1 to $2 at $3: exit code $code"; exit 1; }
    check "$1 to $2 at $3"
    # What a killed lvslab was writing is hidden, and no result.
    [[ ! -e $work/result/summary.json ]] || { echo "$1 to $2 left a result"; exit 1; }
    [[ $1$2 == KILLlvslab || ! -e $work/result ]] || { echo "$1 to $2 left a folder"; exit 1; }
    rm -rf "$work/result"
}

stop INT lvslab "lvslab run" 130
stop INT lvslab "guest.sh" 130
stop TERM lvslab "^qemu" 130
stop KILL lvslab "^qemu" 137
stop KILL "lvslab-lab guest-run" "^qemu" 2
stop KILL "^qemu" "^qemu" 2
