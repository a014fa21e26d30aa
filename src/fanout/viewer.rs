//! One viewer: what its screen shows, and the message it has not taken whole yet.
//!
//! Invariant: messages are written whole and in order; notices go first, at message boundaries only.

use std::io;

use bytes::{Buf, Bytes};

use super::history::{History, Message, Position};
use super::{Notice, Parting, Sent, Sink};
use crate::base::{Mono, SessionId, ViewId};
use crate::event::{Event, FrameDropped};

#[derive(Debug)]
pub struct Viewer<S> {
    pub session: SessionId,
    pub view: ViewId,
    /// Where in its view's list it stands.
    pub place: usize,
    /// Whether the frames it takes are counted.
    pub counts: bool,
    sink: S,
    held: Held,
    /// These two are none most of the time: what is read for every viewer of every frame is to be small.
    unfinished: Option<Box<Unfinished>>,
    notices: Option<Box<Notices>>,
    /// No room since; the sink was asked to tell when there is.
    parked_since: Option<Mono>,
    gone: bool,
}

/// What is to be said, the newest of each kind.
#[derive(Debug, Default)]
struct Notices {
    welcome: Option<Bytes>,
    spec: Option<Bytes>,
    pong: Option<Bytes>,
    later: Option<Bytes>,
    farewell: Option<Bytes>,
}

/// What a screen shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Held {
    /// None when nothing can be said of it.
    pub at: Option<Position>,
    /// The number of the overlay on its last row; 0 for none.
    pub overlay: u64,
}

/// How far a viewer came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    UpToDate,
    Parked,
    Gone(Parting),
}

/// The rest of a message, and what it means once it is written.
#[derive(Debug)]
struct Unfinished {
    rest: Bytes,
    then: Then,
}

#[derive(Clone, Copy, Debug)]
enum Then {
    Nothing,
    Holds(Held),
    Leaves,
}

enum Written {
    Whole,
    Part(usize),
    Failed(io::ErrorKind),
}

// === impl Viewer ===

impl<S: Sink> Viewer<S> {
    pub fn new(session: SessionId, sink: S, view: ViewId) -> Viewer<S> {
        Viewer {
            session,
            view,
            place: 0,
            counts: true,
            sink,
            held: Held::default(),
            unfinished: None,
            notices: None,
            parked_since: None,
            gone: false,
        }
    }

    pub fn into_sink(self) -> S {
        self.sink
    }

    #[cfg(test)]
    pub fn held(&self) -> Held {
        self.held
    }

    #[cfg(test)]
    pub fn backlog(&self) -> usize {
        self.unfinished.as_ref().map_or(0, |unfinished| unfinished.rest.len())
    }

    pub fn stalled_since(&self) -> Option<Mono> {
        self.parked_since
    }

    pub fn lag(&self, newest: Option<Position>) -> u64 {
        let Some(newest) = newest else { return 0 };
        match self.held.at {
            Some(held) if held.epoch == newest.epoch => newest.version.0.saturating_sub(held.version.0),
            _ => newest.version.0,
        }
    }

    pub fn show(&mut self, view: ViewId) {
        self.view = view;
        self.forget_screen();
    }

    /// Nothing is known of the screen any more, not even once the unfinished message is written.
    pub fn forget_screen(&mut self) {
        self.held = Held::default();
        if let Some(unfinished) = &mut self.unfinished
            && let Then::Holds(_) = unfinished.then
        {
            unfinished.then = Then::Nothing;
        }
    }

    pub fn note(&mut self, notice: Notice) {
        let notices = self.notices.get_or_insert_default();
        match notice {
            Notice::Welcome(bytes) => notices.welcome = Some(bytes),
            Notice::Spec(bytes) => notices.spec = Some(bytes),
            Notice::Pong(bytes) => notices.pong = Some(bytes),
            Notice::Later(bytes) => notices.later = Some(bytes),
            Notice::Farewell(bytes) => notices.farewell = Some(bytes),
        }
    }

    pub fn room(&mut self) {
        self.parked_since = None;
    }

    /// Whether its screen shows just that, and nothing is to be said but what came after.
    pub fn is_at(&self, at: Position) -> bool {
        let is_idle = self.unfinished.is_none() && self.notices.is_none() && self.parked_since.is_none() && !self.gone;
        is_idle && self.held == Held { at: Some(at), overlay: 0 }
    }

    /// [`Viewer::send`] to a viewer that is at the version before.
    pub fn step(&mut self, message: &Message, now: Mono, sent: &mut Sent) -> Progress {
        match write(&mut self.sink, &message.bytes, sent) {
            Written::Whole => {
                sent.frames += u64::from(self.counts);
                self.held.at = Some(message.at);
                Progress::UpToDate
            }
            Written::Part(count) => {
                self.begun(&message.bytes, count, Then::Holds(Held { at: Some(message.at), overlay: 0 }));
                self.park(now)
            }
            Written::Failed(kind) => self.end(Parting::Lost(kind)),
        }
    }

    /// Writes as much as there is room for, until the screen shows the newest, and adds what was taken to `sent`.
    pub fn send(&mut self, history: &History, overlay: Option<(&Bytes, u64)>, now: Mono, sent: &mut Sent) -> Progress {
        if self.parked_since.is_some() || self.gone {
            return Progress::Parked;
        }
        loop {
            let (written, then) = if let Some(unfinished) = &mut self.unfinished {
                let written = write(&mut self.sink, &unfinished.rest, sent);
                if let Written::Part(count) = written {
                    unfinished.rest.advance(count);
                }
                (written, unfinished.then)
            } else if let Some((message, then)) = self.next_notice() {
                let written = write(&mut self.sink, &message, sent);
                if let Written::Part(count) = written {
                    self.unfinished = Some(Box::new(Unfinished { rest: message.slice(count..), then }));
                }
                (written, then)
            } else if let Some((message, held)) = self.next_frame(history, overlay) {
                let then = Then::Holds(held);
                let written = write(&mut self.sink, message, sent);
                if let Written::Part(count) = written {
                    self.begun(message, count, then);
                }
                (written, then)
            } else {
                return Progress::UpToDate;
            };
            match written {
                Written::Whole => self.unfinished = None,
                Written::Part(_) => return self.park(now),
                Written::Failed(kind) => return self.end(Parting::Lost(kind)),
            }
            match then {
                Then::Nothing => {}
                Then::Holds(held) => {
                    sent.frames += u64::from(self.counts);
                    self.hold(held);
                }
                Then::Leaves => return self.end(Parting::Told),
            }
        }
    }

    /// So much of a frame was written. Nothing yet means nothing begun: a newer one may take its place.
    fn begun(&mut self, message: &Bytes, count: usize, then: Then) {
        if count > 0 {
            self.unfinished = Some(Box::new(Unfinished { rest: message.slice(count..), then }));
        }
    }

    fn next_notice(&mut self) -> Option<(Bytes, Then)> {
        // One branch on the path of every frame.
        let notices = self.notices.as_mut()?;
        let first = notices.welcome.take().or_else(|| notices.spec.take()).or_else(|| notices.pong.take());
        if let Some(bytes) = first.or_else(|| notices.later.take()) {
            return Some((bytes, Then::Nothing));
        }
        let farewell = notices.farewell.take();
        self.notices = None;
        farewell.map(|bytes| (bytes, Then::Leaves))
    }

    fn next_frame<'a>(&self, history: &'a History, overlay: Option<(&'a Bytes, u64)>) -> Option<(&'a Bytes, Held)> {
        // Deltas leave the last row as they believe it to be: an overlay of the past has to go with a keyframe.
        let stale = self.held.overlay != 0 && (overlay.is_none() || self.held.at != history.newest());
        let at = self.held.at.filter(|_| !stale);
        if let Some(message) = history.next_for(at) {
            return Some((&message.bytes, Held { at: Some(message.at), overlay: 0 }));
        }
        let (bytes, number) = overlay?;
        (self.held.overlay != number && at.is_some()).then_some((bytes, Held { at, overlay: number }))
    }

    fn hold(&mut self, held: Held) {
        if let (Some(before), Some(after)) = (self.held.at, held.at)
            && before.epoch == after.epoch
        {
            // Whatever a worker numbers its frames with.
            let versions = after.version.0.saturating_sub(before.version.0).saturating_sub(1);
            if versions > 0 {
                FrameDropped { session: self.session, versions }.emit();
            }
        }
        self.held = held;
    }

    fn park(&mut self, now: Mono) -> Progress {
        self.parked_since = Some(now);
        self.sink.wait_for_room();
        Progress::Parked
    }

    fn end(&mut self, why: Parting) -> Progress {
        self.gone = true;
        Progress::Gone(why)
    }
}

/// Writes until the sink is full or the message is out. A sink that takes a part is asked again: only its own word
/// that there is no room makes it tell when there is.
fn write(sink: &mut impl Sink, message: &[u8], sent: &mut Sent) -> Written {
    let mut count = 0;
    while count < message.len() {
        match sink.try_write(&message[count..]) {
            Ok(0) => return Written::Failed(io::ErrorKind::WriteZero),
            Ok(more) => {
                count += more;
                sent.bytes += more as u64;
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Written::Part(count),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Written::Failed(error.kind()),
        }
    }
    Written::Whole
}
