//! One view's frames as root holds them: a keyframe and the unbroken deltas since.
//!
//! Invariant: every delta stands on the version before it, the first one on the keyframe; what is held is bounded,
//! because a worker has to send a new keyframe once the deltas outgrow the old one.

use std::collections::VecDeque;

use bytes::Bytes;

use crate::base::{Epoch, Version, limits};
use crate::wire::{attach, feed};

/// One version of one view over all lives of its worker; the greatest is the newest.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position {
    pub epoch: Epoch,
    pub version: Version,
}

/// A frame as an attach message: made once, shared by all viewers.
#[derive(Clone, Debug)]
pub struct Message {
    /// The version a screen shows after it.
    pub at: Position,
    pub bytes: Bytes,
}

#[derive(Debug, Default)]
pub struct History {
    keyframe: Option<Message>,
    deltas: VecDeque<Message>,
    delta_bytes: usize,
}

/// Why a frame does not fit what came before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    #[error("a frame has version 0")]
    NoVersion,
    #[error("version {got:?} came after {newest:?}")]
    Stale { got: Position, newest: Position },
    #[error("a delta stands on version {base:?}, but the newest is {newest:?}")]
    Gap { base: Version, newest: Option<Position> },
    #[error("a delta makes version {got:?} of version {base:?}")]
    Skipped { base: Version, got: Version },
    #[error("a frame came without credit")]
    NoCredit,
    #[error("a second keyframe came for one delta")]
    Replaced,
    #[error("{count} deltas of {bytes} bytes were sent without a new keyframe")]
    Outgrown { count: usize, bytes: usize },
}

// === impl History ===

impl History {
    pub fn newest(&self) -> Option<Position> {
        self.deltas.back().or(self.keyframe.as_ref()).map(|message| message.at)
    }

    /// The newest delta, and the version that it stands on.
    pub fn newest_step(&self) -> Option<(Position, &Message)> {
        let last = self.deltas.back()?;
        let before = self.deltas.len().checked_sub(2).map(|before| &self.deltas[before]);
        Some((before.or(self.keyframe.as_ref())?.at, last))
    }

    /// Takes a frame in, or leaves everything as it was.
    pub fn take(&mut self, frame: &feed::Frame<'_>) -> Result<(), Fault> {
        let at = Position { epoch: frame.epoch, version: frame.version };
        let newest = self.newest();
        if frame.version == Version::NONE {
            return Err(Fault::NoVersion);
        }
        if frame.base == Version::NONE {
            // The same version again replaces the history that led to it.
            if let Some(newest) = newest.filter(|newest| at < *newest) {
                return Err(Fault::Stale { got: at, newest });
            }
            self.keyframe = Some(Message { at, bytes: attach::frame(frame.bytes) });
            self.deltas.clear();
            self.delta_bytes = 0;
            return Ok(());
        }
        let base = Position { epoch: frame.epoch, version: frame.base };
        if newest != Some(base) {
            return Err(Fault::Gap { base: frame.base, newest });
        }
        if at <= base {
            return Err(Fault::Stale { got: at, newest: base });
        }
        if frame.version.0 - frame.base.0 > 1 {
            return Err(Fault::Skipped { base: frame.base, got: frame.version });
        }
        let keyframe_bytes = self.keyframe.as_ref().map_or(0, |keyframe| keyframe.bytes.len());
        let delta_bytes = self.delta_bytes + frame.bytes.len();
        let count = self.deltas.len() + 1;
        if count > limits::DELTAS_MAX || delta_bytes > limits::deltas_bytes_max(keyframe_bytes) {
            return Err(Fault::Outgrown { count, bytes: delta_bytes });
        }
        let bytes = attach::frame(frame.bytes);
        self.delta_bytes = delta_bytes;
        self.deltas.push_back(Message { at, bytes });
        Ok(())
    }

    /// A picture for a view nobody has drawn yet; false when there is one already.
    pub fn stand_in(&mut self, bytes: Bytes) -> bool {
        if self.keyframe.is_some() {
            return false;
        }
        self.keyframe = Some(Message { at: Position::default(), bytes });
        true
    }

    /// What to send to a screen that shows `held`; none when that is the newest.
    ///
    /// The deltas missed are never more than what follows the keyframe, so they are the cheaper way whenever `held`
    /// is still part of the history; else it is the keyframe.
    pub fn next_for(&self, held: Option<Position>) -> Option<&Message> {
        let keyframe = self.keyframe.as_ref()?;
        let Some(held) = held else { return Some(keyframe) };
        // The common case first.
        let Some(last) = self.deltas.back() else { return (held != keyframe.at).then_some(keyframe) };
        if last.at == held {
            return None;
        }
        if held == keyframe.at {
            return self.deltas.front();
        }
        match self.deltas.binary_search_by_key(&held, |delta| delta.at) {
            Ok(index) => self.deltas.get(index + 1),
            Err(_) => Some(keyframe),
        }
    }
}
