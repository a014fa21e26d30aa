//! Messages cut anywhere, reads broken off anywhere.

use std::time::Duration;

use proptest::prelude::*;
use tokio::io::AsyncWriteExt;

use bytes::Bytes;

use super::*;
use crate::model::Key;
use crate::runtime::timer;
use crate::wire::attach::{Farewell, FarewellCode, frame};
use crate::wire::framing;

fn pair() -> (Connection, UnixStream) {
    let (ours, theirs) = UnixStream::pair().unwrap();
    (Connection::new(ours), theirs)
}

fn frames(count: usize) -> Vec<Bytes> {
    (0..count).map(|n| Bytes::from(vec![b'a' + u8::try_from(n % 26).unwrap(); n * 7 % 100])).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn messages_arrive_whole_however_they_are_cut(cuts in prop::collection::vec(1_usize..50, 1..40)) {
        let frames = frames(10);
        let all: Vec<u8> = frames.iter().flat_map(|body| frame(body)).collect();
        crate::runtime::block_on(async {
            let (mut connection, mut theirs) = pair();
            let (mut rest, mut cuts, mut got) = (all.as_slice(), cuts.iter().cycle(), Vec::new());
            while got.len() < frames.len() {
                let cut = rest.len().min(*cuts.next().expect("endless"));
                theirs.write_all(&rest[..cut]).await.expect("the other end reads");
                rest = &rest[cut..];
                // Polled once or twice, then dropped: what was read so far must not be lost.
                while let Ok(heard) = timer::timeout(Duration::ZERO, connection.next(true)).await {
                    got.extend(heard.expect("a message or a part of one"));
                }
            }
            let expect: Vec<ToClient> = frames.into_iter().map(ToClient::Frame).collect();
            assert_eq!(got, expect);
        })
        .expect("a runtime");
    }
}

#[tokio::test]
async fn a_closed_connection_is_told() {
    let (mut connection, theirs) = pair();
    drop(theirs);
    assert!(matches!(connection.next(true).await, Err(Broken::Closed | Broken::Io(_))));
}

#[tokio::test]
async fn what_was_said_before_the_end_is_heard_even_when_we_could_not_answer() {
    let (mut connection, mut theirs) = pair();
    let farewell = ToClient::Farewell(Farewell { code: FarewellCode::Full, text: "full".to_owned() });
    theirs.write_all(&farewell.encode()).await.unwrap();
    drop(theirs);
    assert!(connection.send(&ToRoot::Repaint));
    assert_eq!(connection.next(true).await.unwrap(), Some(farewell));
    assert!(matches!(connection.next(true).await, Err(Broken::Closed | Broken::Io(_))));
}

#[tokio::test]
async fn a_daemon_that_closes_without_reading_has_closed_and_what_it_said_is_heard() {
    for answering in [false, true] {
        let (mut connection, mut theirs) = pair();
        assert!(connection.send(&ToRoot::Repaint));
        connection.flush_now();
        theirs.write_all(&frame(b"a frame")).await.unwrap();
        // The kernel resets the connection: our message lies there unread.
        drop(theirs);
        if answering {
            assert!(connection.send(&ToRoot::Repaint));
        }
        let said = connection.next(true).await.unwrap();
        assert_eq!(said, Some(ToClient::Frame(Bytes::from_static(b"a frame"))));
        let ended = connection.next(true).await;
        assert!(matches!(ended, Err(Broken::Closed)), "{ended:?}");
    }
}

#[tokio::test]
async fn a_message_announced_too_long_ends_the_connection_before_it_is_read() {
    let (mut connection, mut theirs) = pair();
    theirs.write_all(&u32::MAX.to_le_bytes()).await.unwrap();
    assert!(matches!(connection.next(true).await, Err(Broken::TooLong(_))));
}

#[tokio::test]
async fn a_daemon_that_reads_nothing_costs_bounded_memory() {
    let (mut connection, _theirs) = pair();
    let mut sent = 0;
    // Without a pause nothing is written: all of it waits here.
    while connection.send(&ToRoot::Key(Key::Up)) {
        sent += 1;
    }
    assert!(sent > 1000, "there is room for a while: {sent}");
    assert!(connection.outgoing.len() <= OUTGOING_BYTES_MAX);
}

#[tokio::test]
async fn messages_are_sent_while_nothing_is_read() {
    let (mut connection, mut theirs) = pair();
    theirs.write_all(&frame(b"a frame")).await.unwrap();
    connection.send(&ToRoot::Key(Key::Up));
    let heard = async {
        let message = framing::read(&mut theirs, 1024).await.unwrap();
        ToRoot::decode(&message).unwrap()
    };
    tokio::select! {
        message = heard => assert_eq!(message, ToRoot::Key(Key::Up)),
        got = connection.next(false) => panic!("a frame was read: {got:?}"),
    }
}
