//! What an attached client does when its daemon goes away: keep the last frame, say so, come back.
//!
//! Invariant: once a daemon has answered the machine never gives up by itself; only the viewer, or a daemon that
//! refuses for good, ends it. Whenever the picture is not current it says how old it is. It must not touch a socket or
//! a screen.

use std::time::Duration;

use super::backoff::Backoff;
use super::liveness::{self, Finding, Liveness};
use crate::base::Mono;

/// First pause between two attempts: a daemon that restarts is back within a few of these.
const RETRY_FIRST: Duration = Duration::from_millis(100);
/// Longest pause between two attempts: a wallboard should not stay behind for longer.
const RETRY_MAX: Duration = Duration::from_secs(5);
/// Longest pause between two attempts while nobody would tell that the daemon is back, and it has not been gone for long:
/// a try at a socket that nobody listens at takes some microseconds.
const UNTOLD_RETRY: Duration = Duration::from_millis(75);
/// A restart takes less.
const UNTOLD_FOR: Duration = Duration::from_secs(60);
/// Many clients may have lost the same daemon, and all see it come back at one moment: they go there within this time, so
/// that 500 of them are twenty in each millisecond. A worker takes as long until it draws.
const RETURN_SPREAD: Duration = Duration::from_millis(25);
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
    /// A daemon answered at least once: from then on we come back for ever.
    known: bool,
    /// Of the daemon that welcomed us, where it answers pings.
    liveness: Option<Liveness>,
    /// Somebody looks out for the daemon, and tells when it is back.
    is_told: bool,
    /// It came back while we were at the door already.
    appeared: bool,
    gone_since: Option<Mono>,
    last_frame: Option<Mono>,
    /// Since when nothing current is on screen; none while frames arrive.
    blind_since: Option<Mono>,
    /// What the daemon said before it went, for the banner.
    said: Option<Parting>,
    /// How the last connection was lost, for the banner, where that is worth saying.
    loss: Option<Loss>,
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
    Welcomed {
        answers_pings: bool,
    },
    /// Bytes came.
    Heard,
    /// From now on what comes is read at once, or is not.
    Listening(bool),
    /// A frame is on its way to the screen.
    Framed,
    /// The connection ended or broke.
    Lost(Loss),
    Parted(Parting),
    /// From now on `Appeared` is told, or is not.
    LookedOutFor(bool),
    /// There is a daemon where one was lost.
    Appeared,
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
    /// It cannot tell who asks, at the moment.
    Unclear,
    Protocol,
    NoSuchBoard,
    NotAllowed,
    Version,
    Quit,
}

/// How a connection comes to be useless.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Loss {
    /// It was closed, or broke.
    Closed,
    /// What came over it was no message, or not one for its time.
    Garbled,
    /// Nothing came over it any more, or ever.
    Silent,
}

/// What to do about it, in this order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Drop the connection there is.
    Hangup,
    Connect,
    /// Ask the daemon for a sign of life.
    Ping,
    /// Ask the daemon for the whole picture: a banner lies on it that it knows nothing of.
    Repaint,
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
    /// Something took the first connection, but no daemon spoke: a wrong path too, most likely.
    NoDaemon(Loss),
    Refused(Parting),
}

// === impl Reconnect ===

impl Reconnect {
    /// A client that starts: the first action is to connect.
    pub fn new(now: Mono) -> (Reconnect, Action) {
        let machine = Reconnect {
            phase: Phase::Connecting,
            backoff: Backoff::new(RETRY_FIRST, RETRY_MAX),
            known: false,
            liveness: None,
            is_told: false,
            appeared: false,
            gone_since: None,
            last_frame: None,
            blind_since: Some(now),
            said: None,
            loss: None,
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
                self.phase = Phase::Greeting { deadline: now + WELCOME_DEADLINE };
            }
            (Phase::Connecting, Event::Failed) if self.known => {
                self.loss = None;
                self.failed(now, random);
            }
            (Phase::Connecting, Event::Failed) => self.end(End::Unreachable, &mut actions),
            (Phase::Greeting { .. }, Event::Welcomed { answers_pings }) => {
                self.known = true;
                self.gone_since = None;
                // It says nothing of the next loss.
                self.appeared = false;
                self.liveness = answers_pings.then(|| Liveness::new(now));
                self.phase = Phase::Live { since: now };
            }
            (Phase::Live { .. }, Event::Heard) => self.watch(now, random, liveness::Event::Heard, &mut actions),
            (Phase::Live { .. }, Event::Tick) => self.watch(now, random, liveness::Event::Tick, &mut actions),
            (Phase::Live { .. }, Event::Listening(listening)) => {
                self.watch(now, random, liveness::Event::Listening(listening), &mut actions);
            }
            (Phase::Live { .. }, Event::Framed) => {
                self.last_frame = Some(now);
                self.blind_since = None;
                self.said = None;
                self.loss = None;
                self.banner = None;
            }
            (Phase::Greeting { .. } | Phase::Live { .. }, Event::Lost(loss)) => {
                self.lost(now, random, loss, &mut actions);
            }
            (Phase::Greeting { .. } | Phase::Live { .. }, Event::Parted(parting)) => {
                self.parted(now, random, parting, &mut actions);
            }
            (Phase::Greeting { .. } | Phase::Live { .. }, Event::Kicked) => {
                self.hang_up(now, &mut actions);
                self.connect(&mut actions);
            }
            (_, Event::LookedOutFor(is_told)) => self.is_told = is_told,
            (Phase::Connecting | Phase::Greeting { .. }, Event::Appeared) => self.appeared = true,
            (Phase::Waiting { until }, Event::Appeared) => {
                let until = until.min(now + within(RETURN_SPREAD, random));
                self.backoff.reset();
                self.phase = Phase::Waiting { until };
            }
            (Phase::Waiting { .. }, Event::Kicked) => self.connect(&mut actions),
            (Phase::Waiting { until }, Event::Tick) if now >= until => self.connect(&mut actions),
            (Phase::Greeting { deadline }, Event::Tick) if now >= deadline => {
                self.lost(now, random, Loss::Silent, &mut actions);
            }
            _ => {}
        }
        self.show_banner(now, &mut actions);
        actions
    }

    /// When `Event::Tick` is due; none while there is nothing to wait for.
    pub fn wake_at(&self, now: Mono) -> Option<Mono> {
        let phase = match self.phase {
            Phase::Connecting => None,
            Phase::Live { .. } => self.liveness.and_then(|liveness| liveness.wake_at()),
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

    /// Whether it has ended; nothing happens any more.
    pub fn is_over(&self) -> bool {
        self.phase == Phase::Over
    }

    /// Whether a daemon has welcomed us on the connection there is.
    pub fn is_welcome(&self) -> bool {
        matches!(self.phase, Phase::Live { .. })
    }

    /// What must be painted over the last row again after the screen was repainted from memory.
    pub fn banner(&self) -> Option<&str> {
        self.banner.as_deref()
    }

    /// Follows the signs of life of the daemon that welcomed us.
    fn watch(&mut self, now: Mono, random: u64, event: liveness::Event, actions: &mut Vec<Action>) {
        match self.liveness.as_mut().and_then(|liveness| liveness.step(now, event)) {
            None => {}
            Some(Finding::Ask) => actions.push(Action::Ping),
            Some(Finding::Silent) => drop(self.blind_since.get_or_insert(now)),
            Some(Finding::Back) => {
                // The picture comes next; what the banner says is only replaced if it does not.
                self.blind_since = Some(now);
                actions.push(Action::Repaint);
            }
            Some(Finding::Lost) => self.lost(now, random, Loss::Silent, actions),
        }
    }

    fn hang_up(&mut self, now: Mono, actions: &mut Vec<Action>) {
        actions.push(Action::Hangup);
        self.liveness = None;
        self.gone_since.get_or_insert(now);
        self.blind_since.get_or_insert(now);
    }

    fn lost(&mut self, now: Mono, random: u64, loss: Loss, actions: &mut Vec<Action>) {
        self.hang_up(now, actions);
        if !self.known {
            return self.end(End::NoDaemon(loss), actions);
        }
        // That a daemon which had welcomed us is gone shows; anything else needs words.
        let plain = loss == Loss::Closed && matches!(self.phase, Phase::Live { .. });
        self.loss = (!plain).then_some(loss);
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
            Parting::Stopping | Parting::Full | Parting::Unclear => false,
            // A daemon that never understood us will not do so later; a slip in between may not come again.
            Parting::Protocol => !welcomed,
            Parting::NoSuchBoard | Parting::NotAllowed | Parting::Version | Parting::Quit => true,
        };
        self.hang_up(now, actions);
        if for_good {
            let end = if parting == Parting::Quit { End::Quit } else { End::Refused(parting) };
            self.end(end, actions);
        } else {
            self.known = true;
            self.said = Some(parting);
            self.loss = None;
            if welcomed && parting == Parting::Stopping {
                // Where somebody holds its socket meanwhile, the next one takes whoever waits there; elsewhere it is gone. What
                // was waited in earlier restarts does not count: this one was well until it was told to stop.
                self.backoff.reset();
                self.phase = Phase::Waiting { until: now + within(RETURN_SPREAD, random) };
            } else {
                self.wait(now, random);
            }
        }
    }

    /// Nobody listens there.
    fn failed(&mut self, now: Mono, random: u64) {
        let is_short = self.gone_since.is_some_and(|since| now.since(since) < UNTOLD_FOR);
        if !self.appeared && !self.is_told && is_short {
            let half = UNTOLD_RETRY / 2;
            self.phase = Phase::Waiting { until: now + half + within(half, random) };
        } else {
            self.wait(now, random);
        }
    }

    fn connect(&mut self, actions: &mut Vec<Action>) {
        self.appeared = false;
        self.phase = Phase::Connecting;
        actions.push(Action::Connect);
    }

    fn wait(&mut self, now: Mono, random: u64) {
        let pause = if self.appeared {
            self.backoff.reset();
            within(RETURN_SPREAD, random)
        } else {
            self.backoff.next(random)
        };
        self.phase = Phase::Waiting { until: now + pause };
    }

    fn end(&mut self, end: End, actions: &mut Vec<Action>) {
        self.phase = Phase::Over;
        actions.push(Action::End(end));
    }

    fn show_banner(&mut self, now: Mono, actions: &mut Vec<Action>) {
        let Some(since) = self.blind_since else { return };
        if self.phase == Phase::Over || (now.since(since) < BANNER_AFTER && !self.is_silent()) {
            return;
        }
        let text = self.banner_text(now);
        if self.banner.as_ref() != Some(&text) {
            self.banner = Some(text.clone());
            actions.push(Action::Banner(text));
        }
    }

    fn is_silent(&self) -> bool {
        self.liveness.is_some_and(|liveness| liveness.is_silent())
    }

    fn banner_text(&self, now: Mono) -> String {
        let said = match self.said {
            Some(Parting::Stopping) => "the daemon stopped · ",
            Some(Parting::Full) => "the daemon has no room for another viewer · ",
            Some(Parting::Unclear) => "the daemon lets nobody in at the moment · ",
            _ => "",
        };
        let why = match self.loss {
            Some(Loss::Closed) => " · it closes the connection",
            Some(Loss::Garbled) => " · what came is no message",
            Some(Loss::Silent) => " · it does not answer",
            None => "",
        };
        match (self.phase, self.last_frame) {
            (Phase::Live { .. }, None) if self.is_silent() => "daemon does not answer · no frame yet".to_owned(),
            (Phase::Live { .. }, Some(frame)) if self.is_silent() => {
                format!("daemon does not answer · last frame {} old", age(now, frame))
            }
            (Phase::Live { .. }, None) => "connected · waiting for the first frame".to_owned(),
            (Phase::Live { .. }, Some(frame)) => {
                format!("connected · waiting for a frame · last frame {} old", age(now, frame))
            }
            (_, None) => format!("{said}connecting · no frame yet{why}"),
            (_, Some(frame)) => format!("{said}reconnecting · last frame {} old{why}", age(now, frame)),
        }
    }
}

/// Some part of `span`, by chance.
fn within(span: Duration, random: u64) -> Duration {
    let nanos = u64::try_from(span.as_nanos()).unwrap_or(u64::MAX);
    Duration::from_nanos(random % nanos.saturating_add(1))
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
