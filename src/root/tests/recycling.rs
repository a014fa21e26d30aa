//! Workers that give way to fresh ones while somebody watches.

use std::time::Duration;

use super::harness::{Puppet, Viewer, World, catalogue};
use super::log::Log;
use super::{SIZE, answer_key, size};
use crate::admin::client;
use crate::admin::status::Recycled;
use crate::base::{Diagnostic, ViewId};
use crate::config::{Settings, WorkerSettings};
use crate::model::{Input, Key};
use crate::root::Beginning;
use crate::runtime::{self, Task};
use crate::sys::clock;
use crate::wire::attach;
use crate::wire::feed::{Outcome, ToRoot, ToWorker};

/// Asks for a fresh worker, and waits for what comes of it.
fn recycle(world: &World) -> Task<(u16, Recycled)> {
    let socket = world.admin();
    runtime::spawn("asking", async move {
        let answer = client::post("/api/v1/recycle", &socket).await.unwrap();
        (answer.code, serde_json::from_slice(&answer.body).unwrap())
    })
}

/// A worker that draws, and somebody who watches.
async fn watched(world: &mut World) -> (Puppet, Viewer, ViewId) {
    let mut worker = world.live_worker().await;
    let mut viewer = world.viewer(SIZE.0, SIZE.1).await;
    let (view, _) = worker.subscribed().await;
    worker.show(view, size(), "first").await;
    viewer.until("first").await;
    (worker, viewer, view)
}

/// A fresh worker that said what it thinks of the configuration.
async fn successor(world: &mut World, outcome: Outcome) -> Puppet {
    let mut worker = world.worker().await;
    worker.greet().await;
    let ToWorker::Prepare { generation, .. } = worker.next().await else { panic!("no prepare") };
    worker.say(&ToRoot::Prepared { generation, outcome }).await;
    worker
}

fn accepts() -> Outcome {
    Outcome::Accepted(catalogue())
}

fn refuses() -> Outcome {
    let (message, remedy) = ("wrong".to_owned(), "mend it".to_owned());
    let excerpt = String::new();
    Outcome::Refused(vec![Diagnostic { file: "x.toml".to_owned(), line: 1, column: 1, message, remedy, excerpt }])
}

async fn hung_up(worker: &mut Puppet) {
    while let Some(said) = worker.try_next().await {
        assert!(matches!(said, ToWorker::Ping { .. } | ToWorker::Credit { .. }), "{said:?}");
    }
}

fn saw_no_banner(viewer: &Viewer) {
    let seen = String::from_utf8_lossy(&viewer.received).into_owned();
    assert!(!seen.contains("worker"), "{seen:?}");
}

#[tokio::test(start_paused = true)]
async fn a_fresh_worker_draws_once_the_one_before_has_ended_and_nobody_sees_it() {
    let mut world = World::new();
    let (mut before, mut viewer, view) = watched(&mut world).await;
    let asked = recycle(&world);
    let mut fresh = world.worker().await;
    before.show(view, size(), "still drawn").await;
    viewer.until("still drawn").await;
    // Two keys, of which it is asked one and answers none.
    for key in ['a', 'b'] {
        viewer.say(&attach::ToRoot::Key(Key::Char(key))).await;
    }
    let mut said = before.next().await;
    while matches!(said, ToWorker::Credit { .. }) {
        said = before.next().await;
    }
    assert!(matches!(said, ToWorker::Input { input: Input::Key(Key::Char('a')), .. }), "{said:?}");
    fresh.greet().await;
    assert!(fresh.epoch > before.epoch, "its frames are the newer ones");
    let ToWorker::Prepare { generation, .. } = fresh.next().await else { panic!("no prepare") };
    fresh.say(&ToRoot::Prepared { generation, outcome: accepts() }).await;
    hung_up(&mut before).await;
    before.die("ended");
    assert_eq!(fresh.next().await, ToWorker::Commit { generation });
    assert_eq!(fresh.subscribed().await.0, view);
    for key in ['a', 'b'] {
        assert_eq!(answer_key(&mut fresh, |_| {}).await, Key::Char(key));
    }
    fresh.show(view, size(), "drawn anew").await;
    viewer.until("drawn anew").await;
    saw_no_banner(&viewer);
    let (code, answer) = asked.await.unwrap();
    assert!(code == 200 && answer.recycled && answer.why.is_none(), "{answer:?}");
    let status = super::configuration::status(&world).await;
    let row = &status.workers[0];
    assert_eq!((row.epoch, row.restarts, row.recycled, row.last_fault.clone()), (2, 0, 1, None));
    // A death after it is one like any other.
    fresh.die("was killed");
    let mut next = world.live_worker().await;
    assert_eq!(next.subscribed().await.0, view);
    world.stop().await;
}

#[tokio::test(start_paused = true)]
async fn whatever_is_wrong_with_the_fresh_one_the_worker_stays() {
    let (log, _guard) = Log::listen();
    let mut world = World::new();
    let (mut before, mut viewer, view) = watched(&mut world).await;
    let courses = ["ended, or was ended", "refuses the configuration", "ended, or was ended"];
    for (number, why) in courses.into_iter().enumerate() {
        let mut asked = recycle(&world);
        let fresh = match number {
            0 => {
                world.worker().await.die("died");
                None
            }
            1 => Some(successor(&mut world, refuses()).await),
            _ => Some(world.worker().await),
        };
        // Who draws answers meanwhile.
        let (code, answer) = loop {
            tokio::select! {
                biased;
                said = before.next() => assert!(matches!(said, ToWorker::Credit { .. }), "{said:?}"),
                answer = &mut asked => break answer.unwrap(),
            }
        };
        assert!(code == 422 && answer.why.clone().unwrap().contains(why), "{answer:?}");
        drop(fresh);
        let text = format!("course {number}");
        before.show(view, size(), &text).await;
        viewer.until(&text).await;
    }
    assert_eq!(log.count("a fresh worker did not take the place"), 3, "{}", log.text());
    saw_no_banner(&viewer);
    world.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_worker_that_does_not_end_is_killed_before_the_fresh_one_draws() {
    let mut world = World::new();
    let (before, mut viewer, view) = watched(&mut world).await;
    let asked = recycle(&world);
    let mut fresh = successor(&mut world, accepts()).await;
    // It reads nothing any more, and does not end.
    assert!(matches!(fresh.next().await, ToWorker::Commit { .. }));
    drop(before);
    assert_eq!(fresh.subscribed().await.0, view);
    fresh.show(view, size(), "drawn anew").await;
    viewer.until("drawn anew").await;
    let (_, answer) = asked.await.unwrap();
    assert!(answer.recycled && answer.stood_still_ms >= 500, "{answer:?}");
    world.stop().await;
}

#[tokio::test(start_paused = true)]
async fn one_that_dies_while_it_takes_the_place_is_followed_like_any_other() {
    let mut world = World::new();
    let (mut before, mut viewer, view) = watched(&mut world).await;
    let asked = recycle(&world);
    let fresh = successor(&mut world, accepts()).await;
    hung_up(&mut before).await;
    fresh.die("was killed");
    let mut next = world.live_worker().await;
    assert_eq!(next.subscribed().await.0, view);
    next.show(view, size(), "drawn by the third").await;
    viewer.until("drawn by the third").await;
    let (code, answer) = asked.await.unwrap();
    assert!(code == 422 && answer.why.clone().unwrap().contains("died while it took the place"), "{answer:?}");
    drop(before);
    world.stop().await;
}

#[tokio::test(start_paused = true)]
async fn one_that_dies_while_it_takes_the_place_may_be_followed_by_one_that_refuses() {
    let mut world = World::new();
    let (mut before, mut viewer, _) = watched(&mut world).await;
    let asked = recycle(&world);
    let fresh = successor(&mut world, accepts()).await;
    hung_up(&mut before).await;
    fresh.die("was killed");
    let _next = successor(&mut world, refuses()).await;
    before.die("ended");
    assert_eq!(asked.await.unwrap().0, 422);
    viewer.until("x.toml:1: wrong").await;
    assert_eq!(super::configuration::status(&world).await.workers[0].state, "refused");
    world.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_death_of_the_worker_itself_ends_the_attempt() {
    let mut world = World::new();
    let (before, mut viewer, view) = watched(&mut world).await;
    let asked = recycle(&world);
    let fresh = world.worker().await;
    before.die("was killed");
    let mut next = world.live_worker().await;
    let (code, answer) = asked.await.unwrap();
    assert!(code == 422 && answer.why.clone().unwrap().contains("it died itself"), "{answer:?}");
    assert_eq!(next.subscribed().await.0, view);
    next.show(view, size(), "as ever").await;
    viewer.until("as ever").await;
    drop(fresh);
    world.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_tenant_that_is_not_there_has_no_worker() {
    let mut world = World::new();
    world.live_worker().await;
    let answer = client::post("/api/v1/recycle?tenant=nobody", &world.admin()).await.unwrap();
    let recycled: Recycled = serde_json::from_slice(&answer.body).unwrap();
    assert_eq!(answer.code, 422);
    assert_eq!(recycled.why.unwrap(), "there is no tenant of that name; there are: default");
    world.stop().await;
}

#[tokio::test(start_paused = true)]
async fn an_old_worker_gives_way_by_itself() {
    let age = Duration::from_secs(3_600);
    let settings = Settings { workers: WorkerSettings { recycle_after: Some(age) }, ..Settings::default() };
    let mut world = World::configured(|_| Beginning::with(settings));
    let mut worker = world.live_worker().await;
    let begun = clock::mono();
    for number in 1..=3 {
        let mut fresh = loop {
            tokio::select! {
                biased;
                fresh = world.worker() => break fresh,
                said = worker.try_next() => {
                    let Some(ToWorker::Ping { nonce, .. }) = said else { panic!("{said:?}") };
                    worker.say(&ToRoot::Pong { nonce }).await;
                }
            }
        };
        assert!(clock::mono().since(begun) >= number * age, "{:?}", clock::mono().since(begun));
        assert!(
            clock::mono().since(begun) < number * (age + Duration::from_secs(5)),
            "{:?}",
            clock::mono().since(begun)
        );
        fresh.greet().await;
        let ToWorker::Prepare { generation, .. } = fresh.next().await else { panic!("no prepare") };
        fresh.say(&ToRoot::Prepared { generation, outcome: accepts() }).await;
        hung_up(&mut worker).await;
        worker.die("ended");
        assert_eq!(fresh.next().await, ToWorker::Commit { generation });
        worker = fresh;
    }
    world.stop().await;
}
