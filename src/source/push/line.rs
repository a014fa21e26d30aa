//! One line that a program pushed, as it stands in its chunk.
//!
//! Invariant: a line that is understood borrows its texts from the chunk, but for those with escapes. Nothing it says is
//! judged here beyond its form.

use std::borrow::Cow;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, Visitor};
use serde_json::error::Category;

use crate::base::{Wall, limits};
use crate::model::Kind;
use crate::source::format;

/// A label's name and value.
pub type Pair<'a> = (Cow<'a, str>, Cow<'a, str>);

/// One sample as it was told, its labels aside.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Line<'a> {
    pub series: Cow<'a, str>,
    pub value: f64,
    /// None for now.
    pub at: Option<Wall>,
    /// None for what the series has.
    pub kind: Option<Kind>,
    pub unit: Option<Cow<'a, str>>,
}

/// Reads one line; its labels go to `labels`, sorted by name, in place of what that held.
///
/// # Errors
/// In words that may quote the line: they are not safe yet.
pub fn read<'a>(line: &'a [u8], labels: &mut Vec<Pair<'a>>) -> Result<Line<'a>, String> {
    labels.clear();
    let mut reader = serde_json::Deserializer::from_slice(line);
    let read = Object(labels).deserialize(&mut reader).and_then(|line| reader.end().map(|()| line));
    read.map_err(|error| match error.classify() {
        Category::Data => {
            let text = error.to_string();
            // Every line is the first of its own.
            text.split(" at line 1 ").next().unwrap_or_default().to_owned()
        }
        Category::Syntax | Category::Eof | Category::Io => format!("this is no JSON at column {}", error.column()),
    })
}

/// The whole line.
struct Object<'l, 'a>(&'l mut Vec<Pair<'a>>);

/// The field `labels`.
struct Labels<'l, 'a>(&'l mut Vec<Pair<'a>>);

/// A text, borrowed where it can be.
struct Text(&'static str);

/// A label's value: text, or what reads as such.
struct Value;

struct Number;

struct Time;

impl<'a> DeserializeSeed<'a> for Object<'_, 'a> {
    type Value = Line<'a>;

    fn deserialize<D: Deserializer<'a>>(self, deserializer: D) -> Result<Line<'a>, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'a> Visitor<'a> for Object<'_, 'a> {
    type Value = Line<'a>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object with `series` and `value`")
    }

    fn visit_map<A: MapAccess<'a>>(self, mut fields: A) -> Result<Line<'a>, A::Error> {
        let (mut series, mut value) = (None, None);
        let mut line = Line::default();
        while let Some(name) = fields.next_key_seed(Text("a field's name"))? {
            match &*name {
                "series" => series = Some(fields.next_value_seed(Text("a series' name"))?),
                "value" => value = Some(fields.next_value_seed(Number)?),
                "at" => line.at = fields.next_value_seed(Time)?,
                "labels" => {
                    self.0.clear();
                    fields.next_value_seed(Labels(self.0))?;
                }
                "kind" => {
                    line.kind = Some(match &*fields.next_value_seed(Text("`gauge` or `counter`"))? {
                        "gauge" => Kind::Gauge,
                        "counter" => Kind::Counter,
                        _ => return Err(A::Error::custom("its kind is neither gauge nor counter")),
                    });
                }
                "unit" => line.unit = Some(fields.next_value_seed(Text("a unit"))?),
                _ => drop(fields.next_value::<IgnoredAny>()?),
            }
        }
        line.series = series.ok_or_else(|| A::Error::custom("it names no series"))?;
        line.value = value.ok_or_else(|| A::Error::custom("it has no value"))?;
        Ok(line)
    }
}

impl<'a> DeserializeSeed<'a> for Labels<'_, 'a> {
    type Value = ();

    fn deserialize<D: Deserializer<'a>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'a> Visitor<'a> for Labels<'_, 'a> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object of labels")
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_map<A: MapAccess<'a>>(self, mut fields: A) -> Result<(), A::Error> {
        while let Some(name) = fields.next_key_seed(Text("a label's name"))? {
            let Some(value) = fields.next_value_seed(Value)? else { continue };
            if self.0.len() == limits::SERIES_LABELS_MAX {
                return Err(A::Error::custom("there are too many labels"));
            }
            self.0.push((word(name), value));
        }
        if !self.0.is_sorted() {
            self.0.sort();
        }
        // Names that became one: the first stays.
        self.0.dedup_by(|later, first| later.0 == first.0);
        Ok(())
    }
}

impl<'a> DeserializeSeed<'a> for Text {
    type Value = Cow<'a, str>;

    fn deserialize<D: Deserializer<'a>>(self, deserializer: D) -> Result<Cow<'a, str>, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'a> Visitor<'a> for Text {
    type Value = Cow<'a, str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }

    fn visit_borrowed_str<E>(self, text: &'a str) -> Result<Cow<'a, str>, E> {
        Ok(Cow::Borrowed(text))
    }

    fn visit_str<E>(self, text: &str) -> Result<Cow<'a, str>, E> {
        Ok(Cow::Owned(text.to_owned()))
    }
}

impl<'a> DeserializeSeed<'a> for Value {
    type Value = Option<Cow<'a, str>>;

    fn deserialize<D: Deserializer<'a>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'a> Visitor<'a> for Value {
    type Value = Option<Cow<'a, str>>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a label's value: text, a number, true, false or null")
    }

    fn visit_borrowed_str<E>(self, text: &'a str) -> Result<Self::Value, E> {
        Ok(Some(Cow::Borrowed(text)))
    }

    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Some(Cow::Owned(text.to_owned())))
    }

    fn visit_bool<E>(self, flag: bool) -> Result<Self::Value, E> {
        Ok(Some(Cow::Borrowed(if flag { "true" } else { "false" })))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Self::Value, E> {
        Ok(Some(Cow::Owned(number.to_string())))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Self::Value, E> {
        Ok(Some(Cow::Owned(number.to_string())))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Self::Value, E> {
        Ok(Some(Cow::Owned(number.to_string())))
    }

    /// As good as not there.
    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(None)
    }
}

impl<'a> DeserializeSeed<'a> for Number {
    type Value = f64;

    fn deserialize<D: Deserializer<'a>>(self, deserializer: D) -> Result<f64, D::Error> {
        deserializer.deserialize_f64(self)
    }
}

impl Visitor<'_> for Number {
    type Value = f64;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a number as `value`")
    }

    fn visit_f64<E>(self, number: f64) -> Result<f64, E> {
        Ok(number)
    }

    fn visit_u64<E>(self, number: u64) -> Result<f64, E> {
        Ok(number as f64)
    }

    fn visit_i64<E>(self, number: i64) -> Result<f64, E> {
        Ok(number as f64)
    }
}

impl<'a> DeserializeSeed<'a> for Time {
    type Value = Option<Wall>;

    fn deserialize<D: Deserializer<'a>>(self, deserializer: D) -> Result<Option<Wall>, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl Visitor<'_> for Time {
    type Value = Option<Wall>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("as `at` RFC 3339 or milliseconds since 1970")
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Option<Wall>, E> {
        match format::time(text) {
            Some(at) => Ok(Some(at)),
            None => Err(E::custom("its time is neither RFC 3339 nor milliseconds since 1970")),
        }
    }

    fn visit_u64<E: serde::de::Error>(self, number: u64) -> Result<Option<Wall>, E> {
        self.visit_f64(number as f64)
    }

    fn visit_i64<E: serde::de::Error>(self, number: i64) -> Result<Option<Wall>, E> {
        self.visit_f64(number as f64)
    }

    fn visit_f64<E: serde::de::Error>(self, number: f64) -> Result<Option<Wall>, E> {
        let at = format::epoch(number)
            .ok_or_else(|| E::custom("its time is neither RFC 3339 nor milliseconds since 1970"))?;
        Ok(Some(at))
    }

    fn visit_unit<E>(self) -> Result<Option<Wall>, E> {
        Ok(None)
    }
}

/// A name of a series or a label: letters, digits and underscores, all else as an underscore.
pub fn word(text: Cow<'_, str>) -> Cow<'_, str> {
    if text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_') {
        return text;
    }
    let mut word = String::new();
    format::push_word(&mut word, &text);
    Cow::Owned(word)
}
