#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Plays scenario scripts on a Debian kernel's IPVS, booted in qemu without any network, and
# collects the recordings. See README.md here.
set -euo pipefail

usage="usage: $0 [--kernel PACKAGE] [--keep-wall-time] SCRIPT_FOLDER RECORDING_FOLDER
  PACKAGE: linux-image-6.12-cloud-amd64 (default), linux-image-cloud-amd64 (6.1), any Debian kernel"
package=linux-image-6.12-cloud-amd64
clock=(-accel tcg,thread=single -icount shift=1,sleep=off,align=off
       -rtc base=2026-01-01,clock=vm -seed 7)
while [[ ${1-} == --* ]]; do
    case $1 in
        --kernel) package=$2; shift 2 ;;
        --keep-wall-time) clock=(-accel tcg,thread=multi); shift ;;
        *) echo "$usage" >&2; exit 2 ;;
    esac
done
[[ $# == 2 && -d $1 ]] || { echo "$usage" >&2; exit 2; }
here=$(cd "$(dirname "$0")" && pwd)
scripts=$(cd "$1" && pwd)
mkdir -p "$2"
recordings=$(cd "$2" && pwd)
compgen -G "$scripts/*.script" >/dev/null || { echo "$scripts: no *.script" >&2; exit 2; }
lab=${LVSLAB_LAB:-$here/../../build/lab}
mkdir -p "$lab"
lab=$(cd "$lab" && pwd)

need=()
for pair in qemu-system-x86_64:qemu-system-x86 cpio:cpio modprobe:kmod xz:xz-utils g++:g++; do
    command -v "${pair%%:*}" >/dev/null || need+=("${pair##*:}")
done
[[ -f /usr/include/fmt/format.h ]] || need+=(libfmt-dev)
if ((${#need[@]})); then
    echo "installing ${need[*]}"
    apt-get update -qq
    apt-get install -y -qq --no-install-recommends "${need[@]}" >/dev/null
fi

# A metapackage names the kernel of today; the kernel is unpacked, never installed.
image=$(apt-cache depends "$package" | sed -n 's/^ *Depends: \(linux-image-[0-9].*\)/\1/p' | head -1)
image=${image:-$package}
version=${image#linux-image-}
unpack() {  # FOLDER PACKAGE...
    local folder=$1 name
    shift
    for name; do
        [[ -e $folder/.$name ]] && continue
        mkdir -p "$folder/deb"
        (cd "$folder/deb" && rm -f "${name}"_*.deb && apt-get download -qq "$name" 2>/dev/null)
        dpkg -x "$folder/deb/${name}"_*.deb "$folder"
        touch "$folder/.$name"
    done
}
echo "kernel $version"
unpack "$lab/$version" "$image"
unpack "$lab/tools" busybox-static iptables libxtables12 libip4tc2 libip6tc2 libc6
[[ -f $lab/$version/lib/modules/$version/modules.dep ]] ||
    depmod -b "$lab/$version" "$version"

echo "building the oracle"
warnings="-Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wnon-virtual-dtor
          -Woverloaded-virtual -Wold-style-cast -Werror"
compiler=$(command -v ccache || true)
for source in "$here"/oracle/*.cpp "$here/../../core/base/address.cpp"; do
    object=$lab/$(basename "$source").o
    # shellcheck disable=SC2086
    $compiler g++ -std=c++20 -O2 $warnings -DFMT_HEADER_ONLY -I"$here/../.." \
        -c "$source" -o "$object"
    objects+=("$object")
done
g++ -static "${objects[@]}" -o "$lab/ipvs_oracle"

root=$lab/initramfs
rm -rf "$root"
mkdir -p "$root"/{bin,proc,sys,dev,run,tmp,modules,scripts,recordings} "$root/usr/lib" "$root/usr/sbin"
cp "$lab/ipvs_oracle" "$root/bin/"
cp "$scripts"/*.script "$root/scripts/"
cp "$lab/tools/bin/busybox" "$root/bin/"
modules=(tun virtio_blk iptable_mangle ip6table_mangle xt_mark ip_vs)
for scheduler in rr wrr lc wlc sed nq lblc lblcr dh sh mh fo ovf twos; do
    [[ $(find "$lab/$version/lib/modules" -name "ip_vs_$scheduler.ko*") ]] &&
        modules+=("ip_vs_$scheduler")
done
# The modules in the order of their dependencies, numbered, so that the guest needs no depmod.
number=100
for module in "${modules[@]}"; do
    modprobe -d "$lab/$version" -S "$version" --show-depends "$module" 2>/dev/null |
        sed -n 's/^insmod \([^ ]*\).*/\1/p' || echo "no module $module in $version" >&2
done | awk '!seen[$0]++' | while read -r file; do
    target=$root/modules/$number-$(basename "${file%.xz}")
    if [[ $file == *.xz ]]; then xz -dc "$file" >"$target"; else cp "$file" "$target"; fi
    number=$((number + 1))
done
# iptables marks packets; its libraries and extensions go where the dynamic loader looks.
cp -a "$lab"/tools/usr/sbin/xtables-legacy-multi "$root/usr/sbin/"
ln -s xtables-legacy-multi "$root/usr/sbin/iptables"
ln -s xtables-legacy-multi "$root/usr/sbin/ip6tables"
libraries=usr/lib/x86_64-linux-gnu
mkdir -p "$root/$libraries/xtables" "$root/lib64"
ln -s usr/lib "$root/lib"
cp -aL "$lab"/tools/$libraries/lib{xtables.so.12,ip4tc.so.2,ip6tc.so.2} "$root/$libraries/"
cp "$lab"/tools/$libraries/xtables/libxt_{mark,MARK,standard}.so "$root/$libraries/xtables/" 2>/dev/null || true
cp -aL "$lab"/tools/lib/x86_64-linux-gnu/libc.so.6 "$root/$libraries/"
cp -aL "$lab"/tools/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2 "$root/lib64/"
cat >"$root/init" <<'INIT'
#!/bin/busybox sh
/bin/busybox --install -s /bin
export PATH=/bin:/usr/sbin LD_LIBRARY_PATH=/usr/lib/x86_64-linux-gnu
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
dmesg -n 1
for module in /modules/*.ko; do insmod "$module" || echo "cannot load $module"; done
mkdir -p /dev/net
[ -e /dev/net/tun ] || mknod /dev/net/tun c 10 200
set --
for script in /scripts/*.script; do
    name=${script##*/}
    set -- "$@" "$script" "/recordings/${name%.script}.jsonl"
done
ipvs_oracle "$@" >/recordings/oracle.log 2>&1
echo $? >/recordings/exit
cat /recordings/oracle.log
tar -c -C /recordings . >/dev/vda
sync
poweroff -f
INIT
chmod +x "$root/init"
(cd "$root" && find . | LC_ALL=C sort | cpio -o -H newc --quiet --reproducible) |
    gzip -1n >"$lab/initramfs.gz"

echo "playing $(find "$scripts" -name '*.script' | wc -l) scripts"
out=$lab/out.img
rm -f "$out"
truncate -s 512M "$out"
started=$(date +%s)
timeout 3600 qemu-system-x86_64 "${clock[@]}" -cpu max -smp 1 -m 2048 -M q35 -nographic -no-reboot \
    -net none -kernel "$lab/$version/boot/vmlinuz-$version" -initrd "$lab/initramfs.gz" \
    -append "console=ttyS0 panic=-1 quiet mitigations=off no_timer_check tsc=reliable" \
    -drive "file=$out,format=raw,if=virtio" </dev/null | tr -d '\r' >"$lab/console.log" ||
    echo "qemu ended with $?" >&2
rm -rf "$lab/collected"
mkdir "$lab/collected"
if ! tar -x -C "$lab/collected" -f "$out" 2>/dev/null || [[ ! -f $lab/collected/exit ]]; then
    tail -20 "$lab/console.log" >&2
    echo "the guest left no recordings; its console: $lab/console.log" >&2
    exit 1
fi
cat "$lab/collected/oracle.log" >&2
for file in "$lab"/collected/*.jsonl; do
    gzip -9n <"$file" >"$recordings/$(basename "$file").gz"
done
echo "$(cat "$lab"/collected/*.jsonl | wc -l) events, $(($(date +%s) - started)) s"
exit "$(cat "$lab/collected/exit")"
