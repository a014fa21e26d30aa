//! The box round a chart: its title, its legend, and what is to be said about its data.
//!
//! Invariant: a notice is shown at any size that has a cell, and never on top of the title.

use super::legend::{self, Entry};
use super::{Look, Role, clipped};
use crate::base::Rect;
use crate::frame::{Canvas, Glyph};
use crate::label::Label;
use crate::model::GlyphSet;

#[cfg(test)]
mod tests;

/// What is said about the data of a panel, in words.
#[derive(Clone, Debug, PartialEq)]
pub struct Notice {
    pub text: Label,
    pub role: Role,
}

/// A panel without its inside.
#[derive(Clone, Debug)]
pub struct Panel<'a> {
    pub title: &'a Label,
    pub legend: &'a [Entry],
    pub notice: Option<&'a Notice>,
    pub focused: bool,
}

/// Corners from the upper left clockwise, then the horizontal and the vertical side.
struct Sides([Glyph; 6]);

const ROUND: Sides =
    Sides([Glyph::new('╭'), Glyph::new('╮'), Glyph::new('╯'), Glyph::new('╰'), Glyph::new('─'), Glyph::new('│')]);
/// Console fonts have no round corners.
const SQUARE: Sides =
    Sides([Glyph::new('┌'), Glyph::new('┐'), Glyph::new('┘'), Glyph::new('└'), Glyph::new('─'), Glyph::new('│')]);
const ASCII: Sides =
    Sides([Glyph::new('+'), Glyph::new('+'), Glyph::new('+'), Glyph::new('+'), Glyph::new('-'), Glyph::new('|')]);

/// Smallest panel that gets a box; a smaller one gives those rows to its chart.
const BOX_MIN: (u16, u16) = (16, 6);
/// Smallest panel without a box that gets a title row.
const TITLE_ROWS_MIN: u16 = 3;
/// Columns from which the inside keeps a blank column to either side.
const PADDING_COLUMNS_MIN: u16 = 28;

/// Whether a panel of this size gets a box.
pub fn has_box(width: u16, height: u16) -> bool {
    width >= BOX_MIN.0 && height >= BOX_MIN.1
}

/// The inside of a panel of this size; what `paint` leaves to the chart.
pub fn inside(width: u16, height: u16, has_notice: bool) -> Rect {
    if has_box(width, height) {
        let padding = u16::from(width >= PADDING_COLUMNS_MIN);
        return Rect::new(1 + padding, 1, width - 2 - 2 * padding, height - 2);
    }
    let head = u16::from(height >= TITLE_ROWS_MIN || has_notice).min(height);
    Rect::new(0, head, width, height - head)
}

/// Paints box, title, legend and notice.
pub fn paint(panel: &Panel<'_>, canvas: &mut Canvas<'_>, look: Look) {
    let (width, height) = canvas.size();
    if has_box(width, height) {
        boxed(panel, canvas, look);
    } else if height > 0 && (height >= TITLE_ROWS_MIN || panel.notice.is_some()) {
        bare(panel, canvas, look);
    }
}

/// Draws the sides of a box round the whole canvas.
pub fn sides(canvas: &mut Canvas<'_>, role: Role, look: Look) {
    let (width, height) = canvas.size();
    if width < 2 || height < 2 {
        return;
    }
    let Sides([upper_left, upper_right, lower_right, lower_left, across, down]) = match look.glyphs {
        GlyphSet::Braille => ROUND,
        GlyphSet::Block => SQUARE,
        GlyphSet::Ascii => ASCII,
    };
    let style = look.theme.style(role);
    let (right, bottom) = (width - 1, height - 1);
    canvas.fill(Rect::new(1, 0, width - 2, 1), across, style);
    canvas.fill(Rect::new(1, bottom, width - 2, 1), across, style);
    canvas.fill(Rect::new(0, 1, 1, height - 2), down, style);
    canvas.fill(Rect::new(right, 1, 1, height - 2), down, style);
    canvas.glyph(0, 0, upper_left, style);
    canvas.glyph(right, 0, upper_right, style);
    canvas.glyph(right, bottom, lower_right, style);
    canvas.glyph(0, bottom, lower_left, style);
}

/// A label on a side of a box, with a blank before and after it. Returns the columns used.
pub fn on_side(canvas: &mut Canvas<'_>, at: (u16, u16), room: u16, label: &Label, role: Role, look: Look) -> u16 {
    if room < 3 || label.is_empty() {
        return 0;
    }
    let style = look.theme.style(role);
    let used = clipped(canvas, (at.0 + 1, at.1), room - 2, label, style, look);
    canvas.fill(Rect::new(at.0, at.1, 1, 1), Glyph::BLANK, style);
    canvas.fill(Rect::new(at.0 + 1 + used, at.1, 1, 1), Glyph::BLANK, style);
    used + 2
}

fn boxed(panel: &Panel<'_>, canvas: &mut Canvas<'_>, look: Look) {
    let (width, height) = canvas.size();
    let (border, title) = match panel.focused {
        true => (Role::BorderFocused, Role::TitleFocused),
        false => (Role::Border, Role::Title),
    };
    sides(canvas, border, look);
    let room = width - 4;
    // Colours do not show the focus everywhere; a sign does.
    let sign = panel.focused && !look.theme.coloured;
    if sign {
        canvas.glyph(1, 0, focus_sign(look), look.theme.style(title));
    }
    let used = on_side(canvas, (2, 0), room, panel.title, title, look);
    // Blanks round the legend, and at least two columns of border between it and the title.
    let offered = room.saturating_sub(used + 4);
    let columns = legend::columns(panel.legend, offered);
    if columns > 0 {
        let x = width - 3 - columns;
        canvas.fill(Rect::new(x - 1, 0, columns + 2, 1), Glyph::BLANK, look.theme.style(Role::Text));
        legend::paint(panel.legend, canvas, Rect::new(x, 0, columns, 1), look);
    }
    if let Some(notice) = panel.notice {
        on_side(canvas, (2, height - 1), room, &notice.text, notice.role, look);
    }
}

/// One row: the title and the notice, or else the title and the legend; the notice alone when there is no room.
fn bare(panel: &Panel<'_>, canvas: &mut Canvas<'_>, look: Look) {
    let (width, height) = canvas.size();
    let title = look.theme.style(if panel.focused { Role::TitleFocused } else { Role::Title });
    let Some(notice) = panel.notice else {
        let used = clipped(canvas, (0, 0), width, panel.title, title, look);
        let rest = width.saturating_sub(used + 2);
        let columns = legend::columns(panel.legend, rest);
        legend::paint(panel.legend, canvas, Rect::new(width - columns, 0, columns, 1), look);
        return;
    };
    let style = look.theme.style(notice.role);
    let needed = panel.title.columns().saturating_add(2).saturating_add(notice.text.columns());
    let mut x = 0;
    if needed <= width && height >= TITLE_ROWS_MIN {
        x = canvas.label(0, 0, panel.title, title) + 2;
    }
    clipped(canvas, (x, 0), width - x, &notice.text, style, look);
}

fn focus_sign(look: Look) -> Glyph {
    match look.glyphs {
        GlyphSet::Braille => Glyph::new('▸'),
        GlyphSet::Block => Glyph::new('►'),
        GlyphSet::Ascii => Glyph::new('>'),
    }
}
