//! Every kind of source under the sandbox that the unit ships with, and what is said where that is why one fails.

use std::path::Path;

use crate::crowd::Crowd;
use crate::lab::{BOOKWORM, Lab, TRIXIE};

/// Answers every question with one series, as Prometheus does; Perl is there in every Debian.
const SERVER: &str = r#"use IO::Socket::INET;
my $s = IO::Socket::INET->new(LocalAddr => "127.0.0.1:9090", Listen => 9, ReuseAddr => 1) or die $!;
while (my $c = $s->accept) {
  my $length = 0;
  while (my $line = <$c>) { $length = $1 if $line =~ /^content-length:\s*(\d+)/i; last if $line =~ /^\r?$/; }
  read($c, my $body, $length) if $length;
  my $now = time;
  my $json = qq({"status":"success","data":{"resultType":"matrix","result":[{"metric":{},"values":[[$now,"73"]]}]}});
  print $c "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: " . length($json) . "\r\nConnection: close\r\n\r\n$json";
  close $c;
}
"#;

const CONFIG: &str = r#"
[sources.ours]
kind = "command"
argv = ["echo", "71"]
interval = "1s"

[sources.lines]
kind = "file"
path = "/var/log/lines.log"
from = "start"
interval = "1s"

[sources.prom]
kind = "prometheus"
url = "http://127.0.0.1:9090"
queries = { up = "up" }
interval = "1s"

[sources.base]
kind = "sqlite"
path = "/var/lib/base.db"
queries = { left = "SELECT 74 AS value" }
interval = "1s"

[sources.homely]
kind = "command"
shell = "cat /home/ann/number"
interval = "1s"

[sources.nobody]
kind = "postgresql"
host = "127.0.0.1"
database = "a"
user = "a"
queries = { left = "SELECT 1 AS value" }
interval = "1s"
"#;

/// A panel for what each of them brings, or why it brings nothing. No clock shows such numbers.
fn board() -> String {
    let bars = [("ours", "ours"), ("prom", "prom_up"), ("base", "base_left"), ("homely", "homely"), ("push", "pushed")];
    let mut text = String::from("[panel.words]\nchart = \"text\"\ntext = \"words-of-the-sandbox\"\n");
    text += "[panel.lines]\nchart = \"log\"\nstream = \"lines\"\n";
    text +=
        "[panel.host]\nchart = \"line\"\nsource = \"host\"\nlines = [{ name = \"load\", series = \"host_load1\" }]\n";
    text += "[panel.nobody]\nchart = \"bars\"\nsource = \"nobody\"\nseries = \"nobody_left\"\n";
    for (source, series) in bars {
        text += &format!("[panel.{source}]\nchart = \"bars\"\nsource = \"{source}\"\nseries = \"{series}\"\n");
    }
    let all = ["words", "lines", "host", "nobody"].into_iter().chain(bars.iter().map(|(source, _)| *source));
    let all: Vec<String> = all.map(|panel| format!("\"{panel}\"")).collect();
    text + &format!("[layout]\ncolumn = [{}]\n", all.join(", "))
}

/// A database with nothing in it: an empty file is one.
fn prepare(lab: &Lab) {
    lab.write("/etc/unblink/unblink.toml", CONFIG);
    lab.write("/etc/unblink/boards.d/sandbox.toml", &board());
    lab.write("/var/log/lines.log", "words-of-the-file\n");
    lab.write("/var/lib/base.db", "");
    lab.write("/opt/server.pl", SERVER);
    lab.run("useradd -m ann; echo 75 >/home/ann/number; chmod -R a+rX /home/ann");
    lab.run("systemd-run --unit=server perl /opt/server.pl");
    lab.run("systemctl enable --now unblink.service");
    lab.run("unblink push pushed 76");
}

/// Keeps the daemon busy for a minute at most.
const PUSHER: &str = r#"while :; do echo '{"series":"flood","value":1}'; done | timeout 60 unblink push --stdin"#;

/// Of each worker the user that it runs as, and the one whose files of its are in `/proc`: of a process that lets nobody look in
/// these are root's.
const OWNERS: &str = "for process in /proc/[0-9]*; do \
     [ \"$(tr '\\0' ' ' <$process/cmdline | cut -d ' ' -f 2)\" = worker ] && stat -c %U $process $process/environ | xargs -r; \
     done; true";

/// How many sources are told to fail.
fn told(lab: &Lab) -> usize {
    let status = lab.try_run("unblink status --json");
    String::from_utf8_lossy(&status.stdout).matches("\"state\": \"failed: ").count()
}

#[test]
fn every_source_works_under_the_sandbox_or_names_what_opens_it() {
    for suite in [BOOKWORM, TRIXIE] {
        let lab = Lab::installed(suite, "sandbox");
        prepare(&lab);
        let program = Path::new(env!("CARGO_BIN_EXE_unblink"));
        let socket = lab.path("/run/unblink/attach.sock");
        let crowd = Crowd::start(program, &socket, "sandbox", "words-of-the-sandbox", 1);
        // Nobody is there to be asked; that it was tried shows that a network may be used.
        crowd.wait_for(&["words-of-the-file", "71", "73", "74", "76", "refused"]);
        // Nobody is a database, and what lies at home is hidden: the one says what opens it, and all others work.
        lab.until("both are told of", || told(&lab) == 2);
        let failed = lab.run("unblink status --json | grep '\"state\": \"failed: '");
        assert!(failed.contains("/usr/share/unblink/allow/home.conf"), "{suite}: {failed}");
        // One that has just been started does so first of all.
        lab.until("nobody may look into a worker", || {
            let owners = lab.run(OWNERS);
            !owners.is_empty() && owners.lines().all(|owner| owner == "unblink root")
        });
        // Samples of where it spends its time, with something to do for it, and a fresh worker.
        let mut pusher = lab.start(PUSHER);
        lab.run("unblink profile --seconds 2 -o /tmp/profile.svg && test -s /tmp/profile.svg");
        let _ = pusher.kill();
        let _ = pusher.wait();
        lab.run("unblink recycle");
        // What is named helps.
        lab.run(
            "mkdir -p /etc/systemd/system/unblink.service.d; \
             ln -s /usr/share/unblink/allow/home.conf /etc/systemd/system/unblink.service.d/; \
             systemctl daemon-reload; systemctl restart unblink.service",
        );
        crowd.wait_for(&["75"]);
    }
}
