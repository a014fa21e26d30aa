//! Paragraphs with inks, bullets and boxes.
//!
//! Invariant: as of all texts, nothing is lost without a sign; a box is drawn whole or not at all.

use std::ops::Range;

use super::markup::{Ink, Span, Tone, parse};
use super::{Align, flow};
use crate::base::{Rect, limits};
use crate::frame::{Canvas, Glyph};
use crate::label::Label;
use crate::model::GlyphSet;
use crate::widget::{Look, Role, panel};

/// What becomes of a paragraph that is wider than its room.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Fit {
    /// It goes on in the next row.
    #[default]
    Wrap,
    /// It ends in a sign.
    Ellipsis,
}

/// One paragraph.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Paragraph {
    pub spans: Vec<Span>,
    pub align: Align,
    pub fit: Fit,
    /// Blank columns before it, and before its mark if it has one.
    pub indent: u16,
    /// Further blank columns before all rows but the first.
    pub hanging: u16,
    /// Whether it is an item of a list.
    pub bullet: bool,
}

/// Paragraphs, maybe in a box.
#[derive(Clone, Debug, PartialEq)]
pub enum Block {
    Paragraph(Paragraph),
    Boxed { title: Label, tone: Tone, paragraphs: Vec<Paragraph> },
}

/// A text in reading order.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RichPlan {
    pub blocks: Vec<Block>,
}

/// One row of a paragraph: stretches of its spans.
type Row = Vec<(Label, Ink)>;

/// A mark and the blank after it.
const BULLET_COLUMNS: u16 = 2;
/// Columns that any indent leaves for text.
const TEXT_COLUMNS_MIN: u16 = 6;
/// The smallest box: its sides, a blank column to each and room for text; its sides and one row.
const BOX_MIN: (u16, u16) = (4 + TEXT_COLUMNS_MIN, 3);

// === impl Paragraph ===

impl Paragraph {
    /// One line of text with its markup. One that begins with `- ` or `* ` is an item, two blanks before that are one
    /// level.
    pub fn new(line: &str) -> Paragraph {
        let line = line.trim_end();
        let inner = line.trim_start_matches(' ');
        let indent = u16::try_from(line.len() - inner.len()).unwrap_or(u16::MAX);
        match inner.strip_prefix("- ").or_else(|| inner.strip_prefix("* ")) {
            Some(item) => Paragraph {
                spans: parse(item.trim_start()),
                indent: indent / 2 * 2,
                bullet: true,
                ..Paragraph::default()
            },
            None => Paragraph { spans: parse(inner), indent, ..Paragraph::default() },
        }
    }

    /// Rows of at most `width` columns, without what stands before them. At least one, if there is any room.
    fn rows(&self, width: u16, look: Look) -> Vec<Row> {
        let (indent, hanging) = self.lead(width);
        let first = width - indent;
        if first == 0 {
            return Vec::new();
        }
        let mut units = Vec::new();
        // Which span a cluster is of, and where it ends there.
        let mut ends = Vec::new();
        for (index, span) in self.spans.iter().enumerate() {
            let mut end = 0;
            for cluster in span.text.clusters() {
                units.push(flow::Unit { columns: cluster.columns, blank: cluster.text == " " });
                end += cluster.text.len();
                ends.push((index, end));
            }
        }
        let lines = match self.fit {
            Fit::Wrap => flow::breaks(&units, first, first - hanging),
            Fit::Ellipsis => {
                let columns = units.iter().fold(0, |sum: u16, unit| sum.saturating_add(unit.columns));
                if columns > first {
                    return vec![self.cut(&units, &ends, first, look)];
                }
                std::iter::once(0..units.len()).collect()
            }
        };
        let rows: Vec<Row> = lines.into_iter().map(|line| self.row(line, &ends)).collect();
        if rows.is_empty() { vec![Row::new()] } else { rows }
    }

    /// Columns before the first row and how many more before the others.
    fn lead(&self, width: u16) -> (u16, u16) {
        let mark = if self.bullet { BULLET_COLUMNS } else { 0 };
        let room = width.saturating_sub(TEXT_COLUMNS_MIN);
        let indent = self.indent.saturating_add(mark).min(room);
        (indent, self.hanging.min(room - indent))
    }

    /// The stretches of the spans that some clusters are.
    fn row(&self, clusters: Range<usize>, ends: &[(usize, usize)]) -> Row {
        let mut row = Row::new();
        let mut at = clusters.start;
        while at < clusters.end {
            let (span, _) = ends[at];
            let before = at.checked_sub(1).map(|before| ends[before]).filter(|(index, _)| *index == span);
            let count = ends[at..clusters.end].iter().take_while(|(index, _)| *index == span).count();
            let (from, to) = (before.map_or(0, |(_, end)| end), ends[at + count - 1].1);
            let Span { text, ink } = &self.spans[span];
            row.push((Label::plain(&text.as_str()[from..to]), *ink));
            at += count;
        }
        row
    }

    /// The one row of a paragraph that does not fit.
    fn cut(&self, units: &[flow::Unit], ends: &[(usize, usize)], width: u16, look: Look) -> Row {
        let mut columns = 1;
        let kept = units.iter().take_while(|unit| {
            columns += unit.columns;
            columns <= width
        });
        let kept = kept.count();
        let mut row = self.row(0..kept, ends);
        let sign = if look.glyphs == GlyphSet::Ascii { "~" } else { "…" };
        row.push((Label::plain(sign), row.last().map_or(Ink::default(), |(_, ink)| *ink)));
        row
    }

    /// Paints what fits below row `y`; returns the rows it takes in full.
    fn paint(&self, area: Rect, y: usize, canvas: &mut Canvas<'_>, look: Look) -> usize {
        let (indent, hanging) = self.lead(area.width);
        let rows = self.rows(area.width, look);
        for (index, row) in rows.iter().enumerate() {
            if y + index >= usize::from(area.height) {
                break;
            }
            let y = area.y + (y + index) as u16;
            let before = if index == 0 { indent } else { indent + hanging };
            if self.bullet && index == 0 && indent >= BULLET_COLUMNS {
                let mark = Label::plain(if look.glyphs == GlyphSet::Ascii { "-" } else { "•" });
                canvas.label(area.x + indent - BULLET_COLUMNS, y, &mark, look.theme.style(Role::Muted));
            }
            let columns = row.iter().fold(0, |sum: u16, (text, _)| sum.saturating_add(text.columns()));
            let free = (area.width - before).saturating_sub(columns);
            let shift = match self.align {
                Align::Left => 0,
                Align::Centre => free / 2,
                Align::Right => free,
            };
            let mut line = canvas.sub(Rect::new(area.x, y, area.width, 1));
            let mut x = before + shift;
            for (text, ink) in row {
                x += line.label(x, 0, text, ink.style(look));
            }
        }
        rows.len()
    }
}

// === impl RichPlan ===

impl RichPlan {
    /// A text with its markup: each of its lines is a paragraph, an empty one parts two.
    pub fn new(text: &str, align: Align, fit: Fit) -> RichPlan {
        // One more than the tallest screen has rows: more is only known to be there.
        let lines = text.trim_end_matches(['\n', '\r']).split('\n').take(usize::from(limits::ROWS_MAX) + 1);
        let paragraph = |line| Block::Paragraph(Paragraph { align, fit, ..Paragraph::new(line) });
        RichPlan { blocks: lines.map(paragraph).collect() }
    }

    /// All its paragraphs in one box.
    pub fn boxed(self, title: Label, tone: Tone) -> RichPlan {
        let paragraphs = self.blocks.into_iter().flat_map(|block| match block {
            Block::Paragraph(paragraph) => vec![paragraph],
            Block::Boxed { paragraphs, .. } => paragraphs,
        });
        RichPlan { blocks: vec![Block::Boxed { title, tone, paragraphs: paragraphs.collect() }] }
    }

    /// The same text and another below it.
    pub fn then(mut self, other: RichPlan) -> RichPlan {
        self.blocks.extend(other.blocks);
        self
    }
}

/// Paints a text into the whole canvas, from its first row.
pub fn paint(plan: &RichPlan, canvas: &mut Canvas<'_>, look: Look) {
    let (width, height) = canvas.size();
    if width == 0 || height == 0 {
        return;
    }
    let mut used = 0;
    let mut blocks = plan.blocks.iter();
    while used < usize::from(height)
        && let Some(block) = blocks.next()
    {
        used += match block {
            Block::Paragraph(paragraph) => paragraph.paint(canvas.area(), used, canvas, look),
            Block::Boxed { title, tone, paragraphs } => {
                let below = Rect::new(0, used as u16, width, height - used as u16);
                boxed(title, *tone, paragraphs, below, canvas, look)
            }
        };
    }
    if used > usize::from(height) || blocks.next().is_some() {
        let more = match look.glyphs {
            GlyphSet::Ascii => Glyph::new('v'),
            GlyphSet::Braille | GlyphSet::Block => Glyph::new('↓'),
        };
        canvas.glyph(width - 1, height - 1, more, look.theme.style(Role::Muted));
    }
}

/// Paints a box at the top of an area and returns the rows it takes in full.
fn boxed(
    title: &Label,
    tone: Tone,
    paragraphs: &[Paragraph],
    area: Rect,
    canvas: &mut Canvas<'_>,
    look: Look,
) -> usize {
    let has_sides = area.width >= BOX_MIN.0 && area.height >= BOX_MIN.1;
    let inside = match has_sides {
        true => Rect::new(area.x + 2, area.y + 1, area.width - 4, area.height - 2),
        false => area,
    };
    let mut used = 0;
    for paragraph in paragraphs {
        used += paragraph.paint(inside, used, canvas, look);
        if used > usize::from(inside.height) {
            break;
        }
    }
    if !has_sides {
        return used;
    }
    let shown = used.clamp(1, usize::from(inside.height)) as u16;
    let (border, head) = match tone {
        Tone::Plain | Tone::Muted | Tone::Ok => (Role::Border, Role::Title),
        Tone::Accent => (Role::BorderFocused, Role::TitleFocused),
        Tone::Warn => (Role::Warning, Role::Warning),
        Tone::Critical => (Role::Failure, Role::Failure),
    };
    let mut sides = canvas.sub(Rect::new(area.x, area.y, area.width, shown + 2));
    panel::sides(&mut sides, border, look);
    panel::on_side(&mut sides, (2, 0), area.width - 4, title, head, look);
    used.max(1) + 2
}

#[cfg(test)]
mod tests;
