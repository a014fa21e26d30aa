//! Frames as bytes for terminals: whole (keyframe) or as what changed (delta).
//!
//! Wire rules, which `grammar` checks from the outside: a frame stands between `CSI ?2026h` and `CSI ?2026l`; in it only
//! text, SGR, cursor addressing (CUP, CHA, VPA) and erasing (ECH, EL). It presumes default SGR and no cursor position
//! and leaves default SGR behind; a keyframe does not even presume that, so after a torn frame `ESC \` and a keyframe
//! make a screen whole. Nothing is repeated or scrolled, and the absolute position follows all text whose width
//! terminals disagree on.
//!
//! This must not decide when or for whom a frame is encoded.

mod changes;
pub mod export;
mod fallback;
pub mod grammar;
mod order;
pub mod palette;
mod pen;
mod place;
mod row;
mod sgr;
#[cfg(test)]
mod tests;

use crate::base::Size;
use crate::frame::{Grid, PackedStyle, Style};
use crate::label::Label;
use crate::model::Palette;
use order::Writer;
use palette::Reducer;
use pen::{Pen, Tables};
pub use place::place;
use row::Task;
use sgr::Transitions;

/// What a terminal can show.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Encoding {
    pub palette: Palette,
    /// Nothing beyond ASCII: drawing characters get a stand-in, other text becomes `?`.
    pub ascii: bool,
}

/// Encodes frames; keeps tables between frames, nothing about them.
#[derive(Clone, Debug)]
pub struct Encoder {
    encoding: Encoding,
    tables: Tables,
    writer: Writer,
}

/// Bytes beyond a frame's own that are written and cut off again: with room for them nothing has to move.
pub const BYTES_BEYOND: usize = 64;

/// Opens every frame: the terminal shows nothing of it before it is whole.
const BEGIN: &[u8] = b"\x1b[?2026h";
/// Closes every frame.
const END: &[u8] = b"\x1b[?2026l";
const RESET: &[u8] = b"\x1b[m";

// === impl Encoder ===

impl Encoder {
    pub fn new(encoding: Encoding) -> Encoder {
        let tables = Tables {
            reducer: Reducer::new(encoding.palette),
            transitions: Transitions::new(encoding.palette),
            ascii: encoding.ascii,
        };
        Encoder { encoding, tables, writer: Writer::default() }
    }

    pub fn encoding(&self) -> Encoding {
        self.encoding
    }

    /// Appends the whole frame. It erases nothing before it writes, so that nothing flickers.
    pub fn keyframe(&mut self, grid: &Grid, out: &mut Vec<u8>) {
        let mut pen = Pen::new(out, &mut self.tables, grid.size().cols());
        pen.raw(BEGIN);
        pen.raw(RESET);
        for y in 0..grid.size().rows() {
            let task = Task { y, grid, to: grid.row(y), from: None, same_clusters: true };
            task.collect(&mut pen.tables().reducer, &mut self.writer.segments);
            if self.writer.is_full() {
                self.writer.write(&mut pen, grid, 0);
            }
        }
        self.writer.write(&mut pen, grid, 0);
        pen.set_style(PackedStyle::DEFAULT);
        pen.raw(END);
    }

    /// Appends what makes `from` on the screen into `to`. False, and nothing appended, when a viewer could see no
    /// difference. Frames of different sizes have no delta; the answer then is a keyframe.
    pub fn delta(&mut self, from: &Grid, to: &Grid, out: &mut Vec<u8>) -> bool {
        if from.size() != to.size() {
            self.keyframe(to, out);
            return true;
        }
        let start = out.len();
        let same_clusters = from.same_clusters(to);
        let mut pen = Pen::new(out, &mut self.tables, to.size().cols());
        pen.raw(BEGIN);
        for y in 0..to.size().rows() {
            let (old, new) = (from.row(y), to.row(y));
            if same_clusters && old.symbols == new.symbols && old.styles == new.styles {
                continue;
            }
            let task = Task { y, grid: to, to: new, from: Some((old, from)), same_clusters };
            task.collect(&mut pen.tables().reducer, &mut self.writer.segments);
            if self.writer.is_full() {
                self.writer.write(&mut pen, to, 0);
            }
        }
        self.writer.write(&mut pen, to, 0);
        pen.set_style(PackedStyle::DEFAULT);
        let is_empty = out.len() == start + BEGIN.len();
        if is_empty {
            out.truncate(start);
        } else {
            out.extend_from_slice(END);
        }
        !is_empty
    }
}

/// One frame that paints the last row over with a text, in the style's background all the way. For those who have no
/// grid: a lost worker's viewers, a client without a daemon.
pub fn banner(size: Size, encoding: Encoding, text: &Label, style: Style) -> Vec<u8> {
    let mut grid = Grid::new(Size::clamped(size.cols(), 1));
    let mut canvas = grid.canvas();
    canvas.clear(style);
    canvas.label(0, 0, &text.clip(size.cols()), style);
    let mut encoder = Encoder::new(encoding);
    let mut out = Vec::new();
    let mut pen = Pen::new(&mut out, &mut encoder.tables, size.cols());
    pen.raw(BEGIN);
    pen.raw(RESET);
    let y = size.rows() - 1;
    let task = Task { y, grid: &grid, to: grid.row(0), from: None, same_clusters: true };
    task.collect(&mut pen.tables().reducer, &mut encoder.writer.segments);
    encoder.writer.write(&mut pen, &grid, y);
    pen.set_style(PackedStyle::DEFAULT);
    pen.raw(END);
    out
}
