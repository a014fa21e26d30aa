//! The two protocols, both length-prefixed and versioned: the feed between root and a worker, the
//! attach protocol between root and a viewer's client.
//!
//! Invariant: a decoder never trusts a length, never allocates more than its cap, and turns any
//! bytes into a message or an error. What a message means is decided elsewhere.

pub mod attach;
pub mod copied;
pub mod feed;
pub mod framing;
pub mod history;

#[cfg(test)]
mod samples;
