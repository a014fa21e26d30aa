//! The sections and keys of `unblink.toml`, as a table: what is known, and what each value must be.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::time::Duration;

use toml::de::{DeTable, DeValue};

use super::admin::{self, PortDraft};
use super::secrets::Secrets;
use super::sources;
use super::tenants::{self, TenantSettings};
use super::terminal::{self, TerminalSettings};
use super::{Format, HostSettings, Journal, Level, LogSettings, Settings, SocketSettings, WorkerSettings, logging};
use crate::base::{Diagnostic, limits};
use crate::model::origin::Origin;
use crate::notation::{Document, harmless, parse_duration, remedy_for};

/// What was said so far; unlike [`Settings`] it knows what was left unsaid.
#[derive(Debug, Default)]
pub struct Draft {
    attach_socket: Option<PathBuf>,
    admin_socket: Option<PathBuf>,
    /// The admin API over TCP.
    pub(super) port: PortDraft,
    metrics_listen: Option<SocketAddr>,
    interval: Option<Duration>,
    deadline: Option<Said<Duration>>,
    pub(super) log: LogDraft,
    faults: Option<bool>,
    recorder: Option<bool>,
    recycle_after: Option<Duration>,
    pub(super) terminals: Vec<TerminalSettings>,
    pub(super) sources: Vec<Origin>,
    tenants: BTreeMap<String, TenantSettings>,
    /// What variables in the sections of sources stand for.
    pub(super) secrets: Secrets,
}

/// The same of `[log]`.
#[derive(Debug, Default)]
pub(super) struct LogDraft {
    pub(super) level: Option<Level>,
    journal: Option<Journal>,
    files: Option<PathBuf>,
    keep: Option<usize>,
    format: Option<Format>,
}

/// A value whose fitness depends on another one: kept with the complaint that it would earn.
#[derive(Debug)]
pub(super) struct Said<T> {
    pub(super) value: T,
    complaint: Diagnostic,
}

/// One known key of one section; also the environment variable `UNBLINK_<SECTION>_<KEY>`.
pub struct Key {
    pub section: &'static str,
    pub name: &'static str,
    pub(super) read: fn(&Place<'_>, &DeValue<'_>, &mut Draft) -> Result<(), Wrong>,
}

/// What is wrong with one value.
pub(super) struct Wrong {
    pub(super) message: String,
    pub(super) remedy: String,
}

/// Whose file it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// `unblink.toml`, or one setting said elsewhere.
    Daemon,
    /// Of one tenant, who has no say in what concerns all.
    Tenant,
}

/// Where a value stands.
pub(super) struct Place<'a> {
    document: &'a Document<'a>,
    span: Range<usize>,
}

/// Longest path a Unix socket can have, with its closing zero.
const SOCKET_PATH_BYTES_MAX: usize = 107;

const LISTEN_EXAMPLE: &str = "127.0.0.1:9464";

pub const KEYS: &[Key] = &[
    Key { section: "attach", name: "socket", read: |_, value, draft| set(&mut draft.attach_socket, socket(value)) },
    Key { section: "admin", name: "socket", read: |_, value, draft| set(&mut draft.admin_socket, socket(value)) },
    admin::LISTEN,
    admin::TOKEN,
    admin::TOKEN_FILE,
    admin::CERT_FILE,
    admin::KEY_FILE,
    Key { section: "metrics", name: "listen", read: |_, value, draft| set(&mut draft.metrics_listen, listen(value)) },
    Key { section: "host", name: "interval", read: |_, value, draft| set(&mut draft.interval, interval(value)) },
    Key { section: "host", name: "deadline", read: deadline },
    Key { section: "faults", name: "enabled", read: |_, value, draft| set(&mut draft.faults, flag(value)) },
    Key { section: "profile", name: "recorder", read: |_, value, draft| set(&mut draft.recorder, flag(value)) },
    Key {
        section: "workers",
        name: "recycle_after",
        read: |_, value, draft| set(&mut draft.recycle_after, recycle_after(value)),
    },
    Key { section: "log", name: "level", read: |_, value, draft| set(&mut draft.log.level, logging::level(value)) },
    Key {
        section: "log",
        name: "journal",
        read: |_, value, draft| set(&mut draft.log.journal, logging::journal(value)),
    },
    Key { section: "log", name: "files", read: |_, value, draft| set(&mut draft.log.files, logging::files(value)) },
    Key { section: "log", name: "keep", read: |_, value, draft| set(&mut draft.log.keep, logging::keep(value)) },
    Key { section: "log", name: "format", read: |_, value, draft| set(&mut draft.log.format, logging::format(value)) },
];

/// Reads one document over the draft and collects what is wrong with it.
pub fn read(document: &Document<'_>, scope: Scope, draft: &mut Draft, complaints: &mut Vec<Diagnostic>) {
    let (tables, errors) = document.tables();
    for error in errors.iter().take(limits::DIAGNOSTICS_MAX) {
        let span = error.span().unwrap_or(0..0);
        complaints.push(document.complain(span, harmless(error.message()), ""));
    }
    for (name, value) in tables.get_ref() {
        let section: &str = name.get_ref();
        if !scope.sections().contains(&section) {
            let known = scope.sections();
            let place = if scope == Scope::Tenant { " in a tenant's file" } else { "" };
            complaints.push(document.complain(
                name.span(),
                format!("there is no section [{}]{place}", harmless(section)),
                remedy_for(section, &known, "sections"),
            ));
        } else if section == terminal::SECTION {
            terminal::read(document, value, &mut draft.terminals, complaints);
        } else if section == sources::SECTION {
            sources::read(document, value, &draft.secrets, &mut draft.sources, complaints);
        } else if section == tenants::SECTION {
            tenants::read(document, value, &mut draft.tenants, complaints);
        } else if let DeValue::Table(table) = value.get_ref() {
            read_section(document, section, table, draft, complaints);
        } else {
            let message = format!("{section} is a section, but {} stands here", kind(value.get_ref()));
            complaints.push(document.complain(
                value.span(),
                message,
                format!("write [{section}] on a line of its own"),
            ));
        }
    }
}

fn read_section(
    document: &Document<'_>,
    section: &str,
    table: &DeTable<'_>,
    draft: &mut Draft,
    complaints: &mut Vec<Diagnostic>,
) {
    for (name, value) in table {
        let word: &str = name.get_ref();
        let Some(key) = KEYS.iter().find(|key| key.section == section && key.name == word) else {
            let known: Vec<&str> = KEYS.iter().filter(|key| key.section == section).map(|key| key.name).collect();
            let message = format!("there is no key {:?} in [{section}]", harmless(word));
            complaints.push(document.complain(name.span(), message, remedy_for(word, &known, "keys")));
            continue;
        };
        let place = Place { document, span: value.span() };
        if let Err(wrong) = (key.read)(&place, value.get_ref(), draft) {
            let message = format!("{section}.{word}: {}", wrong.message);
            complaints.push(document.complain(place.span, message, wrong.remedy));
        }
    }
}

// === impl Place ===

impl Place<'_> {
    /// A value of which more than this place can tell whether it fits.
    pub(super) fn said<T>(&self, value: T) -> Said<T> {
        Said { value, complaint: self.document.complain(self.span.clone(), "", "") }
    }
}

// === impl Said ===

impl<T> Said<T> {
    pub(super) fn wrong(&self, message: impl Into<String>, remedy: impl Into<String>) -> Diagnostic {
        Diagnostic { message: message.into(), remedy: remedy.into(), ..self.complaint.clone() }
    }
}

// === impl Scope ===

impl Scope {
    fn sections(self) -> Vec<&'static str> {
        if self == Scope::Tenant {
            return vec!["host", sources::SECTION];
        }
        let mut names: Vec<&str> = KEYS.iter().map(|key| key.section).collect();
        names.dedup();
        names.extend([terminal::SECTION, sources::SECTION, tenants::SECTION]);
        names
    }
}

// === impl Draft ===

impl Draft {
    pub fn new(secrets: Secrets) -> Draft {
        Draft { secrets, ..Draft::default() }
    }

    /// Fills in defaults and checks what only makes sense together.
    pub fn finish(self, complaints: &mut Vec<Diagnostic>) -> Settings {
        let interval = self.interval.unwrap_or(HostSettings::INTERVAL_DEFAULT);
        let deadline = match self.deadline {
            Some(said) if said.value > interval => {
                let message = format!("host.deadline: {:?} is longer than host.interval", said.value);
                complaints.push(said.wrong(
                    message,
                    "a reading must be given up before the next one starts: shorten the deadline or lengthen the interval",
                ));
                interval
            }
            Some(said) => said.value,
            None => HostSettings::DEADLINE_DEFAULT.min(interval),
        };
        Settings {
            attach: SocketSettings { socket: self.attach_socket },
            admin: SocketSettings { socket: self.admin_socket },
            admin_port: self.port.finish(complaints),
            metrics: super::MetricsSettings { listen: self.metrics_listen },
            host: HostSettings { interval, deadline },
            log: self.log.finish(),
            workers: WorkerSettings { recycle_after: self.recycle_after },
            faults: super::FaultSettings { enabled: self.faults.unwrap_or(false) },
            profile: self.recorder.map_or_else(Default::default, |recorder| super::ProfileSettings { recorder }),
            terminals: self.terminals,
            sources: self.sources,
            tenants: self.tenants,
        }
    }
}

// === impl LogDraft ===

impl LogDraft {
    fn finish(self) -> LogSettings {
        LogSettings {
            level: self.level.unwrap_or_default(),
            journal: self.journal.unwrap_or_default(),
            files: self.files,
            keep: self.keep.unwrap_or(LogSettings::KEEP_DEFAULT),
            format: self.format.unwrap_or_default(),
        }
    }
}

pub(super) fn kind(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "a text",
        DeValue::Integer(_) | DeValue::Float(_) => "a number",
        DeValue::Boolean(_) => "true or false",
        DeValue::Datetime(_) => "a date",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a section",
    }
}

fn set<T>(slot: &mut Option<T>, value: Result<T, Wrong>) -> Result<(), Wrong> {
    *slot = Some(value?);
    Ok(())
}

pub(super) fn wrong(message: impl Into<String>, remedy: impl Into<String>) -> Wrong {
    Wrong { message: message.into(), remedy: remedy.into() }
}

pub(super) fn text<'a>(value: &'a DeValue<'_>, example: &str) -> Result<&'a str, Wrong> {
    value.as_str().ok_or_else(|| {
        wrong(format!("{} stands where a text belongs", kind(value)), format!("write it as \"{example}\""))
    })
}

fn socket(value: &DeValue<'_>) -> Result<PathBuf, Wrong> {
    let text = text(value, "/run/unblink/attach.sock")?;
    if !Path::new(text).is_absolute() {
        return Err(wrong("the path is not absolute", "start it with /"));
    }
    if text.len() > SOCKET_PATH_BYTES_MAX || text.contains('\0') {
        let message = format!("the path of {} bytes cannot name a socket", text.len());
        return Err(wrong(message, format!("use at most {SOCKET_PATH_BYTES_MAX} bytes")));
    }
    Ok(PathBuf::from(text))
}

pub(super) fn listen(value: &DeValue<'_>) -> Result<SocketAddr, Wrong> {
    let remedy = format!("write it as \"{LISTEN_EXAMPLE}\"");
    let text = text(value, LISTEN_EXAMPLE)?;
    // No name: what it stands for may change, or not be known yet when the daemon starts.
    match text.parse::<SocketAddr>() {
        Ok(address) if address.port() == 0 => Err(wrong("port 0 is none that anybody could know", remedy)),
        Ok(address) => Ok(address),
        Err(_) => Err(wrong(format!("{:?} is no numeric address with a port", harmless(text)), remedy)),
    }
}

pub(super) fn span_between(
    value: &DeValue<'_>,
    min: Duration,
    max: Duration,
    example: &str,
) -> Result<Duration, Wrong> {
    let text = text(value, example)?;
    let span = parse_duration(text).map_err(|error| {
        wrong(format!("{:?} is no duration: {error}", harmless(text)), format!("write it as \"{example}\""))
    })?;
    if (min..=max).contains(&span) {
        return Ok(span);
    }
    Err(wrong(format!("{text} lies outside {min:?} to {max:?}"), format!("write it as \"{example}\"")))
}

fn interval(value: &DeValue<'_>) -> Result<Duration, Wrong> {
    span_between(value, HostSettings::INTERVAL_MIN, HostSettings::INTERVAL_MAX, "1s")
}

fn recycle_after(value: &DeValue<'_>) -> Result<Duration, Wrong> {
    span_between(value, WorkerSettings::AGE_MIN, WorkerSettings::AGE_MAX, "7d")
}

fn deadline(place: &Place<'_>, value: &DeValue<'_>, draft: &mut Draft) -> Result<(), Wrong> {
    let value = span_between(value, HostSettings::DEADLINE_MIN, HostSettings::INTERVAL_MAX, "500ms")?;
    draft.deadline = Some(place.said(value));
    Ok(())
}

/// A variable of the environment is always a text.
pub(super) fn flag(value: &DeValue<'_>) -> Result<bool, Wrong> {
    match (value.as_bool(), value.as_str()) {
        (Some(flag), _) => Ok(flag),
        (None, Some("true")) => Ok(true),
        (None, Some("false")) => Ok(false),
        _ => Err(wrong(format!("{} stands where true or false belongs", kind(value)), "write true or false")),
    }
}
