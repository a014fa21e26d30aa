//! Processes die: what viewers see, and what is left behind.

use rustix::process::Signal;

use crate::asking::{counted, wait_until};
use crate::daemon::Daemon;
use crate::home::Home;
use crate::terminal::Terminal;

const BOARD: &str = "CPU";

fn attach(home: &Home, size: (u16, u16)) -> Terminal {
    let terminal = Terminal::run(home, &["attach", "host"], size);
    terminal.wait_for(BOARD);
    terminal
}

/// Kills workers until a viewer is told: one death alone is over before anybody could read of it.
fn kill_workers_until(daemon: &Daemon, told: impl Fn() -> bool) -> usize {
    for deaths in 1..20 {
        let worker = daemon.worker();
        worker.signal(Signal::KILL);
        worker.wait_gone();
        daemon.wait_for_drawing_workers(deaths + 1);
        if told() {
            return deaths;
        }
    }
    panic!("nobody is told of dead workers; the log:\n{}", daemon.log.so_far());
}

#[test]
fn a_dead_worker_leaves_the_last_frame_under_a_banner_until_the_next_one_draws() {
    let home = Home::new();
    let daemon = Daemon::start(&home);
    let terminals = [attach(&home, (100, 30)), attach(&home, (50, 15))];
    let first = daemon.worker();
    let banner = |picture: &str| picture.contains("worker died") && picture.contains(BOARD);
    kill_workers_until(&daemon, || terminals.iter().all(|terminal| terminal.seen().ever(banner)));
    for terminal in &terminals {
        terminal.wait_until("a picture without a banner", |seen| {
            !seen.text().contains("worker died") && seen.text().contains(BOARD)
        });
        terminal.wait_for_change();
        let all = terminal.seen().ever(|picture| !picture.contains(BOARD));
        assert!(!all, "a viewer saw a picture without the board:\n{}", terminal.text());
        terminal.assert_no_garbage();
    }
    assert_ne!(daemon.worker().pid, first.pid);
}

#[test]
fn a_worker_that_dies_once_is_replaced_before_anybody_notices() {
    let home = Home::new();
    let daemon = Daemon::start(&home);
    let terminal = attach(&home, (80, 24));
    let worker = daemon.worker();
    worker.signal(Signal::KILL);
    worker.wait_gone();
    daemon.wait_for_drawing_workers(2);
    terminal.seen().forget();
    for _ in 0..3 {
        terminal.wait_for_change();
    }
    assert!(terminal.text().contains(BOARD));
    let log = daemon.log.so_far();
    assert_eq!(log.matches("worker started").count(), 2, "one death, one successor; the log:\n{log}");
    assert_ne!(daemon.worker().pid, worker.pid);
}

#[test]
fn a_worker_that_stands_still_is_told_of_and_forgiven() {
    let home = Home::new();
    let daemon = Daemon::start(&home);
    let terminal = attach(&home, (80, 24));
    let worker = daemon.worker();
    worker.signal(Signal::STOP);
    daemon.log.wait_for("a warning", |log| log.contains("worker is late with an answer").then_some(()));
    let late = || counted(&home.admin(), "unblink_worker_late_total{tenant=\"default\"}");
    wait_until("it to be counted", || late() >= 1.0);
    let picture = terminal.wait_for("worker was stopped by a signal");
    assert!(picture.contains(BOARD), "the last frame went away:\n{picture}");
    worker.signal(Signal::CONT);
    terminal.wait_without("worker was stopped by a signal");
    terminal.wait_for_change();
    terminal.assert_no_garbage();
    assert_eq!(daemon.worker().pid, worker.pid, "it was not to blame");
}

#[test]
fn a_daemon_that_stands_still_is_told_of_and_forgiven() {
    let home = Home::new();
    let daemon = Daemon::start(&home);
    let terminal = attach(&home, (80, 24));
    daemon.signal(Signal::STOP);
    let picture = terminal.wait_for("does not answer · last frame");
    assert!(picture.contains(BOARD), "the last frame went away:\n{picture}");
    // The age on the banner moves.
    terminal.wait_for_change();
    daemon.signal(Signal::CONT);
    terminal.wait_until("a picture without a banner", |seen| {
        !seen.text().contains("last frame") && seen.text().contains(BOARD)
    });
    terminal.wait_for_change();
    terminal.assert_no_garbage();
}

#[test]
fn a_daemon_that_stands_still_for_long_is_left_and_found_again() {
    let home = Home::new();
    let daemon = Daemon::start(&home);
    let mut terminal = attach(&home, (80, 24));
    daemon.signal(Signal::STOP);
    let picture = terminal.wait_until("a banner that says why", |seen| {
        seen.text().contains("reconnecting") && seen.text().contains("it does not answer")
    });
    assert!(picture.contains(BOARD), "the last frame went away:\n{picture}");
    daemon.signal(Signal::CONT);
    terminal.wait_until("a picture without a banner", |seen| {
        !seen.text().contains("last frame") && seen.text().contains(BOARD)
    });
    terminal.wait_for_change();
    terminal.assert_no_garbage();
    terminal.type_keys("q");
    assert_eq!(terminal.wait_end().code(), Some(0));
}

#[test]
fn a_killed_daemon_leaves_no_worker_and_every_terminal_usable() {
    let home = Home::new();
    let daemon = Daemon::start(&home);
    let mut terminals = [attach(&home, (100, 30)), attach(&home, (50, 15))];
    let worker = daemon.worker();
    daemon.kill();
    worker.wait_gone();
    for terminal in &terminals {
        let picture = terminal.wait_for("reconnecting");
        assert!(picture.contains(BOARD), "the last frame went away with the daemon:\n{picture}");
    }
    // The age on the banner moves: the viewer lives.
    terminals[0].wait_for_change();
    for terminal in &mut terminals {
        terminal.type_keys("q");
        assert_eq!(terminal.wait_end().code(), Some(0));
        terminal.assert_given_back();
        terminal.assert_no_garbage();
    }
}

#[test]
fn viewers_of_a_killed_daemon_are_live_again_with_the_next_one() {
    let home = Home::new();
    let daemon = Daemon::start(&home);
    let terminal = attach(&home, (80, 24));
    terminal.type_keys("p");
    terminal.wait_for("paused");
    daemon.kill();
    terminal.wait_for("reconnecting");
    let _next = Daemon::start(&home);
    terminal.wait_without("reconnecting");
    // What the viewer had chosen is still chosen.
    terminal.wait_for("paused");
    terminal.type_keys("p");
    terminal.wait_without("paused");
    terminal.wait_for_change();
    terminal.assert_no_garbage();
}

#[test]
fn a_stopped_daemon_says_farewell_and_takes_its_worker_along() {
    let home = Home::new();
    let daemon = Daemon::start(&home);
    let mut terminal = attach(&home, (80, 24));
    let worker = daemon.worker();
    assert_eq!(daemon.stop().code(), Some(0));
    worker.wait_gone();
    assert!(!home.socket().exists(), "the socket is left behind");
    terminal.wait_for("reconnecting");
    terminal.signal(Signal::TERM);
    assert_eq!(terminal.wait_end().code(), Some(0));
    terminal.assert_given_back();
}
