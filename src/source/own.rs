//! The daemon itself: what root tells of itself with every ping, and what this worker knows of its own work.
//!
//! Invariant: it never asks by itself and has no rhythm of its own. Root's pings wake it, so a daemon that does nothing
//! wakes no oftener for being watched; when they stop, its data grows old like that of any source.

use std::time::Duration;

use tokio::sync::{mpsc, watch};

use super::{Update, millis};
use crate::base::{BUILD_ID, Mono, Wall};
use crate::model::dataset::{SourceHealth, SourceState};
use crate::model::{Kind, Sample, SeriesKey, Unit, Vitals};
use crate::runtime;
use crate::sys::clock;
use crate::sys::usage::{self, Usage};

/// As boards call it.
pub const NAME: &str = "unblink";

/// Root pings that often.
const INTERVAL: Duration = Duration::from_secs(1);

/// What there is to tell at one ping.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Report {
    pub vitals: Vitals,
    pub work: Work,
}

/// A worker's own work since it started.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Work {
    pub series: usize,
    pub frames_drawn: u64,
    /// Drawn, and equal to the frame before.
    pub frames_skipped: u64,
    /// Refreshes left out because drawing came too late for them.
    pub frames_late: u64,
    pub samples: u64,
    pub samples_rejected: u64,
}

/// Remembers what shares of time need from one report to the next.
#[derive(Clone, Copy, Debug)]
pub struct Own {
    started_at: Mono,
    root: Option<Spent>,
    worker: Option<Spent>,
}

/// Processor time that was used until some moment of a process's life.
#[derive(Clone, Copy, Debug)]
struct Spent {
    uptime: Duration,
    cpu: Duration,
}

/// One process at one moment.
struct Process {
    name: &'static str,
    spent: Spent,
    resident_bytes: Option<u64>,
    tasks: usize,
}

/// Samples of one moment.
struct Out {
    at: Wall,
    samples: Vec<Sample>,
}

/// Tells what was reported, until nobody reports or listens any more.
pub async fn run(mut reports: watch::Receiver<Option<Report>>, updates: mpsc::Sender<Update>) {
    let mut own = Own::new(clock::mono());
    while reports.changed().await.is_ok() {
        let Some(report) = *reports.borrow_and_update() else { continue };
        let at = clock::wall();
        let samples = own.tell(&report, usage::read(), runtime::running(), clock::mono(), at);
        let update = Update { source: NAME.into(), samples, entries: Vec::new(), left_out: 0, health: health(at) };
        if updates.send(update).await.is_err() {
            return;
        }
    }
}

/// It has delivered just now.
pub fn health(now: Wall) -> SourceHealth {
    SourceHealth { state: SourceState::Good, last_good: Some(now), interval_ms: millis(INTERVAL) }
}

// === impl Own ===

impl Own {
    pub fn new(now: Mono) -> Own {
        Own { started_at: now, root: None, worker: None }
    }

    /// The samples of a report, with what this process takes and how many tasks it runs.
    pub fn tell(&mut self, report: &Report, usage: Usage, tasks: usize, now: Mono, at: Wall) -> Vec<Sample> {
        let Report { vitals, work } = report;
        let mut out = Out { at, samples: Vec::with_capacity(32) };
        let info = [("version", env!("CARGO_PKG_VERSION")), ("build", BUILD_ID)];
        out.add(SeriesKey::labelled("unblink_info", &info), Kind::Gauge, Unit::None, 1.0);
        let root = Spent { uptime: Duration::from_millis(vitals.uptime_ms), cpu: Duration::from_micros(vitals.cpu_us) };
        let worker = Spent { uptime: now.since(self.started_at), cpu: usage.cpu };
        let (before_root, before_worker) = (self.root.replace(root), self.worker.replace(worker));
        let tasks_of_root = usize::try_from(vitals.tasks).unwrap_or(usize::MAX);
        let (root_bytes, worker_bytes) = (vitals.resident_bytes, usage.resident_bytes);
        out.process(
            Process { name: "root", spent: root, resident_bytes: root_bytes, tasks: tasks_of_root },
            before_root,
        );
        out.process(Process { name: "worker", spent: worker, resident_bytes: worker_bytes, tasks }, before_worker);

        out.gauge("unblink_viewers", u64::from(vitals.viewers));
        out.gauge("unblink_viewers_stalled", u64::from(vitals.viewers_stalled));
        out.gauge("unblink_views", u64::from(vitals.views));
        out.counter("unblink_sessions_total", Unit::None, vitals.sessions_opened);
        out.counter("unblink_frames_sent_total", Unit::None, vitals.frames_sent);
        out.counter("unblink_sent_bytes_total", Unit::Bytes, vitals.bytes_sent);
        out.counter("unblink_frames_dropped_total", Unit::None, vitals.frames_dropped);
        out.counter("unblink_inputs_dropped_total", Unit::None, vitals.inputs_dropped);
        // No counter: how many there were says more than how many a second.
        out.gauge("unblink_worker_restarts", vitals.worker_restarts);

        out.gauge("unblink_series", work.series as u64);
        out.counter("unblink_frames_drawn_total", Unit::None, work.frames_drawn);
        out.counter("unblink_frames_skipped_total", Unit::None, work.frames_skipped);
        out.counter("unblink_frames_late_total", Unit::None, work.frames_late);
        out.counter("unblink_samples_total", Unit::None, work.samples);
        out.counter("unblink_samples_rejected_total", Unit::None, work.samples_rejected);
        out.samples
    }
}

// === impl Spent ===

impl Spent {
    /// Of one core, since an earlier moment; none when no time has passed.
    fn percent_since(self, before: Spent) -> Option<f64> {
        let passed = self.uptime.checked_sub(before.uptime).filter(|passed| !passed.is_zero())?;
        Some(self.cpu.saturating_sub(before.cpu).as_secs_f64() / passed.as_secs_f64() * 100.0)
    }
}

// === impl Out ===

impl Out {
    fn add(&mut self, key: SeriesKey, kind: Kind, unit: Unit, value: f64) {
        self.samples.push(Sample { key, kind, unit, at: self.at, value });
    }

    fn gauge(&mut self, name: &str, value: u64) {
        self.add(SeriesKey::plain(name), Kind::Gauge, Unit::None, value as f64);
    }

    fn counter(&mut self, name: &str, unit: Unit, value: u64) {
        self.add(SeriesKey::plain(name), Kind::Counter, unit, value as f64);
    }

    /// What every process has. Its share of a core needs a moment before.
    fn process(&mut self, process: Process, before: Option<Spent>) {
        let Process { name, spent, resident_bytes, tasks } = process;
        let mut add = |series: &str, unit, value| {
            self.add(SeriesKey::labelled(series, &[("process", name)]), Kind::Gauge, unit, value);
        };
        // In whole seconds, as the other ages are.
        add("unblink_uptime_seconds", Unit::Seconds, spent.uptime.as_secs() as f64);
        add("unblink_tasks", Unit::None, tasks as f64);
        if let Some(percent) = before.and_then(|before| spent.percent_since(before)) {
            add("unblink_cpu_percent", Unit::Percent, percent);
        }
        if let Some(bytes) = resident_bytes {
            add("unblink_resident_bytes", Unit::Bytes, bytes as f64);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::runtime::timer;

    const AT: Wall = Wall(1_700_000_000_000);

    fn value(samples: &[Sample], name: &str, process: Option<&str>) -> Option<f64> {
        let labels: Vec<(&str, &str)> = process.map(|process| ("process", process)).into_iter().collect();
        let key = SeriesKey::labelled(name, &labels);
        samples.iter().find(|sample| sample.key == key).map(|sample| sample.value)
    }

    fn report(uptime_ms: u64, cpu_us: u64) -> Report {
        let vitals = Vitals { uptime_ms, cpu_us, resident_bytes: Some(4096), viewers: 3, ..Vitals::default() };
        Report { vitals, work: Work { frames_drawn: 7, ..Work::default() } }
    }

    #[test]
    fn shares_of_time_are_of_one_core_and_need_two_reports() {
        let mut own = Own::new(Mono(0));
        let usage = |cpu_ms| Usage { cpu: Duration::from_millis(cpu_ms), resident_bytes: Some(8192) };
        let second = Mono(0) + Duration::from_secs(1);
        let first = own.tell(&report(10_000, 5_000), usage(100), 4, second, AT);
        assert_eq!(value(&first, "unblink_cpu_percent", Some("root")), None);
        assert_eq!(value(&first, "unblink_cpu_percent", Some("worker")), None);
        assert_eq!(value(&first, "unblink_viewers", None), Some(3.0));
        assert_eq!(value(&first, "unblink_frames_drawn_total", None), Some(7.0));
        assert_eq!(value(&first, "unblink_tasks", Some("worker")), Some(4.0));
        let next = own.tell(&report(12_000, 25_000), usage(400), 4, second + Duration::from_secs(2), AT);
        assert_eq!(value(&next, "unblink_cpu_percent", Some("root")), Some(1.0));
        assert_eq!(value(&next, "unblink_cpu_percent", Some("worker")), Some(15.0));
        assert_eq!(value(&next, "unblink_uptime_seconds", Some("root")), Some(12.0));
        assert_eq!(value(&next, "unblink_uptime_seconds", Some("worker")), Some(3.0));
        assert_eq!(value(&next, "unblink_resident_bytes", Some("worker")), Some(8192.0));
        // The same moment once more: no time passed.
        let again = own.tell(&report(12_000, 25_000), usage(400), 4, second + Duration::from_secs(2), AT);
        assert_eq!(value(&again, "unblink_cpu_percent", Some("root")), None);
    }

    #[test]
    fn memory_that_the_kernel_does_not_tell_is_not_told() {
        let mut own = Own::new(Mono(0));
        let mut unknown = report(1, 1);
        unknown.vitals.resident_bytes = None;
        let samples = own.tell(&unknown, Usage::default(), 1, Mono(9), AT);
        assert!(samples.iter().all(|sample| sample.key.name != "unblink_resident_bytes"));
        assert!(samples.iter().all(|sample| sample.value.is_finite() && sample.at == AT));
    }

    #[test]
    fn names_tell_counters_from_gauges() {
        let samples = Own::new(Mono(0)).tell(&report(1, 1), Usage::default(), 1, Mono(9), AT);
        for sample in &samples {
            let name = &sample.key.name;
            assert!(name.starts_with("unblink_"), "{name}");
            assert_eq!(name.ends_with("_total"), sample.kind == Kind::Counter, "{name}");
        }
        let info = samples.iter().find(|sample| sample.key.name == "unblink_info").expect("it says what it is");
        assert_eq!(info.key.label("version"), Some(env!("CARGO_PKG_VERSION")));
        assert_eq!(info.key.label("build"), Some(BUILD_ID));
    }

    #[tokio::test(start_paused = true)]
    async fn it_tells_when_it_is_told_and_never_else() {
        let (reports, heard) = watch::channel(None);
        let (updates, mut told) = mpsc::channel(1);
        let task = runtime::spawn("source-unblink", run(heard, updates));
        assert!(timer::timeout(Duration::from_secs(600), told.recv()).await.is_err(), "nobody pinged");
        reports.send_replace(Some(report(1_000, 1)));
        let first = told.recv().await.expect("it tells");
        assert_eq!((&*first.source, &first.health.state), (NAME, &SourceState::Good));
        assert_eq!(first.health.last_good, Some(first.samples[0].at));
        assert!(timer::timeout(Duration::from_secs(600), told.recv()).await.is_err(), "once");
        drop(reports);
        task.await.expect("it ends when nobody reports any more");
    }
}
