//! Units of a series, and the one place where a value becomes text.
//!
//! Invariant: every finite value has a short text, every other value is "n/a"; the text is plain ASCII but for the
//! degree sign and what a person put into a unit of their own. Nothing else in the program formats a measured value, so
//! one number reads the same in a legend, on an axis and in a table.

mod custom;
mod number;
#[cfg(test)]
mod tests;
mod ticks;
mod word;

pub use custom::{Custom, Suffix};
pub use ticks::TickFormat;
pub use word::UnitError;

use number::{Digits, Prefixes};

/// What a value counts. Written and read as a word, see [`Unit::from_str`](std::str::FromStr).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
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
    /// Bytes, shown in powers of 1000.
    BytesSi,
    /// Bytes a second, shown in powers of 1000.
    BytesSiPerSecond,
    /// Bits a second, shown in powers of 1000.
    BitsPerSecond,
    /// Seconds.
    Seconds,
    /// Events a second of one periodic thing.
    Hertz,
    /// Degrees Celsius.
    Celsius,
    /// A unit of somebody's own.
    Custom(Custom),
}

/// How a unit shows sizes.
struct Form {
    prefixes: Prefixes,
    digits: Digits,
}

/// What is shown for a value that is no number.
const NOT_A_NUMBER: &str = "n/a";

// === impl Unit ===

impl Unit {
    /// Columns that a value takes beyond [`Unit::columns`] at most: a minus, a power of ten.
    pub const OUTLIER_COLUMNS: u16 = 4;

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
        match self.form() {
            Some(form) => number::write_prefixed(size, form.prefixes, form.digits, out),
            None => number::write_seconds(size, out),
        }
        if value < 0.0 && !out[start..].bytes().any(|byte| byte.is_ascii_digit() && byte != b'0') {
            out.remove(start);
        }
        self.write_tail(out);
    }

    /// The value with a fixed number of decimals, so that it does not change its width from one second to the next.
    /// Values of a thousand or more, and those of units with a precision of their own, are shown as `format` does.
    pub fn format_fixed(self, value: f64, decimals: u8) -> String {
        let free = matches!(self, Unit::None | Unit::Celsius) || matches!(self, Unit::Custom(own) if !own.is_symbol());
        if !free || !value.is_finite() || value.abs() >= 1e3 {
            return self.format(value);
        }
        let decimals = decimals.min(number::DECIMALS_MAX);
        let mut out = String::with_capacity(16);
        let negative = value < 0.0 && value.abs() >= 0.5 * 10f64.powi(-i32::from(decimals));
        if negative {
            out.push('-');
        }
        number::write_fixed(value.abs(), decimals, &mut out);
        self.write_tail(&mut out);
        out
    }

    /// Columns of the widest text `format` gives of everyday values: those that are not negative and within reach of
    /// the unit's prefixes. All others take [`Unit::OUTLIER_COLUMNS`] more at most.
    pub fn columns(self) -> u16 {
        match self {
            // "1.23k", "42.0%"
            Unit::None | Unit::Percent => 5,
            // "365d 06h", "1023 KiB"
            Unit::Seconds | Unit::Bytes => 8,
            Unit::BytesPerSecond => 10,
            // "99.9 MB"
            Unit::BytesSi => 7,
            Unit::BytesSiPerSecond => 9,
            // "99.9 Mbit/s"
            Unit::BitsPerSecond => 11,
            // "3.60 GHz", "99.9 °C"
            Unit::Hertz => 8,
            Unit::Celsius => 7,
            Unit::Custom(own) => own.columns(),
        }
    }

    /// Columns kept for the labels of an axis.
    pub fn tick_columns(self) -> u16 {
        match self {
            // "12.5k"
            Unit::None => 5,
            // "500 ms"
            Unit::Seconds => 6,
            // "100%", "512 KiB": one digit less than values have.
            Unit::Percent | Unit::Bytes | Unit::BytesPerSecond => self.columns() - 1,
            Unit::Custom(own) => own.tick_columns(),
            _ => self.columns(),
        }
    }

    /// The unit of a rate of values of this unit. A share, a span or a rate has none of its own and becomes a bare
    /// number.
    pub fn per_second(self) -> Unit {
        match self {
            Unit::Bytes => Unit::BytesPerSecond,
            Unit::BytesSi => Unit::BytesSiPerSecond,
            Unit::None => "/s".parse().unwrap_or(Unit::None),
            Unit::Custom(own) if !own.is_rate() => format!("{self}/s").parse().unwrap_or(self),
            _ => Unit::None,
        }
    }

    /// The smallest human step of an axis that is not below `rough`; `rough` must be positive and finite.
    pub fn step(self, rough: f64) -> f64 {
        match self {
            Unit::Bytes | Unit::BytesPerSecond if rough > 1.0 => 2f64.powf(rough.log2().ceil()),
            Unit::Seconds => ticks::second_step(rough),
            _ => ticks::decimal_step(rough),
        }
    }

    /// How to write ticks that lie `step` apart on an axis whose largest magnitude is `extent`.
    pub fn ticks(self, extent: f64, step: f64) -> TickFormat {
        TickFormat::new(self, extent, step)
    }

    /// How sizes are written; none for seconds, which have a way of their own.
    fn form(self) -> Option<Form> {
        let (prefixes, digits) = match self {
            Unit::None => (number::COUNT, Digits::Three),
            Unit::Percent | Unit::Celsius => (number::BARE, Digits::One),
            Unit::Bytes | Unit::BytesPerSecond => (number::IEC, Digits::Two),
            Unit::BytesSi | Unit::BytesSiPerSecond | Unit::BitsPerSecond => (number::SI, Digits::Two),
            Unit::Hertz => (number::SI, Digits::Three),
            Unit::Custom(own) => own.form(),
            Unit::Seconds => return None,
        };
        Some(Form { prefixes, digits })
    }

    /// What follows number and prefix.
    fn write_tail(self, out: &mut String) {
        out.push_str(match self {
            Unit::None | Unit::Seconds => "",
            Unit::Percent => "%",
            Unit::Bytes | Unit::BytesSi => "B",
            Unit::BytesPerSecond | Unit::BytesSiPerSecond => "B/s",
            Unit::BitsPerSecond => "bit/s",
            Unit::Hertz => "Hz",
            Unit::Celsius => " °C",
            Unit::Custom(own) => return own.write_tail(out),
        });
    }
}
