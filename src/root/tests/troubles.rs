//! What operators and viewers are told of trouble, and what not.

use std::time::Duration;

use super::harness::{Puppet, World};
use super::log::Log;
use super::{SIZE, size};
use crate::admin::client;
use crate::base::Size;
use crate::runtime::timer;
use crate::wire::attach::{ToClient, ToRoot as FromViewer};
use crate::wire::feed::{ToRoot, ToWorker};

const SECOND: Duration = Duration::from_secs(1);

async fn readiness(world: &World) -> (u16, String) {
    let answer = client::get("/readyz", &world.admin()).await.unwrap();
    (answer.code, String::from_utf8_lossy(&answer.body).into_owned())
}

#[tokio::test(start_paused = true)]
async fn a_worker_that_hangs_is_logged_once_and_so_is_its_end() {
    let (log, _guard) = Log::listen();
    let mut world = World::new();
    let mut worker = world.live_worker().await;
    let mut viewer = world.viewer(60, 5).await;
    let (view, _) = worker.subscribed().await;
    worker.show(view, Size::clamped(60, 5), "picture").await;
    let _next = world.worker().await;
    viewer.until("worker died, restarting").await;
    assert_eq!((log.count("worker hangs"), log.count("worker died")), (1, 1));
    assert_eq!(log.count("worker is late with an answer"), 1, "before it was given up");
    let (code, text) = readiness(&world).await;
    assert!(code == 503 && text.contains("does not answer, although it could"), "{text}");
    world.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_root_that_stood_still_blames_no_worker_for_it() {
    let (log, _guard) = Log::listen();
    let mut world = World::new();
    let mut worker = world.live_worker().await;
    let mut viewer = world.viewer(SIZE.0, SIZE.1).await;
    let (view, _) = worker.subscribed().await;
    worker.show(view, size(), "picture").await;
    viewer.until("picture").await;
    worker.expect_credit(view).await;
    let Some(ToWorker::Ping { nonce, .. }) = worker.try_next().await else { panic!("no ping") };
    // Nobody runs for a while: the machine slept.
    tokio::time::advance(60 * SECOND).await;
    assert!(world.no_worker_for(SECOND / 4).await);
    worker.say(&ToRoot::Pong { nonce }).await;
    worker.show(view, size(), "another").await;
    viewer.until("another").await;
    let said = String::from_utf8_lossy(&viewer.received).into_owned();
    assert!(!said.contains("worker"), "{said}");
    assert_eq!(log.count("worker hangs"), 0);
    world.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_death_is_logged_before_its_successor_and_stopping_once() {
    let (log, _guard) = Log::listen();
    let mut world = World::new();
    world.live_worker().await.die("was killed by signal 9");
    world.live_worker().await;
    let text = log.text();
    let (died, started) = (text.find("worker died").unwrap(), text.rfind("worker started").unwrap());
    assert!(died < started, "{text}");
    assert!(text.contains("retry_in_ms=0"), "{text}");
    world.stop().await;
    assert_eq!(log.count("daemon stopping"), 1);
}

#[tokio::test(start_paused = true)]
async fn a_fault_that_was_got_over_is_no_reason_for_what_comes_later() {
    let mut world = World::new();
    world.live_worker().await.die("was killed by signal 9");
    let mut second = world.worker().await;
    let (code, text) = readiness(&world).await;
    assert!(code == 503 && text.contains("was killed by signal 9"), "{text}");
    second.agree().await;
    let mut viewer = world.viewer(SIZE.0, SIZE.1).await;
    let (view, _) = second.subscribed().await;
    second.show(view, size(), "picture").await;
    viewer.until("picture").await;
    let (code, text) = readiness(&world).await;
    assert!(code == 200 && !text.contains("signal 9"), "{text}");
    let answer = client::get("/api/v1/status", &world.admin()).await.unwrap();
    let status: serde_json::Value = serde_json::from_slice(&answer.body).unwrap();
    assert_eq!(status["workers"][0]["last_fault"], "it was killed by signal 9", "the status keeps it");
    world.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_new_size_during_trouble_does_not_forget_how_old_the_last_frame_is() {
    let mut world = World::new();
    let mut worker = world.live_worker().await;
    let mut viewer = world.viewer(60, 5).await;
    let (view, _) = worker.subscribed().await;
    worker.show(view, Size::clamped(60, 5), "picture").await;
    viewer.until("picture").await;
    worker.die("was killed by signal 9");
    let _mute = world.worker().await;
    viewer.until("last frame 2 s old").await;
    viewer.screen = super::harness::blank(70, 6);
    viewer.say(&FromViewer::Resize(Size::clamped(70, 6))).await;
    loop {
        if let ToClient::Spec(spec) = viewer.next().await {
            assert_eq!(spec.size, Size::clamped(70, 6));
            break;
        }
    }
    viewer.received.clear();
    viewer.until("worker died").await;
    viewer.until(" s old").await;
    assert!(!String::from_utf8_lossy(&viewer.received).contains("no frame yet"), "{}", viewer.text());
    assert!(!viewer.text().contains("picture"), "the old size's picture is gone");
    world.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_worker_that_owes_an_answer_keeps_nobody_busy_while_the_daemon_ends() {
    let mut world = World::new();
    let mut worker = world.live_worker().await;
    // A second on, it is asked, and does not answer.
    let Some(ToWorker::Ping { .. }) = worker.try_next().await else { panic!("no ping") };
    world.orders.stop().await;
    // Were root to turn without a pause, no time would ever pass here.
    super::harness::patiently("root ends", &mut world.root).await.expect("no panic").expect("no error");
    drop(worker);
}

#[tokio::test(start_paused = true)]
async fn a_view_whose_viewers_take_nothing_is_not_drawn_ahead_of_them() {
    // With a credit that goes back with what is said next, and without.
    for begins_with in [0, 1] {
        hold(begins_with).await;
    }
}

async fn hold(begins_with: u32) {
    let mut world = World::new();
    let mut worker = world.live_worker().await;
    let wide = Size::clamped(900, 5);
    let mut viewer = world.viewer(wide.cols(), wide.rows()).await;
    let (view, _) = worker.subscribed().await;
    for _ in 0..begins_with {
        worker.show(view, wide, "short").await;
        viewer.until("short").await;
    }
    // Until nothing more goes into its socket.
    let mut text = String::new();
    for turn in 0_u32.. {
        text = format!("{turn:05}{}", char::from(b'a' + (turn % 26) as u8).to_string().repeat(890));
        worker.show(view, wide, &text).await;
        match timer::timeout(Duration::from_millis(50), worker.next()).await {
            Ok(ToWorker::Hold { view: held }) => {
                assert_eq!(held, view);
                break;
            }
            // They come together, and none with a hold.
            Ok(said) => {
                assert_eq!(said, ToWorker::Credit { view });
                worker.expect_credit(view).await;
            }
            Err(_) => {}
        }
    }
    viewer.until(&text[..5]).await;
    // What is given back then is said at once.
    let given_back = timer::timeout(Duration::from_millis(50), worker.expect_credit(view)).await;
    assert!(given_back.is_ok(), "it waits");
    world.stop().await;
}

/// Answers root's questions and takes its credits; what else it says.
async fn answer(worker: &mut Puppet) -> ToWorker {
    loop {
        let said = worker.next().await;
        if !matches!(said, ToWorker::Credit { .. }) {
            return said;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_worker_that_draws_all_the_time_is_not_asked_in_between() {
    let mut world = World::new();
    let mut worker = world.live_worker().await;
    let mut viewer = world.viewer(SIZE.0, SIZE.1).await;
    let (view, _) = worker.subscribed().await;
    let mut asked = Vec::new();
    for (span, turns) in [(SECOND / 10, 50), (SECOND / 4, 20)] {
        let before = worker.pings;
        for turn in 0..turns {
            tokio::select! {
                is_well = world.no_worker_for(span) => assert!(is_well, "this one is well"),
                said = answer(&mut worker) => panic!("{said:?}"),
            }
            let text = format!("{turn} after {span:?}");
            worker.show(view, size(), &text).await;
            viewer.until(&text).await;
        }
        asked.push(worker.pings - before);
    }
    assert!((4..=6).contains(&asked[0]), "once a second: {asked:?}");
    assert!((18..=26).contains(&asked[1]), "also 200 ms after each picture: {asked:?}");
    world.stop().await;
}
