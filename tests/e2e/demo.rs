//! Everything in one terminal.

use rustix::process::Signal;

use crate::home::Home;
use crate::process;
use crate::terminal::Terminal;

#[test]
fn the_demo_is_live_and_leaves_nothing_behind() {
    let home = Home::new();
    let mut terminal = Terminal::run(&home, &["demo"], (100, 30));
    terminal.wait_for("CPU");
    terminal.wait_for_change();
    terminal.assert_no_garbage();
    let mut workers = process::children(terminal.pid());
    assert_eq!(workers.len(), 1);
    terminal.type_keys("q");
    assert_eq!(terminal.wait_end().code(), Some(0));
    terminal.assert_given_back();
    workers.remove(0).wait_gone();
    assert!(!home.socket().exists(), "the demo listens");
}

#[test]
fn tab_leads_from_this_machine_past_all_charts_to_the_daemon_itself() {
    let home = Home::new();
    let terminal = Terminal::run(&home, &["demo"], (100, 30));
    let boards = [
        ("default/host", "CPU"),
        ("default/demo", "requests"),
        ("default/unblink", "worker up"),
        ("default/faults", "this one is hit"),
    ];
    for (board, words) in boards {
        terminal.wait_until(board, |seen| seen.text().contains(board) && seen.text().contains(words));
        terminal.type_keys("\t");
    }
    terminal.wait_for("default/host");
    terminal.assert_no_garbage();
}

/// In an editor's shell, say: there escape sequences would stand on the screen as they are.
#[test]
fn a_snapshot_on_a_dumb_terminal_is_plain_text() {
    let home = Home::new();
    let mut command = home.command(&["snapshot", "host"]);
    let mut terminal = Terminal::spawn("dumb", command.env("TERM", "dumb"), (80, 24));
    assert_eq!(terminal.wait_end().code(), Some(0));
    let text = terminal.wait_for("CPU");
    assert!(!terminal.seen().coloured() && !text.contains("[0m"), "{text}");
}

#[test]
fn the_demo_outlives_its_worker() {
    let home = Home::new();
    let terminal = Terminal::run(&home, &["demo"], (100, 30));
    terminal.wait_for("CPU");
    let worker = process::children(terminal.pid()).remove(0);
    worker.signal(Signal::KILL);
    worker.wait_gone();
    terminal.seen().forget();
    for _ in 0..3 {
        terminal.wait_for_change();
    }
    assert!(terminal.text().contains("CPU"));
    let next = process::children(terminal.pid());
    assert!(next.len() == 1 && next[0].pid != worker.pid, "workers: {next:?}; the screen:\n{}", terminal.text());
    terminal.assert_no_garbage();
}

#[test]
fn a_killed_demo_leaves_no_worker() {
    let home = Home::new();
    let mut terminal = Terminal::run(&home, &["demo"], (100, 30));
    terminal.wait_for("CPU");
    let worker = process::children(terminal.pid()).remove(0);
    terminal.signal(Signal::KILL);
    terminal.wait_end();
    worker.wait_gone();
}
