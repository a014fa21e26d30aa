//! A tmux of our own, with one program on its only screen and many clients that all see it.

use std::os::fd::{AsFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::process::{Child, Command};

use unblink::sys::pty::Pty;

pub struct Tmux {
    socket: PathBuf,
    pids: Vec<u32>,
    clients: Vec<Child>,
}

// === impl Tmux ===

impl Tmux {
    /// Returns once the program runs.
    pub fn start(folder: &Path, program: &[String], cols: u16, rows: u16) -> Tmux {
        let socket = folder.join("tmux");
        let mut tmux = Tmux { socket, pids: Vec::new(), clients: Vec::new() };
        // No row for the status, and colours as they are: the same picture as everybody's.
        let config = folder.join("tmux.conf");
        let settings =
            "set -g status off\nset -g default-terminal tmux-256color\nset -s terminal-features 'xterm*:RGB'\n";
        std::fs::write(&config, settings).expect("the folder takes files");
        let mut command = tmux.command();
        command.arg("-f").arg(config).args(["new-session", "-d", "-s", "bench"]);
        command.args(["-x", &cols.to_string(), "-y", &rows.to_string()]);
        command.arg(format!("exec {}", program.join(" ")));
        assert!(command.status().expect("tmux is installed").success(), "tmux does not start");
        let told = tmux.command().args(["display-message", "-p", "-t", "bench", "#{pid} #{pane_pid}"]).output();
        let told = String::from_utf8(told.expect("tmux answers").stdout).expect("numbers");
        tmux.pids = told.split_whitespace().filter_map(|pid| pid.parse().ok()).collect();
        assert_eq!(tmux.pids.len(), 2, "tmux says {told:?} of itself");
        tmux
    }

    /// The server and the program on its screen.
    pub fn pids(&self) -> Vec<u32> {
        self.pids.clone()
    }

    pub fn client_pids(&self) -> Vec<u32> {
        self.clients.iter().map(Child::id).collect()
    }

    pub fn attach(&mut self, cols: u16, rows: u16) -> OwnedFd {
        let pty = Pty::open(cols, rows).expect("a terminal");
        let mut command = self.command();
        command.args(["attach-session", "-t", "bench"]).env("TERM", "xterm-256color");
        self.clients.push(pty.spawn(&mut command).expect("tmux is installed"));
        pty.as_fd().try_clone_to_owned().expect("a second handle")
    }

    fn command(&self) -> Command {
        let mut command = Command::new("tmux");
        command.arg("-S").arg(&self.socket).env_remove("TMUX").env("LANG", "C.UTF-8").env("COLORTERM", "truecolor");
        command
    }
}

impl Drop for Tmux {
    fn drop(&mut self) {
        // Gone already is fine.
        let _ = self.command().arg("kill-server").output();
        for client in &mut self.clients {
            let _ = client.kill();
            let _ = client.wait();
        }
    }
}
