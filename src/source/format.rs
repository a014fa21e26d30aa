//! What programs print and files hold, understood: numbers, `name value`, JSON lines, checks for Nagios.
//!
//! Invariant: pure functions of the text. Any bytes become values, or a count of what was not understood with the first
//! of it in safe words; nothing grows beyond `base::limits`. Whether a value is taken is decided elsewhere.

pub mod json;
pub mod line;
pub mod nagios;
pub mod pairs;

use crate::base::{Wall, limits};
use crate::label::Label;
use crate::model::origin::Output;
use crate::model::{Kind, SeriesKey, Unit};

/// One value as it was told.
#[derive(Clone, Debug, PartialEq)]
pub struct Value {
    pub key: SeriesKey,
    pub kind: Kind,
    /// None for what the source's values are in.
    pub unit: Option<Unit>,
    /// None for now.
    pub at: Option<Wall>,
    pub value: f64,
}

/// Everything that was understood of a text, and what was not.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Told {
    /// At most `limits::SOURCE_SAMPLES_MAX`.
    pub values: Vec<Value>,
    /// Values beyond those.
    pub beyond: usize,
    /// Lines that were not understood.
    pub strange: usize,
    /// The first of them, and why.
    pub strange_first: Option<String>,
}

/// Reads what a command printed before it ended with status `code`. Series are named after `prefix`.
pub fn read(output: Output, prefix: &str, text: &str, code: i32) -> Told {
    match output {
        Output::Auto => read(guess(text), prefix, text, code),
        Output::Number => number(prefix, text),
        Output::Pairs => pairs::read(prefix, text),
        Output::Ndjson => json::read(prefix, text),
        Output::Nagios => nagios::read(prefix, text, code),
    }
}

/// What the first line with something on it looks like.
fn guess(text: &str) -> Output {
    let first = text.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or_default();
    if decimal(first).is_some() {
        // Several bare numbers have no names: the complaint about that is the one for numbers.
        Output::Number
    } else if first.starts_with('{') {
        Output::Ndjson
    } else if first.split_once('|').is_some_and(|(_, data)| data.contains('=')) {
        Output::Nagios
    } else {
        Output::Pairs
    }
}

fn number(prefix: &str, text: &str) -> Told {
    let mut told = Told::default();
    let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let first = lines.next().unwrap_or_default();
    let more = lines.count();
    match decimal(first) {
        Some(_) if more > 0 => told.strange(first, "more than one line stands where one number belongs"),
        Some(value) => {
            told.value(Value { key: SeriesKey::plain(prefix), kind: Kind::Gauge, unit: None, at: None, value })
        }
        None => told.strange(first, "this is no number"),
    }
    told
}

/// A number as programs print it, infinities and NaN among them: that they are not taken is said elsewhere.
pub fn decimal(text: &str) -> Option<f64> {
    // No number is longer, and a parse of more would only cost time.
    if text.len() > 64 { None } else { text.parse().ok() }
}

/// A name of a series made of the prefix and what a program calls it.
pub fn series(prefix: &str, word: &str) -> String {
    let mut name = String::with_capacity(prefix.len() + 1 + word.len().min(limits::SERIES_TEXT_BYTES_MAX));
    name.push_str(prefix);
    name.push('_');
    push_word(&mut name, word);
    name
}

/// A label's name or a part of a series': letters, digits and underscores, all else as an underscore.
pub fn push_word(name: &mut String, word: &str) {
    // One more than there may be: too long a name is refused and not cut into another one.
    let room = (limits::SERIES_TEXT_BYTES_MAX + 1).saturating_sub(name.len());
    name.extend(word.chars().take(room).map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }));
}

/// A stretch of a foreign text as safe words within a sentence.
pub fn words(text: &str) -> String {
    let line = text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
    Label::plain(line.trim()).clip(limits::SOURCE_WORDS_COLUMNS_MAX).as_str().to_owned()
}

/// A time as programs tell it: milliseconds or seconds since 1970, or RFC 3339.
pub fn time(text: &str) -> Option<Wall> {
    match decimal(text) {
        Some(number) => epoch(number),
        // No such time is longer.
        None if text.len() <= 64 => text.parse::<jiff::Timestamp>().ok().map(|at| Wall(at.as_millisecond())),
        None => None,
    }
}

/// Seconds or milliseconds since 1970, told apart by size: in seconds, 10^11 lies in the year 5138; in milliseconds, in
/// 1973.
pub fn epoch(number: f64) -> Option<Wall> {
    let millis = if number.abs() < 1e11 { number * 1e3 } else { number };
    (millis.abs() < 1e15).then_some(Wall(millis as i64))
}

// === impl Told ===

impl Told {
    pub fn value(&mut self, value: Value) {
        if self.values.len() < limits::SOURCE_SAMPLES_MAX {
            self.values.push(value);
        } else {
            self.beyond += 1;
        }
    }

    pub fn strange(&mut self, line: &str, why: &str) {
        self.strange += 1;
        if self.strange_first.is_none() {
            let line = words(line);
            self.strange_first = Some(if line.is_empty() { why.to_owned() } else { format!("{why}: {line}") });
        }
    }
}

/// Lines with something on them; those that are too long are told of and left out.
pub fn lines<'a>(text: &'a str, told: &mut Told) -> Vec<&'a str> {
    let mut all = Vec::new();
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
        if line.len() > limits::SOURCE_LINE_BYTES_MAX {
            told.strange(line, "this line is too long");
        } else {
            all.push(line);
        }
    }
    all
}

#[cfg(test)]
mod tests;
