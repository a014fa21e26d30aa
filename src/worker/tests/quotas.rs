//! Pictures under a cap: how many there are, whose turn it is, and what is said of it.

use std::collections::BTreeMap as Map;

use super::*;
use crate::wire::feed::FileKind;

/// What root tells this tenant's worker of its caps.
fn terms(caps: &str) -> ConfigFile {
    let bytes = format!("[tenants.default]\n{caps}\n").into_bytes();
    ConfigFile { kind: FileKind::Settings, name: "unblink.toml".to_owned(), bytes }
}

/// A board that asks for many pictures a second, of data that changes all the time.
fn fast(name: &str) -> ConfigFile {
    let text = "refresh_hz = 50\n[panel.load]\nchart = \"facts\"\n\
                rows = [{ name = \"load\", value = \"host_load1\" }]\n[layout]\ncolumn = [\"load\"]\n";
    ConfigFile { kind: FileKind::Board, name: format!("/c/boards.d/{name}.toml"), bytes: text.as_bytes().to_vec() }
}

/// A worker with this cap and some views of different sizes, which changes happen to for that long; its frames by view.
async fn run(caps: &str, boards: &[&str], span: Duration) -> (Root, Map<ViewId, u64>, String) {
    let mut root = Root::ready().await;
    let files: Vec<ConfigFile> = [terms(caps)].into_iter().chain([fast("a"), fast("b")]).collect();
    root.commit(2, &files).await;
    let mut screen = Screen::new(Size::clamped(100, 10));
    for (number, board) in (0_u16..).zip(boards) {
        let size = Size::clamped(100, 10 + number);
        let spec = ViewSpec { board: (*board).to_owned(), size, ..root.spec() };
        root.send(ToWorker::Subscribe { view: ViewId(u64::from(number) + 1), spec }).await;
    }
    let mut frames = Map::new();
    let end = clock::mono() + span;
    let mut value = 0.0;
    while clock::mono() < end {
        value += 1.0;
        root.sample(value).await;
        while let Some(heard) = root.hear_within(A_MOMENT).await {
            let Heard::Frame(frame) = heard else { panic!("{heard:?}") };
            root.send(ToWorker::Credit { view: frame.view }).await;
            if frame.view == VIEW {
                screen.take(&frame);
            }
            *frames.entry(frame.view).or_default() += u64::from(frame.base != Version::NONE || frame.version.0 == 1);
        }
    }
    let text = screen.text();
    (root, frames, text)
}

#[tokio::test(start_paused = true)]
async fn a_tenants_views_have_no_more_pictures_than_its_cap_and_each_has_its_turn() {
    let (root, frames, text) = run("refresh = 20", &["a", "b", "a", "b"], 10 * SECOND).await;
    let all: u64 = frames.values().sum();
    assert!((150..=20 + 20 * 10).contains(&all), "{all} pictures in ten seconds at 20 Hz");
    assert_eq!(frames.len(), 4);
    let (least, most) = (frames.values().min().unwrap(), frames.values().max().unwrap());
    assert!(most - least <= most / 4 + 2, "{frames:?}");
    assert!(text.contains("limited to 20/s"), "{text}");
    let status = root.status.expect("it told how it fares");
    let by_board: Map<&str, u64> = status.limited.iter().map(|row| (row.name.as_str(), row.count)).collect();
    assert_eq!(by_board.values().sum::<u64>(), status.frames_limited);
    assert!(by_board["a"] > 100 && by_board["b"] > 100, "{by_board:?}");
    assert_eq!(status.frames_late, 0, "a cap is no lateness");
}

#[tokio::test(start_paused = true)]
async fn a_boards_cap_is_its_own() {
    let (root, frames, _) = run("refresh_board = 5", &["a", "a", "b"], 10 * SECOND).await;
    let a = frames[&ViewId(1)] + frames[&ViewId(2)];
    let b = frames[&ViewId(3)];
    for pictures in [a, b] {
        assert!((40..=5 + 5 * 10).contains(&pictures), "{frames:?}");
    }
    assert!(root.status.expect("it told how it fares").frames_limited > 0);
}

#[tokio::test(start_paused = true)]
async fn a_key_is_answered_at_once_although_the_cap_is_reached() {
    let (mut root, _, _) = run("refresh = 20", &["a", "b", "a", "b"], 5 * SECOND).await;
    // Every key is another view of the one who presses it.
    for number in 0..5_u64 {
        let view = ViewId(100 + number);
        let size = Size::clamped(60 + u16::try_from(number).unwrap(), 12);
        root.send(ToWorker::Subscribe { view, spec: ViewSpec { board: "a".to_owned(), size, ..root.spec() } }).await;
        let begun = clock::mono();
        while root.frame().await.view != view {}
        assert!(clock::mono().since(begun) <= A_MOMENT, "key {number} waited");
    }
}

#[tokio::test(start_paused = true)]
async fn without_a_cap_nothing_is_limited() {
    let (root, frames, text) = run("", &["a"], 2 * SECOND).await;
    assert!(frames[&VIEW] > 60 && !text.contains("limited"), "{frames:?} {text}");
    assert_eq!(root.status.expect("it told how it fares").frames_limited, 0);
}
