//! What root counts and measures, and how it all gets onto the page that Prometheus reads.
//!
//! Invariant: nothing here is done for each viewer of a frame: pictures are measured by two readings of a count and one of
//! the clock, however many viewers they go to. What workers say of themselves is added up over their lives, so that no
//! count ever falls because one of them began anew.

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;

use super::link::LifeId;
use super::state::State;
use super::tenants::Name;
use super::vitals::STALLED_AFTER;
use super::worker::Worker;
use crate::base::{BUILD_ID, Mono, SessionId, limits};
use crate::event::COUNTERS;
use crate::fanout::Fault;
use crate::model::fault::{Class, Ring};
use crate::model::latency::Latency;
use crate::model::vitals::Allocator;
use crate::observe::{self, catalogue as of};
use crate::observe::{Observer, Scrape};
use crate::runtime::log::{Losses, To};
use crate::runtime::{self, fault, log};
use crate::sys::{clock, heap, usage};
use crate::wire::feed::{self, CountRow, WorkerStatus};

/// What was counted, and what of it was handed over already.
#[derive(Debug, Default)]
pub struct Observing {
    observer: Observer,
    /// What each tenant's worker said last.
    said: BTreeMap<Name, Said>,
    frame_to_wire: Latency,
    /// Of it.
    handed_over: Latency,
    log_losses: [Losses; limits::LOG_DESTINATIONS],
    kept_alive: KeptAlive,
    calibration_begun: bool,
    pub resumed: u64,
    pub banners: u64,
}

/// What a worker said last.
#[derive(Debug)]
struct Said {
    /// In which of its lives.
    life: LifeId,
    status: WorkerStatus,
    kept_alive: KeptAlive,
}

/// When all series of somebody were touched last, whether they rose or not.
#[derive(Clone, Copy, Debug, Default)]
struct KeptAlive(Option<Mono>);

/// So often series are touched that do not rise, long before they count as idle: a key takes longer to make than all the
/// rest of a count.
const KEPT_ALIVE_EVERY: Duration = Duration::from_secs(limits::METRIC_IDLE.as_secs() / 4);

/// Causes of the ends of workers.
const ENDS: [&str; 5] = ["died", "hung", "late", "memory", "violation"];

// === impl KeptAlive ===

impl KeptAlive {
    /// Whether all are to be touched again; they are then.
    fn is_due(&mut self, now: Mono) -> bool {
        let is_due = self.0.is_none_or(|at| now.since(at) >= KEPT_ALIVE_EVERY);
        if is_due {
            self.0 = Some(now);
        }
        is_due
    }
}

// === impl Observing ===

impl Observing {
    /// Adds what a worker did since it last said so.
    fn said(&mut self, name: &Name, life: LifeId, status: &WorkerStatus, now: Mono) {
        let before = self.said.remove(name).filter(|said| said.life == life);
        let mut kept_alive = before.as_ref().map(|said| said.kept_alive).unwrap_or_default();
        let touches_all = kept_alive.is_due(now);
        let before = before.map(|said| said.status).unwrap_or_default();
        let (own, was) = (&status.figures, &before.figures);
        let observer = &mut self.observer;
        let mut count = |metric, values: &[&str], more| {
            if more > 0 || touches_all {
                observer.count(metric, values, more, now);
            }
        };
        for (metric, total, earlier) in [
            (&of::FRAMES_DRAWN, status.frames_drawn, before.frames_drawn),
            (&of::FRAMES_SKIPPED, status.frames_skipped, before.frames_skipped),
            (&of::FRAMES_LATE, status.frames_late, before.frames_late),
            (&of::FRAMES_LIMITED, status.frames_limited, before.frames_limited),
            (&of::SAMPLES, status.samples, before.samples),
            (&of::BREAKERS_OPENED, own.source_pauses, was.source_pauses),
        ] {
            count(metric, &[name], total.saturating_sub(earlier));
        }
        for (metric, total, earlier) in
            [(&of::LOG_DROPPED, own.log_dropped, was.log_dropped), (&of::LOG_ERRORS, own.log_errors, was.log_errors)]
        {
            for (to, (total, earlier)) in To::ALL.into_iter().zip(total.into_iter().zip(earlier)) {
                count(metric, &["worker", name, to.word()], total.saturating_sub(earlier));
            }
        }
        // They are there before they happen, so that the first one shows as a rise.
        for cause in ENDS {
            count(&of::WORKER_DEATHS, &[name, cause], 0);
        }
        for (cause, more) in risen(&status.rejected, &before.rejected) {
            count(&of::SAMPLES_REJECTED, &[name, cause], more);
        }
        for (cause, more) in risen(&status.push_rejected, &before.push_rejected) {
            count(&of::LINES_REJECTED, &[name, cause], more);
        }
        for (fault, more) in risen(&status.faults, &before.faults) {
            let (ring, class) = ring_and_class(fault);
            count(&of::FAULTS, &[name, ring, class], more);
        }
        let spans = own.data_to_frame.since(&was.data_to_frame);
        if !spans.is_empty() || touches_all {
            observer.measured(&of::DATA_TO_FRAME, &[name], &spans, now);
        }
        self.said.insert(name.clone(), Said { life, status: status.clone(), kept_alive });
    }

    /// A life of a worker is over.
    pub fn died(&mut self, name: &Name, cause: &str, now: Mono) {
        self.observer.count(&of::WORKER_DEATHS, &[name, cause], 1, now);
    }

    fn second(&mut self, now: Mono) {
        // A second after the start, so that it takes no processor from what is to be seen first. A scrape before it is done holds
        // root up for as long.
        if !self.calibration_begun {
            self.calibration_begun = runtime::spawn_thread("metrics-clock", observe::calibrate).is_ok();
        }
        let touches_all = self.kept_alive.is_due(now);
        let spans = self.frame_to_wire.since(&self.handed_over);
        if !spans.is_empty() || touches_all {
            self.handed_over = self.frame_to_wire;
            self.observer.measured(&of::FRAME_TO_WIRE, &[], &spans, now);
        }
        let losses = log::losses();
        let before = std::mem::replace(&mut self.log_losses, losses);
        for (to, (losses, before)) in To::ALL.into_iter().zip(losses.into_iter().zip(before)) {
            let mut count = |metric, more| {
                if more > 0 || touches_all {
                    self.observer.count(metric, &["root", "", to.word()], more, now);
                }
            };
            count(&of::LOG_DROPPED, losses.dropped - before.dropped);
            count(&of::LOG_ERRORS, losses.errors - before.errors);
        }
        self.observer.upkeep(now);
    }
}

/// As the program knows them: two labels that a worker could fill as it likes would be as many series as both multiplied.
fn ring_and_class(fault: &str) -> (&'static str, &'static str) {
    const OTHER: &str = "other";
    let (ring, class) = fault.split_once(' ').unwrap_or((fault, ""));
    let ring = Ring::ALL.map(Ring::word).into_iter().find(|word| *word == ring);
    let class = Class::ALL.map(Class::word).into_iter().find(|word| *word == class);
    (ring.unwrap_or(OTHER), class.unwrap_or(OTHER))
}

/// By how much each of the counts rose.
fn risen<'a>(rows: &'a [CountRow], before: &[CountRow]) -> impl Iterator<Item = (&'a str, u64)> {
    rows.iter().map(|row| {
        let earlier = before.iter().find(|earlier| earlier.name == row.name).map_or(0, |earlier| earlier.count);
        (row.name.as_str(), row.count.saturating_sub(earlier))
    })
}

// === impl State ===

impl State {
    /// A worker told how it fares.
    pub(super) fn observe_status(&mut self, name: &Name, now: Mono) {
        let Some(tenant) = self.tenants.get(name) else { return };
        self.observing.said(name, tenant.worker.life(), tenant.worker.status(), now);
    }

    pub(super) fn observe_second(&mut self, now: Mono) {
        self.observing.said.retain(|name, _| self.tenants.get(name).is_some());
        self.observing.second(now);
    }

    /// Publishes a frame, and measures how long it takes until those viewers have it that take it at once.
    pub(super) fn publish(&mut self, frame: &feed::Frame<'_>, now: Mono) -> Result<(), Fault> {
        let before = self.fanout.sent().frames;
        let taken = self.fanout.publish(frame, now);
        self.observe_sent(before, now);
        taken
    }

    /// The same for one that had no room for it.
    pub(super) fn writable(&mut self, id: SessionId, now: Mono) {
        let before = self.fanout.sent().frames;
        self.fanout.writable(id, now);
        let view = self.sessions.get(&id).map(|session| session.view);
        if let Some(since) = view.and_then(|view| self.fanout.last_frame_at(view)) {
            self.observe_sent(before, since);
        }
    }

    fn observe_sent(&mut self, before: u64, since: Mono) {
        let count = self.fanout.sent().frames - before;
        if count > 0 {
            self.observing.frame_to_wire.note(clock::mono().since(since), count);
        }
    }

    /// The page, as Prometheus reads it.
    pub(super) fn page(&mut self, now: Mono) -> Bytes {
        if let Some(page) = self.observing.observer.page(now) {
            return page;
        }
        let mut observing = std::mem::take(&mut self.observing);
        let mut scrape = observing.observer.scrape(now);
        self.tell_itself(&mut scrape, now);
        self.tell_viewers_of(&mut scrape, now);
        scrape.total(&of::SESSIONS_RESUMED, &[], observing.resumed);
        scrape.total(&of::BANNERS, &[], observing.banners);
        for (name, tenant) in self.tenants.all() {
            tell_worker(&mut scrape, &tenant.worker, now);
            scrape.total(&of::CHUNKS_PUT_OFF, &[name], self.pushing.limited(name));
        }
        let page = scrape.finish();
        self.observing = observing;
        page
    }

    fn tell_itself(&self, scrape: &mut Scrape<'_>, now: Mono) {
        let usage = usage::read();
        scrape.gauge(&of::BUILD_INFO, &[BUILD_ID, env!("CARGO_PKG_VERSION")], 1.0);
        scrape.gauge(&of::UPTIME, &[], now.since(self.started_at).as_secs_f64());
        if let Some(bytes) = usage.resident_bytes {
            scrape.gauge(&of::RESIDENT, &["root", ""], bytes as f64);
        }
        tell_allocator(scrape, "root", "", heap::allocator());
        if let Some(count) = usage::open_descriptors() {
            scrape.gauge(&of::OPEN_FDS, &[], count as f64);
        }
        scrape.gauge(&of::TASKS, &[], runtime::running() as f64);
        scrape.total(&of::PANICS, &[], fault::unheld());
        let configuration = self.configuration.status();
        scrape.gauge(&of::GENERATION, &[], self.generation() as f64);
        scrape.gauge(&of::REFUSED, &[], f64::from(u8::from(configuration.refused.is_some())));
        scrape.gauge(&of::UNKEPT, &[], f64::from(u8::from(configuration.unkept.is_some())));
        scrape.total(&of::RELOADS, &["accepted"], COUNTERS.configurations_accepted.get());
        scrape.total(&of::RELOADS, &["refused"], COUNTERS.configurations_refused.get());
        for (metric, counter) in [
            (&of::SESSIONS_OPENED, &COUNTERS.sessions_opened),
            (&of::SESSIONS_CLOSED, &COUNTERS.sessions_closed),
            (&of::SESSIONS_REFUSED, &COUNTERS.sessions_refused),
            (&of::STALLS, &COUNTERS.sessions_stalled),
            (&of::FRAMES_DROPPED, &COUNTERS.frames_dropped),
            (&of::FRAMES_REFUSED, &COUNTERS.frames_refused),
            (&of::INPUTS_DROPPED, &COUNTERS.inputs_dropped),
            (&of::REPAINTS_PUT_OFF, &COUNTERS.repaints_put_off),
            (&of::CHUNKS_LOST, &COUNTERS.chunks_lost),
            (&of::DESCENDANTS_REFUSED, &COUNTERS.descendants_refused),
            (&of::LEFTOVERS_ENDED, &COUNTERS.leftovers_ended),
        ] {
            scrape.total(metric, &[], counter.get());
        }
    }

    fn tell_viewers_of(&self, scrape: &mut Scrape<'_>, now: Mono) {
        // A kind that nobody is of just now is one all the same.
        for kind in ["attach", "local", "tty"] {
            scrape.gauge(&of::SESSIONS, &[kind], 0.0);
        }
        for session in self.sessions.values() {
            scrape.gauge(&of::SESSIONS, &[session.seat.kind()], 1.0);
        }
        scrape.gauge(&of::SESSIONS_STALLED, &[], self.fanout.stalled_for(STALLED_AFTER, now) as f64);
        scrape.gauge(&of::PUSHERS, &[], self.pushing.count() as f64);
        let mut boards: BTreeMap<(&str, &str), (usize, usize)> = BTreeMap::new();
        for (view, spec) in self.views.all() {
            let board = boards.entry((&spec.tenant, &spec.board)).or_default();
            board.0 += 1;
            board.1 += self.fanout.viewer_count(view);
        }
        for ((tenant, board), (views, viewers)) in boards {
            scrape.gauge(&of::VIEWS, &[tenant, board], views as f64);
            scrape.gauge(&of::VIEWERS, &[tenant, board], viewers as f64);
        }
        let sent = self.fanout.sent();
        scrape.total(&of::FRAMES_SENT, &[], sent.frames);
        scrape.total(&of::SENT_BYTES, &[], sent.bytes);
    }
}

fn tell_allocator(scrape: &mut Scrape<'_>, process: &str, tenant: &str, allocator: Option<Allocator>) {
    for (kind, bytes) in allocator.iter().flat_map(Allocator::rows) {
        scrape.gauge(&of::ALLOCATOR, &[process, tenant, kind], bytes as f64);
    }
}

/// What is known of one worker, also where it is down just now.
fn tell_worker(scrape: &mut Scrape<'_>, worker: &Worker, now: Mono) {
    let tenant = worker.tenant();
    let (said, said_at) = worker.status_at();
    scrape.gauge(&of::WORKER_UP, &[tenant], f64::from(u8::from(worker.state() == "ready" && worker.draws())));
    scrape.total(&of::WORKER_RESTARTS, &[tenant], worker.restarts());
    scrape.total(&of::WORKER_RECYCLED, &[tenant], worker.recycled());
    scrape.total(&of::WORKER_LATE, &[tenant], worker.times_late());
    scrape.gauge(&of::SERIES, &[tenant], f64::from(said.series));
    scrape.gauge(&of::PANELS_FALLEN, &[tenant], f64::from(said.figures.panels_fallen));
    if let Some(bytes) = said.figures.resident_bytes.filter(|_| worker.runs()) {
        scrape.gauge(&of::RESIDENT, &["worker", tenant], bytes as f64);
    }
    tell_allocator(scrape, "worker", tenant, said.figures.allocator.filter(|_| worker.runs()));
    for row in &said.memory {
        scrape.gauge(&of::MEMORY, &[tenant, &row.name], row.bytes as f64);
        scrape.gauge(&of::MEMORY_LIMIT, &[tenant, &row.name], row.bytes_max as f64);
    }
    // None without a group.
    scrape.total(&of::WORKER_THROTTLED, &[tenant], worker.counts().unwrap_or_default().throttled_times);
    let paused = said.sources.iter().filter(|source| source.state == "paused").count();
    scrape.gauge(&of::BREAKERS_OPEN, &[tenant], paused as f64);
    for source in &said.sources {
        scrape.gauge(&of::SOURCES, &[tenant, &source.state], 1.0);
        scrape.gauge(&of::SOURCE_INTERVAL, &[tenant, &source.name], source.interval_ms as f64 / 1e3);
        if let Some(age_ms) = source.age_ms {
            let age_s = age_ms as f64 / 1e3 + now.since(said_at).as_secs_f64();
            scrape.gauge(&of::SOURCE_AGE, &[tenant, &source.name], age_s);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::base::Epoch;

    fn page(observing: &mut Observing) -> String {
        String::from_utf8(observing.observer.scrape(Mono(1)).finish().to_vec()).expect("it is text")
    }

    #[test]
    fn counts_of_a_worker_go_on_where_those_of_its_predecessor_ended() {
        let mut observing = Observing::default();
        let name: Name = Arc::from("ops");
        let fault = |count| vec![CountRow { name: "source poisoned client".to_owned(), count }];
        for (epoch, frames_drawn, faults) in [(1, 5, 1), (1, 7, 1), (2, 2, 1), (2, 2, 3)] {
            let life = LifeId { worker: 1, epoch: Epoch(epoch) };
            let status = WorkerStatus { frames_drawn, faults: fault(faults), ..WorkerStatus::default() };
            observing.said(&name, life, &status, Mono(1));
        }
        let text = page(&mut observing);
        assert!(text.contains("unblink_frames_drawn_total{tenant=\"ops\"} 9\n"), "{text}");
        let line = "unblink_faults_total{tenant=\"ops\",ring=\"source\",class=\"poisoned client\"} 4\n";
        assert!(text.contains(line), "{text}");
    }

    #[test]
    fn a_worker_makes_no_rings_and_classes_up() {
        let mut observing = Observing::default();
        let (name, life) = (Arc::from("ops"), LifeId { worker: 1, epoch: Epoch(1) });
        let row = |name: &str| CountRow { name: name.to_owned(), count: 1 };
        let faults = ["panel panic", "moon panic", "panel wrath", "moon wrath", "moon", "star dust"].map(row).to_vec();
        observing.said(&name, life, &WorkerStatus { faults, ..WorkerStatus::default() }, Mono(1));
        let text = page(&mut observing);
        let lines: Vec<&str> = text.lines().filter(|line| line.starts_with("unblink_faults_total{")).collect();
        assert_eq!(lines.len(), 4, "{lines:?}");
        assert!(lines.contains(&"unblink_faults_total{tenant=\"ops\",ring=\"other\",class=\"other\"} 3"), "{lines:?}");
    }

    #[test]
    fn a_worker_that_counts_backwards_takes_nothing_away() {
        let mut observing = Observing::default();
        let (name, life) = (Arc::from("ops"), LifeId { worker: 1, epoch: Epoch(1) });
        for frames_drawn in [5, 3, 4] {
            observing.said(&name, life, &WorkerStatus { frames_drawn, ..WorkerStatus::default() }, Mono(1));
        }
        let text = page(&mut observing);
        assert!(text.contains("unblink_frames_drawn_total{tenant=\"ops\"} 6\n"), "{text}");
    }

    #[test]
    fn a_worker_with_nothing_to_tell_stays_on_the_page_and_one_that_went_does_not() {
        let mut observing = Observing::default();
        let (name, status): (Name, _) = (Arc::from("ops"), WorkerStatus::default());
        let quiet = "unblink_data_to_frame_seconds_count{tenant=\"ops\"} 0";
        let half_an_hour = |observing: &mut Observing, from: u64, is_there: bool| {
            for second in 60 * from..60 * (from + 30) {
                let now = Mono(1) + Duration::from_secs(second);
                if is_there {
                    observing.said(&name, LifeId { worker: 1, epoch: Epoch(1) }, &status, now);
                }
                observing.second(now);
            }
            page(observing)
        };
        let text = half_an_hour(&mut observing, 0, true);
        assert!(text.contains(quiet), "{text}");
        let text = half_an_hour(&mut observing, 30, false);
        assert!(!text.contains(quiet), "{text}");
        assert!(text.contains("unblink_frame_to_wire_seconds_count 0"), "{text}");
    }
}
