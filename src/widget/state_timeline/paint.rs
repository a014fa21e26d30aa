//! Puts the plan of a state timeline on cells.

use super::{Ink, Layout, Run, State, TimelinePlan};
use crate::base::Rect;
use crate::frame::{Canvas, Glyph, Style};
use crate::label::Label;
use crate::model::GlyphSet;
use crate::widget::{Level, Look, Role, clipped, time_row};

/// What tells states apart without colours; they repeat.
const PATTERNS: [Glyph; 6] =
    [Glyph::new('░'), Glyph::new('▓'), Glyph::new('█'), Glyph::new('▒'), Glyph::new('═'), Glyph::new('─')];
/// A full colour made pale.
const PALE: Glyph = Glyph::new('░');
/// Letters for states whose names lend none that is free.
const LETTERS: [Glyph; 10] = [
    Glyph::new('0'),
    Glyph::new('1'),
    Glyph::new('2'),
    Glyph::new('3'),
    Glyph::new('4'),
    Glyph::new('5'),
    Glyph::new('6'),
    Glyph::new('7'),
    Glyph::new('8'),
    Glyph::new('9'),
];
/// Letters of the alphabet.
const ALPHABET: usize = 26;

/// Rows of one thing at most: higher bands only shout.
const BAND_MAX: u16 = 3;
/// Columns between two states of the legend.
const GAP: u16 = 2;

/// How a state is drawn.
#[derive(Clone, Copy)]
struct Fill {
    /// What stands in each cell of a run.
    glyph: Glyph,
    style: Style,
    /// What stands in the first one.
    first: Glyph,
    /// The style of its name inside.
    name: Style,
}

/// Paints a timeline whose plan was made for this layout.
pub fn paint(plan: &TimelinePlan, layout: &Layout, canvas: &mut Canvas<'_>, look: Look) {
    let plot = layout.plot;
    if plot.is_empty() {
        return;
    }
    let fills = fills(&plan.states, look);
    let muted = look.theme.style(Role::Muted);
    let count = u16::try_from(plan.lanes.len()).unwrap_or(u16::MAX);
    // What has no row is counted in the last one.
    let shown = if count <= plot.height { count } else { plot.height - 1 };
    // A blank row between two bands where there is room for one.
    let pitch = if shown < count { 1 } else { ((plot.height + 1) / shown.max(1)).clamp(1, BAND_MAX + 1) };
    let tall = if pitch > 1 { pitch - 1 } else { 1 };
    for (lane, row) in plan.lanes.iter().zip(0..shown) {
        let y = plot.y + row * pitch;
        let band = Rect::new(plot.x, y, plot.width, tall);
        if let Some(room) = layout.gutter.checked_sub(1) {
            clipped(canvas, (0, y + (tall - 1) / 2), room, &lane.name, look.theme.style(Role::Text), look);
        }
        for run in &lane.runs {
            if let (Some(fill), Some(state)) = (fills.get(run.state), plan.states.get(run.state)) {
                draw(run, state, *fill, band, canvas);
            }
        }
    }
    if shown < count {
        let more = Label::plain(&format!("+{}", plan.lanes.len() - usize::from(shown)));
        clipped(canvas, (0, plot.bottom() - 1), plot.right(), &more, muted, look);
    }
    // Bands of equal height may not fill the plot: what explains them stands right below.
    let used = if shown < count { plot.height } else { (shown * pitch).saturating_sub(pitch - tall) };
    let spare = plot.height - used;
    if let Some(y) = layout.times {
        time_row::paint(&plan.times, plot, y - spare, canvas, look);
    }
    if let Some(y) = layout.legend {
        legend(&plan.states, &fills, Rect::new(plot.x, y - spare, plot.width, 1), canvas, look);
    }
}

fn draw(run: &Run, state: &State, fill: Fill, band: Rect, canvas: &mut Canvas<'_>) {
    let column = |at: f32| ((at * f32::from(band.width)).round() as u16).min(band.width);
    let (from, to) = (column(run.from), column(run.to));
    let width = to.saturating_sub(from);
    if width == 0 {
        return;
    }
    let area = Rect::new(band.x + from, band.y, width, band.height);
    canvas.fill(area, fill.glyph, fill.style);
    let middle = band.y + (band.height - 1) / 2;
    canvas.glyph(area.x, middle, fill.first, fill.style);
    // A blank on both sides, or the name would be read together with its neighbour.
    let room = state.name.columns().saturating_add(2);
    if !state.name.is_empty() && room <= width {
        canvas.fill(Rect::new(area.x, middle, room, 1), Glyph::BLANK, fill.name);
        canvas.label(area.x + 1, middle, &state.name, fill.name);
    }
}

/// How each state is drawn.
fn fills(states: &[State], look: Look) -> Vec<Fill> {
    let ground = look.theme.style(Role::Ground);
    let mut taken = [false; ALPHABET];
    let mut fills = Vec::with_capacity(states.len());
    for (index, state) in states.iter().enumerate() {
        let ink = match state.ink {
            Ink::Level(level) => look.theme.level(level),
            Ink::Series(series) => look.theme.series(series),
        };
        let mark = match look.glyphs {
            GlyphSet::Ascii => letter(&state.name, &mut taken).unwrap_or(LETTERS[index % LETTERS.len()]),
            _ => PATTERNS[index % PATTERNS.len()],
        };
        fills.push(if look.theme.coloured {
            // What is well is most of the screen and stays quiet, so that the rest is seen.
            let is_quiet = state.ink == Ink::Level(Level::Good);
            let quiet = look.theme.bar_tint(Some(Level::Good)).filter(|_| is_quiet);
            if is_quiet && quiet.is_none() && look.glyphs != GlyphSet::Ascii {
                // Too few colours for a pale one: few dots of the full one.
                fills.push(Fill { glyph: PALE, style: ink, first: PALE, name: ink });
                continue;
            }
            // Else the ground's colour on the state's: the same contrast as the other way round.
            let style = quiet.map_or(Style::new().fg(ground.bg).bg(ink.fg), |quiet| ink.bg(quiet));
            let first = if look.glyphs == GlyphSet::Ascii { mark } else { Glyph::BLANK };
            Fill { glyph: Glyph::BLANK, style, first, name: style }
        } else {
            // Reversed patterns would be other patterns.
            Fill { glyph: mark, style: ground, first: mark, name: ink }
        });
    }
    fills
}

/// The first letter of a name that no state before took.
fn letter(name: &Label, taken: &mut [bool; ALPHABET]) -> Option<Glyph> {
    let of = |byte: u8| byte.is_ascii_alphabetic().then(|| usize::from(byte.to_ascii_lowercase() - b'a'));
    let free = name.as_str().bytes().filter_map(of).find(|letter| !taken[*letter])?;
    taken[free] = true;
    Some(Glyph::new(char::from(b'A' + free as u8)))
}

/// Which state is which; those without room are counted.
fn legend(states: &[State], fills: &[Fill], area: Rect, canvas: &mut Canvas<'_>, look: Look) {
    let muted = look.theme.style(Role::Muted);
    let mut x = area.x;
    for (index, (state, fill)) in states.iter().zip(fills).enumerate() {
        let more = Label::plain(&format!("+{}", states.len() - index));
        let rest = if index + 1 < states.len() { more.columns() + 1 + GAP } else { 0 };
        let width = state.name.columns().saturating_add(3);
        if x.saturating_add(width).saturating_add(rest) > area.right() {
            if x + more.columns() <= area.right() {
                canvas.label(x, area.y, &more, muted);
            }
            return;
        }
        canvas.fill(Rect::new(x, area.y, 2, 1), fill.glyph, fill.style);
        canvas.glyph(x, area.y, fill.first, fill.style);
        canvas.label(x + 3, area.y, &state.name, muted);
        x += width + GAP;
    }
}
