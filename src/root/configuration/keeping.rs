//! How a change ends: in force and kept, or refused.
//!
//! Invariant: tenants and rights change with what is drawn, in one step. A tenant that goes takes its views and its
//! worker along, and whoever watched is told farewell.

use std::collections::BTreeMap;

use super::candidate::Candidate;
use super::errands::Errand;
use super::{InForce, telling};
use crate::admin::status::RefusedRow;
use crate::base::Mono;
use crate::config::TENANT_DEFAULT;
use crate::config::generations::{Checksum, Generation};
use crate::event::{ConfigurationAccepted, ConfigurationRefused, Event, GenerationUnkept};
use crate::machine::reload::{Cause, Why};
use crate::root::state::{Course, State};
use crate::root::tenants::Name;
use crate::root::worker::News;
use crate::runtime::log;
use crate::sys::clock;
use crate::wire::feed::{ConfigFile, FileKind};

impl State {
    /// Of the configuration that is drawn; 0 before any was accepted.
    pub(in crate::root) fn generation(&self) -> u64 {
        self.tenants.main().worker.generation()
    }

    /// What the kernel took its time for is in force, or could not be set.
    pub fn limits_settled(&mut self, now: Mono) -> Course {
        self.tenants.groups().tell_settled();
        self.tenants.apply_limits_of_processes();
        self.settle(now)
    }

    pub(super) fn commit(&mut self, cause: Cause, now: Mono) {
        let configuration = &mut self.configuration;
        let Some(mut candidate) = configuration.candidate.take() else { return };
        let Some(settings) = candidate.settings.take() else { return };
        configuration.highest = configuration.highest.saturating_add(1);
        configuration.refused = None;
        configuration.lines.clear();
        configuration.in_force = InForce {
            accepted_at: clock::wall(),
            cause: Some(cause),
            content: Some(candidate.content),
            lay_there: Some(candidate.lay_there),
            content_of: candidate.content_of,
        };
        let main = candidate.files.get(TENANT_DEFAULT).map_or(&[][..], Vec::as_slice);
        configuration.note_restart(&settings, main);
        self.recycling.after = settings.workers.recycle_after;
        log::set_level(settings.log.level.filter());
        self.tenants.rights = candidate.rights;
        let gone: Vec<Name> =
            self.tenants.names().into_iter().filter(|name| !candidate.files.contains_key(&**name)).collect();
        gone.iter().for_each(|name| self.tenants.remove(name, now));
        self.tenants.settle();
        self.tenants.apply_limits();
        let mut boards = 0;
        let mut drawing = Vec::new();
        for (name, catalogue) in candidate.judged {
            let (Some(catalogue), Some(tenant)) = (catalogue, self.tenants.get_mut(&name)) else { continue };
            boards += catalogue.boards.len();
            if tenant.worker.take_over(catalogue, now) == News::Drawing {
                drawing.push(Name::from(name));
            }
        }
        ConfigurationAccepted { generation: self.generation(), cause: cause.words(), boards }.emit();
        drawing.iter().for_each(|name| self.worker_draws(name, now));
        self.enforce_rights(now);
        gone.iter().for_each(|name| self.close_views(name));
        self.tell_complaints(now);
        self.keep();
        self.answer_change(true, true, None, Vec::new());
    }

    /// Of a tenant that went: those that outlived their viewers. The others go with theirs.
    fn close_views(&mut self, tenant: &str) {
        for view in self.views.of(tenant) {
            if self.fanout.viewer_count(view) == 0 {
                self.views.remove(view);
                self.fanout.close(view);
            }
        }
    }

    pub(super) fn refuse(&mut self, cause: Cause, why: Why, now: Mono) {
        let candidate = self.configuration.candidate.take();
        let judged = |name: &str| candidate.as_ref().is_some_and(|candidate| candidate.judged.contains_key(name));
        if why == Why::Silent {
            let unheard = self.tenants.all().filter(|(name, tenant)| tenant.worker.is_asked() && !judged(name));
            self.configuration.silent = unheard.map(|(name, _)| Name::clone(name)).collect();
        }
        self.tenants.all_mut().for_each(|(_, tenant)| tenant.worker.withdraw());
        self.tenants.give_up_coming(now);
        let configuration = &mut self.configuration;
        let complaints = candidate.as_ref().map(Candidate::all_complaints).unwrap_or_default();
        let words = match (why, configuration.no_target.take()) {
            (Why::Complaints, Some(words)) => return self.answer_change(false, false, Some(words), Vec::new()),
            (Why::Complaints, None) => "something is wrong with it",
            (Why::Died, _) => "the worker died while it looked at it",
            (Why::Silent, _) => "the worker did not say in time what it thinks of it",
            (Why::Unread, _) => "it could not be read in time",
        };
        if why != Why::Complaints {
            // The next one to look at it may say otherwise.
            configuration.seen = None;
        }
        if why == Why::Unread {
            // What comes of it is late by now.
            configuration.run += 1;
        }
        // Of a rollback only whoever asked for it is told: what lies in the files is not concerned.
        if cause != Cause::Rollback {
            let at_ms = clock::wall().0;
            configuration.refused =
                Some(RefusedRow { at_ms, cause, why: words.to_owned(), complaints: complaints.clone() });
            let is_of_a_worker = matches!(why, Why::Died | Why::Silent);
            configuration.lines = telling::lines(candidate.as_ref(), words, is_of_a_worker, &self.tenants);
        }
        let generation = self.generation();
        ConfigurationRefused { cause: cause.words(), why: words, complaints: &complaints, generation }.emit();
        self.tell_complaints(now);
        self.answer_change(false, false, Some(words.to_owned()), complaints);
    }

    /// Keeps what is in force.
    pub(super) fn keep(&mut self) {
        let mut others: BTreeMap<String, Vec<ConfigFile>> =
            self.tenants.all().map(|(name, tenant)| (name.to_string(), tenant.worker.files().to_vec())).collect();
        let configuration = &mut self.configuration;
        let Some(errands) = &configuration.errands else { return };
        // A configuration with something left out is none to go back to.
        if others.values().flatten().any(|file| file.kind == FileKind::LeftOut) {
            return;
        }
        let files = others.remove(TENANT_DEFAULT).unwrap_or_default();
        let InForce { accepted_at, cause, lay_there, .. } = configuration.in_force;
        let number = self.tenants.main().worker.generation();
        let lay_there = lay_there.unwrap_or_else(|| Checksum::of_all(&files, &others));
        let cause = cause.unwrap_or(Cause::Start);
        let generation = Generation { number, accepted_at, cause, lay_there, files, others };
        if !errands.send(Errand::Keep(Box::new(generation))) {
            let why = "the thread that writes it is held up".to_owned();
            GenerationUnkept { generation: number, why: &why }.emit();
            configuration.unkept = Some(why);
        }
    }
}
