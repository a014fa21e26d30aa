//! Root's own words on a screen: the row over a view that cannot be live, and the empty picture under it where there
//! never was a frame.
//!
//! Invariant: only `Label`s reach the bytes, in the encoder's closed grammar.

use bytes::Bytes;

use crate::base::Mono;
use crate::encode::{self, Encoder, Encoding};
use crate::frame::{Grid, Style};
use crate::label::Label;
use crate::machine::heartbeat::Excuse;
use crate::machine::reconnect::age;
use crate::model::{GlyphSet, ViewSpec};
use crate::wire::attach;

/// Why a view is not live.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Why {
    /// The first worker is on its way.
    Starting,
    Died,
    /// The last one did, of this.
    OutOfMemory(String),
    /// It runs and cannot answer.
    Silent(Excuse),
    /// It runs, but takes none of the configurations there are; the first complaint.
    Refused(String),
}

const STYLE: Style = Style::new().reverse().bold();

/// The banner of a view as a whole attach message. The age moves once a second.
pub fn message(spec: &ViewSpec, why: &Why, last_frame_at: Option<Mono>, now: Mono) -> Bytes {
    let reason = reason(why);
    let dot = if spec.glyphs == GlyphSet::Ascii { " - " } else { " · " };
    let frame = match last_frame_at {
        Some(then) => format!("last frame {} old", age(now, then)),
        None => "no frame yet".to_owned(),
    };
    let text = Label::plain(&format!(" {reason}{dot}{frame}"));
    attach::frame(&encode::banner(spec.size, encoding(spec), &text, STYLE))
}

fn reason(why: &Why) -> String {
    match why {
        Why::Starting => "worker starting".to_owned(),
        Why::Died => "worker died, restarting".to_owned(),
        Why::OutOfMemory(words) => format!("worker {words}, restarting"),
        Why::Silent(excuse) => format!("worker {}", excuse.words()),
        Why::Refused(complaint) => complaint.clone(),
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
        let why = Why::OutOfMemory(Shortage::Limit(Some(2 << 30)).words());
        assert_eq!(reason(&why), "worker ran out of memory: over its limit of 2.0 GiB, restarting");
    }
}
