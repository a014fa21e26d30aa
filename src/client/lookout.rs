//! Who tells a client that its daemon is back.
//!
//! Invariant: it looks out before the first attempt to come back is made, so that a return between the two is told. Where
//! it cannot, it says so and never tells anything.

use std::path::Path;

use crate::sys::lookout::Lookout;

/// What it has to tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sight {
    /// There is a socket in the daemon's place.
    Appeared,
    /// It looks out no more.
    Blind,
}

/// A lookout while the daemon is away.
#[derive(Debug, Default)]
pub struct Watchman(Option<Lookout>);

// === impl Watchman ===

impl Watchman {
    /// Looks out for this socket from now on, unless it does so already; whether it will tell. There is no such place for
    /// a daemon in this very process.
    pub fn look_out(&mut self, socket: &Path) -> bool {
        if self.0.is_none() && !socket.as_os_str().is_empty() {
            self.0 = Lookout::new(socket)
                .inspect_err(|error| tracing::debug!(%error, "nobody tells when the daemon is back"))
                .ok();
        }
        self.0.is_some()
    }

    /// The daemon is there.
    pub fn rest(&mut self) {
        self.0 = None;
    }

    /// Waits for something to tell. Safe to drop and call again.
    pub async fn sight(&mut self) -> Sight {
        let Some(lookout) = &mut self.0 else { return std::future::pending().await };
        match lookout.seen().await {
            Ok(()) => Sight::Appeared,
            Err(_) => {
                self.0 = None;
                Sight::Blind
            }
        }
    }
}
