//! Commands as sources, as real processes under the program's own keeper: what they do to be noticed, and what is left
//! of them afterwards.

#![expect(clippy::unwrap_used, reason = "a test that cannot set its stage up fails right there")]

use std::fs;
use std::os::fd::AsFd;
use std::path::Path;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, PidfdFlags, pidfd_open};
use unblink::runtime;
use unblink::sys::command::{End, Outcome, Plan, environment, run};
use unblink::sys::keeper::Report;
use unblink::sys::process::Exit;

/// Longer than anything takes that goes well.
const PATIENCE: Duration = Duration::from_secs(20);

fn plan(argv: &[&str]) -> Plan {
    Plan {
        keeper: env!("CARGO_BIN_EXE_unblink").into(),
        argv: argv.iter().map(Into::into).collect(),
        env: environment(),
        directory: "/".into(),
        timeout: PATIENCE,
        output_bytes_max: 256 * 1024,
        errors_bytes_max: 4096,
    }
}

fn shell(script: &str) -> Plan {
    plan(&["sh", "-c", script])
}

fn once(plan: &Plan) -> Outcome {
    let (stopped, _stop) = std::io::pipe().unwrap();
    run(plan, stopped.as_fd()).unwrap()
}

fn exit(code: i32) -> End {
    End::Reported(Report::Ended(Exit::Code(code)))
}

/// Waits for the end of a process whose id a command wrote into a file.
fn wait_gone(file: &Path) {
    let pid = fs::read_to_string(file).unwrap().trim().parse().ok().and_then(Pid::from_raw).expect("a process id");
    let Ok(pidfd) = pidfd_open(pid, PidfdFlags::empty()) else { return };
    let patience = Timespec::try_from(PATIENCE).unwrap();
    let ended = poll(&mut [PollFd::new(&pidfd, PollFlags::IN)], Some(&patience)).unwrap();
    assert_eq!(ended, 1, "process {pid:?} lives on");
}

#[test]
fn what_a_command_prints_and_how_it_ends_is_brought_back() {
    let outcome = once(&shell("echo out; echo err >&2; exit 3"));
    assert_eq!((outcome.end, outcome.output, outcome.errors), (exit(3), b"out\n".to_vec(), b"err\n".to_vec()));
    assert!(outcome.leftover.is_none());
    let outcome = once(&shell("kill -SEGV $$"));
    assert_eq!(outcome.end, End::Reported(Report::Ended(Exit::Signal(11))));
    let End::Reported(Report::Refused(why)) = once(&plan(&["/nowhere/to/be/found"])).end else { panic!("it ran") };
    assert!(why.starts_with("cannot run /nowhere/to/be/found: No such file"), "{why}");
    let elsewhere = Plan { directory: "/nowhere".into(), ..shell("true") };
    let End::Reported(Report::Refused(why)) = once(&elsewhere).end else { panic!("it ran") };
    assert!(why.starts_with("cannot run in /nowhere: No such file"), "{why}");
}

#[test]
fn a_command_finds_nothing_but_what_it_is_given() {
    let script = "ls /proc/self/fd; env; pwd; grep NoNewPrivs /proc/self/status; cat /proc/self/oom_score_adj; cat";
    let mut plan = shell(script);
    plan.env.push(("MINE".into(), "1".into()));
    let outcome = once(&Plan { directory: "/usr".into(), ..plan });
    let text = String::from_utf8(outcome.output).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    // The fourth is that of the folder which `ls` reads.
    assert_eq!(lines[..4], ["0", "1", "2", "3"], "{text}");
    assert!(lines[4].contains('='), "no other descriptor: {text}");
    let known = ["PATH", "TZ", "LC_ALL", "MINE", "PWD", "OLDPWD", "SHLVL", "_", "LLVM_PROFILE_FILE"];
    let strange = lines.iter().filter_map(|line| line.split_once('=')).find(|(name, _)| !known.contains(name));
    assert_eq!(strange, None);
    assert!(lines.contains(&"MINE=1") && lines.contains(&"/usr") && lines.contains(&"NoNewPrivs:\t1"), "{text}");
    assert_eq!(lines.last(), Some(&"1000"), "the first to go when memory runs out; and nothing to read: {text}");
}

#[test]
fn a_command_that_hangs_is_killed_with_descendants_that_left_its_group_and_ignore_signals() {
    let folder = tempfile::tempdir().unwrap();
    let (child, left) = (folder.path().join("child"), folder.path().join("left"));
    // The second leaves group, session and parent; its output stays open.
    let script = format!(
        "trap '' TERM HUP INT; echo before; sh -c 'echo $$ > {}; exec sleep 1000' & \
         (setsid sh -c 'trap \"\" TERM HUP; echo $$ > {}; while :; do sleep 1000; done' &) ; \
         while [ ! -s {} ] || [ ! -s {} ]; do :; done; echo ready; sleep 1000",
        child.display(),
        left.display(),
        child.display(),
        left.display()
    );
    let outcome = once(&Plan { timeout: Duration::from_secs(3), ..shell(&script) });
    assert_eq!((outcome.end, outcome.output), (End::TimedOut, b"before\nready\n".to_vec()));
    if let Some(leftover) = outcome.leftover {
        leftover.wait();
    }
    wait_gone(&child);
    wait_gone(&left);
}

#[test]
fn what_a_command_leaves_behind_ends_with_it() {
    let folder = tempfile::tempdir().unwrap();
    let left = folder.path().join("left");
    let path = left.display();
    let script =
        format!("(setsid sh -c 'echo $$ > {path}; exec sleep 1000' &); while [ ! -s {path} ]; do :; done; echo 7");
    let outcome = once(&shell(&script));
    assert_eq!((outcome.end, outcome.output), (exit(0), b"7\n".to_vec()), "although its output was kept open");
    wait_gone(&left);
}

#[test]
fn a_flood_is_cut_off() {
    let outcome = once(&plan(&["yes"]));
    assert_eq!(outcome.end, End::Flooded);
    assert_eq!(outcome.output.len(), 256 * 1024 + 1);
    let outcome = once(&shell("yes | head -c 100000; yes | head -c 100000 >&2"));
    assert_eq!((outcome.end, outcome.output.len(), outcome.errors.len()), (exit(0), 100_000, 4096));
}

#[test]
fn a_command_that_forks_and_forks_is_ended() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().display();
    // Each group has a session of its own, and each child a parent that is gone.
    let script = format!(
        "for i in 1 2 3 4 5 6 7 8; do (setsid sh -c 'for j in 1 2 3 4; do (sh -c \"echo \\$\\$ > {path}/\\$\\$; \
         exec sleep 1000\" &); done; exec sleep 1000' &); done; echo 1; sleep 1000"
    );
    let outcome = once(&Plan { timeout: Duration::from_secs(2), ..shell(&script) });
    assert_eq!(outcome.end, End::TimedOut);
    if let Some(leftover) = outcome.leftover {
        leftover.wait();
    }
    let started: Vec<_> = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert!(started.len() > 16, "only {} were started", started.len());
    // One that was killed before it wrote a word is told by its name.
    let pids = started.iter().filter_map(|file| file.file_name()?.to_str()?.parse().ok());
    pids.for_each(|pid| {
        assert!(pidfd_open(Pid::from_raw(pid).unwrap(), PidfdFlags::empty()).is_err(), "{pid} lives on")
    });
}

#[test]
fn a_run_that_is_wanted_no_more_ends_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("pid");
    let plan = shell(&format!("echo $$ > {}; echo ready >&2; exec sleep 1000", file.display()));
    let (stopped, stop) = std::io::pipe().unwrap();
    let watched = file.clone();
    let thread = runtime::spawn_thread("stopper", move || {
        let deadline = unblink::sys::clock::mono() + PATIENCE;
        while !fs::read_to_string(&watched).is_ok_and(|text| text.ends_with('\n')) {
            assert!(unblink::sys::clock::mono() < deadline, "it never started");
            std::thread::yield_now();
        }
        drop(stop);
    });
    let outcome = run(&plan, stopped.as_fd()).unwrap();
    thread.unwrap().join().unwrap();
    assert_eq!(outcome.end, End::Stopped);
    wait_gone(&file);
}

#[test]
fn a_keeper_that_is_killed_takes_its_command_with_it_and_is_missed() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("pid");
    let plan = shell(&format!("echo $$ > {}; kill -KILL $PPID; exec sleep 1000", file.display()));
    assert_eq!(once(&plan).end, End::Lost);
    wait_gone(&file);
}
