//! Real children: this test binary starts itself again and runs `the_child` alone.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::os::unix::net::UnixStream;

use super::*;
use crate::sys::marker::MarkerFile;
use crate::sys::memory_file::MemoryFile;
use crate::sys::{fd, socket};

/// What the child finds itself to be, `name=value` a line, then a line with a dot.
#[test]
fn the_child() {
    // In the ordinary run of all tests nobody left a feed, and descriptor 3 belongs to some other test.
    if std::env::args().nth(1).as_deref() != Some("worker") {
        return;
    }
    let mut feed = fd::take_feed().unwrap();
    let _history = fd::take_history().unwrap();
    let _marker = fd::take_marker().unwrap();
    feed.set_nonblocking(false).unwrap();
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let no_new_privileges = status.lines().find(|line| line.starts_with("NoNewPrivs:")).unwrap();
    let capabilities = status.lines().find(|line| line.starts_with("CapEff:")).unwrap();
    let environment: Vec<String> = std::env::vars_os().map(|(name, _)| name.to_string_lossy().into_owned()).collect();
    let folder = std::env::current_dir().unwrap();
    let mut open: Vec<String> = std::fs::read_dir("/proc/self/fd")
        .unwrap()
        .map(|entry| entry.unwrap())
        .filter(|entry| std::fs::read_link(entry.path()).is_ok_and(|to| !to.starts_with("/proc")))
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect();
    open.sort();
    let session = rustix::process::getsid(None).unwrap().as_raw_nonzero().get();
    let stdin = std::fs::read_link("/proc/self/fd/0").unwrap();
    write!(
        feed,
        "privileges={no_new_privileges}\ncapabilities={capabilities}\nenvironment={}\nfolder={}\nopen={}\n\
        session={session}\npid={}\nstdin={}\n.\n",
        environment.join(" "),
        folder.display(),
        open.join(" "),
        std::process::id(),
        stdin.display()
    )
    .unwrap();
    let mut order = [0_u8];
    match feed.read(&mut order) {
        Ok(1) => std::process::exit(i32::from(order[0])),
        _ => std::process::exit(0),
    }
}

fn start() -> (Child, UnixStream, BTreeMap<String, String>) {
    let (ours, theirs) = socket::pair().unwrap();
    ours.set_nonblocking(false).unwrap();
    let args = ["--exact", "sys::process::tests::the_child", "--nocapture", "--test-threads=1"];
    let (history, marker) = (MemoryFile::new().unwrap(), MarkerFile::new().unwrap());
    let child = spawn_worker(&args, theirs, Some(history.as_fd()), marker.as_fd(), WorkerLog::Discard).unwrap();
    let mut report = Vec::new();
    while !report.ends_with(b"\n.\n") {
        let mut byte = [0_u8];
        assert_eq!((&ours).read(&mut byte).unwrap(), 1, "the child ended without a report");
        report.push(byte[0]);
    }
    let report = String::from_utf8(report).unwrap();
    let facts = report.lines().filter_map(|line| line.split_once('='));
    let facts = facts.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    (child, ours, facts)
}

#[tokio::test]
async fn a_worker_holds_nothing_but_its_streams_the_feed_and_what_others_left() {
    // A descriptor without close-on-exec, as a careless parent of ours may have left us.
    let leaked = rustix::io::fcntl_dupfd_cloexec(io::stderr(), 10).unwrap();
    rustix::io::fcntl_setfd(&leaked, rustix::io::FdFlags::empty()).unwrap();
    let (mut child, feed, facts) = start();
    // Further ones are the child's own: the test harness keeps a few.
    let open: Vec<i32> = facts["open"].split(' ').map(|number| number.parse().unwrap()).collect();
    assert!(open.starts_with(&[0, 1, 2, 3, 4, 5]), "{open:?}");
    assert!(!open.contains(&leaked.as_raw_fd()), "the child inherited {}: {open:?}", leaked.as_raw_fd());
    assert_eq!(facts["privileges"].split_whitespace().last(), Some("1"));
    assert_eq!(facts["session"], facts["pid"], "the child shares our session and gets our terminal's signals");
    assert_eq!(facts["pid"], child.pid().to_string());
    assert_eq!(facts["stdin"], "/dev/null");
    drop(feed);
    assert_eq!(child.wait().await.unwrap(), Exit::Code(0));
}

/// As root this is the kernel's doing at our word: uid 0 would get every capability back at exec.
#[tokio::test]
async fn a_worker_has_no_capabilities_no_secrets_and_no_folder() {
    let ours = std::fs::read_to_string("/proc/self/status").unwrap();
    let (mut child, feed, facts) = start();
    let may_set = ours.lines().filter_map(|line| line.strip_prefix("CapEff:")).any(|set| {
        let set = u64::from_str_radix(set.trim(), 16).unwrap();
        set & (1 << 8) != 0
    });
    if may_set || !rustix::process::geteuid().is_root() {
        assert_eq!(facts["capabilities"].split_whitespace().last(), Some("0000000000000000"));
    }
    // Cargo puts dozens of variables into a test's environment.
    assert!(std::env::var_os("CARGO_MANIFEST_DIR").is_some());
    let foreign = facts["environment"].split_whitespace().find(|name| !ENVIRONMENT_KEPT.contains(name));
    assert_eq!(foreign, None, "the child was told");
    assert_eq!(facts["folder"], "/");
    drop(feed);
    assert_eq!(child.wait().await.unwrap(), Exit::Code(0));
}

/// In a process that may have no cores at all and may not raise that, as after `ulimit -c 0`.
#[test]
fn a_worker_starts_where_no_core_is_allowed_already() {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "sys::process::tests::a_worker_has_no_capabilities_no_secrets_and_no_folder"]);
    let none = || {
        setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) })?;
        renounce_capabilities()
    };
    // SAFETY: the closure only makes system calls.
    unsafe { command.pre_exec(none) };
    let output = command.output().unwrap();
    let told = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && told.contains("1 passed"), "{told}");
}

#[tokio::test]
async fn the_way_a_worker_ended_is_told_and_told_again() {
    let (mut child, mut feed, _) = start();
    assert_eq!(child.try_wait().unwrap(), None);
    feed.write_all(&[7]).unwrap();
    assert_eq!(child.wait().await.unwrap(), Exit::Code(7));
    assert_eq!(child.wait().await.unwrap(), Exit::Code(7));
    child.kill().unwrap();

    let (mut child, _feed, _) = start();
    child.kill().unwrap();
    let exit = child.wait().await.unwrap();
    assert_eq!(exit, Exit::Signal(9));
    assert_eq!(exit.to_string(), "was killed by signal 9 (SIGKILL)");
    assert!(!std::path::Path::new(&format!("/proc/{}", child.pid())).exists(), "a zombie is left");
}

#[tokio::test]
async fn a_worker_dies_with_the_thread_that_started_it() {
    let (mut child, _feed, _) = std::thread::Builder::new().spawn(start).unwrap().join().unwrap();
    assert_eq!(child.wait().await.unwrap(), Exit::Signal(9));
}

#[test]
fn a_child_that_nobody_watches_is_killed() {
    let (child, mut feed, _) = start();
    drop(child);
    let mut rest = Vec::new();
    feed.read_to_end(&mut rest).unwrap();
    assert!(rest.is_empty());
}

#[test]
fn a_child_is_never_limited_to_more_than_we_are() {
    for (one, other, expected) in [
        (None, None, None),
        (Some(5), None, Some(5)),
        (None, Some(7), Some(7)),
        (Some(5), Some(7), Some(5)),
        (Some(9), Some(7), Some(7)),
    ] {
        assert_eq!(lesser(one, other), expected);
    }
}
