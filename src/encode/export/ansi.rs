//! A frame as lines with escape sequences, for `cat` wherever the cursor stands.

use crate::encode::pen::Pen;
use crate::encode::{Encoder, Encoding};
use crate::frame::{Grid, PackedStyle, StyleId, Symbol};

/// One line a row, without the trailing blanks that nobody would see; each ends in the default style and a line feed.
pub fn ansi(grid: &Grid, encoding: Encoding) -> Vec<u8> {
    let mut encoder = Encoder::new(encoding);
    let mut out = Vec::new();
    for y in 0..grid.size().rows() {
        let mut pen = Pen::new(&mut out, &mut encoder.tables, grid.size().cols());
        row(&mut pen, grid, y, encoding.ascii);
        pen.set_style(PackedStyle::DEFAULT);
        pen.raw(b"\n");
    }
    out
}

fn row(pen: &mut Pen<'_>, grid: &Grid, y: u16, ascii: bool) {
    let row = grid.row(y);
    let mut blanks = 0;
    for (x, (symbol, style)) in row.symbols.iter().zip(row.styles).enumerate() {
        let (symbol, style) = (Symbol(*symbol), pen.tables().reducer.reduce(StyleId(*style)));
        if symbol.is_tail() {
            continue;
        }
        let style = if symbol.is_blank() { style.on_blank() } else { style };
        if symbol.is_blank() && style == PackedStyle::DEFAULT {
            blanks += 1;
            continue;
        }
        if blanks > 0 {
            pen.set_style(PackedStyle::DEFAULT);
            pen.blanks(std::mem::take(&mut blanks));
        }
        pen.set_style(style);
        pen.text(grid, &[symbol.0]);
        if !symbol.is_certain() && !ascii {
            // Terminals disagree on where the cursor is now.
            let next = x + usize::from(symbol.columns()) + 1;
            pen.raw(format!("\x1b[{next}G").as_bytes());
        }
    }
}
