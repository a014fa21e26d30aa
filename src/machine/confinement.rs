//! What a tenant's processes may take together, by what that is held, and whether a worker ended for want of it.
//!
//! Invariant: a limit that nothing holds is never said to hold. What the kernel counted since a worker began decides what
//! it died of, and nothing that the worker says. It must not read or write anything.

use std::time::Duration;

use crate::base::limits;
use crate::model::Unit;

/// What somebody may be limited in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Resource {
    Cpu,
    Memory,
    Pids,
}

/// What a tenant's processes may take; none for as much as they like.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Limits {
    /// Thousandths of a processor.
    pub cpu_millis: Option<u64>,
    pub memory_bytes: Option<u64>,
    /// Processes and threads.
    pub pids: Option<u64>,
}

/// What a control group of ours can hold, as the kernel and whoever delegated it allow.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Powers {
    pub cpu: bool,
    pub memory: bool,
    pub pids: bool,
}

/// By what a limit holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Means {
    /// The tenant's control group, for all of its processes together.
    Group,
    /// `RLIMIT_DATA`, for each process by itself.
    Rlimit,
    /// Nothing: a limit of a process cannot say that.
    Nothing,
}

/// What the kernel counted of a tenant's group since it was made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Times that its memory reached the limit, and nothing could be had back.
    pub exhausted: u64,
    /// Processes that were killed for memory, whoever had too little.
    pub killed: u64,
    /// Times that its share of the processor was used up.
    pub throttled_times: u64,
    pub throttled: Duration,
}

/// What a worker died of, where that was memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shortage {
    /// Its tenant's processes reached their limit of so many bytes, and the kernel ended them.
    Limit(Option<u64>),
    /// The kernel ended it because the machine, or the daemon as a whole, had no more.
    Beyond,
    /// It asked for so many bytes and got none, under this limit where there is one.
    Refused { bytes: u64, limit: Option<u64> },
}

/// What is known when a worker has ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct End {
    /// When it was started, and now; none where there is no group.
    pub counts: Option<(Counts, Counts)>,
    /// Of an allocation that failed in it and that it did not survive.
    pub refused_bytes: Option<u64>,
    /// In force, by whatever means.
    pub memory_bytes: Option<u64>,
}

// === impl Resource ===

impl Resource {
    pub const ALL: [Resource; 3] = [Resource::Cpu, Resource::Memory, Resource::Pids];

    pub fn word(self) -> &'static str {
        match self {
            Resource::Cpu => "cpu",
            Resource::Memory => "memory",
            Resource::Pids => "pids",
        }
    }
}

// === impl Limits ===

impl Limits {
    pub fn of(&self, resource: Resource) -> Option<u64> {
        match resource {
            Resource::Cpu => self.cpu_millis,
            Resource::Memory => self.memory_bytes,
            Resource::Pids => self.pids,
        }
    }

    /// What is limited, in the words of the configuration, and by what that holds.
    pub fn held_by(&self, powers: Powers) -> Vec<(Resource, u64, Means)> {
        let limited = |resource| Some((resource, self.of(resource)?, powers.means(resource)));
        Resource::ALL.into_iter().filter_map(limited).collect()
    }

    /// What may come of a limit of memory that a history alone can reach; it stays when a worker ends.
    pub fn warning(&self) -> Option<String> {
        let bytes = |bytes: u64| Unit::Bytes.format(bytes as f64);
        let memory = self.memory_bytes.filter(|memory| *memory < limits::MEMORY_LIMIT_BYTES_AMPLE)?;
        Some(format!(
            "{} may be used up by the tenant's history, which grows to {} at most: its workers run out of memory then; \
             allow \"{}Mi\" or more",
            bytes(memory),
            bytes(limits::HISTORY_BYTES_MAX),
            limits::MEMORY_LIMIT_BYTES_AMPLE >> 20,
        ))
    }

    /// What each process is to be limited to by itself, where no group limits all of them.
    pub fn data_bytes(&self, powers: Powers) -> Option<u64> {
        self.memory_bytes.filter(|_| !powers.memory)
    }
}

// === impl Powers ===

impl Powers {
    fn means(self, resource: Resource) -> Means {
        match (resource, self) {
            (Resource::Cpu, Powers { cpu: true, .. })
            | (Resource::Memory, Powers { memory: true, .. })
            | (Resource::Pids, Powers { pids: true, .. }) => Means::Group,
            // It counts what memory a process may write to, and so is near enough to what it takes.
            (Resource::Memory, _) => Means::Rlimit,
            // There is a limit of time, which ends a process that has lived long, and one of processes, which counts all
            // of a user's.
            (Resource::Cpu | Resource::Pids, _) => Means::Nothing,
        }
    }
}

// === impl Means ===

impl Means {
    pub fn word(self) -> &'static str {
        match self {
            Means::Group => "cgroup",
            Means::Rlimit => "rlimit",
            Means::Nothing => "nothing",
        }
    }

    /// What whoever asked for the limit has to know.
    pub fn note(self) -> Option<&'static str> {
        match self {
            Means::Group => None,
            Means::Rlimit => Some("of each process by itself"),
            Means::Nothing => Some("not held"),
        }
    }
}

// === impl Shortage ===

impl Shortage {
    /// In words, after "the worker" or "it".
    pub fn words(self) -> String {
        const NAME: &str = "ran out of memory";
        let bytes = |bytes: u64| Unit::Bytes.format(bytes as f64);
        match self {
            Shortage::Limit(Some(limit)) => format!("{NAME}: over its limit of {}", bytes(limit)),
            Shortage::Limit(None) => NAME.to_owned(),
            Shortage::Beyond => format!("{NAME}: the machine, or the daemon as a whole, had no more"),
            Shortage::Refused { bytes: asked, limit: Some(limit) } => {
                format!("{NAME}: {} more were refused under its limit of {}", bytes(asked), bytes(limit))
            }
            Shortage::Refused { bytes: asked, limit: None } => format!("{NAME}: {} could not be had", bytes(asked)),
        }
    }
}

// === impl End ===

impl End {
    /// Whether it was memory.
    pub fn shortage(&self) -> Option<Shortage> {
        if let Some((before, now)) = self.counts
            && now.killed > before.killed
        {
            let is_own = now.exhausted > before.exhausted;
            return Some(if is_own { Shortage::Limit(self.memory_bytes) } else { Shortage::Beyond });
        }
        self.refused_bytes.map(|bytes| Shortage::Refused { bytes, limit: self.memory_bytes })
    }
}

#[cfg(test)]
mod tests;
