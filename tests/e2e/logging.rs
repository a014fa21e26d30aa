//! A daemon whose log nobody takes goes on serving.

use std::fs::OpenOptions;
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::net::UnixStream;
use std::process::{Child, Stdio};

use rustix::process::Signal;
use unblink::sys::clock;

use crate::PATIENCE;
use crate::home::Home;
use crate::process;

/// Killed when dropped.
struct Mute(Child);

// === impl Mute ===

impl Mute {
    /// Starts a daemon whose log goes there, and waits until it listens.
    fn start(home: &Home, log: Stdio) -> Mute {
        Mute::start_with(home, log, "trace")
    }

    fn start_with(home: &Home, log: Stdio, level: &str) -> Mute {
        let mut command = home.command(&["serve", "--log", level]);
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log).spawn().unwrap();
        let mut daemon = Mute(child);
        let deadline = clock::mono() + PATIENCE;
        // The admin socket is the last to be taken.
        while UnixStream::connect(home.admin()).is_err() {
            assert_eq!(daemon.0.try_wait().unwrap(), None, "the daemon ended");
            assert!(clock::mono() < deadline, "the daemon does not listen");
            std::thread::yield_now();
        }
        daemon
    }

    fn serves_and_stops(mut self, home: &Home) {
        for _ in 0..3 {
            let status = home.run(&["status"]);
            assert_eq!(status.status.code(), Some(0), "{}", String::from_utf8_lossy(&status.stderr));
        }
        process::signal(&self.0, Signal::TERM);
        assert_eq!(process::wait_end(&mut self.0, "the daemon").code(), Some(0));
    }
}

impl Drop for Mute {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn the_log_tells_of_start_signals_and_end_and_the_worker_logs_as_the_daemon_does() {
    let home = Home::new();
    let mut daemon = Mute::start_with(&home, Stdio::piped(), "debug");
    let mut log = BufReader::new(daemon.0.stderr.take().unwrap());
    // Started right after the sockets are taken; its arguments are those of its parent until it runs exec.
    let deadline = clock::mono() + PATIENCE;
    let shown = loop {
        let worker = process::children(daemon.0.id()).pop();
        let line = worker.and_then(|worker| std::fs::read(format!("/proc/{}/cmdline", worker.pid)).ok());
        let shown = String::from_utf8_lossy(&line.unwrap_or_default()).replace('\0', " ");
        if shown.contains(" worker ") {
            break shown;
        }
        assert!(clock::mono() < deadline, "no worker is started");
    };
    process::signal(&daemon.0, Signal::HUP);
    let mut text = String::new();
    while !text.contains("the signal HUP") {
        assert_ne!(log.read_line(&mut text).unwrap(), 0, "the log ended: {text}");
    }
    process::signal(&daemon.0, Signal::TERM);
    assert_eq!(process::wait_end(&mut daemon.0, "the daemon").code(), Some(0));
    log.read_to_string(&mut text).unwrap();
    for words in ["daemon started", "cause=\"the signal HUP\"", "daemon stopping", "daemon stopped"] {
        assert_eq!(text.matches(words).count(), 1, "{words}: {text}");
    }
    assert!(text.trim_end().lines().last().unwrap().contains("daemon stopped"), "{text}");
    assert!(shown.contains(" worker ") && shown.contains(" --log debug "), "{shown}");
}

#[test]
fn a_log_on_a_full_disk_ends_nothing() {
    let home = Home::new();
    let full = OpenOptions::new().write(true).open("/dev/full").unwrap();
    Mute::start(&home, full.into()).serves_and_stops(&home);
}

#[test]
fn a_log_that_nobody_reads_holds_nothing_up() {
    let home = Home::new();
    let (reader, mut writer) = std::io::pipe().unwrap();
    let room = rustix::pipe::fcntl_setpipe_size(&writer, 4096).unwrap();
    writer.write_all(&vec![b'.'; room]).unwrap();
    Mute::start(&home, writer.into()).serves_and_stops(&home);
    drop(reader);
}
