//! Several series as one.
//!
//! Invariant: a series counts at a moment when it was told of shortly before; what joins them does not depend on the
//! order they come in.

use super::rank::quantile;
use crate::base::Wall;

/// How values of one moment become one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Join {
    Sum,
    Avg,
    Min,
    Max,
    /// How many there are.
    Count,
    Quantile(f64),
}

/// Moments at which a join is looked at, in any span: as many as the widest plot has dots.
const CELLS_MAX: i64 = 2048;

/// Values of all series that fall into one short span.
#[derive(Clone, Debug, Default)]
struct Cell {
    /// The newest time of any of them.
    at: Option<Wall>,
    values: Vec<f64>,
}

// === impl Join ===

impl Join {
    pub const ALL: [(&'static str, Join); 9] = [
        ("sum", Join::Sum),
        ("avg", Join::Avg),
        ("min", Join::Min),
        ("max", Join::Max),
        ("count", Join::Count),
        ("p50", Join::Quantile(0.5)),
        ("p90", Join::Quantile(0.9)),
        ("p95", Join::Quantile(0.95)),
        ("p99", Join::Quantile(0.99)),
    ];

    /// None of no values, and where they come to more than a number can hold.
    pub fn of(self, values: &mut [f64]) -> Option<f64> {
        if values.is_empty() {
            return None;
        }
        // So that the sum is the same whoever came first.
        values.sort_by(f64::total_cmp);
        let joined = match self {
            Join::Sum => values.iter().sum(),
            Join::Avg => values.iter().map(|value| value / values.len() as f64).sum(),
            Join::Min => values.first().copied()?,
            Join::Max => values.last().copied()?,
            Join::Count => values.len() as f64,
            Join::Quantile(share) => quantile(values, share)?,
        };
        joined.is_finite().then_some(joined)
    }

    /// What one series counts for where several of its values fall together: a spike is not lost among them.
    fn of_one(self, values: &[(Wall, f64)]) -> Option<f64> {
        let mut values = values.iter().map(|(_, value)| *value);
        match self {
            Join::Max => values.max_by(f64::total_cmp),
            Join::Min => values.min_by(f64::total_cmp),
            Join::Sum | Join::Avg | Join::Count | Join::Quantile(_) => values.next_back(),
        }
    }

    /// Joins courses, each in the order of time. At a moment at which only some have a value, the others have their
    /// newest one that is not older than `gap_ms`.
    pub fn courses(self, courses: &[Vec<(Wall, f64)>], from: Wall, to: Wall, gap_ms: u64) -> Vec<(Wall, f64)> {
        let gap_ms = i64::try_from(gap_ms).unwrap_or(i64::MAX);
        let begin = from.0.saturating_sub(gap_ms);
        // The same places for the same range, so that a picture that moves on does not shimmer.
        let step_ms =
            (to.0.saturating_sub(begin) / CELLS_MAX).max(1).saturating_add(1).unsigned_abs().next_power_of_two();
        let step_ms = i64::try_from(step_ms).unwrap_or(i64::MAX);
        let place = |at: Wall| usize::try_from(at.0.div_euclid(step_ms) - begin.div_euclid(step_ms)).unwrap_or(0);
        let mut cells = vec![Cell::default(); place(to) + 1];
        for (at, _) in courses.iter().flatten() {
            if let Some(cell) = cells.get_mut(place(*at)) {
                cell.at = cell.at.max(Some(*at));
            }
        }
        for course in courses {
            let mut next = 0;
            for (index, cell) in cells.iter_mut().enumerate() {
                let begin = next;
                while course.get(next).is_some_and(|(at, _)| place(*at) <= index) {
                    next += 1;
                }
                let newest = next.checked_sub(1).and_then(|newest| course.get(newest));
                if let (Some(at), Some((then, value))) = (cell.at, newest)
                    && at.0.saturating_sub(then.0) <= gap_ms
                {
                    cell.values.push(self.of_one(&course[begin..next]).unwrap_or(*value));
                }
            }
        }
        cells.into_iter().filter_map(|mut cell| Some((cell.at?, self.of(&mut cell.values)?))).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn course(points: &[(i64, f64)]) -> Vec<(Wall, f64)> {
        points.iter().map(|(at, value)| (Wall(*at), *value)).collect()
    }

    fn joined(join: Join, courses: &[&[(i64, f64)]], gap_ms: u64) -> Vec<(i64, f64)> {
        let courses: Vec<_> = courses.iter().map(|points| course(points)).collect();
        join.courses(&courses, Wall(0), Wall(100), gap_ms).into_iter().map(|(at, value)| (at.0, value)).collect()
    }

    #[test]
    fn one_that_pauses_counts_for_a_while_and_then_no_more() {
        let courses: [&[(i64, f64)]; 2] = [&[(0, 1.0), (10, 1.0), (20, 1.0), (30, 1.0)], &[(4, 10.0), (14, 20.0)]];
        let expected = [(0, 1.0), (4, 11.0), (10, 11.0), (14, 21.0), (20, 21.0), (30, 1.0)];
        assert_eq!(joined(Join::Sum, &courses, 12), expected);
        assert_eq!(joined(Join::Count, &courses, 12).last(), Some(&(30, 1.0)));
    }

    #[test]
    fn values_are_joined_as_the_word_says() {
        let all = [4.0, 1.0, 3.0];
        let of = |join: Join| join.of(&mut all.to_vec());
        assert_eq!(of(Join::Sum), Some(8.0));
        assert_eq!(of(Join::Avg), Some(4.0 / 3.0 + 1.0 / 3.0 + 1.0));
        assert_eq!((of(Join::Min), of(Join::Max), of(Join::Count)), (Some(1.0), Some(4.0), Some(3.0)));
        assert_eq!(of(Join::Quantile(0.5)), Some(3.0));
        assert_eq!(Join::Sum.of(&mut []), None);
        assert_eq!(Join::Sum.of(&mut [f64::MAX, f64::MAX]), None);
        assert_eq!(Join::Avg.of(&mut [f64::MAX, f64::MAX]), Some(f64::MAX));
    }

    #[test]
    fn a_long_span_keeps_within_its_cells() {
        let points: Vec<(i64, f64)> = (0..100_000).map(|second| (second * 1_000, 1.0)).collect();
        let courses = [course(&points), course(&points)];
        let joined = Join::Sum.courses(&courses, Wall(0), Wall(100_000_000), 3_000);
        assert!((1_000..=2_100).contains(&joined.len()), "{}", joined.len());
        assert!(joined.iter().all(|(_, value)| *value == 2.0));
        assert_eq!(joined.last(), Some(&(Wall(99_999_000), 2.0)));
    }

    #[test]
    fn a_spike_is_seen_in_any_span_where_the_largest_is_asked_for() {
        let mut points: Vec<(i64, f64)> = (0..100_000).map(|second| (second * 1_000, 1.0)).collect();
        (points[33_333].1, points[77_777].1) = (100.0, -100.0);
        let courses = [course(&points), course(&points[..50_000])];
        let joined = |join: Join| join.courses(&courses, Wall(0), Wall(100_000_000), 3_000);
        assert!(joined(Join::Max).iter().any(|(_, value)| *value == 100.0));
        assert!(joined(Join::Min).iter().any(|(_, value)| *value == -100.0));
    }

    #[test]
    fn times_of_any_age_are_held() {
        let course = vec![(Wall(i64::MIN), 1.0), (Wall(i64::MAX), 2.0)];
        let joined = Join::Sum.courses(&[course], Wall(i64::MIN), Wall(i64::MAX), 1);
        assert!(joined.len() <= 2, "{joined:?}");
    }
}
