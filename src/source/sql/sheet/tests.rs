//! What columns are taken for, and what is refused of them.

use super::*;
use crate::model::Unit;
use crate::model::origin::Columns;

const NOW: i64 = 1_789_000_000;

fn told(columns: Columns, names: &[&str], rows: &[Vec<Cell<'_>>]) -> Result<(Told, Option<String>), String> {
    let query = SqlQuery {
        name: "it".to_owned(),
        sql: String::new(),
        params: Vec::new(),
        columns,
        unit: Unit::Seconds,
        divisor: 1,
    };
    let mut told = Told::default();
    let mut sheet = Sheet::new(&query, "s", &mut told);
    sheet.head(names.iter().map(|name| (*name).to_owned()).collect())?;
    for row in rows {
        sheet.row(row, 8);
    }
    let trouble = sheet.trouble();
    Ok((told, trouble))
}

fn text(text: &str) -> Cell<'_> {
    Cell::Text(text.into())
}

fn keys(told: &Told) -> Vec<String> {
    let labels = |key: &SeriesKey| key.labels.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>();
    told.values.iter().map(|one| format!("{}{{{}}} {}", one.key.name, labels(&one.key).join(","), one.value)).collect()
}

#[test]
fn numbers_are_values_and_words_are_labels_where_nothing_is_said() {
    let row = vec![Cell::Integer(NOW), Cell::Number(1.5), text("eu"), Cell::Nothing, Cell::Integer(3)];
    let (all, trouble) = told(Columns::default(), &["time", "value", "region", "zone", "p95"], &[row]).unwrap();
    assert_eq!(keys(&all), ["s_it{region=eu} 1.5", "s_it{column=p95,region=eu} 3"]);
    assert_eq!((all.values[0].at, all.values[0].unit, trouble), (Some(Wall(NOW * 1000)), Some(Unit::Seconds), None));
    let (one, _) = told(Columns::default(), &["count(*)"], &[vec![Cell::Integer(3)]]).unwrap();
    assert_eq!(keys(&one), ["s_it{} 3"], "a lone column needs no label");
    assert_eq!(one.values[0].at, None);
}

#[test]
fn columns_that_are_named_are_what_they_are_called() {
    let list = |names: &[&str]| Some(names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>());
    let columns = Columns { time: Some("day".to_owned()), labels: list(&["id"]), values: list(&["p95"]) };
    let row = vec![text("2026-09-10"), Cell::Integer(7), text(" 1e3 "), Cell::Integer(5)];
    let (all, _) = told(columns, &["day", "id", "p95", "other"], &[row]).unwrap();
    assert_eq!(keys(&all), ["s_it{id=7} 1000"]);
    assert_eq!(all.values[0].at, Some(Wall(1_788_998_400_000)));
    let missing = Columns { values: list(&["p99"]), ..Columns::default() };
    assert_eq!(told(missing, &["time", "p95"], &[]).unwrap_err(), "there is no column p99; there are time, p95");
}

#[test]
fn times_come_in_every_form_and_without_a_zone_they_are_utc() {
    let millis = NOW * 1000;
    for cell in [
        Cell::Integer(NOW),
        Cell::Integer(millis),
        Cell::Number(NOW as f64),
        Cell::Time(Wall(millis)),
        text("1789000000"),
        text("2026-09-10T00:26:40Z"),
        text("2026-09-10 00:26:40"),
        text("2026-09-10T02:26:40+02:00"),
    ] {
        let (all, _) = told(Columns::default(), &["at", "x"], &[vec![cell.clone(), Cell::Integer(1)]]).unwrap();
        assert_eq!(all.values.first().and_then(|one| one.at), Some(Wall(millis)), "{cell:?}");
    }
    for (cell, why) in [
        (text("soon"), "it, column at: \"soon\" is no time"),
        (Cell::Nothing, "it, column at: a row has no time"),
        (Cell::Number(f64::NAN), "it, column at: there is no such time"),
        (Cell::Other("blob".into()), "it, column at: it is of the type blob, which is no time"),
    ] {
        let (all, _) = told(Columns::default(), &["at", "x"], &[vec![cell, Cell::Integer(1)]]).unwrap();
        assert_eq!((all.values.len(), all.strange_first.as_deref()), (0, Some(why)));
    }
}

#[test]
fn what_no_series_can_hold_is_counted_and_said() {
    let strange = |names: &[&str], rows: &[Vec<Cell<'_>>]| {
        let (all, _) = told(Columns::default(), names, rows).unwrap();
        (all.values.len(), all.strange, all.strange_first.unwrap_or_default())
    };
    let twice = [vec![Cell::Integer(1)], vec![Cell::Integer(2)]];
    assert_eq!(
        strange(&["x"], &twice),
        (1, 1, "it: several rows are one series; add a column time, or labels that tell them apart".to_owned())
    );
    let long = "x".repeat(129);
    let (_, _, why) = strange(&["x", "name"], &[vec![Cell::Integer(1), text(&long)]]);
    assert_eq!(why, "it, column name: a label has more than 128 bytes; leave it out");
    let (_, _, why) = strange(&["x", "y"], &[vec![Cell::Integer(1), Cell::Other("jsonb".into())]]);
    assert_eq!(why, "it, column y: it is of the type jsonb, which is not understood; cast it");
    let names: Vec<String> = (0..18).map(|number| format!("l{number}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let (_, _, why) = strange(&names, &[names.iter().map(|_| text("x")).collect()]);
    assert_eq!(why, "it: a row has more than 16 labels");
}
