//! Who holds memory, as a working daemon tells it: root and workers, what grew, and what there is when one of them dies.

use crate::asking;
use crate::daemon::Daemon;
use crate::home::Home;

fn text(home: &Home, page: &str) -> String {
    asking::get(&home.admin(), &format!("/debug/pprof/{page}"))
}

#[cfg(feature = "jemalloc")]
mod noted {
    use std::collections::BTreeMap;
    use std::io::{Read, Write};
    use std::os::unix::net::UnixStream;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};

    use flate2::read::GzDecoder;
    use rustix::process::Signal;
    use unblink::admin::status::TreeNode;
    use unblink::runtime;
    use unblink::sys::clock;

    use super::*;
    use crate::PATIENCE;
    use crate::terminal::Terminal;

    /// Bytes by their calls.
    fn folded(home: &Home, page: &str) -> BTreeMap<String, u64> {
        let answer = text(home, page);
        let (head, body) = answer.split_once("\r\n\r\n").expect("a head");
        assert!(head.starts_with("HTTP/1.1 200 ") && !head.contains("x-unblink-missing"), "{head}{body}");
        let line = |line: &str| {
            let (calls, bytes) = line.rsplit_once(' ').expect("calls and bytes");
            (calls.to_owned(), bytes.parse().expect("bytes"))
        };
        body.lines().map(line).collect()
    }

    /// Head and body of one page that is no text.
    fn packed(home: &Home, page: &str) -> (String, Vec<u8>) {
        let mut admin = UnixStream::connect(home.admin()).unwrap();
        write!(admin, "GET /debug/pprof/{page} HTTP/1.1\r\nHost: unblink\r\n\r\n").unwrap();
        let mut answer = Vec::new();
        admin.read_to_end(&mut answer).unwrap();
        let end = answer.windows(4).position(|four| four == b"\r\n\r\n").expect("a head");
        let body = answer.split_off(end + 4);
        (String::from_utf8(answer).unwrap(), body)
    }

    fn watched(home: &Home) -> Vec<Terminal> {
        let viewers = [(80, 24), (160, 50)].map(|size| Terminal::run(home, &["attach", "demo"], size));
        viewers.iter().for_each(|viewer| drop(viewer.wait_for("requests")));
        viewers.into()
    }

    /// One whose allocators note a byte in 4096, rather than in half a million: what tests hold is little.
    fn started(home: &Home) -> Daemon {
        let mut command = home.command(&["serve"]);
        command.env("_RJEM_MALLOC_CONF", "lg_prof_sample:12");
        Daemon::start_as(home, command)
    }

    #[test]
    fn root_and_worker_tell_who_holds_their_memory_by_name_in_every_form() {
        let home = Home::new();
        let daemon = started(&home);
        let viewers = watched(&home);
        let deadline = clock::mono() + PATIENCE;
        let held = loop {
            let held = folded(&home, "heap?format=folded");
            let of =
                |process: &str, part: &str| held.keys().any(|calls| calls.starts_with(process) && calls.contains(part));
            if of("root;", "unblink::root") && of("worker default;", "unblink::worker") {
                break held;
            }
            assert!(clock::mono() < deadline, "{held:#?}");
        };
        // Whole stacks, without the allocator.
        let bytes = |fits: &dyn Fn(&str) -> bool| -> u64 {
            held.iter().filter(|(calls, _)| fits(calls)).map(|(_, bytes)| bytes).sum()
        };
        let all = bytes(&|_| true);
        assert!((200 * 1024..1 << 30).contains(&all), "{all} bytes of {held:#?}");
        let beginnings = ["_start", "start_thread", "__libc_start_call_main"];
        let rooted = bytes(&|calls| calls.split(';').any(|call| beginnings.contains(&call)));
        assert!(rooted > all / 10 * 9, "{rooted} of {all} bytes begin anywhere: {held:#?}");
        let own = bytes(&|calls| calls.rsplit(';').next().is_some_and(|call| call.contains("rjem")));
        assert_eq!(own, 0, "{held:#?}");

        let (head, body) = packed(&home, "heap");
        assert!(head.contains("filename=\"unblink-heap.pb.gz\"") && !head.contains("x-unblink-stored"), "{head}");
        let mut raw = Vec::new();
        GzDecoder::new(body.as_slice()).read_to_end(&mut raw).unwrap();
        let raw = String::from_utf8_lossy(&raw);
        let parts = ["inuse_objects", "inuse_space", "root", "worker default", "unblink::worker"];
        assert!(parts.iter().all(|part| raw.contains(part)), "{raw}");
        let callgrind = text(&home, "heap?format=callgrind&target=root");
        assert!(callgrind.contains("events: Bytes\n"), "{callgrind}");

        let output = home.run(&["profile", "--heap", "--target", "default"]);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let path = String::from_utf8(output.stdout).unwrap();
        assert!(path.starts_with("unblink-heap-default-") && path.ends_with(".svg\n"), "{path}");
        let svg = std::fs::read_to_string(home.path(path.trim_end())).unwrap();
        let says = ["unblink, memory that is held", "worker default (", " bytes, 100.00%)"];
        assert!(says.iter().all(|part| svg.contains(part)) && svg.trim_end().ends_with("</svg>"), "{path}");
        daemon.log.wait_for("the line about the capture", |log| log.contains("of=\"heap\"").then_some(()));
        drop(viewers);
        assert_eq!(daemon.stop().code(), Some(0));
    }

    /// Viewers that come while growth is looked at are what grew, and nothing of what was there before.
    #[test]
    fn growth_is_told_as_what_was_not_there_before() {
        let home = Home::new();
        let daemon = started(&home);
        let viewers = watched(&home);
        // What every process begins with.
        let old = "unblink::runtime::log::queue::buffer";
        assert!(folded(&home, "heap?format=folded").keys().any(|calls| calls.contains(old)));
        let deadline = clock::mono() + PATIENCE;
        let mut newcomers = Vec::new();
        loop {
            let asking = runtime::spawn_thread("asking", {
                let socket = home.path("run/unblink/admin.sock");
                move || {
                    let mut admin = UnixStream::connect(socket).unwrap();
                    let page = "/debug/pprof/heap?seconds=3&format=folded";
                    write!(admin, "GET {page} HTTP/1.1\r\nHost: unblink\r\n\r\n").unwrap();
                    let mut answer = String::new();
                    admin.read_to_string(&mut answer).unwrap();
                    answer
                }
            });
            // Each of another size, so that each is a picture of its own.
            for _ in 0..4 {
                let columns = 150 + u16::try_from(newcomers.len()).unwrap();
                newcomers.push(Terminal::run(&home, &["attach", "demo"], (columns, 50)));
            }
            newcomers.iter().for_each(|viewer| drop(viewer.wait_for("requests")));
            let answer = asking.unwrap().join().unwrap();
            // Where all of it came later than the second look, nothing grew.
            let has =
                |part: &str| answer.lines().any(|line| line.starts_with("worker default;") && line.contains(part));
            assert!(!answer.contains(old), "{answer}");
            if answer.starts_with("HTTP/1.1 200 ") && has("unblink::render") {
                break;
            }
            assert!(clock::mono() < deadline, "{answer}");
        }
        drop((viewers, newcomers));
        assert_eq!(daemon.stop().code(), Some(0));
    }

    #[test]
    fn one_looks_at_a_time_and_one_who_leaves_is_not_worked_for() {
        let home = Home::new();
        let daemon = started(&home);
        let viewers = watched(&home);
        let mut long = UnixStream::connect(home.path("run/unblink/admin.sock")).unwrap();
        long.write_all(b"GET /debug/pprof/heap?seconds=120 HTTP/1.1\r\nHost: unblink\r\n\r\n").unwrap();
        let deadline = clock::mono() + PATIENCE;
        while home.status().tree.find("profiler").is_none() {
            assert!(clock::mono() < deadline, "nobody begins");
        }
        let busy = text(&home, "heap?target=root&format=folded");
        assert!(busy.starts_with("HTTP/1.1 429 "), "{busy}");
        assert!(busy.contains("retry-after: ") && busy.contains("try again in "), "{busy}");
        let busy = text(&home, "profile?seconds=1");
        assert!(busy.starts_with("HTTP/1.1 429 "), "{busy}");
        drop(long);
        let deadline = clock::mono() + PATIENCE;
        loop {
            let answer = text(&home, "heap?target=root&format=folded");
            if answer.starts_with("HTTP/1.1 200 ") {
                break;
            }
            assert!(clock::mono() < deadline, "somebody works for who has gone: {answer}");
        }
        let answer = text(&home, "heap?debug=1");
        assert!(
            answer.starts_with("HTTP/1.1 400 ") && answer.contains("there are seconds, target, format"),
            "{answer}"
        );
        let answer = text(&home, "heap?target=nobody");
        assert!(answer.starts_with("HTTP/1.1 404 "), "{answer}");
        drop(viewers);
        assert_eq!(daemon.stop().code(), Some(0));
    }

    #[test]
    fn a_worker_that_dies_meanwhile_is_missing_and_the_rest_is_told() {
        let home = Home::new();
        let daemon = started(&home);
        let viewers = watched(&home);
        let looks =
            |tree: &TreeNode| tree.find("unblink-worker").is_some_and(|worker| worker.find("profiler").is_some());
        for target in ["all", "default"] {
            let mut admin = UnixStream::connect(home.path("run/unblink/admin.sock")).unwrap();
            // Whatever it is that root holds then and did not hold before: what is missing is told as well where nothing grew.
            let page = format!("/debug/pprof/heap?seconds=20&target={target}&format=folded");
            write!(admin, "GET {page} HTTP/1.1\r\nHost: unblink\r\n\r\n").unwrap();
            let deadline = clock::mono() + PATIENCE;
            while !looks(&home.status().tree) {
                assert!(clock::mono() < deadline, "the worker does not begin");
            }
            daemon.worker().signal(Signal::KILL);
            let mut answer = String::new();
            admin.read_to_string(&mut answer).unwrap();
            let missing = "worker default: its process ended meanwhile";
            if target == "all" {
                let grew = answer.starts_with("HTTP/1.1 200 ") && answer.contains("x-unblink-missing: ");
                assert!(grew || answer.starts_with("HTTP/1.1 422 "), "{answer}");
                assert!(answer.contains(missing), "{answer}");
                viewers.iter().for_each(|viewer| drop(viewer.wait_for_change()));
            } else {
                assert!(answer.starts_with("HTTP/1.1 503 ") && answer.contains(missing), "{answer}");
            }
        }
        assert_eq!(daemon.stop().code(), Some(0));
    }

    /// Both look at calls: one in a handler of a signal that may come while the other one is at it.
    #[test]
    fn memory_is_told_while_the_processor_is_sampled() {
        let home = Home::new();
        home.configure("");
        let daemon = started(&home);
        let viewers = watched(&home);
        let worker = || home.status().workers[0].pid;
        let before = worker();
        let goes_on = Arc::new(AtomicBool::new(true));
        let looking = runtime::spawn_thread("looking", {
            let (goes_on, socket) = (Arc::clone(&goes_on), home.path("run/unblink/admin.sock"));
            move || {
                let mut rounds = 0;
                while goes_on.load(Ordering::Relaxed) {
                    // The flight recorder samples all the time; this is what it found.
                    for page in ["heap?format=folded", "profile?last=60&format=folded", "profile?seconds=1&hz=250"] {
                        let mut admin = UnixStream::connect(&socket).unwrap();
                        write!(admin, "GET /debug/pprof/{page} HTTP/1.1\r\nHost: unblink\r\n\r\n").unwrap();
                        let mut answer = Vec::new();
                        admin.read_to_end(&mut answer).unwrap();
                        let answer = String::from_utf8_lossy(&answer);
                        let code = answer.split(' ').nth(1).unwrap_or_default();
                        assert!(["200", "422"].contains(&code), "{page}: {answer}");
                    }
                    rounds += 1;
                }
                rounds
            }
        });
        for columns in 100..130 {
            let viewer = Terminal::run(&home, &["attach", "demo"], (columns, 30));
            viewer.wait_for("requests");
        }
        goes_on.store(false, Ordering::Relaxed);
        assert!(looking.unwrap().join().unwrap() > 0);
        viewers.iter().for_each(|viewer| drop(viewer.wait_for_change()));
        assert_eq!(worker(), before, "a worker died");
        assert_eq!(daemon.stop().code(), Some(0));
    }

    #[test]
    fn an_allocator_that_was_told_to_note_nothing_is_said_so_by_each_process() {
        let home = Home::new();
        let mut command = home.command(&["serve"]);
        command.env("_RJEM_MALLOC_CONF", "prof:false");
        let daemon = Daemon::start_as(&home, command);
        let answer = text(&home, "heap?target=root");
        let off = "nothing was captured: root: its allocator was told by the environment to note nothing";
        assert!(answer.starts_with("HTTP/1.1 503 ") && answer.contains(off), "{answer}");
        assert_eq!(daemon.stop().code(), Some(0));
    }
}

#[cfg(not(feature = "jemalloc"))]
#[test]
fn a_build_with_the_systems_allocator_says_which_one_can_tell() {
    let home = Home::new();
    let daemon = Daemon::start(&home);
    for page in ["heap", "heap?target=root", "heap?seconds=1"] {
        let answer = text(&home, page);
        assert!(answer.starts_with("HTTP/1.1 501 ") && answer.contains("with the feature `jemalloc`"), "{answer}");
        assert_eq!(answer.split_once("\r\n\r\n").map(|(_, body)| body.lines().count()), Some(1), "{answer}");
    }
    let output = home.run(&["profile", "--heap"]);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && said.contains("with the feature `jemalloc`"), "{said}");
    assert_eq!(daemon.stop().code(), Some(0));
}
