//! Processes of the program, watched by descriptors that no other process can slip under.

use std::fs;
use std::os::fd::OwnedFd;
use std::process::{Child, ExitStatus};
use std::sync::mpsc;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, PidfdFlags, Signal, WaitId, WaitIdOptions, pidfd_open, pidfd_send_signal, waitid};
use unblink::base::Mono;
use unblink::runtime;
use unblink::sys::clock;

use crate::PATIENCE;

/// A process that somebody else started.
#[derive(Debug)]
pub struct Watched {
    pub pid: u32,
    pidfd: OwnedFd,
}

/// Whether it is a worker that has no tenant yet, or is about to become one.
fn is_spare(pid: u32) -> bool {
    let read = |name: &str| fs::read_to_string(format!("/proc/{pid}/{name}")).unwrap_or_default();
    let arguments = read("cmdline");
    let is_started_as_spare = arguments.split('\0').any(|argument| argument == "--spare");
    is_started_as_spare && read("comm").trim() != "unblink-worker" || arguments.split('\0').nth(1) == Some("serve")
}

/// The living children of a process, but for a spare worker.
pub fn children(of: u32) -> Vec<Watched> {
    living(of).filter(|pid| !is_spare(*pid)).filter_map(Watched::open).collect()
}

/// The workers of a daemon that wait for a tenant.
pub fn spares(of: u32) -> Vec<Watched> {
    let waits = |pid: &u32| fs::read_to_string(format!("/proc/{pid}/comm")).is_ok_and(|name| name == "unblink-spare\n");
    living(of).filter(waits).filter_map(Watched::open).collect()
}

/// How many of its children have ended and were not waited for.
pub fn zombies(of: u32) -> usize {
    states(of).iter().filter(|(_, state)| state == "Z").count()
}

fn living(of: u32) -> impl Iterator<Item = u32> {
    states(of).into_iter().filter(|(_, state)| state != "Z").map(|(pid, _)| pid)
}

/// The children of a process, and what they do.
fn states(of: u32) -> Vec<(u32, String)> {
    let mut found = Vec::new();
    for entry in fs::read_dir("/proc").unwrap().flatten() {
        let Ok(pid) = entry.file_name().to_string_lossy().parse::<u32>() else { continue };
        // `pid (any name) S parent ...`; it may have ended since.
        let Ok(stat) = fs::read_to_string(entry.path().join("stat")) else { continue };
        let mut rest = stat.rsplit(") ").next().unwrap().split(' ');
        let (state, parent) = (rest.next(), rest.next().and_then(|parent| parent.parse().ok()));
        if parent == Some(of) {
            found.push((pid, state.unwrap_or_default().to_owned()));
        }
    }
    found
}

/// Waits for the end of a child of ours.
pub fn wait_end(child: &mut Child, what: &str) -> ExitStatus {
    if let Some(watched) = Watched::open(child.id()) {
        assert!(watched.is_gone_in_time(), "waited in vain for the end of {what}");
    }
    child.wait().unwrap()
}

/// Sends a signal to a child of ours that was not waited for yet.
pub fn signal(child: &Child, signal: Signal) {
    if let Some(watched) = Watched::open(child.id()) {
        watched.signal(signal);
    }
}

/// Waits until a child of ours stands still.
pub fn wait_stopped(child: &Child, what: &str) {
    let child = Pid::from_child(child);
    let (told, stopped) = mpsc::channel();
    runtime::spawn_thread("stop of a program", move || {
        let _ = told.send(waitid(WaitId::Pid(child), WaitIdOptions::STOPPED | WaitIdOptions::NOWAIT));
    })
    .unwrap();
    let status = stopped.recv_timeout(PATIENCE).unwrap_or_else(|_| panic!("waited in vain for the stop of {what}"));
    assert!(status.unwrap().is_some_and(|status| status.stopped()), "{what} did not stop");
}

// === impl Watched ===

impl Watched {
    /// None when there is no such process.
    pub fn open(pid: u32) -> Option<Watched> {
        let raw = Pid::from_raw(i32::try_from(pid).ok()?)?;
        let pidfd = pidfd_open(raw, PidfdFlags::empty()).ok()?;
        Some(Watched { pid, pidfd })
    }

    /// Does nothing to a process that has ended.
    pub fn signal(&self, signal: Signal) {
        let _ = pidfd_send_signal(&self.pidfd, signal);
    }

    /// Waits for its end.
    pub fn wait_gone(&self) {
        assert!(self.is_gone_in_time(), "process {} lives on", self.pid);
    }

    /// Waits for its end, however long that takes.
    pub fn wait_for_ever(&self) {
        self.is_gone_by(None);
    }

    fn is_gone_in_time(&self) -> bool {
        self.is_gone_by(Some(clock::mono() + PATIENCE))
    }

    fn is_gone_by(&self, deadline: Option<Mono>) -> bool {
        loop {
            let left = deadline.map(|deadline| Timespec::try_from(deadline.since(clock::mono())).unwrap());
            match poll(&mut [PollFd::new(&self.pidfd, PollFlags::IN)], left.as_ref()) {
                Ok(count) => return count > 0,
                Err(rustix::io::Errno::INTR) => {}
                Err(error) => panic!("cannot wait for process {}: {error}", self.pid),
            }
        }
    }
}
