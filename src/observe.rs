//! What the daemon counts and measures, as Prometheus reads it.
//!
//! Two recorders stand behind one page. The lasting one adds up what comes in parts (counts of workers that come and go,
//! latencies) and forgets a series that nothing was added to for a while. What root holds as state is told anew for each
//! scrape, to a recorder that lives as long as that scrape: what is gone is gone from the page.
//!
//! Invariant: no metric beside the catalogue; of each label no more values than its cap, the rest is one value `overflow`;
//! what is noted takes bounded memory whether anybody scrapes or not, if [`Observer::upkeep`] runs. No frame comes by
//! here: what is counted or timed for each of them is added up where it happens and handed over once a second.

mod calibration;
pub mod catalogue;
mod labels;
mod spans;

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;
use metrics::{Key, Label, Level, Metadata, Recorder as _};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusRecorder};
use metrics_util::MetricKindMask;

use crate::base::{Mono, limits};
use crate::model::latency::Latency;
pub use calibration::calibrate;
use catalogue::{Kind, Metric};
use labels::Admission;
use spans::Spans;

/// All that is exposed.
pub struct Observer {
    /// None before its clock is calibrated, unless somebody scraped before that.
    lasting: Option<PrometheusRecorder>,
    /// What was counted before it was there.
    early: BTreeMap<Key, u64>,
    spans: Spans,
    admission: Admission,
    /// What was told last, and when.
    page: Option<(Mono, Bytes)>,
    /// When series were last looked through for those that are idle.
    cleared: Option<Mono>,
    idle: Duration,
}

/// What is so at the moment of one scrape.
#[derive(Debug)]
pub struct Scrape<'a> {
    observer: &'a mut Observer,
    passing: PrometheusRecorder,
    now: Mono,
}

const METADATA: Metadata<'static> = Metadata::new("unblink", Level::INFO, None);

// === impl Observer ===

impl Observer {
    pub fn new() -> Observer {
        Observer::forgetting_after(limits::METRIC_IDLE)
    }

    fn forgetting_after(idle: Duration) -> Observer {
        Observer {
            lasting: None,
            early: BTreeMap::new(),
            spans: Spans::default(),
            admission: Admission::default(),
            page: None,
            cleared: None,
            idle,
        }
    }

    /// Adds to a count. Nothing more keeps the series alive.
    pub fn count(&mut self, metric: &'static Metric, values: &[&str], more: u64, now: Mono) {
        debug_assert_eq!(metric.kind, Kind::Counter, "{}", metric.name);
        let key = self.admission.key(metric, values, now);
        match &self.lasting {
            Some(lasting) => lasting.register_counter(&key, &METADATA).increment(more),
            None => *self.early.entry(key).or_default() += more,
        }
    }

    /// Adds what was measured. Nothing more keeps the series alive.
    pub fn measured(&mut self, metric: &'static Metric, values: &[&str], more: &Latency, now: Mono) {
        debug_assert_eq!(metric.kind, Kind::Histogram, "{}", metric.name);
        let key = self.admission.key(metric, values, now);
        self.spans.add(metric, key, more, now);
    }

    /// Now and then gives back the memory of series which are no more; once a second.
    pub fn upkeep(&mut self, now: Mono) {
        self.keep_up(calibration::is_done(), now);
    }

    fn keep_up(&mut self, is_calibrated: bool, now: Mono) {
        let is_due = now.since(*self.cleared.get_or_insert(now)) >= self.idle;
        if is_calibrated {
            self.begin();
        }
        if is_due {
            self.cleared = Some(now);
            self.admission.forget(now);
            self.spans.forget(self.idle, now);
            // Idle series go when a page is made, and only then. Those counted early never go: where nothing was calibrated by now they
            // are not to gather any longer.
            drop(self.begin().handle().render());
        }
    }

    /// Has the lasting recorder, which takes over what was counted before.
    fn begin(&mut self) -> &PrometheusRecorder {
        self.lasting.get_or_insert_with(|| {
            let builder = PrometheusBuilder::new().idle_timeout(MetricKindMask::ALL, Some(self.idle));
            let lasting = describe(builder.build_recorder());
            for (key, count) in std::mem::take(&mut self.early) {
                lasting.register_counter(&key, &METADATA).increment(count);
            }
            lasting
        })
    }

    /// The page of a moment ago, for whoever asks again so soon.
    pub fn page(&self, now: Mono) -> Option<Bytes> {
        let (at, page) = self.page.as_ref()?;
        (now.since(*at) < limits::SCRAPE_AGAIN_AFTER).then(|| page.clone())
    }

    /// Begins a page.
    pub fn scrape(&mut self, now: Mono) -> Scrape<'_> {
        let passing = describe(PrometheusBuilder::new().build_recorder());
        Scrape { observer: self, passing, now }
    }
}

impl Default for Observer {
    fn default() -> Observer {
        Observer::new()
    }
}

impl std::fmt::Debug for Observer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Observer")
    }
}

// === impl Scrape ===

impl Scrape<'_> {
    /// What is so now. Of series that share the value `overflow`, their sum.
    pub fn gauge(&mut self, metric: &'static Metric, values: &[&str], value: f64) {
        debug_assert_eq!(metric.kind, Kind::Gauge, "{}", metric.name);
        let key = self.observer.admission.key(metric, values, self.now);
        self.passing.register_gauge(&key, &METADATA).increment(value);
    }

    /// What was counted since root, or what it tells of, began.
    pub fn total(&mut self, metric: &'static Metric, values: &[&str], total: u64) {
        debug_assert_eq!(metric.kind, Kind::Counter, "{}", metric.name);
        let key = self.observer.admission.key(metric, values, self.now);
        self.passing.register_counter(&key, &METADATA).increment(total);
    }

    /// The whole page, in the text format 0.0.4.
    pub fn finish(self) -> Bytes {
        let mut text = self.passing.handle().render();
        text.push_str(&self.observer.begin().handle().render());
        self.observer.spans.render(&mut text);
        let page = Bytes::from(text);
        self.observer.page = Some((self.now, page.clone()));
        page
    }
}

fn describe(recorder: PrometheusRecorder) -> PrometheusRecorder {
    for Metric { name, kind, help, .. } in catalogue::ALL {
        let (name, help) = ((*name).into(), (*help).into());
        match kind {
            Kind::Counter => recorder.describe_counter(name, None, help),
            Kind::Gauge => recorder.describe_gauge(name, None, help),
            Kind::Histogram => recorder.describe_histogram(name, None, help),
        }
    }
    recorder
}

fn key(metric: &'static Metric, values: impl Iterator<Item = String>) -> Key {
    let labels = metric.labels.iter().zip(values).map(|(label, value)| Label::new(*label, value));
    Key::from_parts(metric.name, labels.collect::<Vec<_>>())
}

#[cfg(test)]
mod tests;
