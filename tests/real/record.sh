#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Plays scenario scripts on a Debian kernel's IPVS in the guest and collects the recordings.
# See README.md here.
set -euo pipefail

usage="usage: $0 [--kernel PACKAGE] [--wall-time] [--programs FOLDER] SCRIPT_FOLDER RECORDING_FOLDER
  PACKAGE: linux-image-6.12-cloud-amd64 (default), linux-image-cloud-amd64 (6.1), any Debian kernel
  FOLDER:  where ipvs_oracle is (build/release/bin)"
here=$(cd "$(dirname "$0")" && pwd)
programs=$here/../../build/release/bin
options=()
while [[ ${1-} == --* ]]; do
    case $1 in
        --kernel) options+=("$1" "${2-}"); shift 2 ;;
        --wall-time) options+=("$1"); shift ;;
        --programs) programs=${2-}; shift 2 ;;
        *) echo "$usage" >&2; exit 2 ;;
    esac
done
[[ $# == 2 && -d $1 ]] || { echo "$usage" >&2; exit 2; }
compgen -G "$1/*.script" >/dev/null || { echo "$1: no *.script" >&2; exit 2; }
if [[ ! -x $programs/ipvs_oracle ]]; then
    echo "$programs/ipvs_oracle is not built: cmake --build build/release --target ipvs_oracle" >&2
    exit 2
fi

played=$(mktemp -d)
trap 'rm -rf "$played"' EXIT
started=$(date +%s)
echo "playing $(find "$1" -name '*.script' | wc -l) scripts"
status=0
"$here/../../realmode/lab/guest.sh" "${options[@]}" --memory 2048 --timeout 3600 --module tun \
    --module ip_vs --program "$programs/ipvs_oracle" --program iptables --program ip6tables \
    --file "$1:/scripts" --file "$here/play_scripts.sh:/play_scripts.sh" --out "$played" -- \
    sh /play_scripts.sh || status=$?
compgen -G "$played/*.jsonl" >/dev/null || exit "$status"
mkdir -p "$2"
for file in "$played"/*.jsonl; do
    gzip -9n <"$file" >"$2/$(basename "$file").gz"
done
echo "$(cat "$played"/*.jsonl | wc -l) events, $(($(date +%s) - started)) s"
exit "$status"
