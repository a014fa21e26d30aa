//! What only a whole system shows: two real users, a real terminal, a real console, a real journald, a real Prometheus, a real PostgreSQL. Run by `make test-system` as root.
//!
//! Invariant: nothing is left behind, neither a process nor a file, whether a test passes or fails.

#![expect(clippy::print_stdout, reason = "what was measured, and what could not be, is for whoever runs this")]

#[path = "e2e/asking.rs"]
mod asking;
#[path = "system/backup.rs"]
mod backup;
#[path = "chaos/bridge.rs"]
mod bridge;
#[path = "system/console.rs"]
mod console;
#[path = "system/crowd.rs"]
mod crowd;
#[path = "system/groups.rs"]
mod groups;
#[expect(dead_code, reason = "an emulated machine is for tests/qemu.rs")]
#[path = "system/lab.rs"]
mod lab;
#[path = "system/lasting.rs"]
mod lasting;
#[path = "system/limits.rs"]
mod limits;
#[path = "system/logging.rs"]
mod logging;
#[path = "system/making.rs"]
mod making;
#[path = "system/metrics.rs"]
mod metrics;
#[path = "system/network.rs"]
mod network;
#[path = "system/packages.rs"]
mod packages;
#[cfg(feature = "sql")]
#[path = "system/postgres.rs"]
mod postgres;
#[path = "system/pprof.rs"]
mod pprof;
#[path = "system/prometheus.rs"]
mod prometheus;
#[path = "system/sandbox.rs"]
mod sandbox;
#[path = "system/service.rs"]
mod service;
#[path = "system/stage.rs"]
mod stage;
#[path = "system/surroundings.rs"]
mod surroundings;
#[path = "system/tenants.rs"]
mod tenants;
#[path = "system/terminal.rs"]
mod terminal;
#[expect(dead_code, reason = "tests/qemu.rs uses the rest")]
#[path = "system/witness.rs"]
mod witness;

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::time::Duration;

use lasting::Counts;
use stage::Stage;
use terminal::Terminal;

/// How long anything is waited for before a test gives up: far more than it takes, even on a busy machine.
const PATIENCE: Duration = Duration::from_secs(120);
/// Exit statuses the program promises.
const NOT_ALLOWED: i32 = 77;

#[test]
fn restarts_and_upgrades_refuse_nobody_and_are_hardly_seen() {
    lasting::run(Counts { restarts: 10, upgrades: 2, viewers: 20 });
}

#[test]
fn the_daemon_of_one_user_is_closed_to_another() {
    let mut stage = Stage::new();
    let (owner, stranger) = (stage.person(), stage.person());
    let mut daemon = Terminal::open(&owner, "daemon", 120, 40);
    daemon.run("../unblink serve");
    daemon.wait_for("attach.sock");

    let socket = owner.attach_socket();
    let status = fs::metadata(&socket).expect("the daemon listens");
    assert_eq!((status.uid(), status.mode() & 0o777), (owner.uid, 0o600), "the socket is its owner's alone");

    let path = socket.to_str().expect("temporary paths are UTF-8");
    let refused = stranger.unblink(&["attach", "--socket", path]);
    assert_eq!(refused.status.code(), Some(NOT_ALLOWED), "{}", String::from_utf8_lossy(&refused.stderr));

    // Even when somebody loosens the modes, the peer's credentials decide.
    fs::set_permissions(&socket, fs::Permissions::from_mode(0o666)).expect("root may");
    fs::set_permissions(socket.parent().expect("a folder"), fs::Permissions::from_mode(0o755)).expect("root may");
    let mut terminal = Terminal::open(&stranger, "stranger", 80, 24);
    terminal.run(&format!("../unblink attach --socket {path}; echo status=$?"));
    let screen = terminal.wait_for("status=7");
    assert!(screen.contains("status=77"), "a stranger got in:\n{screen}");
}

#[test]
fn the_demo_runs_in_a_terminal_and_leaves_it_usable() {
    let mut stage = Stage::new();
    let person = stage.person();
    let mut terminal = Terminal::open(&person, "demo", 100, 30);
    terminal.run("../unblink demo; echo status=$?");
    terminal.wait_for("CPU");
    terminal.press(&["?"]);
    terminal.wait_for("this help");
    terminal.press(&["?"]);
    terminal.wait_until("no help on the screen", |screen| !screen.contains("this help"));
    terminal.resize(60, 20);
    terminal.wait_for("CPU");
    terminal.press(&["q"]);
    let screen = terminal.wait_for("status=0");
    assert!(!screen.contains("CPU"), "the demo stays on the screen it was given:\n{screen}");
    terminal.run("echo still' 'usable");
    terminal.wait_for("still usable");
    assert!(stage.running().is_empty(), "left over: {:?}", stage.running());
}

#[test]
fn a_killed_worker_and_a_killed_daemon_leave_every_terminal_usable() {
    let mut stage = Stage::new();
    let person = stage.person();
    let mut daemon = Terminal::open(&person, "daemon", 120, 40);
    daemon.run("../unblink serve");
    daemon.wait_for("attach.sock");
    let mut wide = Terminal::open(&person, "wide", 120, 40);
    let mut small = Terminal::open(&person, "small", 40, 12);
    for terminal in [&mut wide, &mut small] {
        terminal.run("../unblink attach host; echo status=$?");
        terminal.wait_for("CPU");
    }

    let worker = stage.only("worker");
    worker.kill();
    daemon.wait_until("a second worker in the log", |_| {
        let workers = stage.running();
        workers.iter().any(|one| one.pid != worker.pid && one.arguments.iter().any(|part| part == "worker"))
    });
    for terminal in [&mut wide, &mut small] {
        let screen = terminal.screen();
        assert!(screen.contains("CPU"), "the last frame went away with the worker:\n{screen}");
        let before = terminal.screen();
        terminal.wait_until("a live picture again", |screen| screen.contains("CPU") && screen != before);
    }

    stage.only("serve").kill();
    for terminal in [&mut wide, &mut small] {
        let screen = terminal.wait_for("reconnecting");
        assert!(screen.contains("CPU"), "the last frame went away with the daemon:\n{screen}");
    }
    assert!(!stage.running().iter().any(|one| one.arguments.iter().any(|part| part == "worker")), "a worker is left");

    daemon.run("../unblink serve");
    for terminal in [&mut wide, &mut small] {
        terminal.wait_until("live again", |screen| screen.contains("CPU") && !screen.contains("reconnecting"));
        terminal.press(&["q"]);
        terminal.wait_for("status=0");
        terminal.run("echo still' 'usable");
        terminal.wait_for("still usable");
    }
    daemon.press(&["C-c"]);
    daemon.wait_until("the shell again", |screen| screen.trim_end().ends_with("ready>"));
    assert!(stage.running().is_empty(), "left over: {:?}", stage.running());
}
