//! Rain of signs: in most columns one falls, and a trail of signs fades behind it.

use super::{AnimationPlan, Dice, PARTS, SHADES, light, shades, way};
use crate::frame::{Canvas, Glyph};
use crate::model::GlyphSet;
use crate::widget::{Level, Look};

/// Rows for each stream of a column, so that tall screens are as full as low ones.
const ROWS_PER_STREAM: u64 = 40;
/// How far a stream falls in a frame: four to eighteen rows a second.
const SPEEDS: (u64, u64) = (17, 77);
/// Frames for which a sign stays what it is.
const SIGN_FRAMES: u64 = 48;

/// Signs for terminals with a font: letters and what looks like letters from far away.
const SIGNS: [Glyph; 64] = signs(*b"0123456789ABCDEFHKLNRTVXYZ<>=+*:", true);
const ASCII_SIGNS: [Glyph; 64] = signs(*b"0123456789ABCDEFHKLNRTVXYZ<>=+*:", false);

const fn signs(letters: [u8; 32], drawn: bool) -> [Glyph; 64] {
    const DRAWN: [char; 16] = ['╪', '╫', '┼', '╞', '╡', '╟', '╢', '╧', '╤', '╥', '╨', '┤', '├', '╬', '╠', '╣'];
    let mut signs = [Glyph::BLANK; 64];
    let mut index = 0;
    while index < 64 {
        let value = if drawn && index % 2 == 1 { DRAWN[index / 2 % 16] } else { letters[index % 32] as char };
        signs[index] = Glyph::new(value);
        index += 1;
    }
    signs
}

pub(super) fn paint(plan: &AnimationPlan, canvas: &mut Canvas<'_>, look: Look) {
    let (width, height) = canvas.size();
    let styles = shades(look.theme.level(Level::Good), look);
    let head_style = light(look);
    let signs = if look.glyphs == GlyphSet::Ascii { &ASCII_SIGNS } else { &SIGNS };
    let streams = u64::from(height).div_ceil(ROWS_PER_STREAM);
    for x in 0..width {
        for stream in 0..streams {
            let column = u64::from(x) * streams + stream;
            let mut dice = Dice::of(plan.seed, column, 0);
            let speed = SPEEDS.0 + dice.below(SPEEDS.1 - SPEEDS.0);
            let rows = u64::from(height);
            // A trail is never longer than three quarters of the height, so that heads are seen to come and go.
            let pause = dice.below(rows / 2 + 4);
            let round_rows = rows + rows * 3 / 4 + pause;
            let (head, round) =
                way(plan.frame, speed, dice.below(round_rows * PARTS as u64), round_rows * PARTS as u64);
            let head = head / PARTS;
            let length = (3 + rows / 5 + Dice::of(plan.seed, column, round).below(rows / 2)) as i64;
            for behind in 0..length {
                let Ok(y) = u16::try_from(head - behind) else { break };
                if y >= height {
                    continue;
                }
                let sign = sign(plan, x, y);
                let shade = SHADES - 1 - (behind as usize * SHADES / length as usize).min(SHADES - 1);
                let style = if behind == 0 { head_style } else { styles[shade] };
                canvas.glyph(x, y, signs[sign], style);
            }
        }
    }
}

/// The sign that stands in a cell; it changes now and then, each cell in its own time.
fn sign(plan: &AnimationPlan, x: u16, y: u16) -> usize {
    let cell = u64::from(x) << 16 | u64::from(y);
    let mut dice = Dice::of(plan.seed ^ 1, cell, 0);
    let life = SIGN_FRAMES + dice.below(8 * SIGN_FRAMES);
    let (_, round) = way(plan.frame, 1, dice.below(life), life);
    Dice::of(plan.seed ^ 1, cell, round.wrapping_add(1)).below(64) as usize
}
