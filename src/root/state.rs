//! Everything root owns, in one place and without locks: the worker, the views, the sessions, the fan-out.
//!
//! Invariant: each event is dealt with to its end before the next one; nothing here waits. What the worker says is
//! checked before it is believed.

use rustc_hash::FxHashMap;
use tokio::net::UnixStream;
use tokio::sync::mpsc;

use super::audience::Audience;
use super::banner;
use super::configuration::Configuration;
use super::connection::{Event, Line};
use super::link::Heard;
use super::pushing::Pushing;
use super::session::{Seat, Session, Stranger};
use super::views::Views;
use super::worker::{News, Worker};
use crate::base::{Epoch, Mono, SessionId, ViewId, limits};
use crate::encode::grammar;
use crate::event::{DaemonStopping, Event as _, FrameRefused};
use crate::fanout::Fanout;
use crate::model::ViewSpec;
use crate::wire::attach::FarewellCode;
use crate::wire::feed::{self, ToRoot, ToWorker};

#[derive(Debug)]
pub struct State {
    pub(super) started_at: Mono,
    pub(super) worker: Worker,
    pub(super) views: Views,
    pub(super) fanout: Fanout<Line>,
    pub(super) strangers: FxHashMap<SessionId, Stranger>,
    pub(super) sessions: FxHashMap<SessionId, Session>,
    /// Sessions whose newest size was not applied yet.
    pub(super) resizing: Vec<SessionId>,
    /// Sessions that were told to leave.
    pub(super) leaving: Vec<SessionId>,
    pub(super) pushing: Pushing,
    pub(super) last_session: u64,
    pub(super) sessions_max: usize,
    pub(super) configuration: Configuration,
    /// For the tasks of new connections.
    pub(super) events: mpsc::Sender<Event>,
    /// The present life of the worker knows of all views.
    subscribed: bool,
    audience: Audience,
    next_second: Mono,
    stopping_since: Option<Mono>,
}

/// How the loop goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Course {
    On,
    Over,
}

const SECOND: std::time::Duration = std::time::Duration::from_secs(1);

// === impl State ===

impl State {
    pub fn new(
        worker: Worker,
        configuration: Configuration,
        events: mpsc::Sender<Event>,
        sessions_max: usize,
        now: Mono,
    ) -> State {
        State {
            started_at: now,
            worker,
            views: Views::default(),
            fanout: Fanout::new(),
            strangers: FxHashMap::default(),
            sessions: FxHashMap::default(),
            resizing: Vec::new(),
            leaving: Vec::new(),
            pushing: Pushing::default(),
            last_session: 0,
            sessions_max,
            configuration,
            events,
            subscribed: false,
            audience: Audience::default(),
            next_second: now + SECOND,
            stopping_since: None,
        }
    }

    pub fn begin(&mut self, now: Mono) {
        self.worker.begin(now);
    }

    /// When `tick` wants to be called.
    pub fn wake_at(&self) -> Mono {
        let stop = self.stopping_since.map(|since| since + limits::DRAIN_DEADLINE);
        let times = [Some(self.next_second), self.worker.wake_at(), self.next_resize(), self.next_leaving(), stop];
        times.into_iter().chain([self.configuration.wake_at()]).flatten().min().unwrap_or(self.next_second)
    }

    pub fn tick(&mut self, now: Mono) -> Course {
        self.note_own_stall(now);
        self.worker.tick(now);
        self.configuration_tick(now);
        self.apply_sizes(now);
        self.drop_leaving(now);
        let banner_is_due = self.worker.banner_is_due(now);
        if now >= self.next_second {
            self.next_second = now + SECOND;
            self.worker.ping(self.vitals(now), now);
            if self.draws() {
                self.tell_viewers(now);
            }
            self.note_stalled(now);
            self.lay_banners(now);
        } else if banner_is_due {
            self.lay_banners(now);
        }
        self.settle(now)
    }

    pub fn event(&mut self, event: Event, now: Mono) -> Course {
        self.note_own_stall(now);
        match event {
            Event::Hello(id, hello) => self.hello(id, &hello, now),
            Event::Said(id, said) => self.said(id, said, now),
            Event::Pusher(id, opening) => self.push_hello(id, *opening),
            Event::Chunk(id, number, lines, room) => self.chunk(id, number, lines, room),
            Event::Writable(id) => self.fanout.writable(id, now),
            Event::Violated(id, why) => self.violated(id, &why, now),
            Event::Left(id, why) => self.leave(id, why, now),
        }
        self.settle(now)
    }

    /// Somebody connected; no peer for a viewer of this very process.
    pub fn arrived(&mut self, stream: UnixStream, seat: Seat, now: Mono) -> Course {
        self.note_own_stall(now);
        self.connected(stream, seat);
        self.settle(now)
    }

    /// Something of a worker's life. Only the present one counts.
    pub fn heard(&mut self, epoch: Epoch, heard: Heard, now: Mono) -> Course {
        self.note_own_stall(now);
        if epoch == self.worker.epoch() {
            match heard {
                Heard::Message(body, _room) => self.message(&body, now),
                Heard::Closed(why) => {
                    self.worker.closed(why, now);
                    self.lose_inputs();
                }
                Heard::Ended(how) => {
                    self.worker.ended(&how, now);
                    self.lose_inputs();
                }
            }
        }
        self.settle(now)
    }

    /// Before anything else is judged by the time it took.
    pub(super) fn note_own_stall(&mut self, now: Mono) {
        if stood_still(self.next_second, now) {
            self.worker.forgive(now);
        }
    }

    /// Repaints every screen: somebody suspects that they are torn.
    pub fn repaint_all(&mut self, now: Mono) -> Course {
        let ids: Vec<SessionId> = self.sessions.keys().copied().collect();
        for id in ids {
            self.fanout.repaint(id, now);
        }
        self.settle(now)
    }

    /// Says farewell to everybody and ends the worker. The second time it does not wait for either.
    pub fn stop(&mut self, now: Mono) -> Course {
        if self.stopping_since.is_some() {
            self.worker.kill();
            return Course::Over;
        }
        self.stopping_since = Some(now);
        DaemonStopping { viewers: self.sessions.len() }.emit();
        let strangers: Vec<SessionId> = self.strangers.keys().copied().collect();
        for id in strangers {
            self.turn_away(id, FarewellCode::Stopping, "the daemon is stopping");
        }
        let ids: Vec<SessionId> = self.sessions.keys().copied().collect();
        for id in ids {
            self.dismiss(id, FarewellCode::Stopping, "the daemon is stopping", now);
        }
        for id in self.pushing.ids() {
            self.dismiss_pusher(id, FarewellCode::Stopping, "the daemon is stopping");
        }
        self.worker.stop(now);
        self.settle(now)
    }

    /// Whether views can be subscribed to and let go one by one.
    pub(super) fn draws(&self) -> bool {
        self.subscribed && self.worker.draws()
    }

    pub fn stopping(&self) -> bool {
        self.stopping_since.is_some()
    }

    /// Brings about what earlier steps left to be done.
    pub(super) fn settle(&mut self, now: Mono) -> Course {
        self.note_worker(now);
        self.worker.watched(self.views.len() > 0);
        self.see_off(now);
        self.hand_over(now);
        while let Some(view) = self.fanout.next_credit() {
            if self.draws() {
                self.worker.send(&ToWorker::Credit { view }, now);
            }
        }
        let Some(since) = self.stopping_since else { return Course::On };
        let late = now.since(since) >= limits::DRAIN_DEADLINE;
        if late {
            self.worker.kill();
        }
        let everybody_left = self.sessions.is_empty() && self.pushing.is_over();
        if late || (everybody_left && !self.worker.runs()) { Course::Over } else { Course::On }
    }

    fn see_off(&mut self, now: Mono) {
        while let Some(gone) = self.fanout.next_gone() {
            self.gone(gone, now);
        }
    }

    fn message(&mut self, body: &[u8], now: Mono) {
        // What is still under way from a worker that was given up is not believed any more.
        if !self.worker.listened_to() {
            return;
        }
        let message = match ToRoot::decode(body) {
            Ok(message) => message,
            Err(error) => return self.worker_fault(format!("sent what is no message: {error}"), now),
        };
        let news = match message {
            ToRoot::Hello(hello) => {
                self.worker.said_hello(&hello, now);
                News::Nothing
            }
            ToRoot::Prepared { generation, outcome } => self.worker.said_prepared(generation, outcome, now),
            ToRoot::Pong { nonce } => self.worker.said_pong(nonce, now),
            ToRoot::Status(status) => {
                self.worker.said_status(status, now);
                News::Nothing
            }
            ToRoot::Spec { session, spec } => return self.spec_answered(session, spec, now),
            ToRoot::Frame(frame) => return self.frame(&frame, now),
            ToRoot::Pushed(pushed) => return self.pushed(pushed, now),
        };
        match news {
            News::Nothing => {}
            News::Judged(outcome) => self.judged(outcome, now),
            News::Drawing => self.worker_draws(now),
            News::Answers => {
                for (view, _) in self.views.all() {
                    self.fanout.lift(view, now);
                }
            }
        }
    }

    fn frame(&mut self, frame: &feed::Frame<'_>, now: Mono) {
        if frame.epoch != self.worker.epoch() || !self.worker.draws() {
            return self.worker_fault(format!("sent a frame of {:?} before or after its time", frame.epoch), now);
        }
        let Some(spec) = self.views.spec(frame.view) else {
            if !self.views.existed(frame.view) {
                self.worker_fault(format!("sent a frame of view {}, which never was", frame.view.0), now);
            }
            return;
        };
        let bound = limits::frame_bytes_max(spec.size.cells());
        let checked = if frame.bytes.len() > bound {
            Err(format!("{} bytes for {}, where {bound} are enough for anything", frame.bytes.len(), spec.size))
        } else {
            grammar::check(frame.bytes, spec.size).map_err(|violation| violation.to_string())
        };
        let taken = checked.and_then(|()| self.fanout.publish(frame, now).map_err(|fault| fault.to_string()));
        if let Err(why) = taken {
            FrameRefused { view: frame.view, why: &why }.emit();
            self.worker_fault(format!("sent a bad frame of view {}: {why}", frame.view.0), now);
        }
    }

    pub(super) fn worker_fault(&mut self, why: String, now: Mono) {
        self.worker.fault(why, now);
        self.lose_inputs();
    }

    /// Tells the worker where the number of viewers changed: once a second, however many come and go.
    fn tell_viewers(&mut self, now: Mono) {
        let boards = self.sessions.values().map(|session| session.spec.board.as_str());
        for (board, viewers) in self.audience.count(boards) {
            self.worker.send(&ToWorker::Viewers { board, viewers }, now);
        }
    }

    /// A new life knows of no view: tell it of all that have viewers.
    pub(super) fn worker_draws(&mut self, now: Mono) {
        self.subscribed = false;
        self.resolve_boards(now);
        self.see_off(now);
        self.audience.forget();
        self.forget_complaints();
        // Before the views, so that their first frames say it.
        self.tell_viewers(now);
        self.tell_complaints(now);
        let views: Vec<(ViewId, ViewSpec)> =
            self.views.all().into_iter().map(|(view, spec)| (view, spec.clone())).collect();
        for (view, spec) in views {
            if self.fanout.viewer_count(view) == 0 {
                self.views.remove(view);
                self.fanout.close(view);
            } else {
                self.fanout.renew(view);
                self.worker.send(&ToWorker::Subscribe { view, spec }, now);
            }
        }
        self.subscribed = true;
        let ids: Vec<SessionId> = self.sessions.keys().copied().collect();
        for id in ids {
            self.send_input(id, now);
        }
    }

    /// Tells all viewers why their view is not live, where that is so.
    fn lay_banners(&mut self, now: Mono) {
        let Some(why) = self.worker.trouble(now) else { return };
        for (view, spec) in self.views.all() {
            lay_banner(&mut self.fanout, view, spec, &why, now);
        }
    }

    /// The same for one view that has just got a viewer.
    pub(super) fn lay_banner(&mut self, view: ViewId, now: Mono) {
        if let (Some(why), Some(spec)) = (self.worker.trouble(now), self.views.spec(view)) {
            lay_banner(&mut self.fanout, view, spec, &why, now);
        }
    }
}

/// Whether the loop was not there when it should have been: the machine slept, or somebody stopped this process.
fn stood_still(due: Mono, now: Mono) -> bool {
    now.since(due) > SECOND
}

fn lay_banner(fanout: &mut Fanout<Line>, view: ViewId, spec: &ViewSpec, why: &banner::Why, now: Mono) {
    if fanout.viewer_count(view) == 0 {
        return;
    }
    let last_frame_at = fanout.last_frame_at(view);
    if fanout.newest(view).is_none() {
        fanout.stand_in(view, banner::empty(spec), now);
    }
    fanout.lay_over(view, banner::message(spec, why, last_frame_at, now), now);
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_loop_that_is_more_than_a_second_late_stood_still() {
        let due = Mono(1) + 10 * SECOND;
        for (late, expected) in [(0, false), (999, false), (1000, false), (1001, true), (60_000, true)] {
            assert_eq!(stood_still(due, due + Duration::from_millis(late)), expected, "{late} ms late");
        }
        assert!(!stood_still(due, Mono(1)), "early");
    }
}
