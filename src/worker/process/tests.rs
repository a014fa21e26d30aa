//! What a panic does to the process, seen from outside.

use std::os::unix::process::ExitStatusExt;
use std::process::{Command, Output, Stdio};

use super::*;
use crate::base::{Epoch, Version};
use crate::model::fault::Mode;
use crate::runtime::context::{self, Context};
use crate::runtime::mishap;

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
    let ended = child("worker::process::tests::a_panic_on_any_thread_ends_the_process");
    assert_eq!(ended.status.signal(), Some(libc::SIGABRT));
}

#[test]
fn a_panic_that_is_held_is_told_once_with_all_that_is_known_and_ends_nothing() {
    if std::env::var_os(IN_CHILD).is_some() {
        log::to_stderr(tracing_subscriber::filter::LevelFilter::INFO);
        abort_on_panic();
        context::belong_to("a-tenant", Epoch(5));
        let held = fault::contain(Context::panel("a-board", 3, Version(9)), || panic!("on\npurpose"));
        eprintln!("trace is {}", held.expect_err("it panicked").trace);
        log::flush();
        return;
    }
    let ended =
        child("worker::process::tests::a_panic_that_is_held_is_told_once_with_all_that_is_known_and_ends_nothing");
    let told = String::from_utf8(ended.stderr).expect("it is text");
    assert!(ended.status.success(), "{told}");
    let trace = told.lines().find_map(|line| line.strip_prefix("trace is ")).expect("it is said");
    let lines: Vec<&str> = told.lines().filter(|line| line.contains("on purpose")).collect();
    let [line] = lines.as_slice() else { panic!("{told}") };
    let place = "src/worker/process/tests.rs:";
    let trace = format!(" trace={trace}");
    let context =
        ["ring=\"panel\"", "tenant=\"a-tenant\"", "epoch=5", "board=\"a-board\"", "panel=3", "frame=9", &trace];
    for known in context.iter().chain(&["a panic was held panic=\"on purpose\"", place, "calls=0x", "build="]) {
        assert!(line.contains(known), "{known} is missing in {line}");
    }
}

#[test]
fn a_panic_that_nobody_holds_is_told_with_what_was_worked_on() {
    if std::env::var_os(IN_CHILD).is_some() {
        log::to_stderr(tracing_subscriber::filter::LevelFilter::INFO);
        abort_on_panic();
        let _entered = context::enter(Context::source("a-source"));
        panic!("on purpose");
    }
    let ended = child("worker::process::tests::a_panic_that_nobody_holds_is_told_with_what_was_worked_on");
    let told = String::from_utf8(ended.stderr).expect("it is text");
    assert_eq!(ended.status.signal(), Some(libc::SIGABRT), "{told}");
    assert!(told.contains("source=a-source") && told.contains("calls=0x"), "{told}");
}

#[test]
fn a_panic_during_which_another_comes_is_told_before_the_process_ends() {
    if std::env::var_os(IN_CHILD).is_some() {
        log::to_stderr(tracing_subscriber::filter::LevelFilter::INFO);
        abort_on_panic();
        let context = Context::panel("a-board", 3, Version(9));
        let _ = fault::contain(context, || mishap::commit(Mode::DoublePanic));
        return;
    }
    let ended = child("worker::process::tests::a_panic_during_which_another_comes_is_told_before_the_process_ends");
    let told = String::from_utf8(ended.stderr).expect("it is text");
    assert_eq!(ended.status.signal(), Some(libc::SIGABRT), "{told}");
    let line = told.lines().find(|line| line.contains("while another was under way")).expect("it is told");
    assert!(line.contains("board=a-board panel=3") && line.contains("on purpose, first"), "{line}");
}

/// Runs one of these tests in a process of its own.
fn child(test: &str) -> Output {
    let mut command = Command::new(std::env::current_exe().expect("this test has an executable"));
    command.args(["--exact", "--nocapture", test]);
    command.env(IN_CHILD, "1").stdout(Stdio::null()).output().expect("the child starts")
}
