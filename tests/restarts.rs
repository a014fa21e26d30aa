//! Restarts and upgrades of a service under a real systemd, as `make test-system` has a few, done for long: run by
//! `make restarts` as root, with `UNBLINK_RESTARTS`, `UNBLINK_UPGRADES` and `UNBLINK_VIEWERS`.
//!
//! Invariant: each is checked as strictly as the short test does it, and lines of results are printed.

#![expect(clippy::print_stdout, reason = "tests/restarts/run gathers these lines")]

#[expect(dead_code, reason = "the system tests use the rest")]
#[path = "system/crowd.rs"]
mod crowd;
#[expect(dead_code, reason = "the system tests use the rest")]
#[path = "system/lab.rs"]
mod lab;
#[path = "system/lasting.rs"]
mod lasting;
#[path = "system/making.rs"]
mod making;

use std::time::Duration;

use lasting::Counts;

/// How long anything is waited for before a test gives up.
const PATIENCE: Duration = Duration::from_secs(120);

fn count(name: &str) -> usize {
    let said = std::env::var(name).unwrap_or_else(|_| panic!("{name} says how many"));
    said.parse().unwrap_or_else(|_| panic!("{name} is a number"))
}

#[test]
fn many_restarts_and_upgrades_refuse_nobody_and_are_hardly_seen() {
    lasting::run(Counts {
        restarts: count("UNBLINK_RESTARTS"),
        upgrades: count("UNBLINK_UPGRADES"),
        viewers: count("UNBLINK_VIEWERS"),
    });
}
