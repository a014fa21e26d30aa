//! Folders that look like control groups.

use std::fs;
use std::path::Path;

use super::*;
use crate::root::tests::Log;
use crate::runtime::{self, timer};

const OWN: u32 = 77;
const FILES: [&str; 6] = ["cgroup.procs", "cgroup.kill", "cpu.max", "memory.max", "memory.oom.group", "pids.max"];

/// A group that is ours, in which these tenants have theirs already: the kernel would make their files.
fn groups(tenants: &[&str]) -> (tempfile::TempDir, Groups) {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    for (name, text) in [("cgroup.type", "domain\n"), ("cgroup.procs", "77\n"), ("cgroup.subtree_control", "")] {
        fs::write(at.join(name), text).expect("a file");
    }
    for part in tenants.iter().map(|tenant| format!("tenant-{tenant}")).chain(["supervisor".to_owned()]) {
        fs::create_dir(at.join(&part)).expect("a folder");
        FILES.iter().for_each(|name| fs::write(at.join(&part).join(name), "").expect("a file"));
    }
    let groups = Groups::over(Tree::at(at.to_owned(), OWN));
    (folder, groups)
}

fn all(tenants: &[(&str, Limits)]) -> BTreeMap<String, Limits> {
    tenants.iter().map(|(name, limits)| ((*name).to_owned(), *limits)).collect()
}

fn read(folder: &tempfile::TempDir, name: &str) -> String {
    fs::read_to_string(folder.path().join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// The kernel takes the files of a group away with it.
fn empty(at: &Path) {
    FILES.iter().for_each(|name| fs::remove_file(at.join(name)).expect("it was there"));
}

const LIMITED: Limits = Limits { cpu_millis: Some(500), memory_bytes: Some(1 << 30), pids: None };

#[test]
fn a_group_that_an_earlier_daemon_left_is_used_on_with_the_limits_of_now() {
    let (folder, groups) = groups(&["shop"]);
    fs::write(folder.path().join("tenant-shop/pids.max"), "7").expect("a file");
    groups.set(&all(&[("shop", LIMITED)]));
    assert_eq!(read(&folder, "tenant-shop/cpu.max"), "50000 100000");
    assert_eq!(read(&folder, "tenant-shop/memory.max"), "1073741824");
    assert_eq!(read(&folder, "tenant-shop/pids.max"), "max");
    let rows = groups.of("shop").rows(None);
    let told: Vec<_> = rows.iter().map(|row| (row.name.as_str(), row.limit.as_str(), row.held_by.as_str())).collect();
    assert_eq!(told, [("cpu", "500m", "cgroup"), ("memory", "1.0 GiB", "cgroup")]);
    assert!(rows.iter().all(|row| row.note.is_none()), "{rows:?}");
    let rows = groups.of("shop").rows(Some(5));
    assert_eq!(rows[0].note.as_deref(), Some("the worker is not in its control group"));
    fs::write(folder.path().join("tenant-shop/cgroup.procs"), "4\n5\n").expect("a file");
    assert_eq!(groups.of("shop").rows(Some(5))[0].note, None);
}

#[test]
fn what_changes_is_in_force_at_once() {
    let (folder, groups) = groups(&["shop"]);
    groups.set(&all(&[("shop", LIMITED)]));
    let _stay = groups.of("shop").enter();
    groups.set(&all(&[("shop", Limits { memory_bytes: None, ..LIMITED })]));
    assert_eq!(read(&folder, "tenant-shop/memory.max"), "max");
    assert_eq!(groups.of("shop").limits().memory_bytes, None);
}

#[test]
fn all_in_a_group_is_ended_with_the_last_life_in_it_and_not_before() {
    let (folder, groups) = groups(&["shop"]);
    groups.set(&all(&[("shop", Limits::default())]));
    let confined = groups.of("shop");
    let (first, successor) = (confined.enter(), confined.enter());
    first.kill();
    drop(first);
    assert_eq!(read(&folder, "tenant-shop/cgroup.kill"), "", "the successor is in it");
    successor.kill();
    assert_eq!(read(&folder, "tenant-shop/cgroup.kill"), "1");
    fs::write(folder.path().join("tenant-shop/cgroup.kill"), "").expect("a file");
    drop(successor);
    assert_eq!(read(&folder, "tenant-shop/cgroup.kill"), "1", "what it left");
}

#[test]
fn the_group_of_one_that_is_no_tenant_goes_once_nothing_of_it_runs() {
    let (folder, groups) = groups(&["shop", "stranger", "coming"]);
    let [shop, stranger, coming] =
        ["shop", "stranger", "coming"].map(|name| folder.path().join(format!("tenant-{name}")));
    let begun = groups.of("coming").enter();
    empty(&stranger);
    groups.set(&all(&[("shop", Limits::default())]));
    assert!(!stranger.exists(), "of an earlier daemon");
    let life = groups.of("shop").enter();
    groups.set(&all(&[]));
    for at in [&shop, &coming] {
        empty(at);
    }
    groups.tidy();
    assert!(shop.exists() && coming.exists(), "something runs in them");
    drop((life, begun));
    groups.tidy();
    assert!(!shop.exists() && !coming.exists());
}

#[test]
fn without_groups_limits_of_memory_are_those_of_each_process_and_the_others_are_said_not_to_hold() {
    let groups = Groups::over(Err(Unusable::Shared));
    groups.set(&all(&[("shop", LIMITED)]));
    let confined = groups.of("shop");
    assert_eq!(confined.data_bytes(), Some(1 << 30));
    assert_eq!(confined.counts(), None);
    assert!(confined.enter().take_door().is_none());
    let rows = confined.rows(Some(5));
    let told: Vec<_> = rows.iter().map(|row| (row.held_by.as_str(), row.note.as_deref().unwrap_or_default())).collect();
    let why = "the daemon has no control group of its own";
    assert_eq!(
        told,
        [("nothing", &*format!("not held: {why}")), ("rlimit", &*format!("of each process by itself: {why}"))]
    );
}

#[test]
fn what_was_counted_before_the_first_life_is_known_of_one_that_is_no_tenant_yet() {
    let (folder, groups) = groups(&["coming"]);
    fs::write(folder.path().join("tenant-coming/memory.events"), "oom 1\noom_kill 3\n").expect("a file");
    assert_eq!(groups.of("coming").counts(), None, "nobody has asked for it");
    let first = groups.of("coming").enter();
    assert_eq!(first.before().map(|counts| counts.killed), Some(3));
    assert_eq!(groups.of("coming").counts(), first.before());
}

#[test]
fn a_worker_whose_group_cannot_be_entered_starts_without_and_is_limited_by_itself_until_the_next_one_is_in() {
    let (folder, groups) = groups(&["shop"]);
    let at = folder.path().join("tenant-shop");
    groups.set(&all(&[("shop", LIMITED)]));
    let confined = groups.of("shop");
    assert!(confined.enter().take_door().is_some());
    assert_eq!(confined.data_bytes(), None, "the group holds it");
    fs::remove_dir_all(&at).expect("it was there");
    let mut stay = confined.enter();
    assert!(at.is_dir(), "it was made once more");
    // The kernel would have made its files.
    assert!(stay.take_door().is_none());
    assert_eq!(stay.before(), None);
    let told = |confined: &Confined| -> Vec<String> {
        let rows = confined.rows(Some(5)).into_iter();
        rows.map(|row| format!("{} {}: {}", row.name, row.held_by, row.note.unwrap_or_default())).collect()
    };
    let rows = told(&confined);
    assert!(rows[0].starts_with("cpu nothing: not held: its control group cannot be entered: "), "{rows:?}");
    assert!(rows[1].starts_with("memory rlimit: of each process by itself: its control group cannot"), "{rows:?}");
    // The group being there again does not bring that worker into it.
    FILES.iter().for_each(|name| fs::write(at.join(name), "").expect("a file"));
    groups.set(&all(&[("shop", Limits { cpu_millis: None, ..LIMITED })]));
    assert_eq!(confined.data_bytes(), Some(1 << 30));
    assert!(confined.enter().take_door().is_some());
    assert_eq!(confined.data_bytes(), None);
    assert_eq!(read(&folder, "tenant-shop/memory.max"), "1073741824");
}

#[test]
fn what_cannot_be_set_is_told_not_to_hold_and_all_else_is_set() {
    let (folder, groups) = groups(&["shop"]);
    let at = folder.path().join("tenant-shop");
    fs::remove_file(at.join("cpu.max")).expect("it was there");
    fs::remove_file(at.join("memory.max")).expect("it was there");
    let limits = Limits { pids: Some(99), ..LIMITED };
    groups.set(&all(&[("shop", limits)]));
    assert_eq!(read(&folder, "tenant-shop/pids.max"), "99");
    let confined = groups.of("shop");
    let rows = confined.rows(None);
    let told: Vec<_> = rows.iter().map(|row| (row.name.as_str(), row.held_by.as_str())).collect();
    assert_eq!(told, [("cpu", "nothing"), ("memory", "rlimit"), ("pids", "cgroup")]);
    assert!(rows[0].note.as_ref().is_some_and(|note| note.starts_with("not held: it could not be set: ")), "{rows:?}");
    assert_eq!(rows[2].note, None);
    assert_eq!(confined.data_bytes(), Some(1 << 30));
    // Each reload tries again.
    for name in ["cpu.max", "memory.max"] {
        fs::write(at.join(name), "").expect("a file");
    }
    groups.set(&all(&[("shop", limits)]));
    assert!(confined.rows(None).iter().all(|row| row.held_by == "cgroup" && row.note.is_none()));
    assert_eq!(confined.data_bytes(), None);
}

#[test]
fn what_is_said_of_a_limit_of_each_process_is_taken_back_once_it_is_set() {
    let groups = Groups::over(Err(Unusable::Shared));
    groups.set(&all(&[("shop", LIMITED)]));
    let confined = groups.of("shop");
    // No process has this number.
    confined.limit_data(0);
    let note = || confined.rows(None)[1].note.clone().unwrap_or_default();
    assert!(note().contains("could not be set"), "{}", note());
    let mut child = std::process::Command::new("sleep").arg("60").spawn().expect("it runs");
    confined.limit_data(child.id());
    assert!(!note().contains("could not be set"), "{}", note());
    child.kill().expect("it runs");
    child.wait().expect("it is ours");
}

#[test]
fn a_reload_that_changes_nothing_says_nothing_of_limits() {
    let (folder, groups) = groups(&["shop"]);
    let (log, _listening) = Log::listen();
    fs::remove_file(folder.path().join("tenant-shop/cpu.max")).expect("it was there");
    for limits in [LIMITED, LIMITED, Limits { memory_bytes: Some(100 << 20), ..LIMITED }] {
        groups.set(&all(&[("shop", limits)]));
    }
    assert_eq!(log.count("limits are in force"), 2, "{}", log.text());
    assert_eq!(log.count("does not hold as it should"), 2, "{}", log.text());
    assert_eq!(log.count("a tight one"), 1, "{}", log.text());
}

/// What the kernel says a group takes.
fn taking(folder: &tempfile::TempDir, tenant: &str, bytes: u64) {
    fs::write(folder.path().join(format!("tenant-{tenant}/memory.current")), format!("{bytes}\n")).expect("a file");
}

fn memory_note(groups: &Groups) -> (String, String) {
    let rows = groups.of("shop").rows(None);
    let row = rows.iter().find(|row| row.name == "memory").expect("it is limited");
    (row.held_by.clone(), row.note.clone().unwrap_or_default())
}

/// Until a thread has said that it is done.
fn wait_settled(groups: &Groups) {
    let settled = async { timer::timeout(Duration::from_secs(60), groups.settled()).await };
    assert!(runtime::block_on(settled).expect("a runtime").is_ok(), "nothing settled");
    groups.tell_settled();
}

#[test]
fn a_limit_below_what_is_taken_is_set_by_somebody_who_may_wait_and_told_once_it_is_in_force() {
    let (folder, groups) = groups(&["shop"]);
    let (log, _listening) = Log::listen();
    groups.set(&all(&[("shop", LIMITED)]));
    taking(&folder, "shop", 900 << 20);
    let lower = |mebibytes: u64| Limits { memory_bytes: Some(mebibytes << 20), ..LIMITED };
    // The thread begins when this is done.
    groups.with(|inner| {
        inner.limit("shop", &lower(700));
        assert_eq!(read(&folder, "tenant-shop/memory.max"), "1073741824", "somebody waited for it");
        // The newest alone is set after it, also one that nothing exceeds.
        inner.limit("shop", &lower(600));
        inner.limit("shop", &Limits { memory_bytes: Some(1 << 40), ..LIMITED });
        assert_eq!(read(&folder, "tenant-shop/memory.max"), "1073741824");
    });
    wait_settled(&groups);
    assert_eq!(read(&folder, "tenant-shop/memory.max"), (1_u64 << 40).to_string());
    assert_eq!(memory_note(&groups), ("cgroup".to_owned(), String::new()));
    assert_eq!(log.count("limits are in force"), 2, "{}", log.text());
    // Nothing is left of it: the next one is set at once.
    groups.set(&all(&[("shop", Limits { memory_bytes: None, ..LIMITED })]));
    assert_eq!(read(&folder, "tenant-shop/memory.max"), "max");
}

#[test]
fn a_limit_that_is_waited_for_is_not_told_to_hold_and_its_group_stays() {
    let (folder, groups) = groups(&["shop"]);
    let at = folder.path().join("tenant-shop");
    groups.set(&all(&[("shop", LIMITED)]));
    taking(&folder, "shop", 900 << 20);
    let shop = groups.of("shop");
    let mut inner = groups.inner.lock().expect("nobody panicked");
    inner.limit("shop", &Limits { memory_bytes: Some(700 << 20), ..LIMITED });
    // As long as nobody takes it there is no thread.
    let begun = inner.squeezes.take_begun();
    drop(inner);
    assert_eq!(memory_note(&groups), ("cgroup".to_owned(), NOT_YET.to_owned()));
    groups.set(&all(&[]));
    fs::remove_file(at.join("memory.current")).expect("it was there");
    empty(&at);
    groups.tidy();
    assert!(at.exists(), "removing it would have waited");
    for group in begun {
        groups.squeeze(group);
    }
    wait_settled(&groups);
    groups.tidy();
    assert!(!at.exists());
    drop(shop);
}

#[test]
fn a_limit_that_was_waited_for_in_vain_is_told_as_one_that_could_not_be_set() {
    let (folder, groups) = groups(&["shop"]);
    let (log, _listening) = Log::listen();
    groups.set(&all(&[("shop", LIMITED)]));
    taking(&folder, "shop", 900 << 20);
    fs::remove_file(folder.path().join("tenant-shop/memory.max")).expect("it was there");
    let lower = all(&[("shop", Limits { memory_bytes: Some(700 << 20), ..LIMITED })]);
    groups.set(&lower);
    wait_settled(&groups);
    let (held_by, note) = memory_note(&groups);
    assert!(held_by == "rlimit" && note.contains("it could not be set: "), "{held_by} {note}");
    assert_eq!(groups.of("shop").data_bytes(), Some(700 << 20), "each process is limited by itself");
    assert_eq!(log.count("does not hold as it should"), 1, "{}", log.text());
    // A reload tries again; what did not hold is not told to hold meanwhile, nor told again.
    groups.with(|inner| {
        inner.limit("shop", &Limits { memory_bytes: Some(700 << 20), ..LIMITED });
        assert!(!inner.powers("shop").memory);
    });
    wait_settled(&groups);
    assert_eq!(log.count("does not hold as it should"), 1, "{}", log.text());
    fs::write(folder.path().join("tenant-shop/memory.max"), "").expect("a file");
    groups.set(&lower);
    wait_settled(&groups);
    assert_eq!(memory_note(&groups), ("cgroup".to_owned(), String::new()));
}
