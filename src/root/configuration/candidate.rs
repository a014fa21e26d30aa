//! What may be drawn next: how it came to be, what each tenant's worker is asked about, and what they say.
//!
//! Invariant: it comes into force as a whole once every worker has accepted its part, or not at all. The worker of a
//! tenant that would come is started for that, and goes again where it was in vain.

use std::collections::BTreeMap;

use super::{Configuration, errands, start};
use crate::base::{Diagnostic, Mono, limits};
use crate::config::generations::{Checksum, Generation};
use crate::config::{self, Settings, TENANT_DEFAULT};
use crate::machine::reload::{Cause, Event, Reading};
use crate::model::Catalogue;
use crate::root::link::Heard;
use crate::root::state::State;
use crate::root::tenants::Name;
use crate::root::tenants::rights::Rights;
use crate::root::worker::{News, Offer};
use crate::wire::feed::{ConfigFile, Outcome};

/// What may be drawn next.
#[derive(Debug)]
pub(super) struct Candidate {
    /// What each tenant's worker would get, by name.
    pub files: BTreeMap<String, Vec<ConfigFile>>,
    /// What concerns root; none where it is wrong, and then nothing of it ever comes into force.
    pub settings: Option<Settings>,
    pub rights: Rights,
    /// What is wrong, by tenant.
    pub complaints: BTreeMap<String, Vec<Diagnostic>>,
    /// What the workers said so far: what they would draw, or nothing where something is wrong.
    pub judged: BTreeMap<String, Option<Catalogue>>,
    /// Of the files.
    pub content: Checksum,
    /// Of what lies in the files of today.
    pub lay_there: Checksum,
    pub content_of: Option<u64>,
}

// === impl Candidate ===

impl Candidate {
    /// Of which nothing could be read.
    fn unread(complaint: Diagnostic, seen: Checksum) -> Candidate {
        Candidate {
            files: BTreeMap::new(),
            settings: None,
            rights: Rights::default(),
            complaints: BTreeMap::from([(TENANT_DEFAULT.to_owned(), vec![complaint])]),
            judged: BTreeMap::new(),
            content: seen,
            lay_there: seen,
            content_of: None,
        }
    }

    /// Every complaint, those of the default tenant first.
    pub fn all_complaints(&self) -> Vec<Diagnostic> {
        let first = self.complaints.get(TENANT_DEFAULT);
        let others = self.complaints.iter().filter(|(name, _)| *name != TENANT_DEFAULT).map(|(_, list)| list);
        first.into_iter().chain(others).flatten().take(limits::DIAGNOSTICS_MAX).cloned().collect()
    }

    /// What a worker said; whether it was the last one, and nothing is wrong anywhere.
    fn note(&mut self, tenant: &str, outcome: Outcome) -> Option<bool> {
        let catalogue = match outcome {
            Outcome::Accepted(catalogue) => Some(catalogue),
            Outcome::Refused(complaints) => {
                let known = self.complaints.entry(tenant.to_owned()).or_default();
                known.extend(complaints);
                known.truncate(limits::DIAGNOSTICS_MAX);
                None
            }
        };
        self.judged.insert(tenant.to_owned(), catalogue);
        let is_last = self.files.keys().all(|name| self.judged.contains_key(name));
        let is_right = || self.judged.values().all(Option::is_some) && self.complaints.values().all(Vec::is_empty);
        is_last.then(|| self.settings.is_some() && is_right())
    }
}

// === impl Configuration ===

impl Configuration {
    /// What was read beside what there was.
    pub(super) fn judge(
        &mut self,
        cause: Cause,
        reading: Result<errands::Reading, Diagnostic>,
        present: &[Name],
    ) -> Reading {
        let before = self.seen;
        let reading = match reading {
            Ok(reading) => reading,
            Err(complaint) => {
                let seen = Checksum::over(complaint.to_string().as_bytes());
                self.seen = Some(seen);
                if cause == Cause::Change && before == Some(seen) {
                    return Reading::Same;
                }
                self.candidate = Some(Candidate::unread(complaint, seen));
                return Reading::Refused;
            }
        };
        let errands::Reading { mut gathered, settings, rights, content } = reading;
        self.gone.note(std::mem::take(&mut gathered.gone));
        let seen = start::seen(content, &gathered.all_complaints());
        (self.seen, self.lay_there) = (Some(seen), Some(content));
        if gathered.complaints.is_empty() && self.in_force.content == Some(content) {
            // Whatever was wrong meanwhile is as it was.
            self.refused = None;
            self.lines.clear();
            return Reading::Same;
        }
        if cause == Cause::Change && before == Some(seen) {
            return Reading::Same;
        }
        let mut others = gathered.others;
        if settings.is_none() {
            // It will be refused: those who are there say what is wrong with theirs as well.
            others.retain(|name, _| present.iter().any(|present| **present == **name));
        }
        let files = config::by_tenant(&gathered.files, &others, settings.as_ref().unwrap_or(&Settings::default()));
        self.candidate = Some(Candidate {
            files,
            settings,
            rights,
            complaints: gathered.complaints,
            judged: BTreeMap::new(),
            content,
            lay_there: content,
            content_of: None,
        });
        Reading::Differs
    }

    pub(super) fn fetched(&mut self, fetched: Result<errands::Fetched, String>) -> Reading {
        let mut fetched = fetched;
        if let Ok(fetched) = &mut fetched {
            self.gone.note(std::mem::take(&mut fetched.gone));
        }
        match fetched {
            Ok(fetched) if self.in_force.content == Some(fetched.content) => Reading::Same,
            Ok(errands::Fetched {
                generation: Generation { number, files, others, .. },
                settings,
                rights,
                content,
                ..
            }) => {
                self.candidate = Some(Candidate {
                    files: config::by_tenant(&files, &others, &settings),
                    settings: Some(settings),
                    rights,
                    complaints: BTreeMap::new(),
                    judged: BTreeMap::new(),
                    content,
                    lay_there: self.lay_there.unwrap_or(content),
                    content_of: Some(number),
                });
                Reading::Differs
            }
            Err(why) => {
                self.no_target = Some(why);
                Reading::Refused
            }
        }
    }
}

// === impl State ===

impl State {
    /// Whether the workers can be asked may have changed. Those whose tenants are to go are not asked.
    pub(in crate::root) fn note_workers(&mut self, now: Mono) {
        let candidate = self.configuration.candidate.as_ref().filter(|candidate| !candidate.files.is_empty());
        let is_asked = |name: &str| candidate.is_none_or(|candidate| candidate.files.contains_key(name));
        let ready = self.tenants.all().all(|(name, tenant)| !is_asked(name) || tenant.worker.takes_offers());
        if ready != self.configuration.machine.worker_is_ready() {
            self.configure(if ready { Event::WorkerReady } else { Event::WorkerLost }, now);
        }
    }

    /// Asks every worker about its part, and starts those of tenants that would come.
    pub(super) fn prepare(&mut self, now: Mono) {
        // Nobody is started who would have to end at once.
        if self.stopping() {
            return;
        }
        let Some(candidate) = &mut self.configuration.candidate else { return };
        candidate.judged.clear();
        let generation = self.configuration.highest.saturating_add(1);
        for (name, files) in &candidate.files {
            let offer = Offer { generation, files: files.clone() };
            match self.tenants.get_mut(name) {
                Some(tenant) => tenant.worker.offer(offer, now),
                None => self.tenants.try_out(name, offer, now),
            }
        }
    }

    /// A worker said what it thinks of what it was offered.
    pub(in crate::root) fn judged(&mut self, tenant: &str, outcome: Outcome, now: Mono) {
        let Some(candidate) = &mut self.configuration.candidate else { return };
        if let Some(accepted) = candidate.note(tenant, outcome) {
            self.configure(Event::Judged { accepted }, now);
        }
    }

    /// Something of the worker of a tenant that may come. Whatever is wrong with it refuses the change.
    pub(in crate::root) fn heard_on_trial(&mut self, name: &Name, heard: Heard, now: Mono) {
        let Some(worker) = self.tenants.coming_mut(name) else { return };
        let judged = match heard {
            Heard::Message(body, _room) => worker.said_on_trial(&body, now),
            Heard::Closed(_) | Heard::Violated(_) | Heard::Ended(_) => return self.configure(Event::WorkerLost, now),
        };
        let lives = worker.listened_to() && worker.is_up();
        match judged {
            News::Judged(outcome) => self.judged(name, outcome, now),
            _ if lives => {}
            _ => self.configure(Event::WorkerLost, now),
        }
    }
}
