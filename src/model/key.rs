//! Keys as a session knows them, whatever bytes the terminal sent.

use serde::{Deserialize, Serialize};

/// One key press.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Key {
    /// A printable character.
    Char(char),
    /// A letter with Ctrl, lower case.
    Ctrl(char),
    Tab,
    BackTab,
    Enter,
    Escape,
    Backspace,
    Up,
    Down,
    Left,
    Right,
    PageUp,
    PageDown,
    Home,
    End,
}
