//! What a daemon begins with: what lies in its files, or else what was last accepted, or else what is sound of them.
//!
//! Invariant: boards that are wrong never keep a daemon from starting, nor does anything that is wrong with another tenant
//! than the default one. It looks into boards here as `unblink check` does,
//! before anything is served; a daemon that runs leaves that to its worker.

use std::collections::BTreeMap;
use std::path::Path;

use super::errands::Source;
use super::{Cause, InForce, RefusedRow};
use crate::base::{Diagnostic, Wall};
use crate::config::generations::{Checksum, Generation, Store};
use crate::config::{self, Gathered, Inputs, Settings, Start, TENANT_DEFAULT};
use crate::event::{ConfigurationRefused, Event, GenerationDamaged};
use crate::root::tenants::rights::Rights;
use crate::root::worker::Offer;
use crate::sys::clock;
use crate::wire::feed::{Complaint, ConfigFile};

/// What root begins with.
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
    /// The same for the screens of each tenant.
    pub(super) lines: BTreeMap<String, Vec<Complaint>>,
    /// Of what is in force, which may be older than `settings`.
    rights: Rights,
    /// What each tenant's worker is to draw.
    files: BTreeMap<String, Vec<ConfigFile>>,
}

/// Of everything that was read, also of what could not be.
pub(super) fn seen(content: Checksum, complaints: &[Diagnostic]) -> Checksum {
    let complaints: String = complaints.iter().map(Diagnostic::to_string).collect();
    let files = postcard::to_stdvec(&content).expect("invariant: a checksum serializes");
    Checksum::over(&[files.as_slice(), complaints.as_bytes()].concat())
}

// === impl Beginning ===

impl Beginning {
    /// A daemon that reads nothing, with these settings.
    #[cfg(test)]
    pub(in crate::root) fn with(settings: Settings) -> Beginning {
        Beginning { settings, ..Beginning::default() }
    }

    /// Decides what a daemon begins with. Whatever is worth telling is logged.
    pub fn decide(start: Start, inputs: Inputs, state: &Path) -> Beginning {
        let store = Store::new(state, inputs.unusual());
        let Start { gathered, settings, on_reading, sound } = start;
        let lay_there = Checksum::of_all(&gathered.files, &gathered.others);
        let mut beginning = Beginning {
            highest: store.numbers().last().copied().unwrap_or(0),
            rights: Rights::of(&settings),
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
            seen: Some(seen(lay_there, &on_reading)),
            lay_there: Some(lay_there),
            refused: None,
            lines: BTreeMap::new(),
            files: sound,
            source: None,
        };
        let whole = |generation: Generation| Generation {
            files: generation.files.into_iter().chain(inputs.overrides().iter().cloned()).collect(),
            ..generation
        };
        let tell = |damage: config::generations::Damage| GenerationDamaged { what: &damage.to_string() }.emit();
        let newest = store.newest(tell, |kept| is_fit(&whole(kept.clone()))).map(whole);
        if gathered.complaints.is_empty() {
            beginning.begin_with_files(lay_there, newest);
        } else {
            beginning.begin_without_what_is_wrong(newest, &gathered);
        }
        let port = beginning.settings.admin_port.clone();
        beginning.source = Some(Source { inputs, store, port });
        beginning
    }

    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    #[cfg(test)]
    pub(in crate::root) fn refused(&self) -> Option<&RefusedRow> {
        self.refused.as_ref()
    }

    /// What each tenant's worker is to draw.
    pub(in crate::root) fn offers(&self) -> BTreeMap<String, Offer> {
        let offer = |files: &Vec<ConfigFile>| Offer { generation: self.generation, files: files.clone() };
        self.files.iter().map(|(name, files)| (name.clone(), offer(files))).collect()
    }

    pub(in crate::root) fn rights(&self) -> Rights {
        self.rights.clone()
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

    /// Those tenants with whom something is wrong go on with what was accepted last of theirs, or else with what is
    /// sound of it. The others are not concerned.
    fn begin_without_what_is_wrong(&mut self, newest: Option<Generation>, gathered: &Gathered) {
        let is_wrong = |name: &str| gathered.complaints.contains_key(name);
        let why = match newest {
            Some(kept) if is_wrong(TENANT_DEFAULT) => {
                // With `unblink.toml`, which says who is a tenant; but who may see what is as it says today, and a tenant
                // that it no longer names is none.
                self.go_on_with(kept);
                self.rights = Rights::of(&self.settings);
                self.files.retain(|name, _| self.settings.tenants.contains_key(name) || name == TENANT_DEFAULT);
                "boards are wrong, so what was accepted last is drawn"
            }
            newest => {
                let mut has_all = true;
                let terms = config::by_tenant(&[], &newest.map(|kept| kept.others).unwrap_or_default(), &self.settings);
                for (name, files) in self.files.iter_mut().filter(|(name, _)| is_wrong(name)) {
                    match terms.get(name).filter(|_| *name != TENANT_DEFAULT) {
                        Some(kept) => files.clone_from(kept),
                        None => has_all = false,
                    }
                }
                self.generation = self.highest.saturating_add(1);
                if has_all {
                    "something is wrong, so what was accepted last of it is drawn"
                } else {
                    "boards are wrong and left out"
                }
            }
        };
        let complaints = gathered.all_complaints();
        ConfigurationRefused { cause: Cause::Start.words(), why, complaints: &complaints, generation: self.generation }
            .emit();
        let at_ms = clock::wall().0;
        self.refused = Some(RefusedRow { at_ms, cause: Cause::Start, why: why.to_owned(), complaints });
        self.lines = super::telling::of_complaints(&gathered.complaints);
    }

    fn go_on_with(&mut self, kept: Generation) {
        self.generation = kept.number;
        self.in_force = InForce {
            accepted_at: kept.accepted_at,
            cause: Some(kept.cause),
            content: Some(Checksum::of_all(&kept.files, &kept.others)),
            lay_there: Some(kept.lay_there),
            content_of: None,
        };
        let settings = config::what_is_right(&kept.files);
        self.rights = Rights::of(&settings);
        self.files = config::by_tenant(&kept.files, &kept.others, &settings);
    }
}

/// Whether every tenant's part of what was kept can be drawn by this program.
fn is_fit(kept: &Generation) -> bool {
    let is_right = |files: &Vec<ConfigFile>| config::understand(&config::for_worker(files)).is_ok();
    let settings = config::what_is_right(&kept.files);
    config::by_tenant(&kept.files, &kept.others, &settings).values().all(is_right)
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
            lines: BTreeMap::new(),
            rights: Rights::default(),
            files: BTreeMap::new(),
        }
    }
}
