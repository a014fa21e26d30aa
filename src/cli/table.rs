//! Tables for people: columns lined up, nothing in them that acts on a terminal.

use crate::label::Label;

/// Between two columns.
const GAP: &str = "  ";

/// Rows under headings.
#[derive(Debug)]
pub struct Table {
    columns: Vec<Column>,
    rows: Vec<Vec<Label>>,
}

/// How one column is set.
#[derive(Debug)]
struct Column {
    heading: Label,
    /// Numbers end at the same place.
    right: bool,
}

// === impl Table ===

impl Table {
    /// A heading that starts with `>` sets its column to the right.
    pub fn new(headings: &[&str]) -> Table {
        let columns = headings.iter().map(|heading| {
            let right = heading.starts_with('>');
            Column { heading: Label::plain(heading.trim_start_matches('>')), right }
        });
        Table { columns: columns.collect(), rows: Vec::new() }
    }

    /// One cell a heading; what is missing is shown as `-`.
    pub fn row<const N: usize>(&mut self, cells: [Option<String>; N]) {
        debug_assert_eq!(N, self.columns.len(), "invariant: a cell for every heading");
        self.rows.push(cells.into_iter().map(|cell| Label::plain(cell.as_deref().unwrap_or("-"))).collect());
    }

    /// The lines, each ended by a line feed.
    pub fn to_text(&self) -> String {
        let widths: Vec<u16> = (0..self.columns.len())
            .map(|at| {
                let cells = self.rows.iter().map(|row| row[at].columns());
                cells.chain([self.columns[at].heading.columns()]).max().unwrap_or(0)
            })
            .collect();
        let headings: Vec<Label> = self.columns.iter().map(|column| column.heading.clone()).collect();
        let mut text = String::new();
        for row in std::iter::once(&headings).chain(&self.rows) {
            let mut line = String::new();
            for ((cell, column), width) in row.iter().zip(&self.columns).zip(&widths) {
                let pad = " ".repeat(usize::from(width - cell.columns()));
                let (left, right) = if column.right { (pad.as_str(), "") } else { ("", pad.as_str()) };
                line.push_str(&format!("{left}{cell}{right}{GAP}"));
            }
            text.push_str(line.trim_end());
            text.push('\n');
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up_and_nothing_acts_on_the_terminal() {
        let mut table = Table::new(&["NAME", ">COUNT", "NOTE"]);
        table.row([Some("a".to_owned()), Some("1".to_owned()), None]);
        table.row([Some("中文\x1b[2Jlong".to_owned()), Some("1000".to_owned()), Some("x".to_owned())]);
        assert_eq!(
            table.to_text(),
            "NAME      COUNT  NOTE\n\
             a             1  -\n\
             中文long   1000  x\n"
        );
    }
}
