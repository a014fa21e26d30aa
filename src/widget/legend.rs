//! The legend of a chart: which colour is which series, and its last value.
//!
//! Invariant: an entry is shown whole or not at all, a value never without its mark; when room is short names go first,
//! then entries from the end.

use super::raster::ASCII_MARKS;
use super::{Look, Role, right_aligned};
use crate::base::Rect;
use crate::frame::{Canvas, Glyph};
use crate::label::Label;
use crate::model::GlyphSet;

/// One series in a legend.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// Which of the chart's series this is; decides its colour.
    pub series: usize,
    pub name: Label,
    pub value: Label,
    /// Columns kept for the value, so that the legend does not move with every digit.
    pub value_columns: u16,
}

/// How much of each entry is shown.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Cut {
    entries: usize,
    names: bool,
}

/// Columns between two entries.
const GAP: u16 = 2;

/// Columns a legend takes of those offered; 0 when not even one value fits.
pub fn columns(entries: &[Entry], offered: u16) -> u16 {
    fit(entries, offered).map_or(0, |cut| width(entries, cut))
}

/// Paints what fits, to the right end of the area.
pub fn paint(entries: &[Entry], canvas: &mut Canvas<'_>, area: Rect, look: Look) {
    let Some(cut) = fit(entries, area.width) else { return };
    let mut x = area.right() - width(entries, cut);
    for entry in &entries[..cut.entries] {
        let mark = match look.glyphs {
            GlyphSet::Ascii => ASCII_MARKS[entry.series % ASCII_MARKS.len()],
            GlyphSet::Braille => Glyph::new('●'),
            GlyphSet::Block => Glyph::new('■'),
        };
        canvas.glyph(x, area.y, mark, look.theme.series(entry.series));
        x += 2;
        if cut.names && !entry.name.is_empty() {
            x += canvas.label(x, area.y, &entry.name, look.theme.style(Role::Muted)) + 1;
        }
        let value_columns = value_columns(entry);
        right_aligned(canvas, x + value_columns, area.y, &entry.value, look.theme.style(Role::Text));
        x += value_columns + GAP;
    }
}

fn fit(entries: &[Entry], offered: u16) -> Option<Cut> {
    let whole = [Cut { entries: entries.len(), names: true }];
    let bare = (1..=entries.len()).rev().map(|count| Cut { entries: count, names: false });
    whole.into_iter().chain(bare).find(|cut| cut.entries > 0 && width(entries, *cut) <= offered)
}

fn width(entries: &[Entry], cut: Cut) -> u16 {
    let entry_width = |entry: &Entry| {
        let name = if cut.names && !entry.name.is_empty() { entry.name.columns().saturating_add(1) } else { 0 };
        name.saturating_add(value_columns(entry)).saturating_add(2)
    };
    let gaps = GAP.saturating_mul(u16::try_from(cut.entries.saturating_sub(1)).unwrap_or(u16::MAX));
    entries[..cut.entries].iter().map(entry_width).fold(gaps, u16::saturating_add)
}

fn value_columns(entry: &Entry) -> u16 {
    entry.value_columns.max(entry.value.columns())
}
