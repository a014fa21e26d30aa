//! What earlier workers died of: left alone and said so, until root says otherwise.

use super::*;
use crate::base::Trace;
use crate::machine::ledger::Step;
use crate::wire::feed::Resting;

const TRACE: Trace = Trace(0xabcd_1234);

fn resting(step: Step) -> ToWorker {
    ToWorker::LeaveAlone(vec![Resting { step, deaths: 2, ago_ms: 61_000, for_ms: 300_000, trace: TRACE }])
}

/// What the view shows once it shows, or no longer shows, some text.
async fn picture(root: &mut Root, screen: &mut Screen, text: &str, shown: bool) -> String {
    loop {
        let frame = root.frame().await;
        screen.take(&frame);
        root.send(ToWorker::Credit { view: VIEW }).await;
        if screen.text().contains(text) == shown {
            return screen.text();
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_panel_that_workers_died_of_is_not_drawn_until_root_says_so() {
    let mut root = Root::ready().await;
    let mut screen = Screen::new(root.spec().size);
    root.subscribe(VIEW).await;
    root.sample(1.0).await;
    let before = picture(&mut root, &mut screen, "memory", true).await;
    assert!(!before.contains("worker death"), "{before}");
    root.send(resting(Step::Panel { board: root.board.clone(), panel: 0 })).await;
    let text = picture(&mut root, &mut screen, "worker death", true).await;
    assert!(text.contains("memory") && text.contains(&TRACE.to_string()), "its neighbours are drawn:\n{text}");
    assert_eq!(text.matches("worker death").count(), 1, "{text}");
    assert!(text.contains("1m 0"), "the last one died a minute ago:\n{text}");
    root.send(ToWorker::LeaveAlone(Vec::new())).await;
    picture(&mut root, &mut screen, "worker death", false).await;
}

#[tokio::test(start_paused = true)]
async fn a_source_that_workers_died_of_does_not_run_until_root_says_so() {
    let mut root = Root::ready().await;
    let mut screen = Screen::new(root.spec().size);
    root.subscribe(VIEW).await;
    root.sample(1.0).await;
    picture(&mut root, &mut screen, "memory", true).await;
    assert!(root.rhythm.borrow_and_update().is_some());
    root.send(resting(Step::Source("host".to_owned()))).await;
    let text = picture(&mut root, &mut screen, "left alone", true).await;
    assert!(root.rhythm.borrow_and_update().is_none(), "it is stopped");
    assert!(text.contains("memory"), "its data stays:\n{text}");
    // What it had under way says nothing any more.
    root.sample(2.0).await;
    root.send(ToWorker::LeaveAlone(Vec::new())).await;
    root.sample(3.0).await;
    picture(&mut root, &mut screen, "left alone", false).await;
    assert!(root.rhythm.borrow().is_some(), "it runs again");
}

const TWO_SOURCES: &str = r#"
[sources.gateway]
kind = "command"
argv = ["/nonexistent/a"]
standby = "gateway-b"

[sources.gateway-b]
kind = "command"
argv = ["/nonexistent/b"]
"#;

const GATEWAY: &str = r#"
title = "gateway"

[panel.load]
chart = "facts"
title = "load"
source = "gateway"
rows = [{ name = "load", value = "gateway_load" }]

[layout]
column = ["load"]
"#;

async fn delivers(root: &mut Root, source: &'static str, name: &str, value: f64) {
    let at = wall();
    let sample = Sample { key: SeriesKey::plain(name), kind: Kind::Gauge, unit: Unit::None, at, value };
    let health = SourceHealth { state: SourceState::Good, last_good: Some(at), interval_ms: 1000 };
    let update = Update { source: source.into(), samples: vec![sample], entries: Vec::new(), left_out: 0, health };
    root.updates.send(update).await.expect("the worker takes samples");
}

#[tokio::test(start_paused = true)]
async fn another_source_stands_in_for_one_that_rests() {
    let mut root = Root::ready().await;
    let file = |kind, name: &str, text: &str| ConfigFile { kind, name: name.to_owned(), bytes: text.into() };
    let files = [
        file(feed::FileKind::Settings, "unblink.toml", TWO_SOURCES),
        file(feed::FileKind::Board, "boards.d/gateway.toml", GATEWAY),
    ];
    root.commit(2, &files).await;
    root.board = "gateway".to_owned();
    let mut screen = Screen::new(root.spec().size);
    root.subscribe(VIEW).await;
    delivers(&mut root, "gateway", "gateway_load", 711.0).await;
    delivers(&mut root, "gateway-b", "gateway_b_load", 722.0).await;
    picture(&mut root, &mut screen, "711", true).await;
    root.send(resting(Step::Source("gateway".to_owned()))).await;
    pass(SECOND).await;
    delivers(&mut root, "gateway-b", "gateway_b_load", 733.0).await;
    let text = picture(&mut root, &mut screen, "733", true).await;
    assert!(text.contains("gateway-b"), "and says so:\n{text}");
    root.send(ToWorker::LeaveAlone(Vec::new())).await;
    pass(SECOND).await;
    delivers(&mut root, "gateway", "gateway_load", 744.0).await;
    let text = picture(&mut root, &mut screen, "744", true).await;
    assert!(!text.contains("gateway-b"), "{text}");
}

#[tokio::test(start_paused = true)]
async fn what_the_daemon_tells_of_itself_may_rest_too() {
    let mut root = Root::ready().await;
    root.send(resting(Step::Source("unblink".to_owned()))).await;
    root.send(ToWorker::Ping { nonce: 1, vitals: Some(Vitals::default()) }).await;
    assert_eq!(root.hear().await, Heard::Pong(1));
    assert!(root.reports.borrow_and_update().is_none(), "it rests");
    root.send(ToWorker::LeaveAlone(Vec::new())).await;
    root.send(ToWorker::Ping { nonce: 2, vitals: Some(Vitals::default()) }).await;
    assert_eq!(root.hear().await, Heard::Pong(2));
    assert!(root.reports.borrow_and_update().is_some(), "it is asked again");
}
