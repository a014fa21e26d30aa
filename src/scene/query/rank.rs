//! Quantiles of a window that slides over values.
//!
//! Invariant: taking, dropping and asking cost the logarithm of how many values there are, so that no span is too long.

/// Values under way, by their places in the order of all there will ever be (Fenwick, "A new data structure for
/// cumulative frequency tables", 1994).
#[derive(Debug)]
pub struct Ranks {
    /// All values, sorted.
    sorted: Vec<f64>,
    /// Partial counts; index 0 is unused.
    counts: Vec<u32>,
    held: usize,
}

/// The quantile of values in any order, between two of them in proportion (type 7 of Hyndman and Fan, as Prometheus and
/// spreadsheets have it); none of no values.
pub fn quantile(values: &mut [f64], share: f64) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    between(values.len(), share, |index| values[index])
}

fn between(count: usize, share: f64, nth: impl Fn(usize) -> f64) -> Option<f64> {
    let last = count.checked_sub(1)?;
    let place = share.clamp(0.0, 1.0) * last as f64;
    let (below, above) = (nth(place.floor() as usize), nth((place.ceil() as usize).min(last)));
    let part = place - place.floor();
    // Each in its share: their difference might not be finite.
    Some(below * (1.0 - part) + above * part)
}

// === impl Ranks ===

impl Ranks {
    /// Of everything that will be taken.
    pub fn of(values: impl Iterator<Item = f64>) -> Ranks {
        let mut sorted: Vec<f64> = values.collect();
        sorted.sort_by(f64::total_cmp);
        Ranks { counts: vec![0; sorted.len() + 1], sorted, held: 0 }
    }

    pub fn take(&mut self, value: f64) {
        self.held += 1;
        self.each_count(value, |count| *count += 1);
    }

    /// Drops one that was taken.
    pub fn drop(&mut self, value: f64) {
        self.held -= 1;
        self.each_count(value, |count| *count -= 1);
    }

    pub fn quantile(&self, share: f64) -> Option<f64> {
        between(self.held, share, |index| self.nth(index))
    }

    fn each_count(&mut self, value: f64, change: impl Fn(&mut u32)) {
        let mut index = self.sorted.partition_point(|other| other.total_cmp(&value).is_lt()) + 1;
        while let Some(count) = self.counts.get_mut(index) {
            change(count);
            index += index & index.wrapping_neg();
        }
    }

    /// The one with so many below it, of those held.
    fn nth(&self, below: usize) -> f64 {
        let mut left = below;
        let mut index = 0;
        let mut step = self.counts.len().next_power_of_two();
        while step > 0 {
            if let Some(count) = self.counts.get(index + step).map(|count| *count as usize)
                && count <= left
            {
                index += step;
                left -= count;
            }
            step /= 2;
        }
        self.sorted.get(index).copied().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_quantile_lies_between_its_neighbours_in_proportion() {
        assert_eq!(quantile(&mut [], 0.5), None);
        assert_eq!(quantile(&mut [7.0], 0.99), Some(7.0));
        assert_eq!(quantile(&mut [4.0, 1.0, 3.0, 2.0], 0.5), Some(2.5));
        assert_eq!(quantile(&mut [10.0, 0.0], 0.95), Some(9.5));
        assert_eq!(quantile(&mut [f64::MAX, f64::MIN], 0.5), Some(0.0), "nothing overflows");
    }

    proptest! {
        #[test]
        fn a_sliding_window_has_the_quantiles_of_its_values(
            values in prop::collection::vec(prop_oneof![-9_i32..9, any::<i32>()], 1..80),
            width in 1_usize..20,
            share in 0.0_f64..=1.0,
        ) {
            let values: Vec<f64> = values.into_iter().map(f64::from).collect();
            let mut ranks = Ranks::of(values.iter().copied());
            for end in 0..values.len() {
                ranks.take(values[end]);
                if let Some(gone) = end.checked_sub(width) {
                    ranks.drop(values[gone]);
                }
                let start = (end + 1).saturating_sub(width);
                prop_assert_eq!(ranks.quantile(share), quantile(&mut values[start..=end].to_vec(), share));
            }
        }
    }
}
