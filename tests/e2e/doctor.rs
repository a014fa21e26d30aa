//! What `unblink doctor` finds on a sick installation and on a sound one.

use std::fs;

use serde_json::Value;

use crate::daemon::Daemon;
use crate::home::Home;

/// Names with their verdicts, and all of it as text for people who look on.
fn findings(home: &Home) -> (Vec<(String, String)>, Value, Option<i32>) {
    let output = home.run(&["doctor", "--json"]);
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    let text = |finding: &Value, key: &str| finding[key].as_str().unwrap().to_owned();
    let all = report["findings"].as_array().unwrap();
    let pairs = all.iter().map(|finding| (text(finding, "name"), text(finding, "verdict"))).collect();
    (pairs, report, output.status.code())
}

fn verdict(findings: &[(String, String)], name: &str) -> String {
    let found = findings.iter().find(|(other, _)| other == name);
    found.unwrap_or_else(|| panic!("nothing about {name} in {findings:?}")).1.clone()
}

#[test]
fn every_source_and_device_is_looked_at_and_what_is_wrong_has_a_remedy() {
    let home = Home::new();
    let log = home.path("app.log");
    fs::write(&log, "").unwrap();
    home.configure(&format!(
        r#"
[sources.good]
kind = "command"
argv = ["echo", "7"]
[sources.hangs]
kind = "command"
argv = ["sleep", "1000"]
interval = "1s"
timeout = "1s"
[sources.there]
kind = "file"
path = "{}"
[sources.gone]
kind = "file"
path = "/nowhere/to/be/found"
[[terminal]]
device = "/dev/null/x"
"#,
        log.display()
    ));
    let (found, report, code) = findings(&home);
    let expected = [
        ("configuration", "ok"),
        ("daemon", "warn"),
        ("kernel", "ok"),
        ("source good", "ok"),
        ("source hangs", "bad"),
        ("source there", "ok"),
        ("source gone", "bad"),
        ("device /dev/null/x", "bad"),
    ];
    for (name, expected) in expected {
        assert_eq!(verdict(&found, name), expected, "{name} in {report:#}");
    }
    assert_eq!(code, Some(1));
    for finding in report["findings"].as_array().unwrap() {
        assert_eq!(finding["remedy"].is_null(), finding["verdict"] == "ok", "{finding}");
    }
    let said = home.run(&["doctor"]);
    let (out, errors) = (String::from_utf8_lossy(&said.stdout), String::from_utf8_lossy(&said.stderr));
    assert!(out.contains("BAD   source hangs") && out.contains("killed: not done in 1s"), "{out}");
    assert!(errors.contains("3 things do not work"), "{errors}");
}

#[test]
fn a_daemon_that_serves_is_found_and_a_wrong_configuration_named() {
    let home = Home::new();
    let daemon = Daemon::start(&home);
    let (found, report, code) = findings(&home);
    assert_eq!(
        (verdict(&found, "daemon"), verdict(&found, "worker default"), code),
        ("ok".into(), "ok".into(), Some(0)),
        "{report:#}"
    );
    drop(daemon);
    home.configure("[host]\nintervall = \"1s\"\n");
    let (found, report, code) = findings(&home);
    assert_eq!((verdict(&found, "configuration"), code), ("bad".into(), Some(1)), "{report:#}");
    assert!(report.to_string().contains("unblink.toml:2:1"), "{report:#}");
}
