//! What happens to programs that push samples. Many come for a single value, so their coming and going is for finding
//! faults only.

use tracing::{debug, warn};

use super::{COUNTERS, Event};
use crate::base::SessionId;

/// A program that pushes was admitted.
#[derive(Debug)]
pub struct PusherOpened<'a> {
    pub tenant: &'a str,
    pub pusher: SessionId,
    pub uid: u32,
    pub pid: i32,
}

/// It is gone.
#[derive(Debug)]
pub struct PusherClosed<'a> {
    pub pusher: SessionId,
    pub why: &'a str,
}

/// A worker ended with chunks of pushers, which are asked to send them again.
#[derive(Debug)]
pub struct ChunksLost {
    pub chunks: usize,
}

/// Lines of a chunk that were not taken.
#[derive(Debug)]
pub struct LinesRejected<'a> {
    pub pusher: SessionId,
    pub count: u32,
    /// Of the first of them.
    pub why: &'a str,
}

impl Event for PusherOpened<'_> {
    fn emit(self) {
        COUNTERS.pushers_opened.add(1);
        debug!(pusher = self.pusher.0, tenant = self.tenant, uid = self.uid, pid = self.pid, "a program pushes");
    }
}

impl Event for PusherClosed<'_> {
    fn emit(self) {
        COUNTERS.pushers_closed.add(1);
        debug!(pusher = self.pusher.0, why = self.why, "a program pushes no more");
    }
}

impl Event for ChunksLost {
    fn emit(self) {
        COUNTERS.chunks_lost.add(self.chunks as u64);
        warn!(chunks = self.chunks, "a worker ended with pushed samples; they are sent again");
    }
}

impl Event for LinesRejected<'_> {
    fn emit(self) {
        COUNTERS.samples_rejected.add(u64::from(self.count));
        debug!(pusher = self.pusher.0, count = self.count, why = self.why, "pushed lines rejected");
    }
}
