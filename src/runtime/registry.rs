//! The table of all tasks, threads and child processes of this process.
//!
//! Invariant: bounded by `limits::RUNNING_MAX`; a row goes when what it stands for ends, however it ends. What does
//! not fit runs all the same and is counted. Only supervised things have a past: many viewers one after the other are
//! not one that was restarted.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::base::{Mono, bounded, limits};
use crate::sys::clock;

/// What a row stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    Task,
    Thread,
    Process,
}

/// One running thing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    pub name: String,
    pub kind: Kind,
    /// In words, such as `running`.
    pub state: String,
    /// When it started.
    pub since: Mono,
    /// Of something supervised: how often it was started before.
    pub restarts: u64,
    /// Of something supervised: how the one before it ended, when that was not as planned.
    pub last_end: Option<String>,
}

/// Keeps a row alive; dropping it takes the row away.
#[derive(Debug)]
pub struct Registration {
    id: u64,
    end: Option<String>,
}

#[derive(Debug)]
struct Table {
    next_id: u64,
    rows: BTreeMap<u64, Row>,
    /// Of supervised things, by name: as many as there ever were names.
    past: BTreeMap<String, Past>,
    unlisted: u64,
}

#[derive(Clone, Debug, Default)]
struct Past {
    started: u64,
    last_end: Option<String>,
}

static TABLE: Mutex<Table> = Mutex::new(Table::new());

/// Adds a row.
pub fn register(name: impl Into<Cow<'static, str>>, kind: Kind) -> Registration {
    let since = clock::mono();
    Registration { id: lock().add(&name.into(), kind, since, false), end: None }
}

/// Adds a row of something that is started again whenever it ends, always under this name.
pub fn register_supervised(name: &str, kind: Kind) -> Registration {
    let since = clock::mono();
    Registration { id: lock().add(name, kind, since, true), end: None }
}

/// Changes the state shown of the task of this name; of the newest, where there are several.
pub fn say_state(name: &str, state: &str) {
    if let Some(row) = lock().rows.values_mut().rev().find(|row| row.kind == Kind::Task && row.name == name) {
        row.state = bounded_text(state);
    }
}

/// All rows in the order they were started.
pub fn tree() -> Vec<Row> {
    lock().rows.values().cloned().collect()
}

/// How many rows there are.
pub fn running() -> usize {
    lock().rows.len()
}

/// How many things ran without a row because the table was full.
pub fn unlisted() -> u64 {
    lock().unlisted
}

// === impl Kind ===

impl Kind {
    pub fn word(self) -> &'static str {
        match self {
            Kind::Task => "task",
            Kind::Thread => "thread",
            Kind::Process => "process",
        }
    }
}

// === impl Registration ===

impl Registration {
    /// Changes the state shown, such as `waiting for the socket`.
    pub fn set_state(&self, state: &str) {
        if let Some(row) = lock().rows.get_mut(&self.id) {
            row.state = bounded_text(state);
        }
    }

    /// Says how it ended; shown with its successor of the same name.
    pub fn ended(&mut self, how: &str) {
        self.end = Some(bounded_text(how));
    }
}

impl Drop for Registration {
    fn drop(&mut self) {
        lock().remove(self.id, self.end.take());
    }
}

// === impl Table ===

impl Table {
    const fn new() -> Table {
        Table { next_id: 0, rows: BTreeMap::new(), past: BTreeMap::new(), unlisted: 0 }
    }

    fn add(&mut self, name: &str, kind: Kind, since: Mono, supervised: bool) -> u64 {
        let name = bounded_text(name);
        let id = self.next_id;
        self.next_id += 1;
        let past = if supervised { self.begin(&name) } else { Past::default() };
        if self.rows.len() >= limits::RUNNING_MAX {
            self.unlisted += 1;
        } else {
            let Past { started: restarts, last_end } = past;
            self.rows.insert(id, Row { name, kind, state: "running".to_owned(), since, restarts, last_end });
        }
        id
    }

    /// What was before; counts the start.
    fn begin(&mut self, name: &str) -> Past {
        if let Some(past) = self.past.get_mut(name) {
            let before = past.clone();
            past.started += 1;
            return before;
        }
        if self.past.len() < limits::RUNNING_MAX {
            self.past.insert(name.to_owned(), Past { started: 1, last_end: None });
        }
        Past::default()
    }

    fn remove(&mut self, id: u64, end: Option<String>) {
        if let Some(row) = self.rows.remove(&id)
            && let Some(past) = self.past.get_mut(&row.name)
        {
            past.last_end = end;
        }
    }
}

fn bounded_text(text: &str) -> String {
    bounded::beginning(text, limits::ROW_BYTES_MAX).to_owned()
}

/// A panic while the lock was held cannot leave the table torn: every change is one step.
fn lock() -> MutexGuard<'static, Table> {
    TABLE.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
