//! A real journald, which is stopped, and a real disk that is full: a file system of 16 MiB.
//!
//! Invariant: all of it lives in namespaces of its own and ends with the test; the machine's journal is not touched.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use serde_json::Value;
use tempfile::TempDir;
use unblink::admin::status::Status;

use crate::asking::{self, wait_until};

/// Runs journald and the daemon until it is killed. `$1` is the folder, `$2` the program.
const SCRIPT: &str = r#"
set -eu
mount --make-rprivate /
mount -t tmpfs tmpfs /run
mount -t tmpfs -o size=16m tmpfs "$1/log"
mkdir -p /run/systemd/journal /run/log/journal
/lib/systemd/systemd-journald 2>/dev/null &
echo $! >/run/journald.pid
until [ -S /run/systemd/journal/socket ]; do sleep 0.05; done
"$2" serve 2>/dev/null
"#;

/// What runs in namespaces of its own; killed when dropped.
struct Namespaces {
    folder: TempDir,
    outer: Child,
}

/// Nothing of the tester's environment, and everything in the folder.
fn surround(command: &mut Command, folder: &Path) {
    command.env_clear().env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin").env("TERM", "xterm").env("LANG", "C.UTF-8");
    command.env("UNBLINK_CONFIG", folder.join("unblink.toml")).env("STATE_DIRECTORY", folder.join("state"));
    command.env("UNBLINK_ATTACH_SOCKET", folder.join("attach.sock"));
    command.env("UNBLINK_ADMIN_SOCKET", folder.join("admin.sock"));
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

impl Namespaces {
    fn start() -> Namespaces {
        let folder = tempfile::Builder::new().prefix("unblink-system-").tempdir().expect("a temporary folder");
        for name in ["log", "state", "boards.d"] {
            fs::create_dir(folder.path().join(name)).expect("a new folder");
        }
        let log = folder.path().join("log");
        fs::write(
            folder.path().join("unblink.toml"),
            format!("[log]\njournal = true\nfiles = \"{}\"\n", log.display()),
        )
        .expect("a file of ours");
        let mut command = Command::new("unshare");
        command.args(["--mount", "--pid", "--fork", "--kill-child", "--mount-proc", "sh", "-c", SCRIPT, "sh"]);
        command.arg(folder.path()).arg(env!("CARGO_BIN_EXE_unblink"));
        surround(&mut command, folder.path());
        let lab = Namespaces { outer: command.stdin(Stdio::null()).spawn().expect("util-linux is there"), folder };
        wait_until("the daemon to draw", || lab.status().is_some_and(|status| status.workers[0].state == "ready"));
        lab
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn unblink(&self, args: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_unblink"));
        surround(&mut command, self.folder.path());
        command.args(args).output().expect("our own program")
    }

    fn status(&self) -> Option<Status> {
        serde_json::from_slice(&self.unblink(&["status", "--json"]).stdout).ok()
    }

    /// Runs a line of shell within.
    fn within(&self, line: &str) -> String {
        let id = self.outer.id();
        let children = fs::read_to_string(format!("/proc/{id}/task/{id}/children")).expect("it runs");
        let init = children.split_whitespace().next().expect("the first process within");
        let mut command = Command::new("nsenter");
        let output = command.args(["-t", init, "--mount", "--pid", "sh", "-c", line]).output().expect("util-linux");
        text(&output.stdout)
    }

    /// What the journal has of the daemon.
    fn journal(&self) -> Vec<Value> {
        let entries = self.within("journalctl -D /run/log/journal -o json -t unblink 2>/dev/null");
        entries.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
    }

    fn has_journalled(&self, words: &str) -> bool {
        self.journal().iter().any(|entry| entry["MESSAGE"].as_str().is_some_and(|said| said.contains(words)))
    }

    fn logged(&self) -> String {
        self.within(&format!("cat {}/unblink.*.log", self.path("log").display()))
    }

    /// Of root, so far.
    fn counted(&self, metric: &str, to: &str) -> f64 {
        let series = format!("{metric}{{process=\"root\",tenant=\"\",to=\"{to}\"}}");
        asking::counted(&self.path("admin.sock"), &series)
    }

    /// Has much logged until something is so.
    fn flood_until(&self, what: &str, is_so: impl Fn(&Namespaces) -> bool) {
        let wrong: String = (0..200).map(|number| format!("[panel.wrong{number}]\nchart = \"none\"\n")).collect();
        fs::write(self.path("boards.d/wrong.toml"), wrong).expect("a file of ours");
        wait_until(what, || {
            assert_eq!(self.unblink(&["reload"]).status.code(), Some(64), "the board is wrong");
            is_so(self)
        });
        fs::remove_file(self.path("boards.d/wrong.toml")).expect("it is there");
        assert_eq!(self.unblink(&["reload"]).status.code(), Some(0));
    }

    fn frames_drawn(&self) -> u64 {
        self.status().expect("it answers").workers[0].frames_drawn
    }
}

impl Drop for Namespaces {
    fn drop(&mut self) {
        let _ = self.outer.kill();
        let _ = self.outer.wait();
    }
}

/// Killed when dropped.
struct Viewer(Child);

impl Drop for Viewer {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn the_journal_has_the_fields_and_neither_it_nor_a_full_disk_holds_up_a_picture() {
    let lab = Namespaces::start();
    let mut command = Command::new("script");
    surround(&mut command, lab.folder.path());
    let attach = format!("{} attach host", env!("CARGO_BIN_EXE_unblink"));
    let viewer = command.args(["-qec", &attach, "/dev/null"]).stdin(Stdio::null()).stdout(Stdio::null()).spawn();
    let _viewer = Viewer(viewer.expect("util-linux is there"));
    wait_until("a viewer", || lab.frames_drawn() > 0);

    // Fields.
    lab.within("pkill -KILL -x unblink-worker");
    wait_until("the death in the journal", || lab.has_journalled("worker died"));
    let journal = lab.journal();
    let of = |words: &str| {
        journal.iter().find(|entry| entry["MESSAGE"].as_str().is_some_and(|said| said.contains(words))).unwrap()
    };
    let died = of("worker died");
    for (field, expected) in [
        ("UNBLINK_TENANT", "default"),
        ("UNBLINK_EPOCH", "1"),
        ("PRIORITY", "4"),
        ("TARGET", "unblink::event::feed"),
        ("CODE_FILE", "src/event/feed.rs"),
        ("SYSLOG_IDENTIFIER", "unblink"),
        ("_TRANSPORT", "journal"),
    ] {
        assert_eq!(died[field], expected, "{field}: {died}");
    }
    assert_eq!(of("viewer attached")["UNBLINK_BOARD"], "host");
    let ours = |name: &&String| !name.starts_with('_');
    let allowed =
        ["MESSAGE", "PRIORITY", "TARGET", "SYSLOG_IDENTIFIER", "SYSLOG_PID", "CODE_FILE", "CODE_LINE", "CODE_MODULE"];
    for entry in &journal {
        for name in entry.as_object().expect("an object").keys().filter(ours) {
            assert!(allowed.contains(&name.as_str()) || name.starts_with("UNBLINK_"), "{name}: {entry}");
        }
    }

    // A journald that takes nothing.
    lab.within("kill -STOP $(cat /run/journald.pid)");
    lab.flood_until("messages for the journal to be dropped", |lab| {
        lab.counted("unblink_log_dropped_total", "journal") > 0.0
    });
    let before = lab.frames_drawn();
    wait_until("pictures while journald stands still", || lab.frames_drawn() >= before + 3);
    let read = || lab.logged().matches("configuration read").count();
    let before = read();
    // One that falls together with a change of files is no line of its own.
    wait_until("the other destination to go on", || {
        assert_eq!(lab.unblink(&["reload"]).status.code(), Some(0));
        read() > before
    });
    lab.within("kill -CONT $(cat /run/journald.pid)");
    wait_until("what is missing to be told", || lab.has_journalled("log messages were dropped: nobody took them"));

    // A full disk.
    let filler = lab.path("log/filler").display().to_string();
    lab.within(&format!("cat /dev/zero >{filler}"));
    lab.flood_until("the full disk to be noticed", |lab| lab.counted("unblink_log_errors_total", "files") > 0.0);
    wait_until("the other destination to tell of it", || lab.has_journalled("the log does not get there"));
    let before = lab.frames_drawn();
    wait_until("pictures while the disk is full", || lab.frames_drawn() >= before + 3);
    lab.within(&format!("rm {filler}"));
    wait_until("what is missing to be told", || {
        lab.unblink(&["reload"]);
        lab.logged().contains("log messages are missing here: they could not be written")
    });
    let logged = lab.logged();
    let whole = logged.lines().filter(|line| serde_json::from_str::<Value>(line).is_ok()).count();
    // The disk may have taken a part of one line, of each process.
    assert!(logged.lines().count() - whole <= 2, "{} of {} lines are whole", whole, logged.lines().count());
    assert_eq!(lab.status().expect("it answers").workers[0].restarts, 1, "but for the one that was killed");
}
