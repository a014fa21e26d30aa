#!/usr/bin/env bash
# How soon the .deb of target/package is of use, on a machine of packaging/lab/systemd.sh: from `dpkg -i` to the first frame of a
# viewer in the group, and from the start of the service to the moment it says that it can draw, with nothing of the program in
# memory. Needs root; ROUNDS (5) of each, in milliseconds.
set -euo pipefail
cd "$(dirname "$0")/.."

lab=packaging/lab/systemd.sh
name=measure-$$
package=$(ls target/package/unblink_*.deb)
in_lab() { "$lab" exec "$name" sh -c "$1"; }
now_ms() { echo $(($(date +%s%N) / 1000000)); }
forget() { sync; echo 3 >/proc/sys/vm/drop_caches; }
trap '"$lab" down "$name"' EXIT

leader=$("$lab" boot "$name")
cp "$package" "/proc/$leader/root/opt/unblink.deb"
in_lab 'useradd -m ann; groupadd -f unblink; usermod -aG unblink ann'
for _ in $(seq "${ROUNDS:-5}"); do
  forget
  begun=$(now_ms)
  in_lab 'dpkg -i /opt/unblink.deb >/dev/null 2>&1'
  # A picture has no lines: what came so far is looked through.
  first_frame=$(in_lab "TERM=xterm runuser -u ann -- script -qfc 'unblink attach host' /dev/null" 2>/dev/null |
    { perl -MTime::HiRes=time -e 'while (sysread STDIN, $seen, 65536, length $seen) {
        if (index($seen, "CPU") >= 0) { printf "%d\n", time * 1000 - shift; last } }' "$begun"
      in_lab 'pkill -KILL -u ann'; } || true)
  in_lab 'systemctl stop unblink.socket'
  forget
  begun=$(now_ms)
  in_lab 'systemctl start unblink.service'
  ready=$(($(now_ms) - begun))
  echo "package to first frame: $first_frame ms; start to ready, cold: $ready ms"
  in_lab 'dpkg -P unblink >/dev/null 2>&1'
done
