//! What workers died of: the step each was in, and which steps the next one is to leave alone.
//!
//! Invariant: a step that two workers died in within a while is left alone for a time, which grows with every further
//! death and ends at last, so that what was put right is tried again. It holds a bounded number of steps: what rests is
//! kept before what does not, and the newest before the older. Deaths in no step are nobody's fault here.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::base::{Mono, Trace, bounded, limits};

/// Deaths in one step until it is left alone: one may be chance.
pub const DEATHS_MAX: u32 = 2;
/// Deaths further apart than that have nothing to do with each other.
const FORGET_AFTER: Duration = Duration::from_secs(10 * 60);
/// How long a step is left alone at first.
const REST_FIRST: Duration = Duration::from_secs(5 * 60);
/// And at most: each try costs a tenant a banner of some milliseconds.
const REST_MAX: Duration = Duration::from_secs(24 * 60 * 60);

/// Something a worker does that may be its end.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Step {
    /// Drawing the panel with this index on a board.
    Panel {
        #[serde(deserialize_with = "bounded::text::<_, { limits::NAME_BYTES_MAX }>")]
        board: String,
        panel: u16,
    },
    /// What a source does.
    Source(#[serde(deserialize_with = "bounded::text::<_, { limits::NAME_BYTES_MAX }>")] String),
}

/// One tenant's.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ledger {
    /// The longest ago first.
    rows: Vec<Row>,
}

/// What is known of one step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    pub step: Step,
    /// Of those that count.
    pub deaths: u32,
    pub last: Mono,
    /// Of the last time it was done.
    pub trace: Trace,
    /// Until when it is left alone; it may be in the past.
    pub rests_until: Option<Mono>,
    rest: Duration,
}

// === impl Ledger ===

impl Ledger {
    /// A worker died in this step. Whether that step is left alone from now on.
    pub fn died(&mut self, step: Step, trace: Trace, now: Mono) -> bool {
        let before = self.rows.iter().position(|row| row.step == step).map(|at| self.rows.remove(at));
        let mut row = match before {
            Some(row) if row.counts(now) => Row { deaths: row.deaths + 1, last: now, trace, ..row },
            Some(_) | None => Row { step, deaths: 1, last: now, trace, rests_until: None, rest: REST_FIRST },
        };
        let again = row.rests_until.is_some();
        let rests = again || row.deaths >= DEATHS_MAX;
        if rests {
            row.rest = if again { (2 * row.rest).min(REST_MAX) } else { REST_FIRST };
            row.rests_until = Some(now + row.rest);
        }
        if self.rows.len() >= limits::FAULT_STEPS_MAX {
            let awake = self.rows.iter().position(|row| row.rests_until.is_none_or(|until| until <= now));
            // Where all of them rest, the one that is tried soonest anyway.
            let soonest = || (0..self.rows.len()).min_by_key(|at| self.rows[*at].rests_until);
            awake.or_else(soonest).into_iter().for_each(|at| drop(self.rows.remove(at)));
        }
        self.rows.push(row);
        rests
    }

    /// What is to be left alone now, and since when and until when that is so.
    pub fn resting(&self, now: Mono) -> impl Iterator<Item = &Row> {
        self.rows.iter().filter(move |row| row.rests_until.is_some_and(|until| now < until))
    }

    /// When `resting` changes by itself.
    pub fn wake_at(&self, now: Mono) -> Option<Mono> {
        self.resting(now).filter_map(|row| row.rests_until).min()
    }

    /// All that is known.
    pub fn rows(&self) -> &[Row] {
        &self.rows
    }

    /// Something else is drawn from now on: whatever it was may have been put right. Whether anything rested.
    pub fn forget(&mut self, now: Mono) -> bool {
        let rested = self.resting(now).next().is_some();
        self.rows.clear();
        rested
    }
}

// === impl Row ===

impl Row {
    /// Whether what it says still counts: while it rests, and for a while after that or after the last death.
    fn counts(&self, now: Mono) -> bool {
        let until = self.rests_until.map_or(self.last + FORGET_AFTER, |until| until + self.rest.max(FORGET_AFTER));
        now < until
    }
}

#[cfg(test)]
mod tests;
