//! The sections `[tenants.NAME]`: groups of people who share a daemon and see nothing of each other.
//!
//! Invariant: a tenant is named in `unblink.toml` or is none. What is wrong in these sections names no other tenant to
//! anybody but an administrator, see [`is_about_tenants`].

mod quantities;

use std::collections::BTreeMap;
use std::path::Path;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::gather::TERMS;
use super::schema::{Wrong, kind, wrong};
use super::{Level, Settings, TENANT_DEFAULT};
use crate::base::{Diagnostic, limits};
use crate::machine::confinement::{Limits, Resource};
use crate::notation::{Document, harmless, remedy_for};
use crate::wire::feed::{ConfigFile, FileKind};

pub const SECTION: &str = "tenants";
const KEYS: [&str; 8] = ["viewers", "pushers", "refresh", "refresh_board", "push", "cpu", "memory", "pids"];

/// One tenant as an administrator sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TenantSettings {
    /// Who may see its boards.
    pub viewers: Vec<Principal>,
    /// Who may push into its series.
    pub pushers: Vec<Principal>,
    /// Pictures a second of all its views together; none for as many as its boards want.
    pub refresh_hz: Option<u32>,
    /// The same of each of its boards.
    pub refresh_board_hz: Option<u32>,
    /// Chunks a second of all that push into it together; none for as many as are taken.
    pub push_hz: Option<u32>,
    /// What its worker, with all that this starts, may take.
    pub limits: Limits,
}

/// Whom an entry of a list stands for. Names are looked up by whoever applies it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Principal {
    /// Whoever may open the socket.
    Everybody,
    User(String),
    Uid(u32),
    Group(String),
    Gid(u32),
}

/// Reads all sections and collects what is wrong with them.
pub fn read(
    document: &Document<'_>,
    value: &Spanned<DeValue<'_>>,
    tenants: &mut BTreeMap<String, TenantSettings>,
    complaints: &mut Vec<Diagnostic>,
) {
    let DeValue::Table(all) = value.get_ref() else {
        let message = format!("tenants: this is a section of sections, but {} stands here", kind(value.get_ref()));
        let remedy = "write [tenants.NAME] on a line of its own";
        return complaints.push(document.complain(value.span(), message, remedy));
    };
    for (name, value) in all {
        let word: &str = name.get_ref();
        let DeValue::Table(table) = value.get_ref() else {
            let message = format!("tenants.{} is {}, where a section belongs", harmless(word), kind(value.get_ref()));
            complaints.push(document.complain(value.span(), message, "write [tenants.NAME] on a line of its own"));
            continue;
        };
        if let Err(Wrong { message, remedy }) = check_name(word) {
            complaints.push(document.complain(name.span(), message, remedy));
            continue;
        }
        // The one that is always there counts, whether it is named or not.
        let others = tenants.keys().filter(|name| *name != TENANT_DEFAULT).count();
        if others + 1 >= limits::TENANTS_MAX && word != TENANT_DEFAULT && !tenants.contains_key(word) {
            let message = format!("tenants.{word}: with this one there are more than {}", limits::TENANTS_MAX);
            return complaints.push(document.complain(name.span(), message, "serve the others by another daemon"));
        }
        let settings = read_one(document, word, table, complaints);
        tenants.insert(word.to_owned(), settings);
    }
}

/// Whether a complaint tells of tenants, which only an administrator is to hear of.
pub fn is_about_tenants(complaint: &Diagnostic) -> bool {
    complaint.message.strip_prefix(SECTION).is_some_and(|rest| rest.starts_with(['.', ':']))
}

/// Names are parts of paths, and stand before a slash.
pub fn is_tenant_name(name: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
    !name.is_empty() && name.len() <= limits::NAME_BYTES_MAX && name.bytes().all(fits)
}

/// What `unblink.toml` says that a tenant's worker has to know, in a file for that worker: it gets no other part of it.
pub fn terms(settings: &Settings, tenant: &str) -> ConfigFile {
    let Settings { tenants, log, .. } = settings;
    let mut text = format!("[log]\nlevel = \"{}\"\n[tenants.{tenant}]\n", Level::word(log.level));
    if let Some(tenant) = tenants.get(tenant) {
        let caps = [("refresh", tenant.refresh_hz), ("refresh_board", tenant.refresh_board_hz)];
        for (key, hz) in caps.into_iter().filter_map(|(key, hz)| Some((key, hz?))) {
            text.push_str(&format!("{key} = {hz}\n"));
        }
    }
    ConfigFile { kind: FileKind::Settings, name: format!("{TERMS}{tenant}"), bytes: text.into_bytes() }
}

/// What every tenant's worker is to get, by name: the default's files are those beside `unblink.toml`, the others have
/// theirs. A tenant without files has the boards that come with the program.
pub fn by_tenant(
    files: &[ConfigFile],
    others: &BTreeMap<String, Vec<ConfigFile>>,
    settings: &Settings,
) -> BTreeMap<String, Vec<ConfigFile>> {
    let mut all = BTreeMap::from([(TENANT_DEFAULT.to_owned(), files.to_vec())]);
    for (name, files) in others {
        let own = files.iter().filter(|file| !file.name.starts_with(TERMS)).cloned();
        all.insert(name.clone(), std::iter::once(terms(settings, name)).chain(own).collect());
    }
    all
}

/// A complaint about a folder of tenants: there is none of that name, or none can be.
pub fn stray_folder(path: &Path, name: &str) -> Diagnostic {
    let (message, remedy) = if name == TENANT_DEFAULT {
        let message = "tenants.default: the tenant default has its files beside unblink.toml".to_owned();
        (message, "move them there: boards into boards.d, sections into unblink.toml".to_owned())
    } else if is_tenant_name(name) {
        let message = format!("tenants.{name}: this folder belongs to no tenant");
        (message, format!("write [tenants.{name}] in unblink.toml, or move the folder away"))
    } else {
        let message = format!("tenants: {:?} is no name of a tenant", harmless(name));
        (message, format!("use at most {} letters, digits, - and _", limits::NAME_BYTES_MAX))
    };
    super::gather::whole_file(path, message, &remedy)
}

fn check_name(name: &str) -> Result<(), Wrong> {
    if is_tenant_name(name) {
        return Ok(());
    }
    let remedy = format!("use at most {} letters, digits, - and _", limits::NAME_BYTES_MAX);
    Err(wrong(format!("tenants: {:?} is no name of a tenant", harmless(name)), remedy))
}

fn read_one(
    document: &Document<'_>,
    tenant: &str,
    table: &DeTable<'_>,
    complaints: &mut Vec<Diagnostic>,
) -> TenantSettings {
    let mut settings = TenantSettings::default();
    for (name, value) in table {
        let word: &str = name.get_ref();
        let read = match word {
            "viewers" => principals(value.get_ref()).map(|list| settings.viewers = list),
            "pushers" => principals(value.get_ref()).map(|list| settings.pushers = list),
            "refresh" => hz(value.get_ref()).map(|hz| settings.refresh_hz = Some(hz)),
            "refresh_board" => hz(value.get_ref()).map(|hz| settings.refresh_board_hz = Some(hz)),
            "push" => hz(value.get_ref()).map(|hz| settings.push_hz = Some(hz)),
            "cpu" => quantity(Resource::Cpu, value).map(|most| settings.limits.cpu_millis = Some(most)),
            "memory" => quantity(Resource::Memory, value).map(|most| settings.limits.memory_bytes = Some(most)),
            "pids" => quantity(Resource::Pids, value).map(|most| settings.limits.pids = Some(most)),
            _ => {
                let message = format!("tenants.{tenant}: there is no key {:?} in this section", harmless(word));
                complaints.push(document.complain(name.span(), message, remedy_for(word, &KEYS, "keys")));
                continue;
            }
        };
        if let Err(Wrong { message, remedy }) = read {
            complaints.push(document.complain(value.span(), format!("tenants.{tenant}.{word}: {message}"), remedy));
        }
    }
    settings
}

fn quantity(resource: Resource, value: &Spanned<DeValue<'_>>) -> Result<u64, Wrong> {
    quantities::read(resource, value.get_ref())
}

fn principals(value: &DeValue<'_>) -> Result<Vec<Principal>, Wrong> {
    const EXAMPLE: &str = "write a list, such as [\"alice\", \"@ops\", 1001]";
    let DeValue::Array(list) = value else {
        return Err(wrong(format!("{} stands where a list belongs", kind(value)), EXAMPLE));
    };
    if list.len() > limits::PRINCIPALS_MAX {
        let message = format!("there are {} entries, at most {} are allowed", list.len(), limits::PRINCIPALS_MAX);
        return Err(wrong(message, "put people into a group and name that: \"@GROUP\""));
    }
    list.iter().map(|entry| principal(entry.get_ref())).collect()
}

fn principal(value: &DeValue<'_>) -> Result<Principal, Wrong> {
    const REMEDY: &str = "name a user, a group with @ before it, a number of a user, or \"*\" for everybody";
    if let DeValue::Integer(number) = value {
        let uid = (number.radix() == 10).then(|| number.as_str().parse().ok()).flatten();
        return uid.map(Principal::Uid).ok_or_else(|| wrong("this is no number of a user", REMEDY));
    }
    let Some(text) = value.as_str() else {
        return Err(wrong(format!("{} stands where a name belongs", kind(value)), REMEDY));
    };
    if text == "*" {
        return Ok(Principal::Everybody);
    }
    let (is_group, name) = text.strip_prefix('@').map_or((false, text), |name| (true, name));
    // As in the files of users and groups, where a colon ends a name.
    let fits = |byte: u8| byte.is_ascii_graphic() && !matches!(byte, b':' | b'@' | b'*' | b',');
    if name.is_empty() || name.len() > limits::NAME_BYTES_MAX || !name.bytes().all(fits) {
        return Err(wrong(format!("{:?} names nobody", harmless(text)), REMEDY));
    }
    Ok(match (is_group, name.parse()) {
        (false, Ok(uid)) => Principal::Uid(uid),
        (false, Err(_)) => Principal::User(name.to_owned()),
        (true, Ok(gid)) => Principal::Gid(gid),
        (true, Err(_)) => Principal::Group(name.to_owned()),
    })
}

fn hz(value: &DeValue<'_>) -> Result<u32, Wrong> {
    let remedy = format!("write a whole number from 1 to {}, without quotes", limits::QUOTA_HZ_MAX);
    let DeValue::Integer(number) = value else {
        return Err(wrong(format!("{} stands where a whole number belongs", kind(value)), remedy));
    };
    let hz = (number.radix() == 10).then(|| number.as_str().parse().ok()).flatten();
    hz.filter(|hz| (1..=limits::QUOTA_HZ_MAX).contains(hz))
        .ok_or_else(|| wrong(format!("{} is no number of times a second", harmless(number.as_str())), remedy))
}

// === impl TenantSettings ===

impl Default for TenantSettings {
    fn default() -> TenantSettings {
        let everybody = vec![Principal::Everybody];
        TenantSettings {
            viewers: everybody.clone(),
            pushers: everybody,
            refresh_hz: None,
            refresh_board_hz: None,
            push_hz: None,
            limits: Limits::default(),
        }
    }
}

#[cfg(test)]
mod tests;
