//! Charts of rows: progress, logs, words.

use super::Pane;
use crate::base::{Rect, Wall};
use crate::frame::Canvas;
use crate::model::{SeriesKey, Window};
use crate::scene::chart::{Log, Progress, Words};
use crate::scene::moment::Moment;
use crate::scene::query;
use crate::scene::select::Select;
use crate::widget::log::{self, LogPlan, Options};
use crate::widget::progress::{self, Job, ProgressPlan, State};
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
