#!/bin/sh
# Puts what lies beside it in place, or takes it away again. Run as root; systemd 252 or newer runs the daemon.
#
#   ./install.sh                 installs, or upgrades; changed files under /etc/unblink are kept
#   ./install.sh --remove        removes the program; configuration, state and logs are kept
#   ./install.sh --purge         removes these too
#   DESTDIR=/somewhere           lays it out there, and starts nothing
set -eu
umask 022

here=$(cd "$(dirname "$0")" && pwd)
to=${DESTDIR:-}
# Files under /etc that were laid once, and whether an installation came to its end.
laid=$to/var/lib/unblink.installed
units="unblink.socket unblink-admin.socket unblink.service"

die() { echo "install.sh: $*" >&2; exit 1; }
is_live() { [ -z "$to" ] && [ -d /run/systemd/system ]; }
files() { (cd "$here/root" && find . -type f | sed 's|^\./||' | sort); }

put() {
  mode=644
  [ ! -x "$here/root/$1" ] || mode=755
  case "$1" in
  etc/*)
    # What was laid once and removed stays so, and what is the same keeps its mode.
    if [ ! -e "$to/$1" ] && grep -qsx "$1" "$laid"; then return 0; fi
    grep -qsx "$1" "$laid" || echo "$1" >>"$laid"
    if [ -e "$to/$1" ]; then
      cmp -s "$here/root/$1" "$to/$1" || cmp -s "$here/root/$1" "$to/$1.new" || {
        install -D -m "$mode" "$here/root/$1" "$to/$1.new"
        echo "install.sh: kept $to/$1; the new one is $to/$1.new"
      }
      return 0
    fi
    ;;
  esac
  # Beside it and then over it: a daemon that runs keeps the file it was started from.
  install -D -m "$mode" "$here/root/$1" "$to/$1.installing"
  mv -f "$to/$1.installing" "$to/$1"
}

put_all() {
  was_there=no
  ! grep -qsx complete "$laid" || was_there=yes
  mkdir -p "$(dirname "$laid")"
  files | grep -vx usr/bin/unblink | while read -r file; do put "$file"; done
  if is_live; then
    systemd-sysusers unblink.conf
    systemd-tmpfiles --create unblink.conf
    systemctl daemon-reload
  fi
  put usr/bin/unblink
  is_live || { mark_done; return 0; }
  if [ "$was_there" = yes ]; then
    # What was stopped stays so; the sockets hold the listeners meanwhile, so nobody is refused.
    systemctl try-restart unblink.service 'unblink@*.service'
  else
    # shellcheck disable=SC2086
    systemctl enable --quiet --now $units
  fi
  mark_done
}

# An installation that was broken off before this is none, and goes on from the beginning.
mark_done() { grep -qsx complete "$laid" || echo complete >>"$laid"; }

remove() {
  if is_live; then
    # shellcheck disable=SC2086
    systemctl disable --quiet --now $units unblink-metrics.socket 2>/dev/null || true
    systemctl stop 'unblink-console@*.service' 'unblink@*.socket' 'unblink-admin@*.socket' 'unblink@*.service' || true
  fi
  files | while read -r file; do
    case "$file" in
    etc/*) ;;
    *) rm -f "$to/$file" ;;
    esac
  done
  rm -rf "$to/usr/share/unblink" "$to/usr/share/doc/unblink"
  # Put in anew it is to be enabled again.
  [ ! -e "$laid" ] || sed -i '/^complete$/d' "$laid"
  if is_live; then systemctl daemon-reload; fi
}

purge() {
  for instance in "$to"/etc/unblink/instances/*/; do
    [ -d "$instance" ] || continue
    name=$(basename "$instance")
    rm -rf "$to/var/lib/unblink-$name" "$to/var/log/unblink-$name"
  done
  # Units of instances and consoles that somebody enabled.
  rm -f "$to"/etc/systemd/system/*.wants/unblink@* "$to"/etc/systemd/system/*.wants/unblink-admin@* \
    "$to"/etc/systemd/system/*.wants/unblink-console@*
  rm -f "$laid"
  rm -rf "$to/etc/unblink" "$to/var/lib/unblink" "$to/var/log/unblink"
}

[ -d "$here/root/usr" ] || die "there is nothing to install beside it; unpack the whole archive"
[ -n "$to" ] || [ "$(id -u)" = 0 ] || die "run it as root, or with DESTDIR"
if [ -z "$to" ]; then
  for owner in "dpkg -S" "rpm -qf"; do
    ! $owner /usr/bin/unblink >/dev/null 2>&1 || die "a package has it already ($owner /usr/bin/unblink); remove that first"
  done
fi

case "${1:-}" in
'') put_all ;;
--remove) remove ;;
--purge)
  remove
  purge
  ;;
*) die "unknown option $1; there are --remove and --purge" ;;
esac
