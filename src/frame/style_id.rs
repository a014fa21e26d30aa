//! Styles by number: a cell holds two bytes in place of the eight of a packed style, so that grids stay small and compare
//! fast. A board has some dozens of styles, all themes together some thousands.
//!
//! Invariants: of one process equal numbers are equal styles and different numbers different ones, whatever grid they stand in. As many are
//! given out as there are numbers, and none is taken back: beyond [`limits::EXACT_STYLES_MAX`] styles are shown in eight
//! colours, of which there are not more than are left.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU16, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use super::style::{Color, PackedStyle, Style};
use crate::base::limits;

/// The number of a style.
///
/// A newtype only at the edges: grids keep bare `u16`s so that rows compare as memory.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct StyleId(pub u16);

/// Numbers of all styles that were drawn with. `EXACT` of them are for any style, the others for coarse ones.
struct Registry<const COUNT: usize, const EXACT: usize> {
    /// By number.
    styles: [AtomicU64; COUNT],
    /// By number, what is seen of it on a blank.
    on_blank: [AtomicU16; COUNT],
    /// By packed style.
    numbers: Mutex<BTreeMap<u64, u16>>,
}

const COUNT: usize = 1 << 16;
/// Styles that are left of all when colours have none or all of red, green and blue, or are the terminal's own.
const COARSE: usize = 32 * 9 * 9;
const RECENT: usize = 256;

const _: () = assert!(limits::EXACT_STYLES_MAX + 2 + COARSE < COUNT);

/// Of this process. All of it is zero at first, so that only what was given out takes memory.
static STYLES: Registry<COUNT, { limits::EXACT_STYLES_MAX }> = Registry::new();

thread_local! {
    /// Styles and their numbers, by some bits of the style. The default one has number 0, so an empty entry is a true one.
    static LATELY: [Cell<(u64, u16)>; RECENT] = const { [const { Cell::new((0, 0)) }; RECENT] };
}

// === impl StyleId ===

impl StyleId {
    pub const DEFAULT: StyleId = StyleId(0);

    /// The number of a style, a new one if it has none yet.
    #[inline]
    pub fn of(style: PackedStyle) -> StyleId {
        LATELY.with(|lately| {
            let entry = &lately[slot(style.0)];
            let (known, number) = entry.get();
            if known == style.0 {
                return StyleId(number);
            }
            let number = STYLES.number(style);
            entry.set((style.0, number));
            StyleId(number)
        })
    }

    #[inline]
    pub fn style(self) -> PackedStyle {
        STYLES.style(self.0)
    }

    /// The number of [`PackedStyle::on_blank`].
    #[inline]
    pub fn on_blank(self) -> StyleId {
        StyleId(STYLES.on_blank[usize::from(self.0)].load(Ordering::Relaxed))
    }
}

impl From<Style> for StyleId {
    fn from(style: Style) -> StyleId {
        StyleId::of(style.into())
    }
}

fn slot(style: u64) -> usize {
    (style.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 56) as usize % RECENT
}

// === impl Registry ===

impl<const COUNT: usize, const EXACT: usize> Registry<COUNT, EXACT> {
    /// Number 0 is that of the default style already.
    const fn new() -> Registry<COUNT, EXACT> {
        Registry {
            styles: [const { AtomicU64::new(0) }; COUNT],
            on_blank: [const { AtomicU16::new(0) }; COUNT],
            numbers: Mutex::new(BTreeMap::new()),
        }
    }

    #[inline]
    fn style(&self, number: u16) -> PackedStyle {
        // Whoever has a number was given it after this was stored, by the lock or with the grid that it stands in.
        PackedStyle(self.styles[usize::from(number)].load(Ordering::Relaxed))
    }

    #[cold]
    #[inline(never)]
    fn number(&self, style: PackedStyle) -> u16 {
        let mut numbers = self.numbers.lock().unwrap_or_else(PoisonError::into_inner);
        numbers.entry(PackedStyle::DEFAULT.0).or_insert(0);
        match numbers.get(&style.0) {
            Some(number) => *number,
            None if numbers.len() < EXACT => self.add(&mut numbers, style),
            None => self.add(&mut numbers, coarse(style)),
        }
    }

    /// With that of what is seen of it on a blank.
    fn add(&self, numbers: &mut BTreeMap<u64, u16>, style: PackedStyle) -> u16 {
        if let Some(number) = numbers.get(&style.0) {
            return *number;
        }
        let seen = style.on_blank();
        let on_blank = (seen != style).then(|| self.add(numbers, seen));
        let number = u16::try_from(numbers.len()).expect("invariant: coarse styles leave room");
        self.styles[usize::from(number)].store(style.0, Ordering::Relaxed);
        self.on_blank[usize::from(number)].store(on_blank.unwrap_or(number), Ordering::Relaxed);
        numbers.insert(style.0, number);
        number
    }
}

/// The nearest of eight colours for both; text that differs from its ground goes on to do so.
fn coarse(style: PackedStyle) -> PackedStyle {
    let style = style.unpack();
    let (fg, bg) = (eight(style.fg, 0), eight(style.bg, 0));
    let is_lost = fg == bg && style.fg != style.bg;
    PackedStyle::pack(Style { fg: if is_lost { eight(style.fg, 0xff) } else { fg }, bg, ..style })
}

/// Each channel at one of its ends, at the other one where `flip` is set.
fn eight(color: Color, flip: u8) -> Color {
    let end = |channel: u8| (if channel < 0x80 { 0 } else { 0xff }) ^ flip;
    color.channels().map_or(Color::DEFAULT, |(r, g, b)| Color::rgb(end(r), end(g), end(b)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frame::Attrs;

    fn style(index: u32) -> PackedStyle {
        let [_, r, g, b] = index.to_be_bytes();
        PackedStyle::pack(Style::new().fg(Color::rgb(r, g, b)).bg(Color::rgb(b, r, g)))
    }

    #[test]
    fn a_number_stands_for_its_style_on_every_thread() {
        let ids = || (0..3 * RECENT as u32).map(|index| StyleId::of(style(index))).collect::<Vec<_>>();
        let here = ids();
        let there = std::thread::spawn(move || (ids(), ids())).join().expect("no panic");
        assert_eq!((&here, &here), (&there.0, &there.1));
        for (index, id) in (0..).zip(&here) {
            assert_eq!(id.style(), style(index));
            assert_eq!(id.on_blank().style(), style(index).on_blank());
            assert_eq!(id.on_blank().on_blank(), id.on_blank());
        }
        assert_eq!(StyleId::of(PackedStyle::DEFAULT), StyleId::DEFAULT);
        assert_eq!(StyleId::DEFAULT.style(), PackedStyle::DEFAULT);
        let underlined = PackedStyle::pack(style(7).unpack().underline());
        assert_eq!(StyleId::of(underlined).on_blank().style(), underlined);
    }

    #[test]
    fn styles_beyond_all_numbers_have_eight_colours_and_never_run_out() {
        const EXACT: usize = 10;
        let registry = Box::new(Registry::<{ EXACT + 2 + COARSE }, EXACT>::new());
        let exact: Vec<u16> = (0..4).map(|index| registry.number(style(0x30_3030 + index))).collect();
        for (index, number) in (0..).zip(&exact) {
            assert_eq!(registry.style(*number), style(0x30_3030 + index));
        }
        for attrs in 0..32_u8 {
            let names = [Attrs::BOLD, Attrs::DIM, Attrs::ITALIC, Attrs::UNDERLINE, Attrs::REVERSE];
            let set = (0..5).filter(|bit| attrs >> bit & 1 == 1).fold(Attrs::NONE, |all, bit| all | names[bit]);
            for index in 0..0x4_0000_u32 {
                let [_, r, g, b] = index.wrapping_mul(0x9e_3779_b1).to_be_bytes();
                let color = |bits: u8| if bits & 7 == 7 { Color::DEFAULT } else { Color::rgb(r ^ bits, g, b) };
                let wanted = Style::new().fg(color(r)).bg(color(b)).with(set);
                let shown = registry.style(registry.number(wanted.into())).unpack();
                assert_eq!(shown.attrs, wanted.attrs);
                assert_eq!(shown.fg == shown.bg, wanted.fg == wanted.bg, "{wanted:?} became {shown:?}");
            }
        }
        // Those with a number of their own keep it.
        assert_eq!((0..4).map(|index| registry.number(style(0x30_3030 + index))).collect::<Vec<_>>(), exact);
    }
}
