//! What things look like: roles, levels and series turned into styles.
//!
//! Invariant: every role that carries text reaches WCAG AA (4.5 to 1) on its background in true colour, every series
//! too, in the high-contrast theme AAA (7 to 1); no two series of a theme look alike to an eye that lacks one kind of
//! cone. Without colours the attributes tell things apart.

use crate::frame::{Attrs, Color, Style};
use crate::model::{Palette, spec};

mod dark;
mod high_contrast;
mod light;
mod mono;
#[cfg(test)]
mod tests;

/// What a thing on screen is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Blank space, and what nobody looks at.
    Ground,
    Text,
    /// Text that explains other text: keys of rows, tick labels.
    Muted,
    /// Text to be seen first.
    Strong,
    Title,
    TitleFocused,
    Border,
    BorderFocused,
    /// Lines behind the data.
    Grid,
    /// The part of a gauge that is not filled.
    Track,
    /// What is said about data that is late or missing.
    Warning,
    Failure,
    /// The status line and its parts.
    Status,
    StatusStrong,
    StatusLive,
    StatusPaused,
}

/// How bad a value is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    #[default]
    Good,
    High,
    Critical,
}

/// Colours of heat from one that a theme names to the next.
const HEAT_STEPS: usize = 8;

/// All styles of one theme for one palette.
#[derive(Debug)]
pub struct Theme {
    ground: Color,
    status_ground: Color,
    text: Style,
    muted: Style,
    strong: Style,
    title: Style,
    accent: Style,
    border_focused: Style,
    border: Style,
    grid: Style,
    track: Style,
    warning: Style,
    failure: Style,
    levels: [Style; 3],
    series: [Style; 8],
    /// From little to much.
    heat: &'static [Color],
    /// How strongly a bar behind text is coloured, in parts of 32: as much as leaves the text legible.
    bar_parts: u16,
    /// Whether colours tell things apart.
    pub coloured: bool,
    /// Whether there are colours between the ground and a series.
    tinted: bool,
}

const fn ink(r: u8, g: u8, b: u8) -> Style {
    Style::new().fg(Color::rgb(r, g, b))
}

// === impl Theme ===

impl Theme {
    pub fn of(theme: spec::Theme, palette: Palette) -> &'static Theme {
        static ALL: [[Theme; 3]; 3] = [
            [dark::TRUE, dark::INDEXED, dark::ANSI],
            [light::TRUE, light::INDEXED, light::ANSI],
            [high_contrast::TRUE, high_contrast::INDEXED, high_contrast::ANSI],
        ];
        static MONO: Theme = mono::MONO;
        let [dark, light, high_contrast] = &ALL;
        let of_colour = match theme {
            spec::Theme::Dark => dark,
            spec::Theme::Light => light,
            spec::Theme::HighContrast => high_contrast,
            spec::Theme::Mono => return &MONO,
        };
        match palette {
            Palette::Truecolor => &of_colour[0],
            Palette::Indexed => &of_colour[1],
            Palette::Ansi => &of_colour[2],
            Palette::Mono => &MONO,
        }
    }

    #[inline]
    pub fn style(&self, role: Role) -> Style {
        let style = match role {
            Role::Ground | Role::Text => self.text,
            Role::Muted => self.muted,
            Role::Strong => self.strong,
            Role::Title => self.title,
            Role::TitleFocused => self.accent,
            Role::BorderFocused => self.border_focused,
            Role::Border => self.border,
            Role::Grid => self.grid,
            Role::Track => self.track,
            Role::Warning => self.warning,
            Role::Failure => self.failure,
            Role::Status => return self.muted.bg(self.status_ground),
            Role::StatusStrong => return self.strong.bg(self.status_ground),
            Role::StatusLive => return self.levels[0].bg(self.status_ground),
            Role::StatusPaused => return self.warning.bg(self.status_ground),
        };
        style.bg(self.ground)
    }

    #[inline]
    pub fn level(&self, level: Level) -> Style {
        self.levels[level as usize].bg(self.ground)
    }

    /// The style of a bar of this level: as its text but never reversed, for a reversed bar looks like an empty one.
    #[inline]
    pub fn bar(&self, level: Level) -> Style {
        let style = self.level(level);
        Style { attrs: style.attrs.without(Attrs::REVERSE), ..style }
    }

    /// The style of the series with this number on its chart; they repeat after eight.
    #[inline]
    pub fn series(&self, index: usize) -> Style {
        self.series[index % self.series.len()].bg(self.ground)
    }

    /// The ground under a filled series; none where colours are too few for one.
    #[inline]
    pub fn tint(&self, index: usize) -> Option<Color> {
        self.tint_of(self.series(index))
    }

    /// The ground under something of this style, as `tint`.
    #[inline]
    pub fn tint_of(&self, style: Style) -> Option<Color> {
        // An eighth of its colour: seen as one with the line, and no line on it is lost.
        self.mixed(style.fg, 4)
    }

    /// The ground of every other row of a table; none where colours are too few for one.
    pub fn zebra(&self) -> Option<Color> {
        self.mixed(self.text.fg, 1)
    }

    /// The ground of a bar behind text of this level; none where colours are too few for one.
    pub fn bar_tint(&self, level: Option<Level>) -> Option<Color> {
        self.mixed(level.map_or(self.series(0), |level| self.level(level)).fg, self.bar_parts)
    }

    /// Whether colours alone can tell many values apart; else glyphs have to.
    #[inline]
    pub fn has_shades(&self) -> bool {
        self.tinted
    }

    /// The colour of an amount: like the ground for 0, far from it for 1. There are 65 at most, so that two in a cell are not
    /// more styles than there are numbers for.
    #[inline]
    pub fn heat(&self, at: f32) -> Color {
        let between = if self.tinted { HEAT_STEPS } else { 1 };
        let step = (at.clamp(0.0, 1.0) * ((self.heat.len() - 1) * between) as f32 + 0.5) as usize;
        let (below, share) = (step / between, step % between);
        let (low, high) = (self.heat[below], self.heat[(below + 1).min(self.heat.len() - 1)]);
        let (Some(low), Some(high)) = (low.channels(), high.channels()) else { return low };
        let mix = |low: u8, high: u8| {
            let parts = (between - share) * usize::from(low) + share * usize::from(high);
            ((parts + between / 2) / between) as u8
        };
        Color::rgb(mix(low.0, high.0), mix(low.1, high.1), mix(low.2, high.2))
    }

    /// So many parts of 32 of a colour on the ground.
    fn mixed(&self, ink: Color, parts: u16) -> Option<Color> {
        let (r, g, b) = ink.channels().filter(|_| self.tinted)?;
        let (ground_r, ground_g, ground_b) = self.ground.channels()?;
        let mix = |ink: u8, ground: u8| ((parts * u16::from(ink) + (32 - parts) * u16::from(ground)) / 32) as u8;
        Some(Color::rgb(mix(r, ground_r), mix(g, ground_g), mix(b, ground_b)))
    }
}
