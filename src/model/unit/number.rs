//! Numbers as text: prefixes, spans, decimals.
//!
//! Invariant: sizes only, so nothing here is negative; rounding up into the next prefix takes that prefix.

/// Largest divisor not above the value decides; the last row of each table is the smallest.
pub(super) type Prefixes = &'static [(f64, &'static str)];

/// How many digits are shown.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Digits {
    /// Three, whole numbers below a thousand as they are.
    Three,
    /// One decimal below a hundred, whole numbers of the smallest prefix as they are.
    Two,
    /// One decimal below a hundred, always.
    One,
    /// All before the point, up to six.
    All,
}

/// Decimals of any text at most.
pub(super) const DECIMALS_MAX: u8 = 6;

pub(super) const MINUTE: f64 = 60.0;
pub(super) const HOUR: f64 = 60.0 * MINUTE;
pub(super) const DAY: f64 = 24.0 * HOUR;

pub(super) const BARE: Prefixes = &[(1.0, "")];
pub(super) const COUNT: Prefixes =
    &[(1e18, "E"), (1e15, "P"), (1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k"), (1.0, "")];
pub(super) const SI: Prefixes =
    &[(1e18, " E"), (1e15, " P"), (1e12, " T"), (1e9, " G"), (1e6, " M"), (1e3, " k"), (1.0, " ")];
pub(super) const SI_SMALL: Prefixes = &[
    (1e18, " E"),
    (1e15, " P"),
    (1e12, " T"),
    (1e9, " G"),
    (1e6, " M"),
    (1e3, " k"),
    (1.0, " "),
    (1e-3, " m"),
    (1e-6, " u"),
    (1e-9, " n"),
];
pub(super) const IEC: Prefixes = &[
    (1_152_921_504_606_846_976.0, " Ei"),
    (1_125_899_906_842_624.0, " Pi"),
    (1_099_511_627_776.0, " Ti"),
    (1_073_741_824.0, " Gi"),
    (1_048_576.0, " Mi"),
    (1_024.0, " Ki"),
    (1.0, " "),
];
const BELOW_A_SECOND: Prefixes = &[(1.0, " s"), (1e-3, " ms"), (1e-6, " us"), (1e-9, " ns")];
pub(super) const DURATION: Prefixes =
    &[(DAY, " d"), (HOUR, " h"), (MINUTE, " min"), (1.0, " s"), (1e-3, " ms"), (1e-6, " us"), (1e-9, " ns")];

/// The row of a table of prefixes that fits a magnitude.
pub(super) fn pick(prefixes: Prefixes, size: f64) -> (f64, &'static str) {
    let smallest = prefixes[prefixes.len() - 1];
    prefixes.iter().copied().find(|(divisor, _)| size >= *divisor).unwrap_or(smallest)
}

/// A size with its prefix; what no prefix reaches is a power of ten.
pub(super) fn write_prefixed(size: f64, prefixes: Prefixes, digits: Digits, out: &mut String) {
    let last = prefixes.len() - 1;
    let index = prefixes.iter().position(|(divisor, _)| size >= *divisor).unwrap_or(last);
    let (divisor, prefix) = prefixes[index];
    let scaled = size / divisor;
    if digits == Digits::One && scaled >= 9_999.5 {
        write_prefixed(size, COUNT, Digits::Three, out);
        return;
    }
    let too_small = matches!(digits, Digits::Three | Digits::All) && size != 0.0 && scaled < 0.000_95;
    let too_large = if digits == Digits::All { 999_999.5 } else { 99_999.5 };
    if too_small || scaled >= too_large {
        write_scientific(size, out);
        out.push_str(prefixes.iter().find(|(divisor, _)| *divisor == 1.0).map_or("", |(_, prefix)| prefix));
        return;
    }
    let whole = match digits {
        Digits::Three => size < 1e3 && size.fract() == 0.0,
        Digits::Two => index == last && scaled.fract() == 0.0,
        Digits::All => size.fract() == 0.0,
        Digits::One => false,
    };
    let decimals = match digits {
        _ if whole => 0,
        Digits::Three | Digits::All if scaled < 9.995 => 2,
        _ if scaled < 99.95 => 1,
        _ => 0,
    };
    let larger = index.checked_sub(1).map(|index| prefixes[index]);
    match larger {
        Some((larger, prefix)) if decimals == 0 && scaled.round() * divisor >= larger * (1.0 - 1e-9) => {
            write_fixed(1.0, if digits == Digits::Three { 2 } else { 1 }, out);
            out.push_str(prefix);
        }
        _ => {
            write_fixed(scaled, decimals, out);
            out.push_str(prefix);
        }
    }
}

/// A span: below a minute with one unit, from there with two.
pub(super) fn write_seconds(size: f64, out: &mut String) {
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
        write_prefixed(size / DAY, COUNT, Digits::Three, out);
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
pub(super) fn write_fixed(size: f64, decimals: u8, out: &mut String) {
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
pub(super) fn write_scientific(value: f64, out: &mut String) {
    use std::fmt::Write;
    write!(out, "{value:.1e}").expect("invariant: writing to a String does not fail");
}
