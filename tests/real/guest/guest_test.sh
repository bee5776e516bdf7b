#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# What guest.sh promises. usage: guest_test.sh repeats|failures|arguments|signals CLOCK_AND_DRAWS
set -uo pipefail
guest=$(cd "$(dirname "$0")/../../.." && pwd)/realmode/lab/guest.sh
program=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failed=0

expect() {  # WHAT COMMAND...: the command succeeds
    local what=$1
    shift
    "$@" >/dev/null 2>&1 || { echo "FAILED: $what"; failed=1; }
}

run() {  # NAME EXPECTED_CODE ARGUMENTS...: leaves NAME.out, NAME.err
    local name=$1 expected=$2 code=0
    shift 2
    "$guest" "$@" >"$work/$name.out" 2>"$work/$name.err" </dev/null || code=$?
    if [[ $code != "$expected" ]]; then
        echo "FAILED: $name ended with $code, not $expected; its stderr:"
        cat "$work/$name.err"
        failed=1
    fi
}

draws() {  # NAME SEED
    run "$1" 5 --seed "$2" --program "$program" --out "$work/$1" -- clock_and_draws 5
    echo "$failed" >"$work/$1.failed"
}

# began NAME: the guest's clock at the program's start, ns
began() { sed -n '1s/ .*//p' "$work/$1.out"; }

# Two runs at the same time, on a machine as busy as it is, agree in every byte; the seed matters.
repeats() {
    draws first 7 &
    draws second 7 &
    draws other 8 &
    wait
    cat "$work"/*.failed | grep -q 1 && failed=1
    expect "200 lines of clocks and draws" test "$(wc -l <"$work/first.out")" = 202
    expect "nothing but the command's line on stderr" grep -qx 'to stderr at [0-9]*' "$work/first.err"
    expect "one line on stderr" test "$(wc -l <"$work/first.err")" = 1
    expect "400 000 bytes in /out" test "$(wc -c <"$work/first/draws")" = 400000
    expect "the same stdout twice" cmp "$work/first.out" "$work/second.out"
    expect "the same stderr twice" cmp "$work/first.err" "$work/second.err"
    expect "the same /out twice" diff -r "$work/first" "$work/second"
    expect "other draws by another seed" test "$(cut -d' ' -f3 "$work/first.out" | sort -u |
        comm -12 - <(cut -d' ' -f3 "$work/other.out" | sort -u) | wc -l)" -lt 10
    diff "$work/first.out" "$work/second.out" | head -5
    run fast 5 --fast --seed 7 --program "$program" -- clock_and_draws 5
    expect "a fast machine has started in two thirds of the time" \
        test $((3 * $(began fast))) -lt $((2 * $(began first)))
}

failures() {
    run panic 125 -- sh -c 'echo c >/proc/sysrq-trigger'
    expect "a panic's console is shown" grep -q 'sysrq triggered crash' "$work/panic.err"
    # The virtual clock says when the command has begun, however busy this machine is.
    run hang 124 --timeout 20 -- sh -c 'echo begun; echo kept >/out/kept; while :; do :; done'
    expect "the end of patience is told" grep -q 'not done after 20 s' "$work/hang.err"
    run absent 127 -- no_such_command
}

# Wrong arguments: all of them at once, and no machine is started.
arguments() {
    run wrong 2 --program no_such_program --file /no/such:/file --file relative --seed seven \
        --env 1=2 --cpus 2 --what
    expect "one message for each" test "$(wc -l <"$work/wrong.err")" = 9
    run module 2 --module no_such_module -- true
    expect "the module is named" grep -q no_such_module "$work/module.err"
    LVSLAB_LAB=$work/lab run kernel 122 --kernel linux-image-no-such-kernel -- true
    expect "one message about the kernel" test "$(wc -l <"$work/kernel.err")" = 1
}

# Whoever ends the script ends its machine.
signals() {
    local signal script qemu
    for signal in TERM KILL; do
        "$guest" -- sh -c 'while :; do :; done' &
        script=$!
        until qemu=$(pgrep -P $script qemu-system); do
            kill -0 $script || { echo "FAILED: no machine was started"; exit 1; }
            sleep 0.1
        done
        kill -$signal $script
        wait $script 2>/dev/null
        # Ends when the machine has; the test's time runs out if it does not.
        tail --pid="$qemu" -f /dev/null
    done
}

case $1 in
    repeats | failures | arguments | signals) "$1" ;;
    *) echo "usage: $0 repeats|failures|arguments|signals CLOCK_AND_DRAWS" >&2; exit 2 ;;
esac
exit $failed
