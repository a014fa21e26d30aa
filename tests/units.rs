//! The units of systemd as files: what `make test-system` then tries out on a real one.

use std::fs;
use std::path::{Path, PathBuf};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("systemd")
}

fn read(name: &str) -> String {
    fs::read_to_string(folder().join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// The directives of a unit, without its comments.
fn directives(text: &str) -> Vec<&str> {
    text.lines().filter(|line| !line.is_empty() && !line.starts_with(['#', ';'])).collect()
}

#[test]
fn an_instance_is_the_one_daemon_under_another_name() {
    let to_instance = |line: &str| {
        let line = line
            .replace("unblink.socket", "unblink@%i.socket")
            .replace("unblink-admin.socket", "unblink-admin@%i.socket");
        let line = line.replace("(unblink)", "(unblink %i)").replace("/run/unblink/", "/run/unblink-%i/");
        match line.split_once('=') {
            Some(("ExecStart", start)) => format!(
                "ExecStart={start} --config /etc/unblink/instances/%i/unblink.toml --socket /run/unblink-%i/attach.sock \
                 --admin-socket /run/unblink-%i/admin.sock"
            ),
            Some((key @ ("StateDirectory" | "LogsDirectory"), "unblink")) => {
                format!("{key}=unblink-%i")
            }
            _ => line,
        }
    };
    let one = read("unblink.service");
    let expected: Vec<String> = directives(&one).into_iter().map(to_instance).collect();
    assert_eq!(directives(&read("unblink@.service")), expected);
    for name in ["unblink", "unblink-admin"] {
        let one = read(&format!("{name}.socket"))
            .replace("unblink.service", "unblink@%i.service")
            .replace("/run/unblink/", "/run/unblink-%i/");
        let one = one.replace("PartOf=unblink.socket", "PartOf=unblink@%i.socket");
        let expected: Vec<&str> =
            directives(&one).into_iter().filter(|line| !line.starts_with("Description=")).collect();
        let instance = read(&format!("{name}@.socket"));
        let found: Vec<&str> =
            directives(&instance).into_iter().filter(|line| !line.starts_with("Description=")).collect();
        assert_eq!(found, expected, "{name}");
    }
}

/// Lines of a service that stand under no comment of theirs.
fn without_reason(text: &str) -> Vec<&str> {
    /// What these say needs no reason.
    const PLAIN: [&str; 4] = ["Description", "Documentation", "WantedBy", "Type"];
    /// Lines that one comment speaks for.
    const UNDER_ONE: usize = 6;
    let (mut left, mut found) = (0, Vec::new());
    for line in text.lines() {
        match line.split_once('=') {
            _ if line.starts_with('#') => left = UNDER_ONE,
            // A section or an empty line begins anew.
            None => left = 0,
            Some((key, _)) if PLAIN.contains(&key) => {}
            Some(_) if left == 0 => found.push(line),
            Some(_) => left -= 1,
        }
    }
    found
}

#[test]
fn every_directive_that_is_not_plain_stands_under_its_reason() {
    let one = read("unblink.service");
    assert_eq!(without_reason(&one), [""; 0]);
    assert_eq!(without_reason(&format!("{one}Nice=5\n")), ["Nice=5"], "one more at the end goes unnoticed");
    let explained = directives(&one);
    for name in ["unblink-console@.service", "user/unblink.service"] {
        let text = read(name);
        let missing: Vec<&str> = without_reason(&text).into_iter().filter(|line| !explained.contains(line)).collect();
        assert_eq!(missing, [""; 0], "{name}: neither explained there nor as in unblink.service");
    }
    // The instance's are those of the one daemon, reasons and all.
    let reasons = |text: &str| -> Vec<String> {
        let comments = text.lines().skip_while(|line| !line.starts_with('[')).filter(|line| line.starts_with('#'));
        comments
            .map(|line| line.replace("unblink@NAME.service", "unblink.service").replace("@.service", ".service"))
            .collect()
    };
    assert_eq!(reasons(&read("unblink@.service")), reasons(&one));
}

#[test]
fn the_sockets_and_their_folder_are_roots() {
    for name in ["unblink.service", "unblink@.service"] {
        let text = read(name);
        let all = directives(&text);
        // It gives the folder, and all that lies there, to the user that sources run as.
        assert!(!all.iter().any(|line| line.starts_with("RuntimeDirectory")), "{name}");
        let groups = all.iter().find(|line| line.starts_with("SupplementaryGroups="));
        assert!(groups.is_none(), "{name}: {groups:?} is what sources run with, too");
    }
    for name in ["unblink.socket", "unblink-admin.socket", "unblink@.socket", "unblink-admin@.socket"] {
        let text = read(name);
        let all = directives(&text);
        assert!(
            ["SocketUser=root", "SocketMode=0660", "DirectoryMode=0755"].iter().all(|line| all.contains(line)),
            "{name}"
        );
    }
}

#[test]
fn what_the_units_say_to_read_is_installed() {
    for entry in fs::read_dir(folder()).expect("the folder is there").flatten().filter(|entry| entry.path().is_file()) {
        let name = entry.file_name().to_string_lossy().into_owned();
        for line in read(&name).lines().filter(|line| line.starts_with("Documentation=")) {
            let page =
                line.strip_prefix("Documentation=file:/usr/share/doc/unblink/").expect("where `make` puts docs/");
            assert!(folder().with_file_name("docs").join(page).is_file(), "{name}: {line}");
        }
    }
}

#[test]
fn what_the_program_is_called_with_it_knows() {
    for name in ["unblink.service", "unblink@.service", "unblink-console@.service", "user/unblink.service"] {
        for line in directives(&read(name)).into_iter().filter(|line| line.contains("/usr/bin/unblink ")) {
            let verb = line.split_whitespace().nth(1).expect("a verb");
            let help = std::process::Command::new(env!("CARGO_BIN_EXE_unblink")).args([verb, "--help"]).output();
            let help = String::from_utf8(help.expect("the program runs").stdout).expect("text");
            for flag in line.split_whitespace().filter(|word| word.starts_with("--")) {
                assert!(help.contains(flag), "{name}: `unblink {verb}` knows no {flag}");
            }
        }
    }
}
