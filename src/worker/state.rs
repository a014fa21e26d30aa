//! What a worker knows, and what it does about each thing it hears: no I/O, no waiting.
//!
//! Invariant: nothing is drawn before boards are committed, without a viewer or without credit. A message that breaks
//! the order of things is an error; one that only comes too late (a view that is gone) is none.

use std::time::Duration;

use bytes::Bytes;
use tokio::sync::watch;

use super::WorkerError;
use super::agreement::Generation;
use super::charts::{Charts, Configured};
use super::history::History;
use super::mishaps::Mishaps;
use super::pushes::{Push, Pushes};
use super::quotas::Quotas;
use super::resting::RestingSource;
use super::standby::Standbys;
use super::views::Views;
use crate::base::{Epoch, Mono, ViewId, Wall, limits};
use crate::event::{Event, SampleRejected, SourceFailed, SourceRecovered, StylesUsedUp};
use crate::frame::StyleId;
use crate::machine::session;
use crate::model::dataset::{SourceHealth, SourceState};
use crate::model::fault::Lie;
use crate::model::latency::Latency;
use crate::model::origin::{CHART, Origin};
use crate::model::series::Rejected;
use crate::model::{Dataset, ViewSpec};
use crate::render::ledger::Ledger;
use crate::render::{FrameOut, View};
use crate::runtime::context::{self, Context};
use crate::runtime::fault;
use crate::runtime::profiling::{Profiled, Profiling};
use crate::scene::{Board, Stage};
use crate::source::asking::Rhythm;
use crate::source::own::{Report, Work};
use crate::source::{Update, host, own, push, synthetic};
use crate::sys::clock;
use crate::wire::feed::{CountRow, Frame, Hello, ToRoot, ToWorker, Why, WorkerStatus};

/// First frames wait this long for the first data at most: an empty board would only flash up.
pub const FIRST_DATA_WAIT: Duration = Duration::from_millis(60);

/// How far back a source tells its past again after the clock was set back. One that tells times of its own may tell of
/// any: those cost the others nothing.
const TOLD_AGAIN: Duration = Duration::from_secs(300);

/// Everything a worker knows.
#[derive(Debug)]
pub struct State {
    epoch: Epoch,
    pub(super) prepared: Option<Generation>,
    /// What is drawn; none before the first commit.
    pub(super) committed: Option<Generation>,
    pub(super) data: Dataset,
    pub(super) views: Views,
    /// Until when first frames wait for the first data.
    pub(super) held_until: Option<Mono>,
    pub(super) charts: Charts,
    pub(super) controls: Controls,
    pub(super) counts: Counts,
    told: Counts,
    /// That styles are used up; they stay so.
    styles_told: bool,
    pub(super) data_to_frame: Latency,
    /// What the next worker will know; none where nobody keeps it.
    pub(super) history: Option<History>,
    pub(super) pushes: Pushes,
    /// Panels that panicked, of all views.
    pub(super) ledger: Ledger,
    /// Sources that are left alone.
    pub(super) resting: Vec<RestingSource>,
    pub(super) quotas: Quotas,
    /// Whose worker it is.
    pub(super) tenant: String,
    pub(super) standbys: Standbys,
    /// Faults on purpose; none where they are not obeyed.
    pub(super) mishaps: Option<Mishaps>,
    profiling: Profiling,
    /// Root waits for it.
    profiled: Option<Profiled>,
}

/// What sources are told.
#[derive(Debug)]
pub struct Controls {
    /// How often this machine is looked at; none before the first commit.
    pub host: watch::Sender<Option<Rhythm>>,
    /// Whether anybody watches its processes.
    pub processes: watch::Sender<bool>,
    /// Sources of a person's own that should run.
    pub sources: watch::Sender<Vec<Origin>>,
    /// Whether anybody watches made-up data.
    pub synthetic: watch::Sender<bool>,
    /// What the daemon tells of itself; none before the first ping.
    pub own: watch::Sender<Option<Report>>,
    /// How often the one is asked that goes wrong on purpose; none before the first commit.
    pub lying: watch::Sender<Option<Rhythm>>,
    /// How a source goes wrong on purpose; none where faults are not obeyed.
    pub faults: Option<watch::Sender<Option<Lie>>>,
}

/// Counted since the worker started.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Counts {
    pub(super) frames_drawn: u64,
    pub(super) frames_skipped: u64,
    pub(super) frames_late: u64,
    pub(super) frames_limited: u64,
    pub(super) samples: u64,
    pub(super) samples_rejected: u64,
    /// The same by `Rejected::ALL`; what is missing there was beyond the caps of its source.
    rejected: [u64; Rejected::ALL.len()],
}

// === impl State ===

impl State {
    /// Begins with what is known already.
    pub fn new(
        hello: &Hello,
        mut controls: Controls,
        data: Dataset,
        history: Option<History>,
        profiling: Profiling,
    ) -> State {
        let mishaps = controls.faults.take().map(Mishaps::new);
        let mut ledger = Ledger::default();
        if mishaps.is_some() {
            ledger.obey();
        }
        context::belong_to(&hello.tenant, hello.epoch);
        State {
            epoch: hello.epoch,
            prepared: None,
            committed: None,
            data,
            views: Views::default(),
            held_until: None,
            charts: Charts::default(),
            controls,
            counts: Counts::default(),
            told: Counts::default(),
            styles_told: false,
            data_to_frame: Latency::default(),
            history,
            pushes: Pushes::default(),
            resting: Vec::new(),
            quotas: Quotas::default(),
            tenant: hello.tenant.clone(),
            ledger,
            mishaps,
            standbys: Standbys::default(),
            profiling,
            profiled: None,
        }
    }

    /// Obeys root; the answer, if there is one, goes before all frames.
    pub fn message(
        &mut self,
        message: ToWorker,
        now: Mono,
        wall: Wall,
    ) -> Result<Option<ToRoot<'static>>, WorkerError> {
        let _entered = context::enter(Context::message(message.kind()));
        match message {
            ToWorker::Hello(_) => return Err(order("Hello", "it has been said already".to_owned())),
            ToWorker::Prepare { generation, files } => {
                let outcome = self.prepare(generation, files);
                return Ok(Some(ToRoot::Prepared { generation, outcome }));
            }
            ToWorker::Commit { generation } => self.commit(generation, now)?,
            ToWorker::Subscribe { view, spec } => self.subscribe(view, spec, now)?,
            // The view may have gone while the credit was under way.
            ToWorker::Credit { view } => self.views.credit(view, now),
            ToWorker::Hold { view } => self.views.hold(view),
            ToWorker::Unsubscribe { view } => {
                self.views.remove(view);
                self.watch_sources(now);
            }
            ToWorker::Input { session, spec, input } => {
                if self.mishaps.as_mut().is_some_and(|mishaps| mishaps.press(&spec, input, &mut self.ledger)) {
                    self.views.distrusted(&spec.board, now);
                    return Ok(Some(ToRoot::Spec { session, spec }));
                }
                let after = self.committed.as_ref().and_then(|ready| {
                    let stage = Stage { boards: &ready.boards, data: &self.data, now: wall };
                    // One that panics changes nothing: it has looked at snapshots only.
                    let step = || session::step(&spec, input, stage);
                    fault::contain(Context::input(&spec.board), step).ok().flatten()
                });
                // Answered also when nothing changes: root sends the session's next input only then.
                let spec = after.unwrap_or(spec);
                return Ok(Some(ToRoot::Spec { session, spec }));
            }
            ToWorker::Ping { nonce, vitals } => {
                // Before it draws nothing is taken: another worker may still write what this one will read.
                let is_told = self.committed.is_some() && !self.is_resting(own::NAME);
                if let Some(vitals) = vitals.filter(|_| is_told) {
                    self.controls.own.send_replace(Some(Report { vitals, work: self.work() }));
                }
                return Ok(Some(ToRoot::Pong { nonce }));
            }
            ToWorker::Viewers { board, viewers } => self.views.watched_by(board, viewers, now),
            ToWorker::Push { pusher, number, lines } => self.push(Push { pusher, number, lines })?,
            ToWorker::LeaveAlone(resting) => self.leave_alone(resting, now, wall),
            ToWorker::Complaints(complaints) => self.views.complained(complaints, now),
            ToWorker::TakeProfile { number, hz, span_ms } => {
                self.profiling.begin(number, hz, Duration::from_millis(span_ms.into()));
            }
            ToWorker::CallOffProfile { number } => self.profiling.call_off(number),
            ToWorker::TellRecorded { number, last_ms } => {
                self.profiling.look_back(number, Duration::from_millis(last_ms.into()));
            }
            ToWorker::TellHeap { number, span_ms } => {
                self.profiling.look_at_heap(number, Duration::from_millis(span_ms.into()));
            }
        }
        Ok(None)
    }

    /// Takes what a source has to tell, and what it tells for another.
    pub fn update(&mut self, mut update: Update, now: Mono, wall: Wall) {
        // What it had under way when it was put to rest says nothing of it any more.
        if self.is_resting(&update.source) {
            return;
        }
        let beside = self.standbys.pass(&mut update, wall);
        self.take(update, now, wall);
        beside.into_iter().for_each(|update| self.take(update, now, wall));
    }

    fn take(&mut self, update: Update, now: Mono, wall: Wall) {
        // What was on its way when the last viewer of a chart went.
        if self.charts.is_over(&update.source) {
            return;
        }
        let Update { source, samples, entries, left_out, mut health } = update;
        self.counts.samples_rejected += left_out;
        self.tell(&source, &health, wall);
        // Its task panicked, and with it went what the task knew.
        if health.interval_ms == 0
            && let (SourceState::Failed { .. }, Some(before)) = (&health.state, self.data.source(&source))
        {
            (health.last_good, health.interval_ms) = (before.last_good, before.interval_ms);
        }
        // The clock was set back: what comes now is the newest there is, whatever was taken before.
        let interval = Duration::from_millis(health.interval_ms).max(push::SPREAD_MAX);
        if self.data.newest().is_some_and(|newest| newest > wall + interval) {
            let first = samples.iter().map(|sample| sample.at).fold(wall, Wall::min).max(wall - TOLD_AGAIN);
            self.data.forget_after(first - Duration::from_millis(1));
        }
        let has_samples = !samples.is_empty();
        let mut without_room = 0_usize;
        for sample in samples {
            let name = sample.key.name.clone();
            match self.data.insert(sample) {
                Ok(()) => self.counts.samples += 1,
                Err(why) => {
                    self.counts.reject(why);
                    without_room += usize::from(why == Rejected::TooManySeries);
                    SampleRejected { source: &source, series: &name, why: &why.to_string() }.emit();
                }
            }
        }
        for (stream, entry) in entries {
            self.history.iter_mut().for_each(|history| history.note_entry(&stream, &entry));
            if !self.data.append(&stream, entry) {
                self.counts.samples_rejected += 1;
            }
        }
        if without_room > 0 && health.state == SourceState::Good {
            let max = if source.starts_with(CHART) { limits::CHART_SERIES_MAX } else { limits::SERIES_MAX };
            health.state =
                SourceState::Partial(format!("no room: {max} series already, {without_room} values not taken"));
        }
        self.data.set_source(&source, health);
        self.write_history();
        // What the daemon tells of itself is not the data a first frame waits for, nor is a file in which nothing is new.
        if source == host::NAME || has_samples && source != own::NAME {
            self.held_until = None;
        }
        if let Some(ready) = &self.committed {
            self.views.changed(&ready.boards, &self.data, now);
        }
    }

    /// Leaves what is new to the next worker.
    pub(super) fn write_history(&mut self) {
        self.history.iter_mut().for_each(|history| history.write(&mut self.data));
    }

    /// The time of `wake_at` has come.
    pub fn woken(&mut self, now: Mono) {
        if self.held_until.is_some_and(|until| now >= until) {
            self.held_until = None;
        }
        if self.charts.expire(&mut self.data, now) {
            self.watch_sources(now);
        }
        self.views.judge_all(now);
    }

    /// When `woken` wants to be called although nothing happened.
    pub fn wake_at(&self) -> Option<Mono> {
        [self.held_until, self.views.wake_at(), self.charts.wake_at()].into_iter().flatten().min()
    }

    pub fn wants_to_draw(&self) -> bool {
        self.held_until.is_none() && self.views.any_ready()
    }

    /// Draws one view and returns what root gets: nothing, a frame, or a frame and a keyframe in place of history.
    pub fn draw_next(&mut self, now: Mono, wall: Wall) -> impl Iterator<Item = Bytes> + use<> {
        let drawn = self.draw(now, wall);
        let [first, second] = match drawn {
            None => [None, None],
            Some((view, out)) => {
                let frame = |base, bytes: &[u8]| {
                    ToRoot::Frame(Frame { view, epoch: self.epoch, version: out.version, base, bytes }).encode()
                };
                let keyframe = out.keyframe.as_deref().map(|bytes| frame(crate::base::Version::NONE, bytes));
                [Some(frame(out.base, &out.bytes)), keyframe]
            }
        };
        first.into_iter().chain(second)
    }

    fn draw(&mut self, now: Mono, wall: Wall) -> Option<(ViewId, FrameOut)> {
        let boards = &self.committed.as_ref()?.boards;
        let (id, view, shared) = self.views.next_ready(now)?;
        if let Err(held) = self.quotas.take(&view.spec().board, view.is_new(), now) {
            view.hold(now, now + held.wait, held.hz);
            self.views.judge(id, now);
            return None;
        }
        let before = (view.missed(), view.limited());
        let stage = Stage { boards, data: &self.data, now: wall };
        let out = view.draw_beside(shared, now, stage, &mut self.ledger);
        let unseen_since = view.take_unseen();
        self.counts.frames_late += view.missed() - before.0;
        self.quotas.left_out(&view.spec().board, view.limited() - before.1);
        self.counts.frames_limited = self.quotas.total();
        self.views.take_turns(self.quotas.any().then_some(id));
        self.views.judge(id, now);
        if let (Some(_), Some(since)) = (&out, unseen_since) {
            self.data_to_frame.note(clock::mono().since(since), 1);
        }
        match out {
            Some(_) => self.counts.frames_drawn += 1,
            None => self.counts.frames_skipped += 1,
        }
        Some((id, out?))
    }

    /// A profile is done.
    pub fn was_profiled(&mut self, profiled: Profiled) {
        self.profiled = Some(profiled);
    }

    pub fn has_profile(&self) -> bool {
        self.profiled.is_some()
    }

    /// None where [`State::has_profile`] says so.
    pub fn take_profile(&mut self) -> Option<ToRoot<'static>> {
        let (number, outcome) = self.profiled.take()?;
        Some(ToRoot::Profile { number, outcome: outcome.map_err(Why) })
    }

    /// Something root has not been told.
    pub fn status_changed(&self) -> bool {
        self.counts != self.told
    }

    pub fn take_status(&mut self, wall: Wall) -> WorkerStatus {
        self.told = self.counts;
        if !self.styles_told && StyleId::are_used_up() {
            self.styles_told = true;
            StylesUsedUp { styles: limits::EXACT_STYLES_MAX }.emit();
        }
        self.tell_status(wall)
    }

    fn work(&self) -> Work {
        Work {
            series: self.data.series_count(),
            frames_drawn: self.counts.frames_drawn,
            frames_skipped: self.counts.frames_skipped,
            frames_late: self.counts.frames_late,
            samples: self.counts.samples,
            samples_rejected: self.counts.samples_rejected,
        }
    }

    /// Data is made up, processes are looked at, and charts ask their databases, only while a view shows some.
    pub(super) fn watch_sources(&mut self, now: Mono) {
        let Some(Generation { boards, settings, number, .. }) = &self.committed else { return };
        let configured = Configured { boards, sources: &settings.sources, made_of: *number };
        self.charts.watch(self.views.asked(), configured, &mut self.data, now);
        self.run_sources();
        let Some(Generation { boards, .. }) = &self.committed else { return };
        let watched = |shows: &dyn Fn(&Board, u16) -> bool| {
            self.views.tabs().any(|(board, tab)| boards.get(board).is_some_and(|board| shows(board, tab)))
        };
        let made_up = !self.is_resting(synthetic::NAME)
            && watched(&|board, _| board.panels.iter().any(|panel| panel.source == synthetic::NAME));
        let processes = watched(&|board, tab| host::processes::SERIES.iter().any(|one| board.shows_series(tab, one)));
        for (control, watched) in [(&self.controls.synthetic, made_up), (&self.controls.processes, processes)] {
            control.send_if_modified(|known| std::mem::replace(known, watched) != watched);
        }
    }

    fn subscribe(&mut self, id: ViewId, spec: ViewSpec, now: Mono) -> Result<(), WorkerError> {
        let Some(generation) = &self.committed else {
            return Err(order("Subscribe", "no boards are committed".to_owned()));
        };
        if self.views.contains(id) {
            return Err(order("Subscribe", format!("view {} is subscribed already", id.0)));
        }
        if self.views.len() >= limits::VIEWS_MAX {
            return Err(order("Subscribe", format!("there are {} views, as many as there may be", limits::VIEWS_MAX)));
        }
        self.views.insert(id, View::new(spec, &generation.boards), now);
        self.watch_sources(now);
        Ok(())
    }

    /// An operator hears of a source's first failure and of its recovery.
    fn tell(&self, source: &str, health: &SourceHealth, wall: Wall) {
        let before = self.data.source(source).map(|before| &before.state);
        let failed_since = match before {
            Some(SourceState::Failed { since, .. } | SourceState::Standby { since, .. }) => Some(*since),
            _ => None,
        };
        match (failed_since, &health.state) {
            (None, SourceState::Failed { why, .. }) => SourceFailed { source, why }.emit(),
            // Told where it took over; counted as what it is.
            (None, SourceState::Standby { by, .. }) => SourceFailed { source, why: &format!("{by} stands in") }.emit(),
            (Some(since), SourceState::Good | SourceState::Partial(_)) => {
                let after_ms = u64::try_from(wall.since(since).as_millis()).unwrap_or(u64::MAX);
                SourceRecovered { source, after_ms }.emit();
            }
            _ => {}
        }
    }
}

// === impl Counts ===

impl Counts {
    fn reject(&mut self, why: Rejected) {
        self.samples_rejected += 1;
        let place = Rejected::ALL.iter().position(|(_, known)| *known == why);
        place.into_iter().for_each(|place| self.rejected[place] += 1);
    }

    /// So many were pushed lines, of which their own reasons tell more.
    pub(super) fn reasons(&self, pushed: u64) -> Vec<CountRow> {
        let known = Rejected::ALL.iter().zip(self.rejected).map(|((name, _), count)| (*name, count));
        let beyond = self.samples_rejected.saturating_sub(self.rejected.iter().sum::<u64>() + pushed);
        let row = |(name, count): (&str, u64)| CountRow { name: name.to_owned(), count };
        known.chain([("pushed", pushed), ("beyond-caps", beyond)]).map(row).collect()
    }
}

pub(super) fn order(what: &'static str, why: String) -> WorkerError {
    WorkerError::Order { what, why }
}
