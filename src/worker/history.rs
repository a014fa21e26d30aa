//! What a worker leaves to the next one: every sample and log entry it took, in memory that root holds.
//!
//! The memory has two halves, and one is written at a time. When it has grown by half of what it began with, the other half
//! is begun: all that is known is copied there, a piece beside each update, while new samples go there too; then the first is
//! given back. Not later, since a sample takes longer to read than the same in a window.
//!
//! Invariant: after each update all that is known stands in the memory, whole in the newest half or in both together; what
//! does not fit or cannot be read costs the past, and never the present.

mod copy;
mod replay;

#[cfg(test)]
mod tests;

use std::io;

use rustc_hash::FxHashSet;

use crate::base::limits;
use crate::event::{Event as _, HistoryBroken};
use crate::model::dataset::Change;
use crate::model::log::{Entry, Severity};
use crate::model::series::Point;
use crate::model::{Dataset, SeriesKey, Window};
use crate::sys::memory_file::MemoryFile;
use crate::wire::history::{self, Noted, Place, Record, Said, Series, VERSION};

use copy::Copying;
use replay::Read;

pub use replay::{Replayed, is_foreign};

const HALF_BYTES: u64 = limits::HISTORY_BYTES_MAX / 2;
/// A half is not left for another before it has grown by this much.
const GROWN_BYTES: u64 = 2 * 1024 * 1024;

/// The memory as it is written.
#[derive(Debug)]
pub struct History {
    file: MemoryFile,
    /// 0 or 1.
    half: u64,
    /// Where the next record goes: how far into the half, and which one it is.
    at: u64,
    place: Place,
    /// What the half had when it was whole.
    whole_at: u64,
    /// How far the other half is written.
    other_at: u64,
    /// Under way until the half is whole.
    copying: Option<Copying>,
    /// Series whose numbers the half explains.
    told: FxHashSet<u32>,
    changes: Vec<Change>,
    noted: Vec<Noted>,
    /// Records to be written.
    out: Vec<u8>,
    /// Written no more, after an error.
    broken: bool,
    /// What was read, as long as nothing was written after it: somebody else may still write.
    read: Option<Read>,
}

// === impl History ===

impl History {
    /// Takes the memory over: reads what is in it into `data`, and goes on where it ends.
    pub fn open(file: MemoryFile, data: &mut Dataset) -> (History, Replayed) {
        let read = replay::replay(&file, data);
        let replayed = read.replayed(data);
        data.keep_journal();
        (History::after(file, read), replayed)
    }

    /// Reads what was written since it was opened: the worker that wrote has ended. Into a dataset made by `anew` where that
    /// one has begun anew, so that nothing of what was read can be gone on from.
    ///
    /// Only before anything was written.
    pub fn catch_up(self, data: &mut Dataset, anew: impl FnOnce() -> Dataset) -> (History, Replayed) {
        let Some(before) = self.read else { return (self, Replayed::default()) };
        let read = replay::read_on(&self.file, data, before).unwrap_or_else(|| {
            *data = anew();
            replay::replay(&self.file, data)
        });
        let replayed = read.replayed(data);
        data.keep_journal();
        (History::after(self.file, read), replayed)
    }

    /// Goes on where the reading ended.
    fn after(file: MemoryFile, read: Read) -> History {
        let end = read.end;
        let mut history = History {
            file,
            half: end.half,
            at: end.at,
            place: end.place,
            whole_at: end.whole_at.unwrap_or(0),
            other_at: end.other_at,
            copying: end.whole_at.is_none().then(Copying::default),
            told: FxHashSet::default(),
            changes: Vec::new(),
            noted: Vec::new(),
            out: Vec::new(),
            broken: false,
            read: None,
        };
        if end.at == 0 {
            history.restart(end.half, end.place.segment);
        }
        history.read = Some(read);
        history
    }

    pub fn note_entry(&mut self, stream: &str, entry: &Entry) {
        self.record(&Record::Entry(said(stream, entry)));
    }

    /// Writes what changed, and copies a piece of what is known where that is under way.
    pub fn write(&mut self, data: &mut Dataset) {
        // Where nothing was there, what looks like nothing may be another's: cleared once this is the one that writes.
        if self.read.take().is_some_and(|read| read.end.at == 0) {
            self.give_back(self.half);
        }
        self.note_changes(data);
        if self.broken {
            return self.out.clear();
        }
        if self.has_grown() {
            if self.at + self.out.len() as u64 <= HALF_BYTES {
                self.flush();
            }
            self.begin(1 - self.half, self.place.segment + 1);
        } else if self.at + self.out.len() as u64 > HALF_BYTES {
            // The copy did not get done before there was no room left for it: once more, from the beginning.
            self.begin(self.half, self.place.segment + 1);
        }
        if let Some(mut copying) = self.copying.take() {
            if copying.some(data, self) {
                self.record(&Record::Whole);
                self.flush();
                self.whole_at = self.at;
                self.give_back(1 - self.half);
                self.other_at = 0;
            } else {
                self.copying = Some(copying);
            }
        }
        self.flush();
    }

    /// Memory it takes.
    pub fn bytes(&self) -> u64 {
        self.at + self.other_at
    }

    /// It is time for the other half: a third of this one is what came since.
    fn has_grown(&self) -> bool {
        let since = self.at - self.whole_at.min(self.at);
        let room = HALF_BYTES.saturating_sub(self.at + self.out.len() as u64);
        self.copying.is_none()
            && (since > (self.whole_at / 2).max(GROWN_BYTES) || room < limits::HISTORY_RECORD_BYTES_MAX as u64)
    }

    /// Begins a half anew, which is cleared.
    fn begin(&mut self, half: u64, segment: u64) {
        self.restart(half, segment);
        self.give_back(half);
    }

    /// The next record is the first of a half; what is noted and not yet written is known, and so it is copied.
    fn restart(&mut self, half: u64, segment: u64) {
        if half != self.half {
            self.other_at = self.at;
        }
        (self.half, self.at, self.place) = (half, 0, Place { segment, number: 0 });
        self.told.clear();
        self.out.clear();
        self.record(&Record::Begin { version: VERSION, segment });
        self.copying = Some(Copying::default());
    }

    fn note_changes(&mut self, data: &mut Dataset) {
        let mut changes = std::mem::take(&mut self.changes);
        data.changes(&mut changes);
        let new = |change: &Change| matches!(change, Change::Point(number, _) if !self.told.contains(number));
        if changes.iter().any(new) {
            self.tell_series(&changes, data);
        }
        for change in changes.drain(..) {
            match change {
                Change::Point(series, Point { at, value }) if self.told.contains(&series) => {
                    self.noted.push(Noted { series, at, value });
                }
                // It has gone meanwhile.
                Change::Point(..) => {}
                Change::ForgetAfter(at) => {
                    self.settle();
                    self.record(&Record::ForgetAfter(at));
                }
            }
            if self.noted.len() == limits::HISTORY_SAMPLES_MAX {
                self.settle();
            }
        }
        self.settle();
        self.changes = changes;
    }

    /// Explains the numbers that changes name and the half does not know. One that has gone meanwhile is left out, and so
    /// are its points.
    fn tell_series(&mut self, changes: &[Change], data: &Dataset) {
        let named = changes.iter().filter_map(|change| match change {
            Change::Point(number, _) => Some(*number),
            Change::ForgetAfter(_) => None,
        });
        let named: FxHashSet<u32> = named.filter(|number| !self.told.contains(number)).collect();
        for (key, window) in data.after(None).filter(|(_, window)| named.contains(&window.number)) {
            self.told.insert(window.number);
            self.record(&Record::Series(series(key, window)));
        }
    }

    /// Makes a record of the samples noted so far.
    fn settle(&mut self) {
        if self.noted.is_empty() {
            return;
        }
        let record = Record::Samples(std::mem::take(&mut self.noted));
        self.record(&record);
        if let Record::Samples(mut noted) = record {
            noted.clear();
            self.noted = noted;
        }
    }

    fn record(&mut self, record: &Record) {
        if !self.broken {
            history::put(&mut self.out, self.place, record);
            self.place.number += 1;
        }
    }

    fn flush(&mut self) {
        if self.out.is_empty() || self.broken {
            return;
        }
        let written = match self.at + self.out.len() as u64 {
            end if end > HALF_BYTES => Err(io::ErrorKind::StorageFull.into()),
            _ => self.file.write_at(&self.out, self.half * HALF_BYTES + self.at),
        };
        match written {
            Ok(()) => self.at += self.out.len() as u64,
            Err(error) => self.break_off(&error),
        }
        self.out.clear();
    }

    fn give_back(&mut self, half: u64) {
        if let Err(error) = self.file.clear(half * HALF_BYTES, HALF_BYTES) {
            self.break_off(&error);
        }
    }

    fn break_off(&mut self, error: &io::Error) {
        self.broken = true;
        HistoryBroken { why: &error.to_string() }.emit();
    }
}

fn series(key: &SeriesKey, window: &Window) -> Series {
    Series { number: window.number, key: key.clone(), kind: window.kind, unit: window.unit.to_string() }
}

fn said(stream: &str, entry: &Entry) -> Said {
    Said {
        stream: stream.to_owned(),
        at: entry.at,
        severity: Severity::ALL.iter().position(|severity| *severity == entry.severity).map_or(0, |place| place as u8),
        source: entry.source.to_string(),
        lines: entry.lines.iter().map(ToString::to_string).collect(),
        lines_cut: entry.lines_cut as u64,
    }
}
