//! The frame: a packed grid of cells, drawn through a [`Canvas`], compared as memory.
//!
//! Text gets in only as `Label`, drawing characters only as [`Glyph`], so nothing hostile can stand in a cell. Two
//! planes, 4 bytes of text and the 2 of a style's number a cell; clusters of several code points are interned per grid.
//!
//! Invariants: the right half of a wide cluster follows its left half and has its style; the last column holds no left half and nothing whose
//! width terminals disagree on; a blank carries only what is seen of its style; the interner is bounded by the number of cells.
//! This must not know terminals: no escape sequences, no palettes.

mod canvas;
mod clusters;
mod style;
mod style_id;
mod symbol;
#[cfg(test)]
mod tests;

pub use canvas::Canvas;
pub use style::{Attrs, Color, PackedStyle, Style};
pub use style_id::StyleId;
pub use symbol::{Glyph, Symbol};

use crate::base::{Rect, Size};
use crate::label::Cluster;
use clusters::Clusters;

/// One screen. Draw the next one into a second grid and swap the two: both keep their memory.
#[derive(Clone)]
pub struct Grid {
    size: Size,
    /// [`Symbol`]s, row by row.
    symbols: Vec<u32>,
    /// [`StyleId`]s, row by row.
    styles: Vec<u16>,
    clusters: Clusters,
    /// Something wide was put since the last clearing, so halves have to be looked for.
    has_wide: bool,
}

/// One row of cells as memory: [`Symbol`]s and [`StyleId`]s of equal length.
#[derive(Clone, Copy, Debug)]
pub struct Row<'a> {
    pub symbols: &'a [u32],
    pub styles: &'a [u16],
}

/// One cell, unpacked.
#[derive(Clone, Copy, Debug)]
pub struct CellView<'a> {
    text: Text<'a>,
    /// 1 or 2; 0 for the right half of a wide cluster.
    pub columns: u16,
    /// Of a blank only what is seen of it: its background unless it is underlined or reversed.
    pub style: Style,
    /// Whether all terminals agree on the width.
    pub certain: bool,
}

#[derive(Clone, Copy, Debug)]
enum Text<'a> {
    CodePoint([u8; 4], usize),
    Cluster(&'a str),
}

// === impl Grid ===

impl Grid {
    /// A blank grid.
    pub fn new(size: Size) -> Grid {
        Grid {
            size,
            symbols: vec![Symbol::BLANK.0; size.cells()],
            styles: vec![StyleId::DEFAULT.0; size.cells()],
            clusters: Clusters::default(),
            has_wide: false,
        }
    }

    pub fn size(&self) -> Size {
        self.size
    }

    /// Takes another size and is blank then; nothing happens when it has that size already.
    pub fn resize(&mut self, size: Size) {
        if size != self.size {
            *self = Grid::new(size);
        }
    }

    /// Blanks everything; also the cheapest moment to forget all clusters.
    pub fn clear(&mut self, style: Style) {
        self.symbols.fill(Symbol::BLANK.0);
        self.styles.fill(StyleId::of(PackedStyle::from(style).on_blank()).0);
        self.clusters.clear();
        self.has_wide = false;
    }

    /// Whether it is known that each cell holds one code point, one column wide: then any of them can be overwritten by itself.
    pub fn is_single(&self) -> bool {
        !self.has_wide && self.clusters.is_empty()
    }

    /// The whole grid to draw on.
    pub fn canvas(&mut self) -> Canvas<'_> {
        Canvas::new(self)
    }

    /// Takes an area over from another grid of the same size. Both show the same in it then.
    pub fn copy(&mut self, from: &Grid, rect: Rect) {
        assert_eq!(self.size, from.size, "invariant: only grids of one size are copied");
        let rect = rect.intersection(self.size.area());
        self.take(from, (rect.x, rect.y), rect);
    }

    /// An area as a grid of its own.
    pub fn cut(&self, rect: Rect) -> Grid {
        let rect = rect.intersection(self.size.area());
        let mut cut = Grid::new(Size::clamped(rect.width, rect.height));
        cut.take(self, (rect.x, rect.y), Rect { x: 0, y: 0, ..rect });
        cut
    }

    /// Puts a grid that was cut into an area; what does not fit into it is left out.
    pub fn paste(&mut self, cut: &Grid, rect: Rect) {
        let rect = rect.intersection(self.size.area());
        let (width, height) = (rect.width.min(cut.size.cols()), rect.height.min(cut.size.rows()));
        self.take(cut, (0, 0), Rect { width, height, ..rect });
    }

    /// Takes an area over that begins elsewhere in the other grid; it lies within both.
    fn take(&mut self, from: &Grid, (from_x, from_y): (u16, u16), rect: Rect) {
        if rect.is_empty() {
            return;
        }
        self.has_wide |= from.has_wide;
        for (y, from_y) in (rect.y..rect.bottom()).zip(from_y..) {
            self.part(rect.x, rect.right(), y);
            let start = from.at(from_x, from_y);
            let range = start..start + usize::from(rect.width);
            let (symbols, styles) = self.span_mut(rect.x, rect.right(), y);
            symbols.copy_from_slice(&from.symbols[range.clone()]);
            styles.copy_from_slice(&from.styles[range.clone()]);
            if !from.clusters.is_empty() {
                self.adopt(from, range, self.at(rect.x, y));
            }
        }
    }

    /// Gives the clusters of another grid that were copied from there to here numbers of this one.
    fn adopt(&mut self, from: &Grid, range: std::ops::Range<usize>, start: usize) {
        for (theirs, at) in range.zip(start..) {
            let symbol = Symbol(from.symbols[theirs]);
            if symbol.is_interned() {
                // The number means another cluster here, or none, until it is replaced.
                self.symbols[at] = Symbol::BLANK.0;
                if self.clusters.len() >= self.clusters_max() {
                    self.compact();
                }
                self.symbols[at] = symbol.renumbered(self.clusters.intern(from.cluster(symbol))).0;
            }
        }
    }

    /// Dims what stands in an area and keeps it otherwise. A wide cluster goes by its left half.
    pub fn dim(&mut self, rect: Rect) {
        self.restyle(rect.intersection(self.size.area()), PackedStyle::dimmed);
    }

    /// The cell at a column and row; a blank outside the grid.
    pub fn cell(&self, x: u16, y: u16) -> CellView<'_> {
        if x >= self.size.cols() || y >= self.size.rows() {
            return CellView::new(self, Symbol::BLANK, StyleId::DEFAULT);
        }
        let at = self.at(x, y);
        CellView::new(self, Symbol(self.symbols[at]), StyleId(self.styles[at]))
    }

    /// The text of a row in its full width.
    pub fn row_text(&self, y: u16) -> String {
        (0..self.size.cols()).map(|x| self.cell(x, y)).fold(String::new(), |mut text, cell| {
            text.push_str(cell.text());
            text
        })
    }

    /// All rows without their trailing blanks, each ended by a line feed.
    pub fn to_text(&self) -> String {
        (0..self.size.rows()).fold(String::new(), |mut text, y| {
            text.push_str(self.row_text(y).trim_end_matches(' '));
            text.push('\n');
            text
        })
    }

    /// A row as memory; empty outside the grid.
    #[inline]
    pub fn row(&self, y: u16) -> Row<'_> {
        if y >= self.size.rows() {
            return Row { symbols: &[], styles: &[] };
        }
        let (from, to) = (self.at(0, y), self.at(0, y) + usize::from(self.size.cols()));
        Row { symbols: &self.symbols[from..to], styles: &self.styles[from..to] }
    }

    /// The text of an interned symbol of this grid.
    #[inline]
    pub fn cluster(&self, symbol: Symbol) -> &str {
        self.clusters.text(symbol.value())
    }

    /// Whether equal symbols of both grids are sure to show equal text, and different ones different text.
    pub fn same_clusters(&self, other: &Grid) -> bool {
        self.clusters == other.clusters
    }

    /// Whether a symbol of this grid shows the same as a symbol of another.
    #[inline]
    pub fn same_symbol(&self, mine: u32, other: &Grid, theirs: u32) -> bool {
        let (mine, theirs) = (Symbol(mine), Symbol(theirs));
        if mine.is_interned() && theirs.is_interned() {
            mine.renumbered(0) == theirs.renumbered(0) && self.cluster(mine) == other.cluster(theirs)
        } else {
            mine == theirs
        }
    }

    #[inline]
    fn at(&self, x: u16, y: u16) -> usize {
        usize::from(y) * usize::from(self.size.cols()) + usize::from(x)
    }

    fn span_mut(&mut self, from: u16, to: u16, y: u16) -> (&mut [u32], &mut [u16]) {
        let range = self.at(from, y)..self.at(from, y) + usize::from(to - from);
        (&mut self.symbols[range.clone()], &mut self.styles[range])
    }

    /// Blanks the outer halves of wide clusters that the edges of `from..to` cut in two.
    #[inline]
    fn part(&mut self, from: u16, to: u16, y: u16) {
        if self.has_wide {
            self.part_wide(from, to, y);
        }
    }

    fn part_wide(&mut self, from: u16, to: u16, y: u16) {
        let (start, end) = (self.at(from, y), self.at(from, y) + usize::from(to - from));
        if from > 0 && Symbol(self.symbols[start]).is_tail() {
            self.blank(start - 1);
        }
        if to < self.size.cols() && Symbol(self.symbols[end]).is_tail() {
            self.blank(end);
        }
    }

    fn blank(&mut self, at: usize) {
        self.symbols[at] = Symbol::BLANK.0;
        self.styles[at] = StyleId(self.styles[at]).on_blank().0;
    }

    /// Puts something one column wide; the position is inside.
    #[inline]
    fn put(&mut self, x: u16, y: u16, symbol: Symbol, style: StyleId) {
        self.part(x, x + 1, y);
        let at = self.at(x, y);
        self.symbols[at] = symbol.0;
        self.styles[at] = if symbol.is_blank() { style.on_blank().0 } else { style.0 };
    }

    /// Puts something two columns wide; the position and the one after are inside.
    fn put_wide(&mut self, x: u16, y: u16, symbol: Symbol, style: StyleId) {
        self.part(x, x + 2, y);
        self.has_wide = true;
        let at = self.at(x, y);
        self.symbols[at] = symbol.0;
        self.symbols[at + 1] = Symbol::TAIL.0;
        self.styles[at] = style.0;
        self.styles[at + 1] = style.0;
    }

    /// Changes styles within an area that lies inside the grid.
    fn restyle(&mut self, rect: Rect, change: impl Fn(PackedStyle) -> PackedStyle) {
        for y in rect.y..rect.bottom() {
            for x in rect.x..rect.right() {
                let at = self.at(x, y);
                let symbol = Symbol(self.symbols[at]);
                if symbol.is_tail() {
                    continue;
                }
                let style = StyleId::of(change(StyleId(self.styles[at]).style()));
                self.styles[at] = if symbol.is_blank() { style.on_blank().0 } else { style.0 };
                if symbol.is_wide() {
                    self.styles[at + 1] = style.0;
                }
            }
        }
    }

    /// A cluster in packed form; interns it when it is more than a code point.
    fn symbol(&mut self, cluster: &Cluster<'_>) -> Symbol {
        let wide = cluster.columns == 2;
        let mut chars = cluster.text.chars();
        match (chars.next(), chars.next()) {
            (None, _) => Symbol::BLANK,
            (Some(only), None) => Symbol::code_point(only, wide, cluster.certain),
            _ => {
                if self.clusters.len() >= self.clusters_max() {
                    self.compact();
                }
                Symbol::interned(self.clusters.intern(cluster.text), wide, cluster.certain)
            }
        }
    }

    /// As many as there are cells can be seen at once; the second half is slack, so that compacting pays.
    fn clusters_max(&self) -> usize {
        2 * self.size.cells() + 64
    }

    /// Keeps only the clusters that stand in a cell.
    fn compact(&mut self) {
        let old = std::mem::take(&mut self.clusters);
        for slot in &mut self.symbols {
            let symbol = Symbol(*slot);
            if symbol.is_interned() {
                *slot = symbol.renumbered(self.clusters.intern(old.text(symbol.value()))).0;
            }
        }
    }
}

impl PartialEq for Grid {
    /// Equal when a viewer with every colour and font would see the same.
    fn eq(&self, other: &Grid) -> bool {
        if self.size != other.size || self.styles != other.styles {
            return false;
        }
        if self.same_clusters(other) {
            return self.symbols == other.symbols;
        }
        self.symbols.iter().zip(&other.symbols).all(|(mine, theirs)| self.same_symbol(*mine, other, *theirs))
    }
}

impl Eq for Grid {}

impl std::fmt::Debug for Grid {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        writeln!(f, "Grid {}", self.size)?;
        f.write_str(&self.to_text())
    }
}

// === impl CellView ===

impl<'a> CellView<'a> {
    fn new(grid: &'a Grid, symbol: Symbol, style: StyleId) -> CellView<'a> {
        let text = if symbol.is_interned() {
            Text::Cluster(grid.cluster(symbol))
        } else if symbol.is_tail() {
            Text::Cluster("")
        } else {
            let mut bytes = [0; 4];
            let len = char::from_u32(symbol.value()).unwrap_or(' ').encode_utf8(&mut bytes).len();
            Text::CodePoint(bytes, len)
        };
        CellView { text, columns: symbol.columns(), style: style.style().unpack(), certain: symbol.is_certain() }
    }

    /// What stands in the cell: one cluster, never empty except for the right half of a wide one.
    pub fn text(&self) -> &str {
        match &self.text {
            Text::Cluster(text) => text,
            Text::CodePoint(bytes, len) => {
                std::str::from_utf8(&bytes[..*len]).expect("invariant: encoded from a character")
            }
        }
    }
}
