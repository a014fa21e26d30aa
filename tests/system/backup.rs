//! A past that goes from one disk to another in a backup, on machines with a real systemd.

use crate::lab::Lab;
use crate::service::{BOARD, PUSHED, SUITES, WORDS, board, crowd, words_of};

const FILE: &str = "/var/backups/unblink.backup";

/// Whose it is, and its mode.
fn rights(lab: &Lab, path: &str) -> String {
    lab.run(&format!("stat -c %U:%G:%a {path}"))
}

#[test]
fn what_was_lost_with_the_disk_comes_back_from_a_backup_with_whose_it_was() {
    for suite in SUITES {
        let lab = Lab::installed(suite, "backup");
        lab.write(BOARD, &board(WORDS));
        lab.write("/etc/unblink/unblink.toml", "[host]\ninterval = '2s'\n");
        lab.run(
            "chown -R root:unblink /etc/unblink; chmod 640 /etc/unblink/unblink.toml; chmod 750 /etc/unblink/boards.d",
        );
        lab.run("systemctl enable --now unblink.service");
        {
            let crowd = crowd(&lab, 1);
            lab.run(&format!("unblink push before {PUSHED}"));
            crowd.wait_for(&[PUSHED]);
        }
        let told = lab.run(&format!("mkdir -p /var/backups; unblink backup {FILE}"));
        assert!(told.contains("the history of 1 tenant"), "{suite}: {told}");
        let refused = lab.try_run(&format!("unblink restore {FILE}"));
        assert_eq!(refused.status.code(), Some(1), "{suite}: {}", words_of(&refused));
        // Stopped for good, systemd holds no history either.
        lab.run("systemctl stop unblink.socket unblink-admin.socket unblink.service");
        lab.run("rm -rf /etc/unblink/* /var/lib/unblink/* /var/lib/unblink/.[!.]*");
        let told = lab.run(&format!("unblink restore {FILE}"));
        assert!(told.contains("the history of 1 tenant") && !told.contains("may not read"), "{suite}: {told}");
        assert_eq!(rights(&lab, "/etc/unblink/unblink.toml"), "root:unblink:640", "{suite}");
        assert_eq!(rights(&lab, "/etc/unblink/boards.d"), "root:unblink:750", "{suite}");
        for (path, expected) in [("lock", "600"), ("histories", "700"), ("histories/default", "600")] {
            let path = format!("/var/lib/unblink/{path}");
            let is = rights(&lab, &path);
            assert_eq!(is, format!("unblink:unblink:{expected}"), "{suite}: {path}");
        }
        lab.run("systemctl start unblink.socket unblink-admin.socket unblink.service");
        for when in ["after the restore", "after a restart"] {
            crowd(&lab, 1).wait_for(&[PUSHED]);
            lab.run("test ! -e /var/lib/unblink/histories");
            assert_eq!(lab.property("NFileDescriptorStore"), "1", "{suite}, {when}");
            lab.run("systemctl restart unblink.service");
        }
        let journal = lab.journal();
        assert_eq!(journal.matches("begin with the past that was restored").count(), 1, "{suite}: {journal}");
    }
}

/// A further daemon's is its own: neither its history nor its state folder is the main one's.
#[test]
fn a_backup_of_a_further_daemon_is_of_that_one() {
    for suite in SUITES {
        let lab = Lab::installed(suite, "backup-lab");
        lab.write("/etc/unblink/instances/lab/unblink.toml", "");
        lab.run("mkdir -p /var/backups; systemctl enable --now unblink.service");
        let config = "--config /etc/unblink/instances/lab/unblink.toml";
        let told = lab.run(&format!("unblink backup {config} {FILE}.none"));
        assert!(told.contains("and no history;") && told.contains("/run/unblink-lab/admin.sock"), "{suite}: {told}");
        // Whoever asks the other one all the same gets nothing of it.
        let told = lab.run(&format!("unblink backup {config} --admin-socket /run/unblink/admin.sock {FILE}.other"));
        assert!(told.contains("and no history;") && told.contains("runs with"), "{suite}: {told}");
        lab.run("systemctl enable --now unblink@lab.socket unblink-admin@lab.socket unblink@lab.service");
        let told = lab.run(&format!("unblink backup --instance lab {FILE}"));
        assert!(told.contains("the history of 1 tenant"), "{suite}: {told}");
        let refused = lab.try_run(&format!("unblink restore --instance lab {FILE}"));
        let words = words_of(&refused);
        assert!(refused.status.code() == Some(1) && words.contains("stop unblink@lab.socket"), "{suite}: {words}");
        lab.run("systemctl stop unblink@lab.socket unblink-admin@lab.socket unblink@lab.service");
        lab.run(&format!("unblink restore --instance lab {FILE}"));
        lab.run("ls /var/lib/unblink-lab/histories-*/default; ! ls /var/lib/unblink/histories*");
        lab.run("systemctl start unblink@lab.socket unblink-admin@lab.socket unblink@lab.service");
        let journal = lab.run("journalctl --sync; journalctl --no-pager -o cat -u unblink@lab.service");
        assert!(journal.contains("begin with the past that was restored"), "{suite}: {journal}");
    }
}
