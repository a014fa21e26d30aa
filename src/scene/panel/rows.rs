//! Charts of rows: tables, progress, logs, words.

use rustc_hash::{FxHashMap, FxHashSet};

use super::Pane;
use crate::base::{Rect, Wall};
use crate::frame::Canvas;
use crate::label::Label;
use crate::model::{Dataset, SeriesKey, Window};
use crate::scene::chart::{self, Log, Progress, Table, Words};
use crate::scene::moment::Moment;
use crate::scene::query::{self, When};
use crate::scene::select::{self, Select};
use crate::widget::log::{self, LogPlan, Options};
use crate::widget::progress::{self, Job, ProgressPlan, State};
use crate::widget::table::{self, Align, Cell, Column, Sort, TablePlan, Width};
use crate::widget::text::rich::{self, Fit, RichPlan};

/// A job that made no headway for this many intervals has stalled.
const STALLED_INTERVALS: u64 = 5;
/// Pictures a second of what moves on a bar whose end nobody knows.
const STRIPE_MS: i64 = 250;

/// The rows of a panel that scrolls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rows {
    /// How far it can be scrolled.
    pub max: u16,
    /// How many are seen at once; at least one.
    pub page: u16,
    /// Of a log, whose newest entry stands last and is the one that is followed, what `since` is for.
    pub follows: bool,
}

/// A table; its rows are the values of one label.
pub fn table(spec: &Table, pane: &Pane<'_, '_>, canvas: &mut Canvas<'_>) {
    let plan = table_plan(spec, pane.moment, pane.when, usize::from(pane.scroll.rows));
    table::paint(&plan, canvas, pane.moment.look);
}

pub fn of_table(spec: &Table, moment: &Moment<'_>, when: When, inside: Rect) -> Rows {
    let plan = table_plan(spec, moment, when, 0);
    let page = table::rows_shown(&plan, inside.width, inside.height);
    let max = plan.rows.len().saturating_sub(usize::from(page));
    Rows { max: u16::try_from(max).unwrap_or(u16::MAX), page: page.max(1), follows: false }
}

fn table_plan(spec: &Table, moment: &Moment<'_>, when: When, first: usize) -> TablePlan {
    let mut columns = vec![Column::new(spec.title.as_str()).width(Width::Min(6)).priority(u8::MAX)];
    for (index, column) in spec.columns.iter().enumerate() {
        // Of those without room the last goes first.
        let priority = u8::MAX.saturating_sub(u8::try_from(index).unwrap_or(u8::MAX)).saturating_sub(1);
        columns.push(Column::new(column.title.as_str()).align(Align::Decimal).priority(priority));
    }
    let cell = |column: &chart::TableColumn, value: Option<f64>| {
        let Some(value) = value else { return Cell::missing() };
        let mut cell = Cell::number(value, column.unit);
        if !column.thresholds.is_empty() {
            cell = cell.level(chart::level(&column.thresholds, value));
        }
        match column.full_at {
            Some(full_at) => cell.share((value / full_at) as f32),
            None => cell,
        }
    };
    let row = |(name, values): NamedRow| -> Vec<Cell> {
        let cells = spec.columns.iter().zip(values).map(|(column, value)| cell(column, value));
        let mut row = Vec::with_capacity(columns.len());
        row.push(Cell::text(name));
        row.extend(cells);
        row
    };
    let rows = found(spec, moment.data, when).into_iter().map(row).collect();
    let sort = Sort { column: spec.sort.map_or(0, |column| column + 1), descending: spec.descending };
    TablePlan::new(columns, rows, Some(sort), first)
}

/// A row's name, and its value in each column.
type NamedRow = (Label, Vec<Option<f64>>);

/// The rows of a table, before they are sorted as it says.
fn found(spec: &Table, data: &Dataset, when: When) -> Vec<NamedRow> {
    if spec.columns.iter().all(|column| column.select.is_each()) {
        let values = spec.columns.iter().map(|column| column.select.values(data, when));
        if let Some(rows) = side_by_side(values, spec.current) {
            return rows;
        }
    }
    let of_column = |column: &chart::TableColumn| {
        let all = column.select.all(data, when);
        // Apart: what is much smaller and collected in place is moved once more.
        let mut values = Vec::with_capacity(all.len());
        values.extend(all.into_iter().map(|one| {
            let value = one.value(when);
            (one.name, value)
        }));
        values
    };
    by_name(&spec.columns.iter().map(of_column).collect::<Vec<_>>(), spec.current)
}

/// The rows of columns that have the same names in the same order, each once: most tables. None of others, and where some
/// rows are to be left out. Columns are asked for one by one, and no more of them than it takes to know.
fn side_by_side<'a>(
    columns: impl Iterator<Item = Vec<(&'a str, Option<f64>)>>,
    current: bool,
) -> Option<Vec<NamedRow>> {
    let mut found: Vec<Vec<(&str, Option<f64>)>> = Vec::with_capacity(columns.size_hint().1.unwrap_or(0));
    for column in columns {
        let is_alike = match found.first() {
            None => !current || column.iter().all(|(_, value)| value.is_some()),
            Some(first) => {
                first.len() == column.len() && first.iter().zip(&column).all(|(one, other)| one.0 == other.0)
            }
        };
        if !is_alike {
            return None;
        }
        found.push(column);
    }
    let row = |index: usize, name: &str| {
        let values = found.iter().map(|column| column[index].1).collect();
        (Label::plain(name), values)
    };
    let first = found.first()?;
    let mut rows: Vec<NamedRow> = first.iter().enumerate().map(|(index, (name, _))| row(index, name)).collect();
    rows.sort_by(|(left, _), (right, _)| select::order(left, right));
    // Names that look alike stand beside each other.
    rows.is_sorted_by(|(left, _), (right, _)| left != right).then_some(rows)
}

/// The rows of any columns, each in order. Of several that look alike the first counts.
fn by_name(found: &[Vec<(Label, Option<f64>)>], current: bool) -> Vec<NamedRow> {
    let mut names: Vec<&Label> = Vec::new();
    let mut seen: FxHashSet<&str> = FxHashSet::default();
    for (name, value) in found.iter().flatten() {
        if (value.is_some() || !current) && seen.insert(name.as_str()) {
            names.push(name);
        }
    }
    let mut known: Vec<FxHashMap<&str, Option<f64>>> = vec![FxHashMap::default(); found.len()];
    for (known, values) in known.iter_mut().zip(found) {
        for (name, value) in values {
            known.entry(name.as_str()).or_insert(*value);
        }
    }
    let value = |name: &Label, values: &FxHashMap<&str, Option<f64>>| values.get(name.as_str()).copied().flatten();
    names.into_iter().map(|name| (name.clone(), known.iter().map(|values| value(name, values)).collect())).collect()
}

/// Bars of jobs, by the label that names them.
pub fn progress(spec: &Progress, pane: &mut Pane<'_, '_>, canvas: &mut Canvas<'_>) {
    let (moment, when) = (pane.moment, pane.when);
    let done = Select::each(&spec.done, &spec.by);
    let stalled_ms = i64::try_from(pane.interval_ms.saturating_mul(STALLED_INTERVALS)).unwrap_or(i64::MAX);
    let mut endless = false;
    let jobs: Vec<Job> = done
        .all(moment.data, when)
        .into_iter()
        .filter_map(|one| {
            let window = one.window();
            let newest = window.at(when.at).filter(|newest| newest.at >= when.since)?;
            let total = spec.total.as_ref().and_then(|total| {
                let key = SeriesKey { name: total.clone(), labels: one.key.labels.clone() };
                query::value(moment.data, &key, when)
            });
            let before = window.between(Wall(newest.at.0.saturating_sub(stalled_ms)), newest.at).next();
            let rate = before.and_then(|before| {
                let seconds = newest.at.since(before.at).as_secs_f64();
                (seconds > 0.0).then(|| (newest.value - before.value) / seconds)
            });
            let state = match total {
                Some(total) if newest.value >= total => State::Done,
                _ if rate == Some(0.0) && is_old(window, newest.at, stalled_ms) => State::Stalled,
                _ => State::Running,
            };
            endless |= total.is_none() && state == State::Running;
            Some(Job { name: one.name, done: newest.value, total, unit: spec.unit, rate, state })
        })
        .collect();
    // In the past nothing moves.
    let frame = if moment.is_live() { moment.now.0.div_euclid(STRIPE_MS) } else { 0 };
    if endless && moment.is_live() {
        pane.changes.exactly_at(Wall((frame + 1).saturating_mul(STRIPE_MS)));
    }
    progress::paint(&ProgressPlan::new(&jobs), canvas, moment.look, frame.unsigned_abs());
}

/// Whether a window reaches back that far.
fn is_old(window: &Window, newest: Wall, span_ms: i64) -> bool {
    window.oldest_at().is_some_and(|oldest| newest.0.saturating_sub(oldest.0) >= span_ms)
}

pub fn log(spec: &Log, pane: &Pane<'_, '_>, canvas: &mut Canvas<'_>) {
    let (moment, scroll) = (pane.moment, pane.scroll);
    let Some(stream) = moment.data.log(&spec.stream) else { return };
    // What came since somebody looks back moves nothing.
    let entries = stream.until(moment.edge);
    let later = scroll.since.map_or(0, |since| entries.len() - stream.until(since.min(moment.edge)).len());
    let options = Options { later, back: usize::from(scroll.rows), ..options(spec) };
    let (_, rows) = canvas.size();
    log::paint(&LogPlan::new(entries, options, &moment.zone, rows), canvas, moment.look);
}

fn options(spec: &Log) -> Options {
    Options { wrap: spec.wrap, collapse: true, ..Options::default() }
}

/// None of a log that has said nothing.
pub fn of_log(spec: &Log, moment: &Moment<'_>, inside: Rect) -> Option<Rows> {
    let newest = moment.spec.scroll.since.map_or(moment.edge, |since| since.min(moment.edge));
    let entries = moment.data.log(&spec.stream)?.until(newest);
    let max = log::back_max(entries, options(spec), (inside.width, inside.height));
    Some(Rows { max: u16::try_from(max).unwrap_or(u16::MAX), page: inside.height.max(1), follows: true })
}

pub fn words(spec: &Words, moment: &Moment<'_>, canvas: &mut Canvas<'_>) {
    rich::paint(&RichPlan::new(&spec.text, spec.align, Fit::Wrap), canvas, moment.look);
}

#[cfg(test)]
mod tests;
