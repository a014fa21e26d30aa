//! What takes the place of what, and what is left where it fails.

use std::collections::BTreeMap;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};

use super::*;
use crate::cli::backup::archive::Folder;
use crate::sys::testing;
use crate::wire::copied::Writer;
use crate::wire::history::VERSION;

const STAMP: &str = "20261126T171500Z";

fn entry(path: &str, text: &str) -> Entry {
    Entry { path: path.to_owned(), mode: 0o640, whose: Whose::default(), bytes: text.as_bytes().to_vec() }
}

fn given(mode: u32) -> Given {
    Given { mode, ..Given::default() }
}

/// Puts them where these two say.
fn put(entries: &[Entry], main: &Path, store: &Store, reader: Option<Reader>) -> Result<Vec<PathBuf>, Undone> {
    let generations = store.folder().to_owned();
    let histories = generations.with_file_name("histories");
    let whose = Whose { user: None, group: Some("daemon".to_owned()) };
    let folders = vec![Folder { path: "tenants/ops".to_owned(), mode: 0o710, whose }];
    let unpacked = Unpacked { made_at: String::new(), folders, entries: entries.to_vec() };
    replace(&unpacked, &Places { main: main.to_owned(), generations, histories, reader }, STAMP)
}

fn entries() -> Vec<Entry> {
    vec![
        entry("configuration/unblink.toml", "new"),
        entry("configuration/boards.d/a.toml", "new a"),
        entry("configuration/tenants/ops/boards.d/b.toml", "new b"),
        entry("generations/generation-00000002", "new generation"),
        entry("histories/ops", "new history"),
    ]
}

/// All files below a folder, by their paths in it.
fn files(folder: &Path) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let name = path.strip_prefix(folder).unwrap().display().to_string();
                found.insert(name, fs::read_to_string(path).unwrap());
            }
        }
    }
    found
}

/// A configuration and a state that are there.
fn before(folder: &Path) -> (PathBuf, Store) {
    for (name, text) in [
        ("config/unblink.toml", "old"),
        ("config/README", "mine"),
        ("config/boards.d/old.toml", "old board"),
        ("config/charts.d/old.toml", "old chart"),
        ("state/generations/generation-00000009", "old generation"),
        ("state/histories/default", "old history"),
    ] {
        let path = folder.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    (folder.join("config/unblink.toml"), Store::new(&folder.join("state"), None))
}

#[test]
fn all_of_it_takes_its_place_and_what_was_there_lies_aside() {
    let folder = tempfile::tempdir().unwrap();
    let (main, store) = before(folder.path());
    // A group that its folder is not of, where the tester may say so.
    let group = if rustix::process::geteuid().is_root() { 12_345 } else { fs::metadata(&main).unwrap().gid() };
    chown(&main, None, Some(group)).unwrap();
    let asides = put(&entries(), &main, &store, None).unwrap();
    let (config, state) = (folder.path().join("config"), folder.path().join("state"));
    assert_eq!(asides, [&config, &state].map(|folder| folder.join(format!("before-restore-{STAMP}"))));
    let expected = [
        ("config/README", "mine"),
        ("config/before-restore-20261126T171500Z/boards.d/old.toml", "old board"),
        ("config/before-restore-20261126T171500Z/charts.d/old.toml", "old chart"),
        ("config/before-restore-20261126T171500Z/unblink.toml", "old"),
        ("config/boards.d/a.toml", "new a"),
        ("config/tenants/ops/boards.d/b.toml", "new b"),
        ("config/unblink.toml", "new"),
        ("state/before-restore-20261126T171500Z/generations/generation-00000009", "old generation"),
        ("state/before-restore-20261126T171500Z/histories/default", "old history"),
        ("state/generations/generation-00000002", "new generation"),
        ("state/histories/ops", "new history"),
    ];
    let expected = expected.map(|(name, text)| (name.to_owned(), text.to_owned()));
    assert_eq!(files(folder.path()), BTreeMap::from(expected));
    assert_eq!(fs::metadata(&main).unwrap().gid(), group, "whoever could read it can read it");
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&main), 0o640);
    assert_eq!(mode(&config.join("tenants/ops")), 0o710, "as it was");
    assert_eq!(
        mode(&config.join("tenants")),
        mode(&config),
        "one of which nothing is known is as open as what it lies in"
    );
    if rustix::process::geteuid().is_root() {
        let owner = fs::metadata(config.join("tenants/ops")).unwrap().gid();
        assert_eq!(Some(owner), host::group_id("daemon"), "by the name it had");
    }
}

#[test]
fn into_folders_that_are_not_there_it_is_restored_too() {
    let folder = tempfile::tempdir().unwrap();
    let (main, store) = (folder.path().join("etc/x/unblink.toml"), Store::new(&folder.path().join("var/x"), None));
    assert_eq!(put(&entries(), &main, &store, None).unwrap(), Vec::<PathBuf>::new());
    assert_eq!(files(folder.path()).len(), entries().len());
}

#[test]
fn where_anything_fails_everything_is_where_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let (main, store) = before(folder.path());
    let state = folder.path().join("state");
    // What was moved aside before lies where something would be moved to.
    fs::create_dir_all(state.join(format!("before-restore-{STAMP}/generations/x"))).unwrap();
    let was = files(folder.path());
    let error = put(&entries(), &main, &store, None).unwrap_err();
    assert!(error.to_string().contains("state/before-restore-20261126T171500Z: "), "{error}");
    assert_eq!(files(folder.path()), was);
    // What another one stages is not ours to take away.
    let foreign = folder.path().join(format!("config/.restoring-{STAMP}"));
    fs::create_dir(&foreign).unwrap();
    fs::write(foreign.join("unblink.toml"), "another's").unwrap();
    let was = files(folder.path());
    assert!(put(&entries(), &main, &store, None).is_err());
    assert_eq!(files(folder.path()), was);
}

#[test]
fn what_somebody_took_away_meanwhile_or_what_cannot_be_put_back_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let (main, _) = before(folder.path());
    let config = folder.path().join("config");
    let was = files(folder.path());
    let mut swap = Swap::begin(&config, STAMP, None).unwrap();
    swap.stage(MAIN, Path::new(MAIN), &given(0o600), b"new").unwrap();
    fs::remove_file(config.join(format!(".restoring-{STAMP}/{MAIN}"))).unwrap();
    let error = swap.exchange(MAIN, &main).unwrap_err();
    assert!(error.to_string().contains("took it away"), "{error}");
    assert_eq!(swap.undo(), []);
    assert_eq!(files(folder.path()), was);

    let mut swap = Swap::begin(&config, STAMP, None).unwrap();
    swap.stage("boards.d/a.toml", Path::new("boards.d/a.toml"), &given(0o600), b"new").unwrap();
    swap.exchange("boards.d", Path::new("boards.d")).unwrap();
    let aside = config.join(format!("before-restore-{STAMP}/boards.d"));
    fs::remove_dir_all(&aside).unwrap();
    let left = swap.undo();
    assert_eq!(left, [(aside, config.join("boards.d"))]);
    let said = Undone { error: io::Error::other("no"), left }.to_string();
    assert!(said.contains("boards.d belongs at ") && !said.contains("is where it was"), "{said}");
}

/// Its group may write in a folder of root's, and put something else in the place of what lies there.
#[test]
fn what_is_put_in_the_place_of_what_is_staged_is_not_taken_for_it() {
    let folder = tempfile::tempdir().unwrap();
    let (main, _) = before(folder.path());
    let config = folder.path().join("config");
    let mut swap = Swap::begin(&config, STAMP, None).unwrap();
    let staged = config.join(format!(".restoring-{STAMP}"));
    let theirs = folder.path().join("theirs");
    fs::create_dir(&theirs).unwrap();
    fs::write(theirs.join(MAIN), "theirs").unwrap();
    fs::rename(&staged, folder.path().join("away")).unwrap();
    std::os::unix::fs::symlink(&theirs, &staged).unwrap();
    swap.stage(MAIN, Path::new(MAIN), &given(0o600), b"new").unwrap();
    swap.stage("boards.d/a.toml", Path::new("boards.d/a.toml"), &given(0o600), b"new").unwrap();
    swap.settle().unwrap();
    swap.exchange(MAIN, &main).unwrap();
    assert_eq!(fs::read_to_string(&main).unwrap(), "new");
    swap.finish().unwrap();
    assert_eq!(fs::read_to_string(theirs.join(MAIN)).unwrap(), "theirs", "what has its name is let alone");
    assert_eq!(fs::read_dir(&theirs).unwrap().count(), 1);
}

/// What is put there is that somebody's, and a link leads to nothing of root's.
#[test]
fn as_root_in_a_folder_of_somebody_elses_no_more_can_be_done_than_its_owner_can() {
    testing::need_root();
    let folder = tempfile::tempdir().unwrap();
    let (_, store) = before(folder.path());
    let state = folder.path().join("state");
    let roots = folder.path().join("roots");
    fs::create_dir(&roots).unwrap();
    fs::set_permissions(folder.path(), PermissionsExt::from_mode(0o755)).unwrap();
    fs::set_permissions(&roots, PermissionsExt::from_mode(0o755)).unwrap();
    chown(&state, Some(54_321), Some(54_321)).unwrap();
    let mut swap = Swap::begin(&state, STAMP, None).unwrap();
    swap.stage("generations/a", Path::new("generations/a"), &given(0o600), b"new").unwrap();
    let facts = fs::metadata(state.join(format!(".restoring-{STAMP}/generations/a"))).unwrap();
    assert_eq!((facts.uid(), facts.gid()), (54_321, 54_321));
    let inner = state.join(format!(".restoring-{STAMP}/generations"));
    fs::remove_dir_all(&inner).unwrap();
    std::os::unix::fs::symlink(&roots, &inner).unwrap();
    let error = swap.stage("generations/b", Path::new("generations/b"), &given(0o600), b"new").unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::PermissionDenied, "{error}");
    assert_eq!(fs::read_dir(&roots).unwrap().count(), 0);
    assert_eq!(fs::metadata(&roots).unwrap().uid(), 0);
    drop(swap);
    // We are root again.
    fs::write(roots.join("x"), "").unwrap();
    assert!(store.folder().exists());
}

/// By the names of the archive, else by what it replaces, else by the folder; and readable for the daemon's user wherever a mode
/// lets a group read.
#[test]
fn as_root_whose_a_file_is_goes_by_names_and_the_daemon_may_read_it() {
    testing::need_root();
    let folder = tempfile::tempdir().unwrap();
    let (main, store) = before(folder.path());
    chown(&main, None, Some(12_345)).unwrap();
    let named = |path: &str, mode, user: Option<&str>, group: Option<&str>| {
        let whose = Whose { user: user.map(str::to_owned), group: group.map(str::to_owned) };
        Entry { mode, whose, ..entry(path, "new") }
    };
    let all = [
        named("configuration/unblink.toml", 0o640, Some("root"), Some("daemon")),
        named("configuration/boards.d/a.toml", 0o640, Some("daemon"), Some("no such group")),
        named("configuration/boards.d/b.toml", 0o644, None, None),
        named("configuration/boards.d/c.toml", 0o640, None, None),
        named("configuration/boards.d/d.toml", 0o600, Some("root"), Some("root")),
        named("configuration/charts.d/old.toml", 0o640, Some("no such user"), None),
    ];
    let (daemon, group) = (host::user_id("daemon").unwrap(), host::group_id("daemon").unwrap());
    let config = folder.path().join("config");
    let whose = |name: &str| {
        let facts = fs::metadata(config.join(name)).unwrap();
        (facts.uid(), facts.gid())
    };
    let names = ["unblink.toml", "boards.d/a.toml", "boards.d/b.toml", "boards.d/c.toml", "boards.d/d.toml"];
    put(&all, &main, &store, None).unwrap();
    assert_eq!(names.map(whose), [(0, group), (daemon, 0), (0, 0), (0, 0), (0, 0)]);
    // Somebody who is in none of these groups.
    fs::remove_dir_all(config.join(format!("before-restore-{STAMP}"))).unwrap();
    fs::remove_dir_all(store.folder().with_file_name(format!("before-restore-{STAMP}"))).unwrap();
    let reader = Reader::with("somebody", 54_321, &[54_321]);
    put(&all, &main, &store, Some(reader.clone())).unwrap();
    assert_eq!(names.map(whose), [(0, 54_321), (daemon, 54_321), (0, 0), (0, 54_321), (0, 0)]);
    // What cannot be had that way is told, in the words of the doctor.
    let generations = store.folder().to_owned();
    let histories = generations.with_file_name("histories");
    let places = Places { main, generations, histories, reader: Some(reader) };
    fs::set_permissions(folder.path(), PermissionsExt::from_mode(0o755)).unwrap();
    let told = places.closed_files(&all);
    assert!(
        told.contains("boards.d/d.toml: the daemon's user somebody may not read it") && told.contains("chgrp"),
        "{told}"
    );
    assert_eq!(places.closed_files(&all[..4]), "");
}

#[test]
fn a_history_of_another_version_is_left_out_and_one_that_is_none_refuses_all() {
    let history = Writer::begin(Vec::new(), VERSION).unwrap().finish().unwrap();
    let of = |bytes: &[u8]| Entry { bytes: bytes.to_vec(), ..entry("histories/ops", "") };
    let mut all = vec![entry("configuration/unblink.toml", "new"), of(&history)];
    assert_eq!((fit_histories(&mut all), all.len()), (Ok(String::new()), 2));
    all[1] = of(b"unblink history 1 999\n");
    let told = fit_histories(&mut all).unwrap();
    assert!(told.starts_with("no history of ops: it is of version 999") && told.contains("begin empty"), "{told}");
    assert_eq!(all.len(), 1);
    for damaged in [&history[..history.len() - 1], b"[host]\n", b""] {
        let mut all = vec![entry("configuration/unblink.toml", "new"), of(damaged)];
        let told = fit_histories(&mut all).unwrap_err();
        assert!(told.starts_with("histories/ops: it is "), "{told}");
    }
}
