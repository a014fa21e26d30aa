//! Series and their points.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use super::Unit;
use crate::base::{Wall, limits};

#[cfg(test)]
mod tests;

/// How a series' values are meant.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// A value of its own.
    #[default]
    Gauge,
    /// A count that grows and may be reset; what is shown is its rate.
    Counter,
}

/// A series' name and its labels, sorted by name.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct SeriesKey {
    pub name: String,
    #[serde(default)]
    pub labels: Vec<(String, String)>,
}

/// One value of one series at one time.
#[derive(Clone, Debug, PartialEq)]
pub struct Sample {
    pub key: SeriesKey,
    pub kind: Kind,
    pub unit: Unit,
    pub at: Wall,
    pub value: f64,
}

/// One point of a window.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Point {
    pub at: Wall,
    pub value: f64,
}

/// The newest points of one series, oldest first, times strictly rising, values finite.
#[derive(Clone, Debug, Default)]
pub struct Window {
    pub kind: Kind,
    pub unit: Unit,
    points: VecDeque<Point>,
}

/// Why a sample was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum Rejected {
    #[error("the value is not a finite number")]
    NotFinite,
    #[error("the time is not after the newest point's")]
    NotNewer,
    #[error("the name or a label is too long, or there are too many labels")]
    TooLong,
    #[error("the tenant has as many series as it may")]
    TooManySeries,
    #[error("the series changed its kind or unit")]
    Changed,
}

// === impl SeriesKey ===

impl SeriesKey {
    /// A series without labels.
    pub fn plain(name: &str) -> SeriesKey {
        SeriesKey { name: name.to_owned(), labels: Vec::new() }
    }

    /// A series with labels, given in any order.
    pub fn labelled(name: &str, labels: &[(&str, &str)]) -> SeriesKey {
        let mut labels: Vec<_> =
            labels.iter().map(|(label, value)| ((*label).to_owned(), (*value).to_owned())).collect();
        labels.sort();
        SeriesKey { name: name.to_owned(), labels }
    }

    /// The value of one label.
    pub fn label(&self, name: &str) -> Option<&str> {
        self.labels.iter().find(|(label, _)| label == name).map(|(_, value)| value.as_str())
    }
}

// === impl Window ===

impl Window {
    pub fn new(kind: Kind, unit: Unit) -> Window {
        Window { kind, unit, points: VecDeque::new() }
    }

    /// Takes a point; the oldest goes once the window is full.
    pub fn push(&mut self, point: Point) -> Result<(), Rejected> {
        if !point.value.is_finite() {
            return Err(Rejected::NotFinite);
        }
        if self.points.back().is_some_and(|last| point.at <= last.at) {
            return Err(Rejected::NotNewer);
        }
        if self.points.len() == limits::POINTS_MAX {
            self.points.pop_front();
        }
        self.points.push_back(point);
        Ok(())
    }

    /// Drops the points after `at`.
    pub fn forget_after(&mut self, at: Wall) {
        let kept = self.points.partition_point(|point| point.at <= at);
        self.points.truncate(kept);
    }

    pub fn first(&self) -> Option<Point> {
        self.points.front().copied()
    }

    pub fn last(&self) -> Option<Point> {
        self.points.back().copied()
    }

    pub fn len(&self) -> usize {
        self.points.len()
    }

    pub fn is_empty(&self) -> bool {
        self.points.is_empty()
    }

    /// Points with `from <= at <= to`, oldest first.
    pub fn between(&self, from: Wall, to: Wall) -> impl DoubleEndedIterator<Item = Point> + '_ {
        let start = self.points.partition_point(|point| point.at < from);
        let end = self.points.partition_point(|point| point.at <= to).max(start);
        self.points.range(start..end).copied()
    }

    /// The newest point not after `at`.
    pub fn at(&self, at: Wall) -> Option<Point> {
        let end = self.points.partition_point(|point| point.at <= at);
        end.checked_sub(1).and_then(|index| self.points.get(index)).copied()
    }
}
