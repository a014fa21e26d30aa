//! All that a window holds, to be written down and read again by somebody else.

use serde::{Deserialize, Serialize};

use super::past::{Bucket, Past, TIERS};
use super::{Allowance, Kind, Point, Unit, Window};
use crate::base::packed::{self, Packed};
use crate::base::{Wall, limits};

/// The points and the past of one window.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Kept {
    #[serde(serialize_with = "packed::write", deserialize_with = "packed::list::<_, _, { limits::POINTS_MAX }>")]
    points: Vec<Point>,
    /// The finest first; empty where only the points were kept.
    tiers: [Tier; TIERS],
    left: Option<Point>,
    owed: (f64, f64),
}

/// Buckets of one width.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Tier(
    #[serde(serialize_with = "packed::write", deserialize_with = "packed::list::<_, _, { limits::BUCKETS_MAX }>")]
    Vec<Bucket>,
);

/// The points and buckets of the fullest window when it is written down; what else it has is some dozens of bytes.
pub const KEPT_BYTES_MAX: usize = limits::POINTS_MAX * Point::BYTES + TIERS * limits::BUCKETS_MAX * Bucket::BYTES;

impl Packed for Point {
    const BYTES: usize = 16;

    fn put(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.at.0.to_le_bytes());
        out.extend_from_slice(&self.value.to_le_bytes());
    }

    #[inline]
    fn take(bytes: &mut packed::Bytes<'_>) -> Point {
        Point { at: Wall(bytes.i64()), value: bytes.f64() }
    }
}

// === impl Window ===

impl Window {
    /// All it holds, or its points alone.
    pub fn kept(&self, with_past: bool) -> Kept {
        let tiers = if with_past { self.past.tiers().map(Tier) } else { Default::default() };
        Kept { points: self.points.iter().copied().collect(), tiers, left: self.left, owed: self.owed }
    }

    /// The same window again, within its allowance; none where this can be no window.
    pub fn restored(kind: Kind, unit: Unit, kept: Kept, allowance: Allowance) -> Option<Window> {
        let Kept { points, tiers, left, owed } = kept;
        let finite = |value: f64| value.is_finite();
        let rise = left.iter().chain(&points).is_sorted_by(|earlier, later| earlier.at < later.at);
        let are_finite =
            left.iter().chain(&points).all(|point| finite(point.value)) && finite(owed.0) && finite(owed.1);
        // After a clock was set back nobody knows what the first point grew from.
        let next = left.or(points.first().copied());
        let follows = |past: &Past| match (past.newest(), left, next) {
            (Some(newest), Some(left), _) => newest.to <= left.at,
            (Some(newest), None, Some(next)) => newest.to < next.at,
            _ => true,
        };
        let past = Past::of(tiers.map(|Tier(buckets)| buckets)).filter(follows)?;
        if !rise || !are_finite {
            return None;
        }
        let mut window = Window { points: points.into(), past, left, owed, ..Window::new(kind, unit) };
        window.trim(allowance);
        Some(window)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn window(kind: Kind) -> Window {
        let mut window = Window::new(kind, Unit::None);
        for second in 0..500 {
            let point = Point { at: Wall(second * 1_000), value: (second % 100) as f64 };
            window.push(point, Allowance { points: 60, buckets: 9 }).expect("times rise");
        }
        window
    }

    #[test]
    fn what_is_kept_comes_back_as_it_was() {
        for kind in [Kind::Gauge, Kind::Counter] {
            let window = window(kind);
            let bytes = postcard::to_stdvec(&window.kept(true)).expect("it is plain data");
            let kept = postcard::from_bytes(&bytes).expect("it was written just now");
            let again = Window::restored(kind, Unit::None, kept, Allowance::FULL).expect("it is sound");
            let all = |window: &Window| window.pieces(Wall(0), Wall(i64::MAX));
            assert_eq!(all(&again), all(&window));
            let points = Window::restored(kind, Unit::None, window.kept(false), Allowance::FULL).expect("it is sound");
            assert_eq!(points.len(), window.len());
            assert_eq!(
                points.value_at(Wall(441_000)),
                window.value_at(Wall(441_000)),
                "the first knows what it grew from"
            );
        }
    }

    #[test]
    fn what_can_be_no_window_is_refused() {
        let sound = window(Kind::Gauge).kept(true);
        let refused = |spoil: &dyn Fn(&mut Kept)| {
            let mut kept = sound.clone();
            spoil(&mut kept);
            Window::restored(Kind::Gauge, Unit::None, kept, Allowance::FULL).is_none()
        };
        assert!(!refused(&|_| {}));
        assert!(refused(&|kept| kept.points[3].value = f64::NAN));
        assert!(refused(&|kept| kept.points.swap(0, 1)));
        assert!(refused(&|kept| kept.left = Some(Point { at: Wall(5), value: 0.0 })), "a past that ends later");
        assert!(refused(&|kept| kept.tiers[0].0.swap(0, 1)));
        assert!(refused(&|kept| kept.tiers.swap(0, 1)));
        assert!(refused(&|kept| kept.owed.0 = f64::INFINITY));
    }

    #[test]
    fn a_window_whose_clock_was_set_back_into_its_past_comes_back_too() {
        let mut window = window(Kind::Counter);
        window.forget_after(Wall(300_500));
        let again =
            Window::restored(Kind::Counter, Unit::None, window.kept(true), Allowance::FULL).expect("it is sound");
        assert!(again.last().is_none() && again.newest_at().is_some(), "only its past is left: {again:?}");
        assert_eq!(again.newest_at(), window.newest_at());
        window.push(Point { at: Wall(400_000), value: 1.0 }, Allowance::FULL).expect("it follows");
        let again =
            Window::restored(Kind::Counter, Unit::None, window.kept(true), Allowance::FULL).expect("it is sound");
        assert_eq!((again.oldest_at(), again.len()), (window.oldest_at(), 1));
        let mut early = window.kept(true);
        early.points[0].at = Wall(1);
        assert!(
            Window::restored(Kind::Counter, Unit::None, early, Allowance::FULL).is_none(),
            "a point within the past"
        );
    }

    #[test]
    fn less_room_than_before_is_kept_to() {
        let less = Allowance { points: 10, buckets: 2 };
        let again =
            Window::restored(Kind::Gauge, Unit::None, window(Kind::Gauge).kept(true), less).expect("it is sound");
        assert_eq!((again.len(), again.newest_at()), (10, Some(Wall(499_000))));
    }
}
