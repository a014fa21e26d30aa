//! Charts among other lines of a screen.

use std::process::Command;

use crate::daemon::Daemon;
use crate::home::Home;
use crate::terminal::{Seen, Terminal};

/// On every board of this machine, in every size that shows words at all.
const BOARD: &str = "CPU";

/// The program on a screen that a shell has filled with 40 lines; the shell says `after` when it is over.
fn after_lines(home: &Home, args: &[&str], size: (u16, u16)) -> Terminal {
    let program = home.command(args);
    let mut shell = Command::new("sh");
    shell.args(["-c", "seq -f 'line %g' 40; \"$0\" \"$@\"; echo after $?"]);
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
    let mut terminal = after_lines(&home, &["attach", "host", "--inline=8"], (80, 24));
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
    let terminal = after_lines(&home, &["attach", "host", "--inline"], (80, 24));
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
    terminal.signal(rustix::process::Signal::TSTP);
    terminal.wait_stopped();
    terminal.assert_given_back();
    assert!(terminal.text().contains(BOARD), "the picture stays:\n{}", terminal.text());
    terminal.signal(rustix::process::Signal::CONT);
    terminal.wait_until("a picture again", |seen| seen.cursor_hidden() && seen.row(23).contains("host"));
    terminal.type_keys("q");
    assert_eq!(terminal.wait_end().code(), Some(0));
    terminal.assert_given_back();
    drop(daemon);
}
