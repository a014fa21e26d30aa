//! How many watch, in the status lines of those who do.

use super::*;

const OTHER: ViewId = ViewId(2);

async fn told(root: &mut Root, board: &str, viewers: u32) {
    root.send(ToWorker::Viewers { board: board.to_owned(), viewers }).await;
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
    // Away from whole seconds, at which clocks move.
    let into_second = Duration::from_millis(wall().0.rem_euclid(1_000).unsigned_abs());
    take(&mut root, &mut screens, SECOND - into_second + SECOND / 3).await;
    told(&mut root, &still.board, 3).await;
    // The other one's clock moves at a second of its own.
    let of_board = |drawn: Vec<ViewId>| drawn.into_iter().filter(|view| *view == VIEW).count();
    assert_eq!(of_board(take(&mut root, &mut screens, SECOND / 3).await), 1);
    assert!(screens[0].1.text().contains("3 viewers"), "{}", screens[0].1.text());
    told(&mut root, &still.board, 3).await;
    told(&mut root, "another", 9).await;
    assert_eq!(of_board(take(&mut root, &mut screens, SECOND / 10).await), 0);
    assert!(!screens[1].1.text().contains("viewer"), "{}", screens[1].1.text());
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
