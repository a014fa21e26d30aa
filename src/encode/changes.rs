//! Which cells of a row have to be shown, as bits.
//!
//! Invariant: bits beyond the row are never set.

use crate::base::limits;
use crate::frame::Row;

const BITS: usize = 64;
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
        let (old_symbols, old_rest) = from.symbols.as_chunks();
        let (new_symbols, new_rest) = to.symbols.as_chunks();
        let (old_styles, old_rest_styles) = from.styles.as_chunks();
        let (new_styles, new_rest_styles) = to.styles.as_chunks();
        let mut words = changes.words.iter_mut();
        let cells = old_symbols.iter().zip(new_symbols).zip(old_styles.iter().zip(new_styles));
        for (((a, b), (c, d)), word) in cells.zip(&mut words) {
            *word = word_of(a, b, c, d);
        }
        if !new_rest.is_empty()
            && let Some(word) = words.next()
        {
            let (a, b) = (filled_up(old_rest), filled_up(new_rest));
            *word = word_of(&a, &b, &filled_up(old_rest_styles), &filled_up(new_rest_styles));
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

/// Which of these cells differ, the first one lowest. Plain loops without a branch: the compiler makes vectors of them.
fn word_of(a: &[u32; BITS], b: &[u32; BITS], c: &[u16; BITS], d: &[u16; BITS]) -> u64 {
    let mut differ = [0_u8; BITS];
    for index in 0..BITS {
        differ[index] = u8::from(a[index] != b[index]);
    }
    for index in 0..BITS {
        differ[index] |= u8::from(c[index] != d[index]);
    }
    let (eights, _) = differ.as_chunks();
    // The product has the lowest bits of all eight bytes side by side in its highest byte.
    let bits = |eight: &[u8; 8]| u64::from_le_bytes(*eight).wrapping_mul(0x0102_0408_1020_4080) >> 56;
    (0..).zip(eights).fold(0, |word, (index, eight)| word | bits(eight) << (8 * index))
}

/// The last cells of a row, followed by cells that are alike in all rows.
fn filled_up<T: Copy + Default>(cells: &[T]) -> [T; BITS] {
    let mut all = [T::default(); BITS];
    all[..cells.len()].copy_from_slice(cells);
    all
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
