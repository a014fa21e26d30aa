//! The harness itself: a check that cannot fail shows nothing.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::Command;

use crate::terminal::Terminal;

fn shell(script: &str) -> Terminal {
    Terminal::spawn(script, Command::new("sh").args(["-c", script]), (40, 5))
}

fn fails(check: impl Fn()) -> bool {
    catch_unwind(AssertUnwindSafe(check)).is_err()
}

#[test]
fn a_program_sees_a_terminal_of_the_size_asked_for_and_is_seen() {
    let mut terminal = shell("stty size; read line; echo got:$line; read line; stty size");
    terminal.wait_for("5 40");
    terminal.type_keys("abc\n");
    terminal.wait_for("got:abc");
    terminal.resize(60, 7);
    terminal.type_keys("\n");
    terminal.wait_for("7 60");
    assert_eq!(terminal.wait_end().code(), Some(0));
    terminal.assert_given_back();
    terminal.assert_no_garbage();
}

#[test]
fn a_terminal_that_is_left_raw_or_coloured_is_noticed() {
    for script in ["stty raw; echo done", "stty -echo; echo done", "printf '\\033[31m'; echo done"] {
        let mut terminal = shell(script);
        terminal.wait_for("done");
        terminal.wait_end();
        assert!(fails(|| terminal.assert_given_back()), "{script} went unnoticed");
    }
}

#[test]
fn garbage_is_noticed() {
    for script in ["printf '\\007'", "printf '\\033]0;title\\007'", "printf '\\377'", "printf '\\033[5;7y'"] {
        let mut terminal = shell(&format!("{script}; echo done"));
        terminal.wait_for("done");
        terminal.wait_end();
        assert!(fails(|| terminal.assert_no_garbage()), "{script} went unnoticed");
    }
}

#[test]
fn every_frame_is_remembered_however_short_it_was_there() {
    let frame = |text: &str| format!("\\033[?2026h\\033[H{text}\\033[?2026l");
    let terminal = shell(&format!("printf '{}{}'; read line", frame("one"), frame("two")));
    terminal.wait_for("two");
    assert!(terminal.seen().ever(|picture| picture.contains("one")));
    assert_eq!(terminal.seen().frames(), 2);
    terminal.assert_no_garbage();
}
