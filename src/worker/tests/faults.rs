//! What no root ever sends: the worker ends with an error that says so, and never panics.

use proptest::prelude::*;

use super::*;

async fn ends_with(bytes: &[u8]) -> WorkerError {
    let mut root = Root::ready().await;
    root.feed.write_all(bytes).await.expect("the pipe is wide");
    root.feed.shutdown().await.expect("the pipe closes");
    root.end().await.expect_err("this is no message")
}

#[tokio::test(start_paused = true)]
async fn a_message_longer_than_any_may_be_is_not_waited_for() {
    let length = u32::try_from(limits::FEED_MESSAGE_BYTES_MAX + 1).expect("the cap is far below 4 GiB");
    let error = ends_with(&length.to_le_bytes()).await;
    assert!(matches!(error, WorkerError::Read(FramingError::TooLong { .. })), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_torn_message_is_told_from_the_end_of_the_feed() {
    let whole = ToWorker::Ping { nonce: 1, vitals: Some(Vitals::default()) }.encode();
    let error = ends_with(&whole[..whole.len() - 1]).await;
    assert!(matches!(error, WorkerError::Read(FramingError::Torn)), "{error}");
}

#[tokio::test(start_paused = true)]
async fn bytes_that_are_no_message_end_the_worker() {
    for body in [&b""[..], b"\xff\xff\xff", b"\x07\x01 and more"] {
        let mut bytes = bytes::BytesMut::new();
        framing::put(&mut bytes, body);
        let error = ends_with(&bytes).await;
        assert!(matches!(error, WorkerError::Decode(_)), "{error}");
    }
}

#[tokio::test(start_paused = true)]
async fn more_views_than_may_be_are_refused() {
    let root = Root::ready().await;
    let spec = ViewSpec { size: Size::clamped(1, 1), ..root.spec() };
    let (mut reading, mut writing) = tokio::io::split(root.feed);
    let drain = runtime::spawn("drain", async move { tokio::io::copy(&mut reading, &mut tokio::io::sink()).await });
    for view in 0..=limits::VIEWS_MAX as u64 {
        let message = ToWorker::Subscribe { view: ViewId(view), spec: spec.clone() };
        framing::write(&mut writing, &message.encode()).await.expect("the worker listens");
    }
    let error = root.worker.await.expect("a worker never panics").expect_err("one too many");
    assert!(matches!(error, WorkerError::Order { what: "Subscribe", .. }), "{error}");
    drain.abort();
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_bytes_make_a_worker_panic(
        greeted in any::<bool>(),
        bodies in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..40), 0..6),
        tail in prop::collection::vec(any::<u8>(), 0..8),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
        runtime.expect("a runtime").block_on(async {
            let mut root = if greeted { Root::ready().await } else { Root::silent() };
            let mut bytes = bytes::BytesMut::new();
            for body in &bodies {
                framing::put(&mut bytes, body);
            }
            bytes.extend_from_slice(&tail);
            root.feed.write_all(&bytes).await.expect("the pipe is wide");
            root.feed.shutdown().await.expect("the pipe closes");
            // Any end but a panic will do.
            let _ = root.worker.await.expect("a worker never panics");
        });
    }
}
