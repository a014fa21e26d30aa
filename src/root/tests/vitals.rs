//! What root tells its worker of itself and of its viewers.

use std::time::Duration;

use super::harness::{Puppet, World, greeting};
use super::{SIZE, answer_key, size};
use crate::model::Key;
use crate::wire::attach::{Hello, ToRoot as FromViewer};
use crate::wire::feed::{ToRoot, ToWorker};

const SECOND: Duration = Duration::from_secs(1);

/// Answers pings until so many seconds are over; what was said of viewers meanwhile is kept by the puppet.
async fn answer_pings(worker: &mut Puppet, count: u32) {
    let mut answered = 0;
    while answered < count {
        match worker.try_next().await.expect("root has not hung up") {
            ToWorker::Ping { nonce, vitals } => {
                worker.say(&ToRoot::Pong { nonce }).await;
                answered += u32::from(vitals.is_some());
            }
            ToWorker::Viewers { board, viewers } => worker.viewers.push((board, viewers)),
            other => panic!("{other:?}"),
        }
    }
}

fn host(viewers: u32) -> (String, u32) {
    ("host".to_owned(), viewers)
}

#[tokio::test(start_paused = true)]
async fn the_number_of_viewers_is_told_when_it_changed_and_once_a_second_at_most() {
    let mut world = World::new();
    let mut worker = world.live_worker().await;
    let start = crate::sys::clock::mono();
    let mut viewers = Vec::new();
    for _ in 0..30 {
        viewers.push(world.viewer(SIZE.0, SIZE.1).await);
    }
    worker.subscribed().await;
    // Thirty came within a second, in another size one more.
    let other = world.viewer(60, 5).await;
    worker.subscribed().await;
    answer_pings(&mut worker, 4).await;
    assert_eq!(worker.viewers, [host(31)], "told once, and not again while nothing changes");
    // One after the other leaves, faster than anybody is told.
    for viewer in viewers.drain(..29) {
        drop(viewer);
        assert!(world.no_worker_for(SECOND / 50).await, "the worker lives");
    }
    answer_pings(&mut worker, 3).await;
    let seconds = crate::sys::clock::mono().since(start).as_secs();
    assert_eq!(worker.viewers.last(), Some(&host(2)));
    assert!(worker.viewers.len() as u64 <= seconds + 1, "{:?} in {seconds} s", worker.viewers);
    drop((other, viewers));
    assert!(matches!(worker.next().await, ToWorker::Unsubscribe { .. }));
    assert!(matches!(worker.next().await, ToWorker::Unsubscribe { .. }));
    answer_pings(&mut worker, 3).await;
    assert_eq!(worker.viewers.iter().filter(|told| **told == host(0)).count(), 1, "nobody is told once");
    world.stop().await;
}

#[tokio::test(start_paused = true)]
async fn each_board_has_its_own_viewers_and_a_key_takes_one_along() {
    let mut world = World::new();
    let mut worker = world.live_worker().await;
    let viewer = world.viewer(SIZE.0, SIZE.1).await;
    let mut mover = world.viewer(SIZE.0, SIZE.1).await;
    worker.subscribed().await;
    answer_pings(&mut worker, 2).await;
    assert_eq!(worker.viewers, [host(2)]);
    mover.say(&FromViewer::Key(Key::Tab)).await;
    answer_key(&mut worker, |spec| spec.board = "other".to_owned()).await;
    worker.subscribed().await;
    answer_pings(&mut worker, 2).await;
    assert_eq!(worker.viewers[1..], [host(1), ("other".to_owned(), 1)]);
    drop(viewer);
    world.stop().await;
}

#[tokio::test(start_paused = true)]
async fn the_next_life_of_a_worker_is_told_all_of_it_before_the_views() {
    let mut world = World::new();
    let mut worker = world.live_worker().await;
    let _first = world.viewer(SIZE.0, SIZE.1).await;
    let mut second = world.connect().await;
    let asked = Hello { board: Some("other".to_owned()), ..greeting(SIZE.0, SIZE.1) };
    second.say(&FromViewer::Hello(Box::new(asked))).await;
    worker.subscribed().await;
    let (view, _) = worker.subscribed().await;
    worker.show(view, size(), "one").await;
    second.until("one").await;
    answer_pings_until_told(&mut worker).await;
    worker.die("was killed by signal 9");
    let mut next = world.live_worker().await;
    next.subscribed().await;
    assert_eq!(next.viewers, [host(1), ("other".to_owned(), 1)]);
    world.stop().await;
}

async fn answer_pings_until_told(worker: &mut Puppet) {
    while worker.viewers.len() < 2 {
        match worker.try_next().await.expect("root has not hung up") {
            ToWorker::Ping { nonce, .. } => worker.say(&ToRoot::Pong { nonce }).await,
            ToWorker::Viewers { board, viewers } => worker.viewers.push((board, viewers)),
            _ => {}
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_ping_tells_how_root_fares() {
    let mut world = World::new();
    let mut worker = world.live_worker().await;
    let first = vitals(&mut worker).await;
    assert_eq!((first.viewers, first.views, first.frames_sent), (0, 0, 0));
    assert!(first.cpu_us > 0 && first.resident_bytes.is_some_and(|bytes| bytes > 0), "{first:?}");
    let (mut one, mut two) = (world.viewer(SIZE.0, SIZE.1).await, world.viewer(SIZE.0, SIZE.1).await);
    let mut silent = world.viewer(60, 5).await;
    let (view, _) = worker.subscribed().await;
    let (other, spec) = worker.subscribed().await;
    for text in ["one", "two"] {
        worker.show(view, size(), text).await;
        one.until(text).await;
        two.until(text).await;
    }
    worker.show(other, spec.size, "alone").await;
    silent.until("alone").await;
    let next = vitals(&mut worker).await;
    assert_eq!((next.viewers, next.views), (3, 2));
    assert_eq!(next.frames_sent, 5, "two to each of two, one to the third");
    let received = (one.received.len() + two.received.len() + silent.received.len()) as u64;
    assert!(next.bytes_sent > received && next.bytes_sent < received + 4_096, "{next:?}, {received} bytes of frames");
    assert!(next.uptime_ms > first.uptime_ms && next.cpu_us >= first.cpu_us);
    // Other tests run in this process, and end.
    assert!(next.tasks >= 3, "each viewer has a task: {next:?}");
    assert_eq!(next.worker_restarts, 0);
    worker.die("was killed by signal 9");
    let mut heir = world.live_worker().await;
    assert_eq!(vitals(&mut heir).await.worker_restarts, 1);
    world.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_viewer_that_reads_nothing_is_told_to_have_stalled() {
    let mut world = World::new();
    let mut worker = world.live_worker().await;
    let mut reader = world.viewer(100, 30).await;
    let (view, _) = worker.subscribed().await;
    let _stuck = world.viewer(100, 30).await;
    let size = crate::base::Size::clamped(100, 30);
    let mut told = 0;
    for turn in 0..2_000 {
        // A different picture each time, until the socket of the one who does not read is full.
        worker
            .show(view, size, &format!("{turn}{:90}", if turn % 2 == 0 { "#".repeat(90) } else { String::new() }))
            .await;
        reader.until(&turn.to_string()).await;
        if turn % 100 == 99 {
            vitals(&mut worker).await;
            told = vitals(&mut worker).await.viewers_stalled;
            if told > 0 {
                break;
            }
        }
    }
    assert_eq!(told, 1);
    world.stop().await;
}

/// What the next ping tells.
async fn vitals(worker: &mut Puppet) -> crate::model::Vitals {
    loop {
        match worker.try_next().await.expect("root has not hung up") {
            ToWorker::Ping { nonce, vitals } => {
                worker.say(&ToRoot::Pong { nonce }).await;
                if let Some(vitals) = vitals {
                    return vitals;
                }
            }
            said => worker.keep(said),
        }
    }
}
