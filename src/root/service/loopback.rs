//! A viewer within: it sees what any viewer would of root's own doing, and the service manager hears of it.
//!
//! Invariant: the manager's watchdog is fed by nothing but a picture of root's own that came through root's loop, its fan-out
//! and a socket. A socket that fails, or takes nothing for a while, is left for another one. No worker and no other viewer has a part in that: a worker that hangs, or a house without viewers, starts
//! nothing anew.

use std::sync::Arc;
use std::time::Duration;

use tokio::net::UnixStream;

use crate::base::{Mono, SessionId, Size, ViewId, limits};
use crate::encode::{self, Encoding};
use crate::fanout::Fanout;
use crate::frame::Style;
use crate::label::Label;
use crate::model::ViewSpec;
use crate::root::banner;
use crate::root::connection::Line;
use crate::runtime::supervisor::{Added, Supervisor};
use crate::sys::notify::Manager;
use crate::sys::{clock, socket};
use crate::wire::attach::{self, ToClient};
use crate::wire::framing;

/// Sessions and views count from one.
pub const SESSION: SessionId = SessionId(0);
const VIEW: ViewId = ViewId(0);
/// A row of some words.
const SIZE: (u16, u16) = (20, 1);
/// Half of the time between two pictures: what is due then is due with this one.
const HALF_A_SECOND: Duration = Duration::from_millis(500);

#[derive(Debug)]
pub struct Loopback {
    manager: Arc<Manager>,
    /// How often the manager wants to hear of us.
    every: Duration,
    pictures: u64,
    /// Who looks; none where the kernel gave no socket, or that one failed.
    looking: Option<Added>,
}

// === impl Loopback ===

impl Loopback {
    /// The viewer takes its place. `span` is how much silence the manager bears.
    pub fn begin(
        fanout: &mut Fanout<Line>,
        keeper: &Supervisor,
        manager: &Arc<Manager>,
        span: Duration,
        now: Mono,
    ) -> Loopback {
        let mut loopback = Loopback { manager: Arc::clone(manager), every: span / 3, pictures: 0, looking: None };
        loopback.join(fanout, keeper, now);
        loopback
    }

    /// It is shown another picture.
    pub fn second(&mut self, fanout: &mut Fanout<Line>, keeper: &Supervisor, now: Mono) {
        // Nobody tells of room there: it would wait for ever.
        let stalled_since = fanout.standing(SESSION).and_then(|standing| standing.stalled_since);
        if stalled_since.is_some_and(|since| now.since(since) > limits::LOOPBACK_PATIENCE) {
            self.gone();
        }
        if self.looking.is_none() {
            self.join(fanout, keeper, now);
        }
        self.pictures += 1;
        let text = Label::plain(&self.pictures.to_string());
        fanout.lay_over(VIEW, attach::frame(&encode::banner(size(), Encoding::default(), &text, Style::new())), now);
    }

    /// Nothing gets through to it any more; the next second begins with another one.
    pub fn gone(&mut self) {
        if let Some(looking) = self.looking.take() {
            looking.remove();
        }
    }

    /// In place of whoever looked before. Where there is no socket just now it is tried again in a second; the manager ends us
    /// where that goes on.
    fn join(&mut self, fanout: &mut Fanout<Line>, keeper: &Supervisor, now: Mono) {
        fanout.leave(SESSION);
        fanout.close(VIEW);
        let Ok((ours, theirs)) = socket::pair() else { return };
        let Ok(theirs) = UnixStream::from_std(theirs.into()) else { return };
        self.looking = keeper.once("loopback", look(theirs, Arc::clone(&self.manager), self.every), |_| ());
        fanout.open(VIEW);
        fanout.join(SESSION, Line::new(ours), VIEW, [], now);
        fanout.uncount(SESSION);
        fanout.stand_in(VIEW, banner::empty(&ViewSpec::new("", "", size())), now);
    }
}

fn size() -> Size {
    Size::clamped(SIZE.0, SIZE.1)
}

/// Looks at what comes, and tells the manager that something did: not oftener than it needs.
async fn look(stream: UnixStream, manager: Arc<Manager>, every: Duration) {
    let mut reader = framing::Reader::new(stream, limits::ATTACH_MESSAGE_BYTES_MAX);
    let mut told_at: Option<Mono> = None;
    while let Ok(body) = reader.next().await {
        if !matches!(ToClient::decode(&body), Ok(ToClient::Frame(_))) {
            continue;
        }
        let now = clock::mono();
        let is_due = told_at.is_none_or(|at| now.since(at) + HALF_A_SECOND >= every);
        // One that cannot be told now is told with the next picture.
        if is_due && manager.tell("WATCHDOG=1", None).is_ok() {
            told_at = Some(now);
        }
    }
}
