//! What a worker knew is known to the next one.

use std::fs::{self, OpenOptions};
use std::io::Write;

use crate::daemon::Daemon;
use crate::home::Home;
use crate::terminal::Terminal;

const BOARD: &str = r#"
[panel.number]
chart = "stat"
series = "app_took"
source = "app"
unit = "orders"

[panel.log]
chart = "log"
stream = "app"
source = "app"

[layout]
row = ["number", "log"]
"#;

/// A home whose board shows what stood in a file once: nothing tells it again.
fn home() -> Home {
    let home = Home::new();
    let log = home.path("app.log");
    home.configure(&format!(
        "[sources.app]\nkind = \"file\"\npath = \"{}\"\nregex = 'took (?<took>\\d+)'\ninterval = \"200ms\"\n",
        log.display()
    ));
    fs::create_dir(home.path("config/boards.d")).unwrap();
    fs::write(home.path("config/boards.d/app.toml"), BOARD).unwrap();
    fs::write(&log, "").unwrap();
    home
}

#[test]
fn charts_and_logs_are_full_again_after_the_worker_was_killed() {
    let home = home();
    let daemon = Daemon::start(&home);
    let terminal = Terminal::run(&home, &["attach", "app"], (100, 20));
    terminal.wait_for("app does not report this");
    let mut file = OpenOptions::new().append(true).open(home.path("app.log")).unwrap();
    writeln!(file, "took 73 in all").unwrap();
    terminal.wait_for("took 73 in all");
    for life in 2..=4 {
        let worker = daemon.worker();
        worker.signal(rustix::process::Signal::KILL);
        worker.wait_gone();
        daemon.wait_for_drawing_workers(life);
        // One who comes now has never seen the picture before.
        let newcomer = Terminal::run(&home, &["attach", "app"], (100, 20));
        newcomer.wait_for("took 73 in all");
        newcomer.wait_for("not reported for");
    }
    let told = "worker has the data of the one before it";
    daemon.log.wait_for("three replays", |log| (log.matches(told).count() == 3).then_some(()));
}
