//! What a panic does to the process, seen from outside.

use std::os::unix::process::ExitStatusExt;
use std::process::{Command, Stdio};

use super::*;

/// Set in the child that is to panic.
const IN_CHILD: &str = "UNBLINK_TEST_PANICS_ON_A_THREAD";

#[test]
fn a_panic_on_any_thread_ends_the_process() {
    if std::env::var_os(IN_CHILD).is_some() {
        abort_on_panic();
        let thread = runtime::spawn_thread("panics", || panic!("on purpose")).expect("a thread");
        // Only a process that outlives the panic gets further.
        let _ = thread.join();
        return;
    }
    let mut command = Command::new(std::env::current_exe().expect("this test has an executable"));
    command.args(["--exact", "worker::process::tests::a_panic_on_any_thread_ends_the_process"]);
    let status = command.env(IN_CHILD, "1").stdout(Stdio::null()).stderr(Stdio::null()).status();
    assert_eq!(status.expect("the child starts").signal(), Some(libc::SIGABRT));
}
