//! Everything root owns, in one place and without locks: the workers, the views, the sessions, the fan-out.
//!
//! Invariant: each event is dealt with to its end before the next one; nothing here waits. What a worker says is
//! checked before it is believed, and believed of its own tenant alone.

use rustc_hash::FxHashMap;
use tokio::net::UnixStream;
use tokio::sync::mpsc;

use super::banner;
use super::capturing::Capturing;
use super::configuration::Configuration;
use super::connection::{Event, Line};
use super::link::{Heard, LifeId};
use super::observing::Observing;
use super::pushing::Pushing;
use super::recycling::Recycling;
use super::repainting::Repainting;
use super::service::Service;
use super::session::{Seat, Session, Stranger};
use super::tenants::{Name, Tenant, Tenants, Whose};
use super::views::Views;
use super::worker::News;
use crate::base::{Mono, SessionId, ViewId, limits};
use crate::encode::grammar;
use crate::event::{DaemonStopping, Event as _, FrameRefused};
use crate::fanout::Fanout;
use crate::model::ViewSpec;
use crate::runtime::profiling::{Profiled, Profiling};
use crate::runtime::supervisor::Supervisor;
use crate::wire::attach::FarewellCode;
use crate::wire::feed::{self, ToRoot, ToWorker};

#[derive(Debug)]
pub struct State {
    pub(super) started_at: Mono,
    pub(super) tenants: Tenants,
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
    /// For viewers, and for the workers of more tenants than one.
    pub(super) descriptors_left: usize,
    pub(super) configuration: Configuration,
    pub(super) recycling: Recycling,
    pub(super) capturing: Capturing,
    pub(super) repainting: Repainting,
    pub(super) observing: Observing,
    pub(super) service: Service,
    /// For the tasks of new connections.
    pub(super) events: mpsc::Sender<Event>,
    /// Keeps them.
    pub(super) viewers: Supervisor,
    next_second: Mono,
    stopping_since: Option<Mono>,
}

/// How the loop goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Course {
    On,
    Over,
    /// Over before everybody was told and gone.
    Forced,
}

const SECOND: std::time::Duration = std::time::Duration::from_secs(1);

// === impl State ===

impl State {
    pub fn new(
        tenants: Tenants,
        configuration: Configuration,
        events: mpsc::Sender<Event>,
        viewers: Supervisor,
        profiling: Profiling,
        descriptors_left: usize,
        now: Mono,
    ) -> State {
        let recycling = Recycling::new(configuration.recycle_after());
        State {
            started_at: now,
            tenants,
            views: Views::default(),
            fanout: Fanout::new(),
            strangers: FxHashMap::default(),
            sessions: FxHashMap::default(),
            resizing: Vec::new(),
            leaving: Vec::new(),
            pushing: Pushing::default(),
            last_session: 0,
            descriptors_left,
            configuration,
            recycling,
            capturing: Capturing::new(profiling),
            repainting: Repainting::default(),
            observing: Observing::default(),
            service: Service::default(),
            events,
            viewers,
            next_second: now + SECOND,
            stopping_since: None,
        }
    }

    pub fn begin(&mut self, now: Mono) {
        self.begin_service(now);
        self.tenants.begin(now);
    }

    /// It is over, as planned or not.
    pub fn close(&mut self) {
        self.configuration.close();
    }

    /// When `tick` wants to be called.
    pub fn wake_at(&self) -> Mono {
        let stop = self.stopping_since.map(|since| since + limits::DRAIN_DEADLINE);
        let times = [Some(self.next_second), self.tenants.wake_at(), self.next_resize(), self.next_leaving(), stop];
        times
            .into_iter()
            .chain([self.configuration.wake_at(), self.recycling.wake_at(), self.capturing.wake_at()])
            .chain([self.repainting.wake_at()])
            .flatten()
            .min()
            .unwrap_or(self.next_second)
    }

    pub fn tick(&mut self, now: Mono) -> Course {
        self.note_own_stall(now);
        self.tenants.tick(now);
        self.configuration_tick(now);
        self.recycling_tick(now);
        self.repainting_tick(now);
        self.apply_sizes(now);
        self.drop_leaving(now);
        // All of them are asked.
        let due = self.tenants.all_mut().filter_map(|(_, tenant)| tenant.worker.banner_is_due(now).then_some(()));
        let banners = due.count();
        let banner_is_due = banners > 0;
        self.observing.banners += banners as u64;
        if now >= self.next_second {
            self.next_second = now + SECOND;
            self.ping(now);
            if !self.stopping() {
                self.tenants.keep_spare(now);
            }
            self.tell_viewers(now);
            self.note_stalled(now);
            self.lay_banners(now);
            self.observe_second(now);
            self.service_second(now);
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
            Event::Chunk(id, number, lines, room) => self.chunk(id, number, lines, room, now),
            Event::Writable(id) => self.writable(id, now),
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
    pub fn heard(&mut self, life: LifeId, heard: Heard, now: Mono) -> Course {
        self.note_own_stall(now);
        match (self.tenants.whose(life), heard) {
            (Whose::Present(name), Heard::Message(body, _room)) => self.message(&name, &body, now),
            (Whose::Present(name), heard) => {
                if let Some(tenant) = self.tenants.get_mut(&name) {
                    match heard {
                        Heard::Ended(how) => {
                            let cause = tenant.worker.cause_of_end();
                            cause.into_iter().for_each(|cause| self.observing.died(&name, cause, now));
                            tenant.worker.ended(&how, now);
                        }
                        Heard::Closed(why) => tenant.worker.closed(why, now),
                        Heard::Violated(why) => tenant.worker.fault(why, now),
                        Heard::Message(..) => {}
                    }
                }
                self.lose_inputs(&name);
                self.life_is_over(life, now);
            }
            (Whose::Coming(name), heard) => self.heard_on_trial(&name, heard, now),
            (Whose::Successor, heard) => self.heard_of_successor(heard, now),
            // One whose time to end ran out is nobody's by then, and may still be waited for.
            (Whose::Leaving | Whose::Nobody, Heard::Ended(_)) => {
                self.tenants.left(life);
                self.life_is_over(life, now);
            }
            (Whose::Leaving | Whose::Nobody, _) => {}
        }
        self.settle(now)
    }

    /// Before anything else is judged by the time it took.
    pub(super) fn note_own_stall(&mut self, now: Mono) {
        if stood_still(self.next_second, now) {
            self.tenants.forgive(now);
        }
    }

    /// Says farewell to everybody and ends the worker. The second time it does not wait for either.
    pub fn stop(&mut self, now: Mono) -> Course {
        if self.stopping_since.is_some() {
            self.tenants.kill();
            return Course::Forced;
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
        self.tenants.stop(now);
        self.settle(now)
    }

    /// Whether views of a tenant can be subscribed to and let go one by one.
    pub(super) fn draws(&self, tenant: &str) -> bool {
        self.tenants.get(tenant).is_some_and(Tenant::draws)
    }

    /// Sends to the worker of a tenant that is there.
    pub(super) fn send(&mut self, tenant: &str, message: &ToWorker, now: Mono) {
        if let Some(tenant) = self.tenants.get_mut(tenant) {
            tenant.worker.send(message, now);
        }
    }

    pub fn stopping(&self) -> bool {
        self.stopping_since.is_some()
    }

    /// This process was looked at.
    pub fn was_profiled(&mut self, profiled: Profiled, now: Mono) -> Course {
        self.root_profiled(profiled);
        self.settle(now)
    }

    /// Brings about what earlier steps left to be done.
    pub(super) fn settle(&mut self, now: Mono) -> Course {
        self.note_captures(now);
        self.note_workers(now);
        self.note_recycling(now);
        for (name, tenant) in self.tenants.all_mut() {
            tenant.worker.watched(self.views.shows(name));
        }
        self.see_off(now);
        self.hand_over(now);
        while let Some(view) = self.fanout.next_hold() {
            if let Some(tenant) = self.owner(view) {
                tenant.worker.send(&ToWorker::Hold { view }, now);
            }
        }
        while let Some(view) = self.fanout.next_credit() {
            if let Some(tenant) = self.owner(view) {
                tenant.worker.give_back(view, now);
            }
        }
        self.tell_manager_at_once(now);
        let Some(since) = self.stopping_since else { return Course::On };
        let late = now.since(since) >= limits::DRAIN_DEADLINE;
        if late {
            self.tenants.kill();
        }
        let everybody_left = self.sessions.is_empty() && self.pushing.is_over();
        if late || (everybody_left && !self.tenants.any_runs()) { Course::Over } else { Course::On }
    }

    /// Whose worker draws a view.
    fn owner(&mut self, view: ViewId) -> Option<&mut Tenant> {
        let spec = self.views.spec(view)?;
        self.tenants.get_mut(&spec.tenant).filter(|tenant| tenant.draws())
    }

    fn see_off(&mut self, now: Mono) {
        while let Some(gone) = self.fanout.next_gone() {
            self.gone(gone, now);
        }
    }

    fn message(&mut self, name: &Name, body: &[u8], now: Mono) {
        let Some(tenant) = self.tenants.get_mut(name) else { return };
        let worker = &mut tenant.worker;
        // What is still under way from a worker that was given up is not believed any more.
        if !worker.listened_to() {
            return;
        }
        let message = match ToRoot::decode(body) {
            Ok(message) => message,
            Err(error) => return self.worker_fault(name, format!("sent what is no message: {error}"), now),
        };
        worker.spoke(now);
        let on_trial = worker.is_on_trial();
        let news = match message {
            ToRoot::Hello(hello) => {
                worker.said_hello(&hello, now);
                News::Nothing
            }
            ToRoot::Prepared { generation, outcome } => worker.said_prepared(generation, outcome, now),
            ToRoot::Pong { nonce } => worker.said_pong(nonce, now),
            ToRoot::Status(status) => {
                worker.said_status(status, now);
                return self.observe_status(name, now);
            }
            ToRoot::Spec { session, spec } => return self.spec_answered(name, session, spec, now),
            ToRoot::Frame(frame) => return self.frame(name, &frame, now),
            ToRoot::Pushed(pushed) => return self.pushed(name, pushed, now),
            ToRoot::Profile { number, outcome } => {
                return self.worker_profiled(name, (number, outcome.map_err(|why| why.0)));
            }
        };
        match news {
            News::Nothing => {}
            // Of what its predecessor drew, after a death while it took the place: nobody asked again.
            News::Judged(_) if on_trial => {}
            News::Judged(outcome) => self.judged(name, outcome, now),
            News::Drawing => self.worker_draws(name, now),
            News::Answers => {
                for view in self.views.of(name) {
                    self.fanout.lift(view, now);
                }
            }
        }
    }

    fn frame(&mut self, name: &Name, frame: &feed::Frame<'_>, now: Mono) {
        let present = self.tenants.get(name).map(|tenant| &tenant.worker);
        if !present.is_some_and(|worker| frame.epoch == worker.epoch() && worker.draws()) {
            return self.worker_fault(name, format!("sent a frame of {:?} before or after its time", frame.epoch), now);
        }
        let Some(spec) = self.views.spec(frame.view) else {
            if !self.views.existed(frame.view) {
                self.worker_fault(name, format!("sent a frame of view {}, which never was", frame.view.0), now);
            }
            return;
        };
        if *spec.tenant != **name {
            return self.worker_fault(
                name,
                format!("sent a frame of view {}, which is not its own", frame.view.0),
                now,
            );
        }
        let bound = limits::frame_bytes_max(spec.size.cells());
        let checked = if frame.bytes.len() > bound {
            Err(format!("{} bytes for {}, where {bound} are enough for anything", frame.bytes.len(), spec.size))
        } else {
            grammar::check(frame.bytes, spec.size).map_err(|violation| violation.to_string())
        };
        let taken = checked.and_then(|()| self.publish(frame, now).map_err(|fault| fault.to_string()));
        if let Err(why) = taken {
            FrameRefused { view: frame.view, why: &why }.emit();
            self.worker_fault(name, format!("sent a bad frame of view {}: {why}", frame.view.0), now);
        }
    }

    pub(super) fn worker_fault(&mut self, name: &str, why: String, now: Mono) {
        if let Some(tenant) = self.tenants.get_mut(name) {
            tenant.worker.fault(why, now);
        }
        self.lose_inputs(name);
    }

    fn ping(&mut self, now: Mono) {
        for name in self.tenants.names() {
            let vitals = self.vitals(&name, now);
            if let Some(tenant) = self.tenants.get_mut(&name) {
                tenant.worker.ping(vitals, now);
            }
        }
    }

    /// Tells the workers where the number of viewers changed: once a second, however many come and go.
    fn tell_viewers(&mut self, now: Mono) {
        for (name, tenant) in self.tenants.all_mut().filter(|(_, tenant)| tenant.draws()) {
            tell_viewers(&self.sessions, name, tenant, now);
        }
    }

    /// A new life knows of no view: tell it of all that have viewers.
    pub(super) fn worker_draws(&mut self, name: &Name, now: Mono) {
        self.tenants.get_mut(name).into_iter().for_each(|tenant| tenant.subscribed = false);
        self.resolve_boards(name, now);
        self.see_off(now);
        if let Some(tenant) = self.tenants.get_mut(name) {
            tenant.audience.forget();
            tenant.lines_told.clear();
            // Before the views, so that their first frames say it.
            tell_viewers(&self.sessions, name, tenant, now);
        }
        self.tell_complaints(now);
        let Some(tenant) = self.tenants.get_mut(name) else { return };
        for view in self.views.of(name) {
            if self.fanout.viewer_count(view) == 0 {
                self.views.remove(view);
                self.fanout.close(view);
            } else if let Some(spec) = self.views.spec(view) {
                self.fanout.renew(view);
                tenant.worker.send(&ToWorker::Subscribe { view, spec: spec.clone() }, now);
            }
        }
        tenant.subscribed = true;
        let of_tenant = |(_, session): &(&SessionId, &Session)| *session.spec.tenant == **name;
        let ids: Vec<SessionId> = self.sessions.iter().filter(of_tenant).map(|(id, _)| *id).collect();
        for id in ids {
            self.send_input(id, now);
        }
    }

    /// Tells all viewers why their view is not live, where that is so.
    fn lay_banners(&mut self, now: Mono) {
        for (name, tenant) in self.tenants.all() {
            let Some(why) = tenant.worker.trouble(now) else { continue };
            for view in self.views.of(name) {
                let Some(spec) = self.views.spec(view) else { continue };
                lay_banner(&mut self.fanout, view, spec, &why, now);
            }
        }
    }

    /// The same for one view that has just got a viewer.
    pub(super) fn lay_banner(&mut self, view: ViewId, now: Mono) {
        let Some(spec) = self.views.spec(view) else { return };
        if let Some(why) = self.tenants.get(&spec.tenant).and_then(|tenant| tenant.worker.trouble(now)) {
            lay_banner(&mut self.fanout, view, spec, &why, now);
        }
    }
}

fn tell_viewers(sessions: &FxHashMap<SessionId, Session>, name: &str, tenant: &mut Tenant, now: Mono) {
    let own = sessions.values().filter(|session| session.spec.tenant == name);
    for (board, viewers) in tenant.audience.count(own.map(|session| session.spec.board.as_str())) {
        tenant.worker.send(&ToWorker::Viewers { board, viewers }, now);
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
