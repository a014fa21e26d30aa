//! A daemon in the background, as a service manager would run it.

use std::os::unix::net::UnixStream;
use std::process::{Child, Command, ExitStatus, Stdio};

use rustix::process::Signal;

use crate::home::Home;
use crate::process::{self, Watched};
use crate::text::Text;

/// `unblink serve`. Killed when dropped.
pub struct Daemon {
    child: Child,
    /// What it logs.
    pub log: Text,
}

// === impl Daemon ===

impl Daemon {
    /// Starts it and waits until viewers may come.
    pub fn start(home: &Home) -> Daemon {
        Daemon::run(home, home.command(&["serve"]))
    }

    /// The same by this command, which may have an environment of its own.
    pub fn start_as(home: &Home, command: Command) -> Daemon {
        Daemon::run(home, command)
    }

    /// The same with so many descriptors and not one more.
    pub fn start_with_descriptors(home: &Home, count: u32) -> Daemon {
        let program = home.command(&["serve"]);
        let mut command = Command::new("sh");
        let script = format!("ulimit -n {count}; exec \"$0\" serve");
        command.arg("-c").arg(script).arg(program.get_program()).env_clear().current_dir(home.path("."));
        command.envs(program.get_envs().filter_map(|(name, value)| Some((name, value?))));
        Daemon::run(home, command)
    }

    fn run(home: &Home, mut command: Command) -> Daemon {
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let log = Text::of("daemon log", child.stderr.take().unwrap());
        let daemon = Daemon { child, log };
        // Not the path of a socket: a group that is missing is told of with it, before the other socket is there.
        daemon.log.wait_for("the daemon to listen", |log| log.contains("daemon started").then_some(()));
        UnixStream::connect(home.socket()).expect("it said that it listens");
        daemon
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    pub fn signal(&self, signal: Signal) {
        process::signal(&self.child, signal);
    }

    /// The one worker there is.
    pub fn worker(&self) -> Watched {
        let mut workers = process::children(self.pid());
        assert_eq!(workers.len(), 1, "workers: {workers:?}; the log:\n{}", self.log.so_far());
        workers.remove(0)
    }

    /// Waits until the log tells of this many workers that draw.
    pub fn wait_for_drawing_workers(&self, count: usize) {
        self.log.wait_for(&format!("worker number {count} to draw"), |log| {
            (log.matches("worker draws").count() >= count).then_some(())
        });
    }

    /// SIGKILL: no last words.
    pub fn kill(mut self) {
        process::signal(&self.child, Signal::KILL);
        process::wait_end(&mut self.child, "the daemon");
    }

    /// Waits for its end.
    pub fn wait_end(&mut self) -> ExitStatus {
        process::wait_end(&mut self.child, "the daemon")
    }

    /// SIGTERM, and how it ended.
    pub fn stop(mut self) -> ExitStatus {
        process::signal(&self.child, Signal::TERM);
        process::wait_end(&mut self.child, "the daemon")
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
