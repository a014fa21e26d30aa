//! Which tick a frame showed, found out after the run from what one viewer was sent.
//!
//! Invariant: a marker is read off a terminal's screen, as a person would read it; frames of other viewers are known by
//! their bytes.

use std::num::NonZero;

use rustc_hash::FxHashMap;
use unblink::base::Mono;

use super::board::{CHART_ROWS, COLS, ROWS};
use super::drain::{self, Seen, Viewer};
use super::peers::Frames;
use super::samples;

/// What stands before the marker, where there is a name for it.
const NAME: &str = "marker";

/// Which tick is on the screen after a frame, by the bytes of that frame.
pub struct Legend {
    known: FxHashMap<u64, Vec<Known>>,
    /// Ticks are known less a multiple of it.
    modulus: u64,
}

/// One time that a frame came.
struct Known {
    /// When that was, where it was seen.
    at: Option<Mono>,
    tick: u64,
}

/// Shows every frame in turn on a screen; what each says, in ticks less a multiple of `MARKERS`.
pub fn read(bodies: &[Vec<u8>]) -> Vec<Option<u64>> {
    let side = |cells| NonZero::new(cells).expect("a board has a size");
    let mut screen = vt100::Parser::new(side(ROWS), side(COLS), 0);
    let read = |body: &Vec<u8>| {
        screen.process(body);
        let mut rows = screen.screen().rows(0, COLS);
        let row = rows.find(|row| row.contains(NAME));
        let row = row.or_else(|| screen.screen().rows(0, COLS).nth(usize::from(CHART_ROWS)))?;
        let before = row.split('%').next()?.trim_end();
        let start = before.rfind(|letter: char| !letter.is_ascii_digit() && letter != '.');
        let start = start.map_or(0, |at| at + before[at..].chars().next().map_or(1, char::len_utf8));
        let percent: f64 = before[start..].parse().ok()?;
        samples::of_marker((percent * 10.0).round() as u64)
    };
    bodies.iter().map(read).collect()
}

// === impl Legend ===

impl Legend {
    /// Made of all that one viewer saw.
    pub fn of(viewer: &Viewer) -> Legend {
        Legend::translated(viewer, samples::MARKERS, Some)
    }

    /// The same where what is shown is a recording: `tick` knows at which place of it a marker stands.
    pub fn translated(viewer: &Viewer, modulus: u64, tick: impl Fn(u64) -> Option<u64>) -> Legend {
        let bodies = viewer.bodies.as_ref().expect("it was kept");
        let mut known: FxHashMap<u64, Vec<Known>> = FxHashMap::default();
        for (seen, shown) in viewer.seen.iter().zip(read(bodies)) {
            if let Some(tick) = shown.and_then(&tick) {
                known.entry(seen.hash).or_default().push(Known { at: Some(seen.at), tick });
            }
        }
        Legend { known, modulus }
    }

    /// Of frames that are repeated in turn, all but the first.
    pub fn repeated(frames: &Frames) -> Legend {
        let mut known: FxHashMap<u64, Vec<Known>> = FxHashMap::default();
        for (tick, frame) in frames.0.iter().skip(1).enumerate() {
            known.entry(drain::hash(frame)).or_default().push(Known { at: None, tick: tick as u64 });
        }
        Legend { known, modulus: frames.0.len() as u64 - 1 }
    }

    /// Which of the ticks up to `last` a frame showed: equal bytes may have come at several times.
    fn tick(&self, seen: &Seen, last: u64) -> Option<u64> {
        let known = self.known.get(&seen.hash)?;
        let near = |known: &&Known| known.at.map_or(0, |at| at.0.abs_diff(seen.at.0));
        let back = |tick: u64| (last + self.modulus - tick) % self.modulus;
        let nearest = known.iter().min_by_key(|known| (near(known), back(known.tick)))?;
        last.checked_sub(back(nearest.tick))
    }

    /// From the change of the data until it could be read, in milliseconds, for each of the ticks `from..to` that one
    /// viewer saw. All ticks were at `times`.
    pub fn late_ms(&self, viewer: &Viewer, times: &[Mono], from: usize, to: usize) -> Vec<f64> {
        let (mut late, mut newest) = (Vec::new(), None);
        for seen in &viewer.seen {
            let Some(last) = times.partition_point(|at| *at <= seen.at).checked_sub(1) else { continue };
            let Some(n) = self.tick(seen, last as u64).map(|n| n as usize) else { continue };
            if newest.is_some_and(|newest| n <= newest) {
                continue;
            }
            newest = Some(n);
            if (from..to).contains(&n) {
                late.push(seen.at.since(times[n]).as_secs_f64() * 1_000.0);
            }
        }
        late
    }
}
