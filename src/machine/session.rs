//! What a key does to the view spec of the session it was pressed in.
//!
//! Invariant: a step turns a valid spec into a valid spec, changes nothing but that spec, and depends on nothing but
//! its arguments; so root can hold the result and any worker can make the next one.

use crate::base::Wall;
use crate::model::binding::{self, Intent};
use crate::model::spec::{Overlay, RANGE_MS_MAX, RANGE_MS_MIN, Theme};
use crate::model::{Catalogue, Key, ViewSpec};

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

/// The spec after a key; none when the key changes nothing.
pub fn step(spec: &ViewSpec, key: Key, catalogue: &Catalogue, now: Wall) -> Option<ViewSpec> {
    let mut next = spec.clone();
    match binding::intent(key)? {
        Intent::Quit | Intent::Repaint => return None,
        Intent::Help => {
            next.overlay = match spec.overlay {
                Some(Overlay::Help) => None,
                None => Some(Overlay::Help),
            }
        }
        Intent::Close if spec.overlay.is_some() => next.overlay = None,
        Intent::Close => next.full_screen = false,
        Intent::NextBoard => turn(&mut next, catalogue, Turn::Forward),
        Intent::PreviousBoard => turn(&mut next, catalogue, Turn::Back),
        Intent::NextPanel => next.focus = focus(spec, catalogue).saturating_add(1).min(last_panel(spec, catalogue)),
        Intent::PreviousPanel => next.focus = focus(spec, catalogue).saturating_sub(1),
        Intent::ZoomIn => {
            let shorter = RANGE_STEPS_MS.into_iter().rev().find(|step| *step < spec.range_ms);
            next.range_ms = shorter.unwrap_or(spec.range_ms);
        }
        Intent::ZoomOut => {
            let longer = RANGE_STEPS_MS.into_iter().find(|step| *step > spec.range_ms);
            next.range_ms = longer.unwrap_or(spec.range_ms);
        }
        Intent::PanBack => next.offset_ms = spec.offset_ms.saturating_add(quarter(spec)).min(RANGE_MS_MAX),
        Intent::PanForward => next.offset_ms = spec.offset_ms.saturating_sub(quarter(spec)),
        Intent::Live => {
            next.offset_ms = 0;
            next.paused_at = None;
        }
        Intent::Pause => next.paused_at = if spec.paused_at.is_some() { None } else { Some(now) },
        Intent::FullScreen => next.full_screen = !spec.full_screen,
        Intent::NextTheme => {
            let of_board = catalogue.board(&spec.board).map_or(Theme::default(), |board| board.theme);
            let theme = spec.theme.unwrap_or(of_board).next();
            // Who came round to the board's own sees one view with those who never left it.
            next.theme = (theme != of_board).then_some(theme);
        }
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

#[derive(Clone, Copy, PartialEq, Eq)]
enum Turn {
    Forward,
    Back,
}

/// The next or the previous board; the first one when the present one is gone.
fn turn(spec: &mut ViewSpec, catalogue: &Catalogue, turn: Turn) {
    let boards = &catalogue.boards;
    let Some(last) = boards.len().checked_sub(1) else { return };
    let index = match (boards.iter().position(|board| board.name == spec.board), turn) {
        (None, _) => 0,
        (Some(index), Turn::Forward) if index == last => 0,
        (Some(index), Turn::Forward) => index + 1,
        (Some(0), Turn::Back) => last,
        (Some(index), Turn::Back) => index - 1,
    };
    if boards[index].name != spec.board {
        spec.board.clone_from(&boards[index].name);
        spec.focus = 0;
        spec.full_screen = false;
    }
}

/// A spec may come from a time when the board had more panels.
fn focus(spec: &ViewSpec, catalogue: &Catalogue) -> u16 {
    spec.focus.min(last_panel(spec, catalogue))
}

fn last_panel(spec: &ViewSpec, catalogue: &Catalogue) -> u16 {
    catalogue.board(&spec.board).map_or(0, |board| board.panels.saturating_sub(1))
}

/// How far one key pans.
fn quarter(spec: &ViewSpec) -> u64 {
    (spec.range_ms / 4).max(1)
}
