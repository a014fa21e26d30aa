//! A worker whose place another one takes while it works.
//!
//! Invariant: the other one draws the same files, knows what was known of what workers die of, and counts on where this
//! one counted; its lives come after all of this one's.

use std::time::Duration;

use super::{BANNER_AFTER, News, Offer, RECYCLE_AGAIN_AFTER, Stage, Worker};
use crate::base::Mono;
use crate::machine::incarnation::{Incarnation, Phase};
use crate::model::Catalogue;
use crate::root::launch::Launcher;

impl Worker {
    /// One that may take its place; it is not started. None where what workers leave cannot be shared.
    pub fn successor(&self, id: u64, mut launcher: Launcher) -> Option<Worker> {
        launcher.shares(&self.launcher).ok()?;
        let begins_with = Offer { generation: self.generation, files: self.files.clone() };
        let fresh = Worker::new(&self.tenant, id, launcher, begins_with, self.heard.clone(), self.keeper.clone());
        Some(Worker {
            epoch: self.epoch,
            incarnation: Incarnation::after(&self.incarnation),
            ledger: self.ledger.clone(),
            catalogue: self.catalogue.clone(),
            accepted: self.accepted,
            is_watched: self.is_watched,
            recycled: self.recycled,
            ..fresh
        })
    }

    /// It has its tenant's place, which was that one's, and draws once nothing runs any more of who had it.
    pub fn is_next(&mut self, before: &Worker, now: Mono) {
        self.recycled += 1;
        self.pulse.counts_on(&before.pulse);
        self.banner_at = Some(now + BANNER_AFTER);
    }

    /// Whether it was asked what it would draw, and draws nothing before it is told to.
    pub fn is_on_trial(&self) -> bool {
        self.on_trial
    }

    /// Nothing runs any more of who had its place. A life of it that died meanwhile goes the way of all others.
    pub fn takes_the_place(&mut self, catalogue: Option<Catalogue>, now: Mono) -> News {
        match catalogue.filter(|_| self.stage == Stage::Tried) {
            Some(catalogue) => self.take_over(catalogue, now),
            None => {
                self.on_trial = false;
                News::Nothing
            }
        }
    }

    /// Whether it has worked for so long that a fresh one should take its place.
    pub fn is_older_than(&self, age: Duration, now: Mono) -> bool {
        let since = match self.incarnation.phase() {
            Phase::Ready { since } if self.draws() => since,
            _ => return false,
        };
        now >= since + age && self.recycle_not_before.is_none_or(|at| now >= at)
    }

    /// How often a successor took the place.
    pub fn recycled(&self) -> u64 {
        self.recycled
    }

    /// No other one could take its place for now.
    pub fn stays(&mut self, now: Mono) {
        self.recycle_not_before = Some(now + RECYCLE_AGAIN_AFTER);
    }
}
