//! Puts the plan of a table on cells.

use super::layout::{Slot, place};
use super::{Align, PlannedCell, PlannedColumn, SIGN_COLUMNS, TablePlan};
use crate::base::Rect;
use crate::frame::{Canvas, Glyph, Style};
use crate::label::Label;
use crate::model::GlyphSet;
use crate::widget::{Look, Role, clipped, right_aligned, whole};

/// Rows from which titles pay.
const ROWS_FOR_HEADER: u16 = 2;
/// Rows from which a last row that tells what is left out pays.
const ROWS_FOR_FOOTER: u16 = 4;

/// Eighths of a cell from the left.
const EIGHTHS: [Glyph; 8] = [
    Glyph::BLANK,
    Glyph::new('▏'),
    Glyph::new('▎'),
    Glyph::new('▍'),
    Glyph::new('▌'),
    Glyph::new('▋'),
    Glyph::new('▊'),
    Glyph::new('▉'),
];

/// Where rows stand.
struct Rows {
    header: bool,
    /// Which rows of the plan are shown.
    first: usize,
    count: u16,
    footer: bool,
}

/// How many rows of a table are seen at this size; a page of scrolling.
pub fn rows_shown(plan: &TablePlan, width: u16, height: u16) -> u16 {
    rows(plan, height, place(plan, width).len()).count
}

/// Paints a table into the whole canvas.
pub fn paint(plan: &TablePlan, canvas: &mut Canvas<'_>, look: Look) {
    let Some((slots, rows)) = arranged(plan, canvas.size()) else { return };
    if rows.header {
        header(plan, &slots, canvas, look);
    }
    for index in rows.first..rows.first + usize::from(rows.count) {
        row(plan, index, (&slots, &rows), None, canvas, look);
    }
    left_out(plan, &rows, plan.columns.len() - slots.len(), canvas, look);
}

/// Paints these rows of a table again, those of them that are seen, where its picture was painted from a plan whose columns
/// asked for the same room; `ground` is the style of the blank cells on which that was.
pub fn repaint(plan: &TablePlan, changed: &[usize], ground: Style, canvas: &mut Canvas<'_>, look: Look) {
    let Some((slots, rows)) = arranged(plan, canvas.size()) else { return };
    let seen = rows.first..rows.first + usize::from(rows.count);
    for index in changed.iter().copied().filter(|index| seen.contains(index)) {
        row(plan, index, (&slots, &rows), Some(ground), canvas, look);
    }
    left_out(plan, &rows, plan.columns.len() - slots.len(), canvas, look);
}

/// Where columns and rows stand; none where there is no room for any.
fn arranged(plan: &TablePlan, (width, height): (u16, u16)) -> Option<(Vec<Slot>, Rows)> {
    if width == 0 || height == 0 || plan.columns.is_empty() {
        return None;
    }
    let mut slots = place(plan, width);
    let rows = rows(plan, height, slots.len());
    let all_seen = usize::from(rows.count) == plan.rows.len() && slots.len() == plan.columns.len();
    if !rows.footer && !all_seen {
        // The sign has a column of its own, or it would take the end of a number.
        slots = place(plan, width - 1);
    }
    Some((slots, rows))
}

/// Paints a row; where the cells below it are not blank, `blank` is what they look like when they are.
fn row(
    plan: &TablePlan,
    index: usize,
    (slots, rows): (&[Slot], &Rows),
    blank: Option<Style>,
    canvas: &mut Canvas<'_>,
    look: Look,
) {
    let (width, _) = canvas.size();
    let y = u16::from(rows.header) + (index - rows.first) as u16;
    let mut ground = look.theme.style(Role::Text);
    // Stripes belong to their rows and scroll with them.
    let zebra = look.theme.zebra().filter(|_| index % 2 == 1);
    zebra.into_iter().for_each(|zebra| ground.bg = zebra);
    if let Some(blank) = zebra.map(|_| ground).or(blank) {
        canvas.fill(Rect::new(0, y, width, 1), Glyph::BLANK, blank);
    }
    for slot in slots {
        cell(&plan.rows[index][slot.index], &plan.columns[slot.index], (*slot, y), ground, canvas, look);
    }
}

fn rows(plan: &TablePlan, height: u16, columns_shown: usize) -> Rows {
    let header = height >= ROWS_FOR_HEADER;
    let room = height - u16::from(header).min(height);
    let all_fit = plan.rows.len() <= usize::from(room) && columns_shown == plan.columns.len();
    let footer = !all_fit && height >= ROWS_FOR_FOOTER;
    let room = room - u16::from(footer);
    let count = plan.rows.len().min(usize::from(room)) as u16;
    let first = plan.offset.min(plan.rows.len() - usize::from(count));
    Rows { header, first, count, footer }
}

fn header(plan: &TablePlan, slots: &[Slot], canvas: &mut Canvas<'_>, look: Look) {
    let (width, _) = canvas.size();
    // Without colours a line under the titles sets them apart.
    let of = |role: Role| {
        let style = look.theme.style(role);
        if look.theme.coloured { style } else { style.underline() }
    };
    canvas.fill(Rect::new(0, 0, width, 1), Glyph::BLANK, of(Role::Muted));
    for slot in slots {
        let PlannedColumn { column, .. } = &plan.columns[slot.index];
        let mut canvas = canvas.sub(Rect::new(slot.x, 0, slot.width, 1));
        let (title, room) = (&column.title, slot.width);
        let Some(sort) = plan.sort.filter(|sort| sort.column == slot.index) else {
            let x = if column.align == Align::Left { 0 } else { room.saturating_sub(title.columns()) };
            clipped(&mut canvas, (x, 0), room, title, of(Role::Muted), look);
            continue;
        };
        let style = of(Role::Strong);
        let sign = match (look.glyphs, sort.descending) {
            (GlyphSet::Ascii, false) => Glyph::new('^'),
            (GlyphSet::Ascii, true) => Glyph::new('v'),
            (_, false) => Glyph::new('▲'),
            (_, true) => Glyph::new('▼'),
        };
        // The sign is worth more than the end of the title; it stands where no number is below it.
        let title_room = room.saturating_sub(SIGN_COLUMNS);
        if column.align == Align::Left {
            let used = clipped(&mut canvas, (0, 0), title_room, title, style, look);
            canvas.glyph(if used > 0 { used + 1 } else { 0 }, 0, sign, style);
        } else {
            let x = room - title.columns().min(title_room);
            clipped(&mut canvas, (x, 0), title_room, title, style, look);
            canvas.glyph(x.saturating_sub(SIGN_COLUMNS), 0, sign, style);
        }
    }
}

fn cell(
    cell: &PlannedCell,
    column: &PlannedColumn,
    (slot, y): (Slot, u16),
    ground: Style,
    canvas: &mut Canvas<'_>,
    look: Look,
) {
    let style = match cell.level {
        _ if cell.is_missing => look.theme.style(Role::Muted),
        Some(level) => look.theme.level(level),
        None => ground,
    };
    let style = style.bg(ground.bg);
    let columns = cell.text.columns();
    let free = slot.width.saturating_sub(columns);
    let x = match column.column.align {
        Align::Left => 0,
        Align::Right => free,
        // Where the tails of all have no room, the ends of the texts stand below each other.
        Align::Decimal if column.widest > slot.width => free,
        Align::Decimal => free.saturating_sub(column.tail - cell.tail),
    };
    let mut canvas = canvas.sub(Rect::new(slot.x, y, slot.width, 1));
    let draw = if cell.is_number { whole } else { clipped };
    let used = draw(&mut canvas, (x, 0), slot.width, &cell.text, style, look);
    if let Some(share) = cell.share {
        bar(share, (x, x + used), cell, style, &mut canvas, look);
    }
}

/// The bar behind a cell's text, which stands in the columns of `text`.
fn bar(share: f32, text: (u16, u16), cell: &PlannedCell, style: Style, canvas: &mut Canvas<'_>, look: Look) {
    let (width, _) = canvas.size();
    let eighths = (share * f32::from(width) * 8.0).round() as u16;
    // Little is not nothing.
    let eighths = if share > 0.0 { eighths.max(1) } else { 0 };
    let (whole, part) = (eighths / 8, eighths % 8);
    let Some(tint) = look.theme.bar_tint(cell.level) else {
        // Too few colours for another ground: a line under the text says as much.
        canvas.restyle(Rect::new(0, 0, eighths.div_ceil(8), 1), style.underline());
        return;
    };
    canvas.restyle(Rect::new(0, 0, whole, 1), style.bg(tint));
    let is_free = !(text.0..text.1).contains(&whole);
    if part > 0 && whole < width && is_free && look.glyphs == GlyphSet::Braille {
        canvas.glyph(whole, 0, EIGHTHS[usize::from(part)], Style::new().fg(tint).bg(style.bg));
    } else if part >= 4 || whole == 0 {
        canvas.restyle(Rect::new(whole, 0, u16::from(part > 0), 1), style.bg(tint));
    }
}

/// Says which rows are seen and how many columns are not.
fn left_out(plan: &TablePlan, rows: &Rows, columns: usize, canvas: &mut Canvas<'_>, look: Look) {
    let (width, height) = canvas.size();
    let all = plan.rows.len();
    let last = rows.first + usize::from(rows.count);
    let muted = look.theme.style(Role::Muted);
    if !rows.footer {
        let sign = match look.glyphs {
            _ if last == all && rows.first == 0 && columns > 0 => Glyph::new('+'),
            _ if last == all && rows.first == 0 => return,
            GlyphSet::Ascii if last < all => Glyph::new('v'),
            GlyphSet::Ascii => Glyph::new('^'),
            _ if last < all => Glyph::new('↓'),
            _ => Glyph::new('↑'),
        };
        canvas.glyph(width - 1, height - 1, sign, muted);
        return;
    }
    let y = height - 1;
    let mut x = 0;
    if usize::from(rows.count) < all {
        let seen = format!("{}-{last} of {all}", rows.first + 1);
        // At least a sign of columns stands behind it.
        let room = width.saturating_sub(if columns > 0 { 2 } else { 0 }).max(1);
        x = whole(canvas, (0, y), room, &Label::plain(&seen), muted, look);
    }
    if columns > 0 {
        let long = Label::plain(&format!("+{columns} column{}", if columns == 1 { "" } else { "s" }));
        let short = Label::plain(&format!("+{columns}"));
        let room = width.saturating_sub(if x > 0 { x + 2 } else { 0 });
        let fitting = [long, short].into_iter().find(|label| label.columns() <= room);
        match fitting {
            Some(label) => right_aligned(canvas, width, y, &label, muted),
            None => clipped(canvas, (width - width.min(1), y), 1, &Label::plain("+"), muted, look),
        };
    }
}
