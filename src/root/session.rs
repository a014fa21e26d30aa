//! Sessions: who they are, what they see, and what happens to what they say.
//!
//! Invariant: a session's spec is changed by root alone, from the worker's answers to its own keys, and never in what
//! belongs to the viewer's terminal or decides what it may see.

use std::collections::VecDeque;
use std::time::Duration;

use tokio::net::UnixStream;

use super::connection::{self, Line};
use super::showing::resolve;
use super::state::State;
use super::tenants::Name;
use super::tenants::rights::Deed;
use crate::base::{BUILD_ID, Mono, SessionId, Size, ViewId, limits};
use crate::event::{Event, InputDropped, RepaintPutOff, SessionClosed, SessionOpened, SessionRefused, SessionStalled};
use crate::fanout::{Gone, Notice, Parting, Sink};
use crate::machine::quota::{Quota, in_ms};
use crate::machine::session as keys;
use crate::model::{Input, ViewSpec};
use crate::runtime;
use crate::runtime::supervisor::Added;
use crate::sys::socket::{self, Peer};
use crate::wire::attach::{self, Farewell, FarewellCode, Hello, Later, ToClient, ToRoot, Welcome};
use crate::wire::feed::ToWorker;

/// Where a viewer sits.
#[derive(Clone, Debug)]
pub enum Seat {
    Socket(Peer),
    /// In this very process, on the terminal it was started on.
    Here,
    /// In this very process, on a device.
    Device(String),
}

/// Somebody who connected and has not said hello.
#[derive(Debug)]
pub struct Stranger {
    line: Line,
    task: Added,
    pub(super) seat: Seat,
}

#[derive(Debug)]
pub struct Session {
    pub(super) seat: Seat,
    pub(super) spec: ViewSpec,
    pub(super) view: ViewId,
    task: Added,
    version: u16,
    /// What was done after that which the worker is asked about; one more than may wait where that is asked again.
    inputs: VecDeque<Input>,
    asked: Option<Input>,
    /// The newest size, until it is applied.
    size: Option<Size>,
    resized_at: Mono,
    /// What was asked for, while it is not known which boards there are.
    unresolved: bool,
    dismissed_at: Option<Mono>,
    stall_noted: bool,
    /// Keyframes it may ask for.
    repaints: Quota,
    /// Its client knows `Later`.
    waits: bool,
}

/// Sizes are applied at most this often: a window being dragged reports hundreds a second, and every one of them is
/// a view of its own.
const RESIZE_INTERVAL: Duration = Duration::from_millis(40);
/// Time a viewer has to take its farewell.
const FAREWELL_DEADLINE: Duration = Duration::from_secs(1);
/// Stalls longer than this are noted, once each.
const STALL_NOTED_AFTER: Duration = Duration::from_secs(5);

// === impl Seat ===

impl Seat {
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Seat::Socket(_) => "attach",
            Seat::Here => "local",
            Seat::Device(_) => "tty",
        }
    }

    pub(super) fn device(&self) -> Option<&str> {
        match self {
            Seat::Device(device) => Some(device),
            Seat::Socket(_) | Seat::Here => None,
        }
    }

    /// User and process; zeros for our own.
    pub(super) fn credentials(&self) -> (u32, i32) {
        match self {
            Seat::Socket(peer) => (peer.uid, peer.pid),
            Seat::Here | Seat::Device(_) => (0, 0),
        }
    }
}

// === impl State: coming and going ===

impl State {
    pub(super) fn connected(&mut self, stream: UnixStream, seat: Seat) {
        self.last_session += 1;
        let id = SessionId(self.last_session);
        // Without it a viewer that does not read would hold seconds of old frames in the kernel.
        let _ = socket::set_send_buffer(&stream, limits::ATTACH_SEND_BUFFER_BYTES);
        // Whoever came sees its connection closed where the kernel takes no part of this.
        let Ok(stream) = stream.into_std() else { return };
        let line = Line::new(stream);
        let carrying = connection::run(id, line.clone(), self.events.clone());
        let events = self.events.clone();
        let lost = move |_: &str| {
            runtime::spawn("viewer-lost", async move {
                // Nobody listens once root is gone itself.
                let _ = events.send(connection::Event::Left(id, "its connection failed")).await;
            });
        };
        // More than there may be, or all end: whoever came sees its connection closed.
        let Some(task) = self.viewers.once("viewer", carrying, lost) else { return };
        self.strangers.insert(id, Stranger { line, task, seat });
        if self.stopping() {
            self.turn_away(id, FarewellCode::Stopping, "the daemon is stopping");
        } else if self.sessions.len() + self.strangers.len() + self.pushing.count() > self.sessions_max() {
            let text = format!("the daemon has as many viewers as it may, {}", self.sessions_max());
            self.turn_away(id, FarewellCode::Full, &text);
        }
    }

    /// Viewers there may be beside the workers of so many tenants.
    fn sessions_max(&self) -> usize {
        let workers = (self.tenants.len() - 1) * limits::TENANT_DESCRIPTORS;
        self.descriptors_left.saturating_sub(workers).clamp(1, limits::SESSIONS_MAX)
    }

    /// Ends a connection before it became a session.
    pub(super) fn turn_away(&mut self, id: SessionId, code: FarewellCode, text: &str) {
        let Some(mut stranger) = self.strangers.remove(&id) else { return };
        SessionRefused { uid: stranger.seat.credentials().0, why: text }.emit();
        let farewell = ToClient::Farewell(Farewell { code, text: text.to_owned() });
        // Nothing was sent before, so there is room for one line; who has none has closed.
        let _ = stranger.line.try_write(&farewell.encode());
        stranger.task.remove();
    }

    pub(super) fn hello(&mut self, id: SessionId, hello: &Hello, now: Mono) {
        if !self.strangers.contains_key(&id) {
            return;
        }
        if hello.version < attach::VERSION_OLDEST {
            let text = format!(
                "this daemon (build {}) speaks versions {} to {} of the attach protocol, the client speaks {}",
                BUILD_ID,
                attach::VERSION_OLDEST,
                attach::VERSION,
                hello.version
            );
            return self.turn_away(id, FarewellCode::Version, &text);
        }
        let Some(seat) = self.strangers.get(&id).map(|stranger| stranger.seat.clone()) else { return };
        let mut spec = match self.wanted(&seat, hello) {
            Ok(wanted) => wanted,
            Err(text) => return self.turn_away(id, FarewellCode::NoSuchBoard, &text),
        };
        let catalogue = self.tenants.get(&spec.tenant).and_then(|tenant| tenant.worker.catalogue());
        let unresolved = catalogue.is_none();
        if let Some(catalogue) = catalogue
            && let Err(text) = resolve(&mut spec, catalogue)
        {
            return self.turn_away(id, FarewellCode::NoSuchBoard, &text);
        }
        if let Err(text) = self.check_room(&spec, None) {
            return self.turn_away(id, FarewellCode::Full, &text);
        }
        let version = hello.version.min(attach::VERSION);
        let (uid, pid) = seat.credentials();
        SessionOpened { session: id, tenant: &spec.tenant, board: &spec.board, uid, pid, device: seat.device() }.emit();
        self.observing.resumed += u64::from(hello.resume.is_some());
        let view = self.open_view(&spec, now);
        let Some(Stranger { line, task, .. }) = self.strangers.remove(&id) else { return };
        let session = Session {
            seat,
            spec: spec.clone(),
            view,
            task,
            version,
            inputs: VecDeque::new(),
            asked: None,
            size: None,
            resized_at: now,
            unresolved,
            dismissed_at: None,
            stall_noted: false,
            repaints: Quota::new(limits::REPAINT_HZ_MAX, 2 * limits::REPAINT_HZ_MAX),
            waits: hello.waits,
        };
        self.sessions.insert(id, session);
        let welcome = ToClient::Welcome(Welcome { version, build: BUILD_ID.to_owned(), session: id, gestures: true });
        let notices = [Some(Notice::Welcome(welcome.encode())), self.spec_notice(id)];
        self.fanout.join(id, line, view, notices.into_iter().flatten(), now);
        self.lay_banner(view, now);
    }

    /// The spec a greeting asks for; its board is not looked up yet.
    fn wanted(&self, seat: &Seat, hello: &Hello) -> Result<ViewSpec, String> {
        let spec = match &hello.resume {
            Some(resume) => {
                self.tenants.choose(Deed::View, seat, Some(&resume.tenant))?;
                resume.clone()
            }
            None => {
                let asked = hello.board.as_deref().unwrap_or("");
                let named = asked.split_once('/');
                let board = named.map_or(asked, |(_, board)| board);
                let tenant = self.tenants.choose(Deed::View, seat, named.map(|(tenant, _)| tenant))?;
                let mut spec = ViewSpec::new(&tenant, board, hello.size);
                spec.params.clone_from(&hello.params);
                spec.theme = hello.theme;
                spec
            }
        };
        // What the terminal can do may have changed since the spec was made.
        let spec = ViewSpec {
            size: hello.size,
            palette: hello.palette,
            glyphs: hello.glyphs,
            timezone: hello.timezone.clone(),
            ..spec
        };
        spec.validate().map_err(|error| error.to_string())?;
        Ok(spec)
    }

    /// Boards are known from here on: gives those who asked before what they asked for.
    pub(super) fn resolve_boards(&mut self, tenant: &Name, now: Mono) {
        let waits = |session: &Session| session.unresolved && *session.spec.tenant == **tenant;
        let waiting: Vec<SessionId> =
            self.sessions.iter().filter(|(_, session)| waits(session)).map(|(id, _)| *id).collect();
        for id in waiting {
            let Some(session) = self.sessions.get_mut(&id) else { continue };
            session.unresolved = false;
            let mut spec = session.spec.clone();
            let catalogue = self.tenants.get(tenant).and_then(|tenant| tenant.worker.catalogue());
            let Some(catalogue) = catalogue else { return };
            match resolve(&mut spec, catalogue) {
                Ok(()) => self.show(id, spec, now),
                Err(text) => self.dismiss(id, FarewellCode::NoSuchBoard, &text, now),
            }
        }
    }

    /// Says farewell; the session goes once that is written, or too late.
    pub(super) fn dismiss(&mut self, id: SessionId, code: FarewellCode, text: &str, now: Mono) {
        let Some(session) = self.sessions.get_mut(&id) else { return };
        if session.dismissed_at.is_some() {
            return;
        }
        session.dismissed_at = Some(now);
        self.leaving.push(id);
        let farewell = ToClient::Farewell(Farewell { code, text: text.to_owned() });
        self.fanout.tell(id, Notice::Farewell(farewell.encode()), now);
    }

    pub(super) fn violated(&mut self, id: SessionId, why: &str, now: Mono) {
        self.turn_away(id, FarewellCode::Protocol, why);
        self.dismiss_pusher(id, FarewellCode::Protocol, why);
        self.dismiss(id, FarewellCode::Protocol, why, now);
    }

    pub(super) fn gone(&mut self, gone: Gone, now: Mono) {
        let why = match gone.why {
            Parting::Told => "it was told to".to_owned(),
            Parting::Lost(kind) => kind.to_string(),
        };
        self.loopback_gone(gone.session);
        self.leave(gone.session, &why, now);
    }

    pub(super) fn leave(&mut self, id: SessionId, why: &str, now: Mono) {
        self.pusher_left(id, why);
        if let Some(stranger) = self.strangers.remove(&id) {
            stranger.task.remove();
        }
        let Some(session) = self.sessions.remove(&id) else { return };
        session.task.remove();
        self.fanout.leave(id);
        self.resizing.retain(|other| *other != id);
        self.leaving.retain(|other| *other != id);
        self.release(session.view, now);
        SessionClosed { session: id, why }.emit();
    }

    pub(super) fn next_leaving(&self) -> Option<Mono> {
        let dismissed = |id| self.sessions.get(id).and_then(|session: &Session| session.dismissed_at);
        self.leaving.iter().filter_map(dismissed).min().map(|at| at + FAREWELL_DEADLINE)
    }

    pub(super) fn drop_leaving(&mut self, now: Mono) {
        while let Some(late) = self.leaving.iter().copied().find(|id| {
            let dismissed_at = self.sessions.get(id).and_then(|session| session.dismissed_at);
            dismissed_at.is_none_or(|at| now.since(at) >= FAREWELL_DEADLINE)
        }) {
            self.leaving.retain(|other| *other != late);
            self.leave(late, "it did not take its farewell", now);
        }
    }

    pub(super) fn note_stalled(&mut self, now: Mono) {
        for (id, session) in &mut self.sessions {
            let since = self.fanout.standing(*id).and_then(|standing| standing.stalled_since);
            match since.map(|since| now.since(since)) {
                Some(stalled) if stalled >= STALL_NOTED_AFTER && !session.stall_noted => {
                    session.stall_noted = true;
                    let stalled_ms = u64::try_from(stalled.as_millis()).unwrap_or(u64::MAX);
                    SessionStalled { session: *id, stalled_ms }.emit();
                }
                Some(_) => {}
                None => session.stall_noted = false,
            }
        }
    }
}

// === impl State: what viewers say ===

impl State {
    pub(super) fn said(&mut self, id: SessionId, said: ToRoot, now: Mono) {
        let Some(session) = self.sessions.get_mut(&id) else { return };
        match said {
            ToRoot::Key(key) if keys::is_quit(key) => self.dismiss(id, FarewellCode::Quit, "", now),
            ToRoot::Key(key) if keys::is_repaint(key) => self.repaint(id, now),
            ToRoot::Key(key) => self.input(id, Input::Key(key), now),
            ToRoot::Mouse(gesture) => self.input(id, Input::Mouse(gesture), now),
            ToRoot::Resize(size) => {
                if session.size.replace(size).is_none() {
                    self.resizing.push(id);
                }
                self.apply_sizes(now);
            }
            ToRoot::Repaint => self.repaint(id, now),
            ToRoot::Ping if session.version >= attach::VERSION_WITH_PING => {
                self.fanout.tell(id, Notice::Pong(ToClient::Pong.encode()), now);
            }
            // The connection's task deals with these itself.
            ToRoot::Hello(_) | ToRoot::Bye | ToRoot::Push(_) | ToRoot::Chunk(_) => {}
            // A client of the version before would not know the answer.
            ToRoot::Ping => {}
        }
    }

    /// A keyframe for a screen that may be torn; one that asks too often is told when to ask again.
    fn repaint(&mut self, id: SessionId, now: Mono) {
        let Some(session) = self.sessions.get_mut(&id) else { return };
        let Err(wait) = session.repaints.take(now, 0) else { return self.fanout.repaint(id, now) };
        let after_ms = in_ms(wait);
        RepaintPutOff { session: id, after_ms }.emit();
        if session.waits {
            self.fanout.tell(id, Notice::Later(ToClient::Later(Later { after_ms }).encode()), now);
        }
    }

    fn input(&mut self, id: SessionId, input: Input, now: Mono) {
        let Some(session) = self.sessions.get_mut(&id) else { return };
        if session.inputs.back_mut().is_some_and(|waiting| waiting.absorb(input)) {
            return;
        }
        if session.inputs.len() >= limits::INPUTS_WAITING_MAX {
            return InputDropped { session: id }.emit();
        }
        session.inputs.push_back(input);
        self.send_input(id, now);
    }

    /// Asks the worker about the session's next input, unless it is being asked already.
    pub(super) fn send_input(&mut self, id: SessionId, now: Mono) {
        let Some(session) = self.sessions.get_mut(&id) else { return };
        let Some(tenant) = self.tenants.get_mut(&session.spec.tenant) else { return };
        if session.asked.is_some() || session.unresolved || !tenant.worker.draws() {
            return;
        }
        let Some(input) = session.inputs.pop_front() else { return };
        session.asked = Some(input);
        let message = ToWorker::Input { session: id, spec: session.spec.clone(), input };
        tenant.worker.send(&message, now);
    }

    pub(super) fn spec_answered(&mut self, name: &Name, id: SessionId, spec: ViewSpec, now: Mono) {
        let Some(session) = self.sessions.get_mut(&id) else { return };
        let is_own = *session.spec.tenant == **name;
        if !is_own || session.asked.take().is_none() {
            return self.worker_fault(name, format!("answered an input of session {}, which made none", id.0), now);
        }
        let own = &session.spec;
        let spec = ViewSpec {
            tenant: own.tenant.clone(),
            size: own.size,
            palette: own.palette,
            glyphs: own.glyphs,
            timezone: own.timezone.clone(),
            encoding: own.encoding,
            ..spec
        };
        self.show(id, spec, now);
        self.send_input(id, now);
    }

    /// The worker that was asked is gone: what was asked is lost, what waits is asked later.
    pub(super) fn lose_inputs(&mut self, tenant: &str) {
        for session in self.sessions.values_mut().filter(|session| session.spec.tenant == tenant) {
            session.asked = None;
        }
    }

    /// The worker that was asked gives way without a fault: its successor is asked the same.
    pub(super) fn ask_inputs_again(&mut self, tenant: &str) {
        for session in self.sessions.values_mut().filter(|session| session.spec.tenant == tenant) {
            if let Some(input) = session.asked.take() {
                session.inputs.push_front(input);
            }
        }
    }

    pub(super) fn next_resize(&self) -> Option<Mono> {
        let resized = |id| self.sessions.get(id).map(|session: &Session| session.resized_at + RESIZE_INTERVAL);
        self.resizing.iter().filter_map(resized).min()
    }

    pub(super) fn apply_sizes(&mut self, now: Mono) {
        for id in std::mem::take(&mut self.resizing) {
            let Some(session) = self.sessions.get_mut(&id) else { continue };
            if now.since(session.resized_at) < RESIZE_INTERVAL {
                self.resizing.push(id);
                continue;
            }
            let Some(size) = session.size.take() else { continue };
            session.resized_at = now;
            let spec = ViewSpec { size, ..session.spec.clone() };
            self.show(id, spec, now);
        }
    }

    /// The session's spec for its client to hold, where that understands it.
    pub(super) fn spec_notice(&self, id: SessionId) -> Option<Notice> {
        let session = self.sessions.get(&id).filter(|session| session.version >= attach::VERSION_WITH_SPEC)?;
        Some(Notice::Spec(ToClient::Spec(session.spec.clone()).encode()))
    }
}
