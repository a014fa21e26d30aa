//! What the allocator gave out and to whom, as far as it noted that: of each so many bytes one, with the calls that asked for it.
//!
//! Invariant: nothing is noted where the program is built without jemalloc, and that is said. What the allocator tells goes
//! through a file in memory, without a name, and is read as far as a cap. Finding names takes a second: never on a thread
//! that somebody waits for. Calls are noted by libgcc's unwinder within an allocation, never in a handler of a signal: none of
//! ours allocates, and those that sample where the processor is follow frame pointers alone.

mod dump;
#[cfg(feature = "jemalloc")]
mod with;

#[cfg(all(test, feature = "jemalloc"))]
mod tests;

use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::Duration;

use crate::model::Profile;
use crate::model::profile::Collector;
use crate::model::vitals::Allocator;
use crate::sys::symbols::Names;

pub use dump::Held;
#[cfg(feature = "jemalloc")]
pub use with::{allocator, look};

/// Why nothing is known.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HeapError {
    #[error(
        "this program was built without jemalloc, which notes who holds memory: build it with the feature `jemalloc`, as it is by default"
    )]
    NotBuilt,
    /// By whoever started it.
    #[error("its allocator was told by the environment to note nothing (_RJEM_MALLOC_CONF)")]
    Off,
    #[error("the allocator does not tell what is held: {0}")]
    Failed(String),
    /// Whoever wanted it has gone.
    #[error("it was called off")]
    CalledOff,
}

/// Whether this program can tell at all.
pub const IS_BUILT: bool = cfg!(feature = "jemalloc");

/// What was found, without names.
#[derive(Debug)]
pub struct Unnamed {
    held: Held,
    given_back: u64,
    span: Duration,
}

/// What is held now; with a span, what more is held at its end than at its beginning. Blocks, until `called_off` is told or
/// dropped at most.
pub fn capture(span: Duration, called_off: &Receiver<()>) -> Result<Unnamed, HeapError> {
    if span.is_zero() {
        return Ok(Unnamed { held: look()?, given_back: 0, span });
    }
    let before = look()?;
    if called_off.recv_timeout(span) != Err(RecvTimeoutError::Timeout) {
        return Err(HeapError::CalledOff);
    }
    let (held, given_back) = look()?.grown_since(before);
    Ok(Unnamed { held, given_back, span })
}

// === impl Unnamed ===

impl Unnamed {
    /// Finds the names, which takes a second and is ended by nothing.
    pub fn named(&self) -> Profile {
        let span_ms = u64::try_from(self.span.as_millis()).unwrap_or(u64::MAX);
        let mut collector = Collector::of_memory(self.held.every, span_ms);
        let mut names = Names::open();
        for way in &self.held.ways {
            names.tell_held(way.calls.iter().rev().copied(), way.things, way.bytes, &mut collector);
        }
        collector.leave_out(self.held.left_out);
        collector.give_back(self.given_back);
        collector.finish()
    }
}

/// What it all comes to; none where another allocator serves.
#[cfg(not(feature = "jemalloc"))]
pub fn allocator() -> Option<Allocator> {
    None
}

/// What is held now.
#[cfg(not(feature = "jemalloc"))]
pub fn look() -> Result<Held, HeapError> {
    Err(HeapError::NotBuilt)
}
