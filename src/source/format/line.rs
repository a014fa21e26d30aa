//! One line of a log: how much it matters, when it was written, what it says, and the values in it.
//!
//! Invariant: every line says something, whether or not it was understood.

use regex::Regex;
use serde_json::Value as Json;

use super::{Told, Value, decimal, json, push_word, series, time};
use crate::base::Wall;
use crate::model::log::Severity;
use crate::model::origin::Fields;
use crate::model::{Kind, SeriesKey};

/// How lines are understood.
#[derive(Clone, Debug)]
pub enum Reader {
    Words,
    Json,
    Regex(Box<Regex>),
}

/// What a line says to a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    pub severity: Severity,
    /// None where the line does not tell.
    pub at: Option<Wall>,
    pub text: String,
}

/// Where the word for a level is looked for: logs have it among the first.
const WORDS_LOOKED_AT: usize = 8;
/// What stands before a level in `key=value` logs.
const LEVEL_KEYS: [&str; 4] = ["level", "lvl", "severity", "loglevel"];
/// The other name that loggers have for the message.
const MESSAGE_SHORT: &str = "msg";

// === impl Reader ===

impl Reader {
    /// What a line says; its values go to `told`, those without a time of their own as of `at`.
    pub fn read(&self, line: &str, fields: &Fields, prefix: &str, at: Wall, told: &mut Told) -> Said {
        let plain = || Said { severity: severity(line), at: None, text: line.to_owned() };
        match self {
            Reader::Words => plain(),
            Reader::Json => match json::object(line) {
                Ok(object) => of_object(&object, line, fields, prefix, at, told),
                Err(why) => {
                    told.strange(line, &why);
                    plain()
                }
            },
            Reader::Regex(regex) => match regex.captures(line) {
                Some(found) => of_groups(regex, &found, line, fields, prefix, at, told),
                // An expression is for some of the lines.
                None => plain(),
            },
        }
    }
}

fn of_object(
    object: &serde_json::Map<String, Json>,
    line: &str,
    fields: &Fields,
    prefix: &str,
    now: Wall,
    told: &mut Told,
) -> Said {
    let text_at = |name: &str| object.get(name).and_then(json::text_of);
    let at = object.get(&fields.time).and_then(json::time_of);
    let labels = json::labels_of(object.iter().filter(|(name, _)| fields.labels.contains(name)));
    match labels {
        Ok(labels) => {
            let key = SeriesKey { name: prefix.to_owned(), labels };
            let wanted = |name: &str| is_value(fields, name);
            json::numbers(object, &key, Some(at.unwrap_or(now)), Some(&wanted), told);
        }
        Err(why) => told.strange(line, &why),
    }
    let level = text_at(&fields.level).and_then(|word| Severity::from_word(&word));
    let text = text_at(&fields.message).or_else(|| text_at(MESSAGE_SHORT)).unwrap_or_else(|| line.to_owned());
    Said { severity: level.unwrap_or_else(|| severity(&text)), at, text }
}

fn of_groups(
    regex: &Regex,
    found: &regex::Captures<'_>,
    line: &str,
    fields: &Fields,
    prefix: &str,
    now: Wall,
    told: &mut Told,
) -> Said {
    let text_at = |name: &str| found.name(name).map(|group| group.as_str());
    let at = text_at(&fields.time).and_then(time);
    let mut labels: Vec<(String, String)> = Vec::new();
    for name in &fields.labels {
        let Some(text) = text_at(name) else { continue };
        let mut word = String::new();
        push_word(&mut word, name);
        labels.push((word, text.to_owned()));
    }
    labels.sort();
    labels.dedup_by(|later, first| later.0 == first.0);
    for name in regex.capture_names().flatten().filter(|name| is_value(fields, name)) {
        let Some(text) = text_at(name) else { continue };
        match decimal(text) {
            Some(value) => {
                // The one value of a line needs no name of its own.
                let name = if name == "value" { prefix.to_owned() } else { series(prefix, name) };
                let key = SeriesKey { name, labels: labels.clone() };
                told.value(Value { key, kind: Kind::Gauge, unit: None, at: Some(at.unwrap_or(now)), value });
            }
            None => told.strange(text, &format!("the group `{name}` is no number")),
        }
    }
    let level = text_at(&fields.level).and_then(Severity::from_word);
    let text = text_at(&fields.message).unwrap_or(line);
    Said { severity: level.unwrap_or_else(|| severity(line)), at, text: text.to_owned() }
}

/// Whether a field becomes a series.
fn is_value(fields: &Fields, name: &str) -> bool {
    let has_meaning = [&fields.level, &fields.time, &fields.message].into_iter().any(|known| known == name);
    let is_label = fields.labels.iter().any(|label| label == name);
    let is_wanted = fields.values.is_empty() || fields.values.iter().any(|value| value == name);
    !has_meaning && !is_label && is_wanted
}

/// The level a line of words has: one of its first words is one, in capitals or set off as `[error]`, `error:` or
/// `level=error`. A word within a sentence is none.
fn severity(line: &str) -> Severity {
    for word in line.split_ascii_whitespace().take(WORDS_LOOKED_AT) {
        if let Some((key, level)) = word.split_once('=')
            && LEVEL_KEYS.iter().any(|known| known.eq_ignore_ascii_case(key))
            && let Some(severity) = Severity::from_word(level.trim_matches('"'))
        {
            return severity;
        }
        let bare = word.trim_matches(|c: char| !c.is_ascii_alphanumeric());
        let set_off = bare.len() < word.len() && word.ends_with([':', ']', '>', ')', '|']);
        let capitals = bare.bytes().all(|byte| byte.is_ascii_uppercase());
        if (set_off || capitals)
            && let Some(severity) = Severity::from_word(bare)
        {
            return severity;
        }
    }
    Severity::default()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const NOW: Wall = Wall(1_789_000_000_000);

    fn read(reader: &Reader, line: &str, fields: &Fields) -> (Said, Told) {
        let mut told = Told::default();
        let said = reader.read(line, fields, "web", NOW, &mut told);
        (said, told)
    }

    fn regex(text: &str) -> Reader {
        Reader::Regex(Box::new(Regex::new(text).unwrap()))
    }

    #[test]
    fn levels_are_recognised_where_logs_have_them() {
        let check = |line: &str, expect| assert_eq!(severity(line), expect, "{line}");
        check("2026-11-25 18:00:00 ERROR cannot bind", Severity::Error);
        check("Nov 25 18:00:00 host app[12]: warning: low on memory", Severity::Warn);
        check("[error] 12#0: *1 open() failed", Severity::Error);
        check("time=18:00 level=warn msg=slow", Severity::Warn);
        check("DEBUG: cache hit", Severity::Debug);
        check("no error was found", Severity::Info);
        check("error handling improved in this release", Severity::Info);
        check("", Severity::Info);
    }

    #[test]
    fn a_line_of_json_is_an_entry_and_its_numbers_are_series() {
        let fields = Fields { labels: vec!["path".to_owned()], ..Fields::default() };
        let line = r#"{"time":"2026-11-25T18:00:00Z","level":"warn","message":"slow","path":"/a","took":0.5,"sizes":{"in":3}}"#;
        let (said, told) = read(&Reader::Json, line, &fields);
        let at = Some(Wall(1_795_629_600_000));
        assert_eq!(said, Said { severity: Severity::Warn, at, text: "slow".to_owned() });
        let names: Vec<&str> = told.values.iter().map(|value| value.key.name.as_str()).collect();
        assert_eq!(names, ["web_sizes_in", "web_took"]);
        assert!(told.values.iter().all(|value| value.at == at && value.key.label("path") == Some("/a")));
        let only = Fields { values: vec!["took".to_owned()], ..Fields::default() };
        assert_eq!(read(&Reader::Json, line, &only).1.values.len(), 1);
        let (said, told) = read(&Reader::Json, "ERROR: not JSON", &fields);
        assert_eq!((said.severity, told.strange), (Severity::Error, 1));
    }

    #[test]
    fn named_groups_are_values_labels_and_more() {
        let reader = regex(r#""(?<method>[A-Z]+) \S+" (?<status>\d+) (?<bytes>\S+) (?<value>[\d.]+)"#);
        let fields = Fields { labels: vec!["method".to_owned(), "status".to_owned()], ..Fields::default() };
        let (said, told) = read(&reader, r#"1.2.3.4 "GET /" 200 17 0.25"#, &fields);
        assert_eq!((said.at, said.text.as_str()), (None, r#"1.2.3.4 "GET /" 200 17 0.25"#));
        let of = |name: &str| told.values.iter().find(|value| value.key.name == name).map(|value| value.value);
        assert_eq!((of("web_bytes"), of("web")), (Some(17.0), Some(0.25)));
        assert_eq!(told.values[0].key.labels, [("method".into(), "GET".into()), ("status".into(), "200".into())]);
        assert_eq!(told.values[0].at, Some(NOW));
        let (_, told) = read(&reader, r#""GET /" 200 - 0.25"#, &fields);
        assert_eq!(told.strange_first.as_deref(), Some("the group `bytes` is no number: -"));
        let (said, told) = read(&reader, "something else", &fields);
        assert_eq!((said.text.as_str(), told), ("something else", Told::default()));
    }

    proptest! {
        #[test]
        fn any_line_says_something(line in any::<String>(), json in any::<bool>()) {
            let fields = Fields { labels: vec!["a".to_owned()], ..Fields::default() };
            let reader = if json { Reader::Json } else { regex("(?<a>.)(?<b>.*)(?<level>.)?") };
            let (_, told) = read(&reader, &line, &fields);
            prop_assert_eq!(told.strange == 0, told.strange_first.is_none());
        }
    }
}
