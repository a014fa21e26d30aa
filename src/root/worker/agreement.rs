//! What root and its worker agree on: who they are, and which configuration is drawn.
//!
//! Invariant: a worker draws what it accepted itself in its present life, and a new life begins with what the one before
//! drew last. What is only offered is forgotten with the life it was offered to.

use std::time::Duration;

use super::{News, Offer, Stage, Worker};
use crate::base::{Diagnostic, Mono};
use crate::config;
use crate::event::{Event, WorkerReady};
use crate::machine::heartbeat::{BEGINS_FOR, READS_FOR};
use crate::machine::incarnation;
use crate::model::Catalogue;
use crate::wire::feed::{Hello, Outcome, ToRoot, ToWorker};

impl Worker {
    pub fn said_hello(&mut self, hello: &Hello, now: Mono) {
        let own = self.hello();
        if self.stage != Stage::Greeting {
            return self.fault("said hello twice".to_owned(), now);
        }
        if *hello != own {
            return self.fault(format!("is another build or life: {hello:?} instead of {own:?}"), now);
        }
        self.launcher.greeted();
        self.stage = Stage::Preparing;
        self.tell_resting(now);
        let files = config::for_worker(&self.files);
        let prepare = ToWorker::Prepare { generation: self.generation, files };
        self.pulse.busy(READS_FOR, now);
        self.send(&prepare, now);
    }

    pub fn said_prepared(&mut self, generation: u64, outcome: Outcome, now: Mono) -> News {
        if self.takes_offers() && self.stale > 0 {
            self.stale -= 1;
            return News::Nothing;
        }
        if self.takes_offers() && self.offered.as_ref().is_some_and(|offered| offered.generation == generation) {
            self.judged = true;
            return News::Judged(outcome);
        }
        if self.stage != Stage::Preparing || generation != self.generation {
            self.fault(format!("prepared generation {generation}, which nobody asked for"), now);
            return News::Nothing;
        }
        match outcome {
            outcome if self.on_trial => {
                self.stage = match &outcome {
                    Outcome::Accepted(_) => Stage::Tried,
                    Outcome::Refused(complaints) => Stage::Refused(first_of(complaints)),
                };
                self.step(now, incarnation::Event::Ready);
                News::Judged(outcome)
            }
            Outcome::Accepted(catalogue) => {
                self.draw(generation, catalogue, BEGINS_FOR, now);
                self.step(now, incarnation::Event::Ready);
                News::Drawing
            }
            Outcome::Refused(complaints) => {
                for complaint in &complaints {
                    tracing::error!(tenant = self.tenant, "configuration refused: {complaint}");
                }
                let first = first_of(&complaints);
                self.note_fault(first.clone());
                self.stage = Stage::Refused(first);
                // It is in order, it only has nothing to draw.
                self.step(now, incarnation::Event::Ready);
                News::Nothing
            }
        }
    }

    /// It is asked first, and draws once all others have accepted, too.
    pub fn on_trial(&mut self) {
        self.on_trial = true;
    }

    /// What it says while it is asked whether it would draw, and nothing else.
    pub fn said_on_trial(&mut self, body: &[u8], now: Mono) -> News {
        match ToRoot::decode(body) {
            Ok(ToRoot::Hello(hello)) => self.said_hello(&hello, now),
            Ok(ToRoot::Prepared { generation, outcome }) => return self.said_prepared(generation, outcome, now),
            Ok(ToRoot::Pong { nonce }) => return self.said_pong(nonce, now),
            Ok(ToRoot::Status(status)) => self.said_status(status, now),
            Ok(ToRoot::Spec { .. } | ToRoot::Frame(_) | ToRoot::Pushed(_) | ToRoot::Profile { .. }) => {
                self.fault("answered what it was not asked".to_owned(), now);
            }
            Err(error) => self.fault(format!("sent what is no message: {error}"), now),
        }
        News::Nothing
    }

    /// Whether it can be asked about another configuration.
    pub fn takes_offers(&self) -> bool {
        matches!(self.stage, Stage::Drawing | Stage::Refused(_))
    }

    /// Asks about another configuration, while it draws what it drew.
    pub fn offer(&mut self, offer: Offer, now: Mono) {
        let files = config::for_worker(&offer.files);
        let prepare = ToWorker::Prepare { generation: offer.generation, files };
        self.withdraw();
        (self.offered, self.judged) = (Some(offer), false);
        self.pulse.busy(READS_FOR, now);
        self.send(&prepare, now);
    }

    /// What it accepted is drawn from now on, by every life to come too. `Drawing` where nothing was drawn before.
    pub fn take_over(&mut self, catalogue: Catalogue, now: Mono) -> News {
        if std::mem::take(&mut self.on_trial) {
            // It reads on what another one left meanwhile, perhaps all of it.
            self.draw(self.generation, catalogue, READS_FOR, now);
            return News::Drawing;
        }
        let Some(Offer { generation, files }) = self.offered.take() else { return News::Nothing };
        (self.generation, self.files) = (generation, files);
        let drew = self.draws();
        self.forgive_steps(now);
        self.draw(generation, catalogue, BEGINS_FOR, now);
        if drew { News::Nothing } else { News::Drawing }
    }

    /// What it was asked about last is not to be drawn. A worker that cannot answer does not live on.
    pub fn withdraw(&mut self) {
        if self.offered.take().is_some() && !self.judged {
            self.stale += 1;
        }
    }

    /// `span` is what it may take until it answers again.
    fn draw(&mut self, generation: u64, catalogue: Catalogue, span: Duration, now: Mono) {
        self.pulse.busy(span, now);
        self.send(&ToWorker::Commit { generation }, now);
        if !self.draws() {
            WorkerReady { tenant: &self.tenant, epoch: self.epoch, boards: catalogue.boards.len() }.emit();
        }
        self.catalogue = Some(catalogue);
        self.accepted = true;
        self.fault_is_over = true;
        (self.ending.shortage, self.ending.trace) = (None, None);
        self.stage = Stage::Drawing;
        self.banner_at = None;
    }
}

/// What viewers are told of a refusal, which is nothing of other tenants.
fn first_of(complaints: &[Diagnostic]) -> String {
    let first = complaints.iter().find(|complaint| !config::is_about_tenants(complaint));
    first.map_or("configuration refused".to_owned(), |complaint| {
        format!("{}:{}: {}", complaint.file, complaint.line, complaint.message)
    })
}

#[cfg(test)]
mod tests {
    use tokio::sync::mpsc;

    use super::*;
    use crate::base::Trace;
    use crate::machine::confinement::Shortage;
    use crate::machine::supervise::{Plan, Strategy};
    use crate::root::launch::Launcher;
    use crate::runtime::supervisor::Supervisor;

    #[tokio::test]
    async fn what_a_life_died_of_is_forgotten_once_the_next_one_draws() {
        let launcher = Launcher::Within(Box::new(|| unreachable!("invariant: it is not started")));
        let keeper = Supervisor::new(Plan::new(Strategy::OneForOne));
        let mut worker = Worker::new("shop", 1, launcher, Offer::default(), mpsc::channel(1).0, keeper);
        (worker.ending.shortage, worker.ending.trace) = (Some(Shortage::Beyond), Some(Trace(7)));
        assert!(worker.died_of_memory().is_some());
        worker.draw(1, Catalogue::default(), BEGINS_FOR, Mono(1));
        assert_eq!((worker.died_of_memory(), worker.ending.trace), (None, None));
    }
}
