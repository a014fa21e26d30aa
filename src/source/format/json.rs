//! One JSON object on each line. With a field `value`, it is one sample, as `{"series": "queue", "value": 3}` with
//! `labels`, `at`, `kind` and `unit` where wanted; else each number in it is one, named after its field.

use serde_json::{Map, Value as Json};

use super::{Told, Value, epoch, lines, push_word, series, time, words};
use crate::base::{Wall, limits};
use crate::model::{Kind, SeriesKey, Unit};

/// All lines of a text.
pub fn read(prefix: &str, text: &str) -> Told {
    let mut told = Told::default();
    for line in lines(text, &mut told) {
        let read = object(line).and_then(|object| match object.contains_key("value") {
            true => sample(prefix, &object).map(|value| told.value(value)),
            false => {
                let key = SeriesKey::plain(prefix);
                let found = numbers(&object, &key, None, None, &mut told);
                if found { Ok(()) } else { Err("no field is a number".to_owned()) }
            }
        });
        if let Err(why) = read {
            told.strange(line, &why);
        }
    }
    told
}

/// One line as an object.
pub fn object(line: &str) -> Result<Map<String, Json>, String> {
    match serde_json::from_str(line) {
        Ok(Json::Object(object)) => Ok(object),
        Ok(_) => Err("this is no JSON object".to_owned()),
        Err(_) => Err("this is no JSON".to_owned()),
    }
}

/// Every number of an object, named after the way to it; only those of `wanted` at the top, where there is such a list.
pub fn numbers(
    object: &Map<String, Json>,
    key: &SeriesKey,
    at: Option<Wall>,
    wanted: Option<&dyn Fn(&str) -> bool>,
    told: &mut Told,
) -> bool {
    numbers_within(object, key, at, wanted, limits::JSON_DEPTH_MAX, told)
}

fn numbers_within(
    object: &Map<String, Json>,
    key: &SeriesKey,
    at: Option<Wall>,
    wanted: Option<&dyn Fn(&str) -> bool>,
    depth: usize,
    told: &mut Told,
) -> bool {
    let mut found = false;
    for (field, content) in object {
        if wanted.is_some_and(|wanted| !wanted(field)) {
            continue;
        }
        let key = SeriesKey { name: series(&key.name, field), labels: key.labels.clone() };
        match content {
            Json::Number(number) => {
                let value = number.as_f64().unwrap_or(f64::NAN);
                told.value(Value { key, kind: Kind::Gauge, unit: None, at, value });
                found = true;
            }
            Json::Bool(flag) => {
                told.value(Value { key, kind: Kind::Gauge, unit: None, at, value: f64::from(u8::from(*flag)) });
                found = true;
            }
            Json::Object(inner) if depth > 1 => {
                found |= numbers_within(inner, &key, at, None, depth - 1, told);
            }
            _ => {}
        }
    }
    found
}

/// When a field says it was.
pub fn time_of(field: &Json) -> Option<Wall> {
    match field {
        Json::String(text) => time(text),
        Json::Number(number) => number.as_f64().and_then(epoch),
        _ => None,
    }
}

/// What a field says, as text.
pub fn text_of(field: &Json) -> Option<String> {
    match field {
        Json::String(text) => Some(text.clone()),
        Json::Number(number) => Some(number.to_string()),
        Json::Bool(flag) => Some(flag.to_string()),
        _ => None,
    }
}

fn sample(prefix: &str, object: &Map<String, Json>) -> Result<Value, String> {
    let value = object.get("value").and_then(Json::as_f64).ok_or("its value is no number")?;
    let name = match object.get("series") {
        None => prefix.to_owned(),
        Some(Json::String(name)) => series(prefix, name),
        Some(_) => return Err("its series is no text".to_owned()),
    };
    let kind = match object.get("kind").map(Json::as_str) {
        None | Some(Some("gauge")) => Kind::Gauge,
        Some(Some("counter")) => Kind::Counter,
        Some(_) => return Err("its kind is neither gauge nor counter".to_owned()),
    };
    let unit = match object.get("unit") {
        None => None,
        Some(Json::String(unit)) => Some(unit.parse::<Unit>().map_err(|_| format!("{:?} is no unit", words(unit)))?),
        Some(_) => return Err("its unit is no text".to_owned()),
    };
    let at = match object.get("at") {
        None => None,
        Some(field) => Some(time_of(field).ok_or("its time is neither RFC 3339 nor a number since 1970")?),
    };
    let labels = match object.get("labels") {
        None => Vec::new(),
        Some(Json::Object(fields)) => labels_of(fields.iter())?,
        Some(_) => return Err("its labels are no object".to_owned()),
    };
    Ok(Value { key: SeriesKey { name, labels }, kind, unit, at, value })
}

/// Fields as labels, sorted by name; one that is missing or no text is left out.
pub fn labels_of<'a>(fields: impl Iterator<Item = (&'a String, &'a Json)>) -> Result<Vec<(String, String)>, String> {
    let mut labels = Vec::new();
    for (name, field) in fields {
        let Some(text) = text_of(field) else { continue };
        if labels.len() == limits::SERIES_LABELS_MAX {
            return Err("there are too many labels".to_owned());
        }
        let mut word = String::new();
        push_word(&mut word, name);
        labels.push((word, text));
    }
    labels.sort();
    // Names that became one: the first stays.
    labels.dedup_by(|later, first| later.0 == first.0);
    Ok(labels)
}
