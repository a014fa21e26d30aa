//! Tables: which rows they have, and what of them is drawn again.
//!
//! Invariant: a table that is kept says what its series said when it was drawn last; drawn again where they say
//! something else, it is what it would be drawn anew.

use rustc_hash::{FxHashMap, FxHashSet};
use smol_str::SmolStr;

use super::rows::Rows;
use crate::base::{Rect, limits};
use crate::frame::Canvas;
use crate::label::Label;
use crate::model::Dataset;
use crate::scene::chart::{self, Table};
use crate::scene::moment::Moment;
use crate::scene::query::When;
use crate::scene::select;
use crate::widget::table::{self, Align, Cell, Column, Sort, TablePlan, Width};
use crate::widget::{Look, Role};

#[cfg(test)]
mod tests;

#[cfg(test)]
thread_local! {
    static REDRAWN: std::cell::Cell<usize> = const { std::cell::Cell::new(0) };
}

/// How many tables were drawn over their pictures on this thread since it was asked last.
#[cfg(test)]
pub fn redrawn() -> usize {
    REDRAWN.take()
}

/// A table as it was drawn last, of columns whose series have the same names.
#[derive(Debug)]
pub struct Kept {
    /// What its series are called, in their order.
    names: Vec<SmolStr>,
    /// Of each column, when a series of its name came or went last; none where not all of them are shown.
    shapes: Vec<Option<u64>>,
    /// The values of one column after the other, each of the series in their order.
    values: Vec<Option<f64>>,
    /// The series in the order that people count in.
    counted: Vec<usize>,
    /// Which row of the plan each of the series is.
    places: Vec<usize>,
    plan: TablePlan,
}

/// Columns whose series have the same names in the same order: most tables.
#[derive(Debug)]
struct SideBySide<'a> {
    columns: Vec<Vec<(&'a str, Option<f64>)>>,
    /// Names in the order that people count in, and where each of them stands in the columns.
    names: Vec<(Label, usize)>,
}

/// What became of a table that is kept.
#[derive(Debug)]
enum Refreshed {
    /// These of its rows look otherwise.
    Rows(Vec<usize>),
    /// Also rows that say the same stand elsewhere.
    All,
    /// It has other rows.
    Anew,
}

/// A row's name, and its value in each column.
type NamedRow = (Label, Vec<Option<f64>>);

/// Draws a table onto a blank canvas; its rows are the values of one label. What is kept of it is what it says now.
pub fn draw(
    spec: &Table,
    (moment, when): (&Moment<'_>, When),
    first: usize,
    kept: &mut Option<Box<Kept>>,
    canvas: &mut Canvas<'_>,
) {
    if let Some(kept) = kept {
        return table::paint(&kept.plan, canvas, moment.look);
    }
    let (plan, side_by_side) = plan(spec, moment, when, first);
    table::paint(&plan, canvas, moment.look);
    let (width, height) = canvas.size();
    let room = usize::from(width) * usize::from(height);
    let keep =
        |(found, order): (SideBySide<'_>, Vec<usize>)| Kept::new((&found, &order), plan, (spec, moment.data), room);
    *kept = side_by_side.and_then(keep).map(Box::new);
}

/// Makes what is kept of a table say what is so now; nothing is kept of one for which that is not enough. Which rows look
/// otherwise, where others do not and stand where they stood.
pub fn refresh(kept: &mut Option<Box<Kept>>, spec: &Table, data: &Dataset, when: When) -> Option<Vec<usize>> {
    let refreshed = kept.as_mut()?.refresh(spec, data, when);
    if matches!(refreshed, Refreshed::Anew) {
        *kept = None;
    }
    if let Refreshed::Rows(rows) = refreshed { Some(rows) } else { None }
}

/// Draws some rows of a table over its picture before.
pub fn redraw(kept: &Kept, rows: &[usize], canvas: &mut Canvas<'_>, look: Look) {
    #[cfg(test)]
    REDRAWN.set(REDRAWN.get() + 1);
    table::repaint(&kept.plan, rows, look.theme.style(Role::Ground), canvas, look);
}

/// How far a table of this size can be scrolled.
pub fn rows(spec: &Table, moment: &Moment<'_>, when: When, inside: Rect) -> Rows {
    let (plan, _) = plan(spec, moment, when, 0);
    let page = table::rows_shown(&plan, inside.width, inside.height);
    let max = plan.rows.len().saturating_sub(usize::from(page));
    Rows { max: u16::try_from(max).unwrap_or(u16::MAX), page: page.max(1), follows: false }
}

/// A table's plan; where it was found side by side, that too, and which of the rows found each of the plan's is.
fn plan<'a>(
    spec: &'a Table,
    moment: &'a Moment<'_>,
    when: When,
    first: usize,
) -> (TablePlan, Option<(SideBySide<'a>, Vec<usize>)>) {
    let mut columns = vec![Column::new(spec.title.as_str()).width(Width::Min(6)).priority(u8::MAX)];
    for (index, column) in spec.columns.iter().enumerate() {
        // Of those without room the last goes first.
        let priority = u8::MAX.saturating_sub(u8::try_from(index).unwrap_or(u8::MAX)).saturating_sub(1);
        columns.push(Column::new(column.title.as_str()).align(Align::Decimal).priority(priority));
    }
    let row = |(name, values): NamedRow| -> Vec<Cell> {
        let mut row = Vec::with_capacity(columns.len());
        row.push(Cell::text(name));
        row.extend(spec.columns.iter().zip(values).map(|(column, value)| cell(column, value)));
        row
    };
    let (found, side_by_side) = found(spec, moment.data, when);
    let rows: Vec<Vec<Cell>> = found.into_iter().map(row).collect();
    let sort = Sort { column: spec.sort.map_or(0, |column| column + 1), descending: spec.descending };
    let order = sort.order(&rows);
    let plan = TablePlan::in_order(columns, rows, &order, Some(sort), first);
    (plan, side_by_side.map(|found| (found, order)))
}

fn cell(column: &chart::TableColumn, value: Option<f64>) -> Cell {
    let Some(value) = value else { return Cell::missing() };
    let mut cell = Cell::number(value, column.unit);
    if !column.thresholds.is_empty() {
        cell = cell.level(chart::level(&column.thresholds, value));
    }
    match column.full_at {
        Some(full_at) => cell.share((value / full_at) as f32),
        None => cell,
    }
}

/// The rows of a table, before they are sorted as it says; whether its columns stand side by side.
fn found<'a>(spec: &'a Table, data: &'a Dataset, when: When) -> (Vec<NamedRow>, Option<SideBySide<'a>>) {
    if spec.columns.iter().all(|column| column.select.is_each()) {
        let values = spec.columns.iter().map(|column| column.select.values(data, when));
        if let Some(found) = SideBySide::new(values, spec.current) {
            return (found.rows(), Some(found));
        }
    }
    let of_column = |column: &chart::TableColumn| {
        let all = column.select.all(data, when);
        // Apart: what is much smaller and collected in place is moved once more.
        let mut values = Vec::with_capacity(all.len());
        values.extend(all.into_iter().map(|one| {
            let value = one.value(when);
            (one.name, value)
        }));
        values
    };
    (by_name(&spec.columns.iter().map(of_column).collect::<Vec<_>>(), spec.current), None)
}

// === impl Kept ===

impl Kept {
    /// None of a table without a row, or with more cells than are kept of one that has so much room on a screen.
    fn new(
        (found, order): (&SideBySide<'_>, &[usize]),
        plan: TablePlan,
        (spec, data): (&Table, &Dataset),
        room: usize,
    ) -> Option<Kept> {
        let first = found.columns.first()?;
        let cells = first.len() * plan.columns.len();
        if cells == 0 || cells > room / limits::ROOM_OF_KEPT_CELL {
            return None;
        }
        let names = first.iter().map(|(name, _)| SmolStr::new(name)).collect();
        let shape = |column: &chart::TableColumn| whole_shape(&column.select.series, first.len(), data);
        let shapes = spec.columns.iter().map(shape).collect();
        let values = found.columns.iter().flatten().map(|(_, value)| *value).collect();
        let counted: Vec<usize> = found.names.iter().map(|(_, series)| *series).collect();
        let mut places = vec![0; first.len()];
        order.iter().enumerate().for_each(|(place, row)| places[counted[*row]] = place);
        Some(Kept { names, shapes, values, counted, places, plan })
    }

    /// Whether a column still shows all series of its name, in the order in which they are kept here.
    pub fn is_whole(&self, column: usize, series: &str, data: &Dataset) -> bool {
        self.shapes[column].is_some_and(|shape| shape == data.shape_of(series))
    }

    /// Takes over what became of the values.
    fn refresh(&mut self, spec: &Table, data: &Dataset, when: When) -> Refreshed {
        let (mut changed, mut is_sorted) = (Vec::new(), true);
        for (index, column) in spec.columns.iter().enumerate() {
            let (series, before) = (&column.select.series, changed.len());
            let is_taken = if self.is_whole(index, series, data) {
                self.take(spec, index, column.select.whole_values(data, when), &mut changed)
            } else {
                self.shapes[index] = whole_shape(series, self.names.len(), data);
                self.take_named(spec, index, column.select.values(data, when), &mut changed)
            };
            if !is_taken {
                return Refreshed::Anew;
            }
            is_sorted &= spec.sort != Some(index) || changed.len() == before;
        }
        let (mut rows, is_laid_out_alike) = self.plan.replace(changed);
        if !is_sorted && self.sort(spec) || !is_laid_out_alike {
            return Refreshed::All;
        }
        rows.sort_unstable();
        rows.dedup();
        Refreshed::Rows(rows)
    }

    /// Sorts the rows by their values as they are now; whether some stand elsewhere since.
    fn sort(&mut self, spec: &Table) -> bool {
        let Some(column) = spec.sort else { return false };
        let values = &self.values[column * self.names.len()..][..self.names.len()];
        // Of each row the cell that it is sorted by.
        let row = |series: &usize| vec![cell(&spec.columns[column], values[*series])];
        let rows: Vec<Vec<Cell>> = self.counted.iter().map(row).collect();
        let order = Sort { column: 0, descending: spec.descending }.order(&rows);
        let stood: Vec<usize> = order.iter().map(|row| self.places[self.counted[*row]]).collect();
        if stood.is_sorted() {
            return false;
        }
        self.plan.reorder(&stood);
        order.iter().enumerate().for_each(|(place, row)| self.places[self.counted[*row]] = place);
        true
    }

    /// Takes over the values of a column that has the same names in the same order, or else none.
    fn take_named<'a>(
        &mut self,
        spec: &Table,
        index: usize,
        values: impl Iterator<Item = (&'a str, Option<f64>)>,
        changed: &mut Vec<(usize, usize, Cell)>,
    ) -> bool {
        let values: Vec<(&str, Option<f64>)> = values.collect();
        let are_alike =
            values.len() == self.names.len() && values.iter().zip(&self.names).all(|(one, name)| one.0 == *name);
        are_alike && self.take(spec, index, values.into_iter().map(|(_, value)| value), changed)
    }

    /// Takes over the values of a column, as many as there are names; false where some rows are left out now.
    fn take(
        &mut self,
        spec: &Table,
        index: usize,
        values: impl Iterator<Item = Option<f64>>,
        changed: &mut Vec<(usize, usize, Cell)>,
    ) -> bool {
        let count = self.names.len();
        let known = self.values[index * count..][..count].iter_mut().zip(&self.places);
        for (value, (known, place)) in values.zip(known).filter(|(value, (known, _))| value != *known) {
            if spec.current && index == 0 && value.is_none() {
                return false;
            }
            *known = value;
            changed.push((*place, index + 1, cell(&spec.columns[index], value)));
        }
        true
    }
}

/// When a series of this name came or went last, where there are just so many.
fn whole_shape(series: &str, count: usize, data: &Dataset) -> Option<u64> {
    (data.count_named(series) == count).then(|| data.shape_of(series))
}

// === impl SideBySide ===

impl<'a> SideBySide<'a> {
    /// None of columns that have other names, and where some rows are to be left out. Columns are asked for one by one, and
    /// no more of them than it takes to know.
    fn new<V>(columns: impl Iterator<Item = V>, current: bool) -> Option<SideBySide<'a>>
    where
        V: IntoIterator<Item = (&'a str, Option<f64>)>,
    {
        let mut found: Vec<Vec<(&str, Option<f64>)>> = Vec::with_capacity(columns.size_hint().1.unwrap_or(0));
        for values in columns {
            let mut column = Vec::with_capacity(found.first().map_or(0, Vec::len));
            column.extend(values);
            let is_alike = match found.first() {
                None => !current || column.iter().all(|(_, value)| value.is_some()),
                Some(first) => {
                    first.len() == column.len() && first.iter().zip(&column).all(|(one, other)| one.0 == other.0)
                }
            };
            if !is_alike {
                return None;
            }
            found.push(column);
        }
        let first = found.first()?;
        let mut names = Vec::with_capacity(first.len());
        names.extend(first.iter().enumerate().map(|(index, (name, _))| (Label::plain(name), index)));
        names.sort_by(|(left, _), (right, _)| select::order(left, right));
        // Names that look alike stand beside each other.
        let differ = names.is_sorted_by(|(left, _), (right, _)| left != right);
        differ.then_some(SideBySide { columns: found, names })
    }

    fn rows(&self) -> Vec<NamedRow> {
        let values = |index: usize| self.columns.iter().map(|column| column[index].1).collect();
        self.names.iter().map(|(name, index)| (name.clone(), values(*index))).collect()
    }
}

/// The rows of any columns, each in order. Of several that look alike the first counts.
fn by_name(found: &[Vec<(Label, Option<f64>)>], current: bool) -> Vec<NamedRow> {
    let mut names: Vec<&Label> = Vec::new();
    let mut seen: FxHashSet<&str> = FxHashSet::default();
    for (name, value) in found.iter().flatten() {
        if (value.is_some() || !current) && seen.insert(name.as_str()) {
            names.push(name);
        }
    }
    let mut known: Vec<FxHashMap<&str, Option<f64>>> = vec![FxHashMap::default(); found.len()];
    for (known, values) in known.iter_mut().zip(found) {
        for (name, value) in values {
            known.entry(name.as_str()).or_insert(*value);
        }
    }
    let value = |name: &Label, values: &FxHashMap<&str, Option<f64>>| values.get(name.as_str()).copied().flatten();
    names.into_iter().map(|name| (name.clone(), known.iter().map(|values| value(name, values)).collect())).collect()
}
