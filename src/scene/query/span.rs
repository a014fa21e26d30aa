//! Functions of one series over a span of time.
//!
//! Invariant: a value is that of a moment at which the series has a point, of what lies in the span before it; nothing
//! changes while no point comes.

use std::time::Duration;

use super::rank::Ranks;
use crate::base::Wall;
use crate::model::series::{Kind, Point};
use crate::model::window::{Piece, Window, grown};

/// What a value is made of.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Function {
    /// The newest value; of a counter its rate between its two newest points.
    #[default]
    Last,
    /// Growth a second, resets counted.
    Rate,
    /// Growth, resets counted.
    Increase,
    /// The newest value less the oldest.
    Delta,
    Avg,
    Min,
    Max,
    Sum,
    /// How many points there are.
    Count,
    /// Of the values of single points: what is kept in buckets only has no quantiles.
    Quantile(f64),
}

/// A function and the span it looks at.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Over {
    pub function: Function,
    pub span: Duration,
}

/// What a run of pieces comes to; joins in any grouping, without ever taking anything away.
#[derive(Clone, Copy, Debug, Default)]
struct Whole {
    first: f64,
    last: f64,
    low: f64,
    high: f64,
    sum: f64,
    weight: f64,
    growth: f64,
    seconds: f64,
    pieces: u32,
}

/// Sums of a window that slides over a list (two stacks: what was there is kept as the sums of its ends).
#[derive(Debug, Default)]
struct Sliding {
    /// Sums from each place to the end of the older part, the oldest last.
    older: Vec<Whole>,
    newer: Whole,
    /// Where the newer part begins.
    middle: usize,
    start: usize,
}

// === impl Function ===

impl Function {
    pub const ALL: [(&'static str, Function); 14] = [
        ("last", Function::Last),
        ("rate", Function::Rate),
        ("increase", Function::Increase),
        ("delta", Function::Delta),
        ("avg", Function::Avg),
        ("min", Function::Min),
        ("max", Function::Max),
        ("sum", Function::Sum),
        ("count", Function::Count),
        ("p50", Function::Quantile(0.5)),
        ("p90", Function::Quantile(0.9)),
        ("p95", Function::Quantile(0.95)),
        ("p99", Function::Quantile(0.99)),
        ("p999", Function::Quantile(0.999)),
    ];

    fn of(self, whole: &Whole, kind: Kind) -> Option<f64> {
        let value = match self {
            Function::Last | Function::Quantile(_) => whole.last,
            Function::Rate if whole.seconds > 0.0 => whole.growth / whole.seconds,
            Function::Rate => return None,
            Function::Increase => whole.growth,
            Function::Delta => whole.last - whole.first,
            Function::Avg => whole.sum / whole.weight,
            Function::Min => whole.low,
            Function::Max => whole.high,
            Function::Sum => whole.sum,
            // Of a counter the weight is time.
            Function::Count if kind == Kind::Counter => f64::from(whole.pieces),
            Function::Count => whole.weight,
        };
        value.is_finite().then_some(value)
    }
}

// === impl Over ===

impl Over {
    /// Where nothing is said.
    pub const SPAN_DEFAULT: Duration = Duration::from_secs(60);
    pub const SPAN_MIN: Duration = Duration::from_millis(100);
    /// Nothing older is kept.
    pub const SPAN_MAX: Duration = Duration::from_secs(31 * 24 * 3600);

    /// Values from one before the span up to `to`, oldest first.
    pub fn values(self, window: &Window, from: Wall, to: Wall) -> Vec<(Wall, f64)> {
        let pieces = window.pieces(from - self.span, to);
        let first = pieces.partition_point(|piece| piece.at < from).saturating_sub(1);
        match self.function {
            Function::Quantile(share) => self.quantiles(&pieces, first, share),
            function => self.sums(&pieces, first, window.kind, function),
        }
    }

    /// The value by `at`, and when it was reached.
    pub fn value(self, window: &Window, at: Wall) -> Option<(Wall, f64)> {
        let reached = window.time_at(at)?;
        self.values(window, reached, at).last().copied()
    }

    fn sums(self, pieces: &[Piece], first: usize, kind: Kind, function: Function) -> Vec<(Wall, f64)> {
        let wholes: Vec<Whole> = pieces
            .iter()
            .enumerate()
            .map(|(index, piece)| Whole::of(piece, index.checked_sub(1).map(|before| &pieces[before]), kind))
            .collect();
        let mut sliding = Sliding::default();
        let mut values = Vec::with_capacity(pieces.len() - first.min(pieces.len()));
        for (index, piece) in pieces.iter().enumerate() {
            sliding.take(wholes[index]);
            while pieces[sliding.start].at <= piece.at - self.span && sliding.start < index {
                sliding.drop(&wholes, index);
            }
            if index >= first {
                values.extend(function.of(&sliding.whole(), kind).map(|value| (piece.at, value)));
            }
        }
        values
    }

    fn quantiles(self, pieces: &[Piece], first: usize, share: f64) -> Vec<(Wall, f64)> {
        let points = |piece: &&Piece| piece.is_point;
        let mut ranks = Ranks::of(pieces.iter().filter(points).map(|piece| piece.last));
        let mut start = 0;
        let mut values = Vec::new();
        for (index, piece) in pieces.iter().enumerate() {
            if piece.is_point {
                ranks.take(piece.last);
            }
            while pieces[start].at <= piece.at - self.span && start < index {
                if pieces[start].is_point {
                    ranks.drop(pieces[start].last);
                }
                start += 1;
            }
            // A bucket in the span would be missed among its values.
            if index >= first && pieces[start].is_point {
                values.extend(ranks.quantile(share).map(|value| (piece.at, value)));
            }
        }
        values
    }
}

// === impl Whole ===

impl Whole {
    fn of(piece: &Piece, before: Option<&Piece>, kind: Kind) -> Whole {
        let (growth, seconds) = match (kind, before) {
            (Kind::Counter, _) => (piece.sum, piece.weight),
            // One that is asked how it grows is a counter, whatever it was told as.
            (Kind::Gauge, Some(before)) => grown(before.point(), piece.point()),
            (Kind::Gauge, None) => (0.0, 0.0),
        };
        let Piece { low, high, last, sum, weight, .. } = *piece;
        Whole { first: last, last, low, high, sum, weight, growth, seconds, pieces: 1 }
    }

    fn and(self, next: Whole) -> Whole {
        if self.pieces == 0 || next.pieces == 0 {
            return if self.pieces == 0 { next } else { self };
        }
        Whole {
            first: self.first,
            last: next.last,
            low: self.low.min(next.low),
            high: self.high.max(next.high),
            sum: self.sum + next.sum,
            weight: self.weight + next.weight,
            growth: self.growth + next.growth,
            seconds: self.seconds + next.seconds,
            pieces: self.pieces + next.pieces,
        }
    }
}

// === impl Piece ===

impl Piece {
    fn point(&self) -> Point {
        Point { at: self.at, value: self.last }
    }
}

// === impl Sliding ===

impl Sliding {
    fn take(&mut self, whole: Whole) {
        self.newer = self.newer.and(whole);
    }

    /// Drops the oldest; `end` is the place of the newest.
    fn drop(&mut self, wholes: &[Whole], end: usize) {
        if self.older.is_empty() {
            let mut sum = Whole::default();
            for whole in wholes[self.middle..=end].iter().rev() {
                sum = whole.and(sum);
                self.older.push(sum);
            }
            (self.middle, self.newer) = (end + 1, Whole::default());
        }
        self.older.pop();
        self.start += 1;
    }

    fn whole(&self) -> Whole {
        self.older.last().copied().unwrap_or_default().and(self.newer)
    }
}

#[cfg(test)]
mod tests;
