//! One control group for each tenant under a real systemd: what it holds, and that nothing is left of it.
//!
//! Where this machine gives the lab no controllers (version 1 has them), there is a group for each tenant all the same, and
//! what it cannot hold has to be said; `make test-qemu` does the rest on a machine that has them.

use std::path::Path;
use std::time::Duration;

use serde_json::Value;

use crate::crowd::Crowd;
use crate::lab::Lab;
use crate::witness::{Seen, Witness};

const GROUP: &str = "/sys/fs/cgroup/system.slice/unblink.service";
pub const WORDS: &str = "words-of-the-tenant";
/// Deaths of each worker: one that dies again and again is followed ever later.
const DEATHS: usize = 5;
const TENANTS: [&str; 4] = ["default", "hungry", "busy", "gone"];
/// No gap between two pictures that anybody would call a standstill, on whatever machine.
pub const GAP_AT_MOST: Duration = Duration::from_secs(3);

/// `hungry` takes memory and `busy` a processor as soon as a file says so; `default` and `gone` have nothing to do with it.
const CONFIG: &str = r#"
[metrics]
listen = "127.0.0.1:9464"
[tenants.default]
[tenants.hungry]
memory = "96Mi"
[tenants.busy]
cpu = "900m"
pids = 100
[tenants.gone]
"#;
/// Asked no more often than an emulated processor has time for.
const SOURCE: &str = "[sources.taker]\nkind = \"command\"\ninterval = \"10s\"\ntimeout = \"10s\"\nshell = ";
const HUNGRY: &str = r#""test ! -e /etc/unblink/writes || head -c 50M /dev/zero >>/var/tmp/written; test ! -e /etc/unblink/hungry || perl -e '$x = \"x\" x 200000000; sleep 4'; echo 1""#;
const BUSY: &str = r#""test ! -e /etc/unblink/busy || timeout 4 perl -e 'fork; fork; 1 while 1'; test ! -e /etc/unblink/many || perl -e 'for (1..200) { last unless defined(my $p = fork); if (!$p) { sleep 4; exit } }'; echo 1""#;
/// Beside the host a source that is asked by the clock of the machine.
const SOURCES_OF_ALL: &str = "[host]\ninterval = \"10s\"\n[sources.asked]\nkind = \"command\"\ninterval = \"30s\"\ntimeout = \"30s\"\nargv = [\"date\", \"+%H\"]\n";
/// The time of the day, and another figure each half second, by a program that is started once: an emulated processor takes long
/// to start one.
const TICKER: &str = r#"$| = 1;
while (1) {
  my ($second, $minute, $hour) = gmtime;
  my %tell = (hour => $hour, minute => $minute, second => $second, half => $half++ % 2);
  print map { qq({"series":"$_","value":$tell{$_}}\n) } sort keys %tell;
  select undef, undef, undef, 0.5;
}
"#;
/// It ends where nobody takes what it says, and begins anew.
const TICKER_UNIT: &str = "[Unit]\nAfter=unblink.service\n[Service]\nIgnoreSIGPIPE=no\nExecStart=/bin/sh -c \"perl /opt/ticker.pl | unblink push --stdin\"\nRestart=always\n[Install]\nWantedBy=multi-user.target\n";
const BOARD: &str = "[panel.a]\nchart = \"text\"\ntext = \"words-of-the-tenant\"\n[panel.b]\nchart = \"bars\"\nsource = \"host\"\nseries = \"host_load1\"\n[layout]\ncolumn = [\"a\", \"b\"]\n";
const TICKING_BOARD: &str = r#"refresh_hz = 5
[panel.a]
chart = "text"
text = "words-of-the-tenant"
[panel.b]
chart = "facts"
source = "push"
rows = [
  { name = "hour", value = "hour" },
  { name = "minute", value = "minute" },
  { name = "second", value = "second" },
  { name = "half", value = "half" },
]
[panel.c]
chart = "facts"
source = "asked"
rows = [{ name = "asked", value = "asked" }]
[layout]
column = [{ ratio = 1, panel = "a" }, { ratio = 2, panel = "b" }, { ratio = 1, panel = "c" }]
"#;
/// Reads what Prometheus would.
const SCRAPE: &str = r#"use IO::Socket::INET;
my $s = IO::Socket::INET->new("127.0.0.1:9464") or die $!;
print $s "GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
print <$s>;
"#;

/// Has an installed daemon serve these tenants.
pub fn serve(lab: &Lab) {
    lab.write("/etc/unblink/unblink.toml", &format!("{CONFIG}{SOURCES_OF_ALL}"));
    lab.write("/etc/unblink/boards.d/words.toml", TICKING_BOARD);
    for (tenant, shell) in [("hungry", HUNGRY), ("busy", BUSY), ("gone", "\"echo 1\"")] {
        lab.write(&format!("/etc/unblink/tenants/{tenant}/sources.toml"), &format!("{SOURCE}{shell}\n"));
        lab.write(&format!("/etc/unblink/tenants/{tenant}/boards.d/words.toml"), BOARD);
    }
    lab.write("/opt/scrape.pl", SCRAPE);
    lab.write("/opt/ticker.pl", TICKER);
    lab.write("/etc/systemd/system/ticker.service", TICKER_UNIT);
    lab.run("systemctl enable --now unblink.service ticker.service");
    lab.until("all workers draw", || lab.property("StatusText").contains("4 of 4 workers drawing"));
}

pub fn worker(lab: &Lab, tenant: &str) -> Value {
    let status: Value = serde_json::from_str(&lab.run("unblink status --json")).expect("it is JSON");
    let rows = status["workers"].as_array().expect("a list").clone();
    rows.into_iter().find(|row| row["tenant"] == tenant).unwrap_or_else(|| panic!("no worker of {tenant}: {status}"))
}

pub fn held_by(row: &Value) -> Vec<String> {
    let rows = row["limits"].as_array().expect("a list");
    rows.iter().map(|row| format!("{} {}", row["name"], row["held_by"]).replace('"', "")).collect()
}

fn groups(lab: &Lab) -> String {
    lab.run(&format!("cd {GROUP} && ls -d */ | tr -d '/\\n'"))
}

/// Who is in a tenant's group, by name.
fn inside(lab: &Lab, group: &str) -> String {
    lab.run(&format!(
        "cat $(sed 's|.*|/proc/&/comm|' {GROUP}/{group}/cgroup.procs) 2>/dev/null | sort | uniq | tr '\\n' ' '"
    ))
}

/// Whether the kernel gives the daemon what it needs to hold its tenants to their limits.
pub fn controllers(lab: &Lab) -> Result<(), String> {
    let controllers = lab.run(&format!("cat {GROUP}/cgroup.controllers"));
    let has = |name| controllers.split_whitespace().any(|word| word == name);
    if has("cpu") && has("memory") && has("pids") { Ok(()) } else { Err(controllers) }
}

/// Groups hold each tenant to what it may take, and say so; others stay on time. So many pictures are seen before anything
/// happens, to compare with.
pub fn hold(lab: &Lab, quiet_pictures: usize) {
    assert_eq!(controllers(lab), Ok(()));
    let witness = || Witness::start(&lab.door(), "default/words", WORDS);
    let quiet = witness();
    quiet.wait_for_more(quiet_pictures);
    println!("{}", quiet.end().row("a tenant's pictures while nothing happens, from one to the next"));
    one_group_for_each_tenant(lab);
    assert_eq!(held_by(&worker(lab, "busy")), ["cpu cgroup", "pids cgroup"]);
    assert_eq!(held_by(&worker(lab, "hungry")), ["memory cgroup"]);
    let row = |seen: &Seen, what: &str| println!("{}", seen.row(&format!("the same while {what}")));
    for (what, act) in [
        ("another one's processes are killed for memory, again and again", one_that_takes_too_much_memory as fn(&Lab)),
        ("another one has used up its share of the processor", one_that_uses_up_its_share),
        ("another one starts more processes than it may", one_that_starts_too_many),
        ("another one gives memory back to a limit below it", one_that_has_to_give_memory_back),
    ] {
        let watching = witness();
        act(lab);
        let seen = watching.end();
        row(&seen, what);
        assert!(seen.longest() <= GAP_AT_MOST, "others stood still for {:?} while {what}", seen.longest());
        assert_eq!(seen.trouble, None, "others were told that {what}");
    }
    assert_eq!(worker(lab, "default")["restarts"], DEATHS);
    assert_eq!(lab.property("NRestarts"), "0", "the daemon lives on");
}

pub fn leave_nothing(lab: &Lab) {
    lab.run("systemctl stop ticker.service unblink.socket; systemctl stop unblink.service");
    lab.until("nothing is left of the groups", || {
        !lab.try_run(&format!("test -e {GROUP}/supervisor")).status.success()
    });
}

pub fn one_group_for_each_tenant(lab: &Lab) {
    assert_eq!(groups(lab), "supervisortenant-busytenant-defaulttenant-gonetenant-hungry");
    lab.until("one waits", || inside(lab, "supervisor").contains("unblink-spare"));
    assert!(inside(lab, "supervisor").contains("unblink "), "{}", inside(lab, "supervisor"));
    assert!(!inside(lab, "supervisor").contains("worker"), "{}", inside(lab, "supervisor"));
    for tenant in (0..DEATHS).flat_map(|_| TENANTS) {
        let before = worker(lab, tenant)["pid"].as_u64().expect("it runs");
        lab.run(&format!("kill -KILL {before}"));
        lab.until("the next one is in the group", || {
            let pid = worker(lab, tenant)["pid"].as_u64();
            pid.is_some_and(|pid| pid != before && inside_is(lab, &format!("tenant-{tenant}"), pid))
        });
        assert_eq!(groups(lab), "supervisortenant-busytenant-defaulttenant-gonetenant-hungry");
    }
    // A tenant that goes takes its group along.
    configure(lab, "900m", "96Mi");
    lab.run("rm -r /etc/unblink/tenants/gone; systemctl reload unblink.service");
    lab.until("its group is gone", || groups(lab) == "supervisortenant-busytenant-defaulttenant-hungry");
}

/// A limit of processes is held by none being started.
fn one_that_starts_too_many(lab: &Lab) {
    configure(lab, "900m", "96Mi");
    lab.run("systemctl reload unblink.service");
    let before = worker(lab, "busy");
    let told = |name: &str| -> u64 {
        let text = lab.run(&format!("cat {GROUP}/tenant-busy/{name}"));
        text.trim_start_matches("max ").parse().unwrap_or_else(|_| panic!("{name}: {text}"))
    };
    lab.run("touch /etc/unblink/many");
    lab.until("one more was refused", || told("pids.events") > 0);
    lab.run("rm /etc/unblink/many");
    lab.until("they are gone", || told("pids.current") < 50);
    lab.until("it answers", || worker(lab, "busy")["state"] == "ready");
    assert_eq!(worker(lab, "busy")["epoch"], before["epoch"], "its worker has no part in it");
}

/// A kernel that takes memory back within the write that lowers a limit holds nobody up.
fn one_that_has_to_give_memory_back(lab: &Lab) {
    let taken = || -> u64 {
        let text = lab.run(&format!("cat {GROUP}/tenant-hungry/memory.current"));
        text.parse().unwrap_or_else(|_| panic!("{text}"))
    };
    configure(lab, "900m", "640Mi");
    lab.run("systemctl reload unblink.service");
    lab.run("touch /etc/unblink/writes");
    lab.until("it has taken it", || taken() > 300 << 20);
    let before = worker(lab, "hungry");
    lab.run("rm /etc/unblink/writes");
    // What no disk has yet cannot be given back at once.
    let unwritten =
        format!("awk '/^file_(dirty|writeback) / {{ n += $2 }} END {{ print n }}' {GROUP}/tenant-hungry/memory.stat");
    lab.until("a disk has it", || {
        lab.run(&format!("sync; {unwritten}")).parse().is_ok_and(|bytes: u64| bytes < 8 << 20)
    });
    configure(lab, "900m", "96Mi");
    let settled = || lab.journal().matches("limits are in force").count();
    let before_it = settled();
    lab.run("systemctl reload unblink.service");
    lab.until("the log says that it is in force", || settled() > before_it);
    lab.until("it has given it back", || {
        taken() <= 96 << 20 && lab.run(&format!("cat {GROUP}/tenant-hungry/memory.max")) == (96 << 20).to_string()
    });
    lab.until("it holds", || worker(lab, "hungry")["limits"][0]["note"].is_null());
    assert_eq!(worker(lab, "hungry")["epoch"], before["epoch"], "it was killed for what can be given back");
}

fn inside_is(lab: &Lab, group: &str, pid: u64) -> bool {
    lab.try_run(&format!("grep -qx {pid} {GROUP}/{group}/cgroup.procs")).status.success()
}

fn crowd(lab: &Lab, board: &str) -> Crowd {
    let program = Path::new(env!("CARGO_BIN_EXE_unblink"));
    let crowd = Crowd::start(program, &lab.door(), board, WORDS, 1);
    crowd.wait_live();
    crowd
}

fn metric(lab: &Lab, name: &str) -> u64 {
    let page = lab.run("perl /opt/scrape.pl");
    page.lines()
        .find_map(|line| line.strip_prefix(name)?.trim().parse().ok())
        .unwrap_or_else(|| panic!("no {name}: {page}"))
}

fn one_that_takes_too_much_memory(lab: &Lab) {
    let watching = crowd(lab, "hungry/words");
    lab.run("touch /etc/unblink/hungry");
    // Again and again, so that one of the pauses between two starts is long enough to be told.
    watching.wait_for(&["worker ran out of memory: over its limit of 96.0 MiB, restarting"]);
    let fault = worker(lab, "hungry")["last_fault"].as_str().unwrap_or_default().to_owned();
    assert!(fault.contains("ran out of memory: over its limit of 96.0 MiB"), "{fault}");
    assert!(metric(lab, "unblink_worker_deaths_total{tenant=\"hungry\",cause=\"memory\"}") >= 1);
    // Those that a person killed before.
    let died = metric(lab, "unblink_worker_deaths_total{tenant=\"hungry\",cause=\"died\"}");
    let all = || lab.run("perl /opt/scrape.pl | grep deaths_total || true");
    assert_eq!(usize::try_from(died), Ok(DEATHS), "{}", all());
    lab.run("rm /etc/unblink/hungry");
    lab.until("the log says so", || lab.journal().contains("ran out of memory: over its limit of 96.0 MiB"));
    lab.until("it draws again", || worker(lab, "hungry")["state"] == "ready");
}

/// As it is with other limits, and without the tenant that goes.
fn configure(lab: &Lab, busy: &str, hungry: &str) {
    let config = CONFIG.replace("[tenants.gone]\n", "").replace("900m", busy).replace("96Mi", hungry);
    lab.write("/etc/unblink/unblink.toml", &format!("{config}{SOURCES_OF_ALL}"));
}

fn one_that_uses_up_its_share(lab: &Lab) {
    let watching = crowd(lab, "busy/words");
    let epoch = worker(lab, "busy")["epoch"].clone();
    // What is changed is in force for those that run.
    configure(lab, "50m", "96Mi");
    lab.run("systemctl reload unblink.service");
    assert_eq!(lab.run(&format!("cat {GROUP}/tenant-busy/cpu.max")), "5000 100000");
    lab.run("touch /etc/unblink/busy");
    watching.wait_for(&["worker has used up its share of the processor"]);
    assert!(metric(lab, "unblink_worker_throttled_periods_total{tenant=\"busy\"}") > 0);
    lab.run("rm /etc/unblink/busy");
    lab.until("the log says so", || lab.journal().contains("has used up its share of the processor"));
    lab.until("it answers again", || worker(lab, "busy")["state"] == "ready");
    let row = worker(lab, "busy");
    assert_eq!(row["epoch"], epoch, "it was killed for that");
    assert!(row["throttled_ms"].as_u64().is_some_and(|ms| ms > 0), "{row}");
}
