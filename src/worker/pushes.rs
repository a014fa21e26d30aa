//! What programs push, on its way into the data: chunks that wait, one answer for each.
//!
//! Invariant: chunks are taken one at a time, in the order they came, and no more of them wait than root may have under
//! way.

use std::collections::VecDeque;
use std::time::Duration;

use super::WorkerError;
use super::state::{State, order};
use crate::base::{Mono, SessionId, Wall, limits};
use crate::event::{Event, LinesRejected};
use crate::runtime::context::Context;
use crate::runtime::fault::{self, Caught};
use crate::source::push::{self, Intake, Taken};
use crate::wire::feed::{CountRow, Fault, Pushed, ToRoot};

/// A chunk as root handed it over.
#[derive(Debug)]
pub struct Push {
    pub pusher: SessionId,
    pub number: u64,
    pub lines: Vec<u8>,
}

/// All that is pushed.
#[derive(Debug, Default)]
pub struct Pushes {
    pub intake: Intake,
    waiting: VecDeque<Push>,
}

/// Data that is ahead of the clock by more than this was told before the clock was set back.
const SET_BACK: Duration = Duration::from_secs(1);

/// What is taken of a chunk. A panic costs what is left of the chunk, not the worker: whoever pushed it would send it to
/// the next one, and the next. Lines go into the data one at a time, so what was taken before stays whole.
fn held(take: impl FnOnce() -> Taken, lines: &[u8]) -> Taken {
    fault::contain(Context::source(push::NAME), take).unwrap_or_else(|Caught { trace }| {
        let why = format!("this chunk, or a part of it, cannot be taken for a fault within unblink, trace {trace}");
        let rejected = lines.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()).count();
        Taken { accepted: 0, rejected: u32::try_from(rejected).unwrap_or(u32::MAX), faults: vec![(1, why)] }
    })
}

// === impl Pushes ===

impl Pushes {
    /// Lines that were rejected, by reason.
    pub fn rejected(&self) -> Vec<CountRow> {
        let all = self.intake.rejected().take(limits::PUSH_REASONS_MAX);
        all.map(|(what, count)| CountRow { name: what.to_owned(), count }).collect()
    }
}

// === impl State ===

impl State {
    /// Puts a chunk behind those that wait.
    pub(super) fn push(&mut self, push: Push) -> Result<(), WorkerError> {
        if self.committed.is_none() {
            return Err(order("Push", "no boards are committed".to_owned()));
        }
        if self.pushes.waiting.len() == limits::PUSHES_UNDER_WAY_MAX {
            let why = format!("{} chunks wait, as many as there may be", limits::PUSHES_UNDER_WAY_MAX);
            return Err(order("Push", why));
        }
        self.pushes.waiting.push_back(push);
        Ok(())
    }

    pub fn has_pushes(&self) -> bool {
        !self.pushes.waiting.is_empty()
    }

    /// Takes the chunk that has waited for longest, of which there must be one.
    pub fn take_push(&mut self, now: Mono, wall: Wall) -> ToRoot<'static> {
        let Push { pusher, number, lines } =
            self.pushes.waiting.pop_front().expect("invariant: asked for only while one waits");
        // The clock was set back: what comes now is the newest there is, whatever was taken before.
        if self.data.newest().is_some_and(|newest| newest > wall + SET_BACK) {
            self.data.forget_after(wall);
        }
        let (intake, data) = (&mut self.pushes.intake, &mut self.data);
        let taken = held(|| intake.take(&lines, wall, data), &lines);
        self.counts.samples += u64::from(taken.accepted);
        self.counts.samples_rejected += u64::from(taken.rejected);
        if let Some((_, why)) = taken.faults.first() {
            LinesRejected { pusher, count: taken.rejected, why }.emit();
        }
        self.data.set_source(push::NAME, self.pushes.intake.health(wall));
        self.write_history();
        if let Some(ready) = &self.committed {
            self.views.changed(&ready.boards, &self.data, now);
        }
        let faults = taken.faults.into_iter().map(|(line, why)| Fault { line, why }).collect();
        ToRoot::Pushed(Pushed { pusher, number, accepted: taken.accepted, rejected: taken.rejected, faults })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_costs_the_chunk_and_says_so() {
        let taken = held(|| panic!("on purpose"), b"one\ntwo\n\n");
        assert_eq!((taken.accepted, taken.rejected), (0, 2));
        let [(1, why)] = &taken.faults[..] else { panic!("{taken:?}") };
        assert!(why.contains("trace") && !why.contains("purpose"), "{why}");
        let whole = Taken { accepted: 1, ..Taken::default() };
        assert_eq!(held(|| whole.clone(), b"one"), whole);
    }
}
