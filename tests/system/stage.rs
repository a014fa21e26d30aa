//! A stage for one test: a copy of the program that every user may run, and people who are not root.
//!
//! Invariant: when the stage is gone, so are its folder and every process that ran the copy.

use std::fs;
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

/// Numeric users without an entry in the system's tables, so there is nothing to undo.
const FIRST_UID: u32 = 60_901;

pub struct Stage {
    folder: TempDir,
    people: u32,
}

/// Somebody with a home, a runtime folder and no privileges.
#[derive(Clone)]
pub struct Person {
    pub uid: u32,
    pub home: PathBuf,
    program: PathBuf,
}

/// A process that runs the stage's program.
#[derive(Clone, Debug)]
pub struct Running {
    pub pid: i32,
    pub arguments: Vec<String>,
}

// === impl Stage ===

impl Stage {
    pub fn new() -> Stage {
        assert!(rustix::process::geteuid().is_root(), "the system tests need root, to become two different users");
        let folder = tempfile::Builder::new().prefix("unblink-system-").tempdir().expect("a temporary folder");
        open_to_all(folder.path());
        let program = folder.path().join("unblink");
        // By another process: a descriptor of ours that writes to it could be inherited by a child of another test, and
        // what is written to cannot be run.
        let copied = Command::new("cp").arg(env!("CARGO_BIN_EXE_unblink")).arg(&program).status();
        assert!(copied.expect("cp can be started").success(), "the program can be copied");
        open_to_all(&program);
        Stage { folder, people: 0 }
    }

    pub fn program(&self) -> PathBuf {
        self.folder.path().join("unblink")
    }

    pub fn person(&mut self) -> Person {
        let uid = FIRST_UID + self.people;
        self.people += 1;
        let home = self.folder.path().join(format!("person-{uid}"));
        for folder in [home.clone(), home.join("run")] {
            fs::create_dir(&folder).expect("a new folder");
            open_to_all(&folder);
            chown(&folder, Some(uid), Some(uid)).expect("root may give folders away");
        }
        Person { uid, home, program: self.program() }
    }

    /// Every process that runs this stage's program, by what the kernel says.
    pub fn running(&self) -> Vec<Running> {
        let program = self.program();
        let mut found = Vec::new();
        for entry in fs::read_dir("/proc").expect("/proc is mounted").flatten() {
            let Ok(pid) = entry.file_name().to_string_lossy().parse::<i32>() else { continue };
            if fs::read_link(entry.path().join("exe")).is_ok_and(|exe| exe == program) {
                let line = fs::read(entry.path().join("cmdline")).unwrap_or_default();
                let parts = line.split(|byte| *byte == 0).filter(|part| !part.is_empty());
                let arguments = parts.map(|part| String::from_utf8_lossy(part).into_owned()).collect();
                found.push(Running { pid, arguments });
            }
        }
        found
    }

    /// The one process with this verb.
    pub fn only(&self, verb: &str) -> Running {
        let all = self.running();
        let mut with_verb = all.iter().filter(|process| process.arguments.iter().any(|part| part == verb));
        match (with_verb.next(), with_verb.next()) {
            (Some(process), None) => process.clone(),
            _ => panic!("exactly one `unblink {verb}` expected among {all:?}"),
        }
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        for process in self.running() {
            process.kill();
        }
    }
}

// === impl Person ===

impl Person {
    /// Where this person's daemon listens.
    pub fn attach_socket(&self) -> PathBuf {
        self.home.join("run/unblink/attach.sock")
    }

    /// A command run as this person, with nothing of the tester's environment.
    pub fn command(&self, program: impl AsRef<Path>) -> Command {
        let id = self.uid.to_string();
        let mut command = Command::new("setpriv");
        command.args(["--reuid", &id, "--regid", &id, "--clear-groups", "--"]).arg(program.as_ref());
        command.env_clear().current_dir(&self.home);
        command.env("PATH", "/usr/local/bin:/usr/bin:/bin").env("HOME", &self.home).env("LANG", "C.UTF-8");
        command.env("XDG_RUNTIME_DIR", self.home.join("run")).env("STATE_DIRECTORY", self.home.join("state"));
        command
    }

    /// Runs the program to its end.
    pub fn unblink(&self, arguments: &[&str]) -> Output {
        self.command(&self.program).args(arguments).output().expect("setpriv can be started")
    }
}

// === impl Running ===

impl Running {
    pub fn kill(&self) {
        let pid = Pid::from_raw(self.pid).expect("a process has a number");
        // It may be gone already, which is what is wanted.
        let _ = kill_process(pid, Signal::KILL);
    }
}

fn open_to_all(path: &Path) {
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).expect("our own file");
}
