use std::io::{Read, Write};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::timeout;

use super::*;
use crate::sys::socket;
use crate::sys::testing::is_told_of_room;

/// Longer than anything here takes on a machine that is busy.
const PATIENCE: Duration = Duration::from_secs(60);
/// More than sockets hold.
const MUCH: usize = 8 * 1024 * 1024;

fn pair() -> (QuietSocket, UnixStream) {
    let (ours, theirs) = socket::pair().expect("a pair of sockets");
    (QuietSocket::new(ours).expect("a runtime runs"), UnixStream::from(theirs))
}

#[tokio::test]
async fn the_kernel_tells_of_room_only_while_a_write_waits_for_it() {
    let (mut ours, mut theirs) = pair();
    ours.write_all(b"little").await.expect("there is room");
    assert!(!is_told_of_room(ours.socket.get_ref()) && ours.full.is_none());
    let much = vec![7; MUCH];
    tokio::select! {
        biased;
        _ = ours.write_all(&much) => unreachable!("nobody reads"),
        () = std::future::ready(()) => {}
    }
    assert!(!is_told_of_room(ours.socket.get_ref()));
    assert!(is_told_of_room(ours.full.as_ref().expect("it waits for room").get_ref()));
    // Whoever reads all of it makes room, while somebody waits for that.
    let reading = async {
        tokio::task::yield_now().await;
        let mut some = vec![0; MUCH];
        while theirs.read(&mut some).is_ok() {}
    };
    let writing = timeout(PATIENCE, ours.write_all(b"more"));
    let (written, ()) = tokio::join!(writing, reading);
    written.expect("it is told").expect("there is room");
    assert!(ours.full.is_none(), "it waits no more");
}

#[tokio::test]
async fn all_that_is_written_is_read_however_slowly() {
    let (mut ours, theirs) = pair();
    let mut theirs = QuietSocket::new(theirs).expect("a runtime runs");
    let sent: Vec<u8> = (0..MUCH).map(|index| (index * 31 % 251) as u8).collect();
    let expected = sent.clone();
    let writing = async move {
        ours.write_all(&sent).await.expect("it is read");
        ours.shutdown().await.expect("it is open");
        ours
    };
    let reading = async {
        let mut got = Vec::new();
        let mut piece = [0; 4_099];
        loop {
            match theirs.read(&mut piece).await.expect("it is written") {
                0 => return got,
                count => got.extend_from_slice(&piece[..count]),
            }
        }
    };
    let (_ours, got) = timeout(PATIENCE, async { tokio::join!(writing, reading) }).await.expect("both go on");
    assert!(got == expected);
}

#[tokio::test]
async fn what_comes_after_a_read_that_found_less_than_it_could_take_is_told() {
    let (mut ours, mut theirs) = pair();
    for turn in 0..1_000_u32 {
        theirs.write_all(&turn.to_le_bytes()).expect("there is room");
        let mut got = [0; 64];
        let count = timeout(PATIENCE, ours.read(&mut got)).await.expect("it is told").expect("it came");
        assert_eq!(got[..count], turn.to_le_bytes());
    }
    // The end comes with the last of it, and is told although there was less than could be taken.
    theirs.write_all(b"x").expect("there is room");
    drop(theirs);
    for expected in [1, 0] {
        let read = timeout(PATIENCE, ours.read(&mut [0; 64])).await.expect("it is told");
        assert_eq!(read.expect("an end is no error"), expected);
    }
    assert_eq!(ours.write(b"?").await.expect_err("nobody is there").kind(), io::ErrorKind::BrokenPipe);
}

#[tokio::test]
async fn a_write_that_waits_hears_that_nobody_will_read() {
    let (mut ours, theirs) = pair();
    let much = vec![7; MUCH];
    let leaving = async {
        tokio::task::yield_now().await;
        drop(theirs);
    };
    let (failed, ()) = tokio::join!(timeout(PATIENCE, ours.write_all(&much)), leaving);
    let failed = failed.expect("it is told");
    assert_eq!(failed.expect_err("nobody is there").kind(), io::ErrorKind::BrokenPipe);
}
