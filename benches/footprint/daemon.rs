//! A daemon of its own: sockets, state and configuration in a folder that goes with it.

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;
use unblink::runtime;

/// What the daemon logs once its worker can draw.
const READY: &str = "worker draws";

pub struct Daemon {
    folder: TempDir,
    root: Child,
    worker: u32,
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
        let config = folder.path().join("unblink.toml");
        std::fs::write(&config, "").expect("the folder takes files");
        let mut command = Command::new(env!("CARGO_BIN_EXE_unblink"));
        command.arg("serve").arg("--config").arg(&config);
        command.arg("--socket").arg(folder.path().join("attach.sock"));
        command.arg("--admin-socket").arg(folder.path().join("admin.sock"));
        command.args(["--log", "info"]).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        command.env("XDG_STATE_HOME", folder.path()).env("XDG_RUNTIME_DIR", folder.path());
        command.env("STATE_DIRECTORY", folder.path());
        let mut root = command.spawn().expect("the daemon starts");
        let mut log = BufReader::new(root.stderr.take().expect("it is piped")).lines();
        let told: Vec<String> = log.by_ref().map_while(Result::ok).take_while(|line| !line.contains(READY)).collect();
        let mut daemon = Daemon { folder, root, worker: 0 };
        daemon.worker = daemon.first_child().unwrap_or_else(|| panic!("it has no worker and says {told:#?}"));
        // Later lines are nobody's; a full pipe would stop the daemon.
        runtime::spawn_thread("log", move || log.map_while(Result::ok).for_each(drop)).expect("a thread");
        daemon
    }

    /// Root and worker.
    pub fn pids(&self) -> [u32; 2] {
        [self.root.id(), self.worker]
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

    fn first_child(&self) -> Option<u32> {
        let pid = self.root.id();
        let children = std::fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).ok()?;
        children.split_whitespace().next()?.parse().ok()
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        // Gone already is fine; the worker dies with it.
        let _ = self.root.kill();
        let _ = self.root.wait();
    }
}
