//! A machine of its own with a real systemd (`packaging/lab/systemd.sh`), on which the daemon is installed as its units are
//! shipped.
//!
//! Invariant: when it is gone, so are all of its processes and its disk. Nothing inside reaches a network.

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use unblink::sys::clock;

use crate::PATIENCE;

/// Debian's releases, and the version of systemd in each.
pub const BOOKWORM: &str = "bookworm";
pub const TRIXIE: &str = "trixie";

pub struct Lab {
    name: String,
    suite: &'static str,
    /// Its PID 1 as seen from here.
    leader: String,
}

const PROJECT: &str = env!("CARGO_MANIFEST_DIR");
pub const SERVICE: &str = "unblink.service";

fn script(suite: &str) -> Command {
    let mut command = Command::new(Path::new(PROJECT).join("packaging/lab/systemd.sh"));
    command.env("UNBLINK_LAB_SUITE", suite);
    command
}

/// What a program said, which has to have ended well.
fn said(what: &str, output: Output) -> String {
    let (told, errors) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{what}: {}\n{told}\n{errors}", output.status);
    told.trim_end().to_owned()
}

// === impl Lab ===

impl Lab {
    /// A fresh one with nothing of ours.
    pub fn booted(suite: &'static str, name: &str) -> Lab {
        let name = format!("{name}-{}", std::process::id());
        let leader = said("boot", script(suite).args(["boot", &name]).output().expect("the script runs"));
        Lab { name, suite, leader }
    }

    /// A fresh one with the program and its units, and nothing started yet.
    pub fn installed(suite: &'static str, name: &str) -> Lab {
        let lab = Lab::booted(suite, name);
        let program = lab.path("/usr/bin/unblink");
        said("cp", Command::new("cp").arg(env!("CARGO_BIN_EXE_unblink")).arg(&program).output().expect("cp runs"));
        let mut make = Command::new("make");
        make.arg("-C").arg(PROJECT).args(["--no-print-directory", "install-units", "PREFIX=/usr"]);
        said("make", make.arg(format!("DESTDIR={}", lab.path("/").display())).output().expect("make runs"));
        lab.run("systemd-sysusers");
        lab.run("systemd-tmpfiles --create");
        lab.run("systemctl daemon-reload");
        lab
    }

    /// Where something inside lies for us.
    pub fn path(&self, inside: &str) -> PathBuf {
        Path::new("/proc").join(&self.leader).join("root").join(inside.trim_start_matches('/'))
    }

    pub fn write(&self, path: &str, text: &str) {
        let path = self.path(path);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a new folder");
        fs::write(path, text).expect("a new file");
    }

    pub fn command(&self, line: &str) -> Command {
        let mut command = script(self.suite);
        command.args(["exec", &self.name, "sh", "-c", line]).stdin(Stdio::null());
        command
    }

    /// Runs a line of shell as root inside.
    pub fn try_run(&self, line: &str) -> Output {
        self.command(line).output().expect("the script runs")
    }

    /// The same, which has to end well.
    pub fn run(&self, line: &str) -> String {
        let output = self.try_run(line);
        if !output.status.success() {
            let journal = self.try_run("systemctl status --no-pager unblink.service; journalctl --no-pager -n 60");
            panic!(
                "{line}: {}\n{}{}\n{}",
                output.status,
                String::from_utf8_lossy(&output.stdout),
                String::from_utf8_lossy(&output.stderr),
                String::from_utf8_lossy(&journal.stdout)
            );
        }
        String::from_utf8_lossy(&output.stdout).trim_end().to_owned()
    }

    pub fn start(&self, line: &str) -> Child {
        self.command(line).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the script runs")
    }

    /// Has this person attach to the board `host` until its first frame is there.
    pub fn watch_as(&self, person: &str) {
        let mut viewer =
            self.start(&format!("TERM=xterm runuser -u {person} -- script -qec 'unblink attach host' /dev/null"));
        let (mut seen, mut piece) = (String::new(), [0; 4096]);
        let mut output = viewer.stdout.take().expect("it is piped");
        while !seen.contains("CPU") {
            let count = output.read(&mut piece).expect("a pipe");
            assert!(count > 0, "{person}'s ended: {seen}");
            seen += &String::from_utf8_lossy(&piece[..count]);
        }
        // It is not the script's child.
        self.run(&format!("pkill -KILL -u {person}"));
        let _ = viewer.wait();
    }

    /// What systemd says of the service.
    pub fn property(&self, name: &str) -> String {
        self.run(&format!("systemctl show --value -p {name} {SERVICE}"))
    }

    /// Waits until that is so, by asking again and again.
    pub fn until(&self, what: &str, wanted: impl Fn() -> bool) {
        let deadline = clock::mono() + PATIENCE;
        while !wanted() {
            let status = || self.run("systemctl status --no-pager -l unblink.service | cat");
            assert!(clock::mono() < deadline, "waited in vain until {what}:\n{}", status());
        }
    }

    pub fn main_pid(&self) -> String {
        self.property("MainPID")
    }

    /// What the service said since the boot.
    pub fn journal(&self) -> String {
        self.run(&format!("journalctl --sync; journalctl --no-pager -o cat -u {SERVICE}"))
    }
}

impl Drop for Lab {
    fn drop(&mut self) {
        let ended = script(self.suite).args(["down", &self.name]).output();
        if !std::thread::panicking() {
            said("down", ended.expect("the script runs"));
        }
    }
}
