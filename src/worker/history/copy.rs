//! Copies all that is known into a half that was begun, piece by piece.
//!
//! Invariant: a piece is bounded, whatever there is; what changes meanwhile is noted beside it, so that nothing is missed.

use super::{History, said, series};
use crate::base::limits;
use crate::model::{Dataset, SeriesKey};
use crate::wire::history::Record;

/// How far it has come.
#[derive(Debug)]
pub struct Copying {
    logs_are_done: bool,
    /// The newest series that was copied.
    after: Option<SeriesKey>,
    past_bytes_left: usize,
}

// === impl Copying ===

impl Copying {
    /// Copies a piece; whether that was the last one.
    pub fn some(&mut self, data: &Dataset, history: &mut History) -> bool {
        if !std::mem::replace(&mut self.logs_are_done, true) {
            copy_logs(data, history);
        }
        let mut after = self.after.take();
        let mut is_done = true;
        for (key, window) in data.after(after.clone().as_ref()) {
            if history.out.len() >= limits::HISTORY_COPY_BYTES {
                is_done = false;
                break;
            }
            let (_, past_bytes) = window.bytes();
            let with_past = past_bytes <= self.past_bytes_left;
            self.past_bytes_left -= if with_past { past_bytes } else { 0 };
            let series = series(key, window);
            history.told.insert(window.number);
            history.record(&Record::Window { series, kept: window.kept(with_past) });
            after = Some(key.clone());
        }
        self.after = after;
        is_done
    }
}

impl Default for Copying {
    fn default() -> Copying {
        Copying { logs_are_done: false, after: None, past_bytes_left: limits::HISTORY_PAST_BYTES_MAX }
    }
}

/// The newest entries of each log, in their order.
fn copy_logs(data: &Dataset, history: &mut History) {
    for (name, log) in data.logs() {
        let mut room = limits::HISTORY_LOG_BYTES_MAX;
        let mut newest = Vec::new();
        for entry in log.until(crate::base::Wall(i64::MAX)).rev() {
            let Some(left) = room.checked_sub(entry.bytes()) else { break };
            room = left;
            newest.push(entry);
        }
        newest.into_iter().rev().for_each(|entry| history.record(&Record::CopiedEntry(said(name, entry))));
    }
}
