//! Sizes and areas in terminal cells.

use serde::{Deserialize, Serialize};

use super::limits;

/// Columns and rows of a terminal, always within `1..=1000` by `1..=500`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
pub struct Size {
    cols: u16,
    rows: u16,
}

/// A rectangle of cells; may be empty.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Rect {
    pub x: u16,
    pub y: u16,
    pub width: u16,
    pub height: u16,
}

// === impl Size ===

impl Size {
    /// What a terminal that does not know its size gets.
    pub const FALLBACK: Size = Size { cols: 80, rows: 24 };

    /// Clamps whatever a terminal reports (0x0 over some SSH sessions, huge on some web pages).
    pub fn clamped(cols: u16, rows: u16) -> Size {
        Size { cols: cols.clamp(1, limits::COLS_MAX), rows: rows.clamp(1, limits::ROWS_MAX) }
    }

    pub fn cols(self) -> u16 {
        self.cols
    }

    pub fn rows(self) -> u16 {
        self.rows
    }

    /// Number of cells.
    pub fn cells(self) -> usize {
        usize::from(self.cols) * usize::from(self.rows)
    }

    /// The whole terminal as an area.
    pub fn area(self) -> Rect {
        Rect { x: 0, y: 0, width: self.cols, height: self.rows }
    }
}

impl<'de> Deserialize<'de> for Size {
    /// A size from outside is clamped like one from a terminal.
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        struct Raw {
            cols: u16,
            rows: u16,
        }
        let raw = Raw::deserialize(deserializer)?;
        Ok(Size::clamped(raw.cols, raw.rows))
    }
}

impl std::fmt::Display for Size {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}x{}", self.cols, self.rows)
    }
}

// === impl Rect ===

impl Rect {
    pub fn new(x: u16, y: u16, width: u16, height: u16) -> Rect {
        Rect { x, y, width, height }
    }

    pub fn is_empty(self) -> bool {
        self.width == 0 || self.height == 0
    }

    /// One past the last column.
    pub fn right(self) -> u16 {
        self.x.saturating_add(self.width)
    }

    /// One past the last row.
    pub fn bottom(self) -> u16 {
        self.y.saturating_add(self.height)
    }

    /// Whether a cell lies in it.
    pub fn contains(self, x: u16, y: u16) -> bool {
        (self.x..self.right()).contains(&x) && (self.y..self.bottom()).contains(&y)
    }

    /// The part both cover; empty when they do not meet.
    pub fn intersection(self, other: Rect) -> Rect {
        let x = self.x.max(other.x);
        let y = self.y.max(other.y);
        let width = self.right().min(other.right()).saturating_sub(x);
        let height = self.bottom().min(other.bottom()).saturating_sub(y);
        Rect { x, y, width, height }
    }
}
