#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Runs a command on a Debian kernel in qemu. docs/lab-guest.md tells more.
set -euo pipefail

usage="usage: guest.sh [OPTIONS] -- COMMAND [ARGUMENT]...
Boots a Debian kernel in qemu (software emulation, no network, no privileges), runs COMMAND in it
and ends with its exit code; its stdout and stderr come out as they are.
  --program FILE     a program of this host, with the shared libraries it needs; the guest finds it
                     by its name. A name without a slash is looked up in PATH
  --file HOST:GUEST  a file or folder, at the absolute path GUEST
  --module M         a kernel module to load first (\"ip_vs conn_tab_bits=12\": with parameters);
                     those for IPVS, netfilter, veth, bridges, netem and tunnels load on demand
  --env NAME=VALUE   an environment variable of the command
  --out FOLDER       where what the command wrote into /out is put
  --kernel PACKAGE   default linux-image-6.12-cloud-amd64
  --seed N           of all that is random in the guest (default 7)
  --wall-time        let the guest's clock follow the host's, instead of virtual time
  --fast             twice as fast in virtual time (1 ns an instruction instead of 2), and a kernel
                     that clears no memory ahead and has no security modules
  --cpus N           default 1; more only with --wall-time
  --memory MB        default 1024
  --disk MB          room for stdout, stderr and /out (default 4096, sparse)
  --timeout SECONDS  of wall time until the command is ended (default 600)
  --console FILE     keep the guest's console there
Exit code: the command's; 124 after the timeout (what was written till then comes out); 125 if the
guest itself failed; 122 without a kernel or qemu; 2 for wrong arguments."

kernel=linux-image-6.12-cloud-amd64
seed=7 virtual=yes fast=no cpus=1 memory=1024 disk=4096 patience=600 out='' console=''
modules=() programs=() files=() environment=() command=() problems=()

problem() { problems+=("guest: $1"); }

number() {  # OPTION VALUE
    [[ $2 =~ ^[0-9]{1,9}$ ]] || problem "$1 needs a number, not '$2'"
}

while (($#)); do
    case $1 in
        -h | --help) echo "$usage"; exit 0 ;;
        --wall-time) virtual=no; shift; continue ;;
        --fast) fast=yes; shift; continue ;;
        --) shift; command=("$@"); break ;;
        --program | --file | --module | --env | --out | --kernel | --seed | --cpus | --memory | \
            --disk | --timeout | --console) ;;
        *) problem "unknown argument '$1' (the command stands after --)"; shift; continue ;;
    esac
    if (($# < 2)); then
        problem "$1 needs a value"
        break
    fi
    case $1 in
        --program) programs+=("$2") ;;
        --file) files+=("$2") ;;
        --module) modules+=("$2") ;;
        --env) environment+=("$2") ;;
        --out) out=$2 ;;
        --kernel) kernel=$2 ;;
        --seed) seed=$2; number "$1" "$2" ;;
        --cpus) cpus=$2; number "$1" "$2" ;;
        --memory) memory=$2; number "$1" "$2" ;;
        --disk) disk=$2; number "$1" "$2" ;;
        --timeout) patience=$2; number "$1" "$2" ;;
        --console) console=$2 ;;
    esac
    shift 2
done

found_programs=()
for program in "${programs[@]}"; do
    if path=$(PATH=$PATH:/usr/sbin:/sbin type -P "$program"); then
        found_programs+=("$path")
    else
        problem "--program $program: no such program here"
    fi
done
for file in "${files[@]}"; do
    [[ $file == *:/* ]] || problem "--file $file: must be HOST:/GUEST"
    [[ -e ${file%%:*} ]] || problem "--file ${file%%:*}: no such file here"
done
for pair in "${environment[@]}"; do
    [[ $pair =~ ^[A-Za-z_][A-Za-z0-9_]*= ]] || problem "--env $pair: must be NAME=VALUE"
done
((${#command[@]})) || problem "no command (it stands after --)"
[[ $virtual == no || $cpus == 1 ]] || problem "virtual time has one CPU"
if ((${#problems[@]})); then
    printf '%s\n' "${problems[@]}" >&2
    exit 2
fi

need() {  # PROGRAM PACKAGE
    command -v "$1" >/dev/null || { echo "guest: $1 is missing (Debian package $2)" >&2; exit 122; }
}
need qemu-system-x86_64 qemu-system-x86
need cpio cpio
need setpriv util-linux
need dash dash
need depmod kmod
need xz xz-utils
need busybox busybox-static

here=$(cd "$(dirname "$0")" && pwd)
packaging=$here/../../packaging
lab=${LVSLAB_LAB:-$here/../../build/lab}
mkdir -p "$lab"/{runs,initramfs}
lab=$(cd "$lab" && pwd)
kernel_folder=$(LVSLAB_LAB=$lab "$packaging/fetch-kernel.sh" "$kernel") || exit
release=$(<"$kernel_folder/release")

# What a killed run left behind, if it is older than a day.
find "$lab/runs" -mindepth 1 -maxdepth 1 -mmin +1440 -exec rm -rf {} +
run=$(mktemp -d "$lab/runs/XXXXXXXX")
qemu=
clean_up() {
    trap '' INT TERM HUP  # nothing cuts it short
    [[ -z $qemu ]] || kill -KILL "$qemu" 2>/dev/null || true
    rm -rf "$run"
}
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

for module in "${modules[@]}"; do
    modprobe -n -d "$kernel_folder" -S "$release" "${module%% *}" 2>/dev/null ||
        problem "--module $module: the kernel $release has none of that name"
done
if ((${#problems[@]})); then
    printf '%s\n' "${problems[@]}" >&2
    exit 2
fi

# archive FOLDER: a cpio that depends on names and contents alone.
archive() {
    find "$1" -exec touch -h -d @0 {} +
    (cd "$1" && find . -mindepth 1 | LC_ALL=C sort |
        cpio -o -H newc --quiet --reproducible -R 0:0)
}

tree=$run/tree  # what this run has

put() {  # HOST GUEST [TREE]: a file or folder at a path of the guest
    mkdir -p "${3-$tree}$(dirname "$2")"
    cp -RLT --preserve=mode "$1" "${3-$tree}$2"
}

put_libraries() {  # FILE [TREE]: what the dynamic loader finds for it here
    local library
    # ldd fails for static programs and scripts, which need nothing.
    (ldd "$1" 2>/dev/null || true) | sed -n 's/^[^/]*\(\/[^ ]*\) (0x.*/\1/p' |
        while read -r library; do
            [[ -e ${2-$tree}$library ]] || put "$library" "$library" "${2-$tree}"
        done
}

# ---- what every run has: busybox, init, the modules that may be asked for. Kept by its contents.
loadable=(
    net/netfilter net/ipv4/netfilter net/ipv6/netfilter net/bridge net/sched/sch_netem
    net/sched/sch_plug net/sched/sch_tbf net/sched/sch_htb net/sched/sch_prio net/sched/sch_fq
    net/sched/sch_ingress
    net/sched/cls_u32 net/sched/act_mirred net/sched/cls_flower net/packet/af_packet
    net/ipv4/ipip net/ipv4/ip_tunnel net/ipv4/tunnel4 net/ipv6/sit net/ipv6/ip6_tunnel
    net/ipv6/tunnel6 drivers/net/veth drivers/net/tun drivers/net/dummy drivers/net/ifb
    drivers/net/macvlan drivers/block/virtio_blk drivers/char/virtio_console
)

# module_files: the files of all modules of the guest, relative to the kernel's folder.
module_files() {
    local tree=$kernel_folder/lib/modules/$release name
    {
        for name in "${loadable[@]}"; do
            if [[ -d $tree/kernel/$name ]]; then
                find "$tree/kernel/$name" -name '*.ko*' -printf '%f\n'
            else
                echo "${name##*/}.ko"
            fi
        done
        for name in "${modules[@]}"; do echo "${name%% *}.ko"; done
    } | sed 's/\.ko.*//' | LC_ALL=C sort -u |
        xargs modprobe -a -d "$kernel_folder" -S "$release" --show-depends 2>/dev/null |
        sed -n "s|^insmod .*/lib/modules/$release/\([^ ]*\).*|\1|p" | LC_ALL=C sort -u
}

build_base() {  # ARCHIVE
    local root=$run/base target=$run/base/usr/lib/modules/$release file to
    mkdir -p "$root"/{proc,sys,dev,run,tmp,root,out,var/log,etc,.guest/result} \
        "$root"/usr/{bin,lib,lib64,local/bin} "$target"
    for file in bin sbin; do ln -s usr/bin "$root/$file"; done
    ln -s bin "$root/usr/sbin"
    for file in lib lib64; do ln -s usr/$file "$root/$file"; done
    ln -s /run "$root/var/run"
    chmod 1777 "$root/tmp"
    cp "$(command -v busybox)" "$root/usr/bin/busybox"
    for file in $(busybox --list); do
        [[ $file == busybox ]] || ln -sf busybox "$root/usr/bin/$file"
    done
    # busybox's own shell prefers its commands to those that --program brings.
    rm "$root/usr/bin/sh"
    cp "$shell" "$root/usr/bin/sh"
    put_libraries "$shell" "$root"
    install -m 755 "$here/guest_init.sh" "$root/init"
    printf 'root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n' \
        >"$root/etc/passwd"
    printf 'root:x:0:\nnogroup:x:65534:\n' >"$root/etc/group"
    printf '127.0.0.1 localhost guest\n::1 localhost\n' >"$root/etc/hosts"
    printf 'hosts: files\n' >"$root/etc/nsswitch.conf"
    while read -r file; do
        to=$target/${file%.xz}
        mkdir -p "${to%/*}"
        if [[ $file == *.xz ]]; then
            xz -dc "$kernel_folder/lib/modules/$release/$file" >"$to"
        else
            cp "$kernel_folder/lib/modules/$release/$file" "$to"
        fi
    done <"$run/module_files"
    cp "$kernel_folder/lib/modules/$release"/modules.{builtin,builtin.modinfo,order} "$target/"
    depmod -b "$root/usr" "$release" 2>/dev/null || depmod -b "$root" "$release"
    rm -f "$target"/*.bin
    archive "$root" >"$run/base.cpio"
    rm -rf "$root"
    mv "$run/base.cpio" "$1"
}

shell=$(type -P dash)
# The sums are of contents: a kernel's release names its modules'.
key=$({
    cat "$here/guest.sh" "$here/guest_init.sh" "$(command -v busybox)" "$shell"
    echo "$release ${modules[*]%% *}"
} | sha256sum | cut -c1-24)
base=$lab/initramfs/$release-$key.cpio
if [[ ! -f $base ]]; then
    module_files >"$run/module_files"
    build_base "$base"
fi

# ---- what this run has: programs with their libraries, files, the command
mkdir -p "$tree"/{.guest,usr/local/bin,usr/lib,usr/lib64}
for name in lib lib64; do ln -s usr/$name "$tree/$name"; done

for program in "${found_programs[@]}"; do
    put "$program" "/usr/local/bin/${program##*/}"
    put_libraries "$program"
    if [[ $(realpath "$program") == */xtables-*-multi ]]; then
        extensions=$(find /usr/lib -maxdepth 2 -name xtables -type d | head -1)
        put "$extensions" "$extensions"
    fi
done
for file in "${files[@]}"; do
    put "${file%%:*}" "${file#*:}"
done
printf '%s\n' "${modules[@]}" | sed '/^$/d' >"$tree/.guest/modules"

quoted() { printf " '%s'" "${1//\'/\'\\\'\'}"; }
{
    for pair in "${environment[@]}"; do
        echo "export ${pair%%=*}=$(quoted "${pair#*=}" | cut -c2-)"
    done
    printf 'exec'
    for word in "${command[@]}"; do quoted "$word"; done
    echo
} >"$tree/.guest/command"
{ cat "$base"; archive "$tree"; } >"$run/initramfs"
rm -rf "$tree"

# ---- the machine
cpu=max lean='' shift=1
if [[ $fast == yes ]]; then
    # Each round of `rep movsb` counts as an instruction: a page cleared or copied byte by byte
    # costs 4096 of them, which a processor that has these features does in some 100 cycles.
    cpu=max,-erms,-fsrm
    lean='init_on_alloc=0 hardened_usercopy=off randomize_kstack_offset=off lsm='
    shift=0
fi
if [[ $virtual == yes ]]; then
    # Time is a function of the instructions executed, 2^shift ns each; when all sleep, it jumps to
    # the next timer.
    clock=(-accel "tcg,thread=single" -icount "shift=$shift,sleep=off,align=off"
           -rtc "base=2026-01-01,clock=vm")
else
    clock=(-accel "tcg,thread=multi")
fi
# Parts of the kernel that take a third of its start and that no lab asks for: tests of a random
# source, a certificate for signed modules, tracing, TCP written in BPF.
left_out=jent_mod_init,load_system_certificate_list,init_kprobe_trace,trace_eval_init
left_out+=,depot_debugfs_init,bpf_tcp_ca_kfunc_init,bpf_dummy_struct_ops_init
truncate -s "${disk}M" "$run/disk"
mkfifo "$run/keyboard"
exec 8<>"$run/keyboard"
# Whatever ends this script, also a SIGKILL, ends the machine.
setpriv --pdeathsig KILL qemu-system-x86_64 "${clock[@]}" -seed "$seed" -cpu "$cpu" -smp "$cpus" \
    -m "$memory" -M q35 \
    -nodefaults -no-user-config -display none -no-reboot -nic none \
    -chardev stdio,id=console,signal=off -serial chardev:console \
    -kernel "$kernel_folder/vmlinux" -initrd "$run/initramfs" \
    -append "console=ttyS0 panic=-1 quiet mitigations=off no_timer_check tsc=reliable
             initcall_blacklist=$left_out $lean" \
    -drive "file=$run/disk,format=raw,if=virtio,cache=unsafe" \
    <&8 >"$run/console" 2>"$run/qemu_errors" &
qemu=$!

# ended_within SECONDS: the machine is off by then
ended_within() {
    timeout "$1" tail --pid="$qemu" -f /dev/null &
    wait $!  # a signal interrupts it, unlike a command in the foreground
}
timed_out=no
if ! ended_within "$patience"; then
    timed_out=yes
    echo stop >&8
    ended_within 30 || kill -KILL "$qemu" 2>/dev/null || true
fi
qemu_status=0
wait "$qemu" 2>/dev/null || qemu_status=$?
qemu=
[[ -z $console ]] || tr -d '\r' <"$run/console" >"$console"

tail_of_console() {
    echo "guest: the end of its console:" >&2
    tr -d '\r' <"$run/console" | tail -n 60 | sed 's/^/    /' >&2
    cat "$run/qemu_errors" >&2
}
mkdir "$run/results"
if ! tar -x -C "$run/results" -f "$run/disk" 2>/dev/null || [[ ! -f $run/results/exit ]]; then
    if [[ $timed_out == yes ]]; then
        echo "guest: not done after $patience s, and no answer; ended" >&2
        tail_of_console
        exit 124
    fi
    echo "guest: the guest ended without results (qemu's exit code $qemu_status)" >&2
    tail_of_console
    exit 125
fi
cat "$run/results/stdout"
cat "$run/results/stderr" >&2
if [[ -n $out ]]; then
    mkdir -p "$out"
    cp -R --no-preserve=ownership "$run/results/out/." "$out/"
fi
[[ $timed_out == no ]] || echo "guest: '${command[0]}' was not done after $patience s; ended" >&2
exit "$(<"$run/results/exit")"
