//! The documents stay true where a machine can tell: links lead somewhere, and the commands shown exist.
//!
//! Invariant: it reads every Markdown page of the project, so a new page is covered without being listed.

use std::process::Command;

use unblink::base::limits;
use unblink::model::fault::{Class, Lie, Mode};

#[expect(dead_code, reason = "pages are text, not Rust")]
#[path = "sources/files.rs"]
mod files;
#[expect(dead_code, reason = "tests/chaos.rs makes reports, here one is read")]
#[path = "chaos/report.rs"]
mod report;

/// Pages with their text, as `(path, text)`.
fn pages() -> Vec<(String, String)> {
    let pages: Vec<_> = files::below("", &[".md"]).into_iter().map(|path| (path.clone(), files::text(&path))).collect();
    assert!(pages.len() >= 4, "only {} pages were found", pages.len());
    pages
}

/// Targets of `[text](target)` and `![text](target)` that lie in this repository.
fn links(text: &str) -> Vec<String> {
    let starts = text.match_indices("](").map(|(at, _)| at + 2);
    let targets = starts.filter_map(|start| text[start..].split(')').next());
    let local = targets.filter(|target| !target.contains("://") && !target.starts_with('#'));
    local.map(|target| target.split('#').next().unwrap_or_default().to_owned()).collect()
}

/// Lines of fenced code blocks, with continued lines joined and prompts taken off.
fn code_lines(text: &str) -> Vec<String> {
    let joined = text.replace("\\\n", " ");
    let mut inside = false;
    let mut lines = Vec::new();
    for line in joined.lines() {
        if line.trim_start().starts_with("```") {
            inside = !inside;
        } else if inside {
            lines.push(line.trim().trim_start_matches("$ ").to_owned());
        }
    }
    lines
}

#[test]
fn every_link_leads_to_a_file() {
    let mut broken = Vec::new();
    for (path, text) in pages() {
        let folder = std::path::Path::new(&path).parent().expect("a file lies in a folder").to_owned();
        for target in links(&text) {
            if !files::package().join(&folder).join(&target).exists() {
                broken.push(format!("{path}: {target}"));
            }
        }
    }
    assert!(broken.is_empty(), "links that lead nowhere:\n{}", broken.join("\n"));
}

#[test]
fn every_make_target_shown_exists() {
    let makefile = files::text("Makefile");
    let mut unknown = Vec::new();
    for (path, text) in pages() {
        let quoted = text.split('`').skip(1).step_by(2).map(str::to_owned);
        for line in code_lines(&text).into_iter().chain(quoted) {
            let Some(rest) = line.strip_prefix("make ") else { continue };
            let target = rest.split(' ').next().unwrap_or_default();
            let is_name = !target.is_empty() && target.chars().all(|c| c.is_ascii_lowercase() || c == '-');
            if is_name && !makefile.contains(&format!("\n{target}:")) {
                unknown.push(format!("{path}: make {target}"));
            }
        }
    }
    assert!(unknown.is_empty(), "targets that do not exist:\n{}", unknown.join("\n"));
}

/// The arguments of a line that runs the program, without what a shell does with them.
fn arguments(line: &str) -> Option<Vec<&str>> {
    let rest = line.strip_prefix("unblink ")?;
    let end = rest.find(['#', '|', '>', '&', ';']).unwrap_or(rest.len());
    Some(rest[..end].split_whitespace().collect())
}

#[test]
fn every_command_shown_is_understood() {
    let mut shown = 0;
    let mut wrong = Vec::new();
    for (path, text) in pages() {
        for line in code_lines(&text) {
            let Some(arguments) = arguments(&line) else { continue };
            shown += 1;
            // Everything before --help is read first, so a flag or value that does not exist is complained of.
            let mut command = Command::new(env!("CARGO_BIN_EXE_unblink"));
            let output = command.args(&arguments).arg("--help").output().expect("the program can be started");
            if !output.status.success() {
                wrong.push(format!("{path}: {line}\n{}", String::from_utf8_lossy(&output.stderr)));
            }
        }
    }
    assert!(wrong.is_empty(), "commands that are not understood:\n{}", wrong.join("\n"));
    assert!(shown >= 10, "only {shown} commands were found");
}

/// The contents of fenced blocks of one language.
fn blocks(text: &str, language: &str) -> Vec<String> {
    let opening = format!("```{language}\n");
    let bodies = text.split(&opening).skip(1).filter_map(|rest| rest.split("```").next());
    bodies.map(str::to_owned).collect()
}

/// Whether a block speaks of what this build was left without.
fn is_beyond(block: &str) -> bool {
    !cfg!(feature = "sql") && ["sqlite", "postgresql"].iter().any(|kind| block.contains(&format!("kind = {kind:?}")))
}

/// The environment of the daemon that the pages speak of.
fn with_secrets(command: &mut Command, folder: &std::path::Path) {
    for name in ["mimir-token", "shop-password"] {
        std::fs::write(folder.join(name), "token").expect("a temporary file");
    }
    std::fs::write(folder.join("admin-token"), "a-token-of-some-length").expect("a temporary file");
    let key = rcgen::KeyPair::generate().expect("a key");
    let certificate = rcgen::CertificateParams::new(vec!["localhost".to_owned()]).expect("a name").self_signed(&key);
    std::fs::write(folder.join("admin-cert"), certificate.expect("a certificate").pem()).expect("a temporary file");
    std::fs::write(folder.join("admin-key"), key.serialize_pem()).expect("a temporary file");
    command.env("CREDENTIALS_DIRECTORY", folder).env("BILLING_TOKEN", "token");
}

#[test]
fn every_configuration_shown_is_accepted() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("unblink.toml");
    let mut shown = 0;
    for (path, text) in pages() {
        for block in blocks(&text, "toml").into_iter().filter(|block| !is_beyond(block)) {
            shown += 1;
            // What is commented out is to be uncommented, so it is checked as well.
            for config in [block.clone(), block.replace("# [", "[").replace("# socket", "socket")] {
                std::fs::write(&file, &config).expect("a temporary file");
                let mut command = Command::new(env!("CARGO_BIN_EXE_unblink"));
                with_secrets(&mut command, folder.path());
                let output = command.arg("check").arg(&file).output().expect("the program can be started");
                let said = String::from_utf8_lossy(&output.stderr).into_owned();
                assert!(output.status.success(), "{path}: {said}\n{config}");
            }
        }
    }
    assert!(shown > 0, "no configuration was found");
}

#[test]
fn every_board_shown_is_accepted() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let boards = folder.path().join("boards.d");
    std::fs::create_dir(&boards).expect("a temporary folder");
    let mut shown = 0;
    for (path, text) in pages() {
        // A board may name the sources that its page shows.
        let sources =
            blocks(&text, "toml").into_iter().filter(|block| block.contains("[sources.") && !is_beyond(block));
        let settings: String = sources.collect::<Vec<String>>().join("\n");
        for block in blocks(&text, "toml board") {
            shown += 1;
            std::fs::write(boards.join("shown.toml"), &block).expect("a temporary file");
            std::fs::write(folder.path().join("unblink.toml"), &settings).expect("a temporary file");
            let mut command = Command::new(env!("CARGO_BIN_EXE_unblink"));
            with_secrets(&mut command, folder.path());
            let output = command.arg("check").arg(folder.path()).output();
            let output = output.expect("the program can be started");
            assert!(output.status.success(), "{path}: {}", String::from_utf8_lossy(&output.stderr));
        }
    }
    assert!(shown > 0, "no board was found");
}

#[cfg(feature = "sql")]
#[test]
fn every_chart_shown_is_accepted() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let charts = folder.path().join("charts.d");
    let mut shown = 0;
    for (path, text) in pages() {
        let settings = blocks(&text, "toml").join("\n");
        let templates = blocks(&text, "tmpl");
        for block in blocks(&text, "toml chart") {
            shown += 1;
            // A chart names at most the one template of its page.
            let _ = std::fs::remove_dir_all(&charts);
            std::fs::create_dir(&charts).expect("a temporary folder");
            if let Some(name) = block.split("sql_file = \"").nth(1).and_then(|rest| rest.split('"').next()) {
                std::fs::write(charts.join(name), &templates[0]).expect("a temporary file");
            }
            std::fs::write(charts.join("shown.toml"), &block).expect("a temporary file");
            std::fs::write(folder.path().join("unblink.toml"), &settings).expect("a temporary file");
            let mut command = Command::new(env!("CARGO_BIN_EXE_unblink"));
            let output = command.arg("check").arg(folder.path()).output().expect("the program can be started");
            assert!(output.status.success(), "{path}: {}", String::from_utf8_lossy(&output.stderr));
        }
    }
    assert!(shown > 2, "only {shown} charts were found");
}

#[test]
fn the_caps_of_the_protocols_are_those_of_the_program() {
    let page = files::text("docs/protocols.md").replace('\n', " ");
    let attach = limits::ATTACH_MESSAGE_BYTES_MAX / 1024;
    let feed = limits::FEED_MESSAGE_BYTES_MAX / 1024 / 1024;
    assert!(page.contains(&format!("Its messages are at most {attach} KiB long")), "the cap is {attach} KiB");
    assert!(page.contains(&format!("Messages are at most {feed} MiB long")), "the cap is {feed} MiB");
}

/// The rows of the table with this head, cell by cell.
fn rows(page: &str, head: &str) -> Vec<Vec<String>> {
    let table = page.split(head).nth(1).unwrap_or_else(|| panic!("no table begins with {head:?}"));
    let row = |line: &str| line.trim_matches('|').split('|').map(|cell| cell.trim().to_owned()).collect();
    table.lines().skip(2).take_while(|line| line.starts_with('|')).map(row).collect()
}

#[test]
fn the_policy_of_faults_is_the_one_of_the_program() {
    let page = files::text("docs/reliability.md");
    let told = rows(&page, "| class | held by | counts for the breaker | a standby takes over | begins afresh |");
    let policy = |class: Class| {
        let policy = class.policy();
        let counts = if policy.counts { "yes" } else { "no" };
        let standby = if policy.hands_over { "at once" } else { "when it is asked less often" };
        [class.word(), policy.held_by.word(), counts, standby, policy.afresh.word()].map(str::to_owned).to_vec()
    };
    assert_eq!(told, Class::ALL.map(policy));
}

#[test]
fn the_ways_to_fail_are_those_of_the_program() {
    let page = files::text("docs/reliability.md");
    let told = rows(&page, "| number | key | what happens | held by ring |");
    let row = |mode: Mode| {
        let (number, key) = (mode.number().to_string(), format!("`{}`", mode.key()));
        vec![number, key, mode.name().to_owned(), mode.holder().words().to_owned()]
    };
    assert_eq!(told, Mode::ALL.map(row));
    let lies = page.split("Further keys").nth(1).expect("they are told");
    assert!(Lie::ALL.into_iter().all(|lie| lies.contains(&format!("`{}`", lie.key()))), "{lies}");
}

#[test]
fn the_tables_of_faults_are_what_the_newest_result_says() {
    let results = files::below("docs/results", &[".json"]);
    let newest = results.iter().filter(|path| path.contains("/faults-")).max().expect("a result is kept");
    let report: report::Report = serde_json::from_str(&files::text(newest)).expect("it is a report");
    let page = files::text("docs/reliability.md");
    let made = report.put_into(&page).expect("the page has a place for it");
    assert!(made == page, "docs/reliability.md does not say what {newest} says; `make faults` makes it");
    let injected: u64 = report.rows.iter().map(|row| row.injected).sum();
    let unrecovered: u64 = report.rows.iter().map(|row| row.unrecovered).sum();
    assert!(injected >= report.faults as u64 && unrecovered == 0 && report.troubles.is_empty(), "{newest}");
}

#[test]
fn planted_links_and_commands_are_seen() {
    assert_eq!(links("[a](b.md#c) ![d](docs/e.svg) [f](https://g) [h](#i)"), ["b.md", "docs/e.svg"]);
    let page = "words\n```\n$ unblink attach \\\n  --ascii-only\nmake test\n```\nunblink gone\n";
    assert_eq!(code_lines(page), ["unblink attach    --ascii-only", "make test"]);
    assert_eq!(arguments("unblink man ./man > log  # writes"), Some(vec!["man", "./man"]));
    assert_eq!(arguments("unblinking"), None);
    assert_eq!(blocks("a\n```toml\nb = 1\n```\n```\nc\n```\n", "toml"), ["b = 1\n"]);
}
