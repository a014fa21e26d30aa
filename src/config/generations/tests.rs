use std::fs::File;
use std::os::unix::fs::{MetadataExt, symlink};

use super::*;
use crate::wire::feed::FileKind;

fn generation(number: u64, text: &str) -> Generation {
    let file = |name: &str, bytes: &str| ConfigFile {
        kind: FileKind::Settings,
        name: name.to_owned(),
        bytes: bytes.as_bytes().to_vec(),
    };
    let files = vec![file("/etc/unblink/unblink.toml", text)];
    let lay_there = Checksum::of(&files);
    Generation {
        number,
        accepted_at: Wall(1_700_000_000_000),
        cause: Cause::Change,
        lay_there,
        files,
        others: Default::default(),
    }
}

fn store() -> (tempfile::TempDir, Store) {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::new(&folder.path().join("a/b"), None);
    (folder, store)
}

fn damage(store: &Store, number: u64) -> String {
    store.read(number).unwrap_err().to_string()
}

#[test]
fn what_is_kept_is_read_again_by_nobody_else() {
    let (_folder, store) = store();
    assert_eq!(store.numbers(), [0; 0]);
    let kept = generation(7, "# seven");
    store.keep(&kept).unwrap();
    assert_eq!(store.read(7).unwrap(), kept);
    assert_eq!(fs::metadata(store.path(7)).unwrap().mode() & 0o777, 0o600);
    assert_eq!(fs::metadata(store.folder()).unwrap().mode() & 0o777, 0o700);
    assert_eq!(damage(&store, 8), "there is no generation 8");
}

#[test]
fn flags_and_the_environment_are_neither_kept_nor_counted() {
    let (_folder, store) = store();
    let kept = generation(1, "# one");
    let mut with_flag = kept.clone();
    with_flag.files.push(ConfigFile { name: "flag --log".to_owned(), ..kept.files[0].clone() });
    store.keep(&with_flag).unwrap();
    assert_eq!(store.read(1).unwrap(), kept);
    assert_eq!(Checksum::of(&with_flag.files), Checksum::of(&kept.files));
    assert_ne!(Checksum::of(&generation(1, "# two").files), Checksum::of(&kept.files));
}

#[test]
fn a_single_bit_that_is_another_one_is_noticed() {
    let (_folder, store) = store();
    store.keep(&generation(1, "# one")).unwrap();
    let whole = fs::read(store.path(1)).unwrap();
    for place in 0..whole.len() {
        let mut bytes = whole.clone();
        bytes[place] ^= 1 << (place % 8);
        fs::write(store.path(1), &bytes).unwrap();
        assert!(store.read(1).is_err(), "bit {} of byte {place}", place % 8);
        fs::write(store.path(1), &whole[..place]).unwrap();
        assert!(store.read(1).is_err(), "{place} bytes");
    }
    fs::write(store.path(1), &whole).unwrap();
    store.read(1).unwrap();
}

#[test]
fn the_newest_that_is_whole_is_found_and_the_others_are_named() {
    let (_folder, store) = store();
    for number in 1..=4 {
        store.keep(&generation(number, &format!("# {number}"))).unwrap();
    }
    fs::write(store.path(4), "junk").unwrap();
    fs::rename(store.path(2), store.path(5)).unwrap();
    let mut named = Vec::new();
    let newest = store.newest(|damage| named.push(damage.to_string()), |_| true).unwrap();
    assert_eq!(newest.number, 3);
    assert_eq!(named.len(), 2, "{named:?}");
    assert!(named[0].contains("generation-00000005: it is generation 2; it is left out"), "{named:?}");
    assert!(named[1].contains("generation-00000004: this is no generation"), "{named:?}");
    assert_eq!(store.newest(drop, |generation| generation.number < 3).unwrap().number, 1);
}

#[test]
fn what_is_no_file_or_leads_elsewhere_is_not_read() {
    let (folder, store) = store();
    store.keep(&generation(1, "# one")).unwrap();
    symlink(store.path(1), store.path(2)).unwrap();
    fs::create_dir(store.path(3)).unwrap();
    let pipe = store.path(4);
    rustix::fs::mknodat(rustix::fs::CWD, &pipe, rustix::fs::FileType::Fifo, 0o600.into(), 0).unwrap();
    let sparse = File::create(store.path(5)).unwrap();
    sparse.set_len(1 << 30).unwrap();
    for (number, what) in [(2, "cannot open"), (3, "not a regular file"), (4, "not a regular file"), (5, "longer than")]
    {
        assert!(damage(&store, number).contains(what), "{}", damage(&store, number));
    }
    drop(folder);
}

#[test]
fn as_many_are_kept_as_may_be_and_leftovers_go() {
    let (_folder, store) = store();
    store.keep(&generation(1, "# 1")).unwrap();
    fs::write(store.folder().join(".unfinished-9"), "half").unwrap();
    fs::write(store.folder().join("somebody's"), "").unwrap();
    for number in 2..=40 {
        store.keep(&generation(number, &format!("# {number}"))).unwrap();
    }
    assert_eq!(store.numbers(), (25..=40).collect::<Vec<u64>>());
    let count = fs::read_dir(store.folder()).unwrap().count();
    assert_eq!(count, limits::GENERATIONS_MAX + 1, "what is not ours stays, what was left half written goes");
}

#[test]
fn large_ones_push_out_older_ones_but_never_the_newest() {
    let (_folder, store) = store();
    for number in 1..=6 {
        let mut large = generation(number, "");
        large.files[0].bytes = vec![b'#'; limits::CONFIG_BYTES_MAX - 1];
        store.keep(&large).unwrap();
    }
    assert_eq!(store.numbers(), [4, 5, 6], "three times sixteen megabytes and a little");
}

#[test]
fn a_folder_that_cannot_be_written_to_is_an_error_in_words() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("state"), "a file").unwrap();
    let store = Store::new(&folder.path().join("state"), None);
    assert_eq!(store.numbers(), [0; 0]);
    assert!(store.keep(&generation(1, "")).is_err());
    assert!(store.newest(drop, |_| true).is_none());
}

#[test]
fn configurations_of_other_places_have_folders_of_their_own() {
    let of = |main: &str| Store::new(Path::new("/state"), Some(Path::new(main))).folder().to_owned();
    assert_ne!(of("/a/unblink.toml"), of("/b/unblink.toml"));
    assert_eq!(of("/a/unblink.toml"), of("/a/unblink.toml"));
    assert_eq!(Store::new(Path::new("/state"), None).folder(), Path::new("/state/generations"));
}

#[test]
fn names_that_are_none_of_ours_count_for_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::new(folder.path(), None);
    store.keep(&generation(1, "a")).unwrap();
    for name in
        ["generation-3", "generation-+5", "generation-18446744073709551615", "generation-9999999999999", "generation-"]
    {
        fs::write(store.folder().join(name), "junk").unwrap();
    }
    assert_eq!(store.numbers(), [1]);
    store.keep(&generation(2, "b")).unwrap();
    assert_eq!(store.numbers(), [1, 2]);
}

#[test]
fn one_that_was_kept_before_there_were_tenants_is_read_and_one_with_them_comes_back_whole() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::new(folder.path(), None);
    let old = generation(3, "# old");
    let body = postcard::to_stdvec(&(old.number, old.accepted_at, old.cause, old.lay_there, &old.files)).unwrap();
    let mut bytes = format!("{HEAD_ALONE}{}\n", Checksum::over(&body).hexadecimal()).into_bytes();
    bytes.extend_from_slice(&body);
    fs::create_dir_all(store.folder()).unwrap();
    fs::write(store.path(3), bytes).unwrap();
    assert_eq!(store.read(3).unwrap(), old);
    assert_eq!(Checksum::of_all(&old.files, &old.others), Checksum::of(&old.files));
    let others = BTreeMap::from([("ops".to_owned(), generation(4, "# of ops").files)]);
    let new = Generation { others, ..generation(4, "# new") };
    store.keep(&new).unwrap();
    assert_eq!(store.read(4).unwrap(), new);
    assert_ne!(Checksum::of_all(&new.files, &new.others), Checksum::of(&new.files));
}
