//! A chart that asks a database by itself, as its file says it: what is asked with a viewer's parameters, and the board
//! that shows the answer.
//!
//! Invariant: pure. Charts with different parameters, or of different files, have different series: none of them ever
//! shows what was asked for another one. A viewer's words are bound to the statement and stand in the title of their own
//! view; nothing else is made of them but a checksum.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::Duration;

use sha2::{Digest as _, Sha256};

use super::board::{Board, Chart, PanelSpec, Shown};
use super::chart::Words;
use super::select::Select;
use crate::label::Label;
use crate::model::Unit;
use crate::model::origin::{CHART, Columns, Database, From, Origin, Sql, SqlQuery, SqlValue};
use crate::model::param::{self, ParamFacts, Uuid, Values};
use crate::template::{Dialect, Template};
use crate::widget::text::Align;

/// What a chart asks, and of whom.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asks {
    pub params: Vec<ParamFacts>,
    pub uuid: Uuid,
    /// The source whose database is asked; the only one with a database where nothing is said.
    pub source: Option<String>,
    pub template: Template,
    pub columns: Columns,
    pub unit: Unit,
    /// What values are divided by to be of the unit.
    pub divisor: u32,
    /// Between two looks; as often as the source where nothing is said.
    pub interval: Option<Duration>,
    /// Of everything here that makes an answer another one, see [`Asks::fingerprinted`].
    pub fingerprint: [u8; 32],
}

/// What a chart with certain parameters is called within.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// The name of its source.
    pub source: String,
    /// What the name of its series begins with.
    prefix: String,
    /// The name of its series.
    pub series: String,
}

/// Columns of a viewer's words in a title.
const SAID_COLUMNS_MAX: u16 = 24;

// === impl Asks ===

impl Asks {
    /// The same, told apart from whatever asks otherwise.
    pub fn fingerprinted(self) -> Asks {
        let asked = format!("{:?}", (&self.source, &self.template, &self.columns, self.unit, self.divisor));
        Asks { fingerprint: Sha256::digest(asked).into(), ..self }
    }

    /// What it is called with these parameters; none where they do not fit.
    pub fn identity(&self, board: &str, params: &BTreeMap<String, String>) -> Option<Identity> {
        Some(self.identity_of(board, &param::values(&self.params, params).ok()?))
    }

    fn identity_of(&self, board: &str, values: &Values) -> Identity {
        let mut hash = Sha256::new_with_prefix(self.fingerprint);
        // Texts of any content, so that their lengths count too; two parameters never share a name.
        let mut add = |text: &str| {
            hash.update((text.len() as u64).to_be_bytes());
            hash.update(text);
        };
        add(board);
        for (name, value) in values {
            add(name);
            match value {
                SqlValue::Text(text) => add(text),
                other => add(&format!("{other:?}")),
            }
        }
        let mut digits = String::with_capacity(32);
        for byte in &hash.finalize()[..16] {
            let _ = write!(digits, "{byte:02x}");
        }
        let prefix = format!("{CHART}{digits}");
        // What is too long somewhere loses its end: two of them stay apart.
        let source = format!("{CHART}{}:{board}", &digits[..16]);
        Identity { source, series: format!("{prefix}_{board}"), prefix }
    }

    /// The source whose database it asks.
    pub fn source<'a>(&self, sources: &'a [Origin]) -> Option<&'a Origin> {
        let mut with_database = sources.iter().filter(|origin| matches!(origin.from, From::Sql(_)));
        match &self.source {
            Some(name) => with_database.find(|origin| origin.name == *name),
            None => with_database.next().filter(|_| with_database.next().is_none()),
        }
    }

    /// What is asked with these parameters; none where they do not fit, or where there is no such source.
    pub fn origin(&self, board: &Board, params: &BTreeMap<String, String>, sources: &[Origin]) -> Option<Origin> {
        let values = param::values(&self.params, params).ok()?;
        let source = self.source(sources)?;
        let From::Sql(asked) = &source.from else { return None };
        let dialect = match asked.database {
            Database::Sqlite { .. } => Dialect::Sqlite,
            Database::Postgres(_) => Dialect::Postgres,
        };
        let statement = self.template.statement(&values, dialect).ok()?;
        let identity = self.identity_of(&board.name, &values);
        let interval = self.interval.unwrap_or(source.interval);
        let query = SqlQuery {
            name: board.name.clone(),
            sql: statement.sql,
            params: statement.params.iter().filter_map(|name| values.get(name).cloned()).collect(),
            columns: self.columns.clone(),
            unit: self.unit,
            divisor: self.divisor,
        };
        let timeout = asked.timeout.min(interval);
        let from = From::Sql(Sql { database: asked.database.clone(), timeout, queries: vec![query] });
        Some(Origin { name: identity.source, series: identity.prefix, unit: self.unit, interval, from, standby: None })
    }

    /// The title with what the viewer said, so that charts side by side can be told apart.
    fn title(&self, title: &Label, params: &BTreeMap<String, String>) -> Label {
        let mut text = title.as_str().to_owned();
        for param in &self.params {
            if let Some(said) = params.get(&param.name) {
                let said = Label::plain(said).clip(SAID_COLUMNS_MAX);
                let _ = write!(text, " · {}={}", param.name, said.as_str());
            }
        }
        Label::plain(&text)
    }

    /// The board with these parameters; where they do not fit, one that says why.
    pub fn board(&self, board: &Board, params: &BTreeMap<String, String>) -> Board {
        let values = param::values(&self.params, params);
        let identity = values.as_ref().map(|values| self.identity_of(&board.name, values));
        let panel = |spec: &PanelSpec| {
            let mut spec = spec.clone();
            match (&identity, &values) {
                (Ok(identity), _) => {
                    spec.title = self.title(&spec.title, params);
                    spec.source.clone_from(&identity.source);
                    show(&mut spec.chart, &identity.series);
                }
                (Err(_), Err(why)) => {
                    spec.chart = Chart::Words(Words { text: why.join("\n"), align: Align::Centre });
                }
                (Err(_), Ok(_)) => {}
            }
            spec
        };
        Board {
            name: board.name.clone(),
            title: board.title.clone(),
            refresh_hz: board.refresh_hz,
            theme: board.theme,
            tabs: board.tabs.clone(),
            panels: board.panels.iter().map(panel).collect(),
            asks: None,
        }
    }
}

/// Has a chart show the series of this name.
fn show(chart: &mut Chart, series: &str) {
    let set = |select: &mut Select| series.clone_into(&mut select.series);
    match chart {
        Chart::Line { lines, .. } => {
            for line in lines {
                if let Shown::Query(select) | Shown::Every(select) = &mut line.shown {
                    set(select);
                }
            }
        }
        Chart::Bars(bars) => set(&mut bars.select),
        Chart::Stat(stat) => set(&mut stat.select),
        _ => {}
    }
}
