//! How many watch, in the status lines of those who do.

use super::*;

const OTHER: ViewId = ViewId(2);

async fn told(root: &mut Root, board: &str, viewers: u32) {
    root.send(ToWorker::Viewers { board: board.to_owned(), viewers }).await;
}

/// A moment after a whole minute: clocks, ages and time axes move on whole seconds, and not for a while.
async fn on_the_minute() {
    let into = wall().0.rem_euclid(60_000).unsigned_abs();
    pass(Duration::from_millis(60_100 - into)).await;
}

/// The frames of each view within a moment, taken by its screen.
async fn take(root: &mut Root, screens: &mut [(ViewId, Screen)], span: Duration) -> Vec<ViewId> {
    let until = clock::mono() + span;
    let mut drawn = Vec::new();
    while let Some(Heard::Frame(frame)) = root.hear_within(until.since(clock::mono())).await {
        for (_, screen) in screens.iter_mut().filter(|(view, _)| *view == frame.view) {
            screen.take(&frame);
        }
        root.send(ToWorker::Credit { view: frame.view }).await;
        drawn.push(frame.view);
    }
    drawn
}

#[tokio::test(start_paused = true)]
async fn a_new_number_redraws_the_views_of_its_board_and_no_other() {
    on_the_minute().await;
    let mut root = Root::ready().await;
    // Paused: nothing else moves but the clock.
    let still = ViewSpec { paused_at: Some(wall() - 7_200 * SECOND), size: Size::clamped(100, 10), ..root.spec() };
    told(&mut root, &still.board, 2).await;
    root.send(ToWorker::Subscribe { view: VIEW, spec: still.clone() }).await;
    let other = ViewSpec { board: "nowhere".to_owned(), ..still.clone() };
    root.send(ToWorker::Subscribe { view: OTHER, spec: other }).await;
    let size = still.size;
    let mut screens = [(VIEW, Screen::new(size)), (OTHER, Screen::new(size))];
    let drawn = take(&mut root, &mut screens, A_MOMENT).await;
    assert_eq!(drawn.len(), 2, "the first frames");
    assert!(screens[0].1.text().contains("2 viewers"), "told before the view was: {}", screens[0].1.text());
    assert!(!screens[1].1.text().contains("viewer"), "{}", screens[1].1.text());
    let status = |root: &Root| root.status.clone().map_or(0, |status| status.frames_drawn + status.frames_skipped);
    take(&mut root, &mut screens, 3 * SECOND).await;
    let before = status(&root);
    root.pass(SECOND / 3).await;
    told(&mut root, &still.board, 3).await;
    let drawn = take(&mut root, &mut screens, SECOND / 3).await;
    assert_eq!(drawn, [VIEW]);
    assert!(screens[0].1.text().contains("3 viewers"), "{}", screens[0].1.text());
    told(&mut root, &still.board, 3).await;
    told(&mut root, "another", 9).await;
    assert_eq!(take(&mut root, &mut screens, SECOND / 10).await, []);
    take(&mut root, &mut screens, SECOND).await;
    assert!(status(&root) > before);
    told(&mut root, &still.board, 0).await;
    take(&mut root, &mut screens, SECOND).await;
    assert!(!screens[0].1.text().contains("viewer"), "{}", screens[0].1.text());
}

#[tokio::test(start_paused = true)]
async fn numbers_of_more_boards_than_there_may_be_are_not_kept() {
    let mut root = Root::ready().await;
    for board in 0..limits::BOARDS_MAX {
        told(&mut root, &format!("b{board}"), 1).await;
    }
    let board = root.board.clone();
    told(&mut root, &board, 5).await;
    root.subscribe(VIEW).await;
    let mut screens = [(VIEW, Screen::new(root.spec().size))];
    take(&mut root, &mut screens, A_MOMENT).await;
    assert!(!screens[0].1.text().contains("5 viewers"));
    // One that is watched no more makes room.
    told(&mut root, "b7", 0).await;
    told(&mut root, &board, 6).await;
    take(&mut root, &mut screens, SECOND).await;
    assert!(screens[0].1.text().contains("6 viewers"), "{}", screens[0].1.text());
}

/// Another number of viewers than before, and what the worker made of it, as a source would tell it.
async fn pinged(root: &mut Root, own: &mut own::Own, viewers: u32) -> Report {
    let uptime_ms = (clock::mono().0 / 1_000_000).max(1);
    let vitals = Vitals { viewers, uptime_ms, ..Vitals::default() };
    root.send(ToWorker::Ping { nonce: u64::from(viewers), vitals: Some(vitals) }).await;
    assert_eq!(root.hear().await, Heard::Pong(u64::from(viewers)));
    let report = (*root.reports.borrow_and_update()).expect("a ping is reported");
    let at = wall();
    let samples = own.tell(&report, Default::default(), 5, clock::mono(), at);
    let update =
        Update { source: own::NAME.into(), samples, entries: Vec::new(), left_out: 0, health: own::health(at) };
    root.updates.send(update).await.expect("the worker takes it");
    report
}

#[tokio::test(start_paused = true)]
async fn what_a_ping_tells_stands_on_the_board_of_the_daemon_and_redraws_no_other() {
    on_the_minute().await;
    let mut root = Root::ready().await;
    let mut own = own::Own::new(clock::mono());
    // In one row of digits, without a line for the clock.
    let spec = ViewSpec { board: "unblink".to_owned(), size: Size::clamped(30, 2), ..root.spec() };
    root.send(ToWorker::Subscribe { view: VIEW, spec: spec.clone() }).await;
    let host = ViewSpec { size: Size::clamped(30, 2), focus: 1, ..root.spec() };
    root.send(ToWorker::Subscribe { view: OTHER, spec: host }).await;
    let mut screens = [(VIEW, Screen::new(spec.size)), (OTHER, Screen::new(spec.size))];
    take(&mut root, &mut screens, A_MOMENT).await;
    assert!(screens[0].1.text().contains("waiting for unblink"), "{}", screens[0].1.text());
    let first = pinged(&mut root, &mut own, 42).await;
    let drawn = take(&mut root, &mut screens, SECOND / 2).await;
    assert!(drawn.contains(&VIEW) && screens[0].1.text().contains("42"), "{}", screens[0].1.text());
    let frames = |report: Report| report.work.frames_drawn + report.work.frames_skipped;
    assert_eq!((first.vitals.viewers, frames(first)), (42, 2), "both views were drawn once");
    assert!(first.work.samples >= 4 && first.work.series >= 4, "{first:?}");
    // Nothing of the host's is new: its view is not even looked at.
    let before = pinged(&mut root, &mut own, 43).await;
    take(&mut root, &mut screens, 3 * SECOND / 10).await;
    let after = pinged(&mut root, &mut own, 44).await;
    let drawn = take(&mut root, &mut screens, 3 * SECOND / 10).await;
    // A keyframe may follow the frame.
    assert!(!drawn.is_empty() && drawn.iter().all(|view| *view == VIEW), "{drawn:?}");
    assert_eq!(frames(after) - frames(before), 1, "{before:?}, then {after:?}");
}

#[tokio::test(start_paused = true)]
async fn what_a_ping_tells_is_not_the_data_a_first_frame_waits_for() {
    let mut root = Root::silent();
    root.send(ToWorker::Hello(hello())).await;
    root.hear().await;
    root.commit(1, &[]).await;
    root.board = "host".to_owned();
    root.subscribe(VIEW).await;
    pinged(&mut root, &mut own::Own::new(clock::mono()), 1).await;
    assert_eq!(root.hear_within(state::FIRST_DATA_WAIT - A_MOMENT).await, None);
    root.sample(1.0).await;
    assert!(matches!(root.hear_within(A_MOMENT).await, Some(Heard::Frame(_))), "data is there");
}
