//! What is drawn, when, and for whom.

use super::*;

#[tokio::test(start_paused = true)]
async fn a_subscriber_gets_a_keyframe_first() {
    let mut root = Root::ready().await;
    root.subscribe(VIEW).await;
    let frame = root.frame().await;
    assert_eq!((frame.view, frame.version, frame.base), (VIEW, Version(1), Version::NONE));
    let mut screen = Screen::new(root.spec().size);
    screen.take(&frame);
    assert!(!screen.text().trim().is_empty());
}

#[tokio::test(start_paused = true)]
async fn deltas_lead_to_the_picture_a_keyframe_shows() {
    let mut root = Root::ready().await;
    root.subscribe(VIEW).await;
    let mut screen = Screen::new(root.spec().size);
    let mut version = Version::NONE;
    for turn in 0..20 {
        let frame = root.frame().await;
        assert_eq!((frame.base, frame.version), (version, version.next()), "an unbroken chain");
        version = frame.version;
        screen.take(&frame);
        // Nothing else for this version but perhaps a keyframe of it.
        if let Some(Heard::Frame(keyframe)) = root.hear_within(A_MOMENT).await {
            assert_eq!((keyframe.base, keyframe.version), (Version::NONE, version));
        }
        root.pass(root.refresh).await;
        root.sample(f64::from(turn) * 7.0).await;
        root.send(ToWorker::Credit { view: VIEW }).await;
    }
    // All credits are used up: what was sampled is shown within a second or so. Then both views are wanted in one instant.
    while let Some(Heard::Frame(frame)) = root.hear_within(2 * SECOND).await {
        if frame.base != Version::NONE {
            screen.take(&frame);
            root.sample(frame.version.0 as f64).await;
        }
    }
    root.sample(3.0).await;
    root.pass(2 * root.refresh).await;
    root.send(ToWorker::Credit { view: VIEW }).await;
    root.subscribe(ViewId(2)).await;
    let mut fresh = Screen::new(root.spec().size);
    while let Some(Heard::Frame(frame)) = root.hear_within(A_MOMENT).await {
        // The new one has a credit left, with which it moves on.
        match (frame.view == VIEW, frame.base == Version::NONE) {
            (true, false) => screen.take(&frame),
            (false, true) => fresh.take(&frame),
            _ => {}
        }
    }
    screen.assert_shows(&fresh, "deltas lead elsewhere");
}

#[tokio::test(start_paused = true)]
async fn nothing_is_drawn_without_credit() {
    let mut root = Root::ready().await;
    root.subscribe(VIEW).await;
    root.frame().await;
    root.pass(root.refresh).await;
    root.sample(0.5).await;
    assert_eq!(root.frame().await.version, Version(2), "a subscription gives two");
    for turn in 0..10 {
        root.pass(root.refresh).await;
        root.sample(f64::from(turn)).await;
    }
    assert_eq!(root.hear_within(SECOND).await, None);
    root.send(ToWorker::Credit { view: VIEW }).await;
    assert_eq!(root.frame().await.version, Version(3), "all that was missed is one version");
    root.pass(root.refresh).await;
    root.sample(50.0).await;
    let more = root.hear_within(SECOND).await;
    assert!(!matches!(&more, Some(Heard::Frame(frame)) if frame.base != Version::NONE), "one credit, one version");
}

#[tokio::test(start_paused = true)]
async fn a_view_that_is_held_uses_its_credits_when_one_is_given_back() {
    let mut root = Root::ready().await;
    root.subscribe(VIEW).await;
    root.frame().await;
    root.send(ToWorker::Hold { view: VIEW }).await;
    for turn in 0..10 {
        root.pass(root.refresh).await;
        root.sample(f64::from(turn)).await;
    }
    assert_eq!(root.hear_within(2 * SECOND).await, None);
    root.send(ToWorker::Credit { view: VIEW }).await;
    assert_eq!(root.frame().await.version, Version(2));
    // Of one that is gone it is no error.
    root.send(ToWorker::Hold { view: ViewId(99) }).await;
    root.pass(root.refresh).await;
    root.sample(50.0).await;
    let more = root.hear_within(2 * SECOND).await;
    assert!(matches!(&more, Some(Heard::Frame(frame)) if frame.version == Version(3)), "with the one it had: {more:?}");
    root.pass(root.refresh).await;
    root.sample(70.0).await;
    assert_eq!(root.hear_within(2 * SECOND).await, None, "that were two");
}

#[tokio::test(start_paused = true)]
async fn more_credits_than_there_are_count_for_nothing() {
    let mut root = Root::ready().await;
    root.subscribe(VIEW).await;
    root.frame().await;
    for _ in 0..5 {
        root.send(ToWorker::Credit { view: VIEW }).await;
    }
    let mut versions = Vec::new();
    for turn in 0..5 {
        root.pass(root.refresh).await;
        root.sample(f64::from(turn)).await;
        while let Some(Heard::Frame(frame)) = root.hear_within(A_MOMENT).await {
            versions.push(frame.version);
        }
    }
    versions.dedup();
    assert_eq!(versions, vec![Version(2), Version(3)]);
}

#[tokio::test(start_paused = true)]
async fn nothing_is_drawn_without_a_viewer() {
    let mut root = Root::ready().await;
    root.subscribe(VIEW).await;
    root.frame().await;
    root.send(ToWorker::Credit { view: VIEW }).await;
    root.send(ToWorker::Unsubscribe { view: VIEW }).await;
    // Too late, and no error.
    root.send(ToWorker::Credit { view: VIEW }).await;
    for turn in 0..10 {
        root.pass(SECOND).await;
        root.sample(f64::from(turn)).await;
    }
    assert_eq!(root.hear_within(SECOND).await, None);
    let status = root.status.clone().expect("samples were counted");
    assert_eq!((status.frames_drawn, status.frames_skipped), (1, 0), "not even drawn and thrown away");
}

#[tokio::test(start_paused = true)]
async fn a_view_is_drawn_at_most_at_its_boards_rate() {
    let mut root = Root::ready().await;
    root.subscribe(VIEW).await;
    root.frame().await;
    let start = clock::mono();
    let mut frames = 0_u32;
    for turn in 0..200 {
        root.send(ToWorker::Credit { view: VIEW }).await;
        root.pass(root.refresh / 20).await;
        root.sample(f64::from(turn)).await;
        while let Some(Heard::Frame(frame)) = root.hear_within(Duration::from_micros(1)).await {
            frames += u32::from(frame.base != Version::NONE);
        }
    }
    let slots = clock::mono().since(start).as_secs_f64() / root.refresh.as_secs_f64();
    assert!(f64::from(frames) <= slots + 1.0, "{frames} frames in {slots} slots");
    assert!(frames >= 5, "{frames} frames");
}

#[tokio::test(start_paused = true)]
async fn ages_move_although_no_data_comes() {
    let mut root = Root::ready().await;
    root.subscribe(VIEW).await;
    let mut screen = Screen::new(root.spec().size);
    screen.take(&root.frame().await);
    let mut seen = vec![screen.text()];
    for _ in 0..4 {
        root.send(ToWorker::Credit { view: VIEW }).await;
        let Some(Heard::Frame(frame)) = root.hear_within(60 * SECOND).await else { panic!("the age stands still") };
        screen.take(&frame);
        seen.push(screen.text());
    }
    seen.dedup();
    assert!(seen.len() >= 4, "{seen:#?}");
}

#[tokio::test(start_paused = true)]
async fn a_paused_view_is_drawn_once_a_second_for_its_age_and_not_for_samples() {
    let mut root = Root::ready().await;
    let start = clock::mono();
    let spec = ViewSpec { paused_at: Some(wall()), ..root.spec() };
    root.send(ToWorker::Subscribe { view: VIEW, spec }).await;
    root.frame().await;
    for turn in 0..40 {
        root.send(ToWorker::Credit { view: VIEW }).await;
        root.pass(SECOND / 2).await;
        root.sample(f64::from(turn)).await;
        while root.hear_within(A_MOMENT).await.is_some() {}
    }
    while root.hear_within(2 * SECOND).await.is_some() {}
    let seconds = clock::mono().since(start).as_secs();
    let status = root.status.clone().expect("samples were counted");
    let drawn = status.frames_drawn + status.frames_skipped;
    assert!(status.samples >= 160 && (15..=seconds + 2).contains(&drawn), "{status:?} in {seconds} s");
}

#[tokio::test(start_paused = true)]
async fn outgrown_deltas_are_replaced_by_a_keyframe_of_the_same_version() {
    let mut root = Root::ready().await;
    root.subscribe(VIEW).await;
    let first = root.frame().await;
    let mut screen = Screen::new(root.spec().size);
    screen.take(&first);
    let (mut keyframe_bytes, mut deltas, mut delta_bytes, mut replaced) = (first.bytes.len(), 0, 0, 0);
    for turn in 0..600 {
        root.send(ToWorker::Credit { view: VIEW }).await;
        root.pass(root.refresh).await;
        root.sample(f64::from(turn) * 13.0).await;
        while let Some(Heard::Frame(frame)) = root.hear_within(A_MOMENT).await {
            if frame.base == Version::NONE {
                assert!(limits::is_outgrown(keyframe_bytes, deltas, delta_bytes), "not before they outgrew it");
                let mut whole = Screen::new(root.spec().size);
                whole.take(&frame);
                whole.assert_shows(&screen, "it shows something else than the deltas led to");
                (keyframe_bytes, deltas, delta_bytes) = (frame.bytes.len(), 0, 0);
                replaced += 1;
            } else {
                let is_outgrown = limits::is_outgrown(keyframe_bytes, deltas, delta_bytes);
                assert!(!is_outgrown, "root's history would grow without end");
                screen.take(&frame);
                deltas += 1;
                delta_bytes += frame.bytes.len();
            }
        }
    }
    assert!(replaced >= 2, "replaced {replaced} times");
}

#[tokio::test(start_paused = true)]
async fn two_views_of_one_spec_show_the_same() {
    let mut root = Root::ready().await;
    root.subscribe(VIEW).await;
    root.subscribe(ViewId(2)).await;
    let (first, second) = (root.frame().await, root.frame().await);
    assert_eq!((first.view, second.view), (VIEW, ViewId(2)));
    assert_eq!(first.bytes, second.bytes);
}

#[tokio::test(start_paused = true)]
async fn a_key_changes_the_spec_of_its_own_session_and_no_view() {
    let mut root = Root::ready().await;
    root.subscribe(VIEW).await;
    root.frame().await;
    let spec = root.spec();
    for session in [SessionId(5), SessionId(6)] {
        root.send(ToWorker::Input { session, spec: spec.clone(), input: Input::Key(Key::Char('p')) }).await;
        let Heard::Spec { session: answered, spec: paused } = root.hear().await else { panic!("a spec is due") };
        assert_eq!(answered, session);
        assert!(paused.paused_at.is_some());
        assert_eq!(ViewSpec { paused_at: None, ..paused }, spec, "nothing else changed");
    }
    root.send(ToWorker::Credit { view: VIEW }).await;
    root.pass(root.refresh).await;
    root.sample(77.0).await;
    assert_eq!(root.frame().await.version, Version(2), "the view goes on");
}

#[tokio::test(start_paused = true)]
async fn a_key_that_changes_nothing_is_answered_too() {
    let mut root = Root::ready().await;
    let spec = root.spec();
    root.send(ToWorker::Input { session: SessionId(5), spec: spec.clone(), input: Input::Key(Key::Ctrl('z')) }).await;
    assert_eq!(root.hear().await, Heard::Spec { session: SessionId(5), spec });
}

#[tokio::test(start_paused = true)]
async fn a_first_frame_waits_for_the_first_data_but_not_for_long() {
    let mut root = Root::silent();
    root.send(ToWorker::Hello(hello())).await;
    root.hear().await;
    let catalogue = root.commit(1, &[]).await;
    root.board.clone_from(&catalogue.boards[0].name);
    root.subscribe(VIEW).await;
    assert_eq!(root.hear_within(state::FIRST_DATA_WAIT - A_MOMENT).await, None);
    assert!(root.hear_within(2 * A_MOMENT).await.is_some(), "a source that hangs keeps nobody waiting");

    let mut root = Root::silent();
    root.send(ToWorker::Hello(hello())).await;
    root.hear().await;
    root.commit(1, &[]).await;
    root.board.clone_from(&catalogue.boards[0].name);
    root.subscribe(VIEW).await;
    root.sample(1.0).await;
    assert!(root.hear_within(A_MOMENT).await.is_some(), "data is there");
}
