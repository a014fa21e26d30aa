//! Stats: one value to be read across the room, what became of it, and its course.
//!
//! Invariant: the value is never cut while a smaller size of it fits; what there is no room for is left out whole, the
//! course first, then the change, then the size.

mod font;
#[cfg(test)]
mod tests;

use super::levels;
use super::sparkline::{self, SparkPlan};
use super::{Level, Look, Role, blocks, whole};
use crate::base::Rect;
use crate::frame::{Canvas, Style};
use crate::label::Label;
use crate::model::{GlyphSet, Unit};
use font::Font;

/// Everything a painter needs to know of a stat.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct StatPlan {
    /// The value as text.
    pub text: Label,
    /// Its digits, and what follows them.
    pub number: Label,
    pub unit: Label,
    /// None where there are no thresholds.
    pub level: Option<Level>,
    pub delta: Option<Delta>,
    pub course: SparkPlan,
}

/// How a value changed.
#[derive(Clone, Debug, PartialEq)]
pub struct Delta {
    pub trend: Trend,
    /// With its sign.
    pub text: Label,
    /// Whether that is good or bad; none when it is neither.
    pub good: Option<bool>,
}

/// Where a value went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trend {
    Up,
    Down,
    Same,
}

/// Columns between the parts beside each other.
const GAP: u16 = 2;
/// Shortest course that says something.
const COURSE_COLUMNS_MIN: u16 = 8;
/// Rows left over from which a blank row parts value and course.
const ROWS_FOR_BLANK: u16 = 4;

// === impl StatPlan ===

impl StatPlan {
    /// A value; with a fixed number of decimals it keeps its width. Without one nothing is shown but that.
    pub fn new(value: Option<f64>, unit: Unit, decimals: Option<u8>) -> StatPlan {
        let value = value.unwrap_or(f64::NAN);
        let text = decimals.map_or_else(|| unit.format(value), |decimals| unit.format_fixed(value, decimals));
        let digits = |c: char| c.is_ascii_digit() || "+-.".contains(c);
        let end = if value.is_finite() { text.find(|c| !digits(c)).unwrap_or(text.len()) } else { 0 };
        StatPlan {
            number: Label::plain(&text[..end]),
            unit: Label::plain(text[end..].trim_start()),
            text: Label::plain(&text),
            ..StatPlan::default()
        }
    }

    /// Compares with a value of earlier; `rise_is_good` says which way is the better one, if any is.
    pub fn against(mut self, value: Option<f64>, earlier: Option<f64>, unit: Unit, rise_is_good: Option<bool>) -> Self {
        self.delta = value.zip(earlier).and_then(|(value, earlier)| Delta::new(value, earlier, unit, rise_is_good));
        self
    }

    pub fn with_level(mut self, level: Level) -> StatPlan {
        self.level = Some(level);
        self
    }

    pub fn with_course(mut self, course: SparkPlan) -> StatPlan {
        self.course = course;
        self
    }
}

// === impl Delta ===

impl Delta {
    /// A change in per cent of what was; in the unit itself where that was nothing, in points where it is a share.
    pub fn new(value: f64, earlier: f64, unit: Unit, rise_is_good: Option<bool>) -> Option<Delta> {
        let change = value - earlier;
        if !change.is_finite() {
            return None;
        }
        let share = change / earlier.abs() * 100.0;
        let text = match unit {
            Unit::Percent => format!("{} pts", Unit::Percent.format(change.abs()).trim_end_matches('%')),
            Unit::Celsius => unit.format(change.abs()),
            _ if share.is_finite() => Unit::Percent.format(share.abs()),
            _ => unit.format(change.abs()),
        };
        // What reads as no change is none.
        let trend = match () {
            () if !text.bytes().any(|byte| (b'1'..=b'9').contains(&byte)) => Trend::Same,
            () if change > 0.0 => Trend::Up,
            () => Trend::Down,
        };
        let (sign, good) = match trend {
            Trend::Up => ("+", rise_is_good),
            Trend::Down => ("-", rise_is_good.map(|good| !good)),
            Trend::Same => ("", None),
        };
        Some(Delta { trend, text: Label::plain(&format!("{sign}{text}")), good })
    }

    /// With an arrow where there are arrows.
    fn label(&self, look: Look) -> Label {
        let mark = match (self.trend, look.glyphs) {
            (Trend::Same, _) => "= ",
            (_, GlyphSet::Ascii) => "",
            (Trend::Up, _) => "▲ ",
            (Trend::Down, _) => "▼ ",
        };
        Label::plain(&format!("{mark}{}", self.text))
    }

    fn style(&self, look: Look) -> Style {
        match self.good {
            None => look.theme.style(Role::Muted),
            Some(true) => look.theme.level(Level::Good),
            Some(false) => look.theme.level(Level::High),
        }
    }
}

/// Paints into the whole canvas, as large as it allows.
pub fn paint(plan: &StatPlan, canvas: &mut Canvas<'_>, look: Look) {
    let (width, height) = canvas.size();
    if width == 0 || height == 0 {
        return;
    }
    let style = match plan.level {
        _ if plan.number.is_empty() => look.theme.style(Role::Muted),
        Some(level) => look.theme.level(level),
        None => look.theme.style(Role::Strong),
    };
    // Where no colour says it a mark does.
    let mark = if look.theme.coloured { "" } else { levels::mark(plan.level.unwrap_or_default()) };
    let unit = Label::plain(format!("{}{mark}", plan.unit).trim_start());
    let course_rows = if plan.course.is_empty() { 0 } else { 1 };
    let fits = |font: &Font| {
        let beside = if unit.is_empty() { 0 } else { unit.columns().saturating_add(1) };
        let rows = if font.rows() > 3 { 3 * course_rows } else { course_rows };
        !plan.number.is_empty()
            && font.columns(plan.number.as_str()).saturating_add(beside) <= width
            && font.rows() + rows <= height
    };
    let used = match [Font::large(look.glyphs), Font::medium(look.glyphs)].into_iter().find(fits) {
        Some(font) => big(plan, &font, &unit, canvas, style, look),
        None => small(plan, mark, canvas, style, look),
    };
    course(plan, used, canvas, look);
}

/// Digits of several rows, unit and change beside them. Returns the rows used.
fn big(plan: &StatPlan, font: &Font, unit: &Label, canvas: &mut Canvas<'_>, style: Style, look: Look) -> u16 {
    let (width, height) = canvas.size();
    let columns = font.columns(plan.number.as_str());
    let delta = plan.delta.as_ref().map(|delta| (delta.label(look), delta.style(look)));
    let beside = delta.as_ref().is_some_and(|(label, _)| columns + GAP + label.columns() <= width);
    let below = !beside && delta.is_some() && height > font.rows();
    let rows = font.rows() + u16::from(below);
    let top = if plan.course.is_empty() { (height - rows) / 2 } else { 0 };
    font.paint(plan.number.as_str(), &mut canvas.sub(Rect::new(0, top, columns, font.rows())), blocks::solid(style));
    let baseline = top + font.rows() - 1;
    canvas.label(columns + 1, baseline, unit, look.theme.style(Role::Muted));
    if let Some((label, style)) = delta {
        if beside {
            canvas.label(columns + GAP, top, &label, style);
        } else if below {
            whole(canvas, (0, baseline + 1), width, &label, style, look);
        }
    }
    top + rows
}

/// One row of text. Returns the rows used; none when the course goes beside it.
fn small(plan: &StatPlan, mark: &str, canvas: &mut Canvas<'_>, style: Style, look: Look) -> u16 {
    let (width, height) = canvas.size();
    let text = Label::plain(&format!("{}{mark}", plan.text));
    let top = if plan.course.is_empty() { (height - 1) / 2 } else { 0 };
    let mut x = whole(canvas, (0, top), width, &text, style, look);
    if let Some(delta) = &plan.delta {
        let label = delta.label(look);
        if x + GAP + label.columns() <= width {
            x += GAP + canvas.label(x + GAP, top, &label, delta.style(look));
        }
    }
    if height == 1 && x + GAP + COURSE_COLUMNS_MIN <= width {
        course_in(plan, Rect::new(x + GAP, 0, width - x - GAP, 1), canvas, look);
    }
    top + 1
}

/// The course below everything else.
fn course(plan: &StatPlan, used: u16, canvas: &mut Canvas<'_>, look: Look) {
    let (width, height) = canvas.size();
    let left = height.saturating_sub(used);
    let from = used + u16::from(left >= ROWS_FOR_BLANK);
    course_in(plan, Rect::new(0, from, width, height.saturating_sub(from)), canvas, look);
}

fn course_in(plan: &StatPlan, area: Rect, canvas: &mut Canvas<'_>, look: Look) {
    sparkline::paint_in(&plan.course, &mut canvas.sub(area), look.theme.style(Role::Muted), None, look.glyphs);
}
