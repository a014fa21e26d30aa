//! Steps and labels of an axis.

use super::Unit;
use super::number::{self, DAY, DECIMALS_MAX, HOUR, MINUTE};

/// How the values of one axis are written: all with one divisor, one suffix and as many decimals.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TickFormat {
    unit: Unit,
    divisor: f64,
    prefix: &'static str,
    decimals: u8,
}

/// Steps of an axis counting seconds, from one second up.
const SECOND_STEPS: [f64; 20] = [
    1.0,
    2.0,
    5.0,
    10.0,
    15.0,
    30.0,
    MINUTE,
    2.0 * MINUTE,
    5.0 * MINUTE,
    10.0 * MINUTE,
    15.0 * MINUTE,
    30.0 * MINUTE,
    HOUR,
    2.0 * HOUR,
    3.0 * HOUR,
    6.0 * HOUR,
    12.0 * HOUR,
    DAY,
    2.0 * DAY,
    7.0 * DAY,
];

// === impl TickFormat ===

impl TickFormat {
    pub(super) fn new(unit: Unit, extent: f64, step: f64) -> TickFormat {
        let prefixes = unit.form().map_or(number::DURATION, |form| form.prefixes);
        let (mut divisor, mut prefix) = number::pick(prefixes, extent);
        let mut decimals = decimals(step / divisor);
        // Half a minute is 30 seconds, a quarter of an hour 15 minutes.
        if unit == Unit::Seconds && (decimals > 1 && divisor > MINUTE || decimals > 0 && divisor == MINUTE) {
            (divisor, prefix) = number::pick(prefixes, divisor * 0.99);
            decimals = self::decimals(step / divisor);
        }
        TickFormat { unit, divisor, prefix, decimals }
    }

    pub fn format(self, value: f64) -> String {
        let mut out = String::with_capacity(16);
        self.write(value, &mut out);
        out
    }

    /// `format` into a text that is there already.
    pub fn write(self, value: f64, out: &mut String) {
        let scaled = value / self.divisor;
        let tiny = 0.5 * 10f64.powi(-i32::from(self.decimals));
        if value == 0.0 {
            // Zero needs no decimals, and no prefix: it is nothing of any of them.
            out.push_str(if self.unit == Unit::Percent { "0%" } else { "0" });
            return;
        }
        if scaled.abs() < tiny || scaled.abs() >= 1e9 {
            // A power of ten counts the unit itself.
            let size = if self.unit == Unit::Seconds { scaled } else { value };
            number::write_scientific(size, out);
            out.push_str(if self.unit == Unit::Seconds { self.prefix } else { self.blank() });
        } else {
            if scaled < 0.0 {
                out.push('-');
            }
            number::write_fixed(scaled.abs(), self.decimals, out);
            out.push_str(self.prefix);
        }
        if !matches!(self.unit, Unit::Custom(own) if !own.on_ticks()) {
            self.unit.write_tail(out);
        }
    }

    /// The blank before a unit that takes prefixes.
    fn blank(self) -> &'static str {
        if self.prefix.starts_with(' ') { " " } else { "" }
    }
}

/// As many decimals as tell one tick from the next; a step of 2.5 needs one more than a step of 2.
fn decimals(step: f64) -> u8 {
    let tells = |decimals: &u8| {
        let shifted = step * 10f64.powi(i32::from(*decimals));
        shifted >= 0.999 && (shifted - shifted.round()).abs() < 1e-6 * shifted
    };
    (0..=DECIMALS_MAX).find(tells).unwrap_or(DECIMALS_MAX)
}

/// 1, 2, 2.5 or 5 times a power of ten.
pub(super) fn decimal_step(rough: f64) -> f64 {
    let power = 10f64.powf(rough.log10().floor());
    // The tolerance keeps a rough step of 0.3 / 3 at 0.1.
    let factor = rough / power * (1.0 - 1e-9);
    let nice = [1.0, 2.0, 2.5, 5.0].into_iter().find(|nice| *nice >= factor).unwrap_or(10.0);
    nice * power
}

pub(super) fn second_step(rough: f64) -> f64 {
    if rough <= 0.5 {
        return decimal_step(rough);
    }
    SECOND_STEPS.into_iter().find(|step| *step >= rough).unwrap_or_else(|| DAY * decimal_step(rough / DAY))
}
