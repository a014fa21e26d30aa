//! The legend of a chart: which colour is which series, and its last value.
//!
//! Invariant: an entry is shown whole or not at all, a mark never without its name; when room is short entries go from
//! the end, and how many they are is told.

use super::{Look, Role, right_aligned};
use crate::base::Rect;
use crate::frame::Canvas;
use crate::label::Label;

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

/// Columns between two entries.
const GAP: u16 = 2;

/// Columns a legend takes of those offered; 0 when not even one entry fits.
pub fn columns(entries: &[Entry], offered: u16) -> u16 {
    width(entries, fit(entries, offered))
}

/// Paints what fits, to the right end of the area.
pub fn paint(entries: &[Entry], canvas: &mut Canvas<'_>, area: Rect, look: Look) {
    let shown = fit(entries, area.width);
    let mut x = area.right() - width(entries, shown);
    for entry in &entries[..shown] {
        canvas.glyph(x, area.y, look.mark(entry.series), look.theme.series(entry.series));
        x += 2;
        if !entry.name.is_empty() {
            x += canvas.label(x, area.y, &entry.name, look.theme.style(Role::Muted)) + 1;
        }
        let value_columns = value_columns(entry);
        right_aligned(canvas, x + value_columns, area.y, &entry.value, look.theme.style(Role::Text));
        x += value_columns + GAP;
    }
    if (1..entries.len()).contains(&shown) {
        canvas.label(x, area.y, &left_out(entries, shown), look.theme.style(Role::Muted));
    }
}

/// How many entries fit, from the first.
fn fit(entries: &[Entry], offered: u16) -> usize {
    (0..=entries.len()).rev().find(|shown| width(entries, *shown) <= offered).unwrap_or(0)
}

/// How many entries are left out, in words.
fn left_out(entries: &[Entry], shown: usize) -> Label {
    Label::plain(&format!("+{}", entries.len() - shown))
}

fn width(entries: &[Entry], shown: usize) -> u16 {
    if shown == 0 {
        return 0;
    }
    let entry_width = |entry: &Entry| {
        let name = if entry.name.is_empty() { 0 } else { entry.name.columns().saturating_add(1) };
        name.saturating_add(value_columns(entry)).saturating_add(2)
    };
    let gaps = GAP.saturating_mul(u16::try_from(shown - 1).unwrap_or(u16::MAX));
    let rest = if shown < entries.len() { GAP.saturating_add(left_out(entries, shown).columns()) } else { 0 };
    entries[..shown].iter().map(entry_width).fold(gaps.saturating_add(rest), u16::saturating_add)
}

fn value_columns(entry: &Entry) -> u16 {
    entry.value_columns.max(entry.value.columns())
}
