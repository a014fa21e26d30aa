#!/usr/bin/env bash
# Lays out, under target/package/root, every file of a package where it is installed; the .deb, the .rpm and the tarball are made
# of that tree and of nothing else. Two runs for one commit make the same bytes: folders of this machine are kept out of what is
# compiled, and what bears a time bears that of the commit.
#
#   packaging/stage.sh               builds the program as it is shipped, and lists what was compiled in (cargo-cyclonedx)
#   packaging/stage.sh PROGRAM       takes one that is built already, and makes no such list: for tests of the package
set -euo pipefail
cd "$(dirname "$0")/.."
. packaging/tools.sh
umask 022

program=${1:-}
is_shipped=no
[ -n "$program" ] || is_shipped=yes
need_program strip binutils
[ "$is_shipped" = no ] || need_cargo cargo-cyclonedx
[ "$is_shipped" = yes ] || [ -x "$program" ] || { echo "stage.sh: $program is not there" >&2; exit 1; }

SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct)}
UNBLINK_BUILD_ID=${UNBLINK_BUILD_ID:-$(git describe --always --dirty --abbrev=12)}
export SOURCE_DATE_EPOCH UNBLINK_BUILD_ID
here=$(pwd -P)
version=$(sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | head -n 1)
out=target/package
root=$out/root

# Whatever somebody's environment says would take the place of what is said here, frame pointers included.
unset RUSTFLAGS CARGO_ENCODED_RUSTFLAGS CFLAGS

# Where sources lie is compiled into panics and line tables, by rustc and by cc.
build() {
  local crates=${CARGO_HOME:-$HOME/.cargo} library flags
  library=$(rustc --print sysroot)/lib/rustlib/src/rust
  flags="'--remap-path-prefix=$here=/usr/src/unblink','--remap-path-prefix=$crates=/usr/src/cargo','--remap-path-prefix=$library=/usr/src/rust'"
  CFLAGS="-ffile-prefix-map=$here=/usr/src/unblink -ffile-prefix-map=$crates=/usr/src/cargo" \
    cargo build --locked --release --bin unblink --target-dir target --config "build.rustflags=[$flags]"
}
if [ "$is_shipped" = yes ]; then
  build
  program=target/release/unblink
fi

rm -rf "$root" "$out/unblink.cdx.json"
put() { install -D -m "$1" "$2" "$root/$3"; }

put 755 "$program" usr/bin/unblink
# The names of functions stay: flame graphs and the stacks of hung threads are told by them. Lines of the source are for those
# who look into an address, and make the program five times as large.
strip --strip-debug "$root/usr/bin/unblink"
ours=$root/usr/bin/unblink

mkdir -p "$root/usr/share/man/man1"
"$ours" man "$root/usr/share/man/man1" >/dev/null
gzip -9n "$root"/usr/share/man/man1/*
for shell in bash zsh fish; do "$ours" completions "$shell" >"$out/completions.$shell"; done
put 644 "$out/completions.bash" usr/share/bash-completion/completions/unblink
put 644 "$out/completions.zsh" usr/share/zsh/vendor-completions/_unblink
put 644 "$out/completions.fish" usr/share/fish/vendor_completions.d/unblink.fish
rm "$out"/completions.*

make --silent --no-print-directory install-units DESTDIR="$here/$root" PREFIX=/usr
for file in packaging/prometheus/*; do put 644 "$file" "usr/share/unblink/prometheus/${file##*/}"; done

# What `unblink init` begins with, as files that a person may change.
"$ours" init "$root/etc/unblink" >/dev/null

for file in README.md SECURITY.md; do put 644 "$file" "usr/share/doc/unblink/$file"; done
put 644 CHANGELOG.md usr/share/doc/unblink/changelog
gzip -9n "$root/usr/share/doc/unblink/changelog"
# Our own licences in full, and those of all that is linked in.
for file in LICENSE-APACHE LICENSE-MIT; do put 644 "$file" "usr/share/doc/unblink/$file"; done
packaging/licences.sh >"$out/third-party-licences"
put 644 "$out/third-party-licences" usr/share/doc/unblink/third-party-licences
gzip -9n "$root/usr/share/doc/unblink/third-party-licences"
rm "$out/third-party-licences"
if [ "$is_shipped" = yes ]; then
  # All that was compiled in, with versions and licences. It names folders of this machine, which are nobody's business.
  cargo cyclonedx --quiet --format json --override-filename unblink.cdx
  sed "s|$here|/usr/src/unblink|g" unblink.cdx.json >"$out/unblink.cdx.json"
  rm unblink.cdx.json
  put 644 "$out/unblink.cdx.json" usr/share/doc/unblink/unblink.cdx.json
fi

# Debian's own: what changed is in the one above. Who made the package is who is written to about it.
date=$(LC_ALL=C date --utc --rfc-email --date="@$SOURCE_DATE_EPOCH")
printf 'unblink (%s-1) unstable; urgency=medium\n\n  * What changed is told in changelog.gz beside this file.\n\n -- %s  %s\n' \
  "$version" "$MAINTAINER" "$date" >"$out/changelog.Debian"
gzip -9nf "$out/changelog.Debian"

find "$root" -exec touch --no-dereference --date="@$SOURCE_DATE_EPOCH" {} +
