//! Draws one panel: box, chart, and the words about its data.
//!
//! Invariant: nothing is drawn outside the panel's own canvas, so one panel's fault leaves its neighbours alone.

mod annotations;
mod cursor;
mod depends;
mod lines;
mod reach;
mod rows;
mod shapes;
mod table;

use std::time::Duration;

use super::board::{Chart, GaugeSource, PanelSpec, TextRow};
use super::chart::Annotation;
use super::health::{self, Health};
use super::layout::Placed;
use super::moment::{Changes, Moment};
use super::query::{self, When};
use crate::base::{Rect, Wall};
use crate::frame::{Grid, Style};
use crate::label::Label;
use crate::model::Unit;
use crate::model::log::Stream;
use crate::model::spec::Scroll;
use crate::widget::gauge::{self, Gauge, GaugePlan};
use crate::widget::panel::{self, Notice, Panel};
use crate::widget::text::{self, Row, TextPlan};
use crate::widget::{Role, TimeScale};

pub use cursor::time_plot;
pub use depends::{reads, stamp};
pub use reach::pace_ms;
pub use rows::Rows;
pub use table::Kept;
#[cfg(test)]
pub use table::redrawn as tables_redrawn;

/// A gap in a line: this many intervals without a point.
const GAP_INTERVALS: u64 = 3;
/// What is said in place of a value that nobody reports.
const UNKNOWN: &str = "unknown";

/// What charts are drawn from.
struct Pane<'a, 'm> {
    moment: &'a Moment<'m>,
    when: When,
    interval_ms: u64,
    /// Points further apart are not joined.
    gap_ms: u64,
    /// The moment that charts over time tell the values of: the cursor's, or `when`.
    reading: When,
    scroll: Scroll,
    changes: &'a mut Changes,
}

/// What a panel is drawn on.
pub struct Paper<'a> {
    pub grid: &'a mut Grid,
    pub placed: Placed,
    /// What its cells are blanked in; none where they are blank.
    pub ground: Option<Style>,
    /// The picture before, where it is known.
    pub before: Option<&'a Grid>,
}

/// Draws a panel. `kept` is what is kept of it from one picture to the next: what it has to say of the one before.
pub fn draw(
    spec: &PanelSpec,
    mut paper: Paper<'_>,
    moment: &Moment<'_>,
    kept: &mut Option<Box<Kept>>,
    changes: &mut Changes,
) {
    let judged = judged(spec, moment, kept.as_deref(), changes);
    if moment.spec.paused_at.is_none() && has_more(&spec.chart, moment) {
        changes.at(moment.next_second());
    }
    cursor::announce(moment, changes);
    if judged.0 == Health::Good {
        if !redraw(spec, &mut paper, moment, judged.1, kept) {
            anew(spec, paper, moment, judged, kept, changes);
        }
    } else {
        // Under words about its data nothing is kept.
        *kept = None;
        anew(spec, paper, moment, judged, &mut None, changes);
    }
}

/// Draws what became of a panel over its picture before, whose data was good too; false where that cannot be.
fn redraw(
    spec: &PanelSpec,
    Paper { grid, placed, before, .. }: &mut Paper<'_>,
    moment: &Moment<'_>,
    when: When,
    kept: &mut Option<Box<Kept>>,
) -> bool {
    let Chart::Table(table) = &spec.chart else { return false };
    let changed = table::refresh(kept, table, moment.data, when);
    let (Some(rows), Some(before), Some(kept)) = (changed, before, kept) else { return false };
    // The box and all else says what it said.
    grid.copy(before, placed.area);
    let mut canvas = grid.canvas();
    let mut canvas = canvas.sub(placed.area);
    let (width, height) = canvas.size();
    table::redraw(kept, &rows, &mut canvas.sub(panel::inside(width, height, false)), moment.look);
    true
}

fn anew(
    spec: &PanelSpec,
    Paper { grid, placed: Placed { area, focused, .. }, ground, .. }: Paper<'_>,
    moment: &Moment<'_>,
    (health, when, interval_ms): (Health, When, u64),
    kept: &mut Option<Box<Kept>>,
    changes: &mut Changes,
) {
    let mut canvas = grid.canvas();
    let mut canvas = canvas.sub(area);
    ground.into_iter().for_each(|ground| canvas.clear(ground));
    let reading = cursor::reading(spec, moment, when);
    // A text panel shows what it knows also where a source does not report everything.
    let (notice, words) = match &health {
        Health::Good => (None, None),
        Health::Late(notice) | Health::Told(notice) => (Some(notice), None),
        Health::Nothing(notice) => (None, Some(notice)),
    };
    let mut drawn = Vec::new();
    let mut legend = Vec::new();
    if let (Chart::Line { unit, decimals, lines, .. }, None) = (&spec.chart, words) {
        drawn = lines::drawn(lines, moment.data, when);
        legend = lines::legend(&drawn, *unit, *decimals, moment.data, reading);
    }
    let (width, height) = canvas.size();
    let inside = panel::inside(width, height, notice.is_some());
    // On the border, where nothing more urgent is said.
    let readout = cursor::readout(spec, moment, when)
        .filter(|_| notice.is_none() && words.is_none() && panel::has_box(width, height))
        .map(|text| Notice { text, role: Role::Text });
    let said = notice.or(readout.as_ref());
    panel::paint(&Panel { title: &spec.title, legend: &legend, notice: said, focused }, &mut canvas, moment.look);
    let mut canvas = canvas.sub(inside);
    if let Some(Notice { text, role }) = words {
        text::paint_centred(text.as_str(), *role, &mut canvas, moment.look);
        return;
    }
    let gap_ms = interval_ms.saturating_mul(GAP_INTERVALS);
    let scroll = if focused { moment.spec.scroll } else { Scroll::default() };
    let pane = &mut Pane { moment, when, interval_ms, gap_ms, reading, scroll, changes };
    match &spec.chart {
        Chart::Line { .. } => lines::chart(&spec.chart, &drawn, pane, &mut canvas),
        Chart::Gauges(sources) => gauge::paint(&gauges(sources, moment, when, pane.changes), &mut canvas, moment.look),
        Chart::Text(rows) => text::paint(&rows_of_text(rows, &health, spec, moment, when), &mut canvas, moment.look),
        Chart::Words(words) => rows::words(words, moment, &mut canvas),
        Chart::Table(table) => table::draw(table, (moment, when), usize::from(scroll.rows), kept, &mut canvas),
        Chart::Progress(progress) => rows::progress(progress, pane, &mut canvas),
        Chart::Log(log) => rows::log(log, pane, &mut canvas),
        Chart::Bars(bars) => shapes::bars(bars, pane, &mut canvas),
        Chart::Sparklines(rows) => shapes::sparklines(rows, pane, &mut canvas),
        Chart::Stat(stat) => shapes::stat(stat, pane, &mut canvas),
        Chart::Histogram(histogram) => shapes::histogram(histogram, pane, &mut canvas),
        Chart::Heatmap(heatmap) => shapes::heatmap(heatmap, pane, &mut canvas),
        Chart::States(states) => shapes::states(states, pane, &mut canvas),
        Chart::Animation(animation) => shapes::animation(animation, pane, &mut canvas),
    }
    cursor::draw(&spec.chart, moment, when, &mut canvas);
    if matches!(health, Health::Late(_)) {
        let (width, height) = canvas.size();
        canvas.dim(Rect::new(0, 0, width, height));
    }
}

/// Whether something may lie ahead of the right edge, which comes in, and ages what is there, as that moves on.
fn has_more(chart: &Chart, moment: &Moment<'_>) -> bool {
    if moment.spec.offset_ms > 0 {
        return chart.needs_data();
    }
    let of_log = |stream: &str| moment.data.log(stream).and_then(Stream::newest);
    let newest = match chart {
        Chart::Words(_) | Chart::Animation(_) => None,
        Chart::Log(log) => of_log(&log.stream),
        Chart::Line { annotations, .. } => {
            let marked = annotations.iter().filter_map(|annotation| match annotation {
                Annotation::Entries { stream, .. } => of_log(stream),
                // Comes in with the bin it falls into.
                Annotation::Moment { .. } => None,
            });
            marked.max().max(moment.data.newest())
        }
        _ => moment.data.newest(),
    };
    newest.is_some_and(|newest| newest > moment.edge)
}

/// How the data of a panel stands, which of its values count, and how often its source delivers.
fn judged(spec: &PanelSpec, moment: &Moment<'_>, kept: Option<&Kept>, changes: &mut Changes) -> (Health, When, u64) {
    // Once for the whole panel: it takes a look at every series.
    let told_ms = health::told_interval_ms(spec, moment);
    let reach::Reach { newest, oldest, pace_ms, .. } = reach::reach(&spec.chart, moment, told_ms.is_none(), kept);
    let interval_ms = told_ms.unwrap_or_else(|| health::interval_of_pace_ms(pace_ms));
    let health = match spec.chart.needs_data() {
        true => health::judge(spec, newest, oldest, interval_ms, moment, changes),
        false => Health::Good,
    };
    (health, health::when(spec, newest, interval_ms, moment), interval_ms)
}

/// The rows of a panel that scrolls; none of one that does not. `area` is the panel's.
pub fn rows(spec: &PanelSpec, moment: &Moment<'_>, area: Rect) -> Option<Rows> {
    let (health, when, _) = judged(spec, moment, None, &mut Changes::default());
    let inside = panel::inside(area.width, area.height, matches!(health, Health::Late(_) | Health::Told(_)));
    match &spec.chart {
        Chart::Table(table) => Some(table::rows(table, moment, when, inside)),
        Chart::Log(log) => rows::of_log(log, moment, inside),
        _ => None,
    }
}

// === impl Pane ===

impl Pane<'_, '_> {
    /// The time axis slides on by a bin, unless the picture is paused.
    fn slides(&mut self, scale: TimeScale) {
        let moment = self.moment;
        if moment.spec.paused_at.is_none() {
            let behind_ms = moment.now.0.saturating_sub(moment.edge.0);
            self.changes.at(Wall(scale.next_at().0.saturating_add(behind_ms)));
        }
    }
}

fn gauges(sources: &[GaugeSource], moment: &Moment<'_>, when: When, changes: &mut Changes) -> GaugePlan {
    let mut plan = GaugePlan::default();
    for source in sources {
        match source {
            GaugeSource::Each { name, label } => each(name, label, moment, when, changes, &mut plan),
            GaugeSource::Share { name, part, whole, none } => {
                let part = query::value(moment.data, part, when);
                let whole = query::value(moment.data, whole, when);
                plan.gauges.push(match (part, whole) {
                    (Some(part), Some(whole)) if whole > 0.0 => {
                        let value = format!("{:>5}", Unit::Percent.format(part / whole * 100.0));
                        let detail = format!("{} of {}", Unit::Bytes.format(part), Unit::Bytes.format(whole));
                        let share = (part / whole) as f32;
                        Gauge::new(name.clone(), share, Label::plain(&value), Label::plain(&detail))
                    }
                    (Some(_), Some(_)) => Gauge::unknown(name.clone(), none.clone()),
                    _ => Gauge::unknown(name.clone(), Label::plain(UNKNOWN)),
                });
            }
        }
    }
    plan
}

/// One gauge for each series of a name, in the order people count in. One that is gone is unknown for as long as its
/// last point lies in the span that line charts show; then it is no longer missed.
fn each(name: &str, label: &str, moment: &Moment<'_>, when: When, changes: &mut Changes, plan: &mut GaugePlan) {
    let range = Duration::from_millis(moment.spec.range_ms);
    let mut found: Vec<(&str, Option<f64>)> = Vec::new();
    for (key, window) in query::labelled(moment.data, name, label) {
        let (Some(text), Some(last)) = (key.label(label), window.time_at(when.at)) else { continue };
        let value = query::window_value(window, when);
        if value.is_none() {
            changes.miss_by_range();
            let missed_until = last + range;
            if missed_until < moment.edge {
                continue;
            }
            if moment.spec.paused_at.is_none() {
                changes.at(missed_until + moment.now.since(moment.edge) + Duration::from_millis(1));
            }
        }
        found.push((text, value));
    }
    found.sort_by_key(|(text, _)| (text.parse::<u64>().unwrap_or(u64::MAX), *text));
    // Numbers end below each other, words begin so.
    let are_numbers = found.iter().all(|(text, _)| text.parse::<u64>().is_ok());
    let digits = if are_numbers { found.iter().map(|(text, _)| text.len()).max().unwrap_or(0).min(16) } else { 0 };
    plan.gauges.extend(found.into_iter().map(|(text, value)| {
        let name = Label::plain(&format!("{text:>digits$}"));
        let Some(value) = value else { return Gauge::unknown(name, Label::plain(UNKNOWN)) };
        let shown = Label::plain(&format!("{:>5}", Unit::Percent.format(value)));
        Gauge::new(name, (value / 100.0) as f32, shown, Label::plain(""))
    }));
}

fn rows_of_text(rows: &[TextRow], health: &Health, spec: &PanelSpec, moment: &Moment<'_>, when: When) -> TextPlan {
    let pair = |key: &Label, value: Option<Label>, role| Row::Pair {
        key: key.clone(),
        role: if value.is_some() { role } else { Role::Muted },
        value: value.unwrap_or_else(|| Label::plain(UNKNOWN)),
    };
    let row = |row: &TextRow| match row {
        TextRow::Value { key, series } => {
            let unit = moment.data.window(series).map(|window| window.unit).unwrap_or_default();
            let value = query::value(moment.data, series, when);
            pair(key, value.map(|value| Label::plain(&unit.format(value))), Role::Text)
        }
        TextRow::Fact { key, name, label } => {
            let newest = query::labelled(moment.data, name, label)
                .filter_map(|(key, window)| Some((query::reached(window, when)?, key.label(label)?)))
                .max_by_key(|(at, _)| *at);
            pair(key, newest.map(|(_, text)| Label::plain(text)), Role::Strong)
        }
        TextRow::Count { key, name, label } => {
            let count = query::labelled(moment.data, name, label)
                .filter(|(_, window)| query::reached(window, when).is_some())
                .count();
            pair(key, (count > 0).then(|| Label::plain(&count.to_string())), Role::Text)
        }
        TextRow::Age { key } => match health {
            Health::Good if moment.is_live() => {
                let interval = Unit::Seconds.format(health::interval_ms(spec, moment) as f64 / 1_000.0);
                pair(key, Some(Label::plain(&format!("live, every {interval}"))), Role::Text)
            }
            Health::Good => pair(key, Some(Label::plain("as it was")), Role::Text),
            Health::Late(notice) | Health::Told(notice) | Health::Nothing(notice) => {
                pair(key, Some(notice.text.clone()), notice.role)
            }
        },
    };
    TextPlan { rows: rows.iter().map(row).collect() }
}
