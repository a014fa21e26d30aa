//! What only a machine of its own shows: one is emulated, with a real systemd and a kernel of its own, and one daemon on it lives
//! through everything in turn. Run by `make test-qemu` as root, on one machine that does little else. `UNBLINK_MACHINE_PARTS` has
//! the names of some parts of it, for whoever looks for something; without it all are run.
//!
//! Invariant: nothing is left behind, neither a process nor a file, whether it passes or fails. A line of results is printed
//! for each thing that was measured, beside the same while nothing happened.

#![expect(clippy::print_stdout, reason = "tests/qemu/run gathers these lines")]

#[path = "qemu/clock.rs"]
mod clock;
#[path = "qemu/consoles.rs"]
mod consoles;
#[expect(dead_code, reason = "the system tests use the rest")]
#[path = "system/crowd.rs"]
mod crowd;
#[expect(dead_code, reason = "the system tests use the rest")]
#[path = "system/lab.rs"]
mod lab;
#[path = "system/limits.rs"]
mod limits;
#[path = "qemu/power.rs"]
mod power;
#[path = "system/witness.rs"]
mod witness;

use std::time::Duration;

use lab::{Lab, TRIXIE};

/// A p99 wants so many.
const QUIET_PICTURES: usize = 200;
/// How long anything is waited for before it is given up: an emulated processor is thirty times slower than a real one.
const PATIENCE: Duration = Duration::from_secs(400);

/// A part of it, by its name.
type Part = (&'static str, fn(&Lab));

/// What it lives through.
const PARTS: [Part; 4] = [
    ("limits", |lab| limits::hold(lab, QUIET_PICTURES)),
    ("consoles", consoles::are_taken_and_given_back),
    ("clock", clock::is_set_back_and_put_right),
    ("power", power::is_cut_while_configuration_is_written),
];

/// All parts, or those that were asked for.
fn parts() -> Vec<fn(&Lab)> {
    let wanted = std::env::var("UNBLINK_MACHINE_PARTS").unwrap_or_default();
    let wanted: Vec<&str> = wanted.split_whitespace().collect();
    let unknown: Vec<&&str> = wanted.iter().filter(|name| PARTS.iter().all(|(part, _)| part != *name)).collect();
    assert!(unknown.is_empty(), "{unknown:?} are no parts of {:?}", PARTS.map(|(name, _)| name));
    PARTS.iter().filter(|(name, _)| wanted.is_empty() || wanted.contains(name)).map(|(_, part)| *part).collect()
}

#[test]
fn a_daemon_on_a_machine_of_its_own_holds_its_tenants_and_outlives_power_cuts_and_clocks() {
    let parts = parts();
    let lab = Lab::emulated(TRIXIE, "machine");
    let told = "uname -r; systemctl --version | head -n 1; nproc; stat -fc %T /sys/fs/cgroup";
    println!("note: The machine: {}.", lab.run(told).replace('\n', ", "));
    limits::serve(&lab);
    parts.into_iter().for_each(|part| part(&lab));
    limits::leave_nothing(&lab);
}
