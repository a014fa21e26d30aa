//! One viewer's connection: a task that reads what the viewer says and waits for room when the fan-out asks it to. A
//! program that pushes is handed on once it says that it is one.
//!
//! Invariant: it sleeps while frames flow, and so does the runtime: of room, which there is anew whenever a viewer has
//! read, the kernel tells only while somebody waits for it. It holds no state of the session, and what a viewer sends
//! before it is heard is bounded by one message.

use std::io::{self, Read, Write};
use std::os::unix::net::UnixStream;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use rustix::net::SendFlags;
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;
use tokio::sync::{Notify, mpsc};

use super::pusher::{self, Opening, Room};
use crate::base::{SessionId, limits};
use crate::fanout::Sink;
use crate::runtime::timer;
use crate::sys::fd::{self, SharedSocket};
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

/// The fan-out's side of a connection. It writes past the runtime, which need not know.
#[derive(Clone, Debug)]
pub struct Line {
    stream: SharedSocket,
    full: Arc<Notify>,
}

/// The task's side of a connection.
#[derive(Debug)]
pub struct Ear {
    stream: SharedSocket,
    /// None for the moment between two, of which the kernel takes one at a time.
    watched: Option<AsyncFd<SharedSocket>>,
    /// Room made at least for what is read.
    room_min: usize,
}

/// Room made for what a viewer says: keys and sizes, many times over.
const READ_BYTES: usize = 512;
/// Room made for what a program pushes: some dozen lines.
const READ_PUSHED_BYTES: usize = 4 * 1024;
/// What is read at once of a message that is longer.
const READ_BYTES_MAX: usize = 64 * 1024;

pub enum End {
    Closed,
    Violated(String),
}

// === impl Line ===

impl Line {
    /// Of a stream that does not block.
    pub fn new(stream: UnixStream) -> Line {
        Line { stream: SharedSocket::new(stream), full: Arc::new(Notify::new()) }
    }
}

impl Sink for Line {
    fn try_write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        // Where most of root's time goes. std's own write has no frame for a profile to begin with.
        rustix::net::send(&self.stream, bytes, SendFlags::NOSIGNAL).map_err(io::Error::from)
    }

    fn wait_for_room(&mut self) {
        self.full.notify_one();
    }
}

// === impl Ear ===

impl Ear {
    /// Hears what is said.
    fn new(line: &Line) -> Result<Ear, End> {
        let mut ear = Ear { stream: line.stream.clone(), watched: None, room_min: READ_BYTES };
        ear.listen(Interest::READABLE)?;
        Ok(ear)
    }

    /// Hears of this from now on: also of what came or went before.
    pub fn listen(&mut self, interest: Interest) -> Result<(), End> {
        self.watched = None;
        self.watched = Some(fd::watch(self.stream.clone(), interest).map_err(|_| End::Closed)?);
        Ok(())
    }

    /// There is room, or the other end is gone. To be asked only by who listens for it.
    pub async fn room(&self) -> Result<(), End> {
        self.watched()?.writable().await.map(|mut guard| guard.retain_ready()).map_err(|_| End::Closed)
    }

    /// Writes what there is room for, waiting until there is some.
    pub async fn write(&self, bytes: &[u8]) -> Result<usize, End> {
        loop {
            let mut guard = self.watched()?.writable().await.map_err(|_| End::Closed)?;
            match guard.try_io(|_| self.stream.socket().write(bytes)) {
                Ok(Err(error)) if error.kind() == io::ErrorKind::Interrupted => {}
                Ok(written) => return written.map_err(|_| End::Closed),
                Err(_) => {}
            }
        }
    }

    /// Adds what can be read to `arrived`, waiting until there is some.
    async fn read(&self, arrived: &mut BytesMut) -> Result<(), End> {
        loop {
            let mut guard = self.watched()?.readable().await.map_err(|_| End::Closed)?;
            let before = arrived.len();
            // As much again as there is: what is long is read in few pieces.
            let room = before.clamp(self.room_min, READ_BYTES_MAX);
            arrived.resize(before + room, 0);
            let read = guard.try_io(|_| self.stream.socket().read(&mut arrived[before..]));
            arrived.truncate(before + read.as_ref().map_or(0, |read| *read.as_ref().unwrap_or(&0)));
            match read {
                Ok(Ok(count @ 1..)) => {
                    // There was no more, and what comes now is told anew. An end is never forgotten.
                    if count < room {
                        guard.clear_ready();
                    }
                    return Ok(());
                }
                Ok(Err(error)) if error.kind() == io::ErrorKind::Interrupted => {}
                Ok(_) => return Err(End::Closed),
                Err(_) => {}
            }
        }
    }

    fn watched(&self) -> Result<&AsyncFd<SharedSocket>, End> {
        self.watched.as_ref().ok_or(End::Closed)
    }
}

/// Carries until the viewer is gone or the loop ends it.
pub async fn run(session: SessionId, line: Line, events: mpsc::Sender<Event>) {
    let Ok(mut ear) = Ear::new(&line) else {
        return drop(events.send(Event::Left(session, "its connection cannot be watched")).await);
    };
    let mut arrived = BytesMut::new();
    let end = match timer::timeout(limits::HELLO_DEADLINE, greet(session, &ear, &mut arrived, &events)).await {
        Err(_) => Err(End::Violated(format!("no hello came within {} s", limits::HELLO_DEADLINE.as_secs()))),
        Ok(greeted) => greeted,
    };
    let end = match end {
        Ok(None) => converse(session, &line, &mut ear, &mut arrived, &events).await,
        Ok(Some(hello)) => {
            ear.room_min = READ_PUSHED_BYTES;
            return pusher::run(session, hello, ear, arrived, events).await;
        }
        Err(end) => end,
    };
    // A loop that is gone needs no telling.
    match end {
        End::Closed => drop(events.send(Event::Left(session, "the viewer closed the connection")).await),
        End::Violated(why) => {
            if events.send(Event::Violated(session, why)).await.is_ok() {
                wait_for_room(session, &line, &mut ear, &events).await;
            }
        }
    }
}

/// Hears who it is: a viewer, which the loop is told, or a program that pushes.
async fn greet(
    session: SessionId,
    ear: &Ear,
    arrived: &mut BytesMut,
    events: &mpsc::Sender<Event>,
) -> Result<Option<PushHello>, End> {
    let message = next(ear, arrived).await?;
    match ToRoot::decode(&message) {
        Ok(ToRoot::Hello(hello)) => {
            events.send(Event::Hello(session, hello)).await.map(|()| None).map_err(|_| End::Closed)
        }
        Ok(ToRoot::Push(hello)) => Ok(Some(hello)),
        Ok(_) => Err(End::Violated("the first message was no hello".to_owned())),
        Err(error) => Err(End::Violated(error.to_string())),
    }
}

async fn converse(
    session: SessionId,
    line: &Line,
    ear: &mut Ear,
    arrived: &mut BytesMut,
    events: &mpsc::Sender<Event>,
) -> End {
    let mut full = false;
    loop {
        let event = tokio::select! {
            message = next(ear, arrived) => match message.map(|message| ToRoot::decode(&message)) {
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
                if let Err(end) = ear.listen(Interest::READABLE | Interest::WRITABLE) {
                    return end;
                }
                full = true;
                continue;
            }
            room = ear.room(), if full => {
                if let Err(end) = room.and_then(|()| ear.listen(Interest::READABLE)) {
                    return end;
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
async fn wait_for_room(session: SessionId, line: &Line, ear: &mut Ear, events: &mpsc::Sender<Event>) {
    // The fan-out may have asked before: the first telling is for that.
    while ear.listen(Interest::WRITABLE).is_ok()
        && ear.room().await.is_ok()
        && events.send(Event::Writable(session)).await.is_ok()
    {
        line.full.notified().await;
    }
}

/// The next message of whoever is connected. What arrived of it is kept when this is dropped half way.
pub async fn next(ear: &Ear, arrived: &mut BytesMut) -> Result<Bytes, End> {
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
        ear.read(arrived).await?;
    }
}

#[cfg(test)]
mod tests;
