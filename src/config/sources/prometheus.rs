//! `kind = "prometheus"`: a server, who we are to it, and what it is asked.
//!
//! Invariant: a password or a token never stands in the file itself, and no complaint repeats what a variable stands
//! for.

use std::path::PathBuf;
use std::time::Duration;

use hyper::Uri;
use hyper::header::{HeaderName, HeaderValue};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::super::schema::{Wrong, kind, span_between, text, wrong};
use super::super::secrets::{self, Secrets};
use super::{Section, bounded, unit};
use crate::base::limits;
use crate::model::Secret;
use crate::model::origin::{Credentials, FromFile, Prometheus, Query, Tls};
use crate::notation::{harmless, remedy_for};

pub const KEYS: [&str; 12] = [
    "url",
    "timeout",
    "range",
    "queries",
    "basic",
    "bearer",
    "bearer_file",
    "tenant",
    "headers",
    "ca_file",
    "cert_file",
    "key_file",
];
const QUERY: [&str; 3] = ["query", "unit", "legend"];
const BASIC: [&str; 3] = ["user", "password", "password_file"];
/// Headers that say how a request is sent, and those with a key of their own.
const HEADERS_REFUSED: [&str; 11] = [
    "accept-encoding",
    "connection",
    "content-encoding",
    "content-length",
    "content-type",
    "expect",
    "host",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];
/// Names the tenant to Mimir, Loki, Cortex and their like.
const TENANT_HEADER: &str = "X-Scope-OrgID";
const AUTHORIZATION: &str = "authorization";

/// Where a server is, read from `url`.
struct Place {
    is_tls: bool,
    host: String,
    port: u16,
    prefix: Secret,
}

// === impl Section ===

impl Section<'_> {
    pub(super) fn prometheus(&mut self, series: &str, interval: Duration) -> Option<Prometheus> {
        let secrets = self.secrets;
        let place = self.get("url", |value| place(value, secrets));
        if !self.table.contains_key("url") {
            let message = format!("[sources.{}] names no server", self.name);
            self.complain_whole(message, "add url = \"http://127.0.0.1:9090\"");
        }
        let timeout = self.timeout(interval, "a turn");
        let range = self.get("range", |value| span_between(value, Duration::ZERO, Prometheus::RANGE_MAX, "1h"));
        let credentials = self.credentials();
        let mut headers = self.get("headers", |value| headers(value, secrets)).unwrap_or_default();
        if credentials.is_some() && headers.iter().any(|(name, _)| name.eq_ignore_ascii_case(AUTHORIZATION)) {
            let message = format!("[sources.{}] says twice who it is", self.name);
            self.complain_whole(message, "leave out the header Authorization, or bearer and basic");
        }
        let tenant = self.get("tenant", |value| header_value(secrets.resolve(&bounded(value, "team-a")?)?));
        headers.extend(tenant.map(|tenant| (TENANT_HEADER.to_owned(), tenant)));
        let is_tls = place.as_ref().is_none_or(|place| place.is_tls);
        let tls = self.tls(is_tls, "begin url with https://, or leave them out");
        let queries =
            self.queries("NAME = \"a query in PromQL\"", |section, name, value| section.query(series, name, value));
        let Place { is_tls, host, port, prefix } = place?;
        Some(Prometheus {
            tls: is_tls.then_some(tls),
            host,
            port,
            prefix,
            credentials,
            headers,
            timeout,
            range: range.unwrap_or(Prometheus::RANGE_DEFAULT),
            queries,
        })
    }

    fn credentials(&mut self) -> Option<Credentials> {
        let secrets = self.secrets;
        let bearer = self.get("bearer", |value| secret(value, secrets, "bearer"));
        let bearer_file = self.get("bearer_file", |value| file(value, secrets, "bearer_file"));
        let basic = self.get("basic", |value| basic(value, secrets));
        if ["bearer", "bearer_file", "basic"].iter().filter(|key| self.table.contains_key(**key)).count() > 1 {
            let message = format!("[sources.{}] says twice who it is", self.name);
            self.complain_whole(message, "keep one of bearer, bearer_file and basic");
        }
        bearer.map(Credentials::Bearer).or_else(|| bearer_file.map(Credentials::BearerFile)).or(basic)
    }

    /// Certificates, and the remedy where they are for nothing.
    pub(super) fn tls(&mut self, is_tls: bool, remedy: &str) -> Tls {
        let secrets = self.secrets;
        let ca = self.get("ca_file", |value| file(value, secrets, "ca_file"));
        let certificate = self.get("cert_file", |value| file(value, secrets, "cert_file"));
        let key = self.get("key_file", |value| file(value, secrets, "key_file"));
        let has = |key| self.table.contains_key(key);
        if has("cert_file") != has("key_file") {
            let message = format!("[sources.{}] has one of cert_file and key_file", self.name);
            self.complain_whole(message, "a certificate needs its key, and a key its certificate");
        } else if !is_tls && (has("ca_file") || has("cert_file")) {
            let message = format!("[sources.{}] has certificates for a server that is not asked by TLS", self.name);
            self.complain_whole(message, remedy);
        }
        Tls { ca, identity: certificate.zip(key) }
    }

    /// The table of queries, each read by `read`; `example` is how one is written.
    pub(super) fn queries<T>(
        &mut self,
        example: &str,
        mut read: impl FnMut(&mut Self, &Spanned<std::borrow::Cow<'_, str>>, &Spanned<DeValue<'_>>) -> Option<T>,
    ) -> Vec<T> {
        let Some(value) = self.table.get("queries") else {
            let message = format!("[sources.{}] asks nothing", self.name);
            let remedy = format!("add [sources.{}.queries] with {example} under it", self.name);
            self.complain_whole(message, &remedy);
            return Vec::new();
        };
        let DeValue::Table(table) = value.get_ref() else {
            let message =
                format!("sources.{}.queries: {} stands where queries belong", self.name, kind(value.get_ref()));
            let remedy = format!("write {example} in a section of that name");
            self.complaints.push(self.document.complain(value.span(), message, remedy));
            return Vec::new();
        };
        if table.is_empty() || table.len() > limits::QUERIES_MAX {
            let message = format!("sources.{}.queries: there are {} queries", self.name, table.len());
            let remedy = format!("ask 1 to {}; more belong into another source", limits::QUERIES_MAX);
            self.complaints.push(self.document.complain(value.span(), message, remedy));
            return Vec::new();
        }
        let fits = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
        let mut queries = Vec::new();
        for (name, value) in table {
            let word: &str = name.get_ref();
            if word.is_empty() || word.len() > limits::NAME_BYTES_MAX || !word.bytes().all(fits) {
                let message = format!("sources.{}.queries: {:?} is no name of a query", self.name, harmless(word));
                let remedy =
                    format!("use at most {} letters, digits and _: its series are called so", limits::NAME_BYTES_MAX);
                self.complaints.push(self.document.complain(name.span(), message, remedy));
            } else {
                queries.extend(read(self, name, value));
            }
        }
        queries
    }

    fn query(
        &mut self,
        series: &str,
        name: &Spanned<std::borrow::Cow<'_, str>>,
        value: &Spanned<DeValue<'_>>,
    ) -> Option<Query> {
        let word: &str = name.get_ref();
        let mut query = Query {
            name: word.to_owned(),
            series: format!("{series}_{word}"),
            query: String::new(),
            unit: None,
            legend: None,
        };
        let mut complain = |span, wrong: Wrong, key: &str| {
            let message = format!("sources.{}.queries.{word}{key}: {}", self.name, wrong.message);
            self.complaints.push(self.document.complain(span, message, wrong.remedy));
        };
        let DeValue::Table(table) = value.get_ref() else {
            match promql(value.get_ref()) {
                Ok(text) => query.query = text,
                Err(wrong) => complain(value.span(), wrong, ""),
            }
            return Some(query);
        };
        for (key, value) in table {
            let known: &str = key.get_ref();
            let read = match known {
                "query" => promql(value.get_ref()).map(|text| query.query = text),
                "unit" => unit(value.get_ref()).map(|unit| query.unit = Some(unit)),
                "legend" => legend(value.get_ref()).map(|legend| query.legend = Some(legend)),
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
        if !table.contains_key("query") {
            complain(name.span(), wrong("it has no query", "add query = \"up\""), "");
        }
        Some(query)
    }
}

fn place(value: &DeValue<'_>, secrets: &Secrets) -> Result<Place, Wrong> {
    const EXAMPLE: &str = "http://127.0.0.1:9090";
    let text = secrets.resolve(&bounded(value, EXAMPLE)?)?;
    let whole = text.expose();
    let remedy = format!("write it as \"{EXAMPLE}\"");
    if secrets.is_blind {
        return Ok(Place { is_tls: false, host: String::new(), port: 0, prefix: Secret::default() });
    }
    // Nothing of it is repeated: a key may stand in it.
    let uri: Uri = whole.parse().map_err(|_| wrong("this is no address of a server", remedy.clone()))?;
    let is_tls = match uri.scheme_str() {
        Some("https") => true,
        Some("http") => false,
        _ => return Err(wrong("it begins with neither http:// nor https://", remedy)),
    };
    let authority = uri.authority().ok_or_else(|| wrong("it names no server", remedy.clone()))?;
    if authority.as_str().contains('@') {
        let remedy = "write basic = { user = \"...\", password_file = \"...\" } instead";
        return Err(wrong("a user and a password do not belong into it", remedy));
    }
    if uri.query().is_some() || whole.contains('#') {
        return Err(wrong("it goes on behind its path", "leave out what begins with ? or #"));
    }
    let host = authority.host().trim_start_matches('[').trim_end_matches(']').to_owned();
    if host.is_empty() {
        return Err(wrong("it names no server", remedy));
    }
    if authority.port_u16().is_none() && authority.as_str() != authority.host() {
        return Err(wrong("its port is no number", remedy));
    }
    let port = authority.port_u16().unwrap_or(if is_tls { 443 } else { 80 });
    Ok(Place { is_tls, host, port, prefix: Secret::new(uri.path().trim_end_matches('/')) })
}

/// A secret, which is never written into the file: what reads the file, and what keeps old ones, would have it too.
pub(super) fn secret(value: &DeValue<'_>, secrets: &Secrets, key: &str) -> Result<Secret, Wrong> {
    let text = text(value, "${TOKEN}")?;
    if !secrets::is_reference(text) {
        let remedy = format!(
            "write {key} = \"${{NAME}}\" for a variable of the daemon's environment, or {key}_file = \"/path\""
        );
        return Err(wrong("a secret does not stand in this file", remedy));
    }
    header_value(secrets.resolve(text)?)
}

pub(super) fn file(value: &DeValue<'_>, secrets: &Secrets, key: &'static str) -> Result<FromFile, Wrong> {
    let path = secrets.resolve(&bounded(value, "${CREDENTIALS_DIRECTORY}/token")?)?;
    if !path.expose().starts_with('/') && !secrets.is_blind {
        return Err(wrong("the path is not absolute", "start it with /, or with ${CREDENTIALS_DIRECTORY}/"));
    }
    if path.expose().contains('\0') {
        return Err(wrong("the path holds a zero byte", "no path can hold one"));
    }
    Ok(FromFile { key, path: PathBuf::from(path.expose()) })
}

fn basic(value: &DeValue<'_>, secrets: &Secrets) -> Result<Credentials, Wrong> {
    const EXAMPLE: &str = "write it as { user = \"name\", password_file = \"/path\" }";
    let table = table(value, EXAMPLE)?;
    for (key, _) in table {
        let word: &str = key.get_ref();
        if !BASIC.contains(&word) {
            return Err(wrong(format!("there is no key {:?} in it", harmless(word)), remedy_for(word, &BASIC, "keys")));
        }
    }
    let get = |key: &str| table.get(key).map(Spanned::get_ref);
    let user = match get("user") {
        Some(user) => header_value(secrets.resolve(&bounded(user, "name")?)?)?,
        None => return Err(wrong("it names no user", EXAMPLE)),
    };
    if user.expose().contains(':') {
        return Err(wrong("a user's name cannot hold a colon", "what follows it would be taken for the password"));
    }
    match (get("password"), get("password_file")) {
        (Some(password), None) => Ok(Credentials::Basic { user, password: secret(password, secrets, "password")? }),
        (None, Some(path)) => Ok(Credentials::BasicFile { user, password: file(path, secrets, "password_file")? }),
        (None, None) => Err(wrong("it has no password", EXAMPLE)),
        (Some(_), Some(_)) => Err(wrong("it has two passwords", "keep one of password and password_file")),
    }
}

fn headers(value: &DeValue<'_>, secrets: &Secrets) -> Result<Vec<(String, Secret)>, Wrong> {
    let table = table(value, "write it as { \"X-Name\" = \"value\" }")?;
    if table.len() > limits::HEADERS_MAX {
        let message = format!("there are {} headers", table.len());
        return Err(wrong(message, format!("use at most {}", limits::HEADERS_MAX)));
    }
    let mut headers = Vec::new();
    for (name, value) in table {
        let name: &str = name.get_ref();
        let is_known = HEADERS_REFUSED.iter().any(|refused| name.eq_ignore_ascii_case(refused));
        if HeaderName::from_bytes(name.as_bytes()).is_err() || name.len() > limits::NAME_BYTES_MAX || is_known {
            let remedy = "use letters, digits and -; how a request is sent is not for headers to say";
            return Err(wrong(format!("{:?} is no header to add", harmless(name)), remedy));
        }
        let value = bounded(value.get_ref(), "value")?;
        if secrets::is_secret_name(name) && !secrets::holds_no_secret(&value) {
            let remedy = "write \"${NAME}\", or \"Bearer ${NAME}\", for a variable of the daemon's environment";
            return Err(wrong(format!("{name}: a secret does not stand in this file"), remedy));
        }
        headers.push((name.to_owned(), header_value(secrets.resolve(&value)?)?));
    }
    Ok(headers)
}

/// A text that may stand in a header.
fn header_value(value: Secret) -> Result<Secret, Wrong> {
    match HeaderValue::from_str(value.expose()) {
        Ok(_) => Ok(value),
        Err(_) => Err(wrong("what it stands for cannot be sent", "use printable ASCII, without line ends")),
    }
}

fn promql(value: &DeValue<'_>) -> Result<String, Wrong> {
    bounded(value, "sum by (job) (rate(http_requests_total[5m]))")
}

fn legend(value: &DeValue<'_>) -> Result<String, Wrong> {
    let text = bounded(value, "{{job}} on {{instance}}")?;
    if text.len() > limits::SERIES_TEXT_BYTES_MAX {
        return Err(wrong("it is too long", format!("use at most {} bytes", limits::SERIES_TEXT_BYTES_MAX)));
    }
    match text.split("{{").skip(1).all(|rest| rest.contains("}}")) {
        true => Ok(text),
        false => Err(wrong("a {{ is never closed", "write {{label}}")),
    }
}

fn table<'a>(value: &'a DeValue<'a>, remedy: &str) -> Result<&'a DeTable<'a>, Wrong> {
    match value {
        DeValue::Table(table) => Ok(table),
        other => Err(wrong(format!("{} stands where names with values belong", kind(other)), remedy)),
    }
}

#[cfg(test)]
mod tests;
