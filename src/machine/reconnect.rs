//! What an attached client does when its daemon goes away: keep the last frame, say so, come back.
//!
//! Invariant: once the daemon was reached the machine never gives up by itself; only the viewer, or a daemon that
//! refuses for good, ends it. While it waits it says how old the picture is. It must not touch a socket or a screen.

use std::time::Duration;

use super::backoff::Backoff;
use crate::base::Mono;

/// First pause between two attempts: a daemon that restarts is back within a few of these.
const RETRY_FIRST: Duration = Duration::from_millis(100);
/// Longest pause between two attempts: a wallboard should not stay behind for longer.
const RETRY_MAX: Duration = Duration::from_secs(5);
/// A connection that held this long was a good one: the next attempt goes out at once.
const HEALTHY_AFTER: Duration = Duration::from_secs(5);
/// Time the daemon has to answer our greeting; a stopped process accepts connections too.
const WELCOME_DEADLINE: Duration = Duration::from_secs(10);
/// A gap shorter than this shows no banner: nobody wants to see one flash by.
const BANNER_AFTER: Duration = Duration::from_millis(250);
const SECOND: Duration = Duration::from_secs(1);

/// The connection of one client over its whole life.
#[derive(Debug)]
pub struct Reconnect {
    phase: Phase,
    backoff: Backoff,
    /// A connection was made at least once: from then on we come back for ever.
    reached: bool,
    last_frame: Option<Mono>,
    /// Since when nothing current is on screen; none while frames arrive.
    blind_since: Option<Mono>,
    /// What the daemon said before it went, for the banner.
    said: Option<Parting>,
    /// The banner on screen.
    banner: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Connecting,
    /// Connected, not yet welcomed.
    Greeting {
        deadline: Mono,
    },
    Live {
        since: Mono,
    },
    Waiting {
        until: Mono,
    },
    Over,
}

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    Connected,
    /// The attempt failed.
    Failed,
    Welcomed,
    /// A frame is on its way to the screen.
    Framed,
    /// The connection ended or broke.
    Lost,
    Parted(Parting),
    /// Somebody asked for a new connection.
    Kicked,
    /// The viewer wants to leave.
    Quit,
    /// The time asked for by `wake_at` has come.
    Tick,
}

/// Why a daemon ends a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Parting {
    Stopping,
    Full,
    Protocol,
    NoSuchBoard,
    NotAllowed,
    Version,
    Quit,
}

/// What to do about it, in this order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Drop the connection there is.
    Hangup,
    Connect,
    /// Paint this over the last row.
    Banner(String),
    End(End),
}

/// How it ended; nothing follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    Quit,
    /// No daemon at the first start: a wrong path is better told than tried for ever.
    Unreachable,
    Refused(Parting),
}

// === impl Reconnect ===

impl Reconnect {
    /// A client that starts: the first action is to connect.
    pub fn new(now: Mono) -> (Reconnect, Action) {
        let machine = Reconnect {
            phase: Phase::Connecting,
            backoff: Backoff::new(RETRY_FIRST, RETRY_MAX),
            reached: false,
            last_frame: None,
            blind_since: Some(now),
            said: None,
            banner: None,
        };
        (machine, Action::Connect)
    }

    /// `random` spreads the attempts of many clients.
    pub fn step(&mut self, now: Mono, random: u64, event: Event) -> Vec<Action> {
        let mut actions = Vec::new();
        match (self.phase, event) {
            (Phase::Over, _) => return actions,
            (_, Event::Quit) => self.end(End::Quit, &mut actions),
            (Phase::Connecting, Event::Connected) => {
                self.reached = true;
                self.phase = Phase::Greeting { deadline: now + WELCOME_DEADLINE };
            }
            (Phase::Connecting, Event::Failed) if self.reached => self.wait(now, random),
            (Phase::Connecting, Event::Failed) => self.end(End::Unreachable, &mut actions),
            (Phase::Greeting { .. }, Event::Welcomed) => self.phase = Phase::Live { since: now },
            (Phase::Live { .. }, Event::Framed) => {
                self.last_frame = Some(now);
                self.blind_since = None;
                self.said = None;
                self.banner = None;
            }
            (Phase::Greeting { .. } | Phase::Live { .. }, Event::Lost) => self.lost(now, random, &mut actions),
            (Phase::Greeting { .. } | Phase::Live { .. }, Event::Parted(parting)) => {
                self.parted(now, random, parting, &mut actions);
            }
            (Phase::Greeting { .. } | Phase::Live { .. }, Event::Kicked) => {
                actions.push(Action::Hangup);
                self.blind_since.get_or_insert(now);
                self.connect(&mut actions);
            }
            (Phase::Waiting { .. }, Event::Kicked) => self.connect(&mut actions),
            (Phase::Waiting { until }, Event::Tick) if now >= until => self.connect(&mut actions),
            (Phase::Greeting { deadline }, Event::Tick) if now >= deadline => self.lost(now, random, &mut actions),
            _ => {}
        }
        self.show_banner(now, &mut actions);
        actions
    }

    /// When `Event::Tick` is due; none while there is nothing to wait for.
    pub fn wake_at(&self, now: Mono) -> Option<Mono> {
        let phase = match self.phase {
            Phase::Connecting | Phase::Live { .. } => None,
            Phase::Greeting { deadline } => Some(deadline),
            Phase::Waiting { until } => Some(until),
            Phase::Over => return None,
        };
        let banner = self.blind_since.and_then(|since| {
            let first = since + BANNER_AFTER;
            if now < first {
                return Some(first);
            }
            self.last_frame.map(|frame| frame + SECOND * (whole_seconds(now, frame).saturating_add(1)))
        });
        [phase, banner].into_iter().flatten().min()
    }

    /// Whether a connection stands or is being greeted.
    pub fn is_connected(&self) -> bool {
        matches!(self.phase, Phase::Greeting { .. } | Phase::Live { .. })
    }

    /// What must be painted over the last row again after the screen was repainted from memory.
    pub fn banner(&self) -> Option<&str> {
        self.banner.as_deref()
    }

    fn lost(&mut self, now: Mono, random: u64, actions: &mut Vec<Action>) {
        actions.push(Action::Hangup);
        self.blind_since.get_or_insert(now);
        match self.phase {
            Phase::Live { since } if now.since(since) >= HEALTHY_AFTER => {
                self.backoff.reset();
                self.connect(actions);
            }
            _ => self.wait(now, random),
        }
    }

    fn parted(&mut self, now: Mono, random: u64, parting: Parting, actions: &mut Vec<Action>) {
        let welcomed = matches!(self.phase, Phase::Live { .. });
        let for_good = match parting {
            Parting::Stopping | Parting::Full => false,
            // A daemon that never understood us will not do so later; a slip in between may not come again.
            Parting::Protocol => !welcomed,
            Parting::NoSuchBoard | Parting::NotAllowed | Parting::Version | Parting::Quit => true,
        };
        actions.push(Action::Hangup);
        if for_good {
            let end = if parting == Parting::Quit { End::Quit } else { End::Refused(parting) };
            self.end(end, actions);
        } else {
            self.said = Some(parting);
            self.blind_since.get_or_insert(now);
            self.wait(now, random);
        }
    }

    fn connect(&mut self, actions: &mut Vec<Action>) {
        self.phase = Phase::Connecting;
        actions.push(Action::Connect);
    }

    fn wait(&mut self, now: Mono, random: u64) {
        self.phase = Phase::Waiting { until: now + self.backoff.next(random) };
    }

    fn end(&mut self, end: End, actions: &mut Vec<Action>) {
        self.phase = Phase::Over;
        actions.push(Action::End(end));
    }

    fn show_banner(&mut self, now: Mono, actions: &mut Vec<Action>) {
        let Some(since) = self.blind_since else { return };
        if self.phase == Phase::Over || now.since(since) < BANNER_AFTER {
            return;
        }
        let text = self.banner_text(now);
        if self.banner.as_ref() != Some(&text) {
            self.banner = Some(text.clone());
            actions.push(Action::Banner(text));
        }
    }

    fn banner_text(&self, now: Mono) -> String {
        let said = match self.said {
            Some(Parting::Stopping) => "the daemon stopped · ",
            Some(Parting::Full) => "the daemon has no room for another viewer · ",
            _ => "",
        };
        match (self.phase, self.last_frame) {
            (Phase::Live { .. }, None) => "connected · waiting for the first frame".to_owned(),
            (Phase::Live { .. }, Some(frame)) => {
                format!("connected · waiting for a frame · last frame {} old", age(now, frame))
            }
            (_, None) => format!("{said}connecting · no frame yet"),
            (_, Some(frame)) => format!("{said}reconnecting · last frame {} old", age(now, frame)),
        }
    }
}

fn whole_seconds(now: Mono, then: Mono) -> u32 {
    u32::try_from(now.since(then).as_secs()).unwrap_or(u32::MAX - 1)
}

/// An age as people say it, in its two largest units.
pub fn age(now: Mono, then: Mono) -> String {
    let seconds = whole_seconds(now, then);
    let (minutes, hours, days) = (seconds / 60, seconds / 3_600, seconds / 86_400);
    match (days, hours, minutes) {
        (0, 0, 0) => format!("{seconds} s"),
        (0, 0, _) => format!("{minutes} min {} s", seconds % 60),
        (0, _, _) => format!("{hours} h {} min", minutes % 60),
        _ => format!("{days} d {} h", hours % 24),
    }
}

#[cfg(test)]
mod tests;
