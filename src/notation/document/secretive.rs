//! Lines of a configuration without the secrets that somebody may have written into them.
//!
//! Invariant: of a section of sources nothing behind a key is shown but what keys hold that never hold a secret, wholly a
//! reference such as `${NAME}`, and paths of files. Elsewhere what is named after a secret is hidden. The line keeps its
//! length, so that a column still points at its place. What it hides too much is only an excerpt.

/// What the names of keys hold that stand for secrets.
const WORDS: [&str; 9] =
    ["bearer", "password", "passwd", "token", "secret", "authorization", "apikey", "api-key", "api_key"];
/// What the name of a section, or a key at the top, holds where secrets may be.
const SECTIONS: [&str; 2] = ["sources", "headers"];
/// Names of queries are a person's choice, and what they hold is PromQL or SQL.
const QUERIES: &str = ".queries";
/// Keys within such a section that hold none.
const HARMLESS: [&str; 27] = [
    "kind",
    "interval",
    "timeout",
    "range",
    "unit",
    "series",
    "format",
    "from",
    "regex",
    "labels",
    "values",
    "time",
    "level",
    "message",
    "directory",
    "path",
    "database",
    "port",
    "host",
    "user",
    "tls",
    "legend",
    "query",
    "sql",
    "tenant",
    "fields",
    "wrap",
];
/// What keys of files end with: a path is no secret.
const FILE: &str = "_file";

/// The line with `*` for what is not to be seen. `section` is the line that opened the section it stands in.
pub fn hide(line: &str, section: &str) -> String {
    let (key, value) = line.split_once('=').unwrap_or(("", line));
    let name = key.trim().rsplit('.').next().unwrap_or_default().trim_matches(['"', '\'', ' ']).to_lowercase();
    let is_of = |text: &str| SECTIONS.iter().any(|word| text.to_lowercase().contains(word));
    let opens = line.trim_start().starts_with('[') && !line.contains('=');
    let comments = line.trim_start().starts_with('#');
    let in_sources = is_of(section) || is_of(key);
    let hides = if opens || comments {
        false
    } else if in_sources {
        !(HARMLESS.contains(&name.as_str()) || section.contains(QUERIES) && !section.contains("params"))
    } else {
        !name.ends_with(FILE) && WORDS.iter().any(|word| key.to_lowercase().contains(word))
    };
    if !hides || is_open(value, &name) {
        return without_users(line);
    }
    // A comment behind it may hold what the value held before.
    let masked = value.chars().map(|c| if is_form(c) { c } else { '*' });
    let shown = if line.contains('=') { &line[..line.len() - value.len()] } else { "" };
    shown.chars().chain(masked).collect()
}

/// Whether a value may be seen whatever its key: a reference and nothing else, or a path of a file.
fn is_open(value: &str, name: &str) -> bool {
    let value = value.trim();
    let within = |quote: char| value.strip_prefix(quote).and_then(|rest| rest.strip_suffix(quote));
    let Some(text) = within('"').or_else(|| within('\'')) else { return false };
    let is_name = |name: &str| !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    let reference = |text: &str| text.strip_prefix("${").and_then(|rest| rest.strip_suffix('}')).is_some_and(is_name);
    let plain = !text.contains(['"', '\'', '=']);
    let begins = |text: &str| text.starts_with('/') || text.split_once('/').is_some_and(|(first, _)| reference(first));
    reference(text) || name.ends_with(FILE) && plain && begins(text)
}

/// What shows how a line is built.
fn is_form(c: char) -> bool {
    matches!(c, ' ' | '\t' | '"' | '\'' | '{' | '}' | '[' | ']' | ',')
}

/// `https://user:password@host` without what stands in front of the host, and without a query behind it.
fn without_users(line: &str) -> String {
    let Some((before, rest)) = line.split_once("://") else { return line.to_owned() };
    match rest.rfind('@') {
        Some(at) => format!("{before}://{}{}", "*".repeat(rest[..at].chars().count()), &rest[at..]),
        None => line.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(line: &str, expect: &str) {
        assert_eq!(hide(line, "[sources.x]"), expect);
        for section in ["", "[sources.x]", "[sources.x.headers]", "[sources.x.queries]"] {
            assert_eq!(hide(line, section).chars().count(), line.chars().count());
        }
    }

    #[test]
    fn what_is_harmless_a_reference_or_a_path_is_shown() {
        for line in [
            "[sources.x]",
            "kind = \"prometheus\"",
            "interval = 7 # seconds",
            "bearer = \"${TOKEN}\"",
            "bearer_file = \"/run/token\"",
            "bearer_file = \"${CREDENTIALS_DIRECTORY}/token\"",
            "# a comment",
        ] {
            check(line, line);
        }
        assert_eq!(hide("up = \"sum(up)\"", "[sources.x.queries]"), "up = \"sum(up)\"");
        assert_eq!(hide("title = \"a token = 'x'\"", ""), "title = \"a token = 'x'\"");
    }

    #[test]
    fn whatever_else_stands_behind_a_key_is_hidden_however_it_is_written() {
        const SECRET: &str = "hunter2";
        for line in [
            "bearer = \"hunter2\" # no",
            "bearer = \"hunter2",
            "bearer = hunter2",
            "bearer = hunter2\"",
            "bearer = \"${TOK}hunter2\"",
            "bearer = \"${hunter2\"",
            "bearer = \"${A}\" # hunter2",
            "baerer = \"hunter2\"",
            "basic = \"ann:hunter2\"",
            "basic = { user = \"ann\", pass = 'hunter2' }",
            "bearer_file = \"hunter2\"",
            "bearer_file = hunter2",
            "url = \"http://h/?token=hunter2\"",
            "url = \"http://ann:pa/hunter2@h\"",
            "argv = [\"curl\", \"-H\", \"Authorization: Bearer hunter2\"]",
            "env = { API_KEY = \"hunter2\" }",
            "headers = { \"X-Any\" = \"a\\\"hunter2\", B = \"${C}\" }",
            "\"Bearer hunter2\",",
            "hunter2",
        ] {
            let shown = hide(line, "[sources.x]");
            assert!(!shown.contains(SECRET), "{shown}");
        }
        for (line, section) in [
            ("Authorization = Bearer hunter2", "[sources.x.headers]"),
            ("X-Any = \"hunter2\"", "[sources.x.headers]"),
            ("sources.x.bearer = \"hunter2\"", ""),
            ("sources = { x = { bearer = \"hunter2\" } }", ""),
            ("\"my-token\" = \"hunter2\"", ""),
            ("where = \"https://ann:hunter2@host/x\"", ""),
        ] {
            let shown = hide(line, section);
            assert!(!shown.contains(SECRET), "{shown}");
        }
        check("bearer = \"hunter2\" # no", "bearer = \"*******\" * **");
    }
}
