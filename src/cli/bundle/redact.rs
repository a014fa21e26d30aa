//! A file of the configuration without what may be a secret.
//!
//! Invariant: comments are gone. Where sources are described, text stays only under keys that cannot hold a secret; anywhere
//! else text stays unless its key or its form speaks of one. A file that cannot be read as TOML does not go in at all.

use toml::{Table, Value};

use crate::wire::feed::{ConfigFile, FileKind};

/// Stands for what was taken out.
const HIDDEN: &str = "***";
/// The section that says where data comes from.
const SOURCES: &str = "sources";
/// Keys of a source whose text cannot be a secret.
const PLAIN_KEYS: &[&str] = &[
    "kind", "interval", "deadline", "timeout", "format", "unit", "standby", "lookback", "step", "time", "level",
    "series",
];
/// Parts of keys that speak of secrets.
const TELLING: &[&str] =
    &["password", "passwd", "token", "secret", "bearer", "credential", "authorization", "api_key", "apikey"];

/// Its text, or why it cannot be shown.
pub fn file(file: &ConfigFile) -> Result<Vec<u8>, String> {
    if file.kind == FileKind::Secret {
        return Err("it holds secrets".to_owned());
    }
    let text = std::str::from_utf8(&file.bytes).map_err(|_| "it is no text".to_owned())?;
    // What is wrong with it may quote it.
    let mut table: Table =
        text.parse().map_err(|_| "it is no TOML; what is wrong with it, `unblink check` tells".to_owned())?;
    for (key, value) in &mut table {
        hide(value, key, key == SOURCES);
    }
    toml::to_string(&table).map(String::into_bytes).map_err(|_| "it cannot be written again".to_owned())
}

fn hide(value: &mut Value, key: &str, is_of_source: bool) {
    match value {
        Value::String(text) => {
            let lower = key.to_lowercase();
            let speaks = TELLING.iter().any(|part| lower.contains(part));
            if speaks || is_of_source && !PLAIN_KEYS.contains(&key) {
                *text = HIDDEN.to_owned();
            } else if let Some(shown) = without_userinfo(text) {
                *text = shown;
            }
        }
        Value::Array(values) => values.iter_mut().for_each(|value| hide(value, key, is_of_source)),
        Value::Table(table) => table.iter_mut().for_each(|(key, value)| hide(value, key, is_of_source)),
        Value::Integer(_) | Value::Float(_) | Value::Boolean(_) | Value::Datetime(_) => {}
    }
}

/// An address without who asks there, and without what stands behind its question mark; none where that changes nothing.
fn without_userinfo(text: &str) -> Option<String> {
    let (scheme, rest) = text.split_once("://")?;
    let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let host = authority.rsplit_once('@').map_or(authority.to_owned(), |(_, host)| format!("{HIDDEN}@{host}"));
    let path = path.split_once('?').map_or(path.to_owned(), |(path, _)| format!("{path}?{HIDDEN}"));
    Some(format!("{scheme}://{host}{path}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn redacted(kind: FileKind, text: &str) -> Result<String, String> {
        let file = file(&ConfigFile { kind, name: "x.toml".to_owned(), bytes: text.as_bytes().to_vec() });
        file.map(|bytes| String::from_utf8(bytes).unwrap())
    }

    #[test]
    fn of_a_source_only_what_cannot_be_a_secret_stays() {
        let text = r#"
            # hunter2 in a comment
            [host]
            interval = "1s"
            [metrics]
            listen = "127.0.0.1:9464"
            [admin]
            some_token = "hunter2"
            link = "https://ann:hunter2@host/path?key=hunter2"
            [sources.a]
            kind = "prometheus"
            url = "https://ann:hunter2@prom/api"
            interval = "10s"
            headers = { X = "hunter2", Y = "hunter2" }
            [sources.b]
            kind = "command"
            command = ["curl", "-u", "ann:hunter2"]
            shell = "hunter2 | x"
            env = { A = "hunter2" }
            [tenants.ops.sources.c]
            password_file = "/etc/hunter2"
        "#;
        let shown = redacted(FileKind::Settings, text).unwrap();
        assert!(!shown.contains("hunter2"), "{shown}");
        for kept in
            ["interval = \"10s\"", "kind = \"command\"", "listen = \"127.0.0.1:9464\"", "https://***@host/path?***"]
        {
            assert!(shown.contains(kept), "{kept} is gone from\n{shown}");
        }
    }

    #[test]
    fn a_board_stays_as_it_is_seen() {
        let text = "[panel.a]\nchart = \"text\"\ntext = \"words: a@b, 10 % off\"\n";
        assert_eq!(redacted(FileKind::Board, text).unwrap(), text);
    }

    #[test]
    fn what_is_not_understood_does_not_go_in_and_is_not_quoted() {
        let why = redacted(FileKind::Settings, "password = hunter2").unwrap_err();
        assert!(!why.contains("hunter2"), "{why}");
        assert!(redacted(FileKind::Secret, "a = 1").is_err());
    }
}
