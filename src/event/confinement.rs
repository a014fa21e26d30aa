//! What tenants may take, and by what that is held.

use tracing::{info, warn};

use super::Event;

/// Each tenant's processes are in a control group of their own.
#[derive(Debug)]
pub struct GroupsUsed {
    /// Whether a group can be limited in it.
    pub cpu: bool,
    pub memory: bool,
    pub pids: bool,
}

/// There are no control groups for tenants.
#[derive(Debug)]
pub struct GroupsUnused<'a> {
    pub why: &'a str,
}

/// A tenant may take something else than before.
#[derive(Debug)]
pub struct LimitsChanged<'a> {
    pub tenant: &'a str,
    /// In words.
    pub limits: &'a str,
}

/// A limit that was asked for does not hold as it should.
#[derive(Debug)]
pub struct LimitUnheld<'a> {
    pub tenant: &'a str,
    pub resource: &'a str,
    /// By what it holds in place of the group.
    pub means: &'a str,
    pub why: &'a str,
}

/// A limit of memory is one that a tenant's history alone can reach.
#[derive(Debug)]
pub struct LimitTight<'a> {
    pub tenant: &'a str,
    pub why: &'a str,
}

impl Event for LimitTight<'_> {
    fn emit(self) {
        warn!(tenant = self.tenant, why = self.why, "a tenant's limit of memory is a tight one");
    }
}

impl Event for GroupsUsed {
    fn emit(self) {
        let GroupsUsed { cpu, memory, pids } = self;
        info!(cpu, memory, pids, "each tenant has a control group of its own");
    }
}

impl Event for GroupsUnused<'_> {
    fn emit(self) {
        info!(why = self.why, "tenants have no control groups; limits of memory hold for each process by itself");
    }
}

impl Event for LimitsChanged<'_> {
    fn emit(self) {
        info!(tenant = self.tenant, limits = self.limits, "a tenant's limits are in force");
    }
}

impl Event for LimitUnheld<'_> {
    fn emit(self) {
        warn!(
            tenant = self.tenant,
            resource = self.resource,
            held_by = self.means,
            why = self.why,
            "a tenant's limit does not hold as it should"
        );
    }
}
