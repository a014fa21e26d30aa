#!/usr/bin/env bash
# target/package/unblink_VERSION_ARCH.deb with its checksum beside it, of what packaging/stage.sh lays out.
#
#   packaging/deb.sh                                  as it is shipped
#   packaging/deb.sh --program PROGRAM [--version VERSION] [--output FOLDER]
#                                                     for tests: of a program that is built already, compressed little
set -euo pipefail
cd "$(dirname "$0")/.."
. packaging/tools.sh
umask 022

program='' output=target/package
how=(--quiet --no-build --no-strip --maintainer "$MAINTAINER")
while [ $# -gt 0 ]; do
  case $1 in
    --program) program=$2; how+=(--fast) ;;
    --version) how+=(--deb-version "$2") ;;
    --output) output=$2 ;;
    *) echo "deb.sh: $1 is not known" >&2; exit 64 ;;
  esac
  shift 2
done
need_cargo cargo-deb
need_program dpkg-shlibdeps dpkg-dev

packaging/stage.sh ${program:+"$program"}
mkdir -p "$output"
rm -f "$output"/unblink_*.deb "$output"/unblink_*.deb.sha256
SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct)} cargo deb "${how[@]}" --output "$output/" >/dev/null
cd "$output"
for file in unblink_*.deb; do sha256sum "$file" | tee "$file.sha256"; done
