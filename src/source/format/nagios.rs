//! The output of a check for Nagios: `WORDS | 'label'=value[unit];warn;crit;min;max ...`, and the exit status as its
//! state. Of what follows the first line, only what stands behind its bar counts.

use super::{Told, Value, decimal, series};
use crate::base::limits;
use crate::model::{Kind, SeriesKey, Unit};

/// What a check calls its states, by its exit status.
const STATES: [&str; 4] = ["ok", "warning", "critical", "unknown"];
const WORDS_MAX: usize = 1024;

/// Units of values, and what to multiply them with: values are kept in base units.
const UNITS: [(&str, Unit, f64); 10] = [
    ("s", Unit::Seconds, 1.0),
    ("ms", Unit::Seconds, 1e-3),
    ("us", Unit::Seconds, 1e-6),
    ("ns", Unit::Seconds, 1e-9),
    ("%", Unit::Percent, 1.0),
    ("B", Unit::Bytes, 1.0),
    ("KB", Unit::Bytes, 1024.0),
    ("MB", Unit::Bytes, 1_048_576.0),
    ("GB", Unit::Bytes, 1_073_741_824.0),
    ("TB", Unit::Bytes, 1_099_511_627_776.0),
];

/// Whether an exit status is a check's state and no failure of its own.
pub fn is_state(code: i32) -> bool {
    usize::try_from(code).is_ok_and(|code| code < STATES.len())
}

/// The state as `PREFIX_state`, and every value of the performance data.
pub fn read(prefix: &str, text: &str, code: i32) -> Told {
    let mut told = Told::default();
    if is_state(code) {
        let key = SeriesKey::plain(&series(prefix, "state"));
        let unit = Some(Unit::None);
        told.value(Value { key, kind: Kind::Gauge, unit, at: None, value: f64::from(code) });
    }
    for line in super::lines(text, &mut told) {
        let Some((_, data)) = line.split_once('|') else { continue };
        for (read, (label, value)) in perfdata(data).into_iter().enumerate() {
            if read == WORDS_MAX {
                break;
            }
            match measured(value) {
                Some((value, unit, kind)) => {
                    let key = SeriesKey::plain(&series(prefix, label));
                    told.value(Value { key, kind, unit, at: None, value });
                }
                // It may say that a value is not known.
                None if value.starts_with('U') => {}
                None => told.strange(&format!("{label}={value}"), "this is no performance data"),
            }
        }
    }
    told
}

/// Labels and what stands behind their `=`; a label in quotes may have blanks.
fn perfdata(mut text: &str) -> Vec<(&str, &str)> {
    let mut found = Vec::new();
    loop {
        text = text.trim_start();
        let (label, rest) = match text.strip_prefix('\'') {
            Some(quoted) => match quoted.split_once("'=") {
                Some(split) => split,
                None => return found,
            },
            None => match text.split_once('=') {
                Some(split) => split,
                None => return found,
            },
        };
        let end = rest.find(char::is_whitespace).unwrap_or(rest.len());
        if found.len() == limits::SOURCE_SAMPLES_MAX {
            return found;
        }
        found.push((label, &rest[..end]));
        text = &rest[end..];
    }
}

fn measured(text: &str) -> Option<(f64, Option<Unit>, Kind)> {
    let text = text.split(';').next().unwrap_or_default();
    let digits = text.rfind(|c: char| c.is_ascii_digit()).map_or(0, |at| at + 1);
    let value = decimal(&text[..digits])?;
    let unit = &text[digits..];
    if unit == "c" {
        return Some((value, None, Kind::Counter));
    }
    match UNITS.into_iter().find(|(word, ..)| *word == unit) {
        Some((_, unit, scale)) => Some((value * scale, Some(unit), Kind::Gauge)),
        // Units of its own are not ours; without one, the source's serves.
        None if unit.is_empty() => Some((value, None, Kind::Gauge)),
        None => Some((value, Some(unit.parse().unwrap_or_default()), Kind::Gauge)),
    }
}
