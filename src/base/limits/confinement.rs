//! Bounds of what a tenant's processes may be limited to.

use std::time::Duration;

/// Least of a processor, in thousandths: 5 ms of each 100, in which a worker draws a usual board once.
pub const CPU_LIMIT_MILLIS_MIN: u64 = 50;
/// Most: more processors than Linux knows.
pub const CPU_LIMIT_MILLIS_MAX: u64 = 8192 * 1000;
/// Within which so much of a processor may be taken: what the kernel takes by itself.
pub const CPU_PERIOD: Duration = Duration::from_millis(100);
/// Least memory. A worker with little to show takes 16 MB, and 45 MB as `RLIMIT_DATA` counts.
pub const MEMORY_LIMIT_BYTES_MIN: u64 = 64 << 20;
/// A history that has grown to its most and a worker fit into this.
pub const MEMORY_LIMIT_BYTES_AMPLE: u64 = super::HISTORY_BYTES_MAX + MEMORY_LIMIT_BYTES_MIN;
/// Most: more than a machine can have.
pub const MEMORY_LIMIT_BYTES_MAX: u64 = 1 << 50;
/// Fewest processes and threads: a worker's own, twice where one takes another's place, and some commands.
pub const PIDS_LIMIT_MIN: u64 = 64;
/// Most: as many as Linux may have at all (`PID_MAX_LIMIT`).
pub const PIDS_LIMIT_MAX: u64 = 1 << 22;
/// What is read of one file of a control group: none that is read here is longer.
pub const GROUP_FILE_BYTES_MAX: u64 = 64 * 1024;
