//! What is left of a style on a terminal with fewer colours.
//!
//! Invariant: text never vanishes: where a foreground and a background that differ would become one colour, the
//! foreground gives way. The greys of a grey stay grey and a hue stays a hue, so that two lines of a chart do not both
//! turn grey because that happens to be near.

use crate::frame::{Attrs, Color, PackedStyle, Style, StyleId};
use crate::model::Palette;

/// A colour as a terminal is told it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Ink {
    Default,
    Rgb(u8, u8, u8),
    /// A number of the 256 or 16 colours.
    Index(u8),
}

/// A style as a terminal is told it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Inks {
    pub fg: Ink,
    pub bg: Ink,
    pub attrs: Attrs,
}

/// Reduces styles to what one palette has and remembers the latest.
///
/// Reduced styles are packed like any other; a number of a palette stands where blue does.
#[derive(Clone, Debug)]
pub(super) struct Reducer {
    palette: Palette,
    /// Direct-mapped; each entry is a style and what became of it.
    cache: Box<[(StyleId, PackedStyle); CACHE]>,
}

const CACHE: usize = 256;

/// xterm's default 16 colours; themes move them, but hardly across hues.
const ANSI: [(u8, u8, u8); 16] = [
    (0x00, 0x00, 0x00),
    (0xcd, 0x00, 0x00),
    (0x00, 0xcd, 0x00),
    (0xcd, 0xcd, 0x00),
    (0x00, 0x00, 0xee),
    (0xcd, 0x00, 0xcd),
    (0x00, 0xcd, 0xcd),
    (0xe5, 0xe5, 0xe5),
    (0x7f, 0x7f, 0x7f),
    (0xff, 0x00, 0x00),
    (0x00, 0xff, 0x00),
    (0xff, 0xff, 0x00),
    (0x5c, 0x5c, 0xff),
    (0xff, 0x00, 0xff),
    (0x00, 0xff, 0xff),
    (0xff, 0xff, 0xff),
];
/// The steps of the 6x6x6 cube at 16..=231.
const CUBE: [u8; 6] = [0, 95, 135, 175, 215, 255];
/// Colours whose channels differ by less are greys to the eye.
const GREY_SPREAD_MAX: u8 = 40;

/// What `style` becomes on a terminal with that palette.
pub fn inks(palette: Palette, style: Style) -> Inks {
    let (fg, bg) = match palette {
        Palette::Mono => (Ink::Default, Ink::Default),
        Palette::Truecolor => (exact(style.fg), exact(style.bg)),
        Palette::Indexed => apart(style, nearest_indexed, (16, 231)),
        Palette::Ansi => apart(style, nearest_ansi, (0, 15)),
    };
    Inks { fg, bg, attrs: style.attrs }
}

fn exact(color: Color) -> Ink {
    color.channels().map_or(Ink::Default, |(r, g, b)| Ink::Rgb(r, g, b))
}

/// Reduces both colours and keeps them apart; `ends` are the numbers of black and white.
fn apart(style: Style, nearest: fn((u8, u8, u8)) -> u8, ends: (u8, u8)) -> (Ink, Ink) {
    let reduce = |color: Color| color.channels().map_or(Ink::Default, |channels| Ink::Index(nearest(channels)));
    let (fg, bg) = (reduce(style.fg), reduce(style.bg));
    let Some((r, g, b)) = style.bg.channels() else { return (fg, bg) };
    if fg != bg || style.fg == style.bg {
        return (fg, bg);
    }
    let is_light = 299 * u32::from(r) + 587 * u32::from(g) + 114 * u32::from(b) > 127_000;
    (Ink::Index(if is_light { ends.0 } else { ends.1 }), bg)
}

fn nearest_indexed((r, g, b): (u8, u8, u8)) -> u8 {
    let step = |channel: u8| (0..6_u8).min_by_key(|step| CUBE[usize::from(*step)].abs_diff(channel)).unwrap_or(0);
    let (ri, gi, bi) = (step(r), step(g), step(b));
    let cube = (CUBE[usize::from(ri)], CUBE[usize::from(gi)], CUBE[usize::from(bi)]);
    let mean = (u16::from(r) + u16::from(g) + u16::from(b)) / 3;
    // 24 greys at 232..=255: 8, 18, .. 238.
    let grey = u8::try_from((mean.saturating_sub(3) / 10).min(23)).unwrap_or(23);
    let level = 8 + 10 * grey;
    if distance((r, g, b), (level, level, level)) < distance((r, g, b), cube) {
        232 + grey
    } else {
        16 + 36 * ri + 6 * gi + bi
    }
}

fn nearest_ansi(channels: (u8, u8, u8)) -> u8 {
    let (r, g, b) = channels;
    let is_grey = spread(channels) < GREY_SPREAD_MAX || r.max(g).max(b) < 48;
    let candidates = (0..16_u8).filter(|index| (spread(ANSI[usize::from(*index)]) == 0) == is_grey);
    candidates.min_by_key(|index| distance(channels, ANSI[usize::from(*index)])).unwrap_or(7)
}

fn spread((r, g, b): (u8, u8, u8)) -> u8 {
    r.max(g).max(b) - r.min(g).min(b)
}

/// Squared, weighted by how much the eye sees of each channel.
fn distance(one: (u8, u8, u8), two: (u8, u8, u8)) -> u32 {
    let square = |a: u8, b: u8| u32::from(a.abs_diff(b)).pow(2);
    3 * square(one.0, two.0) + 4 * square(one.1, two.1) + 2 * square(one.2, two.2)
}

// === impl Reducer ===

impl Reducer {
    pub(super) fn new(palette: Palette) -> Reducer {
        // The default style becomes itself in every palette, so an empty entry is a true one.
        Reducer { palette, cache: Box::new([(StyleId::DEFAULT, PackedStyle::DEFAULT); CACHE]) }
    }

    /// Whether every style stays what it is.
    pub(super) fn is_exact(&self) -> bool {
        self.palette == Palette::Truecolor
    }

    #[inline]
    pub(super) fn reduce(&mut self, style: StyleId) -> PackedStyle {
        if self.is_exact() {
            return style.style();
        }
        let entry = &mut self.cache[usize::from(style.0) % CACHE];
        if entry.0 != style {
            *entry = (style, pack(inks(self.palette, style.style().unpack())));
        }
        entry.1
    }
}

fn pack(inks: Inks) -> PackedStyle {
    let color = |ink| match ink {
        Ink::Default => Color::DEFAULT,
        Ink::Rgb(r, g, b) => Color::rgb(r, g, b),
        Ink::Index(index) => Color::rgb(0, 0, index),
    };
    PackedStyle::pack(Style { fg: color(inks.fg), bg: color(inks.bg), attrs: inks.attrs })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fg(palette: Palette, r: u8, g: u8, b: u8) -> Ink {
        inks(palette, Style::new().fg(Color::rgb(r, g, b))).fg
    }

    #[test]
    fn known_colours_become_their_numbers() {
        assert_eq!(fg(Palette::Indexed, 255, 0, 0), Ink::Index(196));
        assert_eq!(fg(Palette::Indexed, 95, 135, 175), Ink::Index(67));
        assert_eq!(fg(Palette::Indexed, 8, 8, 8), Ink::Index(232));
        assert_eq!(fg(Palette::Indexed, 238, 238, 238), Ink::Index(255));
        assert_eq!(fg(Palette::Indexed, 0, 0, 0), Ink::Index(16));
        assert_eq!(fg(Palette::Ansi, 255, 0, 0), Ink::Index(9));
        assert_eq!(fg(Palette::Ansi, 20, 20, 24), Ink::Index(0));
        assert_eq!(fg(Palette::Ansi, 128, 128, 128), Ink::Index(8));
        assert_eq!(fg(Palette::Mono, 1, 2, 3), Ink::Default);
        assert_eq!(fg(Palette::Truecolor, 1, 2, 3), Ink::Rgb(1, 2, 3));
    }

    #[test]
    fn a_soft_hue_does_not_turn_grey() {
        for (r, g, b) in [(122, 162, 247), (158, 206, 106), (224, 175, 104), (247, 118, 142)] {
            let Ink::Index(index) = fg(Palette::Ansi, r, g, b) else { panic!("a number") };
            assert!(spread(ANSI[usize::from(index)]) > 0, "{r},{g},{b} became {index}");
        }
    }

    #[test]
    fn text_does_not_vanish_into_its_background() {
        for palette in [Palette::Indexed, Palette::Ansi] {
            for base in 0..=250_u8 {
                let style = Style::new().fg(Color::rgb(base, base, base + 5)).bg(Color::rgb(base, base, base));
                let inks = inks(palette, style);
                assert_ne!(inks.fg, inks.bg, "{style:?}");
            }
        }
    }

    #[test]
    fn remembering_changes_nothing() {
        for palette in [Palette::Truecolor, Palette::Indexed, Palette::Ansi, Palette::Mono] {
            let mut reducer = Reducer::new(palette);
            for round in 0..2 {
                for value in 0..2000_u32 {
                    let [_, r, g, b] = value.wrapping_mul(7919).to_be_bytes();
                    let style = Style::new().fg(Color::rgb(r, g, b)).bg(Color::rgb(b, r, g)).bold();
                    let expected = pack(inks(palette, style));
                    assert_eq!(reducer.reduce(StyleId::of(style)), expected, "round {round}");
                }
            }
            assert_eq!(reducer.reduce(StyleId::DEFAULT), PackedStyle::DEFAULT);
        }
    }
}
