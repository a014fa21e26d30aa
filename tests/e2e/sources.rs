//! Sources of a person's own on a real daemon: what they bring, and what is said of those that misbehave.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::process::Output;

use rustix::fs::{CWD, FileType, Mode, mknodat};

use crate::daemon::Daemon;
use crate::home::Home;
use crate::process;
use crate::terminal::Terminal;
use crate::text::Text;

/// As the board shows it: no part of a clock.
const ANSWER: &str = "421 ";

const BOARD: &str = r#"
title = "own"

[panel.number]
chart = "facts"
title = "number"
source = "answer"
rows = [{ name = "answer", value = "answer" }, { name = "data", age = true }]

[panel.log]
chart = "log"
title = "log"
stream = "app"
source = "app"

[panel.hangs]
chart = "stat"
title = "hangs"
series = "hangs"
source = "hangs"

[panel.floods]
chart = "stat"
title = "floods"
series = "floods"
source = "floods"

[panel.fails]
chart = "stat"
title = "fails"
series = "fails"
source = "fails"

[panel.labels]
chart = "stat"
title = "labels"
series = "labels_x"
source = "labels"

[layout]
column = [{ row = ["number", "labels"] }, "log", { row = ["hangs", "floods", "fails"] }]
"#;

/// A home with a board of sources that do what their names say.
fn home() -> Home {
    home_that_hangs_for("1s")
}

/// The same, with `timeout` for the one that hangs.
fn home_that_hangs_for(timeout: &str) -> Home {
    let home = Home::new();
    let log = home.path("app.log");
    let left = home.path("left");
    home.configure(&format!(
        r#"
[sources.answer]
kind = "command"
argv = ["echo", "421"]
interval = "500ms"

[sources.app]
kind = "file"
path = "{}"
interval = "200ms"

[sources.hangs]
kind = "command"
shell = "(setsid sh -c 'echo $$ > {}; exec sleep 1000' &); exec sleep 1000"
interval = "{timeout}"
timeout = "{timeout}"

[sources.floods]
kind = "command"
argv = ["yes"]

[sources.fails]
kind = "command"
shell = "printf 'no \\033[31mroute\\007\\n' >&2; exit 3"

[sources.labels]
kind = "command"
shell = "for i in $(seq 1000); do echo \"x{{n=\\\"$i\\\"}} 1\"; done"
"#,
        log.display(),
        left.display()
    ));
    fs::create_dir(home.path("config/boards.d")).unwrap();
    fs::write(home.path("config/boards.d/own.toml"), BOARD).unwrap();
    fs::write(&log, "").unwrap();
    home
}

fn text(output: &Output) -> String {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn append(home: &Home, line: &str) {
    let mut file = OpenOptions::new().append(true).create(true).open(home.path("app.log")).unwrap();
    writeln!(file, "{line}").unwrap();
}

#[test]
fn a_board_shows_what_commands_and_files_tell_and_what_is_wrong_with_them() {
    let home = home();
    let daemon = Daemon::start(&home);
    let terminal = Terminal::run(&home, &["attach", "own"], (150, 40));
    terminal.wait_for(ANSWER);
    terminal.wait_for("exit status 3: no route");
    terminal.wait_for("printed more than");
    terminal.wait_for("killed: not done in 1s");
    terminal.wait_for("more than 256 series: 744 values not taken");
    append(&home, "WARN first line");
    terminal.wait_for("first line");
    fs::rename(home.path("app.log"), home.path("app.log.1")).unwrap();
    append(&home, "second line");
    terminal.wait_for("second line");
    fs::remove_file(home.path("app.log")).unwrap();
    terminal.wait_for("does not exist");
    append(&home, "third line");
    terminal.wait_for("third line");
    terminal.assert_no_garbage();
    let status = text(&home.run(&["status"]));
    assert!(status.contains("source-fails") && status.contains("failed: exit status 3"), "{status}");
    daemon.log.wait_for("a pause for what keeps failing", |log| log.contains("source keeps failing").then_some(()));
}

#[test]
fn a_worker_that_is_killed_leaves_no_command_behind() {
    // The command leaves its parent and its group, tells its number and would run on for longer than this test.
    let home = home_that_hangs_for("10m");
    mknodat(CWD, home.path("left"), FileType::Fifo, Mode::from_raw_mode(0o600), 0).unwrap();
    // Open at both ends, so that opening and reading wait for nobody and meet no end.
    let told = OpenOptions::new().read(true).write(true).open(home.path("left")).unwrap();
    let told = Text::of("left", told);
    let daemon = Daemon::start(&home);
    let terminal = Terminal::run(&home, &["attach", "own"], (150, 40));
    let pid = told.wait_for("a command to start", |told| told.strip_suffix('\n')?.parse().ok());
    let sleeper = process::Watched::open(pid).expect("it sleeps");
    let worker = daemon.worker();
    worker.signal(rustix::process::Signal::KILL);
    worker.wait_gone();
    sleeper.wait_gone();
    daemon.wait_for_drawing_workers(2);
    terminal.wait_for(ANSWER);
}

#[test]
fn a_snapshot_asks_the_sources_of_its_board() {
    let home = home();
    append(&home, "written before");
    let picture = text(&home.run(&["snapshot", "own", "--size", "150x40", "--format", "text"]));
    for expected in [ANSWER, "written before", "exit status 3: no route", "killed: not done in 1s"] {
        assert!(picture.contains(expected), "{expected} is not in\n{picture}");
    }
}

#[test]
fn what_is_wrong_with_sources_is_told_before_anything_runs() {
    let home = Home::new();
    home.configure("[sources.a]\nkind = \"command\"\nargs = [\"x\"]\n");
    let output = home.run(&["check"]);
    assert_eq!(output.status.code(), Some(64));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("unblink.toml:3:1") && said.contains("did you mean `argv`?"), "{said}");
}
