#!/usr/bin/env bash
# target/package/unblink-VERSION-linux-ARCH.tar.gz with its checksum beside it: what packaging/stage.sh lays out, and a script
# that puts it in place where no package manager does.
#
#   packaging/tarball.sh                        as it is shipped
#   packaging/tarball.sh --program PROGRAM      for tests: of a program that is built already
set -euo pipefail
cd "$(dirname "$0")/.."
. packaging/tools.sh
umask 022

program=$(program_of "$@")

packaging/stage.sh ${program:+"$program"}
version=$(sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | head -n 1)
name=unblink-$version-linux-$(uname -m)
tree=target/package/$name
rm -rf "$tree" target/package/*.tar.gz target/package/*.tar.gz.sha256
mkdir "$tree"
cp -a target/package/root "$tree/root"
install -m 755 packaging/install.sh "$tree/install.sh"
install -m 644 LICENSE-APACHE LICENSE-MIT "$tree/"
tar -C target/package --sort=name --owner=0 --group=0 --numeric-owner --format=gnu \
  --mtime="@${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct)}" -c "$name" | gzip -9n >"$tree.tar.gz"
rm -r "$tree"
cd target/package
sha256sum "$name.tar.gz" | tee "$name.tar.gz.sha256"
