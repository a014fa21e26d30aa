//! Tables: rows of named columns, sorted, with bars behind cells.
//!
//! Invariant: what is left out is said: a text that is cut ends in a sign, columns and rows without room are counted.
//! Rows that sort equal keep their order, and rows without a value stand last whichever way the table is sorted.

use std::cmp::Ordering;

use super::Level;
use crate::label::Label;
use crate::model::Unit;

mod layout;
mod paint;
#[cfg(test)]
mod tests;

pub use paint::{paint, repaint, rows_shown};

/// Where a cell's text stands in its column.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Align {
    #[default]
    Left,
    Right,
    /// The ends of the whole parts of all numbers stand below each other.
    Decimal,
}

/// How wide a column is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Width {
    /// So many terminal columns.
    Fixed(u16),
    /// So many at least, and as many as its widest text takes where there is room.
    Min(u16),
    /// So many parts of the room the others leave.
    Ratio(u16),
}

/// One column of a table.
#[derive(Clone, Debug, PartialEq)]
pub struct Column {
    pub title: Label,
    pub align: Align,
    pub width: Width,
    /// Without room the columns with the lowest number go first, of equal ones the rightmost.
    pub priority: u8,
}

/// One cell: what it says, and how bad or how much of the whole that is.
#[derive(Clone, Debug, PartialEq)]
pub struct Cell {
    value: Value,
    level: Option<Level>,
    share: Option<f32>,
}

#[derive(Clone, Debug, PartialEq)]
enum Value {
    Missing,
    Text(Label),
    Number(f64, Unit),
}

/// By which column rows are sorted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sort {
    pub column: usize,
    pub descending: bool,
}

/// Everything a painter needs to know of a table.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TablePlan {
    pub columns: Vec<PlannedColumn>,
    /// In the order they are shown in, each with a cell for each column.
    pub rows: Vec<Vec<PlannedCell>>,
    pub sort: Option<Sort>,
    /// How many rows are scrolled away above; a painter stops at the last full page.
    pub offset: usize,
}

/// A column and the room its texts ask for, in columns of the terminal.
#[derive(Clone, Debug, PartialEq)]
pub struct PlannedColumn {
    pub column: Column,
    /// Widest text, the title with its sign included.
    pub widest: u16,
    /// Widest number: half a number would be a lie, so a column goes before its numbers are cut.
    pub numbers: u16,
    /// Widest part behind the whole number, of a column aligned by it.
    pub tail: u16,
}

/// A cell as text.
#[derive(Clone, Debug, PartialEq)]
pub struct PlannedCell {
    pub text: Label,
    pub level: Option<Level>,
    /// From 0 to 1: how far the bar behind the text goes; none without a bar.
    pub share: Option<f32>,
    pub is_missing: bool,
    pub is_number: bool,
    /// Columns of what follows the whole part of a number.
    pub tail: u16,
}

/// Columns of a sign beside a title: itself and a blank.
const SIGN_COLUMNS: u16 = 2;

// === impl Column ===

impl Column {
    /// A column aligned to the left, as wide as its texts, which goes before those of a higher priority.
    pub fn new(title: &str) -> Column {
        Column { title: Label::plain(title), align: Align::Left, width: Width::Min(4), priority: 0 }
    }

    pub fn align(mut self, align: Align) -> Column {
        self.align = align;
        self
    }

    pub fn width(mut self, width: Width) -> Column {
        self.width = width;
        self
    }

    pub fn priority(mut self, priority: u8) -> Column {
        self.priority = priority;
        self
    }
}

// === impl Cell ===

impl Cell {
    /// A cell of which nothing is known.
    pub fn missing() -> Cell {
        Cell { value: Value::Missing, level: None, share: None }
    }

    pub fn text(text: Label) -> Cell {
        Cell { value: Value::Text(text), level: None, share: None }
    }

    /// A measured value; one that is no number is missing.
    pub fn number(value: f64, unit: Unit) -> Cell {
        let value = if value.is_finite() { Value::Number(value, unit) } else { Value::Missing };
        Cell { value, level: None, share: None }
    }

    /// Colours the cell by how bad it is.
    pub fn level(mut self, level: Level) -> Cell {
        self.level = Some(level);
        self
    }

    /// Lays a bar behind the text, from 0 to 1 of the column's width.
    pub fn share(mut self, share: f32) -> Cell {
        self.share = share.is_finite().then(|| share.clamp(0.0, 1.0));
        self
    }

    /// `number` is where a number is written before it becomes a label.
    fn plan(self, align: Align, number: &mut String) -> PlannedCell {
        let is_number = matches!(self.value, Value::Number(..));
        let mut written = |value: f64, unit: Unit| {
            number.clear();
            unit.write(value, number);
            Label::plain(number)
        };
        let (text, is_missing) = match self.value {
            Value::Missing => (written(f64::NAN, Unit::None), true),
            Value::Text(text) => (text, false),
            Value::Number(value, unit) => (written(value, unit), false),
        };
        let tail = if is_number && align == Align::Decimal { tail(&text) } else { 0 };
        let (level, share) = if is_missing { (None, None) } else { (self.level, self.share) };
        PlannedCell { text, level, share, is_missing, is_number, tail }
    }

    /// The order of two cells that are both there: numbers before text.
    fn compare(&self, other: &Cell) -> Ordering {
        match (&self.value, &other.value) {
            (Value::Number(left, _), Value::Number(right, _)) => left.partial_cmp(right).unwrap_or(Ordering::Equal),
            (Value::Text(left), Value::Text(right)) => natural(left.as_str(), right.as_str()),
            (Value::Number(..), _) => Ordering::Less,
            (_, Value::Number(..)) => Ordering::Greater,
            _ => Ordering::Equal,
        }
    }
}

// === impl TablePlan ===

impl TablePlan {
    /// Sorts the rows and turns them into text. A row with too few cells misses its last ones, cells beyond the columns
    /// are left out; without `sort`, or with one by a column that is not there, rows keep their order.
    pub fn new(columns: Vec<Column>, rows: Vec<Vec<Cell>>, sort: Option<Sort>, offset: usize) -> TablePlan {
        let sort = sort.filter(|sort| sort.column < columns.len());
        let order = sort.map_or_else(|| (0..rows.len()).collect(), |sort| sort.order(&rows));
        TablePlan::in_order(columns, rows, &order, sort, offset)
    }

    /// The same of rows whose order is known already: which of them come first, second and so on.
    pub fn in_order(
        columns: Vec<Column>,
        mut rows: Vec<Vec<Cell>>,
        order: &[usize],
        sort: Option<Sort>,
        offset: usize,
    ) -> TablePlan {
        let sort = sort.filter(|sort| sort.column < columns.len());
        let mut number = String::new();
        let planned_row = |row: &usize| {
            let cells = std::mem::take(&mut rows[*row]).into_iter().chain(std::iter::repeat_with(Cell::missing));
            columns.iter().zip(cells).map(|(column, cell)| cell.plan(column.align, &mut number)).collect()
        };
        let rows: Vec<Vec<PlannedCell>> = order.iter().map(planned_row).collect();
        let columns = columns.into_iter().enumerate();
        let columns = columns.map(|(index, column)| PlannedColumn::new(index, column, &rows, sort)).collect();
        TablePlan { columns, rows, sort, offset }
    }

    /// Puts cells into the place of others, each by its row and column, without sorting anything. The rows of those that look
    /// otherwise now, and whether the columns ask for the same room as before: then all others are painted as they were.
    pub fn replace(&mut self, cells: impl IntoIterator<Item = (usize, usize, Cell)>) -> (Vec<usize>, bool) {
        let (mut number, mut changed) = (String::new(), Vec::new());
        let mut is_laid_out_alike = true;
        for (row, column, cell) in cells {
            let cell = cell.plan(self.columns[column].column.align, &mut number);
            let before = &mut self.rows[row][column];
            if cell != *before {
                is_laid_out_alike &= cell.takes_the_room_of(before);
                *before = cell;
                changed.push(row);
            }
        }
        if !is_laid_out_alike {
            let (rows, sort) = (&self.rows, self.sort);
            is_laid_out_alike = true;
            for (index, column) in self.columns.iter_mut().enumerate() {
                is_laid_out_alike &= !column.measure(index, rows, sort);
            }
        }
        (changed, is_laid_out_alike)
    }

    /// Puts the rows into another order: where each one stood, from the first on.
    pub fn reorder(&mut self, stood: &[usize]) {
        self.rows = stood.iter().map(|row| std::mem::take(&mut self.rows[*row])).collect();
    }

    /// Whether there is nothing to show but titles.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty() || self.columns.is_empty()
    }
}

// === impl PlannedColumn ===

impl PlannedColumn {
    fn new(index: usize, column: Column, rows: &[Vec<PlannedCell>], sort: Option<Sort>) -> PlannedColumn {
        let mut planned = PlannedColumn { column, widest: 0, numbers: 0, tail: 0 };
        planned.measure(index, rows, sort);
        planned
    }

    /// Looks at its cells anew; whether it asks for other room than before.
    fn measure(&mut self, index: usize, rows: &[Vec<PlannedCell>], sort: Option<Sort>) -> bool {
        let cells = || rows.iter().map(|row| &row[index]);
        let sign = if sort.is_some_and(|sort| sort.column == index) { SIGN_COLUMNS } else { 0 };
        let tail = cells().map(|cell| cell.tail).max().unwrap_or(0);
        let head = |cell: &PlannedCell| cell.text.columns() - cell.tail;
        let numbers = cells().filter(|cell| cell.is_number).map(head).max().map_or(0, |head| head.saturating_add(tail));
        let texts = cells().map(head).max().unwrap_or(0).saturating_add(tail);
        let widest = texts.max(self.column.title.columns().saturating_add(sign));
        let room = (widest, numbers, tail);
        let before = (self.widest, self.numbers, self.tail);
        (self.widest, self.numbers, self.tail) = room;
        before != room
    }
}

// === impl PlannedCell ===

impl PlannedCell {
    fn takes_the_room_of(&self, other: &PlannedCell) -> bool {
        (self.text.columns(), self.tail, self.is_number) == (other.text.columns(), other.tail, other.is_number)
    }
}

// === impl Sort ===

impl Sort {
    /// Which of the rows come first, second and so on.
    pub fn order(self, rows: &[Vec<Cell>]) -> Vec<usize> {
        let mut order: Vec<usize> = (0..rows.len()).collect();
        order.sort_by(|left, right| self.compare(&rows[*left], &rows[*right]));
        order
    }

    fn compare(self, left: &[Cell], right: &[Cell]) -> Ordering {
        let is_there = |cell: &&Cell| !matches!(cell.value, Value::Missing);
        let (left, right) = (left.get(self.column).filter(is_there), right.get(self.column).filter(is_there));
        match (left, right) {
            (Some(left), Some(right)) if self.descending => right.compare(left),
            (Some(left), Some(right)) => left.compare(right),
            (left, right) => left.is_none().cmp(&right.is_none()),
        }
    }
}

/// Columns behind the whole part of a number's text.
fn tail(text: &Label) -> u16 {
    let whole = text.as_str().bytes().take_while(|byte| byte.is_ascii_digit() || *byte == b'-').count();
    text.columns().saturating_sub(whole as u16)
}

/// The order people expect of names: `eth2` before `eth10`, whatever the case.
fn natural(left: &str, right: &str) -> Ordering {
    // What both begin with decides nothing, up to where a number may have begun.
    let same = left.bytes().zip(right.bytes()).take_while(|(a, b)| a == b && a.is_ascii() && !a.is_ascii_digit());
    let same = same.count();
    let (mut left, mut right) = (&left[same..], &right[same..]);
    loop {
        let (Some(a), Some(b)) = (left.chars().next(), right.chars().next()) else {
            return left.len().cmp(&right.len());
        };
        let order = if a.is_ascii_digit() && b.is_ascii_digit() {
            let (digits_left, digits_right) = (digits(&mut left), digits(&mut right));
            digits_left.len().cmp(&digits_right.len()).then(digits_left.cmp(digits_right))
        } else {
            (left, right) = (&left[a.len_utf8()..], &right[b.len_utf8()..]);
            // Most are the same: only of others the cases are looked up.
            if a == b { Ordering::Equal } else { a.to_lowercase().cmp(b.to_lowercase()) }
        };
        if order != Ordering::Equal {
            return order;
        }
    }
}

/// Takes the digits off a text's start; those that count.
fn digits<'a>(text: &mut &'a str) -> &'a str {
    let (digits, rest) = text.split_at(text.bytes().take_while(u8::is_ascii_digit).count());
    *text = rest;
    digits.trim_start_matches('0')
}
