//! Looking inside a daemon that works: profiles, flame graphs, and what there is when something of it dies meanwhile.

use std::collections::BTreeMap;
use std::fs;
use std::io::{Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream;
use std::process::Command;

use rustix::process::Signal;
use unblink::admin::status::TreeNode;
use unblink::sys::clock;

use crate::PATIENCE;
use crate::asking;
use crate::captures;
use crate::daemon::Daemon;
use crate::home::Home;
use crate::terminal::Terminal;

/// Where the stacks of threads begin, as the C library calls it.
const BEGINNINGS: [&str; 2] = ["start_thread", "__libc_start_call_main"];

/// Of each stack, how often.
type Stacks = BTreeMap<String, u64>;

fn stacks(folded: &str) -> Stacks {
    let line = |line: &str| {
        let (calls, count) = line.rsplit_once(' ').expect("calls and a count");
        (calls.to_owned(), count.parse().expect("a count"))
    };
    folded.lines().map(line).collect()
}

fn captured(home: &Home, args: &[&str]) -> Stacks {
    let output = home.run(&[&["profile", "--format", "folded", "--output", "-"], args].concat());
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    stacks(&String::from_utf8(output.stdout).unwrap())
}

fn share(stacks: &Stacks, fits: impl Fn(&str) -> bool) -> f64 {
    let all: u64 = stacks.values().sum();
    let those: u64 = stacks.iter().filter(|(calls, _)| fits(calls)).map(|(_, count)| count).sum();
    those as f64 / all as f64
}

/// Captures until there are as many samples as a share can be told of, and all of these are among them.
fn captured_with(home: &Home, parts: &[&str]) -> Stacks {
    let deadline = clock::mono() + PATIENCE;
    let mut all = Stacks::new();
    loop {
        let is_missing = |part: &&str| !all.keys().any(|calls| calls.contains(part));
        let missing: Vec<&str> = parts.iter().copied().filter(|part| is_missing(part)).collect();
        if all.values().sum::<u64>() >= 200 && missing.is_empty() {
            return all;
        }
        assert!(clock::mono() < deadline, "{missing:?} is not in {all:#?}");
        captured(home, &["--seconds", "2", "--hz", "250"]).into_iter().for_each(|(calls, count)| {
            *all.entry(calls).or_default() += count;
        });
    }
}

/// A page of those for profiles.
fn get(home: &Home, page: &str) -> String {
    asking::get(&home.admin(), &format!("/debug/pprof/{page}"))
}

/// Whether it reaches down to where a thread begins.
fn is_rooted(calls: &str) -> bool {
    calls.split(';').any(|call| BEGINNINGS.contains(&call))
}

fn watched(home: &Home, board: &str) -> Vec<Terminal> {
    [(80, 24), (100, 30), (120, 40), (160, 50)].map(|size| Terminal::run(home, &["attach", board], size)).into()
}

#[test]
fn the_parts_that_work_are_seen_by_name_from_the_start_of_their_threads() {
    let home = Home::new();
    let daemon = Daemon::start(&home);
    let viewers = watched(&home, "demo");
    viewers.iter().for_each(|viewer| drop(viewer.wait_for("requests")));
    let mut all = captured_with(&home, &["unblink::scene", "unblink::encode", "unblink::fanout", "unblink::root"]);
    let processes = ["root;", "worker default;drawing;"].map(|process| share(&all, |calls| calls.starts_with(process)));
    assert!(processes.iter().all(|share| *share > 0.0) && processes.iter().sum::<f64>() > 0.8, "{processes:?}");
    let rooted = share(&all, is_rooted);
    all.retain(|calls, _| !is_rooted(calls));
    assert!(rooted >= 0.9, "{rooted} but for {all:#?}");
    daemon.log.wait_for("what was done", |log| log.contains("a profile was captured").then_some(()));
    assert_eq!(daemon.stop().code(), Some(0));
}

#[test]
fn names_are_of_the_program_that_runs_also_when_another_one_took_its_place() {
    let home = Home::new();
    let usual = home.command(&["serve"]);
    let program = home.path("unblink");
    // By another process: one of ours that is forked meanwhile would hold it open to be written to, and it could not be run.
    assert!(Command::new("cp").arg(usual.get_program()).arg(&program).status().unwrap().success());
    let mut command = Command::new(&program);
    command.arg("serve").env_clear().current_dir(home.path("."));
    command.envs(usual.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let daemon = Daemon::start_as(&home, command);
    let viewers = watched(&home, "demo");
    viewers.iter().for_each(|viewer| drop(viewer.wait_for("requests")));
    home.put("unblink", "what an upgrade brings");
    let all = captured_with(&home, &["unblink::root", "unblink::scene"]);
    let outside =
        share(&all, |calls| calls.split(';').filter(|call| call.contains("outside this program")).count() > 2);
    assert!(outside < 0.1, "{outside} of {all:#?}");
    assert_eq!(daemon.stop().code(), Some(0));
}

#[test]
fn a_flame_graph_is_a_file_whose_path_is_told_and_one_is_taken_at_a_time() {
    let home = Home::new();
    let daemon = Daemon::start(&home);
    let viewers = watched(&home, "demo");
    viewers.iter().for_each(|viewer| drop(viewer.wait_for("requests")));
    let output = home.run(&["profile", "--seconds", "3", "--target", "default"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let path = String::from_utf8(output.stdout).unwrap();
    assert!(path.starts_with("unblink-default-") && path.ends_with(".svg\n"), "{path}");
    let svg = fs::read_to_string(home.path(path.trim_end())).unwrap();
    assert!(
        svg.contains("unblink, 3 s at 99 Hz") && svg.contains("worker default (") && svg.ends_with("</svg>"),
        "{path}"
    );

    // Somebody who asks for two minutes, and then leaves.
    let mut long = UnixStream::connect(home.admin()).unwrap();
    long.write_all(b"GET /debug/pprof/profile?seconds=120 HTTP/1.1\r\nHost: unblink\r\n\r\n").unwrap();
    let until = |what: &str, fits: &dyn Fn(&str) -> bool| {
        let deadline = clock::mono() + PATIENCE;
        loop {
            let answer = get(&home, "profile?seconds=1&target=root&format=folded");
            if fits(&answer) {
                return answer;
            }
            assert!(clock::mono() < deadline, "{what}: {answer}");
        }
    };
    let busy = until("the other one is under way", &|answer| answer.starts_with("HTTP/1.1 429 "));
    assert!(busy.contains("retry-after: ") && busy.contains("try again in "), "{busy}");
    drop(long);
    until("nobody works for who has gone", &|answer| !answer.starts_with("HTTP/1.1 429 "));
    assert_eq!(daemon.stop().code(), Some(0));
}

#[test]
fn the_past_is_told_by_every_process_unless_the_recorder_is_off() {
    let home = Home::new();
    home.configure("");
    let daemon = Daemon::start(&home);
    let viewers = watched(&home, "demo");
    viewers.iter().for_each(|viewer| drop(viewer.wait_for("requests")));
    let deadline = clock::mono() + PATIENCE;
    // Root's loop as well, although it works hardest at telling this.
    let parts = ["root;unblink;", "worker default;drawing;", "unblink::scene"];
    loop {
        let answer = get(&home, "profile?last=600&format=folded");
        // Nothing was found yet.
        let is_told = answer.starts_with("HTTP/1.1 200 ");
        let body = answer.split_once("\r\n\r\n").map(|(_, body)| body).filter(|_| is_told);
        let all = body.map_or_else(Stacks::new, stacks);
        let is_seen = |part: &&str| all.keys().any(|calls| calls.contains(*part) && is_rooted(calls));
        if is_told && parts.iter().all(is_seen) {
            // The daemon is younger than what was asked for.
            assert!(answer.contains("x-unblink-missing: ") && answer.contains("root: "), "{answer}");
            assert!(answer.contains(" s of the time were not recorded"), "{answer}");
            break;
        }
        assert!(clock::mono() < deadline, "{answer}");
    }
    let output = home.run(&["profile", "--last", "600", "--target", "root"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let svg = fs::read_to_string(home.path(String::from_utf8(output.stdout).unwrap().trim_end())).unwrap();
    // From the beginning of the minute that lies so far back.
    let title = |seconds: u64| svg.contains(&format!("unblink, the last {seconds} s at 19 Hz"));
    assert!((600..=660).any(title) && svg.contains("root ("), "{svg}");
    home.configure("[profile]\nrecorder = false\n");
    // The daemon sees it by itself, whether it is told to or not.
    let note = "[profile] recorder applies when the daemon is started again";
    while home.status().root.configuration.at_restart != [note] {
        assert!(clock::mono() < deadline, "{:?}", home.status().root.configuration.at_restart);
    }
    assert_eq!(daemon.stop().code(), Some(0));

    let daemon = Daemon::start(&home);
    daemon.wait_for_drawing_workers(1);
    let arguments = fs::read_to_string(format!("/proc/{}/cmdline", daemon.worker().pid)).unwrap();
    assert!(!arguments.contains("--record"), "{arguments}");
    let answer = get(&home, "profile?last=60&target=root");
    assert!(answer.starts_with("HTTP/1.1 503 ") && answer.contains("root: the flight recorder is off"), "{answer}");
    assert_eq!(daemon.stop().code(), Some(0));
}

#[test]
fn a_signal_has_a_capture_kept_that_another_one_is_held_against() {
    let home = Home::new();
    let daemon = Daemon::start(&home);
    let viewers = watched(&home, "demo");
    viewers.iter().for_each(|viewer| drop(viewer.wait_for("requests")));
    daemon.signal(Signal::USR1);
    let path = daemon.log.wait_for("a stored capture", |log| {
        let line = log.lines().find(|line| line.contains("a capture was stored"))?;
        line.split_whitespace().find_map(|word| word.strip_prefix("path=")).map(str::to_owned)
    });
    let path = std::path::PathBuf::from(path.trim_matches('"'));
    assert_eq!(path.parent(), Some(home.path("state/unblink/captures").as_path()));
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    let name = path.file_name().unwrap().to_str().unwrap();
    assert!(name.ends_with("Z-30s-99hz-all.pb.gz"), "{name}");
    let kept = fs::read(&path).unwrap();
    let told = get(&home, &format!("profile?capture={name}&format=folded"));
    assert!(told.contains("\nroot;") && told.contains("\nworker default;"), "{told}");
    assert!(get(&home, &format!("captures/{name}")).contains("application/octet-stream") && !kept.is_empty());
    assert!(get(&home, "captures?format=json").contains(name));
    let args = ["profile", "--seconds", "2", "--base", name, "--output", "change.svg"];
    let output = home.run(&args);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let svg = fs::read_to_string(home.path("change.svg")).unwrap();
    assert!(svg.contains("unblink, 2 s at 99 Hz") && svg.contains(&format!("against {name}")), "{svg}");
    // The folder takes nothing any more.
    let captures = home.path("state/unblink/captures");
    fs::rename(&captures, home.path("moved")).unwrap();
    fs::write(&captures, "").unwrap();
    let output = home.run(&["profile", "--seconds", "2", "--output", "unkept.svg"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("note: the daemon did not keep it: "), "{said}");
    assert_eq!(daemon.stop().code(), Some(0));
}

#[test]
fn every_thread_of_every_process_says_what_it_is_in_and_one_that_cannot_is_said_so() {
    let home = Home::new();
    let daemon = Daemon::start(&home);
    let viewers = watched(&home, "demo");
    viewers.iter().for_each(|viewer| drop(viewer.wait_for("requests")));
    let tasks = || get(&home, "tasks?debug=2");
    let worker = daemon.worker();
    // One that has to wait for a processor may be late with its answer.
    let deadline = clock::mono() + PATIENCE;
    let root = format!("root: process {}, ", daemon.pid());
    let default = format!("worker default: process {}, ", worker.pid);
    loop {
        let text = tasks();
        let of = |process: &str, thread: &str| {
            let from = text.find(process)?;
            let lines = text[from + text[from..].find(thread)?..].lines().skip(1);
            Some(lines.take_while(|line| line.starts_with("    ")).collect::<String>())
        };
        // Both loops wait for the kernel, or do their work.
        let main = of(&root, "  unblink (").unwrap_or_default();
        let drawing = of(&default, "  drawing (").unwrap_or_default();
        let are_told = main.contains("tokio::runtime")
            && drawing.contains("tokio::runtime")
            && drawing.contains("unblink::worker")
            && text.contains("    it asks\n");
        if are_told && text.find(&root) < text.find(&default) {
            break;
        }
        assert!(clock::mono() < deadline, "{text}");
    }
    assert!(!get(&home, "tasks?debug=1").contains("    it asks\n"));

    worker.signal(Signal::STOP);
    let deadline = clock::mono() + PATIENCE;
    loop {
        let text = tasks();
        if text.contains("): stopped") && text.contains("    it did not answer within ") {
            break;
        }
        assert!(clock::mono() < deadline, "{text}");
    }
    worker.signal(Signal::CONT);
    viewers.iter().for_each(|viewer| {
        viewer.wait_without("worker");
        viewer.wait_for_change();
    });
    assert!(!daemon.log.so_far().contains("worker died"));
    assert_eq!(daemon.stop().code(), Some(0));
}

#[test]
fn thirty_captures_under_panics_and_deaths_are_all_answered_and_leave_nothing() {
    let done = captures::run(30, 4);
    assert_eq!(done.found + done.empty, 30);
    assert!(done.deaths > 0, "nothing died");
    // What names are found in is given back after each capture; its answer may still wait.
    let (before, after) = done.private_kb;
    assert!(after < before + 32 * 1024, "{before} kB became {after} kB");
}

#[test]
fn a_worker_that_dies_meanwhile_is_missing_and_the_rest_is_told() {
    let home = Home::new();
    let daemon = Daemon::start(&home);
    let viewers = watched(&home, "demo");
    viewers.iter().for_each(|viewer| drop(viewer.wait_for("requests")));
    let profiler =
        |tree: &TreeNode| tree.find("unblink-worker").is_some_and(|worker| worker.find("profiler").is_some());
    for (target, seconds) in [("all", 20), ("default", 100)] {
        let mut admin = UnixStream::connect(home.admin()).unwrap();
        let page = format!("/debug/pprof/profile?seconds={seconds}&target={target}&format=folded");
        write!(admin, "GET {page} HTTP/1.1\r\nHost: unblink\r\n\r\n").unwrap();
        let deadline = clock::mono() + PATIENCE;
        while !profiler(&home.status().tree) {
            assert!(clock::mono() < deadline, "the worker does not begin");
        }
        daemon.worker().signal(Signal::KILL);
        let mut answer = String::new();
        admin.read_to_string(&mut answer).unwrap();
        if target == "all" {
            assert!(answer.starts_with("HTTP/1.1 200 ") && answer.contains("\nroot;"), "{answer}");
            assert!(answer.contains("x-unblink-missing: worker default: its process ended meanwhile"), "{answer}");
            viewers.iter().for_each(|viewer| drop(viewer.wait_for_change()));
        } else {
            assert!(answer.starts_with("HTTP/1.1 503 "), "{answer}");
            assert!(
                answer.ends_with("nothing was captured: worker default: its process ended meanwhile\n"),
                "{answer}"
            );
        }
    }
    assert_eq!(daemon.stop().code(), Some(0));
}
