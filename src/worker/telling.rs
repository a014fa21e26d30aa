//! What a worker tells of itself once a second.
//!
//! Invariant: rows are few and bounded, whatever the tenant has; the sources that are told are those that were silent longest.

use super::history::History;
use super::state::State;
use crate::base::{Wall, limits};
use crate::event::COUNTERS;
use crate::model::Dataset;
use crate::model::dataset::{SourceHealth, SourceState};
use crate::model::fault::{Class, Ring};
use crate::model::series::Point;
use crate::model::window::{Allowance, Window};
use crate::runtime::{fault, log};
use crate::sys::{heap, usage};
use crate::wire::feed::{CountRow, Figures, MemoryRow, SourceRow, WorkerStatus};

impl State {
    pub(super) fn tell_status(&self, wall: Wall) -> WorkerStatus {
        let push_rejected = self.pushes.rejected();
        WorkerStatus {
            series: u32::try_from(self.data.series_count()).unwrap_or(u32::MAX),
            frames_drawn: self.counts.frames_drawn,
            frames_skipped: self.counts.frames_skipped,
            frames_late: self.counts.frames_late,
            frames_limited: self.counts.frames_limited,
            limited: self.quotas.by_board(),
            samples: self.counts.samples,
            samples_rejected: self.counts.samples_rejected,
            rejected: self.counts.reasons(push_rejected.iter().map(|row| row.count).sum()),
            memory: memory(&self.data, self.history.as_ref()),
            push_rejected,
            faults: fault::counts().into_iter().map(fault_row).collect(),
            tree: super::tree::rows(),
            sources: sources(&self.data, wall),
            figures: Box::new(self.figures()),
        }
    }

    fn figures(&self) -> Figures {
        let losses = log::losses();
        Figures {
            data_to_frame: self.data_to_frame,
            panels_fallen: u32::try_from(self.ledger.fallen()).unwrap_or(u32::MAX),
            source_pauses: COUNTERS.source_pauses.get(),
            log_dropped: losses.map(|losses| losses.dropped),
            log_errors: losses.map(|losses| losses.errors),
            resident_bytes: usage::read().resident_bytes,
            allocator: heap::allocator(),
        }
    }
}

/// Sources, those first that were silent longest.
fn sources(data: &Dataset, wall: Wall) -> Vec<SourceRow> {
    let row = |(name, health): (&str, &SourceHealth)| SourceRow {
        name: name.to_owned(),
        state: word(&health.state).to_owned(),
        age_ms: health.last_good.map(|at| u64::try_from(wall.since(at).as_millis()).unwrap_or(u64::MAX)),
        interval_ms: health.interval_ms,
    };
    let mut rows: Vec<SourceRow> = data.sources().map(row).collect();
    rows.sort_by_key(|row| std::cmp::Reverse(row.age_ms.unwrap_or(u64::MAX)));
    rows.truncate(limits::SOURCE_ROWS_MAX);
    rows
}

fn word(state: &SourceState) -> &'static str {
    match state {
        SourceState::Waiting => "waiting",
        SourceState::Good => "good",
        SourceState::Partial(_) => "partial",
        SourceState::Failed { next_try: Some(_), .. } => "paused",
        SourceState::Failed { .. } => "failed",
        SourceState::Standby { .. } => "standby",
        SourceState::Absent(_) => "absent",
    }
}

/// One count by what held it and what it was.
fn fault_row((ring, class, count): (Ring, Class, u64)) -> CountRow {
    CountRow { name: format!("{} {}", ring.word(), class.word()), count }
}

/// What the tenant's data takes, item by item.
fn memory(data: &Dataset, history: Option<&History>) -> Vec<MemoryRow> {
    let taken = data.memory();
    // As a full window shares its own.
    let full = Allowance::FULL;
    let points_max = limits::STORE_BYTES_MAX / full.bytes() * full.points * size_of::<Point>();
    let names_max = limits::SERIES_MAX * (size_of::<Window>() + limits::SERIES_KEY_BYTES_MAX);
    let logs_max = limits::LOGS_MAX * limits::LOG_BYTES_MAX;
    let items = [
        ("points", taken.points, points_max),
        ("past", taken.past, limits::STORE_BYTES_MAX - points_max),
        ("names", taken.names, names_max),
        ("logs", taken.logs, logs_max),
    ]
    .map(|(name, bytes, bytes_max)| (name, bytes as u64, bytes_max as u64));
    let history = history.map(|history| ("history", history.bytes(), limits::HISTORY_BYTES_MAX));
    let row = |(name, bytes, bytes_max): (&str, u64, u64)| MemoryRow { name: name.to_owned(), bytes, bytes_max };
    items.into_iter().chain(history).map(row).collect()
}
