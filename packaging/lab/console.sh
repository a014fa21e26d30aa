#!/bin/sh
# Boots a Linux of its own in qemu, with nothing in it but busybox and the program, and tells what the program drew on
# a virtual terminal. Pure emulation: neither KVM nor any device of this machine is used, and nothing is left behind.
#
#   packaging/lab/console.sh PROGRAM REPORT [STALLED]
#
#   PROGRAM  the unblink to run; the libraries it needs are taken from this machine
#   REPORT   the file for what was found; packaging/lab/init.sh says what stands in it
#   STALLED  a pipe that takes no bytes: what the guest's third serial line is connected to
#
# UNBLINK_LAB_KERNEL names the kernel [default: the newest /boot/vmlinuz-*].
set -eu

die() { echo "console.sh: $*" >&2; exit 1; }
need() { command -v "$1" >/dev/null 2>&1 || die "$1 is missing; apt-get install $2"; }

[ $# -ge 2 ] || die "usage: console.sh PROGRAM REPORT [STALLED]"
program=$1 report=$2 stalled=${3:-}
need qemu-system-x86_64 qemu-system-x86
need busybox busybox-static
need cpio cpio
need ldd libc-bin
kernel=${UNBLINK_LAB_KERNEL:-$(find /boot -maxdepth 1 -name 'vmlinuz-*' | sort -V | tail -n 1)}
[ -r "$kernel" ] || die "no kernel that may be read in /boot; apt-get install linux-image-amd64, or set UNBLINK_LAB_KERNEL"
here=$(cd "$(dirname "$0")" && pwd)

root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
for folder in bin proc sys dev run tmp etc/unblink; do mkdir -p "$root/tree/$folder"; done
cp "$(command -v busybox)" "$root/tree/bin/busybox"
cp "$program" "$root/tree/bin/unblink"
cp "$here/init.sh" "$root/tree/init"
cp "$here/unblink.toml" "$root/tree/etc/unblink/unblink.toml"
chmod 755 "$root/tree/init"
# A busybox that is not static needs its libraries too.
for file in "$program" "$root/tree/bin/busybox"; do
  for library in $(ldd "$file" 2>/dev/null | grep -o '/[^ ]*'); do
    [ -e "$root/tree$library" ] || { mkdir -p "$root/tree$(dirname "$library")"; cp -L "$library" "$root/tree$library"; }
  done
done
(cd "$root/tree" && find . | cpio --quiet -o -H newc) >"$root/initramfs"

set -- -chardev null,id=third
[ -z "$stalled" ] || set -- -chardev "file,id=third,path=$stalled"
: >"$report"
# One processor and no cmpxchg16b: more make old versions of the emulator panic the guest now and then.
timeout 300 qemu-system-x86_64 -nodefaults -no-user-config -no-reboot -display none -vga std \
  -M pc -accel tcg,thread=single -cpu max,-cx16,-la57,-pku -smp 1 -m 512 \
  -kernel "$kernel" -initrd "$root/initramfs" \
  -append "console=ttyS0,115200 quiet loglevel=3 panic=-1 mitigations=off tsc=unstable random.trust_cpu=1 consoleblank=600" \
  -serial "file:$root/kernel.log" -serial "file:$report" "$@" -device isa-serial,chardev=third,index=2 \
  </dev/null >"$root/qemu.log" 2>&1 ||
  { cat "$root/qemu.log" "$root/kernel.log" "$report" >&2; die "the guest did not end as it should"; }
