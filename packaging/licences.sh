#!/usr/bin/env bash
# The licences of all that is linked into the program: every crate with what it says its licence is, and the text of each licence
# once, with the crates that it is of. The few whose sources bring none of their own have one in packaging/licences/, which their
# repositories have; without that it fails. Told on the standard output, the same for one Cargo.lock everywhere.
#
#   packaging/licences.sh          needs the sources that cargo has fetched (`cargo fetch --locked`)
set -euo pipefail
cd "$(dirname "$0")/.."

# All texts together are some hundred kilobytes; a text is some ten.
bytes_max=4000000
text_bytes_max=100000
die() { echo "licences.sh: $*" >&2; exit 1; }

registry=${CARGO_HOME:-$HOME/.cargo}/registry/src
target=$(rustc -vV | sed -n 's/^host: //p')
texts=$(mktemp -d)
trap 'rm -rf "$texts"' EXIT

# What is linked in, without what only builds it: macros run in the compiler, with all that they are made of.
crates=$(cargo tree --locked --offline --edges normal,no-proc-macro --target "$target" --prefix none --format '{p}|{l}' |
  sed 's/ (\*)$//' | grep -v '^unblink v' | LC_ALL=C sort -u)
[ -n "$crates" ] || die "cargo tree tells of no crate; run cargo fetch --locked"

# note FILE CRATE AS: one more text, of this crate, where it calls it so.
note() {
  local sum
  sum=$(sed 's/\r$//; s/[[:space:]]*$//' "$1" | tee "$texts/text" | sha256sum | cut -d' ' -f1)
  [ -e "$texts/of/$sum" ] || cp "$texts/text" "$texts/$sum"
  printf '%s (%s)\n' "$2" "$3" >>"$texts/of/$sum"
}

mkdir "$texts/of"
while IFS='|' read -r crate licence; do
  name=${crate%% *} version=${crate#* v}
  version=${version%% *}
  folder=$(find "$registry" -mindepth 2 -maxdepth 2 -type d -name "$name-$version" | LC_ALL=C sort | head -n 1)
  [ -n "$folder" ] || die "the sources of $name $version are not in $registry; run cargo fetch --locked"
  # What lies deeper is of what it brings along.
  own=$(find "$folder" -maxdepth 1 -type f -size +0 -size "-${text_bytes_max}c" \( -iname 'licen[cs]e*' -o -iname 'copying*' -o -iname 'unlicense*' \) ! -name '*.rs' | head -n 1)
  added=packaging/licences/$name
  if [ -z "$own" ]; then
    [ -e "$added" ] || die "$name $version brings no text of its licence, ${licence:-which it does not name}; put the one of its repository into $added"
    note "$added" "$name $version" "from its repository"
  elif [ -e "$added" ]; then
    die "$name $version brings a text of its licence now; remove $added"
  fi
  while read -r file; do
    note "$file" "$name $version" "${file#"$folder"/}"
  done < <(find "$folder" -maxdepth 3 -type f -size "-${text_bytes_max}c" \
    \( -iname 'licen[cs]e*' -o -iname 'copying*' -o -iname 'copyright*' -o -iname 'notice*' -o -iname 'unlicense*' \) \
    ! -name '*.rs' ! -name '*.html' ! -name '*.toml' ! -path '*/tests/*' | LC_ALL=C sort)
  printf '%s %s: %s\n' "$name" "$version" "${licence:-it does not say}" >>"$texts/list"
done <<<"$crates"

tell() {
  cat <<'TEXT'
Licences of what is linked into the program unblink
===================================================

unblink itself is under Apache-2.0 or MIT, at your choice: LICENSE-APACHE and LICENSE-MIT beside this file.

The standard library of Rust is linked in, Copyright (c) The Rust Project Contributors, under Apache-2.0 or MIT, whose texts are
those two. SQLite, which libsqlite3-sys brings, is in the public domain.

These crates are linked in, each with its version and its licence as its authors write it. Below stands the text
of each, once where several have the same.

TEXT
  sed 's/^/  /' "$texts/list"
  # In the order of the first crate that brings it.
  (cd "$texts/of" && grep -m 1 -H '' -- *) | sed 's/:/ /' | LC_ALL=C sort -k2,2 -k3,3 -k1,1 | cut -d' ' -f1 |
    while read -r sum; do
      printf '\n%s\n\nof\n' "$(printf '%.0s-' {1..100})"
      LC_ALL=C sort -u "$texts/of/$sum" | sed 's/^/  /'
      printf '\n'
      cat "$texts/$sum"
    done
}
tell >"$texts/whole"
[ "$(stat -c %s "$texts/whole")" -le "$bytes_max" ] || die "they are longer than $bytes_max bytes; look what was found"
cat "$texts/whole"
