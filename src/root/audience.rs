//! How many sessions watch each board, as far as the worker was told.
//!
//! Invariant: only what changed is told, and a board that nobody watches any more is told once and forgotten.

use std::collections::BTreeMap;

/// What the present life of the worker knows.
#[derive(Debug, Default)]
pub struct Audience {
    told: BTreeMap<String, u32>,
}

// === impl Audience ===

impl Audience {
    /// A new life of the worker knows nothing.
    pub fn forget(&mut self) {
        self.told.clear();
    }

    /// Counts anew: `boards` are those the sessions watch, one for each session. Answers with what differs from what
    /// was told before, and takes it for told.
    pub fn count<'a>(&mut self, boards: impl Iterator<Item = &'a str>) -> Vec<(String, u32)> {
        let mut counts: BTreeMap<&str, u32> = self.told.keys().map(|board| (board.as_str(), 0)).collect();
        boards.for_each(|board| *counts.entry(board).or_default() += 1);
        let news = counts.into_iter().filter(|(board, viewers)| self.told.get(*board) != Some(viewers));
        let news: Vec<(String, u32)> = news.map(|(board, viewers)| (board.to_owned(), viewers)).collect();
        for (board, viewers) in &news {
            if *viewers == 0 {
                self.told.remove(board);
            } else {
                self.told.insert(board.clone(), *viewers);
            }
        }
        news
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_changed_is_told_and_nobody_is_told_once() {
        let mut audience = Audience::default();
        let mut count = |boards: &[&str]| audience.count(boards.iter().copied());
        let told = |board: &str, viewers| (board.to_owned(), viewers);
        assert_eq!(count(&[]), []);
        assert_eq!(count(&["host", "demo", "host"]), [told("demo", 1), told("host", 2)]);
        assert_eq!(count(&["host", "host", "demo"]), []);
        assert_eq!(count(&["host", "host", "host"]), [told("demo", 0), told("host", 3)]);
        assert_eq!(count(&["host", "host", "host"]), []);
        audience.forget();
        assert_eq!(audience.count(["host"].into_iter()), [told("host", 1)]);
    }
}
