//! Text that grows while somebody waits for it to say something.

use std::io::Read;
use std::sync::{Arc, Condvar, Mutex};

use unblink::runtime;
use unblink::sys::clock;

use crate::PATIENCE;

/// Everything a stream has brought so far.
#[derive(Clone, Default)]
pub struct Text(Arc<(Mutex<Collected>, Condvar)>);

#[derive(Default)]
struct Collected {
    text: String,
    ended: bool,
}

// === impl Text ===

impl Text {
    /// Collects `stream` on a thread of its own until it ends.
    pub fn of(name: &str, mut stream: impl Read + Send + 'static) -> Text {
        let text = Text::default();
        let filled = text.clone();
        runtime::spawn_thread(name, move || {
            let mut piece = [0; 4096];
            while let Ok(count @ 1..) = stream.read(&mut piece) {
                filled.0.0.lock().unwrap().text.push_str(&String::from_utf8_lossy(&piece[..count]));
                filled.0.1.notify_all();
            }
            filled.0.0.lock().unwrap().ended = true;
            filled.0.1.notify_all();
        })
        .unwrap();
        text
    }

    /// Waits until `wanted` finds what it looks for.
    pub fn wait_for<T>(&self, what: &str, wanted: impl Fn(&str) -> Option<T>) -> T {
        let deadline = clock::mono() + PATIENCE;
        let mut collected = self.0.0.lock().unwrap();
        loop {
            if let Some(found) = wanted(&collected.text) {
                return found;
            }
            let left = deadline.since(clock::mono());
            let more = !left.is_zero() && !collected.ended;
            assert!(more, "waited in vain for {what}; there was:\n{}", collected.text);
            collected = self.0.1.wait_timeout(collected, left).unwrap().0;
        }
    }

    /// Waits until there is no more to come, and returns all there was.
    pub fn wait_for_end(&self, what: &str) -> String {
        let deadline = clock::mono() + PATIENCE;
        let mut collected = self.0.0.lock().unwrap();
        while !collected.ended {
            let left = deadline.since(clock::mono());
            assert!(!left.is_zero(), "waited in vain for {what}; there was:\n{}", collected.text);
            collected = self.0.1.wait_timeout(collected, left).unwrap().0;
        }
        collected.text.clone()
    }

    pub fn so_far(&self) -> String {
        self.0.0.lock().unwrap().text.clone()
    }
}
