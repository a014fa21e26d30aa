//! `[admin]` beyond its socket: the admin API over TCP, for whoever shows a token.
//!
//! Invariant: a port that could be asked without a token, or whose token others could read on its way, is in no settings. The
//! token stands in no file of the configuration, and what is kept of it here is a checksum.

mod credentials;

use std::net::SocketAddr;
use std::path::PathBuf;

use toml::de::DeValue;

use super::schema::{self, Draft, Key, Place, Said, Wrong, text, wrong};
use super::secrets::{self, Secrets};
use crate::base::Diagnostic;
use crate::model::origin::FromFile;
use crate::notation::Document;
use crate::wire::feed::{ConfigFile, FileKind};

pub use credentials::Credentials;

/// The admin API over TCP. Variables of the environment stand in it as they were written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PortSettings {
    pub listen: SocketAddr,
    token: Token,
    identity: Option<Identity>,
}

/// Where the token is.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Token {
    /// In variables of the daemon's environment.
    Variables(String),
    File(String),
}

/// The files with which we show who we are.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Identity {
    certificate: String,
    key: String,
}

/// What was said of it so far.
#[derive(Debug, Default)]
pub(super) struct PortDraft {
    listen: Option<Said<SocketAddr>>,
    token: Option<Said<String>>,
    token_file: Option<Said<String>>,
    cert_file: Option<Said<String>>,
    key_file: Option<Said<String>>,
}

/// What is wrong with one of its files or variables, of which key.
#[derive(Debug, thiserror::Error)]
#[error("admin.{key}: {message}; {remedy}")]
pub struct Trouble {
    key: &'static str,
    message: String,
    remedy: String,
    /// It is for somebody else to read.
    is_denied: bool,
    /// There is nothing to read at the moment.
    is_gone: bool,
}

/// What is found wrong with the files and variables of a port while a daemon runs.
#[derive(Clone, Debug, Default)]
pub struct Found {
    /// No daemon would start with this.
    pub wrong: Vec<Diagnostic>,
    /// Nor with this; but the daemon that runs serves its port with what it read before, until there is something to read again.
    pub gone: Vec<Diagnostic>,
}

/// Whoever looks at it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reader {
    Daemon,
    /// A person, who may not be allowed to read what the daemon is.
    Anybody,
}

const SECTION: &str = "admin";

/// Its keys beside `socket`.
pub(super) const LISTEN: Key = Key { section: SECTION, name: "listen", read: listen };
pub(super) const TOKEN: Key = Key { section: SECTION, name: "token", read: token };
pub(super) const TOKEN_FILE: Key = Key {
    section: SECTION,
    name: "token_file",
    read: |place, value, draft| file(place, value, &mut draft.port.token_file),
};
pub(super) const CERT_FILE: Key = Key {
    section: SECTION,
    name: "cert_file",
    read: |place, value, draft| file(place, value, &mut draft.port.cert_file),
};
pub(super) const KEY_FILE: Key = Key {
    section: SECTION,
    name: "key_file",
    read: |place, value, draft| file(place, value, &mut draft.port.key_file),
};

fn listen(place: &Place<'_>, value: &DeValue<'_>, draft: &mut Draft) -> Result<(), Wrong> {
    draft.port.listen = Some(place.said(schema::listen(value)?));
    Ok(())
}

/// It is never written into the file: whoever reads that, and what keeps old ones, would have it too.
fn token(place: &Place<'_>, value: &DeValue<'_>, draft: &mut Draft) -> Result<(), Wrong> {
    let text = text(value, "${TOKEN}")?;
    if !secrets::is_reference(text) {
        let remedy = "write token_file = \"/path\", or token = \"${NAME}\" for a variable of the daemon's environment";
        return Err(wrong("a secret does not stand in the configuration", remedy));
    }
    draft.port.token = Some(place.said(text.to_owned()));
    Ok(())
}

fn file(place: &Place<'_>, value: &DeValue<'_>, slot: &mut Option<Said<String>>) -> Result<(), Wrong> {
    let text = text(value, "${CREDENTIALS_DIRECTORY}/admin-token")?;
    if !text.starts_with('/') && !text.starts_with("${") {
        return Err(wrong("the path is not absolute", "start it with /, or with ${CREDENTIALS_DIRECTORY}/"));
    }
    if text.contains('\0') {
        return Err(wrong("the path holds a zero byte", "no path can hold one"));
    }
    // Whether the variables in it are there shows later.
    Secrets::blind().resolve(text)?;
    *slot = Some(place.said(text.to_owned()));
    Ok(())
}

// === impl PortDraft ===

impl PortDraft {
    /// What makes sense together; else what does not.
    pub(super) fn finish(self, complaints: &mut Vec<Diagnostic>) -> Option<PortSettings> {
        let before = complaints.len();
        let has_token = self.token.is_some() || self.token_file.is_some();
        let has_tls = self.cert_file.is_some() || self.key_file.is_some();
        let token = match (self.token, self.token_file) {
            (Some(_), Some(file)) => {
                complaints
                    .push(file.wrong("admin.token_file: there are two tokens", "keep one of token and token_file"));
                None
            }
            (Some(token), None) => Some(Token::Variables(token.value)),
            (None, file) => file.map(|file| Token::File(file.value)),
        };
        let identity = match (self.cert_file, self.key_file) {
            (Some(certificate), Some(key)) => Some(Identity { certificate: certificate.value, key: key.value }),
            (Some(alone), None) => {
                complaints
                    .push(alone.wrong("admin.cert_file: a certificate is nothing without its key", "add key_file"));
                None
            }
            (None, Some(alone)) => {
                complaints
                    .push(alone.wrong("admin.key_file: a key is nothing without its certificate", "add cert_file"));
                None
            }
            (None, None) => None,
        };
        let listen = self.listen?;
        if !has_token {
            let message = "admin.listen: whoever reaches this port could read and change everything: there is no token";
            let remedy = "add token_file = \"/path\" with a secret line in that file, which only the daemon may read, or \
                          leave listen out";
            complaints.push(listen.wrong(message, remedy));
        }
        if !listen.value.ip().to_canonical().is_loopback() && !has_tls {
            let message = "admin.listen: beyond this machine whoever carries the token could read it: there is no TLS";
            let remedy = "add cert_file = \"/path\" and key_file = \"/path\", in PEM, or listen at 127.0.0.1";
            complaints.push(listen.wrong(message, remedy));
        }
        let token = token.filter(|_| complaints.len() == before)?;
        Some(PortSettings { listen: listen.value, token, identity })
    }
}

// === impl PortSettings ===

impl PortSettings {
    /// Whether it is asked by TLS.
    pub fn has_tls(&self) -> bool {
        self.identity.is_some()
    }
}

/// A file that a text names.
fn named(key: &'static str, text: &str, env: &impl Fn(&str) -> Option<String>) -> Result<FromFile, Trouble> {
    let path = secrets::resolve(text, env).map_err(|wrong| Trouble::of(key, wrong))?;
    if !path.expose().starts_with('/') {
        let message = "the path that its variables give is not absolute".to_owned();
        return Err(Trouble::of(key, wrong(message, "start it with /, or with ${CREDENTIALS_DIRECTORY}/")));
    }
    Ok(FromFile { key, path: PathBuf::from(path.expose()) })
}

// === impl Trouble ===

impl Trouble {
    fn of(key: &'static str, Wrong { message, remedy }: Wrong) -> Trouble {
        Trouble { key, message, remedy, is_denied: false, is_gone: false }
    }
}

/// What is wrong with its files and variables, which only shows when they are looked at. Where all else is right.
pub(super) fn troubles(
    files: &[ConfigFile],
    port: Option<&PortSettings>,
    env: impl Fn(&str) -> Option<String>,
    reader: Reader,
) -> Vec<Diagnostic> {
    let Some(Err(trouble)) = port.map(|port| Credentials::read(port, env)) else { return Vec::new() };
    if reader == Reader::Anybody && trouble.is_denied {
        return Vec::new();
    }
    complaint(files, trouble).into_iter().collect()
}

/// The same for a daemon that serves such a port, `in_force`, and is asked to go on with these files.
pub fn found(
    files: &[ConfigFile],
    port: Option<&PortSettings>,
    in_force: Option<&PortSettings>,
    env: impl Fn(&str) -> Option<String>,
) -> Found {
    let Some(Err(trouble)) = port.map(|port| Credentials::read(port, env)) else { return Found::default() };
    let serves_on = trouble.is_gone && port == in_force;
    let complaint: Vec<Diagnostic> = complaint(files, trouble).into_iter().collect();
    match serves_on {
        true => Found { gone: complaint, ..Found::default() },
        false => Found { wrong: complaint, ..Found::default() },
    }
}

/// With its place in the file.
fn complaint(files: &[ConfigFile], trouble: Trouble) -> Option<Diagnostic> {
    let Trouble { key, message, remedy, .. } = trouble;
    // The last one that says it is the one that counts.
    let settings = files.iter().rev().filter(|file| file.kind == FileKind::Settings);
    let mut places = settings.filter_map(|file| {
        let document = Document::new(&file.name, &file.bytes).ok()?;
        let span = document.tables().0.get_ref().get(SECTION)?.get_ref().as_table()?.get(key)?.span();
        let document = if super::gather::is_override(&file.name) { document.without_places() } else { document };
        Some(document.complain(span, format!("{SECTION}.{key}: {message}"), remedy.clone()))
    });
    places.next()
}

#[cfg(test)]
mod tests;
