//! The one table of session keys: help is drawn from it and keys are interpreted by it, so they cannot disagree.
//!
//! Invariant: no key stands in it twice.

use super::Key;

/// What a key asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Intent {
    /// Ends the session; the shell that reads the keys does it.
    Quit,
    Help,
    /// Takes away what lies on top: the help, the cursor, the full screen, in this order.
    Close,
    NextBoard,
    PreviousBoard,
    /// The tab with this number, counted from 0.
    Tab(u16),
    NextTab,
    PreviousTab,
    /// To the panel on that side; sideways the cursor where there is one; up and down the rows of a full screen.
    Move(Side),
    ZoomIn,
    ZoomOut,
    PanBack,
    PanForward,
    Live,
    Pause,
    Cursor,
    Scroll(Leap),
    FullScreen,
    NextTheme,
    /// Sends the whole screen again; the shell that writes to the terminal does it.
    Repaint,
}

/// The sides of a panel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Side {
    Left,
    Right,
    Up,
    Down,
}

/// How far rows are scrolled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Leap {
    PageUp,
    PageDown,
    Top,
    Bottom,
}

/// One row of the table.
#[derive(Clone, Copy, Debug)]
pub struct Binding {
    pub keys: &'static [(Key, Intent)],
    /// The keys as help writes them; ASCII.
    pub shown: &'static str,
    /// What they do, in a person's words; ASCII.
    pub what: &'static str,
}

/// All keys of a session, in the order help shows them.
pub const BINDINGS: &[Binding] = &[
    Binding { keys: &[(Key::Char('q'), Intent::Quit), (Key::Ctrl('c'), Intent::Quit)], shown: "q", what: "quit" },
    Binding { keys: &[(Key::Char('?'), Intent::Help)], shown: "?", what: "this help" },
    Binding {
        keys: &[(Key::Tab, Intent::NextBoard), (Key::BackTab, Intent::PreviousBoard)],
        shown: "Tab, Shift-Tab",
        what: "next board, board before",
    },
    Binding {
        keys: &[
            (Key::Char('1'), Intent::Tab(0)),
            (Key::Char('2'), Intent::Tab(1)),
            (Key::Char('3'), Intent::Tab(2)),
            (Key::Char('4'), Intent::Tab(3)),
            (Key::Char('5'), Intent::Tab(4)),
            (Key::Char('6'), Intent::Tab(5)),
            (Key::Char('7'), Intent::Tab(6)),
            (Key::Char('8'), Intent::Tab(7)),
            (Key::Char('9'), Intent::Tab(8)),
            (Key::Char('<'), Intent::PreviousTab),
            (Key::Char('>'), Intent::NextTab),
        ],
        shown: "1 to 9, < >",
        what: "tabs of the board",
    },
    Binding {
        keys: &[
            (Key::Left, Intent::Move(Side::Left)),
            (Key::Down, Intent::Move(Side::Down)),
            (Key::Up, Intent::Move(Side::Up)),
            (Key::Right, Intent::Move(Side::Right)),
            (Key::Char('h'), Intent::Move(Side::Left)),
            (Key::Char('j'), Intent::Move(Side::Down)),
            (Key::Char('k'), Intent::Move(Side::Up)),
            (Key::Char('l'), Intent::Move(Side::Right)),
        ],
        shown: "arrows, h j k l",
        what: "other panel, move the cursor",
    },
    Binding { keys: &[(Key::Char('f'), Intent::FullScreen)], shown: "f", what: "panel full screen, and back" },
    Binding {
        keys: &[
            (Key::PageUp, Intent::Scroll(Leap::PageUp)),
            (Key::PageDown, Intent::Scroll(Leap::PageDown)),
            (Key::Home, Intent::Scroll(Leap::Top)),
            (Key::End, Intent::Scroll(Leap::Bottom)),
        ],
        shown: "PgUp PgDn Home End",
        what: "scroll a table or a log",
    },
    Binding { keys: &[(Key::Char('c'), Intent::Cursor)], shown: "c", what: "values at a cursor, and back" },
    Binding {
        keys: &[(Key::Char('+'), Intent::ZoomIn), (Key::Char('='), Intent::ZoomIn), (Key::Char('-'), Intent::ZoomOut)],
        shown: "+ -",
        what: "shorter, longer time range",
    },
    Binding {
        keys: &[(Key::Char('['), Intent::PanBack), (Key::Char(']'), Intent::PanForward)],
        shown: "[ ]",
        what: "back, forward in time",
    },
    Binding { keys: &[(Key::Char('0'), Intent::Live)], shown: "0", what: "back to live" },
    Binding { keys: &[(Key::Char('p'), Intent::Pause)], shown: "p", what: "pause, and go on" },
    Binding { keys: &[(Key::Char('t'), Intent::NextTheme)], shown: "t", what: "other colours" },
    Binding {
        keys: &[(Key::Char('r'), Intent::Repaint), (Key::Ctrl('l'), Intent::Repaint)],
        shown: "r",
        what: "repaint the screen",
    },
    Binding { keys: &[], shown: "mouse", what: "click, drag through time, wheel" },
    Binding { keys: &[(Key::Escape, Intent::Close)], shown: "Esc", what: "close help, cursor, full screen" },
];

/// What a key asks for, if anything.
pub fn intent(key: Key) -> Option<Intent> {
    let mut all = BINDINGS.iter().flat_map(|binding| binding.keys);
    all.find(|(bound, _)| *bound == key).map(|(_, intent)| *intent)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_key_is_bound_twice() {
        let keys: Vec<Key> = BINDINGS.iter().flat_map(|binding| binding.keys).map(|(key, _)| *key).collect();
        for (index, key) in keys.iter().enumerate() {
            assert!(!keys[..index].contains(key), "{key:?} is bound twice");
        }
    }

    #[test]
    fn every_key_promised_to_users_does_what_was_promised() {
        for (key, promised) in [
            (Key::Char('q'), Intent::Quit),
            (Key::Char('?'), Intent::Help),
            (Key::Tab, Intent::NextBoard),
            (Key::Right, Intent::Move(Side::Right)),
            (Key::Char('j'), Intent::Move(Side::Down)),
            (Key::Up, Intent::Move(Side::Up)),
            (Key::Char('h'), Intent::Move(Side::Left)),
            (Key::Char('+'), Intent::ZoomIn),
            (Key::Char('-'), Intent::ZoomOut),
            (Key::Char('['), Intent::PanBack),
            (Key::Char(']'), Intent::PanForward),
            (Key::Char('0'), Intent::Live),
            (Key::Char('p'), Intent::Pause),
            (Key::Char('f'), Intent::FullScreen),
            (Key::Char('t'), Intent::NextTheme),
            (Key::Char('r'), Intent::Repaint),
        ] {
            assert_eq!(intent(key), Some(promised));
        }
        assert_eq!(intent(Key::Char('x')), None);
    }

    #[test]
    fn help_text_is_ascii_so_that_every_terminal_can_show_it() {
        assert!(BINDINGS.iter().all(|binding| binding.shown.is_ascii() && binding.what.is_ascii()));
    }

    #[test]
    fn help_fits_the_smallest_usual_terminal() {
        // 24 rows less the status line, a box and a blank row above and below.
        assert!(BINDINGS.len() + 4 <= 23, "{} rows", BINDINGS.len());
    }
}
