//! Control groups of tenants on this machine's kernel, as far as it lets a container have them.

use crate::lab::{BOOKWORM, Lab, TRIXIE};
use crate::limits::{controllers, held_by, hold, leave_nothing, one_group_for_each_tenant, serve, worker};

/// Some seconds of them; `make test-qemu` compares with more.
const QUIET_PICTURES: usize = 20;

#[test]
fn each_tenant_has_one_group_and_what_that_holds_is_named_while_others_stay_on_time() {
    for suite in [BOOKWORM, TRIXIE] {
        let lab = Lab::installed(suite, "limits");
        serve(&lab);
        if let Err(controllers) = controllers(&lab) {
            println!(
                "{suite}: what a tenant's group holds is left to `make test-qemu`: this machine gives the lab no controllers cpu, \
                 memory and pids of version 2, only {controllers:?}"
            );
            one_group_for_each_tenant(&lab);
            assert_eq!(held_by(&worker(&lab, "busy")), ["cpu nothing", "pids nothing"]);
            assert_eq!(held_by(&worker(&lab, "hungry")), ["memory rlimit"]);
            assert!(lab.run("unblink status").contains("not held: "));
        } else {
            hold(&lab, QUIET_PICTURES);
        }
        leave_nothing(&lab);
    }
}
