//! Limits of memory that are lower than what a group takes already: the kernel has the rest back before it answers whoever
//! sets one, which may take seconds.
//!
//! Invariant: root's loop does not wait for that. Of each group one thread sets one limit after the other, and of those that
//! wait it knows the newest alone; it ends when there is none. What could not be set is told as what could not be set at once,
//! by whoever is told that it is known.

use std::collections::BTreeSet;

use super::{Groups, Inner, not_set};
use crate::machine::confinement::{Limits, Resource};
use crate::runtime;
use crate::sys::cgroup::Group;

/// Groups that are being limited; there is one at most for each tenant.
#[derive(Debug, Default)]
pub(super) struct Squeezes {
    all: Vec<Squeeze>,
    /// Those that have no thread yet.
    begun: Vec<Group>,
    /// Tenants of whom it is known by now, and was not told.
    untold: BTreeSet<String>,
}

#[derive(Debug)]
struct Squeeze {
    group: Group,
    /// What it is limited to next.
    next: Option<Option<u64>>,
}

// === impl Squeezes ===

impl Squeezes {
    /// Limits a group, in its memory perhaps later. What could not be set, and why.
    pub fn limit(&mut self, group: &Group, limits: &Limits) -> Vec<(Resource, String)> {
        let mut failed = group.limit(limits);
        let most = limits.memory_bytes;
        if let Some(squeeze) = self.all.iter_mut().find(|squeeze| squeeze.group == *group) {
            // After the one that is being set, whichever is less.
            squeeze.next = Some(most);
        } else if group.exceeds(most) {
            self.all.push(Squeeze { group: group.clone(), next: Some(most) });
            self.begun.push(group.clone());
        } else {
            failed.extend(group.limit_memory(most).err().map(|error| (Resource::Memory, error)));
        }
        failed.into_iter().map(|(resource, error)| (resource, not_set(&error))).collect()
    }

    /// Whether a group is not limited yet as it shall be.
    pub fn any(&self, group: &Group) -> bool {
        self.all.iter().any(|squeeze| squeeze.group == *group)
    }

    /// Those that want a thread.
    pub fn take_begun(&mut self) -> Vec<Group> {
        std::mem::take(&mut self.begun)
    }

    /// What a group is to be limited to next. Once there is nothing more it is as it shall be.
    fn next(&mut self, group: &Group) -> Option<Option<u64>> {
        let next = self.all.iter_mut().find(|squeeze| squeeze.group == *group)?.next.take();
        if next.is_none() {
            self.all.retain(|squeeze| squeeze.group != *group);
        }
        next
    }
}

// === impl Groups ===

impl Groups {
    /// Until what some tenant may take is known to be in force, or not; what it is has to be told then.
    pub async fn settled(&self) {
        self.settled.notified().await;
    }

    pub fn tell_settled(&self) {
        self.with(|inner| {
            for tenant in std::mem::take(&mut inner.squeezes.untold) {
                inner.tell(&tenant);
            }
        });
    }

    /// Starts the thread that limits a group.
    pub(super) fn squeeze(&self, group: Group) {
        let (groups, squeezed) = (self.clone(), group.clone());
        let work = move || {
            let mut last = Ok(());
            while let Some(most) = groups.with(|inner| inner.next(&squeezed, &last)) {
                last = squeezed.limit_memory(most).map_err(|error| not_set(&error));
            }
            groups.settled.notify_one();
        };
        if let Err(error) = runtime::spawn_thread("limit", work) {
            let last = Err(format!("no thread could be started for it: {error}"));
            self.with(|inner| {
                // Nobody else takes it.
                let _ = inner.squeezes.next(&group);
                inner.next(&group, &last)
            });
            self.settled.notify_one();
        }
    }
}

// === impl Inner ===

impl Inner {
    /// What a group is to be limited to next; where that was all, what came of the last one is told.
    fn next(&mut self, group: &Group, last: &Result<(), String>) -> Option<Option<u64>> {
        let next = self.squeezes.next(group);
        if next.is_none() {
            self.settle(group, last);
        }
        next
    }

    fn settle(&mut self, group: &Group, last: &Result<(), String>) {
        let of_it = self.tenants.iter_mut().find(|(_, kept)| kept.group.as_ref() == Some(group));
        // Its tenant may have gone meanwhile.
        let Some((tenant, kept)) = of_it else { return };
        let mut unset = kept.unset.clone();
        unset.retain(|(resource, _)| *resource != Resource::Memory);
        unset.extend(last.clone().err().map(|why| (Resource::Memory, why)));
        let is_owed = std::mem::take(&mut kept.is_owed) || kept.unset != unset;
        kept.unset = unset;
        self.squeezes.untold.extend(is_owed.then(|| tenant.clone()));
    }
}
