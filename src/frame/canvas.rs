//! A clipped window on a grid: the only way to draw.
//!
//! Invariant: nothing is drawn outside the window. The one thing that may change there is the other half of a wide
//! cluster that is cut in two: it turns blank, because half a cluster cannot be shown.

use super::style::PackedStyle;
use super::style_id::StyleId;
use super::symbol::Symbol;
use super::{Color, Glyph, Grid, Style};
use crate::base::Rect;
use crate::label::{Cluster, Label};

/// A window on a grid; its coordinates start at 0,0 in its upper left corner.
#[derive(Debug)]
pub struct Canvas<'a> {
    grid: &'a mut Grid,
    /// Within the grid; may be empty.
    area: Rect,
}

// === impl Canvas ===

impl<'a> Canvas<'a> {
    pub(super) fn new(grid: &'a mut Grid) -> Canvas<'a> {
        let area = grid.size().area();
        Canvas { grid, area }
    }

    /// Columns and rows; either may be 0.
    pub fn size(&self) -> (u16, u16) {
        (self.area.width, self.area.height)
    }

    /// The whole window in its own coordinates.
    pub fn area(&self) -> Rect {
        Rect::new(0, 0, self.area.width, self.area.height)
    }

    /// The part of this window under `rect`; empty when they do not meet.
    pub fn sub(&mut self, rect: Rect) -> Canvas<'_> {
        let area = self.clip(rect);
        Canvas { grid: self.grid, area }
    }

    /// Draws text from `x`, returns the columns it took. What does not fit is left out; where only half of a wide
    /// cluster would fit a blank stands, and so it does in the grid's last column for a cluster some terminal might wrap.
    pub fn label(&mut self, x: u16, y: u16, label: &Label, style: Style) -> u16 {
        if x >= self.area.width || y >= self.area.height {
            return 0;
        }
        let room = self.area.width - x;
        let at = (self.area.x + x, self.area.y + y);
        if label.is_ascii() {
            self.ascii(at, label.as_str().as_bytes(), room, StyleId::of(style))
        } else {
            self.clusters(at, label.clusters(), room, StyleId::of(style))
        }
    }

    /// Blanks the window.
    pub fn clear(&mut self, style: Style) {
        self.fill(self.area(), Glyph::BLANK, style);
    }

    pub fn glyph(&mut self, x: u16, y: u16, glyph: Glyph, style: Style) {
        if x < self.area.width && y < self.area.height {
            self.grid.put(self.area.x + x, self.area.y + y, glyph.symbol(), StyleId::of(style));
        }
    }

    /// A glyph on the background that is there; with `on_blank` only where nothing stands yet.
    pub fn glyph_over(&mut self, x: u16, y: u16, glyph: Glyph, style: Style, on_blank: bool) {
        if x < self.area.width && y < self.area.height {
            let (x, y) = (self.area.x + x, self.area.y + y);
            let before = self.grid.cell(x, y);
            if !on_blank || before.text() == " " {
                let bg = before.style.bg;
                self.grid.put(x, y, glyph.symbol(), StyleId::of(style.bg(bg)));
            }
        }
    }

    /// Draws what `show` makes of each of `cells`, one below the other from `x`, `y` on; where that is nothing, what stands
    /// there stays. It is told how many rows below `y` the cell is.
    #[inline]
    pub fn column(&mut self, x: u16, y: u16, cells: &[u16], show: impl Fn(u16, u16) -> Option<(Glyph, StyleId)>) {
        if x >= self.area.width || y >= self.area.height {
            return;
        }
        let (x, y, rows) = (self.area.x + x, self.area.y + y, self.area.height - y);
        for (row, cell) in (0..rows).zip(cells) {
            if let Some((glyph, style)) = show(row, *cell) {
                self.grid.put(x, y + row, glyph.symbol(), style);
            }
        }
    }

    /// A braille cell with these dots, see [`Glyph::dots`].
    pub fn dots(&mut self, x: u16, y: u16, bits: u8, style: Style) {
        self.glyph(x, y, Glyph::dots(bits), style);
    }

    pub fn fill(&mut self, rect: Rect, glyph: Glyph, style: Style) {
        let rect = self.clip(rect);
        if rect.is_empty() {
            return;
        }
        let symbol = glyph.symbol();
        let style = PackedStyle::from(style);
        let style = StyleId::of(if symbol.is_blank() { style.on_blank() } else { style });
        for y in rect.y..rect.bottom() {
            self.grid.part(rect.x, rect.right(), y);
            let (symbols, styles) = self.grid.span_mut(rect.x, rect.right(), y);
            symbols.fill(symbol.0);
            styles.fill(style.0);
        }
    }

    /// Changes how cells look and keeps what stands in them. A wide cluster goes by its left half.
    pub fn restyle(&mut self, rect: Rect, style: Style) {
        let style = PackedStyle::from(style);
        let rect = self.clip(rect);
        self.grid.restyle(rect, |_| style);
    }

    /// Dims what stands in an area and keeps it otherwise. A wide cluster goes by its left half.
    pub fn dim(&mut self, rect: Rect) {
        let rect = self.clip(rect);
        self.grid.restyle(rect, PackedStyle::dimmed);
    }

    /// Changes the background of the cells that have another, and keeps them otherwise.
    pub fn tint(&mut self, rect: Rect, from: Color, to: Color) {
        let rect = self.clip(rect);
        self.grid.restyle(rect, |style| {
            let style = style.unpack();
            PackedStyle::from(if style.bg == from { style.bg(to) } else { style })
        });
    }

    fn clip(&self, rect: Rect) -> Rect {
        let moved = Rect {
            x: self.area.x.saturating_add(rect.x),
            y: self.area.y.saturating_add(rect.y),
            width: rect.width,
            height: rect.height,
        };
        moved.intersection(self.area)
    }

    fn ascii(&mut self, (x, y): (u16, u16), text: &[u8], room: u16, style: StyleId) -> u16 {
        let columns = u16::try_from(text.len()).unwrap_or(u16::MAX).min(room);
        if columns == 0 {
            return 0;
        }
        let on_blank = style.on_blank().0;
        self.grid.part(x, x + columns, y);
        let (symbols, styles) = self.grid.span_mut(x, x + columns, y);
        for ((symbol, slot), byte) in symbols.iter_mut().zip(styles).zip(text) {
            *symbol = u32::from(*byte);
            *slot = if *byte == b' ' { on_blank } else { style.0 };
        }
        columns
    }

    fn clusters<'c>(
        &mut self,
        (x, y): (u16, u16),
        clusters: impl Iterator<Item = Cluster<'c>>,
        room: u16,
        style: StyleId,
    ) -> u16 {
        let mut used = 0;
        for cluster in clusters {
            if used == room {
                break;
            }
            let column = x + used;
            let is_last = column + 1 == self.grid.size().cols();
            if cluster.columns > room - used || (is_last && !cluster.certain) {
                self.grid.put(column, y, Symbol::BLANK, style);
                used += 1;
                break;
            }
            let symbol = self.grid.symbol(&cluster);
            if symbol.is_wide() {
                self.grid.put_wide(column, y, symbol, style);
            } else {
                self.grid.put(column, y, symbol, style);
            }
            used += cluster.columns;
        }
        used
    }
}
