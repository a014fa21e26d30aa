//! What panels can show: one type for each kind of chart, as a board says it.
//!
//! Invariant: plain data, made by `scene::file` or by hand; nothing here draws.

use std::time::Duration;

use super::select::Select;
use crate::base::Wall;
use crate::label::Label;
use crate::model::Unit;
use crate::model::log::Severity;
use crate::widget::animation::Kind;
use crate::widget::bars::Direction;
use crate::widget::text::Align;
use crate::widget::{Level, Levels};

/// From this value on a level holds.
#[derive(Clone, Debug, PartialEq)]
pub struct Threshold {
    pub at: f64,
    pub level: Level,
    pub name: Option<Label>,
}

/// What is marked on the axis of time.
#[derive(Clone, Debug, PartialEq)]
pub enum Annotation {
    /// Entries of a log from this level on, under their first line or a name.
    Entries {
        stream: String,
        level: Severity,
        name: Option<Label>,
    },
    Moment {
        at: Wall,
        name: Label,
    },
}

/// Where the space under lines is filled.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Fill {
    #[default]
    None,
    /// Under the first line.
    First,
    All,
    /// Each line stands on the one before.
    Stacked,
}

/// The newest value of each series.
#[derive(Clone, Debug, PartialEq)]
pub struct Bars {
    pub select: Select,
    /// A second label: bars of equal value of it stand together.
    pub group_by: Option<String>,
    pub unit: Unit,
    pub direction: Direction,
    pub thresholds: Vec<Threshold>,
}

/// One row of a panel of sparklines.
#[derive(Clone, Debug, PartialEq)]
pub struct Spark {
    pub name: Option<Label>,
    pub select: Select,
    pub unit: Unit,
}

/// One value, large.
#[derive(Clone, Debug, PartialEq)]
pub struct Stat {
    pub select: Select,
    pub unit: Unit,
    pub decimals: u8,
    /// How far back the value lies that the delta counts from.
    pub delta: Option<Duration>,
    /// Which way of the delta is the better one, if any.
    pub rise_is_good: Option<bool>,
    pub thresholds: Vec<Threshold>,
    pub sparkline: bool,
}

/// How often which value occurs in the range shown.
#[derive(Clone, Debug, PartialEq)]
pub struct Histogram {
    pub select: Select,
    pub unit: Unit,
}

/// Values by time and series.
#[derive(Clone, Debug, PartialEq)]
pub struct Heatmap {
    pub select: Select,
    pub unit: Unit,
    /// Values the colours always span.
    pub include: Vec<f64>,
}

/// What a number means.
#[derive(Clone, Debug, PartialEq)]
pub struct StateName {
    pub value: f64,
    pub name: Label,
    pub level: Option<Level>,
}

/// States over time, a row for each series.
#[derive(Clone, Debug, PartialEq)]
pub struct States {
    pub select: Select,
    pub states: Vec<StateName>,
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
    /// Rows of which nothing is reported any more are left out instead of shown empty.
    pub current: bool,
}

/// One column of numbers.
#[derive(Clone, Debug, PartialEq)]
pub struct TableColumn {
    pub title: Label,
    /// Told apart by the table's label.
    pub select: Select,
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

/// Something that moves.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Animation {
    pub kind: Kind,
    pub seed: u64,
    pub frames_hz: f64,
}

/// How bad a value is.
pub fn level(thresholds: &[Threshold], value: f64) -> Level {
    let reached = thresholds.iter().filter(|threshold| value >= threshold.at).map(|threshold| threshold.level);
    reached.max().unwrap_or_default()
}

/// The same for painters; none without thresholds.
pub fn levels(thresholds: &[Threshold]) -> Option<Levels> {
    let from = |level| thresholds.iter().find(|threshold| threshold.level == level).map(|threshold| threshold.at);
    (!thresholds.is_empty()).then(|| Levels {
        high: from(Level::High),
        critical: from(Level::Critical),
        falling: false,
    })
}
