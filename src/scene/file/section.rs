//! One table of a board file, read key by key.
//!
//! Invariant: whatever is wrong with a value is complained about at its place, and reading goes on with none; what is
//! missing or unknown is complained about when the table is opened, once.

use std::cell::RefCell;
use std::ops::Range;
use std::time::Duration;

use jiff::Timestamp;
use toml::Spanned;
use toml::de::{DeArray, DeTable, DeValue};

use super::shape::{Field, Shape};
use crate::base::{Diagnostic, Wall, limits};
use crate::label::Label;
use crate::model::Unit;
use crate::notation::{Document, harmless, parse_duration, remedy_for};

/// Everything that is wrong with one file, gathered while it is read.
#[derive(Debug)]
pub struct Complaints<'d> {
    document: &'d Document<'d>,
    list: RefCell<Vec<Diagnostic>>,
}

/// A table and what may stand in it.
#[derive(Clone, Copy, Debug)]
pub struct Section<'d> {
    table: &'d DeTable<'d>,
    start: usize,
    fields: &'static [Field],
    complaints: &'d Complaints<'d>,
}

const MOMENT_REMEDY: &str = "write it with its offset to UTC, as \"2026-11-25T18:00:00Z\"";

type Value<'d> = Spanned<DeValue<'d>>;

// === impl Complaints ===

impl<'d> Complaints<'d> {
    pub fn new(document: &'d Document<'d>) -> Complaints<'d> {
        Complaints { document, list: RefCell::default() }
    }

    pub fn add(&self, span: Range<usize>, message: impl Into<String>, remedy: impl Into<String>) {
        let mut list = self.list.borrow_mut();
        if list.len() < limits::DIAGNOSTICS_MAX {
            list.push(self.document.complain(span, message, remedy));
        }
    }

    pub fn is_empty(&self) -> bool {
        self.list.borrow().is_empty()
    }

    pub fn into_list(self) -> Vec<Diagnostic> {
        let mut list = self.list.into_inner();
        list.sort_by_key(|complaint| (complaint.line, complaint.column));
        list
    }
}

// === impl Section ===

impl<'d> Section<'d> {
    /// Opens a table; `span` is where it stands.
    pub fn open(
        table: &'d DeTable<'d>,
        span: Range<usize>,
        fields: &'static [Field],
        complaints: &'d Complaints<'d>,
    ) -> Section<'d> {
        Section::open_more(table, span, &[], fields, complaints)
    }

    /// The same where other keys may stand too, which somebody else reads.
    pub fn open_more(
        table: &'d DeTable<'d>,
        span: Range<usize>,
        others: &'static [Field],
        fields: &'static [Field],
        complaints: &'d Complaints<'d>,
    ) -> Section<'d> {
        let known: Vec<&str> = others.iter().chain(fields).map(|field| field.name).collect();
        for (name, _) in table {
            let word: &str = name.get_ref();
            if !known.contains(&word) {
                let message = format!("there is no key {:?} here", harmless(word));
                complaints.add(name.span(), message, remedy_for(word, &known, "keys"));
            }
        }
        for field in fields.iter().filter(|field| field.required && !table.contains_key(field.name)) {
            complaints.add(span.clone(), format!("the key `{}` is missing", field.name), field.about);
        }
        Section { table, start: span.start, fields, complaints }
    }

    /// A table that is looked at before it is known what else may stand in it: nothing is complained of.
    pub fn of_kind(table: &'d DeTable<'d>, fields: &'static [Field], complaints: &'d Complaints<'d>) -> Section<'d> {
        Section { table, start: 0, fields, complaints }
    }

    /// Where it stands.
    pub fn place(&self) -> Range<usize> {
        self.start..self.start
    }

    pub fn complaints(&self) -> &'d Complaints<'d> {
        self.complaints
    }

    pub fn has(&self, name: &str) -> bool {
        self.table.contains_key(name)
    }

    /// Where a key's value stands.
    pub fn span(&self, name: &str) -> Range<usize> {
        self.table.get(name).map_or(0..0, Spanned::span)
    }

    pub fn text(&self, name: &'static str) -> Option<String> {
        let value = self.value(name)?;
        let text = self.expect(value, name, value.get_ref().as_str(), "a text", "write it in quotes")?;
        if text.len() > limits::BOARD_TEXT_BYTES_MAX {
            let remedy = format!("use at most {} bytes", limits::BOARD_TEXT_BYTES_MAX);
            self.complain(value, format!("{name}: the text is too long"), remedy);
            return None;
        }
        Some(text.to_owned())
    }

    pub fn label(&self, name: &'static str) -> Option<Label> {
        self.text(name).map(|text| Label::plain(&text))
    }

    pub fn flag(&self, name: &'static str) -> Option<bool> {
        let value = self.value(name)?;
        self.expect(value, name, value.get_ref().as_bool(), "true or false", "write `true` or `false`")
    }

    pub fn number(&self, name: &'static str) -> Option<f64> {
        let value = self.value(name)?;
        let number = self.expect(value, name, number(value.get_ref()), "a number", "write a number")?;
        let Shape::Number(range) = &self.field(name).shape else { return Some(number) };
        if range.contains(&number) {
            return Some(number);
        }
        self.complain(value, format!("{name}: {number} is not possible"), between(range.start(), range.end()));
        None
    }

    pub fn whole(&self, name: &'static str) -> Option<i64> {
        let value = self.value(name)?;
        let number = self.expect(value, name, whole(value.get_ref()), "a whole number", "write a whole number")?;
        let Shape::Whole(range) = &self.field(name).shape else { return Some(number) };
        if range.contains(&number) {
            return Some(number);
        }
        self.complain(value, format!("{name}: {number} is not possible"), between(range.start(), range.end()));
        None
    }

    /// A span of time.
    pub fn duration(&self, name: &'static str) -> Option<Duration> {
        let value = self.value(name)?;
        let text = self.expect(value, name, value.get_ref().as_str(), "a duration", "write it as \"5m\"")?;
        match parse_duration(text) {
            Ok(span) => Some(span),
            Err(error) => {
                let message = format!("{name}: {:?} is no duration: {error}", harmless(text));
                self.complain(value, message, "write it as \"5m\"");
                None
            }
        }
    }

    /// A moment, with or without quotes.
    pub fn moment(&self, name: &'static str) -> Option<Wall> {
        let value = self.value(name)?;
        let text = match value.get_ref() {
            DeValue::String(text) => Some(text.to_string()),
            DeValue::Datetime(moment) => Some(moment.to_string()),
            _ => None,
        };
        let text = self.expect(value, name, text, "a moment", MOMENT_REMEDY)?;
        match text.parse::<Timestamp>() {
            Ok(moment) => Some(Wall(moment.as_millisecond())),
            Err(_) => {
                self.complain(value, format!("{name}: {:?} is no moment", harmless(&text)), MOMENT_REMEDY);
                None
            }
        }
    }

    /// One of the words the key's shape lists.
    pub fn word(&self, name: &'static str) -> Option<&'static str> {
        let Shape::Word(words) = &self.field(name).shape else { return None };
        let value = self.value(name)?;
        let text = self.expect(value, name, value.get_ref().as_str(), "a word", "write it in quotes")?;
        let found = words.iter().copied().find(|word| *word == text);
        if found.is_none() {
            let message = format!("{name}: {:?} is not known here", harmless(text));
            self.complain(value, message, remedy_for(text, words, "words"));
        }
        found
    }

    pub fn unit(&self, name: &'static str) -> Option<Unit> {
        let value = self.value(name)?;
        let text = self.expect(value, name, value.get_ref().as_str(), "a unit", "write it as \"bytes\"")?;
        match text.parse::<Unit>() {
            Ok(unit) => Some(unit),
            Err(error) => {
                let text = error.to_string();
                let (message, remedy) = text.split_once(": ").unwrap_or((&text, ""));
                self.complain(value, format!("{name}: {message}"), remedy);
                None
            }
        }
    }

    /// Columns and rows.
    pub fn cells(&self, name: &'static str) -> Option<(u16, u16)> {
        let value = self.value(name)?;
        let pair = value.get_ref().as_array().filter(|list| list.len() == 2).and_then(|list| {
            let cell = |index: usize, max: u16| {
                whole(list.get(index)?.get_ref()).and_then(|n| u16::try_from(n).ok()).filter(|n| *n <= max)
            };
            Some((cell(0, limits::COLS_MAX)?, cell(1, limits::ROWS_MAX)?))
        });
        self.expect(value, name, pair, "columns and rows", "write them as [20, 4]")
    }

    pub fn numbers(&self, name: &'static str) -> Vec<f64> {
        let Some(value) = self.value(name) else { return Vec::new() };
        let Some(list) = self.list(value, name) else { return Vec::new() };
        let item = |item: &'d Value<'d>| self.expect(item, name, number(item.get_ref()), "a number", "write a number");
        list.iter().filter_map(item).collect()
    }

    /// Names and their texts, in the order of the names.
    pub fn pairs(&self, name: &'static str) -> Vec<(String, String)> {
        let Some(value) = self.value(name) else { return Vec::new() };
        let table = self.expect(value, name, value.get_ref().as_table(), "a table", "write it as { name = \"text\" }");
        let pair = |(key, text): (&Spanned<_>, &'d Value<'d>)| {
            let key: &std::borrow::Cow<'_, str> = key.get_ref();
            let read = self.expect(text, name, text.get_ref().as_str(), "a text", "write it in quotes")?;
            Some((key.clone().into_owned(), read.to_owned()))
        };
        table.into_iter().flat_map(|table| table.iter()).filter_map(pair).collect()
    }

    /// Texts of a list.
    pub fn texts(&self, name: &'static str) -> Option<Vec<String>> {
        let value = self.value(name)?;
        let item = |item: &'d Value<'d>| {
            let text = self.expect(item, name, item.get_ref().as_str(), "a text", "write it in quotes")?;
            Some(text.to_owned())
        };
        Some(self.list(value, name)?.iter().filter_map(item).collect())
    }

    /// A text, a number, true or false, as a text.
    pub fn scalar(&self, name: &'static str) -> Option<String> {
        let value = self.value(name)?;
        self.expect(value, name, scalar(value.get_ref()), "a text, a number, true or false", "write it as \"core\"")
    }

    pub fn scalars(&self, name: &'static str) -> Option<Vec<String>> {
        let value = self.value(name)?;
        let what = "a text, a number, true or false";
        let item = |item: &'d Value<'d>| self.expect(item, name, scalar(item.get_ref()), what, "write it as \"core\"");
        Some(self.list(value, name)?.iter().filter_map(item).collect())
    }

    /// One table.
    pub fn table(&self, name: &'static str) -> Option<Section<'d>> {
        let value = self.value(name)?;
        let Shape::Table(fields) = self.field(name).shape else { return None };
        let remedy = format!("write [{name}] above its keys");
        let table = self.expect(value, name, value.get_ref().as_table(), "a table", &remedy)?;
        Some(Section::open(table, value.span(), fields, self.complaints))
    }

    /// The tables of a list.
    pub fn tables(&self, name: &'static str) -> Vec<Section<'d>> {
        let Some(value) = self.value(name) else { return Vec::new() };
        let Shape::Tables(fields) = self.field(name).shape else { return Vec::new() };
        let Some(list) = self.list(value, name) else { return Vec::new() };
        let item = |item: &'d Value<'d>| {
            let table = self.expect(item, name, item.get_ref().as_table(), "a table", "write it as { key = value }")?;
            Some(Section::open(table, item.span(), fields, self.complaints))
        };
        list.iter().filter_map(item).collect()
    }

    /// Tables by names of the person's choice, in the order they stand in the file.
    pub fn named(&self, name: &'static str) -> Vec<(String, Range<usize>, &'d DeTable<'d>)> {
        let Some(value) = self.value(name) else { return Vec::new() };
        let tables =
            self.expect(value, name, value.get_ref().as_table(), "tables", &format!("write [{name}.SOMETHING]"));
        let mut named: Vec<_> = tables
            .into_iter()
            .flat_map(|tables| tables.iter())
            .filter_map(|(key, value)| {
                let table =
                    self.expect(value, name, value.get_ref().as_table(), "a table", "write [table] above its keys")?;
                Some((key.get_ref().to_string(), key.span(), table))
            })
            .collect();
        named.sort_by_key(|(_, span, _)| span.start);
        named
    }

    /// A value as it stands, for what reads itself.
    pub fn value(&self, name: &str) -> Option<&'d Value<'d>> {
        debug_assert!(self.fields.iter().any(|field| field.name == name), "{name} stands in no table of keys");
        self.table.get(name)
    }

    fn field(&self, name: &str) -> &'static Field {
        self.fields.iter().find(|field| field.name == name).expect("invariant: every key read stands in its table")
    }

    fn list(&self, value: &'d Value<'d>, name: &str) -> Option<&'d DeArray<'d>> {
        let list = self.expect(value, name, value.get_ref().as_array(), "a list", "write it in [brackets]")?;
        if list.len() > limits::BOARD_LIST_MAX {
            let message = format!("{name}: a list may have {} entries", limits::BOARD_LIST_MAX);
            self.complain(value, message, "shorten it, or make a second panel");
            return None;
        }
        Some(list)
    }

    fn expect<T>(&self, value: &'d Value<'d>, name: &str, read: Option<T>, what: &str, remedy: &str) -> Option<T> {
        if read.is_none() {
            self.complain(value, format!("{name}: {what} belongs here, not {}", kind(value.get_ref())), remedy);
        }
        read
    }

    fn complain(&self, value: &Value<'d>, message: impl Into<String>, remedy: impl Into<String>) {
        self.complaints.add(value.span(), message, remedy);
    }
}

fn number(value: &DeValue<'_>) -> Option<f64> {
    match value {
        DeValue::Integer(integer) => i64::from_str_radix(integer.as_str(), integer.radix()).ok().map(|n| n as f64),
        DeValue::Float(float) => float.as_str().parse().ok().filter(|number: &f64| number.is_finite()),
        _ => None,
    }
}

fn whole(value: &DeValue<'_>) -> Option<i64> {
    match value {
        DeValue::Integer(integer) => i64::from_str_radix(integer.as_str(), integer.radix()).ok(),
        _ => None,
    }
}

fn between(low: &impl std::fmt::Display, high: &impl std::fmt::Display) -> String {
    format!("write something from {low} to {high}")
}

fn scalar(value: &DeValue<'_>) -> Option<String> {
    match value {
        DeValue::String(text) => Some(text.to_string()),
        DeValue::Boolean(flag) => Some(flag.to_string()),
        DeValue::Integer(_) => whole(value).map(|number| number.to_string()),
        DeValue::Float(_) => number(value).map(|number| number.to_string()),
        _ => None,
    }
}

/// What a value is, in a person's words.
pub fn kind(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "a text",
        DeValue::Integer(_) | DeValue::Float(_) => "a number",
        DeValue::Boolean(_) => "true or false",
        DeValue::Datetime(_) => "a date",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    }
}
