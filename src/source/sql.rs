//! Databases that are asked in SQL in a rhythm; what they answer becomes series.
//!
//! Invariant: it all happens on the source's own thread, within a deadline and within caps; nobody else waits for it, and
//! a query that is given up is stopped where it runs. Nothing is ever written. No row is delivered twice: of each series
//! only what is newer than what it has.

mod decode;
mod newest;
mod postgres;
mod sheet;
mod sqlite;

use std::io;
use std::time::Duration;

use super::format::Told;
use super::intake::{Intake, LeftOut};
use super::{Line, Name, Reading};
use crate::base::{Mono, Wall};
use crate::event::{Event, ValuesLeftOut};
use crate::model::origin::{Database, Origin, Sql, SqlQuery};
use crate::sys::clock;
use newest::Newest;
use sheet::Sheet;

/// Why there is no answer.
#[derive(Debug, PartialEq, Eq)]
enum Failure {
    /// This query is at fault, others may be answered.
    Query(String),
    /// There is no use in asking anything else now.
    Database(String),
}

/// The thread that asks whenever asked, until the line's `asks` is dropped.
pub fn reading_thread(origin: &Origin, sql: &Sql) -> io::Result<Line> {
    let (origin, sql) = (origin.clone(), sql.clone());
    let name = origin.name.clone();
    super::reading_on_runtime(&name, move || {
        let mut turns = Turns::new(&origin, &sql);
        move |runtime, now| runtime.block_on(turns.turn(now))
    })
}

/// What is kept from turn to turn.
#[derive(Debug)]
struct Turns {
    name: Name,
    series: String,
    timeout: Duration,
    database: Asked,
    queries: Vec<SqlQuery>,
    intake: Intake,
    newest: Newest,
}

/// What is asked.
#[derive(Debug)]
enum Asked {
    Sqlite(sqlite::Sqlite),
    Postgres(Box<postgres::Server>),
}

/// What went wrong with single queries.
#[derive(Debug, Default)]
struct Troubles(Vec<String>);

// === impl Turns ===

impl Turns {
    fn new(origin: &Origin, sql: &Sql) -> Turns {
        Turns {
            name: origin.name.clone().into(),
            series: origin.series.clone(),
            timeout: sql.timeout,
            database: Asked::new(&origin.name, sql),
            queries: sql.queries.clone(),
            intake: Intake::new(origin.unit, origin.interval),
            newest: Newest::new(origin.interval),
        }
    }

    async fn turn(&mut self, now: Wall) -> Result<Reading, String> {
        let deadline = clock::mono() + self.timeout;
        self.database.prepare(deadline).await?;
        let mut troubles = Troubles::default();
        let mut told = Told::default();
        let mut rows = 0;
        let mut is_answered = false;
        for query in &self.queries {
            let (before, strange_before) = (told.values.len(), told.strange);
            let mut sheet = Sheet::new(query, &self.series, &mut told);
            match self.database.ask(query, &mut sheet, deadline).await {
                Ok(()) => {
                    is_answered = true;
                    rows += sheet.rows();
                    if let Some(why) = sheet.trouble() {
                        troubles.add(query, &why);
                    }
                }
                Err(Failure::Query(why)) => {
                    // The half of an answer is none.
                    told.values.truncate(before);
                    told.strange = strange_before;
                    troubles.add(query, &why);
                }
                Err(Failure::Database(why)) => {
                    if !is_answered {
                        return Err(why);
                    }
                    told.values.truncate(before);
                    told.strange = strange_before;
                    troubles.add(query, &why);
                    break;
                }
            }
        }
        if !is_answered && let Some(first) = troubles.0.first() {
            return Err(first.clone());
        }
        self.intake.forget_absent(&told);
        self.newest.filter(&mut told, now);
        let mut left_out = LeftOut::default();
        let samples = self.intake.take(told, now, &mut left_out);
        if left_out.count() > 0 {
            let why = left_out.words().unwrap_or_default();
            ValuesLeftOut { source: &self.name, count: left_out.count(), why: &why }.emit();
        }
        // Of a database that only charts ask, that it can be opened is all there is to know.
        let nothing = (rows == 0 && !self.queries.is_empty()).then(|| "no query found a row".to_owned());
        Ok(Reading {
            samples,
            entries: Vec::new(),
            left_out: left_out.count(),
            missing: troubles.words().or(left_out.words()).or(nothing),
        })
    }
}

// === impl Asked ===

impl Asked {
    fn new(source: &str, sql: &Sql) -> Asked {
        match &sql.database {
            Database::Sqlite { path } => Asked::Sqlite(sqlite::Sqlite::new(path.clone(), sql.timeout)),
            Database::Postgres(facts) => {
                let server = postgres::Server::new(source, (**facts).clone(), sql.timeout);
                Asked::Postgres(Box::new(server))
            }
        }
    }

    /// A new turn: what has ended or was replaced meanwhile is opened anew.
    async fn prepare(&mut self, deadline: Mono) -> Result<(), String> {
        match self {
            Asked::Sqlite(sqlite) => sqlite.prepare(),
            Asked::Postgres(server) => server.prepare(deadline).await,
        }
    }

    async fn ask(&mut self, query: &SqlQuery, sheet: &mut Sheet<'_>, deadline: Mono) -> Result<(), Failure> {
        match self {
            Asked::Sqlite(sqlite) => sqlite.ask(query, sheet, deadline),
            Asked::Postgres(server) => server.ask(query, sheet, deadline).await,
        }
    }
}

// === impl Troubles ===

impl Troubles {
    fn add(&mut self, query: &SqlQuery, why: &str) {
        self.0.push(format!("{}: {why}", query.name));
    }

    /// The first of them, and how many there are besides.
    fn words(&self) -> Option<String> {
        let first = self.0.first()?;
        Some(match self.0.len() {
            1 => first.clone(),
            all => format!("{first} (and {} more)", all - 1),
        })
    }
}

#[cfg(test)]
mod tests;
