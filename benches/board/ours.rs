//! The board drawn by this project: plans, painters, labels, deltas.

use jiff::tz::TimeZone;
use unblink::base::{Rect, Size, Wall};
use unblink::encode::{Encoder, Encoding};
use unblink::frame::{Canvas, Grid};
use unblink::label::Label;
use unblink::model::{GlyphSet, Palette, Unit, spec};
use unblink::widget::gauge::{self, Gauge, GaugePlan};
use unblink::widget::line::{self, Layout, LineBuilder};
use unblink::widget::{Look, Role, Theme, TimeScale};

use super::data::{Data, HEADS, POINTS, WIDTHS};
use super::{CHART_ROWS, COLS, ROWS};

/// Two grids, of which one is on screen, and an encoder.
pub struct Ours {
    shown: Grid,
    next: Grid,
    encoder: Encoder,
    bytes: Vec<u8>,
}

// === impl Ours ===

impl Ours {
    pub fn new() -> Ours {
        let encoder = Encoder::new(Encoding { palette: Palette::Truecolor, ascii: false });
        Ours { shown: blank(), next: blank(), encoder, bytes: Vec::with_capacity(1 << 20) }
    }

    /// Draws what changed since the frame before; returns its bytes.
    pub fn frame(&mut self, data: &Data) -> usize {
        self.bytes.clear();
        draw(&mut self.next, data);
        self.encoder.delta(&self.shown, &self.next, &mut self.bytes);
        std::mem::swap(&mut self.shown, &mut self.next);
        self.bytes.len()
    }
}

/// A grid of the board's size with nothing on it.
pub fn blank() -> Grid {
    Grid::new(Size::clamped(COLS, ROWS))
}

/// Draws the whole board.
pub fn draw(grid: &mut Grid, data: &Data) {
    let look = Look { theme: Theme::of(spec::Theme::Dark, Palette::Truecolor), glyphs: GlyphSet::Braille };
    grid.clear(look.theme.style(Role::Ground));
    let mut canvas = grid.canvas();
    for index in 0..data.signals.len() {
        let area = Rect::new(index as u16 * COLS / 2, 0, COLS / 2, CHART_ROWS);
        chart(&mut canvas.sub(area), data, index, look);
    }
    let share = Label::plain(&format!("{:.1} %", data.share * 100.0));
    let mut gauge = Gauge::unknown(Label::default(), share);
    gauge.share = Some(data.share as f32);
    let gauges = GaugePlan { gauges: vec![gauge] };
    gauge::paint(&gauges, &mut canvas.sub(Rect::new(0, CHART_ROWS, COLS, 1)), look);
    table(&mut canvas.sub(Rect::new(0, CHART_ROWS + 1, COLS, ROWS - CHART_ROWS - 1)), data, look);
}

fn chart(canvas: &mut Canvas<'_>, data: &Data, index: usize, look: Look) {
    let (width, height) = canvas.size();
    let layout = Layout::new(width, height, Unit::Percent, look.glyphs);
    let scale = TimeScale::new(Wall(data.now_s * 1_000), POINTS as u64 * 1_000, layout.bins());
    let mut builder = LineBuilder::new(scale);
    // Each chart in the colour of its number: the lines before it are empty.
    for _ in 0..index {
        builder.line(std::iter::empty(), 0);
    }
    let first_s = data.now_s + 1 - data.signals[index].len() as i64;
    let points = (first_s..).map(|second| Wall(second * 1_000)).zip(data.signals[index].iter().copied());
    builder.line(points, 5_000);
    let plan = builder.finish(Unit::Percent, &[0.0, 100.0], &[], &TimeZone::UTC, &layout);
    line::paint(&plan, &layout, canvas, look);
}

fn table(canvas: &mut Canvas<'_>, data: &Data, look: Look) {
    let (muted, text) = (look.theme.style(Role::Muted).bold(), look.theme.style(Role::Text));
    let mut x = 0;
    for (column, width) in WIDTHS.into_iter().enumerate() {
        canvas.label(x, 0, &Label::plain(HEADS[column]), muted);
        for (y, row) in (1..).zip(&data.table) {
            let label = Label::plain(&row[column]);
            canvas.sub(Rect::new(x, y, width, 1)).label(0, 0, &label, text);
        }
        x += width;
    }
}
