use super::*;

fn add(table: &mut Table, parent: Option<NodeId>, name: &str) -> NodeId {
    table.add(parent, name, Kind::Task, Mono(1))
}

fn shown(table: &Table) -> Vec<String> {
    table.tree().into_iter().map(|(depth, row)| format!("{}{}", "  ".repeat(depth), row.name)).collect()
}

#[test]
fn each_row_stands_before_what_hangs_under_it_in_the_order_it_came() {
    let mut table = Table::new();
    let a = add(&mut table, None, "a");
    let b = add(&mut table, None, "b");
    add(&mut table, Some(b), "b1");
    let a1 = add(&mut table, Some(a), "a1");
    add(&mut table, Some(a1), "a11");
    add(&mut table, Some(a), "a2");
    assert_eq!(shown(&table), ["a", "  a1", "    a11", "  a2", "b", "  b1"]);
}

#[test]
fn what_hangs_under_a_row_that_goes_moves_up() {
    let mut table = Table::new();
    let a = add(&mut table, None, "a");
    let b = add(&mut table, Some(a), "b");
    let c = add(&mut table, Some(b), "c");
    table.remove(b);
    assert_eq!(shown(&table), ["a", "  c"]);
    table.remove(a);
    assert_eq!(shown(&table), ["c"]);
    table.remove(c);
    assert_eq!(table.nodes.len(), 0);
}

#[test]
fn under_a_row_that_is_gone_nothing_is_put() {
    let mut table = Table::new();
    let gone = add(&mut table, None, "gone");
    table.remove(gone);
    add(&mut table, Some(gone), "late");
    assert_eq!(shown(&table), ["late"]);
}

#[test]
fn a_tree_deeper_than_any_of_ours_is_shown_flat_from_there_on() {
    let mut table = Table::new();
    let mut parent = None;
    for _ in 0..3 * limits::TREE_DEPTH_MAX {
        parent = Some(add(&mut table, parent, "x"));
    }
    let rows = table.tree();
    assert_eq!(rows.len(), 3 * limits::TREE_DEPTH_MAX);
    assert_eq!(rows.iter().map(|(depth, _)| *depth).max(), Some(limits::TREE_DEPTH_MAX));
}

#[test]
fn a_full_table_lists_no_more_and_counts_them() {
    let mut table = Table::new();
    for _ in 0..limits::RUNNING_MAX + 3 {
        add(&mut table, None, "viewer");
    }
    assert_eq!((table.nodes.len(), table.unlisted), (limits::RUNNING_MAX, 3));
}

#[test]
fn what_is_current_comes_back_when_what_was_entered_is_left() {
    let outer = register("outer of a test", Kind::Task);
    let inner = register("inner of a test", Kind::Task);
    let entered = enter(outer.id());
    {
        let _entered = enter(inner.id());
        assert_eq!(current(), Some(inner.id()));
    }
    assert_eq!(current(), Some(outer.id()));
    drop(entered);
    assert_eq!(current(), None);
}

#[test]
fn what_is_told_of_a_row_is_bounded() {
    let row = register("long words of a test", Kind::Task);
    row.tell(|row| row.last_fault = Some("ä".repeat(limits::ROW_BYTES_MAX)));
    let told =
        tree().into_iter().find(|(_, row)| row.name == "long words of a test").and_then(|(_, row)| row.last_fault);
    assert_eq!(told.map(|told| told.len()), Some(limits::ROW_BYTES_MAX));
}
