#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Fetches a Debian kernel and unpacks it for the guest of realmode/lab/guest.sh. Nothing is
# installed: the package stays in $LVSLAB_LAB/kernels (default: build/lab/kernels), and a kernel
# that is there already is used without a network.
set -euo pipefail

usage="usage: $0 [--update] [PACKAGE]
  PACKAGE  a Debian kernel or a metapackage that names one: linux-image-6.12-cloud-amd64 (default),
           linux-image-cloud-amd64 (6.1), linux-image-6.12-amd64, ...
  --update ask Debian for today's version, also if one is there already
Prints the kernel's folder: vmlinux, release (its version as uname -r says it) and lib/modules.
Exit code 2: usage; 122: the package, or a tool to unpack it, cannot be had."

fail() {
    echo "fetch-kernel: $1" >&2
    exit "${2:-122}"
}

update=no
package=linux-image-6.12-cloud-amd64
while (($#)); do
    case $1 in
        --update) update=yes ;;
        -h | --help) echo "$usage"; exit 0 ;;
        -*) echo "$usage" >&2; exit 2 ;;
        *) package=$1 ;;
    esac
    shift
done
[[ $package =~ ^[a-z0-9][a-z0-9.+-]+$ ]] || fail "'$package' is no package's name" 2

root=$(cd "$(dirname "$0")/.." && pwd)
kernels=${LVSLAB_LAB:-$root/build/lab}/kernels
mkdir -p "$kernels"
kernels=$(cd "$kernels" && pwd)

# Two runs at a time fetch it once.
exec 9>"$kernels/lock"
flock 9

if [[ $update == no && -f $kernels/$package/release ]]; then
    realpath "$kernels/$package"
    exit 0
fi

for tool in apt-get apt-cache dpkg-deb depmod xz; do
    command -v "$tool" >/dev/null ||
        fail "$tool is missing (Debian packages: apt, dpkg, kmod, xz-utils)"
done

# image_of PACKAGE: the kernel a metapackage names, or PACKAGE itself; nothing if unknown.
image_of() {
    local depends
    apt-cache show --no-all-versions "$1" >/dev/null 2>&1 || return 0
    depends=$(apt-cache depends "$1" | sed -n 's/^ *Depends: \(linux-image-[0-9].*\)/\1/p' | head -1)
    echo "${depends:-$1}"
}

# unpacked_payload VMLINUZ: the kernel that the boot image carries, by the header of the x86 boot
# protocol (setup_sects at 0x1f1, payload_offset at 0x248, payload_length at 0x24c).
unpacked_payload() {
    local image=$1 sectors offset length start magic
    sectors=$(od -An -tu1 -j $((0x1f1)) -N1 "$image")
    read -r offset length < <(od -An -tu4 -j $((0x248)) -N8 "$image")
    start=$(((sectors + 1) * 512 + offset))
    magic=$(od -An -tx1 -j $start -N4 "$image" | tr -d ' ')
    local unpack
    case $magic in
        1f8b*) unpack=(gzip -dc) ;;
        fd377a58) unpack=(xz -dc) ;;
        28b52ffd) unpack=(zstd -dc) ;;
        *) fail "$image: its payload is packed in a way unknown here (magic $magic)" ;;
    esac
    command -v "${unpack[0]}" >/dev/null || fail "${unpack[0]} is missing, $image is packed with it"
    # Four bytes after the packed data tell the unpacked length; gzip and zstd call them trailing
    # garbage, so they are left off.
    tail -c +$((start + 1)) "$image" | head -c $((length - 4)) | "${unpack[@]}" 2>/dev/null || true
}

renew_lists() {
    [[ $(id -u) == 0 ]] && apt-get -qq update >/dev/null 2>&1
}

image=$(image_of "$package")
if [[ -z $image || $update == yes ]]; then
    renew_lists || true
    image=$(image_of "$package")
fi
[[ -n $image ]] ||
    fail "Debian's package $package is not known to apt (no network, or apt-get update needed)"

download() {
    (cd "$work" && apt-get -qq -o APT::Sandbox::User=root -o Acquire::Retries=3 download "$image") \
        >"$work/log" 2>&1
}
release=${image#linux-image-}
if [[ ! -f $kernels/$release/release ]]; then
    work=$(mktemp -d "$kernels/.$release.XXXXXX")
    trap 'rm -rf "$work"' EXIT
    echo "fetching $image (unpacked, not installed)" >&2
    if ! download; then
        # Lists of some weeks ago name a kernel that a security update has replaced since.
        renew_lists || true
        image=$(image_of "$package")
        release=${image#linux-image-}
        download ||
            fail "cannot download $image: $(grep -m1 '^E:' "$work/log" || tail -1 "$work/log")"
    fi
    dpkg-deb -x "$work/$image"_*.deb "$work/tree" || fail "cannot unpack $image"
    [[ -d $work/tree/lib/modules/$release ]] || fail "$image has no modules for $release"
    depmod -b "$work/tree" "$release"
    unpacked_payload "$work/tree/boot/vmlinuz-$release" >"$work/tree/vmlinux"
    [[ $(head -c4 "$work/tree/vmlinux" | tail -c3) == ELF ]] ||
        fail "the boot image of $image holds no ELF kernel"
    rm -rf "$work/tree/boot" "$work/tree/usr"
    # Last, and by a rename: a folder with this file is complete.
    echo "$release" >"$work/tree/release"
    chmod 755 "$work/tree"
    mv "$work/tree" "$kernels/$release"
fi
[[ $package == "$release" || $package == "$image" ]] || ln -sfn "$release" "$kernels/$package"
[[ $package != "$image" ]] || ln -sfn "$release" "$kernels/$image"
echo "$kernels/$release"
