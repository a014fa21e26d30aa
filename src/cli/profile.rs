//! `unblink profile`: has the daemon look at itself for a while, or at its memory, and keeps what it saw.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::Timestamp;

use super::args::Profile;
use super::failure::Failure;
use super::snapshot::write_file;
use super::{listing, output};
use crate::admin::client::{self, Answer, AskError};
use crate::base::{Mono, limits};
use crate::config;
use crate::notation;
use crate::report::Format;
use crate::runtime::{self, timer};
use crate::sink::hold;
use crate::sys::clock;
use crate::sys::tty::is_terminal;

/// Cells of the bar.
const BAR: u128 = 30;
const STEP: Duration = Duration::from_millis(200);
/// Where nothing else is said.
const SECONDS: u32 = 30;

pub fn run(asked: Profile) -> Result<(), Failure> {
    if !["all", "root"].contains(&asked.target.as_str()) && !config::is_tenant_name(&asked.target) {
        return Err(Failure::usage(format!("{:?} is no tenant's name", notation::harmless(&asked.target))));
    }
    let span = Duration::from_secs(asked.takes().into());
    let (path, answer) = listing::first_answer(asked.admin_socket.clone(), |path| {
        runtime::block_on(watched(span, client::get_within(&page(&asked), path, span + 2 * limits::CAPTURE_GRACE)))
    })?;
    if answer.code != 200 {
        return Err(listing::unexpected(&path, &answer));
    }
    if let Some(missing) = &answer.missing {
        hold::say(&format!("note: missing: {}", notation::harmless(missing)));
    }
    if let Some(why) = &answer.unstored {
        hold::say(&format!("note: the daemon did not keep it: {}", notation::harmless(why)));
    }
    match &asked.output {
        Some(path) if path == Path::new("-") => output::write(&answer.body),
        Some(path) => told(path.clone(), &answer),
        None => told(file_name(&asked), &answer),
    }
}

fn told(path: PathBuf, answer: &Answer) -> Result<(), Failure> {
    write_file(&path, &answer.body)?;
    output::write(format!("{}\n", path.display()).as_bytes())
}

impl Profile {
    /// Seconds until there is something to tell.
    fn takes(&self) -> u32 {
        match self {
            Profile { last: Some(_), .. } => 0,
            Profile { heap: true, seconds, .. } => seconds.unwrap_or(0),
            Profile { seconds, .. } => seconds.unwrap_or(SECONDS),
        }
    }
}

fn page(asked: &Profile) -> String {
    let Profile { last, heap, hz, target, format, filter, reverse, inverted, base, .. } = asked;
    let mut query = form_urlencoded::Serializer::new(String::new());
    if let Some(last) = last {
        query.append_pair("last", &last.to_string());
    }
    if asked.takes() > 0 {
        query.append_pair("seconds", &asked.takes().to_string());
    }
    if last.is_none() && !heap {
        query.append_pair("hz", &hz.to_string());
    }
    query.append_pair("target", target).append_pair("format", format.word());
    if let Some(filter) = filter {
        query.append_pair("filter", filter);
    }
    if let Some(base) = base {
        query.append_pair("base", base);
    }
    for (key, is_on) in [("reverse", reverse), ("inverted", inverted)] {
        if *is_on {
            query.append_pair(key, "1");
        }
    }
    let page = if *heap { "heap" } else { "profile" };
    format!("/debug/pprof/{page}?{}", query.finish())
}

/// Says of whom, and when: several of a day stand in order.
fn file_name(asked: &Profile) -> PathBuf {
    let at = Timestamp::from_millisecond(clock::wall().0).unwrap_or_default().strftime("%Y%m%d-%H%M%S");
    let Profile { heap, target, format, .. } = asked;
    let of = if *heap { "heap-" } else { "" };
    PathBuf::from(format!("unblink-{of}{target}-{at}.{}", format.extension()))
}

/// Shows how far it is, where somebody looks.
async fn watched(span: Duration, asking: impl Future<Output = Result<Answer, AskError>>) -> Result<Answer, AskError> {
    let mut asking = std::pin::pin!(asking);
    if !is_terminal(io::stderr()) {
        return asking.await;
    }
    let begun = clock::mono();
    loop {
        let next = clock::mono() + STEP;
        tokio::select! {
            answer = &mut asking => {
                show("\r\u{1b}[K");
                return answer;
            }
            () = timer::sleep_until(next) => show(&format!("\r{}\u{1b}[K", bar(begun, clock::mono(), span))),
        }
    }
}

fn bar(begun: Mono, now: Mono, span: Duration) -> String {
    let passed = now.since(begun).min(span);
    let full = (BAR * passed.as_millis()).checked_div(span.as_millis()).unwrap_or(BAR);
    let cell = |place: u128| if place < full { '#' } else { '.' };
    let cells: String = (0..BAR).map(cell).collect();
    let what =
        if passed < span { format!("{} of {} s", passed.as_secs(), span.as_secs()) } else { "drawing".to_owned() };
    format!("[{cells}] {what}")
}

/// A terminal that is gone is no matter here.
fn show(text: &str) {
    let mut stderr = io::stderr().lock();
    let _ = stderr.write_all(text.as_bytes()).and_then(|()| stderr.flush());
}

/// A format by its name.
pub fn format(word: &str) -> Result<Format, String> {
    Format::named(word).ok_or_else(|| format!("formats are {}", Format::ALL.map(Format::word).join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bar_fills_and_then_says_that_it_is_drawn() {
        let (begun, span) = (Mono::default(), Duration::from_secs(30));
        let at = |seconds| bar(begun, begun + Duration::from_secs(seconds), span);
        assert_eq!(at(0), "[..............................] 0 of 30 s");
        assert_eq!(at(12), "[############..................] 12 of 30 s");
        assert_eq!(at(90), "[##############################] drawing");
    }
}
