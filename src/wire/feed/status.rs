//! What a worker says of itself.
//!
//! Invariant: every list and text in it is bounded where it is decoded.

use serde::{Deserialize, Serialize};

use crate::base::{bounded, limits};
use crate::model::latency::Latency;
use crate::model::vitals::Allocator;

/// What a worker says of itself, with a pong, where something changed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct WorkerStatus {
    pub series: u32,
    pub frames_drawn: u64,
    /// Drawn, and equal to the frame before.
    pub frames_skipped: u64,
    /// Refreshes left out because drawing came too late for them.
    pub frames_late: u64,
    /// Refreshes left out because as many pictures were drawn as the tenant, or the board, may have.
    pub frames_limited: u64,
    /// The same by board, those with the most.
    #[serde(deserialize_with = "bounded::list::<_, _, { limits::STATUS_ROWS_MAX }>")]
    pub limited: Vec<CountRow>,
    pub samples: u64,
    pub samples_rejected: u64,
    /// Why they were, each with how many.
    #[serde(deserialize_with = "bounded::list::<_, _, { limits::STATUS_ROWS_MAX }>")]
    pub rejected: Vec<CountRow>,
    /// What takes the tenant's memory.
    #[serde(deserialize_with = "bounded::list::<_, _, { limits::STATUS_ROWS_MAX }>")]
    pub memory: Vec<MemoryRow>,
    /// Pushed lines that were rejected, by reason.
    #[serde(deserialize_with = "bounded::list::<_, _, { limits::PUSH_REASONS_MAX }>")]
    pub push_rejected: Vec<CountRow>,
    /// Faults that this worker held, by the ring that did and their class.
    #[serde(deserialize_with = "bounded::list::<_, _, { limits::STATUS_ROWS_MAX }>")]
    pub faults: Vec<CountRow>,
    /// One row for each task, thread and process of the worker, each directly before what hangs under it.
    #[serde(deserialize_with = "bounded::list::<_, _, { limits::TREE_ROWS_MAX }>")]
    pub tree: Vec<TreeRow>,
    /// Those that were silent longest.
    #[serde(deserialize_with = "bounded::list::<_, _, { limits::SOURCE_ROWS_MAX }>")]
    pub sources: Vec<SourceRow>,
    pub figures: Box<Figures>,
}

/// One source.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceRow {
    #[serde(deserialize_with = "bounded::cut::<_, { limits::ROW_BYTES_MAX }>")]
    pub name: String,
    /// In a word.
    #[serde(deserialize_with = "bounded::cut::<_, { limits::ROW_BYTES_MAX }>")]
    pub state: String,
    /// Since it last delivered.
    pub age_ms: Option<u64>,
    pub interval_ms: u64,
}

/// What a worker counts and measures for nobody but who scrapes; counts are since it started.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Figures {
    /// From new data to the encoded picture.
    pub data_to_frame: Latency,
    /// Panels that show a fallback.
    pub panels_fallen: u32,
    /// Times that a source was left alone because it kept failing.
    pub source_pauses: u64,
    /// Log messages that did not get there, for each destination.
    pub log_dropped: [u64; limits::LOG_DESTINATIONS],
    pub log_errors: [u64; limits::LOG_DESTINATIONS],
    /// None where the kernel does not tell.
    pub resident_bytes: Option<u64>,
    /// None where the system's allocator serves.
    pub allocator: Option<Allocator>,
}

/// How often something happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CountRow {
    #[serde(deserialize_with = "bounded::cut::<_, { limits::ROW_BYTES_MAX }>")]
    pub name: String,
    pub count: u64,
}

/// One item of a tenant's memory.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MemoryRow {
    #[serde(deserialize_with = "bounded::cut::<_, { limits::ROW_BYTES_MAX }>")]
    pub name: String,
    pub bytes: u64,
    /// As much as it may ever be.
    pub bytes_max: u64,
}

/// One part of a worker.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TreeRow {
    /// Under how many others; deeper than the row before by one at most.
    pub depth: u8,
    #[serde(deserialize_with = "bounded::cut::<_, { limits::ROW_BYTES_MAX }>")]
    pub name: String,
    #[serde(deserialize_with = "bounded::cut::<_, { limits::ROW_BYTES_MAX }>")]
    pub kind: String,
    #[serde(deserialize_with = "bounded::cut::<_, { limits::ROW_BYTES_MAX }>")]
    pub state: String,
    /// None while nothing of it runs.
    pub uptime_ms: Option<u64>,
    pub restarts: u64,
    /// Empty where there was none.
    #[serde(deserialize_with = "bounded::cut::<_, { limits::ROW_BYTES_MAX }>")]
    pub last_fault: String,
    /// When it is started again.
    pub next_retry_ms: Option<u64>,
}
