//! Faults inside a worker: of which class they are, and which ring holds them.
//!
//! Invariant: classes and rings are few and fixed, so that counts by them are bounded. What a panic says is in neither:
//! it goes to the log only.

pub mod mode;

pub use mode::{Holder, Lie, Mode};

/// What went wrong, as screens say it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Class {
    /// A source said that it failed.
    Error,
    /// A source did not answer in time.
    Timeout,
    /// Code of this program panicked.
    Panic,
    /// What a source keeps from look to look, torn by a panic.
    PoisonedClient,
    /// There is no more memory.
    Memory,
    /// Workers died of it, whatever it was.
    Death,
}

/// What is done about a class of faults.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Policy {
    /// The innermost ring that holds it.
    pub held_by: Ring,
    /// So many in a row open the breaker of a source.
    pub counts: bool,
    /// A standby takes over at once, and not only when the source is asked less often.
    pub hands_over: bool,
    /// What begins afresh.
    pub afresh: Afresh,
}

/// What a fault makes begin afresh.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Afresh {
    Nothing,
    /// The reader of a source, with its connection and all it remembers.
    Reader,
    /// The process, with the data that its history holds.
    Worker,
}

/// What holds a fault inside a worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Ring {
    /// One look of one source.
    Source,
    /// One drawing of one panel.
    Panel,
    /// One key or gesture of one session.
    Input,
    /// None: the worker ends and root starts another.
    Worker,
}

// === impl Class ===

impl Class {
    pub const ALL: [Class; 6] =
        [Class::Error, Class::Timeout, Class::Panic, Class::PoisonedClient, Class::Memory, Class::Death];

    pub fn word(self) -> &'static str {
        match self {
            Class::Error => "error",
            Class::Timeout => "timeout",
            Class::Panic => "panic",
            Class::PoisonedClient => "poisoned client",
            Class::Memory => "memory",
            Class::Death => "worker death",
        }
    }

    /// The one table of what is done about faults; docs/reliability.md shows it.
    pub const fn policy(self) -> Policy {
        let (held_by, counts, hands_over, afresh) = match self {
            Class::Error => (Ring::Source, true, false, Afresh::Nothing),
            // Nothing is asked while an ask is out, so there is nothing to ask less often.
            Class::Timeout => (Ring::Source, false, true, Afresh::Nothing),
            Class::Panic => (Ring::Source, true, true, Afresh::Nothing),
            // Follows a panic, which was counted.
            Class::PoisonedClient => (Ring::Source, false, true, Afresh::Reader),
            // The standby goes with its worker; one of a source that two died of is shown, which is not asked for a while.
            Class::Memory | Class::Death => (Ring::Worker, false, false, Afresh::Worker),
        };
        Policy { held_by, counts, hands_over, afresh }
    }
}

// === impl Afresh ===

impl Afresh {
    pub fn word(self) -> &'static str {
        match self {
            Afresh::Nothing => "nothing",
            Afresh::Reader => "the reader",
            Afresh::Worker => "the worker",
        }
    }
}

// === impl Ring ===

impl Ring {
    pub const ALL: [Ring; 4] = [Ring::Source, Ring::Panel, Ring::Input, Ring::Worker];

    pub fn word(self) -> &'static str {
        match self {
            Ring::Source => "source",
            Ring::Panel => "panel",
            Ring::Input => "input",
            Ring::Worker => "worker",
        }
    }
}
