//! Keeps the task of a source: when it panics, it is started afresh after a pause.
//!
//! Invariant: a panic of a source's task ends neither the worker nor the source; the source is told as failed until it
//! delivers again, and its data stays.

use std::future::Future;

use tokio::sync::mpsc;

use super::{Failure, Name, Update};
use crate::machine::quarantine::{Event, Quarantine, State};
use crate::model::dataset::{SourceHealth, SourceState};
use crate::runtime::context::Context;
use crate::runtime::fault::Contained;
use crate::runtime::{self, timer};
use crate::sys::{clock, random};

/// Runs what `start` makes to its end, and afresh after each panic.
pub async fn keep<F>(name: Name, updates: mpsc::Sender<Update>, mut start: impl FnMut() -> F)
where
    F: Future<Output = ()>,
{
    let mut quarantine = Quarantine::new();
    loop {
        let Err(caught) = Contained::new(Context::source(&name), start()).await else { return };
        let (now, wall) = (clock::mono(), clock::wall());
        let state = quarantine.step(now, Event::Panicked { random: random::u64() });
        let until = match state {
            State::Held { until } | State::Quarantined { until } => until,
            State::Sound | State::Settling { .. } => now,
        };
        let Failure { class, why } = Failure::panicked(caught);
        let state = SourceState::Failed { since: wall, why, class, next_try: Some(wall + until.since(now)) };
        // When it last delivered is known to whoever listens.
        runtime::say_state(&format!("source-{name}"), "panicked");
        let health = SourceHealth { state, last_good: None, interval_ms: 0 };
        let update = Update { source: name.clone(), samples: Vec::new(), entries: Vec::new(), left_out: 0, health };
        if updates.send(update).await.is_err() {
            return;
        }
        timer::sleep_until(until).await;
        // It has to go on for a while before its panics are forgotten.
        quarantine.step(clock::mono(), Event::Worked);
    }
}

#[cfg(test)]
mod tests;
