//! Which cells of a row have to be shown, as bits.
//!
//! Invariant: bits beyond the row are never set.

use crate::base::limits;
use crate::frame::Row;

const BITS: usize = 64;
/// Cells compared at once.
const EIGHT: usize = 8;
const WORDS: usize = (limits::COLS_MAX as usize).div_ceil(BITS);

/// One bit for each cell of a row.
#[derive(Clone, Debug)]
pub(super) struct Changes {
    words: [u64; WORDS],
    cols: u16,
}

// === impl Changes ===

impl Changes {
    /// Every cell.
    pub(super) fn all(cols: u16) -> Changes {
        let words = std::array::from_fn(|index| match usize::from(cols).saturating_sub(index * BITS) {
            0 => 0,
            left @ 1..BITS => (1 << left) - 1,
            _ => u64::MAX,
        });
        Changes { words, cols }
    }

    /// The cells whose memory differs; both rows are of one length.
    pub(super) fn between(from: Row<'_>, to: Row<'_>) -> Changes {
        let cols = u16::try_from(to.symbols.len()).expect("invariant: a grid has at most COLS_MAX columns");
        let mut changes = Changes { words: [0; WORDS], cols };
        let (old_symbols, _) = from.symbols.as_chunks::<EIGHT>();
        let (new_symbols, rest) = to.symbols.as_chunks::<EIGHT>();
        let (old_styles, _) = from.styles.as_chunks::<EIGHT>();
        let (new_styles, _) = to.styles.as_chunks::<EIGHT>();
        let eights = old_symbols.iter().zip(new_symbols).zip(old_styles.iter().zip(new_styles));
        for (index, ((a, b), (c, d))) in eights.enumerate() {
            changes.words[index * EIGHT / BITS] |= eight(a, b, c, d) << (index * EIGHT % BITS);
        }
        for x in cols - u16::try_from(rest.len()).expect("invariant: less than eight")..cols {
            let at = usize::from(x);
            changes.set(x, from.symbols[at] != to.symbols[at] || from.styles[at] != to.styles[at]);
        }
        changes
    }

    #[inline]
    pub(super) fn contains(&self, x: u16) -> bool {
        self.words[usize::from(x) / BITS] >> (usize::from(x) % BITS) & 1 == 1
    }

    pub(super) fn set(&mut self, x: u16, is_changed: bool) {
        let bit = 1 << (usize::from(x) % BITS);
        let word = &mut self.words[usize::from(x) / BITS];
        *word = if is_changed { *word | bit } else { *word & !bit };
    }

    /// One past the cells from `x` on that follow each other, `x` being one.
    #[inline]
    pub(super) fn run_end(&self, x: u16) -> u16 {
        let (mut index, from) = (usize::from(x) / BITS, u32::from(x) % u64::BITS);
        let mut ones = (self.words[index] >> from).trailing_ones();
        // A run that fills its word may go on in the next one.
        while (from + ones).is_multiple_of(u64::BITS) && index + 1 < WORDS && self.words[index + 1] & 1 == 1 {
            index += 1;
            ones += self.words[index].trailing_ones();
        }
        x + u16::try_from(ones).unwrap_or(0)
    }

    /// The first cell from `x` on; the number of columns if there is none.
    #[inline]
    pub(super) fn next(&self, x: u16) -> u16 {
        let mut index = usize::from(x) / BITS;
        let mut mask = u64::MAX << (usize::from(x) % BITS);
        while let Some(word) = self.words.get(index) {
            let found = word & mask;
            if found != 0 {
                return u16::try_from(index * BITS).unwrap_or(self.cols)
                    + u16::try_from(found.trailing_zeros()).unwrap_or(0);
            }
            mask = u64::MAX;
            index += 1;
        }
        self.cols
    }
}

/// Which of eight cells differ, the first one lowest. Without a branch for each cell: the compiler makes vectors of it.
#[inline]
fn eight(a: &[u32; EIGHT], b: &[u32; EIGHT], c: &[u16; EIGHT], d: &[u16; EIGHT]) -> u64 {
    let mut differences = [0_u32; EIGHT];
    for index in 0..EIGHT {
        differences[index] = (a[index] ^ b[index]) | u32::from(c[index] ^ d[index]);
    }
    if differences.iter().fold(0, |all, one| all | one) == 0 {
        return 0;
    }
    differences.iter().rev().fold(0, |bits, one| bits << 1 | u64::from(*one != 0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_changed_cell_has_its_bit_and_no_other() {
        for cols in [1_u16, 7, 8, 63, 64, 65, 128, 999, 1000] {
            let len = usize::from(cols);
            let (symbols, styles) = (vec![7_u32; len], vec![9_u16; len]);
            let mut changed_symbols = symbols.clone();
            let mut changed_styles = styles.clone();
            for x in (0..len).step_by(5) {
                changed_symbols[x] = 1 << 31;
            }
            for x in (0..len).step_by(7) {
                changed_styles[x] = 1 << 15;
            }
            let from = Row { symbols: &symbols, styles: &styles };
            let to = Row { symbols: &changed_symbols, styles: &changed_styles };
            let mut changes = Changes::between(from, to);
            for x in 0..cols {
                assert_eq!(changes.contains(x), x % 5 == 0 || x % 7 == 0, "{x} of {cols}");
                let next = (x..cols).find(|x| x % 5 == 0 || x % 7 == 0).unwrap_or(cols);
                assert_eq!(changes.next(x), next, "from {x} of {cols}");
                assert_eq!(Changes::all(cols).next(x), x);
                if x % 5 == 0 || x % 7 == 0 {
                    let end = (x..cols).find(|x| x % 5 != 0 && x % 7 != 0).unwrap_or(cols);
                    assert_eq!(changes.run_end(x), end, "from {x} of {cols}");
                }
                assert_eq!(Changes::all(cols).run_end(x), cols);
            }
            assert_eq!(changes.next(cols), cols);
            assert_eq!(Changes::all(cols).next(cols), cols);
            changes.set(0, false);
            changes.set(cols - 1, true);
            assert!(changes.contains(cols - 1) && (cols == 1 || !changes.contains(0)));
        }
    }
}
