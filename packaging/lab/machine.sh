#!/usr/bin/env bash
# Boots a Debian of its own with a real systemd on an emulated machine, for `make test-qemu`: a kernel of its own, and with it
# control groups of version 2 with all controllers, virtual terminals, a disk whose power can be cut and a clock that can be
# set. Half a minute to start, no KVM, and nothing left behind but the base in its cache. Needs root.
#
#   packaging/lab/machine.sh create           makes the base once (network, two minutes); done already, it does nothing
#   packaging/lab/machine.sh boot NAME [TAR]  starts a fresh instance, waits until it is up and unpacks that archive at its root
#   packaging/lab/machine.sh exec NAME CMD... runs a command as root in it; input, output and status are passed through
#   packaging/lab/machine.sh reach NAME PATH SOCKET
#                                             opens SOCKET here for what listens at PATH inside
#   packaging/lab/machine.sh cut NAME [CLOCK] cuts its power, and starts it again from the same disk, its clock set as `date -d` has it
#   packaging/lab/machine.sh log NAME         what its console showed
#   packaging/lab/machine.sh down NAME        ends it at once and drops its disk
#
# UNBLINK_LAB_SUITE    Debian's release: bookworm has systemd 252, trixie has 257   [default: trixie]
# UNBLINK_LAB_DIR      where bases and instances lie             [default: target/lab beside this project's Makefile]
# UNBLINK_LAB_MIRROR   where packages come from                  [default: what this machine's apt uses]
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
lab=${UNBLINK_LAB_DIR:-$here/../../target/lab}
suite=${UNBLINK_LAB_SUITE:-trixie}
# procps for pkill and pgrep. A change here makes another base.
packages="systemd systemd-sysv dbus udev kmod procps iproute2 openssh-server"
recipe=1
# Under emulation on a machine that does other things, too.
up_in_s=400

die() { echo "machine.sh: $*" >&2; exit 1; }
need() { command -v "$1" >/dev/null 2>&1 || die "$1 is missing; apt-get install $2"; }
[ "$(id -u)" = 0 ] || die "needs root"
[ "$(uname -m)" = x86_64 ] || die "the machine that is emulated is x86-64, and this one is $(uname -m)"
[[ $suite =~ ^[a-z]+$ ]] || die "UNBLINK_LAB_SUITE: a Debian release by its name"
mkdir -p "$lab"
lab=$(cd "$lab" && pwd)
base=$lab/machine-$suite-$(echo "$recipe $packages" | sha256sum | cut -c1-8)

# A number alone may have been given to another process since: its start time is kept beside it.
started() { local line; line=$(cat "/proc/$1/stat" 2>/dev/null) || return 1; line=${line##*) }; set -- $line; echo "${20}"; }
# The emulator, while it lives.
emulator_of() {
  local pid at
  read -r pid at 2>/dev/null <"$lab/machine-run-$1/pid" || return 1
  [ "$(started "$pid")" = "$at" ] && [ "$(sed 's/.*) \(.\).*/\1/' "/proc/$pid/stat")" != Z ] && echo "$pid"
}

create() {
  [ ! -e "$base/ready" ] || return 0
  need mmdebstrap mmdebstrap
  need mke2fs e2fsprogs
  need ssh-keygen openssh-client
  # One at a time; what one that died left is made anew.
  exec 9>"$lab/.lock"; flock 9
  if [ ! -e "$base/ready" ]; then
    rm -rf "$base"; mkdir -p "$base"
    local mirror root=$base/root kernel
    mirror=${UNBLINK_LAB_MIRROR:-$(apt-get indextargets --format '$(REPO_URI)' 2>/dev/null | grep -v security | head -n 1)}
    echo "machine.sh: making the base of $suite" >&2
    # The kernel for clouds has NVMe and ext4 built in and needs no initramfs. It is unpacked and not installed, which would bring
    # tools that make one.
    mmdebstrap --variant=minbase --mode=root --format=directory \
      --aptopt='Acquire::Languages "none"' --aptopt='APT::Install-Recommends "false"' \
      --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-exclude=/usr/share/man/*' \
      --dpkgopt='path-exclude=/usr/share/locale/*' --include="${packages// /,}" \
      --customize-hook='mkdir "$1/kernel" && cd "$1/kernel" && export APT_CONFIG="$MMDEBSTRAP_APT_CONFIG" && apt-get download -q "$(apt-cache depends linux-image-cloud-amd64 | sed -n "s/.*Depends: //p" | head -n 1)" && dpkg-deb -x linux-image-*.deb .' \
      "$suite" "$root" "$mirror" >"$base/build.log" 2>&1 9>&- || { tail -n 15 "$base/build.log" >&2; die "mmdebstrap failed"; }
    kernel=$(basename "$root"/kernel/boot/vmlinuz-*)
    mv "$root/kernel/boot/$kernel" "$base/vmlinuz"
    mkdir -p "$root/usr/lib/modules"
    # Before Debian 13 modules lie below /lib.
    find "$root/kernel" -maxdepth 4 -path '*lib/modules/*' -name "${kernel#vmlinuz-}" -exec mv {} "$root/usr/lib/modules/" \;
    rm -rf "$root/kernel"
    chroot "$root" depmod "${kernel#vmlinuz-}"
    furnish "$root"
    mke2fs -q -t ext4 -E lazy_itable_init=1 -d "$root" "$base/disk" 2G >>"$base/build.log" 2>&1
    rm -rf "$root"
    : >"$base/ready"
  fi
  exec 9>&-
}

# What makes a machine of a folder with packages: a name, a way in from here alone, and nothing that fetches anything.
furnish() {
  local root=$1
  echo lab >"$root/etc/hostname"
  : >"$root/etc/machine-id"
  rm -f "$root/etc/resolv.conf"
  chroot "$root" systemctl mask -q apt-daily.timer apt-daily-upgrade.timer systemd-firstboot.service systemd-timesyncd.service \
    getty@tty1.service serial-getty@ttyS0.service e2scrub_all.timer fstrim.timer >/dev/null 2>&1 || true
  chroot "$root" systemctl set-default -q multi-user.target 2>/dev/null
  ssh-keygen -q -t ed25519 -N '' -C unblink-lab -f "$base/key"
  install -d -m 700 "$root/root/.ssh"
  install -m 600 "$base/key.pub" "$root/root/.ssh/authorized_keys"
  printf 'UseDNS no\nUsePAM no\nPrintMotd no\nMaxSessions 100\n' >"$root/etc/ssh/sshd_config.d/lab.conf"
  chroot "$root" systemctl enable -q ssh.service 2>/dev/null
  echo '/dev/nvme0n1 / ext4 defaults 0 1' >"$root/etc/fstab"
  # The emulator's network is always the same: a fixed address needs nobody who gives one.
  cat >"$root/etc/systemd/system/lab-network.service" <<'UNIT'
[Unit]
DefaultDependencies=no
After=systemd-remount-fs.service
Before=ssh.service
[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/bin/sh -c 'modprobe virtio_net; until d=$$(ls /sys/class/net | grep -v ^lo$$); do sleep 0.2; done; ip link set lo up; ip addr replace 10.0.2.15/24 dev $$d; ip link set $$d up'
[Install]
WantedBy=multi-user.target
UNIT
  chroot "$root" systemctl enable -q lab-network.service 2>/dev/null
}

# A port where nobody listens, below those that the kernel gives away.
free_port() {
  local port
  for ((tries = 0; tries < 50; tries++)); do
    port=$((20000 + RANDOM % 12000))
    if ! (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then echo "$port"; return 0; fi
  done
  die "no free port"
}

# The emulator takes connections before anybody inside does: it is the greeting that counts.
greets() {
  timeout 5 bash -c 'exec 3<>"/dev/tcp/127.0.0.1/$1" && read -r -t 4 line <&3 && [[ $line == SSH-* ]]' greets "$1" 2>/dev/null
}

boot() {
  local name=$1 run=$lab/machine-run-$1
  need qemu-system-x86_64 qemu-system-x86
  need qemu-img qemu-utils
  need ssh openssh-client
  create
  down "$name"
  # What does not come up is taken away again, however it ends.
  trap "down '$name'" EXIT
  mkdir -p "$run"
  # The base stays as it is. A disk of this kind forgets, as others do, what it was told to write and not to keep.
  qemu-img create -q -f qcow2 -F raw -b "$base/disk" "$run/disk"
  if [ -n "${2:-}" ]; then cp "$2" "$run/files"; else tar -cf "$run/files" -T /dev/null; fi
  power "$name"
  inside "$name" tar -xf /dev/vda -C / --keep-directory-symlink
  trap - EXIT
}

# Once more from the disk as it is.
power() {
  local name=$1 run=$lab/machine-run-$1 port begun=$SECONDS clock
  clock=$(date -u -d "${2:-now}" +%FT%T)
  port=$(free_port)
  echo "$port" >"$run/port"
  rm -f "$run/state"
  # One processor and no cmpxchg16b: more make old versions of the emulator panic the guest now and then.
  setsid qemu-system-x86_64 -name "unblink-lab-$name" -nodefaults -no-user-config -no-reboot -display none -vga std \
    -M q35,usb=off -accel tcg,thread=single,tb-size=512 -cpu max,-cx16,-la57,-pku -smp 1 -m 1024 -kernel "$base/vmlinuz" \
    -append "root=/dev/nvme0n1 rw console=tty0 console=ttyS0,115200 quiet loglevel=4 panic=-1 mitigations=off tsc=unstable random.trust_cpu=1 consoleblank=600 systemd.show_status=0 systemd.default_device_timeout_sec=300 systemd.default_timeout_start_sec=300" \
    -drive "file=$run/disk,format=qcow2,if=none,id=disk,cache=writeback" -drive "file=$run/files,format=raw,if=none,id=files,readonly=on" \
    -device nvme,drive=disk,serial=lab -device virtio-blk-pci,drive=files \
    -netdev "user,id=net,restrict=on,hostfwd=tcp:127.0.0.1:$port-:22" -device virtio-net-pci,netdev=net,romfile= \
    -rtc "base=$clock" -device virtio-rng-pci -serial "file:$run/console.log" </dev/null >"$run/qemu.log" 2>&1 &
  echo "$! $(started $!)" >"$run/pid"
  disown
  while ((SECONDS - begun < up_in_s)); do
    emulator_of "$name" >/dev/null || { cat "$run/qemu.log" "$run/console.log" >&2; die "the emulator ended"; }
    if greets "$port" && inside "$name" timeout 60 systemctl is-system-running --wait >"$run/state" 2>/dev/null || grep -qs degraded "$run/state"; then
      return 0
    fi
    sleep 0.5
  done
  tail -n 20 "$run/console.log" >&2
  down "$name"
  die "not up in $up_in_s s"
}

# One connection for all, by a socket whose path is short enough for one.
through_ssh() {
  local run=$lab/machine-run-$1
  shift
  [ -e "$run/control" ] || mktemp -d /tmp/unblink-lab.XXXXXX >"$run/control"
  ssh -q -F none -i "$base/key" -o IdentitiesOnly=yes -o BatchMode=yes -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null \
    -o ConnectTimeout=60 -o ServerAliveInterval=20 -o ServerAliveCountMax=6 -o ControlMaster=auto -o ControlPersist=600 -o "ControlPath=$(cat "$run/control")/s" \
    -o StreamLocalBindUnlink=yes -p "$(cat "$run/port")" root@127.0.0.1 "$@"
}

inside() {
  local name=$1 part line=
  shift
  emulator_of "$name" >/dev/null || die "$name is not up"
  # ssh has a shell take it apart again.
  for part; do line+=" $(printf %q "$part")"; done
  through_ssh "$name" "$line"
}

reach() {
  emulator_of "$1" >/dev/null || die "$1 is not up"
  through_ssh "$1" -O forward -L "$3:$2"
}

# All at once, as when the plug is pulled.
unplug() {
  local pid run=$lab/machine-run-$1
  if pid=$(emulator_of "$1"); then kill -KILL "$pid" || true; fi
  for ((tries = 0; tries < 100; tries++)); do emulator_of "$1" >/dev/null || break; sleep 0.1; done
  if emulator_of "$1" >/dev/null; then die "$1 cannot be ended"; fi
  [ -e "$run/control" ] || return 0
  # Who held the one connection sees its end by itself.
  ssh -q -F none -o "ControlPath=$(cat "$run/control")/s" -O exit lab 2>/dev/null || true
  case $(cat "$run/control") in /tmp/unblink-lab.??????) rm -rf "$(cat "$run/control")" ;; esac
  rm -f "$run/control"
}

down() {
  [ -d "$lab/machine-run-$1" ] || return 0
  unplug "$1"
  rm -rf "$lab/machine-run-$1"
}

verb=${1:-}
[ $# -eq 0 ] || shift
name=${1:-}
case $verb in
  create) create ;;
  boot | exec | reach | cut | log | down)
    [[ $name =~ ^[a-z0-9-]{1,40}$ ]] || die "a name of small letters, digits and -"
    shift
    case $verb in
      exec) inside "$name" "$@" ;;
      cut) unplug "$name"; cat "$lab/machine-run-$name/console.log" >>"$lab/machine-run-$name/console.before"; power "$name" "${1:-now}" ;;
      log) cat "$lab/machine-run-$name/console.before" "$lab/machine-run-$name/console.log" 2>/dev/null ;;
      *) "$verb" "$name" "$@" ;;
    esac ;;
  *) sed -n '2,/^set -e/{/^set -e/!s/^# \{0,1\}//p}' "${BASH_SOURCE[0]}"; exit 2 ;;
esac
