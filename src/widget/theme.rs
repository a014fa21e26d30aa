//! What things look like: roles, levels and series turned into styles.
//!
//! Invariant: every role that carries text reaches WCAG AA (4.5 to 1) on its background in true colour, every series
//! too, and no two series are told apart by red against green alone. Without colours the attributes tell things apart.

use crate::frame::{Attrs, Color, Style};
use crate::model::{Palette, spec};

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
    /// Whether colours tell things apart.
    pub coloured: bool,
    /// Whether there are colours between the ground and a series.
    tinted: bool,
}

const fn ink(r: u8, g: u8, b: u8) -> Style {
    Style::new().fg(Color::rgb(r, g, b))
}

/// Ground of the dark theme: near black with a little blue, easy on eyes in a dark room.
const DARK_GROUND: Color = Color::rgb(0x0f, 0x13, 0x1a);
const DARK_STATUS: Color = Color::rgb(0x1b, 0x22, 0x2d);

/// From little to much: lightness rises evenly, ten steps of L* in CIELAB from one to the next, so that it alone orders
/// the colours for every kind of eye; the hue goes from blue over teal to a pale yellow and only helps.
const DARK_HEAT: [Color; 9] = [
    Color::rgb(0x20, 0x1c, 0x45),
    Color::rgb(0x26, 0x32, 0x6d),
    Color::rgb(0x1a, 0x4c, 0x93),
    Color::rgb(0x00, 0x6b, 0xa2),
    Color::rgb(0x00, 0x8b, 0x9e),
    Color::rgb(0x00, 0xac, 0x90),
    Color::rgb(0x6e, 0xc6, 0x83),
    Color::rgb(0xbb, 0xd9, 0x8e),
    Color::rgb(0xf3, 0xed, 0xb3),
];
/// Glyphs carry little heat there, and have to be seen.
const DARK_256_HEAT: &[Color] = DARK_HEAT.split_at(3).1;
const DARK_16_HEAT: &[Color] = &[
    Color::rgb(0x5c, 0x5c, 0xff),
    Color::rgb(0x00, 0xcd, 0xcd),
    Color::rgb(0x00, 0xff, 0xff),
    Color::rgb(0xff, 0xff, 0xff),
];

/// After the palette of Okabe and Ito, lightened where the original is too dark on a dark ground.
const DARK: Theme = Theme {
    ground: DARK_GROUND,
    status_ground: DARK_STATUS,
    text: ink(0xd3, 0xda, 0xe4),
    muted: ink(0x8e, 0x9a, 0xab),
    strong: ink(0xf4, 0xf7, 0xfb).bold(),
    title: ink(0xb6, 0xc2, 0xd2),
    accent: ink(0x7c, 0xc7, 0xf2).bold(),
    border_focused: ink(0x5d, 0x84, 0xa3),
    border: ink(0x3a, 0x45, 0x56),
    grid: ink(0x2a, 0x33, 0x41),
    track: ink(0x2c, 0x36, 0x45),
    warning: ink(0xf0, 0xb4, 0x29),
    failure: ink(0xff, 0x84, 0x66).bold(),
    levels: [ink(0x3d, 0xc2, 0x9b), ink(0xf0, 0xb4, 0x29), ink(0xff, 0x6f, 0x4d).bold()],
    series: [
        ink(0x5c, 0xb8, 0xee),
        ink(0xf0, 0xa0, 0x30),
        ink(0x3d, 0xc2, 0x9b),
        ink(0xdd, 0x8f, 0xbb),
        ink(0xf0, 0xe4, 0x42),
        ink(0xff, 0x7a, 0x55),
        ink(0x8c, 0x9e, 0xff),
        ink(0xb8, 0xc0, 0xcc),
    ],
    heat: &DARK_HEAT,
    coloured: true,
    tinted: true,
};

/// The 256 colours have no dark shades of a hue.
const DARK_256: Theme = Theme { heat: DARK_256_HEAT, tinted: false, ..DARK };

/// The sixteen colours have no quiet grey between black and bright black: whatever is quiet shares that one.
const DARK_16: Theme = Theme {
    ground: Color::rgb(0, 0, 0),
    status_ground: Color::rgb(0, 0, 0),
    text: ink(0xe5, 0xe5, 0xe5),
    muted: ink(0xe5, 0xe5, 0xe5),
    strong: ink(0xff, 0xff, 0xff).bold(),
    title: ink(0xe5, 0xe5, 0xe5),
    accent: ink(0x00, 0xff, 0xff).bold(),
    border_focused: ink(0xe5, 0xe5, 0xe5),
    border: ink(0x7f, 0x7f, 0x7f),
    grid: ink(0x7f, 0x7f, 0x7f),
    track: ink(0x7f, 0x7f, 0x7f),
    warning: ink(0xff, 0xff, 0x00),
    failure: ink(0xff, 0x00, 0x00).bold(),
    levels: [ink(0x00, 0xcd, 0x00), ink(0xff, 0xff, 0x00), ink(0xff, 0x00, 0x00).bold()],
    series: [
        ink(0x00, 0xff, 0xff),
        ink(0xff, 0xff, 0x00),
        ink(0x00, 0xff, 0x00),
        ink(0xff, 0x00, 0xff),
        ink(0xff, 0xff, 0xff),
        ink(0xff, 0x00, 0x00),
        ink(0x5c, 0x5c, 0xff),
        ink(0x00, 0xcd, 0xcd),
    ],
    heat: DARK_16_HEAT,
    coloured: true,
    tinted: false,
};

const PLAIN: Style = Style::new();

const MONO: Theme = Theme {
    ground: Color::DEFAULT,
    status_ground: Color::DEFAULT,
    text: PLAIN,
    muted: PLAIN.dim(),
    strong: PLAIN.bold(),
    title: PLAIN,
    accent: PLAIN.bold(),
    border_focused: PLAIN,
    border: PLAIN.dim(),
    grid: PLAIN.dim(),
    track: PLAIN.dim(),
    warning: PLAIN.bold(),
    failure: PLAIN.bold().reverse(),
    levels: [PLAIN, PLAIN.bold(), PLAIN.bold().reverse()],
    series: [PLAIN.bold(), PLAIN, PLAIN.dim(), PLAIN.bold(), PLAIN, PLAIN.dim(), PLAIN.bold(), PLAIN],
    heat: &[Color::DEFAULT],
    coloured: false,
    tinted: false,
};

// === impl Theme ===

impl Theme {
    pub fn of(theme: spec::Theme, palette: Palette) -> &'static Theme {
        match (theme, palette) {
            (spec::Theme::Dark, Palette::Truecolor) => &DARK,
            (spec::Theme::Dark, Palette::Indexed) => &DARK_256,
            (spec::Theme::Dark, Palette::Ansi) => &DARK_16,
            (spec::Theme::Dark, Palette::Mono) => &MONO,
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
        self.mixed(level.map_or(self.series(0), |level| self.level(level)).fg, 8)
    }

    /// Whether colours alone can tell many values apart; else glyphs have to.
    #[inline]
    pub fn has_shades(&self) -> bool {
        self.tinted
    }

    /// The colour of an amount: dark for 0, bright for 1.
    #[inline]
    pub fn heat(&self, at: f32) -> Color {
        let place = at.clamp(0.0, 1.0) * (self.heat.len() - 1) as f32;
        if !self.tinted {
            return self.heat[(place + 0.5) as usize];
        }
        let below = (place as usize).min(self.heat.len() - 1);
        let (low, high) = (self.heat[below], self.heat[(below + 1).min(self.heat.len() - 1)]);
        let (Some(low), Some(high)) = (low.channels(), high.channels()) else { return low };
        let share = place - below as f32;
        let mix = |low: u8, high: u8| (f32::from(low) + (f32::from(high) - f32::from(low)) * share + 0.5) as u8;
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
