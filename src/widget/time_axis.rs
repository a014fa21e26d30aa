//! The axis of time: a span cut into bins that never move, and the labels under it.
//!
//! Invariant: bins lie on a fixed grid of absolute time, so a point stays in its bin while the window slides over it;
//! the picture moves by whole bins and never shimmers. Labels are true at their own place, also across a change of the
//! clocks.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::Tick;
use crate::base::{Wall, limits};
use crate::label::Label;

#[cfg(test)]
mod tests;

/// A span of time in bins; the newest bin holds the right edge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimeScale {
    range_ms: i64,
    bins: i64,
    /// Number of the newest bin on the grid of all time.
    last: i64,
    /// Where the first bin starts, in milliseconds times bins.
    start: i64,
}

/// Finds the bins of moments that follow each other: of most it is the bin of the one before, or the next.
#[derive(Clone, Copy, Debug)]
pub struct Walk {
    scale: TimeScale,
    bin: i64,
    /// Where the bin starts, as in `TimeScale::start`.
    start: i64,
}

/// The last moment of the year 9999, to which calendars reach.
const WALL_MS_MAX: i64 = 253_402_207_200_000;

/// Two dots for each column of the widest terminal.
const BINS_MAX: u16 = 2 * limits::COLS_MAX;
// Times of all calendars can be counted in bins.
const _: () = assert!(WALL_MS_MAX < i64::MAX / (4 * BINS_MAX as i64));

const MINUTE: i64 = 60;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

/// Distances between labels, in seconds.
const STEPS_S: [i64; 21] = [
    1,
    2,
    5,
    10,
    15,
    30,
    MINUTE,
    2 * MINUTE,
    5 * MINUTE,
    10 * MINUTE,
    15 * MINUTE,
    30 * MINUTE,
    HOUR,
    2 * HOUR,
    3 * HOUR,
    6 * HOUR,
    12 * HOUR,
    DAY,
    7 * DAY,
    30 * DAY,
    90 * DAY,
];

const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

// === impl TimeScale ===

impl TimeScale {
    /// A span of `range_ms` that ends at `edge`, in at most `bins` bins.
    pub fn new(edge: Wall, range_ms: u64, bins: u16) -> TimeScale {
        let range_ms = i64::try_from(range_ms).unwrap_or(i64::MAX).clamp(1, WALL_MS_MAX);
        // A bin is at least a millisecond wide: time is not finer than that here.
        let bins = i64::from(bins.clamp(1, BINS_MAX)).min(range_ms);
        let mut scale = TimeScale { range_ms, bins, last: 0, start: 0 };
        scale.last = scale.absolute(edge);
        scale.start = (scale.last - bins + 1) * range_ms;
        scale
    }

    /// How many bins there are; at least one.
    pub fn bins(&self) -> usize {
        self.bins as usize
    }

    /// The bin a moment falls into, counted from the left; none outside the span.
    #[inline]
    pub fn bin(&self, at: Wall) -> Option<usize> {
        // Counted from the start of the span: an unsigned division of small numbers is the fast one.
        let scaled = at.0.clamp(-WALL_MS_MAX, WALL_MS_MAX) * self.bins - self.start;
        let bin = u64::try_from(scaled).ok()? / self.range_ms as u64;
        (bin < self.bins as u64).then_some(bin as usize)
    }

    /// For moments in the order of time: finds their bins in less time than [`TimeScale::bin`].
    pub fn walk(&self) -> Walk {
        Walk { scale: *self, bin: 0, start: self.start }
    }

    /// The first millisecond of the span.
    pub fn from(&self) -> Wall {
        Wall(self.start_of(self.last - self.bins + 1))
    }

    /// The last millisecond of the span: the end of the bin the edge falls into.
    pub fn to(&self) -> Wall {
        Wall(self.start_of(self.last + 1) - 1)
    }

    /// When the next bin begins: then the picture moves on by one bin.
    pub fn next_at(&self) -> Wall {
        Wall(self.start_of(self.last + 1))
    }

    /// Where the middle of a bin lies, from 0 to 1.
    #[inline]
    pub fn middle(&self, bin: usize) -> f32 {
        // Both are far below what 32 bits hold, and those become a fraction faster.
        (bin as i32 as f32 + 0.5) / self.bins as i32 as f32
    }

    /// Labels for round moments of the span in a viewer's time zone, as many as find room on so many columns.
    pub fn ticks(&self, zone: &TimeZone, columns: u16) -> Vec<Tick> {
        let (from, to) = (self.from().0, self.to().0);
        let span_s = (to - from) / 1_000 + 1;
        let labels_max = |step: i64| i64::from(columns) / label_pitch(step);
        let Some(step) = STEPS_S.into_iter().find(|step| span_s / step <= labels_max(*step)) else {
            return Vec::new();
        };
        let (from_s, to_s) = (from.div_euclid(1_000), to.div_euclid(1_000));
        let moments = round_moments(zone, from_s, to_s, step);
        let tick = |at_s: i64| {
            let bin = self.bin(Wall(at_s.saturating_mul(1_000)))?;
            Some(Tick { at: self.middle(bin), label: moment(zone, at_s, step) })
        };
        moments.into_iter().filter_map(tick).take(labels_max(step) as usize).collect()
    }

    fn absolute(&self, at: Wall) -> i64 {
        (at.0.clamp(-WALL_MS_MAX, WALL_MS_MAX) * self.bins).div_euclid(self.range_ms)
    }

    /// The first millisecond that falls into a bin.
    fn start_of(&self, bin: i64) -> i64 {
        (bin * self.range_ms + self.bins - 1).div_euclid(self.bins)
    }
}

// === impl Walk ===

impl Walk {
    /// As [`TimeScale::bin`].
    #[inline]
    pub fn bin(&mut self, at: Wall) -> Option<usize> {
        let Walk { scale: TimeScale { range_ms, bins, .. }, bin, start } = *self;
        // What lies before the bin is far behind it without a sign: each bound is one comparison.
        let within = (at.0.clamp(-WALL_MS_MAX, WALL_MS_MAX) * bins - start) as u64;
        if within < range_ms as u64 {
            return Some(bin as usize);
        }
        if within.wrapping_sub(range_ms as u64) < range_ms as u64 && bin + 1 < bins {
            (self.bin, self.start) = (bin + 1, start + range_ms);
            return Some(bin as usize + 1);
        }
        let found = self.scale.bin(at)?;
        self.bin = found as i64;
        self.start = self.scale.start + self.bin * range_ms;
        Some(found)
    }
}

/// The time zone of a name; UTC for a name nobody knows.
pub fn zone(name: &str) -> TimeZone {
    if name == "UTC" { TimeZone::UTC } else { TimeZone::get(name).unwrap_or(TimeZone::UTC) }
}

/// `14:05:09` in a time zone.
pub fn clock(zone: &TimeZone, at: Wall) -> Label {
    let at_s = at.0.clamp(-WALL_MS_MAX, WALL_MS_MAX).div_euclid(1_000);
    Label::plain(&time_of_day(zone, at_s, true))
}

/// `Nov 24` in a time zone.
pub fn day(zone: &TimeZone, at: Wall) -> Label {
    let at_ms = at.0.clamp(-WALL_MS_MAX, WALL_MS_MAX);
    date(at_ms.div_euclid(1_000) + offset_s(zone, at_ms))
}

/// Columns a label takes with its mark and the space after it.
fn label_pitch(step: i64) -> i64 {
    if step < MINUTE { 12 } else { 9 }
}

/// Moments of a span that are round in the viewer's time: a six-hour label stands at 06:00 there, not in Greenwich. A
/// local time that a change of the clocks leaves out is left out; of one that comes twice the hourly labels show both.
fn round_moments(zone: &TimeZone, from_s: i64, to_s: i64, step: i64) -> Vec<i64> {
    let (from_offset, to_offset) = (offset_s(zone, from_s * 1_000), offset_s(zone, to_s * 1_000));
    // Clocks change by whole multiples of the shorter steps.
    if step < HOUR {
        let first = (from_s + to_offset).div_euclid(step) * step - to_offset;
        return (first..=to_s).step_by(step as usize).collect();
    }
    let (first, last) = (from_s + from_offset.min(to_offset), to_s + from_offset.max(to_offset));
    let mut moments = Vec::new();
    for local in (first.div_euclid(step) * step..=last).step_by(step as usize) {
        // The offsets on either side of a change; the larger one is the earlier moment.
        let [one, other] = [local - DAY, local + DAY].map(|near| offset_s(zone, near * 1_000));
        let both = [local - one.max(other), local - one.min(other)];
        let mut valid = both.into_iter().filter(|at| at + offset_s(zone, at * 1_000) == local);
        let earlier = valid.next();
        let later = valid.next().filter(|later| step == HOUR && earlier != Some(*later));
        moments.extend(earlier.into_iter().chain(later));
    }
    moments.sort_unstable();
    moments
}

fn offset_s(zone: &TimeZone, at_ms: i64) -> i64 {
    let at = Timestamp::from_millisecond(at_ms.clamp(-WALL_MS_MAX, WALL_MS_MAX)).unwrap_or(Timestamp::UNIX_EPOCH);
    i64::from(zone.to_offset(at).seconds())
}

/// How a moment is written when labels lie `step` seconds apart.
fn moment(zone: &TimeZone, at_s: i64, step: i64) -> Label {
    let local_s = at_s + offset_s(zone, at_s * 1_000);
    let midnight = local_s.rem_euclid(DAY) == 0;
    if step < MINUTE || (step < DAY && !midnight) {
        return Label::plain(&time_of_day(zone, at_s, step < MINUTE));
    }
    date(local_s)
}

/// The day of a moment that is counted in seconds of its place's own clocks.
fn date(local_s: i64) -> Label {
    let date = Timestamp::from_second(local_s).unwrap_or(Timestamp::UNIX_EPOCH).to_zoned(TimeZone::UTC).date();
    let month = MONTHS[usize::try_from(date.month() - 1).unwrap_or(0)];
    let day = date.day();
    Label::plain(&format!("{month} {day}"))
}

fn time_of_day(zone: &TimeZone, at_s: i64, seconds: bool) -> String {
    let local_s = (at_s + offset_s(zone, at_s * 1_000)).rem_euclid(DAY);
    // The last colon goes again.
    let mut out = String::with_capacity("00:00:00:".len());
    let mut two = |value: i64| {
        out.push(char::from(b'0' + (value / 10) as u8));
        out.push(char::from(b'0' + (value % 10) as u8));
        out.push(':');
    };
    two(local_s / HOUR);
    two(local_s / MINUTE % 60);
    if seconds {
        two(local_s % MINUTE);
    }
    out.pop();
    out
}
