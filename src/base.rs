//! The ground everything stands on: limits, sizes, times, names of things.
//!
//! Invariant: plain values only. No I/O, no clock, no randomness, no imports from any other module.

pub mod bounded;
pub mod diagnostic;
pub mod geometry;
pub mod identity;
pub mod limits;
pub mod packed;
pub mod time;

pub use diagnostic::Diagnostic;
pub use geometry::{Rect, Size};
pub use identity::{BUILD_ID, Epoch, SessionId, Trace, Version, ViewId};
pub use time::{Mono, Wall};
