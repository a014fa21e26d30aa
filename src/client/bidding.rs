//! Who tells a client from outside what to do: signals, for a person's process; for a device whoever opened it, and
//! the time, since nobody sends a signal when a device changes its size.
//!
//! Invariant: [`Bidding::next`] may be dropped at any await and called again; nothing is lost, and no look at the size
//! is put off by what happens in between.

use std::time::Duration;

use tokio::sync::watch;

use crate::base::Mono;
use crate::runtime::timer;
use crate::sys::clock;
use crate::sys::signal::{Signal, Signals};

/// Where bids come from.
#[derive(Debug)]
pub enum Bidding {
    Signals(Signals),
    Device {
        /// True, or no sender any more: give the device back.
        released: watch::Receiver<bool>,
        /// Whether its keyboard counts.
        input: bool,
        look_at: Mono,
    },
}

/// One bid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bid {
    Signal(Signal),
    Release,
    /// The terminal may have another size by now.
    LookAtSize,
}

/// Between two looks at a device's size: one cheap question, and a person waits no longer for the picture to fit.
const LOOK_EVERY: Duration = Duration::from_secs(1);

// === impl Bidding ===

impl Bidding {
    pub fn device(released: watch::Receiver<bool>, input: bool) -> Bidding {
        Bidding::Device { released, input, look_at: clock::mono() + LOOK_EVERY }
    }

    /// The next bid.
    pub async fn next(&mut self) -> Bid {
        match self {
            Bidding::Signals(signals) => Bid::Signal(signals.next().await),
            Bidding::Device { released, look_at, .. } => {
                tokio::select! {
                    biased;
                    // Whoever could release it is gone: that is a release too.
                    _ = released.wait_for(|released| *released) => Bid::Release,
                    () = timer::sleep_until(*look_at) => {
                        *look_at = clock::mono() + LOOK_EVERY;
                        Bid::LookAtSize
                    }
                }
            }
        }
    }

    /// Whether what is typed counts.
    pub fn heeds_keys(&self) -> bool {
        matches!(self, Bidding::Signals(_) | Bidding::Device { input: true, .. })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_busy_client_still_looks_at_the_size() {
        let (_release, released) = watch::channel(false);
        let mut bidding = Bidding::device(released, false);
        let mut looks = 0;
        for _ in 0..100 {
            // Something else happens every 100 ms.
            if timer::timeout(Duration::from_millis(100), bidding.next()).await == Ok(Bid::LookAtSize) {
                looks += 1;
            }
        }
        assert!((8..=10).contains(&looks), "{looks} looks in 10 s");
    }

    #[tokio::test]
    async fn a_release_goes_first_and_stays() {
        let (release, released) = watch::channel(false);
        let mut bidding = Bidding::device(released.clone(), true);
        release.send(true).unwrap();
        assert_eq!([bidding.next().await, bidding.next().await], [Bid::Release, Bid::Release]);
        let mut orphan = Bidding::device(released, true);
        drop(release);
        assert_eq!(orphan.next().await, Bid::Release);
    }
}
