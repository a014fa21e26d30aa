//! `${NAME}` in the sections of sources: variables of the daemon's own environment, which a worker does not have.
//!
//! Root looks them up and hands them to its workers beside the files, as one [`ConfigFile`] of [`FileKind::Secret`]. They are
//! never put into the text of a file: complaints quote that, and it may be kept.
//!
//! Invariant: only what a section of a source names, in a key that may hold it, leaves root's environment. Whoever
//! writes configuration anywhere leaves out what is [`FileKind::Secret`] and calls [`gather`] again when it is read back.

use std::collections::BTreeMap;
use std::path::Path;

use toml::de::DeValue;

use super::schema::{Wrong, wrong};
use super::sources;
use crate::base::{Diagnostic, limits};
use crate::model::Secret;
use crate::notation::{Document, harmless};
use crate::wire::feed::{ConfigFile, FileKind};

/// Keys of a source in which variables are replaced.
const KEYS: [&str; 12] = [
    "url",
    "bearer",
    "bearer_file",
    "basic",
    "password",
    "password_file",
    "tenant",
    "headers",
    "ca_file",
    "cert_file",
    "key_file",
    "env",
];
/// Keys that name a file which has to be there, alone or within `basic`.
const FILES: [&str; 5] = ["bearer_file", "password_file", "ca_file", "cert_file", "key_file"];
/// How the file that carries them is called where it has to be called something.
const NAME: &str = "environment of the daemon";

/// What variables stand for.
#[derive(Clone, Debug, Default)]
pub struct Secrets {
    known: BTreeMap<String, Secret>,
    /// Whether one that is not known is none: not where somebody else's environment holds it.
    pub is_blind: bool,
}

/// The variables that these files name and `env` knows; none where there are none. One that is missing is complained
/// of by whoever reads the files.
pub fn gather(files: &[ConfigFile], env: impl Fn(&str) -> Option<String>) -> Option<ConfigFile> {
    let mut known = BTreeMap::new();
    for file in files.iter().filter(|file| file.kind == FileKind::Settings) {
        for_each_text(file, |key, text| {
            if KEYS.contains(&key) {
                for name in parts(text).filter_map(Result::ok).filter_map(Part::variable) {
                    if known.len() < limits::SECRETS_MAX
                        && let Some(value) = env(name)
                    {
                        known.insert(name.to_owned(), value);
                    }
                }
            }
        });
    }
    if known.is_empty() {
        return None;
    }
    let bytes = serde_json::to_vec(&known).expect("invariant: texts by their names always serialize");
    Some(ConfigFile { kind: FileKind::Secret, name: NAME.to_owned(), bytes })
}

/// The files with what variables stand for that they name: for a worker, and for nothing that is kept. `env` knows them.
pub fn with_those_named(files: &[ConfigFile], env: impl Fn(&str) -> Option<String>) -> Vec<ConfigFile> {
    files.iter().cloned().chain(gather(files, env)).collect()
}

/// The same with the environment of this process, which does not change while it runs.
pub fn for_worker(files: &[ConfigFile]) -> Vec<ConfigFile> {
    with_those_named(files, environment)
}

/// One variable of the environment of this process.
pub fn environment(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// Complaints about files that sources name and that are not there. Only where the rest was found right; a file that
/// cannot be looked at from here may be readable for the daemon.
pub fn missing_files(document: &Document<'_>, secrets: &Secrets) -> Vec<Diagnostic> {
    let mut complaints = Vec::new();
    for_each_text_of(document, |way, span, text| {
        let Some(key) = way.last().filter(|key| FILES.contains(key)) else { return };
        // What the environment says is no part of a complaint, a path neither.
        let Ok(path) = secrets.resolve(text) else { return };
        let missing = std::fs::metadata(Path::new(path.expose())).is_err_and(|error| {
            matches!(error.kind(), std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory)
        });
        if missing {
            let message = format!("sources.{}: the file {} does not exist", way.join("."), harmless(text));
            let remedy = format!("put it there, readable for the daemon's user alone, or correct {key}");
            complaints.push(document.complain(span, message, remedy));
        }
    });
    complaints
}

/// Every text in a section of a source, with the key at the top of the section that holds it.
fn for_each_text(file: &ConfigFile, mut see: impl FnMut(&str, &str)) {
    // Whether it is text at all is complained of elsewhere.
    let Ok(document) = Document::new(&file.name, &file.bytes) else { return };
    for_each_text_of(&document, |way, _, text| {
        if let Some(key) = way.get(1) {
            see(key, text);
        }
    });
}

/// Every text in a section of a source, with the way to it: the source's name, its key, and what lies within.
fn for_each_text_of(document: &Document<'_>, mut see: impl FnMut(&[&str], std::ops::Range<usize>, &str)) {
    let (tables, _) = document.tables();
    if let Some(sources) = tables.get_ref().get(sources::SECTION) {
        walk(&mut Vec::new(), sources, &mut see);
    }
}

fn walk<'a>(
    way: &mut Vec<&'a str>,
    value: &'a toml::Spanned<DeValue<'_>>,
    see: &mut impl FnMut(&[&str], std::ops::Range<usize>, &str),
) {
    // A source, a key, a name within it: nothing lies deeper.
    const DEPTH_MAX: usize = 3;
    match value.get_ref() {
        DeValue::String(text) => see(way, value.span(), text),
        DeValue::Table(table) if way.len() < DEPTH_MAX => {
            for (key, value) in table {
                way.push(key.get_ref());
                walk(way, value, see);
                way.pop();
            }
        }
        _ => {}
    }
}

/// A stretch of a text with variables in it.
enum Part<'a> {
    Plain(&'a str),
    Variable(&'a str),
}

/// `${` without an end, or around what is no name.
struct Malformed;

/// The stretches of a text; `$${` stands for `${` itself.
fn parts(text: &str) -> impl Iterator<Item = Result<Part<'_>, Malformed>> {
    let mut rest = text;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let part;
        (part, rest) = if let Some(after) = rest.strip_prefix("$${") {
            (Ok(Part::Plain("${")), after)
        } else if let Some(after) = rest.strip_prefix("${") {
            match after.split_once('}') {
                Some((name, after)) if is_name(name) => (Ok(Part::Variable(name)), after),
                _ => (Err(Malformed), ""),
            }
        } else {
            // The dollar at the start is no beginning of anything.
            let end = rest.char_indices().skip(1).find(|(_, c)| *c == '$').map_or(rest.len(), |(at, _)| at);
            (Ok(Part::Plain(&rest[..end])), &rest[end..])
        };
        Some(part)
    })
}

fn is_name(text: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    !text.is_empty()
        && text.len() <= limits::NAME_BYTES_MAX
        && text.bytes().all(fits)
        && !text.as_bytes()[0].is_ascii_digit()
}

/// A text with what its variables stand for in the environment that `env` knows, for whoever reads no more than this.
pub fn resolve(text: &str, env: impl Fn(&str) -> Option<String>) -> Result<Secret, Wrong> {
    let names = parts(text).filter_map(Result::ok).filter_map(Part::variable);
    let known = names.filter_map(|name| Some((name.to_owned(), Secret::new(env(name)?)))).collect();
    Secrets { known, is_blind: false }.resolve(text)
}

/// Whether a text is made of variables alone, so that no secret stands in the file.
pub fn is_reference(text: &str) -> bool {
    !text.is_empty() && parts(text).all(|part| matches!(part, Ok(Part::Variable(_))))
}

/// Whether what is called so holds a secret, by the words of its name and the beginnings of them.
pub fn is_secret_name(name: &str) -> bool {
    const WORDS: [&str; 8] = ["auth", "authorization", "key", "keys", "pass", "pwd", "passphrase", "cookie"];
    const PARTS: [&str; 7] = ["token", "secret", "passw", "apikey", "bearer", "credential", "authtok"];
    let name = name.to_lowercase();
    name.split(['-', '_', '.']).any(|word| WORDS.contains(&word)) || PARTS.iter().any(|part| name.contains(part))
}

/// Whether nothing of a secret stands in the text itself: it is a reference, perhaps behind the name of a scheme.
pub fn holds_no_secret(text: &str) -> bool {
    const SCHEMES: [&str; 5] = ["basic", "bearer", "digest", "apikey", "token"];
    let behind = text.split_once(' ').filter(|(word, _)| SCHEMES.contains(&word.to_lowercase().as_str()));
    is_reference(text) || behind.is_some_and(|(_, rest)| is_reference(rest.trim_start()))
}

// === impl Part ===

impl<'a> Part<'a> {
    fn variable(self) -> Option<&'a str> {
        match self {
            Part::Variable(name) => Some(name),
            Part::Plain(_) => None,
        }
    }
}

// === impl Secrets ===

impl Secrets {
    /// What root handed over.
    pub fn of(files: &[ConfigFile]) -> Secrets {
        let mut known = BTreeMap::new();
        for file in files.iter().filter(|file| file.kind == FileKind::Secret) {
            let told: BTreeMap<String, String> = serde_json::from_slice(&file.bytes).unwrap_or_default();
            known.extend(told.into_iter().take(limits::SECRETS_MAX).map(|(name, value)| (name, Secret::new(value))));
        }
        Secrets { known, is_blind: false }
    }

    /// For somebody who is not in the environment that holds them, and only looks for what needs none.
    pub fn blind() -> Secrets {
        Secrets { is_blind: true, ..Secrets::default() }
    }

    /// A text with what its variables stand for.
    pub fn resolve(&self, text: &str) -> Result<Secret, Wrong> {
        let mut whole = zeroize::Zeroizing::new(String::new());
        for part in parts(text) {
            match part {
                Ok(Part::Plain(text)) => whole.push_str(text),
                Ok(Part::Variable(name)) => match self.known.get(name) {
                    Some(value) => whole.push_str(value.expose()),
                    None if self.is_blind => {}
                    None => {
                        let remedy = format!(
                            "set {name} where the daemon starts, as by EnvironmentFile= of its unit, or name a file \
                             instead"
                        );
                        return Err(wrong(format!("the variable {name} is not set, or empty"), remedy));
                    }
                },
                Err(Malformed) => {
                    let remedy = "write ${NAME} with letters, digits and _; $${ stands for ${ itself";
                    return Err(wrong("${ begins no name of a variable", remedy));
                }
            }
        }
        if whole.len() > limits::SECRET_BYTES_MAX {
            let message = format!("what it stands for is longer than {} bytes", limits::SECRET_BYTES_MAX);
            return Err(wrong(message, "is it the right variable?"));
        }
        Ok(Secret::new(whole.as_str()))
    }
}

#[cfg(test)]
mod tests;
