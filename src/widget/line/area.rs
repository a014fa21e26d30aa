//! What lies under lines and above thresholds, and marks of moments.
//!
//! Invariant: only backgrounds of cells on the ground are tinted, and only where the theme has colours for it; no
//! annotation's label lies on another's or on a threshold's.

use super::paint::row;
use super::{LinePlan, Mark};
use crate::base::Rect;
use crate::frame::{Canvas, Glyph};
use crate::model::GlyphSet;
use crate::widget::{Look, Role, clipped};

/// Rows for the labels of annotations: more would hide the data.
const LABEL_ROWS_MAX: usize = 3;
/// Rows from which labels of annotations pay: in a lower plot they would stand on the data.
const ROWS_FOR_LABELS: u16 = 4;
/// Columns of one of them: of what a log says the beginning, and no more than one part of so many of the plot.
const LABEL_COLUMNS_MAX: u16 = 24;
const LABEL_PARTS: u16 = 3;

/// Tints what is under each line, down to the next one. `tops` holds by line, by column, the first row under it.
pub(super) fn areas(tops: &[(usize, Vec<u16>)], canvas: &mut Canvas<'_>, plot: Rect, look: Look) {
    let ground = look.theme.style(Role::Text).bg;
    let mut edges: Vec<(u16, usize)> = Vec::with_capacity(tops.len());
    for x in 0..plot.width {
        edges.clear();
        edges.extend(tops.iter().map(|(series, from)| (from[usize::from(x)].min(plot.height), *series)));
        // From the bottom up, so that each cell belongs to the nearest line above it; of equal ones to the first.
        edges.sort_unstable_by_key(|(from, series)| (std::cmp::Reverse(*from), *series));
        let mut end = plot.height;
        for (from, series) in &edges {
            if let Some(tint) = look.theme.tint(*series) {
                canvas.tint(Rect::new(plot.x + x, plot.y + from, 1, end - from), ground, tint);
            }
            end = *from;
        }
    }
}

/// Tints what is above each threshold, up to the next one.
pub(super) fn bands(plan: &LinePlan, canvas: &mut Canvas<'_>, plot: Rect, look: Look) {
    let ground = look.theme.style(Role::Text).bg;
    let mut thresholds: Vec<_> = plan.thresholds.iter().collect();
    thresholds.sort_by(|left, right| right.at.total_cmp(&left.at));
    for threshold in thresholds {
        if let Some(tint) = look.theme.tint_of(look.theme.style(threshold.role)) {
            let rows = row(threshold.at, plot) - plot.y;
            canvas.tint(Rect::new(plot.x, plot.y, plot.width, rows), ground, tint);
        }
    }
}

/// The lines of annotations; of several in a column the worst is seen.
pub(super) fn marks(plan: &LinePlan, canvas: &mut Canvas<'_>, plot: Rect, look: Look) {
    let glyph = match look.glyphs {
        GlyphSet::Braille => Glyph::new('┊'),
        GlyphSet::Block => Glyph::new('│'),
        GlyphSet::Ascii => Glyph::new(':'),
    };
    let mut marks: Vec<&Mark> = plan.annotations.iter().collect();
    marks.sort_by_key(|mark| weight(mark.role));
    for mark in marks {
        canvas.fill(Rect::new(column(mark, plot), plot.y, 1, plot.height), glyph, look.theme.style(mark.role));
    }
}

fn weight(role: Role) -> u8 {
    match role {
        Role::Failure => 3,
        Role::Warning => 2,
        Role::Muted => 0,
        _ => 1,
    }
}

/// Their labels, beside the line in one of the first rows; one without room is left out, and all are in a low plot.
pub(super) fn labels(plan: &LinePlan, canvas: &mut Canvas<'_>, plot: Rect, look: Look) {
    if plot.height < ROWS_FOR_LABELS {
        return;
    }
    let taken = |y: u16| plan.thresholds.iter().any(|threshold| row(threshold.at, plot) == y);
    let rows: Vec<u16> = (plot.y..plot.bottom()).filter(|y| !taken(*y)).take(LABEL_ROWS_MAX).collect();
    let mut free_from = [plot.x; LABEL_ROWS_MAX];
    let columns_max = (plot.width / LABEL_PARTS).min(LABEL_COLUMNS_MAX);
    for mark in &plan.annotations {
        let columns = mark.label.columns().min(columns_max);
        let right_of = column(mark, plot) + 1;
        // Towards the right edge a label stands before its line.
        let start =
            if right_of + columns <= plot.right() { Some(right_of) } else { (right_of - 1).checked_sub(columns) };
        let Some(start) = start.filter(|_| columns > 0) else { continue };
        if let Some((row, free_from)) = rows.iter().zip(&mut free_from).find(|(_, free_from)| **free_from <= start) {
            clipped(canvas, (start, *row), columns, &mark.label, look.theme.style(mark.role), look);
            *free_from = start + columns + 1;
        }
    }
}

fn column(mark: &Mark, plot: Rect) -> u16 {
    plot.x + ((mark.at * f32::from(plot.width)) as u16).min(plot.width - 1)
}
