#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Installs the Debian packages of the given lists (default: debian-packages.txt) that are missing.
# Says what it does; does nothing, and says so, when all are there.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
[ $# -gt 0 ] || set -- "$here/debian-packages.txt"

if ! command -v dpkg-query >/dev/null 2>&1 || ! command -v apt-get >/dev/null 2>&1; then
    echo "install: this is no Debian system; install by hand what $* list," >&2
    echo "         then call make with INSTALL=no" >&2
    exit 1
fi

missing=
for package in $(sed 's/#.*//' "$@"); do
    state=$(dpkg-query -W -f '${db:Status-Status} ' "$package" 2>/dev/null) || state=
    case $state in
        installed*) ;;
        *) missing="$missing $package" ;;
    esac
done
if [ -z "$missing" ]; then
    echo "install: nothing to do, all packages of $(basename -a "$@" | xargs) are there"
    exit 0
fi

echo "install: missing from Debian's packages:$missing"
if [ "$(id -u)" -eq 0 ]; then
    as_root=
elif command -v sudo >/dev/null 2>&1; then
    as_root=sudo
    echo "install: calling apt-get with sudo, which may ask for your password"
else
    echo "install: neither root nor sudo here; let an administrator run" >&2
    echo "         apt-get install --no-install-recommends$missing" >&2
    exit 1
fi

apt() {
    # shellcheck disable=SC2086 # as_root is empty or one word
    $as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -y \
        -o DPkg::Lock::Timeout=300 -o Acquire::Retries=3 -o Dpkg::Use-Pty=0 "$@" </dev/null
}
if ! apt update >/dev/null; then
    echo "install: apt-get update failed; going on with the package lists that are here" >&2
fi
log=$(mktemp)
trap 'rm -f "$log"' EXIT
# shellcheck disable=SC2086 # one word a package
if ! apt install --no-install-recommends $missing >"$log" 2>&1; then
    tail -n 30 "$log" >&2
    echo "install: apt-get install failed (its last lines stand above)" >&2
    exit 1
fi
echo "install: done"
