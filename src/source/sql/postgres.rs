//! PostgreSQL: who we are to it, one transaction that reads for each query, and what it says in words.
//!
//! Invariant: every query runs in a READ ONLY transaction with a time limit that the server keeps; when ours passes, it is
//! told to cancel. What has values is bound, never pasted. Nothing that the server says is repeated before our secrets
//! are taken out of it; of its errors the message alone, since details quote rows.

mod link;

use std::future::poll_fn;
use std::pin::pin;
use std::time::Duration;

use bytes::{BufMut, BytesMut};
use futures_core::Stream;
use tokio_postgres::error::SqlState;
use tokio_postgres::types::{Format, IsNull, ToSql, Type, to_sql_checked};
use tokio_postgres::{Client, Error, Transaction};

use super::super::format::words;
use super::Failure;
use super::decode::Raw;
use super::sheet::{Cell, Sheet};
use crate::base::{Mono, limits};
use crate::event::{Event, SecretOpenToAll};
use crate::model::Secret;
use crate::model::origin::{Password, Postgres, SqlQuery, SqlValue};
use crate::runtime::{credentials, timer};
use crate::sys::clock;
use link::{Link, TooMuch};

/// For telling a server that a query is given up.
const CANCELLING: Duration = Duration::from_secs(1);

/// One server, and the connection to it.
pub struct Server {
    source: String,
    facts: Postgres,
    timeout: Duration,
    link: Option<Link>,
    password: Option<Secret>,
    /// An operator was told of a secret that everybody may read.
    told_open: bool,
}

/// A value on its way: as text, which the server reads as what it takes the placeholder for.
#[derive(Debug)]
struct Bound<'a>(&'a SqlValue);

/// What one query came to: with an error of the connection, or with what is wrong with the query.
type Outcome = Result<Result<(), String>, Error>;

// === impl Server ===

impl Server {
    pub fn new(source: &str, facts: Postgres, timeout: Duration) -> Server {
        Server { source: source.to_owned(), facts, timeout, link: None, password: None, told_open: false }
    }

    /// Connects where there is no connection, or none any more.
    pub async fn prepare(&mut self, deadline: Mono) -> Result<(), String> {
        if let Some(link) = &mut self.link
            && !link.is_open().await
        {
            self.link = None;
        }
        if self.link.is_some() {
            return Ok(());
        }
        // Read for every connection, so that one that was renewed is taken.
        self.password = match self.facts.password.clone() {
            None => None,
            Some(Password::Given(secret)) => Some(secret),
            Some(Password::File(file)) => {
                let (secret, is_open) = credentials::secret(&file)?;
                if is_open && !self.told_open {
                    self.told_open = true;
                    SecretOpenToAll { source: &self.source, key: file.key, path: &file.path }.emit();
                }
                Some(secret)
            }
        };
        let opening = Link::open(&self.facts, self.password.as_ref(), deadline);
        match timer::timeout(deadline.since(clock::mono()), opening).await {
            Ok(Ok(link)) => self.link = Some(link),
            Ok(Err(link::Trouble::Words(why))) => return Err(self.about(&self.hide(&why))),
            Ok(Err(link::Trouble::Error(error))) => match self.failure(&error) {
                Failure::Database(why) => return Err(why),
                Failure::Query(why) => return Err(self.about(&why)),
            },
            Err(_) => return Err(self.late()),
        }
        Ok(())
    }

    /// One query in a transaction of its own.
    pub async fn ask(&mut self, query: &SqlQuery, sheet: &mut Sheet<'_>, deadline: Mono) -> Result<(), Failure> {
        let left = deadline.since(clock::mono());
        let Some(mut link) = self.link.take() else { return Err(Failure::Database(self.about("is not connected"))) };
        link.expect(limits::ANSWER_BYTES_MAX);
        let asked = timer::timeout(left, link.drive(|client| Box::pin(exchange(client, query, sheet, left)))).await;
        match asked {
            Ok(Ok(outcome)) => {
                self.link = Some(link);
                outcome.map_err(|why| Failure::Query(self.hide(&why)))
            }
            Ok(Err(error)) => {
                let failure = self.failure(&error);
                if error.as_db_error().is_some() && matches!(failure, Failure::Query(_)) {
                    self.link = Some(link);
                }
                Err(failure)
            }
            Err(_) => {
                // It would work on for nobody.
                let _ = timer::timeout(CANCELLING, link.cancel(&self.facts)).await;
                Err(Failure::Database(self.late()))
            }
        }
    }

    fn late(&self) -> String {
        self.about(&format!("did not answer in {:?}", self.timeout))
    }

    fn about(&self, why: &str) -> String {
        format!("{} {why}", self.facts.called())
    }

    fn hide(&self, text: &str) -> String {
        self.password.as_ref().map_or_else(|| text.to_owned(), |secret| secret.hide_in(text))
    }

    fn failure(&self, error: &Error) -> Failure {
        let Some(said) = error.as_db_error() else { return self.broken(error) };
        let message = words(&self.hide(said.message()));
        let user = &self.facts.user;
        let database = |why: String| Failure::Database(self.about(&why));
        match said.code() {
            code if *code == SqlState::INVALID_PASSWORD => {
                database(format!("does not accept the password of {user}: is password_file right?"))
            }
            code if *code == SqlState::INVALID_AUTHORIZATION_SPECIFICATION => {
                database(format!("does not let {user} in: {message}"))
            }
            code if *code == SqlState::QUERY_CANCELED => {
                Failure::Query(format!("took longer than {:?} and was stopped", self.timeout))
            }
            code if *code == SqlState::READ_ONLY_SQL_TRANSACTION => {
                Failure::Query("would write, and nothing is written here".to_owned())
            }
            code if *code == SqlState::SYNTAX_ERROR && said.message().contains("multiple commands") => {
                Failure::Query("holds several statements; one query is one statement".to_owned())
            }
            _ if matches!(said.severity(), "FATAL" | "PANIC") => database(format!("says: {message}")),
            _ => Failure::Query(message),
        }
    }

    fn broken(&self, error: &Error) -> Failure {
        let mut inner = std::error::Error::source(error);
        while let Some(cause) = inner {
            if let Some(cause) = cause.downcast_ref::<std::io::Error>() {
                if cause.get_ref().is_some_and(|cause| cause.is::<TooMuch>()) {
                    let max = limits::ANSWER_BYTES_MAX / 1024 / 1024;
                    return Failure::Database(
                        self.about(&format!("answers with more than {max} MiB: narrow the query")),
                    );
                }
                // Junk is such an error too, but none of the connection.
                if !matches!(cause.kind(), std::io::ErrorKind::InvalidInput | std::io::ErrorKind::InvalidData) {
                    return Failure::Database(self.about(&self.hide(&link::io_words(cause))));
                }
            }
            inner = cause.source();
        }
        if error.is_closed() {
            return Failure::Database(self.about(link::CLOSED));
        }
        let mut said = error.to_string();
        if let Some(cause) = std::error::Error::source(error) {
            said = format!("{said}: {cause}");
        }
        if said.contains("password missing") {
            return Failure::Database(self.about("wants a password: set password_file"));
        }
        Failure::Database(self.about(&format!("is not understood: {}", words(&self.hide(&said)))))
    }
}

async fn exchange(client: &mut Client, query: &SqlQuery, sheet: &mut Sheet<'_>, left: Duration) -> Outcome {
    let transaction = client.build_transaction().read_only(true).start().await?;
    let outcome = read(&transaction, query, sheet, left).await;
    // Whatever came of it: none stays open.
    let over = transaction.rollback().await;
    let outcome = outcome?;
    over.map(|()| outcome)
}

async fn read(transaction: &Transaction<'_>, query: &SqlQuery, sheet: &mut Sheet<'_>, left: Duration) -> Outcome {
    // A little before ours, so that the connection lives on.
    let theirs = (left.as_millis() * 9 / 10).max(1);
    transaction.batch_execute(&format!("SET LOCAL statement_timeout = {theirs}; SET LOCAL TimeZone = 'UTC'")).await?;
    let statement = transaction.prepare(&query.sql).await?;
    let (wanted, given) = (statement.params().len(), query.params.len());
    if wanted != given {
        return Ok(Err(format!("has {wanted} placeholders for {given} params")));
    }
    if let Err(why) = sheet.head(statement.columns().iter().map(|column| column.name().to_owned()).collect()) {
        return Ok(Err(why));
    }
    let bound: Vec<Bound<'_>> = query.params.iter().map(Bound).collect();
    let portal = transaction.bind_raw(&statement, &bound).await?;
    // One more than is taken, to know that there are more; the rest is never made.
    let rows_max = i32::try_from(limits::SQL_ROWS_MAX + 1).unwrap_or(i32::MAX);
    let mut rows = pin!(transaction.query_portal_raw(&portal, rows_max).await?);
    let mut more = true;
    while let Some(row) = poll_fn(|context| rows.as_mut().poll_next(context)).await {
        let row = row?;
        if !more {
            continue;
        }
        let mut cells = Vec::with_capacity(row.len());
        let mut bytes = 0;
        for (index, column) in row.columns().iter().enumerate() {
            let raw: Option<Raw<'_>> = row.try_get(index)?;
            bytes += 8 + raw.as_ref().map_or(0, Raw::len);
            cells.push(raw.map_or(Cell::Nothing, |raw| raw.cell(column.type_())));
        }
        more = sheet.row(&cells, bytes);
    }
    Ok(Ok(()))
}

// === impl Bound ===

impl ToSql for Bound<'_> {
    fn to_sql(&self, _: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn std::error::Error + Sync + Send>> {
        match self.0 {
            SqlValue::Text(text) => out.put_slice(text.as_bytes()),
            SqlValue::Integer(number) => out.put_slice(number.to_string().as_bytes()),
            SqlValue::Float(number) => out.put_slice(number.to_string().as_bytes()),
            SqlValue::Flag(flag) => out.put_slice(if *flag { b"true" } else { b"false" }),
        }
        Ok(IsNull::No)
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    fn encode_format(&self, _: &Type) -> Format {
        Format::Text
    }

    to_sql_checked!();
}

impl std::fmt::Debug for Server {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Server({})", self.facts.called())
    }
}

#[cfg(test)]
mod tests;
