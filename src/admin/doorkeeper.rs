//! Who may come in at a socket of the daemon, and what those cost who may not.
//!
//! Invariant: nothing that the daemon started gets in, nor anybody of whom that cannot be told. However fast such ones
//! come, looks at them take root a bounded small share of its time, and their log a line a second.

use std::time::Duration;

use tokio::net::UnixStream;

use super::Admits;
use crate::base::{Mono, limits};
use crate::event::{DescendantRefused, Event as _, KinshipUntold};
use crate::runtime::timer;
use crate::sys::ancestry::{self, Finding, Kinship, Untold};
use crate::sys::clock;
use crate::sys::socket::{self, Peer};

/// That of one socket.
#[derive(Debug)]
pub struct Doorkeeper {
    socket: &'static str,
    admits: Admits,
    /// When the second began in which those were refused.
    second: Option<Mono>,
    refused: u32,
    /// What the last one cost, where there were many in this second.
    tired: Duration,
    /// When the log last told of one, and how many came since.
    told: Option<Mono>,
    untold: u64,
}

/// Why somebody is not let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The daemon is not for that user.
    Other,
    Descendant,
    /// It may be let in another time.
    Untold(Untold),
}

const SECOND: Duration = Duration::from_secs(1);

// === impl Doorkeeper ===

impl Doorkeeper {
    pub fn new(socket: &'static str, admits: Admits) -> Doorkeeper {
        Doorkeeper { socket, admits, second: None, refused: 0, tired: Duration::ZERO, told: None, untold: 0 }
    }

    /// Who connected, if that one may. After each one that may not, [`Doorkeeper::rest`] is waited for.
    pub fn look(&mut self, stream: &UnixStream) -> Result<Peer, Refusal> {
        let now = clock::mono();
        let Some(peer) = socket::peer(stream).ok().filter(self.admits) else {
            self.refuse(now, 0);
            return Err(Refusal::Other);
        };
        let Finding { kinship, reads } = ancestry::of(stream, &peer);
        let refusal = match kinship {
            Kinship::Stranger => return Ok(peer),
            Kinship::Descendant => Refusal::Descendant,
            Kinship::Untold(why) => Refusal::Untold(why),
        };
        self.refuse(now, reads);
        self.tell(now, refusal, &peer);
        Err(refusal)
    }

    /// Lets others go on, and gives them the time that they lost.
    pub async fn rest(&mut self) {
        let tired = std::mem::take(&mut self.tired);
        if tired.is_zero() { tokio::task::yield_now().await } else { timer::sleep(tired).await }
    }

    /// One more for whom so many processes were read.
    fn refuse(&mut self, now: Mono, reads: u32) {
        if self.second.is_none_or(|begun| now.since(begun) >= SECOND) {
            (self.second, self.refused) = (Some(now), 0);
        }
        self.refused += 1;
        self.tired = match self.refused > limits::REFUSALS_HZ_MAX {
            true => limits::REFUSAL_REST * reads.max(1),
            false => Duration::ZERO,
        };
    }

    fn tell(&mut self, now: Mono, refusal: Refusal, peer: &Peer) {
        let since = self.more_to_tell(now);
        let (socket, uid, pid) = (self.socket, peer.uid, peer.pid);
        match refusal {
            Refusal::Other => {}
            Refusal::Descendant => DescendantRefused { socket, uid, pid, since }.emit(),
            Refusal::Untold(why) => KinshipUntold { socket, uid, pid, why, since }.emit(),
        }
    }

    /// None where nothing is to be said of this one; else how many there were since something was said.
    fn more_to_tell(&mut self, now: Mono) -> Option<u64> {
        if self.told.is_some_and(|told| now.since(told) < SECOND) {
            self.untold += 1;
            return None;
        }
        self.told = Some(now);
        Some(std::mem::take(&mut self.untold))
    }
}

// === impl Refusal ===

impl Refusal {
    /// What whoever is refused hears.
    pub fn text(&self) -> String {
        match self {
            Refusal::Other => "this daemon is for the user who started it".to_owned(),
            Refusal::Descendant => ancestry::REFUSAL.to_owned(),
            Refusal::Untold(why) => {
                format!("whether the daemon started who asks cannot be told now, so ask again: {why}")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;
    use crate::runtime;

    fn keeper() -> Doorkeeper {
        Doorkeeper::new("test", |_| true)
    }

    #[tokio::test(start_paused = true)]
    async fn whoever_is_refused_again_and_again_leaves_the_others_nearly_all_of_the_time() {
        let mut keeper = keeper();
        let each = limits::REFUSAL_REST * limits::ANCESTRY_READS_MAX;
        let rounds = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&rounds);
        let others = runtime::spawn("others", async move {
            loop {
                counted.fetch_add(1, Ordering::Relaxed);
                let _ = timer::timeout(each / 4, std::future::pending::<()>()).await;
            }
        });
        let (begun, mut at_once) = (clock::mono(), 0);
        for _ in 0..200 {
            let (before, at) = (rounds.load(Ordering::Relaxed), clock::mono());
            keeper.refuse(at, limits::ANCESTRY_READS_MAX);
            keeper.rest().await;
            if clock::mono() == at {
                at_once += 1;
            } else {
                assert!(rounds.load(Ordering::Relaxed) >= before + 3, "nobody else had a turn");
            }
        }
        others.abort();
        let seconds = usize::try_from(clock::mono().since(begun).as_secs()).unwrap();
        let most = limits::REFUSALS_HZ_MAX as usize * (seconds + 1);
        assert!((1..=most).contains(&at_once), "{at_once} of 200 cost nothing in {seconds} s");
        assert!(clock::mono().since(begun) >= each * (200 - u32::try_from(most).unwrap()));
    }

    #[test]
    fn the_log_tells_of_the_first_one_and_then_once_a_second_of_how_many_more() {
        let mut keeper = keeper();
        let at = |ms| Mono(0) + Duration::from_millis(ms);
        let said: Vec<_> = (0..3_000).filter_map(|ms| keeper.more_to_tell(at(ms))).collect();
        assert_eq!(said, [0, 999, 999]);
        assert_eq!(keeper.more_to_tell(at(60_000)), Some(999));
    }
}
