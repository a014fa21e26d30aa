//! What the service manager is told, what it gets to keep and what is taken back from it.

use std::collections::BTreeMap;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixListener;

use rustix::fs::fstat;
use rustix::net::{RecvFlags, recv};
use tokio::net::UnixDatagram;

use super::harness::{World, patiently};
use super::{Log, SIZE};
use crate::base::{SessionId, ViewId};
use crate::fanout::Fanout;
use crate::root::connection::Line;
use crate::root::service::{Loopback, Store};
use crate::root::{Given, Order, Service};
use crate::sys::handed::Handed;
use crate::sys::memory_file::MemoryFile;
use crate::sys::notify::Manager;
use crate::wire::feed::ToWorker;

/// Who is told.
struct Listening {
    folder: tempfile::TempDir,
    socket: UnixDatagram,
}

impl Listening {
    fn new() -> Listening {
        let folder = tempfile::tempdir().expect("a folder");
        let socket = UnixDatagram::bind(folder.path().join("notify")).expect("a socket");
        Listening { folder, socket }
    }

    fn env(&self, name: &str) -> Option<String> {
        match name {
            "NOTIFY_SOCKET" => Some(self.folder.path().join("notify").to_str()?.to_owned()),
            "WATCHDOG_USEC" => Some("9000000".to_owned()),
            _ => None,
        }
    }

    fn service(&self, handed: Vec<Handed>) -> (Service, Given) {
        Service::of(handed, |name| self.env(name)).expect("no two of a name")
    }

    fn manager(&self) -> Option<std::sync::Arc<Manager>> {
        Manager::at(&self.env("NOTIFY_SOCKET")?).ok().map(std::sync::Arc::new)
    }

    /// The next message, whatever it says.
    async fn next(&self) -> String {
        let mut told = [0; 1024];
        let length = patiently("it is told something", self.socket.recv(&mut told)).await.expect("a datagram");
        String::from_utf8_lossy(&told[..length]).into_owned()
    }

    /// All messages up to the one with this line.
    async fn until(&self, line: &str) -> Vec<String> {
        let mut all = Vec::new();
        loop {
            let told = self.next().await;
            let is_it = told.lines().any(|one| one == line);
            all.push(told);
            if is_it {
                return all;
            }
            assert!(all.len() < 1000, "waited in vain for {line}: {all:?}");
        }
    }

    /// All that was said already.
    fn so_far(&self) -> Vec<String> {
        let mut told = [0; 1024];
        let next = || {
            let (length, _) = recv(&self.socket, &mut told[..], RecvFlags::DONTWAIT).ok()?;
            Some(String::from_utf8_lossy(&told[..length]).into_owned())
        };
        std::iter::from_fn(next).collect()
    }
}

fn inode(file: &MemoryFile) -> u64 {
    fstat(file.as_fd()).expect("it is open").st_ino
}

fn handed(name: &str, fd: impl Into<OwnedFd>) -> Handed {
    Handed { name: name.to_owned(), fd: fd.into() }
}

#[tokio::test(start_paused = true)]
async fn it_is_up_when_a_worker_draws_and_tells_what_changed() {
    let listening = Listening::new();
    let mut world = World::managed(listening.service(Vec::new()).0);
    let mut worker = world.worker().await;
    worker.greet().await;
    assert!(!listening.so_far().iter().any(|told| told.contains("READY")), "nothing is drawn yet");
    worker.agree_greeted().await;
    listening.until("READY=1").await;
    let viewer = world.viewer(SIZE.0, SIZE.1).await;
    worker.subscribed().await;
    listening.until("STATUS=1 viewer, 1 of 1 worker drawing").await;
    worker.die("was killed by signal 11");
    let mut second = world.live_worker().await;
    // Everybody may read this of the manager: no names, and not what happened.
    let fault = "STATUS=1 viewer, 1 of 1 worker drawing; 1 worker failed before; see `unblink status`";
    answer(&mut second, listening.until(fault)).await;
    drop(viewer);
    world.order(Order::Stop).await;
    answer(&mut second, listening.until("STOPPING=1")).await;
    world.stop().await;
}

/// Answers pings until something has come.
async fn answer<T>(worker: &mut super::harness::Puppet, comes: impl Future<Output = T>) -> T {
    tokio::select! {
        came = comes => came,
        () = async {
            loop {
                if let Some(ToWorker::Ping { nonce, .. }) = worker.try_next().await {
                    worker.say(&crate::wire::feed::ToRoot::Pong { nonce }).await;
                }
            }
        } => unreachable!("it goes on for ever"),
    }
}

/// Answers so many pings, which are seconds.
async fn answer_pings(worker: &mut super::harness::Puppet, count: usize) {
    let mut answered = 0;
    while answered < count {
        if let Some(ToWorker::Ping { nonce, .. }) = worker.try_next().await {
            worker.say(&crate::wire::feed::ToRoot::Pong { nonce }).await;
            answered += 1;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn it_is_up_although_no_worker_can_draw_and_says_why() {
    let listening = Listening::new();
    let mut world = World::managed(listening.service(Vec::new()).0);
    let begun = crate::sys::clock::mono();
    let told = tokio::select! {
        told = listening.until("READY=1") => told,
        () = async {
            loop {
                world.worker().await.die("ended with status 1");
            }
        } => unreachable!("it goes on for ever"),
    };
    assert!(crate::sys::clock::mono().since(begun) >= crate::base::limits::READY_DEADLINE);
    assert!(told.concat().contains("0 of 1 worker drawing; 1 worker failed before"), "{told:?}");
    world.stop().await;
}

#[tokio::test(start_paused = true)]
async fn the_watchdog_is_fed_in_an_empty_house_and_with_a_worker_that_hangs() {
    let listening = Listening::new();
    // Nobody reads what root says to this one.
    let (mut world, begun) = (World::managed(listening.service(Vec::new()).0), crate::sys::clock::mono());
    let _hangs = world.worker().await;
    for _ in 0..20 {
        listening.until("WATCHDOG=1").await;
    }
    let seconds = crate::sys::clock::mono().since(begun).as_secs();
    // A third of nine seconds each; the first comes with the first second.
    assert!((55..=62).contains(&seconds), "{seconds} s for twenty");
    world.stop().await;
}

#[tokio::test]
async fn a_viewer_within_that_nothing_gets_through_to_is_left_for_another_one() {
    let listening = Listening::new();
    let (give, take) = tokio::sync::oneshot::channel();
    let world = World::beside(|top| drop(give.send(top.clone())), |_| true);
    let keeper = take.await.expect("root begins");
    let manager = listening.manager().expect("it listens");
    let (mut fanout, mut now) = (Fanout::new(), crate::sys::clock::mono());
    let second = std::time::Duration::from_secs(1);
    let mut loopback = Loopback::begin(&mut fanout, &keeper, &manager, 3 * second, now);
    listening.until("WATCHDOG=1").await;
    for is_closed in [true, false, true] {
        // In its place, one that is closed, or one that takes nothing although nobody waits for room.
        let (ours, theirs) = crate::sys::socket::pair().expect("sockets");
        while !is_closed && std::io::Write::write(&mut &ours, &[0; 4096]).is_ok() {}
        let theirs = Some(theirs).filter(|_| !is_closed);
        fanout.leave(SessionId(0));
        fanout.join(SessionId(0), Line::new(ours), ViewId(0), [], now);
        fanout.uncount(SessionId(0));
        listening.so_far();
        for _ in 0..4 {
            now = now + second;
            loopback.second(&mut fanout, &keeper, now);
            if fanout.next_gone().is_some_and(|gone| gone.session == SessionId(0)) {
                loopback.gone();
            }
        }
        listening.until("WATCHDOG=1").await;
        drop(theirs);
    }
    assert_eq!(fanout.sent().frames, 0, "no viewer took any of these");
    world.stop().await;
}

#[tokio::test(start_paused = true)]
async fn what_it_could_not_be_told_it_is_told_a_second_later() {
    let listening = Listening::new();
    let manager = listening.manager().expect("it listens");
    while manager.tell("STATUS=x", None).is_ok() {}
    let (log, _guard) = Log::listen();
    let mut world = World::managed(listening.service(Vec::new()).0);
    let mut worker = world.live_worker().await;
    // It was told nothing for some seconds, of which the log has one line.
    answer_pings(&mut worker, 4).await;
    assert_eq!(log.count("cannot be told how the daemon fares"), 1, "{}", log.text());
    assert!(!listening.so_far().concat().contains("READY"), "there was no room");
    answer(&mut worker, listening.until("READY=1")).await;
    world.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_signal_to_read_the_configuration_is_announced_and_its_end_too() {
    let listening = Listening::new();
    let mut world = World::managed(listening.service(Vec::new()).0);
    let _worker = world.live_worker().await;
    listening.until("READY=1").await;
    world.order(Order::Reload).await;
    let told = listening.until("RELOADING=1").await.pop().expect("it came");
    assert!(told.contains("\nMONOTONIC_USEC="), "{told}");
    // This one reads nothing, so that is over at once.
    assert!(told.lines().any(|line| line == "READY=1"), "{told}");
    world.stop().await;
}

#[tokio::test]
async fn a_history_is_kept_taken_back_once_and_given_up_with_its_tenant() {
    let listening = Listening::new();
    let file = MemoryFile::new().expect("memory");
    let store = Store::new(listening.manager());
    store.keep("a", &file);
    assert_eq!(listening.next().await, "FDSTOREREMOVE=1\nFDNAME=history-a");
    assert_eq!(listening.next().await, "FDSTORE=1\nFDPOLL=0\nFDNAME=history-a");
    // The next daemon.
    let store = Store::new(listening.manager());
    store.returned("a", file.try_clone().expect("a descriptor")).expect("there is none yet");
    assert!(store.returned("a", file.try_clone().expect("a descriptor")).is_err(), "a second one is nobody's");
    assert_eq!(store.take_back("a").map(|back| inode(&back)), Some(inode(&file)));
    assert!(store.take_back("a").is_none());
    store.retain(|tenant| tenant == "a");
    store.settle();
    assert!(listening.so_far().is_empty(), "it holds what it held");
    store.retain(|_| false);
    store.settle();
    assert_eq!(listening.so_far(), ["FDSTOREREMOVE=1\nFDNAME=history-a"]);
}

#[tokio::test]
async fn what_a_manager_does_not_take_is_told_again() {
    let listening = Listening::new();
    let manager = listening.manager().expect("it listens");
    let mut fill = 0;
    while manager.tell("STATUS=x", None).is_ok() {
        fill += 1;
    }
    let (log, _guard) = Log::listen();
    let store = Store::new(Some(manager));
    store.keep("a", &MemoryFile::new().expect("memory"));
    store.settle();
    assert_eq!(log.count("does not take a history yet"), 1, "once: {}", log.text());
    assert_eq!(listening.so_far().len(), fill);
    store.settle();
    assert_eq!(listening.so_far().last().map(String::as_str), Some("FDSTORE=1\nFDPOLL=0\nFDNAME=history-a"));
}

#[tokio::test]
async fn what_is_handed_over_is_what_its_name_says_or_closed_and_given_up() {
    let listening = Listening::new();
    let folder = tempfile::tempdir().expect("a folder");
    let listener = |name: &str| UnixListener::bind(folder.path().join(name)).expect("a socket");
    let history = MemoryFile::new().expect("memory");
    let (other, null) = (MemoryFile::new().expect("memory"), || std::fs::File::open("/dev/null").expect("it is there"));
    let all = vec![
        handed("history-a", history.try_clone().expect("a descriptor")),
        handed("history-a", other),
        handed("history-b", null()),
        handed("history-../c", MemoryFile::new().expect("memory")),
        handed("attach", listener("attach.sock")),
        handed("admin", null()),
        handed("unknown", null()),
    ];
    let (service, given) = listening.service(all);
    assert_eq!(given.attach.expect("it listens").path(), folder.path().join("attach.sock"));
    assert!(given.admin.is_none() && given.metrics.is_none());
    assert_eq!(service.store().take_back("a").map(|back| inode(&back)), Some(inode(&history)), "the first one");
    assert!(["b", "../c"].iter().all(|tenant| service.store().take_back(tenant).is_none()));
    let mut given_up: BTreeMap<String, usize> = BTreeMap::new();
    for told in listening.so_far() {
        match told.strip_prefix("FDSTOREREMOVE=1\nFDNAME=") {
            Some(name) => *given_up.entry(name.to_owned()).or_default() += 1,
            None => assert_eq!(told, "FDSTORE=1\nFDPOLL=0\nFDNAME=history-a", "the first one stays"),
        }
    }
    assert!(
        given_up.keys().map(String::as_str).eq(["admin", "history-../c", "history-a", "history-b", "unknown"]),
        "{given_up:?}"
    );
}

#[test]
fn two_sockets_of_one_name_are_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let listener = |name: &str| handed("attach", UnixListener::bind(folder.path().join(name)).expect("a socket"));
    let refused = Service::of(vec![listener("a.sock"), listener("b.sock")], |_| None).expect_err("one would be deaf");
    assert!(refused.to_string().contains("two sockets named attach"), "{refused}");
}

#[tokio::test]
async fn a_watchdog_that_is_too_quick_is_warned_of() {
    let listening = Listening::new();
    for (micros, warned) in [("2900000", 1), ("3000000", 0)] {
        let (log, _guard) = Log::listen();
        let env = |name: &str| match name {
            "WATCHDOG_USEC" => Some(micros.to_owned()),
            _ => listening.env(name),
        };
        drop(Service::of(Vec::new(), env).expect("nothing was handed over"));
        assert_eq!(log.count("WatchdogSec="), warned, "{micros}");
    }
}

#[test]
fn a_socket_that_was_handed_over_stays_when_we_go() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("attach.sock");
    let held = UnixListener::bind(&path).expect("a socket");
    let ours = held.try_clone().expect("a descriptor");
    drop(crate::sys::socket::Listener::handed(ours).expect("it listens at a path"));
    // Whoever comes waits, and is not refused.
    let _waits = std::os::unix::net::UnixStream::connect(&path).expect("it still listens");
}
