//! The pages that look inside.

use super::*;
use crate::admin::capture::{Capture, Declined, Of, Target, Wish};
use crate::model::Profile;
use crate::model::profile::Collector;

/// What the loop of these tests has captured: everything but of the tenants `busy`, `idle`, `gone` and `none`.
pub fn captured(wish: &Wish) -> Result<Capture, Declined> {
    let profile = |calls: &str| {
        // Of what was recorded, 17 seconds of the minute that it lands in.
        let span = if wish.of == Of::Past { wish.span + Duration::from_secs(17) } else { Duration::from_secs(1) };
        let span_ms = u64::try_from(span.as_millis()).unwrap();
        if wish.of == Of::Heap {
            let mut collector = Collector::of_memory(1 << 17, span_ms);
            collector.hold(calls.split(' '), 7, 700);
            collector.give_back(if wish.span.is_zero() { 0 } else { 300 });
            return collector.finish();
        }
        let mut collector = Collector::new(wish.hz, span_ms);
        collector.add(calls.split(' '), 7);
        collector.finish()
    };
    let root = ("root".to_owned(), profile("main fanout::write"));
    let missing = vec![("worker ops".to_owned(), "its process\u{1b} ended meanwhile".to_owned())];
    match &wish.target {
        Target::Tenant(name) if name == "busy" => Err(Declined::Busy(Duration::from_millis(2_500))),
        Target::Tenant(name) if name == "idle" => {
            Ok(Capture { parts: vec![("worker idle".to_owned(), Profile::default())], missing: Vec::new() })
        }
        Target::Tenant(name) if name == "late" => {
            let late = Profile { gap_ms: 31_500, ..profile("drawing scene") };
            Ok(Capture { parts: vec![("worker late".to_owned(), late)], missing: Vec::new() })
        }
        Target::Tenant(name) if name == "gone" => Ok(Capture { parts: Vec::new(), missing }),
        Target::Tenant(name) if name == "full" => {
            let full = Profile { left_out: 5, ..profile("drawing scene") };
            Ok(Capture { parts: vec![("worker full".to_owned(), full)], missing: Vec::new() })
        }
        Target::Tenant(_) => Err(Declined::Unknown(vec!["default".to_owned(), "ops".to_owned()])),
        Target::Root => Ok(Capture { parts: vec![root], missing: Vec::new() }),
        Target::All => {
            Ok(Capture { parts: vec![root, ("worker default".to_owned(), profile("drawing scene"))], missing })
        }
    }
}

async fn get(daemon: &Daemon, path: &str) -> String {
    raw(daemon, &format!("GET {path} HTTP/1.1\r\nhost: x\r\n\r\n")).await
}

#[tokio::test]
async fn a_capture_is_told_in_every_form_with_who_is_missing() {
    let daemon = start(Readiness::Ready, |_| true);
    let folded = get(&daemon, "/debug/pprof/profile?seconds=1&format=folded").await;
    assert!(folded.starts_with("HTTP/1.1 200 ") && folded.contains("content-type: text/plain"), "{folded}");
    assert!(folded.ends_with("\r\n\r\nroot;main;fanout::write 7\nworker default;drawing;scene 7\n"), "{folded}");
    assert!(folded.contains("x-unblink-missing: worker ops: its process? ended meanwhile\r\n"), "{folded}");
    let svg = get(&daemon, "/debug/pprof/flamegraph?seconds=1&filter=scene").await;
    assert!(svg.contains("content-type: image/svg+xml") && svg.contains("unblink, 1 s at 99 Hz"), "{svg}");
    assert!(svg.contains("only stacks with scene; missing: worker ops"), "{svg}");
    assert!(svg.contains("scene (7 samples, 100.00%)") && !svg.contains("fanout"), "{svg}");
    let full = get(&daemon, "/debug/pprof/profile?target=full").await;
    assert!(full.contains("x-unblink-missing: worker full: 5 samples found no room\r\n"), "{full}");
    let svg = get(&daemon, "/debug/pprof/flamegraph?last=600&target=late").await;
    assert!(svg.contains("unblink, the last 617 s at 19 Hz"), "{svg}");
    assert!(svg.contains("x-unblink-missing: worker late: 31.5 s of the time were not recorded\r\n"), "{svg}");
    assert!(svg.contains("missing: worker late: 31.5 s of the time"), "{svg}");
    let callgrind = get(&daemon, "/debug/pprof/profile?target=root&format=callgrind").await;
    assert!(callgrind.contains("# callgrind format") && !callgrind.contains("x-unblink-missing"), "{callgrind}");
    let answer = client::get("/debug/pprof/profile?target=root", &daemon.socket).await.unwrap();
    assert_eq!((answer.code, &answer.body[..2]), (200, [0x1f, 0x8b].as_slice()), "gzip");
}

#[tokio::test]
async fn what_cannot_be_captured_is_told_in_one_line() {
    let daemon = start(Readiness::Ready, |_| true);
    for (page, code, says) in [
        ("profile?seconds=0", "400 ", "seconds is a whole number from 1 to 120\n"),
        ("flamegraph?colour=red", "400 ", "there are seconds, last, hz, target"),
        ("profile?target=nobody", "404 ", "there is no tenant of that name; there are: default, ops\n"),
        ("profile?target=idle", "422 ", "no sample was taken"),
        ("flamegraph?target=root&filter=nowhere", "422 ", "no sample was taken"),
        ("profile?target=gone", "503 ", "nothing was captured: worker ops: its process? ended meanwhile\n"),
        ("profile?target=busy", "429 ", "try again in 3 s\n"),
    ] {
        let answer = get(&daemon, &format!("/debug/pprof/{page}")).await;
        assert!(answer.starts_with(&format!("HTTP/1.1 {code}")), "{page}: {answer}");
        let body = answer.split_once("\r\n\r\n").unwrap().1;
        assert!(body.contains(says) && body.lines().count() == 1, "{page}: {answer}");
        assert_eq!(answer.contains("retry-after: 3\r\n"), code == "429 ", "{answer}");
    }
    let answer = raw(&daemon, "POST /debug/pprof/profile HTTP/1.1\r\nhost: x\r\n\r\n").await;
    assert!(answer.starts_with("HTTP/1.1 405 ") && answer.contains("allow: GET"), "{answer}");
}

#[cfg(feature = "jemalloc")]
#[tokio::test]
async fn who_holds_memory_is_told_in_every_form_and_never_kept() {
    let daemon = start(Readiness::Ready, |_| true);
    let folded = get(&daemon, "/debug/pprof/heap?format=folded").await;
    assert!(folded.ends_with("\r\n\r\nroot;main;fanout::write 700\nworker default;drawing;scene 700\n"), "{folded}");
    assert!(folded.contains("x-unblink-missing: worker ops: its process? ended meanwhile\r\n"), "{folded}");
    assert!(header(&folded, "x-unblink-stored").is_none() && header(&folded, "x-unblink-not-stored").is_none());
    let svg = get(&daemon, "/debug/pprof/heap?format=flamegraph&target=root").await;
    assert!(svg.contains("unblink, memory that is held") && svg.contains("main (700 bytes, 100.00%)"), "{svg}");
    let svg = get(&daemon, "/debug/pprof/heap?format=flamegraph&seconds=5&filter=scene").await;
    let notes =
        "only stacks with scene; stacks that are not there hold 600 bytes less than before; missing: worker ops";
    assert!(svg.contains("unblink, memory that was not held 5 s before") && svg.contains(notes), "{svg}");
    let answer = client::get("/debug/pprof/heap", &daemon.socket).await.unwrap();
    assert_eq!((answer.code, &answer.body[..2]), (200, [0x1f, 0x8b].as_slice()), "gzip");
    for (page, code, says) in [
        ("hz=99", "400 ", "there are seconds, target, format"),
        ("target=nobody", "404 ", "there is no tenant of that name"),
        ("target=root&filter=nowhere", "422 ", "nothing was found"),
        ("target=gone", "503 ", "nothing was captured: worker ops"),
        ("target=busy", "429 ", "try again in 3 s\n"),
    ] {
        let answer = get(&daemon, &format!("/debug/pprof/heap?{page}")).await;
        assert!(answer.starts_with(&format!("HTTP/1.1 {code}")), "{page}: {answer}");
        let body = answer.split_once("\r\n\r\n").unwrap().1;
        assert!(body.contains(says) && body.lines().count() == 1, "{page}: {answer}");
    }
}

#[cfg(not(feature = "jemalloc"))]
#[tokio::test]
async fn a_build_that_knows_nothing_of_memory_says_which_one_does() {
    let daemon = start(Readiness::Ready, |_| true);
    let answer = get(&daemon, "/debug/pprof/heap").await;
    assert!(answer.starts_with("HTTP/1.1 501 ") && answer.contains("with the feature `jemalloc`"), "{answer}");
}

/// The value of a header of an answer.
fn header(answer: &str, name: &str) -> Option<String> {
    let line = answer.lines().take_while(|line| !line.is_empty()).find(|line| line.starts_with(&format!("{name}: ")));
    Some(line?[name.len() + 2..].to_owned())
}

#[tokio::test]
async fn a_capture_is_kept_listed_told_again_and_held_against() {
    let daemon = start(Readiness::Ready, |_| true);
    assert!(get(&daemon, "/debug/pprof/captures").await.contains("none is kept yet"));
    let first = get(&daemon, "/debug/pprof/profile?seconds=1&format=folded&filter=fanout").await;
    let name = header(&first, "x-unblink-stored").unwrap();
    assert!(name.ends_with("Z-1s-99hz-all.pb.gz"), "{name}");
    let second = get(&daemon, "/debug/pprof/flamegraph?seconds=1&target=root").await;
    let newer = header(&second, "x-unblink-stored").unwrap();
    assert!(name < newer);
    // What was recorded is no capture.
    let past = get(&daemon, "/debug/pprof/profile?last=60&format=folded").await;
    assert!(header(&past, "x-unblink-stored").is_none() && header(&past, "x-unblink-not-stored").is_none(), "{past}");

    let list = get(&daemon, "/debug/pprof/captures").await;
    assert!(list.contains("content-type: text/html") && list.contains(&format!("href=\"captures/{name}\"")), "{list}");
    let accepting = "GET /debug/pprof/captures HTTP/1.1\r\nhost: x\r\naccept: application/json\r\n\r\n";
    for answer in [raw(&daemon, accepting).await, get(&daemon, "/debug/pprof/captures?format=json").await] {
        let body: serde_json::Value = serde_json::from_str(answer.split_once("\r\n\r\n").unwrap().1).unwrap();
        assert_eq!(body["captures"][0]["name"], newer.as_str(), "the newest is the first");
        assert_eq!((&body["captures"][1]["seconds"], &body["captures"][1]["hz"]), (&1.into(), &99.into()));
        assert_eq!(body["captures"].as_array().unwrap().len(), 2);
    }
    let file = client::get(&format!("/debug/pprof/captures/{name}"), &daemon.socket).await.unwrap();
    assert_eq!((file.code, &file.body[..2]), (200, [0x1f, 0x8b].as_slice()), "gzip");

    // All of it was kept, not only what was asked for.
    let again = get(&daemon, &format!("/debug/pprof/profile?capture={name}&format=folded")).await;
    assert!(again.ends_with("\r\n\r\nroot;main;fanout::write 7\nworker default;drawing;scene 7\n"), "{again}");
    let change = get(&daemon, &format!("/debug/pprof/flamegraph?capture={newer}&base={name}")).await;
    assert!(
        change.contains("unblink, 1 s at 99 Hz") && change.contains(&format!("against {name}: red took")),
        "{change}"
    );
    assert!(change.contains("fanout::write (7 samples, 100.00%; 0.00%)"), "{change}");
    // What it lacks was kept, too.
    let lacks = "worker ops: its process? ended meanwhile";
    assert!(change.contains(&format!("missing: in {name}: {lacks}")), "{change}");
    assert_eq!(header(&again, "x-unblink-missing").as_deref(), Some(lacks));
    // The daemon is younger than what is asked for: its 31.5 s of it are held against the second before.
    let late = get(&daemon, "/debug/pprof/profile?seconds=1&target=late").await;
    let late = header(&late, "x-unblink-stored").unwrap();
    let change = get(&daemon, &format!("/debug/pprof/profile?last=15&target=late&base={late}&format=folded")).await;
    // What is left is half a second at 19 Hz: 7 of a second at 99 Hz are 0.67 of it, and would be 43 of all 32 s.
    assert!(change.ends_with("\r\n\r\nworker late;drawing;scene 1 7\n"), "{change}");
    let change = get(&daemon, &format!("/debug/pprof/profile?seconds=2&target=root&base={name}&format=folded")).await;
    assert!(change.contains("root;main;fanout::write 7 7\nworker default;drawing;scene 7 0\n"), "{change}");
}

#[tokio::test]
async fn only_what_is_kept_can_be_had_and_a_capture_is_told_where_nothing_can_be_kept() {
    let daemon = start(Readiness::Ready, |_| true);
    let unknown = "20231114T221320.123Z-30s-99hz-all.pb.gz";
    for (page, code, says) in [
        (format!("captures/{unknown}"), "404 ", "no capture of that name"),
        ("captures/..%2f..%2fetc%2fpasswd".to_owned(), "404 ", "no capture of that name"),
        ("captures/../../../etc/passwd".to_owned(), "404 ", "no capture of that name"),
        ("captures/".to_owned(), "404 ", "no capture of that name"),
        (format!("captures/{unknown}?format=folded"), "400 ", "a file is told as it is"),
        (format!("flamegraph?base={unknown}"), "404 ", "no capture of that name"),
        (format!("flamegraph?capture={unknown}"), "404 ", "no capture of that name"),
        ("captures?format=xml".to_owned(), "400 ", "format=json"),
    ] {
        let answer = get(&daemon, &format!("/debug/pprof/{page}")).await;
        assert!(answer.starts_with(&format!("HTTP/1.1 {code}")), "{page}: {answer}");
        let body = answer.split_once("\r\n\r\n").unwrap().1;
        assert!(body.contains(says) && body.lines().count() == 1, "{page}: {answer}");
    }
    // Where the folder would be there is a file.
    std::fs::write(daemon.socket.with_file_name("captures"), "").unwrap();
    let answer = client::get("/debug/pprof/profile?seconds=1&format=folded", &daemon.socket).await.unwrap();
    assert!(answer.code == 200 && answer.body.starts_with(b"root;main"), "{answer:?}");
    assert!(answer.unstored.as_deref().is_some_and(|why| !why.is_empty()), "{answer:?}");
}

#[tokio::test]
async fn the_index_leads_to_pages_that_are_there() {
    let daemon = start(Readiness::Ready, |_| true);
    let index = get(&daemon, "/debug/pprof/").await;
    assert!(index.contains("content-type: text/html"), "{index}");
    let links: Vec<&str> = index.split("href=\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
    assert!(links.len() > 4, "{links:?}");
    for link in links {
        let answer = get(&daemon, &format!("/debug/pprof/{}", link.replace("&amp;", "&"))).await;
        let is_unbuilt = link.starts_with("heap") && !crate::sys::heap::IS_BUILT;
        let code = if is_unbuilt { "501" } else { "200" };
        assert!(answer.starts_with(&format!("HTTP/1.1 {code} ")), "{link}: {answer}");
    }
}

#[tokio::test]
async fn every_answer_has_the_number_of_its_request() {
    let daemon = start(Readiness::Ready, |_| true);
    for page in ["/healthz", "/debug/pprof/", "/nowhere", "/debug/pprof/profile?seconds=0"] {
        let answer = get(&daemon, page).await;
        let trace = answer.lines().find_map(|line| line.strip_prefix("x-trace-id: ")).unwrap();
        assert!(trace.len() == 32 && trace.bytes().all(|byte| byte.is_ascii_hexdigit()), "{trace}");
    }
    let given = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    let answer = raw(&daemon, &format!("GET /healthz HTTP/1.1\r\nhost: x\r\ntraceparent: {given}\r\n\r\n")).await;
    assert!(answer.contains("x-trace-id: 4bf92f3577b34da6a3ce929d0e0e4736\r\n"), "{answer}");
}

#[tokio::test]
async fn all_that_runs_is_told_a_line_each() {
    let daemon = start(Readiness::Ready, |_| true);
    let answer = get(&daemon, "/debug/pprof/tasks").await;
    let lines: Vec<&str> = answer.split_once("\r\n\r\n").unwrap().1.lines().collect();
    assert_eq!(
        lines,
        [
            "root: process, running, up 61 s",
            "  worker ops: supervisor, waiting, restarted 3 times, next try in 2 s, last fault: it was killed"
        ]
    );
}

pub fn tree() -> status::TreeNode {
    let worker = status::TreeNode {
        name: "worker ops".to_owned(),
        kind: "supervisor".to_owned(),
        state: "waiting".to_owned(),
        restarts: 3,
        last_fault: Some("it was killed".to_owned()),
        next_retry_s: Some(2),
        ..status::TreeNode::default()
    };
    let (name, kind, state) = ("root".to_owned(), "process".to_owned(), "running".to_owned());
    status::TreeNode { name, kind, state, uptime_s: Some(61), children: vec![worker], ..status::TreeNode::default() }
}
