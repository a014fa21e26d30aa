//! Sources whose looks or tasks panic.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use tokio::sync::watch;

use super::*;
use crate::base::Wall;
use crate::model::fault::Class;
use crate::model::{Kind, Sample, SeriesKey, Unit};
use crate::runtime;
use crate::runtime::fault::hold_quietly;
use crate::source::asking::Rhythm;
use crate::source::{Reading, ask, reading_thread};

fn reading(at: Wall, value: f64) -> Reading {
    Reading::from(vec![Sample { key: SeriesKey::plain("x"), kind: Kind::Gauge, unit: Unit::None, at, value }])
}

fn is_panic(update: &Update) -> bool {
    match &update.health.state {
        SourceState::Failed { why, class, .. } => {
            assert!(why.starts_with("panicked, trace ") && !why.contains("purpose"), "{why}");
            *class == Class::Panic
        }
        _ => false,
    }
}

/// The reader panics on its third look each time it is made, and while it is dropped.
#[tokio::test]
async fn a_look_that_panics_fails_the_source_and_the_next_one_begins_afresh_on_the_same_thread() {
    hold_quietly();
    struct Torn;
    impl Drop for Torn {
        fn drop(&mut self) {
            panic!("on purpose, while dropped");
        }
    }
    let made = Arc::new(AtomicU32::new(0));
    let count = Arc::clone(&made);
    let line = reading_thread("torn", move || {
        let number = count.fetch_add(1, Ordering::Relaxed);
        let (torn, mut looks) = (Torn, 0);
        move |at| {
            let _ = &torn;
            looks += 1;
            assert!(looks < 3, "on purpose");
            Ok(reading(at, f64::from(10 * number + looks)))
        }
    });
    let rhythm = Rhythm { interval: Duration::from_millis(1), warm_up: None, deadline: Duration::from_secs(60) };
    let (_rhythm, heard) = watch::channel(Some(rhythm));
    let (updates_in, mut updates) = mpsc::channel(1);
    let task = runtime::spawn("asking", ask("torn".into(), heard, None, line, updates_in));
    let mut values = Vec::new();
    let mut panics = 0;
    while values.len() < 6 {
        let update = updates.recv().await.expect("it goes on");
        panics += u32::from(is_panic(&update));
        values.extend(update.samples.iter().map(|sample| sample.value));
        assert!(panics == 0 || update.health.last_good.is_some(), "what came before stands");
    }
    assert_eq!(values, [1.0, 2.0, 11.0, 12.0, 21.0, 22.0]);
    assert_eq!((panics, made.load(Ordering::Relaxed)), (2, 3));
    task.abort();
}

#[tokio::test(start_paused = true)]
async fn a_task_that_panics_is_started_afresh_ever_later_and_says_when() {
    hold_quietly();
    let (updates_in, mut updates) = mpsc::channel(1);
    let starts = Arc::new(AtomicU32::new(0));
    let count = Arc::clone(&starts);
    let start = move || {
        let number = count.fetch_add(1, Ordering::Relaxed);
        async move { assert!(number == 3, "on purpose") }
    };
    let begun = clock::mono();
    let task = runtime::spawn("kept", keep("kept".into(), updates_in, start));
    for wait_s in [1, 2, 4] {
        let update = updates.recv().await.expect("the panic is told");
        assert!(is_panic(&update));
        let SourceState::Failed { since, next_try: Some(next_try), .. } = update.health.state else { panic!() };
        let wait = next_try.since(since);
        assert!(wait <= Duration::from_secs(wait_s) && wait >= Duration::from_millis(499 * wait_s), "{wait:?}");
    }
    task.await.expect("the fourth ends well, and with it the keeping");
    assert_eq!(starts.load(Ordering::Relaxed), 4);
    assert!(clock::mono().since(begun) >= Duration::from_millis(3_400));
}

#[tokio::test(start_paused = true)]
async fn a_future_that_panics_while_it_is_dropped_is_held() {
    hold_quietly();
    struct Torn;
    impl Drop for Torn {
        fn drop(&mut self) {
            panic!("on purpose, while dropped");
        }
    }
    let torn = Torn;
    let endless = async move {
        let _torn = torn;
        std::future::pending::<()>().await;
    };
    let mut contained = Contained::new(Context::source("torn"), endless);
    let waited = timer::timeout(Duration::from_secs(1), &mut contained).await;
    assert!(waited.is_err());
    drop(contained);
}
