//! A viewer on a terminal that is read as fast as it writes.

use std::io::Read;
use std::process::{Child, Command};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::sync::oneshot;
use unblink::base::Mono;
use unblink::runtime;
use unblink::sys::clock;
use unblink::sys::pty::Pty;

/// What every frame ends with.
const FRAME_END: &[u8] = b"\x1b[?2026l";

pub struct Viewer {
    child: Child,
    frames: Arc<AtomicU64>,
    first: oneshot::Receiver<Mono>,
    // Its end would hang the viewer up.
    _pty: Pty,
}

// === impl Viewer ===

impl Viewer {
    pub fn start(mut command: Command, cols: u16, rows: u16) -> Viewer {
        let pty = Pty::open(cols, rows).expect("a terminal");
        let child = pty.spawn(&mut command).expect("the viewer starts");
        let frames = Arc::new(AtomicU64::new(0));
        let (first_in, first) = oneshot::channel();
        let reading = pty.try_clone().expect("a second handle");
        let counted = Arc::clone(&frames);
        runtime::spawn_thread("terminal", move || drain(&reading, &counted, first_in)).expect("a thread");
        Viewer { child, frames, first, _pty: pty }
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// How many frames came so far.
    pub fn frames(&self) -> u64 {
        self.frames.load(Ordering::Relaxed)
    }

    /// When the first frame was complete.
    pub async fn first_frame(mut self) -> Mono {
        (&mut self.first).await.expect("the viewer shows a frame before it ends")
    }
}

impl Drop for Viewer {
    fn drop(&mut self) {
        // Gone already is fine.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn drain(mut pty: &Pty, frames: &AtomicU64, first: oneshot::Sender<Mono>) {
    let mut first = Some(first);
    let mut buffer = [0_u8; 16 * 1024];
    // How much of the end has been seen: it may be cut between two reads.
    let mut seen = 0;
    while let Ok(count @ 1..) = pty.read(&mut buffer) {
        for &byte in &buffer[..count] {
            seen = if byte == FRAME_END[seen] { seen + 1 } else { usize::from(byte == FRAME_END[0]) };
            if seen == FRAME_END.len() {
                seen = 0;
                frames.fetch_add(1, Ordering::Relaxed);
                if let Some(first) = first.take() {
                    // Nobody may be waiting for it.
                    let _ = first.send(clock::mono());
                }
            }
        }
    }
}
