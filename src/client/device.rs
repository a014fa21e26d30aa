//! A device that shows a board with nobody attached: opened, kept, and opened again whenever it was lost.
//!
//! Invariant: it runs on a thread of its own, since a device may hold up whoever opens, sets or closes it, a stalled
//! serial line for half a minute. When it is told to stop it gives the device back and ends; otherwise it never ends.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use super::bidding::Bidding;
use super::{ClientError, Daemon, Options, run_under};
use crate::event::{DeviceGone, DeviceOpened, DeviceReleased, Event as _};
use crate::label::Label;
use crate::machine::device::{Action, Device, Event};
use crate::runtime::{self, Ended, Kind, Registration, Task, timer};
use crate::sink::capability::Environment;
use crate::sink::device::{self, Look, Opened};
use crate::sys::tty::{ConsoleDefaults, Tty};
use crate::sys::{clock, confined, random};

/// What to show on which device.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Setting {
    pub path: PathBuf,
    pub look: Look,
    /// None for the first board there is.
    pub board: Option<String>,
    /// Whether its keyboard counts.
    pub input: bool,
}

/// What all devices of one daemon share.
#[derive(Clone)]
pub struct Surroundings {
    pub environment: Environment,
    pub defaults: ConsoleDefaults,
    /// A connection to the daemon within, for the device of this name.
    pub connect: Arc<Connect>,
}

type Connect = dyn Fn(&str) -> io::Result<UnixStream> + Send + Sync;

/// The client on a device, while that is open, and what releases it.
type Showing = (Task<Result<(), ClientError>>, watch::Sender<bool>);
/// How a client ended, or its task.
type Outcome = Result<Result<(), ClientError>, Ended>;

/// One device being kept.
struct Keeping {
    setting: Setting,
    surroundings: Surroundings,
    /// The path as a person reads it.
    name: String,
    machine: Device,
    jitter: random::Jitter,
    showing: Option<Showing>,
    row: Registration,
    /// How often it was opened.
    opened: u64,
    /// What the device was found to be.
    what: String,
    /// Why it is not shown on.
    why: String,
    /// Words for whoever stands in front of the device: it is there, and shows nothing.
    words: Option<String>,
    over: bool,
}

/// What woke the loop.
enum Happening {
    Stop,
    Ended(Outcome),
    Time,
}

/// Keeps one device until `stop` is true or has no sender any more. Needs a runtime on a thread of its own.
pub async fn keep(setting: Setting, surroundings: Surroundings, mut stop: watch::Receiver<bool>) {
    let name = Label::plain(&setting.path.to_string_lossy()).to_string();
    let mut keeping = Keeping {
        row: runtime::register(format!("terminal {name}"), Kind::Task),
        name,
        setting,
        surroundings,
        machine: Device::new(),
        jitter: random::Jitter::new(),
        showing: None,
        opened: 0,
        what: String::new(),
        why: String::new(),
        words: None,
        over: false,
    };
    keeping.step(Event::Begin);
    let mut stopped = false;
    while !keeping.over {
        let wake = keeping.machine.wake_at();
        let happening = tokio::select! {
            biased;
            _ = stop.wait_for(|stop| *stop), if !stopped => Happening::Stop,
            ended = ended(keeping.showing.as_mut()) => Happening::Ended(ended),
            () = timer::sleep_until_some(wake) => Happening::Time,
        };
        match happening {
            Happening::Stop => {
                stopped = true;
                keeping.step(Event::Stop);
            }
            Happening::Ended(ended) => keeping.lost(ended),
            Happening::Time => keeping.step(Event::Tick),
        }
    }
}

async fn ended(showing: Option<&mut Showing>) -> Outcome {
    match showing {
        Some((task, _)) => task.await,
        None => std::future::pending().await,
    }
}

// === impl Surroundings ===

impl std::fmt::Debug for Surroundings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Surroundings").field("environment", &self.environment).finish_non_exhaustive()
    }
}

// === impl Keeping ===

impl Keeping {
    fn step(&mut self, event: Event) {
        let mut event = Some(event);
        while let Some(next) = event.take() {
            event = self.machine.step(clock::mono(), self.jitter.draw(), next).and_then(|action| self.act(action));
        }
    }

    /// Does it; answers with what came of it, where that is known at once.
    fn act(&mut self, action: Action) -> Option<Event> {
        match action {
            Action::Open => {
                let Surroundings { environment, defaults, .. } = &self.surroundings;
                match device::open(&self.setting.path, &self.setting.look, environment, *defaults) {
                    Ok(opened) => {
                        self.show(opened);
                        return Some(Event::Opened);
                    }
                    Err(error) => {
                        let why = confined::explained(error.to_string(), &self.setting.path.to_string_lossy());
                        (self.why, self.words) = (why, None);
                        return Some(Event::Failed);
                    }
                }
            }
            Action::TellOpen { again } => DeviceOpened { device: &self.name, what: &self.what, again }.emit(),
            Action::TellGone { retry_in, again } => self.tell_gone(retry_in, again),
            Action::Release => {
                if let Some((_, release)) = &self.showing {
                    // Without a receiver it has ended by itself.
                    let _ = release.send(true);
                }
            }
            Action::End => self.over = true,
        }
        None
    }

    fn show(&mut self, opened: Opened) {
        let Opened { terminal, capabilities, what } = opened;
        self.what = what;
        self.opened += 1;
        let (now, restarts) = (clock::mono(), self.opened - 1);
        self.row.tell(|row| {
            "live".clone_into(&mut row.state);
            (row.since, row.restarts, row.next_retry) = (Some(now), restarts, None);
        });
        let options = Options {
            board: self.setting.board.clone(),
            params: BTreeMap::new(),
            theme: None,
            terminal: capabilities,
            inline: None,
            mouse: self.setting.input,
        };
        let (connect, name) = (Arc::clone(&self.surroundings.connect), self.name.clone());
        let daemon = Daemon::Here(Box::new(move || connect(&name)));
        let (release, released) = watch::channel(false);
        let bidding = Bidding::device(released, self.setting.input);
        let client = run_under(bidding, terminal, options, daemon);
        let shown = runtime::spawn_under(self.row.id(), &format!("viewer on {}", self.name), client);
        self.showing = Some((shown, release));
    }

    fn lost(&mut self, ended: Outcome) {
        self.showing = None;
        (self.why, self.words) = match ended {
            Ok(Ok(())) => ("the viewer has left".to_owned(), None),
            Ok(Err(error @ (ClientError::Gone(_) | ClientError::Terminal(_)))) => (error.to_string(), None),
            Ok(Err(error)) => (error.to_string(), Some(error.to_string())),
            Err(ended) => (ended.to_string(), Some(ended.to_string())),
        };
        self.step(Event::Lost);
        if self.over {
            DeviceReleased { device: &self.name }.emit();
        }
    }

    fn tell_gone(&mut self, retry_in: Duration, again: bool) {
        let at = clock::mono() + retry_in;
        self.row.tell(|row| {
            row.state = format!("waiting: {}", self.why);
            (row.since, row.last_fault, row.next_retry) = (None, Some(self.why.clone()), Some(at));
        });
        let retry_in_ms = u64::try_from(retry_in.as_millis()).unwrap_or(u64::MAX);
        DeviceGone { device: &self.name, why: &self.why, retry_in_ms, again }.emit();
        // Once: it stands there until the board comes.
        if let Some(words) = self.words.take().filter(|_| !again) {
            self.say(&words);
        }
    }

    /// Writes a line on the device, if it takes one at once.
    fn say(&self, words: &str) {
        let Ok(tty) = Tty::open(&self.setting.path.to_string_lossy()) else { return };
        let _ = (&tty).write(format!("\r\nunblink: {}\r\n", Label::plain(words)).as_bytes());
    }
}

#[cfg(test)]
mod tests;
