//! Faults on purpose: every way in which code was seen to fail, and which ring holds it.
//!
//! Invariant: numbers, keys and words are each used once, and stay as they are: documentation and tests go by them.

/// A way to fail. The numbers count from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Mode {
    Panic,
    IndexOutOfBounds,
    ResumeUnwind,
    PanicInDrop,
    DoublePanic,
    TwoPanickingDrops,
    PayloadPanicsInDrop,
    PanicOutOfC,
    PanicOutOfCUnwind,
    Abort,
    Exit,
    StackOverflow,
    InvalidMemoryAccess,
    AllocationError,
    CapacityOverflow,
    ImpossibleAllocation,
    MemoryLimit,
    PanicInHook,
    EndlessLoop,
    SelfDeadlock,
    PanicInThreadLocal,
    PanicInThread,
    Terminate,
    PanicInTask,
    DoublePanicInTask,
    PanicInFutureDrop,
    BlockedTask,
    StackOverflowInTask,
}

/// What a mode costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Holder {
    /// The panel's picture, until it draws again.
    Panel,
    /// The task or thread of its own that it happens in.
    Task,
    /// The process: root starts another.
    Worker,
}

/// A way in which a source goes wrong on purpose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lie {
    Fail,
    Hang,
    Panic,
    Slow,
    Wrong,
    Huge,
    NotANumber,
    /// The process ends: no ring within the worker holds that.
    Abort,
}

// === impl Mode ===

impl Mode {
    pub const ALL: [Mode; 28] = [
        Mode::Panic,
        Mode::IndexOutOfBounds,
        Mode::ResumeUnwind,
        Mode::PanicInDrop,
        Mode::DoublePanic,
        Mode::TwoPanickingDrops,
        Mode::PayloadPanicsInDrop,
        Mode::PanicOutOfC,
        Mode::PanicOutOfCUnwind,
        Mode::Abort,
        Mode::Exit,
        Mode::StackOverflow,
        Mode::InvalidMemoryAccess,
        Mode::AllocationError,
        Mode::CapacityOverflow,
        Mode::ImpossibleAllocation,
        Mode::MemoryLimit,
        Mode::PanicInHook,
        Mode::EndlessLoop,
        Mode::SelfDeadlock,
        Mode::PanicInThreadLocal,
        Mode::PanicInThread,
        Mode::Terminate,
        Mode::PanicInTask,
        Mode::DoublePanicInTask,
        Mode::PanicInFutureDrop,
        Mode::BlockedTask,
        Mode::StackOverflowInTask,
    ];

    pub fn number(self) -> u8 {
        self as u8 + 1
    }

    /// The key that brings it about: A to Z, then a and b.
    pub fn key(self) -> char {
        char::from(match self.number() {
            number @ 1..=26 => b'A' + number - 1,
            number => b'a' + number - 27,
        })
    }

    pub fn of_key(key: char) -> Option<Mode> {
        Mode::ALL.into_iter().find(|mode| mode.key() == key)
    }

    pub fn name(self) -> &'static str {
        self.facts().0
    }

    pub fn holder(self) -> Holder {
        self.facts().1
    }

    fn facts(self) -> (&'static str, Holder) {
        match self {
            Mode::Panic => ("panic", Holder::Panel),
            Mode::IndexOutOfBounds => ("index out of bounds", Holder::Panel),
            Mode::ResumeUnwind => ("resume_unwind", Holder::Panel),
            Mode::PanicInDrop => ("panic in a Drop", Holder::Panel),
            Mode::DoublePanic => ("double panic", Holder::Worker),
            Mode::TwoPanickingDrops => ("two panicking Drops in one Vec", Holder::Worker),
            Mode::PayloadPanicsInDrop => ("payload whose Drop panics", Holder::Panel),
            Mode::PanicOutOfC => ("panic out of extern \"C\"", Holder::Worker),
            Mode::PanicOutOfCUnwind => ("panic out of extern \"C-unwind\"", Holder::Panel),
            Mode::Abort => ("abort", Holder::Worker),
            Mode::Exit => ("exit", Holder::Worker),
            Mode::StackOverflow => ("stack overflow on a thread", Holder::Worker),
            Mode::InvalidMemoryAccess => ("invalid memory access", Holder::Worker),
            Mode::AllocationError => ("handle_alloc_error", Holder::Worker),
            Mode::CapacityOverflow => ("capacity overflow", Holder::Panel),
            Mode::ImpossibleAllocation => ("impossible allocation", Holder::Worker),
            Mode::MemoryLimit => ("memory limit reached", Holder::Worker),
            Mode::PanicInHook => ("panic in the panic hook", Holder::Worker),
            Mode::EndlessLoop => ("endless loop", Holder::Worker),
            Mode::SelfDeadlock => ("self-deadlock", Holder::Worker),
            Mode::PanicInThreadLocal => ("panic in a TLS destructor", Holder::Worker),
            Mode::PanicInThread => ("panic in a thread, joined", Holder::Task),
            Mode::Terminate => ("SIGTERM to itself", Holder::Worker),
            Mode::PanicInTask => ("panic in a tokio task", Holder::Task),
            Mode::DoublePanicInTask => ("double panic in a tokio task", Holder::Worker),
            Mode::PanicInFutureDrop => ("panic in a future's Drop", Holder::Task),
            Mode::BlockedTask => ("blocked tokio task", Holder::Worker),
            Mode::StackOverflowInTask => ("stack overflow in a tokio task", Holder::Worker),
        }
    }
}

// === impl Holder ===

impl Holder {
    /// As documentation says it.
    pub fn words(self) -> &'static str {
        match self {
            Holder::Panel => "2, panel",
            Holder::Task => "1, its own task or thread",
            Holder::Worker => "3, worker",
        }
    }
}

// === impl Lie ===

impl Lie {
    pub const ALL: [Lie; 8] =
        [Lie::Fail, Lie::Hang, Lie::Panic, Lie::Slow, Lie::Wrong, Lie::Huge, Lie::NotANumber, Lie::Abort];

    /// Lower case letters that mean nothing else.
    pub fn key(self) -> char {
        match self {
            Lie::Fail => 'd',
            Lie::Hang => 'e',
            Lie::Panic => 'g',
            Lie::Slow => 'i',
            Lie::Wrong => 'm',
            Lie::Huge => 'n',
            Lie::NotANumber => 'o',
            Lie::Abort => 's',
        }
    }

    pub fn of_key(key: char) -> Option<Lie> {
        Lie::ALL.into_iter().find(|lie| lie.key() == key)
    }

    pub fn name(self) -> &'static str {
        match self {
            Lie::Fail => "fails",
            Lie::Hang => "hangs",
            Lie::Panic => "panics",
            Lie::Slow => "is slow",
            Lie::Wrong => "tells another kind",
            Lie::Huge => "tells too much",
            Lie::NotANumber => "tells NaN",
            Lie::Abort => "ends the worker",
        }
    }
}

/// The key that heals everything.
pub const HEAL_KEY: char = 'x';

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Key;
    use crate::model::binding;

    #[test]
    fn keys_numbers_and_names_are_used_once_and_bound_to_nothing_else() {
        let keys = Mode::ALL.map(Mode::key).into_iter().chain(Lie::ALL.map(Lie::key)).chain([HEAL_KEY]);
        let mut keys: Vec<char> = keys.collect();
        assert!(keys.iter().all(|key| binding::intent(Key::Char(*key)).is_none()));
        keys.sort_unstable();
        keys.dedup();
        assert_eq!(keys.len(), 28 + 8 + 1);
        assert!(Mode::ALL.into_iter().zip(1..).all(|(mode, number)| mode.number() == number));
        assert!(Mode::ALL.into_iter().all(|mode| Mode::of_key(mode.key()) == Some(mode)));
        let names: std::collections::BTreeSet<&str> = Mode::ALL.into_iter().map(Mode::name).collect();
        assert_eq!(names.len(), 28);
    }
}
