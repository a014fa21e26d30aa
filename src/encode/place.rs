//! Frames in a part of a screen: the same bytes, with rows that count from further down.
//!
//! Invariant: only the row numbers of CUP and VPA change; a frame of the closed grammar has no other way to a row.

/// Puts a frame `down` rows lower. What is no sequence of a frame goes through as it is.
pub fn place(frame: &[u8], down: u16) -> Vec<u8> {
    let mut out = Vec::with_capacity(frame.len() + frame.len() / 8);
    let mut rest = frame;
    while let Some(at) = rest.windows(CSI.len()).position(|bytes| bytes == CSI) {
        let (text, sequence) = rest.split_at(at);
        out.extend_from_slice(text);
        let params = &sequence[CSI.len()..];
        let len = params.iter().position(|byte| !matches!(byte, b'0'..=b'?')).unwrap_or(params.len());
        let (params, after) = params.split_at(len);
        out.extend_from_slice(CSI);
        match after.first() {
            Some(b'H' | b'd') => {
                let digits = params.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(params.len());
                let (row, columns) = params.split_at(digits);
                // The wire counts from 1 and leaves the first one out.
                let row = std::str::from_utf8(row).ok().and_then(|row| row.parse().ok()).unwrap_or(1_u16);
                out.extend_from_slice(row.saturating_add(down).to_string().as_bytes());
                out.extend_from_slice(columns);
            }
            _ => out.extend_from_slice(params),
        }
        rest = after;
    }
    out.extend_from_slice(rest);
    out
}

const CSI: &[u8] = b"\x1b[";

#[cfg(test)]
mod tests {
    use std::num::NonZeroU16;

    use proptest::prelude::*;

    use super::*;
    use crate::base::Size;
    use crate::encode::{Encoder, Encoding};
    use crate::frame::{Color, Grid, Style};
    use crate::label::Label;
    use crate::model::Palette;

    /// What a terminal of a few rows above the region shows.
    fn screen(rows: u16, cols: u16) -> vt100::Parser {
        let cells = |count| NonZeroU16::new(count).expect("a size is never zero");
        vt100::Parser::new(cells(rows), cells(cols), 0)
    }

    #[test]
    fn rows_move_and_nothing_else_does() {
        for (frame, placed) in [
            ("\x1b[H", "\x1b[6H"),
            ("\x1b[3H", "\x1b[8H"),
            ("\x1b[;7H", "\x1b[6;7H"),
            ("\x1b[12;7HHd", "\x1b[17;7HHd"),
            ("\x1b[d\x1b[4d", "\x1b[6d\x1b[9d"),
            (
                "\x1b[?2026hx\x1b[3G\x1b[K\x1b[2X\x1b[1;38;5;3m\x1b[?2026l",
                "\x1b[?2026hx\x1b[3G\x1b[K\x1b[2X\x1b[1;38;5;3m\x1b[?2026l",
            ),
            ("\x1b[", "\x1b["),
            ("\x1b\\", "\x1b\\"),
        ] {
            assert_eq!(String::from_utf8_lossy(&place(frame.as_bytes(), 5)), placed, "{frame:?}");
        }
        assert_eq!(place(b"\x1b[65535H\x1b[99999H", 500), b"\x1b[65535H\x1b[501H");
    }

    proptest! {
        #[test]
        fn a_region_shows_the_frame_and_the_lines_above_it_stay(
            size in (1_u16..40, 1_u16..12),
            above in 0_u16..12,
            words in proptest::collection::vec((0_u16..40, 0_u16..12, "[ -~\u{2500}-\u{2510}é世界]{0,9}", any::<bool>()), 0..12),
        ) {
            let (cols, rows) = size;
            let (mut whole, mut part) = (screen(rows, cols), screen(above + rows, cols));
            (0..above).for_each(|row| part.process(format!("\x1b[{};1Hrow {row}", row + 1).as_bytes()));
            let untouched: Vec<String> = part.screen().rows(0, cols).take(above.into()).collect();
            let mut encoder = Encoder::new(Encoding { palette: Palette::Truecolor, ascii: false });
            let (mut shown, mut next) = (Grid::new(Size::clamped(cols, rows)), Grid::new(Size::clamped(cols, rows)));
            let mut bytes = Vec::new();
            encoder.keyframe(&shown, &mut bytes);
            for (x, y, text, styled) in words {
                whole.process(&bytes);
                part.process(&place(&bytes, above));
                let style = if styled { Style::new().bold().bg(Color::rgb(1, 2, 3)) } else { Style::new() };
                next.canvas().label(x, y, &Label::plain(&text), style);
                bytes.clear();
                encoder.delta(&shown, &next, &mut bytes);
                shown.clone_from(&next);
            }
            whole.process(&bytes);
            part.process(&place(&bytes, above));
            for row in 0..rows {
                for col in 0..cols {
                    prop_assert_eq!(part.screen().cell(above + row, col), whole.screen().cell(row, col), "{},{}", row, col);
                }
            }
            let after: Vec<String> = part.screen().rows(0, cols).take(above.into()).collect();
            prop_assert_eq!(after, untouched);
        }
    }
}
