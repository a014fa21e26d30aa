//! Templates of SQL in the syntax of Go: a fixed text with places for values, of which conditions choose parts.
//!
//! Invariant: a statement is made of nothing but stretches of the file's own text, numbered placeholders, and names the
//! file lists. Which stretches follows from parameters whose values are all known beforehand; what a viewer writes freely
//! is never part of it, nor is it shown to what evaluates conditions. There are no loops, so no statement is longer than
//! its template but for what placeholders and listed names take.
//!
//! Of Go's language as much as that needs: fields, `if`, `else`, `end`, comparisons, comments and trim marks. Every action
//! is read and checked here first; `gotmpl` then evaluates a skeleton in which the text is replaced by numbers.

mod lexer;
mod parser;
mod places;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::ops::Range;

use gotmpl::{MissingKey, Value};

use crate::base::limits;
use crate::model::ParamFacts;
use crate::model::origin::SqlValue;
use crate::model::param::Values;
use crate::notation::harmless;

/// A template that was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template {
    pieces: Vec<Piece>,
    /// A Go template that prints the numbers of the pieces that stand, each followed by a comma.
    skeleton: String,
    uses: Vec<Use>,
}

/// What a template asks of one parameter, and where it does so first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Use {
    pub name: String,
    pub bound: Option<Range<usize>>,
    pub named: Option<Range<usize>>,
    pub judged: Option<Range<usize>>,
}

/// A part of a statement.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Piece {
    what: What,
    span: Range<usize>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum What {
    Text(String),
    /// A value that is bound.
    Bound(String),
    /// A name out of a list.
    Named(String),
}

/// What is wrong with a template, by bytes of its text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wrong {
    pub span: Range<usize>,
    pub message: String,
    pub remedy: String,
}

/// How a database writes placeholders and quotes names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    Sqlite,
    Postgres,
}

/// What a database is sent, and what is bound to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    pub sql: String,
    /// The names of the parameters, in the order of their placeholders.
    pub params: Vec<String>,
}

/// Longest name of a column or a table: as PostgreSQL has them.
const NAME_BYTES_MAX: usize = 63;

// === impl Template ===

impl Template {
    /// Reads a text; else everything that is wrong with its actions.
    pub fn read(text: &str) -> Result<Template, Vec<Wrong>> {
        if text.len() > limits::TEMPLATE_BYTES_MAX {
            let message = format!("the template of {} bytes is too long", text.len());
            return Err(vec![wrong(0..0, message, format!("use at most {} bytes", limits::TEMPLATE_BYTES_MAX))]);
        }
        let acts = |c: char| c.is_control() && !matches!(c, '\n' | '\r' | '\t');
        if let Some((at, c)) = text.char_indices().find(|(_, c)| acts(*c)) {
            let message = format!("a control character (U+{:04X}) stands in the template", u32::from(c));
            return Err(vec![wrong(at..at + c.len_utf8(), message, "take it out")]);
        }
        parser::parse(text)
    }

    /// The parameters it names, in the order it does so.
    pub fn uses(&self) -> &[Use] {
        &self.uses
    }

    /// What is wrong with it where its parameters are declared so: each text it can become is looked at.
    pub fn check(&self, declared: &[ParamFacts]) -> Vec<Wrong> {
        let mut all = Vec::new();
        let mut judged: Vec<(&str, Vec<SqlValue>)> = Vec::new();
        let mut texts = 1_usize;
        for one in &self.uses {
            let name = harmless(&one.name);
            let Some(param) = declared.iter().find(|param| param.name == one.name) else {
                let span = [&one.bound, &one.named, &one.judged].into_iter().flatten().next().cloned();
                all.push(wrong(span.unwrap_or(0..0), format!("there is no parameter {name}"), "declare it"));
                continue;
            };
            if let Some(span) = &one.named
                && (param.one_of.is_empty() || !param.one_of.iter().all(|choice| is_name(choice)))
            {
                let message = format!("{name} becomes a name in SQL, and not all it can be is known to be one");
                let remedy = format!("list its names: [params.{name}] with one_of = [\"p50\", \"p95\"]");
                all.push(wrong(span.clone(), message, remedy));
            }
            if let Some(span) = &one.judged {
                if !param.is_enumerated() {
                    let message = format!("a condition on {name}, which can be anything");
                    let remedy = format!(
                        "list its values: [params.{name}] with one_of = [\"a\", \"b\"]; or compare in SQL, \
                         ({{{{.{name}}}}} = '' OR ...)"
                    );
                    all.push(wrong(span.clone(), message, remedy));
                    continue;
                }
                let choices = param.choices();
                texts = texts.saturating_mul(choices.len());
                judged.push((&one.name, choices));
            }
        }
        if texts > limits::TEMPLATE_TEXTS_MAX {
            let message = format!("its conditions make {texts} different statements");
            let remedy = format!("at most {} are allowed: make several charts", limits::TEMPLATE_TEXTS_MAX);
            all.push(wrong(0..0, message, remedy));
        }
        if all.is_empty() {
            self.check_texts(&judged, texts, &mut all);
        }
        all.sort_by_key(|one| one.span.start);
        all.dedup();
        all
    }

    fn check_texts(&self, judged: &[(&str, Vec<SqlValue>)], texts: usize, all: &mut Vec<Wrong>) {
        for number in 0..texts {
            let mut rest = number;
            let mut values = Values::new();
            for (name, choices) in judged {
                values.insert((*name).to_owned(), choices[rest % choices.len()].clone());
                rest /= choices.len();
            }
            match self.chosen(&values) {
                Ok(pieces) => places::check(&pieces, all),
                Err(why) => {
                    let message = format!("a condition cannot be answered: {}", harmless(&why));
                    all.push(wrong(0..0, message, "compare a parameter with what its type allows"));
                    return;
                }
            }
            if all.len() > limits::DIAGNOSTICS_MAX {
                return;
            }
        }
    }

    /// What a database is sent. Of `values` only those count that conditions and names ask for, all of them listed.
    pub fn statement(&self, values: &Values, dialect: Dialect) -> Result<Statement, String> {
        let mut statement = Statement { sql: String::new(), params: Vec::new() };
        for piece in self.chosen(values)? {
            match &piece.what {
                What::Text(text) => statement.sql.push_str(text),
                What::Bound(name) => {
                    let known = statement.params.iter().position(|param| param == name);
                    let index = known.unwrap_or(statement.params.len());
                    if known.is_none() {
                        statement.params.push(name.clone());
                    }
                    let sign = if dialect == Dialect::Sqlite { '?' } else { '$' };
                    let _ = write!(statement.sql, "{sign}{}", index + 1);
                }
                What::Named(name) => match values.get(name) {
                    Some(SqlValue::Text(text)) if is_name(text) => {
                        // SQLite takes an unknown name in double quotes for a text, and tells nobody.
                        let (open, close) = if dialect == Dialect::Sqlite { ('[', ']') } else { ('"', '"') };
                        statement.sql.push(open);
                        statement.sql.push_str(text);
                        statement.sql.push(close);
                    }
                    _ => return Err(format!("the parameter {name} is no name")),
                },
            }
        }
        Ok(statement)
    }

    /// The pieces that stand where parameters have these values.
    fn chosen(&self, values: &Values) -> Result<Vec<&Piece>, String> {
        let mut data = BTreeMap::new();
        for (index, one) in self.uses.iter().enumerate().filter(|(_, one)| one.judged.is_some()) {
            let value = match values.get(&one.name) {
                Some(SqlValue::Text(text)) => Value::String(text.as_str().into()),
                Some(SqlValue::Integer(number)) => Value::Int(*number),
                Some(SqlValue::Float(number)) => Value::Float(*number),
                Some(SqlValue::Flag(flag)) => Value::Bool(*flag),
                None => return Err(format!("the parameter {} is missing", one.name)),
            };
            data.insert(parser::alias(index).into(), value);
        }
        let data = Value::Map(data.into());
        let template = gotmpl::Template::new("").missing_key(MissingKey::Error).max_range_iters(1);
        let template = template.parse(&self.skeleton).map_err(|error| error.to_string())?;
        let printed = template.execute_to_string(&data).map_err(|error| error.to_string())?;
        let mut pieces = Vec::new();
        let mut after = None;
        for number in printed.split_terminator(',') {
            let index = number.parse::<usize>().ok().filter(|index| after.is_none_or(|after| *index > after));
            let piece = index.and_then(|index| self.pieces.get(index));
            // Each piece stands once at most, in the order of the file.
            pieces.push(piece.ok_or("the template was not understood")?);
            after = index;
        }
        Ok(pieces)
    }
}

/// Whether a word can be the name of a column or a table without any doubt.
fn is_name(text: &str) -> bool {
    let first = text.bytes().next().is_some_and(|byte| byte.is_ascii_alphabetic() || byte == b'_');
    first && text.len() <= NAME_BYTES_MAX && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

fn wrong(span: Range<usize>, message: impl Into<String>, remedy: impl Into<String>) -> Wrong {
    Wrong { span, message: message.into(), remedy: remedy.into() }
}

#[cfg(test)]
mod tests;
