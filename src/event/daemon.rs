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

impl Event for SignalIgnored<'_> {
    fn emit(self) {
        warn!(signal = self.signal, "nothing is done about this signal: {}", self.why);
    }
}
