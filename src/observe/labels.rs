//! Which values a label may have.
//!
//! Invariant: of one label, within one tenant, there are no more values at a time than the cap; whatever comes beyond is
//! told as `overflow`. A value that was not used for as long as a series lives makes room.

use metrics::Key;
use rustc_hash::FxHashMap;

use super::catalogue::Metric;
use crate::base::{Mono, limits};

/// The value that stands for all that found no room.
pub const OVERFLOW: &str = "overflow";
const TENANT: &str = "tenant";

/// All values that were let in, and when each was used last.
#[derive(Debug, Default)]
pub struct Admission(FxHashMap<(&'static str, String), FxHashMap<String, Mono>>);

// === impl Admission ===

impl Admission {
    /// The series that these values belong to, one for each label of the metric.
    pub fn key(&mut self, metric: &'static Metric, values: &[&str], now: Mono) -> Key {
        debug_assert_eq!(metric.labels.len(), values.len(), "invariant: {} has these labels", metric.name);
        let place = metric.labels.iter().position(|label| *label == TENANT);
        let tenant = place.and_then(|place| values.get(place)).map_or_else(String::new, |tenant| (*tenant).to_owned());
        let tenant = self.admit(TENANT, "", &tenant, now);
        let admitted = metric.labels.iter().zip(values).map(|(label, value)| match *label {
            TENANT => tenant.clone(),
            label => self.admit(label, &tenant, value, now),
        });
        let admitted: Vec<String> = admitted.collect();
        super::key(metric, admitted.into_iter())
    }

    /// Drops the values that were not used for so long that their series are gone.
    pub fn forget(&mut self, now: Mono) {
        self.0.retain(|_, known| {
            known.retain(|_, used_at| now.since(*used_at) < limits::METRIC_IDLE);
            !known.is_empty()
        });
    }

    #[cfg(test)]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn admit(&mut self, label: &'static str, tenant: &str, value: &str, now: Mono) -> String {
        let known = self.0.entry((label, tenant.to_owned())).or_default();
        if let Some(used_at) = known.get_mut(value) {
            *used_at = now;
            return value.to_owned();
        }
        if known.len() >= limits::LABEL_VALUES_MAX {
            known.retain(|_, used_at| now.since(*used_at) < limits::METRIC_IDLE);
        }
        if known.len() >= limits::LABEL_VALUES_MAX {
            return OVERFLOW.to_owned();
        }
        known.insert(value.to_owned(), now);
        value.to_owned()
    }
}
