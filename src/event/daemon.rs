//! The course of the daemon's own life.

use std::path::Path;

use tracing::{info, warn};

use super::Event;
use crate::base::BUILD_ID;

/// It holds its sockets: viewers may come.
#[derive(Debug)]
pub struct DaemonStarted<'a> {
    pub pid: u32,
    pub attach: &'a Path,
    pub admin: &'a Path,
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
