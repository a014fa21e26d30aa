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

/// Writes answers as they come and frames while there are no answers, until both queues are closed.
pub async fn write(
    mut stream: impl AsyncWrite + Unpin,
    mut answers: mpsc::Receiver<Bytes>,
    mut frames: mpsc::Receiver<Bytes>,
) -> io::Result<()> {
    loop {
        let message = tokio::select! {
            biased;
            Some(answer) = answers.recv() => answer,
            Some(frame) = frames.recv() => frame,
            else => return Ok(()),
        };
        framing::write(&mut stream, &message).await?;
    }
}
