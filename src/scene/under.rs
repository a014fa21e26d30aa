//! What lies under a cell of a view, and what a session's keys need to know of its panels: where their axes of time
//! run, how many rows they have, who their neighbours are.
//!
//! Invariant: what is told here is where `scene::draw` draws it, of the same stage and spec.

use super::layout::{self, Placed};
use super::moment::Moment;
use super::panel;
pub use super::panel::Rows;
use super::{Board, Stage, tabs};
use crate::base::{Rect, Wall};
use crate::model::ViewSpec;
use crate::model::binding::Side;
use crate::widget::TimeScale;

/// What lies under a cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spot {
    /// A tab's title, by the tab's number.
    Tab(u16),
    /// A panel, by its number on the board.
    Panel(u16),
    Elsewhere,
}

/// A panel's axis of time on the screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Axis {
    /// In cells of the screen.
    pub plot: Rect,
    pub scale: TimeScale,
}

/// What lies under the cell in column `x` of row `y`.
pub fn under(stage: Stage<'_>, spec: &ViewSpec, x: u16, y: u16) -> Spot {
    let Some(board) = stage.boards.get(&spec.board) else { return Spot::Elsewhere };
    let areas = layout::areas(Some(board), spec.size);
    if areas.tabs.contains(x, y) {
        let places = tabs::places(board, board.tab_index(spec.tab), areas.tabs.width);
        let hit = places.iter().find(|place| (place.x..place.x + place.width).contains(&x)).map(|place| place.tab);
        // The signs beside them lead to the next one without a place.
        let before = places.first().filter(|first| x < first.x).and_then(|first| first.tab.checked_sub(1));
        let after = places.last().filter(|last| x == last.x + last.width).map(|last| last.tab + 1);
        let after = after.filter(|tab| *tab < board.tabs.len());
        return hit.or(before).or(after).map_or(Spot::Elsewhere, |tab| Spot::Tab(number(tab)));
    }
    let placed = layout::place(board, spec, areas.panels).panels;
    let hit = placed.into_iter().find(|placed| placed.area.contains(x, y));
    hit.map_or(Spot::Elsewhere, |placed| Spot::Panel(number(placed.panel)))
}

/// The axis of time of a panel; none where it has none, or no place.
pub fn axis(stage: Stage<'_>, spec: &ViewSpec, panel: u16) -> Option<Axis> {
    let board = stage.boards.of(spec)?;
    let placed = placed(&board, spec, panel)?;
    let moment = Moment::new(spec, board.theme, stage.data, stage.now);
    let (plot, scale) = panel::time_plot(&board.panels[placed.panel], &moment, placed.area)?;
    let plot = Rect { x: plot.x + placed.area.x, y: plot.y + placed.area.y, ..plot };
    Some(Axis { plot, scale })
}

/// Whether any panel that has a place has an axis of time.
pub fn has_axis(stage: Stage<'_>, spec: &ViewSpec) -> bool {
    let Some(board) = stage.boards.of(spec) else { return false };
    let board = &*board;
    let moment = Moment::new(spec, board.theme, stage.data, stage.now);
    let placed = layout::place(board, spec, layout::areas(Some(board), spec.size).panels).panels;
    placed.iter().any(|placed| panel::time_plot(&board.panels[placed.panel], &moment, placed.area).is_some())
}

/// The rows of a panel that scrolls; none of one that does not, or has no place.
pub fn rows(stage: Stage<'_>, spec: &ViewSpec, panel: u16) -> Option<Rows> {
    let board = stage.boards.of(spec)?;
    let placed = placed(&board, spec, panel)?;
    let moment = Moment::new(spec, board.theme, stage.data, stage.now);
    panel::rows(&board.panels[placed.panel], &moment, placed.area)
}

/// The panel on that side of the focused one; none at the edge of the board. Panels without a place come after those
/// that have one, in reading order, and so do all while one fills the screen.
pub fn neighbour(stage: Stage<'_>, spec: &ViewSpec, side: Side) -> Option<u16> {
    let board = stage.boards.get(&spec.board)?;
    let placement = layout::place(board, spec, layout::areas(Some(board), spec.size).panels);
    let focused = placement.panels.iter().find(|placed| placed.focused)?;
    let beside =
        placement.panels.iter().filter_map(|placed| Some((nearness(focused.area, placed.area, side)?, placed)));
    if let Some((_, nearest)) = beside.min_by_key(|(nearness, _)| *nearness) {
        return Some(number(nearest.panel));
    }
    if placement.hidden == 0 && !spec.full_screen {
        return None;
    }
    let next = match side {
        Side::Right | Side::Down => focused.panel + 1,
        Side::Left | Side::Up => focused.panel.checked_sub(1)?,
    };
    board.tab(spec.tab).panels.contains(&next).then(|| number(next))
}

// === impl Axis ===

impl Axis {
    /// The moment a column of the screen stands for: the middle of its span.
    pub fn at(&self, x: u16) -> Wall {
        let column = i64::from(x.clamp(self.plot.x, self.plot.right().saturating_sub(1)) - self.plot.x);
        let span_ms = self.scale.next_at().0 - self.scale.from().0;
        Wall(self.scale.from().0 + span_ms * (2 * column + 1) / (2 * i64::from(self.plot.width.max(1))))
    }

    /// What a column spans, in milliseconds; at least one.
    pub fn column_ms(&self) -> u64 {
        let span_ms = self.scale.next_at().0 - self.scale.from().0;
        (span_ms / i64::from(self.plot.width.max(1))).max(1).unsigned_abs()
    }
}

fn placed(board: &Board, spec: &ViewSpec, panel: u16) -> Option<Placed> {
    let placement = layout::place(board, spec, layout::areas(Some(board), spec.size).panels);
    placement.panels.into_iter().find(|placed| placed.panel == usize::from(panel))
}

/// How near a panel lies on a side: first how far away, then how little of the edge they share, then the order of
/// reading. None for one that does not lie there.
fn nearness(from: Rect, to: Rect, side: Side) -> Option<(u16, u16, u16, u16)> {
    let gap = match side {
        Side::Left => from.x.checked_sub(to.right()),
        Side::Right => to.x.checked_sub(from.right()),
        Side::Up => from.y.checked_sub(to.bottom()),
        Side::Down => to.y.checked_sub(from.bottom()),
    }?;
    let shared = match side {
        Side::Left | Side::Right => from.bottom().min(to.bottom()).saturating_sub(from.y.max(to.y)),
        Side::Up | Side::Down => from.right().min(to.right()).saturating_sub(from.x.max(to.x)),
    };
    (shared > 0).then_some((gap, u16::MAX - shared, to.y, to.x))
}

/// Panels and tabs are far fewer.
fn number(index: usize) -> u16 {
    u16::try_from(index).unwrap_or(u16::MAX)
}
