//! One control group for each tenant, whatever lives its workers have, and what each tenant may take.
//!
//! Invariant: a worker joins its tenant's group before it has anything of that tenant's. All that is in a group is ended with
//! the last life in it. A limit is told to hold only where something holds it; where there are no groups everything else is
//! as with them. Nobody waits here until the kernel has memory back.

mod squeeze;

use std::collections::BTreeMap;
use std::io;
use std::os::fd::OwnedFd;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rustix::io::Errno;
use tokio::sync::Notify;

use crate::admin::status::LimitRow;
use crate::event::{Event as _, GroupsUnused, GroupsUsed, LimitTight, LimitUnheld, LimitsChanged};
use crate::machine::confinement::{Counts, Limits, Means, Powers, Resource};
use crate::model::Unit;
use crate::sys::cgroup::{Group, Tree, Unusable};
use crate::sys::process;
use squeeze::Squeezes;

/// All of them, for all who start workers.
#[derive(Clone, Debug, Default)]
pub struct Groups {
    inner: Arc<Mutex<Inner>>,
    /// A limit that was being set for a while is in force by now, or could not be set.
    settled: Arc<Notify>,
}

#[derive(Debug, Default)]
struct Inner {
    /// None where the daemon may divide none.
    tree: Option<Tree>,
    why_none: Option<String>,
    tenants: BTreeMap<String, Kept>,
    /// Of tenants that went: they go once they are empty.
    leaving: Vec<Group>,
    /// Those that have to give memory back before they are limited.
    squeezes: Squeezes,
}

/// What is kept of a tenant.
#[derive(Debug, Default)]
struct Kept {
    limits: Limits,
    group: Option<Group>,
    /// Of its workers, that run or are being started.
    lives: usize,
    /// It is a tenant, rather than one that came and went, or may come.
    is_present: bool,
    /// What its group was not given, and why.
    unset: Vec<(Resource, String)>,
    /// What it may take is told once it is known whether that could be set.
    is_owed: bool,
    /// Why each process could not be limited by itself.
    unlimited: Option<String>,
    /// Why the worker that was started last is in no group, although there are groups.
    outside: Option<String>,
}

/// The place of one tenant's workers.
#[derive(Clone, Debug)]
pub struct Confined {
    groups: Groups,
    tenant: String,
}

/// One life of a worker in its tenant's group.
#[derive(Debug)]
pub struct Stay {
    confined: Confined,
    door: Option<OwnedFd>,
    before: Option<Counts>,
}

// === impl Groups ===

impl Groups {
    /// Takes over the group that the daemon is in, if it may. Before anything is started.
    pub fn take_over() -> Groups {
        Groups::over(Tree::take_over())
    }

    fn over(tree: Result<Tree, Unusable>) -> Groups {
        let groups = Groups::default();
        groups.with(|inner| match tree {
            Ok(tree) => {
                let Powers { cpu, memory, pids } = tree.powers();
                GroupsUsed { cpu, memory, pids }.emit();
                inner.tree = Some(tree);
            }
            Err(why) => {
                let why = why.to_string();
                GroupsUnused { why: &why }.emit();
                inner.why_none = Some(why);
            }
        });
        groups
    }

    fn with<T>(&self, act: impl FnOnce(&mut Inner) -> T) -> T {
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        let done = act(&mut inner);
        let begun = inner.squeezes.take_begun();
        drop(inner);
        begun.into_iter().for_each(|group| self.squeeze(group));
        done
    }

    pub fn of(&self, tenant: &str) -> Confined {
        Confined { groups: self.clone(), tenant: tenant.to_owned() }
    }

    /// These are the tenants, and this is what each may take from now on. Others' groups go.
    pub fn set(&self, all: &BTreeMap<String, Limits>) {
        self.with(|inner| {
            for kept in inner.tenants.values_mut() {
                kept.is_present = false;
            }
            for (tenant, limits) in all {
                inner.limit(tenant, limits);
            }
            inner.let_go();
            // Of an earlier daemon.
            let left = inner
                .tree
                .iter()
                .flat_map(|tree| tree.tenants().into_iter().filter_map(|name| tree.tenant(&name).ok()));
            let known = |group: &Group| inner.tenants.values().any(|kept| kept.group.as_ref() == Some(group));
            let left: Vec<Group> = left.filter(|group| !known(group) && !inner.leaving.contains(group)).collect();
            inner.leaving.extend(left);
            inner.tidy();
        });
    }

    /// Takes away what is empty by now.
    pub fn tidy(&self) {
        self.with(Inner::tidy);
    }

    /// The daemon has ended.
    pub fn close(&self) {
        self.with(|inner| {
            let all = std::mem::take(&mut inner.tenants).into_values().filter_map(|kept| kept.group);
            inner.leaving.extend(all);
            inner.tidy();
        });
    }
}

// === impl Inner ===

impl Inner {
    fn kept(&mut self, tenant: &str) -> &mut Kept {
        let kept = self.tenants.entry(tenant.to_owned()).or_default();
        if let (None, Some(tree)) = (&kept.group, &self.tree) {
            match tree.tenant(tenant) {
                // One that an earlier daemon left has its limits.
                Ok(group) => (kept.unset, kept.group) = (self.squeezes.limit(&group, &kept.limits), Some(group)),
                Err(error) => kept.outside = Some(format!("it has no control group: {error}")),
            }
        }
        self.leaving.retain(|leaving| Some(leaving) != kept.group.as_ref());
        kept
    }

    /// Groups of those that are no tenants and have no worker.
    fn let_go(&mut self) {
        let is_gone = |_: &String, kept: &mut Kept| !kept.is_present && kept.lives == 0;
        let gone = self.tenants.extract_if(.., is_gone).filter_map(|(_, kept)| kept.group);
        self.leaving.extend(gone);
    }

    /// Opens the door of a tenant's group, which is made once more where it is not what it was; none where there is no way in.
    fn door(&mut self, tenant: &str) -> Option<OwnedFd> {
        let told = self.tenants.get(tenant).and_then(|kept| kept.outside.clone());
        let first = self.kept(tenant).group.as_ref().map(Group::door);
        let opened = match first {
            Some(Err(_)) => {
                self.kept(tenant).group = None;
                self.kept(tenant).group.as_ref().map(Group::door)
            }
            first => first,
        };
        let kept = self.tenants.get_mut(tenant)?;
        match opened {
            Some(Ok(door)) => {
                kept.outside = None;
                return Some(door);
            }
            Some(Err(error)) => {
                (kept.group, kept.outside) = (None, Some(format!("its control group cannot be entered: {error}")));
            }
            // There are no groups, or it says already why it has none.
            None => {}
        }
        if kept.outside.is_some() && kept.outside != told {
            self.tell_unheld(tenant);
        }
        None
    }

    /// What its group holds, as far as it could be set.
    fn powers(&self, tenant: &str) -> Powers {
        let Some((tree, kept)) = self.tree.as_ref().zip(self.tenants.get(tenant)) else { return Powers::default() };
        if kept.group.is_none() || kept.outside.is_some() {
            return Powers::default();
        }
        let is_set = |resource| kept.unset.iter().all(|(unset, _)| *unset != resource);
        let Powers { cpu, memory, pids } = tree.powers();
        Powers {
            cpu: cpu && is_set(Resource::Cpu),
            memory: memory && is_set(Resource::Memory),
            pids: pids && is_set(Resource::Pids),
        }
    }

    fn limit(&mut self, tenant: &str, limits: &Limits) {
        let kept = self.kept(tenant);
        kept.is_present = true;
        let is_new = std::mem::replace(&mut kept.limits, *limits) != *limits;
        if !is_new && kept.unset.is_empty() {
            return;
        }
        let group = kept.group.clone();
        let mut set = group.as_ref().map(|group| self.squeezes.limit(group, limits)).unwrap_or_default();
        let is_known = group.is_none_or(|group| !self.squeezes.any(&group));
        let kept = self.kept(tenant);
        if !is_known {
            // What could not be set does not hold until it is known that it could.
            set.extend(kept.unset.iter().find(|(unset, _)| *unset == Resource::Memory).cloned());
        }
        let is_same = std::mem::replace(&mut kept.unset, set.clone()) == set;
        if is_known && (is_new || !is_same) {
            self.tell(tenant);
        } else if is_new || !is_same {
            self.kept(tenant).is_owed = true;
        }
    }

    /// What is in force for a tenant by now, and what is not.
    fn tell(&self, tenant: &str) {
        let Some(limits) = self.tenants.get(tenant).map(|kept| kept.limits) else { return };
        let held = limits.held_by(self.powers(tenant));
        let words: Vec<String> =
            held.iter().map(|(resource, most, _)| format!("{} {}", resource.word(), told(*resource, *most))).collect();
        LimitsChanged { tenant, limits: &words.join(", ") }.emit();
        // A limit of each process does not count the history.
        let holds_memory = self.powers(tenant).memory;
        if let Some(why) = limits.warning().filter(|_| holds_memory) {
            LimitTight { tenant, why: &why }.emit();
        }
        self.tell_unheld(tenant);
    }

    /// Names what no group holds.
    fn tell_unheld(&self, tenant: &str) {
        let Some(kept) = self.tenants.get(tenant) else { return };
        for (resource, _, means) in kept.limits.held_by(self.powers(tenant)) {
            if means != Means::Group {
                let why = kept.why_not(resource).or(self.why_none.as_deref()).unwrap_or(NOT_GIVEN);
                LimitUnheld { tenant, resource: resource.word(), means: means.word(), why }.emit();
            }
        }
    }

    fn tidy(&mut self) {
        self.leaving.retain(|group| {
            // What runs in it is nobody's any more; of an old kernel, which cannot do this, the sweeper ends it.
            let _ = group.kill();
            // Removing one that is being limited would wait for that.
            self.squeezes.any(group) || !group.remove()
        });
    }
}

fn not_set(error: &io::Error) -> String {
    format!("it could not be set: {error}")
}

// === impl Kept ===

impl Kept {
    /// Why its group does not hold something, where that is known.
    fn why_not(&self, resource: Resource) -> Option<&str> {
        let own = self.unlimited.as_ref().filter(|_| resource == Resource::Memory);
        let unset = self.unset.iter().find(|(unset, _)| *unset == resource).map(|(_, why)| why);
        own.or(self.outside.as_ref()).or(unset).map(String::as_str)
    }
}

/// Of a limit that will hold in a while.
const NOT_YET: &str = "the kernel is still taking memory back for it";
/// Why a group does not hold something.
const NOT_GIVEN: &str = "the kernel, or whoever handed the group over, gives no controller for it";

/// A limit as one would write it.
fn told(resource: Resource, most: u64) -> String {
    match resource {
        Resource::Cpu => format!("{most}m"),
        Resource::Memory => Unit::Bytes.format(most as f64),
        Resource::Pids => most.to_string(),
    }
}

// === impl Confined ===

impl Confined {
    /// For the tenant of that name, outside of all groups.
    pub fn new(tenant: &str) -> Confined {
        Groups::default().of(tenant)
    }

    /// The same within those groups.
    pub fn within(&mut self, groups: &Groups) {
        self.groups = groups.clone();
    }

    /// A worker is about to be started.
    pub fn enter(&self) -> Stay {
        self.groups.with(|inner| {
            let door = inner.door(&self.tenant);
            let kept = inner.tenants.entry(self.tenant.clone()).or_default();
            kept.lives += 1;
            // Of this group, which may have been made right now.
            let before = kept.group.as_ref().map(Group::counts);
            Stay { confined: self.clone(), door, before }
        })
    }

    pub fn limits(&self) -> Limits {
        self.groups.with(|inner| inner.tenants.get(&self.tenant).map(|kept| kept.limits).unwrap_or_default())
    }

    /// Limits a worker by itself, and what it starts, where no group limits all of them.
    pub fn limit_data(&self, pid: u32) {
        let bytes = self.data_bytes();
        // One that has ended already needs none.
        let failed = |error: &io::Error| bytes.is_some() && Errno::from_io_error(error) != Some(Errno::SRCH);
        let limited = process::limit_data(pid, bytes).err().filter(failed);
        self.groups.with(|inner| {
            let unlimited = limited.as_ref().map(not_set);
            let Some(kept) = inner.tenants.get_mut(&self.tenant) else { return };
            let is_new = kept.unlimited != unlimited;
            kept.unlimited = unlimited;
            if let (true, Some(why)) = (is_new, &kept.unlimited) {
                let (tenant, resource, means) = (&self.tenant, Resource::Memory.word(), Means::Rlimit.word());
                LimitUnheld { tenant, resource, means, why }.emit();
            }
        });
    }

    /// What each process is to be limited to by itself.
    fn data_bytes(&self) -> Option<u64> {
        let powers = self.groups.with(|inner| inner.powers(&self.tenant));
        self.limits().data_bytes(powers)
    }

    /// None where it has no group.
    pub fn counts(&self) -> Option<Counts> {
        self.groups.with(|inner| Some(inner.tenants.get(&self.tenant)?.group.as_ref()?.counts()))
    }

    /// How long its worker was held back so far, for whatever; none where it is in no group.
    pub fn throttled(&self) -> Option<Duration> {
        self.groups.with(|inner| {
            let kept = inner.tenants.get(&self.tenant).filter(|kept| kept.outside.is_none())?;
            Some(kept.group.as_ref()?.throttled())
        })
    }

    /// What it is limited in, and by what that holds. `pid` is its worker, once that has joined.
    pub fn rows(&self, pid: Option<u32>) -> Vec<LimitRow> {
        self.groups.with(|inner| {
            let Some(kept) = inner.tenants.get(&self.tenant) else { return Vec::new() };
            let is_squeezed = kept.group.as_ref().is_some_and(|group| inner.squeezes.any(group));
            let is_outside = pid.zip(kept.group.as_ref()).is_some_and(|(pid, group)| !group.holds(pid));
            let row = |(resource, most, means): (Resource, u64, Means)| {
                let why = match means {
                    Means::Group if is_outside => Some("the worker is not in its control group"),
                    Means::Group => (resource == Resource::Memory && is_squeezed).then_some(NOT_YET),
                    _ => kept.why_not(resource).or(inner.why_none.as_deref()).or(Some(NOT_GIVEN)),
                };
                let why = why.map(str::to_owned);
                let note = [means.note().map(str::to_owned), why].into_iter().flatten().collect::<Vec<_>>().join(": ");
                LimitRow {
                    name: resource.word().to_owned(),
                    limit: told(resource, most),
                    held_by: means.word().to_owned(),
                    note: Some(note).filter(|note| !note.is_empty()),
                }
            };
            kept.limits.held_by(inner.powers(&self.tenant)).into_iter().map(row).collect()
        })
    }
}

// === impl Stay ===

impl Stay {
    /// By which its worker joins; none where there is no group. Once.
    pub fn take_door(&mut self) -> Option<OwnedFd> {
        self.door.take()
    }

    /// What the kernel had counted of the group before this life; none where there is no group.
    pub fn before(&self) -> Option<Counts> {
        self.before
    }

    /// Ends all that is in the group, where this is the only life in it. The worker itself is ended by its own handle, too.
    pub fn kill(&self) {
        let Confined { groups, tenant } = &self.confined;
        groups.with(|inner| {
            let kept = inner.tenants.get(tenant).filter(|kept| kept.lives == 1);
            // A kernel that cannot do this has the sweeper end what is left.
            let _ = kept.and_then(|kept| kept.group.as_ref()).map(Group::kill);
        });
    }
}

impl Drop for Stay {
    fn drop(&mut self) {
        // What it started and left behind.
        self.kill();
        let Confined { groups, tenant } = &self.confined;
        groups.with(|inner| {
            if let Some(kept) = inner.tenants.get_mut(tenant) {
                kept.lives = kept.lives.saturating_sub(1);
            }
            inner.let_go();
        });
    }
}

#[cfg(test)]
mod tests;
