//! Puts the plan of bars on cells.

mod across;
mod upright;

use super::{Bar, BarsPlan, Direction};
use crate::frame::{Attrs, Canvas, Glyph, Style};
use crate::label::Label;
use crate::model::GlyphSet;
use crate::widget::raster::ASCII_MARKS;
use crate::widget::{Look, Role, blocks, levels};

/// Paints into the whole canvas.
pub fn paint(plan: &BarsPlan, canvas: &mut Canvas<'_>, look: Look) {
    let (width, height) = canvas.size();
    if width == 0 || height == 0 || plan.groups.is_empty() {
        return;
    }
    match plan.direction {
        Direction::Across => across::paint(plan, canvas, look),
        Direction::Upright => upright::paint(plan, canvas, look),
    }
}

fn style(bar: &Bar, look: Look) -> Style {
    match bar.level {
        Some(level) => look.theme.level(level),
        None => look.theme.series(bar.series),
    }
}

/// Where several series stand side by side each has the mark it has in a legend.
fn ink(bar: &Bar, plan: &BarsPlan, look: Look) -> blocks::Ink {
    let mark = ASCII_MARKS[bar.series % ASCII_MARKS.len()];
    let whole = if plan.bars_per_group() > 1 { mark } else { blocks::HASH };
    blocks::Ink { style: style(bar, look), glyphs: look.glyphs, whole }
}

/// How the value of a bar is written on the ground.
fn value_style(bar: &Bar, look: Look) -> Style {
    match (bar.at, bar.level) {
        (None, _) => look.theme.style(Role::Muted),
        // A level without colours is said by its mark.
        (Some(_), Some(level)) if look.theme.coloured => look.theme.level(level),
        (Some(_), _) => look.theme.style(Role::Text),
    }
}

/// Text on a bar: the bar's own style turned round.
fn on_bar(bar: &Bar, look: Look) -> Style {
    let style = style(bar, look);
    Style { attrs: style.attrs.without(Attrs::DIM).with(Attrs::REVERSE), ..style }
}

/// The value, with a mark for its level where colours cannot tell.
fn value(bar: &Bar, look: Look) -> Label {
    match bar.level {
        Some(level) if !look.theme.coloured => Label::plain(&format!("{}{}", bar.value, levels::mark(level))),
        _ => bar.value.clone(),
    }
}

/// How many are left out.
fn more(left_out: usize) -> Label {
    Label::plain(&format!("+{left_out}"))
}

/// The line all bars start from.
fn zero_line(glyphs: GlyphSet, direction: Direction) -> Glyph {
    match (glyphs, direction) {
        (GlyphSet::Ascii, Direction::Across) => Glyph::new('|'),
        (GlyphSet::Ascii, Direction::Upright) => Glyph::new('-'),
        (_, Direction::Across) => Glyph::new('│'),
        (_, Direction::Upright) => Glyph::new('─'),
    }
}
