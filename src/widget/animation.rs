//! Animations: snow, a fountain, rain of signs. They show that a screen is alive and carry no data.
//!
//! Invariant: a picture is a function of kind, seed, frame and size. Nothing is kept between frames: where a flake is
//! follows from its number and the frame's, so any frame can be drawn without those before, up to `u64::MAX`. Chance is
//! a hash of the seed. The work grows with the cells at most.

mod field;
mod fountain;
mod rain;
mod snow;
#[cfg(test)]
mod tests;

use super::{Look, Role};
use crate::frame::{Canvas, Color, Style};

/// What is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Kind {
    #[default]
    Snow,
    /// Particles thrown up from the middle of the bottom.
    Fountain,
    /// Columns of falling signs.
    Rain,
}

/// One picture of an animation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AnimationPlan {
    pub kind: Kind,
    pub seed: u64,
    /// Frames since the start; speeds are made for [`FRAMES_PER_SECOND`].
    pub frame: u64,
}

/// Frames of one second at the speed the animations are made for.
pub const FRAMES_PER_SECOND: u64 = 60;

/// Positions are counted in parts of a cell, so that slow things move evenly and large frame numbers stay exact.
const PARTS: i64 = 256;

/// Steps of brightness; 0 is the faintest.
const SHADES: usize = 8;

/// Numbers drawn by chance that are the same for the same start: splitmix64 (Steele, Lea and Flood, 2014), which hashes
/// a counter and passes the usual tests of randomness with eight operations a number.
#[derive(Clone, Copy, Debug)]
struct Dice(u64);

/// Paints one frame into the whole canvas.
pub fn paint(plan: &AnimationPlan, canvas: &mut Canvas<'_>, look: Look) {
    let (width, height) = canvas.size();
    if width == 0 || height == 0 {
        return;
    }
    match plan.kind {
        Kind::Snow => snow::paint(plan, canvas, look),
        Kind::Fountain => fountain::paint(plan, canvas, look),
        Kind::Rain => rain::paint(plan, canvas, look),
    }
}

/// Where something that moves by `speed` parts a frame stands on a way of `length` parts, and how often it has been
/// through.
fn way(frame: u64, speed: u64, start: u64, length: u64) -> (i64, u64) {
    let gone = u128::from(frame) * u128::from(speed) + u128::from(start);
    let length = u128::from(length.max(1));
    // More rounds than a u64 counts start over: they only choose what chance does.
    ((gone % length) as i64, (gone / length) as u64)
}

/// The styles from faint to bright: colours mixed into the ground where there are enough, attributes elsewhere.
fn shades(ink: Style, look: Look) -> [Style; SHADES] {
    let has_shades = look.theme.tint(0).is_some();
    std::array::from_fn(|shade| match (ink.fg.channels(), ink.bg.channels()) {
        (Some(fg), Some(bg)) if has_shades => {
            let part = (shade + 2) as u16;
            let mix = |fg: u8, bg: u8| ((u16::from(fg) * part + u16::from(bg) * (9 - part)) / 9) as u8;
            Style { fg: Color::rgb(mix(fg.0, bg.0), mix(fg.1, bg.1), mix(fg.2, bg.2)), ..ink }
        }
        _ if shade < SHADES / 3 => ink.dim(),
        _ if shade < SHADES * 3 / 4 => ink,
        _ => ink.bold(),
    })
}

/// The colour of light that nothing else has.
fn light(look: Look) -> Style {
    look.theme.style(Role::Strong)
}

// === impl Dice ===

impl Dice {
    /// The dice of one thing in one of its rounds.
    fn of(seed: u64, thing: u64, round: u64) -> Dice {
        let seed = Dice(seed).next() ^ thing;
        Dice(Dice(seed).next() ^ round)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `end`; 0 where there is none.
    fn below(&mut self, end: u64) -> u64 {
        // The upper half is scaled: no division, and no number is favoured by what could be seen.
        ((u128::from(self.next() >> 32) * u128::from(end)) >> 32) as u64
    }

    /// A number from 0 to 1.
    fn share(&mut self) -> f32 {
        (self.next() >> 40) as f32 / (1u64 << 24) as f32
    }
}
