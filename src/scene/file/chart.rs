//! Charts as people write them: TOML with a template of SQL, read into a board that asks a database.
//!
//! Invariant: a chart that is read has a template of which every text it can become was looked at, and parameters whose
//! defaults and choices fit what is declared of them. A pure function of the bytes.

pub mod keys;
mod params;
#[cfg(all(test, feature = "sql"))]
mod tests;

use std::ops::Range;
use std::time::Duration;

use sha2::{Digest as _, Sha256};

use super::charts;
use super::section::{Complaints, Section};
use super::{MIN_DEFAULT, PRIORITY_DEFAULT, REFRESH_HZ_DEFAULT};
use crate::base::{Diagnostic, limits};
use crate::label::Label;
use crate::model::Unit;
use crate::model::origin::{CHART, Columns, Origin};
use crate::model::param::Uuid;
use crate::model::spec::Theme;
use crate::notation::{Document, harmless};
use crate::scene::asks::Asks;
use crate::scene::board::{Board, Chart, LineSource, Node, PanelSpec, Shown, Tab};
use crate::scene::chart::{Bars, Fill, Stat, Threshold};
use crate::scene::select::Select;
use crate::template::{Template, Wrong};
use crate::widget::bars::Direction;

/// A file of one chart, and where the files beside it are found.
#[derive(Clone, Copy)]
pub struct Given<'a> {
    /// Whose chart it is: part of what its identity is made of.
    pub tenant: &'a str,
    pub name: &'a str,
    /// What complaints call the file.
    pub file: &'a str,
    pub bytes: &'a [u8],
    /// The file of this name in the same folder: what complaints call it, and its bytes.
    pub beside: &'a dyn Fn(&str) -> Option<Beside<'a>>,
}

/// What complaints call a file, and its bytes.
pub type Beside<'a> = (&'a str, &'a [u8]);

/// Units that are shown in seconds, and what their values are divided by.
const PARTS_OF_SECONDS: [(&str, u32); 7] = [
    ("milliseconds", 1_000),
    ("ms", 1_000),
    ("microseconds", 1_000_000),
    ("us", 1_000_000),
    ("µs", 1_000_000),
    ("nanoseconds", 1_000_000_000),
    ("ns", 1_000_000_000),
];
/// Decimals of bare numbers.
const DECIMALS: u8 = 1;
const NAME_REMEDY: &str = "use at most 64 bytes, without / and :";

/// The statement of a chart, and where it stands.
struct Written<'g> {
    text: String,
    /// Where its first byte stands in the chart's file; none where bytes of one are not those of the other.
    start: Option<usize>,
    whole: Range<usize>,
    /// The file it is alone in.
    file: Option<Beside<'g>>,
}

// === impl Given ===

impl std::fmt::Debug for Given<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Given").field("file", &self.file).finish_non_exhaustive()
    }
}

/// Reads one chart, or returns every complaint about it.
pub fn read(given: Given<'_>) -> Result<Board, Vec<Diagnostic>> {
    let document = Document::new(given.file, given.bytes).map_err(|complaint| vec![complaint])?;
    if !cfg!(feature = "sql") {
        let message = "a chart asks a database, and this program was built without the feature sql";
        return Err(vec![document.complain(
            0..0,
            message,
            "build it with its default features, or with --features sql",
        )]);
    }
    let (tables, errors) = document.tables();
    let complaints = Complaints::new(&document);
    for error in &errors {
        complaints.add(error.span().unwrap_or(0..0), harmless(error.message()), "");
    }
    let mut of_template = Vec::new();
    let section = Section::open(tables.get_ref(), 0..0, keys::CHART, &complaints);
    let board = chart(&given, &section, &mut of_template);
    let mut list = complaints.into_list();
    list.extend(of_template);
    list.truncate(limits::DIAGNOSTICS_MAX);
    match board {
        Some(board) if list.is_empty() => Ok(board),
        _ => Err(list),
    }
}

/// The complaint about a chart whose source is not there, or asks no database; none where all is well.
pub fn unknown_source(document: &Document<'_>, board: &Board, sources: &[Origin]) -> Option<Diagnostic> {
    let asks = board.asks.as_ref()?;
    if asks.source(sources).is_some() {
        return None;
    }
    let (tables, _) = document.tables();
    let span = tables.get_ref().get("source").map_or(0..0, toml::Spanned::span);
    let with_database = sources.iter().filter(|origin| matches!(origin.from, crate::model::origin::From::Sql(_)));
    let names: Vec<&str> = with_database.map(|origin| origin.name.as_str()).collect();
    let (message, remedy) = match (&asks.source, &names[..]) {
        (_, []) => (
            "no source asks a database".to_owned(),
            "add one to unblink.toml: [sources.NAME] with kind = \"sqlite\" or \"postgresql\"".to_owned(),
        ),
        (Some(name), _) => {
            let message = format!("source: no source {:?} asks a database", harmless(name));
            (message, format!("there are: {}", names.join(", ")))
        }
        (None, _) => (
            format!("{} sources ask a database, and the chart does not say which is meant", names.len()),
            format!("add source = {:?}; there are: {}", names.first().copied().unwrap_or_default(), names.join(", ")),
        ),
    };
    Some(document.complain(span, message, remedy))
}

/// None only where something was complained of.
fn chart(given: &Given<'_>, section: &Section<'_>, of_template: &mut Vec<Diagnostic>) -> Option<Board> {
    let complaints = section.complaints();
    let name = given.name;
    if name.is_empty()
        || name.len() > limits::NAME_BYTES_MAX
        || name.contains(['/', ':', '\0'])
        || harmless(name) != name
    {
        complaints.add(0..0, format!("{:?} is no name for a chart", harmless(name)), NAME_REMEDY);
    }
    let title = section.text("title").unwrap_or_else(|| name.to_owned());
    section.word("x_axis");
    let (unit, divisor) = y_axis(section);
    let kind = section.word("kind").unwrap_or("line");
    let source = section.text("source");
    let interval = interval(section);
    let uuid = uuid(given, section);
    let thresholds = charts::thresholds(section).into_iter();
    let scaled = |one: Threshold| Threshold { at: one.at / f64::from(divisor), ..one };
    let thresholds: Vec<Threshold> = thresholds.map(scaled).collect();
    let fill = match section.word("fill") {
        Some("first") => Fill::First,
        Some("all") => Fill::All,
        Some("stacked") => Fill::Stacked,
        _ => Fill::None,
    };
    let query = section.table("query");
    let columns = query.as_ref().map(columns).unwrap_or_default();
    let written = query.as_ref().and_then(|query| statement(given, query));
    let template = written.as_ref().and_then(|written| {
        let read = Template::read(&written.text);
        read.map_err(|all| tell(all, written, section, of_template)).ok()
    });
    let declared = params::read(section);
    let params = match (&template, declared) {
        (Some(template), Some(declared)) => params::with_named(section, declared, template)?,
        _ => return None,
    };
    let template = template?;
    let wrong = template.check(&params);
    if let (false, Some(written)) = (wrong.is_empty(), &written) {
        tell(wrong, written, section, of_template);
    }
    if !complaints.is_empty() || !of_template.is_empty() {
        return None;
    }
    let label = Label::plain(&title);
    let chart = shown(kind, &label, unit, thresholds, fill);
    let panel = PanelSpec {
        title: label,
        source: format!("{CHART}{name}"),
        min: MIN_DEFAULT,
        priority: PRIORITY_DEFAULT,
        fallback: None,
        chart,
    };
    let (uuid, fingerprint) = (uuid?, [0; 32]);
    let asks = Asks { params, uuid, source, template, columns, unit, divisor, interval, fingerprint };
    Some(Board {
        name: name.to_owned(),
        title: title.chars().take(limits::TITLE_BYTES_MAX / 4).collect(),
        refresh_hz: REFRESH_HZ_DEFAULT,
        theme: Theme::default(),
        tabs: vec![Tab { title: Label::default(), layout: Node::Panel(0), panels: 0..1 }],
        panels: vec![panel],
        asks: Some(Box::new(asks.fingerprinted())),
    })
}

fn shown(kind: &str, title: &Label, unit: Unit, thresholds: Vec<Threshold>, fill: Fill) -> Chart {
    let select = Select::default();
    match kind {
        "bars" => Chart::Bars(Bars { select, group_by: None, unit, direction: Direction::Across, thresholds }),
        "stat" => Chart::Stat(Stat {
            select,
            unit,
            decimals: DECIMALS,
            delta: None,
            rise_is_good: None,
            thresholds,
            sparkline: true,
        }),
        _ => Chart::Line {
            unit,
            decimals: DECIMALS,
            lines: vec![LineSource { name: title.clone(), shown: Shown::Every(select) }],
            fill,
            include: Vec::new(),
            include_series: None,
            thresholds,
            annotations: Vec::new(),
        },
    }
}

/// The unit of the values as they are shown, and what they are divided by to be of it.
fn y_axis(section: &Section<'_>) -> (Unit, u32) {
    let word = section.value("y_axis").and_then(|value| value.get_ref().as_str()).unwrap_or_default();
    match PARTS_OF_SECONDS.into_iter().find(|(known, _)| known.eq_ignore_ascii_case(word)) {
        Some((_, divisor)) => (Unit::Seconds, divisor),
        None => (section.unit("y_axis").unwrap_or_default(), 1),
    }
}

fn interval(section: &Section<'_>) -> Option<Duration> {
    let interval = section.duration("interval")?;
    if (Origin::TIMEOUT_MIN.max(Origin::INTERVAL_MIN)..=Origin::INTERVAL_MAX).contains(&interval) {
        return Some(interval);
    }
    let message =
        format!("interval: {interval:?} lies outside {:?} to {:?}", Origin::INTERVAL_MIN, Origin::INTERVAL_MAX);
    section.complaints().add(section.span("interval"), message, "write it as \"15s\"");
    None
}

fn uuid(given: &Given<'_>, section: &Section<'_>) -> Option<Uuid> {
    if !section.has("uuid") {
        let mut hash = Sha256::new();
        hash.update("unblink chart\0");
        hash.update(given.tenant);
        hash.update("\0");
        hash.update(given.name);
        return Some(Uuid::of_checksum(hash.finalize().into()));
    }
    let text = section.text("uuid")?;
    let uuid = Uuid::parse(&text);
    if uuid.is_none() {
        let message = format!("uuid: {:?} is no UUID", harmless(&text));
        section.complaints().add(section.span("uuid"), message, "leave it out, and it is made of the chart's name");
    }
    uuid
}

fn columns(query: &Section<'_>) -> Columns {
    Columns { time: query.text("time"), labels: query.texts("labels"), values: query.texts("values") }
}

fn statement<'g>(given: &Given<'g>, query: &Section<'_>) -> Option<Written<'g>> {
    let complaints = query.complaints();
    if query.has("sql") == query.has("sql_file") {
        let (message, remedy) = match query.has("sql") {
            true => ("the query has `sql` and `sql_file`", "keep one of them"),
            false => ("the query has no statement", "add sql = \"SELECT time, value FROM ...\""),
        };
        complaints.add(query.place(), message, remedy);
        return None;
    }
    if query.has("sql") {
        let value = query.value("sql")?;
        let Some(text) = value.get_ref().as_str() else {
            query.text("sql");
            return None;
        };
        let (text, whole) = (text.to_owned(), value.span());
        let start = start_of(given.bytes, &whole, &text);
        return Some(Written { text, start, whole, file: None });
    }
    let name = query.text("sql_file")?;
    let whole = query.span("sql_file");
    if name.contains('/') || !name.ends_with(TEMPLATE_ENDS) {
        let message = format!("sql_file: {:?} is no template beside this file", harmless(&name));
        complaints.add(whole, message, "name a file of the same folder that ends in .tmpl");
        return None;
    }
    let Some((file, bytes)) = (given.beside)(&name) else {
        complaints.add(
            whole,
            format!("sql_file: there is no file {:?} here", harmless(&name)),
            "put it beside this one",
        );
        return None;
    };
    match std::str::from_utf8(bytes) {
        Ok(text) => Some(Written { text: text.to_owned(), start: Some(0), whole, file: Some((file, bytes)) }),
        Err(_) => {
            complaints.add(whole, format!("sql_file: {:?} is not UTF-8", harmless(&name)), "save the file as UTF-8");
            None
        }
    }
}

/// How the names of files end that hold a template alone.
pub const TEMPLATE_ENDS: &str = ".tmpl";

/// Where a text begins within its quotes, where it is written there as it is.
fn start_of(bytes: &[u8], span: &Range<usize>, text: &str) -> Option<usize> {
    let raw = std::str::from_utf8(bytes).ok()?.get(span.clone())?;
    let quotes = ["\"\"\"", "'''", "\"", "'"].into_iter().find(|quotes| raw.starts_with(quotes))?;
    let mut start = quotes.len();
    if quotes.len() == 3 {
        // The first line break does not count.
        let rest = &raw[start..];
        start += rest.strip_prefix("\r\n").or(rest.strip_prefix('\n')).map_or(0, |after| rest.len() - after.len());
    }
    raw[start..].starts_with(text).then_some(span.start + start)
}

/// Complains of a template where it stands.
fn tell(all: Vec<Wrong>, written: &Written<'_>, section: &Section<'_>, of_template: &mut Vec<Diagnostic>) {
    let document = written.file.and_then(|(file, bytes)| Document::new(file, bytes).ok());
    for Wrong { span, message, remedy } in all {
        match (&document, written.start) {
            (Some(document), _) => of_template.push(document.complain(span, message, remedy)),
            (None, Some(start)) => {
                section.complaints().add(start + span.start..start + span.end, format!("sql: {message}"), remedy);
            }
            (None, None) => section.complaints().add(written.whole.clone(), format!("sql: {message}"), remedy),
        }
    }
}
