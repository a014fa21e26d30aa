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
    /// Takes away the overlay, or else leaves the full screen.
    Close,
    NextBoard,
    PreviousBoard,
    NextPanel,
    PreviousPanel,
    ZoomIn,
    ZoomOut,
    PanBack,
    PanForward,
    Live,
    Pause,
    FullScreen,
    NextTheme,
    /// Sends the whole screen again; the shell that writes to the terminal does it.
    Repaint,
}

/// One row of the table.
#[derive(Clone, Copy, Debug)]
pub struct Binding {
    pub intent: Intent,
    pub keys: &'static [Key],
    /// The keys as help writes them; ASCII.
    pub shown: &'static str,
    /// What they do, in a person's words; ASCII.
    pub what: &'static str,
}

/// All keys of a session, in the order help shows them.
pub const BINDINGS: &[Binding] = &[
    Binding { intent: Intent::Quit, keys: &[Key::Char('q'), Key::Ctrl('c')], shown: "q", what: "quit" },
    Binding { intent: Intent::Help, keys: &[Key::Char('?')], shown: "?", what: "this help" },
    Binding { intent: Intent::NextBoard, keys: &[Key::Tab], shown: "Tab", what: "next board" },
    Binding { intent: Intent::PreviousBoard, keys: &[Key::BackTab], shown: "Shift-Tab", what: "board before" },
    Binding {
        intent: Intent::NextPanel,
        keys: &[Key::Right, Key::Down, Key::Char('l'), Key::Char('j')],
        shown: "right down l j",
        what: "next panel",
    },
    Binding {
        intent: Intent::PreviousPanel,
        keys: &[Key::Left, Key::Up, Key::Char('h'), Key::Char('k')],
        shown: "left up h k",
        what: "panel before",
    },
    Binding { intent: Intent::FullScreen, keys: &[Key::Char('f')], shown: "f", what: "panel full screen, and back" },
    Binding { intent: Intent::ZoomIn, keys: &[Key::Char('+'), Key::Char('=')], shown: "+", what: "shorter time range" },
    Binding { intent: Intent::ZoomOut, keys: &[Key::Char('-')], shown: "-", what: "longer time range" },
    Binding { intent: Intent::PanBack, keys: &[Key::Char('[')], shown: "[", what: "back in time" },
    Binding { intent: Intent::PanForward, keys: &[Key::Char(']')], shown: "]", what: "forward in time" },
    Binding { intent: Intent::Live, keys: &[Key::Char('0')], shown: "0", what: "back to live" },
    Binding { intent: Intent::Pause, keys: &[Key::Char('p')], shown: "p", what: "pause, and go on" },
    Binding { intent: Intent::NextTheme, keys: &[Key::Char('t')], shown: "t", what: "other colours" },
    Binding {
        intent: Intent::Repaint,
        keys: &[Key::Char('r'), Key::Ctrl('l')],
        shown: "r",
        what: "repaint the screen",
    },
    Binding { intent: Intent::Close, keys: &[Key::Escape], shown: "Esc", what: "close this help" },
];

/// What a key asks for, if anything.
pub fn intent(key: Key) -> Option<Intent> {
    BINDINGS.iter().find(|binding| binding.keys.contains(&key)).map(|binding| binding.intent)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_key_is_bound_twice() {
        let keys: Vec<Key> = BINDINGS.iter().flat_map(|binding| binding.keys).copied().collect();
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
            (Key::Right, Intent::NextPanel),
            (Key::Char('j'), Intent::NextPanel),
            (Key::Up, Intent::PreviousPanel),
            (Key::Char('h'), Intent::PreviousPanel),
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
}
