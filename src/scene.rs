//! Boards: what is shown where, drawn onto a grid.
//!
//! Invariant: a picture is a pure function of board, spec, data and now. Whatever would change in it without new data is
//! announced through `Drawn::next_change_at`, and nothing else is. Late, missing and failed data are said in words on
//! the panels they concern. This must not know terminals, sessions or processes.

pub mod asks;
mod board;
pub mod chart;
mod fallback;
pub mod file;
pub mod guard;
mod health;
mod help;
mod layout;
mod memory;
mod moment;
mod panel;
mod query;
pub mod select;
mod shared;
mod shipped;
mod status;
mod tabs;
#[cfg(test)]
mod tests;
pub mod under;

pub use board::{Board, Boards, Chart, GaugeSource, LineSource, Node, PanelSpec, Share, Shown, Tab, TextRow};
pub use layout::{Placed, Placement};
pub use memory::{Before, Memory};
pub use shared::Shared;
pub use shipped::{FAULTS as FAULTS_BOARD, FAULTS_TARGET};

use crate::base::{Rect, Wall};
use crate::frame::{Grid, Style};
use crate::label::Label;
use crate::model::spec::Overlay;
use crate::model::{Dataset, ViewSpec};
use crate::widget::text::{Align, Row, TextPlan};
use crate::widget::{Role, text};
use guard::{Guard, Unguarded};
use memory::{Picture, Remembered};
use moment::{Changes, Moment};
pub use moment::{Circumstances, Slowed, cursor, edge};
use panel::Paper;

/// What a picture is made of besides what a viewer asks for.
#[derive(Clone, Copy, Debug)]
pub struct Stage<'a> {
    pub boards: &'a Boards,
    pub data: &'a Dataset,
    pub now: Wall,
}

/// What is known of a picture besides the picture.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Drawn {
    /// When it would look different although no data came; none if never.
    pub next_change_at: Option<Wall>,
    /// Something in it moves by itself, more finely than a clock.
    pub moves: bool,
}

/// Draws what a spec asks for. The grid takes the spec's size.
pub fn draw(boards: &Boards, spec: &ViewSpec, data: &Dataset, now: Wall, grid: &mut Grid) -> Drawn {
    draw_after(Stage { boards, data, now }, spec, Circumstances::default(), None, grid)
}

/// [`draw`] for a view of whose circumstances its status line tells, and whose picture before is known.
pub fn draw_after(
    stage: Stage<'_>,
    spec: &ViewSpec,
    circumstances: Circumstances<'_>,
    before: Option<Before<'_>>,
    grid: &mut Grid,
) -> Drawn {
    draw_guarded(stage, spec, circumstances, before, &mut Unguarded, grid)
}

/// [`draw_after`] where somebody holds what may go wrong in a panel.
pub fn draw_guarded(
    stage: Stage<'_>,
    spec: &ViewSpec,
    circumstances: Circumstances<'_>,
    before: Option<Before<'_>>,
    guard: &mut dyn Guard,
    grid: &mut Grid,
) -> Drawn {
    let Stage { boards, data, now } = stage;
    grid.resize(spec.size);
    let board = boards.of(spec);
    let board = board.as_deref();
    let theme = board.map(|board| board.theme).unwrap_or_default();
    let moment = Moment { circumstances, ..Moment::new(spec, theme, data, now) };
    let mut changes = Changes::default();
    let areas = layout::areas(board, spec.size);
    // Under the help everything is dimmed, and would be dimmed twice.
    let mut before = before.filter(|before| spec.overlay.is_none() && before.grid.size() == spec.size);
    let ground = moment.look.theme.style(Role::Ground);

    let mut hidden = 0;
    match board {
        Some(board) => {
            let known = before.as_mut().and_then(|before| before.memory.take_placement());
            let placement = known.unwrap_or_else(|| layout::place(board, spec, areas.panels));
            hidden = placement.hidden;
            // Panels that are taken over need no blank cells under them, and the others see to that themselves.
            let by_panel = before.is_some() && grid.is_single() && placement.is_boxed();
            if by_panel {
                grid.canvas().sub(areas.tabs).clear(ground);
                grid.canvas().sub(areas.status).clear(ground);
            } else {
                grid.clear(ground);
            }
            if areas.tabs.height > 0 {
                tabs::draw(board, board.tab_index(spec.tab), &mut grid.canvas().sub(areas.tabs), moment.look);
            }
            let ground = by_panel.then_some(ground);
            changes = panels(board, &placement, &moment, before.as_mut(), ground, guard, grid);
            if let Some(before) = before {
                before.memory.keep_placement(placement);
            }
        }
        None => {
            grid.clear(ground);
            unknown_board(boards, &moment, &mut grid.canvas().sub(areas.panels));
        }
    }
    if spec.overlay == Some(Overlay::Help) {
        grid.dim(areas.panels);
        help::draw(&mut grid.canvas().sub(areas.panels), moment.look, circumstances.faults);
    }
    if areas.status.height > 0 {
        status::draw(board, hidden, &moment, &mut grid.canvas().sub(areas.status), &mut changes);
    }
    Drawn { next_change_at: changes.next(now), moves: changes.moves() }
}

/// Draws the panels that have a place; those to which nothing has happened are taken over from the picture before. Returns
/// what they announced. Where the grid is not blank, those that are drawn anew are blanked in the style of the `ground` first.
fn panels(
    board: &Board,
    placement: &Placement,
    moment: &Moment<'_>,
    mut before: Option<&mut Before<'_>>,
    ground: Option<Style>,
    guard: &mut dyn Guard,
    grid: &mut Grid,
) -> Changes {
    let mut changes = Changes::default();
    for (index, placed) in placement.panels.iter().enumerate() {
        let spec = &board.panels[placed.panel];
        let stamp = panel::stamp(spec, moment.data);
        let known = before.as_ref().and_then(|before| before.memory.of(index, *placed, stamp, moment.now));
        if let (Some(known), Some(before)) = (known, &before) {
            grid.copy(before.grid, placed.area);
            changes.merge(known);
            continue;
        }
        let seen = (moment.spec, stamp, moment.now);
        let alike = before.as_ref().and_then(|before| before.shared.as_deref());
        if let Some(known) = alike.and_then(|shared| shared.put(spec, *placed, seen, grid)) {
            changes.merge(known);
            if let Some(before) = &mut before {
                let (at, picture) = (moment.now, Picture::Good);
                let known = Remembered { placed: *placed, stamp, at, changes: known, picture, kept: None };
                before.memory.keep(index, known);
            }
            continue;
        }
        let mut own = Changes::default();
        let mut kept = before.as_mut().and_then(|before| before.memory.take_kept(index, *placed));
        let drawn = guard.draw(placed.panel, &mut || {
            let before = before.as_ref().map(|before| before.grid);
            let paper = Paper { grid: &mut *grid, placed: *placed, ground, before };
            panel::draw(spec, paper, moment, &mut kept, &mut own);
        });
        let picture = match drawn {
            Ok(()) => Picture::Good,
            Err(trouble) => {
                (own, kept) = (Changes::default(), None);
                if let Some(shared) = before.as_mut().and_then(|before| before.shared.as_deref_mut()) {
                    shared.failed(&moment.spec.board, placed.panel);
                }
                let last_good = before.as_mut().and_then(|before| before.memory.last_good(index, *placed, before.grid));
                fallback::clear(placed, moment, grid);
                let mut stand_in = || fallback::draw(spec, placed, &trouble, last_good.as_deref(), moment, grid);
                if !guard.stand_in(placed.panel, &mut stand_in) {
                    fallback::clear(placed, moment, grid);
                }
                fallback::announce(&trouble, moment, &mut own);
                Picture::StandIn { last_good }
            }
        };
        changes.merge(own);
        if let Some(before) = &mut before {
            if let (Picture::Good, Some(shared)) = (&picture, &mut before.shared) {
                shared.keep(*placed, seen, own, grid);
            }
            let at = moment.now;
            before.memory.keep(index, Remembered { placed: *placed, stamp, at, changes: own, picture, kept });
        }
    }
    changes
}

/// A number that is another one whenever something changed that a spec's board shows; of a board that nobody knows 0.
pub fn stamp(boards: &Boards, spec: &ViewSpec, data: &Dataset) -> u64 {
    let board = boards.of(spec);
    let panels = board.iter().flat_map(|board| &board.panels);
    panels.map(|spec| panel::stamp(spec, data)).max().unwrap_or(0)
}

/// Says which board is missing and which there are.
fn unknown_board(boards: &Boards, moment: &Moment<'_>, canvas: &mut crate::frame::Canvas<'_>) {
    let (width, height) = canvas.size();
    let catalogue = boards.catalogue();
    let names: Vec<&str> = catalogue.boards.iter().map(|board| board.name.as_str()).collect();
    let there_is = format!("there is: {} (Tab goes there)", names.join(", "));
    let lines = [
        (format!("no board is named \"{}\"", moment.spec.board), Role::Warning),
        (if names.is_empty() { "there is none at all".to_owned() } else { there_is }, Role::Text),
    ];
    let rows: Vec<Row> = lines
        .iter()
        .flat_map(|(line, role)| {
            text::wrap(&Label::plain(line), width).into_iter().map(|text| Row::Line {
                text,
                align: Align::Centre,
                role: *role,
            })
        })
        .collect();
    let above = height.saturating_sub(u16::try_from(rows.len()).unwrap_or(u16::MAX)) / 2;
    let middle = Rect::new(0, above, width, height - above);
    text::paint(&TextPlan { rows }, &mut canvas.sub(middle), moment.look);
}
