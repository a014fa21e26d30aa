//! Styles by number: a cell holds two bytes in place of the eight of a packed style, so that grids stay small and compare
//! fast.
//!
//! Invariants: within a process equal numbers are equal styles and different numbers different ones, whatever grid they
//! stand in; that is why the numbers are the one thing here that all grids share. None is taken back. Once
//! [`limits::EXACT_STYLES_MAX`] are given out, a new style becomes one of the coarse ones, for all of which there is room.
//! Our themes do not come near that, which a test of theirs says.

use std::cell::Cell;
use std::sync::atomic::{AtomicU16, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use rustc_hash::FxHashMap;

use super::style::{Attrs, Color, PackedStyle, Style};
use crate::base::limits;

/// The number of a style.
///
/// A newtype only at the edges: grids keep bare `u16`s so that rows compare as memory.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct StyleId(pub u16);

/// Numbers of all styles that were drawn with. The first `EXACT`, and perhaps one more as a style is given out with what is
/// seen of it on a blank, are for any style, the others for coarse ones.
struct Registry<const COUNT: usize, const EXACT: usize> {
    /// By number.
    styles: [AtomicU64; COUNT],
    /// By number, what is seen of it on a blank.
    on_blank: [AtomicU16; COUNT],
    /// By packed style. None at first: a map without anything in it is not all zero, and would put all of this into the
    /// program's file.
    numbers: Mutex<Option<FxHashMap<u64, u16>>>,
}

const COUNT: usize = 1 << 16;
/// Styles there are when colours have none or all of red, green and blue, or are the terminal's own: attributes, foreground,
/// background.
const COARSE: usize = (1 << Attrs::COUNT) * 9 * 9;
const LATELY_KEPT: usize = 256;

const _: () = assert!(limits::EXACT_STYLES_MAX + 1 + COARSE <= COUNT);

/// Of this process. All of it is zero at first, so that only what was given out takes memory.
static STYLES: Registry<COUNT, { limits::EXACT_STYLES_MAX }> = Registry::new();

thread_local! {
    /// Styles and their numbers, by some bits of the style. The default one has number 0, so an empty entry is a true one.
    static LATELY: [Cell<(u64, u16)>; LATELY_KEPT] = const { [const { Cell::new((0, 0)) }; LATELY_KEPT] };
}

// === impl StyleId ===

impl StyleId {
    pub const DEFAULT: StyleId = StyleId(0);

    /// The number of a style, a new one if it has none yet; where there are too many, that of the coarse one nearest to it.
    #[inline]
    pub fn of(style: impl Into<PackedStyle>) -> StyleId {
        let style = style.into();
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

    /// Whether new styles become coarse ones.
    pub fn are_used_up() -> bool {
        STYLES.is_used_up()
    }

    /// The number of [`PackedStyle::on_blank`].
    #[inline]
    pub fn on_blank(self) -> StyleId {
        StyleId(STYLES.on_blank[usize::from(self.0)].load(Ordering::Relaxed))
    }
}

fn slot(style: u64) -> usize {
    (style.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> (64 - LATELY_KEPT.ilog2())) as usize % LATELY_KEPT
}

// === impl Registry ===

impl<const COUNT: usize, const EXACT: usize> Registry<COUNT, EXACT> {
    /// Number 0 is that of the default style already.
    const fn new() -> Registry<COUNT, EXACT> {
        Registry {
            styles: [const { AtomicU64::new(0) }; COUNT],
            on_blank: [const { AtomicU16::new(0) }; COUNT],
            numbers: Mutex::new(None),
        }
    }

    #[inline]
    fn style(&self, number: u16) -> PackedStyle {
        // Whoever has a number was given it after this was stored, by the lock or with the grid that it stands in.
        PackedStyle(self.styles[usize::from(number)].load(Ordering::Relaxed))
    }

    fn is_used_up(&self) -> bool {
        self.numbers.lock().unwrap_or_else(PoisonError::into_inner).as_ref().is_some_and(Self::takes_no_more)
    }

    /// Whether only coarse ones are added.
    fn takes_no_more(numbers: &FxHashMap<u64, u16>) -> bool {
        numbers.len() >= EXACT
    }

    #[cold]
    #[inline(never)]
    fn number(&self, style: PackedStyle) -> u16 {
        let mut numbers = self.numbers.lock().unwrap_or_else(PoisonError::into_inner);
        let numbers = numbers.get_or_insert_with(|| FxHashMap::from_iter([(PackedStyle::DEFAULT.0, 0)]));
        match numbers.get(&style.0) {
            Some(number) => *number,
            None if Self::takes_no_more(numbers) => self.add(numbers, coarse(style)),
            None => self.add(numbers, style),
        }
    }

    /// With that of what is seen of it on a blank.
    fn add(&self, numbers: &mut FxHashMap<u64, u16>, style: PackedStyle) -> u16 {
        if let Some(number) = numbers.get(&style.0) {
            return *number;
        }
        let seen = style.on_blank();
        let on_blank = (seen != style).then(|| self.add(numbers, seen));
        let number = u16::try_from(numbers.len()).expect("invariant: there is room for all coarse styles");
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

    fn style(index: u32) -> PackedStyle {
        let [_, r, g, b] = index.to_be_bytes();
        PackedStyle::pack(Style::new().fg(Color::rgb(r, g, b)).bg(Color::rgb(b, r, g)))
    }

    #[test]
    fn a_number_stands_for_its_style_and_for_what_is_seen_of_it_on_a_blank() {
        let ids: Vec<StyleId> = (0..3 * LATELY_KEPT as u32).map(|index| StyleId::of(style(index))).collect();
        for (index, id) in (0..).zip(&ids) {
            assert_eq!((id.style(), StyleId::of(style(index))), (style(index), *id));
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
        let registry = Box::new(Registry::<{ EXACT + 1 + COARSE }, EXACT>::new());
        let exact = |count| (0..count).map(|index| registry.number(style(0x30_3030 + index))).collect::<Vec<u16>>();
        exact(4);
        assert!(!registry.is_used_up());
        // The last one takes the number beyond as well.
        let numbers = exact(5);
        assert!(registry.is_used_up());
        for (index, number) in (0..).zip(&numbers) {
            assert_eq!(registry.style(*number), style(0x30_3030 + index));
        }
        let channels = || [0x40_u8, 0xc0].into_iter();
        let mut colors = vec![Color::DEFAULT];
        colors.extend(
            channels().flat_map(|r| channels().flat_map(move |g| channels().map(move |b| Color::rgb(r, g, b)))),
        );
        let mut seen = std::collections::BTreeSet::new();
        for attrs in (0..1 << Attrs::COUNT).map(Attrs::of_bits) {
            for (fg, bg) in colors.iter().flat_map(|fg| colors.iter().map(|bg| (*fg, *bg))) {
                let wanted = Style { fg, bg, attrs };
                let number = registry.number(wanted.into());
                let shown = registry.style(number).unpack();
                assert_eq!((shown.attrs, shown.fg == shown.bg), (wanted.attrs, fg == bg), "{wanted:?}, {shown:?}");
                seen.insert(number);
            }
        }
        // The default one was there before.
        let given = registry.numbers.lock().unwrap().as_ref().map(FxHashMap::len);
        assert_eq!((seen.len(), given), (COARSE, Some(EXACT + COARSE)));
        // Colours that differ and have one nearest go on to differ.
        let near = Style::new().fg(Color::rgb(1, 2, 3)).bg(Color::rgb(1, 2, 4));
        let shown = registry.style(registry.number(near.into())).unpack();
        assert_ne!(shown.fg, shown.bg);
        // Those with a number of their own keep it.
        assert_eq!(exact(5), numbers);
    }
}
