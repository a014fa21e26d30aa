//! Token and certificate, read anew while the daemon runs.
//!
//! Invariant: nobody waits longer than a moment for the disk; until what is new was read whole, what was read before serves.
//! Nothing is read while nobody comes.

use tokio::sync::oneshot;
use tokio::sync::oneshot::error::TryRecvError;

use crate::base::{Mono, limits};
use crate::config;
use crate::config::admin::{Credentials, PortSettings, Trouble};
use crate::event::{CredentialsOpenToAll, CredentialsUnread, Event as _};
use crate::runtime::{self, timer};
use crate::sys::clock;

/// The newest that were read.
#[derive(Debug)]
pub struct Keyring {
    settings: PortSettings,
    credentials: Credentials,
    /// None before they were read anew.
    read_at: Option<Mono>,
    /// Under way, and whether somebody has waited for it already.
    reading: Option<(oneshot::Receiver<Result<Credentials, Trouble>>, bool)>,
    /// The log knows.
    is_told: bool,
}

// === impl Keyring ===

impl Keyring {
    /// Of what was read when the daemon started; whoever comes first has it read anew, since that may be long ago.
    pub fn new(settings: PortSettings, credentials: Credentials) -> Keyring {
        if let Some(path) = &credentials.open_to_all {
            CredentialsOpenToAll { path }.emit();
        }
        Keyring { settings, credentials, read_at: None, reading: None, is_told: false }
    }

    /// For whoever comes now.
    pub async fn current(&mut self) -> Credentials {
        let now = clock::mono();
        let is_old = self.read_at.is_none_or(|at| now.since(at) >= limits::CREDENTIALS_AGE_MAX);
        if self.reading.is_none() && is_old {
            self.read_at = Some(now);
            self.begin();
        }
        if let Some((mut reading, is_late)) = self.reading.take() {
            let outcome = match is_late {
                // Where the disk does not answer one waits for that, and no more.
                false => match timer::timeout(limits::CREDENTIALS_DEADLINE, &mut reading).await {
                    Ok(ended) => ended.map_err(|_| TryRecvError::Closed),
                    Err(_) => Err(TryRecvError::Empty),
                },
                true => reading.try_recv(),
            };
            match outcome {
                Ok(outcome) => self.take(outcome),
                Err(TryRecvError::Empty) => self.reading = Some((reading, true)),
                // It panicked, which the log tells of.
                Err(TryRecvError::Closed) => {}
            }
        }
        self.credentials.clone()
    }

    /// As if nobody had come for long.
    #[cfg(test)]
    pub fn grow_old(&mut self) {
        self.read_at = None;
    }

    fn begin(&mut self) {
        let (done, reading) = oneshot::channel();
        let settings = self.settings.clone();
        let read = move || drop(done.send(Credentials::read(&settings, config::environment)));
        // Where no thread can be started it is tried again with one who comes later.
        if runtime::spawn_thread("admin-credentials", read).is_ok() {
            self.reading = Some((reading, false));
        }
    }

    fn take(&mut self, outcome: Result<Credentials, Trouble>) {
        match outcome {
            Ok(credentials) => {
                self.credentials = credentials;
                self.is_told = false;
            }
            Err(trouble) => {
                if !std::mem::replace(&mut self.is_told, true) {
                    CredentialsUnread { why: &trouble.to_string() }.emit();
                }
            }
        }
    }
}
