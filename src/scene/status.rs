//! The status line: which board, which time, what state, which keys.
//!
//! Invariant: parts are shown whole or not at all, the least important go first; the state of the view goes last.

use jiff::tz::TimeZone;

use super::moment::{Changes, Moment};
use super::{Board, tabs};
use crate::base::{Rect, Size, Wall};
use crate::frame::{Canvas, Glyph};
use crate::label::Label;
use crate::model::Unit;
use crate::model::dataset::SourceState;
use crate::widget::{Role, time_axis};

/// One part of the line.
struct Part {
    /// Before the text; a glyph, so that the text stays ASCII, which is the fast kind.
    sign: Option<Glyph>,
    text: Label,
    role: Role,
    at_right: bool,
    /// Columns after it.
    gap: u16,
    /// The lowest goes first.
    priority: u8,
    /// When it would read otherwise.
    next: Option<Wall>,
}

/// Shortest screen that has a row to spare.
const SCREEN_ROWS_MIN: u16 = 3;
const GAP: u16 = 2;
/// A sign and the blank after it.
const SIGN_COLUMNS: u16 = 2;

// === impl Part ===

impl Part {
    fn columns(&self) -> u16 {
        self.text.columns() + if self.sign.is_some() { SIGN_COLUMNS } else { 0 }
    }
}

/// Rows of the status line on a screen of this size.
pub fn rows(size: Size) -> u16 {
    u16::from(size.rows() >= SCREEN_ROWS_MIN)
}

/// Draws the line; `hidden` is the number of panels that found no place.
pub fn draw(board: Option<&Board>, hidden: usize, moment: &Moment<'_>, canvas: &mut Canvas<'_>, changes: &mut Changes) {
    let (width, _) = canvas.size();
    let theme = moment.look.theme;
    canvas.fill(Rect::new(0, 0, width, 1), Glyph::BLANK, theme.style(Role::Status));
    let mut parts = parts(board, hidden, moment);
    parts.extend(moment.circumstances.complaint.map(|complaint| self::complaint(complaint, &parts, moment, width)));
    while columns(&parts) > u32::from(width) {
        let least = parts.iter().enumerate().min_by_key(|(_, part)| part.priority).map(|(index, _)| index);
        match least {
            Some(index) if parts.len() > 1 => drop(parts.remove(index)),
            _ => break,
        }
    }
    let right: u16 = parts.iter().filter(|part| part.at_right).map(|part| part.columns() + part.gap).sum();
    let margin = u16::from(columns(&parts) < u32::from(width));
    let (mut left_x, mut right_x) = (margin, (width + GAP).saturating_sub(right + margin));
    for part in &parts {
        let x = if part.at_right { &mut right_x } else { &mut left_x };
        let style = theme.style(part.role);
        if let Some(sign) = part.sign {
            canvas.glyph(*x, 0, sign, style);
            *x += SIGN_COLUMNS;
        }
        *x += canvas.label(*x, 0, &part.text, style) + part.gap;
        part.next.into_iter().for_each(|next| changes.at(next));
    }
}

fn columns(parts: &[Part]) -> u32 {
    let last_gap = parts.last().map_or(0, |part| part.gap);
    parts.iter().map(|part| u32::from(part.columns() + part.gap)).sum::<u32>() - u32::from(last_gap)
}

fn parts(board: Option<&Board>, hidden: usize, moment: &Moment<'_>) -> Vec<Part> {
    let spec = moment.spec;
    let part = |text: &str, role, at_right, priority| {
        let text = Label::plain(text);
        Part { sign: None, text, role, at_right, gap: GAP, priority, next: None }
    };
    let mut tenant = part(&format!("{}/", spec.tenant), Role::Status, false, 4);
    tenant.gap = 0;
    let mut parts = vec![
        tenant,
        part(&spec.board, Role::StatusStrong, false, 9),
        state(board, moment),
        part(&range(spec.range_ms), Role::Status, false, 5),
    ];
    if let Some(cursor) = moment.cursor() {
        let text = format!("at {}", moment.clock(cursor));
        parts.push(part(&text, Role::StatusPaused, false, 8));
    }
    // Where the tabs have no row of their own.
    if let Some(board) = board.filter(|board| board.tabs.len() > 1 && tabs::rows(board, spec.size) == 0) {
        let (index, tab) = (board.tab_index(spec.tab), board.tab(spec.tab));
        let text = format!("{} {}/{}", tab.title, index + 1, board.tabs.len());
        parts.push(part(&text, Role::Status, false, 7));
    }
    if let Some(viewers) = moment.circumstances.viewers {
        parts.push(part(&counted(viewers as usize, "viewer"), Role::Status, false, 3));
    }
    if moment.circumstances.faults {
        parts.push(part("faults on", Role::StatusPaused, false, 8));
    }
    if hidden > 0 {
        parts.push(part(&format!("+{}", counted(hidden, "panel")), Role::Status, false, 6));
    }
    if let Some(slowed) = moment.circumstances.slowed {
        let text = format!("{:.0} of {:.0} frames/s", slowed.shown_hz, slowed.board_hz);
        parts.push(part(&text, Role::StatusPaused, false, 8));
    }
    if let Some(hz) = moment.circumstances.limited {
        parts.push(part(&format!("limited to {hz}/s"), Role::StatusPaused, false, 8));
    }
    parts.push(part("? help", Role::Status, true, 2));
    parts.push(part("q quit", Role::Status, true, 1));
    // A zone nobody knows: these hours are not what the viewer's own clock says.
    let zone = if moment.zone == TimeZone::UTC && spec.timezone != "UTC" { " UTC" } else { "" };
    let mut clock = part(&format!("{}{zone}", time_axis::clock(&moment.zone, moment.now)), Role::Status, true, 7);
    clock.next = Some(moment.next_second());
    parts.push(clock);
    parts
}

/// What is wrong with a configuration that is not drawn: as much of it as fits beside what says more.
fn complaint(complaint: &Label, others: &[Part], moment: &Moment<'_>, width: u16) -> Part {
    let stays = |part: &&Part| part.priority > COMPLAINT_PRIORITY;
    let taken: u16 = others.iter().filter(stays).map(|part| part.columns() + part.gap).sum();
    let room = width.saturating_sub(taken + SIGN_COLUMNS);
    let text = if room < COMPLAINT_COLUMNS_MIN { Label::plain("config") } else { complaint.clip(room) };
    let sign = Some(TROUBLE[moment.spec.glyphs as usize]);
    let (role, priority) = (Role::StatusPaused, COMPLAINT_PRIORITY);
    Part { sign, text, role, at_right: false, gap: GAP, priority, next: None }
}

/// The board, its state and the clock go before it.
const COMPLAINT_PRIORITY: u8 = 6;
/// The beginning of a complaint that is shorter says nothing.
const COMPLAINT_COLUMNS_MIN: u16 = 20;

/// Live, late, in the past or paused.
fn state(board: Option<&Board>, moment: &Moment<'_>) -> Part {
    let spec = moment.spec;
    let (signs, text, role, next) = if let Some(paused_at) = spec.paused_at {
        let (age, next) = moment.stopwatch(paused_at);
        (PAUSED, format!("paused {age}{}", back(spec.offset_ms)), Role::StatusPaused, Some(next))
    } else if spec.offset_ms > 0 {
        (BACK, format!("live{}", back(spec.offset_ms)), Role::StatusPaused, None)
    } else if let Some((text, next)) = trouble(board, moment) {
        (TROUBLE, text, Role::StatusPaused, Some(next))
    } else {
        (LIVE, "live".to_owned(), Role::StatusLive, None)
    };
    let sign = Some(signs[spec.glyphs as usize]);
    Part { sign, text: Label::plain(&text), role, at_right: false, gap: GAP, priority: 10, next }
}

/// Signs of the states by glyph set: braille, block, ASCII.
const PAUSED: [Glyph; 3] = [Glyph::new('■'), Glyph::new('■'), Glyph::new('#')];
const BACK: [Glyph; 3] = [Glyph::new('◂'), Glyph::new('◄'), Glyph::new('<')];
const TROUBLE: [Glyph; 3] = [Glyph::new('▲'), Glyph::new('▲'), Glyph::new('!')];
const LIVE: [Glyph; 3] = [Glyph::new('●'), Glyph::new('■'), Glyph::new('*')];

fn back(offset_ms: u64) -> String {
    match offset_ms {
        0 => String::new(),
        _ => format!(" -{}", Unit::Seconds.format((offset_ms / 1_000) as f64)),
    }
}

/// The worst of the board's sources in two words, and when they change.
fn trouble(board: Option<&Board>, moment: &Moment<'_>) -> Option<(String, Wall)> {
    let mut worst: Option<(String, Wall)> = None;
    let panels = board.into_iter().flat_map(|board| &board.panels);
    for panel in panels.filter(|panel| panel.chart.needs_data()) {
        let Some(health) = moment.data.source(&panel.source) else {
            worst = worst.or(Some(("waiting".to_owned(), Wall(i64::MAX))));
            continue;
        };
        match (&health.state, health.last_good) {
            (SourceState::Failed { since, .. }, _) => {
                let (age, next) = moment.age(*since);
                return Some((format!("failed {age}"), next));
            }
            (SourceState::Good, Some(delivered)) if super::health::is_late(panel, delivered, moment) => {
                let (age, next) = moment.age(delivered);
                worst = Some((format!("stale {age}"), next));
            }
            (SourceState::Standby { by, .. }, _) => worst = worst.or(Some((format!("shows {by}"), Wall(i64::MAX)))),
            (SourceState::Absent(_), _) => worst = worst.or(Some(("no data".to_owned(), Wall(i64::MAX)))),
            (SourceState::Waiting, None) => worst = worst.or(Some(("waiting".to_owned(), Wall(i64::MAX)))),
            _ => {}
        }
    }
    worst
}

/// A number of things, of which one is one thing.
fn counted(count: usize, thing: &str) -> String {
    format!("{count} {thing}{}", if count == 1 { "" } else { "s" })
}

/// A range in words.
fn range(range_ms: u64) -> String {
    let seconds = range_ms / 1_000;
    for (length, unit) in [(86_400, "d"), (3_600, "h"), (60, "min")] {
        if seconds >= length && seconds.is_multiple_of(length) {
            return format!("{} {unit}", seconds / length);
        }
    }
    Unit::Seconds.format(range_ms as f64 / 1_000.0)
}
