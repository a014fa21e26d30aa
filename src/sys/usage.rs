//! What this process takes of the machine.

use std::fs::File;
use std::io::Read;
use std::time::Duration;

use rustix::param::page_size;
use rustix::time::{ClockId, clock_gettime};

/// Since the process started, and at present.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// Processor time, of all threads.
    pub cpu: Duration,
    /// Memory in RAM, shared pages included; none where the kernel does not tell.
    pub resident_bytes: Option<u64>,
}

/// Seven numbers, of at most twenty digits each.
const STATM_BYTES_MAX: usize = 7 * 21;

/// Asks the kernel; nothing of it waits for a disk.
pub fn read() -> Usage {
    let cpu = clock_gettime(ClockId::ProcessCPUTime);
    let seconds = u64::try_from(cpu.tv_sec).unwrap_or(0);
    let nanos = u32::try_from(cpu.tv_nsec).unwrap_or(0);
    Usage { cpu: Duration::new(seconds, nanos), resident_bytes: resident_bytes() }
}

/// Descriptors that this process holds.
pub fn open_descriptors() -> Option<usize> {
    // One of them is what they are counted with.
    Some(std::fs::read_dir("/proc/self/fd").ok()?.count().saturating_sub(1))
}

fn resident_bytes() -> Option<u64> {
    let mut text = [0; STATM_BYTES_MAX];
    let length = File::open("/proc/self/statm").ok()?.read(&mut text).ok()?;
    let pages = resident_pages(text.get(..length)?)?;
    pages.checked_mul(u64::try_from(page_size()).ok()?)
}

/// The second number of `/proc/PID/statm` (proc_pid_statm(5)).
fn resident_pages(statm: &[u8]) -> Option<u64> {
    std::str::from_utf8(statm).ok()?.split_ascii_whitespace().nth(1)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sys::clock;

    #[test]
    fn work_takes_time_and_this_process_lies_in_memory() {
        let before = read();
        let mut sum = 0_u64;
        while read().cpu < before.cpu + Duration::from_millis(5) {
            sum = std::hint::black_box(sum.wrapping_add(1));
        }
        let resident = before.resident_bytes.expect("a test runs with /proc");
        let page = u64::try_from(page_size()).expect("a page is small");
        assert!(resident.is_multiple_of(page), "{resident} bytes in pages of {page}");
        assert!((100 * 1024..1 << 40).contains(&resident), "{resident} bytes");
    }

    #[test]
    fn memory_that_is_touched_is_counted() {
        let bytes = 64 * 1024 * 1024;
        let deadline = clock::mono() + Duration::from_secs(60);
        loop {
            let before = read().resident_bytes.expect("a test runs with /proc");
            let touched = std::hint::black_box(vec![1_u8; bytes]);
            let after = read().resident_bytes.expect("as before");
            drop(touched);
            // Other tests may give back as much at the same moment, but not each time.
            if after > before + bytes as u64 / 4 {
                break;
            }
            assert!(clock::mono() < deadline, "{before} bytes, then {after}");
        }
    }

    #[test]
    fn a_descriptor_that_is_opened_is_counted() {
        let held: Vec<File> = (0..100).map(|_| File::open("/dev/null").expect("it is always there")).collect();
        assert!(open_descriptors().expect("a test runs with /proc") >= held.len());
    }

    #[test]
    fn only_what_looks_like_a_statm_is_believed() {
        assert_eq!(resident_pages(b"2718 314 250 12 0 1000 0\n"), Some(314));
        for strange in [&b""[..], b"1", b"1 x 3", b"1 -3", b"\xff 1", b"1 99999999999999999999999"] {
            assert_eq!(resident_pages(strange), None, "{strange:?}");
        }
    }
}
