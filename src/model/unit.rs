//! Units of a series, and the one place where a value becomes text.
//!
//! Invariant: every finite value has a short text in plain ASCII, every other value is "n/a". Nothing else in the
//! program formats a measured value, so one number reads the same in a legend, on an axis and in a table.

use serde::{Deserialize, Serialize};

#[cfg(test)]
mod tests;

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

/// How the values of one axis are written: all with one divisor, one suffix and as many decimals.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TickFormat {
    divisor: f64,
    suffix: &'static str,
    decimals: u8,
}

/// What is shown for a value that is no number.
const NOT_A_NUMBER: &str = "n/a";

const MINUTE: f64 = 60.0;
const HOUR: f64 = 60.0 * MINUTE;
const DAY: f64 = 24.0 * HOUR;

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

/// Largest divisor not above the value decides; the last row of each table is the smallest.
type Prefixes = &'static [(f64, &'static str)];

const DECIMAL: Prefixes = &[(1e18, "E"), (1e15, "P"), (1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k"), (1.0, "")];
const IEC: Prefixes = &[
    (1_152_921_504_606_846_976.0, " EiB"),
    (1_125_899_906_842_624.0, " PiB"),
    (1_099_511_627_776.0, " TiB"),
    (1_073_741_824.0, " GiB"),
    (1_048_576.0, " MiB"),
    (1_024.0, " KiB"),
    (1.0, " B"),
];
const IEC_RATE: Prefixes = &[
    (1_152_921_504_606_846_976.0, " EiB/s"),
    (1_125_899_906_842_624.0, " PiB/s"),
    (1_099_511_627_776.0, " TiB/s"),
    (1_073_741_824.0, " GiB/s"),
    (1_048_576.0, " MiB/s"),
    (1_024.0, " KiB/s"),
    (1.0, " B/s"),
];
const BELOW_A_SECOND: Prefixes = &[(1.0, " s"), (1e-3, " ms"), (1e-6, " us"), (1e-9, " ns")];
const DURATION: Prefixes =
    &[(DAY, " d"), (HOUR, " h"), (MINUTE, " min"), (1.0, " s"), (1e-3, " ms"), (1e-6, " us"), (1e-9, " ns")];

// === impl Unit ===

impl Unit {
    /// The value as a person reads it: about three digits, with the unit.
    pub fn format(self, value: f64) -> String {
        let mut out = String::with_capacity(16);
        self.write(value, &mut out);
        out
    }

    /// `format` into a text that is there already.
    pub fn write(self, value: f64, out: &mut String) {
        if !value.is_finite() {
            out.push_str(NOT_A_NUMBER);
            return;
        }
        let size = value.abs();
        // A minus before a text of zeros would be a lie told by rounding; the start is remembered to take it back.
        let start = out.len();
        if value < 0.0 {
            out.push('-');
        }
        match self {
            Unit::None => write_number(size, out),
            Unit::Percent => {
                write_fixed(size, if size < 99.95 { 1 } else { 0 }, out);
                out.push('%');
            }
            Unit::Bytes => write_prefixed(size, IEC, out),
            Unit::BytesPerSecond => write_prefixed(size, IEC_RATE, out),
            Unit::Seconds => write_seconds(size, out),
        }
        if value < 0.0 && !out[start..].bytes().any(|byte| byte.is_ascii_digit() && byte != b'0') {
            out.remove(start);
        }
    }

    /// The value with a fixed number of decimals, so that it does not change its width from one second to the next.
    /// Values of a thousand or more are shown as `format` shows them.
    pub fn format_fixed(self, value: f64, decimals: u8) -> String {
        let small = self == Unit::None && value.is_finite() && value.abs() < 1e3;
        if !small {
            return self.format(value);
        }
        let mut out = String::with_capacity(16);
        let negative = value < 0.0 && value.abs() >= 0.5 * 10f64.powi(-i32::from(decimals));
        if negative {
            out.push('-');
        }
        write_fixed(value.abs(), decimals, &mut out);
        out
    }

    /// The smallest human step of an axis that is not below `rough`; `rough` must be positive and finite.
    pub fn step(self, rough: f64) -> f64 {
        match self {
            Unit::None | Unit::Percent => decimal_step(rough),
            Unit::Bytes | Unit::BytesPerSecond if rough > 1.0 => 2f64.powf(rough.log2().ceil()),
            Unit::Bytes | Unit::BytesPerSecond => decimal_step(rough),
            Unit::Seconds if rough <= 0.5 => decimal_step(rough),
            Unit::Seconds => {
                SECOND_STEPS.into_iter().find(|step| *step >= rough).unwrap_or_else(|| DAY * decimal_step(rough / DAY))
            }
        }
    }

    /// How to write ticks that lie `step` apart on an axis whose largest magnitude is `extent`.
    pub fn ticks(self, extent: f64, step: f64) -> TickFormat {
        let prefixes = match self {
            Unit::None => DECIMAL,
            Unit::Percent => &[(1.0, "%")],
            Unit::Bytes => IEC,
            Unit::BytesPerSecond => IEC_RATE,
            Unit::Seconds => DURATION,
        };
        let (divisor, suffix) = pick(prefixes, extent);
        let scaled = step / divisor;
        // As many decimals as tell one tick from the next; a step of 2.5 needs one more than a step of 2.
        let decimals = (0..=6u8)
            .find(|decimals| {
                let shifted = scaled * 10f64.powi(i32::from(*decimals));
                shifted >= 0.999 && (shifted - shifted.round()).abs() < 1e-6 * shifted
            })
            .unwrap_or(6);
        TickFormat { divisor, suffix, decimals }
    }
}

// === impl TickFormat ===

impl TickFormat {
    pub fn format(self, value: f64) -> String {
        let scaled = value / self.divisor;
        let tiny = 0.5 * 10f64.powi(-i32::from(self.decimals));
        let mut out = String::with_capacity(16);
        if value != 0.0 && (scaled.abs() < tiny || scaled.abs() >= 1e9) {
            write_scientific(value, &mut out);
        } else if value == 0.0 {
            // Zero needs no decimals, and no prefix: it is nothing of any of them.
            out.push('0');
            if self.suffix == "%" {
                out.push('%');
            }
            return out;
        } else {
            if scaled < 0.0 {
                out.push('-');
            }
            write_fixed(scaled.abs(), self.decimals, &mut out);
        }
        out.push_str(self.suffix);
        out
    }
}

/// The row of a table of prefixes that fits a magnitude.
fn pick(prefixes: Prefixes, size: f64) -> (f64, &'static str) {
    let smallest = prefixes[prefixes.len() - 1];
    prefixes.iter().copied().find(|(divisor, _)| size >= *divisor).unwrap_or(smallest)
}

/// 1, 2, 2.5 or 5 times a power of ten.
fn decimal_step(rough: f64) -> f64 {
    let power = 10f64.powf(rough.log10().floor());
    // The tolerance keeps a rough step of 0.3 / 3 at 0.1.
    let factor = rough / power * (1.0 - 1e-9);
    let nice = [1.0, 2.0, 2.5, 5.0].into_iter().find(|nice| *nice >= factor).unwrap_or(10.0);
    nice * power
}

/// A bare number: whole ones below a thousand as they are, others with three digits.
fn write_number(size: f64, out: &mut String) {
    if size != 0.0 && size < 0.000_95 {
        write_scientific(size, out);
    } else if size < 1e3 && size.fract() == 0.0 {
        write_fixed(size, 0, out);
    } else {
        write_prefixed(size, DECIMAL, out);
    }
}

/// Three digits and a prefix; rounding up into the next prefix takes that prefix.
fn write_prefixed(size: f64, prefixes: Prefixes, out: &mut String) {
    let index =
        prefixes.iter().position(|(divisor, _)| size >= *divisor).unwrap_or_else(|| prefixes.len().saturating_sub(1));
    let (divisor, suffix) = prefixes[index];
    let scaled = size / divisor;
    if scaled >= 99_999.5 {
        write_scientific(size, out);
        out.push_str(prefixes[prefixes.len() - 1].1);
        return;
    }
    let decimal = prefixes.len() == DECIMAL.len() && prefixes[0].1 == DECIMAL[0].1;
    let whole = !decimal && index + 1 == prefixes.len() && scaled.fract() == 0.0;
    let decimals = match scaled {
        _ if whole => 0,
        _ if scaled < 9.995 && decimal => 2,
        _ if scaled < 99.95 => 1,
        _ => 0,
    };
    let next = index.checked_sub(1).map(|index| prefixes[index]);
    match next {
        Some((larger, suffix)) if decimals == 0 && scaled.round() * divisor >= larger => {
            write_fixed(1.0, if decimal { 2 } else { 1 }, out);
            out.push_str(suffix);
        }
        _ => {
            write_fixed(scaled, decimals, out);
            out.push_str(suffix);
        }
    }
}

/// A span: below a minute with one unit, from there with two.
fn write_seconds(size: f64, out: &mut String) {
    if size == 0.0 {
        out.push_str("0 s");
    } else if size < 0.9995e-9 {
        write_scientific(size, out);
        out.push_str(" s");
    } else if size < 59.95 {
        let (divisor, suffix) = pick(BELOW_A_SECOND, size * 1.0005);
        let scaled = size / divisor;
        let decimals = if scaled.fract() == 0.0 || scaled >= 99.95 { 0 } else { 1 };
        write_fixed(scaled, decimals, out);
        out.push_str(suffix);
    } else if size < 10_000.0 * DAY {
        // A span of whole seconds: what is left out is rounded down, as people count time.
        let whole = (size + 0.05) as u64;
        let (minutes, hours, days) = (whole / 60, whole / 3_600, whole / 86_400);
        match (days, hours) {
            (0, 0) => write_pair(minutes, 'm', whole % 60, 's', out),
            (0, _) => write_pair(hours, 'h', minutes % 60, 'm', out),
            _ => write_pair(days, 'd', hours % 24, 'h', out),
        }
    } else {
        write_number(size / DAY, out);
        out.push_str(" d");
    }
}

/// `3d 04h`: the second number always has two digits.
fn write_pair(large: u64, large_suffix: char, small: u64, small_suffix: char, out: &mut String) {
    write_whole(large, out);
    out.push(large_suffix);
    out.push(' ');
    if small < 10 {
        out.push('0');
    }
    write_whole(small, out);
    out.push(small_suffix);
}

/// A number that is not negative, with fixed decimals. Integer arithmetic: several times faster than `format!` and
/// exact enough, because at most six digits of it are ever shown.
fn write_fixed(size: f64, decimals: u8, out: &mut String) {
    if size >= 1e9 {
        write_scientific(size, out);
        return;
    }
    let power = 10u64.pow(u32::from(decimals));
    let scaled = (size * power as f64).round() as u64;
    write_whole(scaled / power, out);
    if decimals > 0 {
        out.push('.');
        let mut place = power / 10;
        while place > 0 {
            out.push(digit(scaled / place));
            place /= 10;
        }
    }
}

fn write_whole(value: u64, out: &mut String) {
    let mut place = 1u64;
    while value / place >= 10 {
        place *= 10;
    }
    while place > 0 {
        out.push(digit(value / place));
        place /= 10;
    }
}

fn digit(value: u64) -> char {
    char::from(b'0' + (value % 10) as u8)
}

/// What no prefix reaches: `1.3e-7`.
fn write_scientific(value: f64, out: &mut String) {
    use std::fmt::Write;
    write!(out, "{value:.1e}").expect("invariant: writing to a String does not fail");
}
