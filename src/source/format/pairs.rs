//! `name value` on each line: `name=value` and `name: value` too, labels in braces, a time in milliseconds behind it, as
//! in Prometheus' text format. Lines that begin with `#` are comments.

use super::{Told, Value, decimal, epoch, lines, push_word, series};
use crate::base::limits;
use crate::model::{Kind, SeriesKey};

/// Names and values of labels.
type Labels = Vec<(String, String)>;

/// All lines of a text.
pub fn read(prefix: &str, text: &str) -> Told {
    let mut told = Told::default();
    for line in lines(text, &mut told) {
        if line.starts_with('#') {
            continue;
        }
        match pair(prefix, line) {
            Ok(value) => told.value(value),
            Err(why) => told.strange(line, why),
        }
    }
    told
}

fn pair(prefix: &str, line: &str) -> Result<Value, &'static str> {
    const NO_PAIR: &str = "this is no name with a number";
    let (name, labels, rest) = match line.find('{') {
        Some(at) => {
            let (labels, rest) = labels(&line[at + 1..])?;
            (&line[..at], labels, rest)
        }
        None => {
            let at = line.find(['=', ':', ' ', '\t']).ok_or(NO_PAIR)?;
            (&line[..at], Vec::new(), &line[at..])
        }
    };
    let name = name.trim();
    if name.is_empty() {
        return Err(NO_PAIR);
    }
    let mut fields = rest.trim_start_matches(['=', ':', ' ', '\t']).split_ascii_whitespace();
    let value = fields.next().and_then(decimal).ok_or(NO_PAIR)?;
    let at = match fields.next() {
        Some(time) => Some(decimal(time).and_then(epoch).ok_or("behind the number stands no time")?),
        None => None,
    };
    if fields.next().is_some() {
        return Err(NO_PAIR);
    }
    let kind = if name.ends_with("_total") { Kind::Counter } else { Kind::Gauge };
    let key = SeriesKey { name: series(prefix, name), labels };
    Ok(Value { key, kind, unit: None, at, value })
}

/// Reads `a="b",c="d"} rest`, sorted by name.
fn labels(mut text: &str) -> Result<(Labels, &str), &'static str> {
    const WRONG: &str = "the labels are not written as name=\"value\"";
    let mut labels = Labels::new();
    loop {
        text = text.trim_start_matches([',', ' ', '\t']);
        if let Some(rest) = text.strip_prefix('}') {
            labels.sort();
            return match labels.windows(2).any(|two| two[0].0 == two[1].0) {
                true => Err("a label stands there twice"),
                false => Ok((labels, rest)),
            };
        }
        if labels.len() == limits::SERIES_LABELS_MAX {
            return Err("there are too many labels");
        }
        let (name, rest) = text.split_once('=').ok_or(WRONG)?;
        let rest = rest.trim_start().strip_prefix('"').ok_or(WRONG)?;
        let mut value = String::new();
        let mut chars = rest.char_indices();
        let end = loop {
            match chars.next().ok_or(WRONG)? {
                (at, '"') => break at + 1,
                (_, '\\') => value.push(match chars.next().ok_or(WRONG)?.1 {
                    'n' => '\n',
                    other => other,
                }),
                (_, other) => value.push(other),
            }
        };
        let mut word = String::new();
        push_word(&mut word, name.trim());
        labels.push((word, value));
        text = &rest[end..];
    }
}
