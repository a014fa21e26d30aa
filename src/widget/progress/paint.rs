//! Puts jobs on cells, one in each row.

use super::{Bar, ProgressPlan, State};
use crate::base::Rect;
use crate::frame::{Canvas, Glyph, Style};
use crate::label::Label;
use crate::model::GlyphSet;
use crate::widget::gauge::parts;
use crate::widget::{Look, Role, clipped, right_aligned, whole};

/// Shortest bar that says more than its text.
const BAR_MIN: u16 = 8;
/// Longest bar: from there the eye loses the text at its end.
const BAR_MAX: u16 = 120;
/// Columns between two parts.
const GAP: u16 = 2;
/// Columns kept for the time that is left, so that bars do not jump when seconds become minutes.
const LEFT_MIN: u16 = 7;
/// Columns of a percentage.
const PERCENT_MIN: u16 = 4;
/// A name gives way to the rest from here, and a bar gets as much.
const NAME_SHARE: u16 = 3;

/// A bar's glyphs: the parts of a cell from the left, the last one whole; its right half; and what is not filled.
struct Shapes {
    parts: &'static [Glyph],
    right: Glyph,
    rest: Glyph,
}

const EIGHTHS: [Glyph; 8] = [
    Glyph::new('▏'),
    Glyph::new('▎'),
    Glyph::new('▍'),
    Glyph::new('▌'),
    Glyph::new('▋'),
    Glyph::new('▊'),
    Glyph::new('▉'),
    Glyph::new('█'),
];
const HALVES: [Glyph; 2] = [Glyph::new('▌'), Glyph::new('█')];
const HASH: [Glyph; 1] = [Glyph::new('#')];

/// Columns of the parts that all bars of a plan share, so that they line up; 0 for a part without room.
struct Columns {
    name: u16,
    bar: u16,
    percent: u16,
    amount: u16,
    rate: u16,
    left: u16,
}

/// Paints all jobs into the whole canvas. `frame` moves the stripe of those that nobody knows the end of: half a cell
/// each.
pub fn paint(plan: &ProgressPlan, canvas: &mut Canvas<'_>, look: Look, frame: u64) {
    let (width, height) = canvas.size();
    if width == 0 || height == 0 {
        return;
    }
    let count = plan.bars.len();
    let all_fit = count <= usize::from(height);
    // A blank row between jobs where there is room for one.
    let pitch = if (2 * count).saturating_sub(1) <= usize::from(height) { 2 } else { 1 };
    let rows = if all_fit { count } else { usize::from(height - 1).max(1) };
    let (shown, hidden) = plan.bars.split_at(rows);
    let more = (!all_fit).then(|| left_out(hidden, width));
    let beside = more.as_ref().filter(|_| height == 1).map_or(0, |more| more.columns() + 1);
    let columns = Columns::new(plan, width.saturating_sub(beside));
    for (y, bar) in (0..).step_by(pitch).zip(shown) {
        let row = Rect::new(0, y, width.saturating_sub(beside), 1);
        one(bar, &columns, &mut canvas.sub(row), look, frame);
    }
    if let Some(more) = more {
        let x = if height == 1 { width.saturating_sub(more.columns()) } else { 0 };
        clipped(canvas, (x, height - 1), width, &more, look.theme.style(Role::Muted), look);
    }
}

/// How many jobs have no row, and how many of those failed.
fn left_out(hidden: &[Bar], width: u16) -> Label {
    let failed = hidden.iter().filter(|bar| bar.state == State::Failed).count();
    let count = Label::plain(&format!("+{}", hidden.len()));
    let with_failed = Label::plain(&format!("+{}, {failed} failed", hidden.len()));
    if failed > 0 && with_failed.columns() <= width { with_failed } else { count }
}

// === impl Columns ===

impl Columns {
    /// Without room the rate goes first, then the amount, the time that is left, and the bar.
    fn new(plan: &ProgressPlan, width: u16) -> Columns {
        let widest = |text: fn(&Bar) -> &Label| plan.bars.iter().map(|bar| text(bar).columns()).max().unwrap_or(0);
        let at_least = |columns: u16, least: u16| if columns == 0 { 0 } else { columns.max(least) };
        let word = plan.bars.iter().map(|bar| bar.state.word().len() as u16).max().unwrap_or(0);
        let full = Columns {
            name: widest(|bar| &bar.name),
            bar: 0,
            percent: at_least(widest(|bar| &bar.percent), PERCENT_MIN),
            amount: widest(|bar| &bar.amount),
            rate: widest(|bar| &bar.rate),
            left: at_least(widest(|bar| &bar.left), LEFT_MIN),
        };
        let name = full.name.min((width / NAME_SHARE).max(BAR_MIN));
        // Without a column of their own the words stand where the percentages do.
        let short = full.percent.max(word);
        let tries = [
            Columns { name, ..full },
            Columns { name, rate: 0, ..full },
            Columns { name, rate: 0, amount: 0, ..full },
            Columns { name, rate: 0, amount: 0, left: 0, percent: short, bar: 0 },
        ];
        for columns in tries {
            // The bar takes what the others leave.
            let room = width.saturating_sub(columns.texts());
            let bar = room.saturating_sub(if columns.texts() > 0 { GAP } else { 0 });
            if bar >= BAR_MIN {
                return Columns { bar: bar.min(BAR_MAX), ..columns };
            }
        }
        let percent = short.min(width);
        let name = full.name.min((width - percent).saturating_sub(GAP));
        Columns { name, bar: 0, percent, amount: 0, rate: 0, left: 0 }
    }

    /// Columns of all but the bar.
    fn texts(&self) -> u16 {
        let parts = [self.name, self.percent, self.amount, self.rate, self.left];
        let shown = parts.into_iter().filter(|columns| *columns > 0);
        shown.map(|columns| columns.saturating_add(GAP)).fold(0, u16::saturating_add).saturating_sub(GAP)
    }
}

fn one(bar: &Bar, columns: &Columns, canvas: &mut Canvas<'_>, look: Look, frame: u64) {
    let (text, muted) = (look.theme.style(Role::Text), look.theme.style(Role::Muted));
    let state = bar.state.level().map_or(text, |level| look.theme.level(level));
    let mut x = 0;
    if columns.name > 0 {
        clipped(canvas, (0, 0), columns.name, &bar.name, text, look);
        x = columns.name + GAP;
    }
    if columns.bar > 0 {
        draw(bar, canvas, Rect::new(x, 0, columns.bar, 1), look, frame);
        x += columns.bar + GAP;
    }
    let word = Label::plain(bar.state.word());
    let (percent, percent_style) = match bar.state {
        State::Running => (&bar.percent, text),
        _ if columns.left == 0 => (&word, state),
        _ => (&bar.percent, text),
    };
    let parts = [
        (columns.percent, percent, percent_style),
        (columns.amount, &bar.amount, muted),
        (columns.rate, &bar.rate, text),
        (columns.left, &bar.left, if bar.state == State::Running { muted } else { state }),
    ];
    for (room, label, style) in parts.into_iter().filter(|(room, ..)| *room > 0) {
        if right_aligned(canvas, x + room, 0, label, style) == 0 || x + room < label.columns() {
            whole(canvas, (x, 0), room, label, style, look);
        }
        x += room + GAP;
    }
}

fn draw(bar: &Bar, canvas: &mut Canvas<'_>, area: Rect, look: Look, frame: u64) {
    let track = look.theme.style(Role::Track);
    // Attributes would be seen on a bar as another shape; without colours the word tells the state.
    let ink = match bar.state.level() {
        _ if !look.theme.coloured => look.theme.style(Role::Text),
        Some(level) => look.theme.level(level),
        None => look.theme.series(0),
    };
    // The part of a cell that is not filled shows the track where colours allow, or else the track has a shape.
    let (shapes, style) = match look.glyphs {
        GlyphSet::Braille if look.theme.coloured => (Shapes::new(&EIGHTHS, '▐', '█'), ink.bg(track.fg)),
        GlyphSet::Braille => (Shapes::new(&EIGHTHS, '▐', '░'), ink),
        GlyphSet::Block => (Shapes::new(&HALVES, '▐', '░'), ink),
        GlyphSet::Ascii => (Shapes::new(&HASH, '#', '.'), ink),
    };
    canvas.fill(area, shapes.rest, track);
    let Some(share) = bar.share else {
        if matches!(bar.state, State::Running | State::Stalled) {
            let frame = if bar.state == State::Running { frame } else { 0 };
            stripe(&shapes, frame, canvas, area, style);
        }
        return;
    };
    let per_cell = shapes.parts.len();
    let filled = parts(share, usize::from(area.width) * per_cell);
    let whole = (filled / per_cell) as u16;
    canvas.fill(Rect::new(area.x, area.y, whole, 1), shapes.parts[per_cell - 1], style);
    if let Some(part) = (filled % per_cell).checked_sub(1) {
        canvas.glyph(area.x + whole, area.y, shapes.parts[part], style);
    }
}

/// A stripe that goes to and fro, half a cell with each frame.
fn stripe(shapes: &Shapes, frame: u64, canvas: &mut Canvas<'_>, area: Rect, style: Style) {
    let long = 2 * (area.width / 4).max(1);
    let way = u64::from(2 * area.width - long);
    let step = frame % (2 * way).max(1);
    let from = step.min(2 * way - step) as u16;
    let to = from + long;
    let per_cell = shapes.parts.len();
    for x in from / 2..to.div_ceil(2) {
        let glyph = match (2 * x >= from, 2 * x + 1 < to) {
            (false, _) => shapes.right,
            (_, false) => shapes.parts[(per_cell / 2).saturating_sub(1)],
            _ => shapes.parts[per_cell - 1],
        };
        canvas.glyph(area.x + x, area.y, glyph, style);
    }
}

// === impl Shapes ===

impl Shapes {
    const fn new(parts: &'static [Glyph], right: char, rest: char) -> Shapes {
        Shapes { parts, right: Glyph::new(right), rest: Glyph::new(rest) }
    }
}
