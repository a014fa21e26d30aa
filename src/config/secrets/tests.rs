//! Variables in sections of sources: what leaves the environment, what is said, and what is never said.

use super::*;
use crate::config::{Settings, parse, understand};
use crate::model::origin::{Credentials, From};

const TOKEN: &str = "s3cret-token-0815";

fn settings(text: &str) -> ConfigFile {
    ConfigFile { kind: FileKind::Settings, name: "unblink.toml".to_owned(), bytes: text.into() }
}

fn environment(name: &str) -> Option<String> {
    match name {
        "TOKEN" | "UNUSED" | "HOME" => Some(TOKEN.to_owned()),
        "HOST" => Some("prom.example".to_owned()),
        "BAD" => Some(format!("{TOKEN}\nX-Evil: 1")),
        _ => None,
    }
}

fn with_environment(text: &str) -> Vec<ConfigFile> {
    let mut files = vec![settings(text)];
    files.extend(gather(&files, environment));
    files
}

const SOURCE: &str = "[sources.prom]\nkind = \"prometheus\"\nqueries = { up = \"up\" }\n";

fn said(text: &str) -> String {
    let complaints = parse(&with_environment(text)).err().unwrap_or_default();
    complaints.iter().map(|complaint| format!("{complaint}\n")).collect()
}

#[test]
fn a_variable_is_replaced_and_shown_by_nothing() {
    let text = format!("{SOURCE}url = \"https://${{HOST}}/x$${{y}}/${{TOKEN}}\"\nbearer = \"${{TOKEN}}\"\n");
    let files = with_environment(&text);
    let settings: Settings = parse(&files).unwrap();
    let From::Prometheus(prometheus) = &settings.sources[0].from else { panic!("{settings:?}") };
    assert_eq!(prometheus.host, "prom.example");
    assert!(prometheus.prefix.expose().ends_with(TOKEN));
    assert_eq!(prometheus.credentials, Some(Credentials::Bearer(Secret::new(TOKEN))));
    let shown = format!("{settings:?} {settings:#?} {files:?} {:?}", Secrets::of(&files));
    assert!(!shown.contains(TOKEN), "{shown}");
    let first = &files[0];
    assert!(!String::from_utf8_lossy(&first.bytes).contains(TOKEN), "it must not get into the file's own text");
}

#[test]
fn only_what_a_source_names_where_it_may_stand_leaves_the_environment() {
    let text = "[attach]\nsocket = \"/${UNUSED}\"\n[sources.a]\nkind = \"command\"\nshell = \"echo ${UNUSED}\"\n\
                env = { A = \"${TOKEN}\" }\n";
    let file = gather(&[settings(text)], environment).unwrap();
    let secrets = Secrets::of(&[file]);
    assert_eq!(secrets.known.keys().collect::<Vec<_>>(), ["TOKEN"]);
    assert_eq!(gather(&[settings("[sources.a]\nshell = \"${TOKEN}\"\n")], environment), None);
    assert_eq!(gather(&[settings("= {{{ no TOML ${TOKEN}")], environment), None);
}

#[test]
fn a_missing_variable_is_told_with_its_place_and_a_remedy() {
    let said = said(&format!("{SOURCE}url = \"http://a\"\nbearer = \"${{NONE}}\"\n"));
    assert_eq!(
        said,
        "unblink.toml:5:10: sources.prom.bearer: the variable NONE is not set, or empty\n    bearer = \"${NONE}\"\n             ^\n    \
         set NONE where the daemon starts, as by EnvironmentFile= of its unit, or name a file instead\n"
    );
}

#[test]
fn no_complaint_repeats_a_secret() {
    for line in [
        format!("url = \"${{TOKEN}}\"\nbearer = \"{TOKEN}\"\n"),
        format!("url = \"http://ann:{TOKEN}@host\"\n"),
        "url = \"http://${TOKEN}@host\"\n".to_owned(),
        "url = \"http://host:${TOKEN}\"\n".to_owned(),
        "url = \"http://host?${TOKEN}\"\nbearer = \"${BAD}\"\nheaders = { X = \"${BAD}\" }\n".to_owned(),
        format!("url = \"http://a\"\nbasic = {{ user = \"ann\", password = \"{TOKEN}\" }}\n"),
        format!("url = \"http://a\"\nbasic = {{ user = \"ann:x\", password = \"{TOKEN}\" }}\n"),
        format!("url = \"http://a\"\nheaders = {{ Host = \"{TOKEN}\" }}\n"),
        format!("url = \"http://a\"\nbearer = \"{TOKEN}\n"),
        format!("url = \"http://a\"\n[sources.prom.headers]\nX-Any = \"{TOKEN}\n"),
        "url = \"http://a\"\nbearer_file = \"${TOKEN}\"\n".to_owned(),
    ] {
        let said = said(&format!("{SOURCE}{line}"));
        assert!(!said.is_empty() && !said.contains(TOKEN), "{line}\n{said}");
    }
}

#[test]
fn what_is_no_reference_is_refused() {
    for (text, is_right) in [
        ("${A}", true),
        ("${A}${B_2}", true),
        ("x${A}", false),
        ("${}", false),
        ("${A", false),
        ("", false),
        ("$A", false),
    ] {
        assert_eq!(is_reference(text), is_right, "{text}");
    }
    let secrets = Secrets::of(&with_environment(&format!("{SOURCE}url = \"${{HOST}}\"")));
    assert_eq!(secrets.resolve("$ $$ a$b $${HOST} ${HOST}").ok(), Some(Secret::new("$ $$ a$b ${HOST} prom.example")));
    for text in ["${2A}", "${A-B}", "${", "${HOST"] {
        assert!(secrets.resolve(text).is_err_and(|wrong| wrong.message.contains("begins no name")), "{text}");
    }
}

#[test]
fn a_file_that_is_missing_is_told_before_anything_runs_and_one_that_is_there_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let there = folder.path().join("token");
    std::fs::write(&there, TOKEN).unwrap();
    let missing = |path: &str| {
        let file = settings(&format!("{SOURCE}url = \"http://a\"\nbearer_file = \"{path}\"\n"));
        let document = Document::new(&file.name, &file.bytes).unwrap();
        missing_files(&document, &Secrets::default()).iter().map(|complaint| format!("{complaint}")).collect::<String>()
    };
    assert_eq!(missing(there.to_str().unwrap()), "");
    let said = missing(&format!("{}-not", there.display()));
    assert!(said.starts_with("unblink.toml:5:15: sources.prom.bearer_file: the file "), "{said}");
    assert!(said.contains("does not exist"), "{said}");
}

#[test]
fn whoever_looks_from_outside_needs_no_variable() {
    let text =
        format!("[attach]\nsocket = \"/run/x.sock\"\n{SOURCE}url = \"${{NONE}}\"\nbearer_file = \"${{NONE}}/x\"\n");
    let seen = crate::config::what_is_right(&[settings(&text)]);
    assert_eq!(seen.attach.socket.as_deref(), Some(Path::new("/run/x.sock")));
    assert!(understand(&[settings(&text)]).is_err(), "the daemon does need them");
}
