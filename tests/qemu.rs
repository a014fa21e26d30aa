//! What only a machine of its own shows: one is emulated, with a real systemd and a kernel of its own, and one daemon on it lives
//! through everything in turn. Run by `make test-qemu` as root, on one machine that does little else.
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

#[test]
fn a_daemon_on_a_machine_of_its_own_holds_its_tenants_and_outlives_power_cuts_and_clocks() {
    let lab = Lab::emulated(TRIXIE, "machine");
    let told = "uname -r; systemctl --version | head -n 1; nproc; stat -fc %T /sys/fs/cgroup";
    println!("note: The machine: {}.", lab.run(told).replace('\n', ", "));
    limits::serve(&lab);
    limits::hold(&lab, QUIET_PICTURES);
    consoles::are_taken_and_given_back(&lab);
    clock::is_set_back_and_put_right(&lab);
    power::is_cut_while_configuration_is_written(&lab);
    limits::leave_nothing(&lab);
}
