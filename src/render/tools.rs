//! What it takes to draw a picture, and what nothing is left on between two of them.
//!
//! Invariant: whoever draws with tools that others have used draws the same as with new ones. They are lent from view to
//! view: what each of hundreds had of its own would take more memory than its picture, and would be read from far away.

use crate::base::{Size, limits};
use crate::encode::{Encoder, Encoding};
use crate::frame::Grid;
use crate::model::{GlyphSet, ViewSpec};

/// Of one picture's size and encoding.
#[derive(Debug)]
pub struct Tools {
    /// To draw on, whatever stands there.
    pub(super) paper: Grid,
    pub(super) encoder: Encoder,
}

/// Tools that nobody uses just now.
#[derive(Debug, Default)]
pub struct Pool {
    /// Of different sizes, the one used last at the end.
    papers: Vec<Grid>,
    /// One for each encoding that was wanted, of which there are few.
    encoders: Vec<Encoder>,
}

// === impl Tools ===

impl Tools {
    pub fn new(spec: &ViewSpec) -> Tools {
        Tools { paper: Grid::new(spec.size), encoder: Encoder::new(encoding(spec)) }
    }
}

// === impl Pool ===

impl Pool {
    /// What it takes to draw what a spec asks for.
    pub fn take(&mut self, spec: &ViewSpec) -> Tools {
        let paper = self.papers.iter().rposition(|paper| paper.size() == spec.size);
        let encoder = self.encoders.iter().position(|encoder| encoder.encoding() == encoding(spec));
        Tools {
            paper: paper.map_or_else(|| Grid::new(spec.size), |place| self.papers.remove(place)),
            encoder: encoder.map_or_else(|| Encoder::new(encoding(spec)), |place| self.encoders.swap_remove(place)),
        }
    }

    pub fn put(&mut self, tools: Tools) {
        if self.papers.len() == limits::PAPERS_MAX {
            self.papers.remove(0);
        }
        self.papers.push(tools.paper);
        self.encoders.push(tools.encoder);
    }

    /// Nobody sees this size any more.
    pub fn forget(&mut self, size: Size) {
        self.papers.retain(|paper| paper.size() != size);
    }
}

fn encoding(spec: &ViewSpec) -> Encoding {
    Encoding { palette: spec.palette, ascii: spec.glyphs == GlyphSet::Ascii }
}
