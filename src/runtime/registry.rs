//! The tree of all tasks, threads and child processes of this process, as rows that know their parents.
//!
//! Invariant: bounded by `limits::RUNNING_MAX`; a row goes when what it stands for ends, however it ends, and what hangs
//! under it moves up. What does not fit runs all the same and is counted. It decides nothing: supervisors tell it what
//! became of their children.
//!
//! Whatever is started hangs under what started it: a row is current while its task is polled, or its thread runs, and
//! new rows are put under the current one. Nothing is current on a thread that nobody spawned, such as the main
//! thread: what is started there hangs under the process itself.

use std::borrow::Cow;
use std::cell::Cell;
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::base::{Mono, bounded, limits};
pub use crate::machine::supervise::Kind;
use crate::sys::clock;

/// A row, as long as that lives and afterwards.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId(u64);

/// One thing that runs, or that a supervisor is about to start again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    pub id: NodeId,
    pub name: String,
    pub kind: Kind,
    /// In words, such as `running`.
    pub state: String,
    /// When it started; none while nothing of it runs.
    pub since: Option<Mono>,
    /// Of something supervised: how often it was started before.
    pub restarts: u64,
    /// Of something supervised: how it ended, the last time that was not as planned.
    pub last_fault: Option<String>,
    /// Of something supervised that does not run: when it is started again.
    pub next_retry: Option<Mono>,
}

/// Keeps a row alive; dropping it takes the row away.
#[derive(Debug)]
pub struct Registration {
    id: NodeId,
}

/// Puts back what was current before.
#[derive(Debug)]
pub struct Entered {
    before: Option<NodeId>,
}

#[derive(Debug)]
struct Node {
    row: Row,
    parent: Option<NodeId>,
    /// Rows that have this one as their parent.
    children: usize,
}

#[derive(Debug)]
struct Table {
    next_id: u64,
    nodes: BTreeMap<NodeId, Node>,
    unlisted: u64,
}

static TABLE: Mutex<Table> = Mutex::new(Table::new());

thread_local! {
    static CURRENT: Cell<Option<NodeId>> = const { Cell::new(None) };
}

/// Adds a row under the current one.
pub fn register(name: impl Into<Cow<'static, str>>, kind: Kind) -> Registration {
    register_under(current(), &name.into(), kind)
}

/// Adds a row under that one; under none it hangs under the process.
pub fn register_under(parent: Option<NodeId>, name: &str, kind: Kind) -> Registration {
    let since = clock::mono();
    Registration { id: lock().add(parent, name, kind, since) }
}

/// The row of the task that is polled, or of the thread that runs.
pub fn current() -> Option<NodeId> {
    CURRENT.try_with(Cell::get).ok().flatten()
}

/// What is registered on this thread hangs under that row until the guard goes.
pub fn enter(id: NodeId) -> Entered {
    Entered { before: CURRENT.try_with(|current| current.replace(Some(id))).ok().flatten() }
}

/// Changes the state shown of the task of this name; of the newest, where there are several.
pub fn say_state(name: &str, state: &str) {
    let mut table = lock();
    let is = |node: &&mut Node| node.row.kind == Kind::Task && node.row.name == name;
    if let Some(node) = table.nodes.values_mut().rev().find(is) {
        node.row.state = bounded_text(state);
    }
}

/// All rows with their depth: each one directly before what hangs under it, those of one parent in the order they came.
pub fn tree() -> Vec<(usize, Row)> {
    lock().tree()
}

/// How many tasks, threads and processes there are; those that wait to be started again count too.
pub fn running() -> usize {
    lock().nodes.values().filter(|node| node.row.kind != Kind::Supervisor).count()
}

/// How many things ran without a row because the table was full.
pub fn unlisted() -> u64 {
    lock().unlisted
}

// === impl Registration ===

impl Registration {
    pub fn id(&self) -> NodeId {
        self.id
    }

    /// Changes what is shown.
    pub fn tell(&self, change: impl FnOnce(&mut Row)) {
        if let Some(node) = lock().nodes.get_mut(&self.id) {
            change(&mut node.row);
            let Row { state, last_fault, .. } = &mut node.row;
            for text in std::iter::once(state).chain(last_fault) {
                text.truncate(bounded::beginning(text, limits::ROW_BYTES_MAX).len());
            }
        }
    }

    /// Changes the state shown, such as `waiting for the socket`.
    pub fn set_state(&self, state: &str) {
        self.tell(|row| row.state = bounded_text(state));
    }
}

impl Drop for Registration {
    fn drop(&mut self) {
        lock().remove(self.id);
    }
}

impl Drop for Entered {
    fn drop(&mut self) {
        // A thread that ends has nothing current any more.
        let _ = CURRENT.try_with(|current| current.set(self.before));
    }
}

// === impl Table ===

impl Table {
    const fn new() -> Table {
        Table { next_id: 0, nodes: BTreeMap::new(), unlisted: 0 }
    }

    fn add(&mut self, parent: Option<NodeId>, name: &str, kind: Kind, since: Mono) -> NodeId {
        let id = NodeId(self.next_id);
        self.next_id += 1;
        if self.nodes.len() >= limits::RUNNING_MAX {
            self.unlisted += 1;
            return id;
        }
        // One that is not listed, or gone, is nobody's parent.
        let parent = parent.filter(|parent| self.nodes.contains_key(parent));
        self.count(parent, 1);
        let (name, state) = (bounded_text(name), "running".to_owned());
        let row = Row { id, name, kind, state, since: Some(since), restarts: 0, last_fault: None, next_retry: None };
        self.nodes.insert(id, Node { row, parent, children: 0 });
        id
    }

    fn remove(&mut self, id: NodeId) {
        let Some(Node { parent, children, .. }) = self.nodes.remove(&id) else { return };
        if let Some(parent) = parent.and_then(|parent| self.nodes.get_mut(&parent)) {
            parent.children -= 1;
        }
        if children > 0 {
            self.nodes.values_mut().filter(|node| node.parent == Some(id)).for_each(|node| node.parent = parent);
            self.count(parent, children);
        }
    }

    fn count(&mut self, parent: Option<NodeId>, more: usize) {
        if let Some(node) = parent.and_then(|parent| self.nodes.get_mut(&parent)) {
            node.children += more;
        }
    }

    fn tree(&self) -> Vec<(usize, Row)> {
        let mut under: BTreeMap<Option<NodeId>, Vec<NodeId>> = BTreeMap::new();
        for (id, node) in self.nodes.iter().rev() {
            under.entry(node.parent).or_default().push(*id);
        }
        let mut rows = Vec::with_capacity(self.nodes.len());
        let mut waiting: Vec<(usize, NodeId)> = Vec::new();
        let mut next = under.remove(&None).unwrap_or_default();
        let mut depth = 0;
        loop {
            waiting.extend(next.drain(..).map(|id| (depth, id)));
            let Some((at, id)) = waiting.pop() else { return rows };
            if let Some(node) = self.nodes.get(&id) {
                rows.push((at.min(limits::TREE_DEPTH_MAX), node.row.clone()));
            }
            (depth, next) = (at + 1, under.remove(&Some(id)).unwrap_or_default());
        }
    }
}

fn bounded_text(text: &str) -> String {
    bounded::beginning(text, limits::ROW_BYTES_MAX).to_owned()
}

/// A panic while the lock was held cannot leave the table torn: what is changed is one step, and is no more than told.
fn lock() -> MutexGuard<'static, Table> {
    TABLE.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
