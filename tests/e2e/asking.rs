//! What a daemon answers on its admin socket, and waiting until it is what was to come.

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;

use unblink::sys::clock;

use crate::PATIENCE;

/// One page, head and body.
pub fn get(admin: &Path, page: &str) -> String {
    let mut stream = UnixStream::connect(admin).expect("the daemon is there");
    write!(stream, "GET {page} HTTP/1.1\r\nHost: unblink\r\nConnection: close\r\n\r\n").expect("it reads");
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).expect("it answers");
    String::from_utf8_lossy(&answer).into_owned()
}

/// What was counted so far in this series, named as it stands in the metrics.
pub fn counted(admin: &Path, series: &str) -> f64 {
    let of = |line: &str| line.strip_prefix(series)?.strip_prefix(' ')?.parse::<f64>().ok();
    get(admin, "/metrics").lines().find_map(of).unwrap_or(0.0)
}

pub fn wait_until(what: &str, is_so: impl Fn() -> bool) {
    let deadline = clock::mono() + PATIENCE;
    while !is_so() {
        assert!(clock::mono() < deadline, "waited in vain for {what}");
        std::thread::yield_now();
    }
}
