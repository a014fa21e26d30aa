//! The two tasks at the feed's ends: bytes to messages, messages to bytes.

use std::io;

use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::mpsc;

use super::WorkerError;
use crate::base::limits;
use crate::wire::feed::ToWorker;
use crate::wire::framing::{self, FramingError};

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
    mut frames: mpsc::Receiver<Bytes>,
) -> io::Result<()> {
    let mut batch = framing::Batch::default();
    loop {
        batch.push(tokio::select! {
            biased;
            Some(answer) = answers.recv() => answer,
            Some(frame) = frames.recv() => frame,
            else => return Ok(()),
        });
        while batch.has_room()
            && let Ok(message) = answers.try_recv().or_else(|_| frames.try_recv())
        {
            batch.push(message);
        }
        batch.write(&mut stream).await?;
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::AsyncReadExt;

    use super::*;

    #[tokio::test]
    async fn answers_that_wait_go_before_frames_that_wait() {
        let (mut root, worker) = tokio::io::duplex(1024);
        let (answers, answers_out) = mpsc::channel(8);
        let (frames, frames_out) = mpsc::channel(8);
        for (queue, message) in [(&frames, "frame "), (&frames, "another "), (&answers, "answer ")] {
            queue.try_send(Bytes::from_static(message.as_bytes())).expect("there is room");
        }
        drop((answers, frames));
        write(worker, answers_out, frames_out).await.expect("it is read");
        let mut heard = String::new();
        root.read_to_string(&mut heard).await.expect("it was written");
        assert_eq!(heard, "answer frame another ");
    }
}
