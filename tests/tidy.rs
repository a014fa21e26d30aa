//! The house rules as tests: what clippy cannot say of this project.
//!
//! Invariant: every rule is shown to fail on a planted violation and to leave a near miss alone.
//! A rule reads sources and nothing else; the words for people are in `CONTRIBUTING.md`.

#[path = "sources/files.rs"]
mod files;
#[path = "tidy/planted.rs"]
mod planted;
#[path = "tidy/rules.rs"]
mod rules;
#[path = "tidy/tokens.rs"]
mod tokens;
#[path = "sources/walk.rs"]
mod walk;

use std::collections::BTreeSet;

use files::SourceFile;

/// Where Rust sources of the project lie; `fuzz/` and `soak-tests/` count as soon as they are there.
const FOLDERS: &[&str] = &["src", "tests", "benches", "fuzz", "soak-tests"];
/// Text that people read or machines run, beside the sources.
const TEXTS: &[&str] = &[".rs", ".md", ".toml", ".sh", "Makefile", "/run", ".yml", ".yaml", ".svg", ".service"];

#[test]
fn sources_keep_the_house_rules() {
    let mut complaints = Vec::new();
    for file in files::rust(FOLDERS) {
        for (name, rule) in rules::RULES {
            complaints
                .extend(rule(&file).into_iter().map(|(line, what)| format!("{}:{line}: {what} [{name}]", file.path)));
        }
    }
    assert!(complaints.is_empty(), "{} complaints:\n{}", complaints.len(), complaints.join("\n"));
}

#[test]
fn no_text_names_a_path_of_one_machine() {
    let mut complaints = Vec::new();
    for path in files::below("", TEXTS) {
        let found = rules::machine_paths(&files::text(&path));
        complaints.extend(found.into_iter().map(|(line, what)| format!("{path}:{line}: {what}")));
    }
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
}

#[test]
fn a_planted_violation_of_each_rule_is_found() {
    let mut shown = BTreeSet::new();
    for case in planted::VIOLATIONS {
        let rule = rules::RULES.iter().find(|(name, _)| *name == case.rule);
        let (_, rule) = rule.unwrap_or_else(|| panic!("there is no rule {:?}", case.rule));
        let complaints = rule(&SourceFile::parse(case.path, &case.text()));
        assert!(!complaints.is_empty(), "[{}] did not notice {:?} in {}", case.rule, case.source, case.path);
        shown.insert(case.rule);
    }
    let all: BTreeSet<&str> = rules::RULES.iter().map(|(name, _)| *name).collect();
    assert_eq!(shown, all, "every rule needs a planted violation");
}

#[test]
fn near_misses_are_left_alone() {
    for case in planted::ALLOWED {
        for (name, rule) in rules::RULES {
            let complaints = rule(&SourceFile::parse(case.path, &case.text()));
            assert!(complaints.is_empty(), "[{name}] complains of {:?} in {}: {complaints:?}", case.source, case.path);
        }
    }
}

#[test]
fn paths_of_one_machine_are_found_in_any_text() {
    for planted in planted::MACHINE_PATHS {
        let text = planted.concat();
        assert_eq!(rules::machine_paths(&format!("first line\nsee {text}x")).len(), 1, "{text} was not noticed");
    }
    assert!(rules::machine_paths("/run/unblink/attach.sock /etc/unblink /home/ann/.config /tmp/demo").is_empty());
}
