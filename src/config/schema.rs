//! The sections and keys of `unblink.toml`, as a table: what is known, and what each value must be.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::time::Duration;

use toml::de::{DeTable, DeValue};

use super::secrets::Secrets;
use super::sources;
use super::tenants::{self, TenantSettings};
use super::terminal::{self, TerminalSettings};
use super::{HostSettings, Level, Settings, SocketSettings, WorkerSettings};
use crate::base::{Diagnostic, limits};
use crate::model::origin::Origin;
use crate::notation::{Document, harmless, parse_duration, remedy_for};

/// What was said so far; unlike [`Settings`] it knows what was left unsaid.
#[derive(Debug, Default)]
pub struct Draft {
    attach_socket: Option<PathBuf>,
    admin_socket: Option<PathBuf>,
    interval: Option<Duration>,
    deadline: Option<Said<Duration>>,
    level: Option<Level>,
    faults: Option<bool>,
    recycle_after: Option<Duration>,
    pub(super) terminals: Vec<TerminalSettings>,
    pub(super) sources: Vec<Origin>,
    tenants: BTreeMap<String, TenantSettings>,
    /// What variables in the sections of sources stand for.
    pub(super) secrets: Secrets,
}

/// A value whose fitness depends on another one: kept with the complaint that it would earn.
#[derive(Debug)]
struct Said<T> {
    value: T,
    complaint: Diagnostic,
}

/// One known key of one section; also the environment variable `UNBLINK_<SECTION>_<KEY>`.
pub struct Key {
    pub section: &'static str,
    pub name: &'static str,
    read: fn(&Place<'_>, &DeValue<'_>, &mut Draft) -> Result<(), Wrong>,
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
struct Place<'a> {
    document: &'a Document<'a>,
    span: Range<usize>,
}

/// Longest path a Unix socket can have, with its closing zero.
const SOCKET_PATH_BYTES_MAX: usize = 107;

pub const KEYS: &[Key] = &[
    Key { section: "attach", name: "socket", read: |_, value, draft| set(&mut draft.attach_socket, socket(value)) },
    Key { section: "admin", name: "socket", read: |_, value, draft| set(&mut draft.admin_socket, socket(value)) },
    Key { section: "host", name: "interval", read: |_, value, draft| set(&mut draft.interval, interval(value)) },
    Key { section: "host", name: "deadline", read: deadline },
    Key { section: "faults", name: "enabled", read: |_, value, draft| set(&mut draft.faults, flag(value)) },
    Key {
        section: "workers",
        name: "recycle_after",
        read: |_, value, draft| set(&mut draft.recycle_after, recycle_after(value)),
    },
    Key { section: "log", name: "level", read: |_, value, draft| set(&mut draft.level, level(value)) },
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
                complaints.push(said.complaint);
                interval
            }
            Some(said) => said.value,
            None => HostSettings::DEADLINE_DEFAULT.min(interval),
        };
        Settings {
            attach: SocketSettings { socket: self.attach_socket },
            admin: SocketSettings { socket: self.admin_socket },
            host: HostSettings { interval, deadline },
            log: super::LogSettings { level: self.level.unwrap_or_default() },
            workers: WorkerSettings { recycle_after: self.recycle_after },
            faults: super::FaultSettings { enabled: self.faults.unwrap_or(false) },
            terminals: self.terminals,
            sources: self.sources,
            tenants: self.tenants,
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
    let complaint = place.document.complain(
        place.span.clone(),
        format!("host.deadline: {value:?} is longer than host.interval"),
        "a reading must be given up before the next one starts: shorten the deadline or lengthen the interval",
    );
    draft.deadline = Some(Said { value, complaint });
    Ok(())
}

/// A variable of the environment is always a text.
fn flag(value: &DeValue<'_>) -> Result<bool, Wrong> {
    match (value.as_bool(), value.as_str()) {
        (Some(flag), _) => Ok(flag),
        (None, Some("true")) => Ok(true),
        (None, Some("false")) => Ok(false),
        _ => Err(wrong(format!("{} stands where true or false belongs", kind(value)), "write true or false")),
    }
}

fn level(value: &DeValue<'_>) -> Result<Level, Wrong> {
    let names = Level::ALL.map(|(name, _)| name);
    let text = text(value, "info")?;
    match Level::ALL.iter().find(|(name, _)| *name == text) {
        Some((_, level)) => Ok(*level),
        None => Err(wrong(format!("{:?} is no level", harmless(text)), remedy_for(text, &names, "levels"))),
    }
}
