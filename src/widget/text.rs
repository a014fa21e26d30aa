//! Text: rows of key and value, and lines that wrap.
//!
//! Invariant: nothing is lost without a sign: a line that is cut ends in one, and so does a text with rows left over.

use super::{Look, Role, clipped};
use crate::frame::{Canvas, Glyph};
use crate::label::Label;
use crate::model::GlyphSet;

pub(super) mod flow;
pub mod markup;
pub mod rich;
#[cfg(test)]
mod tests;

/// Where a line stands between the edges.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Align {
    #[default]
    Left,
    Centre,
    Right,
}

/// One row of a text.
#[derive(Clone, Debug, PartialEq)]
pub enum Row {
    Line { text: Label, align: Align, role: Role },
    Pair { key: Label, value: Label, role: Role },
}

/// A text in reading order.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TextPlan {
    pub rows: Vec<Row>,
}

/// Columns between keys and values.
const GAP: u16 = 2;

// === impl TextPlan ===

impl TextPlan {
    /// Words in the middle of nothing else.
    pub fn words(text: &str, role: Role, width: u16) -> TextPlan {
        let rows = wrap(&Label::plain(text), width)
            .into_iter()
            .map(|text| Row::Line { text, align: Align::Centre, role })
            .collect();
        TextPlan { rows }
    }
}

/// Paints a text into the whole canvas, from its first row.
pub fn paint(plan: &TextPlan, canvas: &mut Canvas<'_>, look: Look) {
    let (width, height) = canvas.size();
    let keys = plan.rows.iter().filter_map(|row| match row {
        Row::Pair { key, .. } => Some(key.columns()),
        Row::Line { .. } => None,
    });
    // Keys never take more than half: the values are what one came for.
    let key_columns = keys.max().unwrap_or(0).min(width / 2);
    let more = plan.rows.len() > usize::from(height);
    for (y, row) in (0..height).zip(&plan.rows) {
        // The sign that there is more has its own place, or it would take the end of a text.
        let width = if more && y + 1 == height { width.saturating_sub(1) } else { width };
        match row {
            Row::Line { text, align, role } => {
                let free = width.saturating_sub(text.columns());
                let x = match align {
                    Align::Left => 0,
                    Align::Centre => free / 2,
                    Align::Right => free,
                };
                clipped(canvas, (x, y), width - x, text, look.theme.style(*role), look);
            }
            Row::Pair { key, value, role } => {
                clipped(canvas, (0, y), key_columns.min(width), key, look.theme.style(Role::Muted), look);
                let x = (key_columns + GAP).min(width);
                clipped(canvas, (x, y), width - x, value, look.theme.style(*role), look);
            }
        }
    }
    if more && height > 0 && width > 0 {
        let more = match look.glyphs {
            GlyphSet::Ascii => Glyph::new('v'),
            _ => Glyph::new('↓'),
        };
        canvas.glyph(width - 1, height - 1, more, look.theme.style(Role::Muted));
    }
}

/// Paints words into the middle of the canvas.
pub fn paint_centred(text: &str, role: Role, canvas: &mut Canvas<'_>, look: Look) {
    let (width, height) = canvas.size();
    let plan = TextPlan::words(text, role, width);
    let rows = u16::try_from(plan.rows.len()).unwrap_or(u16::MAX).min(height);
    let mut area = canvas.area();
    area.y = (height - rows) / 2;
    area.height = rows;
    paint(&plan, &mut canvas.sub(area), look);
}

/// Breaks a text into lines of at most `width` columns, at blanks where there are any.
pub fn wrap(text: &Label, width: u16) -> Vec<Label> {
    if width == 0 || text.is_empty() {
        return Vec::new();
    }
    let mut lines = Vec::new();
    let (mut line, mut line_columns) = (String::new(), 0u16);
    for word in text.as_str().split(' ').filter(|word| !word.is_empty()) {
        let word = Label::plain(word);
        let gap = u16::from(line_columns > 0);
        if line_columns.saturating_add(gap).saturating_add(word.columns()) <= width {
            if gap > 0 {
                line.push(' ');
            }
            line.push_str(word.as_str());
            line_columns += gap + word.columns();
            continue;
        }
        if line_columns > 0 {
            lines.push(Label::plain(&std::mem::take(&mut line)));
        }
        line_columns = 0;
        // A word longer than a line is broken where the line ends.
        for cluster in word.clusters() {
            if line_columns > 0 && line_columns + cluster.columns > width {
                lines.push(Label::plain(&std::mem::take(&mut line)));
                line_columns = 0;
            }
            line.push_str(cluster.text);
            line_columns += cluster.columns;
        }
    }
    if !line.is_empty() {
        lines.push(Label::plain(&line));
    }
    lines
}
