//! Half a number is a lie: whatever is seen of one is all of it, at its place and with nothing over it.

use super::cases::{ALL, Case, SHAPES};
use crate::label::Label;
use crate::model::GlyphSet;
use crate::widget::testing::{drawn, look};

/// What ends a text that was cut.
const CUT: char = '…';

/// Whether something there belongs to a number beside it: charts of braille draw with nothing that is ASCII.
fn is_text(c: char) -> bool {
    c.is_ascii_graphic() || c == CUT
}

/// Blanks every label that stands whole in a row; digits that are left then belong to none.
fn leftovers(row: &str, whole: &[Vec<char>]) -> bool {
    let mut row: Vec<char> = row.chars().collect();
    for label in whole {
        let mut from = 0;
        while from + label.len() <= row.len() {
            let to = from + label.len();
            let is_free = |at: Option<&char>| at.is_none_or(|c| !is_text(*c));
            if row[from..to] == *label && is_free(from.checked_sub(1).map(|at| &row[at])) && is_free(row.get(to)) {
                row[from..to].fill(' ');
            }
            from += 1;
        }
    }
    row.iter().any(char::is_ascii_digit)
}

/// The first picture in which a part of a number is seen.
fn parts_of_numbers(case: &Case) -> Option<String> {
    for (shape, points) in SHAPES.iter().step_by(2) {
        let points = points();
        for (width, height) in (1..=50).flat_map(|width| [1, 3, 5, 12].map(|height| (width, height))) {
            let mut seen: Vec<Label> = Vec::new();
            let grid = drawn(width, height, |canvas| seen = (case.paint)(&points, canvas, look(GlyphSet::Braille)));
            let mut whole: Vec<Vec<char>> = seen.iter().map(|label| label.as_str().trim().chars().collect()).collect();
            whole.retain(|label| label.iter().any(char::is_ascii_digit));
            whole.sort_by_key(|label| std::cmp::Reverse(label.len()));
            whole.dedup();
            if let Some(y) = (0..height).find(|y| leftovers(&grid.row_text(*y), &whole)) {
                let of = format!("{} of {shape} at {width}x{height}, row {y}", case.name);
                return Some(format!("{of}:\n{}", grid.to_text()));
            }
        }
    }
    None
}

#[test]
fn what_is_seen_of_a_number_is_all_of_it() {
    // Words of people may hold numbers too, and end in a sign.
    let all = ALL.iter().filter(|case| !matches!(case.name, "log" | "words" | "facts" | "snow" | "fountain" | "rain"));
    let wrong: Vec<String> = all.filter_map(parts_of_numbers).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_part_of_a_number_is_found() {
    let whole = [vec!['1', '2', '3'], vec!['1', '2']];
    for (row, is_left) in
        [("123 x", false), ("⣿123⣿", false), ("12…", true), ("1 23", true), ("3123", true), ("12", false)]
    {
        assert_eq!(leftovers(row, &whole), is_left, "{row}");
    }
}
