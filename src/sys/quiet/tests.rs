use std::io::{Read, Write};
use std::os::fd::AsRawFd;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::timeout;

use super::*;
use crate::sys::socket;

/// Longer than anything here takes on a machine that is busy.
const PATIENCE: Duration = Duration::from_secs(60);
/// More than sockets hold.
const MUCH: usize = 8 * 1024 * 1024;

fn pair() -> (QuietSocket, UnixStream) {
    let (ours, theirs) = socket::pair().expect("a pair of sockets");
    (QuietSocket::new(ours).expect("a runtime runs"), UnixStream::from(theirs))
}

/// What epolls are asked to tell of a descriptor (proc_pid_fdinfo(5)).
fn watched(fd: i32) -> Vec<u32> {
    let infos = std::fs::read_dir("/proc/self/fdinfo").expect("a Linux with /proc");
    // Other tests come and go: what cannot be read is none of ours.
    let texts = infos.filter_map(|info| std::fs::read_to_string(info.ok()?.path()).ok());
    let of = |line: &str| {
        let mut words = line.strip_prefix("tfd:")?.split_whitespace();
        (words.next()?.parse() == Ok(fd)).then(|| u32::from_str_radix(words.nth(1)?, 16).ok())?
    };
    texts.flat_map(|text| text.lines().filter_map(of).collect::<Vec<u32>>()).collect()
}

#[tokio::test]
async fn the_kernel_tells_of_room_only_while_a_write_waits_for_it() {
    let (mut ours, mut theirs) = pair();
    let room = u32::try_from(libc::EPOLLOUT).expect("a small flag");
    let number = ours.socket.get_ref().as_raw_fd();
    ours.write_all(b"little").await.expect("there is room");
    let masks = watched(number);
    assert!(!masks.is_empty() && masks.iter().all(|mask| mask & room == 0), "{masks:x?}");
    assert!(ours.full.is_none());
    let much = vec![7; MUCH];
    let writing = ours.write_all(&much);
    let waits = timeout(Duration::from_millis(1), writing).await;
    assert!(waits.is_err(), "nobody reads");
    let again = ours.full.as_ref().expect("it waits for room").get_ref().as_raw_fd();
    assert!(watched(again).iter().any(|mask| mask & room != 0));
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
