//! Where lines break: at blanks where there are any, within a word only where it is longer than a line.
//!
//! Invariant: between them the lines hold every cluster but the blanks at their ends, and each line gets on. Unlike
//! words that are only wrapped, blanks within a line and before a text stay: they are what indents it.

use std::ops::Range;

use crate::label::Label;

/// What breaking needs to know of one cluster.
#[derive(Clone, Copy, Debug)]
pub(in crate::widget) struct Unit {
    pub columns: u16,
    pub blank: bool,
}

/// The clusters of each line; the first line has `first` columns, the others have `rest`.
pub(in crate::widget) fn breaks(units: &[Unit], first: u16, rest: u16) -> Vec<Range<usize>> {
    let mut lines = Vec::new();
    let mut from = 0;
    while from < units.len() {
        let width = if lines.is_empty() { first } else { rest };
        let (end, next) = line(&units[from..], width);
        lines.push(from..from + end);
        from += next;
    }
    lines
}

/// A text in pieces of one line each.
pub(in crate::widget) fn pieces(text: &Label, first: u16, rest: u16) -> Vec<Label> {
    if text.columns() <= first {
        return vec![text.clone()];
    }
    let mut units = Vec::with_capacity(text.as_str().len());
    let mut starts = Vec::with_capacity(text.as_str().len() + 1);
    let mut at = 0;
    for cluster in text.clusters() {
        units.push(Unit { columns: cluster.columns, blank: cluster.text == " " });
        starts.push(at);
        at += cluster.text.len();
    }
    starts.push(at);
    let piece = |line: Range<usize>| Label::plain(&text.as_str()[starts[line.start]..starts[line.end]]);
    breaks(&units, first, rest).into_iter().map(piece).collect()
}

/// Where the first line ends and where the one after begins; that is further on.
fn line(units: &[Unit], width: u16) -> (usize, usize) {
    let mut columns = 0u16;
    let fits = units.iter().position(|unit| {
        columns = columns.saturating_add(unit.columns);
        columns > width
    });
    let Some(fits) = fits else { return (units.len(), units.len()) };
    let is_text = |unit: &Unit| !unit.blank;
    let cut = if units[fits].blank {
        fits
    } else {
        // A blank before all text indents and does not part words.
        let blank = units[..fits].iter().rposition(|unit| unit.blank);
        blank.filter(|at| units[..*at].iter().any(is_text)).unwrap_or(fits)
    };
    let cut = cut.max(usize::from(!units[0].blank));
    let end = units[..cut].iter().rposition(is_text).map_or(0, |last| last + 1);
    let next = units[cut..].iter().position(is_text).map_or(units.len(), |blanks| cut + blanks);
    (end, next.max(1))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn broken(text: &str, first: u16, rest: u16) -> Vec<String> {
        pieces(&Label::plain(text), first, rest).iter().map(|line| line.as_str().to_owned()).collect()
    }

    #[test]
    fn lines_break_at_blanks_and_keep_those_within() {
        assert_eq!(broken("waiting for host", 9, 9), ["waiting", "for host"]);
        assert_eq!(broken("a  b   c d", 7, 7), ["a  b", "c d"]);
        assert_eq!(broken("  at main.rs:3", 10, 12), ["  at", "main.rs:3"]);
        assert_eq!(broken("one two", 3, 3), ["one", "two"]);
    }

    #[test]
    fn words_break_only_where_they_are_longer_than_a_line() {
        assert_eq!(broken("abcdefgh i", 3, 4), ["abc", "defg", "h i"]);
        assert_eq!(broken("    abcdef", 6, 6), ["    ab", "cdef"]);
        assert_eq!(broken("中文字", 3, 3), ["中", "文", "字"]);
        assert_eq!(broken("中a", 1, 1), ["中", "a"], "what never fits stands alone");
    }

    #[test]
    fn blanks_alone_are_one_line() {
        assert_eq!(broken("     ", 3, 3), [""]);
        assert_eq!(broken("", 3, 3), [""]);
    }

    proptest! {
        #[test]
        fn nothing_but_blanks_at_ends_is_lost(text in "[a-z中é ]{0,60}", first in 2u16..20, rest in 2u16..20) {
            let lines = pieces(&Label::plain(&text), first, rest);
            for (index, line) in lines.iter().enumerate() {
                prop_assert!(line.columns() <= if index == 0 { first } else { rest }, "{lines:?}");
            }
            let letters = |text: &str| text.chars().filter(|letter| *letter != ' ').collect::<String>();
            let joined: String = lines.iter().map(Label::as_str).collect();
            prop_assert_eq!(letters(&joined), letters(&text));
        }
    }
}
