//! Supervisors over real tasks and threads, on a clock that is paused.

use std::time::Duration;

use tokio::sync::mpsc;

use super::super::{Row, spawn, tree};
use super::*;
use crate::machine::supervise::{Shutdown, Strategy};

const SECOND: Duration = Duration::from_secs(1);

/// What happened, in order.
#[derive(Clone)]
struct Notes(mpsc::UnboundedSender<String>);

fn notes() -> (Notes, mpsc::UnboundedReceiver<String>) {
    let (send, receive) = mpsc::unbounded_channel();
    (Notes(send), receive)
}

impl Notes {
    fn say(&self, what: &str) {
        let _ = self.0.send(what.to_owned());
    }

    /// A child that says when it begins and ends, and ends when it is told to.
    fn obedient(&self, name: &'static str) -> impl FnMut(Line) -> Work + Send + 'static {
        let notes = self.clone();
        move |line| {
            let notes = notes.clone();
            notes.say(&format!("{name} begins"));
            Box::pin(async move {
                line.stopped().await;
                notes.say(&format!("{name} ends"));
                Ok(())
            })
        }
    }
}

async fn heard(notes: &mut mpsc::UnboundedReceiver<String>, expected: &[&str]) {
    for expected in expected {
        assert_eq!(notes.recv().await.as_deref(), Some(*expected));
    }
}

fn plan(strategy: Strategy) -> Plan {
    Plan::new(strategy).bearing(100, SECOND)
}

fn polite(name: &str) -> Spec {
    Spec::permanent(name).stopped(Shutdown::Within(SECOND))
}

fn row(name: &str) -> Option<Row> {
    tree().into_iter().map(|(_, row)| row).find(|row| row.name == name)
}

#[tokio::test(start_paused = true)]
async fn children_begin_in_order_and_end_in_reverse() {
    let (notes, mut said) = notes();
    let supervisor = Supervisor::new(plan(Strategy::OneForOne));
    for name in ["a", "b", "c"] {
        supervisor.child(polite(name), notes.obedient(name));
    }
    let running = spawn("supervisor of a test", supervisor.clone().run(Line::unheard()));
    heard(&mut said, &["a begins", "b begins", "c begins"]).await;
    supervisor.stop();
    heard(&mut said, &["c ends", "b ends", "a ends"]).await;
    assert_eq!(running.await, Ok(Ok(())));
}

#[tokio::test(start_paused = true)]
async fn one_that_waits_to_be_ready_keeps_the_next_one_back() {
    let (notes, mut said) = notes();
    let supervisor = Supervisor::new(plan(Strategy::OneForOne));
    let slow = notes.clone();
    supervisor.child(Spec::permanent("slow").ready_when_said(), move |line| {
        let slow = slow.clone();
        async move {
            timer::sleep(SECOND).await;
            slow.say("ready");
            line.ready();
            std::future::pending().await
        }
    });
    supervisor.child(polite("next"), notes.obedient("next"));
    let _running = spawn("supervisor of a test", supervisor.run(Line::unheard()));
    heard(&mut said, &["ready", "next begins"]).await;
}

#[tokio::test(start_paused = true)]
async fn a_panic_is_a_fault_that_the_row_tells_of() {
    let (notes, mut said) = notes();
    let supervisor = Supervisor::new(plan(Strategy::OneForOne));
    let mut times = 0;
    supervisor.child(Spec::permanent("panics in a test"), move |line| {
        times += 1;
        notes.say("begins");
        async move {
            if times <= 2 {
                panic!("on purpose {times}");
            }
            line.stopped().await;
            Ok(())
        }
    });
    let _running = spawn("supervisor of a test", supervisor.run(Line::unheard()));
    heard(&mut said, &["begins", "begins"]).await;
    // By now it waits for its third life, or has it.
    heard(&mut said, &["begins"]).await;
    let row = row("panics in a test").expect("it has a row");
    assert_eq!((row.restarts, row.state.as_str(), row.next_retry), (2, "running", None));
    assert_eq!(row.last_fault.as_deref(), Some("panicked: on purpose 2"));
}

#[tokio::test(start_paused = true)]
async fn what_waits_to_be_started_again_has_its_row_and_says_when() {
    let (notes, mut said) = notes();
    let supervisor = Supervisor::new(plan(Strategy::OneForOne));
    supervisor.child(Spec::permanent("fails in a test"), move |_| {
        notes.say("begins");
        async { Err(Fault::from("no luck")) }
    });
    let _running = spawn("supervisor of a test", supervisor.run(Line::unheard()));
    heard(&mut said, &["begins", "begins"]).await;
    // Its end is looked at before any time can pass.
    let shown = loop {
        match row("fails in a test").expect("it has a row") {
            row if row.state == "waiting" => break row,
            _ => tokio::task::yield_now().await,
        }
    };
    assert_eq!((shown.since, shown.last_fault.as_deref(), shown.restarts), (None, Some("no luck"), 1));
    let retry = shown.next_retry.expect("it is tried again");
    heard(&mut said, &["begins"]).await;
    assert!(clock::mono() >= retry, "it begins when it was said to");
}

#[tokio::test(start_paused = true)]
async fn who_does_not_end_in_time_is_ended_by_force() {
    let (notes, mut said) = notes();
    let supervisor = Supervisor::new(plan(Strategy::OneForOne));
    supervisor.child(polite("first"), notes.obedient("first"));
    supervisor.child(polite("deaf"), |_| std::future::pending());
    let begun = clock::mono();
    let running = spawn("supervisor of a test", supervisor.clone().run(Line::unheard()));
    heard(&mut said, &["first begins"]).await;
    supervisor.stop();
    heard(&mut said, &["first ends"]).await;
    assert!(clock::mono().since(begun) >= SECOND, "it was given its time");
    assert_eq!(running.await, Ok(Ok(())));
}

#[tokio::test(start_paused = true)]
async fn a_supervisor_that_gives_up_is_a_fault_to_its_own() {
    let (notes, mut said) = notes();
    let outer = Supervisor::new(plan(Strategy::OneForOne));
    let inner_notes = notes.clone();
    outer.supervisor("inner of a test", Plan::new(Strategy::OneForOne), move |inner| {
        inner_notes.say("inner begins");
        inner.child(polite("steady"), inner_notes.obedient("steady"));
        let mut lives = 0;
        inner.child(Spec::permanent("doomed"), move |_| {
            lives += 1;
            async move { if lives <= 2 { Err(Fault::from("no luck")) } else { std::future::pending().await } }
        });
    });
    let _running = spawn("supervisor of a test", outer.run(Line::unheard()));
    // One restart is borne, the second is too many; all of it begins anew.
    heard(&mut said, &["inner begins", "steady begins", "steady ends", "inner begins", "steady begins"]).await;
    let row = row("inner of a test").expect("it has a row");
    let fault = "gave up after too many restarts, the last of doomed: no luck";
    assert_eq!((row.kind, row.restarts, row.last_fault.as_deref()), (Kind::Supervisor, 1, Some(fault)));
}

#[tokio::test(start_paused = true)]
async fn a_supervisor_that_is_dropped_takes_everything_with_it() {
    struct Gone(Notes);
    impl Drop for Gone {
        fn drop(&mut self) {
            self.0.say("gone");
        }
    }
    let (notes, mut said) = notes();
    let outer = Supervisor::new(plan(Strategy::OneForOne));
    let deep = notes.clone();
    outer.supervisor("middle of a test", plan(Strategy::OneForOne), move |inner| {
        let deep = deep.clone();
        inner.child(Spec::permanent("deep in a test"), move |_| {
            let gone = Gone(deep.clone());
            deep.say("begins");
            async move {
                let _gone = gone;
                std::future::pending().await
            }
        });
    });
    let running = spawn("supervisor of a test", outer.clone().run(Line::unheard()));
    heard(&mut said, &["begins"]).await;
    running.abort();
    heard(&mut said, &["gone"]).await;
    assert!(running.await.is_err());
    // Its rows go with the last of its tasks, although a handle is left.
    while row("middle of a test").is_some() || row("deep in a test").is_some() {
        tokio::task::yield_now().await;
    }
    drop(outer);
}

#[tokio::test(start_paused = true)]
async fn what_is_there_once_is_forgotten_and_its_fault_is_told() {
    let (notes, mut said) = notes();
    let supervisor = Supervisor::new(plan(Strategy::OneForOne));
    let _running = spawn("supervisor of a test", supervisor.clone().run(Line::unheard()));
    let told = notes.clone();
    supervisor.once("once in a test", async { panic!("on purpose") }, move |fault| told.say(fault));
    heard(&mut said, &["panicked: on purpose"]).await;
    let told = notes.clone();
    let added = supervisor.once("removed in a test", std::future::pending(), move |fault| told.say(fault));
    assert!(row("removed in a test").is_some(), "it is there at once");
    added.expect("there is room").remove();
    while row("once in a test").is_some() || row("removed in a test").is_some() {
        tokio::task::yield_now().await;
    }
    notes.say("nothing was told of what was removed");
    heard(&mut said, &["nothing was told of what was removed"]).await;
}

#[tokio::test]
async fn a_thread_that_panics_is_started_again_and_hears_that_it_should_end() {
    let (notes, mut said) = notes();
    let supervisor = Supervisor::new(plan(Strategy::OneForOne));
    let mut times = 0;
    let thread = notes.clone();
    supervisor.thread(Spec::permanent("thread of a test").stopped(Shutdown::Unlimited), move |line| {
        times += 1;
        let (thread, stop) = (thread.clone(), line.stop());
        move || {
            thread.say("begins");
            assert!(times > 1, "on purpose");
            let stopped = super::super::block_on(async move { stop.clone().wait_for(|stop| *stop).await.is_ok() });
            assert!(stopped.unwrap_or(false));
            thread.say("ends");
            Ok(())
        }
    });
    let running = spawn("supervisor of a test", supervisor.clone().run(Line::unheard()));
    heard(&mut said, &["begins", "begins"]).await;
    supervisor.stop();
    heard(&mut said, &["ends"]).await;
    assert_eq!(running.await, Ok(Ok(())));
}

#[tokio::test]
async fn a_thread_that_does_not_end_is_left_to_itself_and_keeps_nobody() {
    let (notes, mut said) = notes();
    let supervisor = Supervisor::new(plan(Strategy::OneForOne));
    let first = notes.clone();
    supervisor.child(Spec::permanent("first of a test").stopped(Shutdown::Unlimited), move |line| {
        let notes = first.clone();
        async move {
            line.stopped().await;
            notes.say("ends");
            Ok(())
        }
    });
    let (release, held) = std::sync::mpsc::channel::<()>();
    let (mut held, hanging) = (Some(held), notes.clone());
    supervisor.thread(Spec::permanent("hanging thread of a test").stopped(Shutdown::Brutal), move |_| {
        let (held, hanging) = (held.take(), hanging.clone());
        move || {
            hanging.say("hangs");
            let _ = held.map(|held| held.recv());
            Ok(())
        }
    });
    let running = spawn("supervisor of a test", supervisor.clone().run(Line::unheard()));
    heard(&mut said, &["hangs"]).await;
    supervisor.stop();
    heard(&mut said, &["ends"]).await;
    assert_eq!(running.await, Ok(Ok(())));
    drop(release);
}

#[tokio::test(start_paused = true)]
async fn whatever_a_child_starts_hangs_under_it() {
    let (notes, mut said) = notes();
    let supervisor = Supervisor::new(plan(Strategy::OneForOne));
    supervisor.child(Spec::permanent("parent of a test"), move |line| {
        let notes = notes.clone();
        async move {
            let _inner = spawn("child of a test", std::future::pending::<()>());
            notes.say("begins");
            line.stopped().await;
            Ok(())
        }
    });
    let _running = spawn("supervisor of a test", supervisor.run(Line::unheard()));
    heard(&mut said, &["begins"]).await;
    let rows = tree();
    let place = rows.iter().position(|(_, row)| row.name == "parent of a test").expect("it has a row");
    assert_eq!((rows[place + 1].0, rows[place + 1].1.name.as_str()), (rows[place].0 + 1, "child of a test"));
}
