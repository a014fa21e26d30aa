//! Charts of shapes: bars, sparklines, large values, histograms, heatmaps, states, animations.

use std::collections::BTreeMap;

use super::{Pane, UNKNOWN};
use crate::base::{Rect, Wall};
use crate::frame::Canvas;
use crate::label::Label;
use crate::scene::chart::{self, Animation, Bars, Heatmap, Histogram, Spark, Stat, States};
use crate::scene::select::Selected;
use crate::widget::animation::{self, AnimationPlan, FRAMES_PER_SECOND};
use crate::widget::bars::{self, BarsPlan};
use crate::widget::heatmap::{self, HeatmapBuilder, HeatmapPlan, Rows};
use crate::widget::histogram::{self, HistogramPlan};
use crate::widget::sparkline::{self, SparkPlan};
use crate::widget::stat::{self, StatPlan};
use crate::widget::state_timeline::{self, Ink, State, TimelineBuilder};
use crate::widget::{Role, TimeScale, clipped, whole};

/// Columns of a sparkline's name at most, as a part of the width.
const NAME_PARTS: u16 = 4;
/// Bins of a histogram: wide enough to be seen one by one.
const COLUMNS_PER_BIN: u16 = 3;
/// Quantiles marked on a histogram.
const QUANTILES: [f64; 2] = [0.5, 0.95];

pub fn bars(spec: &Bars, pane: &Pane<'_, '_>, canvas: &mut Canvas<'_>) {
    let found = spec.select.all(pane.moment.data, pane.when);
    let value = |one: &Selected<'_>| one.value(pane.when);
    let levels = chart::levels(&spec.thresholds);
    let plan = match &spec.group_by {
        None => {
            let bars: Vec<(Label, Option<f64>)> = found.iter().map(|one| (one.name.clone(), value(one))).collect();
            BarsPlan::single(spec.direction, &bars, spec.unit, &[], levels)
        }
        Some(group_by) => {
            // Each name is a series of the chart: it keeps its place and colour in every group.
            let names: Vec<&Label> = found.iter().map(|one| &one.name).collect();
            let mut places: Vec<&str> = names.iter().map(|name| name.as_str()).collect();
            places.dedup();
            let mut groups: BTreeMap<&str, Vec<Option<f64>>> = BTreeMap::new();
            for one in &found {
                let Some(group) = one.key.label(group_by) else { continue };
                let values = groups.entry(group).or_insert_with(|| vec![None; places.len()]);
                if let Some(place) = places.iter().position(|place| *place == one.name.as_str()) {
                    values[place] = value(one);
                }
            }
            let groups: Vec<(Label, Vec<Option<f64>>)> =
                groups.into_iter().map(|(name, values)| (Label::plain(name), values)).collect();
            BarsPlan::new(spec.direction, &groups, spec.unit, &[], levels)
        }
    };
    bars::paint(&plan, canvas, pane.moment.look);
}

/// Rows of a name, its course and its value; the height is shared evenly.
pub fn sparklines(rows: &[Spark], pane: &mut Pane<'_, '_>, canvas: &mut Canvas<'_>) {
    let (width, height) = canvas.size();
    let (moment, look) = (pane.moment, pane.moment.look);
    let found: Vec<(Label, &Spark, Selected<'_>)> = rows
        .iter()
        .flat_map(|row| {
            let name = |one: &Selected<'_>| {
                row.name.clone().filter(|_| row.select.by.is_none()).unwrap_or_else(|| one.name.clone())
            };
            row.select.all(moment.data, pane.when).into_iter().map(move |one| (name(&one), row, one))
        })
        .collect();
    let shown = found.len().min(usize::from(height));
    let Some(each) = u16::try_from(shown).ok().filter(|shown| *shown > 0).map(|shown| height / shown) else { return };
    let widest = |texts: &mut dyn Iterator<Item = u16>| texts.max().unwrap_or(0);
    let names = widest(&mut found.iter().map(|(name, _, _)| name.columns())).min(width / NAME_PARTS);
    let values: Vec<Label> = found
        .iter()
        .map(|(_, row, one)| {
            let value = one.value(pane.reading);
            Label::plain(&value.map_or_else(|| UNKNOWN.to_owned(), |value| row.unit.format(value)))
        })
        .collect();
    // Half a number would be a lie.
    let room = widest(&mut values.iter().map(Label::columns)).min(width);
    let course = width.saturating_sub(names + room + 2);
    let scale = TimeScale::new(moment.edge, moment.spec.range_ms, sparkline::bins(course, look.glyphs));
    for (index, ((name, _, one), value)) in found.iter().zip(&values).take(shown).enumerate() {
        let y = u16::try_from(index).unwrap_or(u16::MAX).saturating_mul(each);
        let middle = y + (each - 1) / 2;
        clipped(canvas, (0, middle), names, name, look.theme.style(Role::Muted), look);
        if course > 0 {
            let points = one.points(scale.from(), moment.edge, pane.gap_ms);
            let gap_ms = one.gap_ms(scale.from(), pane.gap_ms);
            let plan = SparkPlan::over_time(scale, points, gap_ms, &[]).with_series(index);
            let blank = u16::from(each > 2);
            sparkline::paint(&plan, &mut canvas.sub(Rect::new(names + 1, y, course, each - blank)), look);
        }
        let x = width.saturating_sub(value.columns().min(room));
        whole(canvas, (x, middle), room, value, look.theme.style(Role::Strong), look);
    }
    pane.slides(scale);
}

/// The newest value in large digits.
pub fn stat(spec: &Stat, pane: &mut Pane<'_, '_>, canvas: &mut Canvas<'_>) {
    let (moment, look) = (pane.moment, pane.moment.look);
    let found = spec.select.first(moment.data, pane.when);
    let value = found.as_ref().and_then(|one| one.value(pane.when));
    let mut plan = StatPlan::new(value, spec.unit, Some(spec.decimals));
    if let (Some(delta), Some(one)) = (spec.delta, &found) {
        let then = moment.edge - delta;
        let earlier = one.value_then(then, pane.gap_ms);
        plan = plan.against(value, earlier, spec.unit, spec.rise_is_good);
        // The value then is another one once the next point is that old.
        if let (Some(next), None) = (one.next_after(then, moment.edge), moment.spec.paused_at) {
            pane.changes.at(next + delta + moment.now.since(moment.edge));
        }
    }
    if let (Some(value), false) = (value, spec.thresholds.is_empty()) {
        plan = plan.with_level(chart::level(&spec.thresholds, value));
    }
    if let (true, Some(one)) = (spec.sparkline, &found) {
        let (width, _) = canvas.size();
        let scale = TimeScale::new(moment.edge, moment.spec.range_ms, sparkline::bins(width, look.glyphs));
        let points = one.points(scale.from(), moment.edge, pane.gap_ms);
        let gap_ms = one.gap_ms(scale.from(), pane.gap_ms);
        plan = plan.with_course(SparkPlan::over_time(scale, points, gap_ms, &[]));
        pane.slides(scale);
    }
    stat::paint(&plan, canvas, look);
}

/// Of all values in the range shown.
pub fn histogram(spec: &Histogram, pane: &mut Pane<'_, '_>, canvas: &mut Canvas<'_>) {
    let (width, _) = canvas.size();
    let scale = TimeScale::new(pane.moment.edge, pane.moment.spec.range_ms, width.max(1));
    let found = spec.select.all(pane.moment.data, pane.when);
    let values = found.iter().flat_map(|one| one.points(scale.from(), pane.moment.edge, pane.gap_ms));
    // A point before the span comes along, for lines.
    let values: Vec<f64> = values.filter(|(at, _)| *at >= scale.from()).map(|(_, value)| value).collect();
    let plan = HistogramPlan::of_values(&values, spec.unit, width / COLUMNS_PER_BIN, &QUANTILES);
    histogram::paint(&plan, canvas, pane.moment.look);
    pane.slides(scale);
}

pub fn heatmap_layout(found: &[Selected<'_>], width: u16, height: u16) -> heatmap::Layout {
    heatmap::Layout::new(width, height, &Rows::Names(names(found)))
}

fn names(found: &[Selected<'_>]) -> Vec<Label> {
    found.iter().map(|one| one.name.clone()).collect()
}

pub fn heatmap(spec: &Heatmap, pane: &mut Pane<'_, '_>, canvas: &mut Canvas<'_>) {
    let (width, height) = canvas.size();
    let found = spec.select.all(pane.moment.data, pane.when);
    let layout = heatmap_layout(&found, width, height);
    if layout.plot.is_empty() || found.is_empty() {
        return;
    }
    let scale = TimeScale::new(pane.moment.edge, pane.moment.spec.range_ms, layout.bins());
    let mut builder = HeatmapBuilder::new(scale, Rows::Names(names(&found)));
    for (row, one) in found.iter().enumerate() {
        let points = one.points(scale.from(), pane.moment.edge, pane.gap_ms);
        builder.row(row, points.into_iter(), one.gap_ms(scale.from(), pane.gap_ms));
    }
    let plan: HeatmapPlan = builder.finish(spec.unit, &spec.include, &pane.moment.zone, &layout);
    heatmap::paint(&plan, &layout, canvas, pane.moment.look);
    pane.slides(scale);
}

pub fn states_layout(found: &[Selected<'_>], width: u16, height: u16) -> state_timeline::Layout {
    state_timeline::Layout::new(width, height, found.iter().map(|one| &one.name))
}

pub fn states(spec: &States, pane: &mut Pane<'_, '_>, canvas: &mut Canvas<'_>) {
    let (width, height) = canvas.size();
    let found = spec.select.all(pane.moment.data, pane.when);
    let layout = states_layout(&found, width, height);
    if layout.plot.is_empty() {
        return;
    }
    let ink = |(index, state): (usize, &chart::StateName)| {
        State::new(state.name.as_str(), state.level.map_or(Ink::Series(index), Ink::Level))
    };
    let scale = TimeScale::new(pane.moment.edge, pane.moment.spec.range_ms, layout.bins());
    let mut builder = TimelineBuilder::new(scale, spec.states.iter().enumerate().map(ink).collect());
    for one in found {
        let seen = one.points(scale.from(), pane.moment.edge, pane.gap_ms);
        let gap_ms = one.gap_ms(scale.from(), pane.gap_ms);
        let state = |value: f64| spec.states.iter().position(|state| state.value == value);
        builder.lane(one.name, seen.into_iter().map(|(at, value)| (at, state(value))), gap_ms);
    }
    state_timeline::paint(&builder.finish(&pane.moment.zone, &layout), &layout, canvas, pane.moment.look);
    pane.slides(scale);
}

pub fn animation(spec: &Animation, pane: &mut Pane<'_, '_>, canvas: &mut Canvas<'_>) {
    let moment = pane.moment;
    let at = if moment.spec.paused_at.is_some() { moment.edge } else { moment.now };
    // The picture that is due by its own rate, at the speed animations are made for.
    let drawn = (at.0.max(0) as f64 * spec.frames_hz / 1_000.0).floor();
    let frame = (drawn / spec.frames_hz * FRAMES_PER_SECOND as f64) as u64;
    animation::paint(&AnimationPlan { kind: spec.kind, seed: spec.seed, frame }, canvas, moment.look);
    if moment.spec.paused_at.is_none() {
        pane.changes.exactly_at(Wall(((drawn + 1.0) * 1_000.0 / spec.frames_hz).ceil() as i64));
    }
}
