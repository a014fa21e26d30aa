//! Boards that change while they are watched, and what is said of those that could not.

use super::*;
use crate::wire::feed::{Complaint, FileKind};

const OTHER: ViewId = ViewId(2);
/// Long enough for everything that is drawn at once, and no clock of a view steps meanwhile.
const BEAT: Duration = Duration::from_millis(20);

fn board(name: &str, words: &str) -> ConfigFile {
    let text = format!(
        "title = \"x\"\nrefresh_hz = 1\n[panel.a]\nchart = \"text\"\ntext = \"{words}\"\n[layout]\ncolumn = [\"a\"]\n"
    );
    ConfigFile { kind: FileKind::Board, name: format!("boards.d/{name}.toml"), bytes: text.into_bytes() }
}

fn watch(board: &str) -> ViewSpec {
    // Paused: nothing moves but what is told.
    ViewSpec { paused_at: Some(wall()), ..ViewSpec::new("default", board, Size::clamped(100, 10)) }
}

/// So many milliseconds into a second: clocks step at its beginning, views are drawn by themselves when they began.
async fn on_the(millisecond: u64) {
    let into = wall().0.rem_euclid(1000).unsigned_abs();
    pass(Duration::from_millis(1000 + millisecond - into)).await;
}

/// The frames within a while, taken by their screens.
async fn take(root: &mut Root, screens: &mut [(ViewId, Screen)], span: Duration) -> Vec<(ViewId, Version)> {
    let until = clock::mono() + span;
    let mut drawn = Vec::new();
    while let Some(Heard::Frame(frame)) = root.hear_within(until.since(clock::mono())).await {
        for (_, screen) in screens.iter_mut().filter(|(view, _)| *view == frame.view) {
            screen.take(&frame);
        }
        root.send(ToWorker::Credit { view: frame.view }).await;
        drawn.push((frame.view, frame.base));
    }
    drawn
}

/// A worker with two boards that are watched, each on its screen.
async fn two_boards() -> (Root, [(ViewId, Screen); 2]) {
    let mut root = Root::ready().await;
    on_the(20).await;
    root.commit(2, &[board("one", "first"), board("two", "second")]).await;
    root.send(ToWorker::Subscribe { view: VIEW, spec: watch("one") }).await;
    root.send(ToWorker::Subscribe { view: OTHER, spec: watch("two") }).await;
    let mut screens = [VIEW, OTHER].map(|view| (view, Screen::new(Size::clamped(100, 10))));
    take(&mut root, &mut screens, 2 * SECOND).await;
    on_the(500).await;
    take(&mut root, &mut screens, A_MOMENT).await;
    assert!(screens[0].1.text().contains("first") && screens[1].1.text().contains("second"));
    (root, screens)
}

#[tokio::test(start_paused = true)]
async fn a_board_that_changed_is_drawn_at_once_and_one_that_did_not_is_left_alone() {
    let (mut root, mut screens) = two_boards().await;
    root.commit(3, &[board("one", "another"), board("two", "second")]).await;
    let drawn = take(&mut root, &mut screens, BEAT).await;
    assert_eq!(drawn.len(), 1, "only the one that changed, although it refreshes once a second: {drawn:?}");
    assert!(drawn[0].0 == VIEW && drawn[0].1 != Version::NONE, "as what differs, not as a whole picture: {drawn:?}");
    assert!(screens[0].1.text().contains("another"), "{}", screens[0].1.text());
    root.commit(4, &[board("one", "another"), board("two", "second"), board("three", "third")]).await;
    assert_eq!(take(&mut root, &mut screens, BEAT).await, [], "a new board concerns nobody who watches another");
}

#[tokio::test(start_paused = true)]
async fn of_views_that_share_their_pictures_each_shows_the_board_that_changed() {
    let mut root = Root::ready().await;
    on_the(20).await;
    root.commit(2, &[board("one", "first")]).await;
    // Two spans of time, of which words show nothing.
    let other = ViewSpec { range_ms: watch("one").range_ms + 3_000, ..watch("one") };
    root.send(ToWorker::Subscribe { view: VIEW, spec: watch("one") }).await;
    root.send(ToWorker::Subscribe { view: OTHER, spec: other }).await;
    let mut screens = [VIEW, OTHER].map(|view| (view, Screen::new(Size::clamped(100, 10))));
    take(&mut root, &mut screens, 2 * SECOND).await;
    on_the(500).await;
    take(&mut root, &mut screens, A_MOMENT).await;
    assert!(screens.iter().all(|(_, screen)| screen.text().contains("first")));
    root.commit(3, &[board("one", "another")]).await;
    take(&mut root, &mut screens, 2 * SECOND).await;
    for (_, screen) in &screens {
        assert!(screen.text().contains("another"), "{}", screen.text());
    }
}

#[tokio::test(start_paused = true)]
async fn a_board_that_is_gone_is_said_to_be_and_comes_back() {
    let (mut root, mut screens) = two_boards().await;
    root.commit(3, &[board("two", "second")]).await;
    take(&mut root, &mut screens, BEAT).await;
    let text = screens[0].1.text();
    assert!(text.contains("no board is named \"one\"") && text.contains("there is: two"), "{text}");
    root.commit(4, &[board("two", "second"), board("one", "again")]).await;
    take(&mut root, &mut screens, BEAT).await;
    assert!(screens[0].1.text().contains("again"), "{}", screens[0].1.text());
}

#[tokio::test(start_paused = true)]
async fn a_complaint_is_shown_to_those_it_concerns_until_it_is_over() {
    let (mut root, mut screens) = two_boards().await;
    let complaint =
        |board: Option<&str>, text: &str| Complaint { board: board.map(str::to_owned), text: text.to_owned() };
    let lines = vec![complaint(Some("one"), "not applied: one.toml:3:1: a\u{1b}[31m"), complaint(Some("none"), "x")];
    root.send(ToWorker::Complaints(lines)).await;
    take(&mut root, &mut screens, 2 * SECOND).await;
    assert!(screens[0].1.text().contains("not applied: one.toml:3:1: a"), "{}", screens[0].1.text());
    assert!(!screens[1].1.text().contains("not applied"), "{}", screens[1].1.text());
    root.send(ToWorker::Complaints(vec![complaint(None, "not applied: unblink.toml")])).await;
    take(&mut root, &mut screens, 2 * SECOND).await;
    for (_, screen) in &screens {
        assert!(screen.text().contains("not applied: unblink.toml"), "{}", screen.text());
    }
    // Somebody who comes now is told, too.
    root.send(ToWorker::Subscribe { view: ViewId(3), spec: ViewSpec { focus: 1, ..watch("two") } }).await;
    let mut third = [(ViewId(3), Screen::new(Size::clamped(100, 10)))];
    take(&mut root, &mut third, BEAT).await;
    assert!(third[0].1.text().contains("not applied: unblink.toml"), "{}", third[0].1.text());
    root.send(ToWorker::Complaints(Vec::new())).await;
    take(&mut root, &mut screens, 2 * SECOND).await;
    for (_, screen) in &screens {
        assert!(!screen.text().contains("not applied"), "{}", screen.text());
    }
}

#[tokio::test(start_paused = true)]
async fn a_terminal_may_name_a_board_that_is_left_out() {
    let mut root = Root::ready().await;
    let settings = ConfigFile {
        kind: FileKind::Settings,
        name: "unblink.toml".to_owned(),
        bytes: b"[[terminal]]\ndevice = \"/dev/tty9\"\nboard = \"one\"\n".to_vec(),
    };
    let left_out = ConfigFile { kind: FileKind::LeftOut, bytes: Vec::new(), ..board("one", "") };
    let catalogue = root.commit(2, &[settings.clone(), left_out]).await;
    assert!(catalogue.boards.iter().all(|board| board.name != "one"));
    root.send(ToWorker::Prepare { generation: 3, files: vec![settings] }).await;
    assert!(matches!(root.hear().await, Heard::Prepared { outcome: Outcome::Refused(_), .. }));
}
