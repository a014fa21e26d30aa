//! Ending what dead workers left running: orphans fall to this process and are killed here.
//!
//! Invariant: only processes that fell to us are ended, with everything below them; never a child that we started
//! ourselves, nor one that was there before us. A keeper ends its own run in any case, and faster: this is for what lost
//! its keeper.

use std::collections::BTreeSet;
use std::io;
use std::sync::{Mutex, MutexGuard, PoisonError};

use rustix::event::Timespec;
use rustix::process::{Pid, WaitId, WaitIdOptions, getpid, set_child_subreaper, waitid};

use super::keeper::{self, Seen};

/// Children that we started and still wait for.
static OWN: Mutex<BTreeSet<u32>> = Mutex::new(BTreeSet::new());
/// Whose orphans fall to us.
static ORPHANS: Mutex<Orphans> = Mutex::new(Orphans::Nobodys);
/// Who was below us before we started anybody.
static BEFORE: Mutex<Vec<Seen>> = Mutex::new(Vec::new());

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Orphans {
    Nobodys,
    /// All of them are leftovers.
    Ours,
    /// Others' too, and nobody can tell which.
    Everybodys,
}

/// Until those that were killed are looked for again.
const AGAIN: Timespec = Timespec { tv_sec: 0, tv_nsec: 5_000_000 };

/// Looks one after the other.
#[derive(Debug, Default)]
pub struct Sweep {
    /// Whom the last look killed.
    killed: Vec<Seen>,
}

/// What one look found and ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Swept {
    /// Killed now, and not by the look before.
    pub killed: usize,
    /// There was something. What it had started may fall to us next.
    pub found: bool,
    /// Some live still: they were killed, and the kernel takes its time.
    pub lives: bool,
}

/// Held while a child is started, so that it is never taken for an orphan in between.
#[derive(Debug)]
pub struct Starting(MutexGuard<'static, BTreeSet<u32>>);

/// From now on orphans of this process's descendants are its children. Whether they can be told from children that are
/// nobody's leftovers: not where some were there before, as with a shell that started them and became us, nor for the
/// first process of a container, to which everybody's orphans fall.
pub fn adopt() -> io::Result<bool> {
    let is_first = getpid().as_raw_nonzero().get() == 1;
    let all = keeper::all_below(getpid());
    let before = with_all_below(&fallen(&all), &all);
    set_child_subreaper(Some(getpid()))?;
    let adopts = !is_first && before.is_empty();
    *BEFORE.lock().unwrap_or_else(PoisonError::into_inner) = before;
    let orphans = if adopts { Orphans::Ours } else { Orphans::Everybodys };
    *ORPHANS.lock().unwrap_or_else(PoisonError::into_inner) = orphans;
    Ok(adopts)
}

/// Whether this process was below us before we started anybody: neither it nor anything below it is ours.
pub fn was_there_before(pid: Pid, started: u64) -> bool {
    let before = BEFORE.lock().unwrap_or_else(PoisonError::into_inner);
    before.iter().any(|seen| seen.is_at(pid, started))
}

/// Whether it is a child that we started.
pub fn is_own(pid: Pid) -> bool {
    own().contains(&pid.as_raw_nonzero().get().unsigned_abs())
}

/// Our children of those that we did not start.
fn fallen(all: &[Seen]) -> Vec<Seen> {
    let me = getpid().as_raw_nonzero().get();
    let own = own();
    all.iter().filter(|seen| seen.parent == me && !own.contains(&number(seen))).copied().collect()
}

/// Those and all below them, parents first.
fn with_all_below(those: &[Seen], all: &[Seen]) -> Vec<Seen> {
    let mut below = those.to_vec();
    let mut at = 0;
    while let Some(seen) = below.get(at).copied() {
        at += 1;
        below.extend(all.iter().filter(|other| other.parent == seen.pid.as_raw_nonzero().get()));
    }
    below
}

/// Reaps it if it has ended; whether it lives.
fn reap(seen: &Seen) -> bool {
    matches!(waitid(WaitId::Pid(seen.pid), WaitIdOptions::EXITED | WaitIdOptions::NOHANG), Ok(None))
}

/// To be called before a child of ours is forked.
pub fn starting() -> Starting {
    Starting(own())
}

/// A child of ours was waited for, or never will be.
pub fn ended(pid: u32) {
    own().remove(&pid);
}

fn own() -> MutexGuard<'static, BTreeSet<u32>> {
    OWN.lock().unwrap_or_else(PoisonError::into_inner)
}

fn number(seen: &Seen) -> u32 {
    seen.pid.as_raw_nonzero().get().unsigned_abs()
}

// === impl Sweep ===

impl Sweep {
    /// Kills all orphans there are with all below them, and reaps those that have ended. Where they cannot be told from
    /// others' it does nothing but reap. Reads all of `/proc`: for a thread of its own. Waits a moment for those that
    /// were killed.
    pub fn look(&mut self) -> Swept {
        let mut swept = Swept::default();
        let orphans = *ORPHANS.lock().unwrap_or_else(PoisonError::into_inner);
        if orphans == Orphans::Nobodys {
            return swept;
        }
        let all = keeper::all_below(getpid());
        // Looked at before the lock is taken: who is started meanwhile is in the list by then, or was not seen.
        let fell = fallen(&all);
        if orphans == Orphans::Everybodys {
            for seen in fell.iter().filter(|seen| !is_own(seen.pid)) {
                let _ = reap(seen);
            }
            return swept;
        }
        swept.found = !fell.is_empty();
        let below = with_all_below(&fell, &all);
        let killing = keeper::kill_all(&below);
        let is_new = |seen: &&Seen| !self.killed.iter().any(|before| before.is(seen));
        swept.killed = killing.killed.iter().filter(is_new).count();
        if !killing.killed.is_empty() {
            killing.wait(&AGAIN);
        }
        self.killed = killing.killed;
        for seen in fell {
            let is_seen = killing.below.iter().any(|still| still.is(&seen));
            swept.lives |= !is_seen || reap(&seen);
        }
        swept
    }
}

// === impl Starting ===

impl Starting {
    /// It is a child of ours.
    pub fn started(mut self, pid: u32) {
        self.0.insert(pid);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_swept_where_orphans_do_not_fall_to_us() {
        let mut child = std::process::Command::new("sleep").arg("1000").spawn().unwrap();
        assert_eq!(Sweep::default().look(), Swept::default());
        assert!(child.try_wait().unwrap().is_none(), "a child of ours was ended");
        child.kill().unwrap();
        child.wait().unwrap();
    }

    #[test]
    fn a_child_is_ours_from_before_it_is_there_until_it_was_waited_for() {
        let starting = starting();
        starting.started(u32::MAX);
        assert!(own().contains(&u32::MAX));
        ended(u32::MAX);
        assert!(!own().contains(&u32::MAX));
    }
}
