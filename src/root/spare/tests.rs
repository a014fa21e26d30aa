//! Real children: this test binary starts itself again and runs `the_spare` alone.

use std::io::{Read, Write};

use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process, waitid};

use super::*;
use crate::machine::supervise::{Plan, Strategy};
use crate::sys::memory_file::MemoryFile;
use crate::sys::{clock, fd};

const SECOND: Duration = Duration::from_secs(1);

fn open() -> String {
    let entries = std::fs::read_dir("/proc/self/fd").unwrap().map(|entry| entry.unwrap());
    let own = |to: &std::path::Path| to.starts_with("/proc");
    let entries = entries.filter(|entry| std::fs::read_link(entry.path()).is_ok_and(|to| !own(&to)));
    let mut names: Vec<String> = entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names.join(" ")
}

/// Says which descriptors it has before and after it was handed one, and what stands in that.
#[test]
fn the_spare() {
    // In the ordinary run of all tests nobody left a feed.
    if std::env::args().nth(1).as_deref() != Some("worker") {
        return;
    }
    let mut feed = fd::take_feed().unwrap();
    let _page = fd::take_marker().unwrap();
    let before = open();
    let Some((history, _)) = handover::take(&feed).unwrap() else { std::process::exit(0) };
    let after = open();
    let mut left = [0; 4];
    MemoryFile::of(history).unwrap().read_at(&mut left, 0).unwrap();
    feed.set_nonblocking(false).unwrap();
    write!(feed, "{before}, {after}, {}\n.", String::from_utf8_lossy(&left)).unwrap();
    let _ = feed.read(&mut left);
    std::process::exit(0);
}

fn keep(spare: &Spare, keeper: &Supervisor, now: Mono) {
    keep_as(spare, keeper, now, "--test-threads=1");
}

fn keep_as(spare: &Spare, keeper: &Supervisor, now: Mono, option: &str) {
    // The rest, as the flag of a spare one, is no option of a test binary's.
    let args = ["--exact", "root::spare::tests::the_spare", "--nocapture", option, "--"];
    spare.keep(&args.map(str::to_owned), || WorkerLog::Discard, keeper, now);
}

fn waiting(spare: &Spare) -> Option<u32> {
    spare.with(|place| place.waiting.as_ref().map(|waiting| waiting.child.pid()))
}

fn is_shown() -> bool {
    crate::runtime::tree().iter().any(|(_, row)| row.name == ROW)
}

fn pid(of: u32) -> Pid {
    Pid::from_raw(i32::try_from(of).unwrap()).unwrap()
}

/// Until it is ended and reaped.
async fn wait_gone(of: Pid) {
    let deadline = clock::mono() + 60 * SECOND;
    while std::path::Path::new(&format!("/proc/{}", of.as_raw_nonzero())).exists() {
        assert!(clock::mono() < deadline, "it lives on");
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn one_that_would_be_started_otherwise_by_now_gives_way_to_one_that_is() {
    let (spare, keeper) = (Spare::default(), Supervisor::new(Plan::new(Strategy::OneForOne)));
    keep(&spare, &keeper, Mono(0));
    let first = waiting(&spare).unwrap();
    keep_as(&spare, &keeper, Mono(0), "--test-threads=2");
    let second = waiting(&spare).unwrap();
    assert_ne!(first, second);
    wait_gone(pid(first)).await;
    keep_as(&spare, &keeper, Mono(0), "--test-threads=2");
    assert_eq!(waiting(&spare), Some(second));
    spare.stop();
}

#[tokio::test]
async fn one_waits_with_nothing_and_belongs_to_whoever_needs_it() {
    let (spare, keeper) = (Spare::default(), Supervisor::new(Plan::new(Strategy::OneForOne)));
    let history = MemoryFile::new().unwrap();
    history.write_at(b"left", 0).unwrap();
    assert!(spare.take(&[history.as_fd()]).is_none(), "none waits");
    keep(&spare, &keeper, Mono(0));
    let first = waiting(&spare).unwrap();
    keep(&spare, &keeper, Mono(0) + SECOND);
    assert_eq!(waiting(&spare), Some(first), "one is enough");
    let (mut child, mut feed, _page) = spare.take(&[history.as_fd()]).unwrap();
    assert_eq!((child.pid(), waiting(&spare)), (first, None));
    feed.set_nonblocking(false).unwrap();
    let mut said = Vec::new();
    while !said.ends_with(b"\n.") {
        let mut byte = [0];
        feed.read_exact(&mut byte).unwrap();
        said.extend(byte);
    }
    assert_eq!(String::from_utf8_lossy(&said), "0 1 2 3 5, 0 1 2 3 4 5, left\n.");
    drop(feed);
    child.wait().await.unwrap();
    keep(&spare, &keeper, Mono(0) + 2 * SECOND);
    let second = waiting(&spare).unwrap();
    assert!(second != first && is_shown());
    spare.stop();
    keep(&spare, &keeper, Mono(0) + 3 * SECOND);
    assert_eq!(waiting(&spare), None, "the daemon ends");
}

#[tokio::test]
async fn one_that_died_or_was_stopped_is_handed_to_nobody() {
    let (spare, keeper) = (Spare::default(), Supervisor::new(Plan::new(Strategy::OneForOne)));
    let history = MemoryFile::new().unwrap();
    keep(&spare, &keeper, Mono(0));
    let stopped = pid(waiting(&spare).unwrap());
    kill_process(stopped, Signal::STOP).unwrap();
    waitid(WaitId::Pid(stopped), WaitIdOptions::STOPPED | WaitIdOptions::NOWAIT).unwrap();
    assert!(spare.take(&[history.as_fd()]).is_none(), "it would not answer");
    wait_gone(stopped).await;
    keep(&spare, &keeper, Mono(0));
    let killed = pid(waiting(&spare).unwrap());
    kill_process(killed, Signal::KILL).unwrap();
    waitid(WaitId::Pid(killed), WaitIdOptions::EXITED | WaitIdOptions::NOWAIT).unwrap();
    keep(&spare, &keeper, Mono(0) + SECOND);
    assert_eq!(waiting(&spare), None, "whatever it died of may be there yet");
    keep(&spare, &keeper, Mono(0) + SECOND + AGAIN_AFTER);
    assert!(waiting(&spare).is_some());
}
