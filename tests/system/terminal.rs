//! A real terminal: tmux, run as somebody, read as a person would read it.
//!
//! Invariant: waiting ends with the screen asked for or, after the deadline, with a failure that shows
//! the screen there was. tmux's control mode says when something was drawn; nothing is polled.

use std::io::{PipeReader, Read, Write, pipe};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use unblink::base::Mono;
use unblink::sys::clock;

use crate::PATIENCE;
use crate::stage::Person;

pub struct Terminal {
    person: Person,
    socket: PathBuf,
    control: Child,
    events: PipeReader,
}

// === impl Terminal ===

impl Terminal {
    /// A shell in a terminal of this size.
    pub fn open(person: &Person, name: &str, cols: u16, rows: u16) -> Terminal {
        let socket = person.home.join(format!("{name}.tmux"));
        let (events, output) = pipe().expect("a pipe");
        let (cols, rows) = (cols.to_string(), rows.to_string());
        let mut command = person.command("tmux");
        command.env("TERM", "xterm-256color").args(["-f", "/dev/null", "-u", "-C", "-S"]).arg(&socket);
        command.args(["new-session", "-x", &cols, "-y", &rows, "env", "PS1=ready> ", "TERM=tmux-256color", "sh"]);
        let control = command.stdin(Stdio::piped()).stdout(output).spawn().expect("tmux can be started");
        // The parent's copy of the writing end goes with `command`, so the end of tmux is the end of the pipe.
        drop(command);
        let mut terminal = Terminal { person: person.clone(), socket, control, events };
        terminal.wait_for("ready>");
        terminal
    }

    /// Types a line and Enter.
    pub fn run(&mut self, line: &str) {
        self.tmux(&["send-keys", "-l", line]);
        self.tmux(&["send-keys", "Enter"]);
    }

    /// Presses keys by tmux's names.
    pub fn press(&mut self, keys: &[&str]) {
        let mut arguments = vec!["send-keys"];
        arguments.extend_from_slice(keys);
        self.tmux(&arguments);
    }

    pub fn resize(&mut self, cols: u16, rows: u16) {
        self.tmux(&["resize-window", "-x", &cols.to_string(), "-y", &rows.to_string()]);
    }

    /// What a person sees now.
    pub fn screen(&self) -> String {
        self.tmux(&["capture-pane", "-p"])
    }

    /// Waits until `text` is on the screen, and answers with the whole screen.
    pub fn wait_for(&mut self, text: &str) -> String {
        self.wait_until(&format!("{text:?} on the screen"), |screen| screen.contains(text))
    }

    /// Waits until the screen is as wanted.
    pub fn wait_until(&mut self, what: &str, wanted: impl Fn(&str) -> bool) -> String {
        let deadline = clock::mono() + PATIENCE;
        loop {
            let screen = self.screen();
            if wanted(&screen) {
                return screen;
            }
            assert!(self.something_was_drawn(deadline), "waited in vain for {what}; the screen:\n{screen}");
        }
    }

    /// Waits for tmux to report anything; false once the deadline is past.
    fn something_was_drawn(&mut self, deadline: Mono) -> bool {
        let left = deadline.since(clock::mono());
        let timeout = Timespec::try_from(left).expect("a minute fits");
        let mut fds = [PollFd::new(&self.events, PollFlags::IN)];
        if left.is_zero() || poll(&mut fds, Some(&timeout)).expect("a pipe can be waited on") == 0 {
            return false;
        }
        let mut said = [0; 64 * 1024];
        self.events.read(&mut said).expect("a pipe can be read") > 0
    }

    fn tmux(&self, arguments: &[&str]) -> String {
        let mut command: Command = self.person.command("tmux");
        let output = command.arg("-S").arg(&self.socket).args(arguments).output().expect("tmux can be started");
        // Right after the start nobody listens yet.
        String::from_utf8_lossy(&output.stdout).into_owned()
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        self.tmux(&["kill-server"]);
        if let Some(mut commands) = self.control.stdin.take() {
            let _ = commands.flush();
        }
        // It may have more to tell than the pipe takes, since nobody reads any more.
        let _ = self.control.kill();
        let _ = self.control.wait();
    }
}
