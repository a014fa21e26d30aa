//! Viewers that make trouble: they do not read, read as slowly as an old line, come and go, or change their size all the
//! time.

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use unblink::base::Size;
use unblink::runtime::{self, Thread};
use unblink::sys::clock;
use unblink::wire::attach::{Hello, ToRoot};

use super::daemon::greet;
use super::pace;

/// Of five hundred.
pub const STALLED: usize = 50;
pub const SLOW: usize = 50;
pub const RECONNECTING: usize = 10;
pub const RESIZING: usize = 10;
pub const ALL: usize = STALLED + SLOW + RECONNECTING + RESIZING;

const STEP: Duration = Duration::from_millis(10);
/// 9,600 baud are 960 bytes a second.
const SLOW_BYTES_EVERY_THREE_STEPS: usize = 29;
/// Steps between two reconnects, of whoever is next.
const RECONNECT_STEPS: usize = 5;

pub struct Trouble {
    thread: Thread<()>,
    over: Arc<AtomicBool>,
}

// === impl Trouble ===

impl Trouble {
    pub fn start(socket: PathBuf, hello: Hello) -> Trouble {
        let over = Arc::new(AtomicBool::new(false));
        let told = Arc::clone(&over);
        let thread = runtime::spawn_thread("trouble", move || make(&socket, &hello, &told)).expect("a thread");
        Trouble { thread, over }
    }

    pub fn finish(self) {
        self.over.store(true, Ordering::Relaxed);
        self.thread.join().expect("trouble ends");
    }
}

fn make(socket: &std::path::Path, hello: &Hello, over: &AtomicBool) {
    let come = || {
        let stream = greet(socket, hello);
        stream.set_nonblocking(true).expect("a socket");
        stream
    };
    let some = |count: usize| -> Vec<UnixStream> { (0..count).map(|_| come()).collect() };
    let (_stalled, mut slow) = (some(STALLED), some(SLOW));
    let (mut reconnecting, mut resizing) = (some(RECONNECTING), some(RESIZING));
    let mut buffer = [0; 64 * 1024];
    let mut at = clock::mono();
    for step in 0_usize.. {
        if over.load(Ordering::Relaxed) {
            return;
        }
        if step.is_multiple_of(3) {
            for stream in &mut slow {
                let _ = stream.read(&mut buffer[..SLOW_BYTES_EVERY_THREE_STEPS]);
            }
        }
        if step.is_multiple_of(RECONNECT_STEPS) {
            reconnecting[step / RECONNECT_STEPS % RECONNECTING] = come();
        }
        // Each of ten, ten times a second.
        let cols = 80 + (step * 7 % 40) as u16;
        let resize = ToRoot::Resize(Size::clamped(cols, 24 + (step % 16) as u16)).encode();
        let _ = resizing[step % RESIZING].write(&resize);
        for stream in reconnecting.iter_mut().chain(&mut resizing) {
            while matches!(stream.read(&mut buffer), Ok(1..)) {}
        }
        at = at + STEP;
        pace::until(at);
    }
}
