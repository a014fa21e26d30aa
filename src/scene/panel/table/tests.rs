use proptest::prelude::*;

use super::*;
use crate::base::{Size, Wall, limits};
use crate::model::{Kind, Sample, SeriesKey, Unit, ViewSpec};
use crate::scene::query::{Function, Join, Over};
use crate::scene::select::Select;

type Column = Vec<(&'static str, Option<f64>)>;

/// Some of which are numbers, and two of which look alike.
const NAMES: [&str; 7] = ["10", "9", "a", "b", "b\u{200b}", "c", "eth0"];

/// Columns in the order of names as they are written, often the same in all.
fn columns() -> impl Strategy<Value = Vec<Column>> {
    let value = prop_oneof![3 => (0.0..9.0).prop_map(Some), 1 => Just(None)];
    let column = proptest::collection::vec((0..NAMES.len(), value), 0..6).prop_map(|column| -> Column {
        let mut column: Column = column.into_iter().map(|(name, value)| (NAMES[name], value)).collect();
        column.sort_by_key(|(name, _)| *name);
        column
    });
    (proptest::collection::vec(column, 1..4), any::<bool>()).prop_map(|(mut columns, alike)| {
        if alike {
            let names: Vec<&str> = columns[0].iter().map(|(name, _)| *name).collect();
            for column in &mut columns {
                let values: Vec<Option<f64>> = column.iter().map(|(_, value)| *value).collect();
                let values = values.into_iter().chain(std::iter::repeat(Some(1.0)));
                *column = names.iter().copied().zip(values).collect();
            }
        }
        columns
    })
}

/// As a query gives them: labels, in the order people count in.
fn labelled(columns: &[Column]) -> Vec<Vec<(Label, Option<f64>)>> {
    let labelled = |column: &Column| {
        let mut column: Vec<_> = column.iter().map(|(name, value)| (Label::plain(name), *value)).collect();
        column.sort_by(|(left, _), (right, _)| select::order(left, right));
        column
    };
    columns.iter().map(labelled).collect()
}

proptest! {
    #[test]
    fn rows_that_stand_side_by_side_are_those_that_names_find(found in columns(), current: bool) {
        if let Some(side_by_side) = SideBySide::new(found.iter().cloned(), current) {
            prop_assert_eq!(side_by_side.rows(), by_name(&labelled(&found), current));
        }
    }
}

#[test]
fn most_tables_are_found_side_by_side_and_others_are_not() {
    let first: Column = vec![("10", Some(1.0)), ("9", Some(2.0))];
    let gone = vec![("10", Some(1.0)), ("9", None)];
    let other = vec![("10", Some(1.0)), ("c", Some(2.0))];
    let twice = vec![("a", Some(1.0)), ("a\u{200b}", Some(2.0))];
    let side_by_side =
        |columns: &[Column], current| SideBySide::new(columns.iter().cloned(), current).map(|found| found.rows());
    let rows = side_by_side(&[first.clone(), gone.clone()], true).expect("the same names");
    assert_eq!(rows, [(Label::plain("9"), vec![Some(2.0), None]), (Label::plain("10"), vec![Some(1.0), Some(1.0)])]);
    assert!(side_by_side(&[gone.clone(), first.clone()], false).is_some());
    assert!(side_by_side(&[gone, first.clone()], true).is_none(), "9 comes later then");
    assert!(side_by_side(&[first, other], false).is_none());
    assert!(side_by_side(&[twice.clone(), twice], false).is_none());
}

const WHEN: When = When { at: Wall(2_000), since: Wall(500) };

/// Series `a`, `b` and `c` of some names, some of them without one, some of them gone.
fn dataset(series: &[(usize, usize, bool)], many: bool) -> Dataset {
    let mut data = Dataset::default();
    let mut put = |series: &str, label: (&str, &str), at: i64| {
        let key = SeriesKey::labelled(series, &[label, ("zone", "x")]);
        let sample = Sample { key, kind: Kind::Gauge, unit: Unit::None, at: Wall(at), value: at as f64 };
        // Of one that is told of again what is older is not taken.
        let _ = data.insert(sample);
    };
    for (series, name, is_gone) in series {
        // The last one has no name.
        let label = NAMES.get(*name).map_or(("other", "y"), |name| ("name", *name));
        put(["a", "b", "c"][*series], label, if *is_gone { 400 } else { 1_000 + *name as i64 });
    }
    for index in 0..if many { limits::SELECTED_MAX + 10 } else { 0 } {
        ["a", "b"].into_iter().for_each(|series| put(series, ("name", &format!("n{index}")), 1_500));
    }
    data
}

/// Each series plainly, or with what makes it another query.
fn select() -> impl Strategy<Value = Select> {
    let over = Over { function: Function::Max, span: Over::SPAN_DEFAULT };
    (0..3_usize, 0..8_usize).prop_map(move |(series, how)| {
        let plain = Select::each(["a", "b", "c"][series], "name");
        match how {
            0 => Select { topk: Some(2), ..plain },
            1 => Select { join: Some(Join::Sum), ..plain },
            2 => Select { over: Some(over), ..plain },
            _ => plain,
        }
    })
}

proptest! {
    #[test]
    fn a_table_has_the_rows_that_the_names_of_all_its_columns_find(
        series in proptest::collection::vec((0..3_usize, 0..=NAMES.len(), any::<bool>()), 0..24),
        alike in any::<bool>(),
        many in proptest::bool::weighted(0.05),
        columns in proptest::collection::vec(select(), 0..4),
        current: bool,
    ) {
        let series: Vec<_> = match alike {
            true => series.iter().flat_map(|(_, name, gone)| (0..3).map(|series| (series, *name, *gone))).collect(),
            false => series,
        };
        let data = dataset(&series, many);
        let column = |select: Select| chart::TableColumn {
            title: Label::default(), select, unit: Unit::None, thresholds: Vec::new(), full_at: None,
        };
        let columns: Vec<chart::TableColumn> = columns.into_iter().map(column).collect();
        let all = |column: &chart::TableColumn| -> Vec<(Label, Option<f64>)> {
            column.select.all(&data, WHEN).into_iter().map(|one| (one.name.clone(), one.value(WHEN))).collect()
        };
        let expected = by_name(&columns.iter().map(all).collect::<Vec<_>>(), current);
        let by = "name".to_owned();
        let table = Table { by, title: Label::default(), columns, sort: None, descending: false, current };
        prop_assert_eq!(found(&table, &data, WHEN).0, expected);
    }
}

/// A table of these columns of gauges, each with the values of the rows `a`, `b` and so on.
fn table(columns: &[&str], sort: Option<usize>, current: bool) -> Table {
    let column = |series: &&str| chart::TableColumn {
        title: Label::default(),
        select: Select::each(series, "name"),
        unit: Unit::None,
        thresholds: Vec::new(),
        full_at: None,
    };
    let columns = columns.iter().map(column).collect();
    Table { by: "name".to_owned(), title: Label::default(), columns, sort, descending: false, current }
}

fn put(data: &mut Dataset, series: &str, name: &str, at: i64, value: f64) {
    let key = SeriesKey::labelled(series, &[("name", name)]);
    let sample = Sample { key, kind: Kind::Gauge, unit: Unit::None, at: Wall(at), value };
    data.insert(sample).expect("the test's samples are sound");
}

/// Cells that a table has on the screen.
const ROOM: usize = 400;

/// What is kept of a table of the rows `a`, `b` and `c`.
fn kept(spec: &Table, data: &Dataset) -> Option<Kept> {
    let view = ViewSpec::new("default", "b", Size::clamped(40, 9));
    let moment = Moment::new(&view, Default::default(), data, WHEN.at);
    let (plan, side_by_side) = plan(spec, &moment, WHEN, 0);
    side_by_side.and_then(|(found, order)| Kept::new((&found, &order), plan, (spec, data), ROOM))
}

fn three() -> Dataset {
    let mut data = Dataset::default();
    for (index, name) in ["a", "b", "c"].into_iter().enumerate() {
        put(&mut data, "x", name, 1_000, index as f64);
        put(&mut data, "y", name, 1_000, 9.0 - index as f64);
    }
    data
}

#[test]
fn only_rows_that_look_otherwise_are_drawn_again() {
    let mut data = three();
    let spec = table(&["x", "y"], Some(1), false);
    let mut kept = kept(&spec, &data).map(Box::new);
    assert_eq!(refresh(&mut kept, &spec, &data, WHEN), Some(vec![]));
    // Sorted by the other column: `c` stands first.
    put(&mut data, "x", "c", 1_100, 5.0);
    put(&mut data, "x", "a", 1_100, 7.0);
    assert_eq!(refresh(&mut kept, &spec, &data, WHEN), Some(vec![0, 2]));
    assert_eq!(refresh(&mut kept, &spec, &data, WHEN), Some(vec![]));
    put(&mut data, "x", "b", 1_200, 123.0);
    assert_eq!(refresh(&mut kept, &spec, &data, WHEN), None, "a column asks for more room");
    let texts = |row: usize| kept.as_ref().map(|kept| kept.plan.rows[row][1].text.to_string());
    assert_eq!([0, 1, 2].map(texts), ["5", "123", "7"].map(|text| Some(text.to_owned())));
}

#[test]
fn a_table_with_other_rows_is_planned_anew() {
    type Change = fn(&mut Dataset);
    let changes: [(&str, bool, Change); 3] = [
        ("a row more", false, |data| ["x", "y"].into_iter().for_each(|series| put(data, series, "d", 1_100, 1.0))),
        ("another name in one column", false, |data| put(data, "y", "d", 1_100, 1.0)),
        ("all gone but one", true, |data| put(data, "x", "a", 1_100, 8.0)),
    ];
    for (what, current, change) in changes {
        let (mut data, spec) = (three(), table(&["x", "y"], None, current));
        let mut kept = kept(&spec, &data).map(Box::new);
        assert!(kept.is_some(), "{what}");
        change(&mut data);
        let when = When { since: Wall(if current { 1_050 } else { 500 }), ..WHEN };
        assert_eq!(refresh(&mut kept, &spec, &data, when), None, "{what}");
        assert!(kept.is_none(), "{what}");
    }
}

#[test]
fn a_table_that_is_sorted_otherwise_now_keeps_its_plan() {
    let (mut data, spec) = (three(), table(&["x", "y"], Some(0), false));
    let mut kept = kept(&spec, &data).map(Box::new);
    put(&mut data, "x", "c", 1_100, 3.0);
    assert_eq!(refresh(&mut kept, &spec, &data, WHEN), Some(vec![2]), "it stands where it stood");
    put(&mut data, "x", "a", 1_200, 8.0);
    assert_eq!(refresh(&mut kept, &spec, &data, WHEN), None, "another order");
    let names = |kept: &Option<Box<Kept>>| {
        let rows = kept.iter().flat_map(|kept| &kept.plan.rows);
        rows.map(|row| row[0].text.to_string()).collect::<Vec<_>>().concat()
    };
    assert_eq!(names(&kept), "bca");
    assert_eq!(refresh(&mut kept, &spec, &data, WHEN), Some(vec![]));
    // Of equal ones the first name comes first.
    put(&mut data, "x", "b", 1_300, 8.0);
    assert_eq!(refresh(&mut kept, &spec, &data, WHEN), None);
    assert_eq!(names(&kept), "cab");
}

#[test]
fn after_a_series_that_is_not_shown_all_are_looked_at_by_name_and_only_once_after_one_that_went() {
    let (mut data, spec) = (three(), table(&["x", "y"], None, false));
    let mut kept = kept(&spec, &data).map(Box::new);
    let is_whole = |kept: &Option<Box<Kept>>, data: &Dataset| {
        kept.as_ref().is_some_and(|kept| kept.is_whole(0, "x", data) && kept.is_whole(1, "y", data))
    };
    assert!(is_whole(&kept, &data));
    data.forget_after(Wall(1_000));
    assert!(!is_whole(&kept, &data), "some may have gone");
    assert_eq!(refresh(&mut kept, &spec, &data, WHEN), Some(vec![]));
    assert!(is_whole(&kept, &data));
    let nameless = SeriesKey::labelled("x", &[("zone", "a")]);
    let sample = Sample { key: nameless, kind: Kind::Gauge, unit: Unit::None, at: Wall(1_100), value: 1.0 };
    data.insert(sample).expect("the test's samples are sound");
    assert_eq!(refresh(&mut kept, &spec, &data, WHEN), Some(vec![]));
    assert!(!is_whole(&kept, &data));
}

#[test]
fn of_a_table_without_rows_or_with_very_many_nothing_is_kept() {
    let spec = table(&["x"], None, false);
    assert!(kept(&spec, &Dataset::default()).is_none());
    let mut data = Dataset::default();
    let rows = ROOM / limits::ROOM_OF_KEPT_CELL / 2;
    (0..rows).for_each(|row| put(&mut data, "x", &format!("{row}"), 1_000, 1.0));
    assert!(kept(&spec, &data).is_some());
    put(&mut data, "x", "one more", 1_000, 1.0);
    assert!(kept(&spec, &data).is_none());
}
