//! Which panels panicked, of all views together, and when each is tried again.
//!
//! Invariant: of one panel of one board there is one entry, however many views show it, so that the number of its panics
//! does not grow with the number of viewers. Panels that never panicked cost a look at an empty table.

use std::collections::BTreeMap;

use crate::base::{Mono, Trace, Version, Wall};
use crate::machine::quarantine::{Event, Quarantine, State};
use crate::model::fault::{Class, Holder, Mode};
use crate::model::param::Uuid;
use crate::runtime::context::{Context, Word};
use crate::runtime::fault::{self, Caught};
use crate::runtime::mishap;
use crate::scene::guard::{Guard, Trouble};
use crate::sys::random;

/// All panels that panicked since their board last changed.
#[derive(Debug, Default)]
pub struct Ledger {
    /// By board, then by the panel's number on it.
    boards: BTreeMap<String, BTreeMap<usize, Entry>>,
    /// What workers before this one died of, as root says.
    resting: Vec<(Word, usize, Trouble)>,
    /// Runs after each panel was drawn: how tests and faults on purpose get in.
    planted: BTreeMap<(String, usize), Mode>,
    /// Whether screens have to say that faults are obeyed.
    obeys: bool,
}

#[derive(Debug)]
struct Entry {
    quarantine: Quarantine,
    since: Wall,
    trace: Trace,
}

/// Guards one drawing of one view.
#[derive(Debug)]
pub struct Guarded<'a> {
    ledger: &'a mut Ledger,
    board: &'a str,
    chart: Option<Uuid>,
    /// What the frame is going to be.
    version: Version,
    now: Mono,
    wall: Wall,
}

// === impl Ledger ===

impl Ledger {
    /// Forgets everything: a configuration was committed, so what panicked may have gone.
    pub fn clear(&mut self) {
        self.boards.clear();
    }

    /// These panels are not drawn, until others are said.
    pub fn leave_alone(&mut self, panels: Vec<(Word, usize, Trouble)>) {
        self.resting = panels;
    }

    /// Panels that are not drawn at present.
    pub fn fallen(&self) -> usize {
        let falls = |entry: &&Entry| matches!(entry.quarantine.state(), State::Held { .. } | State::Quarantined { .. });
        let held: usize = self.boards.values().map(|panels| panels.values().filter(falls).count()).sum();
        held + self.resting.len()
    }

    fn rests(&self, board: &str, panel: usize) -> Option<Trouble> {
        if self.resting.is_empty() {
            return None;
        }
        let board = Word::new(board);
        self.resting.iter().find(|(own, number, _)| (own, *number) == (&board, panel)).map(|(_, _, trouble)| *trouble)
    }

    /// From now on every screen says that faults are obeyed.
    pub fn obey(&mut self) {
        self.obeys = true;
    }

    pub fn obeys(&self) -> bool {
        self.obeys
    }

    /// From now on, whatever is drawn of this panel ends with that.
    pub fn plant(&mut self, board: &str, panel: usize, mode: Mode) {
        self.planted.insert((board.to_owned(), panel), mode);
    }

    /// Takes out everything that was planted, and forgets what came of it.
    pub fn heal(&mut self) {
        for (board, panel) in std::mem::take(&mut self.planted).into_keys() {
            self.boards.get_mut(&board).map(|panels| panels.remove(&panel));
        }
    }

    /// A guard for one drawing of a view of this board.
    pub fn guard<'a>(&'a mut self, board: &'a str, version: Version, now: Mono, wall: Wall) -> Guarded<'a> {
        Guarded { ledger: self, board, chart: None, version, now, wall }
    }

    fn entry(&mut self, board: &str, panel: usize) -> Option<&mut Entry> {
        self.boards.get_mut(board)?.get_mut(&panel)
    }
}

// === impl Guarded ===

impl Guarded<'_> {
    /// The board is a chart with this identity.
    pub fn of_chart(self, chart: Option<Uuid>) -> Self {
        Guarded { chart, ..self }
    }

    fn contain(&mut self, panel: usize, draw: &mut dyn FnMut()) -> Result<(), Caught> {
        let context = Context::panel(self.board, panel, self.version).of_chart(self.chart);
        if self.ledger.planted.is_empty() {
            return fault::contain(context, draw);
        }
        let place = (self.board.to_owned(), panel);
        let planted = self.ledger.planted.get(&place).copied();
        // What happens beside the panel happens once.
        self.ledger.planted.retain(|other, mode| *other != place || mode.holder() == Holder::Panel);
        fault::contain(context, || {
            draw();
            // After the drawing, so that there is something of which nothing may be left.
            planted.into_iter().for_each(mishap::commit);
        })
    }

    fn panicked(&mut self, panel: usize, caught: Caught) -> Trouble {
        let (now, wall) = (self.now, self.wall);
        let panels = self.ledger.boards.entry(self.board.to_owned()).or_default();
        let entry = panels.entry(panel).or_insert_with(|| Entry::new(wall));
        if entry.quarantine.state() == State::Sound {
            entry.since = wall;
        }
        entry.trace = caught.trace;
        entry.quarantine.step(now, Event::Panicked { random: random::u64() });
        entry.trouble(now, wall)
    }
}

impl Guard for Guarded<'_> {
    fn draw(&mut self, panel: usize, draw: &mut dyn FnMut()) -> Result<(), Trouble> {
        let (now, wall) = (self.now, self.wall);
        if let Some(trouble) = self.ledger.rests(self.board, panel) {
            return Err(trouble);
        }
        if let Some(entry) = self.ledger.entry(self.board, panel)
            && !entry.quarantine.admits(now)
        {
            return Err(entry.trouble(now, wall));
        }
        if let Err(caught) = self.contain(panel, draw) {
            return Err(self.panicked(panel, caught));
        }
        if let Some(entry) = self.ledger.entry(self.board, panel) {
            entry.quarantine.step(now, Event::Worked);
        }
        Ok(())
    }

    fn stand_in(&mut self, panel: usize, draw: &mut dyn FnMut()) -> bool {
        fault::contain(Context::panel(self.board, panel, self.version).of_chart(self.chart), draw).is_ok()
    }
}

// === impl Entry ===

impl Entry {
    fn new(since: Wall) -> Entry {
        Entry { quarantine: Quarantine::new(), since, trace: Trace::default() }
    }

    fn trouble(&mut self, now: Mono, wall: Wall) -> Trouble {
        // A clock that was set back: nothing began in the future.
        self.since = self.since.min(wall);
        let (until, quarantined) = match self.quarantine.state() {
            State::Held { until } => (until, false),
            State::Quarantined { until } => (until, true),
            State::Sound | State::Settling { .. } => (now, false),
        };
        let next_try = wall + until.since(now);
        Trouble { class: Class::Panic, since: self.since, next_try, quarantined, trace: self.trace }
    }
}

#[cfg(test)]
mod tests;
