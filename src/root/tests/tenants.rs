//! Several tenants under one root, with workers that the test plays: what one of them does or suffers is no matter of the
//! others, and nobody learns of what it may not see. Files are read by threads: on the machine's own clock.

mod late;

use std::fs;

use super::configuration::{BOARD, accept, beginning, main, offered, outcome, post, status, write};
use super::harness::{Puppet, Viewer, World, blank, catalogue, greeting};
use super::{SIZE, hello, size};
use crate::base::{Diagnostic, ViewId};
use crate::model::ViewSpec;
use crate::sys::host;
use crate::wire::attach::{self, Chunk, FarewellCode, PushHello, ToClient, ToRoot};
use crate::wire::feed::{self, Complaint, Outcome, Pushed, ToWorker};

/// Numbers of users that are not ours.
const OTHERS: &str = "4294967290";

/// A root with these sections of tenants, and a folder for each of these.
fn world(text: &str, folders: &[&str]) -> World {
    World::configured(|folder| {
        fs::create_dir(folder.join("config")).unwrap();
        for tenant in folders {
            fs::create_dir_all(folder.join("config/tenants").join(tenant).join("boards.d")).unwrap();
        }
        fs::write(main(folder), text).unwrap();
        beginning(folder)
    })
}

/// Writes a file of a tenant in one step.
fn put(world: &World, tenant: &str, name: &str, text: &str) {
    let config = world.folder.path().join("config");
    fs::create_dir_all(config.join("tenants").join(tenant).join("boards.d")).unwrap();
    fs::write(world.folder.path().join("new"), text).unwrap();
    fs::rename(world.folder.path().join("new"), config.join("tenants").join(tenant).join(name)).unwrap();
}

/// Asks for a board; what root says to that.
async fn ask(world: &World, board: &str) -> (Viewer, ToClient) {
    let mut viewer = world.connect().await;
    viewer.screen = blank(SIZE.0, SIZE.1);
    let hello = attach::Hello { board: Some(board.to_owned()), ..greeting(SIZE.0, SIZE.1) };
    viewer.say(&ToRoot::Hello(Box::new(hello))).await;
    let said = viewer.next().await;
    (viewer, said)
}

/// Somebody who watches a board that is drawn as the text.
async fn watching(world: &World, worker: &mut Puppet, board: &str, text: &str) -> (Viewer, ViewId) {
    let (mut viewer, said) = ask(world, board).await;
    assert!(matches!(said, ToClient::Welcome(_)), "{said:?}");
    let (view, spec) = subscribed(worker).await;
    assert_eq!(spec.tenant, worker.tenant);
    worker.show(view, size(), text).await;
    viewer.until(text).await;
    (viewer, view)
}

async fn subscribed(worker: &mut Puppet) -> (ViewId, ViewSpec) {
    loop {
        match worker.next().await {
            ToWorker::Subscribe { view, spec } => return (view, spec),
            ToWorker::Credit { .. } => {}
            other => panic!("instead of a subscription: {other:?}"),
        }
    }
}

async fn refused(world: &World, board: &str) -> (FarewellCode, String) {
    let (mut viewer, said) = ask(world, board).await;
    let ToClient::Farewell(farewell) = said else { panic!("instead of a farewell: {said:?}") };
    assert_eq!(viewer.try_next().await, None, "nothing follows");
    (farewell.code, farewell.text)
}

fn no_garbage(viewer: &Viewer, words: &str) {
    let seen = String::from_utf8_lossy(&viewer.received).into_owned();
    assert!(!seen.contains(words), "{words:?} was on the screen: {seen:?}");
}

#[tokio::test]
async fn a_tenants_dead_worker_is_no_matter_of_another_tenants_viewers() {
    let mut world = world("[tenants.ops]\n", &["ops"]);
    let mut own = world.live_worker_of("default").await;
    let mut ops = world.live_worker_of("ops").await;
    let (mut viewer, view) = watching(&world, &mut own, "host", "of default").await;
    let (mut watcher, watched) = watching(&world, &mut ops, "ops/host", "of ops").await;
    assert_ne!(view, watched, "equal names, two boards");
    ops.die("was killed");
    watcher.until("worker died").await;
    own.show(view, size(), "still of default").await;
    viewer.until("still of default").await;
    let mut next = world.live_worker_of("ops").await;
    assert_eq!(subscribed(&mut next).await.0, watched);
    next.show(watched, size(), "of ops again").await;
    watcher.until("of ops again").await;
    own.show(view, size(), "nothing happened").await;
    viewer.until("nothing happened").await;
    for words in ["worker", "ops"] {
        no_garbage(&viewer, words);
    }
    no_garbage(&watcher, "default");
    let status = status(&world).await;
    let rows: Vec<(&str, u64)> = status.workers.iter().map(|row| (row.tenant.as_str(), row.restarts)).collect();
    assert_eq!(rows, [("default", 0), ("ops", 1)]);
    world.stop().await;
}

#[tokio::test]
async fn a_frame_for_another_tenants_view_ends_whoever_sent_it() {
    let mut world = world("[tenants.ops]\n", &["ops"]);
    let mut own = world.live_worker_of("default").await;
    let mut ops = world.live_worker_of("ops").await;
    let (mut viewer, view) = watching(&world, &mut own, "host", "of default").await;
    let (_watcher, _) = watching(&world, &mut ops, "ops/host", "of ops").await;
    // It knows the number, the version and everything else but for the credit to it.
    ops.frame(view, crate::base::Version(2), crate::base::Version(1), b"\x1b[?2026h\x1b[0mlies\x1b[?2026l").await;
    let _next = world.live_worker_of("ops").await;
    own.show(view, size(), "the truth").await;
    viewer.until("the truth").await;
    no_garbage(&viewer, "lies");
    let status = status(&world).await;
    assert!(status.workers[1].last_fault.as_ref().is_some_and(|fault| fault.contains("which is not its own")));
    assert_eq!(status.workers[0].restarts, 0);
    world.stop().await;
}

#[tokio::test]
async fn a_tenant_that_may_not_be_seen_is_answered_for_as_one_that_is_not_there() {
    let text = format!("[tenants.ops]\nviewers = [{OTHERS}]\n[tenants.shop]\nviewers = [{}]\n", host::uid());
    let mut world = world(&text, &["ops", "shop"]);
    let mut workers = Vec::new();
    for tenant in ["default", "ops", "shop"] {
        workers.push(world.live_worker_of(tenant).await);
    }
    let there = "there is no tenant \"TENANT\"; there are default, shop";
    for board in ["host", "", "nowhere"] {
        let [hidden, absent] = ["ops", "nix"].map(|tenant| (tenant, format!("{tenant}/{board}")));
        for (tenant, board) in [hidden, absent] {
            let expected = (FarewellCode::NoSuchBoard, there.replace("TENANT", tenant));
            assert_eq!(refused(&world, &board).await, expected, "{board}");
        }
    }
    // Whoever holds a view from before is told no more.
    let mut viewer = world.connect().await;
    let resume = Some(ViewSpec::new("ops", "host", size()));
    viewer.say(&ToRoot::Hello(Box::new(attach::Hello { resume, ..greeting(SIZE.0, SIZE.1) }))).await;
    assert_eq!(viewer.farewell().await, (FarewellCode::NoSuchBoard, there.replace("TENANT", "ops")));
    // Boards of another tenant are on no list.
    let (code, list) = refused(&world, "shop/nowhere").await;
    assert_eq!(
        (code, list.as_str()),
        (FarewellCode::NoSuchBoard, "there is no board \"nowhere\"; there are: host, other")
    );
    let (_viewer, said) = ask(&world, "shop/host").await;
    assert!(matches!(said, ToClient::Welcome(_)), "{said:?}");
    world.stop().await;
}

#[tokio::test]
async fn where_only_one_tenant_may_be_seen_its_name_may_be_left_out() {
    let text = format!("[tenants.ops]\n[tenants.default]\nviewers = [{OTHERS}]\n");
    let mut world = world(&text, &[]);
    let _own = world.live_worker_of("default").await;
    let mut ops = world.live_worker_of("ops").await;
    let (_viewer, _) = watching(&world, &mut ops, "host", "of ops").await;
    assert_eq!(refused(&world, "default/host").await.1, "there is no tenant \"default\"; there is ops");
    // The daemon's own screens show what its configuration says.
    let stream = world.orders.connect(Some("/dev/tty8")).unwrap();
    stream.set_nonblocking(true).unwrap();
    let mut device = Viewer::on(tokio::net::UnixStream::from_std(stream).unwrap());
    device.say(&hello(SIZE.0, SIZE.1)).await;
    assert!(matches!(device.next().await, ToClient::Welcome(_)));
    let ToClient::Spec(spec) = device.next().await else { panic!("no spec") };
    assert_eq!(spec.tenant, "default");
    world.stop().await;
}

async fn pusher(world: &World, tenant: &str) -> Result<Viewer, (FarewellCode, String)> {
    let mut pusher = world.connect().await;
    let hello = PushHello { version: attach::VERSION, build: "test".to_owned(), tenant: tenant.to_owned() };
    pusher.say(&ToRoot::Push(hello)).await;
    match pusher.next().await {
        ToClient::PushWelcome(_) => Ok(pusher),
        ToClient::Farewell(farewell) => Err((farewell.code, farewell.text)),
        other => panic!("{other:?}"),
    }
}

async fn chunk(worker: &mut Puppet) -> (crate::base::SessionId, u64, Vec<u8>) {
    match worker.next().await {
        ToWorker::Push { pusher, number, lines } => (pusher, number, lines),
        other => panic!("instead of a chunk: {other:?}"),
    }
}

#[tokio::test]
async fn what_is_pushed_goes_to_its_tenant_alone_and_waits_for_no_other() {
    let text = format!("[tenants.ops]\n[tenants.closed]\npushers = [{OTHERS}]\n");
    let mut world = world(&text, &[]);
    let mut own = world.live_worker_of("default").await;
    let mut ops = world.live_worker_of("ops").await;
    let _closed = world.live_worker_of("closed").await;
    for tenant in ["closed", "nix"] {
        let expected = format!("there is no tenant {tenant:?}; there are default, ops");
        assert_eq!(pusher(&world, tenant).await.err(), Some((FarewellCode::NoSuchBoard, expected)));
    }
    let mut into_ops = pusher(&world, "ops").await.unwrap();
    let mut into_own = pusher(&world, "").await.unwrap();
    let lines = |text: &str| ToRoot::Chunk(Chunk { number: 1, lines: text.to_owned().into() });
    into_ops.say(&lines("for ops\n")).await;
    assert_eq!(chunk(&mut ops).await.2, b"for ops\n");
    // The worker of ops keeps that to itself; the other one goes on.
    into_own.say(&lines("for default\n")).await;
    let (id, number, bytes) = chunk(&mut own).await;
    assert_eq!(bytes, b"for default\n");
    let pushed = Pushed { pusher: id, number, accepted: 1, rejected: 0, faults: Vec::new() };
    own.say(&feed::ToRoot::Pushed(pushed.clone())).await;
    assert!(matches!(into_own.next().await, ToClient::PushTaken(taken) if taken.accepted == 1));
    // Nor does it answer for another tenant's.
    ops.say(&feed::ToRoot::Pushed(pushed)).await;
    assert!(matches!(into_ops.next().await, ToClient::PushLater(later) if later.unknown));
    let _next = world.live_worker_of("ops").await;
    assert_eq!(status(&world).await.workers.iter().map(|row| row.restarts).sum::<u64>(), 1);
    world.stop().await;
}

#[tokio::test]
async fn a_tenant_that_is_added_is_there_once_all_workers_accept() {
    let mut world = world("", &[]);
    let mut own = world.live_worker_of("default").await;
    let (mut viewer, view) = watching(&world, &mut own, "host", "of default").await;
    put(&world, "ops", "boards.d/mine.toml", BOARD);
    write(&world, "[tenants.ops]\n");
    let (generation, files) = offered(&mut own).await;
    assert!(files.iter().all(|file| !file.name.contains("mine.toml")), "{files:?}");
    let mut ops = world.worker_of("ops").await;
    ops.greet().await;
    let (prepared, files) = offered(&mut ops).await;
    assert_eq!(prepared, generation);
    let names: Vec<&str> = files.iter().map(|file| file.name.rsplit('/').next().unwrap()).collect();
    assert_eq!(names, ["terms of tenant ops", "mine.toml"], "its own files and no other");
    own.say(&feed::ToRoot::Prepared { generation, outcome: Outcome::Accepted(catalogue()) }).await;
    own.show(view, size(), "meanwhile").await;
    viewer.until("meanwhile").await;
    assert_eq!(refused(&world, "ops/host").await.1, "there is no tenant \"ops\"; there is default");
    accept(&mut ops, generation).await;
    let (mut watcher, watched) = watching(&world, &mut ops, "ops/host", "of ops").await;
    ops.show(watched, size(), "of ops still").await;
    watcher.until("of ops still").await;
    let status = status(&world).await;
    assert_eq!((status.root.generation, status.workers.len()), (generation, 2));
    // What was kept begins with both.
    let kept = world.folder.path().to_owned();
    let begun = super::patiently("it is kept", async {
        loop {
            let begun = beginning(&kept);
            if begun.offers()["ops"].generation == generation && begun.offers().len() == 2 {
                return begun;
            }
            tokio::task::yield_now().await;
        }
    });
    assert_eq!(begun.await.offers()["ops"].files, files);
    world.stop().await;
}

#[tokio::test]
async fn a_tenant_whose_worker_refuses_or_dies_does_not_come_and_nobody_else_changes() {
    let mut world = world("", &[]);
    let mut own = world.live_worker_of("default").await;
    put(&world, "ops", "boards.d/mine.toml", BOARD);
    write(&world, "[tenants.ops]\n");
    for dies in [false, true] {
        let asked = dies.then(|| post(&world, "/api/v1/reload"));
        let (generation, _) = offered(&mut own).await;
        own.say(&feed::ToRoot::Prepared { generation, outcome: Outcome::Accepted(catalogue()) }).await;
        let mut ops = world.worker_of("ops").await;
        ops.greet().await;
        offered(&mut ops).await;
        if let Some(asked) = asked {
            ops.die("was killed");
            let change = outcome(asked).await;
            assert!(!change.accepted && change.why.as_ref().is_some_and(|why| why.contains("died")), "{change:?}");
        } else {
            let complaint = Diagnostic { message: "no such thing".to_owned(), ..some_complaint(&world, "ops") };
            let outcome = Outcome::Refused(vec![complaint.clone()]);
            ops.say(&feed::ToRoot::Prepared { generation, outcome }).await;
            assert_eq!(ops.try_next().await, None, "it is told to end");
            let refused = status(&world).await.root.configuration.refused.expect("it was refused");
            assert_eq!(refused.complaints, [complaint], "an administrator sees all");
            ops.die("was told to");
        }
        assert_eq!(refused(&world, "ops/host").await.1, "there is no tenant \"ops\"; there is default");
    }
    assert_eq!(status(&world).await.workers.len(), 1);
    world.stop().await;
}

fn some_complaint(world: &World, tenant: &str) -> Diagnostic {
    let file = world.folder.path().join("config/tenants").join(tenant).join("boards.d/mine.toml");
    Diagnostic {
        file: file.display().to_string(),
        line: 2,
        column: 1,
        message: "no such thing".to_owned(),
        remedy: String::new(),
        excerpt: "thing = 1".to_owned(),
    }
}

#[tokio::test]
async fn who_watches_or_pushes_into_a_tenant_that_goes_is_told_farewell_and_nobody_else_notices() {
    let mut world = world("[tenants.ops]\n", &[]);
    let mut own = world.live_worker_of("default").await;
    let mut ops = world.live_worker_of("ops").await;
    let (mut viewer, view) = watching(&world, &mut own, "host", "of default").await;
    let (mut watcher, _) = watching(&world, &mut ops, "ops/host", "of ops").await;
    let mut pusher = pusher(&world, "ops").await.unwrap();
    write(&world, "# none any more\n");
    let (generation, _) = offered(&mut own).await;
    accept(&mut own, generation).await;
    let text = "the tenant ops is not there for you any more";
    for gone in [&mut watcher, &mut pusher] {
        assert_eq!(gone.farewell().await, (FarewellCode::NoSuchBoard, text.to_owned()));
    }
    while ops.try_next().await.is_some() {}
    ops.die("was told to");
    own.show(view, size(), "goes on").await;
    viewer.until("goes on").await;
    assert_eq!(refused(&world, "ops/host").await.1, "there is no tenant \"ops\"; there is default");
    let status = status(&world).await;
    assert_eq!((status.workers.len(), status.views.len(), status.root.pushers), (1, 1, 0));
    // One that comes back has a worker of its own, of which nothing of the first one counts.
    write(&world, "[tenants.ops]\n");
    let (generation, _) = offered(&mut own).await;
    own.say(&feed::ToRoot::Prepared { generation, outcome: Outcome::Accepted(catalogue()) }).await;
    let mut ops = world.worker_of("ops").await;
    ops.greet().await;
    let (generation, _) = offered(&mut ops).await;
    accept(&mut ops, generation).await;
    watching(&world, &mut ops, "ops/host", "of ops again").await;
    world.stop().await;
}

#[tokio::test]
async fn who_loses_the_right_is_told_as_if_the_tenant_were_gone() {
    let mut world = world("[tenants.ops]\n", &[]);
    let mut own = world.live_worker_of("default").await;
    let mut ops = world.live_worker_of("ops").await;
    let (mut watcher, _) = watching(&world, &mut ops, "ops/host", "of ops").await;
    write(&world, &format!("[tenants.ops]\nviewers = [{OTHERS}]\n"));
    let (generation, _) = offered(&mut own).await;
    own.say(&feed::ToRoot::Prepared { generation, outcome: Outcome::Accepted(catalogue()) }).await;
    let (generation, _) = offered(&mut ops).await;
    ops.say(&feed::ToRoot::Prepared { generation, outcome: Outcome::Accepted(catalogue()) }).await;
    let text = "the tenant ops is not there for you any more";
    assert_eq!(watcher.farewell().await, (FarewellCode::NoSuchBoard, text.to_owned()));
    assert_eq!(refused(&world, "ops/host").await.1, "there is no tenant \"ops\"; there is default");
    assert_eq!(status(&world).await.workers.len(), 2, "it is there for others");
    world.stop().await;
}

async fn told(worker: &mut Puppet) -> Vec<Complaint> {
    loop {
        match worker.next().await {
            ToWorker::Complaints(lines) => return lines,
            ToWorker::Credit { .. } => {}
            other => panic!("instead of complaints: {other:?}"),
        }
    }
}

#[tokio::test]
async fn a_tenants_mistake_is_on_its_own_screens_and_whoever_waits_for_it_learns_only_that() {
    let mut world = world("[tenants.ops]\n[tenants.shop]\n", &["ops", "shop"]);
    let mut own = world.live_worker_of("default").await;
    let mut ops = world.live_worker_of("ops").await;
    let mut shop = world.live_worker_of("shop").await;
    put(&world, "ops", "boards.d/mine.toml", "nonsense");
    let answer = async |worker: &mut Puppet, complaints: Vec<Diagnostic>| {
        let (generation, _) = offered(worker).await;
        let outcome = if complaints.is_empty() { Outcome::Accepted(catalogue()) } else { Outcome::Refused(complaints) };
        worker.say(&feed::ToRoot::Prepared { generation, outcome }).await;
    };
    let complaint = some_complaint(&world, "ops");
    answer(&mut own, Vec::new()).await;
    answer(&mut shop, Vec::new()).await;
    answer(&mut ops, vec![complaint.clone()]).await;
    let line = "not applied: mine.toml:2:1: no such thing";
    assert_eq!(told(&mut ops).await, [Complaint { board: Some("mine".to_owned()), text: line.to_owned() }]);
    // Another tenant changes something, and has to wait.
    put(&world, "shop", "boards.d/good.toml", BOARD);
    answer(&mut own, Vec::new()).await;
    answer(&mut shop, Vec::new()).await;
    answer(&mut ops, vec![complaint.clone()]).await;
    let line = "not applied: something else is wrong in the configuration";
    assert_eq!(told(&mut shop).await, [Complaint { board: None, text: line.to_owned() }]);
    let refused = status(&world).await.root.configuration.refused.expect("it was refused");
    assert_eq!(refused.complaints, [complaint], "an administrator sees all");
    // The mistake is mended: everybody's changes come into force. The one that has none was told nothing at all.
    put(&world, "ops", "boards.d/mine.toml", BOARD);
    answer(&mut own, Vec::new()).await;
    answer(&mut shop, Vec::new()).await;
    answer(&mut ops, Vec::new()).await;
    for worker in [&mut own, &mut ops, &mut shop] {
        assert!(matches!(worker.next().await, ToWorker::Commit { .. }));
    }
    assert_eq!((told(&mut ops).await, told(&mut shop).await), (Vec::new(), Vec::new()));
    world.stop().await;
}

#[tokio::test]
async fn what_is_wrong_about_tenants_is_shown_to_nobody_who_watches() {
    let mut world = world("[tenants.ops]\n", &[]);
    let mut own = world.live_worker_of("default").await;
    let mut ops = world.live_worker_of("ops").await;
    fs::create_dir_all(world.folder.path().join("config/tenants/secret")).unwrap();
    write(&world, "[tenants.ops]\nviewers = ['']\n");
    let file = main(world.folder.path()).display().to_string();
    let message = "tenants.ops.viewers: \"\" names nobody".to_owned();
    let complaint = Diagnostic { file, message, ..some_complaint(&world, "ops") };
    let (generation, _) = offered(&mut own).await;
    own.say(&feed::ToRoot::Prepared { generation, outcome: Outcome::Refused(vec![complaint]) }).await;
    let text = "not applied: unblink.toml:2:1: `unblink check` says what is wrong".to_owned();
    assert_eq!(told(&mut own).await, [Complaint { board: None, text }]);
    // A folder without its table is said to administrators alone.
    write(&world, "[tenants.ops]\n# mended\n");
    for worker in [&mut own, &mut ops] {
        let (generation, _) = offered(worker).await;
        worker.say(&feed::ToRoot::Prepared { generation, outcome: Outcome::Accepted(catalogue()) }).await;
    }
    let text = "not applied: something else is wrong in the configuration".to_owned();
    assert_eq!(told(&mut own).await, [Complaint { board: None, text }]);
    let refused = status(&world).await.root.configuration.refused.expect("it was refused");
    let messages: Vec<&str> = refused.complaints.iter().map(|one| one.message.as_str()).collect();
    assert_eq!(messages, ["tenants.secret: this folder belongs to no tenant"]);
    world.stop().await;
}

#[tokio::test]
async fn a_worker_that_does_not_say_what_it_thinks_of_a_change_is_ended_and_no_other() {
    let mut world = world("[tenants.ops]\n", &[]);
    let mut own = world.live_worker_of("default").await;
    let mut ops = world.live_worker_of("ops").await;
    let (mut viewer, view) = watching(&world, &mut own, "host", "of default").await;
    write(&world, "[tenants.ops]\n# changed\n");
    let (generation, _) = offered(&mut own).await;
    own.say(&feed::ToRoot::Prepared { generation, outcome: Outcome::Accepted(catalogue()) }).await;
    offered(&mut ops).await;
    // It goes on with everything else, and is asked in vain for as long as a worker may take.
    while ops.try_next().await.is_some_and(|said| !matches!(said, ToWorker::Commit { .. })) {}
    ops.die("was killed");
    let mut next = world.worker_of("ops").await;
    next.greet().await;
    assert_eq!(offered(&mut next).await.0, 1, "what was drawn before");
    let status = status(&world).await;
    let refused = status.root.configuration.refused.expect("it was refused");
    assert!(refused.why.contains("did not say in time"), "{refused:?}");
    let restarts: Vec<u64> = status.workers.iter().map(|row| row.restarts).collect();
    assert_eq!((status.root.generation, restarts), (1, vec![0, 1]));
    // The test answered no pings meanwhile; what was accepted and withdrawn is no reason to end it.
    own.show(view, size(), "goes on").await;
    viewer.until("goes on").await;
    world.stop().await;
}

#[tokio::test]
async fn what_root_cannot_read_never_comes_into_force_whatever_a_worker_says() {
    let mut world = world("[tenants.ops]\n", &[]);
    let mut own = world.live_worker_of("default").await;
    let _ops = world.live_worker_of("ops").await;
    write(&world, "nonsense");
    let (generation, _) = offered(&mut own).await;
    own.say(&feed::ToRoot::Prepared { generation, outcome: Outcome::Accepted(catalogue()) }).await;
    let text = "not applied: something is wrong with it".to_owned();
    assert_eq!(told(&mut own).await, [Complaint { board: None, text }]);
    let status = status(&world).await;
    assert_eq!((status.root.generation, status.workers.len()), (1, 2), "who is a tenant is as it was");
    world.stop().await;
}
