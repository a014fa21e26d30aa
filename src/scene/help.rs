//! The help overlay, drawn from the table that the keys are interpreted by.

use crate::base::Rect;
use crate::frame::{Canvas, Glyph};
use crate::label::Label;
use crate::model::BINDINGS;
use crate::widget::text::{self, Row, TextPlan};
use crate::widget::{Look, Role, panel};

/// Columns of one key and what it does, with the gap between the two.
fn columns() -> u16 {
    let widest = |text: fn(&crate::model::Binding) -> &'static str| {
        BINDINGS.iter().map(|binding| text(binding).len()).max().unwrap_or(0) as u16
    };
    widest(|binding| binding.shown) + widest(|binding| binding.what) + 2
}

/// Where a worker obeys them.
const FAULTS: (&str, &str) = ("on board faults", "the keys it shows; x heals");

/// Draws the help into the middle of the canvas; without its box where that does not fit.
pub fn draw(canvas: &mut Canvas<'_>, look: Look, faults: bool) {
    let (width, height) = canvas.size();
    let rows: Vec<Row> = BINDINGS
        .iter()
        .map(|binding| (binding.shown, binding.what))
        .chain(faults.then_some(FAULTS))
        .map(|(key, what)| Row::Pair { key: Label::plain(key), value: Label::plain(what), role: Role::Text })
        .collect();
    let (inner_width, inner_height) = (columns(), rows.len() as u16);
    let boxed = width >= inner_width + 6 && height >= inner_height + 2;
    let (outer_width, outer_height) =
        if boxed { (inner_width + 6, (inner_height + 4).min(height)) } else { (width, height) };
    let outer = Rect::new((width - outer_width) / 2, (height - outer_height) / 2, outer_width, outer_height);
    let mut canvas = canvas.sub(outer);
    canvas.fill(Rect::new(0, 0, outer_width, outer_height), Glyph::BLANK, look.theme.style(Role::Text));
    let inner = if boxed {
        panel::sides(&mut canvas, Role::BorderFocused, look);
        panel::on_side(&mut canvas, (2, 0), outer_width - 4, &Label::plain("keys"), Role::TitleFocused, look);
        Rect::new(3, (outer_height - inner_height) / 2, inner_width, inner_height)
    } else {
        Rect::new(0, 0, width, height)
    };
    text::paint(&TextPlan { rows }, &mut canvas.sub(inner), look);
}
