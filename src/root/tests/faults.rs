//! What goes wrong: dead, slow and lying workers, rude and stalled viewers.

use std::time::Duration;

use super::harness::{Puppet, World, frame_of, hello, patiently, picture};
use super::{SIZE, size};
use crate::admin::client;
use crate::base::{Epoch, Size, Version, ViewId, limits};
use crate::encode::{Encoder, Encoding};
use crate::model::{Input, Key, ViewSpec};
use crate::wire::attach::{FarewellCode, ToRoot as FromViewer};
use crate::wire::feed::{self, Frame, Outcome, ToRoot, ToWorker};

const SECOND: Duration = Duration::from_secs(1);

/// How many workers of the tenant `default` ended of this, as Prometheus reads it.
async fn deaths(world: &World, cause: &str) -> u64 {
    let answer = client::get("/metrics", &world.admin()).await.unwrap();
    let page = String::from_utf8(answer.body.to_vec()).unwrap();
    let series = format!("unblink_worker_deaths_total{{tenant=\"default\",cause=\"{cause}\"}} ");
    page.lines().find_map(|line| line.strip_prefix(&series)?.parse().ok()).unwrap_or(0)
}

#[tokio::test(start_paused = true)]
async fn a_dead_worker_leaves_its_last_frame_under_a_banner_until_the_next_one_draws() {
    let mut world = World::new();
    let mut worker = world.live_worker().await;
    let wide = Size::clamped(60, 5);
    let mut viewer = world.viewer(60, 5).await;
    let (view, spec) = worker.subscribed().await;
    worker.show(view, wide, "last words").await;
    viewer.until("last words").await;
    worker.die("was killed by signal 9");

    // Root starts the next one at once; it takes its time.
    let mut next = world.worker().await;
    viewer.until("worker died, restarting").await;
    assert!(viewer.text().contains("last words"), "the frame stays: {}", viewer.text());
    viewer.until("last frame 2 s old").await;
    viewer.until("last frame 3 s old").await;
    next.agree().await;
    assert_eq!(next.epoch, Epoch(2));
    assert_eq!(next.subscribed().await, (view, spec), "the same view, told anew");
    next.show(view, wide, "alive").await;
    viewer.until("alive").await;
    assert!(!viewer.text().contains("died"), "{}", viewer.text());
    assert!(!viewer.text().contains("last"), "{}", viewer.text());
    world.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_worker_that_is_back_within_a_moment_shows_no_banner() {
    let mut world = World::new();
    let mut worker = world.live_worker().await;
    let mut viewer = world.viewer(SIZE.0, SIZE.1).await;
    let (view, _) = worker.subscribed().await;
    worker.show(view, size(), "before").await;
    viewer.until("before").await;
    worker.die("was killed by signal 11");
    let mut next = world.live_worker().await;
    next.subscribed().await;
    next.show(view, size(), "after").await;
    let bytes = frame_of(viewer.next().await);
    viewer.screen.process(&bytes);
    assert!(viewer.text().contains("after"), "the next frame and nothing in between: {}", viewer.text());
    world.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_process_that_takes_long_to_be_cleared_away_died_like_any_other() {
    let mut world = World::new();
    let worker = world.live_worker().await;
    let end = worker.hang_up();
    // Root ends it in the meantime, as it would one that lives on.
    let _next = world.live_worker().await;
    drop(end);
    assert_eq!((deaths(&world, "died").await, deaths(&world, "violation").await), (1, 0));
    world.stop().await;
}

#[tokio::test(start_paused = true)]
async fn who_comes_while_the_worker_is_down_gets_the_last_frame_or_words() {
    let mut world = World::new();
    let mut worker = world.live_worker().await;
    let mut viewer = world.viewer(SIZE.0, SIZE.1).await;
    let (view, _) = worker.subscribed().await;
    worker.show(view, size(), "picture").await;
    viewer.until("picture").await;
    worker.die("was killed by signal 9");
    let _silent = world.worker().await;
    viewer.until("worker died").await;
    // The last viewer leaves: the frame has to outlive it.
    drop(viewer);
    let mut back = world.viewer(SIZE.0, SIZE.1).await;
    back.until("worker died").await;
    assert!(back.text().contains("picture"), "{}", back.text());
    let mut other = world.viewer(60, 7).await;
    other.screen.process(b"what the shell left behind");
    other.until("worker died, restarting · no frame yet").await;
    assert!(!other.text().contains("shell"), "{}", other.text());
    world.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_worker_that_goes_on_dying_is_started_ever_more_slowly_and_never_given_up() {
    let mut world = World::new();
    world.worker().await.die("exited with code 1");
    world.worker().await.die("exited with code 1");
    assert!(world.no_worker_for(Duration::from_millis(49)).await, "the second death in a row costs a pause");
    for _ in 0..6 {
        world.worker().await.die("exited with code 1");
    }
    assert!(world.no_worker_for(SECOND).await);
    let worker = world.live_worker().await;
    assert_eq!(worker.epoch, Epoch(9));
    world.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_worker_that_does_not_prepare_in_time_is_ended_and_the_next_one_started() {
    let mut world = World::new();
    let mut mute = world.worker().await;
    mute.greet().await;
    assert!(matches!(mute.next().await, ToWorker::Prepare { .. }));
    let mut next = world.worker().await;
    while let Some(said) = mute.try_next().await {
        assert!(matches!(said, ToWorker::Ping { .. }), "{said:?} to one that is given up");
    }
    next.agree().await;
    world.stop().await;
}

/// What a worker says of a view, as bytes on the feed.
type Lie = fn(ViewId) -> Vec<u8>;

/// Each lie of a worker, told after it drew once.
fn lies() -> Vec<(&'static str, Lie)> {
    fn frame(view: ViewId, epoch: u64, version: u64, base: u64, bytes: &[u8]) -> Vec<u8> {
        let (epoch, version, base) = (Epoch(epoch), Version(version), Version(base));
        ToRoot::Frame(Frame { view, epoch, version, base, bytes }).encode().to_vec()
    }
    fn good() -> Vec<u8> {
        let mut bytes = Vec::new();
        Encoder::new(Encoding::default()).keyframe(&picture(size(), "good"), &mut bytes);
        bytes
    }
    fn spec() -> ViewSpec {
        ViewSpec::new("default", "host", size())
    }
    vec![
        ("no message", |_| b"\x04\0\0\0\xff\xff\xff\xff".to_vec()),
        ("an endless message", |_| b"\xff\xff\xff\xff".to_vec()),
        ("a delta onto a version nobody has", |view| frame(view, 1, 3, 2, &good())),
        ("an old version", |view| frame(view, 1, 0, 0, &good())),
        ("a frame of another life", |view| frame(view, 2, 2, 0, &good())),
        ("a frame of a view that never was", |_| frame(ViewId(1 << 40), 1, 1, 0, &good())),
        ("a frame that sets the title", |view| frame(view, 1, 2, 1, b"\x1b[?2026h\x1b]0;owned\x07\x1b[0m\x1b[?2026l")),
        ("a frame beyond the screen", |view| frame(view, 1, 2, 1, b"\x1b[?2026h\x1b[900;1Hx\x1b[0m\x1b[?2026l")),
        ("a frame longer than any picture of its size", |view| {
            let moves = "\x1b[1;1H".repeat(limits::frame_bytes_max(size().cells()) / 6);
            frame(view, 1, 2, 0, format!("\x1b[?2026h{moves}x\x1b[m\x1b[?2026l").as_bytes())
        }),
        ("a frame too many", |view| {
            let replaced = (frame(view, 1, 2, 0, &good()), frame(view, 1, 2, 0, &good()));
            [replaced.0, replaced.1].concat()
        }),
        ("its status over and over", |_| {
            let status = ToRoot::Status(feed::WorkerStatus::default()).encode();
            status.repeat(limits::STATUS_BURST_MAX as usize + 1)
        }),
        ("an answer nobody asked for", |_| ToRoot::Pong { nonce: 99 }.encode().to_vec()),
        ("a second hello", |_| {
            let hello = feed::Hello { version: 1, build: String::new(), epoch: Epoch(1), tenant: String::new() };
            ToRoot::Hello(hello).encode().to_vec()
        }),
        ("boards nobody asked for", |_| {
            let outcome = Outcome::Accepted(super::harness::catalogue());
            ToRoot::Prepared { generation: 7, outcome }.encode().to_vec()
        }),
        ("a spec for a key nobody pressed", |_| {
            ToRoot::Spec { session: crate::base::SessionId(1), spec: spec() }.encode().to_vec()
        }),
    ]
}

#[tokio::test(start_paused = true)]
async fn a_lying_worker_is_ended_and_its_viewers_see_none_of_it() {
    for (lie, bytes) in lies() {
        let mut world = World::new();
        let mut worker = world.live_worker().await;
        let mut viewer = world.viewer(SIZE.0, SIZE.1).await;
        let (view, _) = worker.subscribed().await;
        worker.show(view, size(), "truth").await;
        viewer.until("truth").await;
        worker.say_raw(&bytes(view)).await;
        let mut next = world.live_worker().await;
        assert_eq!(next.epoch, Epoch(2), "after {lie}");
        next.subscribed().await;
        next.show(view, size(), "truth again").await;
        viewer.until("truth again").await;
        assert!(!viewer.received.windows(5).any(|bytes| bytes == b"owned"), "after {lie}");
        let answer = client::get("/api/v1/status", &world.admin()).await.unwrap();
        let status: serde_json::Value = serde_json::from_slice(&answer.body).unwrap();
        assert!(status["workers"][0]["last_fault"].is_string(), "after {lie}: {status}");
        assert_eq!((deaths(&world, "died").await, deaths(&world, "violation").await), (0, 1), "after {lie}");
        world.stop().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_worker_of_another_build_is_not_talked_to() {
    let mut world = World::new();
    let mut worker = world.worker().await;
    let ToWorker::Hello(hello) = worker.next().await else { panic!("no hello") };
    worker.say(&ToRoot::Hello(feed::Hello { build: "other".to_owned(), ..hello })).await;
    assert_eq!(worker.try_next().await, None);
    assert_eq!(world.live_worker().await.epoch, Epoch(2));
    world.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_late_frame_of_a_view_that_is_gone_is_no_fault() {
    let mut world = World::new();
    let mut worker = world.live_worker().await;
    let viewer = world.viewer(SIZE.0, SIZE.1).await;
    let (view, _) = worker.subscribed().await;
    drop(viewer);
    assert_eq!(worker.next().await, ToWorker::Unsubscribe { view });
    worker.show(view, size(), "too late").await;
    let mut viewer = world.viewer(SIZE.0, SIZE.1).await;
    let (again, _) = worker.subscribed().await;
    assert_ne!(again, view, "numbers are not used twice");
    worker.show(again, size(), "in time").await;
    viewer.until("in time").await;
    world.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_worker_that_refuses_its_configuration_says_so_on_the_screens() {
    let mut world = World::new();
    let mut worker = world.worker().await;
    worker.greet().await;
    let ToWorker::Prepare { generation, .. } = worker.next().await else { panic!("no prepare") };
    let complaint = crate::base::Diagnostic {
        file: "x.toml".to_owned(),
        line: 3,
        column: 1,
        message: "no such chart".to_owned(),
        remedy: String::new(),
        excerpt: String::new(),
    };
    worker.say(&ToRoot::Prepared { generation, outcome: Outcome::Refused(vec![complaint]) }).await;
    let mut viewer = world.viewer(60, 5).await;
    viewer.until("x.toml:3: no such chart").await;
    let answer = client::get("/readyz", &world.admin()).await.unwrap();
    assert_eq!(answer.code, 503);
    assert!(String::from_utf8_lossy(&answer.body).contains("x.toml:3: no such chart"));
    world.stop().await;
}

/// Answers the ping that comes next.
async fn answer_a_ping(worker: &mut Puppet) {
    loop {
        match worker.try_next().await.expect("root has not hung up") {
            ToWorker::Ping { nonce, .. } => return worker.say(&ToRoot::Pong { nonce }).await,
            said => worker.keep(said),
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_worker_that_stops_answering_is_ended_within_a_second_or_so_and_the_next_one_draws() {
    let mut world = World::new();
    let mut worker = world.live_worker().await;
    let mut viewer = world.viewer(SIZE.0, SIZE.1).await;
    let (view, _) = worker.subscribed().await;
    worker.show(view, size(), "picture").await;
    viewer.until("picture").await;
    worker.expect_credit(view).await;
    // It has long taken its configuration; then it answers nothing any more.
    for _ in 0..5 {
        answer_a_ping(&mut worker).await;
    }
    let hung_at = crate::sys::clock::mono();
    let mut next = world.worker().await;
    let span = crate::sys::clock::mono().since(hung_at);
    assert!(span <= Duration::from_millis(1_050), "{span:?}");
    assert!(viewer.text().contains("picture"));
    next.agree().await;
    let (view, _) = next.subscribed().await;
    next.show(view, size(), "another").await;
    viewer.until("another").await;
    world.stop().await;
}

#[tokio::test(start_paused = true)]
async fn one_that_nobody_watches_is_asked_once_a_second_only() {
    let mut world = World::new();
    let mut worker = world.live_worker().await;
    let mut asked = Vec::new();
    while asked.len() < 5 {
        if let Some(ToWorker::Ping { nonce, .. }) = worker.try_next().await {
            worker.say(&ToRoot::Pong { nonce }).await;
            asked.push(crate::sys::clock::mono());
        }
    }
    let spans: Vec<u128> = asked.windows(2).map(|pair| pair[1].since(pair[0]).as_millis()).collect();
    assert!(spans.iter().all(|span| (990..=1010).contains(span)), "{spans:?}");
    world.stop().await;
}

#[tokio::test(start_paused = true)]
async fn keys_pressed_while_the_worker_is_down_are_asked_of_the_next_one() {
    let mut world = World::new();
    let mut worker = world.live_worker().await;
    let mut viewer = world.viewer(SIZE.0, SIZE.1).await;
    worker.subscribed().await;
    viewer.say(&FromViewer::Key(Key::Char('x'))).await;
    assert!(matches!(worker.next().await, ToWorker::Input { .. }));
    worker.die("was killed by signal 9");
    let mut next = world.worker().await;
    viewer.say(&FromViewer::Key(Key::Char('y'))).await;
    viewer.until("worker died").await;
    next.agree().await;
    next.subscribed().await;
    let ToWorker::Input { input, .. } = next.next().await else { panic!("no key") };
    assert_eq!(input, Input::Key(Key::Char('y')), "the lost one is not asked again: it may be what killed the worker");
    world.stop().await;
}

#[tokio::test(start_paused = true)]
async fn rude_clients_are_told_why_and_others_notice_nothing() {
    let mut world = World::new();
    let mut worker = world.live_worker().await;
    let mut good = world.viewer(SIZE.0, SIZE.1).await;
    let (view, _) = worker.subscribed().await;
    for (bytes, expected) in [
        (&b"\xff\xff\xff\xff"[..], "longest allowed"),
        (&b"\x00\x00\x00\x00"[..], "empty message"),
        (&b"\x01\x00\x00\x00\x20"[..], "unknown kind 32"),
        (&b"\x02\x00\x00\x00\x01{"[..], "malformed"),
        (&FromViewer::Repaint.encode()[..], "no hello"),
    ] {
        let mut rude = world.connect().await;
        rude.say_raw(bytes).await;
        let (code, text) = rude.farewell().await;
        assert_eq!(code, FarewellCode::Protocol);
        assert!(text.contains(expected), "{text}");
    }
    let mut twice = world.viewer(SIZE.0, SIZE.1).await;
    twice.say(&hello(SIZE.0, SIZE.1)).await;
    assert_eq!(twice.farewell().await, (FarewellCode::Protocol, "a second hello came".to_owned()));
    worker.show(view, size(), "undisturbed").await;
    good.until("undisturbed").await;
    world.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_client_that_never_says_hello_is_sent_away() {
    let mut world = World::new();
    let _worker = world.live_worker().await;
    let mut silent = world.connect().await;
    let (code, text) = silent.farewell().await;
    assert_eq!(code, FarewellCode::Protocol);
    assert!(text.contains("no hello came within 5 s"), "{text}");
    world.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_is_not_admitted_is_told_so_and_nothing_else() {
    let mut world = World::admitting(|_| false);
    let _worker = world.live_worker().await;
    let mut viewer = world.connect().await;
    assert_eq!(viewer.farewell().await.0, FarewellCode::NotAllowed);
    assert_eq!(viewer.try_next().await, None);
    assert!(client::get("/healthz", &world.admin()).await.is_err());
    world.stop().await;
}

/// Draws until the viewer that does not read is full, and once more.
async fn fill(worker: &mut Puppet, view: ViewId, reader: &mut super::Viewer, wide: Size, rounds: usize) {
    for round in 0..rounds {
        let text: String = (0..wide.cols()).map(|x| char::from(b'a' + ((usize::from(x) + round) % 26) as u8)).collect();
        worker.show(view, wide, &format!("{round:05}{text}")).await;
        reader.until(&format!("{round:05}")).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_stalled_viewer_delays_nobody_and_then_sees_the_newest_frame() {
    let mut world = World::new();
    let mut worker = world.live_worker().await;
    let wide = Size::clamped(900, 5);
    let mut reader = world.viewer(900, 5).await;
    let mut stalled = world.viewer(900, 5).await;
    let (view, _) = worker.subscribed().await;
    let rounds = 200;
    fill(&mut worker, view, &mut reader, wide, rounds).await;
    let answer = client::get("/api/v1/status", &world.admin()).await.unwrap();
    let status: serde_json::Value = serde_json::from_slice(&answer.body).unwrap();
    assert_eq!(status["sessions"][0]["lag_versions"], 0, "{status}");
    assert!(status["sessions"][1]["lag_versions"].as_u64() > Some(50), "{status}");
    stalled.until(&format!("{:05}", rounds - 1)).await;
    world.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_viewer_that_is_stalled_for_good_does_not_hold_up_the_end() {
    let mut world = World::new();
    let mut worker = world.live_worker().await;
    let wide = Size::clamped(900, 5);
    let mut reader = world.viewer(900, 5).await;
    let stalled = world.viewer(900, 5).await;
    let (view, _) = worker.subscribed().await;
    fill(&mut worker, view, &mut reader, wide, 100).await;
    let began = crate::sys::clock::mono();
    world.orders.stop().await;
    assert_eq!(reader.farewell().await.0, FarewellCode::Stopping);
    worker.die("exited with code 0");
    patiently("root ends", &mut world.root).await.unwrap().unwrap();
    let took = crate::sys::clock::mono().since(began);
    assert!(took < limits::DRAIN_DEADLINE + SECOND, "{took:?}");
    drop(stalled);
}

#[tokio::test(start_paused = true)]
async fn a_worker_that_ignores_the_end_is_killed_after_the_deadline_and_at_once_the_second_time() {
    for second in [false, true] {
        let mut world = World::new();
        let _worker = world.live_worker().await;
        world.orders.stop().await;
        if second {
            world.orders.stop().await;
        }
        let before = crate::sys::clock::mono();
        let ended = patiently("root ends", &mut world.root).await.unwrap();
        let took = crate::sys::clock::mono().since(before);
        assert_eq!(took < SECOND, second, "{took:?}");
        assert!(took < limits::DRAIN_DEADLINE + SECOND, "{took:?}");
        assert_eq!(ended.is_err_and(|error| matches!(error, crate::root::RootError::Forced)), second);
    }
}

#[tokio::test(start_paused = true)]
async fn viewers_that_vanish_mid_frame_leave_nothing_behind() {
    let mut world = World::new();
    let mut worker = world.live_worker().await;
    let mut stays = world.viewer(SIZE.0, SIZE.1).await;
    let (view, _) = worker.subscribed().await;
    for round in 0..50 {
        let mut leaves = world.viewer(SIZE.0, SIZE.1).await;
        if round % 2 == 0 {
            // Half a message, then gone.
            leaves.say_raw(&hello(SIZE.0, SIZE.1).encode()[..10]).await;
        }
        drop(leaves);
        worker.show(view, size(), &format!("round {round}.")).await;
        stays.until(&format!("round {round}.")).await;
    }
    let left = async {
        loop {
            let answer = client::get("/api/v1/status", &world.admin()).await.unwrap();
            let status: serde_json::Value = serde_json::from_slice(&answer.body).unwrap();
            if status["sessions"].as_array().unwrap().len() == 1 {
                return status;
            }
        }
    };
    let status = patiently("all sessions but one end", left).await;
    assert_eq!(status["views"].as_array().unwrap().len(), 1);
    world.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_worker_that_cannot_be_started_is_tried_again() {
    use crate::root::{Launcher, Launchers, Parts, orders, run};
    let (told, mut starts) = tokio::sync::mpsc::unbounded_channel();
    let launchers = Launchers::new(move |_| {
        let (mut tries, told) = (0, told.clone());
        Launcher::Within(Box::new(move || {
            tries += 1;
            told.send(tries).unwrap();
            let (ours, theirs) = tokio::io::duplex(64);
            drop(theirs);
            (Box::new(ours), Box::pin(async { "never came up".to_owned() }))
        }))
    });
    let (order, waiting) = orders();
    let root = crate::runtime::spawn(
        "root",
        run(Parts { beginning: None, launchers, sockets: None, devices: 0, service: Default::default() }, waiting),
    );
    for expected in 1..=6 {
        assert_eq!(patiently("the next try", starts.recv()).await, Some(expected));
    }
    drop(order);
    patiently("root ends without anybody to order it", root).await.unwrap().unwrap();
}
