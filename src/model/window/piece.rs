//! What functions over a span of time are computed from: points and buckets alike.

use super::{Window, grown, rate};
use crate::base::Wall;
use crate::model::series::{Kind, Point};

/// One point, or the points of a bucket. Values of a counter are its rates.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Piece {
    /// When it ends.
    pub at: Wall,
    pub low: f64,
    pub high: f64,
    pub last: f64,
    /// Of a gauge the sum of its values, of a counter its growth, resets counted.
    pub sum: f64,
    /// Of a gauge how many they are, of a counter the seconds it took to grow.
    pub weight: f64,
    /// Whether it is one point alone.
    pub is_point: bool,
}

// === impl Window ===

impl Window {
    /// Pieces that end in the span, and one before them, oldest first.
    pub fn pieces(&self, from: Wall, to: Wall) -> Vec<Piece> {
        let mut pieces = Vec::new();
        if !self.is_plain_since(from) {
            pieces.extend(self.past.pieces(from, to));
        }
        let start = self.points.partition_point(|point| point.at < from).saturating_sub(1);
        let mut before = self.before(start);
        // What a reset left on its way into the past comes with the first point that is still here.
        let mut owed = if start == 0 { self.owed } else { (0.0, 0.0) };
        for point in self.points.range(start..).take_while(|point| point.at <= to) {
            if let Some(mut piece) = self.piece(before, *point) {
                let (growth, seconds) = std::mem::take(&mut owed);
                (piece.sum, piece.weight) = (piece.sum + growth, piece.weight + seconds);
                pieces.push(piece);
            }
            before = Some(*point);
        }
        pieces
    }

    /// None for the first point of a counter, of which nobody knows what it grew from.
    fn piece(&self, before: Option<Point>, point: Point) -> Option<Piece> {
        let (value, (sum, weight)) = match self.kind {
            Kind::Gauge => (point.value, (point.value, 1.0)),
            Kind::Counter => {
                let before = before?;
                let (growth, seconds) = grown(before, point);
                (rate(before, point).unwrap_or(growth / seconds), (growth, seconds))
            }
        };
        Some(Piece { at: point.at, low: value, high: value, last: value, sum, weight, is_point: true })
    }
}
