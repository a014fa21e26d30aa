//! Charts of lines over time: what the lines are, their legend, and the chart.

use super::{Pane, UNKNOWN, annotations};
use crate::frame::Canvas;
use crate::label::Label;
use crate::model::{Dataset, Unit};
use crate::scene::board::{Chart, LineSource, Shown};
use crate::scene::chart::Fill;
use crate::scene::query::{self, When};
use crate::scene::select::{self, Selected};
use crate::widget::legend::Entry;
use crate::widget::line::{self, Layout, LineBuilder};
use crate::widget::{Level, Role, TimeScale};

/// One line as it is drawn: a query may be several.
pub struct Drawn<'a> {
    name: Label,
    what: What<'a>,
}

enum What<'a> {
    Shown(&'a Shown),
    Selected(Selected<'a>),
}

/// The lines there are. Which they are goes by `when`, also while a cursor asks for the values of another moment.
pub fn drawn<'a>(lines: &'a [LineSource], data: &'a Dataset, when: When) -> Vec<Drawn<'a>> {
    let mut all = Vec::with_capacity(lines.len());
    for line in lines {
        let select = match &line.shown {
            Shown::Query(select) => select,
            Shown::Every(select) => {
                all.extend(select.all(data, when).into_iter().map(|one| {
                    let words = one.key.labels.iter().map(|(_, value)| value.as_str()).collect::<Vec<&str>>().join(" ");
                    let name = if words.is_empty() { line.name.clone() } else { Label::plain(&words) };
                    Drawn { name, what: What::Selected(one) }
                }));
                continue;
            }
            shown => {
                all.push(Drawn { name: line.name.clone(), what: What::Shown(shown) });
                continue;
            }
        };
        let mut found = select.all(data, when);
        match select.by {
            // In the order people count in, not by who is ahead at the moment.
            Some(_) => select::in_order(&mut found),
            None => found.truncate(1),
        }
        all.extend(found.into_iter().map(|one| {
            let name = if select.by.is_some() { one.name.clone() } else { line.name.clone() };
            Drawn { name, what: What::Selected(one) }
        }));
    }
    all
}

pub fn legend(drawn: &[Drawn<'_>], unit: Unit, decimals: u8, data: &Dataset, when: When) -> Vec<Entry> {
    let value_columns = unit.columns();
    let shown = |value: f64| Label::plain(&unit.format_fixed(value, decimals));
    let or_unknown = |value: Option<f64>| value.map_or_else(|| Label::plain(UNKNOWN), shown);
    let entry = |(series, line): (usize, &Drawn<'_>)| {
        let value = match &line.what {
            What::Shown(Shown::Series(key)) => or_unknown(query::value(data, key, when)),
            What::Shown(Shown::Largest { name, label }) => {
                let values =
                    query::labelled(data, name, label).filter_map(|(_, window)| query::window_value(window, when));
                let (count, largest) = values.fold((0, f64::MIN), |(count, max), value| (count + 1, value.max(max)));
                // Of fewer than two the largest would say nothing new.
                (count >= 2).then(|| shown(largest))?
            }
            // Drawn one by one.
            What::Shown(Shown::Query(_) | Shown::Every(_)) => return None,
            What::Selected(one) => or_unknown(one.value(when)),
        };
        Some(Entry { series, name: line.name.clone(), value, value_columns })
    };
    drawn.iter().enumerate().filter_map(entry).collect()
}

pub fn chart(chart: &Chart, drawn: &[Drawn<'_>], pane: &mut Pane<'_, '_>, canvas: &mut Canvas<'_>) {
    let (moment, when) = (pane.moment, pane.when);
    let Chart::Line { unit, fill, include, include_series, thresholds, annotations, .. } = chart else { return };
    let mut include = include.clone();
    include.extend(include_series.as_ref().and_then(|key| query::value(moment.data, key, when)));
    let (width, height) = canvas.size();
    let layout = Layout::new(width, height, *unit, moment.look.glyphs);
    if layout.plot.is_empty() {
        return;
    }
    let scale = TimeScale::new(moment.edge, moment.spec.range_ms, layout.bins());
    let mut builder = LineBuilder::new(scale);
    match fill {
        Fill::None => {}
        Fill::First => builder.fill(),
        Fill::All => builder.fill_every(),
        Fill::Stacked => builder.stack(),
    }
    for line in drawn {
        match &line.what {
            What::Shown(shown) => query::trace(moment.data, shown, moment.edge, pane.gap_ms, &mut builder),
            What::Selected(one) => {
                let points = one.points(scale.from(), moment.edge, pane.gap_ms);
                builder.line(points.into_iter(), one.gap_ms(scale.from(), pane.gap_ms));
            }
        }
    }
    for annotation in annotations::found(annotations, moment, scale) {
        builder.annotate(annotation);
    }
    let marks: Vec<(f64, Label, Role)> = thresholds
        .iter()
        .map(|mark| {
            let name = mark.name.clone().unwrap_or_default();
            (mark.at, name, if mark.level == Level::Critical { Role::Failure } else { Role::Warning })
        })
        .collect();
    let plan = builder.finish(*unit, &include, &marks, &moment.zone, &layout);
    pane.slides(scale);
    line::paint(&plan, &layout, canvas, moment.look);
}
