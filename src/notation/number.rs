//! A number and its unit: `1.5s`, `500Mi`.

/// Thousandths of a unit.
const THOUSANDTHS: u64 = 1_000;

/// A number with a fraction, of a unit that somebody else knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Number<'a> {
    whole: &'a str,
    fraction: &'a str,
    pub unit: &'a str,
}

// === impl Number ===

impl Number<'_> {
    /// None where a text does not start with a number.
    pub fn before_unit(text: &str) -> Option<Number<'_>> {
        let text = text.trim();
        let digits = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
        let (number, unit) = text.split_at(digits);
        let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
        (!whole.is_empty() && !fraction.contains('.')).then_some(Number { whole, fraction, unit })
    }

    /// So many units of that size; three digits of the fraction count, and less than one is cut. None where that is too much.
    pub fn times(&self, size: u64) -> Option<u64> {
        let whole: u64 = self.whole.parse().ok()?;
        let digits = self.fraction.chars().chain("000".chars()).take(3);
        let digit = |digit: char| u64::from(digit.to_digit(10).expect("invariant: only digits were taken"));
        let thousandths = digits.fold(0, |sum, next| sum * 10 + digit(next));
        let part = u128::from(thousandths) * u128::from(size) / u128::from(THOUSANDTHS);
        whole.checked_mul(size)?.checked_add(u64::try_from(part).ok()?)
    }
}
