//! The board drawn by ratatui: its widgets, its diff, its crossterm backend, into memory.

use std::cell::RefCell;
use std::io::{self, Write};
use std::rc::Rc;

use ratatui::backend::CrosstermBackend;
use ratatui::layout::{Constraint, Rect};
use ratatui::style::{Color, Modifier, Style};
use ratatui::symbols::Marker;
use ratatui::text::Line;
use ratatui::widgets::{Axis, Chart, Dataset, Gauge, GraphType, Row, Table};
use ratatui::{Frame, Terminal, TerminalOptions, Viewport};

use super::board::data::{Data, HEADS, POINTS, WIDTHS};
use super::board::{CHART_ROWS, COLS, ROWS};

const GROUND: Color = Color::Rgb(0x0f, 0x13, 0x1a);
const TEXT: Color = Color::Rgb(0xd3, 0xda, 0xe4);
const MUTED: Color = Color::Rgb(0x8e, 0x9a, 0xab);
const INKS: [Color; 2] = [Color::Rgb(0x5c, 0xb8, 0xee), Color::Rgb(0xf0, 0xa0, 0x30)];
const GOOD: Color = Color::Rgb(0x3d, 0xc2, 0x9b);
const TRACK: Color = Color::Rgb(0x2c, 0x36, 0x45);

/// A terminal that writes into memory.
pub struct Theirs {
    /// Behind everything, as in our theme; or the terminal's own, which our theme never leaves standing.
    ground: Color,
    terminal: Terminal<CrosstermBackend<Memory>>,
    bytes: Memory,
}

/// Bytes that the backend owns and the bench reads.
#[derive(Clone, Default)]
struct Memory(Rc<RefCell<Vec<u8>>>);

// === impl Theirs ===

impl Theirs {
    /// The same picture as ours.
    pub fn new() -> Theirs {
        Theirs::on(GROUND)
    }

    /// The picture on the terminal's own ground: fewer colours to say.
    pub fn on_default_ground() -> Theirs {
        Theirs::on(Color::Reset)
    }

    fn on(ground: Color) -> Theirs {
        let viewport = Viewport::Fixed(Rect::new(0, 0, COLS, ROWS));
        let bytes = Memory::default();
        let backend = CrosstermBackend::new(bytes.clone());
        let terminal = Terminal::with_options(backend, TerminalOptions { viewport }).expect("memory can be written");
        Theirs { ground, terminal, bytes }
    }

    /// Draws what changed since the frame before; returns how many bytes that is.
    pub fn frame(&mut self, data: &Data) -> usize {
        self.frame_then(data, <[u8]>::len)
    }

    /// The same, and what is made of its bytes.
    pub fn frame_then<T>(&mut self, data: &Data, take: impl FnOnce(&[u8]) -> T) -> T {
        self.bytes.0.borrow_mut().clear();
        self.terminal.draw(|frame| draw(frame, data, self.ground)).expect("memory can be written");
        take(&self.bytes.0.borrow())
    }
}

// === impl Memory ===

impl Write for Memory {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.borrow_mut().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn draw(frame: &mut Frame<'_>, data: &Data, ground: Color) {
    let area = frame.area();
    frame.buffer_mut().set_style(area, Style::new().fg(TEXT).bg(ground));
    for (index, signal) in data.signals.iter().enumerate() {
        let points: Vec<(f64, f64)> =
            signal.iter().enumerate().map(|(second, value)| (second as f64, *value)).collect();
        let line = Dataset::default()
            .marker(Marker::Braille)
            .graph_type(GraphType::Line)
            .style(Style::new().fg(INKS[index]))
            .data(&points);
        let muted = Style::new().fg(MUTED);
        let seconds = data.now_s % 86_400;
        let clock = |at: i64| format!("{:02}:{:02}:{:02}", at / 3_600, at / 60 % 60, at % 60);
        let times = [clock(seconds - POINTS as i64), clock(seconds - POINTS as i64 / 2), clock(seconds)];
        let chart = Chart::new(vec![line])
            .style(Style::new().bg(ground))
            .x_axis(Axis::default().style(muted).bounds([0.0, POINTS as f64 - 1.0]).labels(times))
            .y_axis(Axis::default().style(muted).bounds([0.0, 100.0]).labels(["0 %", "50 %", "100 %"]));
        frame.render_widget(chart, Rect::new(index as u16 * COLS / 2, 0, COLS / 2, CHART_ROWS));
    }
    let gauge = Gauge::default()
        .gauge_style(Style::new().fg(GOOD).bg(TRACK))
        .use_unicode(true)
        .label(format!("{:.1} %", data.share * 100.0))
        .ratio(data.share);
    frame.render_widget(gauge, Rect::new(0, CHART_ROWS, COLS, 1));
    let rows = data.table.iter().map(|row| Row::new(row.iter().map(|cell| Line::from(cell.as_str()))));
    let head = Row::new(HEADS).style(Style::new().fg(MUTED).add_modifier(Modifier::BOLD));
    let table = Table::new(rows, WIDTHS.map(Constraint::Length)).column_spacing(0).header(head);
    frame.render_widget(table, Rect::new(0, CHART_ROWS + 1, COLS, ROWS - CHART_ROWS - 1));
}
