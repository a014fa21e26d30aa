//! Two terminal emulators as one, and what a grid looks like on them.

use alacritty_terminal::event::VoidListener;
use alacritty_terminal::grid::Dimensions;
use alacritty_terminal::index::{Column, Line};
use alacritty_terminal::term::cell::Flags;
use alacritty_terminal::term::{Config, Term};
use alacritty_terminal::vte::ansi;
use unblink::base::Size;
use unblink::encode::palette::{Ink, inks};
use unblink::encode::{Encoding, grammar};
use unblink::frame::{Attrs, Grid};

/// Text on whose width terminals disagree, or did, and which both emulators keep whole.
pub const SHOWN_WHOLE: &[&str] = &[
    "x\u{335}",
    "ก้",
    "🇩🇪",
    "🇩🇪🇫🇷",
    "😀",
    "👍🏽",
    "👨\u{200d}👩\u{200d}👧",
    "☺",
    "ﷺ",
    "क्ष",
    "각",
    "\u{1112}\u{119e}\u{11ab}",
    "1\u{fe0f}\u{20e3}",
    "e\u{301}\u{302}",
    "Z\u{336}\u{337}\u{338}",
    "▶",
    "①",
];

/// Both emulators on the same bytes.
pub struct Pair {
    size: Size,
    encoding: Encoding,
    vt100: vt100::Parser,
    alacritty: Term<VoidListener>,
    parser: ansi::Processor,
}

/// One cell as a viewer sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Seen {
    text: String,
    fg: Ink,
    bg: Ink,
    attrs: Attrs,
}

struct Screen(Size);

// === impl Pair ===

impl Pair {
    pub fn new(size: Size, encoding: Encoding) -> Pair {
        let config = Config { scrolling_history: 0, ..Config::default() };
        Pair {
            size,
            encoding,
            vt100: vt100::Parser::new(nonzero(size.rows()), nonzero(size.cols()), 0),
            alacritty: Term::new(config, &Screen(size), VoidListener),
            parser: ansi::Processor::new(),
        }
    }

    /// Bytes of any kind.
    pub fn raw(&mut self, bytes: &[u8]) {
        self.vt100.process(bytes);
        self.parser.advance(&mut self.alacritty, bytes);
    }

    /// One frame.
    pub fn feed(&mut self, bytes: &[u8]) {
        if let Err(violation) = grammar::check(bytes, self.size) {
            panic!("{violation} in {:?}", String::from_utf8_lossy(bytes));
        }
        self.raw(bytes);
        assert_eq!(self.parser.sync_bytes_count(), 0, "the frame is over");
    }

    /// One frame and what it must look like.
    pub fn frame(&mut self, bytes: &[u8], expected: &Grid) {
        self.feed(bytes);
        self.assert_shows(expected);
    }

    pub fn resize(&mut self, size: Size) {
        self.size = size;
        self.vt100.set_size(nonzero(size.rows()), nonzero(size.cols()));
        self.alacritty.resize(Screen(size));
    }

    pub fn assert_shows(&self, grid: &Grid) {
        assert_eq!(grid.size(), self.size);
        for y in 0..grid.size().rows() {
            let mut x = 0;
            while x < grid.size().cols() {
                let columns = grid.cell(x, y).columns;
                let expected = self.expected(grid, x, y);
                for (name, seen) in
                    [("vt100", self.in_vt100(x, y, columns)), ("alacritty", self.in_alacritty(x, y, columns))]
                {
                    let seen = self.settle(seen, &expected);
                    assert_eq!(seen, expected, "{name} at {x},{y} in {:?} of\n{grid:?}", self.encoding);
                }
                x += columns;
            }
        }
    }

    fn expected(&self, grid: &Grid, x: u16, y: u16) -> Seen {
        let cell = grid.cell(x, y);
        let inks = inks(self.encoding.palette, cell.style);
        seen(cell.text().to_owned(), inks.fg, inks.bg, inks.attrs)
    }

    /// The text of this many cells from here on and the look of the first.
    fn in_vt100(&self, x: u16, y: u16, columns: u16) -> Seen {
        let cells = (x..x + columns).map(|x| self.vt100.screen().cell(y, x).expect("on screen"));
        let text: String =
            cells.map(|cell| if cell.is_wide_continuation() { "" } else { blank(cell.contents()) }).collect();
        let cell = self.vt100.screen().cell(y, x).expect("on screen");
        let attrs = attrs(&[
            (Attrs::BOLD, cell.bold()),
            (Attrs::DIM, cell.dim()),
            (Attrs::ITALIC, cell.italic()),
            (Attrs::UNDERLINE, cell.underline()),
            (Attrs::REVERSE, cell.inverse()),
        ]);
        let ink = |color| match color {
            vt100::Color::Default => Ink::Default,
            vt100::Color::Idx(index) => Ink::Index(index),
            vt100::Color::Rgb(r, g, b) => Ink::Rgb(r, g, b),
        };
        seen(text, ink(cell.fgcolor()), ink(cell.bgcolor()), attrs)
    }

    fn in_alacritty(&self, x: u16, y: u16, columns: u16) -> Seen {
        let row = &self.alacritty.grid()[Line(i32::from(y))];
        let text = (x..x + columns).map(|x| &row[Column(usize::from(x))]).fold(String::new(), |mut text, cell| {
            if !cell.flags.contains(Flags::WIDE_CHAR_SPACER) {
                text.push(cell.c);
                text.extend(cell.zerowidth().unwrap_or_default());
            }
            text
        });
        let cell = &row[Column(usize::from(x))];
        let attrs = attrs(&[
            (Attrs::BOLD, cell.flags.contains(Flags::BOLD)),
            (Attrs::DIM, cell.flags.contains(Flags::DIM)),
            (Attrs::ITALIC, cell.flags.contains(Flags::ITALIC)),
            (Attrs::UNDERLINE, cell.flags.contains(Flags::UNDERLINE)),
            (Attrs::REVERSE, cell.flags.contains(Flags::INVERSE)),
        ]);
        let ink = |color| match color {
            ansi::Color::Named(ansi::NamedColor::Foreground | ansi::NamedColor::Background) => Ink::Default,
            ansi::Color::Named(name) => Ink::Index(u8::try_from(name as usize).expect("one of sixteen")),
            ansi::Color::Indexed(index) => Ink::Index(index),
            ansi::Color::Spec(color) => Ink::Rgb(color.r, color.g, color.b),
        };
        seen(text, ink(cell.fg), ink(cell.bg), attrs)
    }

    /// Any ASCII stand-in will do here, one for each column; which one it is has tests of its own.
    fn settle(&self, mut seen: Seen, meant: &Seen) -> Seen {
        if self.encoding.ascii && !meant.text.is_ascii() {
            assert!(seen.text.bytes().all(|byte| byte.is_ascii_graphic()), "{seen:?}");
            seen.text.clone_from(&meant.text);
        }
        // vt100 keeps one of the two.
        let weights = Attrs::BOLD | Attrs::DIM;
        if meant.attrs.contains(weights) && seen.attrs != seen.attrs.without(weights) {
            seen.attrs = seen.attrs | weights;
        }
        seen
    }
}

// === impl Screen ===

impl Dimensions for Screen {
    fn total_lines(&self) -> usize {
        self.screen_lines()
    }

    fn screen_lines(&self) -> usize {
        usize::from(self.0.rows())
    }

    fn columns(&self) -> usize {
        usize::from(self.0.cols())
    }
}

/// What is seen of a cell: of a blank its background, unless it is underlined or reversed.
fn seen(text: String, fg: Ink, bg: Ink, attrs: Attrs) -> Seen {
    let text = if text.len() > 1 { text.trim_end_matches(' ').to_owned() } else { text };
    let text = if text.is_empty() { " ".to_owned() } else { text };
    let shows = attrs.contains(Attrs::UNDERLINE) || attrs.contains(Attrs::REVERSE);
    if text == " " && !shows {
        return Seen { text, fg: Ink::Default, bg, attrs: Attrs::NONE };
    }
    Seen { text, fg, bg, attrs }
}

fn attrs(set: &[(Attrs, bool)]) -> Attrs {
    set.iter().filter(|(_, is_set)| *is_set).fold(Attrs::NONE, |attrs, (attr, _)| attrs | *attr)
}

fn blank(text: &str) -> &str {
    if text.is_empty() { " " } else { text }
}

fn nonzero(value: u16) -> std::num::NonZeroU16 {
    std::num::NonZeroU16::new(value).expect("sizes are at least 1x1")
}
