//! Charts among other lines of a screen.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, Stdio};

use rustix::process::Signal;

use crate::daemon::Daemon;
use crate::home::Home;
use crate::process;
use crate::terminal::{Seen, Terminal};

/// On every board of this machine, in every size that shows words at all.
const BOARD: &str = "CPU";

/// The shell runs the program and says `after` when it is over.
const AND_AFTER: &str = "\"$0\" \"$@\"; echo after $?";
/// The program takes the shell's place.
const ALONE: &str = "exec \"$0\" \"$@\"";

/// The program on a screen that a shell has filled with 40 lines.
fn after_lines(home: &Home, args: &[&str], size: (u16, u16), how: &str) -> Terminal {
    let program = home.command(args);
    let mut shell = Command::new("sh");
    shell.args(["-c", &format!("seq -f 'line %g' 40; {how}")]);
    shell.arg(program.get_program()).args(program.get_args()).env_clear().current_dir(home.path(""));
    shell.envs(program.get_envs().filter_map(|(name, value)| Some((name, value?))));
    Terminal::spawn(&args.join(" "), &mut shell, size)
}

/// Whether a board stands in the lowest rows, which begin at `from`.
fn board_from(seen: &Seen, from: u16, rows: u16) -> bool {
    let below: Vec<String> = (from..rows).map(|row| seen.row(row)).collect();
    let is_above = |row| seen.row(row).contains(BOARD);
    below.iter().any(|row| row.contains(BOARD)) && below[below.len() - 1].contains("host") && !(0..from).any(is_above)
}

#[test]
fn an_inline_board_leaves_the_lines_above_it_and_stays_when_it_ends() {
    let home = Home::new();
    let _daemon = Daemon::start(&home);
    let mut terminal = after_lines(&home, &["attach", "host", "--inline=8"], (80, 24), AND_AFTER);
    terminal.wait_until("a board in the lowest eight rows", |seen| board_from(seen, 16, 24));
    for _ in 0..3 {
        terminal.wait_for_change();
    }
    {
        let seen = terminal.seen();
        assert!(!seen.alternate() && seen.cursor_hidden() && board_from(&seen, 16, 24), "{}", seen.text());
        for row in 0..16 {
            assert_eq!(seen.row(row).trim_end(), format!("line {}", 25 + row), "{}", seen.text());
        }
    }
    terminal.type_keys("q");
    assert_eq!(terminal.wait_end().code(), Some(0));
    terminal.wait_for("after 0");
    terminal.assert_given_back();
    terminal.assert_no_garbage();
    let seen = terminal.seen();
    // The picture's last row, what the shell says below it, and the cursor's own.
    assert!(seen.row(21).contains("host") && seen.row(22).starts_with("after 0"), "{}", seen.text());
    assert!(seen.row(13).starts_with("line 40") && seen.text().contains(BOARD), "{}", seen.text());
}

#[test]
fn an_inline_board_stays_at_the_bottom_of_a_window_that_changes() {
    let home = Home::new();
    let _daemon = Daemon::start(&home);
    let terminal = after_lines(&home, &["attach", "host", "--inline"], (80, 24), ALONE);
    terminal.wait_until("a board in the lowest ten rows", |seen| board_from(seen, 14, 24));
    for rows in [14, 6, 30] {
        terminal.resize(60, rows);
        terminal.wait_until("a board at the bottom", |seen| {
            let from = rows.saturating_sub(10);
            (from..rows).any(|row| seen.row(row).contains(BOARD)) && seen.row(rows - 1).contains("host")
        });
    }
    terminal.assert_no_garbage();
}

#[test]
fn a_suspended_inline_board_begins_below_what_the_shell_wrote() {
    let home = Home::new();
    let daemon = Daemon::start(&home);
    // Without a shell, which would be told of the stop instead of the test.
    let mut terminal = Terminal::run(&home, &["attach", "host", "--inline=8"], (80, 24));
    terminal.wait_until("a board in the lowest eight rows", |seen| board_from(seen, 16, 24));
    terminal.signal(Signal::TSTP);
    terminal.wait_stopped();
    terminal.assert_given_back();
    assert!(terminal.text().contains(BOARD), "the picture stays:\n{}", terminal.text());
    terminal.signal(Signal::CONT);
    terminal.wait_until("a picture again", |seen| seen.cursor_hidden() && seen.row(23).contains("host"));
    terminal.type_keys("q");
    assert_eq!(terminal.wait_end().code(), Some(0));
    terminal.assert_given_back();
    drop(daemon);
}

#[test]
fn a_followed_snapshot_is_redrawn_in_place_until_a_signal_comes() {
    let home = Home::new();
    let args = ["snapshot", "host", "--follow", "--every", "100ms", "--size", "80x8"];
    let mut terminal = after_lines(&home, &args, (80, 24), ALONE);
    terminal.wait_until("a board below the lines", |seen| board_from(seen, 15, 23));
    for _ in 0..3 {
        terminal.wait_for_change();
    }
    terminal.wait_until("a whole board below the lines", |seen| board_from(seen, 15, 23));
    {
        let seen = terminal.seen();
        assert!(!seen.alternate(), "{}", seen.text());
        for row in 0..15 {
            assert_eq!(seen.row(row).trim_end(), format!("line {}", 26 + row), "{}", seen.text());
        }
    }
    // Not typed: the terminal would echo it into the middle of a picture.
    terminal.signal(Signal::INT);
    assert_eq!(terminal.wait_end().code(), Some(0));
    terminal.assert_given_back();
    terminal.assert_no_garbage();
}

/// A followed snapshot into a pipe, and what came out of it first: two pictures of eight lines.
fn followed(home: &Home) -> (Child, BufReader<std::process::ChildStdout>) {
    let args = ["snapshot", "host", "--follow", "--every", "100ms", "--size", "60x8", "--format", "text"];
    let mut child = home.command(&args).stdout(Stdio::piped()).spawn().unwrap();
    let mut out = BufReader::new(child.stdout.take().unwrap());
    for picture in 0..2 {
        let lines: Vec<String> = out.by_ref().lines().take(8).map(Result::unwrap).collect();
        assert!(lines.iter().any(|line| line.contains(BOARD)), "{picture}: {lines:#?}");
        assert!(lines[7].contains("host") && !lines.concat().contains('\x1b'), "{picture}: {lines:#?}");
    }
    (child, out)
}

#[test]
fn a_followed_snapshot_appends_to_a_pipe_until_a_signal_comes() {
    let home = Home::new();
    for signal in [Signal::INT, Signal::TERM, Signal::HUP] {
        // Held open and not read: a full pipe holds no signal up.
        let (mut child, _out) = followed(&home);
        process::signal(&child, signal);
        assert_eq!(process::wait_end(&mut child, "a followed snapshot").code(), Some(0), "after {signal:?}");
    }
}

#[test]
fn a_followed_snapshot_ends_when_nobody_reads_it_any_more() {
    let home = Home::new();
    let (mut child, out) = followed(&home);
    drop(out);
    assert_eq!(process::wait_end(&mut child, "a followed snapshot").code(), Some(0));
}
