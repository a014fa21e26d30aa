//! Puts the plan of a log on cells.

use super::{LogPlan, Record, Severity};
use crate::base::Rect;
use crate::frame::{Canvas, Glyph, Style};
use crate::label::Label;
use crate::model::GlyphSet;
use crate::widget::text::flow;
use crate::widget::{Level, Look, Role, clipped, right_aligned};

/// Where the columns of a log stand; those without room are 0 wide.
#[derive(Clone, Copy, Debug)]
struct Columns {
    day: u16,
    time: u16,
    /// As wide as the words of the levels, or one letter.
    level: u16,
    source: u16,
    /// Where the text begins.
    text: u16,
    width: u16,
}

/// One row of a record.
struct Line {
    text: Label,
    /// What stands before it.
    lead: Lead,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Lead {
    /// The first row of a record.
    Head,
    /// A further line of the entry.
    Next,
    /// The rest of the line before.
    Rest,
}

/// Columns from which each part pays; below, the text needs them more.
const WIDTH_FOR_DAYS: u16 = 64;
const WIDTH_FOR_TIMES: u16 = 32;
const WIDTH_FOR_WORDS: u16 = 48;
const WIDTH_FOR_SOURCES: u16 = 56;
/// The widest source: a program's name.
const SOURCE_COLUMNS_MAX: u16 = 16;
/// Further rows of an entry are indented by this much, the mark included.
const HANGING: u16 = 2;
/// Columns of text from which rows are indented.
const WIDTH_FOR_HANGING: u16 = 8;

/// Columns of text that a count leaves.
const TEXT_BESIDE_COUNT: u16 = 8;

/// Paints a log into the whole canvas; the newest entry stands last.
pub fn paint(plan: &LogPlan, canvas: &mut Canvas<'_>, look: Look) {
    let (width, height) = canvas.size();
    if width == 0 || height == 0 || plan.is_empty() {
        return;
    }
    let notice = u16::from(plan.newer > 0);
    let rows = height - notice;
    let columns = Columns::new(plan, width);
    // From the newest back until the canvas is full.
    let mut blocks = Vec::new();
    let mut used = 0;
    for record in plan.records.iter().rev() {
        if used >= usize::from(rows) {
            break;
        }
        let lines = columns.lines(record, plan.wrap);
        used += lines.len();
        blocks.push((record, lines));
    }
    // What does not fit of the oldest one.
    let mut above = used.saturating_sub(usize::from(rows));
    let mut y = 0;
    for (record, lines) in blocks.iter().rev() {
        let lines = &lines[above.min(lines.len())..];
        y = block(record, lines, above > 0, &columns, y, canvas, look);
        above = 0;
    }
    if notice > 0 {
        newer(plan.newer, canvas, height - 1, look);
    }
}

/// Paints one record from row `y` on and returns the row after it. Also one whose head is cut says when it was.
fn block(
    record: &Record,
    lines: &[Line],
    is_cut: bool,
    columns: &Columns,
    y: u16,
    canvas: &mut Canvas<'_>,
    look: Look,
) -> u16 {
    let style = text_style(record.severity, look);
    let rows = (y..).zip(lines);
    for (row, line) in rows {
        let is_first = row == y;
        let mut right = columns.width;
        if is_first {
            right = head(record, columns, (row, right), canvas, look);
        }
        let mut x = columns.text;
        if line.lead != Lead::Head {
            if is_first && is_cut {
                canvas.glyph(x, row, cut_sign(look), look.theme.style(Role::Muted));
            } else if line.lead == Lead::Next && columns.hanging() > 0 {
                canvas.glyph(x, row, next_sign(look), look.theme.style(Role::Border));
            }
            x += columns.hanging();
        }
        clipped(canvas, (x, row), right.saturating_sub(x), &line.text, style, look);
    }
    y.saturating_add(u16::try_from(lines.len()).unwrap_or(u16::MAX))
}

/// Time, level, source and count of a record; returns the column where its text has to end.
fn head(record: &Record, columns: &Columns, at: (u16, u16), canvas: &mut Canvas<'_>, look: Look) -> u16 {
    let (y, mut right) = at;
    let muted = look.theme.style(Role::Muted);
    let mut x = 0;
    if columns.day > 0 {
        canvas.label(x, y, &record.day, muted);
        x += columns.day;
    }
    if columns.time > 0 {
        canvas.label(x, y, &record.time, muted);
        x += columns.time;
    }
    let word = record.severity.word();
    let word = if columns.level > 2 { word } else { &word[..1] };
    canvas.label(x, y, &Label::plain(word), level_style(record.severity, look));
    x += columns.level;
    if columns.source > 0 {
        clipped(canvas, (x, y), columns.source - 2, &record.source, look.theme.style(Role::Title), look);
    }
    if let Some(count) = columns.count(record) {
        right -= right_aligned(canvas, right, y, &count, look.theme.style(Role::Strong)) + 1;
    }
    right
}

/// What says that there is more below, in words as far as they fit.
fn newer(entries: usize, canvas: &mut Canvas<'_>, y: u16, look: Look) {
    let (width, _) = canvas.size();
    let style = look.theme.style(Role::TitleFocused);
    let sign = match look.glyphs {
        GlyphSet::Ascii => Glyph::new('v'),
        GlyphSet::Braille | GlyphSet::Block => Glyph::new('↓'),
    };
    canvas.fill(Rect::new(0, y, width, 1), Glyph::BLANK, style);
    canvas.glyph(0, y, sign, style);
    let words = Label::plain(&format!("{entries} newer below"));
    clipped(canvas, (2, y), width.saturating_sub(2), &words, style, look);
}

fn cut_sign(look: Look) -> Glyph {
    match look.glyphs {
        GlyphSet::Ascii => Glyph::new('^'),
        GlyphSet::Braille | GlyphSet::Block => Glyph::new('↑'),
    }
}

fn next_sign(look: Look) -> Glyph {
    match look.glyphs {
        GlyphSet::Ascii => Glyph::new('|'),
        GlyphSet::Braille | GlyphSet::Block => Glyph::new('│'),
    }
}

fn level_style(severity: Severity, look: Look) -> Style {
    match severity {
        Severity::Error => look.theme.level(Level::Critical),
        Severity::Warn => look.theme.style(Role::Warning),
        Severity::Info => look.theme.level(Level::Good),
        Severity::Debug | Severity::Trace => look.theme.style(Role::Muted),
    }
}

/// Failures come forward, what is for developers steps back.
fn text_style(severity: Severity, look: Look) -> Style {
    look.theme.style(match severity {
        Severity::Error => Role::Strong,
        Severity::Warn | Severity::Info => Role::Text,
        Severity::Debug | Severity::Trace => Role::Muted,
    })
}

// === impl Columns ===

impl Columns {
    fn new(plan: &LogPlan, width: u16) -> Columns {
        let room = |needed: u16, columns: u16| if width >= needed { columns } else { 0 };
        let widest = |column: fn(&Record) -> u16| plan.records.iter().map(column).max().unwrap_or(0);
        let day = if plan.dated { room(WIDTH_FOR_DAYS, widest(|record| record.day.columns()) + 1) } else { 0 };
        let time = room(WIDTH_FOR_TIMES, 9);
        let level = if width >= WIDTH_FOR_WORDS { 6 } else { 2 };
        let source = match widest(|record| record.source.columns()) {
            0 => 0,
            columns => room(WIDTH_FOR_SOURCES, columns.min(SOURCE_COLUMNS_MAX).min(width / 5) + 2),
        };
        Columns { day, time, level, source, text: day + time + level + source, width }
    }

    /// How far further rows of an entry are indented.
    fn hanging(&self) -> u16 {
        if self.width.saturating_sub(self.text) >= WIDTH_FOR_HANGING { HANGING } else { 0 }
    }

    /// What is said at the right end about repeats, where that leaves room for text.
    fn count(&self, record: &Record) -> Option<Label> {
        let count = Label::plain(&format!("x {}", record.times));
        let fits = self.text + TEXT_BESIDE_COUNT + 1 + count.columns() <= self.width;
        (record.times > 1 && fits).then_some(count)
    }

    /// The rows of a record; at least one.
    fn lines(&self, record: &Record, wrap: bool) -> Vec<Line> {
        // The count may stand beside any of them: which is the first row seen is not known here.
        let head = self.width.saturating_sub(self.text) - self.count(record).map_or(0, |count| count.columns() + 1);
        let rest = head.saturating_sub(self.hanging());
        if record.lines.is_empty() {
            return vec![Line { text: Label::default(), lead: Lead::Head }];
        }
        let mut lines = Vec::new();
        for (index, text) in record.lines.iter().enumerate() {
            let lead = if index == 0 { Lead::Head } else { Lead::Next };
            if !wrap || rest == 0 {
                lines.push(Line { text: text.clone(), lead });
                continue;
            }
            let pieces = flow::pieces(text, if index == 0 { head } else { rest }, rest);
            for (piece, text) in pieces.into_iter().enumerate() {
                lines.push(Line { text, lead: if piece == 0 { lead } else { Lead::Rest } });
            }
        }
        lines
    }
}
