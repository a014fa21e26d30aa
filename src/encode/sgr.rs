//! From one style to the next in the fewest bytes.
//!
//! Invariant: only `0 1 2 3 4 7 22 23 24 27`, colours by number, 256 or RGB in semicolon form, and `39 49`: what every
//! terminal since the Linux console understands.

use super::pen::append;
use crate::frame::{Attrs, Color, PackedStyle};
use crate::model::Palette;

/// Longer than the longest sequence: reset, five attributes, two RGB colours.
const SEQUENCE_BYTES_MAX: usize = 55;
/// Pairs of steps that are remembered.
const CACHE: usize = 128;

/// One SGR sequence.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sequence {
    bytes: [u8; SEQUENCE_BYTES_MAX],
    len: u8,
}

/// A step already worked out.
#[derive(Clone, Copy, Debug)]
struct Entry {
    from: u64,
    to: u64,
    sequence: Sequence,
}

/// Works out style changes and remembers the latest; a board has a dozen styles and repeats the steps between them.
#[derive(Clone, Debug)]
pub(super) struct Transitions {
    palette: Palette,
    /// Two that share a place do not drive each other out.
    cache: Box<[[Entry; 2]]>,
}

// === impl Sequence ===

impl Sequence {
    const EMPTY: Sequence = Sequence { bytes: [0; SEQUENCE_BYTES_MAX], len: 0 };

    pub(super) fn len(&self) -> usize {
        usize::from(self.len)
    }

    #[inline]
    pub(super) fn append_to(&self, out: &mut Vec<u8>) {
        append(out, &self.bytes, self.len());
    }

    fn push(&mut self, byte: u8) {
        self.bytes[usize::from(self.len)] = byte;
        self.len += 1;
    }

    /// One parameter with what separates it from the one before.
    fn param(&mut self, value: u8) {
        if self.len == 0 {
            self.push(0x1b);
            self.push(b'[');
        } else {
            self.push(b';');
        }
        if value >= 100 {
            self.push(b'0' + value / 100);
        }
        if value >= 10 {
            self.push(b'0' + value / 10 % 10);
        }
        self.push(b'0' + value % 10);
    }

    fn params(&mut self, values: &[u8]) {
        for value in values {
            self.param(*value);
        }
    }

    /// A foreground with `base` 30, a background with 40.
    fn color(&mut self, palette: Palette, color: Color, base: u8) {
        match (color.channels(), palette) {
            (None, _) => self.param(base + 9),
            (Some((r, g, b)), Palette::Truecolor) => self.params(&[base + 8, 2, r, g, b]),
            (Some((_, _, index)), Palette::Ansi) if index < 8 => self.param(base + index),
            (Some((_, _, index)), Palette::Ansi) => self.param(base + 60 + (index - 8) % 8),
            (Some((_, _, index)), _) => self.params(&[base + 8, 5, index]),
        }
    }

    fn attrs(&mut self, attrs: Attrs) {
        let codes = [(Attrs::BOLD, 1), (Attrs::DIM, 2), (Attrs::ITALIC, 3), (Attrs::UNDERLINE, 4), (Attrs::REVERSE, 7)];
        for (_, code) in codes.into_iter().filter(|(attr, _)| attrs.contains(*attr)) {
            self.param(code);
        }
    }

    fn end(mut self) -> Sequence {
        if self.len > 0 {
            self.push(b'm');
        }
        self
    }
}

// === impl Transitions ===

impl Transitions {
    pub(super) fn new(palette: Palette) -> Transitions {
        // Nobody asks for the step from the default style to itself, so an empty entry is never taken for a true one.
        let empty = Entry { from: 0, to: 0, sequence: Sequence::EMPTY };
        Transitions { palette, cache: vec![[empty; 2]; CACHE].into_boxed_slice() }
    }

    /// What changes `from` to `to`, both reduced to the palette.
    #[inline]
    pub(super) fn sequence(&mut self, from: PackedStyle, to: PackedStyle) -> &Sequence {
        let palette = self.palette;
        let pair = &mut self.cache[slot(from.0, to.0)];
        let is_wanted = |entry: &Entry| (entry.from, entry.to) == (from.0, to.0);
        let place = match pair.each_ref().map(is_wanted) {
            [true, _] => 0,
            [_, true] => 1,
            _ => {
                pair.swap(0, 1);
                pair[0] = Entry { from: from.0, to: to.0, sequence: shortest(palette, from, to) };
                0
            }
        };
        &pair[place].sequence
    }
}

fn slot(from: u64, to: u64) -> usize {
    let mixed = from.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ to.rotate_left(31).wrapping_mul(0xd6e8_feb8_6659_fd93);
    (mixed >> 57) as usize % CACHE
}

fn shortest(palette: Palette, from: PackedStyle, to: PackedStyle) -> Sequence {
    if from == to {
        return Sequence::EMPTY;
    }
    let (changed, anew) = (changes(palette, from, to), anew(palette, to));
    if changed.len <= anew.len { changed } else { anew }
}

/// Only what differs.
fn changes(palette: Palette, from: PackedStyle, to: PackedStyle) -> Sequence {
    let (from, to) = (from.unpack(), to.unpack());
    let mut sequence = Sequence::EMPTY;
    let lost = from.attrs.without(to.attrs);
    let mut gained = to.attrs.without(from.attrs);
    let weight = Attrs::BOLD | Attrs::DIM;
    if !lost.without(lost.without(weight)).is_empty() {
        // One code ends both.
        sequence.param(22);
        gained = gained | to.attrs.without(to.attrs.without(weight));
    }
    for (attr, code) in [(Attrs::ITALIC, 23), (Attrs::UNDERLINE, 24), (Attrs::REVERSE, 27)] {
        if lost.contains(attr) {
            sequence.param(code);
        }
    }
    sequence.attrs(gained);
    if from.fg != to.fg {
        sequence.color(palette, to.fg, 30);
    }
    if from.bg != to.bg {
        sequence.color(palette, to.bg, 40);
    }
    sequence.end()
}

/// A reset and all that is not default.
fn anew(palette: Palette, to: PackedStyle) -> Sequence {
    let to = to.unpack();
    let mut sequence = Sequence::EMPTY;
    if to == crate::frame::Style::new() {
        sequence.push(0x1b);
        sequence.push(b'[');
        return sequence.end();
    }
    sequence.param(0);
    sequence.attrs(to.attrs);
    if !to.fg.is_default() {
        sequence.color(palette, to.fg, 30);
    }
    if !to.bg.is_default() {
        sequence.color(palette, to.bg, 40);
    }
    sequence.end()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frame::Style;

    fn bytes(transitions: &mut Transitions, from: Style, to: Style) -> Vec<u8> {
        let mut bytes = Vec::new();
        transitions.sequence(from.into(), to.into()).append_to(&mut bytes);
        bytes
    }

    fn step(palette: Palette, from: Style, to: Style) -> String {
        let mut transitions = Transitions::new(palette);
        String::from_utf8(bytes(&mut transitions, from, to)).expect("ASCII").replace('\u{1b}', "E")
    }

    #[test]
    fn the_shorter_of_change_and_reset_is_taken() {
        let plain = Style::new();
        let red = Color::rgb(255, 0, 0);
        let all = plain.bold().dim().italic().underline().reverse();
        let truecolor = |from, to| step(Palette::Truecolor, from, to);
        assert_eq!(truecolor(plain, plain), "");
        assert_eq!(truecolor(plain.fg(red).bold(), plain), "E[m");
        assert_eq!(truecolor(plain, plain.fg(red)), "E[38;2;255;0;0m");
        assert_eq!(truecolor(plain.fg(red).bold(), plain.fg(red)), "E[22m");
        assert_eq!(truecolor(plain.bold().dim(), plain.dim()), "E[0;2m");
        assert_eq!(truecolor(plain.fg(red).bold().dim(), plain.fg(red).dim()), "E[22;2m");
        assert_eq!(truecolor(plain.bg(red), plain.bg(red).fg(red)), "E[38;2;255;0;0m");
        assert_eq!(truecolor(all, plain.bold()), "E[0;1m");
        assert_eq!(step(Palette::Ansi, plain, plain.fg(Color::rgb(0, 0, 9)).bg(Color::rgb(0, 0, 4))), "E[91;44m");
        assert_eq!(step(Palette::Ansi, plain, plain.bg(Color::rgb(0, 0, 15))), "E[107m");
        assert_eq!(step(Palette::Indexed, plain, plain.bg(Color::rgb(0, 0, 231))), "E[48;5;231m");
    }

    #[test]
    fn steps_that_share_a_place_are_told_apart() {
        let style = |index: u16| Style::new().fg(Color::rgb(index.to_le_bytes()[0], index.to_le_bytes()[1], 7));
        let mut transitions = Transitions::new(Palette::Truecolor);
        // More than there are places, and each once more after others took its place.
        for index in (0..3 * 2 * CACHE as u16).chain(0..300).chain((0..300).rev()) {
            for (from, to) in
                [(Style::new(), style(index)), (style(index), Style::new()), (style(index), style(index + 1))]
            {
                let known = String::from_utf8(bytes(&mut transitions, from, to)).expect("ASCII");
                assert_eq!(known.replace('\u{1b}', "E"), step(Palette::Truecolor, from, to));
            }
        }
    }

    #[test]
    fn the_longest_sequence_fits() {
        let white = Color::rgb(255, 255, 255);
        let all = Style::new().bold().dim().italic().underline().reverse().fg(white).bg(white);
        let packed = PackedStyle::pack(all);
        assert!(usize::from(anew(Palette::Truecolor, packed).len) <= SEQUENCE_BYTES_MAX);
        let grey = Style::new().fg(Color::rgb(254, 254, 254)).bg(Color::rgb(254, 254, 254));
        assert!(step(Palette::Truecolor, grey, all).len() <= SEQUENCE_BYTES_MAX);
    }
}
