//! How root fares, as it tells its workers, and what the allocator of a process holds.

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

/// What the allocator of one process holds, in bytes: as jemalloc counts it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Allocator {
    /// Given out to the program.
    pub allocated: u64,
    /// In pages of which at least a part is given out.
    pub active: u64,
    /// In RAM, with what it needs itself and what it keeps for the next who asks.
    pub resident: u64,
    /// Mapped by it.
    pub mapped: u64,
    /// Kept as addresses alone, without memory behind them.
    pub retained: u64,
}

// === impl Allocator ===

impl Allocator {
    /// Each by its name.
    pub fn rows(&self) -> [(&'static str, u64); 5] {
        let Allocator { allocated, active, resident, mapped, retained } = *self;
        [
            ("allocated", allocated),
            ("active", active),
            ("resident", resident),
            ("mapped", mapped),
            ("retained", retained),
        ]
    }
}
