//! What root tells of its configuration: to whoever asked, to the screens, in the status.
//!
//! Invariant: whoever asked for a change is answered once; a screen is told of what concerns it and when it is over.

use std::collections::BTreeMap;
use std::path::Path;

use super::Configuration;
use super::candidate::Candidate;
use crate::admin::status::{Change, ConfigurationStatus};
use crate::base::{Diagnostic, Mono, limits};
use crate::config::{self, Level, LogSettings, NOBODY, Settings, TENANT_DEFAULT};
use crate::event::{Event, RestartWanted};
use crate::root::state::State;
use crate::root::tenants::Tenants;
use crate::wire::feed::{Complaint, ConfigFile, ToWorker};

// === impl Configuration ===

impl Configuration {
    pub fn status(&self) -> ConfigurationStatus {
        ConfigurationStatus {
            accepted_at_ms: self.in_force.accepted_at.0,
            cause: self.in_force.cause,
            content_of: self.in_force.content_of,
            under_way: self.machine.cause(),
            refused: self.refused.clone(),
            at_restart: self.notes(),
            unwatched: self.unwatched.clone(),
            unkept: self.unkept.clone(),
            file: self.file.clone(),
            state: self.state.clone(),
        }
    }

    /// What the next start would do otherwise, and what it would refuse.
    fn notes(&self) -> Vec<String> {
        self.at_restart.iter().chain(self.gone.words()).cloned().collect()
    }

    /// What the next start would do otherwise, in words.
    pub(super) fn note_restart(&mut self, settings: &Settings, files: &[ConfigFile]) {
        let where_logged = |settings: &Settings| LogSettings { level: Level::default(), ..settings.log.clone() };
        let differs = [
            ("[attach] socket", settings.attach != self.fixed.attach),
            ("[admin] socket", settings.admin != self.fixed.admin),
            ("[admin] listen, token, token_file, cert_file or key_file", settings.admin_port != self.fixed.admin_port),
            ("[metrics] listen", settings.metrics != self.fixed.metrics),
            ("[log] journal, files, keep or format", where_logged(settings) != where_logged(&self.fixed)),
            ("[profile] recorder", settings.profile != self.fixed.profile),
            ("[faults] enabled", settings.faults != self.fixed.faults),
            ("[[terminal]]", settings.terminals != self.fixed.terminals),
        ];
        let differs = differs.into_iter().filter(|(_, differs)| *differs);
        let wanted = differs.map(|(what, _)| format!("{what} applies when the daemon is started again"));
        let overruled = config::overruled_level(files).map(|(level, by)| {
            format!("[log] level = {:?} applies when the daemon is started again without {by}", level.word())
        });
        let wanted: Vec<String> = wanted.chain(overruled).collect();
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
        let at_restart = self.configuration.notes();
        let generation = self.generation();
        self.configuration.answer(&Change { accepted, changed, generation, why, complaints, at_restart });
    }

    /// Tells the workers what the screens of their tenants should say, where that changed.
    pub(in crate::root) fn tell_complaints(&mut self, now: Mono) {
        for (name, tenant) in self.tenants.all_mut().filter(|(_, tenant)| tenant.worker.draws()) {
            let lines = self.configuration.lines.get(&**name).map_or(&[][..], Vec::as_slice);
            if tenant.lines_told != lines {
                tenant.lines_told = lines.to_vec();
                tenant.worker.send(&ToWorker::Complaints(lines.to_vec()), now);
            }
        }
    }
}

/// What the screens of each tenant say of a refusal: what is wrong with its own files, or else that they have to wait.
/// Of another tenant's mistakes nobody is told anything who does not wait for them, and of what became of its worker nobody.
pub(super) fn lines(
    candidate: Option<&Candidate>,
    why: &str,
    is_of_a_worker: bool,
    tenants: &Tenants,
) -> BTreeMap<String, Vec<Complaint>> {
    let line = |text: String| vec![Complaint { board: None, text: format!("not applied: {text}") }];
    let Some(candidate) = candidate else {
        return BTreeMap::from([(TENANT_DEFAULT.to_owned(), line(why.to_owned()))]);
    };
    let mut all: BTreeMap<String, Vec<Complaint>> = of_complaints(&candidate.complaints);
    let nothing_is_wrong = candidate.complaints.values().all(Vec::is_empty);
    for (name, tenant) in tenants.all().filter(|(name, _)| !all.contains_key(&***name)).collect::<Vec<_>>() {
        let waits = candidate.files.get(&**name).is_some_and(|files| files.as_slice() != tenant.worker.files());
        if waits {
            let is_own = tenants.len() == 1 || !tenant.worker.takes_offers();
            let why = if nothing_is_wrong && (is_own || !is_of_a_worker) {
                why
            } else {
                "something else is wrong in the configuration"
            };
            all.insert(name.to_string(), line(why.to_owned()));
        }
    }
    all
}

/// The complaints about a tenant's files as lines for its screens.
pub(super) fn of_complaints(complaints: &BTreeMap<String, Vec<Diagnostic>>) -> BTreeMap<String, Vec<Complaint>> {
    let own = complaints.iter().filter(|(name, list)| *name != NOBODY && !list.is_empty());
    own.map(|(name, list)| (name.clone(), list.iter().take(limits::DIAGNOSTICS_MAX).map(line).collect())).collect()
}

fn line(complaint: &Diagnostic) -> Complaint {
    let path = Path::new(&complaint.file);
    let name = path.file_name().map_or(complaint.file.clone(), |name| name.to_string_lossy().into_owned());
    let place = if complaint.line == 0 { name } else { format!("{name}:{}:{}", complaint.line, complaint.column) };
    if config::is_about_tenants(complaint) {
        // Others than those who watch here are named in it.
        return Complaint { board: None, text: format!("not applied: {place}: `unblink check` says what is wrong") };
    }
    // A template of SQL may be of several charts, which have other names.
    let is_named = config::is_board(path) && path.extension().is_some_and(|extension| extension == "toml");
    let board = is_named.then(|| config::board_name(&complaint.file));
    // A longer name is no board's that anybody could watch.
    let board = board.filter(|board| board.len() <= limits::NAME_BYTES_MAX).map(str::to_owned);
    Complaint { board, text: format!("not applied: {place}: {}", complaint.message) }
}
