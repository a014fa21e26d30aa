//! The mouse, tabs, the cursor and scrolling, as a terminal's bytes and what they lead to.

use rustix::process::Signal;

use crate::daemon::Daemon;
use crate::home::Home;
use crate::terminal::Terminal;

/// A report of xterm's (SGR form): the button, and the cell counted from 0.
fn report(button: u16, (x, y): (u16, u16), end: char) -> String {
    format!("\x1b[<{button};{};{}{end}", x + 1, y + 1)
}

fn click(at: (u16, u16)) -> String {
    report(0, at, 'M') + &report(0, at, 'm')
}

fn attach(home: &Home, board: &str) -> Terminal {
    let terminal = Terminal::run(home, &["attach", board], (120, 40));
    terminal.wait_for("● live");
    terminal
}

#[test]
fn the_wheel_zooms_a_drag_goes_back_in_time_and_quitting_leaves_the_mouse_alone() {
    let home = Home::new();
    let _daemon = Daemon::start(&home);
    let mut terminal = attach(&home, "demo");
    assert!(terminal.seen().hears_mouse());
    let chart = (20, 6);
    terminal.type_keys(&report(64, chart, 'M'));
    terminal.wait_for("2 min");
    terminal.type_keys(&(report(0, chart, 'M') + &report(32, (40, 6), 'M') + &report(0, (40, 6), 'm')));
    terminal.wait_for("live -");
    terminal.type_keys("0");
    terminal.wait_for("● live");
    terminal.assert_no_garbage();
    terminal.type_keys("q");
    assert_eq!(terminal.wait_end().code(), Some(0));
    terminal.assert_given_back();
}

#[test]
fn a_click_on_a_tab_shows_it_and_a_new_daemon_shows_it_again() {
    let home = Home::new();
    let daemon = Daemon::start(&home);
    let terminal = attach(&home, "demo");
    terminal.wait_for("requests");
    terminal.type_keys(&click((10, 0)));
    terminal.wait_for("snow");
    terminal.wait_without("requests");
    daemon.kill();
    terminal.wait_for("reconnecting");
    let _next = Daemon::start(&home);
    terminal.wait_without("reconnecting");
    terminal
        .wait_until("the tab that was shown", |seen| seen.text().contains("snow") && !seen.text().contains("requests"));
}

#[test]
fn the_cursor_tells_its_moment_and_outlives_the_worker() {
    let home = Home::new();
    let daemon = Daemon::start(&home);
    let terminal = attach(&home, "demo");
    // Once it is paused the keys before that have been dealt with.
    terminal.type_keys("chhhhp");
    let at = |text: &str| text.split_once("  at ").map(|(_, rest)| rest[..8].to_owned());
    let before = at(&terminal.wait_for("paused")).expect("the status line tells the moment");
    let worker = daemon.worker();
    worker.signal(Signal::KILL);
    worker.wait_gone();
    daemon.wait_for_drawing_workers(2);
    terminal.wait_until("the same moment", |seen| at(&seen.text()).as_ref() == Some(&before));
    terminal.type_keys("\x1b");
    terminal.wait_without("  at ");
}

#[test]
fn a_log_that_is_scrolled_back_says_what_came_since() {
    let home = Home::new();
    let _daemon = Daemon::start(&home);
    let terminal = attach(&home, "demo");
    // The wheel focuses the log it turns over.
    let log = terminal.wait_until("the log", |seen| seen.text().contains("─ log ─"));
    let row = log.lines().position(|line| line.contains("─ log ─")).expect("it is there");
    let column = log.lines().nth(row).and_then(|line| line.find("─ log ─")).expect("it is there");
    let column = log.lines().nth(row).expect("it is there")[..column].chars().count();
    let at = (u16::try_from(column + 5).unwrap(), u16::try_from(row + 2).unwrap());
    terminal.type_keys(&report(64, at, 'M'));
    terminal.wait_for(" newer");
    terminal.type_keys("\x1b[4~");
    terminal.wait_without(" newer");
}

#[test]
fn a_viewer_who_keeps_the_mouse_is_not_asked_for_it() {
    let home = Home::new();
    let _daemon = Daemon::start(&home);
    let terminal = Terminal::run(&home, &["attach", "host", "--no-mouse"], (80, 24));
    terminal.wait_for("CPU");
    assert!(!terminal.seen().hears_mouse());
    let inline = Terminal::run(&home, &["attach", "host", "--inline"], (80, 24));
    inline.wait_for("CPU");
    assert!(!inline.seen().hears_mouse());
}
