//! Series: their names, their kinds, their points, and why a point is not taken.

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
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Point {
    pub at: Wall,
    pub value: f64,
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

    pub fn is_within_limits(&self) -> bool {
        let fits = |text: &str| text.len() <= limits::SERIES_TEXT_BYTES_MAX;
        fits(&self.name)
            && self.labels.len() <= limits::SERIES_LABELS_MAX
            && self.labels.iter().all(|(name, value)| fits(name) && fits(value))
    }

    /// What its texts take.
    pub fn bytes(&self) -> usize {
        let label = |(name, value): &(String, String)| 2 * size_of::<String>() + name.capacity() + value.capacity();
        size_of::<SeriesKey>() + self.name.capacity() + self.labels.iter().map(label).sum::<usize>()
    }

    /// The value of one label.
    pub fn label(&self, name: &str) -> Option<&str> {
        self.labels.iter().find(|(label, _)| label == name).map(|(_, value)| value.as_str())
    }
}

// === impl Rejected ===

impl Rejected {
    /// All of them, with the word they are counted under.
    pub const ALL: [(&'static str, Rejected); 5] = [
        ("not-finite", Rejected::NotFinite),
        ("not-newer", Rejected::NotNewer),
        ("too-long", Rejected::TooLong),
        ("too-many-series", Rejected::TooManySeries),
        ("changed", Rejected::Changed),
    ];
}
