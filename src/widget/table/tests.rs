use proptest::prelude::*;

use super::*;
use crate::base::Rect;
use crate::frame::{Attrs, Glyph, Grid, Style};
use crate::model::{GlyphSet, Palette, spec};
use crate::widget::testing::{GLYPH_SETS, check, check_ascii, drawn, look};
use crate::widget::{Look, Role, Theme};

fn name(text: &str) -> Cell {
    Cell::text(Label::plain(text))
}

fn processes() -> (Vec<Column>, Vec<Vec<Cell>>) {
    let columns = vec![
        Column::new("name").priority(9),
        Column::new("CPU").align(Align::Right).width(Width::Min(6)).priority(8),
        Column::new("memory").align(Align::Decimal).priority(7),
        Column::new("state"),
    ];
    let row = |what: &str, cpu: f64, memory: f64, state: &str| {
        vec![name(what), Cell::number(cpu, Unit::Percent), Cell::number(memory, Unit::Bytes), name(state)]
    };
    let rows = vec![
        row("postgres", 12.5, 3.5 * 1024.0 * 1024.0, "running"),
        row("cron", f64::NAN, 812.0, "sleeping"),
        row("nginx", 87.0, 120.0 * 1024.0, "running"),
        row("backup", 12.5, 0.0, "waiting"),
    ];
    (columns, rows)
}

fn plan(sort: Option<(usize, bool)>, offset: usize) -> TablePlan {
    let (columns, rows) = processes();
    TablePlan::new(columns, rows, sort.map(|(column, descending)| Sort { column, descending }), offset)
}

fn picture(plan: &TablePlan, width: u16, height: u16, glyphs: GlyphSet) -> Grid {
    drawn(width, height, |canvas| paint(plan, canvas, look(glyphs)))
}

fn names(plan: &TablePlan) -> Vec<&str> {
    plan.rows.iter().map(|row| row[0].text.as_str()).collect()
}

fn numbered(count: usize) -> TablePlan {
    let rows = (0..count).map(|row| vec![name(&format!("row {row}"))]).collect();
    TablePlan::new(vec![Column::new("name")], rows, None, 0)
}

#[test]
fn columns_are_as_wide_as_their_texts_and_numbers_stand_at_their_points() {
    check(
        &picture(&plan(Some((1, true)), 0), 46, 6, GlyphSet::Braille),
        &[
            "name       ▼ CPU     memory  state",
            "nginx      87.0%  120 KiB    running",
            "postgres   12.5%    3.5 MiB  running",
            "backup     12.5%    0 B      waiting",
            "cron         n/a  812 B      sleeping",
            "",
        ],
    );
}

#[test]
fn rows_without_a_value_come_last_both_ways_and_equal_ones_keep_their_order() {
    assert_eq!(names(&plan(None, 0)), ["postgres", "cron", "nginx", "backup"]);
    assert_eq!(names(&plan(Some((1, false)), 0)), ["postgres", "backup", "nginx", "cron"]);
    assert_eq!(names(&plan(Some((1, true)), 0)), ["nginx", "postgres", "backup", "cron"]);
    assert_eq!(names(&plan(Some((3, false)), 0)), ["postgres", "nginx", "cron", "backup"]);
    assert_eq!(names(&plan(Some((9, false)), 0)), ["postgres", "cron", "nginx", "backup"], "no such column");
}

#[test]
fn names_sort_as_people_count() {
    let rows = ["eth10", "Eth2", "eth02b", "lo", "eth", ""].map(|text| vec![name(text)]).to_vec();
    let plan = TablePlan::new(vec![Column::new("device")], rows, Some(Sort { column: 0, descending: false }), 0);
    assert_eq!(names(&plan), ["", "eth", "Eth2", "eth02b", "eth10", "lo"]);
}

#[test]
fn the_sign_of_the_order_is_in_the_title_and_outlives_it() {
    let title = |sort, width, glyphs| picture(&plan(sort, 0), width, 6, glyphs).row_text(0).trim_end().to_owned();
    assert_eq!(title(Some((0, false)), 60, GlyphSet::Braille), "name ▲       CPU     memory  state");
    assert_eq!(title(Some((0, true)), 60, GlyphSet::Ascii), "name v       CPU     memory  state");
    assert_eq!(title(Some((0, true)), 3, GlyphSet::Block), "… ▼");
    assert_eq!(title(Some((0, false)), 1, GlyphSet::Ascii), "^");
}

#[test]
fn columns_without_room_go_by_priority_and_are_counted() {
    let narrow = |width| picture(&plan(None, 0), width, 6, GlyphSet::Ascii);
    check(
        &narrow(24),
        &[
            "name      CPU     memory",
            "post~   12.5%    3.5 MiB",
            "cron      n/a  812 B",
            "nginx   87.0%  120 KiB",
            "back~   12.5%    0 B",
            "               +1 column",
        ],
    );
    check(
        &narrow(20),
        &[
            "name         CPU",
            "postgres   12.5%",
            "cron         n/a",
            "nginx      87.0%",
            "backup     12.5%",
            "          +2 columns",
        ],
    );
    check(
        &narrow(15),
        &[
            "name        CPU",
            "postgr~   12.5%",
            "cron        n/a",
            "nginx     87.0%",
            "backup    12.5%",
            "     +2 columns",
        ],
    );
    check(&narrow(7), &["name", "postgr~", "cron", "nginx", "backup", "     +3"]);
}

#[test]
fn equal_columns_go_from_the_right() {
    let columns = ["a", "b", "c"].map(Column::new).to_vec();
    let plan = TablePlan::new(columns, vec![["1", "2", "3"].map(name).to_vec()], None, 0);
    check(&picture(&plan, 11, 4, GlyphSet::Ascii), &["a     b", "1     2", "", "  +1 column"]);
}

#[test]
fn a_ratio_shares_what_the_others_leave() {
    let columns = vec![
        Column::new("a").width(Width::Ratio(1)),
        Column::new("b").width(Width::Fixed(3)),
        Column::new("c").width(Width::Ratio(2)),
    ];
    let plan = TablePlan::new(columns, vec![["1", "long", "3"].map(name).to_vec()], None, 0);
    check(&picture(&plan, 18, 2, GlyphSet::Braille), &["a     b    c", "1     lo…  3"]);
}

#[test]
fn rows_that_do_not_fit_are_counted_below() {
    let mut plan = numbered(64);
    plan.offset = 11;
    let grid = picture(&plan, 20, 6, GlyphSet::Braille);
    check(&grid, &["name", "row 11", "row 12", "row 13", "row 14", "12-15 of 64"]);
    plan.offset = 999;
    let grid = picture(&plan, 20, 6, GlyphSet::Braille);
    check(&grid, &["name", "row 60", "row 61", "row 62", "row 63", "61-64 of 64"]);
    assert_eq!(rows_shown(&plan, 20, 6), 4);
}

#[test]
fn few_rows_of_screen_get_a_sign_instead() {
    let plan = numbered(3);
    check(&picture(&plan, 8, 4, GlyphSet::Ascii), &["name", "row 0", "row 1", "row 2"]);
    check(&picture(&plan, 8, 3, GlyphSet::Braille), &["name", "row 0", "row 1  ↓"]);
    check(&picture(&plan, 8, 1, GlyphSet::Ascii), &["row 0  v"]);
    let below = TablePlan { offset: 2, ..plan };
    check(&picture(&below, 8, 3, GlyphSet::Ascii), &["name", "row 1", "row 2  ^"]);
}

#[test]
fn a_share_is_a_bar_behind_the_text_and_little_is_not_nothing() {
    let rows = vec![0.5, 0.0001, 0.0, 1.0].into_iter().map(|share| vec![name("ab").share(share)]).collect();
    let plan = TablePlan::new(vec![Column::new("").width(Width::Fixed(8))], rows, None, 0);
    let grid = picture(&plan, 8, 5, GlyphSet::Block);
    let tint = look(GlyphSet::Block).theme.bar_tint(None).expect("true colour has shades");
    let tinted = |grid: &Grid, y| (0..8).filter(|x| grid.cell(*x, y).style.bg == tint).count();
    assert_eq!([1, 2, 3, 4].map(|y| tinted(&grid, y)), [4, 1, 0, 8]);
    assert_eq!(grid.row_text(1), "ab      ", "the text stays");

    let mono = Look { theme: Theme::of(spec::Theme::Dark, Palette::Mono), glyphs: GlyphSet::Ascii };
    let grid = drawn(8, 5, |canvas| paint(&plan, canvas, mono));
    let lined = |y| (0..8).filter(|x| grid.cell(*x, y).style.attrs.contains(Attrs::UNDERLINE)).count();
    assert_eq!([1, 2, 3, 4].map(lined), [4, 1, 0, 8]);
}

#[test]
fn a_bar_ends_within_a_cell_where_no_text_is() {
    let plan = TablePlan::new(
        vec![Column::new("").width(Width::Fixed(8)), Column::new("").width(Width::Fixed(8)).align(Align::Right)],
        vec![vec![name("ab").share(0.55), name("ab").share(0.55)]],
        None,
        0,
    );
    check(&picture(&plan, 18, 1, GlyphSet::Braille), &["ab  ▍         ▍ ab"]);
}

#[test]
fn levels_colour_their_cells_and_stripes_need_true_colour() {
    let rows = vec![vec![name("a")], vec![name("b").level(Level::Critical)]];
    let plan = TablePlan::new(vec![Column::new("x")], rows, None, 0);
    for palette in [Palette::Truecolor, Palette::Indexed, Palette::Ansi, Palette::Mono] {
        let look = Look { theme: Theme::of(spec::Theme::Dark, palette), glyphs: GlyphSet::Ascii };
        let grid = drawn(4, 3, |canvas| paint(&plan, canvas, look));
        let (plain, ground) = (look.theme.level(Level::Critical), look.theme.style(Role::Text).bg);
        let cell = grid.cell(0, 2).style;
        assert_eq!((cell.fg, cell.attrs), (plain.fg, plain.attrs), "{palette:?}");
        assert_eq!(cell.bg != ground, palette == Palette::Truecolor, "{palette:?}");
        let stripe = look.theme.zebra().filter(|zebra| grid.cell(3, 2).style.bg == *zebra);
        assert_eq!(stripe.is_some(), palette == Palette::Truecolor, "a stripe goes to the edge");
    }
}

#[test]
fn a_missing_value_has_no_level_and_no_bar() {
    let cell = Cell::number(f64::INFINITY, Unit::None).level(Level::Critical).share(1.0);
    let plan = TablePlan::new(vec![Column::new("x")], vec![vec![cell], vec![]], None, 0);
    for row in &plan.rows {
        assert_eq!((row[0].text.as_str(), row[0].level, row[0].share), ("n/a", None, None));
    }
}

fn any_cell() -> impl Strategy<Value = Cell> {
    let cell = prop_oneof![
        Just(Cell::missing()),
        ".{0,12}".prop_map(|text| Cell::text(Label::plain(&text))),
        any::<f64>().prop_map(|value| Cell::number(value, Unit::Bytes)),
        (-1e6..1e6).prop_map(|value| Cell::number(value, Unit::None)),
    ];
    (cell, proptest::option::of(-1.0f32..2.0)).prop_map(|(cell, share)| match share {
        Some(share) => cell.share(share).level(Level::High),
        None => cell,
    })
}

fn any_column() -> impl Strategy<Value = Column> {
    let width = prop_oneof![
        (0u16..12).prop_map(Width::Fixed),
        (0u16..12).prop_map(Width::Min),
        (0u16..4).prop_map(Width::Ratio),
        any::<u16>().prop_map(Width::Ratio),
        any::<u16>().prop_map(Width::Min),
    ];
    let align = prop_oneof![Just(Align::Left), Just(Align::Right), Just(Align::Decimal)];
    (".{0,9}", align, width, any::<u8>())
        .prop_map(|(title, align, width, priority)| Column::new(&title).align(align).width(width).priority(priority))
}

proptest! {
    #[test]
    fn any_table_stays_inside_and_its_columns_apart(
        columns in proptest::collection::vec(any_column(), 0..7),
        rows in proptest::collection::vec(proptest::collection::vec(any_cell(), 0..7), 0..12),
        sort in proptest::option::of((0usize..8, any::<bool>())),
        offset in 0usize..20,
        size in (0u16..50, 0u16..10),
    ) {
        let sort = sort.map(|(column, descending)| Sort { column, descending });
        let plan = TablePlan::new(columns, rows, sort, offset);
        let mut free_from = 0;
        for slot in layout::place(&plan, size.0) {
            prop_assert!(slot.x >= free_from && slot.x + slot.width <= size.0.max(slot.x));
            free_from = slot.x + slot.width + 1;
        }
        for glyphs in GLYPH_SETS {
            let area = Rect::new(2, 1, size.0, size.1);
            let grid = drawn(size.0 + 4, size.1 + 2, |canvas| {
                canvas.fill(canvas.area(), Glyph::new('%'), Style::new());
                let mut inner = canvas.sub(area);
                inner.fill(inner.area(), Glyph::BLANK, Style::new());
                paint(&plan, &mut inner, look(glyphs));
            });
            for (x, y) in (0..size.0 + 4).flat_map(|x| (0..size.1 + 2).map(move |y| (x, y))) {
                let inside = x >= 2 && x < area.right() && y >= 1 && y < area.bottom();
                prop_assert!(inside || grid.cell(x, y).text() == "%", "drawn outside at {x},{y}");
            }
        }
    }
}

#[test]
fn a_unit_beyond_ascii_counts_in_columns() {
    let rows = [7.5, 20.25].map(|degrees| vec![Cell::number(degrees, Unit::Celsius)]).to_vec();
    let plan = TablePlan::new(vec![Column::new("t").align(Align::Decimal)], rows, None, 0);
    let points = |row: &PlannedCell| row.text.as_str().find('.').map(|at| at as u16 + row.tail);
    assert_eq!(plan.columns[0].tail, plan.rows[0][0].text.columns() - 1);
    assert_eq!(points(&plan.rows[1][0]), Some(plan.rows[1][0].text.columns()));
}

#[test]
fn ascii_tables_are_ascii() {
    let plan = plan(Some((1, true)), 0);
    for (width, height) in [(60, 9), (20, 4), (6, 3), (1, 1)] {
        check_ascii(&picture(&plan, width, height, GlyphSet::Ascii));
    }
}

proptest! {
    #[test]
    fn a_table_whose_cells_were_replaced_is_one_of_those_cells(
        columns in proptest::collection::vec(any_column(), 1..6),
        rows in proptest::collection::vec(proptest::collection::vec(any_cell(), 6), 1..12),
        others in proptest::collection::vec((any::<prop::sample::Index>(), any::<prop::sample::Index>(), any_cell()), 0..9),
        offset in 0usize..9,
        size in (1u16..50, 1u16..14),
    ) {
        let mut plan = TablePlan::new(columns.clone(), rows.clone(), None, offset);
        let draw = |plan: &TablePlan, glyphs| drawn(size.0, size.1, |canvas| paint(plan, canvas, look(glyphs)));
        let before = GLYPH_SETS.map(|glyphs| draw(&plan, glyphs));
        let mut changed = rows;
        let places = others.iter().map(|(row, column, cell)| {
            let (row, column) = (row.index(changed.len()), column.index(columns.len()));
            changed[row][column] = cell.clone();
            (row, column, cell.clone())
        });
        let (rows, is_laid_out_alike) = plan.replace(places.collect::<Vec<_>>());
        let anew = TablePlan::new(columns, changed, None, offset);
        prop_assert_eq!(&plan, &anew);
        if is_laid_out_alike {
            for (glyphs, before) in GLYPH_SETS.into_iter().zip(&before) {
                let mut again = before.clone();
                repaint(&plan, &rows, Style::new(), &mut again.canvas(), look(glyphs));
                let expected = draw(&anew, glyphs);
                prop_assert!(again == expected, "{:?}{:?}", again, expected);
            }
        }
    }
}
