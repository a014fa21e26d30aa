#!/bin/busybox sh
# The whole user space of the guest: a daemon that draws on /dev/tty8, and what can be read back of it. The report on the
# second serial line holds lines `name=value`, and parts between `BEGIN name` and `END name`: text, or bytes as hex.
/bin/busybox --install -s /bin
export PATH=/bin HOME=/ TZ=UTC
mount -t proc none /proc
mount -t sysfs none /sys
mount -t devtmpfs none /dev
stty -F /dev/ttyS1 115200 raw
exec >/dev/ttyS1 2>&1

part() { echo "BEGIN $1"; cat; echo; echo "END $1"; }
bytes() { xxd -p | part "$1"; }
settings() { stty -F "/dev/tty${2:-8}" -a | part "$1"; }
blank() { cat /sys/module/kernel/parameters/consoleblank; }
# The ASCII on a console: four bytes a character, of which the first says it all.
words() { tr -d '\000' <"/dev/vcsu$1"; }
# until_true SECONDS COMMAND...: whether that came true in time, and while the daemon ran.
until_true() {
  left=$1; shift
  while ! "$@"; do
    left=$((left - 1))
    [ "$left" -gt 0 ] && kill -0 "$daemon" || return 1
    sleep 1
  done
}
shown() { words "$1" | grep -q CPU; }
uptime_s() { cut -d. -f1 /proc/uptime; }

echo "blank_before=$(blank)"
settings settings_before
unblink serve 2>/tmp/log &
daemon=$!
until_true 90 shown 8 && echo shown=yes || echo shown=no
# The third serial line is a terminal too, with nobody who reads: let it fill.
sleep 3
bytes shapes </dev/vcs8
bytes characters </dev/vcsu8
unblink status 2>&1 | part status
echo "blank_during=$(blank)"
settings settings_during
# On one more console by a viewer of its own, as the unit for a console does it.
settings viewer_settings_before 9
unblink attach host --device /dev/tty9 2>/tmp/viewer &
viewer=$!
until_true 90 shown 9 && echo viewer_shown=yes || echo viewer_shown=no
kill -TERM "$viewer"
wait "$viewer"
echo "viewer_status=$?"
words 9 | part viewer_words_after
settings viewer_settings_after 9
part viewer_log </tmp/viewer
start=$(uptime_s)
kill -TERM "$daemon"
wait "$daemon"
echo "status=$?"
echo "stopped_in_s=$(($(uptime_s) - start))"
words 8 | part words_after
echo "blank_after=$(blank)"
settings settings_after
part log </tmp/log
echo done=yes
sync
poweroff -f
