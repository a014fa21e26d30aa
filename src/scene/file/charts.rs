//! Each kind of chart, from the keys of its panel.

use super::keys;
use super::section::Section;
use crate::label::Label;
use crate::model::SeriesKey;
use crate::model::log::Severity;
use crate::notation::{harmless, remedy_for};
use crate::scene::board::{Chart, GaugeSource, LineSource, Shown, TextRow};
use crate::scene::chart::{
    Animation, Annotation, Bars, Fill, Heatmap, Histogram, Log, Progress, Spark, Stat, StateName, States, Table,
    TableColumn, Threshold, Words,
};
use crate::scene::query::{Function, Join, Over};
use crate::scene::select::{Pattern, Select};
use crate::widget::Level;
use crate::widget::animation::Kind;
use crate::widget::bars::Direction;
use crate::widget::text::Align;

/// Pictures a second of an animation that says nothing: smooth enough for what falls slowly.
const FRAMES_HZ_DEFAULT: f64 = 20.0;
/// Decimals of bare numbers where nothing is said.
const DECIMALS_DEFAULT: u8 = 1;
/// Entries of a log that are marked on a chart where nothing is said.
const LEVEL_DEFAULT: Severity = Severity::Warn;

/// None where something was complained of; then too all keys were looked at, so that everything was.
pub fn read(chart: &str, panel: &Section<'_>) -> Option<Chart> {
    Some(match chart {
        "line" => line(panel),
        "gauges" => Chart::Gauges(panel.tables("gauges").iter().filter_map(gauge).collect()),
        "facts" => Chart::Text(panel.tables("rows").iter().filter_map(fact).collect()),
        "text" => {
            let text = panel.text("text");
            let align = match panel.word("align") {
                Some("centre") => Align::Centre,
                Some("right") => Align::Right,
                _ => Align::Left,
            };
            Chart::Words(Words { text: text?, align })
        }
        "bars" => {
            let (select, group_by) = (select(panel), panel.text("group_by"));
            let direction = match panel.word("direction") {
                Some("vertical") => Direction::Upright,
                _ => Direction::Across,
            };
            let (unit, thresholds) = (panel.unit("unit").unwrap_or_default(), thresholds(panel));
            Chart::Bars(Bars { select: select?, group_by, unit, direction, thresholds })
        }
        "sparklines" => Chart::Sparklines(panel.tables("rows").iter().filter_map(spark).collect()),
        "stat" => stat(panel)?,
        "histogram" => {
            let (select, unit) = (one(panel), panel.unit("unit").unwrap_or_default());
            Chart::Histogram(Histogram { select: select?, unit })
        }
        "heatmap" => {
            let (select, unit) = (select(panel), panel.unit("unit").unwrap_or_default());
            Chart::Heatmap(Heatmap { select: select?, unit, include: panel.numbers("include") })
        }
        "states" => {
            let (select, states) = (select(panel), panel.tables("states").iter().filter_map(state).collect());
            Chart::States(States { select: select?, states })
        }
        "animation" => {
            let seed = panel.whole("seed").map_or(0, i64::unsigned_abs);
            let frames_hz = panel.number("frames_hz").unwrap_or(FRAMES_HZ_DEFAULT);
            let kind = match panel.word("animation")? {
                "snow" => Kind::Snow,
                "fountain" => Kind::Fountain,
                _ => Kind::Rain,
            };
            Chart::Animation(Animation { kind, seed, frames_hz })
        }
        "table" => table(panel)?,
        "progress" => {
            let (by, done, total) = (panel.text("by"), panel.text("done"), panel.text("total"));
            let unit = panel.unit("unit").unwrap_or_default();
            Chart::Progress(Progress { by: by?, done: done?, total, unit })
        }
        "log" => {
            let (stream, wrap) = (panel.text("stream"), panel.flag("wrap").unwrap_or(false));
            Chart::Log(Log { stream: stream?, wrap })
        }
        _ => return None,
    })
}

fn line(panel: &Section<'_>) -> Chart {
    Chart::Line {
        unit: panel.unit("unit").unwrap_or_default(),
        decimals: decimals(panel),
        lines: panel.tables("lines").iter().filter_map(one_line).collect(),
        annotations: panel.tables("annotations").iter().filter_map(annotation).collect(),
        fill: match panel.word("fill") {
            Some("first") => Fill::First,
            Some("all") => Fill::All,
            Some("stacked") => Fill::Stacked,
            _ => Fill::None,
        },
        include: panel.numbers("include"),
        include_series: panel.text("include_series").map(|name| SeriesKey::plain(&name)),
        thresholds: thresholds(panel),
    }
}

fn one_line(section: &Section<'_>) -> Option<LineSource> {
    let kind = one_of(section, &["series", "largest"])?;
    if kind == "largest" {
        let (name, series) = (needed(section, "name", "largest"), section.text("largest"));
        let label = needed(section, "by", "largest");
        return Some(LineSource { name: Label::plain(&name?), shown: Shown::Largest { name: series?, label: label? } });
    }
    let select = select(section);
    if section.has("name") == section.has("by") {
        let (message, remedy) = match section.has("by") {
            true => ("the values of the label `by` name the lines", "leave out `name`, or `by`"),
            false => {
                ("the line has no name", "write name = \"...\", or by = \"...\" for a line of each value of a label")
            }
        };
        section.complaints().add(section.place(), message, remedy);
    }
    let (name, select) = (section.label("name").unwrap_or_default(), select?);
    if !select.is_plain() {
        return Some(LineSource { name, shown: Shown::Query(select) });
    }
    let labels: Vec<(&str, &str)> =
        select.with.iter().filter_map(|(name, pattern)| Some((name.as_str(), pattern.exact()?))).collect();
    Some(LineSource { name, shown: Shown::Series(SeriesKey::labelled(&select.series, &labels)) })
}

fn gauge(section: &Section<'_>) -> Option<GaugeSource> {
    if one_of(section, &["each", "part"])? == "each" {
        let (name, label) = (section.text("each"), needed(section, "by", "each"));
        return Some(GaugeSource::Each { name: name?, label: label? });
    }
    let (name, part) = (needed(section, "name", "part"), section.text("part"));
    let (whole, none) = (needed(section, "whole", "part"), section.label("none"));
    Some(GaugeSource::Share {
        name: Label::plain(&name?),
        part: SeriesKey::plain(&part?),
        whole: SeriesKey::plain(&whole?),
        none: none.unwrap_or_else(|| Label::plain("none")),
    })
}

fn fact(section: &Section<'_>) -> Option<TextRow> {
    let (key, kind) = (section.label("name"), one_of(section, &["value", "label", "count", "age"]));
    Some(match kind? {
        "value" => {
            let (series, labels) = (section.text("value"), section.pairs("where"));
            let labels: Vec<(&str, &str)> = labels.iter().map(|(name, value)| (&**name, &**value)).collect();
            TextRow::Value { key: key?, series: SeriesKey::labelled(&series?, &labels) }
        }
        "label" => {
            let (name, label) = (needed(section, "of", "label"), section.text("label"));
            TextRow::Fact { key: key?, name: name?, label: label? }
        }
        "count" => {
            let (name, label) = (section.text("count"), needed(section, "by", "count"));
            TextRow::Count { key: key?, name: name?, label: label? }
        }
        _ => TextRow::Age { key: key? },
    })
}

/// Entries of a log, or one moment.
fn annotation(section: &Section<'_>) -> Option<Annotation> {
    let (stream, at) = (section.text("stream"), section.moment("at"));
    let level = section.word("level").and_then(Severity::from_word);
    match one_of(section, &["stream", "at"])? {
        "stream" => Some(Annotation::Entries {
            stream: stream?,
            level: level.unwrap_or(LEVEL_DEFAULT),
            name: section.label("name"),
        }),
        _ => {
            if section.has("level") {
                let message = "`level` says which entries of a log are marked, and `at` is none";
                section.complaints().add(section.span("level"), message, "leave it out");
            }
            let name = needed(section, "name", "at");
            Some(Annotation::Moment { at: at?, name: Label::plain(&name?) })
        }
    }
}

fn stat(panel: &Section<'_>) -> Option<Chart> {
    let (select, unit) = (one(panel), panel.unit("unit").unwrap_or_default());
    let (decimals, delta, thresholds) = (decimals(panel), panel.duration("delta"), thresholds(panel));
    let rise_is_good = panel.word("better").map(|better| better == "up");
    let sparkline = panel.flag("sparkline").unwrap_or(true);
    Some(Chart::Stat(Stat { select: select?, unit, decimals, delta, rise_is_good, thresholds, sparkline }))
}

fn spark(section: &Section<'_>) -> Option<Spark> {
    let (name, select) = (section.label("name"), select(section));
    let unit = section.unit("unit").unwrap_or_default();
    Some(Spark { name, select: select?, unit })
}

fn state(section: &Section<'_>) -> Option<StateName> {
    let (value, name, level) = (section.number("value"), section.label("name"), level(section));
    Some(StateName { value: value?, name: name?, level })
}

fn table(panel: &Section<'_>) -> Option<Chart> {
    let by = panel.text("by");
    let column = |section: &Section<'_>| {
        let (title, select) = (section.label("title"), one(section));
        let unit = section.unit("unit").unwrap_or_default();
        let (thresholds, full_at) = (thresholds(section), section.number("full_at"));
        Some(TableColumn { title: title?, select: Select { by: by.clone(), ..select? }, unit, thresholds, full_at })
    };
    let columns: Vec<TableColumn> = panel.tables("columns").iter().filter_map(column).collect();
    let title = panel.label("name").or_else(|| by.as_deref().map(Label::plain)).unwrap_or_default();
    let sort = match panel.text("sort") {
        None => None,
        Some(sort) if sort == title.as_str() => None,
        Some(sort) => {
            let found = columns.iter().position(|column| column.title.as_str() == sort);
            if found.is_none() {
                let known: Vec<&str> = columns.iter().map(|column| column.title.as_str()).collect();
                let message = format!("sort: there is no column {:?}", harmless(&sort));
                panel.complaints().add(panel.span("sort"), message, remedy_for(&sort, &known, "columns"));
            }
            found
        }
    };
    let descending = panel.flag("descending").unwrap_or(false);
    let current = panel.flag("current").unwrap_or(false);
    Some(Chart::Table(Table { by: by?, title, columns, sort, descending, current }))
}

/// Series told apart by a label.
fn select(section: &Section<'_>) -> Option<Select> {
    let by = section.text("by");
    let topk = section.whole("topk").and_then(|topk| usize::try_from(topk).ok());
    Some(Select { by, topk, ..one(section)? })
}

/// The same for charts of one series.
fn one(section: &Section<'_>) -> Option<Select> {
    let (series, over) = (section.text("series"), over(section));
    let with = section.pairs("where").into_iter().map(|(name, value)| (name, Pattern::of(&value))).collect();
    let join = section.word("join").and_then(|join| found(&Join::ALL, join));
    Some(Select { series: series?, with, over, join, ..Select::default() })
}

/// A function over time; none where the newest value is meant.
fn over(section: &Section<'_>) -> Option<Over> {
    let function = section.word("fn").and_then(|function| found(&Function::ALL, function));
    let span = section.duration("over");
    if let (Some(_), None | Some(Function::Last)) = (span, function) {
        let message = "`over` says how far back a function looks, and the newest value looks nowhere";
        section.complaints().add(section.span("over"), message, "write also fn = \"avg\" or another one");
    }
    if span.is_some_and(|span| !(Over::SPAN_MIN..=Over::SPAN_MAX).contains(&span)) {
        let remedy = format!("write something from {:?} to {} days", Over::SPAN_MIN, Over::SPAN_MAX.as_secs() / 86_400);
        section.complaints().add(section.span("over"), "over: that span is not possible", remedy);
    }
    let function = function.filter(|function| *function != Function::Last)?;
    Some(Over { function, span: span.unwrap_or(Over::SPAN_DEFAULT) })
}

fn found<T: Copy>(all: &[(&'static str, T)], word: &str) -> Option<T> {
    all.iter().find(|(name, _)| *name == word).map(|(_, found)| *found)
}

pub(super) fn thresholds(section: &Section<'_>) -> Vec<Threshold> {
    let one = |section: &Section<'_>| {
        let (at, level, name) = (section.number("at"), level(section), section.label("name"));
        Some(Threshold { at: at?, level: level?, name })
    };
    section.tables("thresholds").iter().filter_map(one).collect()
}

fn level(section: &Section<'_>) -> Option<Level> {
    Some(match section.word("level")? {
        "good" => Level::Good,
        "high" => Level::High,
        _ => Level::Critical,
    })
}

fn decimals(section: &Section<'_>) -> u8 {
    section.whole("decimals").and_then(|decimals| u8::try_from(decimals).ok()).unwrap_or(DECIMALS_DEFAULT)
}

/// Which one of several keys that exclude each other was written.
fn one_of(section: &Section<'_>, names: &[&'static str]) -> Option<&'static str> {
    let mut said = names.iter().copied().filter(|name| section.has(name));
    if let (Some(name), None) = (said.next(), said.next()) {
        return Some(name);
    }
    let message = format!("one of these keys belongs here: {}", names.join(", "));
    section.complaints().add(section.place(), message, "write exactly one of them");
    None
}

/// A key that another one needs.
fn needed(section: &Section<'_>, name: &'static str, with: &str) -> Option<String> {
    if !section.has(name) {
        let message = format!("`{with}` needs the key `{name}`");
        section.complaints().add(section.place(), message, keys::about(name));
    }
    section.text(name)
}
