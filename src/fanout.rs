//! Sends each view's frames to its viewers: drawn once, encoded once, written once per viewer.
//!
//! Per view it keeps one keyframe and the unbroken deltas since, so that it can bring any viewer to the newest
//! version alone. Per viewer it keeps what that viewer holds and at most one unfinished message; nothing is queued,
//! so the newest version always wins and a stalled viewer costs the others nothing.
//!
//! Invariant: a viewer that takes its bytes ends up with exactly the newest frame, whatever happened in between, and
//! what waits for it in user space never exceeds one frame. On the fast path there is one non-blocking write per
//! viewer and version: no wake-up, no allocation. It must not draw, wait or know why a view exists.

mod history;
mod viewer;

#[cfg(test)]
mod tests;

use std::io;
use std::time::Duration;

use bytes::Bytes;
use rustc_hash::FxHashMap;

use crate::base::{Mono, SessionId, Version, ViewId, limits};
use crate::wire::feed;

use history::History;
#[cfg(test)]
use viewer::Held;
use viewer::{Progress, Viewer};

pub use history::{Fault, Position};

/// Where one viewer's bytes go. Never blocks.
pub trait Sink {
    /// Takes as many bytes as there is room for; `WouldBlock` when there is none.
    fn try_write(&mut self, bytes: &[u8]) -> io::Result<usize>;

    /// There was no room: have [`Fanout::writable`] called once there is.
    fn wait_for_room(&mut self);
}

/// What root says to one viewer besides frames. Goes before the next frame; a newer one of its kind replaces it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Notice {
    Welcome(Bytes),
    Spec(Bytes),
    /// The answer to a viewer that asked whether we live.
    Pong(Bytes),
    /// The answer to one that asked for too much.
    Later(Bytes),
    /// The last message: the viewer is gone once it is written.
    Farewell(Bytes),
}

/// A viewer to whom nothing can be sent any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gone {
    pub session: SessionId,
    pub why: Parting,
}

/// How a viewer came to be gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Parting {
    /// The farewell was written.
    Told,
    /// The other end closed or broke.
    Lost(io::ErrorKind),
}

/// How one viewer keeps up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    /// Versions it has not seen yet.
    pub lag_versions: u64,
    /// Since when it has been taking no bytes.
    pub stalled_since: Option<Mono>,
}

/// What viewers took since the beginning.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sent {
    pub frames: u64,
    /// Of frames and of all else.
    pub bytes: u64,
}

/// All views and their viewers.
#[derive(Debug)]
pub struct Fanout<S> {
    views: FxHashMap<ViewId, View>,
    viewers: Vec<Option<Viewer<S>>>,
    free: Vec<Slot>,
    slots: FxHashMap<SessionId, Slot>,
    gone: Vec<Gone>,
    credits: Vec<ViewId>,
    holds: Vec<ViewId>,
    sent: Sent,
}

/// Where in `viewers` a viewer stands.
type Slot = usize;

#[derive(Debug, Default)]
struct View {
    history: History,
    /// Lies over the last row until the next frame; numbered from 1 so that a viewer knows which one it has.
    overlay: Option<Bytes>,
    overlay_number: u64,
    viewers: Vec<Slot>,
    last_frame_at: Option<Mono>,
    /// Credits that frames used up, and no viewer has been brought up to date since.
    used: usize,
    /// Nobody took the newest frame, and those that are left are not to be used before one goes back.
    held: bool,
    /// The newest frame is a delta that no keyframe has taken the place of.
    replaceable: bool,
}

// === impl Fanout ===

impl<S: Sink> Fanout<S> {
    pub fn new() -> Fanout<S> {
        Fanout {
            views: FxHashMap::default(),
            viewers: Vec::new(),
            free: Vec::new(),
            slots: FxHashMap::default(),
            gone: Vec::new(),
            credits: Vec::new(),
            holds: Vec::new(),
            sent: Sent::default(),
        }
    }

    /// A view that can have viewers and frames from now on.
    pub fn open(&mut self, view: ViewId) {
        self.views.entry(view).or_default();
    }

    /// Forgets a view. Its last viewer has left or moved before.
    pub fn close(&mut self, view: ViewId) {
        let closed = self.views.remove(&view);
        debug_assert!(closed.is_none_or(|view| view.viewers.is_empty()), "invariant: only empty views are closed");
    }

    /// A fresh subscription carries its own credits: what was owed is void.
    pub fn renew(&mut self, view: ViewId) {
        self.credits.retain(|credit| *credit != view);
        self.holds.retain(|hold| *hold != view);
        if let Some(view) = self.views.get_mut(&view) {
            (view.used, view.held) = (0, false);
        }
    }

    /// Takes a checked frame into its view's history and sends it on. Frames of views that were closed are dropped.
    ///
    /// # Errors
    /// When the frame does not fit the history or nobody gave credit for it: the worker broke the feed's rules.
    pub fn publish(&mut self, frame: &feed::Frame<'_>, now: Mono) -> Result<(), Fault> {
        let Some(view) = self.views.get_mut(&frame.view) else { return Ok(()) };
        // A keyframe in place of the delta just sent rides on that delta's credit.
        let at = Position { epoch: frame.epoch, version: frame.version };
        let replaces = frame.base == Version::NONE && view.history.newest() == Some(at);
        if replaces && !view.replaceable {
            return Err(Fault::Replaced);
        }
        if !replaces && view.used >= limits::FEED_CREDITS {
            return Err(Fault::NoCredit);
        }
        view.history.take(frame)?;
        view.overlay = None;
        view.last_frame_at = Some(now);
        view.used += usize::from(!replaces);
        view.replaceable = frame.base != Version::NONE;
        self.send_all(frame.view, now);
        // Another one drawn now would be old by the time there is room for it.
        if let Some(view) = self.views.get_mut(&frame.view)
            && view.used > 0
            && !std::mem::replace(&mut view.held, true)
        {
            self.holds.push(frame.view);
        }
        Ok(())
    }

    /// Lays a row over the view until its next frame; `message` is a whole attach message. What lies there already
    /// is not sent again.
    pub fn lay_over(&mut self, view: ViewId, message: Bytes, now: Mono) {
        let Some(laid) = self.views.get_mut(&view) else { return };
        if laid.overlay.as_ref() == Some(&message) {
            return;
        }
        laid.overlay = Some(message);
        laid.overlay_number += 1;
        self.send_all(view, now);
    }

    /// Takes away what [`Fanout::lay_over`] laid, although no new frame came.
    pub fn lift(&mut self, view: ViewId, now: Mono) {
        let Some(lifted) = self.views.get_mut(&view) else { return };
        if lifted.overlay.take().is_some() {
            self.send_all(view, now);
        }
    }

    /// Gives a view without any frame a picture of root's own; the first real frame replaces it.
    pub fn stand_in(&mut self, view: ViewId, message: Bytes, now: Mono) {
        let Some(standing) = self.views.get_mut(&view) else { return };
        if standing.history.stand_in(message) {
            self.send_all(view, now);
        }
    }

    /// A new viewer; the notices are the first it gets.
    pub fn join(
        &mut self,
        session: SessionId,
        sink: S,
        view: ViewId,
        notices: impl IntoIterator<Item = Notice>,
        now: Mono,
    ) {
        let mut viewer = Viewer::new(session, sink, view);
        notices.into_iter().for_each(|notice| viewer.note(notice));
        let slot = self.free.pop().unwrap_or_else(|| {
            self.viewers.push(None);
            self.viewers.len() - 1
        });
        self.viewers[slot] = Some(viewer);
        self.slots.insert(session, slot);
        self.enlist(slot, view);
        self.send_one(slot, now);
    }

    /// What this viewer takes from now on is nothing that viewers took: it is none.
    pub fn uncount(&mut self, session: SessionId) {
        let Some(&slot) = self.slots.get(&session) else { return };
        if let Some(viewer) = &mut self.viewers[slot] {
            viewer.counts = false;
        }
    }

    /// Shows the viewer another view from the next message on.
    pub fn move_to(&mut self, session: SessionId, view: ViewId, now: Mono) {
        let Some(&slot) = self.slots.get(&session) else { return };
        self.delist(slot);
        let viewer = self.viewers[slot].as_mut().expect("invariant: a slot in use holds a viewer");
        viewer.show(view);
        self.enlist(slot, view);
        self.send_one(slot, now);
    }

    /// Sends the viewer a keyframe: its screen may be torn.
    pub fn repaint(&mut self, session: SessionId, now: Mono) {
        let Some(&slot) = self.slots.get(&session) else { return };
        if let Some(viewer) = &mut self.viewers[slot] {
            viewer.forget_screen();
        }
        self.send_one(slot, now);
    }

    pub fn tell(&mut self, session: SessionId, notice: Notice, now: Mono) {
        let Some(&slot) = self.slots.get(&session) else { return };
        if let Some(viewer) = &mut self.viewers[slot] {
            viewer.note(notice);
        }
        self.send_one(slot, now);
    }

    /// The viewer's sink has room again.
    pub fn writable(&mut self, session: SessionId, now: Mono) {
        let Some(&slot) = self.slots.get(&session) else { return };
        if let Some(viewer) = &mut self.viewers[slot] {
            viewer.room();
        }
        self.send_one(slot, now);
    }

    /// Forgets the viewer and returns its sink.
    pub fn leave(&mut self, session: SessionId) -> Option<S> {
        let slot = self.slots.remove(&session)?;
        self.delist(slot);
        self.free.push(slot);
        self.viewers[slot].take().map(Viewer::into_sink)
    }

    /// The next viewer that has to be told to leave.
    pub fn next_gone(&mut self) -> Option<Gone> {
        self.gone.pop()
    }

    /// The next view that gets a credit back: some viewer has its newest frame.
    pub fn next_credit(&mut self) -> Option<ViewId> {
        self.credits.pop()
    }

    /// The next view that is not to be drawn before it gets a credit back: nobody has its newest frame.
    pub fn next_hold(&mut self) -> Option<ViewId> {
        self.holds.pop()
    }

    pub fn viewer_count(&self, view: ViewId) -> usize {
        self.views.get(&view).map_or(0, |view| view.viewers.len())
    }

    /// The newest version of a view; none before its first frame.
    pub fn newest(&self, view: ViewId) -> Option<Position> {
        self.views.get(&view)?.history.newest().filter(|newest| newest.version != Version::NONE)
    }

    pub fn last_frame_at(&self, view: ViewId) -> Option<Mono> {
        self.views.get(&view)?.last_frame_at
    }

    /// A view that was never drawn shows the same as one before it did: its last frame is as old as that one's.
    pub fn inherit(&mut self, heir: ViewId, from: ViewId) {
        let last_frame_at = self.last_frame_at(from);
        if let Some(heir) = self.views.get_mut(&heir) {
            heir.last_frame_at = heir.last_frame_at.or(last_frame_at);
        }
    }

    pub fn standing(&self, session: SessionId) -> Option<Standing> {
        let viewer = self.viewers[*self.slots.get(&session)?].as_ref()?;
        let newest = self.views.get(&viewer.view)?.history.newest();
        Some(Standing { lag_versions: viewer.lag(newest), stalled_since: viewer.stalled_since() })
    }

    pub fn sent(&self) -> Sent {
        self.sent
    }

    /// How many viewers have taken nothing for that long.
    pub fn stalled_for(&self, span: Duration, now: Mono) -> usize {
        let stalled = self.viewers.iter().flatten().filter_map(Viewer::stalled_since);
        stalled.filter(|since| now.since(*since) >= span).count()
    }

    fn enlist(&mut self, slot: Slot, view: ViewId) {
        let viewers = &mut self.views.entry(view).or_default().viewers;
        if let Some(viewer) = &mut self.viewers[slot] {
            viewer.place = viewers.len();
        }
        viewers.push(slot);
    }

    fn delist(&mut self, slot: Slot) {
        let Some(viewer) = &self.viewers[slot] else { return };
        let (view, place) = (viewer.view, viewer.place);
        let Some(view) = self.views.get_mut(&view) else { return };
        view.viewers.swap_remove(place);
        if let Some(&moved) = view.viewers.get(place)
            && let Some(moved) = &mut self.viewers[moved]
        {
            moved.place = place;
        }
    }

    /// The fast path: tries every viewer of the view once.
    fn send_all(&mut self, id: ViewId, now: Mono) {
        let Some(view) = self.views.get_mut(&id) else { return };
        let mut reached = false;
        let step = view.history.newest_step().filter(|_| view.overlay.is_none());
        for &slot in &view.viewers {
            let viewer = self.viewers[slot].as_mut().expect("invariant: a view lists viewers that exist");
            let progress = match step {
                // Nearly everybody when a frame comes.
                Some((before, message)) if viewer.is_at(before) => viewer.step(message, now, &mut self.sent),
                _ => viewer.send(&view.history, view.overlay(), now, &mut self.sent),
            };
            match progress {
                Progress::UpToDate => reached = true,
                Progress::Parked => {}
                Progress::Gone(why) => self.gone.push(Gone { session: viewer.session, why }),
            }
        }
        if reached {
            self.credits.extend(std::iter::repeat_n(id, view.give_back()));
        }
    }

    fn send_one(&mut self, slot: Slot, now: Mono) {
        let Some(viewer) = &mut self.viewers[slot] else { return };
        let Some(view) = self.views.get_mut(&viewer.view) else { return };
        match viewer.send(&view.history, view.overlay(), now, &mut self.sent) {
            Progress::UpToDate => {
                self.credits.extend(std::iter::repeat_n(viewer.view, view.give_back()));
            }
            Progress::Parked => {}
            Progress::Gone(why) => self.gone.push(Gone { session: viewer.session, why }),
        }
    }

    /// Whether a frame of the view with a new version, and a keyframe in place of its newest, would be taken.
    #[cfg(test)]
    fn takes(&self, view: ViewId) -> (bool, bool) {
        self.views.get(&view).map_or((false, false), |view| (view.used < limits::FEED_CREDITS, view.replaceable))
    }

    /// Bytes that wait for the viewer in user space.
    #[cfg(test)]
    fn backlog(&self, session: SessionId) -> usize {
        self.slots.get(&session).and_then(|&slot| self.viewers[slot].as_ref()).map_or(0, Viewer::backlog)
    }

    /// What the viewer's screen shows, its unfinished message aside.
    #[cfg(test)]
    fn held(&self, session: SessionId) -> Option<Held> {
        Some(self.viewers[*self.slots.get(&session)?].as_ref()?.held())
    }
}

// === impl View ===

impl View {
    /// How many credits go back now that somebody has the newest frame.
    fn give_back(&mut self) -> usize {
        self.held = false;
        std::mem::take(&mut self.used)
    }

    /// What lies over the last row, and its number.
    fn overlay(&self) -> Option<(&Bytes, u64)> {
        self.overlay.as_ref().map(|bytes| (bytes, self.overlay_number))
    }
}

impl<S: Sink> Default for Fanout<S> {
    fn default() -> Fanout<S> {
        Fanout::new()
    }
}
