//! The past of a series: points that came together in buckets, the older the wider.
//!
//! A bucket keeps the first, the lowest, the highest and the last of its values with their times, so that a line drawn
//! through them looks like the line through all of them (M4: Jugel, Jerzak, Hackenbroich, Markl, "M4: A
//! Visualization-Oriented Time Series Data Aggregation", VLDB 2014).
//!
//! Invariant: each tier is older than the one before it; buckets of a tier follow each other in time and never overlap.

use std::collections::VecDeque;

use super::piece::Piece;
use super::{Point, push_within};
use crate::base::Wall;
use crate::base::packed::{self, Packed};

/// Widths of the tiers' buckets, in milliseconds; each divides the next. With all the buckets there may be and a point a
/// second they reach back four hours, two days and a month.
const STEPS_MS: [i64; 3] = [10_000, 120_000, 1_800_000];
pub const TIERS: usize = STEPS_MS.len();
/// A pause of this part of a step ends a bucket: what is in one follows closely.
const PAUSE_PARTS: i64 = 2;

/// Points of a short span together. Values of a counter are its rates.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bucket {
    /// Times of the first and the last of them.
    pub from: Wall,
    pub to: Wall,
    /// Milliseconds after `from`.
    low_ms: u32,
    high_ms: u32,
    first: f64,
    low: f64,
    high: f64,
    last: f64,
    /// Of a gauge the sum of its values, of a counter its growth, resets counted.
    sum: f64,
    /// Of a gauge how many they are, of a counter the seconds it took to grow.
    weight: f64,
}

/// All of it, the finest and newest tier first.
#[derive(Clone, Debug, Default)]
pub struct Past {
    tiers: [VecDeque<Bucket>; TIERS],
}

// === impl Bucket ===

impl Bucket {
    /// One point alone.
    pub fn of(point: Point, value: f64, (sum, weight): (f64, f64)) -> Bucket {
        let (from, to) = (point.at, point.at);
        Bucket { from, to, low_ms: 0, high_ms: 0, first: value, low: value, high: value, last: value, sum, weight }
    }

    /// Whether `next`, which follows, still belongs to it.
    fn is_joined_by(&self, next: &Bucket, step_ms: i64) -> bool {
        let slot = |at: Wall| at.0.div_euclid(step_ms);
        slot(self.from) == slot(next.to) && next.from.0.saturating_sub(self.to.0) <= step_ms / PAUSE_PARTS
    }

    fn join(&mut self, next: &Bucket) {
        // Within one slot this is far below what the type holds.
        let apart_ms = u32::try_from(next.from.0 - self.from.0).unwrap_or(u32::MAX);
        if next.low < self.low {
            (self.low, self.low_ms) = (next.low, apart_ms.saturating_add(next.low_ms));
        }
        if next.high > self.high {
            (self.high, self.high_ms) = (next.high, apart_ms.saturating_add(next.high_ms));
        }
        (self.to, self.last) = (next.to, next.last);
        self.sum = (self.sum + next.sum).clamp(f64::MIN, f64::MAX);
        self.weight += next.weight;
    }

    /// Its outstanding values in the order of their times, each once.
    fn values(&self) -> impl Iterator<Item = (Wall, f64)> {
        let at = |ms: u32| Wall(self.from.0.saturating_add(i64::from(ms)));
        let (low, high) = ((at(self.low_ms), self.low), (at(self.high_ms), self.high));
        let (early, late) = if low.0 <= high.0 { (low, high) } else { (high, low) };
        let mut told: Option<Wall> = None;
        [(self.from, self.first), early, late, (self.to, self.last)]
            .into_iter()
            .filter(move |(at, _)| told.replace(*at) != Some(*at))
    }

    /// Whether it can be one: what is read from elsewhere is not believed.
    pub fn is_sound(&self) -> bool {
        let span_ms = self.to.0.checked_sub(self.from.0).and_then(|span| u32::try_from(span).ok());
        span_ms.is_some_and(|span| self.low_ms <= span && self.high_ms <= span)
            && [self.first, self.low, self.high, self.last, self.sum, self.weight].iter().all(|value| value.is_finite())
            && self.low <= self.first.min(self.last)
            && self.high >= self.first.max(self.last)
    }

    fn piece(&self) -> Piece {
        Piece {
            at: self.to,
            low: self.low,
            high: self.high,
            last: self.last,
            sum: self.sum,
            weight: self.weight,
            is_point: self.from == self.to,
        }
    }
}

impl Packed for Bucket {
    const BYTES: usize = 72;

    fn put(&self, out: &mut Vec<u8>) {
        let Bucket { from, to, low_ms, high_ms, first, low, high, last, sum, weight } = self;
        [from, to].into_iter().for_each(|at| out.extend_from_slice(&at.0.to_le_bytes()));
        [low_ms, high_ms].into_iter().for_each(|ms| out.extend_from_slice(&ms.to_le_bytes()));
        [first, low, high, last, sum, weight].into_iter().for_each(|value| out.extend_from_slice(&value.to_le_bytes()));
    }

    #[inline]
    fn take(bytes: &mut packed::Bytes<'_>) -> Bucket {
        let [from, to] = std::array::from_fn(|_| Wall(bytes.i64()));
        let [low_ms, high_ms] = std::array::from_fn(|_| bytes.u32());
        let [first, low, high, last, sum, weight] = std::array::from_fn(|_| bytes.f64());
        Bucket { from, to, low_ms, high_ms, first, low, high, last, sum, weight }
    }
}

// === impl Past ===

impl Past {
    pub fn is_empty(&self) -> bool {
        self.tiers.iter().all(VecDeque::is_empty)
    }

    pub fn bytes(&self) -> usize {
        self.tiers.iter().map(|tier| tier.capacity() * size_of::<Bucket>()).sum()
    }

    pub fn oldest(&self) -> Option<&Bucket> {
        self.tiers.iter().rev().find_map(VecDeque::front)
    }

    pub fn newest(&self) -> Option<&Bucket> {
        self.tiers.iter().find_map(VecDeque::back)
    }

    /// The tiers, the finest first.
    pub fn tiers(&self) -> [Vec<Bucket>; TIERS] {
        std::array::from_fn(|tier| self.tiers[tier].iter().copied().collect())
    }

    /// The same back; none where they do not follow each other.
    pub fn of(tiers: [Vec<Bucket>; TIERS]) -> Option<Past> {
        let all = || tiers.iter().rev().flatten();
        let follow = all().is_sorted_by(|earlier, later| earlier.to < later.from);
        (follow && all().all(Bucket::is_sound)).then(|| Past { tiers: tiers.map(VecDeque::from) })
    }

    /// Takes what follows all it has; of each tier that is full the oldest falls into the next, and of the last away.
    pub fn take(&mut self, bucket: Bucket, buckets_max: usize) {
        self.fall(0, bucket, buckets_max);
    }

    pub fn trim(&mut self, buckets_max: usize) {
        for index in 0..TIERS {
            while self.tiers[index].len() > buckets_max.max(1) {
                let Some(oldest) = self.tiers[index].pop_front() else { break };
                self.fall(index + 1, oldest, buckets_max);
            }
            self.tiers[index].shrink_to(buckets_max);
        }
    }

    fn fall(&mut self, into: usize, bucket: Bucket, buckets_max: usize) {
        let mut falling = Some(bucket);
        for (tier, step_ms) in self.tiers.iter_mut().zip(STEPS_MS).skip(into) {
            let Some(bucket) = falling.take() else { return };
            match tier.back_mut() {
                Some(newest) if newest.is_joined_by(&bucket, step_ms) => newest.join(&bucket),
                _ => {
                    if tier.len() >= buckets_max.max(1) {
                        falling = tier.pop_front();
                    }
                    push_within(tier, bucket, buckets_max.max(1));
                }
            }
        }
    }

    /// The width of the widest bucket that reaches beyond `from`.
    pub fn step_ms(&self, from: Wall) -> u64 {
        let reaches = |tier: &VecDeque<Bucket>| tier.back().is_some_and(|newest| newest.to >= from);
        let widest =
            self.tiers.iter().zip(STEPS_MS).filter(|(tier, _)| reaches(tier)).map(|(_, step_ms)| step_ms).max();
        widest.unwrap_or(0).unsigned_abs()
    }

    /// Drops what came after `at`, with the bucket it lies in.
    pub fn forget_after(&mut self, at: Wall) {
        for tier in &mut self.tiers {
            tier.truncate(tier.partition_point(|bucket| bucket.to <= at));
        }
    }

    /// The newest value that is known by `at`.
    pub fn at(&self, at: Wall) -> Option<(Wall, f64)> {
        self.tiers.iter().find_map(|tier| {
            let end = tier.partition_point(|bucket| bucket.from <= at);
            tier.get(end.checked_sub(1)?)?.values().take_while(|(then, _)| *then <= at).last()
        })
    }

    /// As `Window::each_value`.
    pub fn each_value(&self, from: Wall, to: Wall, on: &mut impl FnMut(Wall, f64, bool)) {
        for bucket in self.between(from, to) {
            let mut inside = false;
            for (at, value) in bucket.values().take_while(|(at, _)| *at <= to) {
                on(at, value, std::mem::replace(&mut inside, true));
            }
        }
    }

    pub fn pieces(&self, from: Wall, to: Wall) -> impl Iterator<Item = Piece> + '_ {
        self.between(from, to).filter(move |bucket| bucket.to <= to).map(Bucket::piece)
    }

    /// Buckets that reach into the span, and the one before them.
    fn between(&self, from: Wall, to: Wall) -> impl Iterator<Item = &Bucket> + '_ {
        self.tiers.iter().rev().flat_map(move |tier| {
            let start = tier.partition_point(|bucket| bucket.to < from).saturating_sub(1);
            let end = tier.partition_point(|bucket| bucket.from <= to).max(start);
            tier.range(start..end)
        })
    }
}
