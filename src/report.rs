//! A profile as tools and people read it: pprof's protobuf, folded stacks, callgrind, and a flame graph to click through.
//!
//! Invariant: computes only. All forms are made from the one kind of profile there is, and tell the same counts. Making
//! one may take tenths of a second: never on a thread that somebody waits for.

mod callgrind;
mod difference;
mod flamegraph;
mod pprof;

use std::fmt::Write;

use crate::model::Profile;
use crate::model::profile::Kind;

pub use difference::Gaps;
pub use flamegraph::Look;

/// A form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// What `go tool pprof` reads: gzipped protobuf.
    Pprof,
    /// SVG.
    Flamegraph,
    /// A line for each stack.
    Folded,
    /// What KCachegrind reads.
    Callgrind,
}

/// Why there is no report.
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    /// Nothing ran, or a filter left nothing.
    #[error("no sample was taken: nothing ran meanwhile, or nothing that was asked for")]
    Empty,
    /// Nothing is held, nothing grew, or a filter left nothing.
    #[error("nothing was found: no memory that was noted is held, none grew meanwhile, or none that was asked for")]
    Nothing,
    #[error("the flame graph cannot be drawn: {0}")]
    Drawing(String),
}

// === impl Format ===

impl Format {
    pub const ALL: [Format; 4] = [Format::Pprof, Format::Flamegraph, Format::Folded, Format::Callgrind];

    pub fn word(self) -> &'static str {
        match self {
            Format::Pprof => "pprof",
            Format::Flamegraph => "flamegraph",
            Format::Folded => "folded",
            Format::Callgrind => "callgrind",
        }
    }

    pub fn named(word: &str) -> Option<Format> {
        Format::ALL.into_iter().find(|format| format.word() == word)
    }

    /// As files of this form end.
    pub fn extension(self) -> &'static str {
        match self {
            Format::Pprof => "pb.gz",
            Format::Flamegraph => "svg",
            Format::Folded => "folded",
            Format::Callgrind => "callgrind",
        }
    }

    /// As HTTP calls it.
    pub fn content_type(self) -> &'static str {
        match self {
            Format::Pprof => "application/octet-stream",
            Format::Flamegraph => "image/svg+xml",
            Format::Folded | Format::Callgrind => "text/plain; charset=utf-8",
        }
    }

    /// The profile in this form. `taken_at_ms` is when it began, in milliseconds since 1970.
    pub fn report(self, profile: &Profile, look: &Look, taken_at_ms: i64) -> Result<Vec<u8>, ReportError> {
        if profile.total() == 0 {
            return Err(match profile.kind {
                Kind::Time => ReportError::Empty,
                Kind::Memory { .. } => ReportError::Nothing,
            });
        }
        match self {
            Format::Pprof => Ok(pprof::report(profile, &look.notes, taken_at_ms)),
            Format::Flamegraph => flamegraph::report(profile, look),
            Format::Folded => Ok(folded(profile).into_bytes()),
            Format::Callgrind => Ok(callgrind::report(profile).into_bytes()),
        }
    }

    /// A profile that is in the form of pprof with the notes it has, or why it is not.
    pub fn read(bytes: &[u8]) -> Result<(Profile, String), &'static str> {
        pprof::read(bytes)
    }

    /// How the profile, whose processes have those gaps, differs from an earlier one, in this form; none where the form has
    /// nothing for that.
    pub fn difference(
        self,
        profile: &Profile,
        base: &Profile,
        gaps: &Gaps,
        look: &Look,
    ) -> Option<Result<Vec<u8>, ReportError>> {
        let lines = match self {
            Format::Flamegraph | Format::Folded if profile.samples() == 0 => return Some(Err(ReportError::Empty)),
            Format::Flamegraph | Format::Folded => difference::lines(profile, base, gaps),
            Format::Pprof | Format::Callgrind => return None,
        };
        Some(if self == Format::Folded {
            Ok(lines.into_iter().flat_map(|line| [line, "\n".to_owned()]).collect::<String>().into_bytes())
        } else {
            flamegraph::drawn(&lines, look, flamegraph::unit(profile))
        })
    }
}

fn folded(profile: &Profile) -> String {
    let mut text = String::new();
    for (line, count) in profile.folded() {
        writeln!(text, "{line} {count}").expect("invariant: a text takes all");
    }
    text
}

#[cfg(test)]
mod tests;
