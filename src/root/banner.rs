//! Root's own words on a screen: the row over a view that cannot be live, and the empty picture under it where there
//! never was a frame.
//!
//! Invariant: only `Label`s reach the bytes, in the encoder's closed grammar.

use std::time::Duration;

use bytes::Bytes;

use crate::base::{Mono, Trace};
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
    Died(Death),
    /// The same, and of this.
    OutOfMemory(String, Death),
    /// It runs and cannot answer.
    Silent(Excuse),
    /// It runs, but takes none of the configurations there are; the first complaint.
    Refused(String),
}

/// What is known of the end of a worker.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Death {
    /// When the next one is started, where that is not at once.
    pub next_try_at: Option<Mono>,
    /// Of the panel or source that it died of.
    pub trace: Option<Trace>,
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
    let text = Label::plain(&format!(" {reason}{dot}{frame}{}", traced(why, dot)));
    attach::frame(&encode::banner(spec.size, encoding(spec), &text, STYLE))
}

fn reason(why: &Why, now: Mono) -> String {
    match why {
        Why::Starting => "worker starting".to_owned(),
        Why::Died(death) => format!("worker died, {}", death.next(now)),
        Why::OutOfMemory(words, death) => format!("worker {words}, {}", death.next(now)),
        Why::Silent(excuse) => format!("worker {}", excuse.words()),
        Why::Refused(complaint) => complaint.clone(),
    }
}

/// What to look for in the log. Last, where a narrow terminal has no room for all.
fn traced(why: &Why, dot: &str) -> String {
    match why {
        Why::Died(Death { trace: Some(trace), .. }) | Why::OutOfMemory(_, Death { trace: Some(trace), .. }) => {
            format!("{dot}trace {trace}")
        }
        _ => String::new(),
    }
}

// === impl Death ===

impl Death {
    /// What is next; a pause that hardly anybody sees is none.
    fn next(self, now: Mono) -> String {
        let wait = self.next_try_at.map(|at| at.since(now)).filter(|wait| *wait >= Duration::from_secs(1));
        match wait {
            Some(wait) => format!("next try in {}", Unit::Seconds.format(wait.as_millis().div_ceil(1_000) as f64)),
            None => "restarting".to_owned(),
        }
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
        let why = Why::OutOfMemory(Shortage::Limit(Some(2 << 30)).words(), Death::default());
        assert_eq!(reason(&why, Mono(0)), "worker ran out of memory: over its limit of 2.0 GiB, restarting");
    }

    #[test]
    fn a_worker_that_is_started_later_is_said_to_be_and_when() {
        let at = |next_try_at| Death { next_try_at: Some(next_try_at), trace: None };
        let said = |wait_ms: u64| reason(&Why::Died(at(Mono((5_000 + wait_ms) * 1_000_000))), Mono(5_000_000_000));
        assert_eq!(
            [999, 1_000, 29_001].map(said),
            ["restarting", "next try in 1 s", "next try in 30 s"].map(|next| format!("worker died, {next}"))
        );
        assert_eq!(reason(&Why::Died(at(Mono(1))), Mono(5_000_000_000)), "worker died, restarting", "it is time");
        let of_a_panel = Death { trace: Some(Trace(0xab12)), ..at(Mono(7_000_000_000)) };
        assert_eq!(traced(&Why::Died(of_a_panel), " · "), " · trace 0000ab12");
        assert_eq!(traced(&Why::Died(at(Mono(1))), " · "), "");
    }
}
