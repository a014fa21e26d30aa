//! A configuration and its generations, backed up from under a daemon and put back for another one.

use std::fs;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::process::{Child, Command, Output, Stdio};

use unblink::sys::clock;
use unblink::sys::folder_lock::Held;

use crate::PATIENCE;
use crate::daemon::Daemon;
use crate::home::Home;
use crate::terminal::Terminal;

const BOARD: &str = "[panel.a]\nchart = 'text'\ntext = 'seen by all'\n[layout]\ncolumn = ['a']\n";

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

/// A daemon that has drawn three configurations, the third of which lies there.
fn drawn(home: &Home) -> Daemon {
    fs::create_dir_all(home.path("config/boards.d")).unwrap();
    fs::create_dir_all(home.path("config/tenants/ops/boards.d")).unwrap();
    home.put("config/boards.d/mine.toml", BOARD);
    home.put("config/tenants/ops/boards.d/theirs.toml", BOARD);
    home.configure("[tenants.ops]\n[host]\ninterval = '2s'\n");
    let daemon = Daemon::start(home);
    daemon.wait_for_drawing_workers(2);
    for interval in ["3s", "4s"] {
        home.configure(&format!("[tenants.ops]\n[host]\ninterval = '{interval}'\n"));
        let output = home.run(&["reload"]);
        assert!(output.status.success(), "{}", said(&output));
    }
    daemon
}

#[test]
fn what_is_backed_up_is_what_the_next_daemon_goes_on_with() {
    let home = Home::new();
    let daemon = drawn(&home);
    let generation = home.status().root.generation;
    let file = home.path("unblink.backup");
    let path = file.to_str().unwrap();
    let output = home.run(&["backup", path]);
    assert!(output.status.success(), "{}", said(&output));
    for name in ["unblink.toml", "boards.d/mine.toml", "tenants/ops/boards.d/theirs.toml"] {
        assert!(said(&output).contains(&format!("  configuration/{name}  ")), "{}", said(&output));
    }
    assert!(said(&output).contains("  generations/generation-0000000"), "{}", said(&output));
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    let packed = fs::read(&file).unwrap();
    let again = home.run(&["backup", path]);
    assert_eq!((again.status.code(), fs::read(&file).unwrap()), (Some(1), packed), "{}", said(&again));

    // Under a daemon nothing is replaced.
    let output = home.run(&["restore", path]);
    assert_eq!(output.status.code(), Some(1), "{}", said(&output));
    assert!(said(&output).contains("a daemon answers at") && said(&output).contains("nothing was restored"));
    assert_eq!(daemon.stop().code(), Some(0));

    // A generation that is damaged is left out by name, and keeps nobody from a backup.
    let mut kept = fs::read_dir(home.path("state/unblink")).unwrap().map(|entry| entry.unwrap().path());
    let kept = kept.find(|path| path.file_name().unwrap().to_str().unwrap().starts_with("generations")).unwrap();
    fs::write(kept.join("generation-00000000"), "nonsense").unwrap();
    let output = home.run(&["backup", home.path("other.backup").to_str().unwrap()]);
    assert!(output.status.success(), "{}", said(&output));
    let told = said(&output).lines().any(|line| line.contains("generation-00000000: ") && line.contains("left out"));
    assert!(told && said(&output).contains("  generations/generation-0000000"), "{}", said(&output));

    // All of it is lost but for an archive.
    home.configure("[host]\ninterval = '9s'\n");
    fs::remove_dir_all(home.path("config/boards.d")).unwrap();
    fs::remove_dir_all(home.path("config/tenants")).unwrap();
    fs::remove_dir_all(home.path("state/unblink")).unwrap();
    let output = home.run(&["restore", path]);
    assert!(output.status.success(), "{}", said(&output));
    let config = fs::read_to_string(home.path("config/unblink.toml")).unwrap();
    assert_eq!(config, "[tenants.ops]\n[host]\ninterval = '4s'\n");
    assert_eq!(fs::read_to_string(home.path("config/boards.d/mine.toml")).unwrap(), BOARD);
    assert_eq!(fs::read_to_string(home.path("config/tenants/ops/boards.d/theirs.toml")).unwrap(), BOARD);
    let aside = said(&output).lines().find_map(|line| line.strip_prefix("what was there before: ").map(str::to_owned));
    let kept = fs::read_to_string(format!("{}/unblink.toml", aside.expect("it says where"))).unwrap();
    assert_eq!(kept, "[host]\ninterval = '9s'\n");
    assert!(home.run(&["check"]).status.success());

    let daemon = Daemon::start(&home);
    daemon.wait_for_drawing_workers(2);
    assert_eq!(home.status().root.generation, generation, "it goes on with the generation that was drawn");
    let output = home.run(&["rollback"]);
    assert!(output.status.success() && said(&output).contains("accepted: generation"), "{}", said(&output));
    assert_eq!(home.status().root.configuration.content_of, Some(generation - 1));
    assert_eq!(daemon.stop().code(), Some(0));
}

#[test]
fn a_damaged_backup_is_refused_whole_with_what_is_wrong_and_changes_nothing() {
    let home = Home::new();
    home.configure("[host]\ninterval = '2s'\n");
    let file = home.path("unblink.backup");
    let path = file.to_str().unwrap();
    let output = home.run(&["backup", path]);
    assert!(output.status.success(), "{}", said(&output));
    home.configure("[host]\ninterval = '3s'\n");
    let packed = fs::read(&file).unwrap();
    let mut flipped = packed.clone();
    flipped[packed.len() / 2] ^= 1;
    for (damaged, says) in [
        (flipped, "unblink.backup: "),
        (packed[..packed.len() - 9].to_vec(), "unblink.backup: "),
        (b"[host]\n".to_vec(), "it is damaged, or no backup"),
        (Vec::new(), "it is damaged, or no backup"),
    ] {
        fs::write(&file, damaged).unwrap();
        let output = home.run(&["restore", path]);
        assert_eq!(output.status.code(), Some(1), "{}", said(&output));
        assert!(said(&output).contains(says), "{}", said(&output));
        assert!(said(&output).contains("nothing was restored: take another backup"), "{}", said(&output));
        let config = fs::read_to_string(home.path("config/unblink.toml")).unwrap();
        assert_eq!(config, "[host]\ninterval = '3s'\n");
        assert_eq!(fs::read_dir(home.path("config")).unwrap().count(), 1, "something was left behind");
    }
    // What cannot be read whole is not backed up.
    fs::create_dir(home.path("config/boards.d")).unwrap();
    fs::create_dir(home.path("config/boards.d/folder.toml")).unwrap();
    let other = home.path("other.backup");
    let output = home.run(&["backup", other.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(64), "{}", said(&output));
    assert!(!other.exists());
}

/// The highest of the last hour, and the newest.
const PAST: &str = r#"
[panel.past]
chart = "table"
source = "push"
by = "shop"
columns = [
  { title = "highest", series = "orders", fn = "max", over = "1h", join = "max" },
  { title = "newest", series = "orders" },
]

[layout]
row = ["past"]
"#;

/// A home whose board shows what was pushed within an hour.
fn with_a_past() -> Home {
    let home = Home::new();
    fs::create_dir(home.path("config/boards.d")).unwrap();
    home.put("config/boards.d/past.toml", PAST);
    home.configure("");
    home
}

/// Has the daemon know of fifty minutes, in which 987 was the highest and 421 the last.
fn fill(home: &Home) {
    let now = u128::try_from(clock::wall().0).unwrap();
    let lines: String = (0..=50_u128)
        .map(|ago| {
            let at = now - (50 - ago) * 60_000;
            let value = if ago == 1 { 987 } else { 371 + ago };
            format!("{{\"series\":\"orders\",\"labels\":{{\"shop\":\"a\"}},\"value\":{value},\"at\":{at}}}\n")
        })
        .collect();
    let mut push = home
        .command(&["push", "--stdin"])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    push.stdin.take().unwrap().write_all(lines.as_bytes()).unwrap();
    assert!(push.wait().unwrap().success());
}

fn sees_the_past(home: &Home) {
    let terminal = Terminal::run(home, &["attach", "past"], (60, 12));
    terminal.wait_until("the past", |seen| seen.text().contains("987") && seen.text().contains("421"));
}

#[test]
fn a_history_goes_with_a_backup_and_is_on_the_screen_of_the_next_daemon_once() {
    let home = with_a_past();
    let daemon = Daemon::start(&home);
    daemon.wait_for_drawing_workers(1);
    fill(&home);
    sees_the_past(&home);
    let file = home.path("unblink.backup");
    let output = home.run(&["backup", file.to_str().unwrap()]);
    assert!(output.status.success(), "{}", said(&output));
    assert!(said(&output).contains("  histories/default  "), "{}", said(&output));
    assert!(said(&output).contains("and the history of 1 tenant;"), "{}", said(&output));
    // It answers there, but it is another configuration's.
    home.put("other.toml", "[host]\ninterval = '2s'\n");
    let (other, into) = (home.path("other.toml"), home.path("of-another.backup"));
    let output = home.run(&["backup", into.to_str().unwrap(), "--config", other.to_str().unwrap()]);
    assert!(output.status.success() && !said(&output).contains("histories/"), "{}", said(&output));
    assert!(said(&output).contains("config/unblink.toml, and not with "), "{}", said(&output));
    assert_eq!(daemon.stop().code(), Some(0));
    // Without a daemon there is none, which is said.
    let output = home.run(&["backup", home.path("without.backup").to_str().unwrap()]);
    assert!(output.status.success(), "{}", said(&output));
    assert!(
        said(&output).contains("no history: it lies in the memory of a daemon, and none answers at"),
        "{}",
        said(&output)
    );
    assert!(said(&output).contains("and no history;"), "{}", said(&output));

    fs::remove_dir_all(home.path("state/unblink")).unwrap();
    let output = home.run(&["restore", file.to_str().unwrap()]);
    assert!(output.status.success() && said(&output).contains("the history of 1 tenant"), "{}", said(&output));
    let daemon = Daemon::start(&home);
    daemon.wait_for_drawing_workers(1);
    daemon.log.wait_for("the past", |log| log.contains("begin with the past that was restored").then_some(()));
    sees_the_past(&home);
    let worker = daemon.worker();
    worker.signal(rustix::process::Signal::KILL);
    worker.wait_gone();
    daemon.wait_for_drawing_workers(2);
    sees_the_past(&home);
    assert_eq!(daemon.stop().code(), Some(0));
    // It was taken once: the next daemon begins as ever.
    let daemon = Daemon::start(&home);
    daemon.wait_for_drawing_workers(1);
    assert!(!daemon.log.so_far().contains("restored"), "{}", daemon.log.so_far());
    let terminal = Terminal::run(&home, &["attach", "past"], (60, 12));
    terminal.wait_for("waiting for push");
}

#[test]
fn a_history_that_is_damaged_after_it_was_restored_is_told_in_a_line_and_charts_begin_empty() {
    let home = with_a_past();
    let daemon = Daemon::start(&home);
    daemon.wait_for_drawing_workers(1);
    fill(&home);
    sees_the_past(&home);
    let file = home.path("unblink.backup");
    assert!(home.run(&["backup", file.to_str().unwrap()]).status.success());
    assert_eq!(daemon.stop().code(), Some(0));
    assert!(home.run(&["restore", file.to_str().unwrap()]).status.success());
    let mut folders = fs::read_dir(home.path("state/unblink")).unwrap().map(|entry| entry.unwrap().path());
    let is_it = |path: &std::path::PathBuf| path.file_name().unwrap().to_str().unwrap().starts_with("histories");
    let history = folders.find(is_it).unwrap().join("default");
    let mut bytes = fs::read(&history).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&history, bytes).unwrap();
    let daemon = Daemon::start(&home);
    daemon.wait_for_drawing_workers(1);
    let log = daemon.log.so_far();
    let told: Vec<&str> = log.lines().filter(|line| line.contains("restored")).collect();
    assert!(told.len() == 1 && told[0].contains("histories") && told[0].contains("it is damaged"), "{log}");
    let terminal = Terminal::run(&home, &["attach", "past"], (60, 12));
    terminal.wait_for("waiting for push");
}

/// While something is restored no daemon begins, and while one runs nothing is restored, wherever its sockets are.
#[test]
fn whoever_restores_holds_the_state_folder_alone() {
    let home = with_a_past();
    let daemon = Daemon::start(&home);
    let file = home.path("unblink.backup");
    let path = file.to_str().unwrap();
    assert!(home.run(&["backup", path]).status.success());
    // It answers, but nobody finds it there.
    let nowhere = home.path("nowhere.sock");
    let output = home.run(&["restore", path, "--admin-socket", nowhere.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(1), "{}", said(&output));
    assert!(said(&output).contains("a daemon runs, or another restore, with the state folder"), "{}", said(&output));
    assert_eq!(daemon.stop().code(), Some(0));

    let held = Held::alone(&home.path("state/unblink"), std::time::Duration::ZERO).unwrap();
    let output = home.run(&["restore", path]);
    assert!(output.status.code() == Some(1) && said(&output).contains("or another restore"), "{}", said(&output));
    let mut waiting: Command = home.command(&["serve"]);
    let waiting = waiting.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let mut waiting = Ended(waiting);
    // It has come to the folder, and waits there.
    let folder = home.path("state/unblink/lock").canonicalize().unwrap();
    let holds = || {
        let open = fs::read_dir(format!("/proc/{}/fd", waiting.0.id())).into_iter().flatten().flatten();
        open.filter_map(|fd| fs::read_link(fd.path()).ok()).any(|path| path == folder)
    };
    let deadline = clock::mono() + PATIENCE;
    while !holds() {
        assert!(clock::mono() < deadline, "it does not come to the folder");
        std::thread::yield_now();
    }
    assert!(!home.socket().exists() && home.run(&["status"]).status.code() == Some(69), "it serves nobody yet");
    drop(held);
    while !home.run(&["status"]).status.success() {
        assert!(clock::mono() < deadline, "it does not begin");
    }
    assert!(waiting.0.try_wait().unwrap().is_none());
}

/// A child that does not outlive its test.
struct Ended(Child);

impl Drop for Ended {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
