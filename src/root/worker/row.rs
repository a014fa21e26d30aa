//! A worker's place in the tree. Its lives are decided by `machine::incarnation`, which knows of excuses, hanging and what
//! lives died of; the tree shows them as it shows the children of any supervisor.

use super::{Phase, Stage, Worker};
use crate::base::Mono;
use crate::runtime::supervisor::Supervisor;
use crate::runtime::{Kind, NodeId, Registration};
use crate::wire::feed::WorkerStatus;

pub(super) fn new(keeper: &Supervisor, tenant: &str) -> Registration {
    keeper.place(&format!("worker {tenant}"), Kind::Supervisor)
}

impl Worker {
    pub fn node(&self) -> NodeId {
        self.row.id()
    }

    /// Whether its present life is not ready yet.
    pub fn begins(&self) -> bool {
        matches!(self.stage, Stage::Greeting | Stage::Preparing)
    }

    /// When the present life began; none while there is none.
    pub fn begun_at(&self) -> Option<Mono> {
        self.begun_at
    }

    /// What it said of itself, and when.
    pub fn status_at(&self) -> (&WorkerStatus, Mono) {
        (&self.status, self.status_at)
    }

    /// Brings its row up to date.
    pub fn tell_row(&self) {
        let next_retry = match self.incarnation.phase() {
            Phase::Waiting { until } => Some(until),
            _ => None,
        };
        self.row.tell(|row| {
            self.state().clone_into(&mut row.state);
            row.since = self.begun_at;
            row.restarts = self.restarts();
            row.last_fault = self.last_fault().map(str::to_owned);
            row.next_retry = next_retry;
        });
    }
}
