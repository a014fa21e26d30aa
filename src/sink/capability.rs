//! What a terminal can show, judged from the environment and the flags. Pure, so every case can be tried.
//!
//! Invariant: flags go before the environment, and in doubt the smaller ability is chosen: too few colours are dull,
//! too many are garbage.

use crate::base::limits;
use crate::model::{GlyphSet, Palette};

/// Colours asked for with `--color`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ColorChoice {
    /// What TERM, COLORTERM and NO_COLOR say.
    #[default]
    Auto,
    Always(Palette),
}

/// What was asked for on the command line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Wishes {
    pub color: ColorChoice,
    pub ascii_only: bool,
}

/// The environment variables that count, and the name of the machine's time zone.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Environment {
    pub term: Option<String>,
    pub colorterm: Option<String>,
    pub no_color: Option<String>,
    pub lc_all: Option<String>,
    pub lc_ctype: Option<String>,
    pub lang: Option<String>,
    /// Set by GNU screen inside its windows.
    pub sty: Option<String>,
    pub tz: Option<String>,
    /// Where `/etc/localtime` leads.
    pub localtime: Option<String>,
}

/// What may be sent to the terminal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Capabilities {
    pub palette: Palette,
    pub glyphs: GlyphSet,
    /// IANA name; `UTC` where none is known.
    pub timezone: String,
}

/// Why nothing can be drawn on this terminal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "TERM=dumb: this terminal cannot place its cursor; use a real terminal, or print one picture with `unblink snapshot host --format text`"
)]
pub struct Dumb;

/// Terminals with 24-bit colour that say so in TERM alone.
const TRUECOLOR_TERMS: [&str; 8] =
    ["alacritty", "contour", "foot", "mintty", "wezterm", "xterm-ghostty", "xterm-kitty", "rio"];
/// Terminals without any colour.
const MONO_TERMS: [&str; 8] = ["ansi-m", "vt52", "vt100", "vt102", "vt125", "vt220", "vt320", "xterm-mono"];

// === impl Environment ===

impl Environment {
    /// Reads this process's environment.
    pub fn read() -> Environment {
        let variable = |name| std::env::var(name).ok();
        Environment {
            term: variable("TERM"),
            colorterm: variable("COLORTERM"),
            no_color: variable("NO_COLOR"),
            lc_all: variable("LC_ALL"),
            lc_ctype: variable("LC_CTYPE"),
            lang: variable("LANG"),
            sty: variable("STY"),
            tz: variable("TZ"),
            localtime: std::fs::read_link("/etc/localtime").ok().and_then(|path| path.to_str().map(str::to_owned)),
        }
    }

    /// What may be sent to the terminal this environment belongs to.
    pub fn capabilities(&self, wishes: Wishes) -> Result<Capabilities, Dumb> {
        if self.term.as_deref() == Some("dumb") {
            return Err(Dumb);
        }
        Ok(Capabilities { palette: self.palette(wishes.color), glyphs: self.glyphs(wishes), timezone: self.timezone() })
    }

    /// What goes into a file or a pipe: no terminal limits it, and files are UTF-8.
    pub fn for_a_file(&self, wishes: Wishes) -> Capabilities {
        let palette = match wishes.color {
            ColorChoice::Always(palette) => palette,
            ColorChoice::Auto if self.forbids_color() => Palette::Mono,
            ColorChoice::Auto => Palette::Truecolor,
        };
        let glyphs = if wishes.ascii_only { GlyphSet::Ascii } else { GlyphSet::Braille };
        Capabilities { palette, glyphs, timezone: self.timezone() }
    }

    fn forbids_color(&self) -> bool {
        self.no_color.as_deref().is_some_and(|value| !value.is_empty())
    }

    fn palette(&self, choice: ColorChoice) -> Palette {
        if let ColorChoice::Always(palette) = choice {
            return palette;
        }
        if self.forbids_color() {
            return Palette::Mono;
        }
        let term = self.term.as_deref().unwrap_or("");
        let stem = |name: &str| term == name || term.strip_prefix(name).is_some_and(|rest| rest.starts_with('-'));
        if MONO_TERMS.iter().any(|name| stem(name)) {
            return Palette::Mono;
        }
        // GNU screen hands the outer terminal's COLORTERM on but does not understand 24-bit colour.
        let hidden = self.sty.is_some() && stem("screen");
        let colorterm = self.colorterm.as_deref().unwrap_or("");
        if !hidden && (colorterm.eq_ignore_ascii_case("truecolor") || colorterm.eq_ignore_ascii_case("24bit")) {
            return Palette::Truecolor;
        }
        if term.ends_with("-direct") || TRUECOLOR_TERMS.iter().any(|name| stem(name)) {
            return Palette::Truecolor;
        }
        if term.contains("256color") { Palette::Indexed } else { Palette::Ansi }
    }

    fn glyphs(&self, wishes: Wishes) -> GlyphSet {
        if wishes.ascii_only || !self.is_utf8() {
            return GlyphSet::Ascii;
        }
        // The console's fonts have blocks but no braille.
        if self.term.as_deref() == Some("linux") { GlyphSet::Block } else { GlyphSet::Braille }
    }

    /// The first locale variable that is set decides, as in the C library. Where none is set at all, as in most
    /// containers, nobody has spoken against UTF-8, and every terminal of the last twenty years understands it.
    fn is_utf8(&self) -> bool {
        let named = [&self.lc_all, &self.lc_ctype, &self.lang]
            .into_iter()
            .find_map(|variable| variable.as_deref().filter(|value| !value.is_empty()));
        named.is_none_or(|locale| {
            let locale = locale.to_ascii_lowercase();
            locale.contains("utf-8") || locale.contains("utf8")
        })
    }

    fn timezone(&self) -> String {
        let named = match self.tz.as_deref() {
            // Set but empty means UTC, as in the C library.
            Some(tz) => zone_name(tz.strip_prefix(':').unwrap_or(tz)),
            None => self.localtime.as_deref().and_then(zone_name),
        };
        named.unwrap_or("UTC").to_owned()
    }
}

/// The IANA name in a TZ value or a path; none for POSIX rules such as `CET-1CEST` and other files.
fn zone_name(value: &str) -> Option<&str> {
    let name = match value.split_once("zoneinfo/") {
        Some((_, name)) => name,
        None if value.starts_with(['/', '.']) => return None,
        None => value,
    };
    let name = name.strip_prefix("posix/").or_else(|| name.strip_prefix("right/")).unwrap_or(name);
    let clean = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"/_-+".contains(&byte));
    let is_rule = !name.contains('/') && name.bytes().any(|byte| byte.is_ascii_digit());
    (!name.is_empty() && name.len() <= limits::ZONE_BYTES_MAX && clean && !is_rule).then_some(name)
}

#[cfg(test)]
mod tests;
