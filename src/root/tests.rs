//! Root on real sockets, with a worker that the test plays itself.

mod asking;
mod capturing;
mod configuration;
mod faults;
mod harness;
mod log;
mod pushing;
mod recycling;
mod service;
mod tenants;
mod tree;
mod troubles;
mod vitals;

use std::time::Duration;

use harness::{Viewer, World, blank, greeting, hello, patiently};
pub use log::Log;

use super::*;
use crate::admin::client;
use crate::admin::status::Status;
use crate::base::Size;
use crate::event::COUNTERS;
use crate::model::spec::Theme;
use crate::model::{Act, Gesture, Input, Key, ViewSpec};
use crate::wire::attach::{FarewellCode, ToClient, ToRoot};
use crate::wire::feed::{self, ToWorker};

const SIZE: (u16, u16) = (40, 5);

fn size() -> Size {
    Size::clamped(SIZE.0, SIZE.1)
}

async fn answer_key(worker: &mut harness::Puppet, change: impl FnOnce(&mut ViewSpec)) -> Key {
    let mut said = worker.next().await;
    while matches!(said, ToWorker::Credit { .. }) {
        said = worker.next().await;
    }
    let ToWorker::Input { session, mut spec, input: Input::Key(key) } = said else { panic!("no key: {said:?}") };
    change(&mut spec);
    worker.say(&feed::ToRoot::Spec { session, spec }).await;
    key
}

#[tokio::test(start_paused = true)]
async fn a_viewer_sees_what_the_worker_draws_from_welcome_to_delta() {
    let mut world = World::new();
    let mut worker = world.live_worker().await;
    let mut viewer = world.connect().await;
    viewer.say(&hello(SIZE.0, SIZE.1)).await;
    let ToClient::Welcome(welcome) = viewer.next().await else { panic!("no welcome") };
    assert_eq!(welcome.version, attach_version());
    let ToClient::Spec(spec) = viewer.next().await else { panic!("no spec") };
    assert_eq!(spec, ViewSpec::new("default", "host", size()), "the first board, where none was named");
    let (view, subscribed) = worker.subscribed().await;
    assert_eq!(subscribed, spec);
    worker.show(view, size(), "one").await;
    viewer.until("one").await;
    worker.show(view, size(), "two").await;
    viewer.until("two").await;
    // It had none left.
    worker.expect_credit(view).await;
    worker.expect_credit(view).await;
    world.stop().await;
}

fn attach_version() -> u16 {
    crate::wire::attach::VERSION
}

#[tokio::test(start_paused = true)]
async fn equal_specs_are_one_view_and_the_last_viewer_takes_it_along() {
    let mut world = World::new();
    let mut worker = world.live_worker().await;
    let mut first = world.viewer(SIZE.0, SIZE.1).await;
    let mut second = world.viewer(SIZE.0, SIZE.1).await;
    let mut third = world.viewer(60, 5).await;
    let (view, _) = worker.subscribed().await;
    let (other, spec) = worker.subscribed().await;
    assert_eq!(spec.size, Size::clamped(60, 5));
    worker.show(view, size(), "shared").await;
    worker.show(other, spec.size, "alone").await;
    first.until("shared").await;
    second.until("shared").await;
    third.until("alone").await;
    drop(third);
    // What lay ready for others goes with what is said, and of a view that is gone nothing.
    worker.expect_credit(view).await;
    assert_eq!(worker.next().await, ToWorker::Unsubscribe { view: other });
    drop(first);
    worker.show(view, size(), "still here").await;
    second.until("still here").await;
    drop(second);
    assert_eq!(worker.next().await, ToWorker::Unsubscribe { view });
    world.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_key_moves_its_session_to_another_view_and_nobody_else() {
    let mut world = World::new();
    let mut worker = world.live_worker().await;
    let mut presser = world.viewer(SIZE.0, SIZE.1).await;
    let mut other = world.viewer(SIZE.0, SIZE.1).await;
    let (view, _) = worker.subscribed().await;
    worker.show(view, size(), "live").await;
    presser.until("live").await;
    other.until("live").await;
    presser.say(&ToRoot::Key(Key::Char('+'))).await;
    assert_eq!(answer_key(&mut worker, |spec| spec.range_ms = 30_000).await, Key::Char('+'));
    let (zoomed, spec) = worker.subscribed().await;
    assert_eq!(spec.range_ms, 30_000);
    worker.show(zoomed, size(), "zoomed").await;
    let ToClient::Spec(held) = presser.next().await else { panic!("the client holds its spec") };
    assert_eq!(held, spec);
    presser.until("zoomed").await;
    worker.show(view, size(), "live still").await;
    other.until("live still").await;
    world.stop().await;
}

#[tokio::test(start_paused = true)]
async fn each_key_goes_on_from_the_spec_of_the_one_before() {
    let mut world = World::new();
    let mut worker = world.live_worker().await;
    let mut viewer = world.viewer(SIZE.0, SIZE.1).await;
    worker.subscribed().await;
    for key in ['a', 'b', 'c'] {
        viewer.say(&ToRoot::Key(Key::Char(key))).await;
    }
    // The first one changes nothing and is answered all the same.
    assert_eq!(answer_key(&mut worker, |_| {}).await, Key::Char('a'));
    let second = answer_key(&mut worker, |spec| spec.range_ms += 1_000).await;
    assert_eq!(second, Key::Char('b'));
    worker.subscribed().await;
    assert!(matches!(worker.next().await, ToWorker::Unsubscribe { .. }));
    let ToWorker::Input { spec, input: Input::Key(key), .. } = worker.next().await else { panic!("no third key") };
    assert_eq!((key, spec.range_ms), (Key::Char('c'), 301_000));
    world.stop().await;
}

#[tokio::test(start_paused = true)]
async fn gestures_reach_the_worker_and_a_drag_that_goes_on_is_asked_about_once() {
    let mut world = World::new();
    let mut worker = world.live_worker().await;
    let mut viewer = world.viewer(SIZE.0, SIZE.1).await;
    worker.subscribed().await;
    let drag = |columns| Gesture { x: 3, y: 1, act: Act::Drag { columns } };
    // The first one is asked about at once; the others wait.
    for columns in [1, 2, 4] {
        viewer.say(&ToRoot::Mouse(drag(columns))).await;
    }
    viewer.say(&ToRoot::Key(Key::Char('a'))).await;
    // Once this is answered root has heard them all.
    viewer.say(&ToRoot::Ping).await;
    while viewer.next().await != ToClient::Pong {}
    for expected in [Input::Mouse(drag(1)), Input::Mouse(drag(6)), Input::Key(Key::Char('a'))] {
        let ToWorker::Input { session, spec, input } = worker.next().await else { panic!("no input") };
        assert_eq!(input, expected);
        worker.say(&feed::ToRoot::Spec { session, spec }).await;
    }
    world.stop().await;
}

#[tokio::test(start_paused = true)]
async fn an_answer_to_a_key_cannot_change_whose_screen_it_is() {
    let mut world = World::new();
    let mut worker = world.live_worker().await;
    let mut viewer = world.viewer(SIZE.0, SIZE.1).await;
    worker.subscribed().await;
    viewer.say(&ToRoot::Key(Key::Tab)).await;
    let change = |spec: &mut ViewSpec| {
        spec.board = "other".to_owned();
        spec.tenant = "somebody else's".to_owned();
        spec.size = Size::clamped(1, 1);
    };
    answer_key(&mut worker, change).await;
    let (_, spec) = worker.subscribed().await;
    assert_eq!(spec, ViewSpec::new("default", "other", size()));
    world.stop().await;
}

#[tokio::test(start_paused = true)]
async fn two_hundred_sizes_in_a_second_are_few_views_and_end_with_the_last_one() {
    let mut world = World::new();
    let mut worker = world.live_worker().await;
    let mut viewer = world.viewer(SIZE.0, SIZE.1).await;
    worker.subscribed().await;
    for cols in 1..=200 {
        viewer.say(&ToRoot::Resize(Size::clamped(cols, 7))).await;
        assert!(world.no_worker_for(Duration::from_millis(5)).await, "the worker lives");
    }
    let mut views = 0;
    loop {
        if let ToWorker::Subscribe { spec, .. } = worker.next().await {
            views += 1;
            if spec.size == Size::clamped(200, 7) {
                break;
            }
        }
    }
    assert!(views <= 27, "{views} views for one second of dragging");
    world.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_torn_screen_gets_a_keyframe_without_asking_the_worker() {
    let mut world = World::new();
    let mut worker = world.live_worker().await;
    let mut viewer = world.viewer(SIZE.0, SIZE.1).await;
    let (view, _) = worker.subscribed().await;
    worker.show(view, size(), "picture").await;
    viewer.until("picture").await;
    for said in [ToRoot::Repaint, ToRoot::Key(Key::Char('r'))] {
        viewer.screen = blank(80, 24);
        viewer.say(&said).await;
        viewer.until("picture").await;
    }
    viewer.screen = blank(80, 24);
    world.order(Order::RepaintAll).await;
    viewer.until("picture").await;
    // A storm of them is put off.
    let (before, storm) = (COUNTERS.repaints_put_off.get(), 2 * limits::REPAINT_ALL_HZ_MAX);
    for _ in 0..storm {
        world.order(Order::RepaintAll).await;
    }
    // No time passes meanwhile.
    let mut turns = 0;
    while COUNTERS.repaints_put_off.get() < before + u64::from(storm / 4) {
        turns += 1;
        assert!(turns < 100_000, "they are not put off");
        tokio::task::yield_now().await;
    }
    world.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_viewer_of_the_version_before_is_served_without_specs() {
    let mut world = World::new();
    let mut worker = world.live_worker().await;
    let mut viewer = world.connect().await;
    let old = crate::wire::attach::Hello { version: 1, ..greeting(SIZE.0, SIZE.1) };
    viewer.say(&ToRoot::Hello(Box::new(old))).await;
    let ToClient::Welcome(welcome) = viewer.next().await else { panic!("no welcome") };
    assert_eq!(welcome.version, 1);
    let (view, _) = worker.subscribed().await;
    worker.show(view, size(), "as before").await;
    assert!(matches!(viewer.next().await, ToClient::Frame(_)));
    // Nor is it sent the answer to a question it cannot have asked.
    viewer.say(&ToRoot::Ping).await;
    viewer.say(&ToRoot::Repaint).await;
    assert!(matches!(viewer.next().await, ToClient::Frame(_)));
    world.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_viewer_that_asks_is_answered_whether_or_not_there_is_a_worker() {
    let mut world = World::new();
    let _starting = world.worker().await;
    let mut viewer = world.viewer(SIZE.0, SIZE.1).await;
    viewer.say(&ToRoot::Ping).await;
    // Frames come before it, but not for ever.
    for _ in 0..100 {
        if viewer.next().await == ToClient::Pong {
            return world.stop().await;
        }
    }
    panic!("no answer");
}

#[tokio::test(start_paused = true)]
async fn versions_meet_at_the_lower_one_or_not_at_all() {
    let mut world = World::new();
    let _worker = world.live_worker().await;
    let mut newer = world.connect().await;
    newer.say(&ToRoot::Hello(Box::new(crate::wire::attach::Hello { version: 99, ..greeting(9, 9) }))).await;
    let ToClient::Welcome(welcome) = newer.next().await else { panic!("no welcome") };
    assert_eq!(welcome.version, attach_version());
    let mut ancient = world.connect().await;
    ancient.say(&ToRoot::Hello(Box::new(crate::wire::attach::Hello { version: 0, ..greeting(9, 9) }))).await;
    assert_eq!(ancient.farewell().await.0, FarewellCode::Version);
    world.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_board_that_is_not_there_is_answered_with_those_that_are() {
    let mut world = World::new();
    let _worker = world.live_worker().await;
    for (board, expected) in [
        ("hots", "there is no board \"hots\"; there are: host, other"),
        ("default/hots", "there is no board \"hots\"; there are: host, other"),
        ("theirs/host", "there is no tenant \"theirs\"; there is default"),
    ] {
        let mut viewer = world.connect().await;
        let asked = crate::wire::attach::Hello { board: Some(board.to_owned()), ..greeting(9, 9) };
        viewer.say(&ToRoot::Hello(Box::new(asked))).await;
        assert_eq!(viewer.farewell().await, (FarewellCode::NoSuchBoard, expected.to_owned()));
    }
    world.stop().await;
}

#[test]
fn descriptors_bound_the_viewers_and_leave_room_for_a_worker() {
    let reserved = limits::DESCRIPTORS_RESERVED as u64;
    for (descriptors, expected) in [(Some(0), 1), (Some(reserved + 30), 30)] {
        assert_eq!(descriptors_left(descriptors, 0), expected, "{descriptors:?}");
    }
    assert!(descriptors_left(None, 0) > limits::SESSIONS_MAX);
    let devices = 3 * limits::DEVICE_DESCRIPTORS as u64;
    assert_eq!(descriptors_left(Some(reserved + devices + 30), 3), 30);
}

#[tokio::test(start_paused = true)]
async fn a_view_too_many_cells_is_refused_and_the_others_stay() {
    let mut world = World::new();
    let mut worker = world.live_worker().await;
    let mut viewers = Vec::new();
    let refused = loop {
        let mut viewer = world.connect().await;
        viewer.say(&hello(1000, 500 - u16::try_from(viewers.len()).unwrap())).await;
        match viewer.next().await {
            ToClient::Welcome(_) => viewers.push(viewer),
            ToClient::Farewell(farewell) => break farewell,
            other => panic!("{other:?}"),
        }
        assert!(viewers.len() < 100, "nobody is refused");
        worker.subscribed().await;
    };
    assert_eq!(refused.code, FarewellCode::Full);
    assert!(refused.text.contains("32000000 cells"), "{}", refused.text);
    assert!(viewers.len() > 64, "{}", viewers.len());
    // A small one still fits, and whoever grows beyond the bound is told.
    let mut small = world.viewer(20, 5).await;
    let (view, spec) = worker.subscribed().await;
    worker.show(view, spec.size, "small").await;
    small.until("small").await;
    small.say(&ToRoot::Resize(Size::clamped(999, 500))).await;
    assert_eq!(small.farewell().await.0, FarewellCode::Full);
    let mut shared = world.connect().await;
    shared.say(&hello(1000, 500)).await;
    assert!(matches!(shared.next().await, ToClient::Welcome(_)), "a view that is shown already costs nothing");
    world.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_parameter_that_the_board_does_not_take_is_refused_by_name() {
    let mut world = World::new();
    let mut worker = world.live_worker().await;
    for (board, name, expected) in [
        ("host", "disk", "the board \"host\" has no parameter \"disk\"; it takes none"),
        ("other", "dusk", "the board \"other\" has no parameter \"dusk\"; it takes: disk, node"),
    ] {
        let mut viewer = world.connect().await;
        let params = [(name.to_owned(), "x".to_owned())].into();
        let asked = crate::wire::attach::Hello { board: Some(board.to_owned()), params, ..greeting(9, 9) };
        viewer.say(&ToRoot::Hello(Box::new(asked))).await;
        assert_eq!(viewer.farewell().await, (FarewellCode::NoSuchBoard, expected.to_owned()));
    }
    let mut viewer = world.connect().await;
    let params = [("node".to_owned(), "x".to_owned())].into();
    let asked = crate::wire::attach::Hello { board: Some("other".to_owned()), params, ..greeting(9, 9) };
    viewer.say(&ToRoot::Hello(Box::new(asked))).await;
    assert_eq!(worker.subscribed().await.1.params["node"], "x");
    world.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_spec_held_over_a_reconnect_goes_on_where_it_was() {
    let mut world = World::new();
    let mut worker = world.live_worker().await;
    let mut viewer = world.connect().await;
    let mut held = ViewSpec::new("default", "other", Size::clamped(10, 10));
    held.range_ms = 60_000;
    held.theme = Some(Theme::Mono);
    let again = crate::wire::attach::Hello {
        resume: Some(held.clone()),
        theme: Some(Theme::Light),
        ..greeting(SIZE.0, SIZE.1)
    };
    viewer.say(&ToRoot::Hello(Box::new(again))).await;
    let (_, spec) = worker.subscribed().await;
    assert_eq!(spec, ViewSpec { size: size(), ..held }, "the terminal's own size, for the rest as it was");
    world.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_viewer_brings_its_theme_and_one_without_sees_the_boards_own() {
    let mut world = World::new();
    let mut worker = world.live_worker().await;
    let mut viewers = Vec::new();
    for theme in [None, Some(Theme::HighContrast)] {
        let mut viewer = world.connect().await;
        let hello = crate::wire::attach::Hello { theme, ..greeting(SIZE.0, SIZE.1) };
        viewer.say(&ToRoot::Hello(Box::new(hello))).await;
        let (_, spec) = worker.subscribed().await;
        assert_eq!(spec.theme, theme);
        viewers.push(viewer);
    }
    world.stop().await;
}

#[tokio::test(start_paused = true)]
async fn whoever_asks_before_boards_are_known_waits_and_then_gets_them() {
    let mut world = World::new();
    let mut worker = world.worker().await;
    let mut viewer = world.viewer(SIZE.0, SIZE.1).await;
    let mut wrong = world.connect().await;
    let asked = crate::wire::attach::Hello { board: Some("hots".to_owned()), ..greeting(9, 9) };
    wrong.say(&ToRoot::Hello(Box::new(asked))).await;
    // Half a second without a word would leave the viewer in the dark.
    viewer.until("worker starting · no frame yet").await;
    worker.agree().await;
    let (view, spec) = worker.subscribed().await;
    assert_eq!(spec.board, "host");
    worker.show(view, size(), "drawn").await;
    viewer.until("drawn").await;
    assert!(!viewer.text().contains("starting"), "{}", viewer.text());
    assert_eq!(wrong.farewell().await.0, FarewellCode::NoSuchBoard);
    world.stop().await;
}

#[tokio::test(start_paused = true)]
async fn q_ends_the_session_and_bye_does_too() {
    let mut world = World::new();
    let mut worker = world.live_worker().await;
    let mut viewer = world.viewer(SIZE.0, SIZE.1).await;
    let (view, _) = worker.subscribed().await;
    viewer.say(&ToRoot::Key(Key::Char('q'))).await;
    assert_eq!(viewer.farewell().await.0, FarewellCode::Quit);
    assert_eq!(worker.next().await, ToWorker::Unsubscribe { view });
    let mut viewer = world.viewer(SIZE.0, SIZE.1).await;
    let (view, _) = worker.subscribed().await;
    viewer.say(&ToRoot::Bye).await;
    assert_eq!(worker.next().await, ToWorker::Unsubscribe { view });
    world.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_process_watches_its_own_root_without_any_socket() {
    let mut world = World::without_sockets();
    let mut worker = world.live_worker().await;
    let stream = world.orders.connect(None).unwrap();
    stream.set_nonblocking(true).unwrap();
    let mut viewer = Viewer::on(UnixStream::from_std(stream).unwrap());
    viewer.say(&hello(SIZE.0, SIZE.1)).await;
    let (view, _) = worker.subscribed().await;
    worker.show(view, size(), "at home").await;
    viewer.until("at home").await;
    world.stop().await;
}

#[tokio::test(start_paused = true)]
async fn the_admin_socket_tells_what_is_going_on() {
    let mut world = World::new();
    let answer = client::get("/readyz", &world.admin()).await.unwrap();
    assert_eq!(answer.code, 503);
    let mut worker = world.live_worker().await;
    let mut viewer = world.viewer(SIZE.0, SIZE.1).await;
    let (view, _) = worker.subscribed().await;
    worker.show(view, size(), "seen").await;
    viewer.until("seen").await;
    assert_eq!(client::get("/readyz", &world.admin()).await.unwrap().code, 200);
    let answer = client::get("/api/v1/status", &world.admin()).await.unwrap();
    let status: Status = serde_json::from_slice(&answer.body).unwrap();
    assert_eq!(status.root.pid, std::process::id());
    assert_eq!(status.root.generation, 1);
    let worker_row = &status.workers[0];
    assert_eq!((worker_row.tenant.as_str(), worker_row.epoch, worker_row.state.as_str()), ("default", 1, "ready"));
    let view_row = &status.views[0];
    assert_eq!((view_row.board.as_str(), view_row.size.as_str(), view_row.version), ("host", "40x5", 1));
    assert_eq!((status.sessions[0].kind.as_str(), status.sessions[0].view), ("attach", view_row.id));
    let doors = status.tree.find("doors").expect("there are doors");
    assert!(doors.find("accept-attach").is_some() && doors.find("accept-admin").is_some(), "{doors:?}");
    let boards = client::get("/api/v1/boards", &world.admin()).await.unwrap();
    let boards: serde_json::Value = serde_json::from_slice(&boards.body).unwrap();
    assert_eq!(boards["boards"][0]["name"], "host");
    assert_eq!(boards["boards"][0]["tenant"], "default");
    world.stop().await;
}

#[tokio::test(start_paused = true)]
async fn stopping_says_farewell_ends_the_worker_and_removes_the_sockets() {
    let mut world = World::new();
    let mut worker = world.live_worker().await;
    let mut viewer = world.viewer(SIZE.0, SIZE.1).await;
    let mut stranger = world.connect().await;
    worker.subscribed().await;
    world.orders.stop().await;
    assert_eq!(viewer.farewell().await.0, FarewellCode::Stopping);
    assert!(!world.attach().exists() && !world.admin().exists());
    while worker.try_next().await.is_some() {}
    assert!(!world.root.is_finished(), "it waits for the worker's end");
    worker.die("exited with code 0");
    patiently("root ends", &mut world.root).await.unwrap().unwrap();
    // It may have been turned away, or never have been accepted.
    while stranger.try_next().await.is_some() {}
}
