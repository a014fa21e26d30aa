//! What a tenant may take where there is no control group for it: memory, of each process by itself.

use std::fs;

use unblink::admin::status::{LimitRow, WorkerRow};
use unblink::sys::clock;

use crate::PATIENCE;
use crate::daemon::Daemon;
use crate::home::Home;
use crate::terminal::Terminal;

const SIZE: (u16, u16) = (150, 40);
/// A panel that says so when its worker is there, and a fault that takes all memory there is.
const HIT: &str = "this one is hit";
const TAKE_ALL: &str = "Q";
const OUT: &str = "ran out of memory";

fn configure(home: &Home, memory: &str) {
    let limits = format!("cpu = \"500m\"\nmemory = \"{memory}\"\npids = 128\n");
    home.configure(&format!("[faults]\nenabled = true\n[tenants.default]\n{limits}[tenants.ops]\n"));
}

fn worker(home: &Home, tenant: &str) -> WorkerRow {
    let rows = home.status().workers;
    rows.into_iter().find(|row| row.tenant == tenant).unwrap_or_else(|| panic!("no worker of {tenant}"))
}

fn wait_for(what: &str, home: &Home, wanted: impl Fn(&WorkerRow) -> bool) -> WorkerRow {
    let deadline = clock::mono() + PATIENCE;
    loop {
        let row = worker(home, "default");
        if wanted(&row) {
            return row;
        }
        assert!(clock::mono() < deadline, "waited in vain until {what}: {row:?}");
    }
}

/// What the kernel says of the memory that a process may write to.
fn data_limit(pid: u32) -> String {
    let limits = fs::read_to_string(format!("/proc/{pid}/limits")).unwrap();
    let line = limits.lines().find(|line| line.starts_with("Max data size")).unwrap();
    line.split_whitespace().nth(3).unwrap().to_owned()
}

/// A machine that has given this test a group of its own does as under systemd, which `make test-system` looks at.
fn is_by_rlimit(row: &WorkerRow) -> bool {
    row.limits.iter().any(|limit| limit.name == "memory" && limit.held_by == "rlimit")
}

#[test]
fn a_worker_that_takes_more_than_its_tenant_may_is_named_so_and_others_notice_nothing() {
    let home = Home::new();
    configure(&home, "192Mi");
    let daemon = Daemon::start(&home);
    let own = Terminal::run(&home, &["attach", "default/faults"], SIZE);
    let ops = Terminal::run(&home, &["attach", "ops/faults"], SIZE);
    own.wait_for(HIT);
    ops.wait_for(HIT);
    let row = worker(&home, "default");
    assert!(is_by_rlimit(&row), "{:?}", row.limits);
    assert_eq!(data_limit(row.pid.unwrap()), (192 << 20).to_string());
    assert_ne!(data_limit(worker(&home, "ops").pid.unwrap()), (192 << 20).to_string());
    own.type_keys(TAKE_ALL);
    let row = wait_for("its end is laid to memory", &home, |row| {
        row.last_fault.as_ref().is_some_and(|fault| fault.contains(OUT)) && row.state == "ready"
    });
    let fault = row.last_fault.unwrap();
    assert!(fault.contains("refused under its limit of 192 MiB"), "{fault}");
    // The next one, which waited and belonged to nobody, is limited, too.
    assert_eq!(data_limit(row.pid.unwrap()), (192 << 20).to_string());
    own.wait_for(HIT);
    assert_eq!(worker(&home, "ops").restarts, 0);
    assert!(!ops.seen().ever(|picture| picture.contains("worker died") || picture.contains(OUT)), "it was disturbed");
    assert_eq!(daemon.stop().code(), Some(0));
}

#[test]
fn what_holds_no_limit_is_told_and_a_changed_one_is_in_force_at_once() {
    let home = Home::new();
    configure(&home, "192Mi");
    let daemon = Daemon::start(&home);
    let row = wait_for("it is there", &home, |row| row.state == "ready");
    let told = |row: &WorkerRow| -> Vec<String> {
        let words = |limit: &LimitRow| format!("{} {} {}", limit.name, limit.limit, limit.held_by);
        row.limits.iter().map(words).collect()
    };
    assert_eq!(told(&row), ["cpu 500m nothing", "memory 192 MiB rlimit", "pids 128 nothing"]);
    let notes: Vec<&str> = row.limits.iter().filter_map(|limit| limit.note.as_deref()).collect();
    assert!(notes[0].starts_with("not held: ") && notes[1].starts_with("of each process by itself: "), "{notes:?}");
    let text = String::from_utf8(home.run(&["status"]).stdout).unwrap();
    assert!(text.contains("default memory") && text.contains("rlimit") && text.contains("not held: "), "{text}");
    let pid = row.pid.unwrap();
    for (memory, expected) in [("128Mi", 128_u64 << 20), ("1Gi", 1 << 30)] {
        configure(&home, memory);
        assert_eq!(home.run(&["reload"]).status.code(), Some(0));
        assert_eq!(data_limit(pid), expected.to_string(), "{memory}");
    }
    assert_eq!(worker(&home, "default").pid, Some(pid), "it lives on");
    assert_eq!(daemon.stop().code(), Some(0));
}
