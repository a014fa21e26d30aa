//! A machine of its own with a real systemd, on which the daemon is installed as its units are shipped: a container on this
//! machine's kernel (`packaging/lab/systemd.sh`), or an emulated one with a kernel of its own (`packaging/lab/machine.sh`).
//!
//! Invariant: when it is gone, so are all of its processes and its disk. Nothing inside reaches a network.

use std::fs;
use std::io::{Read, Write};
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
    kind: Kind,
}

enum Kind {
    /// Its PID 1 as seen from here.
    Container { leader: String },
    /// The folder of the socket by which its daemon is reached from here.
    Machine { doors: tempfile::TempDir },
}

const PROJECT: &str = env!("CARGO_MANIFEST_DIR");
pub const SERVICE: &str = "unblink.service";

const ATTACH: &str = "/run/unblink/attach.sock";

fn script(name: &str, suite: &str) -> Command {
    let mut command = Command::new(Path::new(PROJECT).join("packaging/lab").join(name));
    command.env("UNBLINK_LAB_SUITE", suite);
    command
}

/// The program and its units, as `make install` would put them there.
fn install(root: &Path) {
    fs::create_dir_all(root.join("usr/bin")).expect("a folder");
    let program = root.join("usr/bin/unblink");
    said("cp", Command::new("cp").arg(env!("CARGO_BIN_EXE_unblink")).arg(&program).output().expect("cp runs"));
    let mut make = Command::new("make");
    make.arg("-C").arg(PROJECT).args(["--no-print-directory", "install-units", "PREFIX=/usr"]);
    said("make", make.arg(format!("DESTDIR={}", root.display())).output().expect("make runs"));
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
        let boot = script("systemd.sh", suite).args(["boot", &name]).output();
        let leader = said("boot", boot.expect("the script runs"));
        Lab { name, suite, kind: Kind::Container { leader } }
    }

    /// A fresh one with the program and its units, and nothing started yet.
    pub fn installed(suite: &'static str, name: &str) -> Lab {
        let lab = Lab::booted(suite, name);
        install(&lab.path("/"));
        lab.announce();
        lab
    }

    /// The same as an emulated machine.
    pub fn emulated(suite: &'static str, name: &str) -> Lab {
        let name = format!("{name}-{}", std::process::id());
        let folder = tempfile::tempdir().expect("a temporary folder");
        let (root, archive) = (folder.path().join("root"), folder.path().join("files.tar"));
        install(&root);
        let mut tar = Command::new("tar");
        tar.arg("-C").arg(&root).args(["--owner=0", "--group=0", "--mode=u+rwX,go+rX", "-cf"]).arg(&archive).arg(".");
        said("tar", tar.output().expect("tar runs"));
        let boot = script("machine.sh", suite).args(["boot", &name]).arg(&archive).output();
        said("boot", boot.expect("the script runs"));
        let doors = tempfile::tempdir().expect("a temporary folder");
        let lab = Lab { name, suite, kind: Kind::Machine { doors } };
        lab.announce();
        lab
    }

    /// Has systemd know what was installed.
    fn announce(&self) {
        self.run("systemd-sysusers");
        self.run("systemd-tmpfiles --create");
        self.run("systemctl daemon-reload");
    }

    fn script(&self) -> Command {
        let name = match self.kind {
            Kind::Container { .. } => "systemd.sh",
            Kind::Machine { .. } => "machine.sh",
        };
        script(name, self.suite)
    }

    /// The socket of the daemon, for those who attach from here.
    pub fn door(&self) -> PathBuf {
        match &self.kind {
            Kind::Container { .. } => self.path(ATTACH),
            Kind::Machine { doors } => {
                let door = doors.path().join("attach.sock");
                if !door.exists() {
                    let opened = self.script().args(["reach", &self.name, ATTACH]).arg(&door).output();
                    said("reach", opened.expect("the script runs"));
                }
                door
            }
        }
    }

    /// Cuts the power of an emulated machine, and starts it again, by a clock that is so far off (`-6 hours`).
    pub fn cut(&self, clock: &str) {
        let Kind::Machine { doors } = &self.kind else { panic!("a container has no power of its own") };
        // It led to the one that is gone.
        let _ = fs::remove_file(doors.path().join("attach.sock"));
        said("cut", self.script().args(["cut", &self.name, clock]).output().expect("the script runs"));
    }

    /// Where something inside lies for us.
    pub fn path(&self, inside: &str) -> PathBuf {
        let Kind::Container { leader } = &self.kind else { panic!("nothing of an emulated machine lies here") };
        Path::new("/proc").join(leader).join("root").join(inside.trim_start_matches('/'))
    }

    pub fn write(&self, path: &str, text: &str) {
        if let Kind::Container { .. } = self.kind {
            let path = self.path(path);
            fs::create_dir_all(path.parent().expect("a folder")).expect("a new folder");
            fs::write(path, text).expect("a new file");
        } else {
            let mut command = self.command(&format!("mkdir -p $(dirname {path}) && cat >{path}"));
            let mut writing = command.stdin(Stdio::piped()).spawn().expect("the script runs");
            writing.stdin.take().expect("it is piped").write_all(text.as_bytes()).expect("it is read");
            assert!(writing.wait().expect("a child").success(), "{path} is not written");
        }
    }

    pub fn command(&self, line: &str) -> Command {
        let mut command = self.script();
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
        let ended = self.script().args(["down", &self.name]).output();
        if !std::thread::panicking() {
            said("down", ended.expect("the script runs"));
        }
    }
}
