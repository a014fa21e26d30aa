//! What a viewer's keys and mouse do to the view spec of their session.
//!
//! Invariant: a step turns a valid spec into a valid spec, changes nothing but that spec, and depends on nothing but
//! its arguments; so root can hold the result and any worker can make the next one.

use std::time::Duration;

use crate::model::binding::{self, Intent, Leap, Side};
use crate::model::spec::{Overlay, RANGE_MS_MAX, RANGE_MS_MIN, Scroll, Theme};
use crate::model::{Act, Gesture, Input, Key, ViewSpec};
use crate::scene::under::{self, Spot};
use crate::scene::{self, Board, Boards, Stage};

pub use crate::model::binding::BINDINGS;

#[cfg(test)]
mod tests;

const SECOND: u64 = 1_000;
const MINUTE: u64 = 60 * SECOND;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;

/// The ranges zoom goes through, in milliseconds: each two or three times the one before, so that a few keys lead from
/// a spike to the month it happened in.
pub const RANGE_STEPS_MS: [u64; 14] = [
    10 * SECOND,
    30 * SECOND,
    MINUTE,
    2 * MINUTE,
    5 * MINUTE,
    15 * MINUTE,
    30 * MINUTE,
    HOUR,
    3 * HOUR,
    6 * HOUR,
    12 * HOUR,
    DAY,
    7 * DAY,
    30 * DAY,
];

const _: () = assert!(RANGE_STEPS_MS[0] >= RANGE_MS_MIN);
const _: () = assert!(RANGE_STEPS_MS[RANGE_STEPS_MS.len() - 1] <= RANGE_MS_MAX);

/// Rows that one notch of a wheel scrolls, as in most terminals.
const WHEEL_ROWS: u16 = 3;
/// Where no chart over time has the focus, the cursor moves by this part of the range.
const CURSOR_STEPS: u64 = 100;

/// The spec after an input; none when it changes nothing.
pub fn step(spec: &ViewSpec, input: Input, stage: Stage<'_>) -> Option<ViewSpec> {
    let mut next = spec.clone();
    match input {
        Input::Key(key) => press(&mut next, binding::intent(key)?, stage),
        Input::Mouse(gesture) => point(&mut next, gesture, stage),
    }
    (next != *spec).then_some(next)
}

/// Whether the session ends with this key. The shell that reads the keys asks first.
pub fn is_quit(key: Key) -> bool {
    binding::intent(key) == Some(Intent::Quit)
}

/// Whether this key asks for the whole screen again. The shell that writes to the terminal asks first.
pub fn is_repaint(key: Key) -> bool {
    binding::intent(key) == Some(Intent::Repaint)
}

fn press(spec: &mut ViewSpec, intent: Intent, stage: Stage<'_>) {
    let boards = stage.boards;
    match intent {
        Intent::Quit | Intent::Repaint => {}
        Intent::Help => {
            spec.overlay = match spec.overlay {
                Some(Overlay::Help) => None,
                None => Some(Overlay::Help),
            }
        }
        Intent::Close if spec.overlay.is_some() => spec.overlay = None,
        Intent::Close if scene::cursor(spec, stage.now).is_some() => spec.cursor = None,
        Intent::Close => spec.full_screen = false,
        Intent::NextBoard => turn(spec, boards, Turn::Forward),
        Intent::PreviousBoard => turn(spec, boards, Turn::Back),
        Intent::Tab(tab) => show_tab(spec, boards, usize::from(tab)),
        Intent::NextTab => show_tab(spec, boards, tab(spec, boards) + 1),
        Intent::PreviousTab => show_tab(spec, boards, tab(spec, boards).wrapping_sub(1)),
        Intent::Move(side) => walk(spec, side, stage),
        Intent::ZoomIn => {
            let shorter = RANGE_STEPS_MS.into_iter().rev().find(|step| *step < spec.range_ms);
            spec.range_ms = shorter.unwrap_or(spec.range_ms);
        }
        Intent::ZoomOut => {
            let longer = RANGE_STEPS_MS.into_iter().find(|step| *step > spec.range_ms);
            spec.range_ms = longer.unwrap_or(spec.range_ms);
        }
        Intent::PanBack => spec.offset_ms = spec.offset_ms.saturating_add(quarter(spec)).min(RANGE_MS_MAX),
        Intent::PanForward => spec.offset_ms = spec.offset_ms.saturating_sub(quarter(spec)),
        Intent::Live => {
            spec.offset_ms = 0;
            spec.paused_at = None;
            spec.cursor = None;
            spec.scroll = Scroll::default();
        }
        Intent::Pause => spec.paused_at = if spec.paused_at.is_some() { None } else { Some(stage.now) },
        // One that is out of sight is as good as none.
        Intent::Cursor => {
            let is_seen = scene::cursor(spec, stage.now).is_some();
            spec.cursor = if is_seen { None } else { Some(scene::edge(spec, stage.now)) };
        }
        Intent::Scroll(leap) => scroll(spec, leap, stage),
        Intent::FullScreen => spec.full_screen = !spec.full_screen,
        Intent::NextTheme => {
            let of_board = boards.get(&spec.board).map_or(Theme::default(), |board| board.theme);
            let theme = spec.theme.unwrap_or(of_board).next();
            // Who came round to the board's own sees one view with those who never left it.
            spec.theme = (theme != of_board).then_some(theme);
        }
    }
}

fn point(spec: &mut ViewSpec, Gesture { x, y, act }: Gesture, stage: Stage<'_>) {
    // Under the help nothing is hit.
    if spec.overlay.take_if(|_| act == Act::Click).is_some() || spec.overlay.is_some() {
        return;
    }
    let spot = under::under(stage, spec, x, y);
    match (act, spot) {
        (Act::Click, Spot::Tab(tab)) => show_tab(spec, stage.boards, usize::from(tab)),
        (Act::Click, Spot::Panel(panel)) => {
            focus_on(spec, panel);
            if spec.cursor.is_some()
                && let Some(axis) = under::axis(stage, spec, panel)
            {
                spec.cursor = Some(axis.at(x));
            }
        }
        (Act::Drag { columns }, Spot::Panel(panel)) => {
            let Some(axis) = under::axis(stage, spec, panel) else { return };
            let span_ms = axis.column_ms().saturating_mul(u64::from(columns.unsigned_abs()));
            // What is dragged to the right brings in what was before it.
            spec.offset_ms = match columns {
                0.. => spec.offset_ms.saturating_add(span_ms).min(RANGE_MS_MAX),
                _ => spec.offset_ms.saturating_sub(span_ms),
            };
        }
        (Act::WheelUp | Act::WheelDown, Spot::Panel(panel)) if under::rows(stage, spec, panel).is_some() => {
            focus_on(spec, panel);
            scroll_by(spec, if act == Act::WheelUp { Way::Up } else { Way::Down }, WHEEL_ROWS, stage);
        }
        (Act::WheelUp, Spot::Panel(_)) => press(spec, Intent::ZoomIn, stage),
        (Act::WheelDown, Spot::Panel(_)) => press(spec, Intent::ZoomOut, stage),
        _ => {}
    }
}

// === boards, tabs, panels ===

#[derive(Clone, Copy, PartialEq, Eq)]
enum Turn {
    Forward,
    Back,
}

/// The next or the previous board; the first one when the present one is gone.
fn turn(spec: &mut ViewSpec, boards: &Boards, turn: Turn) {
    let names: Vec<&str> = boards.names().collect();
    let Some(last) = names.len().checked_sub(1) else { return };
    let index = match (names.iter().position(|name| *name == spec.board), turn) {
        (None, _) => 0,
        (Some(index), Turn::Forward) if index == last => 0,
        (Some(index), Turn::Forward) => index + 1,
        (Some(0), Turn::Back) => last,
        (Some(index), Turn::Back) => index - 1,
    };
    if names[index] != spec.board {
        spec.board = names[index].to_owned();
        spec.tab = 0;
        (spec.focus, spec.scroll) = (0, Scroll::default());
        spec.full_screen = false;
    }
}

fn tab(spec: &ViewSpec, boards: &Boards) -> usize {
    boards.get(&spec.board).map_or(0, |board| board.tab_index(spec.tab))
}

/// Nothing where the board has no such tab.
fn show_tab(spec: &mut ViewSpec, boards: &Boards, index: usize) {
    let Some(tab) = boards.get(&spec.board).and_then(|board| board.tabs.get(index)) else { return };
    let Ok(number) = u16::try_from(index) else { return };
    if spec.tab != number {
        spec.tab = number;
        spec.full_screen = false;
        focus_on(spec, u16::try_from(tab.panels.start).unwrap_or(u16::MAX));
    }
}

/// A spec may come from a time when the board had more panels, or others.
fn focus(spec: &ViewSpec, boards: &Boards) -> u16 {
    let of = |board: &Board| u16::try_from(board.focus(spec)).unwrap_or(u16::MAX);
    boards.get(&spec.board).map_or(0, of)
}

/// What is scrolled is the panel that has the focus; another one begins at its start.
fn focus_on(spec: &mut ViewSpec, panel: u16) {
    if spec.focus != panel {
        spec.focus = panel;
        spec.scroll = Scroll::default();
    }
}

fn walk(spec: &mut ViewSpec, side: Side, stage: Stage<'_>) {
    let focus = focus(spec, stage.boards);
    match side {
        Side::Left | Side::Right if scene::cursor(spec, stage.now).is_some() && under::has_axis(stage, spec) => {
            move_cursor(spec, side, stage);
        }
        Side::Up if spec.full_screen && under::rows(stage, spec, focus).is_some() => {
            scroll_by(spec, Way::Up, 1, stage);
        }
        Side::Down if spec.full_screen && under::rows(stage, spec, focus).is_some() => {
            scroll_by(spec, Way::Down, 1, stage);
        }
        _ => focus_on(spec, under::neighbour(stage, spec, side).unwrap_or(focus)),
    }
}

// === time ===

/// How far one key pans.
fn quarter(spec: &ViewSpec) -> u64 {
    (spec.range_ms / 4).max(1)
}

/// One column of the focused chart to a side, never out of sight.
fn move_cursor(spec: &mut ViewSpec, side: Side, stage: Stage<'_>) {
    let axis = under::axis(stage, spec, focus(spec, stage.boards));
    let step_ms = axis.map_or(spec.range_ms / CURSOR_STEPS, |axis| axis.column_ms()).max(1);
    let step = Duration::from_millis(step_ms);
    let edge = scene::edge(spec, stage.now);
    let from = edge - Duration::from_millis(spec.range_ms);
    let at = spec.cursor.unwrap_or(edge);
    let moved = if side == Side::Left { at - step } else { at + step };
    spec.cursor = Some(moved.clamp(from, edge));
}

// === rows ===

/// Which rows come into sight.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    Up,
    Down,
}

fn scroll(spec: &mut ViewSpec, leap: Leap, stage: Stage<'_>) {
    let Some(rows) = under::rows(stage, spec, focus(spec, stage.boards)) else { return };
    // A row stays in sight, by which one finds one's place.
    let page = (rows.page - 1).max(1);
    match leap {
        Leap::PageUp => scroll_by(spec, Way::Up, page, stage),
        Leap::PageDown => scroll_by(spec, Way::Down, page, stage),
        Leap::Top => scroll_by(spec, Way::Up, u16::MAX, stage),
        Leap::Bottom => scroll_by(spec, Way::Down, u16::MAX, stage),
    }
}

fn scroll_by(spec: &mut ViewSpec, way: Way, count: u16, stage: Stage<'_>) {
    let Some(rows) = under::rows(stage, spec, focus(spec, stage.boards)) else { return };
    let before = spec.scroll.rows.min(rows.max);
    // A log is scrolled from its end.
    let after = if (way == Way::Up) == rows.follows {
        before.saturating_add(count).min(rows.max)
    } else {
        before.saturating_sub(count)
    };
    let since = spec.scroll.since.or_else(|| Some(scene::edge(spec, stage.now)));
    spec.scroll = Scroll { rows: after, since: since.filter(|_| rows.follows && after > 0) };
}
