//! Units of a series.

use serde::{Deserialize, Serialize};

/// What a value counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Unit {
    /// A bare number.
    #[default]
    None,
    /// A share of 100.
    Percent,
    /// Bytes, shown in powers of 1024.
    Bytes,
    /// Bytes a second, shown in powers of 1024.
    BytesPerSecond,
    /// Seconds.
    Seconds,
}
