//! What the daemon says of itself, as JSON: a promise to whoever reads `unblink status --json`. Fields may be added.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::base::Diagnostic;
use crate::machine::reload::Cause;
use crate::model::board::BoardFacts;

/// The whole state at one moment.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Status {
    pub root: RootStatus,
    pub workers: Vec<WorkerRow>,
    pub views: Vec<ViewRow>,
    pub sessions: Vec<SessionRow>,
    pub tree: TreeNode,
    pub watchdogs: Vec<WatchdogRow>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RootStatus {
    pub pid: u32,
    pub build: String,
    pub uptime_s: u64,
    /// Of the configuration that is drawn; 0 before any was accepted.
    pub generation: u64,
    /// Programs that push samples.
    #[serde(default)]
    pub pushers: usize,
    #[serde(default)]
    pub configuration: ConfigurationStatus,
}

/// Which configuration is drawn, and what is not.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ConfigurationStatus {
    /// When it was accepted, in milliseconds since 1970.
    pub accepted_at_ms: i64,
    /// From what: `start`, `hangup`, `change`, `command` or `rollback`.
    pub cause: Option<Cause>,
    /// After a rollback, the generation whose content it is.
    pub content_of: Option<u64>,
    /// What a change comes from that is being read or looked at just now.
    #[serde(default)]
    pub under_way: Option<Cause>,
    /// What is newer and was refused, if anything.
    pub refused: Option<RefusedRow>,
    /// What applies when the daemon is started again, in words.
    pub at_restart: Vec<String>,
    /// Why changes of some files are not noticed.
    pub unwatched: Option<String>,
    /// Why generations are not kept.
    pub unkept: Option<String>,
    /// The configuration's own file, whole; none of a daemon that reads none, or is of an earlier version.
    #[serde(default)]
    pub file: Option<String>,
    /// The folder of what outlives the daemon.
    #[serde(default)]
    pub state: Option<String>,
}

/// A configuration that is not drawn.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RefusedRow {
    pub at_ms: i64,
    pub cause: Cause,
    pub why: String,
    pub complaints: Vec<Diagnostic>,
}

/// What came of a reload or a rollback.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Change {
    /// Also where nothing changed.
    pub accepted: bool,
    /// A new generation is drawn.
    pub changed: bool,
    /// The one that is drawn.
    pub generation: u64,
    /// Why it was not accepted.
    pub why: Option<String>,
    pub complaints: Vec<Diagnostic>,
    /// What applies when the daemon is started again, in words.
    pub at_restart: Vec<String>,
}

/// What came of having a worker give way to a fresh one.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Recycled {
    pub recycled: bool,
    /// Why it was not.
    pub why: Option<String>,
    /// Of the fresh one.
    pub pid: Option<u32>,
    /// From the start of the fresh one until it drew.
    pub took_ms: u64,
    /// How long nobody drew meanwhile.
    pub stood_still_ms: u64,
}

impl Recycled {
    pub fn refused(why: String) -> Recycled {
        Recycled { why: Some(why), ..Recycled::default() }
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct WorkerRow {
    pub tenant: String,
    /// None while there is no process.
    pub pid: Option<u32>,
    pub epoch: u64,
    /// `starting`, `ready`, `refused` (its configuration), `silent`, `ending`, `waiting` or `stopped`.
    pub state: String,
    pub restarts: u64,
    /// How often a fresh one took its place while it worked.
    #[serde(default)]
    pub recycled: u64,
    pub last_fault: Option<String>,
    pub series: u32,
    pub frames_drawn: u64,
    /// Refreshes left out because drawing came too late for them.
    pub frames_late: u64,
    /// Refreshes left out because as many pictures were drawn as the tenant, or the board, may have.
    #[serde(default)]
    pub frames_limited: u64,
    /// The same by board, those with the most.
    #[serde(default)]
    pub limited: BTreeMap<String, u64>,
    /// Chunks put off because as many came as may be pushed into the tenant.
    #[serde(default)]
    pub chunks_limited: u64,
    pub samples: u64,
    pub samples_rejected: u64,
    /// Why they were.
    #[serde(default)]
    pub rejected: Vec<CountRow>,
    /// Pushed lines among those, by reason.
    #[serde(default)]
    pub push_rejected: BTreeMap<String, u64>,
    /// Faults that the worker held since it started: the ring (`source`, `panel` or `input`), a blank, and the class
    /// (`error`, `timeout` or `panic`).
    #[serde(default)]
    pub faults: BTreeMap<String, u64>,
    #[serde(default)]
    pub memory: Vec<MemoryRow>,
    /// What the tenant's processes may take; empty where they may take what they like.
    #[serde(default)]
    pub limits: Vec<LimitRow>,
    /// How long its control group was held back since it was made; none where it has none.
    #[serde(default)]
    pub throttled_ms: Option<u64>,
}

/// One limit of a tenant: `cpu`, `memory` or `pids`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LimitRow {
    pub name: String,
    /// As one would write it, or read it.
    pub limit: String,
    /// `cgroup`, `rlimit` or `nothing`.
    pub held_by: String,
    /// What is to be known of that.
    pub note: Option<String>,
}

/// How many samples were not taken for one reason: `not-finite`, `not-newer`, `too-long`, `too-many-series`, `changed`
/// (kind or unit), `pushed` (`push_rejected` says more), or `beyond-caps` of their source.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CountRow {
    pub name: String,
    pub count: u64,
}

/// One item of a tenant's memory: `points`, `past` (points in buckets), `names` (and labels), `logs`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MemoryRow {
    pub name: String,
    pub bytes: u64,
    /// As much as it may ever be.
    pub bytes_max: u64,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ViewRow {
    pub id: u64,
    pub board: String,
    pub tenant: String,
    /// `COLUMNSxROWS`.
    pub size: String,
    /// 0 before the first frame.
    pub version: u64,
    pub viewers: usize,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SessionRow {
    pub id: u64,
    /// `attach`, `local` or `tty`.
    pub kind: String,
    /// Of a `tty`, what it draws on.
    #[serde(default)]
    pub device: Option<String>,
    /// The id of its view.
    pub view: u64,
    pub lag_versions: u64,
    /// 0 while it takes its bytes.
    pub stalled_ms: u64,
}

/// One part of the daemon, and what hangs under it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct TreeNode {
    pub name: String,
    /// `process`, `thread`, `task` or `supervisor`.
    pub kind: String,
    /// In words; of most parts `running`, and `waiting` while one is not started again yet.
    pub state: String,
    /// None while nothing of it runs.
    #[serde(default)]
    pub uptime_s: Option<u64>,
    /// How often it was started again.
    pub restarts: u64,
    /// How it ended, the last time that was not as planned.
    #[serde(default)]
    pub last_fault: Option<String>,
    /// When it is started again, while it does not run.
    #[serde(default)]
    pub next_retry_s: Option<u64>,
    pub children: Vec<TreeNode>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct WatchdogRow {
    pub name: String,
    pub reading: String,
    pub verdict: String,
    /// Seconds since this verdict.
    pub since: u64,
}

/// All boards that can be shown.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct BoardList {
    pub boards: Vec<BoardRow>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BoardRow {
    pub tenant: String,
    #[serde(flatten)]
    pub facts: BoardFacts,
}

/// Whether boards can be drawn.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Readiness {
    Ready,
    NotYet(String),
}

// === impl TreeNode ===

impl TreeNode {
    /// The first part of that name, this one or one that hangs under it.
    pub fn find(&self, name: &str) -> Option<&TreeNode> {
        if self.name == name { Some(self) } else { self.children.iter().find_map(|child| child.find(name)) }
    }
}
