//! The archive for whoever is to find out what is wrong, of a daemon that runs and of one that does not.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Read;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use flate2::read::GzDecoder;

use crate::daemon::Daemon;
use crate::home::Home;

const SECRET: &str = "hunter2-hunter2";

/// What is in it, by name without the folder.
fn unpacked(path: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut archive = tar::Archive::new(GzDecoder::new(File::open(path).unwrap()));
    let entries = archive.entries().unwrap().map(|entry| {
        let mut entry = entry.unwrap();
        let path = entry.path().unwrap().into_owned();
        let mut content = Vec::new();
        entry.read_to_end(&mut content).unwrap();
        (path.components().skip(1).collect::<std::path::PathBuf>().display().to_string(), content)
    });
    entries.collect()
}

fn configured(home: &Home) {
    fs::create_dir_all(home.path("config/boards.d")).unwrap();
    home.put(
        "config/boards.d/mine.toml",
        "[panel.a]\nchart = 'text'\ntext = 'seen by all'\n[layout]\ncolumn = ['a']\n",
    );
    home.configure(&format!(
        "# {SECRET}\n[sources.one]\nkind = 'command'\nshell = 'true {SECRET}'\ninterval = '1h'\nenv = {{ MODE = '{SECRET}' }}\n"
    ));
}

#[test]
fn it_holds_what_is_known_of_the_daemon_and_no_secret() {
    let home = Home::new();
    configured(&home);
    let daemon = Daemon::start(&home);
    let path = home.path("bundle.tar.gz");
    let output = home.run(&["support-bundle", path.to_str().unwrap()]);
    let told = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{told}\n{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    let content = unpacked(&path);
    for name in ["status.json", "metrics.txt", "tasks.txt", "captures.json", "doctor.txt"] {
        assert!(content.get(name).is_some_and(|content| !content.is_empty()), "{name} is not in it:\n{told}");
    }
    let text = |name: &str| String::from_utf8(content[name].clone()).unwrap();
    let status: serde_json::Value = serde_json::from_str(&text("status.json")).unwrap();
    assert_eq!(status["root"]["pid"], daemon.pid());
    assert!(text("configuration/unblink.toml").contains("shell = \"***\""), "{}", text("configuration/unblink.toml"));
    assert!(text("configuration/boards.d/mine.toml").contains("seen by all"));
    // Everything is in the list, and the list says no more than that.
    for name in content.keys().filter(|name| *name != "contents.txt") {
        assert!(text("contents.txt").contains(&format!("  {name}  ")), "{name} is not in\n{told}");
    }
    assert!(told.starts_with(&text("contents.txt")) && told.ends_with(&format!("{}\n", path.display())), "{told}");
    for (name, content) in &content {
        assert!(!String::from_utf8_lossy(content).contains(SECRET), "{name} holds a secret");
    }
    // It takes the place of nothing.
    let again = home.run(&["support-bundle", path.to_str().unwrap()]);
    assert_eq!(again.status.code(), Some(1), "{}", String::from_utf8_lossy(&again.stderr));
}

#[test]
fn without_a_daemon_it_holds_the_rest_and_says_what_is_missing() {
    let home = Home::new();
    configured(&home);
    let path = home.path("bundle.tar.gz");
    let output = home.run(&["support-bundle", path.to_str().unwrap()]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let content = unpacked(&path);
    let list = String::from_utf8(content["contents.txt"].clone()).unwrap();
    assert!(list.contains("  status.json  NOT THERE ("), "{list}");
    assert!(!content.contains_key("status.json") && content.contains_key("configuration/unblink.toml"), "{list}");
}
