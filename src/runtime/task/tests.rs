//! Tasks and threads: rows come and go, panics stay inside.

use std::time::Duration;

use super::super::{Row, timer, tree};
use super::*;

fn row(name: &str) -> Option<Row> {
    tree().into_iter().map(|(_, row)| row).find(|row| row.name == name)
}

#[tokio::test]
async fn a_task_has_a_row_as_long_as_it_runs() {
    let (end, ended) = tokio::sync::oneshot::channel::<u8>();
    let task = spawn("row test", async move { ended.await.unwrap() });
    let shown = row("row test").expect("the row is there before the task ran once");
    assert_eq!((shown.kind, shown.state.as_str(), shown.restarts), (Kind::Task, "running", 0));
    end.send(3).unwrap();
    assert_eq!(task.await, Ok(3));
    assert_eq!(row("row test"), None);
}

#[tokio::test]
async fn a_panic_ends_the_task_alone() {
    let panicking = spawn("panic test", async { panic!("on purpose {}", 1) });
    let ended: Result<(), Ended> = panicking.await;
    let name = "panic test".to_owned();
    assert_eq!(ended, Err(Ended::Panicked { name, message: "on purpose 1".to_owned() }));
    assert_eq!(row("panic test"), None);
}

#[tokio::test]
async fn an_aborted_task_says_so_and_leaves_the_table() {
    let task = spawn("abort test", std::future::pending::<()>());
    task.abort();
    assert_eq!(task.await, Err(Ended::Aborted { name: "abort test".to_owned() }));
    assert_eq!(row("abort test"), None);
}

#[tokio::test]
async fn a_payload_that_panics_when_dropped_stays_inside() {
    struct Trap;
    impl Drop for Trap {
        fn drop(&mut self) {
            panic!("dropped on purpose");
        }
    }
    let ended = spawn("trap test", async { std::panic::panic_any(Trap) }).await;
    let ended: Result<(), Ended> = ended;
    assert!(matches!(ended, Err(Ended::Panicked { message, .. }) if message == "no message"));
}

#[test]
fn a_thread_is_named_and_its_panic_is_told() {
    let thread = spawn_thread("thread test", || std::thread::current().name().map(str::to_owned)).unwrap();
    assert_eq!(thread.join(), Ok(Some("thread test".to_owned())));
    let thread = spawn_thread("thread panic", || panic!("on purpose")).unwrap();
    let ended: Result<(), Ended> = thread.join();
    assert!(matches!(ended, Err(Ended::Panicked { .. })));
    assert_eq!(row("thread panic"), None);
}

#[tokio::test(start_paused = true)]
async fn a_paused_clock_drives_the_timers() {
    let before = crate::sys::clock::mono();
    timer::sleep_until(before + Duration::from_secs(3600)).await;
    assert!(crate::sys::clock::mono().since(before) >= Duration::from_secs(3600));
    let waited = timer::timeout(Duration::from_secs(60), std::future::pending::<()>()).await;
    assert_eq!(waited, Err(timer::Elapsed));
    timer::sleep_until(before).await;
}

#[test]
fn what_runs_among_the_tasks_has_its_output_and_its_panic_is_the_callers() {
    let output = crate::runtime::block_on(async { as_task(async { 7 }).await });
    assert_eq!(output.expect("there is a runtime"), 7);
    let panics = || crate::runtime::block_on(as_task(async { std::panic::panic_any(7_u8) }));
    let payload = catch_unwind(AssertUnwindSafe(panics)).map(drop).expect_err("it panics");
    assert_eq!(payload.downcast_ref::<u8>(), Some(&7));
}
