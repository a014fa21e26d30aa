//! Configuration that changes under a root that runs: files on a disk, the admin socket, and a worker the test plays.
//! Files are read by threads, so these tests run on the machine's own clock.

use std::fs;
use std::path::{Path, PathBuf};

use super::harness::{Puppet, Viewer, World, catalogue};
use super::{SIZE, client, patiently, size};
use crate::admin::status::{Change, Status};
use crate::base::{Diagnostic, ViewId};
use crate::config::{Asked, Inputs, Places, Surroundings};
use crate::machine::reload::Cause;
use crate::root::{Beginning, Order};
use crate::runtime::{self, Task};
use crate::wire::feed::{Complaint, ConfigFile, Outcome, ToRoot, ToWorker};

pub const BOARD: &str = "[panel.a]\nchart = \"text\"\ntext = \"x\"\n[layout]\ncolumn = [\"a\"]\n";

pub fn main(folder: &Path) -> PathBuf {
    folder.join("config/unblink.toml")
}

/// A root whose file says this, or that finds what is in the folder already.
pub fn beginning(folder: &Path) -> Beginning {
    let asked = Asked { config: Some(main(folder)), flags: Vec::new() };
    let inputs = Inputs::new(&asked, |_| None, &Places::of(&Surroundings::default()));
    let start = inputs.start().expect("the settings are fine");
    Beginning::decide(start, inputs, &folder.join("state"))
}

fn world(text: &str) -> World {
    World::configured(|folder| {
        fs::create_dir(folder.join("config")).unwrap();
        fs::write(main(folder), text).unwrap();
        beginning(folder)
    })
}

pub fn write(world: &World, text: &str) {
    // In one step, as editors do.
    fs::write(world.folder.path().join("new"), text).unwrap();
    fs::rename(world.folder.path().join("new"), main(world.folder.path())).unwrap();
}

/// Asks in the background, as `unblink reload` does.
pub fn post(world: &World, page: &str) -> Task<Change> {
    let (socket, page) = (world.admin(), page.to_owned());
    runtime::spawn("command", async move {
        let answer = client::post(&page, &socket).await.expect("root answers");
        serde_json::from_slice(&answer.body).expect("an outcome")
    })
}

pub async fn outcome(asked: Task<Change>) -> Change {
    patiently("the outcome is told", asked).await.expect("no panic")
}

pub async fn status(world: &World) -> Status {
    let answer = client::get("/api/v1/status", &world.admin()).await.unwrap();
    serde_json::from_slice(&answer.body).unwrap()
}

/// What the worker is offered next, and as which generation.
pub async fn offered(worker: &mut Puppet) -> (u64, Vec<ConfigFile>) {
    loop {
        match worker.next().await {
            ToWorker::Prepare { generation, files } => return (generation, files),
            ToWorker::Credit { .. } | ToWorker::Complaints(_) => {}
            other => panic!("instead of an offer: {other:?}"),
        }
    }
}

pub async fn accept(worker: &mut Puppet, generation: u64) {
    worker.say(&ToRoot::Prepared { generation, outcome: Outcome::Accepted(catalogue()) }).await;
    loop {
        match worker.next().await {
            ToWorker::Commit { generation: committed } => return assert_eq!(committed, generation),
            ToWorker::Credit { .. } => {}
            other => panic!("instead of a commit: {other:?}"),
        }
    }
}

fn complaint(world: &World) -> Diagnostic {
    Diagnostic {
        file: main(world.folder.path()).display().to_string(),
        line: 2,
        column: 1,
        message: "no such thing".to_owned(),
        remedy: "remove it".to_owned(),
        excerpt: "thing = 1".to_owned(),
    }
}

async fn refuse(worker: &mut Puppet, world: &World, generation: u64) {
    worker.say(&ToRoot::Prepared { generation, outcome: Outcome::Refused(vec![complaint(world)]) }).await;
}

fn text(files: &[ConfigFile]) -> &str {
    std::str::from_utf8(&files[0].bytes).unwrap()
}

/// A worker that draws, and somebody who watches.
async fn watched(world: &mut World) -> (Puppet, Viewer, ViewId) {
    let mut worker = world.live_worker().await;
    let mut viewer = world.viewer(SIZE.0, SIZE.1).await;
    let (view, _) = worker.subscribed().await;
    worker.show(view, size(), "one").await;
    viewer.until("one").await;
    (worker, viewer, view)
}

#[tokio::test]
async fn a_changed_file_is_offered_and_drawn_without_a_break() {
    let mut world = world("# 1");
    let (mut worker, mut viewer, view) = watched(&mut world).await;
    write(&world, "# 2");
    let (generation, files) = offered(&mut worker).await;
    assert_eq!((generation, text(&files)), (2, "# 2"));
    // It draws on while it looks at what is new.
    worker.show(view, size(), "two").await;
    viewer.until("two").await;
    assert_eq!(status(&world).await.root.generation, 1);
    accept(&mut worker, 2).await;
    worker.show(view, size(), "three").await;
    viewer.until("three").await;
    let root = status(&world).await.root;
    assert_eq!((root.generation, root.configuration.cause), (2, Some(Cause::Change)));
    // Equal bytes are nothing new, however they are asked for.
    write(&world, "# 2");
    let change = outcome(post(&world, "/api/v1/reload")).await;
    assert!(change.accepted && !change.changed && change.generation == 2, "{change:?}");
    world.stop().await;
}

#[tokio::test]
async fn a_refused_file_changes_nothing_and_is_told_everywhere_until_it_is_mended() {
    let mut world = world("# 1");
    let (mut worker, mut viewer, view) = watched(&mut world).await;
    write(&world, "# bad");
    let (generation, _) = offered(&mut worker).await;
    refuse(&mut worker, &world, generation).await;
    let told = loop {
        match worker.next().await {
            ToWorker::Complaints(lines) => break lines,
            ToWorker::Credit { .. } => {}
            other => panic!("{other:?}"),
        }
    };
    let line = Complaint { board: None, text: "not applied: unblink.toml:2:1: no such thing".to_owned() };
    assert_eq!(told, std::slice::from_ref(&line));
    // Whoever asks has it looked at once more.
    let asked = post(&world, "/api/v1/reload");
    let (generation, _) = offered(&mut worker).await;
    refuse(&mut worker, &world, generation).await;
    let change = outcome(asked).await;
    assert!(!change.accepted && change.generation == 1, "{change:?}");
    assert_eq!(change.complaints, [complaint(&world)]);
    let refused = status(&world).await.root.configuration.refused.expect("it was refused");
    assert_eq!(refused.complaints, [complaint(&world)]);
    worker.show(view, size(), "still").await;
    viewer.until("still").await;
    // The next life begins with what was accepted, and is told as well.
    worker.die("was killed");
    let mut worker = world.worker().await;
    worker.greet().await;
    let (generation, files) = offered(&mut worker).await;
    assert_eq!((generation, text(&files)), (1, "# 1"));
    accept(&mut worker, 1).await;
    assert_eq!(worker.next().await, ToWorker::Complaints(vec![line]));
    // As it was is as good as mended.
    write(&world, "# 1");
    assert!(outcome(post(&world, "/api/v1/reload")).await.accepted);
    loop {
        match worker.next().await {
            ToWorker::Complaints(lines) => break assert_eq!(lines, []),
            ToWorker::Subscribe { .. } | ToWorker::Credit { .. } => {}
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(status(&world).await.root.configuration.refused, None);
    world.stop().await;
}

#[tokio::test]
async fn a_worker_that_dies_of_it_refuses_it_and_the_next_one_draws_what_was_drawn() {
    let mut world = world("# 1");
    let (mut worker, _viewer, _) = watched(&mut world).await;
    write(&world, "# deadly");
    let (generation, files) = offered(&mut worker).await;
    assert_eq!((generation, text(&files)), (2, "# deadly"));
    worker.die("was killed");
    let mut worker = world.worker().await;
    worker.greet().await;
    let (generation, files) = offered(&mut worker).await;
    assert_eq!((generation, text(&files)), (1, "# 1"));
    let refused = status(&world).await.root.configuration.refused.expect("it was refused");
    assert!(refused.why.contains("the worker died"), "{refused:?}");
    accept(&mut worker, 1).await;
    // It is no worse for that: asked for once more it may be taken.
    let asked = post(&world, "/api/v1/reload");
    let (generation, files) = loop {
        match worker.next().await {
            ToWorker::Prepare { generation, files } => break (generation, files),
            ToWorker::Subscribe { .. } | ToWorker::Complaints(_) => {}
            other => panic!("{other:?}"),
        }
    };
    assert_eq!((generation, text(&files)), (2, "# deadly"));
    accept(&mut worker, 2).await;
    assert!(outcome(asked).await.accepted);
    world.stop().await;
}

#[tokio::test]
async fn a_change_during_a_change_is_taken_up_after_it() {
    let mut world = world("# 1");
    let (mut worker, _viewer, _) = watched(&mut world).await;
    write(&world, "# 2");
    let (generation, _) = offered(&mut worker).await;
    write(&world, "# 3");
    let asked = post(&world, "/api/v1/reload");
    world.order(Order::Reload).await;
    accept(&mut worker, generation).await;
    let (generation, files) = offered(&mut worker).await;
    assert_eq!((generation, text(&files)), (3, "# 3"));
    accept(&mut worker, 3).await;
    assert_eq!(outcome(asked).await.generation, 3);
    world.stop().await;
}

#[tokio::test]
async fn going_back_is_a_new_generation_that_lasts_until_the_files_change() {
    let mut world = world("# 1");
    let (mut worker, _viewer, _) = watched(&mut world).await;
    write(&world, "# 2");
    let (generation, _) = offered(&mut worker).await;
    accept(&mut worker, generation).await;
    let asked = post(&world, "/api/v1/rollback");
    let (generation, files) = offered(&mut worker).await;
    assert_eq!((generation, text(&files)), (3, "# 1"));
    accept(&mut worker, 3).await;
    let change = outcome(asked).await;
    assert!(change.accepted && change.changed && change.generation == 3, "{change:?}");
    let configuration = status(&world).await.root.configuration;
    assert_eq!((configuration.cause, configuration.content_of), (Some(Cause::Rollback), Some(1)));
    let change = outcome(post(&world, "/api/v1/rollback?generation=9")).await;
    let why = change.why.expect("there is none");
    assert!(why.starts_with("there is no generation 9; there are 1, 2"), "{why}");
    // Touched, and the same: somebody went back on purpose.
    write(&world, "# 2");
    let unchanged = outcome(post(&world, "/api/v1/rollback?generation=1")).await;
    assert!(unchanged.accepted && !unchanged.changed, "{unchanged:?}");
    // A daemon that starts anew stays there, too.
    let folder = world.folder.path().to_owned();
    let again = beginning(&folder);
    assert_eq!((again.offers()["default"].generation, text(&again.offers()["default"].files)), (3, "# 1"));
    write(&world, "# 4");
    let (generation, files) = offered(&mut worker).await;
    assert_eq!((generation, text(&files)), (4, "# 4"));
    accept(&mut worker, 4).await;
    world.stop().await;
}

#[tokio::test]
async fn what_cannot_be_read_is_refused_with_everything_the_worker_finds() {
    let mut world = world("# 1");
    let (mut worker, _viewer, _) = watched(&mut world).await;
    let boards = main(world.folder.path()).with_file_name("boards.d");
    fs::create_dir_all(world.folder.path().join("x/folder.toml")).unwrap();
    fs::write(world.folder.path().join("x/good.toml"), BOARD).unwrap();
    fs::rename(world.folder.path().join("x"), &boards).unwrap();
    let (generation, files) = offered(&mut worker).await;
    assert_eq!(files.len(), 2, "the file and the board that is one");
    // Whatever it says: not all of it could be read.
    worker.say(&ToRoot::Prepared { generation, outcome: Outcome::Accepted(catalogue()) }).await;
    let told = loop {
        match worker.next().await {
            ToWorker::Complaints(lines) => break lines,
            ToWorker::Credit { .. } => {}
            other => panic!("{other:?}"),
        }
    };
    assert_eq!((told.len(), told[0].board.as_deref()), (1, Some("folder")));
    let asked = post(&world, "/api/v1/reload");
    let (generation, _) = offered(&mut worker).await;
    refuse(&mut worker, &world, generation).await;
    let change = outcome(asked).await;
    let messages: Vec<&str> = change.complaints.iter().map(|complaint| complaint.message.as_str()).collect();
    assert_eq!(messages, ["this is not a regular file", "no such thing"]);
    fs::remove_file(main(world.folder.path())).unwrap();
    let change = outcome(post(&world, "/api/v1/reload")).await;
    assert_eq!(change.complaints[0].message, "the file does not exist", "{change:?}");
    world.stop().await;
}

#[test]
fn a_daemon_starts_with_what_was_accepted_last_when_boards_are_wrong_or_else_with_what_is_sound() {
    let folder = tempfile::tempdir().unwrap();
    let (path, boards) = (main(folder.path()), folder.path().join("config/boards.d"));
    fs::create_dir_all(&boards).unwrap();
    fs::write(&path, "[[terminal]]\ndevice = \"/dev/tty9\"\nboard = \"bad\"\n").unwrap();
    fs::write(boards.join("good.toml"), BOARD).unwrap();
    fs::write(boards.join("bad.toml"), "title = 7").unwrap();
    fs::write(boards.join("strange.toml"), BOARD.replace("chart", "source = \"nobody\"\nchart")).unwrap();
    let begun = beginning(folder.path());
    let kinds: Vec<(&str, bool)> = begun.offers()["default"]
        .files
        .iter()
        .map(|file| (crate::config::board_name(&file.name), file.bytes.is_empty()))
        .map(|(name, left_out)| {
            (["unblink", "good", "bad", "strange"].into_iter().find(|one| *one == name).unwrap(), left_out)
        })
        .collect();
    assert_eq!(kinds, [("unblink", false), ("bad", true), ("good", false), ("strange", true)]);
    let refused = begun.refused().expect("two boards are wrong");
    assert!(refused.complaints.iter().any(|one| one.file.ends_with("strange.toml")), "{refused:?}");
    assert!(refused.complaints.iter().any(|one| one.file.ends_with("bad.toml")), "{refused:?}");

    fs::write(&path, "# nothing").unwrap();
    fs::remove_file(boards.join("bad.toml")).unwrap();
    fs::remove_file(boards.join("strange.toml")).unwrap();
    let begun = beginning(folder.path());
    let offer = begun.offers()["default"].clone();
    let store = crate::config::generations::Store::new(&folder.path().join("state"), Some(&path));
    let kept = crate::config::generations::Generation {
        number: 5,
        accepted_at: crate::base::Wall(1),
        cause: Cause::Change,
        lay_there: crate::config::generations::Checksum::of(&offer.files),
        files: offer.files.clone(),
        others: Default::default(),
    };
    store.keep(&kept).unwrap();
    let begun = beginning(folder.path());
    assert_eq!(
        (begun.offers()["default"].generation, begun.refused()),
        (5, None),
        "the same again is no new generation"
    );
    fs::write(boards.join("good.toml"), "title = 7").unwrap();
    let begun = beginning(folder.path());
    assert_eq!(
        (begun.offers()["default"].generation, begun.offers()["default"].files.clone()),
        (5, offer.files),
        "the board as it was"
    );
    assert!(begun.refused().is_some());
    fs::write(&path, "nonsense").unwrap();
    let asked = Asked { config: Some(path), flags: Vec::new() };
    let inputs = Inputs::new(&asked, |_| None, &Places::of(&Surroundings::default()));
    let complaints = inputs.start().expect_err("the settings are wrong");
    assert!(complaints[0].file.ends_with("unblink.toml"), "{complaints:?}");
    assert!(complaints[1].file.ends_with("good.toml"), "and the board: {complaints:?}");
}

#[tokio::test]
async fn a_change_that_waits_for_a_worker_is_not_lost_when_the_same_is_written_again() {
    let mut world = world("# 1");
    let (worker, _viewer, _) = watched(&mut world).await;
    worker.die("was killed");
    let mut worker = world.worker().await;
    write(&world, "# 2");
    let waits = async { while status(&world).await.root.configuration.under_way != Some(Cause::Change) {} };
    patiently("the change waits", waits).await;
    // Read again and found to be what was read already, which nobody has judged.
    let again = post(&world, "/api/v1/reload");
    write(&world, "# 2");
    worker.greet().await;
    loop {
        match worker.next().await {
            ToWorker::Prepare { generation: 1, .. } => accept(&mut worker, 1).await,
            ToWorker::Prepare { generation, files } => break assert_eq!((generation, text(&files)), (2, "# 2")),
            ToWorker::Subscribe { .. } | ToWorker::Complaints(_) | ToWorker::Credit { .. } => {}
            other => panic!("{other:?}"),
        }
    }
    accept(&mut worker, 2).await;
    assert!(outcome(again).await.accepted);
    world.stop().await;
}

#[tokio::test]
async fn a_rollback_that_gives_way_is_told_so_and_the_next_one_is_taken() {
    let mut world = world("# 1");
    let (mut worker, _viewer, _) = watched(&mut world).await;
    write(&world, "# 2");
    let (generation, _) = offered(&mut worker).await;
    accept(&mut worker, generation).await;
    // Nobody is there to be asked.
    worker.die("was killed");
    let mut worker = world.worker().await;
    let asked = post(&world, "/api/v1/rollback");
    let waits = async { while status(&world).await.root.configuration.under_way != Some(Cause::Rollback) {} };
    patiently("the rollback waits", waits).await;
    write(&world, "# 3");
    let change = outcome(asked).await;
    assert_eq!(change.why.as_deref(), Some("a newer change took its place"), "{change:?}");
    worker.greet().await;
    let (generation, files) = offered(&mut worker).await;
    assert_eq!((generation, text(&files)), (2, "# 2"));
    accept(&mut worker, 2).await;
    loop {
        match worker.next().await {
            ToWorker::Prepare { generation: 3, files } => break assert_eq!(text(&files), "# 3"),
            ToWorker::Subscribe { .. } => {}
            other => panic!("{other:?}"),
        }
    }
    accept(&mut worker, 3).await;
    let asked = post(&world, "/api/v1/rollback?generation=1");
    let (generation, files) = offered(&mut worker).await;
    assert_eq!((generation, text(&files)), (4, "# 1"));
    accept(&mut worker, 4).await;
    assert!(outcome(asked).await.accepted);
    world.stop().await;
}
