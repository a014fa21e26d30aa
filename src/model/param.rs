//! Parameters of a chart: what its file declares of them, and what a viewer's words mean by that.
//!
//! Invariant: a value that is accepted is of the declared type, within the declared bounds and, where they are listed, one
//! of the declared choices. No complaint repeats a viewer's words: it may be shown to others.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::origin::SqlValue;
use crate::base::{bounded, limits};

/// What a parameter's value is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ParamKind {
    #[default]
    Text,
    Int,
    Float,
    Bool,
}

/// One parameter as its chart declares it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ParamFacts {
    #[serde(deserialize_with = "bounded::text::<_, { limits::PARAM_NAME_BYTES_MAX }>")]
    pub name: String,
    /// For people; empty where nothing is said.
    #[serde(deserialize_with = "bounded::cut::<_, { limits::TITLE_BYTES_MAX }>")]
    pub title: String,
    #[serde(rename = "type")]
    pub kind: ParamKind,
    /// What counts where a viewer says nothing; without one the viewer has to.
    pub default: Option<String>,
    /// All values there are; any where the list is empty.
    #[serde(deserialize_with = "bounded::texts::<_, { limits::PARAM_CHOICES_MAX }, { limits::PARAM_BYTES_MAX }>")]
    pub one_of: Vec<String>,
    /// Of numbers; never NaN.
    pub min: Option<f64>,
    pub max: Option<f64>,
    /// Of texts, in bytes.
    pub length_max: Option<u16>,
}

/// Numbers are finite.
impl Eq for ParamFacts {}

/// Values by the names of their parameters.
pub type Values = BTreeMap<String, SqlValue>;

/// A universally unique identifier.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Uuid(pub [u8; 16]);

/// What a viewer asks for by what is declared, or everything that is wrong with it. What is not declared is passed over:
/// it is meant for another board.
pub fn values(declared: &[ParamFacts], asked: &BTreeMap<String, String>) -> Result<Values, Vec<String>> {
    let mut values = Values::new();
    let mut wrong = Vec::new();
    for param in declared {
        match param.value(asked.get(&param.name).map(String::as_str)) {
            Ok(value) => drop(values.insert(param.name.clone(), value)),
            Err(why) => wrong.push(why),
        }
    }
    if wrong.is_empty() { Ok(values) } else { Err(wrong) }
}

// === impl ParamKind ===

impl ParamKind {
    pub const WORDS: &[&str] = &["text", "int", "float", "bool"];

    pub fn named(word: &str) -> Option<ParamKind> {
        let all = [ParamKind::Text, ParamKind::Int, ParamKind::Float, ParamKind::Bool];
        all.into_iter().find(|kind| kind.word() == word)
    }

    pub fn word(self) -> &'static str {
        ParamKind::WORDS[self as usize]
    }
}

// === impl ParamFacts ===

impl ParamFacts {
    /// Whether all its values are known beforehand.
    pub fn is_enumerated(&self) -> bool {
        !self.one_of.is_empty() || self.kind == ParamKind::Bool
    }

    /// All of them, where they are.
    pub fn choices(&self) -> Vec<SqlValue> {
        match (self.one_of.is_empty(), self.kind) {
            (true, ParamKind::Bool) => vec![SqlValue::Flag(false), SqlValue::Flag(true)],
            _ => self.one_of.iter().filter_map(|text| self.parse(text).ok()).collect(),
        }
    }

    /// What it takes of a list of boards.
    pub fn bytes(&self) -> usize {
        let texts = [self.name.as_str(), self.title.as_str(), self.default.as_deref().unwrap_or_default()];
        let choices = self.one_of.iter().map(|text| text.len() + 2).sum::<usize>();
        limits::PARAM_OVERHEAD_BYTES + texts.iter().map(|text| text.len()).sum::<usize>() + choices
    }

    /// What a viewer's words mean; the default where there are none.
    pub fn value(&self, said: Option<&str>) -> Result<SqlValue, String> {
        let name = &self.name;
        let Some(text) = said.or(self.default.as_deref()) else {
            return Err(format!("the parameter {name} is missing: say --param {name}={}", self.example()));
        };
        let value = self.parse(text).map_err(|why| format!("the parameter {name} {why}"))?;
        let is_listed = self.one_of.is_empty() || self.one_of.iter().any(|one| self.parse(one).as_ref() == Ok(&value));
        match is_listed {
            true => Ok(value),
            false => Err(format!("the parameter {name} can be: {}", self.one_of.join(", "))),
        }
    }

    /// A value of its type and within its bounds, or what it must be.
    pub fn parse(&self, text: &str) -> Result<SqlValue, String> {
        if text.contains('\0') {
            return Err("holds a zero byte, which no text may".to_owned());
        }
        match self.kind {
            ParamKind::Text => {
                let max = self.length_max.map_or(limits::PARAM_BYTES_MAX, usize::from);
                match text.len() <= max {
                    true => Ok(SqlValue::Text(text.to_owned())),
                    false => Err(format!("may have {max} bytes, and has {}", text.len())),
                }
            }
            ParamKind::Int => {
                let number = text.parse::<i64>().map_err(|_| "must be a whole number, such as 5".to_owned())?;
                self.within(number as f64).map(|()| SqlValue::Integer(number))
            }
            ParamKind::Float => match text.parse::<f64>().ok().filter(|number| number.is_finite()) {
                Some(number) => self.within(number).map(|()| SqlValue::Float(number)),
                None => Err("must be a number, such as 0.5".to_owned()),
            },
            ParamKind::Bool => match text {
                "true" => Ok(SqlValue::Flag(true)),
                "false" => Ok(SqlValue::Flag(false)),
                _ => Err("must be true or false".to_owned()),
            },
        }
    }

    fn within(&self, number: f64) -> Result<(), String> {
        let bounds = match (self.min, self.max) {
            (Some(min), Some(max)) => format!("between {min} and {max}"),
            (Some(min), None) => format!("at least {min}"),
            (None, Some(max)) => format!("at most {max}"),
            (None, None) => return Ok(()),
        };
        let fits = self.min.is_none_or(|min| number >= min) && self.max.is_none_or(|max| number <= max);
        if fits { Ok(()) } else { Err(format!("must be {bounds}")) }
    }

    fn example(&self) -> &str {
        match (self.one_of.first(), self.kind) {
            (Some(first), _) => first,
            (None, ParamKind::Text) => "core",
            (None, ParamKind::Int) => "5",
            (None, ParamKind::Float) => "0.5",
            (None, ParamKind::Bool) => "true",
        }
    }
}

// === impl Uuid ===

impl Uuid {
    /// Made of a checksum over a name, as version 8 of RFC 9562 leaves to whoever makes it.
    pub fn of_checksum(checksum: [u8; 32]) -> Uuid {
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&checksum[..16]);
        bytes[6] = bytes[6] & 0x0f | 0x80;
        bytes[8] = bytes[8] & 0x3f | 0x80;
        Uuid(bytes)
    }

    pub fn parse(text: &str) -> Option<Uuid> {
        let dashes = [8, 13, 18, 23];
        let fits = |(index, byte): (usize, u8)| match dashes.contains(&index) {
            true => byte == b'-',
            false => byte.is_ascii_hexdigit(),
        };
        if text.len() != 36 || !text.bytes().enumerate().all(fits) {
            return None;
        }
        let digits: Vec<u8> = text.bytes().filter(|byte| *byte != b'-').collect();
        let mut bytes = [0; 16];
        for (byte, pair) in bytes.iter_mut().zip(digits.chunks(2)) {
            *byte = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
        }
        Some(Uuid(bytes))
    }
}

impl fmt::Display for Uuid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, byte) in self.0.iter().enumerate() {
            let dash = if matches!(index, 4 | 6 | 8 | 10) { "-" } else { "" };
            write!(f, "{dash}{byte:02x}")?;
        }
        Ok(())
    }
}

impl Serialize for Uuid {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Uuid {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Uuid, D::Error> {
        let text = bounded::text::<_, 36>(deserializer)?;
        Uuid::parse(&text).ok_or_else(|| serde::de::Error::custom("this is no UUID"))
    }
}

#[cfg(test)]
mod tests;
