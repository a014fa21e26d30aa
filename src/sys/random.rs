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

#[cfg(test)]
mod tests {
    #[test]
    fn numbers_differ() {
        let drawn: std::collections::HashSet<u64> = (0..64).map(|_| super::u64()).collect();
        assert_eq!(drawn.len(), 64);
    }
}
