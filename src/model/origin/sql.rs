//! A database that is asked in SQL, as it is configured.
//!
//! Invariant: what may hold a secret is a [`Secret`], so that no `Debug` of all this shows one. Numbers among the
//! parameters are finite, so that two equal configurations are equal.

use std::path::PathBuf;
use std::time::Duration;

use super::{FromFile, Tls};
use crate::model::Unit;
use crate::model::secret::Secret;

/// A database, and what it is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sql {
    pub database: Database,
    /// How long the queries of one turn may take together.
    pub timeout: Duration,
    /// In the order of their names; none where only charts ask.
    pub queries: Vec<SqlQuery>,
}

/// Where it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Database {
    Sqlite { path: PathBuf },
    Postgres(Box<Postgres>),
}

/// A PostgreSQL server, and who we are to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Postgres {
    pub place: Place,
    pub port: u16,
    pub database: String,
    pub user: String,
    pub password: Option<Password>,
    pub encryption: Encryption,
}

/// How a server is reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// The folder that holds its socket.
    Socket(PathBuf),
    /// A name or an address, an IPv6 one without its brackets.
    Host(String),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Password {
    Given(Secret),
    File(FromFile),
}

/// Whether what is said to a server is readable on the way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Encryption {
    Off,
    /// Where the server offers it.
    Prefer(Tls),
    Require(Tls),
}

/// One question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SqlQuery {
    /// As its section is called.
    pub name: String,
    /// One statement that reads.
    pub sql: String,
    /// Bound in the places of `$1` and its like, never pasted.
    pub params: Vec<SqlValue>,
    pub columns: Columns,
    pub unit: Unit,
    /// What values are divided by to be of the unit: 1000 of milliseconds.
    pub divisor: u32,
}

/// A value that is bound.
#[derive(Clone, Debug, PartialEq)]
pub enum SqlValue {
    Text(String),
    Integer(i64),
    Float(f64),
    Flag(bool),
}

/// What the columns of an answer are; none for what they look like.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Columns {
    pub time: Option<String>,
    pub labels: Option<Vec<String>>,
    pub values: Option<Vec<String>>,
}

/// No NaN is ever configured.
impl Eq for SqlValue {}

// === impl Sql ===

impl Sql {
    /// The database as it is called in sentences.
    pub fn called(&self) -> String {
        match &self.database {
            Database::Sqlite { path } => path.display().to_string(),
            Database::Postgres(postgres) => postgres.called(),
        }
    }
}

// === impl SqlQuery ===

impl SqlQuery {
    /// What its series are called, in a source whose series begin with `prefix`.
    pub fn series(&self, prefix: &str) -> String {
        format!("{prefix}_{}", self.name)
    }
}

// === impl Postgres ===

impl Postgres {
    pub const PORT_DEFAULT: u16 = 5432;

    /// As it is called in sentences.
    pub fn called(&self) -> String {
        match &self.place {
            Place::Socket(folder) => format!("{}/.s.PGSQL.{}", folder.display(), self.port),
            Place::Host(host) if host.contains(':') => format!("[{host}]:{}", self.port),
            Place::Host(host) => format!("{host}:{}", self.port),
        }
    }
}
