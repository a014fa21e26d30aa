//! What goes to the terminal, in which order: taking it over, frames, the banner.
//!
//! Invariant: at most one frame is unfinished, and nothing is ever put into the middle of one. The banner is painted
//! once the terminal has taken what came before it.

use std::io;

use bytes::{Buf, Bytes};

use crate::base::Size;
use crate::encode::{self, Encoding};
use crate::frame::Style;
use crate::label::Label;
use crate::model::GlyphSet;
use crate::sink::capability::Capabilities;
use crate::sink::terminal::{RETAKE, TAKE, Terminal, TerminalError};

/// Stands out on every palette, mono too.
const BANNER: Style = Style::new().reverse();

/// The terminal and what it has not taken yet.
#[derive(Debug)]
pub struct Screen {
    terminal: Terminal,
    encoding: Encoding,
    size: Size,
    /// To be written before anything else.
    unwritten: Bytes,
    /// Rows wanted at the bottom of a screen whose other lines stay; none for a screen of its own.
    inline: Option<u16>,
    /// Rows above those that are ours.
    above: u16,
    /// The terminal has to be set up before the next frame.
    setup_due: Option<Setup>,
    /// The banner to be painted after what is unwritten.
    banner_due: Option<String>,
}

/// How a terminal is set up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Setup {
    /// What stands there is not ours.
    Take,
    /// What stands there is.
    Retake,
}

// === impl Screen ===

impl Screen {
    /// With `inline` as many rows at the bottom of the screen are used, or all there are, and stay afterwards.
    pub fn new(mut terminal: Terminal, capabilities: &Capabilities, inline: Option<u16>) -> Screen {
        let ascii = capabilities.glyphs == GlyphSet::Ascii;
        let encoding = Encoding { palette: capabilities.palette, ascii };
        if inline.is_some() {
            terminal.keep_picture();
        }
        let size = terminal.size();
        let unwritten = Bytes::new();
        let mut screen =
            Screen { terminal, encoding, size, unwritten, inline, above: 0, setup_due: None, banner_due: None };
        screen.resized();
        screen
    }

    /// The terminal and what it has to take next, to be waited for together with other things.
    pub fn parts(&self) -> (&Terminal, &[u8]) {
        (&self.terminal, &self.unwritten)
    }

    /// The terminal has taken everything: a frame may come.
    pub fn is_idle(&self) -> bool {
        self.unwritten.is_empty()
    }

    /// The size of what is ours, as last asked.
    pub fn size(&self) -> Size {
        self.size
    }

    /// Whether the terminal has another size now.
    pub fn is_resized(&self) -> bool {
        part(self.terminal.size(), self.inline) != (self.size, self.above)
    }

    /// Asks the terminal for its size again.
    pub fn resized(&mut self) -> Size {
        (self.size, self.above) = part(self.terminal.size(), self.inline);
        self.size
    }

    /// Takes the terminal over, if that has not been done.
    pub fn take(&mut self) -> Result<(), TerminalError> {
        if self.terminal.is_taken() { Ok(()) } else { self.set_up(Setup::Take) }
    }

    /// Has the terminal report its mouse from now on. Among other lines it never does: who selects text there means it.
    pub fn listen_to_mouse(&mut self) -> Result<(), TerminalError> {
        if self.inline.is_none() && self.terminal.listen_to_mouse() { self.make_sure() } else { Ok(()) }
    }

    /// Makes sure of the terminal after a glitch. What is on it stays.
    pub fn make_sure(&mut self) -> Result<(), TerminalError> {
        if self.terminal.is_taken() { self.set_up(Setup::Retake) } else { Ok(()) }
    }

    /// Takes the terminal over again after somebody else had it.
    pub fn retake(&mut self) -> Result<(), TerminalError> {
        if self.terminal.is_taken() { self.set_up(Setup::Take) } else { Ok(()) }
    }

    fn set_up(&mut self, setup: Setup) -> Result<(), TerminalError> {
        self.terminal.take()?;
        self.resized();
        self.setup_due = Some(setup);
        self.put_next().map_err(TerminalError::Set)
    }

    /// Puts a frame on an idle screen; whatever banner there was is painted over.
    pub fn show_frame(&mut self, bytes: Bytes) -> io::Result<()> {
        debug_assert!(self.is_idle(), "invariant: frames are read only while the screen is idle");
        self.unwritten = self.placed(bytes);
        self.put_next()
    }

    /// Paints the banner over the last row as soon as the terminal takes it.
    pub fn show_banner(&mut self, text: String) -> io::Result<()> {
        self.banner_due = Some(text);
        self.put_next()
    }

    /// The terminal took this many of the bytes `parts` gave out.
    pub fn written(&mut self, count: usize) -> io::Result<()> {
        self.unwritten.advance(count);
        self.put_next()
    }

    pub fn is_taken(&self) -> bool {
        self.terminal.is_taken()
    }

    /// Gives the terminal back. What it has not taken is forgotten: the rest of a frame is no use to anybody.
    pub fn restore(&mut self) {
        self.unwritten = Bytes::new();
        self.setup_due = None;
        self.banner_due = None;
        self.terminal.restore();
    }

    /// Writes what the terminal takes at this moment: what is unwritten, then what is due.
    fn put_next(&mut self) -> io::Result<()> {
        loop {
            while !self.unwritten.is_empty() {
                match self.terminal.try_write(&self.unwritten)? {
                    0 => return Ok(()),
                    count => self.unwritten.advance(count),
                }
            }
            if let Some(setup) = self.setup_due.take() {
                self.unwritten = self.opening(setup);
            } else if let Some(text) = self.banner_due.take() {
                self.unwritten = self.placed(self.banner(&text));
            } else {
                return Ok(());
            }
        }
    }

    fn opening(&self, setup: Setup) -> Bytes {
        match (setup, self.inline) {
            (Setup::Retake, _) => self.terminal.opening(RETAKE),
            (Setup::Take, None) => self.terminal.opening(TAKE),
            (Setup::Take, Some(_)) => {
                // As many lines as are needed below the cursor go up, and no more: where the cursor is nobody says.
                let room = "\n".repeat(usize::from(self.size.rows()) - 1);
                [room.as_bytes(), RETAKE].concat().into()
            }
        }
    }

    /// A frame where it belongs on the screen.
    fn placed(&self, frame: Bytes) -> Bytes {
        if self.inline.is_none() {
            return frame;
        }
        let mut bytes = encode::place(&frame, self.above);
        // A terminal that becomes lower keeps the cursor's line, and with it what is ours at the bottom.
        bytes.extend_from_slice(format!("\x1b[{};1H", self.above + self.size.rows()).as_bytes());
        bytes.into()
    }

    fn banner(&self, text: &str) -> Bytes {
        let text = if self.encoding.ascii { text.replace('·', "-") } else { text.to_owned() };
        Bytes::from(encode::banner(self.size, self.encoding, &Label::plain(&text), BANNER))
    }
}

/// The part of a terminal that is ours, and the rows above it.
fn part(terminal: Size, inline: Option<u16>) -> (Size, u16) {
    let rows = inline.map_or(terminal.rows(), |rows| rows.clamp(1, terminal.rows()));
    (Size::clamped(terminal.cols(), rows), terminal.rows() - rows)
}
