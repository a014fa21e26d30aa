//! The sections `[sources.NAME]`: sources of a person's own.
//!
//! Invariant: a source has a name of its own, and series that are none of the program's.

mod prometheus;
mod sql;

use std::path::PathBuf;
use std::time::Duration;

use regex::RegexBuilder;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::schema::{Wrong, kind, span_between, text, wrong};
use super::secrets::Secrets;
use crate::base::{Diagnostic, limits};
use crate::model::origin::{Command, Fields, File, From, Lines, Origin, Output, TAKEN, TAKEN_SERIES};
use crate::model::{Secret, Unit};
use crate::notation::{Document, harmless, remedy_for};

pub const SECTION: &str = "sources";

const COMMON: [&str; 5] = ["kind", "interval", "series", "standby", "unit"];
const COMMAND: [&str; 6] = ["argv", "shell", "timeout", "format", "env", "directory"];
const FILE: [&str; 9] = ["path", "format", "regex", "from", "level", "time", "message", "labels", "values"];
const KINDS: [&str; 5] = ["command", "file", "postgresql", "prometheus", "sqlite"];
const FORMATS: [&str; 3] = ["lines", "json", "regex"];
const PLACES: [&str; 2] = ["end", "start"];
/// Runs what stands under `shell`.
const SHELL: [&str; 2] = ["/bin/sh", "-c"];
/// Variables that a command gets in any case, and those that would change what our own part of it loads.
const VARIABLES_REFUSED: [&str; 3] = ["LD_PRELOAD", "LD_LIBRARY_PATH", "LD_AUDIT"];

/// One source as it is read.
struct Section<'a> {
    document: &'a Document<'a>,
    name: &'a str,
    whole: std::ops::Range<usize>,
    table: &'a DeTable<'a>,
    secrets: &'a Secrets,
    complaints: &'a mut Vec<Diagnostic>,
}

/// Reads all sources, each in the place of one that another file named alike, and collects what is wrong.
pub fn read(
    document: &Document<'_>,
    value: &Spanned<DeValue<'_>>,
    secrets: &Secrets,
    origins: &mut Vec<Origin>,
    complaints: &mut Vec<Diagnostic>,
) {
    let DeValue::Table(all) = value.get_ref() else {
        let message = format!("sources is a section of sections, but {} stands here", kind(value.get_ref()));
        let remedy = "write [sources.NAME] on a line of its own";
        return complaints.push(document.complain(value.span(), message, remedy));
    };
    for (name, value) in all {
        let word: &str = name.get_ref();
        let DeValue::Table(table) = value.get_ref() else {
            let message = format!("sources.{} is {}, where a section belongs", harmless(word), kind(value.get_ref()));
            let remedy = "write [sources.NAME] on a line of its own, with kind = \"command\" under it";
            complaints.push(document.complain(value.span(), message, remedy));
            continue;
        };
        if let Err(Wrong { message, remedy }) = check_name(word) {
            complaints.push(document.complain(name.span(), message, remedy));
            continue;
        }
        let before = complaints.len();
        let mut section = Section { document, name: word, whole: name.span(), table, secrets, complaints };
        let Some(origin) = section.read().filter(|_| complaints.len() == before) else { continue };
        origins.retain(|other| other.name != origin.name);
        if origins.len() == limits::SOURCES_MAX {
            let message = format!("there are more than {} sources", limits::SOURCES_MAX);
            let remedy = "let one command print what several did: each line names its own series";
            return complaints.push(document.complain(name.span(), message, remedy));
        }
        origins.push(origin);
    }
}

/// Complaints about panels whose source is on no list. Only where the rest was found right.
pub fn unknown_sources(document: &Document<'_>, origins: &[Origin]) -> Vec<Diagnostic> {
    let (tables, _) = document.tables();
    let Some(DeValue::Table(panels)) = tables.get_ref().get("panel").map(Spanned::get_ref) else { return Vec::new() };
    let own = origins.iter().map(|origin| origin.name.as_str());
    let known: Vec<&str> = TAKEN.into_iter().chain(own).collect();
    let complain = |(panel, value): (&Spanned<_>, &Spanned<DeValue<'_>>)| {
        let DeValue::Table(table) = value.get_ref() else { return None };
        let source = table.get("source")?;
        let name = source.get_ref().as_str().filter(|name| !known.contains(name))?;
        let panel: &std::borrow::Cow<'_, str> = panel.get_ref();
        let message = format!("panel.{}.source: there is no source {:?}", harmless(panel), harmless(name));
        Some(document.complain(source.span(), message, remedy_for(name, &known, "sources")))
    };
    panels.iter().filter_map(complain).collect()
}

/// Complaints about sources that are to stand by and cannot. Only where the rest was found right.
pub fn wrong_standbys(document: &Document<'_>, origins: &[Origin]) -> Vec<Diagnostic> {
    let (tables, _) = document.tables();
    let Some(DeValue::Table(sources)) = tables.get_ref().get(SECTION).map(Spanned::get_ref) else { return Vec::new() };
    let known: Vec<&str> = origins.iter().map(|origin| origin.name.as_str()).collect();
    let complain = |(first, value): (&Spanned<_>, &Spanned<DeValue<'_>>)| {
        let first: &std::borrow::Cow<'_, str> = first.get_ref();
        let DeValue::Table(table) = value.get_ref() else { return None };
        let standby = table.get("standby")?;
        let name = standby.get_ref().as_str()?;
        let (what, remedy) = match origins.iter().find(|origin| origin.name == name) {
            None => (format!("there is no source {:?}", harmless(name)), remedy_for(name, &known, "sources")),
            Some(_) if name == first => ("it cannot stand by for itself".to_owned(), "name another source".to_owned()),
            Some(other) if other.standby.is_some() => {
                (format!("{name} has a standby of its own"), "name a source that has none".to_owned())
            }
            Some(_) => return None,
        };
        let message = format!("sources.{}.standby: {what}", harmless(first));
        Some(document.complain(standby.span(), message, remedy))
    };
    sources.iter().filter_map(complain).collect()
}

// === impl Section ===

impl Section<'_> {
    fn read(&mut self) -> Option<Origin> {
        let Some(word) = self.get("kind", |value| one_of(value, &KINDS, "kinds")) else {
            if !self.table.contains_key("kind") {
                let message = format!("[sources.{}] does not say what it is", self.name);
                self.complain_whole(
                    message,
                    "add kind = \"command\", or \"file\", \"prometheus\", \"sqlite\", \"postgresql\"",
                );
            }
            return None;
        };
        let (keys, default): (&[&str], _) = match word {
            "command" => (&COMMAND, Origin::COMMAND_INTERVAL_DEFAULT),
            "prometheus" => (&prometheus::KEYS, Origin::PROMETHEUS_INTERVAL_DEFAULT),
            "postgresql" => (&sql::POSTGRES, Origin::SQL_INTERVAL_DEFAULT),
            "sqlite" => (&sql::SQLITE, Origin::SQL_INTERVAL_DEFAULT),
            _ => (&FILE, Origin::FILE_INTERVAL_DEFAULT),
        };
        self.unknown_keys(word, keys);
        let between = |value: &DeValue<'_>, min| span_between(value, min, Origin::INTERVAL_MAX, "10s");
        let interval = self.get("interval", |value| between(value, Origin::INTERVAL_MIN)).unwrap_or(default);
        let name = self.name.to_owned();
        let series = self.get("series", series).unwrap_or_else(|| name.replace('-', "_"));
        let unit = self.get("unit", unit).unwrap_or_default();
        let standby = self.get("standby", |value| text(value, "other").map(str::to_owned));
        let from = match word {
            "command" => From::Command(self.command(interval)?),
            "prometheus" => From::Prometheus(self.prometheus(&series, interval)?),
            "postgresql" | "sqlite" => From::Sql(self.sql(word, interval, unit)?),
            _ => From::File(self.file()?),
        };
        Some(Origin { name, series, unit, interval, standby, from })
    }

    fn command(&mut self, interval: Duration) -> Option<Command> {
        let argv = self.get("argv", argv);
        let shell = self.get("shell", |value| bounded(value, "df | wc -l"));
        let (has_argv, has_shell) = (self.table.contains_key("argv"), self.table.contains_key("shell"));
        let argv = match shell {
            Some(line) => Some(SHELL.into_iter().map(str::to_owned).chain([line]).collect()),
            None => argv,
        };
        if has_argv == has_shell {
            let message = match has_argv {
                true => format!("[sources.{}] has argv and shell", self.name),
                false => format!("[sources.{}] names no command", self.name),
            };
            self.complain_whole(
                message,
                "write argv = [\"program\", \"argument\"]; or shell = \"...\" where a shell is needed",
            );
        }
        let timeout = self.timeout(interval, "a run");
        let output = self.get("format", |value| {
            let names = Output::ALL.map(|(name, _)| name);
            let word = one_of(value, &names, "formats")?;
            Ok(Output::ALL.into_iter().find(|(name, _)| *name == word).map_or(Output::Auto, |(_, output)| output))
        });
        let secrets = self.secrets;
        let env = self.get("env", |value| environment(value, secrets));
        let directory = self.get("directory", |value| path(value, "/var/lib/app"));
        Some(Command {
            argv: argv?,
            timeout,
            output: output.unwrap_or_default(),
            env: env.unwrap_or_default(),
            directory: directory.unwrap_or_else(|| PathBuf::from("/")),
        })
    }

    /// How long `what` may take.
    fn timeout(&mut self, interval: Duration, what: &str) -> Duration {
        let timeout = self.get("timeout", |value| {
            let timeout = span_between(value, Origin::TIMEOUT_MIN, Origin::INTERVAL_MAX, "5s")?;
            if timeout <= interval {
                return Ok(timeout);
            }
            let remedy = format!("{what} must be over before the next one starts: shorten it or lengthen the interval");
            Err(wrong(format!("{timeout:?} is longer than the interval"), remedy))
        });
        timeout.unwrap_or_else(|| Origin::TIMEOUT_DEFAULT.min(interval))
    }

    fn file(&mut self) -> Option<File> {
        let file = self.get("path", |value| path(value, "/var/log/app.log"));
        if !self.table.contains_key("path") {
            self.complain_whole(format!("[sources.{}] names no file", self.name), "add path = \"/var/log/app.log\"");
        }
        let format = self.get("format", |value| one_of(value, &FORMATS, "formats"));
        let regex = self.get("regex", expression);
        let has_regex = self.table.contains_key("regex");
        // An expression says what the format is where nothing else does.
        let asks_for_regex = if self.table.contains_key("format") { format == Some("regex") } else { has_regex };
        if asks_for_regex != has_regex {
            let (message, remedy) = match has_regex {
                false => ("has no expression", "add regex = '(?<value>[0-9.]+) ms' with groups named after series"),
                true => ("has an expression for a format without", "write format = \"regex\""),
            };
            self.complain_whole(format!("[sources.{}] {message}", self.name), remedy);
        }
        let place = self.get("from", |value| one_of(value, &PLACES, "places"));
        let mut fields = Fields::default();
        for (key, field) in [("level", &mut fields.level), ("time", &mut fields.time), ("message", &mut fields.message)]
        {
            if let Some(name) = self.get(key, |value| bounded(value, key)) {
                *field = name;
            }
        }
        fields.labels = self.get("labels", |value| names(value, limits::SERIES_LABELS_MAX)).unwrap_or_default();
        fields.values = self.get("values", |value| names(value, limits::SOURCE_LIST_MAX)).unwrap_or_default();
        let lines = match (regex, format) {
            (Some(regex), _) => Lines::Regex(regex),
            (None, Some("json")) => Lines::Json,
            (None, _) => Lines::Words,
        };
        Some(File { path: file?, lines, from_start: place == Some("start"), fields })
    }

    /// The value of a key, where it stands there and is right.
    fn get<T>(&mut self, key: &str, read: impl FnOnce(&DeValue<'_>) -> Result<T, Wrong>) -> Option<T> {
        let value = self.table.get(key)?;
        match read(value.get_ref()) {
            Ok(read) => Some(read),
            Err(Wrong { message, remedy }) => {
                let message = format!("sources.{}.{key}: {message}", self.name);
                self.complaints.push(self.document.complain(value.span(), message, remedy));
                None
            }
        }
    }

    fn unknown_keys(&mut self, what: &str, of_kind: &[&str]) {
        let known: Vec<&str> = COMMON.iter().chain(of_kind).copied().collect();
        for (key, _) in self.table {
            let word: &str = key.get_ref();
            if !known.contains(&word) {
                let message = format!("there is no key {:?} in [sources.{}], a {what}", harmless(word), self.name);
                self.complaints.push(self.document.complain(key.span(), message, remedy_for(word, &known, "keys")));
            }
        }
    }

    fn complain_whole(&mut self, message: String, remedy: &str) {
        self.complaints.push(self.document.complain(self.whole.clone(), message, remedy));
    }
}

fn check_name(name: &str) -> Result<(), Wrong> {
    if TAKEN.contains(&name) {
        return Err(wrong(format!("the source {name} is always there"), "give yours another name"));
    }
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
    if name.is_empty() || name.len() > limits::NAME_BYTES_MAX || !name.bytes().all(fits) {
        let remedy = format!("use at most {} letters, digits, - and _", limits::NAME_BYTES_MAX);
        return Err(wrong(format!("{:?} is no name of a source", harmless(name)), remedy));
    }
    // Its series are called so where nothing else is said.
    if has_taken_series(&name.replace('-', "_")) {
        return Err(wrong(format!("series of {name} would look like the program's own"), "give it another name"));
    }
    Ok(())
}

fn has_taken_series(name: &str) -> bool {
    TAKEN_SERIES
        .iter()
        .any(|taken| name.strip_prefix(taken).is_some_and(|rest| rest.is_empty() || rest.starts_with('_')))
}

fn series(value: &DeValue<'_>) -> Result<String, Wrong> {
    let text = text(value, "shop")?;
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    if text.is_empty() || text.len() > limits::NAME_BYTES_MAX || !text.bytes().all(fits) {
        return Err(wrong("series cannot be called so", "use letters, digits and _"));
    }
    match has_taken_series(text) {
        true => Err(wrong("they would look like the program's own series", "choose another beginning")),
        false => Ok(text.to_owned()),
    }
}

fn unit(value: &DeValue<'_>) -> Result<Unit, Wrong> {
    text(value, "seconds")?.parse().map_err(|error| wrong(format!("{error}"), "write it as \"seconds\""))
}

fn bounded(value: &DeValue<'_>, example: &str) -> Result<String, Wrong> {
    let text = text(value, example)?;
    if text.is_empty() || text.len() > limits::SOURCE_TEXT_BYTES_MAX || text.contains('\0') {
        let remedy = format!("use 1 to {} bytes", limits::SOURCE_TEXT_BYTES_MAX);
        return Err(wrong(format!("the text of {} bytes does not fit", text.len()), remedy));
    }
    Ok(text.to_owned())
}

fn path(value: &DeValue<'_>, example: &str) -> Result<PathBuf, Wrong> {
    let text = bounded(value, example)?;
    if text.starts_with('/') {
        Ok(PathBuf::from(text))
    } else {
        Err(wrong("the path is not absolute", "start it with /"))
    }
}

fn list<'a>(value: &'a DeValue<'a>, max: usize, example: &str) -> Result<Vec<&'a DeValue<'a>>, Wrong> {
    let DeValue::Array(list) = value else {
        return Err(wrong(format!("{} stands where a list belongs", kind(value)), format!("write it as {example}")));
    };
    if list.len() > max {
        return Err(wrong(format!("the list has {} entries", list.len()), format!("use at most {max}")));
    }
    Ok(list.iter().map(Spanned::get_ref).collect())
}

fn argv(value: &DeValue<'_>) -> Result<Vec<String>, Wrong> {
    const EXAMPLE: &str = "[\"/usr/bin/du\", \"-sb\", \"/srv\"]";
    let mut argv = Vec::new();
    for argument in list(value, limits::SOURCE_LIST_MAX, EXAMPLE)? {
        // An argument may be empty.
        argv.push(if argument.as_str() == Some("") { String::new() } else { bounded(argument, "-sb")? });
    }
    match argv.first() {
        Some(program) if !program.is_empty() => Ok(argv),
        _ => Err(wrong("no program is named", format!("write it as {EXAMPLE}"))),
    }
}

fn names(value: &DeValue<'_>, max: usize) -> Result<Vec<String>, Wrong> {
    list(value, max, "[\"path\", \"status\"]")?.into_iter().map(|name| bounded(name, "path")).collect()
}

fn environment(value: &DeValue<'_>, secrets: &Secrets) -> Result<Vec<(String, Secret)>, Wrong> {
    let DeValue::Table(table) = value else {
        return Err(wrong(format!("{} stands where variables belong", kind(value)), "write it as { HOME = \"/srv\" }"));
    };
    if table.len() > limits::SOURCE_LIST_MAX {
        return Err(wrong(
            format!("there are {} variables", table.len()),
            format!("use at most {}", limits::SOURCE_LIST_MAX),
        ));
    }
    let mut env = Vec::new();
    for (name, value) in table {
        let name: &str = name.get_ref();
        let fits = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
        if name.is_empty() || name.len() > limits::NAME_BYTES_MAX || !name.bytes().all(fits) {
            return Err(wrong(format!("{:?} is no name of a variable", harmless(name)), "use letters, digits and _"));
        }
        if VARIABLES_REFUSED.contains(&name) {
            let remedy = "set it in the command: argv = [\"env\", \"NAME=value\", \"program\"]";
            return Err(wrong(format!("{name} would change the daemon's own part too"), remedy));
        }
        let value = bounded(value.get_ref(), "value")?;
        if super::secrets::is_secret_name(name) && !super::secrets::holds_no_secret(&value) {
            let remedy = format!("write {name} = \"${{NAME}}\" for a variable of the daemon's environment");
            return Err(wrong(format!("{name}: a secret does not stand in this file"), remedy));
        }
        let value = secrets.resolve(&value)?;
        if value.expose().contains('\0') {
            return Err(wrong(format!("what {name} stands for holds a zero byte"), "no variable can hold one"));
        }
        env.push((name.to_owned(), value));
    }
    Ok(env)
}

fn expression(value: &DeValue<'_>) -> Result<String, Wrong> {
    let text = bounded(value, "took (?<value>[0-9.]+) ms")?;
    match RegexBuilder::new(&text).size_limit(limits::REGEX_BYTES_MAX).build() {
        Ok(regex) if regex.capture_names().flatten().next().is_some() => Ok(text),
        Ok(_) => Err(wrong("no group of the expression has a name", "name what becomes a series: (?<took>[0-9.]+)")),
        Err(error) => {
            let error = error.to_string();
            let why = error.lines().last().unwrap_or_default().trim_start_matches("error: ");
            Err(wrong(
                format!("this is no expression: {}", harmless(why)),
                "single quotes leave backslashes alone: '\\d+'",
            ))
        }
    }
}

fn one_of<'a>(value: &DeValue<'_>, known: &[&'a str], what: &str) -> Result<&'a str, Wrong> {
    let text = text(value, known.first().copied().unwrap_or_default())?;
    known
        .iter()
        .find(|name| **name == text)
        .copied()
        .ok_or_else(|| wrong(format!("{:?} is none of the {what}", harmless(text)), remedy_for(text, known, what)))
}

#[cfg(test)]
mod tests;
