//! The view spec: everything that decides what a session sees. Equal specs share one view.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::base::{Size, Wall, bounded, limits};

/// How many colours the terminal has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Palette {
    /// 24-bit colour.
    #[default]
    Truecolor,
    /// xterm's 256 colours.
    #[serde(rename = "256")]
    Indexed,
    /// The 16 colours of ECMA-48 and aixterm.
    #[serde(rename = "16")]
    Ansi,
    /// No colour at all: bold, dim, underline and reverse only.
    Mono,
}

/// Which characters charts are drawn with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum GlyphSet {
    /// 2x4 dots a cell.
    #[default]
    Braille,
    /// Eighth blocks and half blocks.
    Block,
    /// Nothing above U+007E.
    Ascii,
}

/// The colours of a board; the palette reduces them to what the terminal has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Theme {
    #[default]
    Dark,
    Light,
    HighContrast,
    /// The terminal's own colours and nothing but attributes, as in the palette of that name.
    Mono,
}

/// Where in its rows a panel stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Scroll {
    /// From the first row of a table, from the newest entry of a log (equal ones are one); 0 follows.
    pub rows: u16,
    /// Of a log: the newest entry that counts, so that what comes later moves nothing.
    #[serde(default)]
    pub since: Option<Wall>,
}

/// What lies over the board.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Overlay {
    Help,
}

/// How frames are encoded for this view.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Encoding {
    /// Escape sequences of the closed grammar in `encode::grammar`.
    #[default]
    Ansi,
}

/// What one session wants to see. Held by root, changed only by `machine::session::step`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ViewSpec {
    #[serde(deserialize_with = "bounded::text::<_, { limits::NAME_BYTES_MAX }>")]
    pub tenant: String,
    #[serde(deserialize_with = "bounded::text::<_, { limits::NAME_BYTES_MAX }>")]
    pub board: String,
    /// Parameters of the board, bounded by `limits::PARAMS_MAX`.
    #[serde(
        default,
        deserialize_with = "bounded::texts_by_name::<_, { limits::PARAMS_MAX }, { limits::PARAM_BYTES_MAX }>"
    )]
    pub params: BTreeMap<String, String>,
    /// Width of the time axis.
    #[serde(default = "default_range_ms")]
    pub range_ms: u64,
    /// How far the right edge lies before now; 0 is live.
    #[serde(default)]
    pub offset_ms: u64,
    /// When this session was paused; it sees that moment until it goes on.
    #[serde(default)]
    pub paused_at: Option<Wall>,
    /// Which of the board's tabs is shown.
    #[serde(default)]
    pub tab: u16,
    /// Which panel has the focus, counted in reading order over all tabs.
    #[serde(default)]
    pub focus: u16,
    /// How far the focused panel is scrolled.
    #[serde(default)]
    pub scroll: Scroll,
    /// The moment whose values are shown beside their names.
    #[serde(default)]
    pub cursor: Option<Wall>,
    /// The focused panel fills the screen.
    #[serde(default)]
    pub full_screen: bool,
    #[serde(default)]
    pub overlay: Option<Overlay>,
    pub size: Size,
    #[serde(default)]
    pub palette: Palette,
    #[serde(default)]
    pub glyphs: GlyphSet,
    /// The theme the viewer chose; none for the board's own. Its name was new when it could be none: peers from before
    /// know a `theme` that cannot, and pass over this one.
    #[serde(default, rename = "chosen_theme")]
    pub theme: Option<Theme>,
    /// IANA name of the viewer's time zone; unknown names are shown as UTC.
    #[serde(default = "default_timezone", deserialize_with = "bounded::text::<_, { limits::ZONE_BYTES_MAX }>")]
    pub timezone: String,
    #[serde(default)]
    pub encoding: Encoding,
}

/// Range of a board nobody has zoomed: five minutes shows a spike and what came before it.
pub const RANGE_DEFAULT: Duration = Duration::from_secs(300);

/// Why a spec from outside is not accepted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SpecError {
    #[error("{what} is {got} bytes long, the longest allowed is {max}")]
    TooLong { what: &'static str, got: usize, max: usize },
    #[error("{got} parameters, at most {max} are allowed")]
    TooManyParams { got: usize, max: usize },
    #[error("the range of {got} ms lies outside {min}..={max} ms")]
    Range { got: u64, min: u64, max: u64 },
}

/// Shortest range a spec may ask for.
pub const RANGE_MS_MIN: u64 = 1_000;
/// Longest range and offset a spec may ask for: a year.
pub const RANGE_MS_MAX: u64 = 366 * 24 * 3_600 * 1_000;

// === impl Theme ===

impl Theme {
    /// All themes, in the order a session key goes through them.
    pub const ALL: [Theme; 4] = [Theme::Dark, Theme::Light, Theme::HighContrast, Theme::Mono];
    /// Their names as people write them, in the same order.
    pub const NAMES: &[&str] = &["dark", "light", "high-contrast", "mono"];

    pub fn named(name: &str) -> Option<Theme> {
        Theme::ALL.into_iter().zip(Theme::NAMES).find(|(_, known)| **known == name).map(|(theme, _)| theme)
    }

    /// The one after this; the first after the last.
    pub fn next(self) -> Theme {
        Theme::ALL[(self as usize + 1) % Theme::ALL.len()]
    }
}

// === impl ViewSpec ===

impl ViewSpec {
    /// The plain spec of a board: live, default range, nothing focused.
    pub fn new(tenant: &str, board: &str, size: Size) -> ViewSpec {
        ViewSpec {
            tenant: tenant.to_owned(),
            board: board.to_owned(),
            params: BTreeMap::new(),
            range_ms: default_range_ms(),
            offset_ms: 0,
            paused_at: None,
            tab: 0,
            focus: 0,
            scroll: Scroll::default(),
            cursor: None,
            full_screen: false,
            overlay: None,
            size,
            palette: Palette::default(),
            glyphs: GlyphSet::default(),
            theme: None,
            timezone: default_timezone(),
            encoding: Encoding::default(),
        }
    }

    /// Checks what a client or a worker sent against the caps.
    pub fn validate(&self) -> Result<(), SpecError> {
        let bounded = |what, text: &str, max| {
            if text.len() > max { Err(SpecError::TooLong { what, got: text.len(), max }) } else { Ok(()) }
        };
        bounded("the tenant's name", &self.tenant, limits::NAME_BYTES_MAX)?;
        bounded("the board's name", &self.board, limits::NAME_BYTES_MAX)?;
        bounded("the time zone's name", &self.timezone, limits::ZONE_BYTES_MAX)?;
        if self.params.len() > limits::PARAMS_MAX {
            return Err(SpecError::TooManyParams { got: self.params.len(), max: limits::PARAMS_MAX });
        }
        for (name, value) in &self.params {
            bounded("a parameter's name", name, limits::PARAM_BYTES_MAX)?;
            bounded("a parameter's value", value, limits::PARAM_BYTES_MAX)?;
        }
        if !(RANGE_MS_MIN..=RANGE_MS_MAX).contains(&self.range_ms) {
            return Err(SpecError::Range { got: self.range_ms, min: RANGE_MS_MIN, max: RANGE_MS_MAX });
        }
        if self.offset_ms > RANGE_MS_MAX {
            return Err(SpecError::Range { got: self.offset_ms, min: 0, max: RANGE_MS_MAX });
        }
        Ok(())
    }
}

fn default_range_ms() -> u64 {
    u64::try_from(RANGE_DEFAULT.as_millis()).expect("invariant: the default range is minutes")
}

fn default_timezone() -> String {
    "UTC".to_owned()
}
