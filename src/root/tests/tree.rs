//! What runs is in one tree, and what fails of it is started again.

use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use super::harness::{World, patiently};
use super::{SIZE, Status};
use crate::admin::client;
use crate::admin::status::TreeNode;
use crate::base::limits;
use crate::machine::supervise::{Shutdown, Spec};
use crate::root::{RootError, TOP};
use crate::runtime::supervisor::Supervisor;

/// What the row of the root in this folder is called: other tests have theirs in the same process.
pub fn name(folder: &Path) -> String {
    format!("root in {}", folder.display())
}

async fn status(world: &World) -> Status {
    let answer = client::get("/api/v1/status", &world.admin()).await.expect("root answers");
    serde_json::from_slice(&answer.body).expect("it is a status")
}

/// The part of that name of this very root.
async fn part(world: &World, part: &str) -> TreeNode {
    let tree = status(world).await.tree;
    let own = tree.find(&name(world.attach().parent().expect("a folder"))).expect("it has a row");
    own.find(part).unwrap_or_else(|| panic!("there is no {part} in {own:?}")).clone()
}

#[tokio::test(start_paused = true)]
async fn a_listener_that_panics_accepts_again() {
    static ASKED: AtomicU32 = AtomicU32::new(0);
    let mut world = World::admitting(|_| {
        assert!(ASKED.fetch_add(1, Ordering::Relaxed) > 0, "on purpose");
        true
    });
    let _worker = world.live_worker().await;
    // Whoever came meets the panic and sees the connection closed.
    let mut unlucky = world.connect().await;
    assert!(unlucky.try_next().await.is_none());
    let _viewer = world.viewer(SIZE.0, SIZE.1).await;
    let node = part(&world, "accept-attach").await;
    assert_eq!((node.state.as_str(), node.restarts), ("running", 1));
    assert_eq!(node.last_fault.as_deref(), Some("panicked: on purpose"));
    world.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_daemon_that_cannot_accept_ends_rather_than_being_deaf() {
    let mut world = World::admitting(|_| panic!("on purpose"));
    let _worker = world.live_worker().await;
    let mut waiting = Vec::new();
    while !world.root.is_finished() {
        if let Ok(stream) = tokio::net::UnixStream::connect(world.attach()).await {
            waiting.push(stream);
        }
        // A second, unless root ends meanwhile.
        world.no_worker_for(Duration::from_secs(1)).await;
        assert!(waiting.len() < 3_600, "it is deaf for an hour");
    }
    let ended = patiently("root ends", &mut world.root).await.expect("it did not panic itself");
    let Err(RootError::GaveUp(fault)) = ended else { panic!("{ended:?}") };
    assert!(fault.to_string().contains("doors") && fault.to_string().contains("on purpose"), "{fault}");
}

/// A device that is not given back until the test lets it go.
fn hanging_device() -> (std::sync::mpsc::Sender<()>, impl FnOnce(&Supervisor)) {
    let (release, hangs) = std::sync::mpsc::channel::<()>();
    let mut hangs = Some(hangs);
    let device = move |top: &Supervisor| {
        let spec = Spec::transient("terminal-1").stopped(Shutdown::Within(limits::RELEASE_DEADLINE));
        top.adopt("devices", TOP).thread(spec, move |_| {
            let hangs = hangs.take();
            move || {
                let _ = hangs.map(|hangs| hangs.recv());
                Ok(())
            }
        });
    };
    (release, device)
}

#[tokio::test(start_paused = true)]
async fn a_device_that_hangs_is_waited_for_until_somebody_insists() {
    for insists in [false, true] {
        let (release, device) = hanging_device();
        let mut world = World::beside(device, |_| true);
        let worker = world.live_worker().await;
        let began = crate::sys::clock::mono();
        world.orders.stop().await;
        worker.die("exited with code 0");
        if insists {
            // Everybody is gone by then.
            world.no_worker_for(Duration::from_millis(100)).await;
            assert!(!world.root.is_finished());
            world.orders.stop().await;
        }
        let ended = patiently("root ends", &mut world.root).await.expect("it did not panic itself");
        assert_eq!(matches!(ended, Err(RootError::Forced)), insists, "{ended:?}");
        let took = crate::sys::clock::mono().since(began);
        assert_eq!(took < limits::RELEASE_DEADLINE, insists, "{took:?}");
        assert!(took < limits::RELEASE_DEADLINE + Duration::from_secs(1), "{took:?}");
        drop(release);
    }
}

#[tokio::test(start_paused = true)]
async fn a_device_that_hangs_does_not_keep_a_daemon_that_gave_up() {
    let (release, device) = hanging_device();
    let mut world = World::beside(device, |_| panic!("on purpose"));
    let _worker = world.live_worker().await;
    let mut waiting = Vec::new();
    while !world.root.is_finished() {
        waiting.extend(tokio::net::UnixStream::connect(world.attach()).await);
        world.no_worker_for(Duration::from_secs(1)).await;
        assert!(waiting.len() < 3_600, "it is there for an hour");
    }
    let ended = patiently("root ends", &mut world.root).await.expect("it did not panic itself");
    assert!(matches!(ended, Err(RootError::GaveUp(_))), "{ended:?}");
    drop(release);
}

#[tokio::test(start_paused = true)]
async fn a_worker_that_died_says_so_in_its_place() {
    let mut world = World::new();
    let worker = world.live_worker().await;
    let node = part(&world, "worker default").await;
    assert_eq!((node.state.as_str(), node.kind.as_str(), node.restarts), ("ready", "supervisor", 0));
    worker.die("was killed by signal 9");
    let next = world.live_worker().await;
    let node = part(&world, "worker default").await;
    assert_eq!((node.state.as_str(), node.restarts, node.next_retry_s), ("ready", 1, None));
    assert_eq!(node.last_fault.as_deref(), Some("it was killed by signal 9"));
    assert!(node.uptime_s.is_some());
    let names: Vec<&str> = node.children.iter().map(|child| child.name.as_str()).collect();
    let tasks = ["feed-reader", "feed-writer", "worker-watch"];
    assert!(tasks.iter().all(|task| names.contains(task)), "{names:?}");

    next.die("exited with code 1");
    let waits = async {
        loop {
            match part(&world, "worker default").await {
                node if node.next_retry_s.is_some() => break node,
                _ => tokio::task::yield_now().await,
            }
        }
    };
    let node = patiently("the worker waits", waits).await;
    assert_eq!((node.state.as_str(), node.uptime_s, node.restarts), ("waiting", None, 1));
    assert_eq!(node.last_fault.as_deref(), Some("it exited with code 1"));
    world.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_viewer_is_a_part_as_long_as_it_is_there() {
    let mut world = World::new();
    let _worker = world.live_worker().await;
    let viewer = world.viewer(SIZE.0, SIZE.1).await;
    let _other = world.viewer(SIZE.0, SIZE.1).await;
    assert_eq!(part(&world, "viewers").await.children.len(), 2);
    drop(viewer);
    let left = async {
        while part(&world, "viewers").await.children.len() > 1 {
            tokio::task::yield_now().await;
        }
    };
    patiently("the viewer's row goes", left).await;
    world.stop().await;
}
