//! The two tasks at the feed's ends: bytes to messages, messages to bytes.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::{Notify, mpsc};

use super::WorkerError;
use crate::base::limits;
use crate::wire::feed::ToWorker;
use crate::wire::framing::{self, FramingError};

/// A message, and of a frame the bytes that wait until it is written.
pub type Taking = (Bytes, Option<Taken>);

/// The loop's end of the queue of frames, which has a cap in number and one in bytes.
#[derive(Debug)]
pub struct Frames {
    queue: mpsc::Sender<Taking>,
    bytes_max: usize,
    waiting: Arc<Waiting>,
}

#[derive(Debug, Default)]
struct Waiting {
    bytes: AtomicUsize,
    fewer: Notify,
}

/// Bytes that wait; no longer than this lives.
#[derive(Debug)]
pub struct Taken {
    bytes: usize,
    of: Arc<Waiting>,
}

/// Room for what one drawing makes.
#[derive(Debug)]
pub struct Room<'a> {
    permits: mpsc::PermitIterator<'a, Taking>,
    waiting: &'a Arc<Waiting>,
}

// === impl Frames ===

impl Frames {
    /// A queue of so many frames, to which one is added only while they have fewer bytes than that.
    pub fn new(frames_max: usize, bytes_max: usize) -> (Frames, mpsc::Receiver<Taking>) {
        let (queue, frames) = mpsc::channel(frames_max);
        (Frames { queue, bytes_max, waiting: Arc::default() }, frames)
    }

    /// Waits for room for so many messages; none when nobody takes them any more.
    pub async fn room(&self, messages: usize) -> Option<Room<'_>> {
        let permits = self.queue.reserve_many(messages).await.ok()?;
        while self.waiting.bytes.load(Ordering::Relaxed) >= self.bytes_max {
            // Kept where nobody waits yet.
            self.waiting.fewer.notified().await;
        }
        Some(Room { permits, waiting: &self.waiting })
    }
}

// === impl Room ===

impl Room<'_> {
    /// Puts a message into the queue, however long it is.
    pub fn put(&mut self, message: Bytes) {
        let Some(permit) = self.permits.next() else { return };
        self.waiting.bytes.fetch_add(message.len(), Ordering::Relaxed);
        let taken = Taken { bytes: message.len(), of: Arc::clone(self.waiting) };
        permit.send((message, Some(taken)));
    }
}

// === impl Taken ===

impl Drop for Taken {
    fn drop(&mut self) {
        self.of.bytes.fetch_sub(self.bytes, Ordering::Relaxed);
        self.of.fewer.notify_one();
    }
}

/// Decodes until the feed ends, the first thing that is no message, or nobody listens. An end of the feed closes
/// the queue without a word.
pub async fn read(mut stream: impl AsyncRead + Unpin, input: mpsc::Sender<Result<ToWorker, WorkerError>>) {
    loop {
        let message = match framing::read(&mut stream, limits::FEED_MESSAGE_BYTES_MAX).await {
            Ok(body) => ToWorker::decode(&body).map_err(WorkerError::Decode),
            Err(FramingError::Closed) => return,
            Err(error) => Err(WorkerError::Read(error)),
        };
        let last = message.is_err();
        if input.send(message).await.is_err() || last {
            return;
        }
    }
}

/// Writes answers as they come and frames while there are no answers, until both queues are closed. What is there at the
/// same time is written together, answers first.
pub async fn write(
    mut stream: impl AsyncWrite + Unpin,
    mut answers: mpsc::Receiver<Bytes>,
    mut frames: mpsc::Receiver<Taking>,
) -> io::Result<()> {
    let (mut batch, mut taken) = (framing::Batch::default(), Vec::new());
    loop {
        let (first, room) = tokio::select! {
            biased;
            Some(answer) = answers.recv() => (answer, None),
            Some(frame) = frames.recv() => frame,
            else => return Ok(()),
        };
        batch.push(first);
        taken.extend(room);
        while batch.has_room()
            && let Ok((message, room)) = answers.try_recv().map(|answer| (answer, None)).or_else(|_| frames.try_recv())
        {
            batch.push(message);
            taken.extend(room);
        }
        batch.write(&mut stream).await?;
        taken.clear();
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::io::AsyncReadExt;

    use super::*;
    use crate::runtime::{self, timer};

    /// Nothing else goes on while this waits: the clock stands until it is over.
    async fn room(frames: &Frames) -> Option<Room<'_>> {
        timer::timeout(Duration::from_secs(1), frames.room(1)).await.ok().flatten()
    }

    #[tokio::test]
    async fn answers_that_wait_go_before_frames_that_wait() {
        let (mut root, worker) = tokio::io::duplex(1024);
        let (answers, answers_out) = mpsc::channel(8);
        let (frames, frames_out) = mpsc::channel(8);
        for message in ["frame ", "another "] {
            frames.try_send((Bytes::from_static(message.as_bytes()), None)).expect("there is room");
        }
        answers.try_send(Bytes::from_static(b"answer ")).expect("there is room");
        drop((answers, frames));
        write(worker, answers_out, frames_out).await.expect("it is read");
        let mut heard = String::new();
        root.read_to_string(&mut heard).await.expect("it was written");
        assert_eq!(heard, "answer frame another ");
    }

    #[tokio::test(start_paused = true)]
    async fn frames_wait_up_to_a_number_and_so_many_bytes() {
        for (frames_max, bytes_max, message_bytes, fitting) in [(3, 1_000, 10, 3), (8, 100, 40, 3), (8, 100, 1_000, 1)]
        {
            let (frames, waiting) = Frames::new(frames_max, bytes_max);
            for _ in 0..fitting {
                let mut room = room(&frames).await.expect("there is room");
                room.put(Bytes::from(vec![b'x'; message_bytes]));
            }
            assert!(room(&frames).await.is_none(), "{frames_max} {bytes_max}");
            let (mut root, worker) = tokio::io::duplex(64 * 1024);
            let (answers, answers_out) = mpsc::channel(8);
            let writer = runtime::spawn("writer", write(worker, answers_out, waiting));
            let mut heard = vec![0; fitting * message_bytes];
            root.read_exact(&mut heard).await.expect("it is written");
            assert!(room(&frames).await.is_some(), "what is written takes no room");
            drop((frames, answers));
            writer.await.expect("it ends").expect("it is written");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn bytes_count_until_they_are_written_however_long_the_frames_after_them_are() {
        let (frames, mut waiting) = Frames::new(8, 100);
        for _ in 0..3 {
            room(&frames).await.expect("there is room").put(Bytes::from_static(&[b'x'; 40]));
        }
        assert!(room(&frames).await.is_none(), "120 wait");
        drop(waiting.recv().await);
        room(&frames).await.expect("80 wait").put(Bytes::from_static(&[b'x'; 1_000]));
        for _ in 0..2 {
            drop(waiting.recv().await);
        }
        assert!(room(&frames).await.is_none(), "1,000 wait");
        drop(waiting.recv().await);
        assert!(room(&frames).await.is_some(), "none wait");
    }
}
