//! Which specs are shown at present, and as which views.
//!
//! Invariant: equal specs are one view, and a view's number is never used for another spec.

use rustc_hash::FxHashMap;

use crate::base::ViewId;
use crate::model::ViewSpec;

#[derive(Debug, Default)]
pub struct Views {
    specs: FxHashMap<ViewId, ViewSpec>,
    ids: FxHashMap<ViewSpec, ViewId>,
    /// How many of each tenant there are.
    counts: FxHashMap<String, usize>,
    last: u64,
    cells: usize,
}

// === impl Views ===

impl Views {
    pub fn len(&self) -> usize {
        self.specs.len()
    }

    /// Whether anything of a tenant is shown.
    pub fn shows(&self, tenant: &str) -> bool {
        self.counts.contains_key(tenant)
    }

    /// Of all views together.
    pub fn cells(&self) -> usize {
        self.cells
    }

    pub fn spec(&self, view: ViewId) -> Option<&ViewSpec> {
        self.specs.get(&view)
    }

    pub fn find(&self, spec: &ViewSpec) -> Option<ViewId> {
        self.ids.get(spec).copied()
    }

    /// Whether there ever was such a view: a frame of one that is gone may still be under way.
    pub fn existed(&self, view: ViewId) -> bool {
        view.0 <= self.last
    }

    pub fn add(&mut self, spec: &ViewSpec) -> ViewId {
        self.last += 1;
        let view = ViewId(self.last);
        self.cells += spec.size.cells();
        *self.counts.entry(spec.tenant.clone()).or_default() += 1;
        self.specs.insert(view, spec.clone());
        self.ids.insert(spec.clone(), view);
        view
    }

    pub fn remove(&mut self, view: ViewId) {
        if let Some(spec) = self.specs.remove(&view) {
            self.cells -= spec.size.cells();
            self.ids.remove(&spec);
            if let Some(count) = self.counts.get_mut(&spec.tenant) {
                *count -= 1;
                if *count == 0 {
                    self.counts.remove(&spec.tenant);
                }
            }
        }
    }

    /// How many one tenant has.
    pub fn count_of(&self, tenant: &str) -> usize {
        self.counts.get(tenant).copied().unwrap_or(0)
    }

    /// Of one tenant, in the order they were made.
    pub fn of(&self, tenant: &str) -> Vec<ViewId> {
        let own = self.specs.iter().filter(|(_, spec)| spec.tenant == tenant);
        let mut own: Vec<ViewId> = own.map(|(view, _)| *view).collect();
        own.sort_unstable();
        own
    }

    /// In the order they were made.
    pub fn all(&self) -> Vec<(ViewId, &ViewSpec)> {
        let mut all: Vec<_> = self.specs.iter().map(|(view, spec)| (*view, spec)).collect();
        all.sort_unstable_by_key(|(view, _)| *view);
        all
    }
}
