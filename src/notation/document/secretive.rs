//! Lines of a configuration without the secrets that somebody may have written into them.
//!
//! Invariant: of a section of sources nothing behind a key is shown but one value of a key that never holds a secret,
//! wholly a reference such as `${NAME}`, and paths of files; what cannot be taken apart is hidden whole. Elsewhere lines
//! that name a secret are hidden. The line keeps its length, so that a column still points at its place. What it hides
//! too much is only an excerpt.

/// What lines hold that are about secrets.
const WORDS: [&str; 12] = [
    "bearer",
    "passw",
    "token",
    "secret",
    "authorization",
    "apikey",
    "api-key",
    "api_key",
    "headers",
    "basic",
    "credential",
    "sources",
];
/// How sections of sources begin, misspelt or not.
const SOURCES: &str = "sourc";
/// Names of queries are a person's choice, and what they hold is PromQL or SQL.
const QUERIES: &str = "queries";
/// Keys within a source that hold no secret.
const HARMLESS: [&str; 25] = [
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
];
/// What keys of files end with: a path is no secret.
const FILE: &str = "_file";

/// The names of a line that opens a section; none of any other line.
pub fn heading(line: &str) -> Option<Vec<&str>> {
    let line = line.trim();
    let line = line.split_once('#').map_or(line, |(line, _)| line.trim_end());
    let inner = line.strip_prefix('[')?.strip_suffix(']')?;
    let inner = inner.strip_prefix('[').and_then(|inner| inner.strip_suffix(']')).unwrap_or(inner);
    let names: Vec<&str> = inner.split('.').map(|name| name.trim().trim_matches(['"', '\''])).collect();
    let fits = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-');
    names.iter().all(|name| !name.is_empty() && name.chars().all(fits)).then_some(names)
}

/// The line with `*` for what is not to be seen. `section` is the line that opened the section it stands in.
pub fn hide(line: &str, section: &str) -> String {
    if heading(line).is_some() {
        return line.to_owned();
    }
    let section = heading(section).unwrap_or_default();
    let in_sources = section.first().is_some_and(|name| name.to_lowercase().starts_with(SOURCES));
    let (shown, value) = key_and_value(line);
    if !in_sources {
        let names_one = WORDS.iter().any(|word| line.to_lowercase().contains(word));
        return if names_one { mask_value(shown, value, 0) } else { without_users(line) };
    }
    let name = shown.trim_end_matches(['=', ' ', '\t']).rsplit('.').next().unwrap_or_default();
    let name = name.trim().trim_matches(['"', '\'']).to_lowercase();
    let (first, is_text) = first_value(value);
    let of_queries = section.get(2) == Some(&QUERIES);
    let is_shown = match section.len() {
        // Sections of headers, of variables, of who we are: whatever stands there.
        3 if of_queries => is_text,
        3 => false,
        4 if of_queries => HARMLESS.contains(&name.as_str()),
        _ => HARMLESS.contains(&name.as_str()) && !first.contains(['@', '?', '=']) || is_open(first, &name),
    };
    mask_value(shown, value, if is_shown { first.len() } else { 0 })
}

/// A line's key with its `=`, where it has one, and what stands behind it.
fn key_and_value(line: &str) -> (&str, &str) {
    let Some((key, _)) = line.split_once('=') else { return ("", line) };
    let is_key = key.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | '"' | '\'' | ' ' | '\t'));
    // Bare words that follow each other are none, nor is half of a text.
    let words = key.split_whitespace().count();
    let is_quoted = |quote: char| key.trim().strip_prefix(quote).and_then(|rest| rest.strip_suffix(quote)).is_some();
    let has_quotes = key.contains(['"', '\'']);
    if is_key && (words == 1 && !has_quotes || is_quoted('"') || is_quoted('\'')) {
        line.split_at(key.len() + 1)
    } else {
        ("", line)
    }
}

/// The first value of several that may stand there, with the blanks before it, and whether it is a text.
fn first_value(value: &str) -> (&str, bool) {
    let blanks = value.len() - value.trim_start().len();
    let rest = &value[blanks..];
    let quote = rest.chars().next().filter(|c| matches!(c, '"' | '\''));
    let end = match quote {
        Some(quote) => rest[1..].find(quote).map_or(rest.len(), |at| at + 2),
        // A list of texts, of which nothing follows.
        None if rest.starts_with('[') => rest.find(']').map_or(0, |at| at + 1),
        None => rest.find([' ', '\t', '#', '"', '\'', ',']).unwrap_or(rest.len()),
    };
    (&value[..blanks + end], quote.is_some())
}

fn mask_value(shown: &str, value: &str, open_bytes: usize) -> String {
    let (open, hidden) = value.split_at(open_bytes);
    let masked = hidden.chars().map(|c| if is_form(c) { c } else { '*' });
    shown.chars().chain(open.chars()).chain(masked).collect()
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

/// `https://user:password@host` without what stands in front of the host.
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
            "interval = 7",
            "labels = [\"a\", \"b\"]",
            "path = \"/var/log/x\"",
            "bearer = \"${TOKEN}\"",
            "bearer_file = \"/run/token\"",
            "bearer_file = \"${CREDENTIALS_DIRECTORY}/token\"",
        ] {
            check(line, line);
        }
        assert_eq!(hide("up = \"sum(up)\"", "[sources.x.queries]"), "up = \"sum(up)\"");
        assert_eq!(hide("sql = \"SELECT 1\"", "[sources.x.queries.a]"), "sql = \"SELECT 1\"");
        assert_eq!(hide("title = \"a day = 'x'\"", ""), "title = \"a day = 'x'\"");
        check("interval = 7 # seconds", "interval = 7 * *******");
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
            "\"Bearer hunter2==\",",
            "bearer hunter2==",
            "  [\"curl\", \"Bearer hunter2\"],",
            "kind = \"prometheus\" bearer = \"hunter2\"",
            "kind = \"prometheus\" # hunter2",
            "path = \"http://h/?token=hunter2\"",
            "# bearer = \"hunter2\"",
            "hunter2",
        ] {
            let shown = hide(line, "[sources.x]");
            assert!(!shown.contains(SECRET), "{shown}");
        }
        for (line, section) in [
            ("Authorization = Bearer hunter2", "[sources.x.headers]"),
            ("X-Any = \"hunter2\"", "[sources.x.headers]"),
            ("bearer = \"hunter2\"", "[sources.queries]"),
            ("basic = \"ann:hunter2\"", "[sources.queries-db]"),
            ("basic = \"ann:hunter2\"", "[source.x]"),
            ("env = { API_KEY = \"hunter2\" }", "[source.x]"),
            ("up = { sql = \"x\", params = [\"hunter2\"] }", "[sources.x.queries]"),
            ("params = [\"hunter2\"]", "[sources.x.queries.up]"),
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
