//! A fountain: particles rise from the middle of the bottom, glow, and fall.

use super::field::Field;
use super::{AnimationPlan, Dice, PARTS, SHADES, light, shades, way};
use crate::frame::{Canvas, Style};
use crate::widget::Look;

/// Cells for each particle.
const CELLS_PER_PARTICLE: u64 = 6;
/// Frames from the throw to the ground, the fastest and the slowest.
const LIFE_FRAMES: (u64, u64) = (90, 210);
/// Share of the height that the highest throw reaches.
const RISE_MAX: f32 = 0.96;
/// A particle leaves light behind it: so many places, in frames before now.
const TRAIL: [u64; 3] = [0, 2, 4];

pub(super) fn paint(plan: &AnimationPlan, canvas: &mut Canvas<'_>, look: Look) {
    let (width, height) = canvas.size();
    let mut field = Field::new(width, height, look.glyphs);
    let (across, down) = (f32::from(width) * PARTS as f32, f32::from(height) * PARTS as f32);
    let particles = (u64::from(width) * u64::from(height)).div_ceil(CELLS_PER_PARTICLE);
    for particle in 0..particles {
        let mut dice = Dice::of(plan.seed, particle, 0);
        let life = LIFE_FRAMES.0 + dice.below(LIFE_FRAMES.1 - LIFE_FRAMES.0);
        let (age, round) = way(plan.frame, 1, dice.below(life), life);
        // Every throw is another one.
        let mut dice = Dice::of(plan.seed, particle, round.wrapping_add(1));
        // Two dice for the side: most go up steeply, few go far.
        let side = (dice.share() + dice.share() - 1.0) * 0.46;
        let rise = RISE_MAX * (0.45 + 0.55 * dice.share()) * (1.0 - 0.5 * side.abs());
        let spark = dice.below(3) as usize;
        for behind in TRAIL {
            let Some(age) = (age as u64).checked_sub(behind) else { break };
            let share = age as f32 / life as f32;
            let x = across * (0.5 + side * share);
            let y = down * (1.0 - rise * 4.0 * share * (1.0 - share));
            // It glows as it is thrown and fades as it falls.
            let shade = ((1.0 - share) * SHADES as f32) as usize + spark;
            field.dot(x as i64, y as i64 - 1, shade.saturating_sub(1 + behind as usize / 2));
        }
    }
    field.paint(canvas, &glow(look), |_| None);
}

/// From embers to white heat where there are colours to mix, else as bright as attributes go.
fn glow(look: Look) -> [Style; SHADES] {
    if !look.theme.coloured {
        return shades(look.theme.series(1), look);
    }
    if look.theme.tint(0).is_none() {
        let (red, yellow) = (look.theme.series(5), look.theme.series(1));
        return [red.dim(), red, red, red, yellow, yellow, yellow, light(look)];
    }
    let [red, orange, yellow] = [5, 1, 4].map(|series| shades(look.theme.series(series), look));
    let white = light(look);
    [red[1], red[3], red[5], red[7], orange[6], orange[7], yellow[7], white]
}
