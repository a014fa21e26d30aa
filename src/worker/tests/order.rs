//! The order of messages: what comes first, what is answered, what goes ahead of what.

use super::*;
use crate::wire::feed::FileKind;

#[tokio::test(start_paused = true)]
async fn the_worker_ends_quietly_with_its_feed() {
    let root = Root::ready().await;
    let Root { feed, worker, updates, .. } = root;
    drop(feed);
    worker.await.expect("a worker never panics").expect("the end of the feed is no error");
    assert!(updates.is_closed());
    let root = Root::silent();
    drop(root.feed);
    root.worker.await.expect("a worker never panics").expect("root left before a word");
}

#[tokio::test(start_paused = true)]
async fn another_build_or_version_is_told_and_refused() {
    let mut root = Root::silent();
    root.send(ToWorker::Hello(Hello { build: "0.0.0-other".to_owned(), ..hello() })).await;
    assert_eq!(root.hear().await, Heard::Hello(hello()), "so that root can name both");
    let error = root.end().await.expect_err("the builds differ");
    let expected = format!("root is build 0.0.0-other, this worker build {BUILD_ID}; both must be one executable");
    assert_eq!(error.to_string(), expected);

    let mut root = Root::silent();
    root.send(ToWorker::Hello(Hello { version: feed::VERSION + 1, ..hello() })).await;
    assert!(matches!(root.end().await, Err(WorkerError::Version { .. })));
}

#[tokio::test(start_paused = true)]
async fn a_root_that_says_nothing_is_not_waited_for() {
    let root = Root::silent();
    root.pass(limits::HELLO_DEADLINE + SECOND).await;
    assert!(matches!(root.end().await, Err(WorkerError::Silent)));
}

#[tokio::test(start_paused = true)]
async fn messages_out_of_order_end_the_worker_with_their_name() {
    let spec = ViewSpec::new("default", "host", Size::FALLBACK);
    let committed = |message| (true, message);
    let cases = [
        (
            false,
            ToWorker::Ping { nonce: 1, vitals: Some(Vitals::default()) },
            "root sent a message out of order: it has not said hello",
        ),
        (false, ToWorker::Commit { generation: 1 }, "root sent a message out of order: it has not said hello"),
    ];
    for (_, message, expected) in cases {
        let mut root = Root::silent();
        root.send(message).await;
        assert_eq!(root.end().await.expect_err("it is out of order").to_string(), expected);
    }
    let subscribe = ToWorker::Subscribe { view: VIEW, spec: spec.clone() };
    let cases = [
        committed((vec![ToWorker::Hello(hello())], "Hello out of order: it has been said already")),
        committed((
            vec![ToWorker::Commit { generation: 2 }],
            "Commit out of order: generation 2 is not prepared, none is",
        )),
        committed((
            vec![ToWorker::Prepare { generation: 2, files: Vec::new() }, ToWorker::Commit { generation: 3 }],
            "Commit out of order: generation 3 is not prepared, generation 2 is",
        )),
        committed((vec![subscribe.clone(), subscribe.clone()], "Subscribe out of order: view 1 is subscribed already")),
        (false, (vec![subscribe], "Subscribe out of order: no boards are committed")),
    ];
    for (committed, (messages, expected)) in cases {
        let mut root = Root::silent();
        root.send(ToWorker::Hello(hello())).await;
        root.hear().await;
        if committed {
            root.commit(1, &[]).await;
        }
        for message in messages {
            root.send(message).await;
        }
        assert_eq!(root.end().await.expect_err(expected).to_string(), format!("root sent {expected}"));
    }
}

#[tokio::test(start_paused = true)]
async fn refused_files_change_nothing() {
    let mut root = Root::ready().await;
    let files = vec![ConfigFile {
        kind: FileKind::Settings,
        name: "unblink.toml".to_owned(),
        bytes: b"[host]\nintervall = \"2s\"\n".to_vec(),
    }];
    root.send(ToWorker::Prepare { generation: 2, files }).await;
    let Heard::Prepared { generation: 2, outcome: Outcome::Refused(complaints) } = root.hear().await else {
        panic!("there is no such key")
    };
    assert_eq!((complaints[0].file.as_str(), complaints[0].line), ("unblink.toml", 2));
    root.subscribe(VIEW).await;
    assert_eq!(root.frame().await.version, Version(1), "what was committed before is drawn");
}

#[tokio::test(start_paused = true)]
async fn a_commit_sets_the_rhythm_of_the_host_and_leaves_views_unbroken() {
    let mut root = Root::ready().await;
    root.pass(A_MOMENT).await;
    let told = (*root.rhythm.borrow_and_update()).expect("the first commit tells it");
    assert_eq!(told, host::rhythm(SECOND, Duration::from_millis(500)));
    root.subscribe(VIEW).await;
    root.frame().await;
    let text = b"[host]\ninterval = \"5s\"\ndeadline = \"1s\"\n".to_vec();
    root.commit(2, &[ConfigFile { kind: FileKind::Settings, name: "unblink.toml".to_owned(), bytes: text }]).await;
    root.send(ToWorker::Credit { view: VIEW }).await;
    root.pass(root.refresh).await;
    root.sample(9.0).await;
    assert_eq!(root.frame().await.base, Version(1));
    assert_eq!(*root.rhythm.borrow(), Some(host::rhythm(5 * SECOND, SECOND)));
}

#[tokio::test(start_paused = true)]
async fn processes_are_looked_at_only_while_somebody_watches_them() {
    let mut root = Root::ready().await;
    let boards = crate::scene::Boards::shipped();
    let tabs = &boards.get("host").expect("it is shipped").tabs;
    let last = u16::try_from(tabs.len() - 1).expect("there are a few tabs");
    assert_eq!(tabs[usize::from(last)].title.as_str(), "processes");
    root.subscribe(VIEW).await;
    root.pass(A_MOMENT).await;
    assert!(!*root.processes.borrow(), "the first tab shows none");
    let mut spec = root.spec();
    spec.tab = last;
    root.send(ToWorker::Subscribe { view: ViewId(2), spec }).await;
    root.pass(A_MOMENT).await;
    assert!(*root.processes.borrow());
    root.send(ToWorker::Unsubscribe { view: ViewId(2) }).await;
    root.pass(A_MOMENT).await;
    assert!(!*root.processes.borrow());
}

#[tokio::test(start_paused = true)]
async fn pings_overtake_frames() {
    // A narrow pipe nobody reads yet: everything waits inside the worker.
    let pipe_bytes = 2048;
    let root = Root::over(pipe_bytes).made_ready().await;
    let views = 100;
    let mut commands = Vec::new();
    for view in 0..views {
        let spec = root.spec();
        commands.extend_from_slice(&ToWorker::Subscribe { view: ViewId(view), spec }.encode());
    }
    commands.extend_from_slice(&ToWorker::Ping { nonce: 42, vitals: Some(Vitals::default()) }.encode());
    let (mut reading, mut writing) = tokio::io::split(root.feed);
    let sent = runtime::spawn("sender", async move { writing.write_all(&commands).await });
    pass(SECOND).await;
    sent.await.expect("no panic").expect("the worker takes what it is sent although nobody reads");
    let mut before = Vec::new();
    loop {
        let body = framing::read(&mut reading, limits::FEED_MESSAGE_BYTES_MAX).await.expect("the worker speaks");
        match ToRoot::decode(&body).expect("the worker keeps to the feed") {
            ToRoot::Pong { nonce: 42 } => break,
            ToRoot::Frame(_) => before.push(body.len()),
            _ => {}
        }
    }
    // What is in the pipe has left; what is being written, a batch that its last frame fills, cannot be interrupted.
    before.pop();
    let most = pipe_bytes + framing::BATCH_BYTES;
    assert!(before.iter().sum::<usize>() <= most, "{} frames of {before:?} bytes", before.len());
}

#[tokio::test(start_paused = true)]
async fn the_first_of_several_pictures_goes_out_before_the_next_is_drawn() {
    let mut root = Root::ready().await;
    // Not as many as fill the queue.
    let views = 5;
    for view in 0..views {
        root.send(ToWorker::Subscribe { view: ViewId(view), spec: root.spec() }).await;
    }
    // Into the middle of a second, where no clock steps.
    let into = wall().0.rem_euclid(1000).unsigned_abs();
    let until = clock::mono() + Duration::from_millis(2500 - into);
    while let Some(heard) = root.hear_within(until.since(clock::mono())).await {
        let Heard::Frame(frame) = heard else { panic!("{heard:?}") };
        root.send(ToWorker::Credit { view: frame.view }).await;
    }
    root.sample(2.0).await;
    let before = LOOKS.get();
    let mut drawn = Vec::new();
    while drawn.len() < views as usize {
        let Heard::Frame(frame) = root.hear().await else { panic!("no frame") };
        drawn.push((frame.view, LOOKS.get() - before));
    }
    assert_eq!(drawn.iter().map(|(view, _)| view.0).collect::<Vec<_>>(), [0, 1, 2, 3, 4]);
    // For the sample, for the picture, and for what the worker tells of itself.
    assert!(drawn[0].1 <= 3, "{drawn:?}");
    // The others went together.
    assert_eq!(drawn[1].1, drawn[4].1, "{drawn:?}");
}

#[tokio::test(start_paused = true)]
async fn a_root_that_reads_nothing_is_not_obeyed_without_end() {
    let mut root = Root::over(2048).made_ready().await;
    let mut sent = 0_u64;
    let ping = |nonce| ToWorker::Ping { nonce, vitals: Some(Vitals::default()) };
    while timer::timeout(SECOND, root.send(ping(sent))).await.is_ok() {
        sent += 1;
        assert!(sent < 10_000, "answers pile up");
    }
    // What was written of the last ping is finished by nobody: only whole ones are answered.
    for nonce in 0..sent {
        assert_eq!(root.hear().await, Heard::Pong(nonce), "none is lost");
    }
}

#[tokio::test(start_paused = true)]
async fn the_state_is_told_with_pongs_or_now_and_then_and_only_when_it_changed() {
    let mut root = Root::ready().await;
    assert_eq!(root.hear_within(A_MOMENT).await, None);
    root.statuses = 0;
    for turn in 0..100 {
        root.pass(SECOND / 10).await;
        root.sample(f64::from(turn)).await;
        assert_eq!(root.hear_within(Duration::from_micros(1)).await, None);
    }
    assert!((6..=7).contains(&root.statuses), "{} in ten seconds without a question", root.statuses);
    assert_eq!(root.hear_within(2 * SECOND).await, None);
    root.statuses = 0;
    for turn in 0..100 {
        root.pass(SECOND / 10).await;
        root.sample(f64::from(turn)).await;
        assert_eq!(root.hear_within(Duration::from_micros(1)).await, None);
        if turn % 10 == 9 {
            let before = root.statuses;
            root.send(ToWorker::Ping { nonce: 7, vitals: None }).await;
            assert_eq!(root.hear().await, Heard::Pong(7));
            assert_eq!(root.hear_within(Duration::from_micros(1)).await, None);
            assert_eq!(root.statuses, before + 1, "with the pong");
        }
    }
    assert_eq!(root.statuses, 11, "the first by itself, after a long while");
    root.statuses = 0;
    for nonce in 0..10 {
        root.pass(Duration::from_millis(1)).await;
        root.sample(1.0).await;
        root.send(ToWorker::Ping { nonce, vitals: None }).await;
        assert_eq!(root.hear().await, Heard::Pong(nonce));
    }
    assert!(root.statuses <= 1, "{} at once", root.statuses);
    root.statuses = 0;
    for nonce in 0..50 {
        root.pass(SECOND / 5).await;
        root.sample(f64::from(u32::try_from(nonce).expect("small"))).await;
        root.send(ToWorker::Credit { view: ViewId(99) }).await;
        root.send(ToWorker::Ping { nonce, vitals: None }).await;
        assert_eq!(root.hear().await, Heard::Pong(nonce));
        assert_eq!(root.hear_within(Duration::from_micros(1)).await, None);
    }
    assert!((9..=11).contains(&root.statuses), "{} in ten seconds of somebody who watches", root.statuses);
    assert_eq!(root.hear_within(2 * SECOND).await, None);
    let status = root.status.clone().expect("it was told");
    assert_eq!((status.series, status.samples), (4, 4 * 261));
    root.statuses = 0;
    assert_eq!(root.hear_within(60 * SECOND).await, None);
    assert_eq!(root.statuses, 0, "nothing changed");
}

#[tokio::test(start_paused = true)]
async fn rejected_samples_are_counted() {
    let mut root = Root::ready().await;
    root.sample(f64::NAN).await;
    assert_eq!(root.hear_within(2 * SECOND).await, None);
    let status = root.status.clone().expect("it was told");
    assert_eq!(status.samples + status.samples_rejected, 8);
    assert!(status.samples_rejected >= 2);
}
