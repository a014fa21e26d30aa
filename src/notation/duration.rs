//! Durations as people write them: `500ms`, `1s`, `1.5s`, `2m`, `1h`.

use std::time::Duration;

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
    let text = text.trim();
    let digits = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    if whole.is_empty() || fraction.contains('.') {
        return Err(DurationError::NoNumber);
    }
    let unit_ms: u64 = match unit.trim() {
        "ms" => 1,
        "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        "d" => 86_400_000,
        "" => return Err(DurationError::NoUnit),
        _ => return Err(DurationError::UnknownUnit),
    };
    let whole: u64 = whole.parse().map_err(|_| DurationError::TooLong)?;
    // Three digits of a fraction are worth a millisecond; more are cut.
    let thousandths = fraction
        .chars()
        .chain("000".chars())
        .take(3)
        .fold(0, |sum, digit| sum * 10 + u64::from(digit.to_digit(10).expect("invariant: only digits were taken")));
    let whole_ms = whole.checked_mul(unit_ms).ok_or(DurationError::TooLong)?;
    let ms = whole_ms.checked_add(thousandths * unit_ms / 1_000).ok_or(DurationError::TooLong)?;
    Ok(Duration::from_millis(ms))
}
