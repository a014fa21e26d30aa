//! One view: the picture that root has of it, its version, and when it may be drawn.
//!
//! Invariant: a view is drawn only with credit, at most at its board's refresh rate, and only when its data changed or
//! the scene said it would look different by now. Versions rise by one with each frame that differs; the frames since
//! the last keyframe are no more, and weigh no more, than `limits` allow. A panel that panics costs its own picture. It
//! knows neither root nor any other view, but for the ledger of panics that all share.

pub mod ledger;
mod tools;

pub use tools::{Pool, Tools};

use crate::base::{Mono, Version, Wall, limits};
use crate::encode;
use crate::frame::Grid;
use crate::label::Label;
use crate::machine::pace::{Ask, Pace};
use crate::model::{Dataset, ViewSpec};
use crate::scene::{self, Before, Boards, Circumstances, Memory, Shared, Slowed, Stage};
use ledger::Ledger;

/// One spec's picture over time.
#[derive(Debug)]
pub struct View {
    spec: ViewSpec,
    /// What root has.
    shown: Grid,
    /// None before the first picture, or while nobody lends any.
    tools: Option<Tools>,
    /// What the panels of `shown` were drawn from.
    memory: Memory,
    /// Of the data that the board shows, see `scene::stamp`.
    stamp: u64,
    version: Version,
    pace: Pace,
    /// Sessions that watch the board; none where nobody said so.
    viewers: Option<u32>,
    /// What is wrong with a configuration that is not drawn.
    complaint: Option<Label>,
    /// The cap under which it was last held.
    cap_hz: u32,
    /// Paused, and drawn again by its own clock: the span it shows is over, so data need not wake it.
    settled: bool,
    keyframe_bytes: usize,
    /// Since the last keyframe.
    deltas: usize,
    /// Of all of them.
    delta_bytes: usize,
    /// Since when there is data that no picture shows.
    unseen_since: Option<Mono>,
}

/// One new version, encoded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FrameOut {
    pub version: Version,
    /// What `bytes` stand on; `Version::NONE` for a keyframe.
    pub base: Version,
    pub bytes: Vec<u8>,
    /// The same version whole, to take the place of a keyframe whose deltas have outgrown it.
    pub keyframe: Option<Vec<u8>>,
}

/// Of a view whose board nobody knows: what is said about that changes with the boards only.
const REFRESH_HZ_UNKNOWN: f64 = 1.0;

// === impl View ===

impl View {
    /// A view of boards that are known, with all its credits.
    pub fn new(spec: ViewSpec, boards: &Boards) -> View {
        View {
            shown: Grid::new(spec.size),
            tools: None,
            memory: Memory::default(),
            stamp: 0,
            version: Version::NONE,
            pace: Pace::new(refresh_hz(boards, &spec)),
            viewers: None,
            complaint: None,
            cap_hz: 0,
            settled: false,
            keyframe_bytes: 0,
            deltas: 0,
            delta_bytes: 0,
            unseen_since: None,
            spec,
        }
    }

    pub fn spec(&self) -> &ViewSpec {
        &self.spec
    }

    /// Root can take one more frame.
    pub fn credit(&mut self, now: Mono) {
        self.pace.credited(now);
    }

    /// Root can take none before it gives a credit back.
    pub fn withhold(&mut self) {
        self.pace.withhold();
    }

    /// The board is another one now, and shown at once; the next version still stands on what root has.
    pub fn boards_changed(&mut self, boards: &Boards, now: Mono) {
        self.pace.begin_anew(refresh_hz(boards, &self.spec), now);
        self.memory.forget();
    }

    /// It looks otherwise although nothing that it shows changed.
    pub fn distrusted(&mut self, now: Mono) {
        self.memory.distrust();
        self.pace.changed(now);
    }

    /// Something is wrong with a configuration that is not drawn, or nothing any more: its status line says so.
    pub fn complain(&mut self, complaint: Option<&Label>, now: Mono) {
        if self.complaint.as_ref() != complaint {
            self.complaint = complaint.cloned();
            self.pace.changed(now);
        }
    }

    /// Data or the health of a source changed: whether that concerns the board its stamp tells.
    pub fn changed(&mut self, stamp: u64, now: Mono) {
        if std::mem::replace(&mut self.stamp, stamp) != stamp && !self.settled {
            self.pace.changed(now);
            self.unseen_since.get_or_insert(now);
        }
    }

    /// Since when there was data that no picture showed, once it was drawn.
    pub fn take_unseen(&mut self) -> Option<Mono> {
        self.unseen_since.take()
    }

    /// So many sessions watch the board, which its status line says: also that of a view whose data stands still.
    pub fn watched_by(&mut self, viewers: Option<u32>, now: Mono) {
        if self.viewers != viewers {
            self.viewers = viewers;
            self.pace.changed(now);
        }
    }

    /// Draws with these from now on; a view that is lent none has its own.
    pub fn lend(&mut self, tools: Tools) {
        self.tools = Some(tools);
    }

    /// What it drew with last, if it has that.
    pub fn take_back(&mut self) -> Option<Tools> {
        self.tools.take()
    }

    /// Whether to draw now, or when to ask again.
    pub fn ask(&self, now: Mono) -> Ask {
        self.pace.ask(now)
    }

    /// As many pictures were drawn as a cap allows: none of this view before then.
    pub fn hold(&mut self, now: Mono, until: Mono, cap_hz: u32) {
        self.cap_hz = cap_hz;
        self.pace.hold(now, until);
    }

    /// Whether nobody has seen anything of it yet.
    pub fn is_new(&self) -> bool {
        self.version == Version::NONE
    }

    /// Refreshes that a cap allowed no picture for, since the view began.
    pub fn limited(&self) -> u64 {
        self.pace.limited()
    }

    /// Refreshes that were skipped because drawing came too late for them, since the view began.
    pub fn missed(&self) -> u64 {
        self.pace.missed()
    }

    /// Draws if it is time to; nothing when it is not, or when the picture is the same as before.
    pub fn draw(
        &mut self,
        now: Mono,
        wall: Wall,
        boards: &Boards,
        data: &Dataset,
        ledger: &mut Ledger,
    ) -> Option<FrameOut> {
        self.draw_beside(None, now, Stage { boards, data, now: wall }, ledger)
    }

    /// The same beside other views of the board, which may have drawn some of its panels.
    pub fn draw_beside(
        &mut self,
        shared: Option<&mut Shared>,
        now: Mono,
        stage: Stage<'_>,
        ledger: &mut Ledger,
    ) -> Option<FrameOut> {
        let Stage { boards, now: wall, .. } = stage;
        if self.ask(now) != Ask::Draw {
            return None;
        }
        let board_hz = refresh_hz(boards, &self.spec);
        let slowed = self.pace.lowered_hz().map(|shown_hz| Slowed { shown_hz, board_hz });
        let limited = self.pace.is_limited(now).then_some(self.cap_hz);
        let (viewers, complaint) = (self.viewers, self.complaint.as_ref());
        let circumstances = Circumstances { slowed, limited, viewers, complaint, faults: ledger.obeys() };
        let mut tools = self.tools.take().unwrap_or_else(|| Tools::new(&self.spec));
        let before = Before { grid: &self.shown, memory: &mut self.memory, shared };
        let chart = boards.get(&self.spec.board).and_then(|board| board.asks.as_ref()).map(|asks| asks.uuid);
        let mut guard = ledger.guard(&self.spec.board, self.version.next(), now, wall).of_chart(chart);
        let drawn = scene::draw_guarded(stage, &self.spec, circumstances, Some(before), &mut guard, &mut tools.paper);
        self.settled = self.spec.paused_at.is_some() && drawn.next_change_at.is_some();
        let out = self.encode(&mut tools);
        self.tools = Some(tools);
        self.pace.moves(drawn.moves);
        self.pace.drawn(now, wall, drawn.next_change_at, out.is_some());
        out
    }

    /// The drawing as the next version, if it differs from what root has.
    fn encode(&mut self, tools: &mut Tools) -> Option<FrameOut> {
        let Tools { paper, encoder } = tools;
        let before = self.version;
        let mut base = before;
        // Most deltas are shorter than that: they do not grow step by step.
        let mut bytes = Vec::with_capacity(self.keyframe_bytes / 4);
        let mut keyframe = None;
        if base == Version::NONE {
            encoder.keyframe(paper, &mut bytes);
            self.keyframe_bytes = bytes.len();
        } else {
            if !encoder.delta(&self.shown, paper, &mut bytes) {
                return None;
            }
            self.deltas += 1;
            self.delta_bytes += bytes.len();
            if limits::is_outgrown(self.keyframe_bytes, self.deltas, self.delta_bytes) {
                let is_too_much = self.delta_bytes > limits::deltas_bytes_max(self.keyframe_bytes);
                let mut whole = Vec::with_capacity(self.keyframe_bytes + encode::BYTES_BEYOND);
                encoder.keyframe(paper, &mut whole);
                self.keyframe_bytes = whole.len();
                (self.deltas, self.delta_bytes) = (0, 0);
                if is_too_much {
                    // Root would not hold the delta, not even for a moment.
                    (bytes, base) = (whole, Version::NONE);
                } else {
                    keyframe = Some(whole);
                }
            }
        }
        std::mem::swap(&mut self.shown, paper);
        self.version = before.next();
        Some(FrameOut { version: self.version, base, bytes, keyframe })
    }
}

fn refresh_hz(boards: &Boards, spec: &ViewSpec) -> f64 {
    boards.get(&spec.board).map_or(REFRESH_HZ_UNKNOWN, |board| board.refresh_hz)
}

#[cfg(test)]
mod tests;
