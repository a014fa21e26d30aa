//! Rows and columns of a board file.
//!
//! Invariant: a layout that is returned holds each panel once, numbered in reading order.

use toml::Spanned;
use toml::de::{DeArray, DeTable, DeValue};

use super::keys;
use super::section::{Complaints, Section, kind};
use crate::base::limits;
use crate::notation::{harmless, remedy_for};
use crate::scene::board::{Node, Share};

/// Columns of a board without a layout, by its number of panels.
const COLUMNS_EVEN_MAX: usize = 3;

/// Panels share the screen evenly, in the order of the file.
pub fn even(panels: usize) -> (Node, Vec<usize>) {
    let columns = (1..=COLUMNS_EVEN_MAX).find(|columns| columns * columns >= panels).unwrap_or(COLUMNS_EVEN_MAX);
    let share = |node| Share { ratio: 1, node };
    let indices: Vec<usize> = (0..panels).collect();
    let row = |row: &[usize]| share(Node::Row(row.iter().map(|panel| share(Node::Panel(*panel))).collect()));
    let rows = indices.chunks(columns.max(1)).map(row).collect();
    (Node::Column(rows), indices)
}

/// A layout and, in reading order, the panels in it as indices into `names`. None where it was complained of.
pub fn read<'d>(
    value: &'d Spanned<DeValue<'d>>,
    names: &[&str],
    complaints: &'d Complaints<'d>,
) -> Option<(Node, Vec<usize>)> {
    let mut reader = Reader { names, complaints, order: Vec::new() };
    let node = reader.part(value, 0).map(|share| share.node)?;
    for (index, name) in names.iter().enumerate() {
        if !reader.order.contains(&index) {
            let message = format!("the panel {:?} stands nowhere in the layout", harmless(name));
            complaints.add(value.span(), message, "put it somewhere, or take it out");
        }
    }
    Some((node, reader.order))
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
        if depth >= limits::LAYOUT_DEPTH_MAX {
            let message = format!("rows and columns stand in each other {depth} deep");
            self.complaints.add(value.span(), message, format!("at most {} are allowed", limits::LAYOUT_DEPTH_MAX));
            return None;
        }
        let said: Vec<&str> = ["row", "column", "panel"].into_iter().filter(|name| section.has(name)).collect();
        let node = match said.as_slice() {
            ["panel"] => {
                let named = section.value("panel")?;
                let name = section.text("panel")?;
                self.panel(&name, named)?
            }
            ["row"] => Node::Row(self.parts(section.value("row")?, depth)?),
            ["column"] => Node::Column(self.parts(section.value("column")?, depth)?),
            _ => {
                self.complaints.add(
                    value.span(),
                    "one of `row`, `column` and `panel` belongs here",
                    "write exactly one",
                );
                return None;
            }
        };
        Some(Share { ratio, node })
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
