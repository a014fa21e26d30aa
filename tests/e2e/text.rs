//! Text that grows while somebody waits for it to say something.

use std::io::Read;
use std::sync::{Arc, Condvar, Mutex};

use unblink::runtime;
use unblink::sys::clock;

use crate::PATIENCE;

/// Everything a stream has brought so far.
#[derive(Clone, Default)]
pub struct Text(Arc<(Mutex<String>, Condvar)>);

// === impl Text ===

impl Text {
    /// Collects `stream` on a thread of its own until it ends.
    pub fn of(name: &str, mut stream: impl Read + Send + 'static) -> Text {
        let text = Text::default();
        let filled = text.clone();
        runtime::spawn_thread(name, move || {
            let mut piece = [0; 4096];
            while let Ok(count @ 1..) = stream.read(&mut piece) {
                filled.0.0.lock().unwrap().push_str(&String::from_utf8_lossy(&piece[..count]));
                filled.0.1.notify_all();
            }
        })
        .unwrap();
        text
    }

    /// Waits until `wanted` finds what it looks for.
    pub fn wait_for<T>(&self, what: &str, wanted: impl Fn(&str) -> Option<T>) -> T {
        let deadline = clock::mono() + PATIENCE;
        let mut text = self.0.0.lock().unwrap();
        loop {
            if let Some(found) = wanted(&text) {
                return found;
            }
            let left = deadline.since(clock::mono());
            assert!(!left.is_zero(), "waited in vain for {what}; there was:\n{text}");
            text = self.0.1.wait_timeout(text, left).unwrap().0;
        }
    }

    pub fn so_far(&self) -> String {
        self.0.0.lock().unwrap().clone()
    }
}
