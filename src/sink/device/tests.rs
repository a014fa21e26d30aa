//! What is found out about a device, and what it is told. A real console is tried by `make test-system`.

use rustix::termios::{InputModes, tcgetattr};

use super::*;
use crate::sink::terminal::{GIVE_BACK, TAKE};
use crate::sys::pty::Pty;

const DEFAULTS: ConsoleDefaults = ConsoleDefaults { blank_minutes: 10, utf8: true };

/// The kernel's own font, in short.
fn font() -> Font {
    Font::of((0x20..0x7f).chain(BLOCK_SHAPES.map(|one| u16::try_from(u32::from(one)).unwrap())))
}

fn found(look: &Look, console: bool, font: Option<&Font>) -> (Palette, GlyphSet) {
    let environment = Environment {
        term: Some("xterm-kitty".to_owned()),
        no_color: Some("1".to_owned()),
        tz: Some("Europe/Berlin".to_owned()),
        ..Environment::default()
    };
    let capabilities = capabilities(look, &environment, console, font).unwrap();
    assert_eq!(capabilities.timezone, "Europe/Berlin");
    (capabilities.palette, capabilities.glyphs)
}

#[test]
fn a_console_has_sixteen_colours_and_what_its_font_has() {
    let look = Look::default();
    let braille = Font::of(0x2800..=0x28ff);
    let letters = Font::of(0x20..0x7f);
    assert_eq!(found(&look, true, Some(&font())), (Palette::Ansi, GlyphSet::Block));
    assert_eq!(found(&look, true, Some(&braille)), (Palette::Ansi, GlyphSet::Braille));
    assert_eq!(found(&look, true, Some(&letters)), (Palette::Ansi, GlyphSet::Ascii));
    assert_eq!(found(&look, true, None), (Palette::Ansi, GlyphSet::Block), "a font that may not be asked");
}

#[test]
fn a_font_with_holes_in_its_braille_has_none() {
    let holes = Font::of((0x2800..0x2880).chain(BLOCK_SHAPES.map(|one| u16::try_from(u32::from(one)).unwrap())));
    assert_eq!(found(&Look::default(), true, Some(&holes)).1, GlyphSet::Block);
}

#[test]
fn of_a_line_the_least_is_believed_unless_somebody_says_more() {
    assert_eq!(found(&Look::default(), false, None), (Palette::Mono, GlyphSet::Ascii));
    let xterm = Look { term: Some("xterm-256color".to_owned()), ..Look::default() };
    assert_eq!(found(&xterm, false, None), (Palette::Indexed, GlyphSet::Braille));
    let said = Look { palette: Some(Palette::Truecolor), glyphs: Some(GlyphSet::Block), term: None };
    assert_eq!(found(&said, false, None), (Palette::Truecolor, GlyphSet::Block));
    assert_eq!(found(&said, true, Some(&font())), (Palette::Truecolor, GlyphSet::Block));
}

#[test]
fn what_cannot_be_shown_on_is_told_apart() {
    let open = |path: &str| open(Path::new(path), &Look::default(), &Environment::default(), DEFAULTS);
    assert!(matches!(open("/dev/null"), Err(DeviceError::NoTerminal)));
    assert!(matches!(open("/dev/no-such-device"), Err(DeviceError::Open(_))));
}

#[tokio::test]
async fn a_line_is_told_nothing_only_a_console_understands() {
    let pty = Pty::open(80, 24).unwrap();
    let terminal = pty.terminal().unwrap();
    let path = pty.path().unwrap();
    let mut opened = open(Path::new(&path), &Look::default(), &Environment::default(), DEFAULTS).unwrap();
    assert_eq!(opened.what, "a line, 80x24, no colours, ASCII");
    assert_eq!(&opened.terminal.opening(TAKE)[..], TAKE);
    opened.terminal.take().unwrap();
    assert!(tcgetattr(&terminal).unwrap().input_modes.contains(InputModes::IUTF8));
}

#[tokio::test]
async fn a_console_is_kept_lit_while_it_is_ours_and_goes_dark_as_before_afterwards() {
    use std::io::Read;
    let pty = Pty::open(80, 24).unwrap();
    let _device = pty.terminal().unwrap();
    let tty = Tty::open(&pty.path().unwrap()).unwrap();
    let mut terminal = Terminal::on_device(tty, console_manners(DEFAULTS)).unwrap();
    let opening = terminal.opening(TAKE);
    assert!(opening.starts_with(TAKE) && opening.ends_with(CONSOLE_TAKE.as_bytes()));
    terminal.take().unwrap();
    terminal.restore();
    let mut said = [0; 256];
    let count = (&pty).read(&mut said).unwrap();
    assert_eq!(said[..count], [GIVE_BACK, b"\x1b[9;10]\x1b%G"].concat());
}
