use proptest::prelude::*;

use super::*;

type Column = Vec<(Label, Option<f64>)>;

/// Columns of sorted names, often the same in all.
fn columns() -> impl Strategy<Value = Vec<Column>> {
    let value = prop_oneof![3 => (0.0..9.0).prop_map(Some), 1 => Just(None)];
    let column = proptest::collection::vec((0u8..5, value), 0..6).prop_map(|mut column| {
        column.sort_by_key(|(name, _)| *name);
        column
    });
    (proptest::collection::vec(column, 1..4), any::<bool>()).prop_map(|(mut columns, alike)| {
        if alike {
            let names: Vec<u8> = columns[0].iter().map(|(name, _)| *name).collect();
            for column in &mut columns {
                let values: Vec<Option<f64>> = column.iter().map(|(_, value)| *value).collect();
                let values = values.into_iter().chain(std::iter::repeat(Some(1.0)));
                *column = names.iter().copied().zip(values).collect();
            }
        }
        let named = |(name, value): (u8, Option<f64>)| (Label::plain(&format!("n{name}")), value);
        columns.into_iter().map(|column| column.into_iter().map(named).collect()).collect()
    })
}

proptest! {
    #[test]
    fn rows_that_stand_side_by_side_are_those_that_names_find(found in columns(), current: bool) {
        if let Some(rows) = side_by_side(&found, current) {
            prop_assert_eq!(rows, by_name(&found, current));
        }
    }
}

#[test]
fn most_tables_are_found_side_by_side_and_others_are_not() {
    let column = |cells: &[(&str, Option<f64>)]| -> Column {
        cells.iter().map(|(name, value)| (Label::plain(name), *value)).collect()
    };
    let first = column(&[("a", Some(1.0)), ("b", Some(2.0))]);
    let gone = column(&[("a", Some(1.0)), ("b", None)]);
    let other = column(&[("a", Some(1.0)), ("c", Some(2.0))]);
    let twice = column(&[("a", Some(1.0)), ("a", Some(2.0))]);
    assert!(side_by_side(&[first.clone(), gone.clone()], true).is_some());
    assert!(side_by_side(&[gone.clone(), first.clone()], false).is_some());
    assert!(side_by_side(&[gone, first.clone()], true).is_none(), "b comes later then");
    assert!(side_by_side(&[first, other], false).is_none());
    assert!(side_by_side(&[twice.clone(), twice], false).is_none());
}
