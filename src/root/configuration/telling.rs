//! What root tells of its configuration: to whoever asked, to the screens, in the status.
//!
//! Invariant: whoever asked for a change is answered once; a screen is told of what concerns it and when it is over.

use std::path::Path;

use super::Configuration;
use crate::admin::status::{Change, ConfigurationStatus};
use crate::base::{Diagnostic, Mono, limits};
use crate::config::{self, Settings};
use crate::event::{Event, RestartWanted};
use crate::root::state::State;
use crate::wire::feed::{Complaint, ToWorker};

// === impl Configuration ===

impl Configuration {
    pub fn status(&self) -> ConfigurationStatus {
        ConfigurationStatus {
            accepted_at_ms: self.in_force.accepted_at.0,
            cause: self.in_force.cause,
            content_of: self.in_force.content_of,
            under_way: self.machine.cause(),
            refused: self.refused.clone(),
            at_restart: self.at_restart.clone(),
            unwatched: self.unwatched.clone(),
            unkept: self.unkept.clone(),
        }
    }

    /// The complaints as lines for the screens concerned.
    fn lines(&self) -> Vec<Complaint> {
        let Some(refused) = &self.refused else { return Vec::new() };
        let line = |complaint: &Diagnostic| {
            let path = Path::new(&complaint.file);
            let name = path.file_name().map_or(complaint.file.clone(), |name| name.to_string_lossy().into_owned());
            let place =
                if complaint.line == 0 { name } else { format!("{name}:{}:{}", complaint.line, complaint.column) };
            let board = config::is_board(path).then(|| config::board_name(&complaint.file));
            // A longer name is no board's that anybody could watch.
            let board = board.filter(|board| board.len() <= limits::NAME_BYTES_MAX).map(str::to_owned);
            Complaint { board, text: format!("not applied: {place}: {}", complaint.message) }
        };
        if refused.complaints.is_empty() {
            return vec![Complaint { board: None, text: format!("not applied: {}", refused.why) }];
        }
        refused.complaints.iter().take(limits::DIAGNOSTICS_MAX).map(line).collect()
    }

    /// What the next start would do otherwise, in words.
    pub(super) fn note_restart(&mut self, settings: &Settings) {
        let differs = [
            ("[attach] socket", settings.attach != self.fixed.attach),
            ("[admin] socket", settings.admin != self.fixed.admin),
            ("[[terminal]]", settings.terminals != self.fixed.terminals),
        ];
        let differs = differs.into_iter().filter(|(_, differs)| *differs);
        let wanted: Vec<String> =
            differs.map(|(what, _)| format!("{what} applies when the daemon is started again")).collect();
        for what in wanted.iter().filter(|what| !self.at_restart.contains(what)) {
            RestartWanted { what }.emit();
        }
        self.at_restart = wanted;
    }

    fn answer(&mut self, change: &Change) {
        for reply in self.awaiting.drain(..) {
            // Whoever asked may have gone meanwhile.
            let _ = reply.send(change.clone());
        }
    }
}

// === impl State ===

impl State {
    pub(super) fn answer_change(
        &mut self,
        accepted: bool,
        changed: bool,
        why: Option<String>,
        complaints: Vec<Diagnostic>,
    ) {
        let at_restart = self.configuration.at_restart.clone();
        let generation = self.worker.generation();
        self.configuration.answer(&Change { accepted, changed, generation, why, complaints, at_restart });
    }

    /// Tells the worker what the screens should say, where that changed.
    pub(in crate::root) fn tell_complaints(&mut self, now: Mono) {
        let lines = self.configuration.lines();
        if self.worker.draws() && self.configuration.lines_told != lines {
            self.configuration.lines_told.clone_from(&lines);
            self.worker.send(&ToWorker::Complaints(lines), now);
        }
    }

    /// A new life of the worker has been told nothing.
    pub(in crate::root) fn forget_complaints(&mut self) {
        self.configuration.lines_told.clear();
    }
}
