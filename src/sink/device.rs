//! A device the daemon draws on by itself: a virtual terminal of the machine, a serial line, a pseudo terminal.
//! Opened afresh, looked at once, and taken over so that it shows charts for months.
//!
//! Invariant: opening never waits for anybody, and what is found out about a device is found out each time it is
//! opened: a console's font may have changed.

use std::io;
use std::path::Path;

use super::capability::{Capabilities, ColorChoice, Environment, Wishes};
use super::terminal::{Manners, Terminal, TerminalError};
use crate::model::{GlyphSet, Palette};
use crate::sys::tty::{ConsoleDefaults, Font, Tty};

/// What somebody configured about a device; nothing means what it is found to have.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Look {
    pub palette: Option<Palette>,
    pub glyphs: Option<GlyphSet>,
    /// As TERM would say.
    pub term: Option<String>,
}

/// A device that is open.
#[derive(Debug)]
pub struct Opened {
    pub terminal: Terminal,
    pub capabilities: Capabilities,
    /// In words.
    pub what: String,
}

/// Why a device cannot be shown on.
#[derive(Debug, thiserror::Error)]
pub enum DeviceError {
    #[error("it is no terminal")]
    NoTerminal,
    #[error("it cannot be opened: {0}")]
    Open(#[source] io::Error),
    #[error("it is the terminal the daemon was started on")]
    Ours,
    #[error("a display server shows its own picture on it")]
    Graphics,
    #[error("no terminal called {0} can be drawn on")]
    Dumb(String),
    #[error(transparent)]
    Terminal(#[from] TerminalError),
}

/// Text is UTF-8; the screen neither goes dark nor switches its monitor off, and is lit if it is dark.
const CONSOLE_TAKE: &str = "\x1b%G\x1b[9;0]\x1b[14;0]\x1b[13]";
/// What a console is, and what the least of serial terminals is.
const TERM_CONSOLE: &str = "linux";
const TERM_LINE: &str = "vt220";
/// What blocks are drawn with beside ASCII.
const BLOCK_SHAPES: [char; 12] = ['█', '▀', '▄', '▌', '░', '■', '─', '│', '┌', '┐', '└', '┘'];

/// Opens a device. Needs a running runtime.
pub fn open(
    path: &Path,
    look: &Look,
    environment: &Environment,
    defaults: ConsoleDefaults,
) -> Result<Opened, DeviceError> {
    let tty = Tty::open(&path.to_string_lossy()).map_err(|error| match error.raw_os_error() {
        Some(libc::ENOTTY) => DeviceError::NoTerminal,
        _ => DeviceError::Open(error),
    })?;
    // Setting it up could stop us with it, and our log is there.
    if tty.is_ours() {
        return Err(DeviceError::Ours);
    }
    if tty.shows_graphics() {
        return Err(DeviceError::Graphics);
    }
    let console = tty.is_console();
    let font = if console { tty.font().ok() } else { None };
    let capabilities = capabilities(look, environment, console, font.as_ref())?;
    let what = format!(
        "{}, {}, {} colours, {}",
        if console { "a console" } else { "a line" },
        tty.size().map_or_else(|_| "of unknown size".to_owned(), |size| size.to_string()),
        palette_word(capabilities.palette),
        glyph_word(capabilities.glyphs),
    );
    let manners = if console { console_manners(defaults) } else { Manners::default() };
    Ok(Opened { terminal: Terminal::on_device(tty, manners)?, capabilities, what })
}

/// What may be sent to it. Of a line nothing is known that was not said, so it gets the least there is.
fn capabilities(
    look: &Look,
    environment: &Environment,
    console: bool,
    font: Option<&Font>,
) -> Result<Capabilities, DeviceError> {
    let term = look.term.as_deref().unwrap_or(if console { TERM_CONSOLE } else { TERM_LINE });
    // The daemon's own terminal and language have nothing to do with the device.
    let there = Environment {
        term: Some(term.to_owned()),
        lc_all: Some("C.UTF-8".to_owned()),
        tz: environment.tz.clone(),
        localtime: environment.localtime.clone(),
        ..Environment::default()
    };
    let color = look.palette.map_or(ColorChoice::Auto, ColorChoice::Always);
    let wishes = Wishes { color, ascii_only: false };
    let found = there.capabilities(wishes).map_err(|_| DeviceError::Dumb(term.to_owned()))?;
    let glyphs = match (look.glyphs, font) {
        (Some(glyphs), _) => glyphs,
        (None, Some(font)) => glyphs_of(|one| font.has(one)),
        (None, None) if !console && look.term.is_none() => GlyphSet::Ascii,
        (None, None) => found.glyphs,
    };
    Ok(Capabilities { glyphs, ..found })
}

/// The best a font can show.
fn glyphs_of(has: impl Fn(char) -> bool) -> GlyphSet {
    if ('\u{2801}'..='\u{28ff}').all(&has) {
        GlyphSet::Braille
    } else if BLOCK_SHAPES.into_iter().all(has) {
        GlyphSet::Block
    } else {
        GlyphSet::Ascii
    }
}

fn console_manners(defaults: ConsoleDefaults) -> Manners {
    let coding = if defaults.utf8 { "\x1b%G" } else { "\x1b%@" };
    let give_back = format!("\x1b[9;{}]{coding}", defaults.blank_minutes);
    Manners { take: CONSOLE_TAKE.into(), give_back: give_back.into() }
}

fn palette_word(palette: Palette) -> &'static str {
    match palette {
        Palette::Truecolor => "16 million",
        Palette::Indexed => "256",
        Palette::Ansi => "16",
        Palette::Mono => "no",
    }
}

fn glyph_word(glyphs: GlyphSet) -> &'static str {
    match glyphs {
        GlyphSet::Braille => "braille",
        GlyphSet::Block => "blocks",
        GlyphSet::Ascii => "ASCII",
    }
}

#[cfg(test)]
mod tests;
