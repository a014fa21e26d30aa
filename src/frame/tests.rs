//! Exact grids.

use proptest::prelude::*;

use super::*;
use crate::label::Label;

const RED: Color = Color::rgb(255, 0, 0);
const BLUE: Color = Color::rgb(0, 0, 255);

fn grid(cols: u16, rows: u16) -> Grid {
    Grid::new(Size::clamped(cols, rows))
}

fn write(grid: &mut Grid, x: u16, y: u16, text: &str) -> u16 {
    grid.canvas().label(x, y, &Label::plain(text), Style::new().fg(RED))
}

/// What every grid must be, however it was drawn on.
fn assert_sound(grid: &Grid) {
    for y in 0..grid.size().rows() {
        let row = grid.row(y);
        for x in 0..row.symbols.len() {
            let symbol = Symbol(row.symbols[x]);
            let next = row.symbols.get(x + 1).map(|next| Symbol(*next));
            assert_eq!(symbol.is_wide(), next.is_some_and(Symbol::is_tail), "a wide cluster has two halves: {x},{y}");
            if symbol.is_tail() {
                assert!(x > 0 && Symbol(row.symbols[x - 1]).is_wide(), "no tail without a head: {x},{y}");
                assert_eq!(row.styles[x], row.styles[x - 1], "both halves look alike: {x},{y}");
            }
            if symbol.is_blank() {
                let style = StyleId(row.styles[x]).style();
                assert_eq!(style, style.on_blank(), "a blank has no unseen style: {x},{y}");
            }
            assert!(next.is_some() || symbol.is_certain(), "nothing uncertain in the last column: {x},{y}");
        }
    }
    assert!(grid.clusters.len() <= grid.clusters_max(), "the interner is bounded");
}

#[test]
fn text_stands_where_it_was_put() {
    let mut grid = grid(10, 3);
    assert_eq!(write(&mut grid, 1, 1, "cpu 5 %"), 7);
    assert_eq!(grid.to_text(), "\n cpu 5 %\n\n");
    assert_eq!(grid.row_text(1), " cpu 5 %  ");
    assert_eq!(grid.cell(1, 1).style.fg, RED);
    assert_eq!(grid.cell(4, 1).style, Style::new(), "a blank has no foreground");
    assert_sound(&grid);
}

#[test]
fn text_is_clipped_at_the_canvas_and_not_only_at_the_grid() {
    let mut grid = grid(10, 2);
    let mut canvas = grid.canvas();
    let mut inner = canvas.sub(Rect::new(2, 0, 4, 1));
    assert_eq!(inner.label(1, 0, &Label::plain("abcdef"), Style::new()), 3);
    assert_eq!(inner.label(0, 1, &Label::plain("below"), Style::new()), 0);
    assert_eq!(inner.label(4, 0, &Label::plain("right"), Style::new()), 0);
    inner.fill(Rect::new(0, 0, 1, 99), Glyph::new('│'), Style::new());
    inner.glyph(u16::MAX, u16::MAX, Glyph::new('x'), Style::new());
    assert_eq!(inner.sub(Rect::new(u16::MAX, 9, u16::MAX, 9)).size(), (0, 0));
    assert_eq!(grid.to_text(), "  │abc\n\n");
}

#[test]
fn half_a_wide_cluster_is_never_drawn() {
    let mut grid = grid(6, 1);
    assert_eq!(write(&mut grid, 0, 0, "中文字"), 6);
    assert_eq!(grid.to_text(), "中文字\n");
    assert_eq!((grid.cell(0, 0).columns, grid.cell(1, 0).columns, grid.cell(1, 0).text()), (2, 0, ""));
    assert_eq!(write(&mut grid, 3, 0, "中文"), 3, "the second one does not fit");
    assert_eq!(grid.row_text(0), "中 中 ");
    assert_sound(&grid);
}

#[test]
fn overwriting_a_half_blanks_the_other() {
    for (x, expected) in [(0, "x 文  "), (1, " x文  "), (2, "中x   "), (3, "中 x  ")] {
        let mut grid = grid(6, 1);
        write(&mut grid, 0, 0, "中文");
        write(&mut grid, x, 0, "x");
        assert_eq!(grid.row_text(0), expected);
        assert_sound(&grid);
    }
    let mut grid = grid(6, 1);
    write(&mut grid, 0, 0, "中文字");
    write(&mut grid, 1, 0, "字");
    assert_eq!(grid.row_text(0), " 字 字");
    grid.canvas().fill(Rect::new(2, 0, 3, 1), Glyph::new('-'), Style::new());
    assert_eq!(grid.row_text(0), "  --- ");
    assert_sound(&grid);
}

#[test]
fn nothing_a_terminal_might_wrap_stands_in_the_last_column() {
    let mut grid = grid(4, 1);
    assert_eq!(write(&mut grid, 3, 0, "x\u{335}"), 1);
    assert_eq!(grid.row_text(0), "    ");
    assert_eq!(write(&mut grid, 2, 0, "x\u{335}"), 1);
    assert_eq!(grid.row_text(0), "  x\u{335} ");
    assert!(!grid.cell(2, 0).certain);
    assert_sound(&grid);
}

#[test]
fn restyle_and_dim_keep_the_text_and_both_halves_alike() {
    let mut grid = grid(6, 2);
    write(&mut grid, 0, 0, "a中b");
    grid.canvas().restyle(Rect::new(1, 0, 1, 1), Style::new().fg(BLUE).bg(RED));
    assert_eq!(grid.cell(2, 0).style, Style::new().fg(BLUE).bg(RED));
    grid.canvas().restyle(Rect::new(2, 0, 4, 1), Style::new().bg(BLUE).bold());
    assert_eq!(grid.cell(1, 0).style.bg, RED, "goes by its left half");
    assert_eq!(grid.cell(3, 0).style, Style::new().bg(BLUE).bold());
    assert_eq!(grid.cell(5, 0).style, Style::new().bg(BLUE));
    grid.dim(Rect::new(0, 0, 99, 99));
    assert!(grid.cell(0, 0).style.attrs.contains(Attrs::DIM));
    assert_eq!(grid.cell(0, 1).style, Style::new(), "dimming a blank shows nothing");
    assert_eq!(grid.to_text(), "a中b\n\n");
    assert_sound(&grid);
}

#[test]
fn equal_is_what_is_seen() {
    let (mut one, mut two) = (grid(8, 1), grid(8, 1));
    one.canvas().fill(Rect::new(0, 0, 8, 1), Glyph::BLANK, Style::new().fg(RED).bold());
    assert_eq!(one, two, "the foreground of a blank is not seen");
    one.canvas().fill(Rect::new(0, 0, 1, 1), Glyph::BLANK, Style::new().fg(RED).underline());
    assert_ne!(one, two);
    one.clear(Style::new());
    one.canvas().dots(0, 0, 0, Style::new().fg(RED));
    assert_eq!(one, two, "a braille cell without dots is a blank");
    // The same cluster under different numbers.
    write(&mut one, 0, 0, "x\u{335}");
    write(&mut one, 0, 0, "y\u{335}");
    write(&mut two, 0, 0, "y\u{335}");
    assert_eq!(one, two);
    // Different clusters under the same number.
    one.clear(Style::new());
    write(&mut one, 0, 0, "x\u{335}");
    assert_eq!(one.row(0).symbols, two.row(0).symbols);
    assert_ne!(one, two);
    two.resize(Size::clamped(8, 2));
    assert_ne!(one, two);
}

#[test]
fn a_new_size_is_blank_and_the_same_size_is_not() {
    let mut grid = grid(4, 1);
    write(&mut grid, 0, 0, "abcd");
    grid.resize(Size::clamped(4, 1));
    assert_eq!(grid.to_text(), "abcd\n");
    grid.resize(Size::clamped(5, 2));
    assert_eq!(grid.to_text(), "\n\n");
}

#[test]
fn millions_of_clusters_leave_the_interner_bounded() {
    let mut grid = grid(3, 2);
    let marks: Vec<char> = ('\u{300}'..='\u{36f}').collect();
    let mut drawn = 0_u32;
    let mut keep = String::new();
    for base in 'a'..='z' {
        for (first, second) in marks.iter().flat_map(|first| marks.iter().map(move |second| (first, second))) {
            let symbol = grid.symbol(&Cluster { text: &format!("{base}{first}{second}"), columns: 1, certain: false });
            let x = if drawn == 5 { 0 } else { 1 };
            if drawn == 5 {
                keep = format!("{base}{first}{second}");
            }
            grid.put(x, 0, symbol, StyleId::DEFAULT);
            drawn += 1;
            assert!(grid.clusters.len() <= grid.clusters_max());
        }
    }
    assert!(drawn > 300_000);
    assert_eq!(grid.cell(0, 0).text(), keep, "compacting keeps what is still seen");
    grid.clear(Style::new());
    assert_eq!(grid.clusters.len(), 0);
}

#[test]
fn every_interned_text_keeps_its_number() {
    let mut clusters = Clusters::default();
    let texts: Vec<String> = (0..3000).map(|index| format!("{index}\u{335}")).collect();
    let ids: Vec<u32> = texts.iter().map(|text| clusters.intern(text)).collect();
    assert_eq!(clusters.len(), texts.len());
    for (text, id) in texts.iter().zip(ids) {
        assert_eq!(clusters.text(id), text);
        assert_eq!(clusters.intern(text), id, "{text} has its number already");
    }
    assert_eq!(clusters.len(), texts.len());
    clusters.clear();
    assert_eq!((clusters.len(), clusters.intern("a\u{335}")), (0, 0));
}

#[test]
#[should_panic(expected = "one column")]
fn a_wide_character_is_no_glyph() {
    Glyph::new('◽');
}

#[test]
#[should_panic(expected = "one column")]
fn a_control_is_no_glyph() {
    Glyph::new('\u{1b}');
}

#[test]
fn packing_a_style_loses_nothing() {
    let attrs = Attrs::BOLD | Attrs::DIM | Attrs::ITALIC | Attrs::UNDERLINE | Attrs::REVERSE;
    let styles = [
        Style::new(),
        Style::new().fg(Color::rgb(0, 0, 0)),
        Style::new().bg(Color::rgb(255, 255, 255)).italic(),
        Style::new().fg(Color::rgb(1, 2, 3)).bg(Color::rgb(254, 253, 252)).with(attrs),
    ];
    for style in styles {
        assert_eq!(PackedStyle::pack(style).unpack(), style);
    }
    assert_eq!(attrs.names().collect::<Vec<_>>(), ["bold", "dim", "italic", "underline", "reverse"]);
    assert_eq!(format!("{:?}", Color::rgb(1, 2, 254)), "#0102fe");
}

proptest! {
    #[test]
    fn any_drawing_leaves_a_sound_grid(
        size in (1_u16..14, 1_u16..5),
        steps in prop::collection::vec((0_u8..6, any::<(u16, u16, u16, u16)>(), "[a-c 中한é😀x\u{335}ก้🇩🇪]{0,6}"), 0..40),
    ) {
        let mut grid = grid(size.0, size.1);
        for (what, (x, y, width, height), text) in steps {
            let rect = Rect::new(x % 16, y % 6, width % 16, height % 6);
            let style = Style::new().fg(RED).bg(if width % 2 == 0 { BLUE } else { Color::DEFAULT });
            let style = if height % 3 == 0 { style.underline() } else { style };
            let mut canvas = grid.canvas();
            match what {
                0 => canvas.fill(rect, Glyph::new('▄'), style),
                1 => canvas.fill(rect, Glyph::BLANK, style),
                2 => canvas.restyle(rect, style),
                3 => drop(canvas.sub(rect).label(x % 3, 0, &Label::plain(&text), style)),
                4 => grid.dim(rect),
                _ => drop(canvas.label(rect.x, rect.y, &Label::plain(&text), style)),
            }
            assert_sound(&grid);
        }
    }
}

#[test]
fn an_area_that_is_copied_shows_the_same_and_the_rest_stays() {
    let size = Size::clamped(12, 3);
    let (mut from, mut to) = (Grid::new(size), Grid::new(size));
    let style = Style::new().bold();
    // Clusters of several code points, under other numbers in each grid.
    to.canvas().label(0, 0, &Label::plain("x\u{301}\u{327}x\u{302}\u{327}"), style);
    from.canvas().label(0, 1, &Label::plain("ab中x\u{327}\u{302}f"), style);
    to.copy(&from, Rect::new(1, 1, 5, 1));
    assert_eq!(to.row_text(1).trim_end(), " b中x\u{327}\u{302}f");
    assert_eq!((to.cell(1, 1).style, to.cell(2, 1).columns, to.cell(3, 1).columns), (style, 2, 0));
    let first = to.row_text(0);
    to.copy(&from, Rect::new(0, 1, 12, 1));
    assert_eq!(to.row_text(0), first, "its clusters keep their meaning");
    // What is cut in two by the edge of the area turns blank, as everywhere.
    let mut wide = Grid::new(size);
    wide.canvas().label(0, 0, &Label::plain("中"), style);
    wide.copy(&from, Rect::new(1, 0, 3, 1));
    assert_eq!(wide.cell(0, 0).text(), " ");
    let mut whole = Grid::new(size);
    whole.copy(&from, Rect::new(0, 0, 99, 99));
    assert!(whole == from);
}

#[test]
fn what_was_cut_is_pasted_as_it_was_with_clusters_and_wide_ones() {
    let mut grid = Grid::new(Size::clamped(12, 3));
    grid.canvas().label(1, 1, &Label::plain("a日q\u{301}👩\u{200d}👩\u{200d}👧z"), Style::new().bold());
    let area = Rect::new(1, 0, 10, 3);
    let cut = grid.cut(area);
    assert_eq!(cut.size(), Size::clamped(10, 3));
    // Into a grid whose own clusters have the same numbers.
    let mut other = Grid::new(Size::clamped(12, 3));
    other.canvas().label(0, 0, &Label::plain("q\u{308}k\u{308}"), Style::new());
    other.paste(&cut, area);
    assert_eq!(other.cell(0, 0).text(), "q\u{308}");
    assert!(other.cut(area) == cut);
    for y in 0..3 {
        assert_eq!(other.cut(area).row_text(y), cut.row_text(y));
    }
    // What does not fit, or lies nowhere, is left out.
    other.paste(&cut, Rect::new(11, 2, 5, 5));
    other.paste(&cut, Rect::new(50, 50, 5, 5));
    assert_eq!(grid.cut(Rect::new(12, 3, 4, 4)).size(), Size::clamped(1, 1));
}
