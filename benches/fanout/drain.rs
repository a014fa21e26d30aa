//! Reads all viewers on one thread and notes what came when. What it means is found out afterwards.
//!
//! Invariant: whoever wrote them, frames are taken from their descriptors by this one loop: what it costs is the same for
//! all sides. It parses nothing but where a frame ends.

use std::hash::Hasher;
use std::os::fd::{AsFd, OwnedFd};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use rustc_hash::FxHasher;
use rustix::event::{Timespec, epoll};
use rustix::io::Errno;
use unblink::base::Mono;
use unblink::runtime::{self, Thread};
use unblink::sys::{clock, fd};

/// What ends a picture of those who synchronise their updates.
const FRAME_END: &[u8] = b"\x1b[?2026l";
/// The kind of an attach message that is a frame.
const KIND_FRAME: u8 = 65;
const PREFIX_BYTES: usize = 4;
/// How often the loop looks whether it is to end.
const LOOK: Timespec = Timespec { tv_sec: 0, tv_nsec: 50_000_000 };

/// How a viewer's bytes fall into frames.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// Attach messages.
    Messages,
    /// Each ends with the end of a synchronised update.
    Updates,
    /// Nobody says where one ends: each piece that was read counts.
    Pieces,
}

/// A frame that could be read whole.
#[derive(Clone, Copy, Debug)]
pub struct Seen {
    pub hash: u64,
    pub at: Mono,
    pub bytes: u32,
}

pub struct Viewer {
    fd: OwnedFd,
    shape: Shape,
    rest: Vec<u8>,
    pub seen: Vec<Seen>,
    /// Of those whose pictures are looked at: every frame, in the order of `seen`.
    pub bodies: Option<Vec<Vec<u8>>>,
}

pub struct Drain {
    thread: Thread<Vec<Viewer>>,
    over: Arc<AtomicBool>,
}

/// By which a frame is known again.
pub fn hash(body: &[u8]) -> u64 {
    let mut hasher = FxHasher::default();
    hasher.write(body);
    hasher.finish()
}

// === impl Viewer ===

impl Viewer {
    pub fn new(fd: impl Into<OwnedFd>, shape: Shape, kept: bool) -> Viewer {
        let fd = fd.into();
        fd::set_nonblocking(&fd).expect("a descriptor");
        Viewer { fd, shape, rest: Vec::new(), seen: Vec::new(), bodies: kept.then(Vec::new) }
    }

    /// False at its end.
    fn read(&mut self, buffer: &mut [u8]) -> bool {
        match rustix::io::read(&self.fd, &mut *buffer) {
            Ok(0) => false,
            Ok(count) => {
                let at = clock::mono();
                if self.rest.is_empty() {
                    let taken = self.take(&buffer[..count], at);
                    self.rest.extend_from_slice(&buffer[taken..count]);
                } else {
                    let mut all = std::mem::take(&mut self.rest);
                    all.extend_from_slice(&buffer[..count]);
                    let taken = self.take(&all, at);
                    all.drain(..taken);
                    self.rest = all;
                }
                true
            }
            Err(Errno::AGAIN | Errno::INTR) => true,
            Err(_) => false,
        }
    }

    /// Notes all whole frames; returns how much they are.
    fn take(&mut self, bytes: &[u8], at: Mono) -> usize {
        let mut taken = 0;
        loop {
            let left = &bytes[taken..];
            let (length, body) = match self.shape {
                Shape::Pieces => (left.len(), Some(left)),
                Shape::Updates => match left.windows(FRAME_END.len()).position(|window| window == FRAME_END) {
                    Some(start) => (start + FRAME_END.len(), Some(&left[..start + FRAME_END.len()])),
                    None => return taken,
                },
                Shape::Messages => {
                    let Some(prefix) = left.first_chunk::<PREFIX_BYTES>() else { return taken };
                    let length = PREFIX_BYTES + u32::from_le_bytes(*prefix) as usize;
                    let Some(message) = left.get(..length) else { return taken };
                    let is_frame = message.get(PREFIX_BYTES) == Some(&KIND_FRAME);
                    (length, is_frame.then(|| &message[PREFIX_BYTES + 1..]))
                }
            };
            if length == 0 {
                return taken;
            }
            if let Some(body) = body {
                let bytes = u32::try_from(body.len()).expect("a frame is small");
                self.seen.push(Seen { hash: hash(body), at, bytes });
                if let Some(bodies) = &mut self.bodies {
                    bodies.push(body.to_vec());
                }
            }
            taken += length;
        }
    }
}

// === impl Drain ===

impl Drain {
    pub fn start(viewers: Vec<Viewer>) -> Drain {
        let over = Arc::new(AtomicBool::new(false));
        let told = Arc::clone(&over);
        let thread = runtime::spawn_thread("drain", move || run(viewers, &told)).expect("a thread");
        Drain { thread, over }
    }

    pub fn finish(self) -> Vec<Viewer> {
        self.over.store(true, Ordering::Relaxed);
        self.thread.join().expect("the drain lives")
    }
}

fn run(mut viewers: Vec<Viewer>, over: &AtomicBool) -> Vec<Viewer> {
    let waiting = epoll::create(epoll::CreateFlags::CLOEXEC).expect("a descriptor");
    for (index, viewer) in viewers.iter().enumerate() {
        let data = epoll::EventData::new_u64(index as u64);
        epoll::add(&waiting, viewer.fd.as_fd(), data, epoll::EventFlags::IN).expect("it can be waited for");
    }
    let mut buffer = vec![0; 256 * 1024];
    let mut events = Vec::with_capacity(256);
    while !over.load(Ordering::Relaxed) {
        events.clear();
        match epoll::wait(&waiting, rustix::buffer::spare_capacity(&mut events), Some(&LOOK)) {
            Ok(_) | Err(Errno::INTR) => {}
            Err(error) => panic!("cannot wait: {error}"),
        }
        for event in &events {
            let index = event.data.u64() as usize;
            let viewer = &mut viewers[index];
            if !viewer.read(&mut buffer) {
                epoll::delete(&waiting, viewer.fd.as_fd()).expect("it was waited for");
            }
        }
    }
    viewers
}
