//! Lines of a configuration without the secrets that somebody may have written into them.
//!
//! Invariant: what stands within quotes behind a key that is named after a secret is hidden, and a user and password
//! within an address; a reference such as `${NAME}` is none. The line keeps its length, so that a column still points at
//! its place. It goes by names, and so guesses: what it hides too much is only an excerpt.

/// What the names of keys hold that stand for secrets.
const WORDS: [&str; 8] = ["bearer", "password", "passwd", "token", "secret", "authorization", "apikey", "api-key"];
/// A section or a table within a line whose values all may be secrets.
const SECTION: &str = "headers";
/// What keys of files end with: a path is no secret.
const FILE: &str = "_file";

/// The line with `*` for what is not to be seen. `section` is the line that opened the section it stands in.
pub fn hide(line: &str, section: &str) -> String {
    let mut shown = String::with_capacity(line.len());
    let mut all_hidden = section.to_lowercase().contains(SECTION);
    let mut key = String::new();
    let mut is_value = false;
    let mut rest = line;
    while let Some(c) = rest.chars().next() {
        if matches!(c, '"' | '\'') {
            let (text, after) = quoted(rest, c);
            if is_value && (all_hidden || is_secret(&key)) && !text.trim_matches(c).starts_with("${") {
                shown.extend(text.chars().map(|inner| if inner == c { c } else { '*' }));
            } else {
                shown.push_str(text);
            }
            if !is_value {
                key.push_str(text.trim_matches(c));
            }
            rest = after;
            continue;
        }
        match c {
            '=' => {
                is_value = true;
                all_hidden |= key.to_lowercase().contains(SECTION);
            }
            '{' | ',' => (is_value, key) = (false, String::new()),
            _ if !is_value => key.push(c),
            _ => {}
        }
        shown.push(c);
        rest = &rest[c.len_utf8()..];
    }
    without_users(&shown)
}

/// From a quote to the one that closes it, or to the end of the line.
fn quoted(text: &str, quote: char) -> (&str, &str) {
    let mut is_escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        if c == quote && !is_escaped {
            return text.split_at(at + 1);
        }
        is_escaped = c == '\\' && quote == '"' && !is_escaped;
    }
    (text, "")
}

fn is_secret(key: &str) -> bool {
    let key = key.trim().to_lowercase();
    !key.ends_with(FILE) && WORDS.iter().any(|word| key.contains(word))
}

/// `https://user:password@host` without what stands in front of the host.
fn without_users(line: &str) -> String {
    let Some((before, rest)) = line.split_once("://") else { return line.to_owned() };
    let end = rest.find(['/', '"', '\'']).unwrap_or(rest.len());
    match rest[..end].rfind('@') {
        Some(at) => format!("{before}://{}{}", "*".repeat(rest[..at].chars().count()), &rest[at..]),
        None => line.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(line: &str, expect: &str) {
        assert_eq!(hide(line, "[sources.x]"), expect);
        assert_eq!(hide(line, "").chars().count(), line.chars().count());
    }

    #[test]
    fn what_is_named_after_a_secret_is_hidden_and_nothing_else() {
        check("bearer = \"hunter2\" # no", "bearer = \"*******\" # no");
        check("bearer = \"hunter2", "bearer = \"*******");
        check("bearer = \"${TOKEN}\"", "bearer = \"${TOKEN}\"");
        check("bearer_file = \"/run/token\"", "bearer_file = \"/run/token\"");
        check("basic = { user = \"ann\", password = 'a\"b' }", "basic = { user = \"ann\", password = '***' }");
        check(
            "headers = { \"X-Any\" = \"a\\\"b\", B = \"${C}\" }",
            "headers = { \"X-Any\" = \"**\"*\", B = \"${C}\" }",
        );
        check("url = \"https://ann:hunter2@host/x\"", "url = \"https://***********@host/x\"");
        check("\"my-token\" = \"x\"", "\"my-token\" = \"*\"");
        check("title = \"a token = 'x'\"", "title = \"a token = 'x'\"");
        assert_eq!(hide("X-Any = \"abc\"", "[sources.x.headers]"), "X-Any = \"***\"");
    }
}
