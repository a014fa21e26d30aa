//! Real ends of real processes: this test binary starts itself again and runs `the_child` alone.

use std::fs::OpenOptions;
use std::os::fd::AsRawFd;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

use super::*;
use crate::sys::clock;
use crate::sys::symbols::Names;

const FILE: &str = "UNBLINK_TEST_MARKER";
const MODE: &str = "UNBLINK_TEST_MODE";
const PATIENCE: Duration = Duration::from_secs(60);

/// What the child comes to, by its mode.
#[test]
fn the_child() {
    let (Ok(file), Ok(mode)) = (std::env::var(FILE), std::env::var(MODE)) else { return };
    let file = OpenOptions::new().read(true).write(true).open(file).unwrap();
    install(MarkerFile::of(file.into()).unwrap()).unwrap();
    let _board = begin(Kind::Panel, 7, "a board", (3, 41));
    match mode.as_str() {
        "abort" => std::process::abort(),
        "exit" => std::process::exit(3),
        "segv" => {
            // SAFETY: that it is not sound is the point of it; nothing lies there, and the process ends.
            unsafe { std::ptr::without_provenance_mut::<u8>(16).write_volatile(1) };
        }
        "overflow" => {
            assert!(endless(1) > 0);
        }
        "panic in another thread" => {
            let thread = std::thread::Builder::new().spawn(|| {
                let _source = begin(Kind::Source, 9, "Quelle", (0, 0));
                blame();
                std::process::abort();
            });
            thread.unwrap().join().unwrap();
        }
        "done" => {
            drop(_board);
            std::process::abort();
        }
        "nested" => {
            drop(begin(Kind::Source, 8, "inner", (1, 0)));
            std::process::abort();
        }
        "loop" => loop_for_ever(),
        mode => panic!("no such mode: {mode}"),
    }
}

#[inline(never)]
fn loop_for_ever() {
    loop {
        std::hint::spin_loop();
    }
}

#[expect(unconditional_recursion, reason = "that is what it is for")]
fn endless(depth: u64) -> u64 {
    let room = std::hint::black_box([depth; 128]);
    room[5] + endless(room[3] + 1)
}

fn start(mode: &str) -> (MarkerFile, Child) {
    let marker = MarkerFile::new().unwrap();
    let path = format!("/proc/{}/fd/{}", std::process::id(), marker.as_fd().as_raw_fd());
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "sys::marker::tests::the_child", "--nocapture", "--test-threads=1"]);
    let child = command.env(FILE, path).env(MODE, mode).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    (marker, child)
}

fn remains(mode: &str) -> Remains {
    let (marker, mut child) = start(mode);
    assert!(!child.wait().unwrap().success());
    marker.read().unwrap()
}

/// Waits until the page shows what is wanted.
fn wait_for(marker: &MarkerFile, wanted: impl Fn(&Remains) -> bool) -> Remains {
    let deadline = clock::mono() + PATIENCE;
    loop {
        let remains = marker.read().unwrap();
        if wanted(&remains) {
            return remains;
        }
        assert!(clock::mono() < deadline, "{remains:?}");
        std::thread::yield_now();
    }
}

fn panel() -> Option<Found> {
    Some(Found { kind: Kind::Panel, trace: 7, name: "a board".to_owned(), part: 3, frame: 41 })
}

#[test]
fn whatever_a_step_dies_of_the_step_is_found() {
    let (abort, segv) = (libc::SIGABRT as u8, libc::SIGSEGV as u8);
    // A stack that overflows makes std abort, after it has said so.
    for (mode, signal) in [("abort", abort), ("segv", segv), ("overflow", segv), ("exit", 0), ("nested", abort)] {
        let remains = remains(mode);
        assert_eq!((&remains.step, remains.is_blamed, remains.signal), (&panel(), true, signal), "{mode}");
    }
}

#[test]
fn the_thread_that_did_it_is_to_blame() {
    let source = Found { kind: Kind::Source, trace: 9, name: "Quelle".to_owned(), part: 0, frame: 0 };
    let remains = remains("panic in another thread");
    assert_eq!((remains.step, remains.is_blamed), (Some(source), true));
}

#[test]
fn a_step_that_is_done_is_not_to_blame() {
    let remains = remains("done");
    assert_eq!((remains.step, remains.is_blamed), (None, true));
}

#[test]
fn one_that_is_asked_tells_where_it_is() {
    let (marker, mut child) = start("loop");
    let begun = wait_for(&marker, |remains| remains.step.is_some());
    ask(child.id(), begun.thread).unwrap();
    let asked = wait_for(&marker, |remains| !remains.calls.is_empty());
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(asked.calls_of, begun.thread);
    let names = Names::open().lines(&asked.calls, usize::MAX);
    let place = |part: &str| names.iter().position(|name| name.contains(part));
    let (inner, outer) = (place("loop_for_ever"), place("the_child"));
    assert!(inner.is_some() && inner < outer, "{names:#?}");
    assert!(ask(begun.thread, begun.thread).is_err(), "it is gone");
}

#[test]
fn one_that_was_killed_from_outside_is_not_to_blame() {
    let (marker, mut child) = start("loop");
    wait_for(&marker, |remains| remains.step.is_some());
    kill_process(Pid::from_child(&child), Signal::KILL).unwrap();
    child.wait().unwrap();
    let remains = marker.read().unwrap();
    assert_eq!((&remains.step, remains.is_blamed), (&panel(), false));
}

#[test]
fn a_page_of_noise_is_read_as_something() {
    let mut state = 88_172_645_463_325_252_u64;
    for _ in 0..200 {
        let mut bytes = [0; page::BYTES];
        for byte in &mut bytes {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            *byte = (state >> 32) as u8;
        }
        assert!(page::read(&bytes).calls.len() <= page::CALLS);
    }
    assert_eq!(page::read(&[0; page::BYTES]), Remains::default());
}

#[test]
fn a_file_that_is_no_marker_is_refused() {
    assert!(MarkerFile::of(std::fs::File::open("/dev/null").unwrap().into()).is_err());
    let other = memfd_create("x", MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING).unwrap();
    ftruncate(&other, page::BYTES as u64).unwrap();
    assert!(MarkerFile::of(other).is_err(), "it could shrink");
}

#[test]
fn a_long_name_is_cut_between_characters() {
    let name = "é".repeat(100);
    let step = Step::new(Kind::Source, 1, &name, (2, 0));
    assert_eq!(step.found().unwrap().name, "é".repeat(32));
}
