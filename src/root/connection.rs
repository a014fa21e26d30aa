//! One viewer's connection: a task that reads what the viewer says and waits for room when the fan-out asks it to. A
//! program that pushes is handed on once it says that it is one.
//!
//! Invariant: it sleeps while frames flow. It holds no state of the session, and what a viewer sends before it is
//! heard is bounded by one message.

use std::io;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use tokio::net::UnixStream;
use tokio::sync::{Notify, mpsc};

use super::pusher::{self, Opening, Room};
use crate::base::{SessionId, limits};
use crate::fanout::Sink;
use crate::runtime::timer;
use crate::wire::attach::{Hello, PushHello, ToRoot};
use crate::wire::framing::{self, FramingError};

/// What the loop hears from the outside.
#[derive(Debug)]
pub enum Event {
    Hello(SessionId, Box<Hello>),
    Said(SessionId, ToRoot),
    /// A program that pushes said hello.
    Pusher(SessionId, Box<Opening>),
    /// One of its chunks, by number, and the room it takes.
    Chunk(SessionId, u64, Bytes, Room),
    /// There is room for more.
    Writable(SessionId),
    /// The viewer broke the protocol. Its connection still waits for room, but is not read any more.
    Violated(SessionId, String),
    /// The viewer is gone.
    Left(SessionId, &'static str),
}

/// The fan-out's side of a connection.
#[derive(Clone, Debug)]
pub struct Line {
    pub stream: Arc<UnixStream>,
    full: Arc<Notify>,
}

/// Room made for what a viewer says: keys and sizes, many times over.
const READ_BYTES: usize = 512;

pub enum End {
    Closed,
    Violated(String),
}

// === impl Line ===

impl Line {
    pub fn new(stream: UnixStream) -> Line {
        Line { stream: Arc::new(stream), full: Arc::new(Notify::new()) }
    }
}

impl Sink for Line {
    fn try_write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.stream.try_write(bytes)
    }

    fn wait_for_room(&mut self) {
        self.full.notify_one();
    }
}

/// Carries until the viewer is gone or the loop ends it.
pub async fn run(session: SessionId, line: Line, events: mpsc::Sender<Event>) {
    let mut arrived = BytesMut::new();
    let end = match timer::timeout(limits::HELLO_DEADLINE, greet(session, &line, &mut arrived, &events)).await {
        Err(_) => Err(End::Violated(format!("no hello came within {} s", limits::HELLO_DEADLINE.as_secs()))),
        Ok(greeted) => greeted,
    };
    let end = match end {
        Ok(None) => converse(session, &line, &mut arrived, &events).await,
        Ok(Some(hello)) => return pusher::run(session, hello, line, arrived, events).await,
        Err(end) => end,
    };
    // A loop that is gone needs no telling.
    match end {
        End::Closed => drop(events.send(Event::Left(session, "the viewer closed the connection")).await),
        End::Violated(why) => {
            if events.send(Event::Violated(session, why)).await.is_ok() {
                wait_for_room(session, &line, &events).await;
            }
        }
    }
}

/// Hears who it is: a viewer, which the loop is told, or a program that pushes.
async fn greet(
    session: SessionId,
    line: &Line,
    arrived: &mut BytesMut,
    events: &mpsc::Sender<Event>,
) -> Result<Option<PushHello>, End> {
    let message = next(&line.stream, arrived).await?;
    match ToRoot::decode(&message) {
        Ok(ToRoot::Hello(hello)) => {
            events.send(Event::Hello(session, hello)).await.map(|()| None).map_err(|_| End::Closed)
        }
        Ok(ToRoot::Push(hello)) => Ok(Some(hello)),
        Ok(_) => Err(End::Violated("the first message was no hello".to_owned())),
        Err(error) => Err(End::Violated(error.to_string())),
    }
}

async fn converse(session: SessionId, line: &Line, arrived: &mut BytesMut, events: &mpsc::Sender<Event>) -> End {
    let mut full = false;
    loop {
        let event = tokio::select! {
            message = next(&line.stream, arrived) => match message.map(|message| ToRoot::decode(&message)) {
                Ok(Ok(ToRoot::Hello(_))) => return End::Violated("a second hello came".to_owned()),
                Ok(Ok(ToRoot::Push(_) | ToRoot::Chunk(_))) => {
                    return End::Violated("a viewer cannot push on its connection".to_owned());
                }
                Ok(Ok(ToRoot::Bye)) => return End::Closed,
                Ok(Ok(said)) => Event::Said(session, said),
                Ok(Err(error)) => return End::Violated(error.to_string()),
                Err(end) => return end,
            },
            () = line.full.notified(), if !full => {
                full = true;
                continue;
            }
            ready = line.stream.writable(), if full => {
                if ready.is_err() {
                    return End::Closed;
                }
                full = false;
                Event::Writable(session)
            }
        };
        if events.send(event).await.is_err() {
            return End::Closed;
        }
    }
}

/// For a viewer that is not listened to any more, but has a last word coming.
async fn wait_for_room(session: SessionId, line: &Line, events: &mpsc::Sender<Event>) {
    // The fan-out may have asked before: the first telling is for that.
    while line.stream.writable().await.is_ok() && events.send(Event::Writable(session)).await.is_ok() {
        line.full.notified().await;
    }
}

/// The next message of whoever is connected. What arrived of it is kept when this is dropped half way.
pub async fn next(stream: &UnixStream, arrived: &mut BytesMut) -> Result<Bytes, End> {
    loop {
        match framing::take(arrived, limits::ATTACH_MESSAGE_BYTES_MAX) {
            Ok(Some(message)) => {
                if arrived.is_empty() {
                    // Thousands of quiet viewers shall cost little.
                    *arrived = BytesMut::new();
                }
                return Ok(message);
            }
            Ok(None) => {}
            Err(error @ FramingError::TooLong { .. }) => return Err(End::Violated(error.to_string())),
            Err(_) => return Err(End::Closed),
        }
        if stream.readable().await.is_err() {
            return Err(End::Closed);
        }
        arrived.reserve(READ_BYTES);
        match stream.try_read_buf(arrived) {
            Ok(0) => return Err(End::Closed),
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(_) => return Err(End::Closed),
        }
    }
}
