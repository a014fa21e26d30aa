//! The course of the daemon's own life.

use std::net::SocketAddr;
use std::path::Path;

use tracing::field::{DisplayValue, display};
use tracing::{info, warn};

use super::{COUNTERS, Event};
use crate::base::BUILD_ID;
use crate::sys::ancestry::Untold;

/// It holds its sockets: viewers may come.
#[derive(Debug)]
pub struct DaemonStarted<'a> {
    pub pid: u32,
    pub attach: &'a Path,
    pub admin: &'a Path,
}

/// Whoever reaches that port may read its metrics.
#[derive(Debug)]
pub struct MetricsServed {
    pub address: SocketAddr,
}

/// It was told to end: viewers are told, the worker ends.
#[derive(Debug)]
pub struct DaemonStopping {
    pub viewers: usize,
}

/// Nothing of it runs any more.
#[derive(Debug)]
pub struct DaemonStopped {
    pub uptime_s: u64,
}

/// Fewer viewers may come than the program allows, for want of descriptors.
#[derive(Debug)]
pub struct SessionsLimited {
    pub sessions_max: usize,
    pub descriptors: u64,
}

/// There is no group that might use a socket.
#[derive(Debug)]
pub struct GroupMissing<'a> {
    pub group: &'a str,
    pub socket: &'a Path,
}

/// A signal came that the daemon does nothing about.
#[derive(Debug)]
pub struct SignalIgnored<'a> {
    pub signal: &'a str,
    pub why: &'a str,
}

/// A process that the daemon started, itself or by others, came to one of its sockets.
#[derive(Debug)]
pub struct DescendantRefused<'a> {
    pub socket: &'a str,
    pub uid: u32,
    pub pid: i32,
    /// Of those that came, how many had no line of their own since the last line; none where this one has none either.
    pub since: Option<u64>,
}

/// Somebody came to a socket of whom it cannot be told whether the daemon started it.
#[derive(Debug)]
pub struct KinshipUntold<'a> {
    pub socket: &'a str,
    pub uid: u32,
    pub pid: i32,
    pub why: Untold,
    /// As with those that are told.
    pub since: Option<u64>,
}

/// Who asked for something, as far as is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    Process { uid: u32, pid: i32 },
    Address(SocketAddr),
}

/// Somebody looked inside: the line that says who and how.
#[derive(Debug)]
pub struct ProfileCaptured<'a> {
    pub by: By,
    pub target: &'a str,
    pub seconds: u64,
    pub hz: u32,
    /// `present`, `past` (by the flight recorder) or `heap`.
    pub of: &'a str,
    pub format: &'a str,
    pub samples: u64,
    /// Processes that could not be looked at.
    pub missing: usize,
    pub trace: &'a str,
}

/// A capture lies in the state folder.
#[derive(Debug)]
pub struct CaptureStored<'a> {
    pub path: &'a Path,
    pub samples: u64,
    /// What it lacks; empty for nothing.
    pub missing: &'a str,
}

/// A capture does not.
#[derive(Debug)]
pub struct CaptureUnstored<'a> {
    pub why: &'a str,
}

/// What dead workers left running was ended.
#[derive(Debug)]
pub struct LeftoversEnded {
    pub processes: usize,
}

/// Something that dead workers left running was killed and does not end.
#[derive(Debug)]
pub struct LeftoversStay;

// === impl By ===

impl By {
    fn uid(self) -> Option<u32> {
        if let By::Process { uid, .. } = self { Some(uid) } else { None }
    }

    fn pid(self) -> Option<i32> {
        if let By::Process { pid, .. } = self { Some(pid) } else { None }
    }

    fn address(self) -> Option<DisplayValue<SocketAddr>> {
        if let By::Address(address) = self { Some(display(address)) } else { None }
    }
}

impl Event for DescendantRefused<'_> {
    fn emit(self) {
        COUNTERS.descendants_refused.add(1);
        let DescendantRefused { socket, uid, pid, since } = self;
        if let Some(more) = since {
            warn!(
                socket,
                uid, pid, more, "refused a process that the daemon started: commands of sources have no business here"
            );
        }
    }
}

impl Event for KinshipUntold<'_> {
    fn emit(self) {
        COUNTERS.kinships_untold.add(1);
        let KinshipUntold { socket, uid, pid, why, since } = self;
        if let Some(more) = since {
            warn!(
                socket,
                uid, pid, more, "put off somebody of whom it cannot be told whether the daemon started it: {why}"
            );
        }
    }
}

impl Event for LeftoversEnded {
    fn emit(self) {
        COUNTERS.leftovers_ended.add(self.processes as u64);
        info!(processes = self.processes, "ended what a dead worker or keeper left running");
    }
}

impl Event for LeftoversStay {
    fn emit(self) {
        warn!("something that a dead worker or keeper left running was killed and does not end: a disk may not answer");
    }
}

impl Event for ProfileCaptured<'_> {
    fn emit(self) {
        COUNTERS.profiles_captured.add(1);
        info!(
            uid = self.by.uid(),
            pid = self.by.pid(),
            address = self.by.address(),
            target_of = self.target,
            seconds = self.seconds,
            hz = self.hz,
            of = self.of,
            format = self.format,
            samples = self.samples,
            missing = self.missing,
            trace = self.trace,
            "a profile was captured"
        );
    }
}

impl Event for CaptureStored<'_> {
    fn emit(self) {
        let missing = Some(self.missing).filter(|missing| !missing.is_empty());
        info!(path = %self.path.display(), samples = self.samples, missing, "a capture was stored");
    }
}

impl Event for CaptureUnstored<'_> {
    fn emit(self) {
        warn!(why = self.why, "a capture was not stored");
    }
}

impl Event for DaemonStarted<'_> {
    fn emit(self) {
        info!(
            pid = self.pid,
            build = BUILD_ID,
            attach = %self.attach.display(),
            admin = %self.admin.display(),
            "daemon started"
        );
    }
}

impl Event for MetricsServed {
    fn emit(self) {
        info!(address = %self.address, "metrics are served over TCP");
    }
}

impl Event for DaemonStopping {
    fn emit(self) {
        info!(viewers = self.viewers, "daemon stopping");
    }
}

impl Event for DaemonStopped {
    fn emit(self) {
        info!(uptime_s = self.uptime_s, "daemon stopped");
    }
}

impl Event for SessionsLimited {
    fn emit(self) {
        warn!(
            sessions_max = self.sessions_max,
            descriptors = self.descriptors,
            "fewer viewers may come than usual: raise the limit of open files (LimitNOFILE, ulimit -n)"
        );
    }
}

impl Event for GroupMissing<'_> {
    fn emit(self) {
        let (group, socket) = (self.group, self.socket.display());
        warn!(
            group,
            %socket,
            "only uid 0 may use this socket; to let others: groupadd --system {group}, usermod -aG {group} USER, and restart"
        );
    }
}

impl Event for SignalIgnored<'_> {
    fn emit(self) {
        warn!(signal = self.signal, "nothing is done about this signal: {}", self.why);
    }
}
