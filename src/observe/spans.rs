//! How long things took, as histograms on the page.
//!
//! Invariant: a span costs nothing here, however many there were: they come counted, in the buckets in which they are
//! told. A series that nothing touched for a while is gone, whether anybody scrapes or not.

use std::collections::BTreeMap;
use std::time::Duration;

use metrics::Key;
use metrics_exporter_prometheus::{LabelSet, formatting};

use super::catalogue::Metric;
use crate::base::Mono;
use crate::model::latency::Latency;

/// All histograms.
#[derive(Debug, Default)]
pub struct Spans(BTreeMap<&'static str, Family>);

/// The series of one name.
#[derive(Debug)]
struct Family {
    metric: &'static Metric,
    series: BTreeMap<Key, Series>,
}

#[derive(Debug)]
struct Series {
    total: Latency,
    touched: Mono,
}

// === impl Spans ===

impl Spans {
    pub fn add(&mut self, metric: &'static Metric, key: Key, more: &Latency, now: Mono) {
        let family = self.0.entry(metric.name).or_insert_with(|| Family { metric, series: BTreeMap::new() });
        let series = family.series.entry(key).or_insert_with(|| Series { total: Latency::default(), touched: now });
        series.total.add(more);
        series.touched = now;
    }

    /// Drops what nothing was added to for that long.
    pub fn forget(&mut self, idle: Duration, now: Mono) {
        self.0.retain(|_, family| {
            family.series.retain(|_, series| now.since(series.touched) < idle);
            !family.series.is_empty()
        });
    }

    /// In the text format 0.0.4.
    pub fn render(&self, page: &mut String) {
        for (name, Family { metric, series }) in &self.0 {
            formatting::write_help_line(page, name, None, None, metric.help);
            formatting::write_type_line(page, name, None, None, "histogram");
            for (key, Series { total, .. }) in series {
                lines(page, name, &LabelSet::from_key_and_global(key, &Default::default()), total);
            }
            page.push('\n');
        }
    }
}

fn lines(page: &mut String, name: &str, labels: &LabelSet, total: &Latency) {
    for (bound, count) in total.cumulated() {
        let le = bound.map_or_else(|| "+Inf".to_owned(), |seconds| seconds.to_string());
        formatting::write_metric_line(page, name, Some("bucket"), labels, Some(("le", le)), count, None);
    }
    formatting::write_metric_line::<&str, f64>(page, name, Some("sum"), labels, None, total.sum_seconds(), None);
    formatting::write_metric_line::<&str, u64>(page, name, Some("count"), labels, None, total.count(), None);
}
