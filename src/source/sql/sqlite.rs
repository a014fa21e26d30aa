//! SQLite: a file of this machine, read and never written.
//!
//! Invariant: opened for reading, and whatever else a statement wants is refused before it runs. A query that takes too
//! long is stopped within itself, by a handler that is called every few thousand of its steps.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::hooks::{AuthAction, AuthContext, Authorization};
use rusqlite::limits::Limit;
use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Connection, Error, ErrorCode, OpenFlags};

use super::super::format::words;
use super::Failure;
use super::sheet::{Cell, Sheet};
use crate::base::{Mono, limits};
use crate::model::origin::{SqlQuery, SqlValue};
use crate::sys::clock;

/// Steps of a query between two looks at the clock: some ten microseconds.
const STEPS: i32 = 1000;

/// One database.
#[derive(Debug)]
pub struct Sqlite {
    path: PathBuf,
    timeout: Duration,
    open: Option<(Connection, Identity)>,
}

/// Which file it is: another one of the same name is another database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Identity {
    device: u64,
    inode: u64,
}

// === impl Sqlite ===

impl Sqlite {
    pub fn new(path: PathBuf, timeout: Duration) -> Sqlite {
        Sqlite { path, timeout, open: None }
    }

    /// Opens the file that has the name now.
    pub fn prepare(&mut self) -> Result<(), String> {
        let now = self.identity();
        if self.open.as_ref().is_some_and(|(_, then)| now != Ok(*then)) {
            self.open = None;
        }
        let now = now?;
        if self.open.is_none() {
            let connection = open(&self.path).map_err(|error| match self.failure(&error) {
                Failure::Query(why) | Failure::Database(why) => why,
            })?;
            if self.identity()? != now {
                return Err(format!("{} is being replaced", self.path.display()));
            }
            self.open = Some((connection, now));
        }
        Ok(())
    }

    pub fn ask(&mut self, query: &SqlQuery, sheet: &mut Sheet<'_>, deadline: Mono) -> Result<(), Failure> {
        let Some((connection, _)) = &mut self.open else {
            return Err(Failure::Database(format!("{} is not open", self.path.display())));
        };
        match run(connection, query, sheet, deadline) {
            Ok(outcome) => outcome.map_err(Failure::Query),
            Err(error) => {
                let failure = self.failure(&error);
                if matches!(failure, Failure::Database(_)) {
                    self.open = None;
                }
                Err(failure)
            }
        }
    }

    fn identity(&self) -> Result<Identity, String> {
        let facts = fs::metadata(&self.path);
        let facts = facts.map_err(|error| format!("{} cannot be read: {error}", self.path.display()))?;
        if !facts.is_file() {
            return Err(format!("{} is no regular file", self.path.display()));
        }
        Ok(Identity { device: facts.dev(), inode: facts.ino() })
    }

    fn failure(&self, error: &Error) -> Failure {
        let said = match error {
            Error::SqliteFailure(_, Some(said)) | Error::SqlInputError { msg: said, .. } => words(said),
            other => words(&other.to_string()),
        };
        let of_file = |why: &str| Failure::Database(format!("{} {why}", self.path.display()));
        match error.sqlite_error_code() {
            Some(ErrorCode::OperationInterrupted) => {
                Failure::Query(format!("took longer than {:?} and was stopped", self.timeout))
            }
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
                of_file(&format!("is locked by who writes to it; nothing could be read in {:?}", self.timeout))
            }
            Some(ErrorCode::NotADatabase) => of_file("is no SQLite database, or an encrypted one"),
            Some(ErrorCode::DatabaseCorrupt) => of_file(&format!("is damaged: {said}")),
            Some(ErrorCode::CannotOpen | ErrorCode::PermissionDenied) => of_file(
                "cannot be opened: may the daemon's user read it? With a journal in WAL mode nobody can read it while \
                 its folder is not writable and no program has it open",
            ),
            Some(ErrorCode::SystemIoFailure | ErrorCode::FileLockingProtocolFailed | ErrorCode::SchemaChanged) => {
                of_file(&format!("cannot be read: {said}"))
            }
            Some(ErrorCode::ReadOnly) => Failure::Query("would write, and nothing is written here".to_owned()),
            Some(ErrorCode::AuthorizationForStatementDenied) => {
                Failure::Query("wants more than to read tables, which is not allowed here".to_owned())
            }
            Some(ErrorCode::TooBig) => {
                let max = limits::SQL_VALUE_BYTES_MAX / 1024 / 1024;
                Failure::Query(format!("a value or a row is longer than {max} MiB"))
            }
            _ if matches!(error, Error::MultipleStatement) => {
                Failure::Query("holds several statements; one query is one statement".to_owned())
            }
            _ => Failure::Query(said),
        }
    }
}

fn open(path: &std::path::Path) -> Result<Connection, Error> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut connection = Connection::open_with_flags(path, flags)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false)?;
    let caps = [
        (Limit::SQLITE_LIMIT_LENGTH, limits::SQL_VALUE_BYTES_MAX),
        (Limit::SQLITE_LIMIT_LIKE_PATTERN_LENGTH, limits::SQL_PATTERN_BYTES_MAX),
        (Limit::SQLITE_LIMIT_VARIABLE_NUMBER, limits::SOURCE_LIST_MAX),
        (Limit::SQLITE_LIMIT_ATTACHED, 0),
        (Limit::SQLITE_LIMIT_WORKER_THREADS, 0),
    ];
    for (limit, cap) in caps {
        connection.set_limit(limit, i32::try_from(cap).unwrap_or(i32::MAX))?;
    }
    connection.pragma_update(None, "query_only", true)?;
    connection.authorizer(Some(authorize))?;
    Ok(connection)
}

/// What a statement may do: read tables and compute.
fn authorize(context: AuthContext<'_>) -> Authorization {
    match context.action {
        AuthAction::Select | AuthAction::Recursive | AuthAction::Read { .. } => Authorization::Allow,
        AuthAction::Function { function_name } if !function_name.eq_ignore_ascii_case("load_extension") => {
            Authorization::Allow
        }
        _ => Authorization::Deny,
    }
}

/// The answer; inside, what is wrong with the query.
fn run(
    connection: &mut Connection,
    query: &SqlQuery,
    sheet: &mut Sheet<'_>,
    deadline: Mono,
) -> Result<Result<(), String>, Error> {
    let left = deadline.since(clock::mono()).max(Duration::from_millis(1));
    connection.busy_timeout(left)?;
    connection.progress_handler(STEPS, Some(move || clock::mono() >= deadline))?;
    let mut statement = connection.prepare(&query.sql)?;
    if !statement.readonly() {
        return Ok(Err("would write, and nothing is written here".to_owned()));
    }
    let wanted = statement.parameter_count();
    if wanted != query.params.len() {
        return Ok(Err(format!("has {wanted} placeholders for {} params", query.params.len())));
    }
    let names: Vec<String> = statement.column_names().map(str::to_owned).collect();
    let columns = names.len();
    if let Err(why) = sheet.head(names) {
        return Ok(Err(why));
    }
    for (index, value) in query.params.iter().enumerate() {
        let value = match value {
            SqlValue::Text(text) => ValueRef::Text(text.as_bytes()),
            SqlValue::Integer(number) => ValueRef::Integer(*number),
            SqlValue::Float(number) => ValueRef::Real(*number),
            SqlValue::Flag(flag) => ValueRef::Integer(i64::from(*flag)),
        };
        statement.raw_bind_parameter(index + 1, ToSqlOutput::Borrowed(value))?;
    }
    let mut rows = statement.raw_query();
    while let Some(row) = rows.next()? {
        let mut cells = Vec::with_capacity(columns);
        let mut bytes = 0;
        for index in 0..columns {
            let value = row.get_ref(index)?;
            bytes += weight(value);
            cells.push(cell(value));
        }
        if !sheet.row(&cells, bytes) {
            break;
        }
    }
    Ok(Ok(()))
}

fn cell(value: ValueRef<'_>) -> Cell<'_> {
    match value {
        ValueRef::Null => Cell::Nothing,
        ValueRef::Integer(number) => Cell::Integer(number),
        ValueRef::Real(number) => Cell::Number(number),
        ValueRef::Text(text) => Cell::Text(String::from_utf8_lossy(text)),
        ValueRef::Blob(_) => Cell::Other("blob".into()),
    }
}

fn weight(value: ValueRef<'_>) -> usize {
    match value {
        ValueRef::Text(bytes) | ValueRef::Blob(bytes) => bytes.len() + 8,
        _ => 8,
    }
}
