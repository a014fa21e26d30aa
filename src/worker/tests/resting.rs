//! What earlier workers died of: left alone and said so, until root says otherwise.

use super::*;
use crate::base::Trace;
use crate::machine::ledger::Step;
use crate::wire::feed::Resting;

const TRACE: Trace = Trace(0xabcd_1234);

fn resting(step: Step) -> ToWorker {
    ToWorker::LeaveAlone(vec![Resting { step, deaths: 2, for_ms: 300_000, trace: TRACE }])
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
