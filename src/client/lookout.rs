//! Who tells a client that its daemon is back.
//!
//! Invariant: it looks out before the first attempt to come back is made, so that a return between the two is told. Where
//! it cannot, it says so and never tells anything.

use std::path::Path;
use std::time::Duration;

use crate::base::Mono;
use crate::runtime;
use crate::sys::clock;
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
pub struct Watchman {
    lookout: Option<Lookout>,
    /// The daemon is away.
    is_wanted: bool,
    /// Where nobody can look out: when that was tried last.
    tried_at: Option<Mono>,
}

/// Whatever kept it from looking out may be over by then.
const TRY_AGAIN_AFTER: Duration = Duration::from_secs(1);

// === impl Watchman ===

impl Watchman {
    /// Looks out for this socket from now on, unless it does so already; whether it will tell. There is no such place for
    /// a daemon in this very process.
    pub fn look_out(&mut self, socket: &Path) -> bool {
        self.is_wanted = true;
        if self.lookout.is_none() && !socket.as_os_str().is_empty() {
            self.tried_at = Some(clock::mono());
            self.lookout = Lookout::new(socket)
                .inspect_err(|error| tracing::debug!(%error, "nobody tells when the daemon is back"))
                .ok();
        }
        self.lookout.is_some()
    }

    /// The daemon was not there: looks whether what is watched is still what lies there, and out again where it is not, or
    /// where that could not be done before. Whether it will tell, where that may have changed.
    pub fn look_again(&mut self, socket: &Path) -> Option<bool> {
        let is_due = match &self.lookout {
            Some(lookout) => !lookout.holds(),
            None => self.tried_at.is_none_or(|at| clock::mono().since(at) >= TRY_AGAIN_AFTER),
        };
        if !is_due || !self.is_wanted {
            return None;
        }
        self.end();
        Some(self.look_out(socket))
    }

    /// The daemon is there. A picture is due, and the kernel takes some hundredths of a second to end a watch.
    pub fn rest(&mut self) {
        self.is_wanted = false;
        self.end();
    }

    fn end(&mut self) {
        let lookout = self.lookout.take();
        if lookout.is_some() {
            // Where no thread can be had it ends here.
            let _ = runtime::spawn_thread("lookout-end", move || drop(lookout));
        }
    }

    /// Waits for something to tell. Safe to drop and call again.
    pub async fn sight(&mut self) -> Sight {
        let Some(lookout) = &mut self.lookout else { return std::future::pending().await };
        match lookout.seen().await {
            Ok(()) => Sight::Appeared,
            Err(_) => {
                self.lookout = None;
                Sight::Blind
            }
        }
    }
}
