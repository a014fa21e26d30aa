//! The worker that waits for a tenant: it is there, it is used, and it goes with the daemon.

use rustix::process::Signal;
use unblink::sys::clock;

use crate::PATIENCE;
use crate::daemon::Daemon;
use crate::home::Home;
use crate::process::{Watched, spares};
use crate::terminal::Terminal;

/// Waits for the one that waits, and for its row.
fn spare(home: &Home, daemon: &Daemon) -> Watched {
    let deadline = clock::mono() + PATIENCE;
    loop {
        let is_shown = home.status().tree.find("spare worker").is_some();
        let mut waiting = spares(daemon.pid());
        assert!(waiting.len() <= 1, "one is enough: {waiting:?}");
        if let (true, Some(waiting)) = (is_shown, waiting.pop()) {
            return waiting;
        }
        assert!(clock::mono() < deadline, "waited in vain for a spare worker; the log:\n{}", daemon.log.so_far());
    }
}

#[test]
fn a_worker_that_waits_takes_the_place_of_one_that_dies_with_all_that_is_known() {
    let home = Home::new();
    let daemon = Daemon::start(&home);
    daemon.wait_for_drawing_workers(1);
    let terminal = Terminal::run(&home, &["attach", "host"], (120, 40));
    terminal.wait_for("default/host");
    let first = spare(&home, &daemon);
    let killed = daemon.worker();
    assert_ne!(killed.pid, first.pid);
    killed.signal(Signal::KILL);
    killed.wait_gone();
    daemon.wait_for_drawing_workers(2);
    assert_eq!(daemon.worker().pid, first.pid, "nothing was to be started");
    daemon.log.wait_for("what the first worker left", |log| {
        log.contains("worker has the data of the one before it").then_some(())
    });
    terminal.seen().forget();
    terminal.wait_until("live pictures", |seen| seen.frames() > 2 && !seen.text().contains("worker"));
    let second = spare(&home, &daemon);
    assert_ne!(second.pid, first.pid);
    // One that is of no use is no loss.
    second.signal(Signal::KILL);
    second.wait_gone();
    first.signal(Signal::KILL);
    first.wait_gone();
    daemon.wait_for_drawing_workers(3);
    assert_eq!(daemon.stop().code(), Some(0));
}

#[test]
fn one_that_waits_goes_with_its_daemon() {
    let home = Home::new();
    let daemon = Daemon::start(&home);
    let waiting = spare(&home, &daemon);
    assert_eq!(daemon.stop().code(), Some(0));
    waiting.wait_gone();
    let daemon = Daemon::start(&home);
    let waiting = spare(&home, &daemon);
    daemon.kill();
    waiting.wait_gone();
}
