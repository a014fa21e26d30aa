//! Panels that several views of a board show alike, so that each is drawn once and not once for each view.
//!
//! Invariant: what is taken from here is what drawing it would draw, as far as that is so of a view's own picture before
//! (see `memory`). What decides how a panel looks is named here: a spec's field that is new has to be said to be one or not.

use std::collections::BTreeMap;

use super::board::{Chart, PanelSpec};
use super::layout::Placed;
use super::memory;
use super::moment::Changes;
use crate::base::{Rect, Size, Wall, limits};
use crate::frame::Grid;
use crate::model::ViewSpec;

/// Pictures of panels by board and panel. Whoever changes boards begins a new one.
#[derive(Debug, Default)]
pub struct Shared {
    boards: BTreeMap<String, Vec<Vec<Painted>>>,
    cells: usize,
}

/// A panel as it was drawn for a view.
#[derive(Debug)]
struct Painted {
    spec: ViewSpec,
    focused: bool,
    /// See `panel::stamp`.
    stamp: u64,
    at: Wall,
    changes: Changes,
    cells: Grid,
}

// === impl Shared ===

impl Shared {
    /// Nothing is taken over from before.
    pub fn forget(&mut self) {
        *self = Shared::default();
    }

    /// Drawing it failed: nobody is shown what was kept of it, until it was drawn well again.
    pub(super) fn failed(&mut self, board: &str, panel: usize) {
        let Some(all) = self.boards.get_mut(board).and_then(|panels| panels.get_mut(panel)) else { return };
        self.cells -= all.drain(..).map(|painted| cells(painted.cells.size())).sum::<usize>();
    }

    /// Puts a panel into its place if some view drew it as it would be drawn now; what it announced.
    pub(super) fn put(
        &self,
        panel: &PanelSpec,
        placed: Placed,
        (spec, stamp, now): (&ViewSpec, u64, Wall),
        grid: &mut Grid,
    ) -> Option<Changes> {
        let all = self.boards.get(&spec.board)?.get(placed.panel)?;
        let painted = all.iter().find(|painted| {
            painted.focused == placed.focused
                && painted.cells.size() == size(placed)
                && memory::is_current((painted.stamp, painted.at, painted.changes), stamp, now)
                && are_alike(&painted.spec, spec, placed.focused, is_ranged(&panel.chart, painted.changes))
        })?;
        grid.paste(&painted.cells, placed.area);
        Some(painted.changes)
    }

    /// Keeps a panel that was drawn well.
    pub(super) fn keep(
        &mut self,
        placed: Placed,
        (spec, stamp, at): (&ViewSpec, u64, Wall),
        changes: Changes,
        grid: &Grid,
    ) {
        // Boards with parameters differ from viewer to viewer, and panels without room are none.
        let is_whole = size(placed).area() == Rect { x: 0, y: 0, ..placed.area };
        let more = cells(size(placed));
        if !spec.params.is_empty() || !is_whole || more > limits::SHARED_CELLS_MAX {
            return;
        }
        // What is not true any more makes room first.
        if let Some(known) = self.boards.get_mut(&spec.board).and_then(|panels| panels.get_mut(placed.panel)) {
            known.retain(|known| {
                let is_current = memory::is_current((known.stamp, known.at, known.changes), stamp, at);
                self.cells -= if is_current { 0 } else { cells(known.cells.size()) };
                is_current
            });
        }
        if self.cells + more > limits::SHARED_CELLS_MAX {
            self.forget();
        }
        if !self.boards.contains_key(&spec.board) {
            self.boards.insert(spec.board.clone(), Vec::new());
        }
        let Some(panels) = self.boards.get_mut(&spec.board) else { return };
        if panels.len() <= placed.panel {
            panels.resize_with(placed.panel + 1, Vec::new);
        }
        let all = &mut panels[placed.panel];
        // So many looks at the same time are kept; those who look otherwise draw for themselves.
        if all.len() >= limits::SHARED_LOOKS_MAX {
            return;
        }
        self.cells += more;
        let cells = grid.cut(placed.area);
        all.push(Painted { spec: spec.clone(), focused: placed.focused, stamp, at, changes, cells });
    }
}

#[cfg(test)]
impl Shared {
    /// What is kept, in cells and in pictures of the panel that has most.
    pub fn held(&self) -> (usize, usize) {
        let panels = || self.boards.values().flatten();
        let held = panels().flatten().map(|painted| cells(painted.cells.size())).sum();
        assert_eq!(self.cells, held, "what is counted is not what is kept");
        (held, panels().map(Vec::len).max().unwrap_or(0))
    }
}

fn size(placed: Placed) -> Size {
    Size::clamped(placed.area.width, placed.area.height)
}

fn cells(size: Size) -> usize {
    usize::from(size.cols()) * usize::from(size.rows())
}

/// Whether a panel of the same size looks the same in both, whatever else differs.
fn are_alike(one: &ViewSpec, other: &ViewSpec, focused: bool, ranged: bool) -> bool {
    let ViewSpec {
        // Where a panel stands, and what stands beside it.
        tenant: _,
        board: _,
        tab: _,
        focus: _,
        full_screen: _,
        overlay: _,
        size: _,
        encoding: _,
        params,
        range_ms,
        offset_ms,
        paused_at,
        scroll,
        cursor,
        palette,
        glyphs,
        theme,
        timezone,
    } = one;
    (!ranged && cursor.is_none() || *range_ms == other.range_ms)
        && (!focused || *scroll == other.scroll)
        && *params == other.params
        && (*offset_ms, *paused_at, *cursor) == (other.offset_ms, other.paused_at, other.cursor)
        && (*palette, *glyphs, *theme) == (other.palette, other.glyphs, other.theme)
        && *timezone == other.timezone
}

/// Whether a chart that announced this shows the span of time that a viewer chose.
fn is_ranged(chart: &Chart, changes: Changes) -> bool {
    match chart {
        // Its jobs, rows and bars are those of a moment; a log begins where it begins.
        Chart::Text(_)
        | Chart::Words(_)
        | Chart::Table(_)
        | Chart::Progress(_)
        | Chart::Log(_)
        | Chart::Bars(_)
        | Chart::Animation(_) => false,
        // One that is gone is missed for that long.
        Chart::Gauges(_) => changes.misses_by_range(),
        Chart::Line { .. }
        | Chart::Sparklines(_)
        | Chart::Stat(_)
        | Chart::Histogram(_)
        | Chart::Heatmap(_)
        | Chart::States(_) => true,
    }
}
