//! The terminal that this runs in, and the clock.

use super::Finding;
use crate::model::{GlyphSet, Palette};
use crate::sink::capability::{Environment, Wishes};
use crate::sys::clock;
use crate::sys::tty::{Tty, is_terminal};

/// Columns and rows on which a board is a board.
const SIZE_WANTED: (u16, u16) = (80, 24);
/// The first day on which this program could have run: what lies before it is no time of day.
const EARLIEST_MS: i64 = 1_750_000_000_000;
/// One of each: who sees boxes or question marks lacks the characters.
const SAMPLE: &str = "⣿⡇⠒⣀ ▁▄█▌ ╭─╮│ ● ▲";

pub fn all() -> Vec<Finding> {
    vec![terminal(), characters(), clock()]
}

fn terminal() -> Finding {
    let name = "terminal";
    if !is_terminal(std::io::stdout()) {
        return Finding::ok(name, "the standard output is none");
    }
    let environment = Environment::read();
    let called = environment.term.clone().unwrap_or_default();
    let Ok(seen) = environment.capabilities(Wishes::default()) else {
        return Finding::bad(name, "TERM=dumb", "use a real terminal: charts need to place the cursor");
    };
    let size = Tty::open_behind(std::io::stdout()).and_then(|tty| tty.size()).ok();
    let told = size.map_or_else(String::new, |size| format!(", {size}"));
    let colours = match seen.palette {
        Palette::Truecolor => "true colour",
        Palette::Indexed => "256 colours",
        Palette::Ansi => "16 colours",
        Palette::Mono => "no colour",
    };
    let found = format!("{called}, {colours}{told}");
    if size.is_some_and(|size| size.cols() < SIZE_WANTED.0 || size.rows() < SIZE_WANTED.1) {
        return Finding::warn(
            name,
            found,
            format!("boards leave panels out below {}x{}", SIZE_WANTED.0, SIZE_WANTED.1),
        );
    }
    match seen.palette {
        Palette::Truecolor => Finding::ok(name, found),
        _ => Finding::warn(
            name,
            found,
            "where the terminal has true colour, set COLORTERM=truecolor; else this is all there is",
        ),
    }
}

fn characters() -> Finding {
    let name = "characters";
    match Environment::read().capabilities(Wishes::default()).map(|seen| seen.glyphs) {
        Ok(GlyphSet::Ascii) | Err(_) => {
            let remedy = "set LC_ALL or LANG to a UTF-8 locale, such as C.UTF-8";
            Finding::warn(name, "the locale is not UTF-8: charts are drawn with ASCII alone", remedy)
        }
        Ok(GlyphSet::Block) => Finding::ok(name, "blocks: ▁▄█▌ ╭─╮│ (this terminal's font lacks braille)"),
        Ok(GlyphSet::Braille) => {
            Finding::ok(name, format!("{SAMPLE} (boxes or question marks here? use --ascii-only, or another font)"))
        }
    }
}

fn clock() -> Finding {
    let name = "clock";
    let now = clock::wall();
    let zone = Environment::read().for_a_file(Wishes::default()).timezone;
    if now.0 < EARLIEST_MS {
        return Finding::bad(
            name,
            "it stands in the past: ages and axes of time are wrong",
            "set it, or run chronyd or systemd-timesyncd",
        );
    }
    match clock::is_synchronized() {
        Some(false) => {
            let found = format!("nothing keeps it ({zone})");
            Finding::warn(
                name,
                found,
                "run chronyd or systemd-timesyncd: ages of data from elsewhere are wrong otherwise",
            )
        }
        Some(true) => Finding::ok(name, format!("it is kept by the network ({zone})")),
        None => Finding::ok(name, zone),
    }
}
