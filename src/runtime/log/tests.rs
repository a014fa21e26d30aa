use std::sync::mpsc;

use super::*;

/// Far more than it takes.
const PATIENCE: Duration = Duration::from_secs(30);

/// Writes only what it is allowed to: one write for each permission.
struct Gate {
    permissions: mpsc::Receiver<()>,
    begun: mpsc::Sender<()>,
    written: mpsc::Sender<Vec<u8>>,
}

impl Write for Gate {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let _ = self.begun.send(());
        if self.permissions.recv().is_err() {
            // The test is over.
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        let _ = self.written.send(bytes.to_vec());
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_reader_that_stands_still_holds_nobody_up_and_is_told_what_it_missed() {
    let (allow, permissions) = mpsc::channel();
    let (begun, begins) = mpsc::channel();
    let (written, writes) = mpsc::channel();
    let lines = HandOff::start(Gate { permissions, begun, written }).unwrap();
    lines.push(b"first\n");
    begins.recv_timeout(PATIENCE).unwrap();
    assert!(!lines.flush(Duration::ZERO), "nothing is out yet");
    let line = [b'x'; 1024];
    for _ in 0..limits::LOG_WAITING_BYTES_MAX / line.len() + 3 {
        lines.push(&line);
    }
    assert_eq!(lines.lock().bytes.len(), limits::LOG_WAITING_BYTES_MAX);
    allow.send(()).unwrap();
    assert_eq!(writes.recv_timeout(PATIENCE).unwrap(), b"first\n");
    allow.send(()).unwrap();
    assert_eq!(writes.recv_timeout(PATIENCE).unwrap().len(), limits::LOG_WAITING_BYTES_MAX);
    let mut said = Vec::new();
    while !said.ends_with(b"\n") {
        allow.send(()).unwrap();
        said.extend(writes.recv_timeout(PATIENCE).unwrap());
    }
    assert_eq!(String::from_utf8(said).unwrap(), "3 log lines were dropped: nobody took them\n");
    assert!(lines.flush(PATIENCE), "all is out");
}

#[test]
fn a_writer_that_fails_loses_its_lines_and_nothing_else() {
    struct Full;
    impl Write for Full {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::ErrorKind::StorageFull.into())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let lines = HandOff::start(Full).unwrap();
    for _ in 0..3 {
        lines.push(b"lost\n");
        assert!(lines.flush(PATIENCE), "the thread lives");
    }
}
