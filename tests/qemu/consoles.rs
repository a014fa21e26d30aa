//! A board in place of a login on a virtual terminal, by the unit that is shipped for it.

use crate::clock::figure;
use crate::lab::Lab;
use crate::limits::WORDS;

const DEVICE: &str = "/dev/tty9";
const LOGIN: &str = "getty@tty9.service";
const BOARD: &str = "unblink-console@tty9.service";

/// What stands on it, as the kernel has it.
fn screen(lab: &Lab) -> String {
    // The kernel knows of no screen before somebody has opened the terminal.
    String::from_utf8_lossy(&lab.try_run("cat /dev/vcs9").stdout).into_owned()
}

fn settings(lab: &Lab) -> String {
    lab.run(&format!("stat -c '%U:%G %a' {DEVICE}; stty -F {DEVICE} -a"))
}

fn login(lab: &Lab) -> String {
    lab.run(&format!("systemctl start {LOGIN}"));
    lab.until("there is a login", || screen(lab).contains("login:"));
    lab.run(&format!("systemctl stop {LOGIN}"));
    settings(lab)
}

/// The figure that is another one each second.
fn ticked(lab: &Lab) -> Option<u64> {
    figure(&screen(lab), "second")
}

pub fn are_taken_and_given_back(lab: &Lab) {
    let before = login(lab);
    lab.write("/etc/unblink/console-tty9.conf", "BOARD=default/words\n");
    lab.run(&format!("systemctl start {LOGIN}; systemctl start {BOARD}"));
    lab.until("the board is on it", || screen(lab).contains(WORDS) && ticked(lab).is_some());
    assert!(!screen(lab).contains("login:"), "{}", screen(lab));
    assert_eq!(lab.try_run(&format!("systemctl is-active {LOGIN}")).status.code(), Some(3), "the login went");
    let (first, during) = (ticked(lab), settings(lab));
    assert!(during.starts_with("unblink-console:") && during.contains("-icanon"), "{during}");
    lab.until("it is live", || ticked(lab).is_some_and(|now| Some(now) != first));
    lab.run(&format!("systemctl stop {BOARD}"));
    assert_eq!(screen(lab).trim(), "", "the board is left on it");
    assert_eq!(settings(lab), before);
    assert_eq!(login(lab), before, "a login is as it was");
    assert_eq!(lab.property("NRestarts"), "0", "the daemon lives on");
    println!(
        "note: `unblink-console@tty9` took the place of a login on {DEVICE}; the board and its changes were read back through \
         /dev/vcs9, and when it was stopped the terminal had the owner, rights and settings that it had before."
    );
}
