//! What a panel's picture depends on besides time.
//!
//! Invariant: everything a chart reads of the data is named here; while none of it has changed, and no change that the
//! panel announced is due, drawing it again would draw the same.

use crate::model::dataset::Topic;
use crate::model::{Dataset, SeriesKey};
use crate::scene::board::{Chart, GaugeSource, PanelSpec, Shown, TextRow};
use crate::scene::chart::Annotation;
use crate::scene::select::Select;

/// A number that is another one whenever something changed that the panel shows.
pub fn stamp(spec: &PanelSpec, data: &Dataset) -> u64 {
    let mut stamp = data.revision_of(Topic::Source(&spec.source));
    each(&spec.chart, &mut |topic| stamp = stamp.max(data.revision_of(topic)));
    stamp
}

/// Whether a chart shows something of a series of this name.
pub fn reads(chart: &Chart, series: &str) -> bool {
    let mut found = false;
    each(chart, &mut |topic| found |= topic == Topic::Series(series));
    found
}

/// Calls `on` for everything a chart reads.
fn each<'a>(chart: &'a Chart, on: &mut impl FnMut(Topic<'a>)) {
    let key = |key: &'a SeriesKey| Topic::Series(&key.name);
    let select = |select: &'a Select| Topic::Series(&select.series);
    match chart {
        Chart::Line { lines, include_series, annotations, .. } => {
            for line in lines {
                match &line.shown {
                    Shown::Series(series) => on(key(series)),
                    Shown::Largest { name, .. } => on(Topic::Series(name)),
                    Shown::Query(query) | Shown::Every(query) => on(select(query)),
                }
            }
            include_series.iter().for_each(|series| on(key(series)));
            for annotation in annotations {
                match annotation {
                    Annotation::Entries { stream, .. } => on(Topic::Log(stream)),
                    Annotation::Moment { .. } => {}
                }
            }
        }
        Chart::Gauges(sources) => {
            for source in sources {
                match source {
                    GaugeSource::Each { name, .. } => on(Topic::Series(name)),
                    GaugeSource::Share { part, whole, .. } => {
                        on(key(part));
                        on(key(whole));
                    }
                }
            }
        }
        Chart::Text(rows) => {
            for row in rows {
                match row {
                    TextRow::Value { series, .. } => on(key(series)),
                    TextRow::Fact { name, .. } | TextRow::Count { name, .. } => on(Topic::Series(name)),
                    TextRow::Age { .. } => {}
                }
            }
        }
        Chart::Table(table) => table.columns.iter().for_each(|column| on(select(&column.select))),
        Chart::Progress(progress) => {
            on(Topic::Series(&progress.done));
            progress.total.iter().for_each(|total| on(Topic::Series(total)));
        }
        Chart::Log(log) => on(Topic::Log(&log.stream)),
        Chart::Bars(bars) => on(select(&bars.select)),
        Chart::Sparklines(rows) => rows.iter().for_each(|row| on(select(&row.select))),
        Chart::Stat(stat) => on(select(&stat.select)),
        Chart::Histogram(histogram) => on(select(&histogram.select)),
        Chart::Heatmap(heatmap) => on(select(&heatmap.select)),
        Chart::States(states) => on(select(&states.select)),
        Chart::Words(_) | Chart::Animation(_) => {}
    }
}
