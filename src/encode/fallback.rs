//! ASCII that stands in for drawing characters and common signs.

/// Dots from which on a braille cell counts as half full, and as full.
const DOTS_HALF: u32 = 3;
const DOTS_FULL: u32 = 6;

/// One column of printable ASCII for a code point beyond it.
pub(super) fn ascii(value: u32) -> u8 {
    match char::from_u32(value).unwrap_or('?') {
        '‐'..='―' | '−' => b'-',
        '‘' | '’' => b'\'',
        '“' | '”' => b'"',
        '…' => b'~',
        '·' => b'.',
        '•' => b'*',
        'µ' | 'μ' => b'u',
        '°' => b'\'',
        '×' => b'x',
        '←' => b'<',
        '→' => b'>',
        '↑' => b'^',
        '↓' => b'v',
        '│' | '┃' | '┆' | '┇' | '┊' | '┋' | '╎' | '╏' | '║' | '╵' | '╷' | '╹' | '╻' | '╽' | '╿' => {
            b'|'
        }
        '─' | '━' | '┄' | '┅' | '┈' | '┉' | '╌' | '╍' | '╴' | '╶' | '╸' | '╺' | '╼' | '╾' => {
            b'-'
        }
        '═' => b'=',
        '╱' => b'/',
        '╲' => b'\\',
        '╳' => b'X',
        '\u{2500}'..='\u{257f}' => b'+',
        '▀' | '▔' => b'"',
        '▁' | '▂' => b'_',
        '▃' | '▄' => b'=',
        '▍' | '▎' | '▏' | '▕' => b'|',
        '░' => b'.',
        '▒' => b':',
        '\u{2580}'..='\u{259f}' => b'#',
        '▲' | '△' => b'^',
        '▼' | '▽' => b'v',
        '▶' | '▷' => b'>',
        '◀' | '◁' => b'<',
        '○' | '◯' => b'o',
        '\u{25a0}'..='\u{25ff}' => b'*',
        '\u{2800}'..='\u{28ff}' => match (value & 0xff).count_ones() {
            0 => b' ',
            dots if dots < DOTS_HALF => b'.',
            dots if dots < DOTS_FULL => b':',
            _ => b'#',
        },
        _ => b'?',
    }
}

#[cfg(test)]
mod tests {
    use super::ascii;

    #[test]
    fn everything_becomes_printable_ascii() {
        for value in 0x80..0x11_0000 {
            assert!((b' '..=b'~').contains(&ascii(value)), "{value:x}");
        }
    }

    #[test]
    fn shapes_keep_their_sense() {
        let text: String = "─│┌┼═▄█░⠁⠿⣿→▲…·°中é".chars().map(|c| char::from(ascii(c.into()))).collect();
        assert_eq!(text, "-|++=".to_owned() + "=#.." + "##>^~.'??");
    }
}
