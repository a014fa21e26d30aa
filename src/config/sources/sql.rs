//! `kind = "sqlite"` and `kind = "postgresql"`: a database, who we are to it, and what it is asked.
//!
//! Invariant: a password never stands in the file itself. What is bound to a query is a value, whatever stands in it.

use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use toml::Spanned;
use toml::de::DeValue;

use super::super::schema::{Wrong, kind, text, wrong};
use super::prometheus::{file, secret};
use super::{Section, bounded, list, names, one_of, path, unit};
use crate::base::limits;
use crate::model::Unit;
use crate::model::origin::{Columns, Database, Encryption, Password, Place, Postgres, Sql, SqlQuery, SqlValue};
use crate::notation::{harmless, remedy_for};

pub const SQLITE: [&str; 3] = ["path", "timeout", "queries"];
pub const POSTGRES: [&str; 12] = [
    "host",
    "port",
    "database",
    "user",
    "password",
    "password_file",
    "tls",
    "ca_file",
    "cert_file",
    "key_file",
    "timeout",
    "queries",
];
const QUERY: [&str; 6] = ["sql", "params", "time", "labels", "values", "unit"];
const TLS: [&str; 3] = ["require", "prefer", "off"];

// === impl Section ===

impl Section<'_> {
    /// `default` is the unit of what names none.
    pub(super) fn sql(&mut self, word: &str, interval: Duration, default: Unit) -> Option<Sql> {
        if !cfg!(feature = "sql") {
            let message =
                format!("[sources.{}] is a database, and this program was built without the feature sql", self.name);
            self.complain_whole(message, "build it with its default features, or with --features sql");
            return None;
        }
        let timeout = self.timeout(interval, "a turn");
        let is_sqlite = word == "sqlite";
        let database = if is_sqlite { self.sqlite() } else { self.postgres() };
        let example = "NAME = \"SELECT ...\"";
        // Charts may be all that asks it.
        let queries = match self.table.contains_key("queries") {
            true => self.queries(example, |section, name, value| section.sql_query(default, is_sqlite, name, value)),
            false => Vec::new(),
        };
        Some(Sql { database: database?, timeout, queries })
    }

    fn sqlite(&mut self) -> Option<Database> {
        let path = self.get("path", |value| path(value, "/var/lib/app/app.db"));
        if !self.table.contains_key("path") {
            self.complain_whole(
                format!("[sources.{}] names no database", self.name),
                "add path = \"/var/lib/app/app.db\"",
            );
        }
        Some(Database::Sqlite { path: path? })
    }

    fn postgres(&mut self) -> Option<Database> {
        let place = self.get("host", place);
        for key in ["host", "database", "user"] {
            if !self.table.contains_key(key) {
                let message = format!("[sources.{}] names no {key}", self.name);
                let remedy = match key {
                    "host" => "add host = \"127.0.0.1\", or the folder of its socket: host = \"/run/postgresql\"",
                    "database" => "add database = \"shop\"",
                    _ => "add user = \"wall\", who may read and nothing else",
                };
                self.complain_whole(message, remedy);
            }
        }
        let port = self.get("port", |value| match value.as_integer().map(|number| number.as_str().parse::<u16>()) {
            Some(Ok(port)) if port > 0 => Ok(port),
            _ => Err(wrong("this is no port", "write it as 5432")),
        });
        let database = self.get("database", name);
        let user = self.get("user", name);
        let encryption = self.encryption(place.as_ref());
        let password = self.password();
        Some(Database::Postgres(Box::new(Postgres {
            place: place?,
            port: port.unwrap_or(Postgres::PORT_DEFAULT),
            database: database?,
            user: user?,
            password,
            encryption,
        })))
    }

    fn password(&mut self) -> Option<Password> {
        let secrets = self.secrets;
        let given = self.get("password", |value| secret(value, secrets, "password"));
        let from_file = self.get("password_file", |value| file(value, secrets, "password_file"));
        if ["password", "password_file"].iter().all(|key| self.table.contains_key(*key)) {
            let message = format!("[sources.{}] has two passwords", self.name);
            self.complain_whole(message, "keep one of password and password_file");
        }
        given.map(Password::Given).or(from_file.map(Password::File))
    }

    /// Required, but for this machine: nobody listens between us and a socket or a loopback address.
    fn encryption(&mut self, place: Option<&Place>) -> Encryption {
        let word = self.get("tls", |value| one_of(value, &TLS, "ways"));
        let is_socket = matches!(place, Some(Place::Socket(_)));
        if is_socket && word.is_some_and(|word| word != "off") {
            let message = format!("[sources.{}] has tls for a socket of this machine", self.name);
            self.complain_whole(message, "leave tls out; nobody can listen there");
        }
        let default = if place.is_some_and(is_here) { "off" } else { "require" };
        let word = if is_socket { "off" } else { word.unwrap_or(default) };
        let settings = self.tls(word != "off", "write tls = \"require\", or leave them out");
        match word {
            "off" => Encryption::Off,
            "prefer" => Encryption::Prefer(settings),
            _ => Encryption::Require(settings),
        }
    }

    fn sql_query(
        &mut self,
        default: Unit,
        is_sqlite: bool,
        name: &Spanned<std::borrow::Cow<'_, str>>,
        value: &Spanned<DeValue<'_>>,
    ) -> Option<SqlQuery> {
        let word: &str = name.get_ref();
        let mut query = SqlQuery {
            name: word.to_owned(),
            sql: String::new(),
            params: Vec::new(),
            columns: Columns::default(),
            unit: default,
            divisor: 1,
        };
        let mut complain = |span, wrong: Wrong, key: &str| {
            let message = format!("sources.{}.queries.{word}{key}: {}", self.name, wrong.message);
            self.complaints.push(self.document.complain(span, message, wrong.remedy));
        };
        let DeValue::Table(table) = value.get_ref() else {
            match statement(value.get_ref()) {
                Ok(text) => query.sql = text,
                Err(wrong) => complain(value.span(), wrong, ""),
            }
            return Some(query);
        };
        for (key, value) in table {
            let known: &str = key.get_ref();
            let columns = &mut query.columns;
            let read = match known {
                "sql" => statement(value.get_ref()).map(|text| query.sql = text),
                "params" => params(value.get_ref(), is_sqlite).map(|params| query.params = params),
                "time" => bounded(value.get_ref(), "time").map(|name| columns.time = Some(name)),
                "labels" => names(value.get_ref(), limits::SERIES_LABELS_MAX).map(|names| columns.labels = Some(names)),
                "values" => names(value.get_ref(), limits::SQL_COLUMNS_MAX).map(|names| columns.values = Some(names)),
                "unit" => unit(value.get_ref()).map(|unit| query.unit = unit),
                _ => {
                    let message = format!("there is no key {:?} in a query", harmless(known));
                    complain(key.span(), wrong(message, remedy_for(known, &QUERY, "keys")), "");
                    continue;
                }
            };
            if let Err(wrong) = read {
                complain(value.span(), wrong, &format!(".{known}"));
            }
        }
        if !table.contains_key("sql") {
            complain(name.span(), wrong("it has no statement", "add sql = \"SELECT ...\""), "");
        }
        Some(query)
    }
}

fn place(value: &DeValue<'_>) -> Result<Place, Wrong> {
    let text = bounded(value, "127.0.0.1")?;
    if text.starts_with('/') {
        return Ok(Place::Socket(PathBuf::from(text)));
    }
    let host = text.trim_start_matches('[').trim_end_matches(']').to_owned();
    let fits = |c: char| c.is_alphanumeric() || matches!(c, '.' | '-' | '_');
    match host.parse::<IpAddr>().is_ok() || (!host.is_empty() && host.chars().all(fits)) {
        true => Ok(Place::Host(host)),
        false => {
            let remedy = "write host = \"db.example\", port = 5432 and database = \"shop\" each on its own";
            Err(wrong("this is no name of a server", remedy))
        }
    }
}

/// Whether it is this machine.
fn is_here(place: &Place) -> bool {
    match place {
        Place::Socket(_) => true,
        Place::Host(host) => host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback()),
    }
}

/// A name of a user or a database, as PostgreSQL has them.
fn name(value: &DeValue<'_>) -> Result<String, Wrong> {
    let text = bounded(value, "shop")?;
    match text.len() <= limits::NAME_BYTES_MAX {
        true => Ok(text),
        false => Err(wrong("the name is too long", format!("use at most {} bytes", limits::NAME_BYTES_MAX))),
    }
}

fn statement(value: &DeValue<'_>) -> Result<String, Wrong> {
    bounded(value, "SELECT count(*) AS value FROM orders")
}

fn params(value: &DeValue<'_>, is_sqlite: bool) -> Result<Vec<SqlValue>, Wrong> {
    list(value, limits::SOURCE_LIST_MAX, "[\"core\", 5]")?.into_iter().map(|value| param(value, is_sqlite)).collect()
}

fn param(value: &DeValue<'_>, is_sqlite: bool) -> Result<SqlValue, Wrong> {
    match value {
        DeValue::String(_) => {
            let text = text(value, "core")?;
            if text.len() > limits::SOURCE_TEXT_BYTES_MAX {
                let remedy = format!("use at most {} bytes", limits::SOURCE_TEXT_BYTES_MAX);
                return Err(wrong(format!("the text of {} bytes does not fit", text.len()), remedy));
            }
            if text.contains('\0') && !is_sqlite {
                return Err(wrong("the text holds a zero byte", "no text of PostgreSQL can hold one"));
            }
            Ok(SqlValue::Text(text.to_owned()))
        }
        DeValue::Boolean(flag) => Ok(SqlValue::Flag(*flag)),
        DeValue::Integer(number) => i64::from_str_radix(number.as_str(), number.radix())
            .map(SqlValue::Integer)
            .map_err(|_| wrong("the number is too large", "use one that fits into 64 bits")),
        DeValue::Float(number) => match number.as_str().parse::<f64>() {
            Ok(number) if number.is_finite() => Ok(SqlValue::Float(number)),
            _ => Err(wrong("this is no finite number", "write it as 0.5")),
        },
        other => Err(wrong(format!("{} cannot be bound", kind(other)), "use texts, numbers, true and false")),
    }
}

#[cfg(test)]
#[cfg(feature = "sql")]
mod tests;
