#!/usr/bin/env bash
# Builds the last commit once more, from a fresh clone in another folder, and compares the .deb with the one that `make deb` made
# here: the same bytes, or it fails. It takes as long as a whole build.
set -euo pipefail
cd "$(dirname "$0")/.."

[ -z "$(git status --porcelain)" ] || { echo "reproduce.sh: there are changes that no commit has" >&2; exit 1; }
ls target/package/unblink_*.deb >/dev/null 2>&1 || { echo "reproduce.sh: there is no .deb yet; make deb" >&2; exit 1; }
elsewhere=$(mktemp -d "${TMPDIR:-/tmp}/built-elsewhere-XXXXXX")
trap 'rm -rf "$elsewhere"' EXIT
git clone --quiet . "$elsewhere/a-folder-of-another-name"
# Another umask and another clock's zone, too.
(cd "$elsewhere/a-folder-of-another-name" && umask 077 && TZ=Asia/Tokyo packaging/deb.sh >/dev/null)
for file in target/package/unblink_*.deb; do
  (cd "$elsewhere/a-folder-of-another-name/target/package" && sha256sum --check) <"$file.sha256" ||
    { echo "reproduce.sh: two builds of one commit differ" >&2; exit 1; }
done
