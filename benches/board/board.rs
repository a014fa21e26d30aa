//! One board of 120x40, drawn by this project and (in `theirs.rs`) by ratatui from the same data: two scrolling braille line charts, a
//! gauge row, and a table of twenty rows of which five change each frame.

pub mod data;
pub mod ours;

/// The board's size.
pub const COLS: u16 = 120;
pub const ROWS: u16 = 40;
/// Rows of both charts, side by side; the gauge and the table with its head take the rest.
pub const CHART_ROWS: u16 = 18;

const _: () = assert!(CHART_ROWS as usize + 1 + 1 + data::ROWS == ROWS as usize);
