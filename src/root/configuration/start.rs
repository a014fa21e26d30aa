//! What a daemon begins with: what lies in its files, or else what was last accepted, or else what is sound of them.
//!
//! Invariant: boards that are wrong never keep a daemon from starting. It looks into boards here as `unblink check` does,
//! before anything is served; a daemon that runs leaves that to its worker.

use std::path::Path;

use super::errands::Source;
use super::{Cause, InForce, RefusedRow};
use crate::base::{Diagnostic, Wall};
use crate::config::generations::{Checksum, Generation, Store};
use crate::config::{self, Inputs, Settings, Start};
use crate::event::{ConfigurationRefused, Event, GenerationDamaged};
use crate::root::worker::Offer;
use crate::sys::clock;
use crate::wire::feed::ConfigFile;

/// What root begins with, besides the files.
#[derive(Debug)]
pub struct Beginning {
    /// None for a root that reads nothing while it runs.
    pub(super) source: Option<Source>,
    pub(super) settings: Settings,
    pub(super) generation: u64,
    /// It was never kept.
    pub(super) is_new: bool,
    pub(super) highest: u64,
    pub(super) in_force: InForce,
    pub(super) seen: Option<Checksum>,
    pub(super) lay_there: Option<Checksum>,
    pub(super) refused: Option<RefusedRow>,
    files: Vec<ConfigFile>,
}

/// Of everything that was read, also of what could not be.
pub(super) fn seen(content: Checksum, complaints: &[Diagnostic]) -> Checksum {
    let complaints: String = complaints.iter().map(Diagnostic::to_string).collect();
    let files = postcard::to_stdvec(&content).expect("invariant: a checksum serializes");
    Checksum::over(&[files.as_slice(), complaints.as_bytes()].concat())
}

// === impl Beginning ===

impl Beginning {
    /// Decides what a daemon begins with. Whatever is worth telling is logged.
    pub fn decide(start: Start, inputs: Inputs, state: &Path) -> Beginning {
        let store = Store::new(state, inputs.unusual());
        let Start { gathered, settings, complaints, sound } = start;
        let lay_there = Checksum::of(&gathered.files);
        let mut beginning = Beginning {
            highest: store.numbers().last().copied().unwrap_or(0),
            settings,
            generation: 1,
            is_new: false,
            in_force: InForce {
                accepted_at: clock::wall(),
                cause: Some(Cause::Start),
                content: None,
                lay_there: Some(lay_there),
                content_of: None,
            },
            seen: Some(seen(lay_there, &gathered.complaints)),
            lay_there: Some(lay_there),
            refused: None,
            files: sound,
            source: None,
        };
        let whole = |generation: Generation| Generation {
            files: generation.files.into_iter().chain(inputs.overrides().iter().cloned()).collect(),
            ..generation
        };
        let tell = |damage: config::generations::Damage| GenerationDamaged { what: &damage.to_string() }.emit();
        let is_fit = |kept: &Generation| config::understand(&config::for_worker(&whole(kept.clone()).files)).is_ok();
        let newest = store.newest(tell, is_fit).map(whole);
        if complaints.is_empty() {
            beginning.begin_with_files(lay_there, newest);
        } else {
            beginning.begin_without_bad_boards(newest, complaints);
        }
        beginning.source = Some(Source { inputs, store });
        beginning
    }

    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    #[cfg(test)]
    pub(in crate::root) fn refused(&self) -> Option<&RefusedRow> {
        self.refused.as_ref()
    }

    /// What the worker is to draw.
    pub(in crate::root) fn offer(&self) -> Offer {
        Offer { generation: self.generation, files: self.files.clone() }
    }

    /// All is well. Somebody may have gone back since these files were written, or they may be what was drawn before.
    fn begin_with_files(&mut self, lay_there: Checksum, newest: Option<Generation>) {
        match newest {
            Some(kept) if kept.lay_there == lay_there => self.go_on_with(kept),
            _ => {
                self.generation = self.highest.saturating_add(1);
                self.is_new = true;
                self.in_force.content = Some(lay_there);
            }
        }
    }

    fn begin_without_bad_boards(&mut self, newest: Option<Generation>, complaints: Vec<Diagnostic>) {
        let why = match newest {
            Some(kept) => {
                self.go_on_with(kept);
                "boards are wrong, so what was accepted last is drawn"
            }
            None => {
                self.generation = self.highest.saturating_add(1);
                "boards are wrong and left out"
            }
        };
        ConfigurationRefused { cause: Cause::Start.words(), why, complaints: &complaints, generation: self.generation }
            .emit();
        let at_ms = clock::wall().0;
        self.refused = Some(RefusedRow { at_ms, cause: Cause::Start, why: why.to_owned(), complaints });
    }

    fn go_on_with(&mut self, kept: Generation) {
        self.generation = kept.number;
        self.in_force = InForce {
            accepted_at: kept.accepted_at,
            cause: Some(kept.cause),
            content: Some(Checksum::of(&kept.files)),
            lay_there: Some(kept.lay_there),
            content_of: None,
        };
        self.files = kept.files;
    }
}

impl Default for Beginning {
    fn default() -> Beginning {
        Beginning {
            source: None,
            settings: Settings::default(),
            generation: 1,
            is_new: false,
            highest: 1,
            in_force: InForce { accepted_at: Wall(0), ..InForce::default() },
            seen: None,
            lay_there: None,
            refused: None,
            files: Vec::new(),
        }
    }
}
