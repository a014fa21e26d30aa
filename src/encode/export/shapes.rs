//! Drawing characters as shapes, so that a picture looks the same whatever fonts there are.
//!
//! Invariant: whole numbers only; a cell is `CELL_WIDTH` by `CELL_HEIGHT` units, which eighths, quarters and halves
//! divide.

use std::fmt::Write;

pub(super) const CELL_WIDTH: u32 = 72;
pub(super) const CELL_HEIGHT: u32 = 144;
/// Diameter of a braille dot.
pub(super) const DOT: u32 = 24;
/// Width of a thin line.
pub(super) const LINE: u32 = 10;

const HEAVY_LINE: u32 = 22;
/// From the middle of a double line to the middle of each of its lines.
const DOUBLE_OFFSET: u32 = 11;
const HALF_WIDTH: u32 = CELL_WIDTH / 2;
const HALF_HEIGHT: u32 = CELL_HEIGHT / 2;

/// What a drawing character is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    /// Filled areas, with this much of the colour in percent.
    Areas(u8),
    /// Dots of diameter `DOT` about points.
    Dots,
    /// Strokes of width `LINE`.
    Strokes,
}

/// Arms of U+2500..=U+257F: two bits each for up, right, down, left, from the lowest: 0 none, 1 light, 2 heavy, 3 double.
/// Arcs and diagonals have none here.
const ARMS: [u8; 128] = [
    0x44, 0x88, 0x11, 0x22, 0x44, 0x88, 0x11, 0x22, 0x44, 0x88, 0x11, 0x22, 0x14, 0x18, 0x24, 0x28, 0x50, 0x90, 0x60,
    0xa0, 0x05, 0x09, 0x06, 0x0a, 0x41, 0x81, 0x42, 0x82, 0x15, 0x19, 0x16, 0x25, 0x26, 0x1a, 0x29, 0x2a, 0x51, 0x91,
    0x52, 0x61, 0x62, 0x92, 0xa1, 0xa2, 0x54, 0x94, 0x58, 0x98, 0x64, 0xa4, 0x68, 0xa8, 0x45, 0x85, 0x49, 0x89, 0x46,
    0x86, 0x4a, 0x8a, 0x55, 0x95, 0x59, 0x99, 0x56, 0x65, 0x66, 0x96, 0x5a, 0xa5, 0x69, 0x9a, 0xa9, 0xa6, 0x6a, 0xaa,
    0x44, 0x88, 0x11, 0x22, 0xcc, 0x33, 0x1c, 0x34, 0x3c, 0xd0, 0x70, 0xf0, 0x0d, 0x07, 0x0f, 0xc1, 0x43, 0xc3, 0x1d,
    0x37, 0x3f, 0xd1, 0x73, 0xf3, 0xdc, 0x74, 0xfc, 0xcd, 0x47, 0xcf, 0xdd, 0x77, 0xff, 0x00, 0x00, 0x00, 0x00, 0x00,
    0x00, 0x00, 0x40, 0x01, 0x04, 0x10, 0x80, 0x02, 0x08, 0x20, 0x48, 0x21, 0x84, 0x12,
];

/// The kind of shape a code point is drawn as; none when it is text.
pub(super) fn shape(value: u32) -> Option<Shape> {
    match value {
        0x256d..=0x2573 => Some(Shape::Strokes),
        0x2591..=0x2593 => Some(Shape::Areas(u8::try_from((value - 0x2590) * 25).unwrap_or(100))),
        0x2500..=0x259f => Some(Shape::Areas(100)),
        0x2800..=0x28ff => Some(Shape::Dots),
        _ => None,
    }
}

/// Appends the SVG path of a code point that has a shape, in the cell whose upper left corner is `at`.
pub(super) fn path(value: u32, at: (u32, u32), out: &mut String) {
    let mut path = Path { at, out };
    match value {
        0x256d..=0x2570 => path.arc(value),
        0x2571..=0x2573 => path.diagonals(value),
        0x2500..=0x257f => path.arms(ARMS[(value - 0x2500) as usize]),
        0x2580..=0x259f => path.block(value),
        0x2800..=0x28ff => path.dots(value & 0xff),
        _ => {}
    }
}

struct Path<'a> {
    at: (u32, u32),
    out: &'a mut String,
}

// === impl Path ===

impl Path<'_> {
    fn area(&mut self, x: u32, y: u32, width: u32, height: u32) {
        let (x, y) = (self.at.0 + x, self.at.1 + y);
        self.push(format_args!("M{x} {y}h{width}v{height}h-{width}z"));
    }

    fn push(&mut self, part: std::fmt::Arguments<'_>) {
        self.out.write_fmt(part).expect("invariant: a string takes everything");
    }

    fn dots(&mut self, bits: u32) {
        // Bit by bit: left column down, right column down, bottom row.
        const PLACES: [(u32, u32); 8] = [(0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (1, 2), (0, 3), (1, 3)];
        for (bit, (column, row)) in PLACES.into_iter().enumerate() {
            if bits >> bit & 1 == 1 {
                let x = self.at.0 + CELL_WIDTH / 4 + column * HALF_WIDTH;
                let y = self.at.1 + CELL_HEIGHT / 8 + row * CELL_HEIGHT / 4;
                self.push(format_args!("M{x} {y}h0"));
            }
        }
    }

    fn block(&mut self, value: u32) {
        const EIGHTH_WIDTH: u32 = CELL_WIDTH / 8;
        const EIGHTH_HEIGHT: u32 = CELL_HEIGHT / 8;
        match value {
            0x2580 => self.area(0, 0, CELL_WIDTH, HALF_HEIGHT),
            0x2581..=0x2588 => {
                let height = (value - 0x2580) * EIGHTH_HEIGHT;
                self.area(0, CELL_HEIGHT - height, CELL_WIDTH, height);
            }
            0x2589..=0x258f => self.area(0, 0, (0x2590 - value) * EIGHTH_WIDTH, CELL_HEIGHT),
            0x2590 => self.area(HALF_WIDTH, 0, HALF_WIDTH, CELL_HEIGHT),
            0x2594 => self.area(0, 0, CELL_WIDTH, EIGHTH_HEIGHT),
            0x2595 => self.area(CELL_WIDTH - EIGHTH_WIDTH, 0, EIGHTH_WIDTH, CELL_HEIGHT),
            0x2596..=0x259f => {
                // Upper left, upper right, lower left, lower right, from the lowest bit.
                const QUADRANTS: [u8; 10] =
                    [0b0100, 0b1000, 0b0001, 0b1101, 0b1001, 0b0111, 0b1011, 0b0010, 0b0110, 0b1110];
                let bits = QUADRANTS[(value - 0x2596) as usize];
                for (bit, (x, y)) in [(0, 0), (1, 0), (0, 1), (1, 1)].into_iter().enumerate() {
                    if bits >> bit & 1 == 1 {
                        self.area(x * HALF_WIDTH, y * HALF_HEIGHT, HALF_WIDTH, HALF_HEIGHT);
                    }
                }
            }
            _ => self.area(0, 0, CELL_WIDTH, CELL_HEIGHT),
        }
    }

    fn arms(&mut self, arms: u8) {
        for (direction, weight) in (0..4).map(|direction| (direction, arms >> (2 * direction) & 3)) {
            match weight {
                0 => {}
                1 => self.arm(direction, HALF_WIDTH, HALF_HEIGHT, LINE),
                2 => self.arm(direction, HALF_WIDTH, HALF_HEIGHT, HEAVY_LINE),
                _ => {
                    for offset in [0, 2 * DOUBLE_OFFSET] {
                        let (x, y) = (HALF_WIDTH + offset - DOUBLE_OFFSET, HALF_HEIGHT + offset - DOUBLE_OFFSET);
                        self.arm(direction, x, y, LINE);
                    }
                }
            }
        }
    }

    /// From an edge of the cell to the middle and half a line over it, with the line's own middle at `x` or `y`.
    fn arm(&mut self, direction: u8, x: u32, y: u32, width: u32) {
        let half = width / 2;
        match direction {
            0 => self.area(x - half, 0, width, HALF_HEIGHT + half),
            1 => self.area(HALF_WIDTH - half, y - half, HALF_WIDTH + half, width),
            2 => self.area(x - half, HALF_HEIGHT - half, width, HALF_HEIGHT + half),
            _ => self.area(0, y - half, HALF_WIDTH + half, width),
        }
    }

    fn arc(&mut self, value: u32) {
        let (left, top) = self.at;
        let (x, y) = (left + HALF_WIDTH, top + HALF_HEIGHT);
        // Down and right, down and left, up and left, up and right.
        let end_x = if matches!(value, 0x256d | 0x2570) { left + CELL_WIDTH } else { left };
        let (start_y, bend_y) =
            if value < 0x256f { (top + CELL_HEIGHT, y + HALF_WIDTH) } else { (top, y - HALF_WIDTH) };
        self.push(format_args!("M{x} {start_y}V{bend_y}Q{x} {y} {end_x} {y}"));
    }

    fn diagonals(&mut self, value: u32) {
        let (left, top) = self.at;
        let (right, bottom) = (left + CELL_WIDTH, top + CELL_HEIGHT);
        if value != 0x2572 {
            self.push(format_args!("M{left} {bottom}L{right} {top}"));
        }
        if value != 0x2571 {
            self.push(format_args!("M{left} {top}L{right} {bottom}"));
        }
    }
}
