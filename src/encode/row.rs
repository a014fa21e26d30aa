//! One row as segments: stretches of cells that are written in one go.
//!
//! Invariant: once its segments are written, in any order if all its text is of certain width, the row shows what it
//! should, whatever stood there. The cells after text of doubtful width, as many as it has code points, are always
//! written anew, and after that text. Only whole clusters are erased, so that a frame cut anywhere leaves no halves.

use super::changes::Changes;
use super::palette::Reducer;
use super::pen::Pen;
use crate::frame::{Grid, PackedStyle, Row, StyleId, Symbol};

/// A row to show and what stands there now.
#[derive(Clone, Copy, Debug)]
pub(super) struct Task<'a> {
    pub y: u16,
    pub grid: &'a Grid,
    pub to: Row<'a>,
    /// The row on screen and its grid; none when nobody knows.
    pub from: Option<(Row<'a>, &'a Grid)>,
    /// Whether both grids number their clusters alike.
    pub same_clusters: bool,
}

/// Neighbouring cells written in one go, all in one style.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Segment {
    pub y: u16,
    pub from: u16,
    /// One past the last cell.
    pub to: u16,
    pub kind: Kind,
    /// As reduced.
    pub style: PackedStyle,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Text, and blanks that look right in its style.
    Text,
    /// Blanks only; any style in which they look the same will do.
    Blank,
    /// Default blanks, erased by their count.
    Erase,
    /// Default blanks to the end of the row.
    EraseToEnd,
}

/// Segments of many rows, in reading order.
#[derive(Clone, Debug, Default)]
pub(super) struct Segments {
    pub list: Vec<Segment>,
    /// Some text is of doubtful width, so the order matters.
    pub is_ordered: bool,
}

/// Fewer blanks are written rather than erased.
const ERASE_MIN: u16 = 4;

/// Gathers the segments of one row.
struct Collector<'a, 'b> {
    task: Task<'a>,
    changes: Changes,
    reducer: &'b mut Reducer,
    segments: &'b mut Segments,
    /// The one that may still grow.
    open: Option<Segment>,
}

// === impl Segment ===

impl Segment {
    /// Whether this can be written while the terminal draws in `style`.
    #[inline]
    pub(super) fn fits(&self, style: PackedStyle) -> bool {
        if self.kind == Kind::Text { self.style == style } else { style.blank_looks_like(self.style) }
    }

    /// Where the cursor is afterwards; `to` may be one past the last column.
    pub(super) fn cursor_after(&self) -> u16 {
        if matches!(self.kind, Kind::Text | Kind::Blank) { self.to } else { self.from }
    }
}

// === impl Task ===

impl Task<'_> {
    /// Appends what has to be written of this row.
    pub(super) fn collect(self, reducer: &mut Reducer, segments: &mut Segments) {
        let changes = self.changes(reducer);
        let mut collector = Collector { task: self, changes, reducer, segments, open: None };
        collector.row();
        collector.close();
    }

    #[inline]
    fn cols(&self) -> u16 {
        u16::try_from(self.to.symbols.len()).expect("invariant: a grid has at most COLS_MAX columns")
    }

    /// The cells a viewer sees change.
    fn changes(&self, reducer: &mut Reducer) -> Changes {
        let Some((from, old)) = self.from else { return Changes::all(self.cols()) };
        let mut changes = Changes::between(from, self.to);
        if self.same_clusters && reducer.is_exact() {
            return changes;
        }
        for x in 0..self.cols() {
            let at = usize::from(x);
            let is_doubtful = !self.same_clusters && Symbol(self.to.symbols[at]).is_interned();
            if changes.contains(x) || is_doubtful {
                changes.set(x, self.is_seen(from, old, at, reducer));
            }
        }
        changes
    }

    /// Whether the memory of a cell that differs makes a difference on this terminal.
    fn is_seen(&self, from: Row<'_>, old: &Grid, at: usize, reducer: &mut Reducer) -> bool {
        let (before, symbol) = (from.symbols[at], self.to.symbols[at]);
        if self.same_clusters && symbol != before || !self.grid.same_symbol(symbol, old, before) {
            return true;
        }
        let (before, now) = (from.styles[at], self.to.styles[at]);
        let (before, now) = (reducer.reduce(StyleId(before)), reducer.reduce(StyleId(now)));
        if Symbol(symbol).is_blank() { !before.blank_looks_like(now) } else { before != now }
    }
}

// === impl Collector ===

impl Collector<'_, '_> {
    fn row(&mut self) {
        let cols = self.task.cols();
        let mut x = self.changes.next(0);
        if x >= cols {
            return;
        }
        let text_end = self.text_end();
        while x < cols {
            if x >= text_end {
                self.rest(x);
                return;
            }
            let (symbol, style) = self.at(x);
            if symbol.is_blank() && style == PackedStyle::DEFAULT {
                x = self.blanks(x);
                continue;
            }
            let next = self.alike(x, symbol);
            self.cells(x, next, if symbol.is_blank() { Kind::Blank } else { Kind::Text }, style);
            x = if symbol.is_certain() {
                self.changes.next(next)
            } else {
                self.segments.is_ordered = true;
                self.close();
                self.spill(next, symbol);
                next
            };
        }
    }

    /// A terminal that thinks wider of the cluster before `next` may have touched the cells from there on: one for each
    /// of its code points where it adds them up.
    fn spill(&mut self, next: u16, symbol: Symbol) {
        let code_points = if symbol.is_interned() { self.task.grid.cluster(symbol).chars().count() } else { 1 };
        for x in (next..self.task.cols()).take(code_points) {
            self.changes.set(x, true);
        }
    }

    /// One past the cells from `x` on that are changed, of one style and all text, all blank, or one cluster; `x` is changed.
    #[inline(always)]
    fn alike(&self, x: u16, symbol: Symbol) -> u16 {
        if !symbol.is_plain() {
            return x + symbol.columns().max(1);
        }
        let (start, end) = (usize::from(x), usize::from(self.changes.run_end(x)));
        let (symbols, styles) = (&self.task.to.symbols[start..end], &self.task.to.styles[start..end]);
        let is_alike = |ahead: Symbol| ahead.is_plain() && ahead.is_blank() == symbol.is_blank();
        let cells = symbols.iter().zip(styles);
        let count = cells.take_while(|(ahead, style)| **style == styles[0] && is_alike(Symbol(**ahead))).count();
        x + u16::try_from(count).unwrap_or(1)
    }

    /// A run of default blanks from `x` on. Returns the next cell to show.
    fn blanks(&mut self, x: u16) -> u16 {
        let cols = self.task.cols();
        let mut end = x + 1;
        while end < cols && self.is_default_blank(end) {
            end += 1;
        }
        let (changed_end, next) = self.changed_within(x, end);
        let count = changed_end - x;
        let move_after = if next == changed_end { Pen::column_cost(next) } else { 0 };
        if count >= ERASE_MIN && Pen::erase_cost(count) + move_after < count && !self.may_halve(changed_end) {
            self.push(x, changed_end, Kind::Erase);
        } else {
            self.cells(x, changed_end, Kind::Blank, PackedStyle::DEFAULT);
        }
        next
    }

    /// Whether erasing up to `end` may leave the second half of a wide cluster behind. Writing there later, some
    /// terminals clear the cell before it, too: a frame cut here would spoil the next one.
    fn may_halve(&self, end: u16) -> bool {
        self.task.from.is_none_or(|(from, _)| Symbol(from.symbols[usize::from(end)]).is_tail())
    }

    /// Nothing but default blanks from `x` on.
    fn rest(&mut self, x: u16) {
        let (changed_end, _) = self.changed_within(x, self.task.cols());
        if changed_end - x < ERASE_MIN {
            self.cells(x, changed_end, Kind::Blank, PackedStyle::DEFAULT);
        } else {
            self.push(x, self.task.cols(), Kind::EraseToEnd);
        }
    }

    /// One past the last changed cell before `end`, `x` being one, and the first changed cell from `end` on.
    fn changed_within(&mut self, x: u16, end: u16) -> (u16, u16) {
        let mut changed_end = x + 1;
        loop {
            let next = self.changes.next(changed_end);
            if next >= end {
                return (changed_end, next);
            }
            changed_end = next + 1;
        }
    }

    /// Adds cells to the open segment, where one style will do and the way there is not longer than a move.
    #[inline]
    fn cells(&mut self, from: u16, to: u16, kind: Kind, style: PackedStyle) {
        if let Some(open) = self.open {
            let (joined, fits) = match (open.kind, kind) {
                (Kind::Text, Kind::Text) => (open.style, open.style == style),
                (Kind::Text, _) => (open.style, open.style.blank_looks_like(style)),
                (_, _) => (style, style.blank_looks_like(open.style)),
            };
            if fits && let Some(gap) = self.short_gap(open.to, from, joined) {
                let kind = if [open.kind, gap].contains(&Kind::Text) { Kind::Text } else { kind };
                self.open = Some(Segment { to, kind, style: joined, ..open });
                return;
            }
        }
        self.close();
        self.open = Some(Segment { y: self.task.y, from, to, kind, style });
    }

    fn push(&mut self, from: u16, to: u16, kind: Kind) {
        self.close();
        self.segments.list.push(Segment { y: self.task.y, from, to, kind, style: PackedStyle::DEFAULT });
    }

    fn close(&mut self) {
        self.segments.list.extend(self.open.take());
    }

    /// What stands between, text or blanks alone, if it is written again, in this style, in no more bytes than a move
    /// takes.
    fn short_gap(&mut self, from: u16, to: u16, style: PackedStyle) -> Option<Kind> {
        let mut kind = Kind::Blank;
        let mut room = if from == to { return Some(kind) } else { Pen::column_cost(to) };
        for x in from..to {
            let (symbol, own) = self.at(x);
            let fits = if symbol.is_blank() { style.blank_looks_like(own) } else { style == own };
            let bytes = match symbol.value() {
                _ if !fits || symbol.is_interned() || symbol.columns() != 1 || !symbol.is_certain() => return None,
                0..0x80 => 1,
                0x80..0x800 => 2,
                _ => 3,
            };
            if !symbol.is_blank() {
                kind = Kind::Text;
            }
            room = room.checked_sub(bytes)?;
        }
        Some(kind)
    }

    /// One past the last cell that is not a default blank.
    fn text_end(&mut self) -> u16 {
        let mut end = self.task.cols();
        while end > 0 && self.is_default_blank(end - 1) {
            end -= 1;
        }
        end
    }

    #[inline]
    fn at(&mut self, x: u16) -> (Symbol, PackedStyle) {
        let at = usize::from(x);
        let symbol = Symbol(self.task.to.symbols[at]);
        let style = self.reducer.reduce(StyleId(self.task.to.styles[at]));
        (symbol, if symbol.is_blank() { style.on_blank() } else { style })
    }

    #[inline]
    fn is_default_blank(&mut self, x: u16) -> bool {
        let at = usize::from(x);
        if !Symbol(self.task.to.symbols[at]).is_blank() {
            return false;
        }
        self.task.to.styles[at] == StyleId::DEFAULT.0 || self.at(x).1 == PackedStyle::DEFAULT
    }
}
