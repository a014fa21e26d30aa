//! The table of all tasks, threads and child processes of this process.
//!
//! Invariant: bounded by `limits::RUNNING_MAX`; a row goes when what it stands for ends, however it ends. What does
//! not fit runs all the same and is counted.

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
    /// How often something of this name and kind was started before.
    pub restarts: u64,
    /// How the one before it ended, when that was not as planned.
    pub last_end: Option<String>,
}

/// Keeps a row alive; dropping it takes the row away.
#[derive(Debug)]
pub struct Registration {
    id: u64,
    end: Option<String>,
}

#[derive(Default)]
struct Table {
    next_id: u64,
    rows: BTreeMap<u64, Row>,
    past: BTreeMap<(String, &'static str), Past>,
    unlisted: u64,
}

#[derive(Clone, Default)]
struct Past {
    started: u64,
    last_end: Option<String>,
}

static TABLE: Mutex<Table> =
    Mutex::new(Table { next_id: 0, rows: BTreeMap::new(), past: BTreeMap::new(), unlisted: 0 });

/// Adds a row.
pub fn register(name: impl Into<Cow<'static, str>>, kind: Kind) -> Registration {
    let name = bounded_text(&name.into());
    let since = clock::mono();
    let mut table = lock();
    let id = table.next_id;
    table.next_id += 1;
    if table.rows.len() >= limits::RUNNING_MAX {
        table.unlisted += 1;
        return Registration { id, end: None };
    }
    let key = (name.clone(), kind.word());
    let room = table.past.len() < limits::RUNNING_MAX;
    let past = match table.past.get_mut(&key) {
        Some(past) => {
            let before = past.clone();
            past.started += 1;
            before
        }
        None => {
            if room {
                table.past.insert(key, Past { started: 1, last_end: None });
            }
            Past::default()
        }
    };
    let row = Row { name, kind, state: "running".to_owned(), since, restarts: past.started, last_end: past.last_end };
    table.rows.insert(id, row);
    Registration { id, end: None }
}

/// All rows in the order they were started.
pub fn tree() -> Vec<Row> {
    lock().rows.values().cloned().collect()
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
        let mut table = lock();
        if let Some(row) = table.rows.remove(&self.id)
            && let Some(past) = table.past.get_mut(&(row.name, row.kind.word()))
        {
            past.last_end = self.end.take();
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
