//! The tree of all that runs: what died says so in its place, and nothing runs that is not in it.

use std::collections::BTreeMap;
use std::fs;

use rustix::process::Signal;
use unblink::admin::status::TreeNode;
use unblink::sys::clock;

use crate::PATIENCE;
use crate::daemon::Daemon;
use crate::home::Home;
use crate::process::children;
use crate::terminal::Terminal;

/// A command that runs for as long as the test does.
const SLOW: &str = "[sources.slow]\nkind = 'command'\nargv = ['sleep', '3600']\ninterval = '10m'\ntimeout = '5m'\n";
/// All that hangs under the process itself.
const PARTS: [&str; 8] =
    ["configuration", "devices", "doors", "log-stderr", "signals", "sweeper", "viewers", "workers"];
/// What belongs to one worker, on root's side.
const WORKER: &[&str] = &["feed-reader", "feed-writer", "unblink-worker", "worker-watch"];
/// What hangs under the process of a worker, and under the thread that does its work.
const PROCESS: &[&str] = &["drawing", "log-stderr"];
const DRAWING: &[&str] =
    &["feed-reader", "feed-writer", "source-host", "source-synthetic", "source-unblink", "sources"];

fn find<'a>(tree: &'a TreeNode, name: &str) -> &'a TreeNode {
    tree.find(name).unwrap_or_else(|| panic!("there is no {name} in {tree:?}"))
}

/// The names of what hangs directly under that part, each once.
fn under<'a>(tree: &'a TreeNode, name: &str) -> Vec<&'a str> {
    let mut names: Vec<&str> = find(tree, name).children.iter().map(|child| child.name.as_str()).collect();
    names.sort_unstable();
    names.dedup();
    names
}

/// How many threads there are by name, as far as the kernel shows names.
fn threads_shown(node: &TreeNode, found: &mut BTreeMap<String, usize>) {
    if node.kind == "thread" {
        *found.entry(node.name.chars().take(15).collect()).or_default() += 1;
    }
    // A worker is another process.
    for child in node.children.iter().filter(|child| child.name != "unblink-worker") {
        threads_shown(child, found);
    }
}

/// The same by the kernel, but for the first thread, which is the process.
fn threads_of(pid: u32) -> BTreeMap<String, usize> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(format!("/proc/{pid}/task")).unwrap().flatten() {
        // It may have ended since.
        let Ok(name) = fs::read_to_string(entry.path().join("comm")) else { continue };
        if *entry.file_name() != *pid.to_string() {
            *found.entry(name.trim_end().to_owned()).or_default() += 1;
        }
    }
    found
}

/// Waits until the tree is as it should be: what a worker says of itself comes once a second.
fn tree_once(home: &Home, what: &str, is: impl Fn(&TreeNode) -> Result<(), String>) -> TreeNode {
    let deadline = clock::mono() + PATIENCE;
    loop {
        let tree = home.status().tree;
        match is(&tree) {
            Ok(()) => return tree,
            Err(why) => assert!(clock::mono() < deadline, "waited in vain until {what}: {why}\n{tree:?}"),
        }
    }
}

fn equal<T: PartialEq + std::fmt::Debug>(left: T, right: T) -> Result<(), String> {
    if left == right { Ok(()) } else { Err(format!("{left:?} is not {right:?}")) }
}

#[test]
fn a_worker_that_was_killed_says_so_in_its_place_of_the_tree() {
    let home = Home::new();
    let daemon = Daemon::start(&home);
    daemon.wait_for_drawing_workers(1);
    let node = find(&home.status().tree, "worker default").clone();
    assert_eq!((node.kind.as_str(), node.restarts, node.last_fault), ("supervisor", 0, None));
    let killed = daemon.worker();
    killed.signal(Signal::KILL);
    killed.wait_gone();
    daemon.wait_for_drawing_workers(2);
    let node = find(&home.status().tree, "worker default").clone();
    assert_eq!((node.state.as_str(), node.restarts, node.next_retry_s), ("ready", 1, None));
    assert_eq!(node.last_fault.as_deref(), Some("it was killed by signal 9 (SIGKILL)"));
    assert!(node.uptime_s.is_some() && node.find("unblink-worker").is_some(), "{node:?}");
    let text = home.run(&["status"]);
    let text = String::from_utf8_lossy(&text.stdout).into_owned();
    let line = text.lines().find(|line| line.starts_with("    worker default ")).expect("a line, indented twice");
    assert!(line.contains(" 1 ") && line.ends_with("it was killed by signal 9 (SIGKILL)"), "{line}");
    assert_eq!(daemon.stop().code(), Some(0));
}

#[test]
fn nothing_runs_that_is_not_in_the_tree_and_nothing_in_it_hangs_loose() {
    let home = Home::new();
    let screen = Terminal::screen((80, 24));
    home.configure(&format!("{SLOW}[[terminal]]\ndevice = '{}'\n", screen.device()));
    let daemon = Daemon::start(&home);
    daemon.wait_for_drawing_workers(1);
    let viewers = [Terminal::run(&home, &["attach"], (80, 24)), Terminal::run(&home, &["attach"], (100, 30))];
    let worker = daemon.worker().pid;
    let tree = tree_once(&home, "the command and all viewers are shown", |tree| {
        equal(tree.find("command slow").is_some(), true)?;
        equal(tree.find("spare worker").is_some(), true)?;
        // The clock of the metrics is calibrated for a moment, a second after the start, by a thread that ends.
        equal(under(tree, "root"), PARTS.to_vec())?;
        equal(find(tree, "viewers").children.len(), viewers.len() + 1)?;
        // The kernel's account first for root, whose rows are of this moment, and of a worker, whose are of the last second.
        let mut shown = BTreeMap::new();
        threads_shown(tree, &mut shown);
        equal(shown, threads_of(daemon.pid()))?;
        let mut shown = BTreeMap::new();
        find(tree, "unblink-worker").children.iter().for_each(|child| threads_shown(child, &mut shown));
        equal(shown, threads_of(worker))
    });
    assert_eq!(tree.name.as_str(), "root");
    assert_eq!(under(&tree, "doors"), ["accept-admin", "accept-attach"]);
    assert_eq!(under(&tree, "configuration"), ["config-read", "config-watch"]);
    assert_eq!((under(&tree, "viewers"), under(&tree, "devices")), (vec!["viewer"], vec!["terminal-1"]));
    let device = format!("terminal {}", screen.device());
    assert_eq!(under(&tree, "terminal-1"), [device.as_str()]);
    assert_eq!(under(&tree, &device), [format!("viewer on {}", screen.device())]);
    assert_eq!(
        (under(&tree, "workers"), under(&tree, "worker default")),
        (vec!["spare worker", "worker default"], WORKER.to_vec())
    );
    assert_eq!((under(&tree, "unblink-worker"), under(&tree, "drawing")), (PROCESS.to_vec(), DRAWING.to_vec()));
    assert_eq!(under(&tree, "sources"), ["source-slow"]);
    // A process for each child: of root the worker, of the worker the keeper of the command.
    assert_eq!((children(daemon.pid()).len(), children(worker).len()), (1, 1));
    assert_eq!(find(find(&tree, "source-slow"), "command slow").kind, "process");
    assert_eq!(daemon.stop().code(), Some(0));
}
