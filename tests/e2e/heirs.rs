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

/// How often a fresh worker takes the place while somebody watches.
const RECYCLED: u64 = 12;

#[test]
fn a_fresh_worker_takes_the_place_while_somebody_watches_and_knows_everything() {
    let home = home();
    let number = "chart = \"facts\"\nsource = \"push\"\nrows = [{ name = \"orders\", value = \"orders\" }]";
    let stat = "chart = \"stat\"\nseries = \"app_took\"\nsource = \"app\"\nunit = \"orders\"";
    let pushed = BOARD.replace(stat, number);
    assert_ne!(pushed, BOARD);
    fs::write(home.path("config/boards.d/app.toml"), pushed).unwrap();
    let daemon = Daemon::start(&home);
    let terminal = Terminal::run(&home, &["attach", "app"], (100, 20));
    terminal.wait_for("app does not report this");
    let mut file = OpenOptions::new().append(true).open(home.path("app.log")).unwrap();
    writeln!(file, "took 73 in all").unwrap();
    terminal.wait_for("took 73 in all");
    terminal.seen().forget();
    let mut before = daemon.worker();
    for number in 1..=RECYCLED {
        let output = home.run(&["recycle"]);
        assert!(output.status.success(), "{output:?}");
        before.wait_gone();
        let now = daemon.worker();
        assert_ne!(now.pid, before.pid);
        before = now;
        assert!(home.run(&["push", "orders", &(700 + number).to_string()]).status.success());
        terminal.wait_for(&(700 + number).to_string());
    }
    let torn = |picture: &str| !picture.contains("took 73 in all") || picture.contains("worker");
    assert_eq!(terminal.seen().first(torn), None, "somebody saw it");
    let newcomer = Terminal::run(&home, &["attach", "app"], (100, 40));
    newcomer.wait_for("took 73 in all");
    let row = home.status().workers.remove(0);
    assert_eq!((row.recycled, row.restarts, row.last_fault), (RECYCLED, 0, None));
    let took_over = |log: &str| log.matches("a fresh worker took the place").count() as u64;
    let log = daemon.log.wait_for("each to be told", |log| (took_over(log) >= RECYCLED).then(|| log.to_owned()));
    assert_eq!(took_over(&log), RECYCLED, "{log}");
    assert!(!log.contains("worker died"), "{log}");
}

#[test]
fn what_was_pushed_once_is_shown_after_the_worker_was_killed_without_another_push() {
    let home = Home::new();
    fs::create_dir(home.path("config/boards.d")).unwrap();
    let board = "[panel.orders]\nchart = 'facts'\nsource = 'push'\nrows = [{ name = 'orders', value = 'orders' }]\n\
                 [layout]\nrow = ['orders']\n";
    fs::write(home.path("config/boards.d/shop.toml"), board).unwrap();
    home.configure("");
    let daemon = Daemon::start(&home);
    let terminal = Terminal::run(&home, &["attach", "shop"], (60, 10));
    terminal.wait_for("waiting for push");
    assert!(home.run(&["push", "orders", "421"]).status.success());
    terminal.wait_for("421");
    terminal.seen().forget();
    let worker = daemon.worker();
    worker.signal(rustix::process::Signal::KILL);
    worker.wait_gone();
    daemon.wait_for_drawing_workers(2);
    let newcomer = Terminal::run(&home, &["attach", "shop"], (60, 12));
    newcomer.wait_for("421");
    assert!(!terminal.seen().ever(|picture| picture.contains("waiting for push")), "it was gone for a while");
    assert!(!newcomer.seen().ever(|picture| picture.contains("waiting for push")), "it is not shown at once");
}
