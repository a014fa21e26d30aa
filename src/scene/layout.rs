//! Who gets which cells.
//!
//! Invariant: panels never overlap and leave no cell of the area between them, but for a blank column beside those that are too
//! small for a box; a panel gets its smallest size or is left out, except that the focused one is always there.

use super::board::{Board, Node};
use super::{status, tabs};
use crate::base::{Rect, Size};
use crate::model::ViewSpec;
use crate::widget::panel;

#[cfg(test)]
mod tests;

/// A panel and its cells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Placed {
    /// Index on the board.
    pub panel: usize,
    pub area: Rect,
    pub focused: bool,
}

/// All panels that have a place.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Placement {
    pub panels: Vec<Placed>,
    /// How many found none.
    pub hidden: usize,
}

/// Where the parts of a screen go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Areas {
    pub tabs: Rect,
    pub panels: Rect,
    pub status: Rect,
}

// === impl Placement ===

impl Placement {
    /// Whether there are panels and all of them have boxes: then they leave no cell of the area between them.
    pub fn is_boxed(&self) -> bool {
        let is_boxed = |placed: &Placed| panel::has_box(placed.area.width, placed.area.height);
        !self.panels.is_empty() && self.panels.iter().all(is_boxed)
    }
}

/// The parts of a screen of this size: tabs on top, the status line at the bottom, where there is room for them.
pub fn areas(board: Option<&Board>, size: Size) -> Areas {
    let area = size.area();
    let above = board.map_or(0, |board| tabs::rows(board, size));
    let below = status::rows(size);
    Areas {
        tabs: Rect { height: above, ..area },
        panels: Rect { y: above, height: area.height - above - below, ..area },
        status: Rect { y: area.height - below, height: below, ..area },
    }
}

/// Shares an area among the panels of the tab that is shown.
pub fn place(board: &Board, spec: &ViewSpec, area: Rect) -> Placement {
    let tab = board.tab(spec.tab);
    let focus = board.focus(spec);
    if tab.panels.is_empty() {
        return Placement::default();
    }
    if spec.full_screen {
        return Placement { panels: vec![Placed { panel: focus, area, focused: true }], hidden: 0 };
    }
    let mut shown = vec![true; board.panels.len()];
    loop {
        let (width, height) = min(board, &tab.layout, &shown);
        if width <= u32::from(area.width) && height <= u32::from(area.height) {
            break;
        }
        let least = tab
            .panels
            .clone()
            .filter(|panel| shown[*panel] && *panel != focus)
            .min_by_key(|panel| board.panels[*panel].priority);
        match least {
            Some(panel) => shown[panel] = false,
            None => break,
        }
    }
    let mut panels = Vec::with_capacity(board.panels.len());
    divide(board, &tab.layout, &shown, area, &mut |panel, mut place| {
        // Panels too small for a box are kept apart by a blank column.
        if !panel::has_box(place.width, place.height) && place.right() < area.right() {
            place.width -= 1;
        }
        panels.push(Placed { panel, area: place, focused: panel == focus });
    });
    Placement { hidden: shown.iter().filter(|shown| !**shown).count(), panels }
}

/// Smallest size of a part; nothing when all its panels are left out.
fn min(board: &Board, node: &Node, shown: &[bool]) -> (u32, u32) {
    match node {
        Node::Panel(panel) if shown[*panel] => {
            let (width, height) = board.panels[*panel].min;
            (u32::from(width), u32::from(height))
        }
        Node::Panel(_) => (0, 0),
        Node::Row(shares) => shares.iter().map(|share| min(board, &share.node, shown)).fold((0, 0), beside),
        Node::Column(shares) => shares.iter().map(|share| min(board, &share.node, shown)).fold((0, 0), above),
    }
}

fn beside(left: (u32, u32), right: (u32, u32)) -> (u32, u32) {
    (left.0 + right.0, left.1.max(right.1))
}

fn above(upper: (u32, u32), lower: (u32, u32)) -> (u32, u32) {
    (upper.0.max(lower.0), upper.1 + lower.1)
}

fn divide(board: &Board, node: &Node, shown: &[bool], area: Rect, put: &mut impl FnMut(usize, Rect)) {
    let (shares, across) = match node {
        Node::Panel(panel) => {
            if shown[*panel] {
                put(*panel, area);
            }
            return;
        }
        Node::Row(shares) => (shares, true),
        Node::Column(shares) => (shares, false),
    };
    let parts: Vec<_> =
        shares.iter().map(|share| (share, min(board, &share.node, shown))).filter(|(_, min)| *min != (0, 0)).collect();
    let total = if across { area.width } else { area.height };
    let wanted: Vec<(u16, u16)> = parts
        .iter()
        .map(|(share, (width, height))| {
            let least = if across { *width } else { *height };
            (share.ratio.max(1), u16::try_from(least).unwrap_or(u16::MAX))
        })
        .collect();
    let mut start = 0;
    for ((part, _), length) in parts.iter().zip(lengths(total, &wanted)) {
        let rect = match across {
            true => Rect::new(area.x + start, area.y, length, area.height),
            false => Rect::new(area.x, area.y + start, area.width, length),
        };
        start += length;
        divide(board, &part.node, shown, rect, put);
    }
}

/// Shares a length by ratio; whoever would get less than its least gets that, and the others share the rest.
fn lengths(total: u16, wanted: &[(u16, u16)]) -> Vec<u16> {
    let mut lengths = vec![None; wanted.len()];
    loop {
        let taken: u32 = lengths.iter().flatten().map(|length: &u16| u32::from(*length)).sum();
        let free = u32::from(total).saturating_sub(taken);
        let open: u32 = wanted
            .iter()
            .zip(&lengths)
            .filter(|(_, length)| length.is_none())
            .map(|((ratio, _), _)| u32::from(*ratio))
            .sum();
        if open == 0 {
            break;
        }
        let too_short = wanted.iter().zip(&lengths).position(|((ratio, least), length)| {
            length.is_none() && free * u32::from(*ratio) / open < u32::from(*least)
        });
        if let Some(index) = too_short {
            // Never more than there is, whatever the least sizes say.
            lengths[index] = Some(wanted[index].1.min(free as u16));
            continue;
        }
        // What the division leaves over goes to the first ones, one each.
        let (mut done, mut given) = (0, 0);
        for ((ratio, _), length) in wanted.iter().zip(&mut lengths).filter(|(_, length)| length.is_none()) {
            done += u32::from(*ratio);
            let until = free * done / open;
            *length = Some((until - given) as u16);
            given = until;
        }
        break;
    }
    let mut lengths: Vec<u16> = lengths.into_iter().flatten().collect();
    // When all stand at their least, the last takes what is over.
    let taken: u16 = lengths.iter().sum();
    if let Some(last) = lengths.last_mut() {
        *last += total.saturating_sub(taken);
    }
    lengths
}
