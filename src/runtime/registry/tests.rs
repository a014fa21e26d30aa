use super::*;

fn row(table: &Table, id: u64) -> &Row {
    table.rows.get(&id).unwrap()
}

#[test]
fn a_successor_shows_how_the_one_before_it_ended() {
    let mut table = Table::new();
    let first = table.add("worker x", Kind::Process, Mono(1), true);
    assert_eq!((row(&table, first).restarts, &row(&table, first).last_end), (0, &None));
    table.remove(first, Some("was killed".to_owned()));
    let second = table.add("worker x", Kind::Process, Mono(2), true);
    assert_eq!((row(&table, second).restarts, row(&table, second).last_end.as_deref()), (1, Some("was killed")));
}

#[test]
fn a_thousand_deaths_leave_no_more_behind_than_one() {
    let mut table = Table::new();
    for _ in 0..1000 {
        let id = table.add("worker x", Kind::Process, Mono(1), true);
        table.remove(id, Some("was killed".to_owned()));
    }
    assert_eq!((table.rows.len(), table.past.len()), (0, 1));
    let id = table.add("worker x", Kind::Process, Mono(1), true);
    assert_eq!(row(&table, id).restarts, 1000);
}

#[test]
fn those_who_come_and_go_are_nobodys_successors() {
    let mut table = Table::new();
    for _ in 0..1000 {
        let id = table.add("viewer", Kind::Task, Mono(1), false);
        assert_eq!(row(&table, id).restarts, 0);
        table.remove(id, None);
    }
    assert_eq!((table.rows.len(), table.past.len()), (0, 0));
}

#[test]
fn a_full_table_lists_no_more_and_counts_them() {
    let mut table = Table::new();
    for _ in 0..limits::RUNNING_MAX + 3 {
        table.add("viewer", Kind::Task, Mono(1), false);
    }
    assert_eq!((table.rows.len(), table.unlisted), (limits::RUNNING_MAX, 3));
}
