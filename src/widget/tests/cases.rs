//! Every widget as a function of points, and points of every shape.
//!
//! Invariant: a painter does what a panel of a board does; it returns all labels with digits that may be seen.

use jiff::tz::TimeZone;

use crate::base::Wall;
use crate::frame::Canvas;
use crate::label::Label;
use crate::model::log::{Entry, Severity};
use crate::model::{GlyphSet, Unit};
use crate::widget::animation::{self, AnimationPlan, Kind};
use crate::widget::bars::{self, BarsPlan, Direction};
use crate::widget::gauge::{self, Gauge, GaugePlan};
use crate::widget::heatmap::{self, HeatmapBuilder, Rows};
use crate::widget::histogram::{self, HistogramPlan};
use crate::widget::legend::Entry as LegendEntry;
use crate::widget::line::{self, Annotation, LineBuilder};
use crate::widget::log::{self, LogPlan, Options};
use crate::widget::panel::{self, Notice, Panel};
use crate::widget::progress::{self, Job, ProgressPlan};
use crate::widget::sparkline::{self, SparkPlan};
use crate::widget::stat::{self, StatPlan};
use crate::widget::state_timeline::{self, Ink, State, TimelineBuilder};
use crate::widget::table::{self, Align, Cell, Column, Sort, TablePlan};
use crate::widget::text::rich::{self, Fit, RichPlan};
use crate::widget::text::{self, Row, TextPlan};
use crate::widget::{Level, Levels, Look, Role, Tick, TimeScale};

/// Milliseconds since [`START`], and values.
pub type Points = Vec<(i64, f64)>;

/// One widget.
pub struct Case {
    pub name: &'static str,
    pub paint: fn(&Points, &mut Canvas<'_>, Look) -> Vec<Label>,
}

pub const ALL: &[Case] = &[
    Case { name: "line", paint: |points, canvas, look| lines(points, canvas, look, |_| {}) },
    Case { name: "area", paint: |points, canvas, look| lines(points, canvas, look, LineBuilder::stack) },
    Case { name: "sparkline", paint: course },
    Case { name: "bars across", paint: |points, canvas, look| single(points, canvas, look, Direction::Across) },
    Case { name: "bars upright", paint: |points, canvas, look| single(points, canvas, look, Direction::Upright) },
    Case { name: "bars grouped", paint: grouped },
    Case { name: "histogram", paint: distribution },
    Case { name: "heatmap", paint: heat },
    Case { name: "buckets", paint: buckets },
    Case { name: "gauge", paint: gauges },
    Case { name: "stat", paint: one_value },
    Case { name: "progress", paint: jobs },
    Case { name: "table", paint: rows },
    Case { name: "states", paint: states },
    Case { name: "log", paint: tail },
    Case { name: "facts", paint: facts },
    Case { name: "words", paint: words },
    Case { name: "panel", paint: frame },
    Case { name: "snow", paint: |points, canvas, look| moving(points, canvas, look, Kind::Snow) },
    Case { name: "fountain", paint: |points, canvas, look| moving(points, canvas, look, Kind::Fountain) },
    Case { name: "rain", paint: |points, canvas, look| moving(points, canvas, look, Kind::Rain) },
];

/// Points of one shape, by its name.
pub type Shape = (&'static str, fn() -> Points);

pub const SHAPES: &[Shape] = &[
    ("nothing", Points::new),
    ("one point", || vec![(30_000, 5.0)]),
    ("a constant", || regular(|_| 7.0)),
    ("huge values", || regular(|point| [f64::MAX, f64::MIN, 1e300, 0.0][point % 4])),
    ("tiny values", || regular(|point| [5e-324, 1e-310, 0.0, 1e-300][point % 4])),
    ("negative values", || regular(|point| -12.5 - 40.0 * (point as f64 / 9.0).sin())),
    ("gaps", || regular(|point| point as f64).into_iter().filter(|(at, _)| at / 1_000 % 20 < 7).collect()),
    ("a counter that is reset", || regular(|point| (point % 23 * 1_000) as f64)),
    ("no numbers", || regular(|point| [f64::NAN, f64::INFINITY, 3.0, f64::NEG_INFINITY][point % 4])),
];

/// 2023-11-14 22:13:00 UTC: a whole number of ranges.
const START: i64 = 1_699_999_980_000;
const RANGE_MS: u64 = 60_000;
const GAP_MS: u64 = 3_000;
/// No digits, so that all that are seen are of values.
const NAMES: [&str; 5] = ["checkout", "中文 service", "search", "b", "a rather long name"];

fn regular(value: impl Fn(usize) -> f64) -> Points {
    (0..60).map(|point| (point as i64 * 1_000, value(point))).collect()
}

fn walls(points: &Points) -> impl Iterator<Item = (Wall, f64)> + '_ {
    points.iter().map(|(at, value)| (Wall(START + at), *value))
}

fn scale(bins: u16) -> TimeScale {
    TimeScale::new(Wall(START + 59_999), RANGE_MS, bins)
}

/// The value of the row with this number; rows without one come too.
fn newest(points: &Points, row: usize) -> Option<f64> {
    points.iter().rev().nth(row * 3).map(|(_, value)| *value)
}

fn labels(ticks: &[Tick]) -> impl Iterator<Item = Label> + '_ {
    ticks.iter().map(|tick| tick.label.clone())
}

/// How many are left out.
fn counts() -> impl Iterator<Item = Label> {
    (1..=NAMES.len()).map(|count| Label::plain(&format!("+{count}")))
}

fn lines(points: &Points, canvas: &mut Canvas<'_>, look: Look, fill: fn(&mut LineBuilder)) -> Vec<Label> {
    let (width, height) = canvas.size();
    let layout = line::Layout::new(width, height, Unit::Bytes, look.glyphs);
    let mut builder = LineBuilder::new(scale(layout.bins()));
    fill(&mut builder);
    builder.bands();
    builder.line(walls(points), GAP_MS);
    builder.line(walls(points).map(|(at, value)| (at, value / 2.0)), GAP_MS);
    for (at, text, role) in [(20_000, "release", Role::Strong), (41_000, "an error", Role::Failure)] {
        builder.annotate(Annotation { at: Wall(START + at), label: Label::plain(text), role });
    }
    let thresholds = [(6.0, Label::plain("slow"), Role::Warning)];
    let plan = builder.finish(Unit::Bytes, &[], &thresholds, &TimeZone::UTC, &layout);
    line::paint(&plan, &layout, canvas, look);
    labels(&plan.values.ticks).chain(labels(&plan.times)).collect()
}

fn course(points: &Points, canvas: &mut Canvas<'_>, look: Look) -> Vec<Label> {
    let (width, _) = canvas.size();
    let plan = SparkPlan::over_time(scale(sparkline::bins(width, look.glyphs)), walls(points), GAP_MS, &[]);
    sparkline::paint(&plan, canvas, look);
    Vec::new()
}

fn levels() -> Levels {
    Levels { high: Some(5.0), critical: Some(20.0), falling: false }
}

fn single(points: &Points, canvas: &mut Canvas<'_>, look: Look, direction: Direction) -> Vec<Label> {
    let bars: Vec<(Label, Option<f64>)> =
        NAMES.iter().enumerate().map(|(row, name)| (Label::plain(name), newest(points, row))).collect();
    barred(BarsPlan::single(direction, &bars, Unit::Bytes, &[], Some(levels())), canvas, look)
}

fn grouped(points: &Points, canvas: &mut Canvas<'_>, look: Look) -> Vec<Label> {
    let group =
        |(row, name): (usize, &&str)| (Label::plain(name), (0..3).map(|bar| newest(points, 2 * row + bar)).collect());
    let groups: Vec<(Label, Vec<Option<f64>>)> = NAMES.iter().enumerate().map(group).collect();
    barred(BarsPlan::new(Direction::Upright, &groups, Unit::None, &[], None), canvas, look)
}

fn barred(plan: BarsPlan, canvas: &mut Canvas<'_>, look: Look) -> Vec<Label> {
    bars::paint(&plan, canvas, look);
    let values = plan.groups.iter().flat_map(|group| group.bars.iter().map(|bar| bar.value.clone()));
    values.chain(labels(&plan.axis.ticks)).chain(counts()).collect()
}

fn distribution(points: &Points, canvas: &mut Canvas<'_>, look: Look) -> Vec<Label> {
    let (width, _) = canvas.size();
    let values: Vec<f64> = points.iter().map(|(_, value)| *value).collect();
    let plan = HistogramPlan::of_values(&values, Unit::Seconds, width / 3, &[0.5, 0.95]);
    histogram::paint(&plan, canvas, look);
    let marks = plan.marks.iter().map(|mark| mark.label.clone());
    labels(&plan.counts.ticks).chain(labels(&plan.edges)).chain(marks).collect()
}

fn heat(points: &Points, canvas: &mut Canvas<'_>, look: Look) -> Vec<Label> {
    warm(points, Rows::Names(NAMES.iter().map(|name| Label::plain(name)).collect()), canvas, look)
}

fn buckets(points: &Points, canvas: &mut Canvas<'_>, look: Look) -> Vec<Label> {
    let bounds = vec![0.0, 0.001, 0.01, 0.1, 1.0, 2.5, 10.0, f64::INFINITY];
    warm(points, Rows::Buckets { bounds, unit: Unit::Seconds }, canvas, look)
}

fn warm(points: &Points, rows: Rows, canvas: &mut Canvas<'_>, look: Look) -> Vec<Label> {
    let (width, height) = canvas.size();
    let layout = heatmap::Layout::new(width, height, &rows);
    let count = rows.count();
    let mut builder = HeatmapBuilder::new(scale(layout.bins()), rows);
    // The last row stays empty.
    for row in 0..count - 1 {
        builder.row(row, walls(points), GAP_MS);
    }
    let plan = builder.finish(Unit::Bytes, &[], &TimeZone::UTC, &layout);
    heatmap::paint(&plan, &layout, canvas, look);
    let ends = [plan.ends.0.clone(), plan.ends.1.clone()];
    plan.labels.iter().cloned().chain(labels(&plan.times)).chain(ends).chain(counts()).collect()
}

fn gauges(points: &Points, canvas: &mut Canvas<'_>, look: Look) -> Vec<Label> {
    let gauge = |(row, name): (usize, &&str)| match newest(points, row) {
        None => Gauge::unknown(Label::plain(name), Label::plain("unknown")),
        Some(value) => {
            let shown = Label::plain(&format!("{:>5}", Unit::Percent.format(value)));
            let detail = format!("{} of {}", Unit::Bytes.format(value), Unit::Bytes.format(125.8e9));
            Gauge::new(Label::plain(name), value as f32, shown, Label::plain(&detail))
        }
    };
    let plan = GaugePlan { gauges: NAMES.iter().enumerate().map(gauge).collect() };
    gauge::paint(&plan, canvas, look);
    plan.gauges.iter().flat_map(|gauge| [gauge.value.clone(), gauge.detail.clone()]).chain(counts()).collect()
}

fn one_value(points: &Points, canvas: &mut Canvas<'_>, look: Look) -> Vec<Label> {
    let (width, _) = canvas.size();
    let value = newest(points, 0);
    let course = SparkPlan::over_time(scale(sparkline::bins(width, look.glyphs)), walls(points), GAP_MS, &[]);
    let plan = StatPlan::new(value, Unit::Bytes, Some(1))
        .against(value, newest(points, 3), Unit::Bytes, Some(true))
        .with_level(Level::Critical)
        .with_course(course);
    stat::paint(&plan, canvas, look);
    let delta = plan.delta.iter().map(|delta| delta.text.clone());
    delta.chain([plan.text.clone()]).collect()
}

fn jobs(points: &Points, canvas: &mut Canvas<'_>, look: Look) -> Vec<Label> {
    let job = |(row, name): (usize, &&str)| Job {
        done: newest(points, row).unwrap_or(f64::NAN),
        total: (row > 0).then_some(60.0),
        rate: (row % 2 == 0).then_some(0.25),
        state: [progress::State::Running, progress::State::Failed, progress::State::Stalled][row % 3],
        ..Job::new(Label::plain(name), Unit::Bytes)
    };
    let jobs: Vec<Job> = NAMES.iter().enumerate().map(job).collect();
    let plan = ProgressPlan::new(&jobs);
    progress::paint(&plan, canvas, look, points.len() as u64);
    let parts =
        plan.bars.iter().flat_map(|bar| [bar.percent.clone(), bar.amount.clone(), bar.rate.clone(), bar.left.clone()]);
    let failed =
        (1..=5).flat_map(|hidden| (1..=hidden).map(move |failed| Label::plain(&format!("+{hidden}, {failed} failed"))));
    parts.chain(failed).chain(counts()).collect()
}

fn rows(points: &Points, canvas: &mut Canvas<'_>, look: Look) -> Vec<Label> {
    let number = |title: &str, priority| Column::new(title).align(Align::Decimal).priority(priority);
    let columns = vec![Column::new("service").priority(9), number("requests", 8), number("of memory", 7)];
    let cell = |value: Option<f64>, unit| value.map_or_else(Cell::missing, |value| Cell::number(value, unit));
    let row = |(row, name): (usize, &&str)| {
        let value = newest(points, row);
        let shared = cell(value, Unit::None).share(value.unwrap_or(0.0) as f32).level(Level::High);
        vec![Cell::text(Label::plain(name)), shared, cell(value, Unit::Bytes)]
    };
    let cells = NAMES.iter().enumerate().map(row).collect();
    let plan = TablePlan::new(columns, cells, Some(Sort { column: 1, descending: true }), 0);
    table::paint(&plan, canvas, look);
    let all = NAMES.len();
    let seen = (1..=all).flat_map(|last| {
        let first = (0..=last).map(move |first| Label::plain(&format!("{first}-{last} of {all}")));
        first.chain([Label::plain(&format!("+{last} column")), Label::plain(&format!("+{last} columns"))])
    });
    plan.rows.iter().flatten().map(|cell| cell.text.clone()).chain(seen).chain(counts()).collect()
}

fn states(points: &Points, canvas: &mut Canvas<'_>, look: Look) -> Vec<Label> {
    let (width, height) = canvas.size();
    let names = NAMES.map(Label::plain);
    let layout = state_timeline::Layout::new(width, height, names.iter());
    let of = [("up", Ink::Level(Level::Good)), ("slow", Ink::Level(Level::High)), ("other", Ink::Series(2))];
    let of = of.map(|(name, ink)| State::new(name, ink)).to_vec();
    let mut builder = TimelineBuilder::new(scale(layout.bins()), of);
    for (lane, name) in names.into_iter().enumerate() {
        // Beyond the last state is none.
        let state = |value: f64| value.is_finite().then_some((value.abs() % 7.0) as usize + lane);
        builder.lane(name, walls(points).map(|(at, value)| (at, state(value))), GAP_MS);
    }
    let plan = builder.finish(&TimeZone::UTC, &layout);
    state_timeline::paint(&plan, &layout, canvas, look);
    labels(&plan.times).chain(counts()).collect()
}

fn tail(points: &Points, canvas: &mut Canvas<'_>, look: Look) -> Vec<Label> {
    let (_, height) = canvas.size();
    let entry = |(index, (at, value)): (usize, (Wall, f64))| {
        let text = format!("the value is {value}\nand so on 中文");
        Entry::new(at, Severity::ALL[index % 5], &text).from_source(Label::plain(NAMES[index % 5]))
    };
    let entries: Vec<Entry> = walls(points).enumerate().map(entry).collect();
    let options = Options { wrap: points.len().is_multiple_of(2), collapse: true, ..Options::default() };
    log::paint(&LogPlan::new(entries.iter(), options, &TimeZone::UTC, height), canvas, look);
    Vec::new()
}

fn facts(points: &Points, canvas: &mut Canvas<'_>, look: Look) -> Vec<Label> {
    let value = |row| {
        Label::plain(&newest(points, row).map_or_else(|| "unknown".to_owned(), |value| Unit::Bytes.format(value)))
    };
    let pair = |(row, name): (usize, &&str)| Row::Pair { key: Label::plain(name), value: value(row), role: Role::Text };
    let plan = TextPlan { rows: NAMES.iter().enumerate().map(pair).collect() };
    text::paint(&plan, canvas, look);
    Vec::new()
}

fn words(points: &Points, canvas: &mut Canvas<'_>, look: Look) -> Vec<Label> {
    let text =
        format!("- **{} points** 中文中文, {{warn}}all{{/}} of them\n  - {:?}\n\nend", points.len(), newest(points, 0));
    let plan = RichPlan::new(&text, text::Align::Right, Fit::Wrap);
    rich::paint(&plan.boxed(Label::plain("read 中 me"), text::markup::Tone::Warn), canvas, look);
    Vec::new()
}

fn frame(points: &Points, canvas: &mut Canvas<'_>, look: Look) -> Vec<Label> {
    let entry = |(series, name): (usize, &&str)| {
        let value = newest(points, series).map_or_else(|| "unknown".to_owned(), |value| Unit::Bytes.format(value));
        LegendEntry { series, name: Label::plain(name), value: Label::plain(&value), value_columns: 9 }
    };
    let legend: Vec<LegendEntry> = NAMES.iter().enumerate().map(entry).collect();
    let notice = Notice { text: Label::plain("stale, 中 since a while"), role: Role::Warning };
    let notice = (points.len() < 2).then_some(&notice);
    let title = Label::plain("the 中 title");
    panel::paint(&Panel { title: &title, legend: &legend, notice, focused: true }, canvas, look);
    legend.into_iter().map(|entry| entry.value).chain(counts()).collect()
}

fn moving(points: &Points, canvas: &mut Canvas<'_>, look: Look, kind: Kind) -> Vec<Label> {
    animation::paint(&AnimationPlan { kind, seed: 1, frame: points.len() as u64 * 37 }, canvas, look);
    Vec::new()
}

/// Whether the lowest and the highest value of all points is seen in a plan of so many bins.
pub fn extremes(points: &Points, bins: u16) -> Vec<(&'static str, [bool; 2])> {
    let ends = |low: f32, high: f32| [low == 0.0, high == 1.0];
    let (min, max) =
        points.iter().fold((f64::MAX, f64::MIN), |(min, max), (_, value)| (min.min(*value), max.max(*value)));
    let layout = line::Layout::new(bins.div_ceil(2), 9, Unit::None, GlyphSet::Braille);
    let mut builder = LineBuilder::new(scale(bins));
    builder.line(walls(points), GAP_MS);
    let plan = builder.finish(Unit::None, &[], &[], &TimeZone::UTC, &layout);
    let strokes = || plan.lines[0].strokes.iter();
    let reached = |value: f64, seen: f32| (plan.values.at(value) - seen).abs() < 1e-6;
    let low = strokes().map(|stroke| stroke.low).fold(f32::MAX, f32::min);
    let high = strokes().map(|stroke| stroke.high).fold(f32::MIN, f32::max);
    let line = [reached(min, low), reached(max, high)];
    let spark = |plan: &SparkPlan| {
        let low = plan.strokes.iter().map(|stroke| stroke.low).fold(f32::MAX, f32::min);
        ends(low, plan.strokes.iter().map(|stroke| stroke.high).fold(f32::MIN, f32::max))
    };
    let values: Vec<f64> = points.iter().map(|(_, value)| *value).collect();
    let rows = Rows::Names(vec![Label::plain("x")]);
    let layout = heatmap::Layout::new(bins, 1, &rows);
    let mut builder = HeatmapBuilder::new(scale(bins), rows);
    builder.row(0, walls(points), GAP_MS);
    let heat = builder.finish(Unit::None, &[], &TimeZone::UTC, &layout).heat;
    let hottest = heat.iter().flatten().copied().fold(f32::MIN, f32::max);
    vec![
        ("line", line),
        ("sparkline", spark(&SparkPlan::over_time(scale(bins), walls(points), GAP_MS, &[]))),
        ("sparkline of values", spark(&SparkPlan::of_values(&values, &[]))),
        // A heatmap shows the most there was.
        ("heatmap", [true, hottest >= 0.999]),
    ]
}
