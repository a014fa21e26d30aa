//! How far the data of a panel reaches, by which its health is judged.

use super::table::Kept;
use crate::base::Wall;
use crate::model::{Dataset, Tracked};
use crate::scene::board::{Chart, GaugeSource, Shown, TextRow};
use crate::scene::moment::Moment;
use crate::scene::query;
use crate::scene::select::Select;

/// Milliseconds between two points of the slowest series a chart has, going by its newest ones; none where no series has
/// two.
pub fn pace_ms(chart: &Chart, moment: &Moment<'_>) -> Option<u64> {
    reach(chart, moment, true, None).pace_ms
}

/// How far a chart's data reaches, and where `paced` says so its pace too: in one look at its series.
pub fn reach(chart: &Chart, moment: &Moment<'_>, paced: bool, kept: Option<&Kept>) -> Reach {
    let data = moment.data;
    let asks_oldest = !moment.is_live();
    let mut reach = Reach { edge: moment.edge, newest: None, asks_oldest, oldest: None, paced, pace_ms: None };
    match chart {
        Chart::Line { lines, .. } => {
            for line in lines {
                match &line.shown {
                    Shown::Series(key) => reach.take(data.window(key)),
                    // Made of others: what it has the others have.
                    Shown::Largest { .. } => {}
                    Shown::Query(query) | Shown::Every(query) => reach.select(query, data),
                }
            }
        }
        Chart::Gauges(sources) => {
            for source in sources {
                match source {
                    GaugeSource::Each { name, label } => {
                        reach.take(query::labelled(data, name, label).map(|(_, window)| window));
                    }
                    GaugeSource::Share { part, .. } => reach.take(data.window(part)),
                }
            }
        }
        Chart::Text(rows) => {
            for row in rows {
                match row {
                    TextRow::Value { series, .. } => reach.take(data.window(series)),
                    TextRow::Fact { name, .. } => reach.take(data.named(name).map(|(_, window)| window)),
                    TextRow::Count { .. } | TextRow::Age { .. } => {}
                }
            }
        }
        Chart::Table(table) => {
            for (index, Select { series, .. }) in table.columns.iter().map(|column| &column.select).enumerate() {
                match kept.is_some_and(|kept| kept.is_whole(index, series, data)) {
                    true => reach.take(data.named(series).map(|(_, series)| series)),
                    false => reach.select(&table.columns[index].select, data),
                }
            }
        }
        Chart::Progress(progress) => {
            reach.take(query::labelled(data, &progress.done, &progress.by).map(|(_, window)| window));
        }
        Chart::Log(log) => {
            // Silence of a log is no failure: what was said last is what there is.
            let told = data.log(&log.stream).is_some_and(|stream| stream.until(moment.edge).next_back().is_some());
            reach.newest = told.then_some(moment.edge);
            reach.oldest = reach.newest;
        }
        Chart::Bars(bars) => reach.select(&bars.select, data),
        Chart::Sparklines(rows) => rows.iter().for_each(|row| reach.select(&row.select, data)),
        Chart::Stat(stat) => reach.select(&stat.select, data),
        Chart::Histogram(histogram) => reach.select(&histogram.select, data),
        Chart::Heatmap(heatmap) => reach.select(&heatmap.select, data),
        Chart::States(states) => reach.select(&states.select, data),
        Chart::Words(_) | Chart::Animation(_) => {}
    }
    reach
}

pub struct Reach {
    edge: Wall,
    /// The newest point at the right edge.
    pub newest: Option<Wall>,
    /// Whether the oldest one is wanted, too: of the present nobody asks.
    asks_oldest: bool,
    /// The oldest one there is, where it is wanted.
    pub oldest: Option<Wall>,
    /// Whether the pace is wanted: most sources tell their own.
    paced: bool,
    /// As [`pace_ms`] tells it.
    pub pace_ms: Option<u64>,
}

impl Reach {
    fn select(&mut self, select: &Select, data: &Dataset) {
        self.take(select.windows(data));
    }

    fn take<'a>(&mut self, all: impl IntoIterator<Item = &'a Tracked>) {
        for series in all {
            self.newest = self.newest.max(series.time_at(self.edge));
            if self.asks_oldest {
                self.oldest = self.oldest.into_iter().chain(series.oldest_at()).min();
            }
            if self.paced {
                self.pace_ms = self.pace_ms.max(series.pace_ms(self.edge));
            }
        }
    }
}
