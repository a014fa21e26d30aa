//! The connection of one program that pushes: a task that hands its chunks to the loop and writes the answers.
//!
//! Invariant: no more than `limits::PUSH_CHUNKS_MAX` of its chunks are held anywhere in root, each until its answer is
//! written; who takes no answers is gone after a while.

use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use tokio::io::Interest;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};

use super::connection::{Ear, End, Event, next};
use crate::base::{SessionId, limits};
use crate::runtime::timer;
use crate::wire::attach::{PushHello, ToClient, ToRoot};

/// A pusher that said hello, and the way back to it.
#[derive(Debug)]
pub struct Opening {
    pub hello: PushHello,
    pub answers: Answers,
}

/// The loop's end. Dropping it ends the connection once what was said is written.
#[derive(Clone, Debug)]
pub struct Answers(mpsc::Sender<Answer>);

/// The room a chunk takes until its answer is written.
pub type Room = OwnedSemaphorePermit;

#[derive(Debug)]
struct Answer {
    bytes: Bytes,
    /// Given back when it is written.
    room: Option<Room>,
    deadline: Duration,
}

/// A welcome, an answer to each chunk, a farewell.
const ANSWERS_WAITING_MAX: usize = limits::PUSH_CHUNKS_MAX + 2;
/// Time a pusher has to take its farewell.
const FAREWELL_DEADLINE: Duration = Duration::from_secs(1);

// === impl Answers ===

impl Answers {
    pub fn say(&self, message: &ToClient, room: Option<Room>) {
        self.send(Answer { bytes: message.encode(), room, deadline: limits::PUSH_ANSWER_DEADLINE });
    }

    /// The last word.
    pub fn farewell(self, message: &ToClient) {
        self.send(Answer { bytes: message.encode(), room: None, deadline: FAREWELL_DEADLINE });
    }

    fn send(&self, answer: Answer) {
        // There is room for all that there can be; a pusher that is gone needs no answers.
        let _ = self.0.try_send(answer);
    }
}

/// Carries until the pusher is gone or the loop ends it.
pub async fn run(
    pusher: SessionId,
    hello: PushHello,
    mut ear: Ear,
    mut arrived: BytesMut,
    events: mpsc::Sender<Event>,
) {
    if ear.listen(Interest::READABLE | Interest::WRITABLE).is_err() {
        // It was not said to be one yet.
        return drop(events.send(Event::Left(pusher, "its connection cannot be watched")).await);
    }
    let (answers, mut waiting) = mpsc::channel(ANSWERS_WAITING_MAX);
    let opening = Box::new(Opening { hello, answers: Answers(answers) });
    if events.send(Event::Pusher(pusher, opening)).await.is_err() {
        return;
    }
    let room = Arc::new(Semaphore::new(limits::PUSH_CHUNKS_MAX));
    let mut heard = true;
    let why = loop {
        tokio::select! {
            biased;
            answer = waiting.recv() => {
                let Some(Answer { bytes, room, deadline }) = answer else { break "it was told to" };
                if let Err(why) = write(&ear, &bytes, deadline).await {
                    break why;
                }
                drop(room);
            }
            message = next(&ear, &mut arrived), if heard => {
                match judge(message, &room) {
                    Ok(Said::Chunk(number, lines, room)) => {
                        if events.send(Event::Chunk(pusher, number, lines, room)).await.is_err() {
                            return;
                        }
                    }
                    Ok(Said::Ping) => {
                        let pong = ToClient::Pong.encode();
                        if let Err(why) = write(&ear, &pong, limits::PUSH_ANSWER_DEADLINE).await {
                            break why;
                        }
                    }
                    Err(End::Closed) => break "it closed the connection",
                    Err(End::Violated(why)) => {
                        heard = false;
                        if events.send(Event::Violated(pusher, why)).await.is_err() {
                            return;
                        }
                    }
                }
            }
        }
    };
    // A loop that is gone needs no telling.
    drop(events.send(Event::Left(pusher, why)).await);
}

/// What a pusher may say once it was greeted.
enum Said {
    Chunk(u64, Bytes, Room),
    Ping,
}

fn judge(message: Result<Bytes, End>, room: &Arc<Semaphore>) -> Result<Said, End> {
    match ToRoot::decode(&message?) {
        Ok(ToRoot::Chunk(chunk)) => match Arc::clone(room).try_acquire_owned() {
            Ok(room) => Ok(Said::Chunk(chunk.number, chunk.lines, room)),
            Err(_) => Err(End::Violated(format!("more than {} chunks came at once", limits::PUSH_CHUNKS_MAX))),
        },
        Ok(ToRoot::Ping) => Ok(Said::Ping),
        Ok(ToRoot::Bye) => Err(End::Closed),
        Ok(_) => Err(End::Violated("a program that pushes said what only viewers say".to_owned())),
        Err(error) => Err(End::Violated(error.to_string())),
    }
}

/// Writes all of it, or says why not.
async fn write(ear: &Ear, bytes: &[u8], deadline: Duration) -> Result<(), &'static str> {
    let whole = async {
        let mut rest = bytes;
        while !rest.is_empty() {
            rest = &rest[ear.write(rest).await?..];
        }
        Ok::<(), End>(())
    };
    match timer::timeout(deadline, whole).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(_)) => Err("it closed the connection"),
        Err(_) => Err("it did not take its answers"),
    }
}
