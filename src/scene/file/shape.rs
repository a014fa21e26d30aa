//! What the keys of a board file may hold: one table, from which files are checked and editors are told.
//!
//! Invariant: a key that is read stands in a table, and a key in a table is read.

use std::ops::RangeInclusive;

/// One key of a table.
#[derive(Debug)]
pub struct Field {
    pub name: &'static str,
    pub shape: Shape,
    pub required: bool,
    /// For people, in a sentence.
    pub about: &'static str,
}

/// What stands behind a key.
#[derive(Debug)]
pub enum Shape {
    Text,
    Flag,
    Number(RangeInclusive<f64>),
    Whole(RangeInclusive<i64>),
    /// Such as `"5m"`.
    Span,
    /// A moment with its offset to UTC, as RFC 3339 writes it.
    Moment,
    /// One of these words.
    Word(&'static [&'static str]),
    /// A unit, by its name.
    Unit,
    /// Columns and rows.
    Cells,
    Numbers,
    /// Names and texts of the person's choice.
    Pairs,
    /// A list of tables.
    Tables(&'static [Field]),
    /// Tables by names of the person's choice.
    Named,
    /// The same, of which each holds these.
    Each(&'static [Field]),
    /// One table.
    Table(&'static [Field]),
    /// A text, a number, true or false.
    Scalar,
    Scalars,
    Texts,
    /// A layout, which holds others.
    Layout,
}

// === impl Field ===

impl Field {
    pub const fn new(name: &'static str, shape: Shape, about: &'static str) -> Field {
        Field { name, shape, required: false, about }
    }

    pub const fn required(self) -> Field {
        Field { required: true, ..self }
    }
}
