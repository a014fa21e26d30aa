//! What widget tests share: draw onto a small grid and read it back.

use super::{Look, Theme};
use crate::base::{Rect, Size};
use crate::frame::{Canvas, Glyph, Grid, Style};
use crate::model::{GlyphSet, Palette, spec};

pub(crate) const GLYPH_SETS: [GlyphSet; 3] = [GlyphSet::Braille, GlyphSet::Block, GlyphSet::Ascii];

pub(crate) fn look(glyphs: GlyphSet) -> Look {
    Look { theme: Theme::of(spec::Theme::Dark, Palette::Truecolor), glyphs }
}

/// A grid of this size after something was drawn on all of it.
pub(crate) fn drawn(width: u16, height: u16, draw: impl FnOnce(&mut Canvas<'_>)) -> Grid {
    let mut grid = Grid::new(Size::clamped(width, height));
    draw(&mut grid.canvas());
    grid
}

/// Compares a grid with its rows as text; trailing blanks do not count.
#[track_caller]
pub(crate) fn check(grid: &Grid, rows: &[&str]) {
    let text = grid.to_text();
    let got: Vec<&str> = text.lines().collect();
    assert!(got == rows, "drawn:\n{text}\nexpected:\n{}\n", rows.join("\n"));
}

/// Asserts that an ASCII drawing is one.
#[track_caller]
pub(crate) fn check_ascii(grid: &Grid) {
    assert!(grid.to_text().is_ascii(), "not ASCII:\n{}", grid.to_text());
}

/// Draws into the middle of a marked grid and asserts that no mark is touched. Returns the grid.
#[track_caller]
pub(crate) fn drawn_inside(width: u16, height: u16, draw: impl FnOnce(&mut Canvas<'_>)) -> Grid {
    let inside = Rect::new(2, 1, width, height);
    let grid = drawn(width + 4, height + 2, |canvas| {
        canvas.fill(canvas.area(), Glyph::new('@'), Style::new());
        draw(&mut canvas.sub(inside));
    });
    for y in 0..height + 2 {
        for x in 0..width + 4 {
            let is_inside = (inside.x..inside.right()).contains(&x) && (inside.y..inside.bottom()).contains(&y);
            assert!(is_inside || grid.cell(x, y).text() == "@", "drawn at {x},{y}:\n{}", grid.to_text());
        }
    }
    grid
}
