//! What a worker has in its hands: what it was given and what it opened itself, nothing of root's or of its neighbours.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::MetadataExt;

use rustix::process::Signal;
use unblink::sys::host;

use crate::daemon::Daemon;
use crate::home::Home;
use crate::process::Watched;
use crate::terminal::Terminal;

/// One open descriptor: what it is, by device and inode, and in words.
type Held = BTreeSet<(u64, u64, String)>;

/// Kinds that have no inode of their own, of which the kernel tells what they stand for: a process, what is watched.
const TOLD: [&str; 4] = ["anon_inode:[pidfd]", "anon_inode:inotify", "anon_inode:[eventpoll]", "anon_inode:[eventfd]"];

/// What a process has open, or that nobody may look.
fn held(pid: u32) -> Option<Held> {
    let entries = fs::read_dir(format!("/proc/{pid}/fd")).ok()?;
    let look = |entry: fs::DirEntry| {
        let mut words = fs::read_link(entry.path()).ok()?.display().to_string();
        if TOLD.contains(&words.as_str()) {
            words += &stands_for(pid, &entry)?;
        }
        let facts = fs::metadata(entry.path()).ok()?;
        Some((facts.dev(), facts.ino(), words))
    };
    Some(entries.flatten().filter_map(look).collect())
}

/// What the kernel tells of such a descriptor, but for what all of the kind have in common or what changes.
fn stands_for(pid: u32, entry: &fs::DirEntry) -> Option<String> {
    let told = fs::read_to_string(format!("/proc/{pid}/fdinfo/{}", entry.file_name().to_str()?)).ok()?;
    let common = ["pos:", "flags:", "mnt_id:", "ino:", "eventfd-count:"];
    let own = told.lines().filter(|line| !common.iter().any(|start| line.starts_with(start)));
    Some(own.map(|line| format!(" {line}")).collect())
}

/// Without what everybody has, and what all processes of the daemon log to.
fn own(held: &Held, log: &str) -> Held {
    let tells = |words: &str| TOLD.iter().any(|kind| words.strip_prefix(kind).is_some_and(|more| !more.is_empty()));
    let is_own =
        |words: &str| words != "/dev/null" && words != log && (!words.starts_with("anon_inode:") || tells(words));
    held.iter().filter(|(_, _, words)| is_own(words)).cloned().collect()
}

fn worker(home: &Home, tenant: &str) -> u32 {
    let mut rows = home.status().workers.into_iter();
    rows.find(|row| row.tenant == tenant).and_then(|row| row.pid).expect("it runs")
}

fn check(home: &Home, daemon: &Daemon) {
    let root = held(daemon.pid()).expect("root is ours");
    let log = fs::read_link(format!("/proc/{}/fd/2", daemon.pid())).unwrap().display().to_string();
    for kind in &TOLD[..3] {
        let has_one = own(&root, &log).iter().any(|(_, _, words)| words.starts_with(kind));
        assert!(has_one, "nothing is told of {kind}, which root has: {root:?}");
    }
    let workers = [worker(home, "default"), worker(home, "ops")];
    for pid in workers {
        let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
        assert!(status.lines().any(|line| line == "NoNewPrivs:\t1"), "{status}");
        let held = held(pid);
        // Not even the user whose worker it is may look into it.
        assert_eq!(held.is_some(), host::uid() == 0, "nobody but root may read a worker's descriptors");
        let Some(all) = held else { continue };
        let limits = fs::read_to_string(format!("/proc/{pid}/limits")).unwrap();
        let core = limits.lines().find(|line| line.starts_with("Max core file size")).unwrap();
        assert_eq!(core.split_whitespace().skip(4).take(2).collect::<Vec<_>>(), ["1", "1"], "{core}");
        let has = own(&all, &log);
        for (_, _, words) in &has {
            let known = ["anon_inode:", "socket:", "pipe:", "/memfd:", "/proc/", "/sys/"]
                .iter()
                .any(|kind| words.starts_with(kind));
            let followed = words.ends_with("/app.log");
            assert!(known || followed, "worker {pid} has {words} open");
        }
        let shared: Vec<String> = has.intersection(&root).map(|(_, _, words)| words.clone()).collect();
        // What workers leave to each other; the page on which it notes what it does is mapped by then, and closed.
        assert_eq!(shared.len(), 1, "worker {pid} shares {shared:?} with root");
        assert!(shared[0].starts_with("/memfd:unblink-history"), "{shared:?}");
    }
    if let [Some(first), Some(second)] = workers.map(held) {
        let common: Vec<_> = own(&first, &log).intersection(&own(&second, &log)).cloned().collect();
        assert!(common.is_empty(), "two tenants share {common:?}");
    }
}

#[test]
fn a_worker_holds_nothing_of_roots_or_of_another_tenant_and_tells_nobody_what_it_holds() {
    let screen = Terminal::screen((80, 24));
    let home = Home::new();
    let log = home.path("app.log");
    fs::write(&log, "a line\n").unwrap();
    let settings = |more: &str| {
        format!(
            "[sources.app]\nkind = 'file'\npath = '{}'\n[sources.told]\nkind = 'command'\nargv = ['echo', '1']\n\
             interval = '200ms'\n[tenants.ops]\n[[terminal]]\ndevice = '{}'\nboard = 'host'\n{more}",
            log.display(),
            screen.device()
        )
    };
    home.configure(&settings(""));
    fs::create_dir_all(home.path("config/tenants/ops")).unwrap();
    home.put("config/tenants/ops/sources.toml", "[sources.told]\nkind = 'command'\nargv = ['echo', '2']\n");
    let daemon = Daemon::start(&home);
    let viewer = Terminal::run(&home, &["attach", "default/host"], (80, 24));
    viewer.wait_for("CPU");
    screen.wait_for("CPU");
    daemon.wait_for_drawing_workers(2);
    check(&home, &daemon);
    let first = Watched::open(worker(&home, "default")).unwrap();
    first.signal(Signal::KILL);
    first.wait_gone();
    daemon.wait_for_drawing_workers(3);
    check(&home, &daemon);
    home.configure(&settings("[sources.more]\nkind = 'command'\nargv = ['echo', '3']\n"));
    assert_eq!(home.run(&["reload"]).status.code(), Some(0), "{}", daemon.log.so_far());
    viewer.wait_for_change();
    check(&home, &daemon);
}
