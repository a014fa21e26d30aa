//! What root and this worker agree on: which configuration is drawn.
//!
//! Invariant: only what was understood whole is committed, and what is drawn changes at once or not at all.

use std::collections::BTreeMap;

use super::WorkerError;
use super::standby::Standbys;
use super::state::{FIRST_DATA_WAIT, State, order};
use crate::base::{Mono, limits};
use crate::config::{self, Settings};
use crate::model::origin::From;
use crate::runtime::log;
use crate::scene::Boards;
use crate::wire::feed::{ConfigFile, FileKind, Outcome};

/// One set of files that root handed over, understood.
#[derive(Debug)]
pub(super) struct Generation {
    pub(super) number: u64,
    pub(super) boards: Boards,
    pub(super) settings: Settings,
    /// The bytes of each board's file.
    written: BTreeMap<String, Vec<u8>>,
}

// === impl State ===

impl State {
    pub(super) fn prepare(&mut self, number: u64, files: Vec<ConfigFile>) -> Outcome {
        self.prepared = None;
        match config::understand(&files) {
            Ok((settings, boards)) => {
                let boards = if self.mishaps.is_some() { boards.with_faults() } else { boards };
                let catalogue = boards.catalogue();
                let is_of_board = |file: &ConfigFile| file.kind == FileKind::Board || config::is_chart(file);
                let boards_files = files.into_iter().filter(is_of_board);
                let written =
                    boards_files.map(|file| (config::board_name(&file.name).to_owned(), file.bytes)).collect();
                self.prepared = Some(Generation { number, boards, settings, written });
                Outcome::Accepted(catalogue)
            }
            Err(complaints) => Outcome::Refused(complaints),
        }
    }

    /// Before this worker is the one that draws another one may have drawn, and has ended: what it left since is read on.
    fn catch_up(&mut self) {
        self.history = self.history.take().map(|history| history.catch_up(&mut self.data, super::bare).0);
    }

    pub(super) fn commit(&mut self, number: u64, now: Mono) -> Result<(), WorkerError> {
        let before;
        if self.committed.is_none() {
            self.catch_up();
        }
        match self.prepared.take() {
            Some(prepared) if prepared.number == number => {
                let sources = &prepared.settings.sources;
                for origin in sources {
                    // What a server tells of comes and goes; of a name as many are kept as there may be at once.
                    if let From::Prometheus(asked) = &origin.from {
                        asked.queries.iter().for_each(|one| self.data.bound(&one.series, limits::SOURCE_SERIES_MAX));
                    }
                    if let From::Sql(asked) = &origin.from {
                        let names = asked.queries.iter().map(|one| one.series(&origin.series));
                        names.for_each(|name| self.data.bound(&name, limits::SOURCE_SERIES_MAX));
                    }
                }
                self.standbys = Standbys::new(sources, &self.data);
                self.pushes.intake.set_taken(sources.iter().map(|origin| origin.series.clone()).collect());
                if self.committed.is_none() {
                    // What earlier workers were pushed counts as this one's.
                    self.pushes.intake.adopt(&mut self.data);
                    self.charts.adopt(&self.data, now);
                }
                self.quotas.set(prepared.settings.tenants.get(&self.tenant), &prepared.boards);
                log::set_level(prepared.settings.log.level.filter());
                // What earlier workers left is shown at once: their screens stand still.
                if self.committed.is_none() && self.data.series_count() == 0 {
                    self.held_until = Some(now + FIRST_DATA_WAIT);
                }
                before = self.committed.replace(prepared);
            }
            other => {
                let ready = other.map_or("none is".to_owned(), |other| format!("generation {} is", other.number));
                return Err(order("Commit", format!("generation {number} is not prepared, {ready}")));
            }
        }
        let ready = self.committed.as_ref().expect("invariant: set above");
        self.ledger.clear();
        let before = before.as_ref();
        let differs = |board: &str| {
            let written = |generation: &Generation| generation.written.get(board).cloned();
            // A template may be in another file than what names it.
            let asks = |generation: &Generation| generation.boards.get(board).and_then(|board| board.asks.clone());
            before.and_then(written) != written(ready) || before.and_then(asks) != asks(ready)
        };
        self.views.boards_changed(&ready.boards, differs, now);
        self.watch_sources(now);
        Ok(())
    }
}
