//! The package for Debian on a real one: installed, upgraded and taken back under a viewer, removed and purged.

use std::path::{Path, PathBuf};

use crate::crowd::Crowd;
use crate::lab::Lab;
use crate::making::{install, packages};
use crate::service::{BOARD, PUSHED, SUITES, WORDS, board};

const SETTINGS: &str = "/etc/unblink/unblink.toml";
/// What a person changed: no package may.
const CHANGED: &str = "[host]\ninterval = \"2s\"\n";
const UNITS: &str = "unblink.socket unblink-admin.socket unblink.service";

/// What systemd says of all units, in a line.
fn states(lab: &Lab, question: &str) -> String {
    let output = lab.try_run(&format!("systemctl {question} {UNITS} | sort -u | tr '\\n' ' '"));
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

#[test]
fn a_package_is_installed_upgraded_taken_back_removed_and_purged() {
    let packages = packages();
    for suite in SUITES {
        let lab = Lab::booted(suite, "package");
        comes_up_for_its_group_alone(&lab, suite, &packages[0]);
        lab.write(BOARD, &board(WORDS));
        lab.write(SETTINGS, CHANGED);
        lab.run("systemctl reload unblink.service");
        let socket = lab.path("/run/unblink/attach.sock");
        let program = Path::new(env!("CARGO_BIN_EXE_unblink"));
        let mut crowd = Crowd::start(program, &socket, "words", WORDS, 1);
        crowd.wait_live();
        lab.run(&format!("unblink push before {PUSHED}"));
        crowd.wait_for(&[PUSHED]);
        // Up to the next version, and back to the one before.
        for (package, version) in packages.iter().rev() {
            let before = lab.main_pid();
            crowd.forget();
            install(&lab, package, version);
            crowd.wait_live();
            assert_ne!(lab.main_pid(), before, "{suite}: {version} runs");
            let screen = crowd.screen();
            assert!(screen.contains(WORDS) && screen.contains(PUSHED), "{suite}: {version}:\n{screen}");
            assert_eq!(lab.run(&format!("cat {SETTINGS}")) + "\n", CHANGED, "{suite}: {version}");
        }
        what_was_stopped_stays_so(&lab, suite, &packages[1]);
        crowd.forget();
        lab.run(&format!("systemctl enable --now {UNITS}"));
        crowd.wait_live();

        crowd.forget();
        a_removal_that_is_called_off_leaves_what_ran_running(&lab, suite);
        crowd.wait_live();
        lab.run("dpkg -r unblink");
        assert!(!lab.path("/var/lib/unblink.stopped").exists(), "{suite}");
        assert_eq!(lab.run("pgrep -a unblink || true"), "", "{suite}: nothing of it runs");
        assert!(!socket.exists() && !lab.path("/usr/bin/unblink").exists(), "{suite}");
        lab.run(&format!("cat {BOARD} {SETTINGS}; ls /var/lib/unblink/* /var/log/unblink"));
        // The same viewer has the same board again.
        crowd.forget();
        install(&lab, &packages[0].0, packages[0].1);
        crowd.wait_live();

        lab.run("dpkg -P unblink");
        assert_eq!(lab.run("pgrep -a unblink || true"), "", "{suite}: nothing of it runs");
        assert_eq!(lab.run("find /etc /usr /var /run/unblink* -name '*unblink*' 2>/dev/null || true"), "", "{suite}");
        crowd.press("q");
        assert_eq!(crowd.wait_ended(), [Some(0)]);
    }
}

/// Installed is running, and seen by whom it should be.
fn comes_up_for_its_group_alone(lab: &Lab, suite: &str, (package, version): &(PathBuf, &str)) {
    lab.run("useradd -m ann; useradd -m bob");
    install(lab, package, version);
    assert!(lab.path("/run/unblink/attach.sock").exists(), "{suite}: it listens");
    assert_eq!((states(lab, "is-active"), states(lab, "is-enabled")), ("active".into(), "enabled".into()), "{suite}");
    assert_eq!(states(lab, "is-enabled unblink-metrics.socket"), "disabled enabled", "{suite}: no port is opened");
    lab.run("usermod -aG unblink ann");
    lab.watch_as("ann");
    let bob = lab.try_run("TERM=xterm runuser -u bob -- script -qec 'unblink attach' /dev/null </dev/null");
    let told = String::from_utf8_lossy(&bob.stdout);
    assert!(bob.status.code() == Some(77) && told.contains("group unblink"), "{suite}: {:?}: {told}", bob.status);
}

/// An upgrade starts nothing, and enables nothing.
fn what_was_stopped_stays_so(lab: &Lab, suite: &str, (package, version): &(PathBuf, &str)) {
    lab.run("systemctl stop unblink.socket");
    lab.run(&format!("systemctl disable {UNITS}"));
    install(lab, package, version);
    assert_eq!(
        (states(lab, "is-active"), states(lab, "is-enabled")),
        ("inactive".into(), "disabled".into()),
        "{suite}"
    );
}

/// Also what is no part of a usual installation; and what did not run does not begin to.
fn a_removal_that_is_called_off_leaves_what_ran_running(lab: &Lab, suite: &str) {
    for unit in ["two", "one-more"] {
        lab.write(&format!("/etc/unblink/instances/{unit}/unblink.toml"), "");
        lab.run(&format!("systemctl start 'unblink@{unit}.service'"));
    }
    let active =
        || lab.run("systemctl list-units --plain --no-legend --state=active 'unblink*' | cut -d' ' -f1 | sort");
    let before = active();
    for unit in ["unblink.service", "unblink@two.service", "unblink@one-more.service"] {
        assert!(before.lines().any(|line| line == unit), "{suite}: {unit}: {before}");
    }
    lab.run("cp -a /var/lib/dpkg/info/unblink.prerm /opt/prerm; echo 'exit 1' >>/var/lib/dpkg/info/unblink.prerm");
    assert!(!lab.try_run("dpkg -r unblink").status.success(), "{suite}: it is called off");
    lab.run("cp -a /opt/prerm /var/lib/dpkg/info/unblink.prerm");
    assert_eq!(active(), before, "{suite}");
    assert!(!lab.path("/var/lib/unblink.stopped").exists(), "{suite}");
    for unit in ["two", "one-more"] {
        lab.run(&format!(
            "systemctl stop 'unblink@{unit}.socket' 'unblink-admin@{unit}.socket' 'unblink@{unit}.service'"
        ));
    }
    // What they wrote goes with the purge, for which their folders stay.
}
