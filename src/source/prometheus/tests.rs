//! Whole turns against real servers on this machine: good ones, broken ones and hostile ones.

mod certificates;
mod peer;

use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::runtime::Runtime;

use super::*;
use crate::model::origin::{Credentials, From, FromFile};
use crate::model::{Secret, SeriesKey, Unit};
use crate::runtime;
use peer::{Peer, Request};

const TOKEN: &str = "s3cret-token-0815";
const BEAT: Duration = Duration::from_secs(15);
/// For what must not be cut off however busy the machine is.
const PATIENT: Duration = Duration::from_secs(60);
/// For what would never end by itself.
const HASTY: Duration = Duration::from_millis(300);

fn prometheus(port: u16, timeout: Duration) -> Prometheus {
    let query = |name: &str| Query {
        name: name.to_owned(),
        series: format!("p_{name}"),
        query: name.to_owned(),
        unit: None,
        legend: None,
    };
    Prometheus {
        tls: None,
        host: "127.0.0.1".to_owned(),
        port,
        prefix: Secret::new("/mimir"),
        credentials: Some(Credentials::Bearer(Secret::new(TOKEN))),
        headers: vec![("X-Scope-OrgID".to_owned(), Secret::new("team-a"))],
        timeout,
        range: Duration::ZERO,
        queries: vec![query("up")],
    }
}

/// What a source's thread has: its turns, and a runtime that outlives each.
struct Asker {
    turns: Turns,
    runtime: Runtime,
}

fn turns(prometheus: &Prometheus) -> Asker {
    let origin = Origin {
        name: "p".to_owned(),
        series: "p".to_owned(),
        unit: Unit::None,
        interval: BEAT,
        standby: None,
        from: From::Prometheus(prometheus.clone()),
    };
    Asker { turns: Turns::new(&origin, prometheus), runtime: runtime::build().unwrap() }
}

fn turn(asker: &mut Asker, now: Wall) -> Result<Reading, String> {
    asker.runtime.block_on(asker.turns.turn(now))
}

/// One turn against a server that does this with every connection.
fn against(serve: impl Fn(&mut peer::Stream) + Send + Sync + 'static, timeout: Duration) -> Result<Reading, String> {
    let peer = Peer::start(serve);
    turn(&mut turns(&prometheus(peer.port(), timeout)), clock::wall())
}

/// The same, of one that answers this to every question.
fn answered(status: &'static str, headers: &'static str, body: &str) -> Result<Reading, String> {
    let body = body.to_owned();
    against(
        move |stream| while Request::read(stream).is_some_and(|_| peer::reply(stream, status, headers, &body)) {},
        PATIENT,
    )
}

fn fails(result: Result<Reading, String>, expect: &str) {
    let why = result.expect_err("no good answer was given");
    assert!(why.contains(expect), "{why:?} does not say {expect:?}");
    assert!(!why.contains(TOKEN), "{why}");
}

fn vector(rows: &[(&str, f64)], at: &str) -> String {
    let rows: Vec<String> =
        rows.iter().map(|(job, value)| format!(r#"{{"metric":{{"job":"{job}"}},"value":[{at},"{value}"]}}"#)).collect();
    format!(r#"{{"status":"success","data":{{"resultType":"vector","result":[{}]}}}}"#, rows.join(","))
}

#[test]
fn a_question_carries_who_we_are_and_its_answer_becomes_series() {
    let asked = Arc::new(Mutex::new(Vec::new()));
    let noted = asked.clone();
    let peer = Peer::start(move |stream| {
        while let Some(request) = Request::read(stream) {
            let at = request.field("time").unwrap();
            noted.lock().unwrap().push(request);
            peer::reply(stream, "200 OK", "", &vector(&[("api", 1.0), ("web", f64::NAN)], &at));
        }
    });
    let mut turns = turns(&prometheus(peer.port(), PATIENT));
    let now = clock::wall();
    let reading = turn(&mut turns, now).unwrap();
    let sample = &reading.samples[0];
    assert_eq!(sample.key, SeriesKey::labelled("p_up", &[("job", "api")]));
    assert_eq!((sample.at, sample.value, reading.samples.len()), (now, 1.0, 1));
    assert_eq!((reading.left_out, reading.missing.as_deref()), (1, Some("1 values are no finite numbers")));
    turn(&mut turns, now + BEAT).unwrap();
    let asked = asked.lock().unwrap();
    assert!(asked[0].head.starts_with("POST /mimir/api/v1/query HTTP/1.1\r\n"), "{}", asked[0].head);
    for line in [
        format!("authorization: Bearer {TOKEN}"),
        "x-scope-orgid: team-a".to_owned(),
        format!("host: 127.0.0.1:{}", peer.port()),
    ] {
        assert!(asked[0].head.to_lowercase().contains(&line.to_lowercase()), "{line} is not in {}", asked[0].head);
    }
    assert_eq!(asked[0].field("query").as_deref(), Some("up"));
    assert_eq!((asked.len(), peer.connections()), (2, 1), "the connection is kept");
}

#[test]
fn a_connection_that_was_closed_while_it_idled_is_opened_again_at_once() {
    let peer = Peer::start(|stream| {
        if let Some(request) = Request::read(stream) {
            peer::reply(stream, "200 OK", "", &vector(&[("api", 1.0)], &request.field("time").unwrap()));
        }
    });
    let mut turns = turns(&prometheus(peer.port(), PATIENT));
    let now = clock::wall();
    for beat in 0..3 {
        let reading = turn(&mut turns, now + BEAT * beat).unwrap();
        assert_eq!(reading.samples.len(), 1);
    }
    assert_eq!(peer.connections(), 3);
}

#[test]
fn refusals_are_told_in_words_without_our_secrets() {
    fails(
        answered("200 OK", "", "<!DOCTYPE html><html><title>Sign in to Grafana</title>"),
        "login in front of it?: Sign in to Grafana",
    );
    fails(answered("200 OK", "", "\u{0}\u{1}\u{2}"), "answers with no JSON");
    fails(
        answered("302 Found", "Location: https://evil.example/login?ticket=123\r\n", ""),
        "sends us on to \"https://evil.example/login\", which is not followed",
    );
    fails(answered("401 Unauthorized", "", ""), "answers 401 Unauthorized; is it told who we are");
    fails(
        answered("403 Forbidden", "", "tenant not allowed"),
        "403 Forbidden; who we are may not ask this: tenant not allowed",
    );
    fails(answered("404 Not Found", "", "404 page not found"), "is the path in url right?: 404 page not found");
    fails(answered("429 Too Many Requests", "", ""), "ask it less often");
    fails(
        answered("503 Service Unavailable", "", "<html><h1>no healthy upstream</h1>"),
        "503 Service Unavailable: no healthy upstream",
    );
    let error = |text: &str| format!(r#"{{"status":"error","errorType":"execution","error":"{text}"}}"#);
    fails(answered("422 Unprocessable Entity", "", &error("too many samples")), "up: too many samples");
    fails(
        answered("401 Unauthorized", "", &error("no org id")),
        "is it told who we are, by bearer_file or basic?: no org id",
    );
    fails(answered("200 OK", "", "{}"), "is no answer of Prometheus");
    let echo = against(
        |stream| {
            if let Some(request) = Request::read(stream) {
                peer::reply(stream, "500 Internal Server Error", "", &request.head.replace("\r\n", " "));
            }
        },
        PATIENT,
    );
    fails(echo, "500 Internal Server Error: POST ***/api/v1/query");
}

#[test]
fn one_query_that_is_wrong_costs_the_others_nothing() {
    let peer = Peer::start(|stream| {
        while let Some(request) = Request::read(stream) {
            let at = request.field("time").unwrap();
            match request.field("query").as_deref() {
                Some("bad") => peer::reply(
                    stream,
                    "400 Bad Request",
                    "",
                    r#"{"status":"error","errorType":"bad_data","error":"parse error"}"#,
                ),
                Some("warns") => {
                    let body = vector(&[("api", 1.0)], &at);
                    peer::reply(
                        stream,
                        "200 OK",
                        "",
                        &body.replace("\"data\"", "\"warnings\":[\"a store is away\"],\"data\""),
                    )
                }
                _ => peer::reply(stream, "200 OK", "", &vector(&[("api", 1.0)], &at)),
            };
        }
    });
    let mut facts = prometheus(peer.port(), PATIENT);
    let one = facts.queries[0].clone();
    facts.queries = ["bad", "up", "warns"]
        .map(|name| Query { query: name.to_owned(), name: name.to_owned(), ..one.clone() })
        .to_vec();
    facts.queries[2].series = "p_warns".to_owned();
    let reading = turn(&mut turns(&facts), clock::wall()).unwrap();
    assert_eq!(reading.samples.len(), 2);
    assert_eq!(reading.missing.as_deref(), Some("bad: parse error (and 1 more)"));
    facts.queries.remove(0);
    assert_eq!(turn(&mut turns(&facts), clock::wall()).unwrap().missing.as_deref(), Some("warns: a store is away"));
}

#[test]
fn what_never_ends_or_ends_early_is_given_up_in_words() {
    fails(against(|stream| while Request::read(stream).is_some() {}, HASTY), "no answer in 300ms");
    fails(against(peer::trickle, HASTY), "no answer in 300ms");
    fails(against(|stream| drop(Request::read(stream)), PATIENT), "closed the connection before its answer was whole");
    let early = |stream: &mut peer::Stream| {
        Request::read(stream);
        peer::send(stream, b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{\"status\"");
    };
    fails(against(early, PATIENT), "before its answer was whole");
    let garbage = |stream: &mut peer::Stream| {
        Request::read(stream);
        peer::send(stream, &[0xff, 0xfe, 0, 1, 2, 3, b'\r', b'\n', b'\r', b'\n']);
    };
    fails(against(garbage, PATIENT), "does not answer as HTTP does");
    let head = |stream: &mut peer::Stream| {
        Request::read(stream);
        peer::send(stream, b"HTTP/1.1 200 OK\r\nX: ");
        peer::flood(stream, 16 * 1024 * 1024);
    };
    fails(against(head, PATIENT), "does not answer as HTTP does");
    let (_nobody, port) = peer::deaf();
    fails(turn(&mut turns(&prometheus(port, PATIENT)), clock::wall()), "cannot be reached: Connection refused");
}

#[test]
fn a_flood_is_cut_off_soon() {
    let sent = Arc::new(Mutex::new(0));
    let counted = sent.clone();
    let flood = move |stream: &mut peer::Stream| {
        Request::read(stream);
        peer::send(stream, b"HTTP/1.1 200 OK\r\nContent-Length: 1073741824\r\n\r\n");
        *counted.lock().unwrap() = peer::flood(stream, 1 << 30);
    };
    let peer = Peer::start(flood);
    fails(
        turn(&mut turns(&prometheus(peer.port(), PATIENT)), clock::wall()),
        "answers with more than 8 MiB: narrow the query",
    );
    drop(peer);
    let sent = *sent.lock().unwrap();
    assert!(sent < 64 << 20, "{sent} bytes were taken from it");
}

#[test]
fn a_series_with_too_many_labels_is_left_out_and_said() {
    let many: Vec<String> = (0..100_000).map(|number| format!("\"l{number}\":\"x\"")).collect();
    let body = format!(
        r#"{{"status":"success","data":{{"resultType":"vector","result":[{{"metric":{{{}}},"value":[1,"1"]}}]}}}}"#,
        many.join(",")
    );
    let reading = answered("200 OK", "", &body).unwrap();
    let expect = "a series has more than 16 labels; leave some out by sum by (...): up";
    assert_eq!((reading.samples.len(), reading.missing.as_deref()), (0, Some(expect)));
}

/// A server with a past: a value for each second there ever was, of two series.
fn remembering(asked: Arc<Mutex<Vec<String>>>) -> Peer {
    Peer::start(move |stream| {
        while let Some(request) = Request::read(stream) {
            let number = |name: &str| request.field(name).unwrap().parse::<f64>().unwrap();
            let body = match request.field("start") {
                None => vector(&[("api", 1.0), ("web", 2.0)], &request.field("time").unwrap()),
                Some(_) => {
                    let (start, end, step) = (number("start"), number("end"), number("step"));
                    asked.lock().unwrap().push(format!("{start} {end} {step}"));
                    let count = ((end - start) / step).round() as u64 + 1;
                    let points: Vec<String> =
                        (0..count).map(|n| format!("[{:.3},\"7\"]", start + n as f64 * step)).collect();
                    let row = |job: &str| format!(r#"{{"metric":{{"job":"{job}"}},"values":[{}]}}"#, points.join(","));
                    format!(
                        r#"{{"status":"success","data":{{"resultType":"matrix","result":[{},{}]}}}}"#,
                        row("api"),
                        row("web")
                    )
                }
            };
            peer::reply(stream, "200 OK", "", &body);
        }
    })
}

#[test]
fn the_past_comes_before_what_there_is_now_and_once_for_each_gap() {
    let asked = Arc::new(Mutex::new(Vec::new()));
    let peer = remembering(asked.clone());
    let mut facts = prometheus(peer.port(), PATIENT);
    facts.range = Duration::from_secs(3600);
    let mut turns = turns(&facts);
    let now = clock::wall() - Duration::from_secs(3600);
    let first = turn(&mut turns, now).unwrap();
    assert_eq!((first.samples.len(), first.missing), (2 * 240, None), "an hour in steps of 15 s");
    let next = turn(&mut turns, now + BEAT).unwrap();
    assert_eq!(next.samples.len(), 2, "nothing is missing");
    // Ten minutes of nothing.
    let back = turn(&mut turns, now + BEAT * 41).unwrap();
    assert_eq!(back.samples.len(), 2 * 40);
    assert_eq!(asked.lock().unwrap().len(), 2);
    let mut data = crate::model::Dataset::default();
    for sample in [first.samples, next.samples, back.samples].concat() {
        data.insert(sample).expect("times rise and none comes twice");
    }
    let window = data.window(&SeriesKey::labelled("p_up", &[("job", "web")])).unwrap();
    assert_eq!(window.len(), 240 + 1 + 40);
}

#[test]
fn a_past_that_cannot_be_had_holds_up_nothing() {
    let peer = Peer::start(|stream| {
        while let Some(request) = Request::read(stream) {
            match request.field("time").as_deref() {
                Some(at) => peer::reply(stream, "200 OK", "", &vector(&[("api", 1.0)], at)),
                None => peer::reply(stream, "422 X", "", r#"{"status":"error","error":"exceeded maximum resolution"}"#),
            };
        }
    });
    let mut facts = prometheus(peer.port(), PATIENT);
    facts.range = Duration::from_secs(3600);
    let mut turns = turns(&facts);
    let now = clock::wall();
    let first = turn(&mut turns, now).unwrap();
    assert_eq!(first.samples.len(), 1);
    assert_eq!(first.missing.as_deref(), Some("up: its past is missing: exceeded maximum resolution"));
    assert_eq!(turn(&mut turns, now + BEAT).unwrap().missing, None, "it is not asked for again");
}

#[test]
fn a_renewed_token_is_taken_and_a_missing_one_is_named() {
    let heads = Arc::new(Mutex::new(Vec::new()));
    let noted = heads.clone();
    let peer = Peer::start(move |stream| {
        while let Some(request) = Request::read(stream) {
            let at = request.field("time").unwrap();
            noted.lock().unwrap().push(request.head);
            peer::reply(stream, "200 OK", "", &vector(&[("api", 1.0)], &at));
        }
    });
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("password");
    let mut facts = prometheus(peer.port(), PATIENT);
    let password = FromFile { key: "password_file", path: path.clone() };
    facts.credentials = Some(Credentials::BasicFile { user: Secret::new("Aladdin"), password });
    let mut turns = turns(&facts);
    let now = clock::wall();
    let why = turn(&mut turns, now).unwrap_err();
    assert!(why.starts_with("password_file ") && why.contains("No such file"), "{why}");
    std::fs::write(&path, "open sesame\n").unwrap();
    turn(&mut turns, now).unwrap();
    std::fs::write(&path, "close sesame\n").unwrap();
    turn(&mut turns, now + BEAT).unwrap();
    let heads = heads.lock().unwrap();
    assert!(heads[0].contains("Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="), "{}", heads[0]);
    assert!(heads[1].contains(&format!("Basic {}", question::base64(b"Aladdin:close sesame"))), "{}", heads[1]);
}

#[test]
fn series_that_came_and_went_leave_their_place_to_others() {
    let peer = Peer::start(|stream| {
        while let Some(request) = Request::read(stream) {
            let at = request.field("time").unwrap();
            let names: Vec<String> = (0..200).map(|number| format!("pod-{at}-{number}")).collect();
            let rows: Vec<(&str, f64)> = names.iter().map(|name| (name.as_str(), 1.0)).collect();
            peer::reply(stream, "200 OK", "", &vector(&rows, &at));
        }
    });
    let mut turns = turns(&prometheus(peer.port(), PATIENT));
    let now = clock::wall();
    for beat in 0..5 {
        let reading = turn(&mut turns, now + BEAT * beat).unwrap();
        assert_eq!((reading.samples.len(), reading.missing), (200, None));
    }
}

#[test]
fn nothing_that_is_kept_shows_a_secret() {
    let turns = turns(&prometheus(1, PATIENT)).turns;
    let shown = format!("{turns:?} {:#?}", prometheus(1, PATIENT));
    assert!(!shown.contains(TOKEN) && !shown.contains("team-a") && !shown.contains("/mimir"), "{shown}");
}

/// A path that is there for as long as `folder` is.
fn written(folder: &tempfile::TempDir, name: &str, text: &str) -> PathBuf {
    let path = folder.path().join(name);
    std::fs::write(&path, text).unwrap();
    path
}

#[test]
fn a_server_that_repeats_our_token_has_it_in_no_series_of_now_or_the_past() {
    let at = clock::wall().0 / 1_000;
    let peer = Peer::start(move |stream| {
        while let Some(request) = Request::read(stream) {
            let (kind, value) = match request.head.contains("query_range") {
                true => ("matrix", format!(r#""values":[[{},"1"]]"#, at - 60)),
                false => ("vector", format!(r#""value":[{at},"1"]"#)),
            };
            let metric = format!(r#"{{"__name__":"up","echo":"Bearer {TOKEN}","{TOKEN}":"x"}}"#);
            let result = format!(r#"{{"resultType":"{kind}","result":[{{"metric":{metric},{value}}}]}}"#);
            peer::reply(stream, "200 OK", "", &format!(r#"{{"status":"success","data":{result}}}"#));
        }
    });
    let asked = Prometheus { range: Duration::from_secs(3_600), ..prometheus(peer.port(), PATIENT) };
    let reading = turn(&mut turns(&asked), clock::wall()).expect("it answers");
    assert_eq!(reading.samples.len(), 2, "one of now and one of the past: {reading:?}");
    for sample in &reading.samples {
        assert!(sample.key.label("echo").is_some_and(|echo| echo.starts_with("Bearer ")), "{sample:?}");
        let shown = format!("{:?}", sample.key);
        assert!(!shown.contains(TOKEN) && !shown.contains(&TOKEN.replace('-', "_")), "{shown}");
    }
}
