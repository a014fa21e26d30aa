//! Snow: flakes near and far, swaying as they fall on a drift that grows for the first minutes.

use std::f32::consts::TAU;

use super::field::Field;
use super::{AnimationPlan, Dice, FRAMES_PER_SECOND, PARTS, SHADES, light, shades, way};
use crate::base::Rect;
use crate::frame::{Canvas, Glyph};
use crate::model::GlyphSet;
use crate::widget::Look;

/// Cells of sky for each flake.
const CELLS_PER_FLAKE: u64 = 11;
/// How far flakes fall in a frame, far ones first: one to four rows a second.
const SPEEDS: [u64; 3] = [5, 9, 15];
/// Their shades.
const LIGHT: [usize; 3] = [1, 4, 7];
/// Until the drift is as high as it gets.
const DRIFT_FRAMES: u64 = 180 * FRAMES_PER_SECOND;
/// Share of the height that the drift takes in the end.
const DRIFT_SHARE: f32 = 0.14;

pub(super) fn paint(plan: &AnimationPlan, canvas: &mut Canvas<'_>, look: Look) {
    let (width, height) = canvas.size();
    let mut field = Field::new(width, height, look.glyphs);
    let across = i64::from(width) * PARTS;
    // One row more than there are, so that flakes come in from above.
    let fall = (u64::from(height) + 1) * PARTS as u64;
    let flakes = (u64::from(width) * u64::from(height)).div_ceil(CELLS_PER_FLAKE);
    for flake in 0..flakes {
        let mut dice = Dice::of(plan.seed, flake, 0);
        let depth = [0, 0, 0, 1, 1, 2][dice.below(6) as usize];
        let speed = SPEEDS[depth] * (192 + dice.below(128)) / 256;
        let (y, round) = way(plan.frame, speed.max(1), dice.below(fall), fall);
        let period = 180 + dice.below(300);
        let turn = (plan.frame % period + dice.below(period)) as f32 / period as f32;
        let sway = (turn * TAU).sin() * (0.3 + dice.share()) * PARTS as f32;
        // Every time it falls elsewhere.
        let start = Dice::of(plan.seed, flake, round).below(across as u64) as i64;
        let x = (start + sway as i64).rem_euclid(across);
        let y = y - PARTS;
        field.dot(x, y, LIGHT[depth]);
        if depth == 2 && look.glyphs == GlyphSet::Braille {
            // A near flake is two dots wide and high.
            for (dx, dy) in [(PARTS / 2, 0), (0, PARTS / 4), (PARTS / 2, PARTS / 4)] {
                field.dot(x + dx, y + dy, LIGHT[depth]);
            }
        }
    }
    let styles = shades(light(look), look);
    // Half blocks are no flakes.
    field.paint(canvas, &styles, |shade| match look.glyphs {
        GlyphSet::Block => Some(Glyph::new(if shade > 5 { '*' } else { '.' })),
        GlyphSet::Braille | GlyphSet::Ascii => None,
    });
    drift(plan, canvas, look);
}

/// What lies on the ground.
fn drift(plan: &AnimationPlan, canvas: &mut Canvas<'_>, look: Look) {
    let (width, height) = canvas.size();
    let grown = plan.frame.min(DRIFT_FRAMES) as f32 / DRIFT_FRAMES as f32;
    let high = f32::from(height) * DRIFT_SHARE * grown.sqrt();
    let mut dice = Dice::of(plan.seed, u64::MAX, 0);
    let waves = [(2.3, dice.share()), (5.1, dice.share()), (11.7, dice.share())];
    let style = shades(light(look), look)[SHADES - 4];
    for x in 0..width {
        let at = f32::from(x) / 90.0;
        let wave: f32 = waves.iter().map(|(length, shift)| ((at * length + shift) * TAU / 2.0).sin() / length).sum();
        let top = high * (0.75 + wave * 0.6);
        let whole = (top.max(0.0) as u16).min(height);
        // The part of a cell on top of the whole ones, in eighths.
        let rest = ((top - f32::from(whole)).clamp(0.0, 0.99) * 8.0) as usize;
        let (full, partial) = match look.glyphs {
            GlyphSet::Braille => {
                (Glyph::dots(0xff), [0, 0xc0, 0xc0, 0xe4, 0xe4, 0xf6, 0xf6, 0xff].map(Glyph::dots)[rest])
            }
            // Solid white would outshine everything else on the wall.
            GlyphSet::Block => (Glyph::new('▒'), if rest < 4 { Glyph::BLANK } else { Glyph::new('▄') }),
            GlyphSet::Ascii => (Glyph::new('#'), if rest < 4 { Glyph::BLANK } else { Glyph::new('_') }),
        };
        canvas.fill(Rect::new(x, height - whole, 1, whole), full, style);
        if partial != Glyph::BLANK && whole < height {
            canvas.glyph(x, height - whole - 1, partial, style);
        }
    }
}
