//! What panels can show: one type for each kind of chart, as a board says it.
//!
//! Invariant: plain data, made by `scene::file` or by hand; nothing here draws.

use crate::label::Label;
use crate::model::Unit;
use crate::widget::Level;
use crate::widget::text::Align;

/// From this value on a level holds.
#[derive(Clone, Debug, PartialEq)]
pub struct Threshold {
    pub at: f64,
    pub level: Level,
    pub name: Option<Label>,
}

/// Where the space under lines is filled.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Fill {
    #[default]
    None,
    /// Under the first line.
    First,
}

/// A row for each value of a label.
#[derive(Clone, Debug, PartialEq)]
pub struct Table {
    pub by: String,
    pub title: Label,
    pub columns: Vec<TableColumn>,
    /// Index into `columns`; none for the name.
    pub sort: Option<usize>,
    pub descending: bool,
}

/// One column of numbers.
#[derive(Clone, Debug, PartialEq)]
pub struct TableColumn {
    pub title: Label,
    pub series: String,
    pub unit: Unit,
    pub thresholds: Vec<Threshold>,
    /// Behind the numbers stands a bar, full at this value.
    pub full_at: Option<f64>,
}

/// A bar for each job.
#[derive(Clone, Debug, PartialEq)]
pub struct Progress {
    pub by: String,
    pub done: String,
    pub total: Option<String>,
    pub unit: Unit,
}

/// The newest entries of a stream.
#[derive(Clone, Debug, PartialEq)]
pub struct Log {
    pub stream: String,
    pub wrap: bool,
}

/// Words of the person who made the board.
#[derive(Clone, Debug, PartialEq)]
pub struct Words {
    /// With the marks of `widget::text`.
    pub text: String,
    pub align: Align,
}

/// How bad a value is.
pub fn level(thresholds: &[Threshold], value: f64) -> Level {
    let reached = thresholds.iter().filter(|threshold| value >= threshold.at).map(|threshold| threshold.level);
    reached.max().unwrap_or_default()
}
