//! Randomness, for jitter and for names nobody should guess.
#![expect(unsafe_code, reason = "getrandom fills a buffer through a pointer")]

/// 64 random bits from the kernel.
pub fn u64() -> u64 {
    let mut bytes = [0_u8; 8];
    let mut filled = 0;
    while filled < bytes.len() {
        let rest = &mut bytes[filled..];
        // SAFETY: the pointer and the length describe `rest`, which is writable and outlives the call.
        let count = unsafe { libc::getrandom(rest.as_mut_ptr().cast(), rest.len(), 0) };
        // Eight bytes can only fail before the pool is seeded, by a signal: ask again.
        filled += usize::try_from(count).unwrap_or(0);
    }
    u64::from_ne_bytes(bytes)
}

/// Numbers for jitter: the kernel is asked for the first, and each of the others is made of the one before it (SplitMix64:
/// Steele, Lea, Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014). For nothing that must not be guessed.
#[derive(Debug)]
pub struct Jitter(u64);

// === impl Jitter ===

impl Jitter {
    pub fn new() -> Jitter {
        Jitter(u64())
    }

    pub fn draw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}

impl Default for Jitter {
    fn default() -> Jitter {
        Jitter::new()
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn one_number_of_the_kernel_becomes_many_that_differ_from_those_of_another() {
        let (mut one, mut other) = (super::Jitter::new(), super::Jitter::new());
        let drawn: std::collections::HashSet<u64> = (0..1_000).flat_map(|_| [one.draw(), other.draw()]).collect();
        assert_eq!(drawn.len(), 2_000);
        // What SplitMix64 makes of 0.
        assert_eq!(super::Jitter(0).draw(), 0xe220_a839_7b1d_cdaf);
    }

    #[test]
    fn numbers_differ() {
        let drawn: std::collections::HashSet<u64> = (0..64).map(|_| super::u64()).collect();
        assert_eq!(drawn.len(), 64);
    }
}
