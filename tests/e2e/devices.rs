//! Screens of the machine that the daemon draws on by itself, with nobody attached.

use std::fs;
use std::io::Read;
use std::os::unix::fs::symlink;

use unblink::sys::pty::Pty;

use crate::daemon::Daemon;
use crate::home::Home;
use crate::terminal::Terminal;

const BOARD: &str = "CPU";
const LOOK: &str = "color = 'truecolor'\nglyphs = 'braille'\n";

/// A home whose daemon shows this machine on `device`.
fn home(device: &str, more: &str) -> Home {
    let home = Home::new();
    home.configure(&format!("[[terminal]]\ndevice = '{device}'\nboard = 'host'\n{more}"));
    home
}

/// Has the link in the home's folder lead to this device.
fn plug(home: &Home, device: &str) {
    symlink(device, home.path("screen")).unwrap();
}

#[test]
fn a_screen_shows_its_board_is_listed_and_given_back_at_the_end() {
    let screen = Terminal::screen((100, 30));
    let home = home(&screen.device(), LOOK);
    let daemon = Daemon::start(&home);
    screen.wait_for(BOARD);
    screen.wait_until("a colour", |seen| seen.coloured());
    for _ in 0..3 {
        screen.wait_for_change();
    }
    let status = home.status();
    let rows: Vec<_> = status.sessions.iter().map(|row| (row.kind.as_str(), row.device.as_deref())).collect();
    assert_eq!(rows, [("tty", Some(screen.device().as_str()))]);
    let text = String::from_utf8(home.run(&["status"]).stdout).unwrap();
    assert!(text.contains(&format!("terminal {}", screen.device())) && text.contains("live"), "{text}");
    assert_eq!(daemon.stop().code(), Some(0));
    screen.assert_given_back();
    screen.wait_without(BOARD);
    screen.assert_no_garbage();
}

#[test]
fn a_line_of_which_nothing_is_known_gets_ascii_without_colour() {
    let screen = Terminal::screen((80, 24));
    let home = home(&screen.device(), "");
    let _daemon = Daemon::start(&home);
    screen.wait_for(BOARD);
    let text = screen.wait_for_change();
    assert!(text.is_ascii(), "{text}");
    assert!(!screen.seen().coloured());
}

#[test]
fn a_screen_that_changes_its_size_is_filled_although_nobody_is_told() {
    let screen = Terminal::screen((40, 12));
    let home = home(&screen.device(), LOOK);
    let _daemon = Daemon::start(&home);
    screen.wait_for(BOARD);
    screen.resize(120, 40);
    // The row of tabs does not reach so far.
    screen.wait_until("a picture as wide and high as the screen", |seen| {
        seen.row(1).chars().skip(100).any(|one| one != ' ') && !seen.row(30).trim().is_empty()
    });
    screen.assert_no_garbage();
}

#[test]
fn a_screen_that_goes_is_shown_on_again_once_there_is_one() {
    let home = Home::new();
    let link = home.path("screen");
    home.configure(&format!("[[terminal]]\ndevice = '{}'\n{LOOK}", link.display()));
    let daemon = Daemon::start(&home);
    let missed = |times: usize| {
        daemon.log.wait_for(&format!("{times} times that it is missed"), |log| {
            (log.matches("terminal shows nothing").count() >= times).then_some(())
        });
    };
    missed(1);
    let first = Pty::open(80, 24).unwrap();
    plug(&home, &first.path().unwrap());
    let mut board = String::new();
    while !board.contains(BOARD) {
        let mut piece = [0; 4096];
        let count = (&first).read(&mut piece).unwrap();
        board.push_str(&String::from_utf8_lossy(&piece[..count]));
    }
    // Gone, as when a cable is pulled.
    fs::remove_file(&link).unwrap();
    drop(first);
    daemon.log.wait_for("the loss in the log", |log| log.contains("viewer left").then_some(()));
    let second = Terminal::screen((60, 20));
    plug(&home, &second.device());
    second.wait_for(BOARD);
    second.wait_for_change();
    second.assert_no_garbage();
    assert_eq!(daemon.stop().code(), Some(0));
    second.assert_given_back();
}

#[test]
fn a_keyboard_counts_only_where_that_was_said() {
    for (input, helped) in [("", false), ("input = true\n", true)] {
        let screen = Terminal::screen((80, 24));
        let home = home(&screen.device(), &format!("{LOOK}{input}"));
        let _daemon = Daemon::start(&home);
        screen.wait_for(BOARD);
        screen.type_keys("?");
        if helped {
            screen.wait_for("this help");
        } else {
            // Far more than a key takes to come through.
            for _ in 0..3 {
                screen.wait_for_change();
            }
            screen.type_keys("q\x03");
            screen.wait_for_change();
            assert!(!screen.seen().ever(|picture| picture.contains("this help")), "a key got through");
        }
        screen.assert_no_garbage();
    }
}

#[test]
fn a_viewer_that_quits_at_a_screen_finds_it_as_it_was_configured() {
    let screen = Terminal::screen((80, 24));
    let home = home(&screen.device(), &format!("{LOOK}input = true\n"));
    let _daemon = Daemon::start(&home);
    screen.wait_for(BOARD);
    screen.type_keys("?");
    screen.wait_for("this help");
    screen.type_keys("q");
    screen
        .wait_until("the board without help", |seen| seen.text().contains(BOARD) && !seen.text().contains("this help"));
    screen.wait_for_change();
    screen.assert_no_garbage();
}

#[test]
fn a_screen_that_takes_nothing_disturbs_nobody_and_does_not_hold_up_the_end() {
    let screen = Terminal::screen((150, 45));
    let home = home(&screen.device(), LOOK);
    let daemon = Daemon::start(&home);
    screen.wait_for(BOARD);
    screen.pause();
    let viewer = Terminal::run(&home, &["attach", "host"], (80, 24));
    viewer.wait_for(BOARD);
    for _ in 0..5 {
        viewer.wait_for_change();
    }
    assert_eq!(daemon.stop().code(), Some(0));
    screen.go_on();
    screen.assert_given_back();
}

#[test]
fn the_terminal_the_daemon_was_started_on_is_not_drawn_on() {
    let home = Home::new();
    let script = "printf '[[terminal]]\\ndevice = \"%s\"\\n' \"$(tty)\" > config/unblink.toml; \
                  UNBLINK_CONFIG=config/unblink.toml exec \"$0\" serve";
    let mut command = home.command(&[]);
    let program = command.get_program().to_owned();
    let mut shell = std::process::Command::new("sh");
    shell.arg("-c").arg(script).arg(program).current_dir(home.path("")).env_clear();
    for (name, value) in command.env("PATH", "/usr/bin:/bin").get_envs() {
        shell.env(name, value.unwrap());
    }
    let mut terminal = Terminal::spawn("serve", &mut shell, (100, 30));
    terminal.wait_for("it is the terminal the daemon was started on");
    terminal.type_keys("\x03");
    assert_eq!(terminal.wait_end().code(), Some(0));
}
