//! The steady path of the fan-out alone: frames of a view to viewers who take each of them at once, without a kernel.
//!
//! Invariant: each frame is a delta on the one before; nobody is ever behind.

use std::hint::black_box;
use std::io;

use unblink::base::{Epoch, Mono, SessionId, Version, ViewId};
use unblink::fanout::{Fanout, Sink};
use unblink::wire::feed::Frame;

/// Takes everything.
#[derive(Debug)]
struct Taker;

/// A view and its viewers.
pub struct Crowd {
    fanout: Fanout<Taker>,
    version: u64,
    bytes: Vec<u8>,
}

const VIEW: ViewId = ViewId(1);
/// Of a frame, about: as many as one of the board that is measured has.
const FRAME_BYTES: usize = 1_200;
/// Frames after which a keyframe takes the place of the deltas, as it does where deltas weigh half of one.
const KEYFRAME_EVERY: u64 = 2;

impl Sink for Taker {
    fn try_write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        Ok(black_box(bytes).len())
    }

    fn wait_for_room(&mut self) {
        unreachable!("there is always room");
    }
}

impl Crowd {
    pub fn new(viewers: u64) -> Crowd {
        let mut fanout = Fanout::new();
        fanout.open(VIEW);
        for viewer in 0..viewers {
            fanout.join(SessionId(viewer), Taker, VIEW, [], Mono(1));
        }
        let mut crowd = Crowd { fanout, version: 0, bytes: vec![b'x'; 2 * FRAME_BYTES] };
        crowd.publish(Version::NONE, 2 * FRAME_BYTES);
        crowd
    }

    /// One more frame, which everybody gets.
    pub fn frame(&mut self) {
        let base = Version(self.version);
        self.publish(base, FRAME_BYTES);
        if self.version.is_multiple_of(KEYFRAME_EVERY) {
            self.version -= 1;
            self.publish(Version::NONE, 2 * FRAME_BYTES);
        }
    }

    fn publish(&mut self, base: Version, bytes: usize) {
        self.version += 1;
        let frame =
            Frame { view: VIEW, epoch: Epoch(1), version: Version(self.version), base, bytes: &self.bytes[..bytes] };
        self.fanout.publish(&frame, Mono(self.version)).expect("a frame in its place");
        while self.fanout.next_credit().is_some() {}
    }
}
