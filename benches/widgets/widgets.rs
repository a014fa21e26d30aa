//! Each widget from its data to its cells, as a panel of a board does it.

use jiff::tz::TimeZone;
use unblink::base::Rect;
use unblink::frame::Canvas;
use unblink::label::Label;
use unblink::model::Unit;
use unblink::widget::animation::{self, AnimationPlan, Kind};
use unblink::widget::bars::{self, BarsPlan, Direction};
use unblink::widget::gauge::{self, Gauge, GaugePlan};
use unblink::widget::heatmap::{self, HeatmapBuilder, Rows};
use unblink::widget::histogram::{self, HistogramPlan};
use unblink::widget::line::{self, LineBuilder};
use unblink::widget::log::{self, LogPlan, Options};
use unblink::widget::progress::{self, Job, ProgressPlan};
use unblink::widget::sparkline::{self, SparkPlan};
use unblink::widget::stat::{self, StatPlan};
use unblink::widget::state_timeline::{self, Ink, State, TimelineBuilder};
use unblink::widget::table::{self, Align, Cell, Column, Sort, TablePlan};
use unblink::widget::text;
use unblink::widget::text::rich::{self, Fit, RichPlan};
use unblink::widget::{Level, Levels, Look, TimeScale};

use crate::data::{Data, GAP_MS, POINTS};

/// Plans and paints one widget.
pub type Paint = fn(&Data, &mut Canvas<'_>, Look);

pub const WIDGETS: &[(&str, Paint)] = &[
    ("line", |data, canvas, look| lines(data, canvas, look, |_| {})),
    ("line/stacked", |data, canvas, look| lines(data, canvas, look, LineBuilder::stack)),
    ("sparkline", sparklines),
    ("bars/across", |data, canvas, look| single(data, canvas, look, Direction::Across)),
    ("bars/upright", |data, canvas, look| single(data, canvas, look, Direction::Upright)),
    ("bars/grouped", grouped),
    ("histogram", distribution),
    ("heatmap", heat),
    ("gauge", gauges),
    ("stat", one_value),
    ("progress", jobs),
    ("table", rows),
    ("state-timeline", states),
    ("log", tail),
    ("rich-text", words),
    ("animation/snow", |_, canvas, look| moving(Kind::Snow, canvas, look)),
    ("animation/fountain", |_, canvas, look| moving(Kind::Fountain, canvas, look)),
    ("animation/rain", |_, canvas, look| moving(Kind::Rain, canvas, look)),
];

/// Rows of tables, bars and heatmaps.
const ROWS: usize = 24;
const RANGE_MS: u64 = POINTS as u64 * 1_000;

const TEXT: &str = "\
A **shop** that does not exist: {ok}up{/}, {warn}slow{/} and {critical}down{/} now and then.
- `?` lists the keys, `f` enlarges a panel, *Tab* goes on.
- what is not known here is said on the panels, with how old the data is";

fn lines(data: &Data, canvas: &mut Canvas<'_>, look: Look, fill: fn(&mut LineBuilder)) {
    let (width, height) = canvas.size();
    let layout = line::Layout::new(width, height, Unit::Percent, look.glyphs);
    let scale = TimeScale::new(data.edge, RANGE_MS, layout.bins());
    let mut builder = LineBuilder::new(scale);
    fill(&mut builder);
    for series in 0..data.series.len() {
        builder.line(data.points(series), GAP_MS);
    }
    let plan = builder.finish(Unit::Percent, &[0.0], &[], &TimeZone::UTC, &layout);
    line::paint(&plan, &layout, canvas, look);
}

/// One below the other.
fn sparklines(data: &Data, canvas: &mut Canvas<'_>, look: Look) {
    let (width, height) = canvas.size();
    let each = height / data.series.len() as u16;
    for series in 0..data.series.len() {
        let scale = TimeScale::new(data.edge, RANGE_MS, sparkline::bins(width, look.glyphs));
        let plan = SparkPlan::over_time(scale, data.points(series), GAP_MS, &[]).with_series(series);
        sparkline::paint(&plan, &mut canvas.sub(Rect::new(0, series as u16 * each, width, each)), look);
    }
}

fn single(data: &Data, canvas: &mut Canvas<'_>, look: Look, direction: Direction) {
    let bars: Vec<(Label, Option<f64>)> =
        (0..ROWS).map(|row| (Label::plain(&format!("rack-{row}")), Some(data.newest(row)))).collect();
    let levels = Levels { high: Some(70.0), critical: Some(90.0), falling: false };
    bars::paint(&BarsPlan::single(direction, &bars, Unit::None, &[], Some(levels)), canvas, look);
}

fn grouped(data: &Data, canvas: &mut Canvas<'_>, look: Look) {
    let groups: Vec<(Label, Vec<Option<f64>>)> = (0..ROWS / 4)
        .map(|group| {
            (Label::plain(&format!("site {group}")), (0..4).map(|bar| Some(data.newest(4 * group + bar))).collect())
        })
        .collect();
    bars::paint(&BarsPlan::new(Direction::Upright, &groups, Unit::None, &[], None), canvas, look);
}

fn distribution(data: &Data, canvas: &mut Canvas<'_>, look: Look) {
    let (width, _) = canvas.size();
    let values: Vec<f64> =
        (0..data.series.len()).flat_map(|series| data.points(series)).map(|(_, value)| value).collect();
    histogram::paint(&HistogramPlan::of_values(&values, Unit::Percent, width / 3, &[0.5, 0.95]), canvas, look);
}

fn heat(data: &Data, canvas: &mut Canvas<'_>, look: Look) {
    let (width, height) = canvas.size();
    let rows = Rows::Names((0..ROWS).map(|row| Label::plain(&format!("rack-{row}"))).collect());
    let layout = heatmap::Layout::new(width, height, &rows);
    let mut builder = HeatmapBuilder::new(TimeScale::new(data.edge, RANGE_MS, layout.bins()), rows);
    for row in 0..ROWS {
        builder.row(row, data.points(row % data.series.len()), GAP_MS);
    }
    heatmap::paint(&builder.finish(Unit::Celsius, &[], &TimeZone::UTC, &layout), &layout, canvas, look);
}

fn gauges(data: &Data, canvas: &mut Canvas<'_>, look: Look) {
    let gauge = |index: usize| {
        let value = data.newest(index);
        let (name, shown) =
            (Label::plain(&format!("{index:>2}")), Label::plain(&format!("{:>5}", Unit::Percent.format(value))));
        Gauge::new(name, (value / 100.0) as f32, shown, Label::plain(""))
    };
    gauge::paint(&GaugePlan { gauges: (0..16).map(gauge).collect() }, canvas, look);
}

fn one_value(data: &Data, canvas: &mut Canvas<'_>, look: Look) {
    let (width, _) = canvas.size();
    let scale = TimeScale::new(data.edge, RANGE_MS, sparkline::bins(width, look.glyphs));
    let plan = StatPlan::new(Some(data.newest(0)), Unit::Percent, Some(1))
        .against(Some(data.newest(0)), Some(data.newest(4)), Unit::Percent, Some(false))
        .with_level(Level::High)
        .with_course(SparkPlan::over_time(scale, data.points(0), GAP_MS, &[]));
    stat::paint(&plan, canvas, look);
}

fn jobs(data: &Data, canvas: &mut Canvas<'_>, look: Look) {
    let job = |index: usize| Job {
        done: data.newest(index) * 1e9,
        total: (!index.is_multiple_of(5)).then_some(1e11),
        rate: Some(3e7),
        ..Job::new(Label::plain(&format!("job-{index}")), Unit::BytesSi)
    };
    let jobs: Vec<Job> = (0..ROWS).map(job).collect();
    progress::paint(&ProgressPlan::new(&jobs), canvas, look, 7);
}

fn rows(data: &Data, canvas: &mut Canvas<'_>, look: Look) {
    let number = |title: &str, priority| Column::new(title).align(Align::Decimal).priority(priority);
    let columns = vec![
        Column::new("service").priority(9),
        number("requests", 8),
        number("latency", 7),
        number("errors", 6),
        number("memory", 5),
    ];
    let row = |index: usize| {
        let value = data.newest(index);
        vec![
            Cell::text(Label::plain(&format!("worker-{index}"))),
            Cell::number(value * 7.0, Unit::None).share((value / 100.0) as f32),
            Cell::number(value / 1e3, Unit::Seconds).level(Level::High),
            Cell::number(value / 50.0, Unit::None),
            Cell::number(value * 1e7, Unit::Bytes),
        ]
    };
    let sort = Sort { column: 2, descending: true };
    table::paint(&TablePlan::new(columns, (0..2 * ROWS).map(row).collect(), Some(sort), 0), canvas, look);
}

fn states(data: &Data, canvas: &mut Canvas<'_>, look: Look) {
    let (width, height) = canvas.size();
    let layout = state_timeline::Layout::new(width, height, data.names.iter());
    let states = [("up", Level::Good), ("slow", Level::High), ("down", Level::Critical)];
    let states = states.map(|(name, level)| State::new(name, Ink::Level(level))).to_vec();
    let mut builder = TimelineBuilder::new(TimeScale::new(data.edge, RANGE_MS, layout.bins()), states);
    for (name, seen) in data.names.iter().zip(&data.states) {
        builder.lane(name.clone(), seen.iter().copied(), GAP_MS);
    }
    state_timeline::paint(&builder.finish(&TimeZone::UTC, &layout), &layout, canvas, look);
}

fn tail(data: &Data, canvas: &mut Canvas<'_>, look: Look) {
    let (_, height) = canvas.size();
    let options = Options { wrap: false, collapse: true, ..Options::default() };
    log::paint(&LogPlan::new(data.log.iter(), options, &TimeZone::UTC, height), canvas, look);
}

fn words(_: &Data, canvas: &mut Canvas<'_>, look: Look) {
    rich::paint(&RichPlan::new(TEXT, text::Align::Left, Fit::Wrap), canvas, look);
}

fn moving(kind: Kind, canvas: &mut Canvas<'_>, look: Look) {
    animation::paint(&AnimationPlan { kind, seed: 1, frame: 1_000 }, canvas, look);
}
