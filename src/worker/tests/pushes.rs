//! What programs push, as root hands it over.

use super::*;
use crate::model::dataset::SourceState as Fares;
use crate::wire::feed::{CountRow, Fault, FileKind};

/// A board of one pushed series.
const BOARD: &str = r#"
title = "pushed"

[panel.orders]
chart = "facts"
title = "orders"
source = "push"
rows = [{ name = "orders", value = "orders" }, { name = "data", age = true }]

[layout]
column = ["orders"]
"#;

const PUSHER: SessionId = SessionId(5);

fn push(number: u64, lines: &str) -> ToWorker {
    ToWorker::Push { pusher: PUSHER, number, lines: lines.as_bytes().to_vec() }
}

fn line(series: &str, value: f64) -> String {
    format!("{{\"series\":\"{series}\",\"value\":{value}}}\n")
}

#[tokio::test(start_paused = true)]
async fn what_is_pushed_is_answered_counted_and_drawn() {
    let mut root = Root::ready().await;
    let board = ConfigFile { kind: FileKind::Board, name: "boards.d/pushed.toml".to_owned(), bytes: BOARD.into() };
    root.commit(2, &[board]).await;
    root.board = "pushed".to_owned();
    root.subscribe(VIEW).await;
    let mut screen = Screen::new(root.spec().size);
    let first = root.frame().await;
    screen.take(&first);
    assert!(screen.text().contains("waiting for push"), "{}", screen.text());
    root.send(ToWorker::Credit { view: VIEW }).await;
    root.send(push(1, &[line("orders", 421.0), "nonsense".to_owned()].concat())).await;
    let faults = vec![Fault { line: 2, why: "this is no JSON at column 2".to_owned() }];
    let pushed = Pushed { pusher: PUSHER, number: 1, accepted: 1, rejected: 1, faults };
    assert_eq!(root.hear().await, Heard::Pushed(pushed));
    let next = root.frame().await;
    screen.take(&next);
    assert!(screen.text().contains("421"), "{}", screen.text());
    root.pass(2 * SECOND).await;
    root.sample(2.0).await;
    root.pass(2 * SECOND).await;
    root.send(ToWorker::Ping { nonce: 1, vitals: Some(Vitals::default()) }).await;
    while root.hear().await != Heard::Pong(1) {}
    let status = root.status.expect("it tells its status");
    assert_eq!(status.samples_rejected, 1, "{status:?}");
    assert_eq!(status.push_rejected, [CountRow { name: "malformed".to_owned(), count: 1 }]);
}

#[tokio::test(start_paused = true)]
async fn a_ping_does_not_wait_for_the_chunks_before_it() {
    let mut root = Root::ready().await;
    let chunk = line("orders", 1.0).repeat(1_000);
    for number in 1..=limits::PUSHES_UNDER_WAY_MAX as u64 {
        root.send(push(number, &chunk)).await;
    }
    root.send(ToWorker::Ping { nonce: 9, vitals: Some(Vitals::default()) }).await;
    let mut heard = Vec::new();
    for _ in 0..=limits::PUSHES_UNDER_WAY_MAX {
        heard.push(match root.hear().await {
            Heard::Pong(nonce) => nonce * 100,
            Heard::Pushed(pushed) => pushed.number,
            other => panic!("{other:?}"),
        });
    }
    let pong = heard.iter().position(|number| *number == 900).expect("it is answered");
    assert!(pong <= 1, "one chunk at most goes first: {heard:?}");
    heard.remove(pong);
    assert_eq!(heard, (1..=limits::PUSHES_UNDER_WAY_MAX as u64).collect::<Vec<_>>(), "in their order");
}

#[tokio::test(start_paused = true)]
async fn more_chunks_than_there_may_be_or_chunks_before_their_time_end_the_worker() {
    let mut root = Root::silent();
    root.send(ToWorker::Hello(hello())).await;
    root.hear().await;
    root.send(push(1, "")).await;
    let error = root.end().await.expect_err("nothing is committed").to_string();
    assert_eq!(error, "root sent Push out of order: no boards are committed");
}

#[tokio::test(start_paused = true)]
async fn series_of_a_configured_source_cannot_be_pushed() {
    let mut root = Root::ready().await;
    let text = "[sources.disk]\nkind = \"file\"\npath = \"/nonexistent\"\n";
    let file = ConfigFile { kind: FileKind::Settings, name: "unblink.toml".to_owned(), bytes: text.into() };
    root.commit(2, &[file]).await;
    root.send(push(1, &[line("disk_free", 1.0), line("diskette", 1.0)].concat())).await;
    let Heard::Pushed(pushed) = root.hear().await else { panic!("no answer") };
    assert_eq!((pushed.accepted, pushed.rejected), (1, 1));
    assert_eq!(pushed.faults[0].why, "series of that name belong to another source");
}

#[tokio::test(start_paused = true)]
async fn what_is_pushed_after_the_clock_was_set_back_is_taken() {
    let mut root = Root::ready().await;
    root.send(push(1, &line("orders", 1.0))).await;
    assert!(matches!(root.hear().await, Heard::Pushed(Pushed { accepted: 1, .. })));
    // The same as a clock set back: data that lies ahead of it.
    let at = wall() + 60 * SECOND;
    let sample = Sample { key: SeriesKey::plain("host_load1"), kind: Kind::Gauge, unit: Unit::None, at, value: 1.0 };
    let health = SourceHealth { state: Fares::Good, last_good: Some(at), interval_ms: 120_000 };
    let update = Update { source: "host".into(), samples: vec![sample], entries: Vec::new(), left_out: 0, health };
    root.updates.send(update).await.expect("the worker takes samples");
    root.pass(A_MOMENT).await;
    root.send(push(2, &line("orders", 2.0))).await;
    assert!(matches!(root.hear().await, Heard::Pushed(Pushed { accepted: 1, .. })));
}
