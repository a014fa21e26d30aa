//! A daemon of its own: sockets, state and configuration in a folder that goes with it.

use std::path::PathBuf;
use std::process::{Child, Command};

use tempfile::TempDir;

use super::serving;

pub struct Daemon {
    folder: TempDir,
    root: Child,
}

/// The demo, with nothing of this machine's own configuration.
pub fn demo() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_unblink"));
    command.arg("demo");
    terminal(&mut command);
    command
}

fn terminal(command: &mut Command) {
    command.env("TERM", "xterm-256color").env("COLORTERM", "truecolor").env("LANG", "C.UTF-8").env_remove("NO_COLOR");
}

// === impl Daemon ===

impl Daemon {
    /// Returns when its worker draws.
    pub fn start() -> Daemon {
        let folder = tempfile::tempdir().expect("a folder");
        let root = serving::start(folder.path());
        Daemon { folder, root }
    }

    /// Root and its workers, the spare one too.
    pub fn pids(&self) -> Vec<u32> {
        [vec![self.root.id()], serving::workers(&self.root)].concat()
    }

    /// A viewer of a board.
    pub fn attach(&self, board: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_unblink"));
        command.args(["attach", board, "--socket"]).arg(self.socket());
        terminal(&mut command);
        command
    }

    fn socket(&self) -> PathBuf {
        self.folder.path().join("attach.sock")
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        // Gone already is fine; the worker dies with it.
        let _ = self.root.kill();
        let _ = self.root.wait();
    }
}
