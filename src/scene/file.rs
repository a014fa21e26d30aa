//! Boards as people write them: TOML read into a [`Board`], with every complaint at its place.
//!
//! Invariant: what is read is a sound board (each panel stands in the layout once, in reading order), or there is at
//! least one complaint. A pure function of the bytes.

pub mod chart;
mod charts;
mod keys;
mod layout;
mod schema;
mod section;
mod shape;
#[cfg(test)]
mod tests;

use std::ops::Range;

use toml::de::DeTable;

use super::board::{Board, PanelSpec};
use crate::base::{Diagnostic, limits};
use crate::label::Label;
use crate::model::spec::Theme;
use crate::notation::{Document, harmless, remedy_for};
use section::{Complaints, Section};

pub use schema::{chart_schema, schema};

/// Pictures a second of a board that says nothing: twice the rate of most sources, since data and the clock may each
/// move in a second of their own.
const REFRESH_HZ_DEFAULT: f64 = 4.0;
/// A panel smaller than this shows nothing of use.
const MIN_DEFAULT: (u16, u16) = (20, 4);
const PRIORITY_DEFAULT: u8 = 5;
/// Where data comes from when nothing is said.
const SOURCE_DEFAULT: &str = "host";

/// Reads the board `name` from a file's bytes; `file` is what complaints call it.
pub fn read(name: &str, file: &str, bytes: &[u8]) -> Result<Board, Vec<Diagnostic>> {
    let document = Document::new(file, bytes).map_err(|complaint| vec![complaint])?;
    let (tables, errors) = document.tables();
    let complaints = Complaints::new(&document);
    for error in &errors {
        complaints.add(error.span().unwrap_or(0..0), harmless(error.message()), "");
    }
    let board = board(name, tables.get_ref(), &complaints);
    let list = complaints.into_list();
    match board {
        Some(board) if list.is_empty() => Ok(board),
        _ => Err(list),
    }
}

/// None only where something was complained of.
fn board<'d>(name: &str, table: &'d DeTable<'d>, complaints: &'d Complaints<'d>) -> Option<Board> {
    if name.is_empty() || name.len() > limits::NAME_BYTES_MAX || name.contains(['/', '\0']) || harmless(name) != name {
        let message = format!("{:?} is no name for a board", harmless(name));
        complaints.add(0..0, message, format!("use at most {} bytes, without /", limits::NAME_BYTES_MAX));
    }
    let board = Section::open(table, 0..0, keys::BOARD, complaints);
    let mut panels: Vec<(String, Option<PanelSpec>)> = Vec::new();
    let named = board.named("panel");
    if named.len() > limits::PANELS_MAX {
        complaints.add(
            board.span("panel"),
            format!("there are {} panels", named.len()),
            format!("at most {} are allowed", limits::PANELS_MAX),
        );
    }
    // Read to the end, whatever is wrong with one of them: the layout may name it all the same.
    for (key, span, table) in named.into_iter().take(limits::PANELS_MAX) {
        let spec = panel(&key, table, span, complaints);
        panels.push((key, spec));
    }
    if panels.is_empty() && complaints.is_empty() {
        complaints.add(board.span("panel"), "there is no panel", "write [panel.SOMETHING] with a chart");
    }
    let names: Vec<&str> = panels.iter().map(|(key, _)| key.as_str()).collect();
    let (tabs, order) = layout::read(&board, &names, complaints)?;
    let mut panels: Vec<Option<PanelSpec>> = panels.into_iter().map(|(_, spec)| spec).collect();
    let title = board.text("title").unwrap_or_else(|| name.to_owned());
    let refresh_hz = board.number("refresh_hz").unwrap_or(REFRESH_HZ_DEFAULT);
    let theme = board.word("theme").and_then(Theme::named).unwrap_or_default();
    if !complaints.is_empty() {
        return None;
    }
    Some(Board {
        name: name.to_owned(),
        title: title.chars().take(limits::TITLE_BYTES_MAX / 4).collect(),
        refresh_hz,
        theme,
        tabs,
        panels: order.into_iter().filter_map(|index| panels.get_mut(index)?.take()).collect(),
        asks: None,
    })
}

fn panel<'d>(
    name: &str,
    table: &'d DeTable<'d>,
    span: Range<usize>,
    complaints: &'d Complaints<'d>,
) -> Option<PanelSpec> {
    // Which keys there may be depends on the chart: first what all panels have, then what is its own.
    let common = Section::of_kind(table, keys::PANEL, complaints);
    let Some(chart) = common.word("chart") else {
        if !common.has("chart") {
            complaints.add(span, "the key `chart` is missing", remedy_for("", keys::CHART_NAMES, "charts"));
        }
        return None;
    };
    let own = Section::open_more(table, span, keys::PANEL, keys::of_chart(chart), complaints);
    let chart = charts::read(chart, &own);
    let title = common.label("title").unwrap_or_else(|| Label::plain(name));
    let priority = common.whole("priority").and_then(|priority| u8::try_from(priority).ok());
    let source = common.text("source").unwrap_or_else(|| SOURCE_DEFAULT.to_owned());
    let min = common.cells("min").unwrap_or(MIN_DEFAULT);
    let fallback = common.text("fallback").map(|text| {
        if text.len() > limits::FALLBACK_BYTES_MAX {
            let message = format!("fallback: the text has {} bytes", text.len());
            complaints.add(common.span("fallback"), message, format!("use at most {}", limits::FALLBACK_BYTES_MAX));
        }
        Label::plain(&text)
    });
    Some(PanelSpec { title, source, min, priority: priority.unwrap_or(PRIORITY_DEFAULT), fallback, chart: chart? })
}
