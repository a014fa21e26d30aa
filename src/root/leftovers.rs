//! The thread that ends what dead workers left running.
//!
//! Invariant: root's loop never waits for it. It looks soon after a worker has died, until nothing is left, and now and
//! then for what lost its keeper while its worker lives.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;

use crate::base::{Mono, limits};
use crate::event::{Event as _, LeftoversEnded, LeftoversStay};
use crate::machine::supervise::{Shutdown, Spec};
use crate::runtime::supervisor::{Fault, Line, Supervisor};
use crate::runtime::{self, timer};
use crate::sys::clock;
use crate::sys::sweep::{self, Sweep, Swept};

/// Has the thread look.
#[derive(Clone, Debug)]
pub struct Sweeper(Arc<Notify>);

/// Between two looks nobody asked for: one reads all of `/proc`, some milliseconds of work.
const LOOK_EVERY: Duration = Duration::from_secs(30);
/// Until the look after a death: whoever takes the dead one's place draws meanwhile, at once or after its first pause, and
/// keepers end their commands by themselves.
const LOOK_AFTER_DEATH: Duration = Duration::from_millis(250);
/// Between two looks while something is left, at first, and twice as long from one to the next: the kernel may take its
/// time to end what waits for a disk, or for ever.
const LOOK_SOON: Duration = Duration::from_millis(100);
/// What lives after so many looks is told of.
const LOOKS_BEFORE_WORDS: u32 = 5;

/// After this the daemon takes no further look at its own end: whoever insists on it waits no longer. One at least is taken.
const LAST_LOOKS_FOR: Duration = Duration::from_millis(50);

/// Ends what is left when the daemon ends. Blocks for a moment.
pub fn last_look() {
    let until = clock::mono() + LAST_LOOKS_FOR;
    let mut sweep = Sweep::default();
    let processes = looks(|| sweep.look(), || clock::mono() < until);
    if processes > 0 {
        LeftoversEnded { processes }.emit();
    }
}

/// Looks until nothing is found, or there is no time; how many were killed.
fn looks(mut look: impl FnMut() -> Swept, mut has_time: impl FnMut() -> bool) -> usize {
    let mut processes = 0;
    loop {
        let swept = look();
        processes += swept.killed;
        if !swept.found || !has_time() {
            return processes;
        }
    }
}

/// When to look again.
#[derive(Debug)]
struct Pauses {
    due: Mono,
    /// Looks since those that live were killed.
    in_vain: u32,
}

// === impl Pauses ===

impl Pauses {
    /// A thread before this one may have been in the middle of a look.
    fn begun(now: Mono) -> Pauses {
        Pauses { due: now + LOOK_SOON, in_vain: 0 }
    }

    /// A worker has died. However many do, the look is not put off.
    fn died(&mut self, now: Mono) {
        self.due = self.due.min(now + LOOK_AFTER_DEATH);
    }

    /// Whether to look again at once.
    fn looked(&mut self, swept: Swept, now: Mono) -> bool {
        let pause = self.after(swept);
        self.due = now + pause.unwrap_or_default();
        pause.is_none()
    }

    /// None where the next look is due at once.
    fn after(&mut self, swept: Swept) -> Option<Duration> {
        if !swept.found {
            self.in_vain = 0;
            return Some(LOOK_EVERY);
        }
        if swept.killed > 0 || !swept.lives {
            self.in_vain = 0;
            return None;
        }
        self.in_vain = self.in_vain.saturating_add(1);
        Some(LOOK_SOON.saturating_mul(1 << (self.in_vain - 1).min(16)).min(LOOK_EVERY))
    }

    /// Whether it is time to say that something does not end; once of each.
    fn are_in_vain(&self) -> bool {
        self.in_vain == LOOKS_BEFORE_WORDS
    }
}

// === impl Sweeper ===

impl Sweeper {
    /// Has orphans fall to this process, and a thread under `top` that ends them.
    pub fn start(top: &Supervisor) -> io::Result<Sweeper> {
        if !sweep::adopt()? {
            tracing::warn!(
                "children that are not the daemon's were there before it, or it is the first process of a container: what \
                 a dead worker leaves running is not ended, but for the commands that keepers end, and whatever was \
                 started since and has lost its parents is refused at the sockets, whosever it is"
            );
        }
        let asked = Arc::new(Notify::new());
        let sweeper = Sweeper(Arc::clone(&asked));
        let spec = Spec::transient("sweeper").stopped(Shutdown::Within(limits::RELEASE_DEADLINE));
        top.thread(spec, move |line| {
            let asked = Arc::clone(&asked);
            move || {
                runtime::block_on(sweep_on(&asked, &line)).map_err(|error| Fault(format!("cannot be started: {error}")))
            }
        });
        Ok(sweeper)
    }

    /// A worker has died: the look comes soon after.
    pub fn look(&self) {
        self.0.notify_one();
    }
}

async fn sweep_on(asked: &Notify, line: &Line) {
    // Whom it killed before is not told of anew.
    let (mut sweep, mut pauses) = (Sweep::default(), Pauses::begun(clock::mono()));
    loop {
        tokio::select! {
            () = asked.notified() => {
                pauses.died(clock::mono());
                continue;
            }
            () = timer::sleep_until(pauses.due) => {}
            () = line.stopped() => return,
        }
        let mut processes = 0;
        let mut again = true;
        while again {
            let swept = sweep.look();
            processes += swept.killed;
            again = pauses.looked(swept, clock::mono());
        }
        if processes > 0 {
            LeftoversEnded { processes }.emit();
        }
        if pauses.are_in_vain() {
            LeftoversStay.emit();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOTHING: Swept = Swept { killed: 0, found: false, lives: false };
    const KILLED: Swept = Swept { killed: 1, found: true, lives: true };
    const LIVES: Swept = Swept { killed: 0, found: true, lives: true };
    const REAPED: Swept = Swept { killed: 0, found: true, lives: false };

    #[test]
    fn what_does_not_end_is_looked_at_ever_less_and_told_of_once() {
        let mut pauses = Pauses::begun(Mono(0));
        assert_eq!(pauses.after(KILLED), None);
        let (mut spans, mut words) = (Vec::new(), 0);
        for _ in 0..100 {
            spans.push(pauses.after(LIVES).expect("it has been looked at already").as_millis());
            words += u32::from(pauses.are_in_vain());
        }
        assert_eq!(spans[..10], [100, 200, 400, 800, 1_600, 3_200, 6_400, 12_800, 25_600, 30_000]);
        assert_eq!((spans[99], words), (30_000, 1));
        // Another one is ended at once.
        assert_eq!(pauses.after(KILLED), None);
        assert_eq!(pauses.after(LIVES), Some(LOOK_SOON));
        assert_eq!(pauses.after(REAPED), None, "what it started falls to us next");
        assert_eq!(pauses.after(NOTHING), Some(LOOK_EVERY));
    }

    #[test]
    fn a_look_comes_soon_after_a_death_and_no_later_however_many_follow() {
        let ms = Duration::from_millis;
        let mut pauses = Pauses::begun(Mono(0));
        assert_eq!(pauses.due, Mono(0) + LOOK_SOON);
        let mut now = pauses.due;
        assert!(!pauses.looked(NOTHING, now));
        assert_eq!(pauses.due, now + LOOK_EVERY);
        // One worker after the other.
        let first = now + ms(1_000);
        for death in 0..100 {
            pauses.died(first + ms(10) * death);
        }
        assert_eq!(pauses.due, first + LOOK_AFTER_DEATH);
        // One that dies during a look is looked after again.
        now = pauses.due;
        assert!(pauses.looked(KILLED, now) && !pauses.looked(NOTHING, now));
        pauses.died(now);
        assert_eq!(pauses.due, now + LOOK_AFTER_DEATH);
        // What does not end waits no longer for its next look than a death does.
        (0..10).for_each(|_| assert!(!pauses.looked(LIVES, now)));
        assert_eq!(pauses.due, now + LOOK_EVERY);
        pauses.died(now);
        assert_eq!(pauses.due, now + LOOK_AFTER_DEATH);
    }

    #[test]
    fn the_last_looks_end_with_what_they_find_or_with_their_time() {
        let mut left = [KILLED, LIVES, NOTHING, KILLED].into_iter();
        assert_eq!(looks(|| left.next().expect("one more look"), || true), 1);
        assert_eq!(left.next(), Some(KILLED), "it looked on");
        let mut time = 3;
        let killed = looks(
            || KILLED,
            || {
                time -= 1;
                time > 0
            },
        );
        assert_eq!((killed, time), (3, 0));
    }
}
