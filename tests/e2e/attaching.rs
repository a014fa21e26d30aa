//! Viewers come, look, change what they see and leave.

use rustix::process::Signal;

use crate::daemon::Daemon;
use crate::home::Home;
use crate::terminal::Terminal;

/// On every board of this machine, in every size that shows words at all.
const BOARD: &str = "CPU";

fn attach(home: &Home, size: (u16, u16)) -> Terminal {
    let terminal = Terminal::run(home, &["attach", "host"], size);
    terminal.wait_for(BOARD);
    terminal
}

#[test]
fn three_sizes_at_once_are_all_live_and_quit_cleanly() {
    let home = Home::new();
    let daemon = Daemon::start(&home);
    let mut terminals: Vec<Terminal> =
        [(120, 40), (80, 24), (40, 12)].into_iter().map(|size| attach(&home, size)).collect();
    for terminal in &terminals {
        for _ in 0..3 {
            terminal.wait_for_change();
        }
        assert!(terminal.text().contains(BOARD));
        terminal.assert_no_garbage();
    }
    for terminal in &mut terminals {
        terminal.type_keys("q");
        assert_eq!(terminal.wait_end().code(), Some(0));
        terminal.assert_given_back();
    }
    assert_eq!(daemon.stop().code(), Some(0));
}

#[test]
fn a_resized_terminal_is_filled_and_never_torn() {
    let home = Home::new();
    let _daemon = Daemon::start(&home);
    let terminal = attach(&home, (40, 12));
    let reaches = |col: usize| move |row: &str| row.chars().skip(col).any(|one| one != ' ');
    terminal.resize(120, 40);
    terminal.wait_until("a picture as wide and high as the window", |seen| {
        seen.text().contains(BOARD)
            && (0..40).any(|row| reaches(100)(&seen.row(row)))
            && !seen.row(30).trim().is_empty()
    });
    terminal.resize(60, 20);
    terminal.wait_for(BOARD);
    terminal.wait_for_change();
    terminal.assert_no_garbage();
}

#[test]
fn keys_change_what_one_viewer_sees_and_nobody_else() {
    let home = Home::new();
    let _daemon = Daemon::start(&home);
    let (one, other) = (attach(&home, (80, 24)), attach(&home, (80, 24)));
    one.type_keys("?");
    one.wait_for("this help");
    assert!(!other.text().contains("this help"), "help came up for somebody who did not ask:\n{}", other.text());
    one.type_keys("?");
    one.wait_without("this help");
    one.type_keys("p");
    one.wait_for("paused");
    other.wait_for_change();
    assert!(!other.text().contains("paused"));
}

#[test]
fn viewers_see_how_many_they_are() {
    let home = Home::new();
    let _daemon = Daemon::start(&home);
    let one = attach(&home, (80, 24));
    one.wait_for("1 viewer ");
    // Whatever size the others have.
    let mut other = attach(&home, (100, 30));
    one.wait_for("2 viewers");
    other.wait_for("2 viewers");
    other.type_keys("q");
    assert_eq!(other.wait_end().code(), Some(0));
    one.wait_for("1 viewer ");
    one.assert_no_garbage();
}

#[test]
fn the_daemon_shows_how_it_fares_itself() {
    let home = Home::new();
    let daemon = Daemon::start(&home);
    let board = Terminal::run(&home, &["attach", "unblink"], (120, 40));
    board.wait_until("processor time and memory of both processes", |seen| {
        let text = seen.text();
        let told =
            |what: &str| text.split(what).nth(1).is_some_and(|rest| rest.trim_start().starts_with(char::is_numeric));
        text.matches("● root").count() == 2 && told("● root") && told("● worker")
    });
    // So small that the number stands there in a digit of its own.
    let mut small = Terminal::run(&home, &["attach", "unblink"], (30, 3));
    let counts = |count: char| move |seen: &crate::terminal::Seen| seen.row(0).starts_with(count);
    small.wait_until("two viewers", counts('2'));
    let other = attach(&home, (80, 24));
    small.wait_until("three viewers", counts('3'));
    drop(other);
    small.wait_until("two viewers again", counts('2'));
    small.type_keys("q");
    assert_eq!(small.wait_end().code(), Some(0));
    daemon.worker().signal(Signal::KILL);
    board
        .wait_until("the restart", |seen| seen.text().lines().any(|row| row.contains("restarts") && row.contains('1')));
    board.assert_no_garbage();
}

#[test]
fn ctrl_c_leaves_like_quitting_does() {
    let home = Home::new();
    let _daemon = Daemon::start(&home);
    let mut terminal = attach(&home, (80, 24));
    terminal.type_keys("\x03");
    assert_eq!(terminal.wait_end().code(), Some(0));
    terminal.assert_given_back();
}

#[test]
fn a_terminated_viewer_gives_its_terminal_back() {
    let home = Home::new();
    let _daemon = Daemon::start(&home);
    for signal in [
        Signal::TERM,
        Signal::INT,
        Signal::HUP,
        Signal::QUIT,
        Signal::ALARM,
        Signal::VTALARM,
        Signal::PROF,
        Signal::IO,
        Signal::XCPU,
        Signal::XFSZ,
    ] {
        let mut terminal = attach(&home, (80, 24));
        terminal.signal(signal);
        assert_eq!(terminal.wait_end().code(), Some(0), "after {signal:?}");
        terminal.assert_given_back();
    }
}

#[test]
fn a_suspended_viewer_gives_its_terminal_back_and_takes_it_again() {
    let home = Home::new();
    let _daemon = Daemon::start(&home);
    let mut terminal = attach(&home, (80, 24));
    for _ in 0..2 {
        terminal.signal(Signal::TSTP);
        terminal.wait_stopped();
        terminal.assert_given_back();
        assert!(!terminal.text().contains(BOARD), "the charts stand on the shell's screen:\n{}", terminal.text());
        terminal.signal(Signal::CONT);
        terminal.wait_until("the charts on their own screen", |seen| {
            seen.alternate() && seen.cursor_hidden() && seen.text().contains(BOARD)
        });
        terminal.wait_for_change();
    }
    terminal.assert_no_garbage();
    terminal.type_keys("q");
    assert_eq!(terminal.wait_end().code(), Some(0));
    terminal.assert_given_back();
}

#[test]
fn usr2_makes_a_viewer_connect_anew() {
    let home = Home::new();
    let daemon = Daemon::start(&home);
    let terminal = attach(&home, (80, 24));
    let attached = |count: usize| {
        daemon.log.wait_for(&format!("viewer number {count}"), |log| {
            (log.matches("viewer attached").count() >= count).then_some(())
        });
    };
    attached(1);
    terminal.signal(Signal::USR2);
    attached(2);
    terminal.wait_for_change();
    terminal.wait_without("reconnecting");
    assert!(terminal.text().contains(BOARD));
}

#[test]
fn a_board_that_is_not_there_is_refused_in_words() {
    let home = Home::new();
    let _daemon = Daemon::start(&home);
    let mut terminal = Terminal::run(&home, &["attach", "nosuch"], (80, 24));
    assert_eq!(terminal.wait_end().code(), Some(1));
    terminal.wait_for("nosuch");
    terminal.wait_for("host");
    terminal.assert_given_back();
}

#[test]
fn without_a_terminal_it_says_so() {
    let home = Home::new();
    let _daemon = Daemon::start(&home);
    let output = home.run(&["attach", "host"]);
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.contains("no terminal") && output.stdout.is_empty(), "{said}");
}

#[test]
fn colours_come_unless_no_color_is_set() {
    let home = Home::new();
    let _daemon = Daemon::start(&home);
    let colourful = attach(&home, (80, 24));
    colourful.wait_until("a colour", |seen| seen.coloured());
    let plain = Terminal::spawn("NO_COLOR", home.command(&["attach", "host"]).env("NO_COLOR", "1"), (80, 24));
    plain.wait_for(BOARD);
    plain.wait_for_change();
    assert!(!plain.seen().coloured(), "colours in spite of NO_COLOR");
}

#[test]
fn ascii_only_shows_nothing_else() {
    let home = Home::new();
    let _daemon = Daemon::start(&home);
    let terminal = Terminal::run(&home, &["attach", "host", "--ascii-only"], (80, 24));
    terminal.wait_for(BOARD);
    let text = terminal.wait_for_change();
    assert!(text.is_ascii(), "{text}");
}
