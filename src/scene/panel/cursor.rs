//! The cursor on charts over time: where their axes run, the line through them, and the values under it.
//!
//! Invariant: what the cursor says of a moment is what was known of that moment, not what came later.

use std::time::Duration;

use super::{Health, judged, shapes};
use crate::base::Rect;
use crate::frame::{Canvas, Glyph};
use crate::label::Label;
use crate::model::GlyphSet;
use crate::scene::board::{Chart, PanelSpec};
use crate::scene::health;
use crate::scene::moment::{Changes, Moment};
use crate::scene::query::When;
use crate::widget::line::Layout;
use crate::widget::{Look, Role, TimeScale, panel};

/// Where a panel's axis of time runs, in cells of the panel, which has this area; none where it has none. Where there
/// is no data, it is where it would run: whoever went back too far finds the way.
pub fn time_plot(spec: &PanelSpec, moment: &Moment<'_>, area: Rect) -> Option<(Rect, TimeScale)> {
    let (health, when, _) = judged(spec, moment, None, &mut Changes::default());
    let inside = panel::inside(area.width, area.height, matches!(health, Health::Late(_) | Health::Told(_)));
    let (plot, bins) = plot(&spec.chart, moment, when, (inside.width, inside.height))?;
    let scale = TimeScale::new(moment.edge, moment.spec.range_ms, bins);
    let plot = Rect { x: inside.x + plot.x, y: inside.y + plot.y, ..plot };
    (!plot.is_empty()).then_some((plot, scale))
}

/// The plot of a chart on a canvas of that size, and its bins.
fn plot(chart: &Chart, moment: &Moment<'_>, when: When, (width, height): (u16, u16)) -> Option<(Rect, u16)> {
    match chart {
        Chart::Line { unit, .. } => {
            let layout = Layout::new(width, height, *unit, moment.look.glyphs);
            Some((layout.plot, layout.bins()))
        }
        Chart::Heatmap(heatmap) => {
            let found = heatmap.select.all(moment.data, when);
            let layout = shapes::heatmap_layout(&found, width, height);
            Some((layout.plot, layout.bins()))
        }
        Chart::States(states) => {
            let found = states.select.all(moment.data, when);
            let layout = shapes::states_layout(&found, width, height);
            Some((layout.plot, layout.bins()))
        }
        _ => None,
    }
}

/// The moment that values beside names are of: the cursor's where there is one, else the right edge's.
pub fn reading(spec: &PanelSpec, moment: &Moment<'_>, when: When) -> When {
    let Some(at) = moment.cursor() else { return when };
    let reach_ms = health::interval_ms(spec, moment).saturating_mul(super::GAP_INTERVALS);
    When { at, since: at - Duration::from_millis(reach_ms) }
}

/// Tells when the cursor comes into the span that is shown, and when it leaves it.
pub fn announce(moment: &Moment<'_>, changes: &mut Changes) {
    let Some(at) = moment.spec.cursor.filter(|_| moment.spec.paused_at.is_none()) else { return };
    let behind = moment.now.since(moment.edge);
    let leaves = at + Duration::from_millis(moment.spec.range_ms) + Duration::from_millis(1);
    [at + behind, leaves + behind].into_iter().filter(|then| *then > moment.now).for_each(|then| changes.at(then));
}

/// Draws the line onto a chart that is painted, where it has an axis of time; `canvas` is the inside of its panel.
pub fn draw(chart: &Chart, moment: &Moment<'_>, when: When, canvas: &mut Canvas<'_>) {
    let Some(at) = moment.cursor() else { return };
    let Some((plot, bins)) = plot(chart, moment, when, canvas.size()) else { return };
    let scale = TimeScale::new(moment.edge, moment.spec.range_ms, bins);
    let Some(bin) = scale.bin(at).filter(|_| !plot.is_empty()) else { return };
    let x = plot.x + ((scale.middle(bin) * f32::from(plot.width)) as u16).min(plot.width - 1);
    // On a line chart the data stays in sight; a heatmap is full of it, and tells the values below.
    let on_blank = matches!(chart, Chart::Line { .. });
    line(Rect { x, width: 1, ..plot }, on_blank, canvas, moment.look);
}

fn line(column: Rect, on_blank: bool, canvas: &mut Canvas<'_>, look: Look) {
    let glyph = Glyph::new(if look.glyphs == GlyphSet::Ascii { '|' } else { '│' });
    let style = look.theme.style(Role::TitleFocused);
    for y in column.y..column.bottom() {
        canvas.glyph_over(column.x, y, glyph, style, on_blank);
    }
}

/// The values under the cursor of a chart that has no legend to say them; none where there is no cursor, or a legend.
pub fn readout(spec: &PanelSpec, moment: &Moment<'_>, when: When) -> Option<Label> {
    let at = moment.cursor()?;
    let reading = reading(spec, moment, when);
    let values: Vec<String> = match &spec.chart {
        Chart::Heatmap(heatmap) => {
            let found = heatmap.select.all(moment.data, when);
            let value = |value: f64| heatmap.unit.format(value);
            found.iter().map(|one| said(&one.name, one.value(reading).map(value))).collect()
        }
        Chart::States(states) => {
            let name = |value: f64| states.states.iter().find(|state| state.value == value);
            let state = |value: Option<f64>| value.and_then(name).map(|state| state.name.to_string());
            let found = states.select.all(moment.data, when);
            found.iter().map(|one| said(&one.name, state(one.value(reading)))).collect()
        }
        _ => return None,
    };
    Some(Label::plain(&format!("{}  {}", moment.clock(at), values.join("  "))))
}

fn said(name: &Label, value: Option<String>) -> String {
    format!("{name} {}", value.as_deref().unwrap_or(super::UNKNOWN))
}
