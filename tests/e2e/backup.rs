//! A configuration and its generations, backed up from under a daemon and put back for another one.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Output;

use crate::daemon::Daemon;
use crate::home::Home;

const BOARD: &str = "[panel.a]\nchart = 'text'\ntext = 'seen by all'\n[layout]\ncolumn = ['a']\n";

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

/// A daemon that has drawn three configurations, the third of which lies there.
fn drawn(home: &Home) -> Daemon {
    fs::create_dir_all(home.path("config/boards.d")).unwrap();
    fs::create_dir_all(home.path("config/tenants/ops/boards.d")).unwrap();
    home.put("config/boards.d/mine.toml", BOARD);
    home.put("config/tenants/ops/boards.d/theirs.toml", BOARD);
    home.configure("[tenants.ops]\n[host]\ninterval = '2s'\n");
    let daemon = Daemon::start(home);
    daemon.wait_for_drawing_workers(2);
    for interval in ["3s", "4s"] {
        home.configure(&format!("[tenants.ops]\n[host]\ninterval = '{interval}'\n"));
        let output = home.run(&["reload"]);
        assert!(output.status.success(), "{}", said(&output));
    }
    daemon
}

#[test]
fn what_is_backed_up_is_what_the_next_daemon_goes_on_with() {
    let home = Home::new();
    let daemon = drawn(&home);
    let generation = home.status().root.generation;
    let file = home.path("unblink.backup");
    let path = file.to_str().unwrap();
    let output = home.run(&["backup", path]);
    assert!(output.status.success(), "{}", said(&output));
    for name in ["unblink.toml", "boards.d/mine.toml", "tenants/ops/boards.d/theirs.toml"] {
        assert!(said(&output).contains(&format!("  configuration/{name}  ")), "{}", said(&output));
    }
    assert!(said(&output).contains("  generations/generation-0000000"), "{}", said(&output));
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    let packed = fs::read(&file).unwrap();
    let again = home.run(&["backup", path]);
    assert_eq!((again.status.code(), fs::read(&file).unwrap()), (Some(1), packed), "{}", said(&again));

    // Under a daemon nothing is replaced.
    let output = home.run(&["restore", path]);
    assert_eq!(output.status.code(), Some(1), "{}", said(&output));
    assert!(said(&output).contains("a daemon answers at") && said(&output).contains("nothing was restored"));
    assert_eq!(daemon.stop().code(), Some(0));

    // A generation that is damaged is left out by name, and keeps nobody from a backup.
    let mut kept = fs::read_dir(home.path("state/unblink")).unwrap().map(|entry| entry.unwrap().path());
    let kept = kept.find(|path| path.file_name().unwrap().to_str().unwrap().starts_with("generations")).unwrap();
    fs::write(kept.join("generation-00000000"), "nonsense").unwrap();
    let output = home.run(&["backup", home.path("other.backup").to_str().unwrap()]);
    assert!(output.status.success(), "{}", said(&output));
    let told = said(&output).lines().any(|line| line.contains("generation-00000000: ") && line.contains("left out"));
    assert!(told && said(&output).contains("  generations/generation-0000000"), "{}", said(&output));

    // All of it is lost but for an archive.
    home.configure("[host]\ninterval = '9s'\n");
    fs::remove_dir_all(home.path("config/boards.d")).unwrap();
    fs::remove_dir_all(home.path("config/tenants")).unwrap();
    fs::remove_dir_all(home.path("state/unblink")).unwrap();
    let output = home.run(&["restore", path]);
    assert!(output.status.success(), "{}", said(&output));
    let config = fs::read_to_string(home.path("config/unblink.toml")).unwrap();
    assert_eq!(config, "[tenants.ops]\n[host]\ninterval = '4s'\n");
    assert_eq!(fs::read_to_string(home.path("config/boards.d/mine.toml")).unwrap(), BOARD);
    assert_eq!(fs::read_to_string(home.path("config/tenants/ops/boards.d/theirs.toml")).unwrap(), BOARD);
    let aside = said(&output).lines().find_map(|line| line.strip_prefix("what was there before: ").map(str::to_owned));
    let kept = fs::read_to_string(format!("{}/unblink.toml", aside.expect("it says where"))).unwrap();
    assert_eq!(kept, "[host]\ninterval = '9s'\n");
    assert!(home.run(&["check"]).status.success());

    let daemon = Daemon::start(&home);
    daemon.wait_for_drawing_workers(2);
    assert_eq!(home.status().root.generation, generation, "it goes on with the generation that was drawn");
    let output = home.run(&["rollback"]);
    assert!(output.status.success() && said(&output).contains("accepted: generation"), "{}", said(&output));
    assert_eq!(home.status().root.configuration.content_of, Some(generation - 1));
    assert_eq!(daemon.stop().code(), Some(0));
}

#[test]
fn a_damaged_backup_is_refused_whole_with_what_is_wrong_and_changes_nothing() {
    let home = Home::new();
    home.configure("[host]\ninterval = '2s'\n");
    let file = home.path("unblink.backup");
    let path = file.to_str().unwrap();
    let output = home.run(&["backup", path]);
    assert!(output.status.success(), "{}", said(&output));
    home.configure("[host]\ninterval = '3s'\n");
    let packed = fs::read(&file).unwrap();
    let mut flipped = packed.clone();
    flipped[packed.len() / 2] ^= 1;
    for (damaged, says) in [
        (flipped, "unblink.backup: "),
        (packed[..packed.len() - 9].to_vec(), "unblink.backup: "),
        (b"[host]\n".to_vec(), "it is damaged, or no backup"),
        (Vec::new(), "it is damaged, or no backup"),
    ] {
        fs::write(&file, damaged).unwrap();
        let output = home.run(&["restore", path]);
        assert_eq!(output.status.code(), Some(1), "{}", said(&output));
        assert!(said(&output).contains(says), "{}", said(&output));
        assert!(said(&output).contains("nothing was restored: take another backup"), "{}", said(&output));
        let config = fs::read_to_string(home.path("config/unblink.toml")).unwrap();
        assert_eq!(config, "[host]\ninterval = '3s'\n");
        assert_eq!(fs::read_dir(home.path("config")).unwrap().count(), 1, "something was left behind");
    }
    // What cannot be read whole is not backed up.
    fs::create_dir(home.path("config/boards.d")).unwrap();
    fs::create_dir(home.path("config/boards.d/folder.toml")).unwrap();
    let other = home.path("other.backup");
    let output = home.run(&["backup", other.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(64), "{}", said(&output));
    assert!(!other.exists());
}
