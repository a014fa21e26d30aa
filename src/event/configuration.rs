//! Which configuration is in force, and what was not taken over.

use tracing::{debug, error, info, warn};

use super::{COUNTERS, Event};
use crate::base::Diagnostic;

/// It is drawn from now on.
#[derive(Debug)]
pub struct ConfigurationAccepted<'a> {
    pub generation: u64,
    pub cause: &'a str,
    pub boards: usize,
}

/// It is not drawn; what was drawn still is.
#[derive(Debug)]
pub struct ConfigurationRefused<'a> {
    pub cause: &'a str,
    pub why: &'a str,
    pub complaints: &'a [Diagnostic],
    /// What is drawn instead.
    pub generation: u64,
}

/// There was nothing new.
#[derive(Debug)]
pub struct ConfigurationUnchanged<'a> {
    /// Somebody wanted it to be read, and looks here for what came of it.
    pub is_asked_for: bool,
    pub cause: &'a str,
    pub generation: u64,
}

/// No worker is there to be asked about it.
#[derive(Debug)]
pub struct ConfigurationDeferred<'a> {
    pub cause: &'a str,
}

/// Some of it waits for the next start.
#[derive(Debug)]
pub struct RestartWanted<'a> {
    pub what: &'a str,
}

/// Changes of some files are not noticed.
#[derive(Debug)]
pub struct ConfigurationUnwatched<'a> {
    pub why: &'a str,
}

/// What was accepted is not kept.
#[derive(Debug)]
pub struct GenerationUnkept<'a> {
    pub generation: u64,
    pub why: &'a str,
}

/// Something that was kept cannot be used.
#[derive(Debug)]
pub struct GenerationDamaged<'a> {
    pub what: &'a str,
}

/// Somebody who may see or push is named by no user or group of this machine.
#[derive(Debug)]
pub struct PrincipalUnknown<'a> {
    pub tenant: &'a str,
    pub name: &'a str,
}

impl Event for PrincipalUnknown<'_> {
    fn emit(self) {
        warn!(
            tenant = self.tenant,
            name = self.name,
            "this machine knows no such user or group, so nobody is meant; name it by its number if another one does"
        );
    }
}

impl Event for ConfigurationAccepted<'_> {
    fn emit(self) {
        COUNTERS.configurations_accepted.add(1);
        info!(generation = self.generation, cause = self.cause, boards = self.boards, "configuration accepted");
    }
}

impl Event for ConfigurationRefused<'_> {
    fn emit(self) {
        COUNTERS.configurations_refused.add(1);
        let Self { cause, why, complaints, generation } = self;
        error!(cause, generation, "configuration not applied, the one before stays: {why}");
        for complaint in complaints {
            // On one line: the log draws no arrows.
            let whole = complaint.to_string();
            let (excerpt, remedy) = (&complaint.excerpt, &complaint.remedy);
            error!(%excerpt, %remedy, "{}", whole.lines().next().unwrap_or_default());
        }
    }
}

impl Event for ConfigurationUnchanged<'_> {
    fn emit(self) {
        let Self { is_asked_for, cause, generation } = self;
        if is_asked_for {
            info!(generation, cause, "configuration read, nothing changed");
        } else {
            debug!(generation, cause, "configuration read, nothing changed");
        }
    }
}

impl Event for ConfigurationDeferred<'_> {
    fn emit(self) {
        warn!(cause = self.cause, "configuration waits for a worker to look at it");
    }
}

impl Event for RestartWanted<'_> {
    fn emit(self) {
        warn!("{}", self.what);
    }
}

impl Event for ConfigurationUnwatched<'_> {
    fn emit(self) {
        warn!(
            "changes of some configuration files are not noticed ({}); raise the limit and start the daemon again, or tell \
             it of changes with `unblink reload` or HUP",
            self.why
        );
    }
}

impl Event for GenerationUnkept<'_> {
    fn emit(self) {
        warn!(
            generation = self.generation,
            "what was accepted is not kept, so nothing can be gone back to: {}", self.why
        );
    }
}

impl Event for GenerationDamaged<'_> {
    fn emit(self) {
        warn!("a kept configuration is left out: {}", self.what);
    }
}
