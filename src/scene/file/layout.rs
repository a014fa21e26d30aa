//! Tabs, rows and columns of a board file.
//!
//! Invariant: tabs that are returned hold each panel once, numbered in reading order, and none of them is empty.

use std::ops::Range;

use toml::Spanned;
use toml::de::{DeArray, DeTable, DeValue};

use super::keys;
use super::section::{Complaints, Section, kind};
use crate::base::limits;
use crate::label::Label;
use crate::notation::{harmless, remedy_for};
use crate::scene::board::{Node, Share, Tab};

/// Columns of a board without a layout, by its number of panels.
const COLUMNS_EVEN_MAX: usize = 3;

/// Panels share the screen evenly, in the order of the file.
fn even(panels: usize) -> (Node, Vec<usize>) {
    let columns = (1..=COLUMNS_EVEN_MAX).find(|columns| columns * columns >= panels).unwrap_or(COLUMNS_EVEN_MAX);
    let share = |node| Share { ratio: 1, node };
    let indices: Vec<usize> = (0..panels).collect();
    let row = |row: &[usize]| share(Node::Row(row.iter().map(|panel| share(Node::Panel(*panel))).collect()));
    let rows = indices.chunks(columns.max(1)).map(row).collect();
    (Node::Column(rows), indices)
}

/// The tabs of a board and, in reading order, the panels on them as indices into `names`: those of `tab`, or one for
/// `layout`. None where they were complained of.
pub fn read<'d>(board: &Section<'d>, names: &[&str], complaints: &'d Complaints<'d>) -> Option<(Vec<Tab>, Vec<usize>)> {
    let mut reader = Reader { names, complaints, order: Vec::new() };
    let (tabs, place) = match (board.value("layout"), board.value("tab")) {
        (Some(layout), None) => {
            let node = reader.part(layout, 0)?.node;
            (vec![Tab { title: Label::default(), layout: node, panels: 0..reader.order.len() }], layout.span())
        }
        (None, Some(value)) => (reader.tabs(board, value.span())?, value.span()),
        (None, None) => {
            let (layout, order) = even(names.len());
            return Some((vec![Tab { title: Label::default(), layout, panels: 0..order.len() }], order));
        }
        (Some(_), Some(tab)) => {
            complaints.add(
                tab.span(),
                "a board has a layout or tabs, not both",
                "move the layout into a tab of its own",
            );
            return None;
        }
    };
    for (index, name) in names.iter().enumerate() {
        if !reader.order.contains(&index) {
            let message = format!("the panel {:?} stands nowhere in the layout", harmless(name));
            complaints.add(place.clone(), message, "put it somewhere, or take it out");
        }
    }
    Some((tabs, reader.order))
}

struct Reader<'n, 'd> {
    names: &'n [&'n str],
    complaints: &'d Complaints<'d>,
    order: Vec<usize>,
}

// === impl Reader ===

impl<'d> Reader<'_, 'd> {
    fn part(&mut self, value: &'d Spanned<DeValue<'d>>, depth: usize) -> Option<Share> {
        match value.get_ref() {
            // A name alone is a panel, a list within a row a column, and the other way round.
            DeValue::String(name) => Some(Share { ratio: 1, node: self.panel(name, value)? }),
            DeValue::Table(table) => self.table(table, value, depth),
            other => {
                let message = format!("a part of a layout belongs here, not {}", kind(other));
                self.complaints.add(
                    value.span(),
                    message,
                    "write a panel's name, or { row = [...] } or { column = [...] }",
                );
                None
            }
        }
    }

    fn table(&mut self, table: &'d DeTable<'d>, value: &'d Spanned<DeValue<'d>>, depth: usize) -> Option<Share> {
        let section = Section::open(table, value.span(), keys::LAYOUT, self.complaints);
        let ratio = section.whole("ratio").and_then(|ratio| u16::try_from(ratio).ok()).unwrap_or(1);
        Some(Share { ratio, node: self.node(&section, value.span(), depth)? })
    }

    /// What one of `row`, `column` and `panel` says.
    fn node(&mut self, section: &Section<'d>, span: Range<usize>, depth: usize) -> Option<Node> {
        if depth >= limits::LAYOUT_DEPTH_MAX {
            let message = format!("rows and columns stand in each other {depth} deep");
            self.complaints.add(span, message, format!("at most {} are allowed", limits::LAYOUT_DEPTH_MAX));
            return None;
        }
        let said: Vec<&str> = ["row", "column", "panel"].into_iter().filter(|name| section.has(name)).collect();
        match said.as_slice() {
            ["panel"] => {
                let named = section.value("panel")?;
                let name = section.text("panel")?;
                self.panel(&name, named)
            }
            ["row"] => Some(Node::Row(self.parts(section.value("row")?, depth)?)),
            ["column"] => Some(Node::Column(self.parts(section.value("column")?, depth)?)),
            _ => {
                self.complaints.add(span, "one of `row`, `column` and `panel` belongs here", "write exactly one");
                None
            }
        }
    }

    fn tabs(&mut self, board: &Section<'d>, span: Range<usize>) -> Option<Vec<Tab>> {
        let sections = board.tables("tab");
        if sections.is_empty() && self.complaints.is_empty() {
            self.complaints.add(span, "there is no tab", "write [[tab]] with a name and a layout");
            return None;
        }
        if sections.len() > limits::TABS_MAX {
            let message = format!("there are {} tabs", sections.len());
            self.complaints.add(span, message, format!("at most {} are allowed", limits::TABS_MAX));
            return None;
        }
        // Read to the end, whatever is wrong with one of them.
        let mut tabs = Vec::with_capacity(sections.len());
        for section in &sections {
            let start = self.order.len();
            let (title, node) = (section.label("name"), self.node(section, section.place(), 0));
            if title.as_ref().is_some_and(Label::is_empty) {
                self.complaints.add(section.span("name"), "name: a tab without a name cannot be told", "write one");
            }
            if let (Some(title), Some(layout)) = (title, node) {
                tabs.push(Tab { title, layout, panels: start..self.order.len() });
            }
        }
        (!tabs.is_empty() && tabs.len() == sections.len()).then_some(tabs)
    }

    fn parts(&mut self, value: &'d Spanned<DeValue<'d>>, depth: usize) -> Option<Vec<Share>> {
        let list: Option<&'d DeArray<'d>> = value.get_ref().as_array().filter(|list| !list.is_empty());
        let Some(list) = list.filter(|list| list.len() <= limits::PANELS_MAX) else {
            self.complaints.add(value.span(), "a list of parts belongs here", "write it in [brackets]");
            return None;
        };
        Some(list.iter().filter_map(|item| self.part(item, depth + 1)).collect())
    }

    fn panel(&mut self, name: &str, value: &Spanned<DeValue<'_>>) -> Option<Node> {
        let Some(index) = self.names.iter().position(|known| *known == name) else {
            let message = format!("there is no panel {:?}", harmless(name));
            self.complaints.add(value.span(), message, remedy_for(name, self.names, "panels"));
            return None;
        };
        if self.order.contains(&index) {
            let message = format!("the panel {:?} stands in the layout twice", harmless(name));
            self.complaints.add(value.span(), message, "take one of them out");
            return None;
        }
        self.order.push(index);
        Some(Node::Panel(self.order.len() - 1))
    }
}
