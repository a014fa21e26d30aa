//! Frames as files: plain text, JSON, SVG.
//!
//! Invariant: an export shows the grid as it is, in its own colours; palettes are for terminals. It must not read fonts
//! or anything else from outside.

mod ansi;
mod shapes;
mod svg;
#[cfg(test)]
mod tests;

pub use ansi::ansi;
pub use svg::svg;

use serde::Serialize;
use unicode_width::UnicodeWidthChar;

use super::fallback;
use crate::frame::{Color, Grid, Style};

/// A frame as JSON.
#[derive(Serialize)]
struct Page {
    cols: u16,
    rows: u16,
    lines: Vec<Line>,
}

#[derive(Serialize)]
struct Line {
    /// Without trailing blanks.
    text: String,
    runs: Vec<Run>,
}

/// Neighbouring cells of one style. Blanks on the default background are in none.
#[derive(Serialize)]
struct Run {
    /// The first column, from 0.
    x: u16,
    columns: u16,
    text: String,
    /// `#rrggbb`; left out for the terminal's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    fg: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    bg: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    attrs: Vec<&'static str>,
}

/// All rows without their trailing blanks, each ended by a line feed; where nothing but ASCII is wanted, something like
/// it stands in for the rest, column by column.
pub fn text(grid: &Grid, ascii: bool) -> String {
    let text = grid.to_text();
    if !ascii || text.is_ascii() {
        return text;
    }
    let mut plain = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_ascii() {
            plain.push(c);
            continue;
        }
        let columns = UnicodeWidthChar::width(c).unwrap_or(0);
        for column in 0..columns {
            plain.push(if column == 0 { char::from(fallback::ascii(u32::from(c))) } else { ' ' });
        }
    }
    plain
}

/// `{"cols", "rows", "lines": [{"text", "runs": [{"x", "columns", "text", "fg"?, "bg"?, "attrs"?}]}]}`, ended by a line
/// feed.
pub fn json(grid: &Grid) -> String {
    let size = grid.size();
    let lines =
        (0..size.rows()).map(|y| Line { text: grid.row_text(y).trim_end_matches(' ').to_owned(), runs: runs(grid, y) });
    let page = Page { cols: size.cols(), rows: size.rows(), lines: lines.collect() };
    let mut json = serde_json::to_string_pretty(&page).expect("invariant: a page has nothing JSON has not");
    json.push('\n');
    json
}

fn runs(grid: &Grid, y: u16) -> Vec<Run> {
    let mut runs: Vec<Run> = Vec::new();
    let mut last = None;
    for x in 0..grid.size().cols() {
        let cell = grid.cell(x, y);
        if cell.text() == " " && cell.style == Style::new() {
            last = None;
            continue;
        }
        if last != Some(cell.style) {
            last = Some(cell.style);
            let Style { fg, bg, attrs } = cell.style;
            let attrs = attrs.names().collect();
            runs.push(Run { x, columns: 0, text: String::new(), fg: hex(fg), bg: hex(bg), attrs });
        }
        let run = runs.last_mut().expect("invariant: a run was begun");
        run.text.push_str(cell.text());
        run.columns += 1;
    }
    runs
}

fn hex(color: Color) -> Option<String> {
    color.channels().map(|(r, g, b)| format!("#{r:02x}{g:02x}{b:02x}"))
}
