//! What root tells its worker of itself and of its viewers.

use std::time::Duration;

use super::harness::{Puppet, World, greeting};
use super::{SIZE, answer_key, size};
use crate::model::Key;
use crate::wire::attach::{Hello, ToRoot as FromViewer};
use crate::wire::feed::{ToRoot, ToWorker};

const SECOND: Duration = Duration::from_secs(1);

/// Answers pings, so many of them; what was said of viewers meanwhile is kept by the puppet.
async fn answer_pings(worker: &mut Puppet, count: u32) {
    let mut answered = 0;
    while answered < count {
        match worker.try_next().await.expect("root has not hung up") {
            ToWorker::Ping { nonce } => {
                worker.say(&ToRoot::Pong { nonce }).await;
                answered += 1;
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
        crate::runtime::timer::sleep(SECOND / 10).await;
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
            ToWorker::Ping { nonce } => worker.say(&ToRoot::Pong { nonce }).await,
            ToWorker::Viewers { board, viewers } => worker.viewers.push((board, viewers)),
            _ => {}
        }
    }
}
