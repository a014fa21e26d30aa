//! A server that answers PromQL, as it is configured.
//!
//! Invariant: what may hold a secret is a [`Secret`], so that no `Debug` of all this shows one.

use std::path::PathBuf;
use std::time::Duration;

use crate::model::Unit;
use crate::model::secret::Secret;

/// A server that is asked by HTTP: Prometheus, or one that answers like it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Prometheus {
    /// None for plain HTTP.
    pub tls: Option<Tls>,
    /// A name or an address, an IPv6 one without its brackets.
    pub host: String,
    pub port: u16,
    /// What stands in front of `/api/v1`: empty, or beginning with a slash and not ending with one. It may hold a key.
    pub prefix: Secret,
    pub credentials: Option<Credentials>,
    /// Sent with every request; the tenant is one of them.
    pub headers: Vec<(String, Secret)>,
    /// How long the queries of one turn may take together, and as long again for the past.
    pub timeout: Duration,
    /// How much of the past is fetched at the start and after an outage; zero for none.
    pub range: Duration,
    /// At least one, in the order of their names.
    pub queries: Vec<Query>,
}

/// How the other side is known, and how we are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tls {
    /// Certificates to trust instead of the system's.
    pub ca: Option<FromFile>,
    /// Our certificate and its key.
    pub identity: Option<(FromFile, FromFile)>,
}

/// Who we say we are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Credentials {
    Bearer(Secret),
    BearerFile(FromFile),
    Basic { user: Secret, password: Secret },
    BasicFile { user: Secret, password: FromFile },
}

/// A file of the daemon's user, read when it is needed. Its path is no secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FromFile {
    /// The key that names it.
    pub key: &'static str,
    pub path: PathBuf,
}

/// One question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Query {
    /// As its section is called.
    pub name: String,
    /// What its series are called.
    pub series: String,
    /// In PromQL.
    pub query: String,
    /// None for the source's.
    pub unit: Option<Unit>,
    /// A text with `{{label}}` in it, for a label `legend` of each series.
    pub legend: Option<String>,
}

// === impl Prometheus ===

impl Prometheus {
    pub const RANGE_DEFAULT: Duration = Duration::from_secs(3600);
    /// Older values are not taken.
    pub const RANGE_MAX: Duration = Duration::from_secs(24 * 3600);

    /// As it is called in sentences.
    pub fn server(&self) -> String {
        match self.host.contains(':') {
            true => format!("[{}]:{}", self.host, self.port),
            false => format!("{}:{}", self.host, self.port),
        }
    }
}
