#!/usr/bin/env bash
# What packages are made with, in the versions that are known to make them: programs of cargo, which the project itself does
# not depend on.
#
#   packaging/tools.sh NAME...     installs what is missing of these (cargo-deb, cargo-generate-rpm, cargo-cyclonedx)
#   . packaging/tools.sh           for the scripts beside it: need_cargo NAME, need_program NAME PACKAGE, program_of ARGUMENTS
set -euo pipefail

version_of() {
  case $1 in
    cargo-deb) echo 3.8.0 ;;
    cargo-generate-rpm) echo 0.21.1 ;;
    cargo-cyclonedx) echo 0.5.9 ;;
    *) echo "tools.sh: $1 is none of them" >&2; return 1 ;;
  esac
}

# Who answers for a package, as `Name <address>`. The project has no mailbox, and says so by a domain that can never have one
# (RFC 2606); whoever gives packages to others puts their own name here.
MAINTAINER=${MAINTAINER:-The unblink authors <nobody@unblink.invalid>}
if [[ $MAINTAINER != ?*' <'?*@?*'>' || $MAINTAINER == *$'\n'* ]]; then
  echo "${0##*/}: MAINTAINER is no \`Name <address>\`: $MAINTAINER" >&2
  exit 64
fi
export MAINTAINER

# What is missing fails in one line.
need_program() { command -v "$1" >/dev/null 2>&1 || { echo "${0##*/}: $1 is missing; apt-get install $2" >&2; exit 1; }; }
need_cargo() {
  local version
  version=$(version_of "$1")
  has "$1" "$version" || { echo "${0##*/}: there is no $1 $version; cargo install $1 --locked --version $version" >&2; exit 1; }
}
# Whether it is there, and in that version: another one makes other bytes.
has() { command -v "$1" >/dev/null 2>&1 && cargo "${1#cargo-}" --version 2>/dev/null | grep -Fqw "$2"; }

# What `--program PROGRAM` names, where that is said; nothing else may be.
program_of() {
  case $#:${1:-} in
    0:) ;;
    2:--program) echo "$2" ;;
    *) echo "${0##*/}: $* is not known; there is --program PROGRAM" >&2; return 64 ;;
  esac
}

if [ "${BASH_SOURCE[0]}" = "$0" ]; then
  for tool in "$@"; do
    version=$(version_of "$tool")
    has "$tool" "$version" || cargo install "$tool" --locked --version "$version"
  done
fi
