//! What a program that pushes samples and root say to each other, on the same socket as viewers.
//!
//! Invariant: a chunk is bytes to everybody but the worker; its number and its length are all that is looked at. Each
//! chunk has exactly one answer, and answers come in the order of the chunks.

use bytes::{Buf, Bytes};
use serde::{Deserialize, Serialize};

use super::DecodeError;
use crate::base::{bounded, limits};

/// A pusher's first message.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PushHello {
    pub version: u16,
    #[serde(default, deserialize_with = "bounded::text::<_, { limits::BUILD_BYTES_MAX }>")]
    pub build: String,
    /// Whose series they are to be; empty for the only tenant it may push into, or else `default`.
    #[serde(default, deserialize_with = "bounded::text::<_, { limits::NAME_BYTES_MAX }>")]
    pub tenant: String,
}

/// Root's answer to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PushWelcome {
    /// The version both will speak: the lower of the two.
    pub version: u16,
    /// Chunks that may be on their way at a time.
    pub credit: u32,
    /// Bytes and lines of one chunk.
    pub chunk_bytes_max: u32,
    pub chunk_lines_max: u32,
}

/// Whole lines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chunk {
    /// The first of a connection is 1. One that was put off keeps its number.
    pub number: u64,
    /// A copy of its own, or a part of the message it came in.
    pub lines: Bytes,
}

/// A chunk was taken, as far as it could be.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PushTaken {
    pub number: u64,
    pub accepted: u32,
    pub rejected: u32,
    /// The first of the rejected lines.
    #[serde(default, deserialize_with = "bounded::list::<_, _, { limits::PUSH_FAULTS_MAX }>")]
    pub faults: Vec<PushFault>,
    /// So many chunks more may follow.
    pub credit: u32,
}

/// One line that was not taken.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PushFault {
    /// Within its chunk, counted from 1.
    pub line: u32,
    /// In a person's words. They come from the worker: not to be shown before they are made safe.
    #[serde(deserialize_with = "bounded::cut::<_, { limits::PUSH_WHY_BYTES_MAX }>")]
    pub why: String,
}

/// A chunk was not taken: it is to be sent again, and with it everything that was sent after it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PushLater {
    pub number: u64,
    /// How long to wait first.
    pub after_ms: u32,
    /// A worker had it when it ended: nobody knows how much of it was taken, and what was is gone with the worker.
    #[serde(default)]
    pub unknown: bool,
    #[serde(default, deserialize_with = "bounded::cut::<_, { limits::PUSH_WHY_BYTES_MAX }>")]
    pub why: String,
    /// So many chunks more may follow.
    pub credit: u32,
}

/// Bytes of the number before the lines.
pub(super) const NUMBER_BYTES: usize = size_of::<u64>();

// === impl Chunk ===

impl Chunk {
    pub(super) fn decode(mut body: &[u8]) -> Result<Chunk, DecodeError> {
        let Ok(number) = body.try_get_u64_le() else {
            return Err(DecodeError::Cap("a chunk without a number".to_owned()));
        };
        if body.len() > limits::PUSH_CHUNK_BYTES_MAX {
            return Err(DecodeError::Cap(format!("a chunk of {} bytes", body.len())));
        }
        Ok(Chunk { number, lines: Bytes::copy_from_slice(body) })
    }

    pub(super) fn encode(&self) -> Vec<u8> {
        let mut body = Vec::with_capacity(NUMBER_BYTES + self.lines.len());
        body.extend_from_slice(&self.number.to_le_bytes());
        body.extend_from_slice(&self.lines);
        body
    }
}
