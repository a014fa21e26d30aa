//! What viewers and pushers may ask for at will, and what they are told who ask for more.

use std::fs;

use super::configuration::{beginning, main, status};
use super::harness::{World, greeting};
use super::*;
use crate::base::limits;
use crate::wire::attach::{self, Chunk, Later, PushHello};
use crate::wire::feed::Pushed;

/// Lets the time pass that root told.
async fn pass(ms: u32) {
    let never = std::future::pending::<()>();
    timer::timeout(Duration::from_millis(ms.into()), never).await.expect_err("never is later");
}

#[tokio::test(start_paused = true)]
async fn who_asks_for_keyframes_all_the_time_is_told_when_to_ask_again() {
    let mut world = World::new();
    let mut worker = world.live_worker().await;
    let mut viewer = world.viewer(SIZE.0, SIZE.1).await;
    let (view, _) = worker.subscribed().await;
    worker.show(view, size(), "one").await;
    viewer.until("one").await;
    let burst = 2 * limits::REPAINT_HZ_MAX;
    for _ in 0..burst {
        viewer.say(&ToRoot::Repaint).await;
        assert!(matches!(viewer.next().await, ToClient::Frame(_)));
    }
    viewer.say(&ToRoot::Repaint).await;
    let ToClient::Later(Later { after_ms }) = viewer.next().await else { panic!("it may not") };
    assert!((1..=1000 / limits::REPAINT_HZ_MAX).contains(&after_ms), "{after_ms} ms");
    // The key that asks for the same is bound by it, and the time told is enough.
    viewer.say(&ToRoot::Key(Key::Char('r'))).await;
    assert!(matches!(viewer.next().await, ToClient::Later(_)));
    pass(after_ms).await;
    viewer.say(&ToRoot::Repaint).await;
    assert!(matches!(viewer.next().await, ToClient::Frame(_)));
    // Nothing of it is a matter of others, nor of what is drawn.
    worker.show(view, size(), "two").await;
    viewer.until("two").await;
    world.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_client_that_does_not_know_the_answer_gets_none() {
    let mut world = World::new();
    let mut worker = world.live_worker().await;
    let mut viewer = world.connect().await;
    viewer.say(&ToRoot::Hello(Box::new(attach::Hello { waits: false, ..greeting(SIZE.0, SIZE.1) }))).await;
    let (view, _) = worker.subscribed().await;
    worker.show(view, size(), "one").await;
    viewer.until("one").await;
    for _ in 0..100 {
        viewer.say(&ToRoot::Repaint).await;
    }
    worker.show(view, size(), "two").await;
    viewer.until("two").await;
    viewer.say(&ToRoot::Ping).await;
    while !matches!(viewer.next().await, ToClient::Pong) {}
    world.stop().await;
}

#[tokio::test]
async fn who_pushes_more_chunks_than_the_tenant_takes_is_put_off_by_milliseconds() {
    let mut world = World::configured(|folder| {
        fs::create_dir(folder.join("config")).unwrap();
        fs::write(main(folder), "[tenants.default]\npush = 2\n").unwrap();
        beginning(folder)
    });
    let mut worker = world.live_worker().await;
    let mut pusher = world.connect().await;
    let hello = PushHello { version: attach::VERSION, build: "test".to_owned(), tenant: String::new() };
    pusher.say(&ToRoot::Push(hello)).await;
    assert!(matches!(pusher.next().await, ToClient::PushWelcome(_)));
    let mut number = 1;
    let later = loop {
        pusher.say(&ToRoot::Chunk(Chunk { number, lines: "x\n".to_owned().into() })).await;
        // Either it is handed over, or it is answered for by root.
        tokio::select! {
            said = worker.next() => {
                let ToWorker::Push { pusher: id, number, .. } = said else { panic!("{said:?}") };
                let pushed = Pushed { pusher: id, number, accepted: 1, rejected: 0, faults: Vec::new() };
                worker.say(&feed::ToRoot::Pushed(pushed)).await;
            }
            said = pusher.next() => match said {
                ToClient::PushLater(later) => break later,
                other => panic!("{other:?}"),
            },
        }
        assert!(matches!(pusher.next().await, ToClient::PushTaken(_)));
        number += 1;
    };
    assert!(number > 2, "a burst is taken");
    assert!((1..=500).contains(&later.after_ms) && !later.unknown, "{later:?}");
    assert_eq!(later.why, "more chunks a second than the 2 that may be pushed into default");
    assert_eq!((later.number, later.credit), (number, 1), "it is to be sent again");
    pass(later.after_ms).await;
    pusher.say(&ToRoot::Chunk(Chunk { number, lines: "x\n".to_owned().into() })).await;
    assert!(matches!(worker.next().await, ToWorker::Push { number: sent, .. } if sent == number));
    assert_eq!(status(&world).await.workers[0].chunks_limited, 1);
    world.stop().await;
}
