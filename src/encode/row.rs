//! One row of a frame in the fewest bytes.
//!
//! Invariant: after it the terminal shows the row as it is meant, whatever widths it gives to clusters on which
//! terminals disagree: the cell after such a cluster is always written anew, at an absolute position.

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

/// Below this many cells, blanks are written rather than erased.
const ERASE_MIN: u16 = 4;

// === impl Task ===

impl Task<'_> {
    pub(super) fn paint(&self, pen: &mut Pen<'_>) {
        let cols = self.cols();
        let text_end = self.text_end(pen);
        let mut x = self.next_changed(pen, 0);
        while x < cols {
            if x >= text_end {
                self.blank_rest(pen, x);
                return;
            }
            let next = if self.is_default_blank(pen, x) { self.blank_run(pen, x) } else { self.cell(pen, x) };
            x = next;
        }
    }

    fn cols(&self) -> u16 {
        u16::try_from(self.to.symbols.len()).expect("invariant: a grid has at most COLS_MAX columns")
    }

    /// Shows the cell at `x` and returns the next one to show.
    fn cell(&self, pen: &mut Pen<'_>, x: u16) -> u16 {
        let (symbol, style) = self.at(pen, x);
        self.approach(pen, x);
        if symbol.is_blank() {
            self.set_blank_style(pen, x, style);
        } else {
            pen.set_style(style);
        }
        let next = x + pen.symbol(self.grid, symbol);
        // A terminal may have touched the next cell, if it thinks wider of this one.
        if pen.cursor().is_none() && next < self.cols() { next } else { self.next_changed(pen, next) }
    }

    /// Shows a run of default blanks from `x` on and returns the next cell to show.
    fn blank_run(&self, pen: &mut Pen<'_>, x: u16) -> u16 {
        let mut end = x + 1;
        while end < self.cols() && self.is_default_blank(pen, end) {
            end += 1;
        }
        let mut changed_end = x + 1;
        let mut next = self.next_changed(pen, changed_end);
        while next < end {
            changed_end = next + 1;
            next = self.next_changed(pen, changed_end);
        }
        let count = changed_end - x;
        self.approach(pen, x);
        let move_after = if next < self.cols() { Pen::column_cost(next) } else { 0 };
        let written = count + (next - changed_end).min(move_after);
        if count >= ERASE_MIN && Pen::erase_cost(count) + move_after < written {
            self.set_blank_style(pen, x, PackedStyle::DEFAULT);
            pen.erase(count);
        } else {
            self.set_blank_style(pen, x, PackedStyle::DEFAULT);
            pen.blanks(count);
        }
        next
    }

    /// Blanks what has changed from `x` on, where nothing but default blanks is left to show.
    fn blank_rest(&self, pen: &mut Pen<'_>, x: u16) {
        let mut changed_end = x + 1;
        loop {
            let next = self.next_changed(pen, changed_end);
            if next >= self.cols() {
                break;
            }
            changed_end = next + 1;
        }
        self.approach(pen, x);
        if !pen.erases_clean() {
            pen.set_style(PackedStyle::DEFAULT);
        }
        if changed_end - x < ERASE_MIN {
            pen.blanks(changed_end - x);
        } else {
            pen.erase_to_end();
        }
    }

    /// Brings the cursor to `x`: by writing what stands before it once more where that is shorter.
    fn approach(&self, pen: &mut Pen<'_>, x: u16) {
        if let Some((column, row)) = pen.cursor()
            && row == self.y
            && column < x
            && self.gap_cost(pen, column, x) <= Pen::column_cost(x)
        {
            for at in column..x {
                pen.symbol(self.grid, Symbol(self.to.symbols[usize::from(at)]));
            }
        }
        pen.go_to(x, self.y);
    }

    /// The bytes that writing `from..to` once more takes in the style set; more than any move when it cannot be done.
    fn gap_cost(&self, pen: &mut Pen<'_>, from: u16, to: u16) -> u16 {
        let dearest = Pen::column_cost(to) + 1;
        let mut cost = 0;
        for x in from..to {
            let (symbol, style) = self.at(pen, x);
            let fits = if symbol.is_blank() { pen.style().blank_looks_like(style) } else { pen.style() == style };
            let bytes = match symbol.value() {
                _ if !fits || symbol.is_interned() || symbol.columns() != 1 || !symbol.is_certain() => dearest,
                0..0x80 => 1,
                0x80..0x800 => 2,
                _ => 3,
            };
            cost += bytes;
            if cost >= dearest {
                return dearest;
            }
        }
        cost
    }

    /// Sets a style in which a blank looks as it should; none if it does already. Looks ahead to the text that follows,
    /// so that a style is not left for the sake of a blank only to come back.
    fn set_blank_style(&self, pen: &mut Pen<'_>, x: u16, style: PackedStyle) {
        if pen.style().blank_looks_like(style) {
            return;
        }
        let mut target = style;
        for ahead in x + 1..self.cols() {
            let (symbol, next) = self.at(pen, ahead);
            if symbol.is_blank() && next == style {
                continue;
            }
            if !symbol.is_blank() && next.blank_looks_like(style) {
                target = next;
            }
            break;
        }
        pen.set_style(target);
    }

    /// The first cell from `x` on that has to be shown; the number of columns if there is none.
    #[inline]
    fn next_changed(&self, pen: &mut Pen<'_>, x: u16) -> u16 {
        let Some((from, _)) = self.from else { return x };
        let mut at = usize::from(x);
        loop {
            let symbols = from.symbols[at..].iter().zip(&self.to.symbols[at..]);
            let styles = from.styles[at..].iter().zip(&self.to.styles[at..]);
            let Some(ahead) = symbols.zip(styles).position(|((a, b), (c, d))| a != b || c != d || self.must_ask(*b))
            else {
                return self.cols();
            };
            at += ahead;
            if self.differs(pen, at) {
                return u16::try_from(at).expect("invariant: a grid has at most COLS_MAX columns");
            }
            at += 1;
        }
    }

    /// Whether equal numbers may mean different text.
    #[inline]
    fn must_ask(&self, symbol: u32) -> bool {
        !self.same_clusters && Symbol(symbol).is_interned()
    }

    fn differs(&self, pen: &mut Pen<'_>, at: usize) -> bool {
        let Some((from, old)) = self.from else { return true };
        let (symbol, style) = (self.to.symbols[at], self.to.styles[at]);
        let is_same_text = if self.same_clusters {
            symbol == from.symbols[at]
        } else {
            self.grid.same_symbol(symbol, old, from.symbols[at])
        };
        if !is_same_text {
            return true;
        }
        let before = from.styles[at];
        if before == style {
            return false;
        }
        pen.is_exact() || {
            let (before, now) = (pen.reduce(before), pen.reduce(style));
            if Symbol(symbol).is_blank() { !before.blank_looks_like(now) } else { before != now }
        }
    }

    /// One past the last cell that is not a default blank.
    fn text_end(&self, pen: &mut Pen<'_>) -> u16 {
        let mut end = self.cols();
        while end > 0 && self.is_default_blank(pen, end - 1) {
            end -= 1;
        }
        end
    }

    #[inline]
    fn at(&self, pen: &mut Pen<'_>, x: u16) -> (Symbol, PackedStyle) {
        let at = usize::from(x);
        let symbol = Symbol(self.to.symbols[at]);
        let style = pen.reduce(self.to.styles[at]);
        (symbol, if symbol.is_blank() { style.on_blank() } else { style })
    }

    #[inline]
    fn is_default_blank(&self, pen: &mut Pen<'_>, x: u16) -> bool {
        self.at(pen, x) == (Symbol::BLANK, PackedStyle::DEFAULT)
    }
}
