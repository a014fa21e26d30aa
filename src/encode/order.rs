//! In which order segments are written: as they are read, or all of one style before the next.
//!
//! Two lines that cross on a chart change the colour every few cells; jumping is shorter than 24-bit colours, and it is
//! longer than one of 16. So both orders are costed and the shorter one is taken.
//!
//! Invariant: text of doubtful width is written in reading order, because it may spoil the cell after it.

use super::pen::{Pen, Tables};
use super::row::{Kind, Segment, Segments};
use crate::frame::{Grid, PackedStyle};

/// Writes segments; keeps its memory from frame to frame.
#[derive(Clone, Debug, Default)]
pub(super) struct Writer {
    pub segments: Segments,
    /// Each style once; the default one first, because a frame begins with it.
    styles: Vec<PackedStyle>,
    /// For each segment, which of the styles.
    buckets: Vec<u8>,
    /// For each style, where its next segment goes.
    places: Vec<usize>,
    by_style: Vec<Segment>,
}

/// With more segments they are written before more are gathered: bounds the memory.
const SEGMENTS_MAX: usize = 16 * 1024;
/// A frame with more styles is a picture, not a board; it is written as it is read.
const STYLES_MAX: usize = 48;

// === impl Writer ===

impl Writer {
    /// Whether to write before gathering another row.
    pub(super) fn is_full(&self) -> bool {
        self.segments.list.len() >= SEGMENTS_MAX
    }

    /// Writes all segments and forgets them. A row's symbols are those of `grid` at the segment's row less `top`.
    pub(super) fn write(&mut self, pen: &mut Pen<'_>, grid: &Grid, top: u16) {
        let sorts = !self.segments.is_ordered && self.sort();
        let list = if sorts && self.is_shorter(pen) { &self.by_style } else { &self.segments.list };
        for segment in list {
            write(segment, pen, grid, top);
        }
        self.segments.list.clear();
        self.segments.is_ordered = false;
    }

    /// Sorts by style, within one by position. False when there are too many styles for that to make sense.
    fn sort(&mut self) -> bool {
        self.styles.clear();
        self.styles.push(PackedStyle::DEFAULT);
        self.buckets.clear();
        for segment in &self.segments.list {
            let found = self.styles.iter().position(|style| *style == segment.style);
            let bucket = found.unwrap_or(self.styles.len());
            if bucket == self.styles.len() {
                if bucket == STYLES_MAX {
                    return false;
                }
                self.styles.push(segment.style);
            }
            self.buckets.push(u8::try_from(bucket).expect("invariant: STYLES_MAX fits a byte"));
        }
        self.places.clear();
        self.places.resize(self.styles.len(), 0);
        for bucket in &self.buckets {
            self.places[usize::from(*bucket)] += 1;
        }
        let mut start = 0;
        for place in &mut self.places {
            let count = std::mem::replace(place, start);
            start += count;
        }
        self.by_style.clear();
        self.by_style.extend_from_slice(&self.segments.list);
        for (segment, bucket) in self.segments.list.iter().zip(&self.buckets) {
            let place = &mut self.places[usize::from(*bucket)];
            self.by_style[*place] = *segment;
            *place += 1;
        }
        true
    }

    fn is_shorter(&self, pen: &mut Pen<'_>) -> bool {
        let (style, cols) = (pen.style(), pen.cols());
        let tables = pen.tables();
        cost(tables, &self.by_style, style, cols) < cost(tables, &self.segments.list, style, cols)
    }
}

/// The bytes that all but the text itself takes in this order.
fn cost(tables: &mut Tables, list: &[Segment], mut style: PackedStyle, cols: u16) -> usize {
    let mut cursor = None;
    let mut cost = 0;
    for segment in list {
        if !segment.fits(style) {
            cost += tables.transitions.sequence(style, segment.style).len();
            style = segment.style;
        }
        cost += usize::from(match cursor {
            Some(at) if at == (segment.from, segment.y) => 0,
            Some((_, y)) if y == segment.y => Pen::column_cost(segment.from),
            _ => Pen::position_cost(segment.from, segment.y),
        });
        let after = segment.cursor_after();
        cursor = if after < cols { Some((after, segment.y)) } else { None };
    }
    cost
}

fn write(segment: &Segment, pen: &mut Pen<'_>, grid: &Grid, top: u16) {
    pen.go_to(segment.from, segment.y);
    if !segment.fits(pen.style()) {
        pen.set_style(segment.style);
    }
    match segment.kind {
        Kind::Text => {
            let symbols = &grid.row(segment.y - top).symbols[usize::from(segment.from)..usize::from(segment.to)];
            pen.text(grid, symbols);
        }
        Kind::Blank => pen.blanks(segment.to - segment.from),
        Kind::Erase => pen.erase(segment.to - segment.from),
        Kind::EraseToEnd => pen.erase_to_end(),
    }
}
