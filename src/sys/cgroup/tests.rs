//! Folders that look like control groups; a real kernel's are looked at by `make test-system`.

use super::*;

const OWN: u32 = 77;

/// A group with us alone in it, or with others; the kernel would make the files of its parts.
fn folder(inside: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in [("cgroup.type", "domain\n"), ("cgroup.procs", inside), ("cgroup.subtree_control", "")] {
        fs::write(folder.path().join(name), text).unwrap();
    }
    part(folder.path(), "supervisor");
    folder
}

fn part(at: &Path, name: &str) -> PathBuf {
    let at = at.join(name);
    fs::create_dir(&at).unwrap();
    for name in ["cgroup.procs", "cgroup.kill", "cpu.max", "memory.max", "memory.oom.group", "pids.max"] {
        fs::write(at.join(name), "").unwrap();
    }
    at
}

fn read(at: &Path, name: &str) -> String {
    fs::read_to_string(at.join(name)).unwrap()
}

#[test]
fn its_own_place_is_found_where_the_kernel_has_put_it() {
    let line = |root: &str, at: &str| format!("30 23 0:26 {root} {at} rw,nosuid shared:9 - cgroup2 cgroup2 rw\n");
    let v1 = "31 23 0:27 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu\n";
    for (mounts, own, expected) in [
        (
            line("/", "/sys/fs/cgroup"),
            "0::/system.slice/unblink.service\n",
            Some("/sys/fs/cgroup/system.slice/unblink.service"),
        ),
        (line("/", "/sys/fs/cgroup"), "0::/\n", Some("/sys/fs/cgroup/")),
        (v1.to_owned() + &line("/", "/sys/fs/cgroup/unified"), "4:cpu:/a\n0::/b\n", Some("/sys/fs/cgroup/unified/b")),
        (line("/pod", "/sys/fs/cgroup"), "0::/pod/one\n", Some("/sys/fs/cgroup/one")),
        (line("/pod", "/sys/fs/cgroup"), "0::/other\n", None),
        (line("/", "/sys/fs/cgroup"), "0::/../other\n", None),
        (line("/", "/sys/fs/cgroup"), "4:cpu:/a\n", None),
        (v1.to_owned(), "4:cpu:/a\n0::/b\n", None),
        (String::new(), "", None),
        (" - \n - cgroup2".to_owned(), "0::/x", None),
    ] {
        assert_eq!(place(&mounts, own), expected.map(PathBuf::from), "{mounts:?} {own:?}");
    }
}

#[test]
fn a_group_is_taken_over_where_nobody_else_is_in_it() {
    let folder = folder("77\n");
    let tree = Tree::at(folder.path().to_owned(), OWN).unwrap();
    assert_eq!(read(folder.path(), "supervisor/cgroup.procs"), "77");
    assert_eq!(tree.powers(), Powers { cpu: true, memory: true, pids: true });
    assert_eq!(read(folder.path(), "cgroup.subtree_control"), "+pids", "one after the other");
}

#[test]
fn a_group_of_others_is_left_as_it_is() {
    for inside in ["77\n78\n", "78\n", "77\nx\n"] {
        let folder = folder(inside);
        assert!(matches!(Tree::at(folder.path().to_owned(), OWN), Err(Unusable::Shared)), "{inside:?}");
        assert_eq!(read(folder.path(), "supervisor/cgroup.procs"), "");
        assert_eq!(read(folder.path(), "cgroup.subtree_control"), "");
    }
    let folder = folder("77\n");
    fs::write(folder.path().join("cgroup.type"), "domain threaded\n").unwrap();
    assert!(matches!(Tree::at(folder.path().to_owned(), OWN), Err(Unusable::Shared)));
    fs::remove_file(folder.path().join("cgroup.type")).unwrap();
    assert!(matches!(Tree::at(folder.path().to_owned(), OWN), Err(Unusable::Shared)), "the topmost one");
}

#[test]
fn one_that_cannot_be_divided_is_left_without_parts() {
    let folder = folder("77\n");
    fs::remove_dir_all(folder.path().join("supervisor")).unwrap();
    let refused = Tree::at(folder.path().to_owned(), OWN).unwrap_err();
    assert!(matches!(refused, Unusable::Closed(_)), "{refused}");
    assert!(!folder.path().join("supervisor").exists());
}

#[test]
fn limits_are_written_as_the_kernel_reads_them_and_taken_back() {
    let folder = folder("77\n");
    let tree = Tree::at(folder.path().to_owned(), OWN).unwrap();
    let at = part(folder.path(), "tenant-shop");
    let group = tree.tenant("shop").unwrap();
    let told = || ["cpu.max", "memory.max", "memory.oom.group", "pids.max"].map(|name| read(&at, name));
    let limits = Limits { cpu_millis: Some(1_200), memory_bytes: Some(2 << 30), pids: Some(256) };
    assert!(group.limit(&limits).is_empty() && group.limit_memory(limits.memory_bytes).is_ok());
    assert_eq!(told(), ["120000 100000", "2147483648", "1", "256"]);
    assert!(group.limit(&Limits::default()).is_empty() && group.limit_memory(None).is_ok());
    assert_eq!(told(), ["max 100000", "max", "1", "max"]);
    fs::remove_file(at.join("cpu.max")).unwrap();
    let failed = group.limit(&Limits { pids: Some(99), ..Limits::default() });
    assert_eq!(failed.iter().map(|(resource, _)| *resource).collect::<Vec<_>>(), [Resource::Cpu]);
    assert_eq!(read(&at, "pids.max"), "99", "what comes after it is set all the same");
    let weak = Group { powers: Powers { cpu: false, ..group.powers }, ..group.clone() };
    assert!(weak.limit(&Limits { cpu_millis: Some(50), ..Limits::default() }).is_empty());
    assert!(!at.join("cpu.max").exists(), "it may not be limited in that");
    let weak = Group { powers: Powers { memory: false, ..group.powers }, ..group };
    assert!(weak.limit_memory(Some(7)).is_ok());
    assert_eq!(read(&at, "memory.max"), "max");
}

#[test]
fn a_group_exceeds_what_is_less_or_hardly_more_than_it_takes() {
    let folder = folder("77\n");
    let tree = Tree::at(folder.path().to_owned(), OWN).unwrap();
    let (at, group) = (part(folder.path(), "tenant-shop"), tree.tenant("shop").unwrap());
    assert!(!group.exceeds(Some(1)), "nobody says what it takes");
    fs::write(at.join("memory.current"), "4096\n").unwrap();
    assert!(group.exceeds(Some(4680)) && !group.exceeds(Some(4681)) && !group.exceeds(None));
    let weak = Group { powers: Powers { memory: false, ..group.powers }, ..group };
    assert!(!weak.exceeds(Some(1)), "it is not limited in that");
}

#[test]
fn counts_are_read_and_nonsense_counts_as_nothing() {
    let events = "low 0\nhigh 1\nmax 12\noom 2\noom_kill 3\noom_group_kill 1\n";
    let cpu = "usage_usec 5\nnr_periods 9\nnr_throttled 4\nthrottled_usec 250000\n";
    let expected = Counts { exhausted: 2, killed: 3, throttled_times: 4, throttled: Duration::from_millis(250) };
    assert_eq!(understand(events, cpu), expected);
    for nonsense in ["", "oom", "oom x", "oom_kill -1\n", "\0\n"] {
        assert_eq!(understand(nonsense, nonsense), Counts::default());
    }
}

#[test]
fn parts_are_named_after_tenants_and_nothing_else_is_one() {
    let folder = folder("77\n");
    let tree = Tree::at(folder.path().to_owned(), OWN).unwrap();
    for name in ["shop", "cpu-max", "a_b"] {
        tree.tenant(name).unwrap();
    }
    // One that is there already is as good.
    tree.tenant("shop").unwrap();
    for name in ["", "..", "a/b", "a.b"] {
        assert!(tree.tenant(name).is_err(), "{name:?}");
    }
    fs::create_dir(folder.path().join("other")).unwrap();
    fs::write(folder.path().join("tenant-file"), "").unwrap();
    let mut names = tree.tenants();
    names.sort();
    assert_eq!(names, ["a_b", "cpu-max", "shop"]);
    assert!(tree.tenant("shop").unwrap().remove());
    assert!(tree.tenant("a_b").unwrap().remove());
    assert_eq!(tree.tenants(), ["cpu-max"]);
}

#[test]
fn only_the_limit_of_a_tenants_own_part_is_one_that_nobody_else_runs_into() {
    let folder = folder("77\n");
    let at = part(folder.path(), "tenant-shop");
    for (most, expected) in [("1048576\n", true), ("max\n", false)] {
        fs::write(at.join("memory.max"), most).unwrap();
        assert_eq!(limits_memory_at(&at), expected, "{most:?}");
    }
    fs::write(folder.path().join("memory.max"), "1048576\n").unwrap();
    assert!(!limits_memory_at(folder.path()), "of a whole container, say");
    fs::remove_file(at.join("memory.max")).unwrap();
    assert!(!limits_memory_at(&at), "without a controller");
}

#[test]
fn whoever_is_in_a_group_was_held_back_with_all_that_it_is_part_of() {
    let folder = folder("77\n");
    let at = part(folder.path(), "tenant-shop");
    fs::write(folder.path().join("cpu.stat"), "nr_throttled 1\nthrottled_usec 250000\n").unwrap();
    fs::write(at.join("cpu.stat"), "usage_usec 5\nthrottled_usec 4000\n").unwrap();
    let group = Tree::at(folder.path().to_owned(), OWN).unwrap().tenant("shop").unwrap();
    assert_eq!(group.throttled(), Duration::from_millis(254));
    assert_eq!(group.counts().throttled, Duration::from_millis(4), "what the tenant itself was held back for");
}
