//! The clusters of one grid that are more than one code point, each text once.
//!
//! Invariant: within one interner, equal ids and equal texts are the same thing; it never holds more than its grid has
//! cells twice over, because the grid rebuilds it from its cells when it is full.

use std::hash::{BuildHasher, BuildHasherDefault};

use rustc_hash::FxHasher;

/// Slots of the smallest table; a power of two.
const SLOTS_MIN: usize = 64;
const EMPTY: u32 = u32::MAX;

/// Texts by number, numbers by text.
#[derive(Clone, Debug, Default)]
pub struct Clusters {
    /// All texts, one after the other.
    text: String,
    /// Where each text ends; it begins where the one before ends.
    ends: Vec<u32>,
    /// Open addressing, linear probing; at most half full.
    slots: Vec<u32>,
}

// === impl Clusters ===

impl Clusters {
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// The text of a number this interner gave out.
    pub fn text(&self, id: u32) -> &str {
        let id = id as usize;
        let start = if id == 0 { 0 } else { self.ends.get(id - 1).map_or(0, |end| *end as usize) };
        let end = self.ends.get(id).map_or(start, |end| *end as usize);
        self.text.get(start..end).unwrap_or("")
    }

    /// Forgets all texts and keeps the memory.
    pub fn clear(&mut self) {
        if self.is_empty() {
            return;
        }
        self.text.clear();
        self.ends.clear();
        self.slots.fill(EMPTY);
    }

    /// The number of `text`, a new one if it has none yet.
    pub fn intern(&mut self, text: &str) -> u32 {
        if self.slots.len() < 2 * (self.ends.len() + 1) {
            self.grow();
        }
        let mask = self.slots.len() - 1;
        let mut slot = hash(text) & mask;
        loop {
            let id = self.slots[slot];
            if id == EMPTY {
                let id = u32::try_from(self.ends.len()).expect("invariant: the grid bounds its clusters");
                self.text.push_str(text);
                self.ends.push(u32::try_from(self.text.len()).expect("invariant: the grid bounds its clusters"));
                self.slots[slot] = id;
                return id;
            }
            if self.text(id) == text {
                return id;
            }
            slot = (slot + 1) & mask;
        }
    }

    fn grow(&mut self) {
        let slots = (self.slots.len() * 2).max(SLOTS_MIN);
        self.slots.clear();
        self.slots.resize(slots, EMPTY);
        let mask = slots - 1;
        for id in 0..self.ends.len() {
            let id = u32::try_from(id).expect("invariant: the grid bounds its clusters");
            let mut slot = hash(self.text(id)) & mask;
            while self.slots[slot] != EMPTY {
                slot = (slot + 1) & mask;
            }
            self.slots[slot] = id;
        }
    }
}

impl PartialEq for Clusters {
    /// Equal when every number means the same in both.
    fn eq(&self, other: &Clusters) -> bool {
        self.ends == other.ends && self.text == other.text
    }
}

#[expect(clippy::cast_possible_truncation, reason = "any bits of a hash will do")]
fn hash(text: &str) -> usize {
    BuildHasherDefault::<FxHasher>::default().hash_one(text) as usize
}
