//! What a panel shows that could not be drawn: its last good cells dimmed, or a text, and what is wrong.
//!
//! Invariant: nothing is left of the drawing that failed. The words name class, age, next try and trace, and nothing of
//! what a panic said.

use super::board::PanelSpec;
use super::guard::Trouble;
use super::layout::Placed;
use super::moment::{Changes, Moment};
use crate::base::Rect;
use crate::frame::{Glyph, Grid};
use crate::label::Label;
use crate::model::Unit;
use crate::widget::panel::{self, Notice, Panel};
use crate::widget::{Role, text};

/// Where a board says nothing: true of every chart, and it names no cause that nobody knows.
pub const TEXT_DEFAULT: &str = "this panel cannot be drawn";

/// Blanks a panel as if nothing had been drawn.
pub fn clear(placed: &Placed, moment: &Moment<'_>, grid: &mut Grid) {
    grid.canvas().sub(placed.area).clear(moment.look.theme.style(Role::Ground));
}

/// Draws what takes the place of the picture; the cells are those of the last good one.
pub fn draw(
    spec: &PanelSpec,
    placed: &Placed,
    trouble: &Trouble,
    cells: Option<&Grid>,
    moment: &Moment<'_>,
    grid: &mut Grid,
) {
    let notice = Notice { text: words(trouble, placed.area.width, moment), role: Role::Warning };
    match cells {
        Some(cells) => {
            grid.paste(cells, placed.area);
            grid.dim(placed.area);
            tag(&notice, placed, moment, grid);
        }
        None => {
            let mut whole = grid.canvas();
            let mut canvas = whole.sub(placed.area);
            let (width, height) = canvas.size();
            let look = moment.look;
            let framed = Panel { title: &spec.title, legend: &[], notice: Some(&notice), focused: placed.focused };
            panel::paint(&framed, &mut canvas, look);
            let mut inside = canvas.sub(panel::inside(width, height, true));
            let said = spec.fallback.as_ref().map_or(TEXT_DEFAULT, Label::as_str);
            text::paint_centred(said, Role::Muted, &mut inside, look);
        }
    }
}

/// When the words change by themselves, and when the panel is tried again.
pub fn announce(trouble: &Trouble, moment: &Moment<'_>, changes: &mut Changes) {
    changes.at(moment.age(trouble.since).1);
    changes.at(trouble.next_try);
    // The wait is told in seconds while it is short.
    if trouble.next_try > moment.now {
        changes.at(moment.next_second());
    }
}

/// Where notices stand: on the lower side of a box, or else in its first row.
fn tag(notice: &Notice, placed: &Placed, moment: &Moment<'_>, grid: &mut Grid) {
    let mut whole = grid.canvas();
    let mut canvas = whole.sub(placed.area);
    let (width, height) = canvas.size();
    let look = moment.look;
    if panel::has_box(width, height) {
        panel::on_side(&mut canvas, (2, height - 1), width - 4, &notice.text, notice.role, look);
    } else if height > 0 {
        let style = look.theme.style(notice.role);
        canvas.fill(Rect::new(0, 0, width, 1), Glyph::BLANK, style);
        canvas.label(0, 0, &notice.text, style);
    }
}

/// Class, since when, next try, trace; in a narrow panel the trace before the rest, as the log tells all of it.
fn words(trouble: &Trouble, width: u16, moment: &Moment<'_>) -> Label {
    let Trouble { class, since, next_try, quarantined, trace } = trouble;
    let class = class.word();
    let (age, _) = moment.age(*since);
    let wait_s = next_try.0.saturating_sub(moment.now.0).max(0).unsigned_abs().div_ceil(1_000);
    let wait = if wait_s == 0 { "now".to_owned() } else { format!("in {}", Unit::Seconds.format(wait_s as f64)) };
    let (state, short) =
        if *quarantined { (", quarantined", "quarantined".to_owned()) } else { ("", format!("try {wait}")) };
    let all = [
        format!("{class} {age} ago{state}, next try {wait}, trace {trace}"),
        format!("{class} {age}, {short}, trace {trace}"),
        format!("{class} {age}, trace {trace}"),
        format!("{class} {trace}"),
    ];
    let room = usize::from(width.saturating_sub(6));
    let fitting = all.iter().find(|text| text.len() <= room).unwrap_or(&all[3]);
    Label::plain(fitting)
}
