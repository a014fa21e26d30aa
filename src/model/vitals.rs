//! How root fares, as it tells its workers.

use serde::{Deserialize, Serialize};

/// Root's numbers at one moment; counts are since it started.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Vitals {
    pub uptime_ms: u64,
    /// Processor time its process used.
    pub cpu_us: u64,
    /// Memory of its process that is in RAM; none where the kernel does not tell.
    pub resident_bytes: Option<u64>,
    /// Tasks, threads and child processes.
    pub tasks: u32,
    pub viewers: u32,
    /// Viewers that have taken nothing for a second or more.
    pub viewers_stalled: u32,
    pub views: u32,
    pub sessions_opened: u64,
    /// Frames that viewers took.
    pub frames_sent: u64,
    /// Bytes that viewers took, frames and all else.
    pub bytes_sent: u64,
    /// Versions that slow viewers never saw, because newer ones came first.
    pub frames_dropped: u64,
    pub inputs_dropped: u64,
    pub worker_restarts: u64,
}
