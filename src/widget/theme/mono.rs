//! No colours at all: bold, dim, reverse, and whatever colours the terminal has of its own.

use super::Theme;
use crate::frame::{Color, Style};

const PLAIN: Style = Style::new();

pub(super) const MONO: Theme = Theme {
    ground: Color::DEFAULT,
    status_ground: Color::DEFAULT,
    text: PLAIN,
    muted: PLAIN.dim(),
    strong: PLAIN.bold(),
    title: PLAIN,
    accent: PLAIN.bold(),
    border_focused: PLAIN,
    border: PLAIN.dim(),
    grid: PLAIN.dim(),
    track: PLAIN.dim(),
    warning: PLAIN.bold(),
    failure: PLAIN.bold().reverse(),
    levels: [PLAIN, PLAIN.bold(), PLAIN.bold().reverse()],
    series: [PLAIN.bold(), PLAIN, PLAIN.dim(), PLAIN.bold(), PLAIN, PLAIN.dim(), PLAIN.bold(), PLAIN],
    heat: &[Color::DEFAULT],
    bar_parts: 0,
    coloured: false,
    tinted: false,
};
