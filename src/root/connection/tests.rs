//! A viewer's connection on a real socket.

use std::time::Duration;

use super::*;
use crate::base::Size;
use crate::runtime;
use crate::sys::testing::is_told_of_room;

/// Longer than anything here takes on a machine that is busy.
const PATIENCE: Duration = Duration::from_secs(60);

async fn next(heard: &mut mpsc::Receiver<Event>) -> Event {
    timer::timeout(PATIENCE, heard.recv()).await.expect("something is heard").expect("the connection lives")
}

fn hello() -> Bytes {
    let hello = r#"{"version":2,"size":{"cols":80,"rows":24}}"#;
    let hello: Hello = serde_json::from_str(hello).expect("a hello");
    assert_eq!(hello.size, Size::clamped(80, 24));
    ToRoot::Hello(Box::new(hello)).encode()
}

#[tokio::test]
async fn the_kernel_tells_of_room_only_while_somebody_waits_for_it() {
    let (ours, mut theirs) = UnixStream::pair().unwrap();
    ours.set_nonblocking(true).unwrap();
    let mut line = Line::new(ours);
    let (events, mut heard) = mpsc::channel(4);
    let carrying = runtime::spawn("viewer", run(SessionId(1), line.clone(), events));
    theirs.write_all(&hello()).unwrap();
    assert!(matches!(next(&mut heard).await, Event::Hello(..)));
    assert!(!is_told_of_room(&line.stream), "frames flow");

    let mut written = 0;
    while let Ok(count) = line.try_write(&[b'x'; 4096]) {
        written += count;
    }
    line.wait_for_room();
    let mut taken = vec![0; written];
    theirs.read_exact(&mut taken).unwrap();
    assert!(matches!(next(&mut heard).await, Event::Writable(_)));
    assert!(!is_told_of_room(&line.stream), "frames flow again");

    while line.try_write(&[b'x'; 4096]).is_ok() {}
    line.wait_for_room();
    // It may hear what is said first, and then again.
    for _ in 0..10_000 {
        theirs.write_all(&ToRoot::Ping.encode()).unwrap();
        assert!(matches!(next(&mut heard).await, Event::Said(_, ToRoot::Ping)));
        if is_told_of_room(&line.stream) {
            break;
        }
    }
    assert!(is_told_of_room(&line.stream), "somebody waits for room");
    drop(theirs);
    while !matches!(next(&mut heard).await, Event::Left(..)) {}
    drop(carrying);
}

#[tokio::test]
async fn a_long_message_arrives_whole_however_it_is_cut() {
    let (ours, mut theirs) = UnixStream::pair().unwrap();
    ours.set_nonblocking(true).unwrap();
    let line = Line::new(ours);
    let ear = Ear::new(&line).ok().unwrap();
    let mut long = Vec::from(u32::try_from(limits::ATTACH_MESSAGE_BYTES_MAX).unwrap().to_le_bytes());
    long.extend((0..limits::ATTACH_MESSAGE_BYTES_MAX).map(|index| (index % 251) as u8));
    let sent = long.clone();
    let writing = runtime::spawn_thread("writer", move || {
        for piece in sent.chunks(7_001).chain([&ToRoot::Bye.encode()[..]]) {
            theirs.write_all(piece).unwrap();
        }
        theirs
    })
    .unwrap();
    let mut arrived = BytesMut::new();
    let message = super::next(&ear, &mut arrived).await.ok().unwrap();
    assert_eq!(message, long[4..]);
    assert_eq!(ToRoot::decode(&super::next(&ear, &mut arrived).await.ok().unwrap()), Ok(ToRoot::Bye));
    drop(writing.join().unwrap());
    assert!(matches!(super::next(&ear, &mut arrived).await, Err(End::Closed)));
}
