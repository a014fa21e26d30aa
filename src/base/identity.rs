//! Names of things that live shorter than their numbers: views, sessions, incarnations.

use serde::{Deserialize, Serialize};

/// Identifies the build, for people and on both ends of a feed. `make install` and packagers set `UNBLINK_BUILD_ID`
/// to the commit when they build; any other build does not know what it was made of.
pub const BUILD_ID: &str = match option_env!("UNBLINK_BUILD_ID") {
    Some(id) if !id.is_empty() => id,
    _ => "unknown",
};

/// A view as root numbers it on one feed. Never reused within a root's life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ViewId(pub u64);

/// A session as root numbers it. Never reused within a root's life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct SessionId(pub u64);

/// Which incarnation of a worker: 1 for the first, one more for each successor.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Epoch(pub u64);

/// Version of a view within one epoch, from 1. Newest is the greatest `(Epoch, Version)`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Version(pub u64);

/// One piece of work of a process, such as drawing one panel once: what a screen shows of a fault, so that its line in the
/// log can be found. Unique within a worker's life.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Trace(pub u32);

// === impl Trace ===

impl std::fmt::Display for Trace {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:08x}", self.0)
    }
}

// === impl Version ===

impl Version {
    /// The base of a keyframe: it stands on nothing.
    pub const NONE: Version = Version(0);

    pub fn next(self) -> Version {
        Version(self.0 + 1)
    }
}
