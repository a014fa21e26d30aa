//! Archives as they were written, and with everything that can be wrong with them.

use proptest::prelude::*;

use super::*;

fn entry(path: &str, bytes: &[u8]) -> Entry {
    let whose = Whose { user: Some("root".to_owned()), group: Some("unblink".to_owned()) };
    Entry { path: path.to_owned(), mode: 0o640, whose, bytes: bytes.to_vec() }
}

fn entries() -> Vec<Entry> {
    vec![
        entry("configuration/unblink.toml", b"[host]\ninterval = \"2s\"\n"),
        entry("configuration/boards.d/a b.toml", b""),
        entry(&format!("configuration/tenants/ops/charts.d/{}.tmpl", "x".repeat(200)), b"SELECT 1"),
        entry("configuration/tenants/ops/sources.toml", b"[host]\n"),
        entry("generations/generation-00000007", &[0, 1, 2, 255]),
        Entry { whose: Whose::default(), ..entry("histories/default", &[3; 5000]) },
    ]
}

fn folders() -> Vec<Folder> {
    let whose = Whose { user: Some("root".to_owned()), group: None };
    let folder = |path: &str, mode| Folder { path: path.to_owned(), mode, whose: whose.clone() };
    vec![folder("boards.d", 0o750), folder("tenants/ops", 0o700), folder("tenants/ops/charts.d", 0o755)]
}

fn now() -> Timestamp {
    Timestamp::from_second(1_700_000_000).unwrap()
}

/// An archive of these files as somebody else might make it, with this list.
fn forged(manifest: &str, files: &[(&str, EntryType, &[u8])]) -> Vec<u8> {
    let mut archive = Builder::new(GzEncoder::new(Vec::new(), Compression::default()));
    let mut add = |path: &str, kind: EntryType, bytes: &[u8]| {
        let mut header = Header::new_gnu();
        header.set_entry_type(kind);
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        // Past what the writer of archives would refuse.
        header.as_gnu_mut().unwrap().name[..path.len()].copy_from_slice(path.as_bytes());
        header.set_cksum();
        archive.append(&header, bytes).unwrap();
    };
    add("unblink-backup/manifest.json", EntryType::Regular, manifest.as_bytes());
    files.iter().for_each(|(path, kind, bytes)| add(&format!("unblink-backup/{path}"), *kind, bytes));
    archive.into_inner().unwrap().finish().unwrap()
}

fn listed(files: &[(&str, &[u8])]) -> String {
    let items: Vec<Item> = files
        .iter()
        .map(|(path, bytes)| Item {
            path: (*path).to_owned(),
            mode: 0o644,
            bytes: bytes.len() as u64,
            sha256: sha256(bytes),
            whose: Whose::default(),
        })
        .collect();
    let manifest = Manifest {
        format: FORMAT,
        made_at: "now".to_owned(),
        build: "b".to_owned(),
        folders: Vec::new(),
        files: items,
    };
    serde_json::to_string(&manifest).unwrap()
}

fn check(packed: &[u8], says: &str) {
    let damage = unpack(packed).expect_err("it is damaged").to_string();
    assert!(damage.contains(says), "{damage} does not say {says}");
}

#[test]
fn what_was_packed_comes_out_again() {
    let packed = pack(&entries(), &folders(), now()).unwrap();
    let unpacked = unpack(&packed).unwrap();
    assert_eq!(
        unpacked,
        Unpacked { made_at: "2023-11-14T22:13:20Z".to_owned(), folders: folders(), entries: entries() }
    );
}

#[test]
fn what_an_earlier_program_wrote_is_read() {
    let bytes = b"[host]\n";
    let list = format!(
        r#"{{"format":1,"made_at":"then","build":"b","files":[{{"path":"configuration/unblink.toml","mode":420,"bytes":7,"sha256":"{}"}}]}}"#,
        sha256(bytes)
    );
    let unpacked = unpack(&forged(&list, &[("configuration/unblink.toml", EntryType::Regular, bytes)])).unwrap();
    let expected = Entry { mode: 0o644, whose: Whose::default(), ..entry("configuration/unblink.toml", bytes) };
    assert_eq!(unpacked.entries, [expected]);
}

#[test]
fn every_byte_that_is_changed_is_noticed_or_changes_nothing() {
    let packed = pack(&entries(), &folders(), now()).unwrap();
    let whole = unpack(&packed).unwrap();
    let mut harmless = 0;
    for at in 0..packed.len() {
        for change in [0x01, 0x80, 0xff] {
            let mut damaged = packed.clone();
            damaged[at] ^= change;
            match unpack(&damaged) {
                Ok(unpacked) => {
                    assert_eq!(unpacked, whole, "byte {at}");
                    harmless += 1;
                }
                Err(damage) => assert!(!damage.to_string().contains('\n'), "{damage}"),
            }
        }
    }
    // The head of gzip has a time, a system and a level that mean nothing.
    assert!(harmless < 40, "{harmless} changes went unnoticed");
}

#[test]
fn what_is_cut_short_or_goes_on_behind_its_end_is_noticed_wherever_that_is() {
    let packed = pack(&entries(), &folders(), now()).unwrap();
    for length in 0..packed.len() {
        assert!(unpack(&packed[..length]).is_err(), "{length} bytes of {}", packed.len());
    }
    check(&[packed.as_slice(), b"x"].concat(), "something stands behind its end");
    check(&[packed.as_slice(), packed.as_slice()].concat(), "something stands behind its end");
    check(b"", "the archive: it is damaged, or no backup");
}

#[test]
fn no_name_leads_anywhere_else() {
    for path in [
        "../etc/passwd",
        "configuration/../../etc/passwd",
        "/etc/passwd",
        "configuration//etc/passwd",
        "configuration/boards.d/../x.toml",
        "configuration/boards.d/.x.toml",
        "configuration/boards.d/x/y.toml",
        "configuration/boards.d/x",
        "configuration/boards.d/a\nb.toml",
        "configuration/tenants/../boards.d/x.toml",
        "configuration/tenants/a/b/c/x.toml",
        "configuration/other.toml",
        "configuration",
        "generations/generation-7",
        "generations/generation-00000007.toml",
        "generations/../generation-00000007",
        "history/default",
        "histories/",
        "histories/a/b",
        "histories/..",
        "histories/a.b",
        "manifest.json",
        "",
    ] {
        assert_eq!(Origin::of(path), None, "{path:?}");
        check(
            &forged(&listed(&[(path, b"x")]), &[(path, EntryType::Regular, b"x")]),
            "no file of a backup can be called so",
        );
    }
}

#[test]
fn what_is_not_as_its_list_says_is_refused_with_its_name() {
    const MAIN_PATH: &str = "configuration/unblink.toml";
    let list = listed(&[(MAIN_PATH, b"x")]);
    let regular = EntryType::Regular;
    check(&forged(&list, &[(MAIN_PATH, regular, b"y")]), "configuration/unblink.toml: its length or its SHA-256");
    check(&forged(&list, &[(MAIN_PATH, regular, b"xx")]), "configuration/unblink.toml: its length or its SHA-256");
    check(&forged(&list, &[]), "it ends before configuration/unblink.toml");
    check(&forged(&list, &[("configuration/boards.d/a.toml", regular, b"x")]), "something else stands in its place");
    for kind in [EntryType::Symlink, EntryType::Link, EntryType::Directory, EntryType::Char, EntryType::Fifo] {
        check(&forged(&list, &[(MAIN_PATH, kind, b"")]), "configuration/unblink.toml: it is no regular file");
    }
    let twice = [(MAIN_PATH, regular, &b"x"[..]), (MAIN_PATH, regular, &b"x"[..])];
    check(&forged(&list, &twice), "it has more files than stand in its list");
    check(&forged(&listed(&[(MAIN_PATH, b"x"), (MAIN_PATH, b"x")]), &twice), "it is there twice");
    let long = vec![b'x'; limits::CONFIG_FILE_BYTES_MAX + 1];
    check(&forged(&listed(&[(MAIN_PATH, &long)]), &[(MAIN_PATH, regular, &long)]), "longer than such a file may be");
    check(&forged("{}", &[]), "manifest.json: it is no list of a backup");
    for format in [0, 3] {
        let other = list.replace("\"format\":2", &format!("\"format\":{format}"));
        check(&forged(&other, &[]), &format!("it is of format {format}, and this program reads 1 to 2: take"));
    }
    check(&forged(&list.replace("\"format\":2", "\"format\":2,\"more\":1"), &[]), "unknown field");
    let many: Vec<(String, &[u8])> =
        (0..=limits::BACKUP_FILES_MAX).map(|n| (format!("configuration/boards.d/{n}.toml"), &b""[..])).collect();
    let many: Vec<(&str, &[u8])> = many.iter().map(|(path, bytes)| (path.as_str(), *bytes)).collect();
    check(&forged(&listed(&many), &[]), "it lists more than");
}

proptest! {
    #[test]
    fn any_bytes_are_refused_and_any_files_come_out_again(
        bytes in prop::collection::vec(any::<u8>(), 0..2000),
        names in prop::collection::btree_set("[a-z][a-z0-9 _-]{0,20}", 0..5),
        changed in any::<prop::sample::Index>(),
        by in 1_u8..,
    ) {
        prop_assert!(unpack(&bytes).is_err());
        let files: Vec<Entry> =
            names.iter().map(|name| entry(&format!("configuration/boards.d/{name}.toml"), &bytes)).collect();
        let mut packed = pack(&files, &folders(), now()).unwrap();
        let whole = unpack(&packed).unwrap();
        prop_assert_eq!(&whole.entries, &files);
        let at = changed.index(packed.len());
        packed[at] ^= by;
        if let Ok(unpacked) = unpack(&packed) {
            prop_assert_eq!(unpacked, whole);
        }
    }
}
