//! The row of a board's tabs.
//!
//! Invariant: the tab that is shown always has a place in it, and what is drawn is where a click finds it.

use crate::base::{Rect, Size};
use crate::frame::{Canvas, Glyph};
use crate::model::GlyphSet;
use crate::scene::Board;
use crate::widget::{Look, Role, clipped};

/// A tab and the columns of its title, blanks included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    pub tab: usize,
    pub x: u16,
    pub width: u16,
}

/// Shortest screen that has a row for tabs: on a shorter one, where the status line names the tab, it would cost charts.
const SCREEN_ROWS_MIN: u16 = 16;
/// Columns for the sign that there are more tabs on a side.
const SIGN_COLUMNS: u16 = 2;

/// Rows of the tabs of a board on a screen of this size.
pub fn rows(board: &Board, size: Size) -> u16 {
    u16::from(board.tabs.len() > 1 && size.rows() >= SCREEN_ROWS_MIN)
}

/// Where the tabs stand: the one shown, and of its neighbours as many as find room, the nearest first.
pub fn places(board: &Board, shown: usize, width: u16) -> Vec<Place> {
    let columns = |tab: usize| board.tabs[tab].title.columns().saturating_add(2);
    let all = board.tabs.len();
    let (mut first, mut end) = (shown, shown + 1);
    let mut used = columns(shown);
    let fits = |used: u16, first: usize, end: usize| {
        let signs = u16::from(first > 0) + u16::from(end < all);
        used.saturating_add(signs * SIGN_COLUMNS) <= width
    };
    loop {
        let before = first.checked_sub(1).map(|tab| used.saturating_add(columns(tab)));
        let after = (end < all).then(|| used.saturating_add(columns(end)));
        if let Some(more) = after.filter(|more| fits(*more, first, end + 1)) {
            (used, end) = (more, end + 1);
        } else if let Some(more) = before.filter(|more| fits(*more, first - 1, end)) {
            (used, first) = (more, first - 1);
        } else {
            break;
        }
    }
    let mut x = if first > 0 { SIGN_COLUMNS.min(width) } else { 0 };
    let right = width - if end < all { SIGN_COLUMNS.min(width - x) } else { 0 };
    let place = |tab: usize| {
        let place = Place { tab, x, width: columns(tab).min(right - x) };
        x += place.width;
        place
    };
    (first..end).map(place).collect()
}

/// Draws the row.
pub fn draw(board: &Board, shown: usize, canvas: &mut Canvas<'_>, look: Look) {
    let (width, _) = canvas.size();
    let quiet = look.theme.style(Role::Status);
    let accent = look.theme.style(Role::TitleFocused);
    let chosen = if look.theme.coloured { accent } else { accent.reverse() };
    canvas.fill(Rect::new(0, 0, width, 1), Glyph::BLANK, quiet);
    let places = places(board, shown, width);
    let [before, after] = match look.glyphs {
        GlyphSet::Braille => [Glyph::new('◂'), Glyph::new('▸')],
        GlyphSet::Block | GlyphSet::Ascii => [Glyph::new('<'), Glyph::new('>')],
    };
    if places.first().is_some_and(|place| place.tab > 0) {
        canvas.glyph(0, 0, before, quiet);
    }
    if let Some(last) = places.last().filter(|last| last.tab + 1 < board.tabs.len()) {
        canvas.glyph(last.x + last.width, 0, after, quiet);
    }
    for Place { tab, x, width } in places {
        let style = if tab == shown { chosen } else { quiet };
        canvas.fill(Rect::new(x, 0, width, 1), Glyph::BLANK, style);
        clipped(canvas, (x + 1, 0), width.saturating_sub(2), &board.tabs[tab].title, style, look);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frame::Grid;
    use crate::model::{Palette, spec};
    use crate::scene::file;
    use crate::widget::Theme;

    fn board(names: &[&str]) -> Board {
        let mut text = String::new();
        for name in names {
            text += &format!("[panel.{name}]\nchart = \"text\"\ntext = \"\"\n");
        }
        for name in names {
            text += &format!("[[tab]]\nname = \"{name}\"\npanel = \"{name}\"\n");
        }
        file::read("b", "b.toml", text.as_bytes()).expect("the test's board is sound")
    }

    fn row(board: &Board, shown: usize, width: u16) -> String {
        let mut grid = Grid::new(Size::clamped(width, 1));
        let look = Look { theme: Theme::of(spec::Theme::Dark, Palette::Mono), glyphs: GlyphSet::Braille };
        draw(board, shown, &mut grid.canvas(), look);
        grid.row_text(0)
    }

    #[test]
    fn the_tab_shown_is_always_there_and_the_others_as_far_as_they_fit() {
        let board = board(&["one", "two", "three", "four"]);
        assert_eq!(row(&board, 1, 30), " one  two  three  four        ");
        assert_eq!(row(&board, 0, 22), " one  two  three ▸    ");
        assert_eq!(row(&board, 3, 16), "◂  three  four  ");
        assert_eq!(row(&board, 2, 11), "◂  three ▸ ");
        assert_eq!(row(&board, 2, 4), "◂ ▸ ");
        for width in 1..40 {
            for shown in 0..4 {
                let places = places(&board, shown, width);
                assert!(places.iter().any(|place| place.tab == shown), "{shown} at {width}");
                assert!(places.iter().all(|place| place.x + place.width <= width), "{places:?} at {width}");
                assert!(places.windows(2).all(|pair| pair[0].x + pair[0].width == pair[1].x), "{places:?}");
            }
        }
    }

    #[test]
    fn a_board_without_tabs_or_a_low_screen_has_no_row_for_them() {
        let (one, two) = (board(&["one"]), board(&["one", "two"]));
        assert_eq!(rows(&one, Size::clamped(80, 24)), 0);
        assert_eq!([15, 16].map(|height| rows(&two, Size::clamped(80, height))), [0, 1]);
    }
}
