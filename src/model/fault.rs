//! Faults inside a worker: of which class they are, and which ring holds them.
//!
//! Invariant: classes and rings are few and fixed, so that counts by them are bounded. What a panic says is in neither:
//! it goes to the log only.

/// What went wrong, as screens say it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Class {
    /// A source said that it failed.
    Error,
    /// A source did not answer in time.
    Timeout,
    /// Code of this program panicked.
    Panic,
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
    pub const ALL: [Class; 3] = [Class::Error, Class::Timeout, Class::Panic];

    pub fn word(self) -> &'static str {
        match self {
            Class::Error => "error",
            Class::Timeout => "timeout",
            Class::Panic => "panic",
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
