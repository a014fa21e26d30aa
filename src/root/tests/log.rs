//! What a test's process logs.

use std::sync::{Arc, Mutex, OnceLock};

/// What this test's process logs; one thread's, as every task of a test runs on one.
#[derive(Clone, Default)]
pub struct Log(Arc<Mutex<Vec<u8>>>);

// === impl Log ===

impl Log {
    /// Listens until the guard goes.
    pub fn listen() -> (Log, tracing::subscriber::DefaultGuard) {
        // With a single subscriber, tracing asks only the thread that first comes by an event whether it is wanted, and
        // remembers that for all threads.
        static SECOND: OnceLock<tracing::Dispatch> = OnceLock::new();
        SECOND.get_or_init(|| tracing::Dispatch::new(tracing_subscriber::registry()));
        let log = Log::default();
        let entrance = log.clone();
        let subscriber = tracing_subscriber::fmt()
            .with_writer(move || entrance.clone())
            .with_ansi(false)
            .with_max_level(tracing_subscriber::filter::LevelFilter::TRACE)
            .finish();
        (log, tracing::subscriber::set_default(subscriber))
    }

    pub fn text(&self) -> String {
        String::from_utf8(self.0.lock().expect("no panic").clone()).expect("text")
    }

    pub fn count(&self, words: &str) -> usize {
        self.text().matches(words).count()
    }
}

impl std::io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().expect("no panic").extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
