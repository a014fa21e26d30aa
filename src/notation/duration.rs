//! Durations as people write them: `500ms`, `1s`, `1.5s`, `2m`, `1h`.

use std::time::Duration;

use super::number::Number;

/// Why a text is no duration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DurationError {
    #[error("it does not start with a number")]
    NoNumber,
    #[error("it has no unit")]
    NoUnit,
    #[error("its unit is none of ms, s, m, h, d")]
    UnknownUnit,
    #[error("it is too long")]
    TooLong,
}

/// Reads a duration; whole milliseconds are kept, the rest is cut.
pub fn parse_duration(text: &str) -> Result<Duration, DurationError> {
    let number = Number::before_unit(text).ok_or(DurationError::NoNumber)?;
    let unit_ms: u64 = match number.unit.trim() {
        "ms" => 1,
        "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        "d" => 86_400_000,
        "" => return Err(DurationError::NoUnit),
        _ => return Err(DurationError::UnknownUnit),
    };
    // Three digits of a fraction are worth a millisecond.
    number.times(unit_ms).map(Duration::from_millis).ok_or(DurationError::TooLong)
}
