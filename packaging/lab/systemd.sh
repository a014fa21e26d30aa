#!/usr/bin/env bash
# Boots a Debian of its own with a real systemd in a container, for `make test-system`: a second to start, no Docker, no
# systemd on this machine, no network inside, and nothing left behind but the base in its cache. Needs root.
#
#   packaging/lab/systemd.sh tools            installs by apt what this machine lacks for it
#   packaging/lab/systemd.sh create           makes the base once (network, about a minute); done already, it does nothing
#   packaging/lab/systemd.sh boot NAME        starts a fresh instance and waits until it is up; prints its PID 1 as seen here
#   packaging/lab/systemd.sh exec NAME CMD... runs a command as root in it; input, output and status are passed through
#   packaging/lab/systemd.sh log NAME         what its console showed
#   packaging/lab/systemd.sh down NAME        ends it at once and drops its disk
#
# UNBLINK_LAB_SUITE    Debian's release: bookworm has systemd 252, trixie has 257   [default: trixie]
# UNBLINK_LAB_DIR      where bases and instances lie             [default: target/lab beside this project's Makefile]
# UNBLINK_LAB_MIRROR   where packages come from                  [default: what this machine's apt uses]
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
lab=${UNBLINK_LAB_DIR:-$here/../../target/lab}
suite=${UNBLINK_LAB_SUITE:-trixie}
# procps for pkill and pgrep, libpam-systemd for managers of users. A change here makes another base.
packages="systemd systemd-sysv dbus libpam-systemd procps"
recipe=1

die() { echo "systemd.sh: $*" >&2; exit 1; }
[ "$(id -u)" = 0 ] || die "needs root"
[[ $suite =~ ^[a-z]+$ ]] || die "UNBLINK_LAB_SUITE: a Debian release by its name"
mkdir -p "$lab"
lab=$(cd "$lab" && pwd)
base=$lab/base-$suite-$(echo "$recipe $packages" | sha256sum | cut -c1-8)

# The hierarchy of version 2 and, on a machine with both, systemd's own of version 1.
groups() {
  local folder
  for folder in /sys/fs/cgroup /sys/fs/cgroup/unified /sys/fs/cgroup/systemd; do
    if [ -e "$folder/cgroup.procs" ]; then echo "$folder"; fi
  done
}

# A number alone may have been given to another process since: its start time is kept beside it.
started() { local line; line=$(cat "/proc/$1/stat" 2>/dev/null) || return 1; line=${line##*) }; set -- $line; echo "${20}"; }
# The process that nspawn is, while it lives.
nspawn_of() {
  local pid at
  read -r pid at 2>/dev/null <"$lab/run-$1/pid" || return 1
  [ "$(started "$pid")" = "$at" ] && [ "$(sed 's/.*) \(.\).*/\1/' "/proc/$pid/stat")" != Z ] && echo "$pid"
}
# PID 1 of the instance, as seen from here: the one child of nspawn that runs something else.
leader_of() {
  local nspawn child
  nspawn=$(nspawn_of "$1") || return 1
  for child in $(cat "/proc/$nspawn/task/$nspawn/children" 2>/dev/null); do
    if [ "$(readlink "/proc/$child/exe")" != "$(readlink "/proc/$nspawn/exe")" ]; then echo "$child"; return 0; fi
  done
  return 1
}

tools() {
  local missing=()
  command -v mmdebstrap >/dev/null || missing+=(mmdebstrap)
  command -v systemd-nspawn >/dev/null || missing+=(systemd-container)
  command -v nsenter >/dev/null || missing+=(util-linux)
  [ ${#missing[@]} -gt 0 ] || return 0
  echo "systemd.sh: installing ${missing[*]}" >&2
  DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends "${missing[@]}" >"$lab/apt.log" 2>&1 </dev/null ||
    { tail -n 5 "$lab/apt.log" >&2; die "apt-get failed"; }
}

create() {
  [ ! -e "$base/ready" ] || return 0
  tools
  # One at a time; what one that died left is made anew.
  exec 9>"$lab/.lock"; flock 9
  if [ ! -e "$base/ready" ]; then
    rm -rf "$base"; mkdir -p "$base"
    local mirror
    mirror=${UNBLINK_LAB_MIRROR:-$(apt-get indextargets --format '$(REPO_URI)' 2>/dev/null | grep -v security | head -n 1)}
    echo "systemd.sh: making the base of $suite" >&2
    mmdebstrap --variant=minbase --mode=root --format=directory \
      --aptopt='Acquire::Languages "none"' --aptopt='APT::Install-Recommends "false"' \
      --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-exclude=/usr/share/man/*' \
      --dpkgopt='path-exclude=/usr/share/locale/*' --include="${packages// /,}" \
      "$suite" "$base/root" "$mirror" >"$base/build.log" 2>&1 9>&- || { tail -n 15 "$base/build.log" >&2; die "mmdebstrap failed"; }
    echo lab >"$base/root/etc/hostname"
    : >"$base/root/etc/machine-id"
    rm -f "$base/root/etc/resolv.conf"
    # Nothing fetches anything, and nobody logs in.
    chroot "$base/root" systemctl mask -q apt-daily.timer apt-daily-upgrade.timer systemd-firstboot.service \
      getty@tty1.service console-getty.service e2scrub_all.timer fstrim.timer >/dev/null 2>&1 || true
    chroot "$base/root" systemctl set-default -q multi-user.target 2>/dev/null
    : >"$base/ready"
  fi
  exec 9>&-
}

boot() {
  local name=$1 run=$lab/run-$1 folder leader
  create
  down "$name"
  mkdir -p "$run/upper" "$run/work" "$run/root"
  # An overlay: the base stays as it is, and booting copies nothing.
  mount -t overlay "unblink-lab-$name" -o "lowerdir=$base/root,upperdir=$run/upper,workdir=$run/work" "$run/root"
  for folder in $(groups); do mkdir -p "$folder/unblink-lab-$name"; done
  # A session and a control group of its own: it outlives the caller's terminal, and nspawn leaves this machine's alone.
  setsid bash -c '
    for folder in '"$(groups | tr '\n' ' ')"'; do echo $$ >"$folder/unblink-lab-$2/cgroup.procs"; done
    export SYSTEMD_NSPAWN_UNIFIED_HIERARCHY=1
    exec systemd-nspawn --quiet --directory="$1" --machine="unblink-lab-$2" --hostname=lab --register=no --keep-unit \
      --private-network --console=passive --resolv-conf=off --timezone=off --link-journal=no --boot' \
    nspawn "$run/root" "$name" </dev/null >"$run/console.log" 2>&1 &
  echo "$! $(started $!)" >"$run/pid"
  disown
  for ((tries = 0; tries < 1200; tries++)); do
    nspawn_of "$name" >/dev/null || { cat "$run/console.log" >&2; die "nspawn ended"; }
    if leader=$(leader_of "$name"); then
      case $(inside "$leader" systemctl is-system-running 2>/dev/null || true) in
        running | degraded) echo "$leader"; return 0 ;;
      esac
    fi
    sleep 0.1
  done
  tail -n 20 "$run/console.log" >&2
  down "$name"
  die "not up in two minutes"
}

inside() {
  local leader=$1; shift
  nsenter --target "$leader" --mount --uts --ipc --net --pid --cgroup --root -- \
    env -i -C /root PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root TERM="${TERM:-dumb}" LANG=C.UTF-8 "$@"
}

down() {
  local run=$lab/run-$1 pid folder
  [ -d "$run" ] || return 0
  # Its PID 1 takes every process of the instance with it.
  if pid=$(leader_of "$1") || pid=$(nspawn_of "$1"); then kill -KILL "$pid" 2>/dev/null || true; fi
  for ((tries = 0; tries < 100; tries++)); do nspawn_of "$1" >/dev/null || break; sleep 0.1; done
  for folder in $(groups); do
    folder=$folder/unblink-lab-$1
    if [ -d "$folder" ]; then
      if [ -e "$folder/cgroup.kill" ]; then echo 1 >"$folder/cgroup.kill" || true; fi
      for ((tries = 0; tries < 50; tries++)); do
        find "$folder" -depth -type d -exec rmdir {} + 2>/dev/null || true
        [ -d "$folder" ] || break
        sleep 0.1
      done
    fi
  done
  if mountpoint -q "$run/root"; then umount "$run/root" || umount -l "$run/root"; fi
  if mountpoint -q "$run/root"; then die "$run/root is still mounted"; fi
  rm -rf "$run"
}

verb=${1:-}
[ $# -eq 0 ] || shift
name=${1:-}
case $verb in
  tools | create) "$verb" ;;
  boot | exec | log | down)
    [[ $name =~ ^[a-z0-9-]{1,40}$ ]] || die "a name of small letters, digits and -"
    shift
    case $verb in
      exec) leader=$(leader_of "$name") || die "$name is not up"; inside "$leader" "$@" ;;
      log) cat "$lab/run-$name/console.log" ;;
      *) "$verb" "$name" ;;
    esac ;;
  *) sed -n '2,/^set -e/{/^set -e/!s/^# \{0,1\}//p}' "${BASH_SOURCE[0]}"; exit 2 ;;
esac
