//! Terminals that are tiny, that never stand still, that take nothing, that go away.

use std::io::Read;

use rustix::process::Signal;
use unblink::sys::clock;
use unblink::sys::pty::Pty;

use crate::PATIENCE;
use crate::daemon::Daemon;
use crate::home::Home;
use crate::process;
use crate::terminal::Terminal;

const BOARD: &str = "CPU";

fn attach(home: &Home, size: (u16, u16)) -> Terminal {
    let terminal = Terminal::run(home, &["attach", "host"], size);
    terminal.wait_for(BOARD);
    terminal
}

#[test]
fn terminals_of_no_size_and_of_one_cell_are_served_and_quit() {
    let home = Home::new();
    let daemon = Daemon::start(&home);
    for size in [(0, 0), (1, 1), (1, 50), (200, 1), (2, 2)] {
        let mut terminal = Terminal::run(&home, &["attach", "host"], size);
        terminal.wait_until("a frame", |seen| seen.frames() > 0);
        terminal.assert_no_garbage();
        terminal.type_keys("q");
        assert_eq!(terminal.wait_end().code(), Some(0), "at {size:?}:\n{}", terminal.text());
        terminal.assert_given_back();
    }
    assert_eq!(daemon.stop().code(), Some(0));
}

#[test]
fn a_terminal_resized_two_hundred_times_ends_up_right_and_disturbs_nobody() {
    let home = Home::new();
    let daemon = Daemon::start(&home);
    let (restless, calm) = (attach(&home, (80, 24)), attach(&home, (80, 24)));
    for turn in 0..200_u16 {
        let (cols, rows) = if turn % 50 == 49 { (0, 0) } else { (1 + turn * 7 % 150, 1 + turn * 5 % 50) };
        restless.resize(cols, rows);
        if turn % 20 == 0 {
            let before = restless.seen().bytes;
            restless.wait_until("anything drawn", |seen| seen.bytes > before);
        }
    }
    restless.resize(100, 30);
    // The row of tabs does not reach so far.
    restless.wait_until("a picture of the last size", |seen| {
        seen.text().contains(BOARD) && seen.row(1).chars().skip(80).any(|one| one != ' ')
    });
    calm.wait_for_change();
    assert!(calm.text().contains(BOARD));
    restless.assert_no_garbage();
    calm.assert_no_garbage();
    drop((restless, calm));
    assert_eq!(daemon.stop().code(), Some(0));
}

/// Holds a terminal until the daemon feels that nobody reads: the kernel keeps a few pictures before that.
fn stall(home: &Home, held: &Terminal) {
    let deadline = clock::mono() + PATIENCE;
    held.pause();
    while !is_stalled(home) {
        assert!(clock::mono() < deadline, "the daemon notices nothing: {:?}", home.status().sessions);
        // A whole picture more.
        held.type_keys("r");
    }
}

/// Whether the first viewer takes nothing.
fn is_stalled(home: &Home) -> bool {
    home.status().sessions.iter().min_by_key(|session| session.id).is_some_and(|first| first.stalled_ms > 0)
}

#[test]
fn a_viewer_that_takes_nothing_disturbs_nobody_and_catches_up() {
    let home = Home::new();
    let _daemon = Daemon::start(&home);
    let (held, free) = (attach(&home, (150, 45)), attach(&home, (80, 24)));
    stall(&home, &held);
    for _ in 0..5 {
        free.wait_for_change();
    }
    assert!(is_stalled(&home), "it took its frames after all");
    let then = held.text();
    held.go_on();
    held.wait_until("a new picture", |seen| seen.text() != then && seen.text().contains(BOARD));
    held.wait_for_change();
    held.assert_no_garbage();
}

#[test]
fn a_viewer_that_takes_nothing_can_still_be_ended() {
    let home = Home::new();
    let daemon = Daemon::start(&home);
    let mut held = attach(&home, (150, 45));
    stall(&home, &held);
    held.signal(Signal::TERM);
    assert_eq!(held.wait_end().code(), Some(0));
    held.go_on();
    held.assert_given_back();
    assert_eq!(daemon.stop().code(), Some(0));
}

#[test]
fn a_terminal_closed_in_the_middle_of_a_frame_ends_its_viewer_alone() {
    let home = Home::new();
    let daemon = Daemon::start(&home);
    let other = attach(&home, (80, 24));
    // Nobody reads this one: the first frame is under way when the terminal goes.
    let pty = Pty::open(400, 120).unwrap();
    let mut viewer = pty.spawn(&mut home.command(&["attach", "host"])).unwrap();
    assert_eq!((&pty).read(&mut [0; 1]).unwrap(), 1);
    drop(pty);
    process::wait_end(&mut viewer, "the viewer of a closed terminal");
    other.wait_for_change();
    assert!(other.text().contains(BOARD));
    other.assert_no_garbage();
    drop(other);
    assert_eq!(daemon.stop().code(), Some(0));
}
