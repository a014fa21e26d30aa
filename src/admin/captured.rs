//! The pages of profiles: those that are taken now, that were recorded, and that are kept, and those of memory.
//!
//! Invariant: a report is made, and a file read, on a thread of its own; whoever captures leaves a line in the log. A capture
//! is answered whether it could be kept or not, and says so.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::Full;
use hyper::header::{ACCEPT, CONTENT_DISPOSITION, HeaderMap, HeaderName, HeaderValue, RETRY_AFTER};
use hyper::{Response, StatusCode};
use serde_json::json;
use tokio::sync::mpsc;

use super::capture::{Capture, Declined, Of, Target, Wish};
use super::captures::{Facts, KeptError, Row, Store};
use super::reporting::{Place, Refused, on_thread, refusal};
use super::trace::TraceId;
use super::wish::Asked;
use super::{Ask, Caller, ask, gone, json as json_page, respond, words};
use crate::base::{Wall, limits};
use crate::event::{CaptureStored, CaptureUnstored, Event as _, ProfileCaptured};
use crate::model::Profile;
use crate::report::{Format, Gaps, Look, ReportError};
use crate::sys::clock;
use crate::sys::heap::{self, HeapError};

/// Says which processes are missing, and samples of others.
pub const MISSING: HeaderName = HeaderName::from_static("x-unblink-missing");
/// Says under which name a capture is kept.
pub const STORED: HeaderName = HeaderName::from_static("x-unblink-stored");
/// Says why it is not.
pub const UNSTORED: HeaderName = HeaderName::from_static("x-unblink-not-stored");

/// Begins a note of what is missing, on a graph and in a file that is kept.
const LACKS: &str = "missing: ";

/// Shorter gaps are those between one sample and the next.
const GAP_TOLD_MS: u64 = 100;

/// A profile, and what there is to say of it.
struct Subject {
    profile: Profile,
    /// Such as `30 s at 99 Hz`.
    what: String,
    missing: String,
    taken_at: Wall,
    gaps: Gaps,
}

/// One that is kept, which another one is held against.
struct Base {
    name: String,
    profile: Profile,
    missing: String,
}

/// Takes a profile, or looks at one that is kept, and tells it.
pub async fn capture(query: Option<&str>, format: Format, caller: &Caller, trace: &TraceId) -> Response<Full<Bytes>> {
    answered(Asked::parse(query, format), caller, trace).await
}

/// Who holds memory.
pub async fn heap(query: Option<&str>, caller: &Caller, trace: &TraceId) -> Response<Full<Bytes>> {
    match heap::IS_BUILT {
        true => answered(Asked::parse_heap(query), caller, trace).await,
        // Whatever was asked for, and of whom: all processes are this program.
        false => words(StatusCode::NOT_IMPLEMENTED, &format!("{}\n", HeapError::NotBuilt)),
    }
}

async fn answered(asked: Result<Asked, String>, caller: &Caller, trace: &TraceId) -> Response<Full<Bytes>> {
    let asked = match asked {
        Ok(asked) => asked,
        Err(why) => return words(StatusCode::BAD_REQUEST, &format!("{why}\n")),
    };
    match told(asked, caller, trace).await {
        Ok(response) => response,
        Err(response) => *response,
    }
}

async fn told(
    asked: Asked,
    caller: &Caller,
    trace: &TraceId,
) -> Result<Response<Full<Bytes>>, Box<Response<Full<Bytes>>>> {
    let refused = |refused: Refused| Box::new(refusal(refused));
    // Before anything is captured, which would be for nothing.
    let place = caller.reports.place().map_err(refused)?;
    let base = match asked.base.clone() {
        Some(name) => Some(kept(&caller.captures, name, &place).await.map_err(refused)?),
        None => None,
    };
    let base = base.map(|(facts, profile, missing)| Base { name: facts.name(), profile, missing });
    let (format, seconds, of) = (asked.format, asked.wish.span.as_secs(), asked.wish.of);
    let (missing, stored, report) = match asked.capture.clone() {
        Some(name) => {
            let (facts, profile, missing) = kept(&caller.captures, name, &place).await.map_err(refused)?;
            let (notes, taken_at, what) = (missing.clone(), facts.taken_at, facts.words());
            let gaps = Gaps::new();
            let make = move || made(&asked, Subject { profile, what, missing: notes, taken_at, gaps }, base);
            (missing, None, reported(&place, make).await)
        }
        None => {
            let taken_at = clock::wall();
            let capture = take(&asked, caller, trace).await?;
            let missing = missing(&capture);
            if capture.parts.is_empty() {
                let why = format!("nothing was captured: {missing}\n");
                return Err(Box::new(words(StatusCode::SERVICE_UNAVAILABLE, &why)));
            }
            let capture = Arc::new(capture);
            let storing = async {
                match asked.wish.of {
                    Of::Past | Of::Heap => None,
                    Of::Present => Some(keep(&caller.captures, &asked.wish, Arc::clone(&capture), taken_at).await),
                }
            };
            let (asked, capture, notes) = (asked.clone(), Arc::clone(&capture), missing.clone());
            let make = move || {
                let profile = Profile::merged(&capture.parts);
                let what = what(&asked.wish, &profile);
                let gaps = capture.parts.iter().map(|(name, part)| (name.clone(), part.gap_ms)).collect();
                made(&asked, Subject { profile, what, missing: notes, taken_at, gaps }, base)
            };
            let (stored, report) = tokio::join!(storing, reported(&place, make));
            (missing, stored, report)
        }
    };
    let mut response = respond(StatusCode::OK, format.content_type(), report.map_err(refused)?.into());
    if format == Format::Pprof {
        let of = match of {
            Of::Heap => "heap".to_owned(),
            Of::Present | Of::Past => format!("{seconds}s"),
        };
        attach(&mut response, &format!("unblink-{of}.{}", format.extension()));
    }
    let mut say = |header: HeaderName, what: &str| {
        if let Some(value) = HeaderValue::from_str(what).ok().filter(|value| !value.is_empty()) {
            response.headers_mut().insert(header, value);
        }
    };
    say(MISSING, &missing);
    match stored {
        Some(Ok(name)) => say(STORED, &name),
        Some(Err(why)) => say(UNSTORED, &plain(why.chars())),
        None => {}
    }
    Ok(response)
}

/// In a few words.
fn what(wish: &Wish, profile: &Profile) -> String {
    let (hz, seconds) = (wish.hz, wish.span.as_secs());
    match wish.of {
        Of::Present => format!("{seconds} s at {hz} Hz"),
        // From the beginning of the minute that was asked for.
        Of::Past => format!("the last {} s at {hz} Hz", profile.span_ms / 1000),
        Of::Heap if wish.span.is_zero() => "memory that is held".to_owned(),
        Of::Heap => format!("memory that was not held {seconds} s before"),
    }
}

async fn take(asked: &Asked, caller: &Caller, trace: &TraceId) -> Result<Capture, Box<Response<Full<Bytes>>>> {
    caller.wait_for(asked.wish.takes() + limits::CAPTURE_GRACE + limits::CAPTURE_STORE_DEADLINE);
    let capture = match ask(&caller.asks, |reply| Ask::Capture(asked.wish.clone(), reply)).await {
        None => return Err(Box::new(gone())),
        Some(Err(declined)) => return Err(Box::new(refused(&declined))),
        Some(Ok(capture)) => capture,
    };
    ProfileCaptured {
        by: caller.by,
        target: asked.wish.target.word(),
        seconds: asked.wish.span.as_secs(),
        hz: asked.wish.hz,
        of: asked.wish.of.word(),
        format: asked.format.word(),
        samples: samples(&capture),
        missing: capture.missing.len(),
        trace: trace.as_str(),
    }
    .emit();
    Ok(capture)
}

fn samples(capture: &Capture) -> u64 {
    capture.parts.iter().fold(0, |sum, (_, part)| sum.saturating_add(part.samples()))
}

/// Puts a capture into the state folder, and says under which name, or why not.
async fn keep(store: &Store, wish: &Wish, capture: Arc<Capture>, taken_at: Wall) -> Result<String, String> {
    let (samples, missing) = (samples(&capture), missing(&capture));
    let notes = if missing.is_empty() { String::new() } else { format!("{LACKS}{missing}") };
    let make = move || {
        let whole = Profile::merged(&capture.parts);
        Format::Pprof.report(&whole, &Look { notes, ..Look::default() }, taken_at.0).ok()
    };
    let kept = store.keep(Facts::of(wish, taken_at), make).await;
    match &kept {
        Ok(name) => CaptureStored { path: &store.path(name), samples, missing: &missing }.emit(),
        Err(why) if samples > 0 => CaptureUnstored { why }.emit(),
        Err(_) => {}
    }
    kept
}

/// A capture that nobody waits for: it goes into the state folder, and the log says where it is.
pub async fn on_signal(asks: mpsc::Sender<Ask>, store: Store) {
    let wish = Wish {
        of: Of::Present,
        target: Target::All,
        hz: limits::SIGNAL_CAPTURE_HZ,
        span: Duration::from_secs(limits::SIGNAL_CAPTURE_SECONDS),
    };
    let taken_at = clock::wall();
    let why = match ask(&asks, |reply| Ask::Capture(wish.clone(), reply)).await {
        None => return,
        Some(Err(_)) => "another one is under way".to_owned(),
        Some(Ok(capture)) if samples(&capture) == 0 => {
            let missing = missing(&capture);
            if missing.is_empty() { "no sample was taken: nothing ran meanwhile".to_owned() } else { missing }
        }
        // It is told there.
        Some(Ok(capture)) => return drop(keep(&store, &wish, Arc::new(capture), taken_at).await),
    };
    CaptureUnstored { why: &why }.emit();
}

/// Those that are kept, for people or for programs.
pub async fn list(query: Option<&str>, headers: &HeaderMap, caller: &Caller) -> Response<Full<Bytes>> {
    let accepts = headers.get(ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let is_json = match query {
        None | Some("") => accepts.contains("application/json"),
        Some("format=json") => true,
        Some("format=html") => false,
        Some(_) => return words(StatusCode::BAD_REQUEST, "write ?format=json or ?format=html, or nothing\n"),
    };
    let store = caller.captures.clone();
    let rows = match caller.reports.place() {
        Ok(place) => on_thread(&place, move || store.list()).await,
        Err(refused) => Err(refused),
    };
    let rows = match rows {
        Ok(rows) => rows,
        Err(refused) => return refusal(refused),
    };
    if is_json {
        return json_page(&json!({ "captures": rows }));
    }
    respond(StatusCode::OK, "text/html; charset=utf-8", page(&rows).into())
}

fn page(rows: &[Row]) -> String {
    let mut text = String::from(HEAD);
    for (row, before) in rows.iter().zip(rows.iter().skip(1).map(Some).chain([None])) {
        let Row { name, taken_at, seconds, hz, target, bytes } = row;
        let graph = format!("<a href=\"flamegraph?capture={name}\">flamegraph</a>");
        let change = before.map(|before| {
            format!("<a href=\"flamegraph?capture={name}&amp;base={}\">against the one before</a>", before.name)
        });
        let change = change.unwrap_or_default();
        text.push_str(&format!(
            "<tr><td><a href=\"captures/{name}\">{taken_at}</a></td><td>{target}</td><td>{seconds} s at {hz} Hz</td>\
             <td>{bytes} bytes</td><td>{graph}</td><td>{change}</td></tr>\n"
        ));
    }
    if rows.is_empty() {
        text.push_str("<tr><td>none is kept yet</td></tr>\n");
    }
    text.push_str("</table></body></html>\n");
    text
}

const HEAD: &str = "<!DOCTYPE html>
<html lang=\"en\"><head><meta charset=\"utf-8\"><title>unblink: captures</title>
<style>body{font:16px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:60rem;padding:0 1rem}td{padding:.2rem 1rem .2rem 0}</style>
</head><body><h1>Captures</h1><table>
";

/// The file of one that is kept, as it was written.
pub async fn file(name: &str, query: Option<&str>, caller: &Caller) -> Response<Full<Bytes>> {
    if query.is_some_and(|query| !query.is_empty()) {
        let why = "a file is told as it is; for another form write /debug/pprof/profile?capture=NAME&format=FORMAT\n";
        return words(StatusCode::BAD_REQUEST, why);
    }
    let (store, name) = (caller.captures.clone(), name.to_owned());
    let read = match caller.reports.place() {
        Ok(place) => on_thread(&place, move || store.read(&name).map_err(unreadable)).await,
        Err(refused) => Err(refused),
    };
    match read.and_then(|read| read) {
        Ok((facts, bytes)) => {
            let mut response = respond(StatusCode::OK, Format::Pprof.content_type(), bytes.into());
            attach(&mut response, &facts.name());
            response
        }
        Err(refused) => refusal(refused),
    }
}

fn attach(response: &mut Response<Full<Bytes>>, name: &str) {
    let name = HeaderValue::from_str(&format!("attachment; filename=\"{name}\""));
    response.headers_mut().insert(CONTENT_DISPOSITION, name.expect("invariant: digits, letters and a few signs"));
}

/// With what it lacks.
async fn kept(store: &Store, name: String, place: &Place) -> Result<(Facts, Profile, String), Refused> {
    let store = store.clone();
    let (facts, profile, notes) = on_thread(place, move || store.profile(&name).map_err(unreadable)).await??;
    // Whatever somebody else put there.
    let missing = plain(notes.strip_prefix(LACKS).unwrap_or_default().chars());
    Ok((facts, profile, missing))
}

fn unreadable(error: KeptError) -> Refused {
    let code = match error {
        KeptError::Missing => StatusCode::NOT_FOUND,
        KeptError::Damaged(..) => StatusCode::UNPROCESSABLE_ENTITY,
    };
    (code, error.to_string())
}

/// A report, or how it is refused and why.
async fn reported(
    place: &Place,
    make: impl FnOnce() -> Result<Vec<u8>, ReportError> + Send + 'static,
) -> Result<Vec<u8>, Refused> {
    match on_thread(place, make).await? {
        Ok(report) => Ok(report),
        Err(error @ (ReportError::Empty | ReportError::Nothing)) => {
            Err((StatusCode::UNPROCESSABLE_ENTITY, error.to_string()))
        }
        Err(error) => Err((StatusCode::INTERNAL_SERVER_ERROR, error.to_string())),
    }
}

/// Which processes, or samples of one, are missing and why, in one line of plain ASCII.
fn missing(capture: &Capture) -> String {
    let whole = capture.missing.iter().map(|(name, why)| format!("{name}: {why}"));
    let parts = capture.parts.iter().filter(|(_, part)| part.left_out > 0);
    let parts = parts.map(|(name, part)| format!("{name}: {} samples found no room", part.left_out));
    let gaps = capture.parts.iter().filter(|(_, part)| part.gap_ms >= GAP_TOLD_MS);
    let gaps = gaps.map(|(name, part)| {
        let gap = Duration::from_millis(part.gap_ms).as_secs_f64();
        format!("{name}: {gap:.1} s of the time were not recorded")
    });
    let all: Vec<String> = whole.chain(parts).chain(gaps).collect();
    plain(all.join("; ").chars())
}

/// As a header may have it.
fn plain(text: impl Iterator<Item = char>) -> String {
    let visible = |char: char| if char.is_ascii_graphic() || char == ' ' { char } else { '?' };
    text.take(limits::COMPLAINT_BYTES_MAX).map(visible).collect()
}

fn made(asked: &Asked, subject: Subject, base: Option<Base>) -> Result<Vec<u8>, ReportError> {
    let Subject { profile, what, missing, taken_at, gaps } = subject;
    let filtered = |profile: Profile| match &asked.filter {
        Some(filter) => profile.filtered(filter),
        None => profile,
    };
    let mut notes = Vec::new();
    notes.extend(base.as_ref().map(|base| format!("against {}: red took more of the time, blue less", base.name)));
    notes.extend(asked.filter.as_ref().map(|filter| format!("only stacks with {filter}")));
    notes.extend(given_back(&profile));
    notes.extend((!missing.is_empty()).then(|| format!("{LACKS}{missing}")));
    let lacking = base.as_ref().filter(|base| !base.missing.is_empty());
    notes.extend(lacking.map(|base| format!("{LACKS}in {}: {}", base.name, base.missing)));
    let title = format!("unblink, {what}");
    let look = Look { title, notes: notes.join("; "), reverse: asked.reverse, inverted: asked.inverted };
    let profile = filtered(profile);
    if let Some(base) = base
        && let Some(report) = asked.format.difference(&profile, &filtered(base.profile), &gaps, &look)
    {
        return report;
    }
    asked.format.report(&profile, &look, taken_at.0)
}

/// What is not seen where growth is told.
fn given_back(profile: &Profile) -> Option<String> {
    let bytes = profile.given_back;
    (bytes > 0).then(|| format!("stacks that are not there hold {bytes} bytes less than before"))
}

fn refused(declined: &Declined) -> Response<Full<Bytes>> {
    match declined {
        Declined::Busy(left) => {
            let seconds = left.as_secs() + 1;
            let text = format!("a capture is under way; try again in {seconds} s\n");
            let mut response = words(StatusCode::TOO_MANY_REQUESTS, &text);
            response.headers_mut().insert(RETRY_AFTER, seconds.into());
            response
        }
        Declined::Unknown(names) => {
            let text = format!("there is no tenant of that name; there are: {}\n", names.join(", "));
            words(StatusCode::NOT_FOUND, &text)
        }
    }
}
