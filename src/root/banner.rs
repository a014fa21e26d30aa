//! Root's own words on a screen: the row over a view that cannot be live, and the empty picture under it where there
//! never was a frame.
//!
//! Invariant: only `Label`s reach the bytes, in the encoder's closed grammar.

use std::time::Duration;

use bytes::Bytes;

use crate::base::Mono;
use crate::encode::{self, Encoder, Encoding};
use crate::frame::{Grid, Style};
use crate::label::Label;
use crate::machine::heartbeat::Excuse;
use crate::machine::reconnect::age;
use crate::model::{GlyphSet, Unit, ViewSpec};
use crate::wire::attach;

/// Why a view is not live.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Why {
    /// The first worker is on its way.
    Starting,
    /// The last one died; when the next one is started, where that is not at once.
    Died(Option<Mono>),
    /// The same, and of this.
    OutOfMemory(String, Option<Mono>),
    /// It runs and cannot answer.
    Silent(Excuse),
    /// It runs, but takes none of the configurations there are; the first complaint.
    Refused(String),
}

const STYLE: Style = Style::new().reverse().bold();

/// The banner of a view as a whole attach message. The age moves once a second.
pub fn message(spec: &ViewSpec, why: &Why, last_frame_at: Option<Mono>, now: Mono) -> Bytes {
    let reason = reason(why, now);
    let dot = if spec.glyphs == GlyphSet::Ascii { " - " } else { " · " };
    let frame = match last_frame_at {
        Some(then) => format!("last frame {} old", age(now, then)),
        None => "no frame yet".to_owned(),
    };
    let text = Label::plain(&format!(" {reason}{dot}{frame}"));
    attach::frame(&encode::banner(spec.size, encoding(spec), &text, STYLE))
}

fn reason(why: &Why, now: Mono) -> String {
    match why {
        Why::Starting => "worker starting".to_owned(),
        Why::Died(next_try_at) => format!("worker died, {}", next_try(*next_try_at, now)),
        Why::OutOfMemory(words, next_try_at) => format!("worker {words}, {}", next_try(*next_try_at, now)),
        Why::Silent(excuse) => format!("worker {}", excuse.words()),
        Why::Refused(complaint) => complaint.clone(),
    }
}

/// What is next; a pause that hardly anybody sees is none.
fn next_try(at: Option<Mono>, now: Mono) -> String {
    let wait = at.map(|at| at.since(now)).filter(|wait| *wait >= Duration::from_secs(1));
    match wait {
        Some(wait) => format!("next try in {}", Unit::Seconds.format(wait.as_millis().div_ceil(1_000) as f64)),
        None => "restarting".to_owned(),
    }
}

/// An empty picture as a whole attach message: it clears what the terminal showed before.
pub fn empty(spec: &ViewSpec) -> Bytes {
    let mut out = Vec::new();
    Encoder::new(encoding(spec)).keyframe(&Grid::new(spec.size), &mut out);
    attach::frame(&out)
}

fn encoding(spec: &ViewSpec) -> Encoding {
    Encoding { palette: spec.palette, ascii: spec.glyphs == GlyphSet::Ascii }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::machine::confinement::Shortage;

    #[test]
    fn a_worker_that_ran_out_of_memory_is_said_to_have() {
        let why = Why::OutOfMemory(Shortage::Limit(Some(2 << 30)).words(), None);
        assert_eq!(reason(&why, Mono(0)), "worker ran out of memory: over its limit of 2.0 GiB, restarting");
    }

    #[test]
    fn a_worker_that_is_started_later_is_said_to_be_and_when() {
        let said = |wait_ms: u64| reason(&Why::Died(Some(Mono((5_000 + wait_ms) * 1_000_000))), Mono(5_000_000_000));
        assert_eq!(
            [999, 1_000, 29_001].map(said),
            ["restarting", "next try in 1 s", "next try in 30 s"].map(|next| format!("worker died, {next}"))
        );
        assert_eq!(reason(&Why::Died(Some(Mono(1))), Mono(5_000_000_000)), "worker died, restarting", "it is time");
    }
}
