//! One row as segments: stretches of cells that are written in one go.
//!
//! Invariant: once its segments are written, in any order if all its text is of certain width, the row shows what it
//! should, whatever stood there. The cell after text of doubtful width is always written anew, and after that text.

use super::palette::Reducer;
use super::pen::Pen;
use crate::frame::{Grid, PackedStyle, Row, Symbol};

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
        let mut collector = Collector { task: self, reducer, segments, open: None };
        collector.row();
        collector.close();
    }

    #[inline]
    fn cols(&self) -> u16 {
        u16::try_from(self.to.symbols.len()).expect("invariant: a grid has at most COLS_MAX columns")
    }

    /// Whether equal numbers may mean different text.
    #[inline]
    fn must_ask(&self, symbol: u32) -> bool {
        !self.same_clusters && Symbol(symbol).is_interned()
    }
}

// === impl Collector ===

impl Collector<'_, '_> {
    fn row(&mut self) {
        let cols = self.task.cols();
        let mut x = self.next_changed(0);
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
            let next = x + symbol.columns().max(1);
            self.cells(x, next, if symbol.is_blank() { Kind::Blank } else { Kind::Text }, style);
            x = if symbol.is_certain() {
                self.next_changed(next)
            } else {
                // A terminal may have touched the next cell, if it thinks wider of this one.
                self.segments.is_ordered = true;
                self.close();
                next
            };
        }
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
        if count >= ERASE_MIN && Pen::erase_cost(count) + move_after < count {
            self.push(x, changed_end, Kind::Erase);
        } else {
            self.cells(x, changed_end, Kind::Blank, PackedStyle::DEFAULT);
        }
        next
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
            let next = self.next_changed(changed_end);
            if next >= end {
                return (changed_end, next);
            }
            changed_end = next + 1;
        }
    }

    /// Adds cells to the open segment, where one style will do and the way there is not longer than a move.
    fn cells(&mut self, from: u16, to: u16, kind: Kind, style: PackedStyle) {
        if let Some(open) = self.open {
            let (joined, fits) = match (open.kind, kind) {
                (Kind::Text, Kind::Text) => (open.style, open.style == style),
                (Kind::Text, _) => (open.style, open.style.blank_looks_like(style)),
                (_, _) => (style, style.blank_looks_like(open.style)),
            };
            if fits && self.gap_is_short(open.to, from, joined) {
                let kind = if open.kind == Kind::Text { Kind::Text } else { kind };
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

    /// Whether what stands between is written again, in this style, in no more bytes than a move takes.
    fn gap_is_short(&mut self, from: u16, to: u16, style: PackedStyle) -> bool {
        let mut room = if from == to { return true } else { Pen::column_cost(to) };
        for x in from..to {
            let (symbol, own) = self.at(x);
            let fits = if symbol.is_blank() { style.blank_looks_like(own) } else { style == own };
            let bytes = match symbol.value() {
                _ if !fits || symbol.is_interned() || symbol.columns() != 1 || !symbol.is_certain() => return false,
                0..0x80 => 1,
                0x80..0x800 => 2,
                _ => 3,
            };
            match room.checked_sub(bytes) {
                Some(left) => room = left,
                None => return false,
            }
        }
        true
    }

    /// The first cell from `x` on that has to be shown; the number of columns if there is none.
    #[inline]
    fn next_changed(&mut self, x: u16) -> u16 {
        let Some((from, _)) = self.task.from else { return x };
        let to = self.task.to;
        let mut at = usize::from(x);
        loop {
            let symbols = from.symbols[at..].iter().zip(&to.symbols[at..]);
            let styles = from.styles[at..].iter().zip(&to.styles[at..]);
            let mut cells = symbols.zip(styles);
            let Some(ahead) = cells.position(|((a, b), (c, d))| a != b || c != d || self.task.must_ask(*b)) else {
                return self.task.cols();
            };
            at += ahead;
            if self.differs(at) {
                return u16::try_from(at).expect("invariant: a grid has at most COLS_MAX columns");
            }
            at += 1;
        }
    }

    fn differs(&mut self, at: usize) -> bool {
        let Some((from, old)) = self.task.from else { return true };
        let (symbol, style) = (self.task.to.symbols[at], self.task.to.styles[at]);
        let is_same_text = if self.task.same_clusters {
            symbol == from.symbols[at]
        } else {
            self.task.grid.same_symbol(symbol, old, from.symbols[at])
        };
        if !is_same_text {
            return true;
        }
        let before = from.styles[at];
        if before == style {
            return false;
        }
        self.reducer.is_exact() || {
            let (before, now) = (self.reducer.reduce(before), self.reducer.reduce(style));
            if Symbol(symbol).is_blank() { !before.blank_looks_like(now) } else { before != now }
        }
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
        let style = self.reducer.reduce(self.task.to.styles[at]);
        (symbol, if symbol.is_blank() { style.on_blank() } else { style })
    }

    #[inline]
    fn is_default_blank(&mut self, x: u16) -> bool {
        self.at(x) == (Symbol::BLANK, PackedStyle::DEFAULT)
    }
}
