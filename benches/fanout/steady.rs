//! The steady path of the fan-out alone: frames of a view to viewers who take each of them at once, without a kernel.
//!
//! Invariant: each frame is a delta on the one before; nobody is ever behind.

use std::hint::black_box;
use std::io;

use unblink::base::{Epoch, Mono, SessionId, Version, ViewId, limits};
use unblink::fanout::{Fanout, Sink};
use unblink::wire::feed::Frame;

/// Takes everything.
#[derive(Debug)]
struct Taker;

/// A view and its viewers.
pub struct Crowd {
    fanout: Fanout<Taker>,
    version: u64,
    /// Since the newest keyframe.
    deltas: usize,
    bytes: Vec<u8>,
}

const VIEW: ViewId = ViewId(1);
/// Of a frame, about: as many as one of the board that is measured has.
const FRAME_BYTES: usize = 1_200;
/// Of a keyframe: deltas weigh half of one.
const KEYFRAME_BYTES: usize = 2 * FRAME_BYTES;

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
        let mut crowd = Crowd { fanout, version: 0, deltas: 0, bytes: vec![b'x'; KEYFRAME_BYTES] };
        crowd.publish(Version::NONE, KEYFRAME_BYTES);
        crowd
    }

    /// One more frame, which everybody gets, and a keyframe in place of the deltas where a worker sends one.
    pub fn frame(&mut self) {
        let base = Version(self.version);
        self.publish(base, FRAME_BYTES);
        self.deltas += 1;
        if limits::is_outgrown(KEYFRAME_BYTES, self.deltas, self.deltas * FRAME_BYTES) {
            self.version -= 1;
            self.deltas = 0;
            self.publish(Version::NONE, KEYFRAME_BYTES);
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
