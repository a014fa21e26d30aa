//! The words of a table that says what each of them means.

/// The first of each pair, for tables that are known when the program is built.
pub const fn words<T, const N: usize>(table: &[(&'static str, T); N]) -> [&'static str; N] {
    let mut words = [""; N];
    let mut index = 0;
    while index < N {
        words[index] = table[index].0;
        index += 1;
    }
    words
}

#[cfg(test)]
mod tests {
    #[test]
    fn words_keep_their_order() {
        const WORDS: [&str; 2] = super::words(&[("b", 2.0), ("a", 1.0)]);
        assert_eq!(WORDS, ["b", "a"]);
    }
}
