//! Thresholds: from which value on something is high, and critical.

use super::Level;

/// Two values that part good from high from critical.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Levels {
    pub high: Option<f64>,
    pub critical: Option<f64>,
    /// Whether small values are the bad ones.
    pub falling: bool,
}

// === impl Levels ===

impl Levels {
    /// A critical value below the high one means that small values are the bad ones.
    pub fn new(high: Option<f64>, critical: Option<f64>) -> Levels {
        let falling = high.zip(critical).is_some_and(|(high, critical)| critical < high);
        Levels { high, critical, falling }
    }

    pub fn of(&self, value: f64) -> Level {
        let reached = |threshold: Option<f64>| {
            threshold.is_some_and(|threshold| if self.falling { value <= threshold } else { value >= threshold })
        };
        match () {
            () if reached(self.critical) => Level::Critical,
            () if reached(self.high) => Level::High,
            () => Level::Good,
        }
    }
}

/// What says a level where no colours can; stands after the value.
pub(super) fn mark(level: Level) -> &'static str {
    match level {
        Level::Good => "",
        Level::High => " !",
        Level::Critical => " !!",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_threshold_belongs_to_the_worse_side() {
        use Level::{Critical, Good, High};
        let rising = Levels::new(Some(75.0), Some(90.0));
        assert_eq!([74.9, 75.0, 90.0].map(|value| rising.of(value)), [Good, High, Critical]);
        let falling = Levels::new(Some(10.0), Some(5.0));
        assert_eq!([10.1, 10.0, 5.0].map(|value| falling.of(value)), [Good, High, Critical]);
        let one = Levels::new(None, Some(1.0));
        assert_eq!([0.0, 1.0, f64::NAN].map(|value| one.of(value)), [Good, Critical, Good]);
    }
}
