//! From rows to values: which column is the time, which are labels, which are numbers.
//!
//! Invariant: pure. What the columns are follows from the query and their names; where nothing is said, numbers are
//! values and words are labels. What is not understood is counted, and the first of it told.

use std::borrow::Cow;
use std::collections::HashSet;

use super::super::format::{self, Told, Value, push_word, words};
use crate::base::{Wall, limits};
use crate::model::origin::SqlQuery;
use crate::model::{Kind, SeriesKey};

/// The label that tells the values of one row apart.
pub const COLUMN: &str = "column";
/// Columns that are the time where none is named.
const TIMES: [&str; 5] = ["time", "at", "timestamp", "ts", "bucket"];
/// A column of this name needs no label.
const VALUE: &str = "value";

/// One value of a row.
#[derive(Clone, Debug, PartialEq)]
pub enum Cell<'a> {
    Nothing,
    Integer(i64),
    Number(f64),
    Text(Cow<'a, str>),
    Time(Wall),
    /// Something else, by the name of its type.
    Other(Cow<'a, str>),
}

/// What a column is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Role {
    Time,
    Label,
    Value,
    /// A value where it is a number, a label where it is a word.
    Either,
    Unused,
}

/// One answer as it comes in, row by row.
#[derive(Debug)]
pub struct Sheet<'a> {
    query: &'a SqlQuery,
    series: String,
    told: &'a mut Told,
    columns: Vec<(String, Role)>,
    /// Whether the name of a column becomes a label.
    is_wide: bool,
    rows: usize,
    bytes: usize,
    numbers: usize,
    /// Series of rows without a time, which can have one row each.
    seen: HashSet<SeriesKey, rustc_hash::FxBuildHasher>,
    cut: Option<String>,
}

// === impl Sheet ===

impl<'a> Sheet<'a> {
    pub fn new(query: &'a SqlQuery, prefix: &str, told: &'a mut Told) -> Sheet<'a> {
        Sheet {
            query,
            series: query.series(prefix),
            told,
            columns: Vec::new(),
            is_wide: false,
            rows: 0,
            bytes: 0,
            numbers: 0,
            seen: HashSet::default(),
            cut: None,
        }
    }

    /// The names of the columns; else what is wrong with them.
    pub fn head(&mut self, names: Vec<String>) -> Result<(), String> {
        if names.is_empty() {
            return Err("it brings no columns; only what reads is asked".to_owned());
        }
        if names.len() > limits::SQL_COLUMNS_MAX {
            return Err(format!("it has {} columns; name the {} you need", names.len(), limits::SQL_COLUMNS_MAX));
        }
        let asked = &self.query.columns;
        let listed = asked.labels.iter().flatten().chain(asked.values.iter().flatten());
        if let Some(missing) = asked.time.iter().chain(listed).find(|name| !names.contains(name)) {
            let list = names.join(", ");
            return Err(format!("there is no column {}; there are {}", words(missing), words(&list)));
        }
        let time = match &asked.time {
            Some(name) => names.iter().position(|other| other == name),
            None => TIMES.iter().find_map(|time| names.iter().position(|name| name.eq_ignore_ascii_case(time))),
        };
        let is_listed =
            |list: &Option<Vec<String>>, name: &String| list.as_ref().is_some_and(|list| list.contains(name));
        let role = |(index, name): (usize, &String)| match () {
            () if is_listed(&asked.values, name) => Role::Value,
            () if is_listed(&asked.labels, name) => Role::Label,
            () if Some(index) == time => Role::Time,
            () => match (asked.values.is_some(), asked.labels.is_some()) {
                (true, true) => Role::Unused,
                (true, false) => Role::Label,
                (false, true) => Role::Value,
                (false, false) => Role::Either,
            },
        };
        let roles: Vec<Role> = names.iter().enumerate().map(role).collect();
        self.is_wide = roles.iter().filter(|role| matches!(role, Role::Value | Role::Either)).count() > 1;
        self.columns = names.into_iter().zip(roles).collect();
        Ok(())
    }

    /// Takes one row; false where no more are wanted. `bytes` is what it weighs.
    pub fn row(&mut self, cells: &[Cell<'_>], bytes: usize) -> bool {
        self.bytes += bytes;
        if self.rows == limits::SQL_ROWS_MAX {
            self.cut = Some(format!("more than {} rows; the rest is not taken", limits::SQL_ROWS_MAX));
        } else if self.bytes > limits::ANSWER_BYTES_MAX {
            let max = limits::ANSWER_BYTES_MAX / 1024 / 1024;
            self.cut = Some(format!("more than {max} MiB; the rest is not taken"));
        }
        if self.cut.is_none() {
            self.rows += 1;
            self.take(cells);
        }
        self.cut.is_none()
    }

    pub fn rows(&self) -> usize {
        self.rows
    }

    /// What is missing of this answer, beside what could not be understood.
    pub fn trouble(&self) -> Option<String> {
        let no_numbers = self.rows > 0 && self.numbers == 0 && self.told.strange == 0;
        self.cut.clone().or(no_numbers.then(|| "no column holds a number".to_owned()))
    }

    fn take(&mut self, cells: &[Cell<'_>]) {
        let mut at = None;
        let mut labels: Vec<(String, String)> = Vec::new();
        let mut values: Vec<(usize, f64)> = Vec::new();
        for (index, ((name, role), cell)) in self.columns.iter().zip(cells).enumerate() {
            let outcome = match (role, cell) {
                (Role::Unused, _) => Ok(()),
                (Role::Time, cell) => time(cell).map(|time| at = Some(time)),
                (_, Cell::Nothing) => Ok(()),
                (_, Cell::Other(kind)) => {
                    Err(format!("it is of the type {}, which is not understood; cast it", words(kind)))
                }
                (Role::Value | Role::Either, Cell::Integer(number)) => {
                    values.push((index, *number as f64));
                    Ok(())
                }
                (Role::Value | Role::Either, Cell::Number(number)) => {
                    values.push((index, *number));
                    Ok(())
                }
                (Role::Value, Cell::Text(text)) => match format::decimal(text.trim()) {
                    Some(number) => {
                        values.push((index, number));
                        Ok(())
                    }
                    None => Err(format!("{:?} is no number", words(text))),
                },
                (Role::Value, Cell::Time(_)) => Err("a time is no number; use extract(epoch from ...)".to_owned()),
                (Role::Label | Role::Either, cell) => label(name, cell).map(|label| labels.push(label)),
            };
            if let Err(why) = outcome {
                return self.told.strange("", &format!("{}, column {}: {why}", self.query.name, words(name)));
            }
        }
        labels.sort();
        if labels.len() + usize::from(self.is_wide) > limits::SERIES_LABELS_MAX {
            let max = limits::SERIES_LABELS_MAX;
            return self.told.strange("", &format!("{}: a row has more than {max} labels", self.query.name));
        }
        for (index, value) in values {
            self.numbers += 1;
            self.value(index, at, labels.clone(), value / f64::from(self.query.divisor.max(1)));
        }
    }

    fn value(&mut self, index: usize, at: Option<Wall>, mut labels: Vec<(String, String)>, value: f64) {
        let name = self.columns[index].0.as_str();
        if self.is_wide && name != VALUE {
            match label(COLUMN, &Cell::Text(name.into())) {
                Ok(label) => labels.push(label),
                Err(why) => return self.told.strange("", &format!("{}: {why}", self.query.name)),
            }
            labels.sort();
        }
        // Names that became one: the first stays.
        labels.dedup_by(|later, first| later.0 == first.0);
        let key = SeriesKey { name: self.series.clone(), labels };
        if at.is_none() && !self.seen.insert(key.clone()) {
            let why = "several rows are one series; add a column time, or labels that tell them apart";
            return self.told.strange("", &format!("{}: {why}", self.query.name));
        }
        if self.told.values.len() == limits::PAST_SAMPLES_MAX {
            let max = limits::PAST_SAMPLES_MAX;
            self.cut = Some(format!("more than {max} values in one turn; the rest is not taken"));
            return;
        }
        self.told.values.push(Value { key, kind: Kind::Gauge, unit: Some(self.query.unit), at, value });
    }
}

/// A time as databases keep it: their own, seconds or milliseconds since 1970, or a text; without a zone it is UTC.
fn time(cell: &Cell<'_>) -> Result<Wall, String> {
    let time = match cell {
        Cell::Time(time) => Some(*time),
        Cell::Integer(number) => format::epoch(*number as f64),
        Cell::Number(number) => format::epoch(*number),
        Cell::Text(text) => text_time(text.trim()),
        Cell::Nothing => return Err("a row has no time".to_owned()),
        Cell::Other(kind) => return Err(format!("it is of the type {}, which is no time", words(kind))),
    };
    time.ok_or_else(|| match cell {
        Cell::Text(text) => format!("{:?} is no time", words(text)),
        _ => "there is no such time".to_owned(),
    })
}

fn text_time(text: &str) -> Option<Wall> {
    if text.len() > 64 {
        return None;
    }
    let civil = || {
        let time = text.parse::<jiff::civil::DateTime>().ok()?;
        let zoned = time.to_zoned(jiff::tz::TimeZone::UTC).ok()?;
        Some(Wall(zoned.timestamp().as_millisecond()))
    };
    format::time(text).or_else(civil)
}

fn label(name: &str, cell: &Cell<'_>) -> Result<(String, String), String> {
    let value: Cow<'_, str> = match cell {
        Cell::Text(text) => Cow::Borrowed(text),
        Cell::Integer(number) => number.to_string().into(),
        Cell::Number(number) => number.to_string().into(),
        Cell::Time(time) => match jiff::Timestamp::from_millisecond(time.0) {
            Ok(time) => time.to_string().into(),
            Err(_) => return Err("there is no such time".to_owned()),
        },
        Cell::Nothing | Cell::Other(_) => "".into(),
    };
    let mut word = String::new();
    push_word(&mut word, name);
    if value.len() > limits::SERIES_TEXT_BYTES_MAX || word.len() > limits::SERIES_TEXT_BYTES_MAX {
        return Err(format!("a label has more than {} bytes; leave it out", limits::SERIES_TEXT_BYTES_MAX));
    }
    Ok((word, value.into_owned()))
}

#[cfg(test)]
mod tests;
