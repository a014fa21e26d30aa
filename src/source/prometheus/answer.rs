//! An answer of the API of Prometheus, understood: what its bytes say, and nothing of what is done with it.
//!
//! Invariant: any bytes become an [`Answer`] or words. It reads the bytes once and keeps no more of them than
//! `base::limits` allows, whatever lies nested or repeated in them: what is beyond is counted and not kept.

use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::super::format::decimal;
use crate::base::{bounded, limits};

/// What a server said.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Answer {
    pub series: Vec<Found>,
    /// Series beyond those, or points beyond those there may be.
    pub beyond: usize,
    /// What it warns of and what it remarks, at most a few.
    pub warnings: Vec<String>,
}

/// One series of an answer.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Found {
    /// As they came; one more than a series may have where there were more.
    pub labels: Vec<(String, String)>,
    /// The metric's own name.
    pub name: Option<String>,
    /// Times in seconds since 1970, in the order of the answer.
    pub points: Vec<(f64, f64)>,
    /// A histogram stands where a value belongs.
    pub is_histogram: bool,
}

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The bytes are something else.
    NotJson,
    /// They are JSON, and not of this API.
    Strange(&'static str),
    /// The server's own words.
    Error(String),
}

/// Reads one answer; at most `points_max` points are kept, whole series as long as they fit and of the others the newest.
pub fn read(bytes: &[u8], points_max: usize) -> Result<Answer, Refusal> {
    let raw: Raw = serde_json::from_slice(bytes).map_err(|error| match error.classify() {
        serde_json::error::Category::Data => Refusal::Strange("is no answer of Prometheus"),
        _ => Refusal::NotJson,
    })?;
    let words = |words: Option<Words>| words.map(|Words(text)| text);
    match words(raw.status).as_deref() {
        Some("success") => {}
        Some("error") => {
            let error = words(raw.error).filter(|text| !text.is_empty()).or(words(raw.kind));
            return Err(Refusal::Error(error.unwrap_or_else(|| "an error without words".to_owned())));
        }
        _ => return Err(Refusal::Strange("is no answer of Prometheus")),
    }
    let Some(data) = raw.data else { return Err(Refusal::Strange("has no data")) };
    let Some(result) = data.result else { return Err(Refusal::Strange("has no result")) };
    let warnings = raw.warnings.into_iter().chain(raw.infos).flat_map(|List(texts)| texts);
    let warnings = warnings.take(limits::ANSWER_WARNINGS_MAX).collect();
    let mut answer = match (words(data.kind).as_deref(), result) {
        (Some("vector" | "matrix"), Rows::Series { found, beyond }) => {
            Answer { series: found, beyond, ..Answer::default() }
        }
        (Some("scalar"), Rows::Pair(point)) => {
            Answer { series: vec![Found { points: vec![point], ..Found::default() }], ..Answer::default() }
        }
        (Some("string"), _) => return Err(Refusal::Strange("is a text, where numbers belong")),
        _ => return Err(Refusal::Strange("is of a type that is not known here")),
    };
    answer.warnings = warnings;
    answer.keep(points_max);
    Ok(answer)
}

// === impl Answer ===

impl Answer {
    /// Cuts what is beyond so many points.
    fn keep(&mut self, points_max: usize) {
        let mut room = points_max;
        for found in &mut self.series {
            if found.points.len() > room {
                self.beyond += found.points.len() - room.min(1);
                found.points.drain(..found.points.len() - room.min(1));
            }
            room -= found.points.len();
        }
    }
}

/// The outermost object; what else stands in it is passed over.
#[derive(Deserialize)]
struct Raw {
    #[serde(default)]
    status: Option<Words>,
    #[serde(default)]
    data: Option<Data>,
    #[serde(default, rename = "errorType")]
    kind: Option<Words>,
    #[serde(default)]
    error: Option<Words>,
    #[serde(default)]
    warnings: Option<List>,
    #[serde(default)]
    infos: Option<List>,
}

#[derive(Deserialize)]
struct Data {
    #[serde(default, rename = "resultType")]
    kind: Option<Words>,
    #[serde(default)]
    result: Option<Rows>,
}

/// The result, of whatever type.
enum Rows {
    Series {
        found: Vec<Found>,
        beyond: usize,
    },
    /// A time and a value by themselves.
    Pair((f64, f64)),
}

/// One entry of the result.
enum Row {
    Series(Found),
    Number(f64),
}

/// A text for people, cut where it is too long.
struct Words(String);

/// A name or value of a label; one that is too long for a series is still too long.
struct Text(String);

/// Some texts for people; more are passed over.
#[derive(Default)]
struct List(Vec<String>);

/// The labels of a series, by their names.
#[derive(Default)]
struct Labels {
    labels: Vec<(String, String)>,
    name: Option<String>,
}

/// A time and a value.
struct Point((f64, f64));

/// Times and values.
struct Points(Vec<(f64, f64)>);

/// A value as it is written: within quotes, since JSON has no infinities.
struct Decimal(f64);

/// What takes one form of JSON into one of the types above.
struct Into<T>(std::marker::PhantomData<T>);

fn into<T>() -> Into<T> {
    Into(std::marker::PhantomData)
}

impl<'de> Deserialize<'de> for Words {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Words, D::Error> {
        bounded::cut::<D, { limits::SOURCE_TEXT_BYTES_MAX }>(deserializer).map(Words)
    }
}

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Text, D::Error> {
        // Wherever a character ends, more than there may be is left.
        bounded::cut::<D, { limits::SERIES_TEXT_BYTES_MAX + 4 }>(deserializer).map(Text)
    }
}

macro_rules! deserialize {
    ($($type:ty: $method:ident),*) => {$(
        impl<'de> Deserialize<'de> for $type {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<$type, D::Error> {
                deserializer.$method(into::<$type>())
            }
        }
    )*};
}

deserialize!(
    Rows: deserialize_seq, Row: deserialize_any, List: deserialize_seq, Labels: deserialize_map, Point: deserialize_seq,
    Points: deserialize_seq, Decimal: deserialize_any
);

impl<'de> Visitor<'de> for Into<Rows> {
    type Value = Rows;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("series, or a time and a value")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut rows: A) -> Result<Rows, A::Error> {
        let (mut found, mut beyond) = (Vec::new(), 0);
        while found.len() < limits::SOURCE_SAMPLES_MAX {
            match rows.next_element()? {
                Some(Row::Series(series)) => found.push(series),
                Some(Row::Number(at)) => {
                    let value: Option<Decimal> = rows.next_element()?;
                    while rows.next_element::<IgnoredAny>()?.is_some() {}
                    return Ok(Rows::Pair((at, value.map_or(f64::NAN, |value| value.0))));
                }
                None => return Ok(Rows::Series { found, beyond }),
            }
        }
        while rows.next_element::<IgnoredAny>()?.is_some() {
            beyond += 1;
        }
        Ok(Rows::Series { found, beyond })
    }
}

impl<'de> Visitor<'de> for Into<Row> {
    type Value = Row;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a series")
    }

    fn visit_f64<E>(self, number: f64) -> Result<Row, E> {
        Ok(Row::Number(number))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Row, E> {
        Ok(Row::Number(number as f64))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Row, E> {
        Ok(Row::Number(number as f64))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Row, A::Error> {
        let mut found = Found::default();
        while let Some(Text(field)) = fields.next_key()? {
            match field.as_str() {
                "metric" => {
                    let labels: Option<Labels> = fields.next_value()?;
                    let Labels { labels, name } = labels.unwrap_or_default();
                    (found.labels, found.name) = (labels, name);
                }
                "value" => found.points = vec![fields.next_value::<Point>()?.0],
                "values" => found.points = fields.next_value::<Points>()?.0,
                "histogram" | "histograms" => {
                    found.is_histogram = true;
                    let _: IgnoredAny = fields.next_value()?;
                }
                _ => {
                    let _: IgnoredAny = fields.next_value()?;
                }
            }
        }
        Ok(Row::Series(found))
    }
}

impl<'de> Visitor<'de> for Into<List> {
    type Value = List;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("some texts")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut texts: A) -> Result<List, A::Error> {
        let mut list = Vec::new();
        while list.len() < limits::ANSWER_WARNINGS_MAX {
            let Some(Words(text)) = texts.next_element()? else { return Ok(List(list)) };
            list.push(text);
        }
        while texts.next_element::<IgnoredAny>()?.is_some() {}
        Ok(List(list))
    }
}

impl<'de> Visitor<'de> for Into<Labels> {
    type Value = Labels;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("labels")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Labels, A::Error> {
        let mut all = Labels::default();
        while let Some(Text(label)) = fields.next_key()? {
            if label == "__name__" {
                all.name = Some(fields.next_value::<Text>()?.0);
            } else if all.labels.len() > limits::SERIES_LABELS_MAX {
                let _: IgnoredAny = fields.next_value()?;
            } else {
                all.labels.push((label, fields.next_value::<Text>()?.0));
            }
        }
        Ok(all)
    }
}

impl<'de> Visitor<'de> for Into<Point> {
    type Value = Point;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a time and a value")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut pair: A) -> Result<Point, A::Error> {
        let missing = || serde::de::Error::custom("a point has a time and a value");
        let at: f64 = pair.next_element()?.ok_or_else(missing)?;
        let Decimal(value) = pair.next_element()?.ok_or_else(missing)?;
        while pair.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Point((at, value)))
    }
}

impl<'de> Visitor<'de> for Into<Points> {
    type Value = Points;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("times and values")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut all: A) -> Result<Points, A::Error> {
        let mut points = Vec::new();
        while let Some(Point(point)) = all.next_element()? {
            points.push(point);
        }
        Ok(Points(points))
    }
}

impl<'de> Visitor<'de> for Into<Decimal> {
    type Value = Decimal;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_str<E>(self, text: &str) -> Result<Decimal, E> {
        Ok(Decimal(decimal(text).unwrap_or(f64::NAN)))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Decimal, E> {
        Ok(Decimal(number))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Decimal, E> {
        Ok(Decimal(number as f64))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Decimal, E> {
        Ok(Decimal(number as f64))
    }
}

#[cfg(test)]
mod tests;
