//! What is kept of one series: its newest points one by one, and what came before them in buckets.
//!
//! Invariant: times rise strictly and values are finite; a point that makes room goes into the past, never away, until
//! the past itself is full. However much comes, a window keeps within its allowance.

mod kept;
mod past;
pub mod piece;

use std::collections::VecDeque;

use super::Unit;
use super::series::{Kind, Point, Rejected};
use crate::base::{Wall, limits};

pub use kept::{KEPT_BYTES_MAX, Kept};
pub use past::Bucket;
use past::Past;
pub use piece::Piece;

#[cfg(test)]
mod tests;

/// The newest points of one series, oldest first, and its past.
#[derive(Clone, Debug, Default)]
pub struct Window {
    pub kind: Kind,
    pub unit: Unit,
    /// Tells it from all others of its tenant, and from one of the same name before it.
    pub number: u32,
    points: VecDeque<Point>,
    past: Past,
    /// The newest point that went into the past: what the first of `points` grew from.
    left: Option<Point>,
    /// Growth of a counter, and the seconds it took, that its reset left without a bucket.
    owed: (f64, f64),
}

/// Spans between points by which the pace of a series is told.
const PACE_SPANS_MAX: usize = 8;

/// How much one window may keep.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Allowance {
    pub points: usize,
    /// In each tier of the past.
    pub buckets: usize,
}

// === impl Allowance ===

impl Allowance {
    /// All that a window is ever given.
    pub const FULL: Allowance = Allowance { points: limits::POINTS_MAX, buckets: limits::BUCKETS_MAX };
    /// What a full window takes, in bytes.
    const FULL_BYTES: usize = Allowance::FULL.bytes();

    /// An even share of a tenant's memory for each of so many series. It changes seldom: where their number doubles.
    pub fn share(series: usize) -> Allowance {
        let each = limits::STORE_BYTES_MAX / series.max(1).next_power_of_two();
        if each >= Allowance::FULL_BYTES {
            return Allowance::FULL;
        }
        let part = |whole: usize| (whole * each / Allowance::FULL_BYTES).max(1);
        Allowance { points: part(Allowance::FULL.points), buckets: part(Allowance::FULL.buckets) }
    }

    /// What a window that has all this takes.
    pub const fn bytes(self) -> usize {
        self.points * size_of::<Point>() + past::TIERS * self.buckets * size_of::<Bucket>()
    }
}

impl Default for Allowance {
    fn default() -> Allowance {
        Allowance::FULL
    }
}

// === impl Window ===

impl Window {
    pub fn new(kind: Kind, unit: Unit) -> Window {
        Window { kind, unit, ..Window::default() }
    }

    /// Takes a point; the oldest ones go into the past once there is no room for them.
    pub fn push(&mut self, point: Point, allowance: Allowance) -> Result<(), Rejected> {
        if !point.value.is_finite() {
            return Err(Rejected::NotFinite);
        }
        if self.newest_at().is_some_and(|newest| point.at <= newest) {
            return Err(Rejected::NotNewer);
        }
        while self.points.len() >= allowance.points.max(1) {
            self.let_go(allowance);
        }
        push_within(&mut self.points, point, allowance.points.max(1));
        Ok(())
    }

    /// Keeps no more than this from now on.
    pub fn trim(&mut self, allowance: Allowance) {
        while self.points.len() > allowance.points.max(1) {
            self.let_go(allowance);
        }
        self.points.shrink_to(allowance.points);
        self.past.trim(allowance.buckets);
    }

    /// Drops what came after `at`.
    pub fn forget_after(&mut self, at: Wall) {
        let kept = self.points.partition_point(|point| point.at <= at);
        self.points.truncate(kept);
        if self.left.is_some_and(|left| left.at > at) {
            (self.left, self.owed) = (None, (0.0, 0.0));
            self.past.forget_after(at);
        }
    }

    /// When the series began, as far as it is kept.
    pub fn oldest_at(&self) -> Option<Wall> {
        self.past.oldest().map(|bucket| bucket.from).or_else(|| self.points.front().map(|point| point.at))
    }

    /// When it was told of last.
    pub fn newest_at(&self) -> Option<Wall> {
        self.points.back().map(|point| point.at).or_else(|| self.past.newest().map(|bucket| bucket.to))
    }

    /// The newest point.
    pub fn last(&self) -> Option<Point> {
        self.points.back().copied()
    }

    /// Points kept one by one.
    pub fn len(&self) -> usize {
        self.points.len()
    }

    pub fn is_empty(&self) -> bool {
        self.points.is_empty() && self.past.is_empty()
    }

    /// Bytes taken by the points, and by the past.
    pub fn bytes(&self) -> (usize, usize) {
        (self.points.capacity() * size_of::<Point>(), self.past.bytes())
    }

    /// Points with `from <= at <= to`, oldest first, of those kept one by one.
    pub fn between(&self, from: Wall, to: Wall) -> impl DoubleEndedIterator<Item = Point> + '_ {
        let start = self.points.partition_point(|point| point.at < from);
        let end = self.end(to).max(start);
        self.points.range(start..end).copied()
    }

    /// One past the newest point not after `at`.
    fn end(&self, at: Wall) -> usize {
        match self.points.back() {
            // Whoever looks at the present asks for no less than all.
            Some(newest) if newest.at <= at => self.points.len(),
            _ => self.points.partition_point(|point| point.at <= at),
        }
    }

    /// The newest point not after `at`, of those kept one by one.
    pub fn at(&self, at: Wall) -> Option<Point> {
        let end = self.end(at);
        end.checked_sub(1).and_then(|index| self.points.get(index)).copied()
    }

    /// When it was told of last by `at`.
    pub fn time_at(&self, at: Wall) -> Option<Wall> {
        self.at(at).map(|point| point.at).or_else(|| self.past.at(at).map(|(then, _)| then))
    }

    /// Its value by `at`: of a counter its rate, which its first point and one after a reset have not.
    pub fn value_at(&self, at: Wall) -> Option<f64> {
        let end = self.end(at);
        let Some(index) = end.checked_sub(1) else { return self.past.at(at).map(|(_, value)| value) };
        let point = self.points[index];
        match self.kind {
            Kind::Gauge => Some(point.value),
            Kind::Counter => rate(self.before(index)?, point),
        }
    }

    /// Milliseconds between two points, the mean of the newest ones by `at`; none of fewer than two.
    pub fn pace_ms(&self, at: Wall) -> Option<u64> {
        let last = self.end(at).checked_sub(1)?;
        let first = last.saturating_sub(PACE_SPANS_MAX);
        let span_ms = self.points.get(last)?.at.0.saturating_sub(self.points.get(first)?.at.0);
        u64::try_from(span_ms).ok()?.checked_div((last - first) as u64)
    }

    /// How far apart values may be that follow each other closely, from `from` on: the widest bucket's width.
    pub fn step_ms(&self, from: Wall) -> u64 {
        if self.is_plain_since(from) { 0 } else { self.past.step_ms(from) }
    }

    /// Whether all it has to say of times from `from` on stands in points kept one by one.
    pub fn is_plain_since(&self, from: Wall) -> bool {
        self.past.is_empty() || self.points.front().is_some_and(|first| first.at < from)
    }

    /// The points of a gauge from one before the span up to `to`, where they stand one by one: as they lie in memory, in two
    /// stretches at most.
    pub fn plain(&self, from: Wall, to: Wall) -> [&[Point]; 2] {
        let start = self.points.partition_point(|point| point.at < from);
        let (start, end) = (start.saturating_sub(1), self.end(to).max(start));
        let (first, second) = self.points.as_slices();
        let middle = first.len();
        let of_second = start.max(middle) - middle..end.max(middle) - middle;
        [&first[start.min(middle)..end.min(middle)], &second[of_second]]
    }

    /// Calls `on` with every value from one before the span up to `to`, oldest first, and whether it is known that
    /// nothing is missing between it and the one before. Of a bucket these are its first, lowest, highest and last
    /// value, at their times: what a line through all its points would be drawn as.
    pub fn each_value(&self, from: Wall, to: Wall, mut on: impl FnMut(Wall, f64, bool)) {
        if !self.is_plain_since(from) {
            self.past.each_value(from, to, &mut on);
        }
        if self.kind == Kind::Gauge {
            return self.plain(from, to).into_iter().flatten().for_each(|point| on(point.at, point.value, false));
        }
        let start = self.points.partition_point(|point| point.at < from).saturating_sub(1);
        let mut before = self.before(start);
        for point in self.points.range(start..).take_while(|point| point.at <= to) {
            if let Some(rate) = before.and_then(|before| rate(before, *point)) {
                on(point.at, rate, false);
            }
            before = Some(*point);
        }
    }

    /// The point before the one at `index`, which may have left for the past.
    fn before(&self, index: usize) -> Option<Point> {
        index.checked_sub(1).map_or(self.left, |before| self.points.get(before).copied())
    }

    /// Its oldest point goes into the past.
    fn let_go(&mut self, allowance: Allowance) {
        let Some(point) = self.points.pop_front() else { return };
        let before = self.left.replace(point);
        let bucket = match self.kind {
            Kind::Gauge => Some(Bucket::of(point, point.value, (point.value, 1.0))),
            Kind::Counter => before.and_then(|before| {
                let (growth, seconds) = grown(before, point);
                let owed = (self.owed.0 + growth, self.owed.1 + seconds);
                let bucket = rate(before, point).map(|rate| Bucket::of(point, rate, owed));
                self.owed = if bucket.is_some() { (0.0, 0.0) } else { owed };
                bucket
            }),
        };
        if let Some(bucket) = bucket {
            self.past.take(bucket, allowance.buckets);
        }
    }
}

/// Growth a second between two points of a counter; none when it was reset in between.
pub fn rate(from: Point, to: Point) -> Option<f64> {
    let growth = to.value - from.value;
    let seconds = to.at.since(from.at).as_secs_f64();
    let rate = growth / seconds;
    (growth >= 0.0 && rate.is_finite()).then_some(rate)
}

/// Growth between two points of a counter and the seconds it took. One that was reset has grown from nothing to what it
/// is, as far as anybody knows.
pub fn grown(from: Point, to: Point) -> (f64, f64) {
    let growth = if to.value >= from.value { to.value - from.value } else { to.value.max(0.0) };
    (if growth.is_finite() { growth } else { 0.0 }, to.at.since(from.at).as_secs_f64())
}

/// Appends without the room for twice as many that a queue would make by itself.
fn push_within<T>(queue: &mut VecDeque<T>, item: T, max: usize) {
    /// As many at least are made room for at once.
    const FEW: usize = 8;
    if queue.len() == queue.capacity() {
        let more = (queue.len() / 2).max(FEW).min(max.saturating_sub(queue.len()).max(1));
        queue.reserve_exact(more);
    }
    queue.push_back(item);
}
