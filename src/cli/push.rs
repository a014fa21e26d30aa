//! `unblink push`: one value, or a stream of lines, into the daemon's series.

use std::collections::BTreeMap;
use std::io::{self, Read};
use std::time::Duration;

use serde::Serialize;
use tokio::sync::mpsc;

use super::args::{KindName, Push};
use super::failure::Failure;
use super::places::{self, Door, Sockets};
use super::{attach, output};
use crate::base::Mono;
use crate::client::Daemon;
use crate::client::push::{self, Ending, Input, Note, Options, Report};
use crate::machine::reconnect::Parting;
use crate::runtime;
use crate::sink::hold;
use crate::sys::clock;

/// How long one value waits for a daemon, or for its worker: a restart of either takes less.
const PATIENCE: Duration = Duration::from_secs(5);
/// Read of the standard input at once.
const READ_BYTES: usize = 64 * 1024;
/// Pieces that are read ahead.
const PIECES_WAITING_MAX: usize = 1;
/// Rejected lines that are said in each span, and at the end.
const SAID_MAX: usize = 10;
const SAID_SPAN: Duration = Duration::from_secs(60);

/// One value as a line.
#[derive(Serialize)]
struct Line<'a> {
    series: &'a str,
    value: f64,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    labels: BTreeMap<&'a str, &'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    at: Option<Time<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    kind: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    unit: Option<&'a str>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Time<'a> {
    Millis(i64),
    Text(&'a str),
}

/// What `--json` writes: a promise to scripts. Fields may be added.
#[derive(Serialize)]
struct Outcome<'a> {
    accepted: u64,
    rejected: u64,
    /// Lines that were read and that nobody answered for.
    unanswered: u64,
    /// Lines that were sent again because a worker ended with them.
    sent_again: u64,
    /// The first rejected lines.
    lines: Vec<Rejected<'a>>,
}

#[derive(Serialize)]
struct Rejected<'a> {
    line: u64,
    why: &'a str,
}

/// Says what goes on, but not too much of it.
struct Notes {
    streams: bool,
    span_began_at: Mono,
    said: usize,
    more: u64,
}

pub fn run(push: Push) -> Result<(), Failure> {
    let Sockets { paths, refused } = places::sockets(Door::Attach, push.socket.clone());
    let options =
        Options { tenant: push.tenant.clone().unwrap_or_default(), patience: (!push.stdin).then_some(PATIENCE) };
    let mut notes = Notes::new(push.stdin && !push.json);
    let pushed = runtime::block_on(async {
        let input = input(&push)?;
        Ok(push::run(options, Daemon::Sockets(paths), input, &mut |note| notes.take(note)).await)
    });
    let (report, ending) = pushed.map_err(Failure::runtime)?.map_err(|error: io::Error| Failure::runtime(error))?;
    if push.json {
        output::write(&json(&report))?;
    } else if push.stdin && !matches!(ending, Ending::Failed(_)) {
        hold::say(&summary(&report));
    }
    match ending {
        Ending::Done if report.rejected == 0 => Ok(()),
        Ending::Done if push.stdin || push.json => Err(Failure::silent()),
        Ending::Done => {
            let why = report.faults.first().map_or("no reason was told", |(_, why)| why);
            Err(Failure::runtime(format!("the daemon does not take this value: {why}")))
        }
        Ending::Signal(_) if report.rejected == 0 && report.unanswered == 0 => Ok(()),
        Ending::Signal(_) => Err(Failure::silent()),
        Ending::TimeUp(why) => {
            let why = if why.is_empty() { "it did not answer".to_owned() } else { why };
            Err(Failure::runtime(format!("nobody took the value within {} s: {why}", PATIENCE.as_secs())))
        }
        Ending::Unreadable(error) => Err(Failure::runtime(format!("cannot read the standard input: {error}"))),
        Ending::Failed(error) => Err(match error {
            crate::client::ClientError::Refused { parting: Parting::Protocol, text } => {
                Failure::runtime(format!("the daemon takes no samples; is it of an older version? It says: {text}"))
            }
            error => attach::failure(error, refused),
        }),
    }
}

/// What is to be pushed, piece by piece.
fn input(push: &Push) -> io::Result<Input> {
    let (pieces, input) = mpsc::channel(PIECES_WAITING_MAX);
    if push.stdin {
        runtime::spawn_thread("stdin", move || read_all(&pieces))?;
    } else {
        let line = serde_json::to_vec(&line(push)).expect("invariant: a line always serializes");
        pieces.try_send(Ok(line)).expect("invariant: there is room for one");
    }
    Ok(input)
}

fn line(push: &Push) -> Line<'_> {
    let at = push.at.as_deref().map(|text| text.parse().map_or(Time::Text(text), Time::Millis));
    Line {
        series: push.series.as_deref().unwrap_or_default(),
        value: push.value.unwrap_or_default(),
        labels: push.labels.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect(),
        at,
        kind: push.kind.map(KindName::word),
        unit: push.unit.as_deref(),
    }
}

/// Reads to the end, or until nobody listens. A thread, because a read may wait for as long as it likes.
fn read_all(pieces: &mpsc::Sender<io::Result<Vec<u8>>>) {
    let mut buffer = vec![0; READ_BYTES];
    let mut stdin = io::stdin().lock();
    loop {
        let piece = match stdin.read(&mut buffer) {
            Ok(0) => return,
            Ok(count) => Ok(buffer[..count].to_vec()),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => Err(error),
        };
        let last = piece.is_err();
        if pieces.blocking_send(piece).is_err() || last {
            return;
        }
    }
}

fn json(report: &Report) -> Vec<u8> {
    let Report { accepted, rejected, unanswered, again, ref faults } = *report;
    let lines = faults.iter().map(|(line, why)| Rejected { line: *line, why }).collect();
    let outcome = Outcome { accepted, rejected, unanswered, sent_again: again, lines };
    let mut text = serde_json::to_vec(&outcome).expect("invariant: an outcome always serializes");
    text.push(b'\n');
    text
}

/// `12 accepted, 2 rejected: line 3: its value is no number`, and the next ones below.
fn summary(report: &Report) -> String {
    let mut text = format!("{} accepted", report.accepted);
    if report.unanswered > 0 {
        text.push_str(&format!(", {} not answered for", report.unanswered));
    }
    if report.again > 0 {
        text.push_str(&format!(", {} sent again after a worker ended with them", report.again));
    }
    if report.rejected > 0 {
        text.push_str(&format!(", {} rejected", report.rejected));
    }
    let shown = report.faults.iter().take(SAID_MAX);
    for (index, (line, why)) in shown.enumerate() {
        text.push_str(if index == 0 { ": " } else { "\n  " });
        text.push_str(&format!("line {line}: {why}"));
    }
    let shown = u64::try_from(report.faults.len().min(SAID_MAX)).unwrap_or(u64::MAX);
    if shown > 0 && report.rejected > shown {
        text.push_str(&format!("\n  and {} more", report.rejected - shown));
    }
    text
}

// === impl Notes ===

impl Notes {
    fn new(streams: bool) -> Notes {
        Notes { streams, span_began_at: clock::mono(), said: 0, more: 0 }
    }

    fn take(&mut self, note: Note) {
        if !self.streams {
            return;
        }
        match note {
            Note::Waiting(why) if why.is_empty() => hold::say("unblink: waiting for the daemon"),
            Note::Waiting(why) => hold::say(&format!("unblink: waiting for the daemon: {why}")),
            Note::Back => hold::say("unblink: the daemon takes samples again"),
            Note::Rejected { line, why } => self.rejected(line, &why, clock::mono()),
        }
    }

    fn rejected(&mut self, line: u64, why: &str, now: Mono) {
        if now.since(self.span_began_at) >= SAID_SPAN {
            (self.span_began_at, self.said) = (now, 0);
        }
        if self.said == SAID_MAX {
            self.more += 1;
            return;
        }
        self.said += 1;
        match std::mem::take(&mut self.more) {
            0 => hold::say(&format!("unblink: line {line} rejected: {why}")),
            more => hold::say(&format!("unblink: {more} more rejected, and line {line}: {why}")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_summary_counts_all_and_names_the_first() {
        let report = Report { accepted: 12, ..Report::default() };
        assert_eq!(summary(&report), "12 accepted");
        let faults = vec![(3, "no number".to_owned())];
        let one = Report { rejected: 1, faults, ..report.clone() };
        assert_eq!(summary(&one), "12 accepted, 1 rejected: line 3: no number");
        let faults = (1..=100).map(|line| (line, "no".to_owned())).collect();
        let text = summary(&Report { rejected: 500, unanswered: 7, again: 2, faults, ..report });
        assert!(text.starts_with("12 accepted, 7 not answered for, 2 sent again after a worker ended with them, 500"));
        assert!(text.ends_with("\n  line 10: no\n  and 490 more"), "{text}");
    }
}
