//! All views of one worker: which of them wants to be drawn now, and when the next one will.
//!
//! Invariant: a view stands in the ready queue at most once, and only views in the map are ever drawn.

use std::collections::{BTreeMap, VecDeque};

use crate::base::{Mono, ViewId, limits};
use crate::label::Label;
use crate::machine::pace::Ask;
use crate::model::{Dataset, ViewSpec};
use crate::render::{Pool, View};
use crate::scene::{self, Boards, Shared};
use crate::wire::feed::Complaint;

/// Views by root's numbers.
#[derive(Debug, Default)]
pub struct Views {
    map: BTreeMap<ViewId, Entry>,
    /// How many there are of each tab of each board.
    tabs: BTreeMap<(String, u16), usize>,
    /// How many there are of each board with its parameters.
    asked: BTreeMap<Asked, usize>,
    /// Sessions by the board they watch, as root said.
    viewers: BTreeMap<String, u32>,
    /// As root said: of a board, or of all.
    complaints: Vec<(Option<String>, Label)>,
    ready: VecDeque<ViewId>,
    wake_at: Option<Mono>,
    /// Where not all that are ready may be drawn: the one drawn last.
    turn: Option<ViewId>,
    /// Panels that several of them show.
    shared: Shared,
    tools: Pool,
}

/// A board and its parameters.
pub type Asked = (String, BTreeMap<String, String>);

#[derive(Debug)]
struct Entry {
    view: View,
    ready: bool,
}

// === impl Views ===

impl Views {
    pub fn len(&self) -> usize {
        self.map.len()
    }

    /// Boards that are watched, with the tabs of them that are.
    pub fn tabs(&self) -> impl Iterator<Item = (&str, u16)> {
        self.tabs.keys().map(|(board, tab)| (board.as_str(), *tab))
    }

    /// Boards that are watched, each with the parameters it is watched with.
    pub fn asked(&self) -> impl Iterator<Item = &Asked> {
        self.asked.keys()
    }

    pub fn contains(&self, id: ViewId) -> bool {
        self.map.contains_key(&id)
    }

    pub fn insert(&mut self, id: ViewId, mut view: View, now: Mono) {
        view.watched_by(self.viewers.get(&view.spec().board).copied(), now);
        *self.tabs.entry(tab(view.spec())).or_default() += 1;
        *self.asked.entry(asked(view.spec())).or_default() += 1;
        view.complain(concerning(&self.complaints, &view.spec().board), now);
        self.map.insert(id, Entry { view, ready: false });
        self.judge(id, now);
    }

    /// Forgets a view; nothing when it is gone already.
    pub fn remove(&mut self, id: ViewId) {
        let Some(entry) = self.map.remove(&id) else { return };
        count_down(&mut self.tabs, &tab(entry.view.spec()));
        count_down(&mut self.asked, &asked(entry.view.spec()));
        let size = entry.view.spec().size;
        if !self.map.values().any(|entry| entry.view.spec().size == size) {
            self.tools.forget(size);
        }
    }

    /// Root can take one more frame of this view; nothing when the view is gone.
    pub fn credit(&mut self, id: ViewId, now: Mono) {
        if let Some(entry) = self.map.get_mut(&id) {
            entry.view.credit(now);
            judge(id, entry, now, &mut self.ready, &mut self.wake_at);
        }
    }

    /// Root takes no other frame of this view before it gives a credit back; nothing when the view is gone.
    pub fn hold(&mut self, id: ViewId) {
        if let Some(entry) = self.map.get_mut(&id) {
            entry.view.withhold();
        }
    }

    /// The boards are others now; a view of one that did not change is left alone. A view of none lists those there are.
    pub fn boards_changed(&mut self, boards: &Boards, changed: impl Fn(&str) -> bool, now: Mono) {
        self.shared.forget();
        for entry in self.map.values_mut() {
            let board = &entry.view.spec().board;
            if changed(board) || boards.get(board).is_none() {
                entry.view.boards_changed(boards, now);
            }
        }
        self.judge_all(now);
    }

    /// What a board's views show is drawn again, over what is known of it.
    pub fn distrusted(&mut self, board: &str, now: Mono) {
        self.shared.forget();
        for (&id, entry) in self.map.iter_mut().filter(|(_, entry)| entry.view.spec().board == board) {
            entry.view.distrusted(now);
            judge(id, entry, now, &mut self.ready, &mut self.wake_at);
        }
    }

    /// What is wrong with a configuration that is not drawn: each view tells of its board, or of what concerns all.
    pub fn complained(&mut self, complaints: Vec<Complaint>, now: Mono) {
        let line = |complaint: Complaint| (complaint.board, Label::plain(&complaint.text));
        self.complaints = complaints.into_iter().map(line).collect();
        for (&id, entry) in &mut self.map {
            entry.view.complain(concerning(&self.complaints, &entry.view.spec().board), now);
            judge(id, entry, now, &mut self.ready, &mut self.wake_at);
        }
    }

    /// Data changed. What does not concern a board wakes none of its views.
    pub fn changed(&mut self, boards: &Boards, data: &Dataset, now: Mono) {
        // Of each board once, however many views it has; those with parameters are few.
        let mut stamps: BTreeMap<String, u64> = BTreeMap::new();
        for (&id, entry) in &mut self.map {
            let spec = entry.view.spec();
            let known = stamps.get(&spec.board).filter(|_| spec.params.is_empty()).copied();
            let stamp = known.unwrap_or_else(|| scene::stamp(boards, spec, data));
            if known.is_none() && spec.params.is_empty() {
                stamps.insert(spec.board.clone(), stamp);
            }
            entry.view.changed(stamp, now);
            judge(id, entry, now, &mut self.ready, &mut self.wake_at);
        }
    }

    /// So many sessions watch a board: all views of it say so, and no other is touched. Of more boards than there may
    /// be nothing is kept.
    pub fn watched_by(&mut self, board: String, viewers: u32, now: Mono) {
        for (&id, entry) in self.map.iter_mut().filter(|(_, entry)| entry.view.spec().board == board) {
            entry.view.watched_by(Some(viewers).filter(|viewers| *viewers > 0), now);
            judge(id, entry, now, &mut self.ready, &mut self.wake_at);
        }
        if viewers == 0 {
            self.viewers.remove(&board);
        } else if self.viewers.contains_key(&board) || self.viewers.len() < limits::BOARDS_MAX {
            self.viewers.insert(board, viewers);
        }
    }

    pub fn any_ready(&self) -> bool {
        !self.ready.is_empty()
    }

    /// When `judge_all` wants to be called although nothing happened.
    pub fn wake_at(&self) -> Option<Mono> {
        self.wake_at
    }

    /// Looks at every view anew: the time of `wake_at` has come.
    pub fn judge_all(&mut self, now: Mono) {
        self.wake_at = None;
        for (&id, entry) in &mut self.map {
            judge(id, entry, now, &mut self.ready, &mut self.wake_at);
        }
    }

    /// One was drawn where not all that are ready may be, and it is another one's turn; none where all may.
    pub fn take_turns(&mut self, drawn: Option<ViewId>) {
        self.turn = drawn;
    }

    /// Looks at one view anew: it was drawn.
    pub fn judge(&mut self, id: ViewId, now: Mono) {
        if let Some(entry) = self.map.get_mut(&id) {
            entry.view.take_back().into_iter().for_each(|tools| self.tools.put(tools));
            judge(id, entry, now, &mut self.ready, &mut self.wake_at);
        }
    }

    /// The view that has been ready longest and still is; where they take turns, the next one behind the one drawn last.
    /// Beside it the panels it may share, if it is not the only one that shows them. It has tools to draw
    /// with until it is judged.
    pub fn next_ready(&mut self, now: Mono) -> Option<(ViewId, &mut View, Option<&mut Shared>)> {
        while let Some(id) = self.next_in_turn() {
            let Some(entry) = self.map.get_mut(&id) else { continue };
            entry.ready = false;
            if entry.view.ask(now) == Ask::Draw {
                let entry = self.map.get_mut(&id)?;
                entry.view.lend(self.tools.take(entry.view.spec()));
                let shown = self.tabs.get(&tab(entry.view.spec())).is_some_and(|views| *views > 1);
                return Some((id, &mut entry.view, shown.then_some(&mut self.shared)));
            }
            judge(id, entry, now, &mut self.ready, &mut self.wake_at);
        }
        None
    }

    fn next_in_turn(&mut self) -> Option<ViewId> {
        let Some(turn) = self.turn else { return self.ready.pop_front() };
        let next = self.ready.iter().enumerate().min_by_key(|(_, id)| (**id <= turn, **id))?.0;
        self.ready.remove(next)
    }
}

fn tab(spec: &ViewSpec) -> (String, u16) {
    (spec.board.clone(), spec.tab)
}

fn asked(spec: &ViewSpec) -> Asked {
    (spec.board.clone(), spec.params.clone())
}

fn count_down<K: Ord>(counts: &mut BTreeMap<K, usize>, key: &K) {
    match counts.get_mut(key) {
        Some(count) if *count > 1 => *count -= 1,
        _ => drop(counts.remove(key)),
    }
}

/// The first complaint about a board, or else about everything.
fn concerning<'a>(complaints: &'a [(Option<String>, Label)], board: &str) -> Option<&'a Label> {
    let of = |whose: Option<&str>| complaints.iter().find(|(named, _)| named.as_deref() == whose);
    of(Some(board)).or_else(|| of(None)).map(|(_, line)| line)
}

fn judge(id: ViewId, entry: &mut Entry, now: Mono, ready: &mut VecDeque<ViewId>, wake_at: &mut Option<Mono>) {
    match entry.view.ask(now) {
        Ask::Draw if !entry.ready => {
            entry.ready = true;
            ready.push_back(id);
        }
        Ask::Until(at) => *wake_at = Some(wake_at.map_or(at, |earlier| earlier.min(at))),
        Ask::Draw | Ask::Idle => {}
    }
}
