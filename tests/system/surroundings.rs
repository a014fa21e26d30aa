//! The service where something around it is not as it should be: it draws as ever, or says in a line why it does not, and
//! `unblink doctor` knows.

use crate::lab::{Lab, TRIXIE};
use crate::service::{BOARD, WORDS, board, crowd, words_of};

/// A service that is enabled and does not run.
fn prepared(name: &str) -> Lab {
    let lab = Lab::installed(TRIXIE, name);
    lab.write(BOARD, &board(WORDS));
    lab.run("systemctl enable unblink.socket unblink-admin.socket unblink.service");
    lab
}

/// Starts it, and somebody sees the board.
fn draws(lab: &Lab) {
    lab.run("systemctl start unblink.service");
    assert!(crowd(lab, 1).screen().contains(WORDS));
}

fn stop(lab: &Lab) {
    lab.run("systemctl stop unblink.socket unblink-admin.socket unblink.service");
}

/// What it finds, and whether all works.
fn doctor(lab: &Lab) -> (String, bool) {
    let output = lab.try_run("unblink doctor");
    (words_of(&output), output.status.success())
}

#[test]
fn disks_that_are_full_and_folders_that_are_not_there_keep_nobody_from_seeing() {
    let lab = prepared("disks");
    for folder in ["/var/lib/unblink", "/var/log/unblink"] {
        let owned =
            format!("mkdir -p {folder}; mount -t tmpfs -o size=16k tmpfs {folder}; chown unblink:unblink {folder}");
        lab.run(&format!("{owned}; ! head -c 1M /dev/zero >{folder}/full 2>/dev/null"));
    }
    draws(&lab);
    for told in ["the log does not get there", "what was accepted is not kept, so nothing can be gone back to"] {
        let is_it = |line: &str| line.contains(told) && line.contains("No space left on device");
        lab.until(told, || lab.journal().lines().any(is_it));
    }
    let (found, works) = doctor(&lab);
    assert_eq!(found.matches("0 KiB are left on its disk").count(), 2, "{found}");
    assert!(found.contains("-> make room: ") && works, "nothing is broken: {found}");
    stop(&lab);
    lab.run("umount /var/lib/unblink /var/log/unblink");

    // Bytes enough, and hardly a file more.
    lab.run("mount -t tmpfs -o size=64m,nr_inodes=8 tmpfs /var/lib/unblink; chown unblink:unblink /var/lib/unblink");
    draws(&lab);
    let (found, works) = doctor(&lab);
    assert!(found.contains("inodes for ") && found.contains("files are left on its disk") && works, "{found}");
    stop(&lab);
    lab.run("umount /var/lib/unblink");

    lab.run("mount --bind /etc /etc; mount -o remount,bind,ro /etc; ! touch /etc/unblink/new 2>/dev/null");
    draws(&lab);
    assert!(doctor(&lab).1, "{}", doctor(&lab).0);
    stop(&lab);
    lab.run("umount /etc");

    // It draws what it brings along.
    lab.run("rm -rf /etc/unblink /var/lib/unblink /var/log/unblink /run/unblink");
    lab.run("systemctl start unblink.service");
    assert!(lab.run("unblink boards").contains("host"));
    assert_eq!(lab.run("stat -c '%U %a' /var/lib/unblink /var/log/unblink"), "unblink 750\nunblink 750");
    stop(&lab);
}

#[test]
fn files_of_the_wrong_owner_are_taken_or_told_of() {
    let lab = prepared("owners");
    lab.run(
        "mkdir -p /var/lib/unblink/generations; chown -R root:root /var/lib/unblink; chmod -R go= /var/lib/unblink",
    );
    draws(&lab);
    assert_eq!(lab.run("stat -c %U /var/lib/unblink/generations"), "unblink", "systemd gives them to it");
    stop(&lab);

    lab.write("/etc/unblink/unblink.toml", "");
    lab.run("chmod 600 /etc/unblink/unblink.toml; systemctl start --no-block unblink.service");
    let told = "/etc/unblink/unblink.toml: cannot open: Permission denied";
    lab.until("it says so", || lab.journal().contains(told));
    assert!(lab.journal().contains("make it readable for the daemon's user"), "{}", lab.journal());
    assert_ne!(lab.property("ActiveState"), "active");
    let (found, works) = doctor(&lab);
    assert!(found.contains("/etc/unblink/unblink.toml: the daemon's user unblink may not read it"), "{found}");
    assert!(found.contains("-> chgrp unblink /etc/unblink/unblink.toml && chmod g+r ") && !works, "{found}");
    lab.run("chgrp unblink /etc/unblink/unblink.toml && chmod g+r /etc/unblink/unblink.toml");
    // It is tried again and again by itself.
    lab.until("it is up", || lab.property("ActiveState") == "active");
    draws(&lab);
    let (found, works) = doctor(&lab);
    assert!(works, "{found}");
}

#[test]
fn without_a_journal_and_without_figures_of_pressure_it_draws_as_ever() {
    let lab = prepared("bare");
    let journal = "systemd-journald.socket systemd-journald-dev-log.socket systemd-journald.service";
    lab.run(&format!("systemctl mask --runtime {journal}; systemctl stop {journal}"));
    lab.run("mount -t tmpfs tmpfs /proc/pressure");
    draws(&lab);
    let logged = || lab.run("cat /var/log/unblink/unblink.*.log");
    lab.until("the other destination tells", || logged().contains("worker draws"));
    let (found, works) = doctor(&lab);
    assert!(works, "{found}");
    // One that is started where there is a journal tells that, too.
    lab.run(&format!(
        "systemctl unmask --runtime {journal}; systemctl start {journal}; systemctl restart unblink.service"
    ));
    lab.until("the journal is told", || lab.journal().contains("worker draws"));
}
