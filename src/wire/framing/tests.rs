//! Streams that tear, lie about lengths and trickle.

use std::pin::Pin;
use std::task::{Context, Poll};

use proptest::prelude::*;
use tokio::io::ReadBuf;

use super::*;

/// Gives the bytes in pieces of at most `piece`, with a pause (a pending poll) before each, then ends.
struct Trickle {
    bytes: Vec<u8>,
    at: usize,
    piece: usize,
    paused: bool,
}

impl Trickle {
    fn new(bytes: &[u8], piece: usize) -> Trickle {
        Trickle { bytes: bytes.to_vec(), at: 0, piece, paused: false }
    }
}

/// Takes everything, and keeps each write for itself.
#[derive(Default)]
struct Writes(Vec<Vec<u8>>);

impl AsyncWrite for Writes {
    fn poll_write(mut self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.0.push(bytes.to_vec());
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

impl AsyncRead for Trickle {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, to: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        self.paused = !self.paused;
        if self.paused {
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        let end = (self.at + self.piece.min(to.remaining())).min(self.bytes.len());
        to.put_slice(&self.bytes[self.at..end]);
        self.at = end;
        Poll::Ready(Ok(()))
    }
}

fn framed(messages: &[Vec<u8>]) -> Vec<u8> {
    let mut out = BytesMut::new();
    for message in messages {
        put(&mut out, message);
    }
    out.to_vec()
}

fn run<F: Future>(future: F) -> F::Output {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
}

proptest! {
    #[test]
    fn messages_come_out_as_they_went_in_however_they_trickle(
        messages in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..300), 0..8),
        piece in 1_usize..400,
    ) {
        let wire = framed(&messages);
        run(async {
            let mut stream = Trickle::new(&wire, piece);
            let mut reader = Reader::new(Trickle::new(&wire, piece), 300);
            for message in &messages {
                prop_assert_eq!(&read(&mut stream, 300).await.unwrap(), message);
                prop_assert_eq!(&reader.next().await.unwrap(), message);
            }
            prop_assert!(matches!(read(&mut stream, 300).await, Err(FramingError::Closed)));
            prop_assert!(matches!(reader.next().await, Err(FramingError::Closed)));
            Ok(())
        })?;
    }

    #[test]
    fn a_stream_that_ends_inside_a_message_is_torn(length in 1_usize..100, cut in 1_usize..100) {
        let wire = framed(&[vec![7; length]]);
        let cut = cut.min(wire.len() - 1);
        run(async {
            let torn = read(&mut Trickle::new(&wire[..cut], 9), 100).await;
            prop_assert!(matches!(torn, Err(FramingError::Torn)));
            let torn = Reader::new(Trickle::new(&wire[..cut], 9), 100).next().await;
            prop_assert!(matches!(torn, Err(FramingError::Torn)));
            Ok(())
        })?;
    }
}

#[test]
fn a_read_that_is_dropped_half_way_loses_nothing() {
    let messages = [vec![1; 50], vec![2; 50]];
    run(async {
        let mut reader = Reader::new(Trickle::new(&framed(&messages), 3), 64);
        let mut got = Vec::new();
        let mut dropped = 0;
        while got.len() < 2 {
            // The other branch is ready at every second poll: the read is dropped again and again.
            tokio::select! {
                biased;
                message = reader.next() => got.push(message.unwrap().to_vec()),
                () = std::future::ready(()) => dropped += 1,
            }
        }
        assert!(dropped > 10, "nothing was dropped");
        assert_eq!(got, messages);
    });
}

#[test]
fn a_message_longer_than_allowed_is_refused_before_it_is_there() {
    for announced in [101_u32, u32::MAX] {
        let wire = announced.to_le_bytes();
        run(async {
            let long = read(&mut Trickle::new(&wire, 4), 100).await;
            assert!(matches!(long, Err(FramingError::TooLong { max: 100, .. })), "{long:?}");
            let long = Reader::new(Trickle::new(&wire, 4), 100).next().await;
            assert!(matches!(long, Err(FramingError::TooLong { max: 100, .. })), "{long:?}");
        });
    }
}

#[test]
fn memory_grows_with_what_arrives_not_with_what_is_announced() {
    let most = 32 * 1024 * 1024;
    let mut wire = u32::try_from(most).unwrap().to_le_bytes().to_vec();
    wire.extend([0; 1000]);
    run(async {
        let mut reader = Reader::new(Trickle::new(&wire, 100), most);
        assert!(matches!(reader.next().await, Err(FramingError::Torn)));
        let room = reader.arrived.capacity();
        assert!(room <= 3 * READ_STEP_BYTES, "{room} bytes for 1000 that came");

        let mut silent = Reader::new(Trickle::new(&[], 1), most);
        assert!(matches!(silent.next().await, Err(FramingError::Closed)));
        assert!(silent.arrived.capacity() <= READ_FIRST_BYTES);
    });
}

#[test]
fn short_messages_share_the_room_that_was_made_for_one() {
    let messages: Vec<Vec<u8>> = (0..40).map(|index| vec![index; 1_000]).collect();
    let wire = framed(&messages);
    run(async {
        let piece = PREFIX_BYTES + messages[0].len();
        let mut reader = Reader::new(Trickle::new(&wire, piece), READ_STEP_BYTES);
        let mut heard = Vec::new();
        for message in &messages {
            heard.push(reader.next().await.unwrap());
            assert_eq!(heard.last().unwrap(), message);
        }
        // Those of one room lie behind each other, the prefix between them.
        let joined = heard.windows(2).filter(|pair| pair[1].as_ptr() == pair[0].as_ptr().wrapping_add(piece)).count();
        assert!(joined >= 30, "{joined} of 39");
        // One that is longer than what is left of the room.
        let wire = framed(&[vec![1; 14_000], vec![2; 9_000], vec![3; 70_000]]);
        let mut reader = Reader::new(Trickle::new(&wire, 100_000), 100_000);
        for (byte, length) in [(1, 14_000), (2, 9_000), (3, 70_000)] {
            assert_eq!(reader.next().await.unwrap(), vec![byte; length]);
        }
    });
}

#[test]
fn exactly_one_message_is_read_off_the_stream() {
    let wire = framed(&[vec![1], vec![2]]);
    run(async {
        let mut stream = Trickle::new(&wire, 100);
        read(&mut stream, 10).await.unwrap();
        assert_eq!(stream.at, PREFIX_BYTES + 1);
    });
}

#[test]
fn a_batch_is_one_write_and_ends_with_the_message_that_fills_it() {
    run(async {
        let (mut writes, mut batch) = (Writes::default(), Batch::default());
        for message in ["one", "two", "three"] {
            batch.push(Bytes::from_static(message.as_bytes()));
        }
        assert!(batch.has_room());
        batch.write(&mut writes).await.unwrap();
        batch.push(Bytes::from_static(b"alone"));
        batch.write(&mut writes).await.unwrap();
        let long = Bytes::from(vec![b'x'; 4 * BATCH_BYTES]);
        batch.push(Bytes::from_static(b"short"));
        batch.push(long.clone());
        assert!(!batch.has_room());
        batch.write(&mut writes).await.unwrap();
        assert!(batch.joined.capacity() < BATCH_BYTES, "a long message was copied");
        assert_eq!(writes.0, [&b"onetwothree"[..], b"alone", b"short", &long]);
    });
}
