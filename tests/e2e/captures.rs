//! Captures in a row, while panels panic, workers die and people watch: each is answered, and nothing is left behind.

use std::collections::BTreeMap;
use std::fs;

use rustix::process::{Pid, Signal, kill_process};
use unblink::model::fault::Mode;
use unblink::runtime;
use unblink::sys::clock;

use crate::PATIENCE;
use crate::asking::{get, wait_until};
use crate::daemon::Daemon;
use crate::home::Home;
use crate::terminal::Terminal;

/// What came of them.
pub struct Done {
    /// Those that found something.
    pub found: usize,
    /// Those while which nothing ran.
    pub empty: usize,
    /// Workers that died meanwhile.
    pub deaths: usize,
    /// Memory of root that is its own, before and after.
    pub private_kb: (u64, u64),
}

const SIZES: [(u16, u16); 4] = [(80, 24), (100, 30), (120, 40), (160, 50)];

/// As many as there are to be, half of them of what moves, in four sizes.
fn watched(home: &Home, viewers: usize) -> Vec<Terminal> {
    let viewer = |number: usize| {
        let (board, words) = if number % 8 < 4 { ("demo", "requests") } else { ("host", "CPU") };
        (Terminal::run(home, &["attach", board], SIZES[number % SIZES.len()]), words)
    };
    let viewers: Vec<_> = (0..viewers).map(viewer).collect();
    viewers.iter().for_each(|(viewer, words)| drop(viewer.wait_for(words)));
    viewers.into_iter().map(|(viewer, _)| viewer).collect()
}

/// Whichever draws, if one does.
fn kill_a_worker(home: &Home) {
    let pid = home.status().workers.first().and_then(|worker| worker.pid);
    if let Some(pid) = pid.and_then(|pid| Pid::from_raw(i32::try_from(pid).ok()?)) {
        // It may have died meanwhile by itself.
        let _ = kill_process(pid, Signal::KILL);
    }
}

/// Of the process itself, not shared with others.
fn private_kb(pid: u32) -> u64 {
    let text = fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).unwrap();
    let of = |name: &str| -> u64 {
        let line = text.lines().find_map(|line| line.strip_prefix(name)).unwrap();
        line.split_whitespace().next().unwrap().parse().unwrap()
    };
    of("Private_Clean:") + of("Private_Dirty:")
}

/// Takes so many, each while something else goes wrong.
pub fn run(rounds: usize, viewers: usize) -> Done {
    let home = Home::new();
    home.configure("[faults]\nenabled = true\n");
    let scratch = home.path("scratch");
    fs::create_dir(&scratch).unwrap();
    let mut command = home.command(&["serve"]);
    command.env("TMPDIR", &scratch);
    let daemon = Daemon::start_as(&home, command);
    let viewers = watched(&home, viewers);
    let faulty = Terminal::run(&home, &["attach", "faults"], (80, 24));
    faulty.wait_for("faults");
    let threads = || fs::read_dir(format!("/proc/{}/task", daemon.pid())).unwrap().count();
    // Each by what it leads to, without its number.
    let descriptors = || {
        let mut kinds: BTreeMap<String, usize> = BTreeMap::new();
        for entry in fs::read_dir(format!("/proc/{}/fd", daemon.pid())).unwrap().flatten() {
            let to = fs::read_link(entry.path()).map(|to| to.to_string_lossy().into_owned()).unwrap_or_default();
            *kinds.entry(to.split(":[").next().unwrap_or_default().to_owned()).or_default() += 1;
        }
        kinds
    };
    let count = |kinds: &BTreeMap<String, usize>| kinds.values().sum::<usize>();
    let socket = home.admin();
    // With its first sample of itself root opens what it needs for all of them.
    wait_until("a sample of root", || {
        get(&socket, "/debug/pprof/profile?seconds=1&hz=250&format=folded").contains("\nroot;")
    });
    // Root has descriptors for it.
    let wait_for_spare = || wait_until("a spare worker", || home.status().tree.find("spare worker").is_some());
    wait_for_spare();
    let before = (threads(), descriptors());
    let private_before = private_kb(daemon.pid());
    let (mut found, mut empty) = (0, 0);
    for round in 0..rounds {
        let page = ["profile?seconds=1&hz=250", "flamegraph?seconds=1&hz=250", "flamegraph?last=600"][round % 3];
        let page = format!("/debug/pprof/{page}");
        let asking = runtime::spawn_thread("asking", {
            let socket = socket.clone();
            move || get(&socket, &page)
        });
        match round % 4 {
            0 => faulty.type_keys(&Mode::Panic.key().to_string()),
            1 => faulty.type_keys(&Mode::Abort.key().to_string()),
            2 if round % 8 == 2 => kill_a_worker(&home),
            _ => {}
        }
        let answer = asking.unwrap().join().unwrap();
        match answer.lines().next().unwrap_or_default() {
            "HTTP/1.1 200 OK" => found += 1,
            // Nothing of it may have run.
            "HTTP/1.1 422 Unprocessable Entity" => empty += 1,
            _ => panic!("round {round}: {answer}"),
        }
    }
    viewers.iter().for_each(|viewer| {
        viewer.wait_without("worker");
        viewer.wait_for_change();
    });
    wait_for_spare();
    let deadline = clock::mono() + PATIENCE;
    // What the first one left may still have been about to end.
    while threads() > before.0 || count(&descriptors()) > count(&before.1) {
        assert!(clock::mono() < deadline, "{:?} instead of {before:?}", (threads(), descriptors()));
        home.status();
    }
    let files: Vec<_> = fs::read_dir(&scratch).unwrap().flatten().map(|entry| entry.file_name()).collect();
    assert!(files.is_empty(), "left behind: {files:?}");
    let captures = fs::read_dir(home.path("state/unblink/captures")).unwrap().count();
    assert!(captures <= unblink::base::limits::CAPTURES_KEPT_MAX, "{captures} are kept");
    let private_kb = (private_before, private_kb(daemon.pid()));
    let deaths = daemon.log.so_far().matches("worker died").count();
    assert_eq!(daemon.stop().code(), Some(0));
    Done { found, empty, deaths, private_kb }
}
