//! The other sides, each a process of its own that is this very program: the floor, which writes recorded frames and does
//! nothing else, ratatui with a terminal for each viewer, and the program that a tmux shows to many.
//!
//! Invariant: each waits for ticks on one socket and for viewers on another, writes to each viewer once for each tick
//! without ever blocking, and keeps of what a viewer does not take no more than one frame.

use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;

use rustix::event::{PollFd, PollFlags, poll};
use rustix::net::SendFlags;
use unblink::base::limits;
use unblink::sys::socket;
use unblink::wire::{attach, framing};

use super::board::data::Data;
use super::samples;
use super::theirs::Theirs;

/// Recorded frames: the first is a whole picture, each other one stands on the one before.
pub struct Frames(pub Vec<Vec<u8>>);

/// By which call of the kernel bytes go to a socket. A `send()` has a way of its own there and takes less.
#[derive(Clone, Copy)]
enum How {
    Writes,
    Sends,
}

struct Seat {
    stream: UnixStream,
    how: How,
    /// Of a frame that was taken in part.
    rest: Vec<u8>,
    terminal: Option<Theirs>,
    gone: bool,
}

/// `--peer KIND TICKS VIEWERS FRAMES`.
pub fn run(mut arguments: impl Iterator<Item = String>) {
    let mut next = || arguments.next().expect("a peer is told all it needs");
    let (kind, ticks, viewers, frames) = (next(), next(), next(), next());
    match kind.as_str() {
        "floor" => serve(&ticks, &viewers, How::Writes, Some(&Frames::load(Path::new(&frames)))),
        "floor-sends" => serve(&ticks, &viewers, How::Sends, Some(&Frames::load(Path::new(&frames)))),
        "ratatui" => serve(&ticks, &viewers, How::Sends, None),
        "screen" => screen(&ticks, &Frames::load(Path::new(&frames))),
        _ => panic!("there is no peer {kind}"),
    }
}

fn serve(ticks: &str, viewers: &str, how: How, frames: Option<&Frames>) {
    let listener = UnixListener::bind(viewers).expect("the path is free");
    listener.set_nonblocking(true).expect("a socket");
    let mut ticks = UnixStream::connect(ticks).expect("somebody ticks");
    let (mut seats, mut data, mut stepped) = (Vec::new(), Data::new(), 0);
    let messages: Vec<_> =
        frames.map(|frames| frames.0.iter().map(|frame| attach::frame(frame)).collect()).unwrap_or_default();
    loop {
        let (come, due) = wait(&listener, &ticks);
        if come {
            while let Ok((stream, _)) = listener.accept() {
                seats.push(Seat::new(stream, how, frames.is_none()));
            }
        }
        if !due {
            continue;
        }
        let Some(tick) = newest(&mut ticks) else { return };
        if frames.is_none() {
            while stepped < tick {
                data.step();
                stepped += 1;
            }
            data.share = samples::marker(tick) as f64 / 1_000.0;
        }
        for seat in seats.iter_mut().filter(|seat| !seat.gone) {
            if let Some(terminal) = &mut seat.terminal {
                let mut message = Vec::new();
                terminal.frame_then(&data, |bytes| message.extend_from_slice(&attach::frame(bytes)));
                seat.write(&message);
            } else {
                // The whole picture comes first and never again: those after it follow each other.
                seat.write(&messages[Frames::place(tick, messages.len())]);
            }
        }
    }
}

/// On its own standard output, which is a terminal.
fn screen(ticks: &str, frames: &Frames) {
    let mut ticks = UnixStream::connect(ticks).expect("somebody ticks");
    let mut out = io::stdout().lock();
    let mut begun = false;
    while let Some(tick) = newest(&mut ticks) {
        let place = Frames::place(tick, frames.0.len());
        // Where the row of frames begins again it does not stand on what is shown.
        if !begun || place == 1 {
            out.write_all(&frames.0[0]).expect("a terminal");
        }
        begun = true;
        out.write_all(&frames.0[place]).expect("a terminal");
        out.flush().expect("a terminal");
    }
}

/// Whether viewers came, and whether a tick did.
fn wait(listener: &UnixListener, ticks: &UnixStream) -> (bool, bool) {
    let mut waiting = [PollFd::new(listener, PollFlags::IN), PollFd::new(ticks, PollFlags::IN)];
    poll(&mut waiting, None).expect("they can be waited for");
    (!waiting[0].revents().is_empty(), !waiting[1].revents().is_empty())
}

/// The newest tick: whoever is late leaves the others out. None once nobody ticks any more.
fn newest(ticks: &mut UnixStream) -> Option<u64> {
    let mut bytes = [0; 512];
    let count = ticks.read(&mut bytes).ok().filter(|count| *count >= 8)?;
    let start = count / 8 * 8 - 8;
    Some(u64::from_le_bytes(bytes[start..start + 8].try_into().expect("eight bytes")))
}

// === impl Seat ===

impl Seat {
    fn new(stream: UnixStream, how: How, draws: bool) -> Seat {
        stream.set_nonblocking(true).expect("a socket");
        // The same as the daemon asks for.
        socket::set_send_buffer(&stream, limits::ATTACH_SEND_BUFFER_BYTES).expect("a socket");
        Seat { stream, how, rest: Vec::new(), terminal: draws.then(Theirs::new), gone: false }
    }

    /// What is not taken at all is left out; what is taken in part is finished first.
    fn write(&mut self, message: &[u8]) {
        while !self.rest.is_empty() {
            match self.put(&self.rest) {
                Ok(count) => drop(self.rest.drain(..count)),
                Err(error) => return self.judge(&error),
            }
        }
        match self.put(message) {
            Ok(count) if count == message.len() => {}
            Ok(count) => self.rest.extend_from_slice(&message[count..]),
            Err(error) => self.judge(&error),
        }
    }

    fn put(&self, bytes: &[u8]) -> io::Result<usize> {
        match self.how {
            How::Writes => Ok(rustix::io::write(&self.stream, bytes)?),
            How::Sends => Ok(rustix::net::send(&self.stream, bytes, SendFlags::NOSIGNAL)?),
        }
    }

    fn judge(&mut self, error: &io::Error) {
        self.gone = error.kind() != ErrorKind::WouldBlock;
    }
}

// === impl Frames ===

impl Frames {
    /// Which of so many frames a tick shows: never the first.
    pub fn place(tick: u64, frames: usize) -> usize {
        1 + (tick % (frames as u64 - 1)) as usize
    }

    pub fn save(&self, path: &Path) {
        let mut out = bytes::BytesMut::new();
        self.0.iter().for_each(|frame| framing::put(&mut out, frame));
        std::fs::write(path, &out).expect("the folder takes files");
    }

    fn load(path: &Path) -> Frames {
        let mut bytes = bytes::BytesMut::from(&std::fs::read(path).expect("the frames are there")[..]);
        let next = || framing::take(&mut bytes, limits::FRAME_BYTES_MAX).expect("they were saved whole");
        Frames(std::iter::from_fn(next).map(|frame| frame.to_vec()).collect())
    }
}
