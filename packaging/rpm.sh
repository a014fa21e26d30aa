#!/usr/bin/env bash
# target/package/unblink-VERSION.ARCH.rpm with its checksum beside it, of what packaging/stage.sh lays out.
#
#   packaging/rpm.sh                        as it is shipped
#   packaging/rpm.sh --program PROGRAM      for tests: of a program that is built already
set -euo pipefail
cd "$(dirname "$0")/.."
. packaging/tools.sh
umask 022

program=$(program_of "$@")

need_cargo cargo-generate-rpm
packaging/stage.sh ${program:+"$program"}
rm -f target/package/*.rpm target/package/*.rpm.sha256
# What it needs is found by `ldd`, the same everywhere.
SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct)} cargo generate-rpm --auto-req builtin \
  --set-metadata "vendor = '''$MAINTAINER'''" --output target/package/
cd target/package
for file in unblink-*.rpm; do sha256sum "$file" | tee "$file.sha256"; done
