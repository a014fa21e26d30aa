//! Black, white and yellow, for weak eyes, bad screens and the far end of a hall: all text reaches WCAG AAA, 7 to 1.

use super::{Theme, dark, ink};
use crate::frame::Color;

const GROUND: Color = Color::rgb(0x00, 0x00, 0x00);
const STATUS: Color = Color::rgb(0x20, 0x20, 0x20);

/// From little to much: lightness rises evenly, nine and a half steps of L* in CIELAB from one to the next, along the line
/// from blue to yellow, the one that eyes without red or without green see best.
const HEAT: [Color; 9] = [
    Color::rgb(0x04, 0x2d, 0x6c),
    Color::rgb(0x2b, 0x40, 0x89),
    Color::rgb(0x5b, 0x57, 0x84),
    Color::rgb(0x7c, 0x6f, 0x7d),
    Color::rgb(0x9a, 0x89, 0x75),
    Color::rgb(0xb5, 0xa4, 0x6b),
    Color::rgb(0xd0, 0xbf, 0x5e),
    Color::rgb(0xea, 0xdc, 0x4c),
    Color::rgb(0xff, 0xf5, 0xbb),
];
/// Glyphs carry little heat there, and have to be seen.
const HEAT_INDEXED: &[Color] = HEAT.split_at(3).1;

pub(super) const TRUE: Theme = Theme {
    ground: GROUND,
    status_ground: STATUS,
    text: ink(0xff, 0xff, 0xff),
    muted: ink(0xd4, 0xd4, 0xd4),
    strong: ink(0xff, 0xff, 0xff).bold(),
    title: ink(0xff, 0xff, 0xff),
    accent: ink(0xff, 0xff, 0x00).bold(),
    border_focused: ink(0xff, 0xff, 0x00),
    border: ink(0xb0, 0xb0, 0xb0),
    grid: ink(0x62, 0x62, 0x62),
    track: ink(0x3c, 0x3c, 0x3c),
    warning: ink(0xff, 0xd0, 0x00),
    failure: ink(0xff, 0x9a, 0x8f).bold(),
    levels: [ink(0x5c, 0xff, 0x9d), ink(0xff, 0xd0, 0x00), ink(0xff, 0x9a, 0x8f).bold()],
    series: [
        ink(0xfe, 0xff, 0x24),
        ink(0x0f, 0xd4, 0xf4),
        ink(0xd1, 0xf1, 0xf0),
        ink(0xee, 0x86, 0xce),
        ink(0x07, 0xff, 0x62),
        ink(0xf4, 0xb3, 0x2b),
        ink(0x80, 0xa8, 0xff),
        ink(0xff, 0x86, 0x6a),
    ],
    heat: &HEAT,
    bar_parts: 5,
    coloured: true,
    tinted: true,
};

/// The 256 colours have no dark shades of a hue.
pub(super) const INDEXED: Theme = Theme { heat: HEAT_INDEXED, tinted: false, ..TRUE };

/// The sixteen colours of the dark theme are as far apart as sixteen can be; here all text is bright.
pub(super) const ANSI: Theme = Theme {
    text: ink(0xff, 0xff, 0xff),
    muted: ink(0xff, 0xff, 0xff),
    title: ink(0xff, 0xff, 0xff),
    accent: ink(0xff, 0xff, 0x00).bold(),
    border_focused: ink(0xff, 0xff, 0x00),
    border: ink(0xe5, 0xe5, 0xe5),
    ..dark::ANSI
};
