//! Colours, attributes and their packed form.
//!
//! Invariant: a packed style fits 64 bits and two equal packed styles look the same. What a terminal can show of it is
//! the encoder's business; this file knows only what was meant.

/// A 24-bit colour, or the terminal's own.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Color(u32);

/// A set of text attributes.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Attrs(u8);

/// How a cell looks, apart from its text.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default, Debug)]
pub struct Style {
    pub fg: Color,
    pub bg: Color,
    pub attrs: Attrs,
}

/// A style in 64 bits: foreground, background (25 bits each), attributes.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct PackedStyle(pub u64);

const COLOR_BITS: u32 = 25;
const COLOR_MASK: u64 = (1 << COLOR_BITS) - 1;
const COLOR_SET: u32 = 1 << 24;
const BG_SHIFT: u32 = COLOR_BITS;
const ATTRS_SHIFT: u32 = 2 * COLOR_BITS;

// === impl Color ===

impl Color {
    /// Whatever the terminal draws with when told nothing.
    pub const DEFAULT: Color = Color(0);

    pub const fn rgb(r: u8, g: u8, b: u8) -> Color {
        Color(COLOR_SET | (r as u32) << 16 | (g as u32) << 8 | b as u32)
    }

    pub const fn is_default(self) -> bool {
        self.0 == 0
    }

    /// Red, green, blue; none for the default colour.
    pub const fn channels(self) -> Option<(u8, u8, u8)> {
        if self.is_default() {
            return None;
        }
        let [_, r, g, b] = self.0.to_be_bytes();
        Some((r, g, b))
    }
}

impl std::fmt::Debug for Color {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.channels() {
            None => f.write_str("default"),
            Some((r, g, b)) => write!(f, "#{r:02x}{g:02x}{b:02x}"),
        }
    }
}

// === impl Attrs ===

impl Attrs {
    pub const NONE: Attrs = Attrs(0);
    pub const BOLD: Attrs = Attrs(1);
    pub const DIM: Attrs = Attrs(2);
    pub const ITALIC: Attrs = Attrs(4);
    pub const UNDERLINE: Attrs = Attrs(8);
    pub const REVERSE: Attrs = Attrs(16);

    /// How many there are.
    pub(super) const COUNT: usize = Attrs::NAMES.len();
    const NAMES: [(Attrs, &'static str); 5] = [
        (Attrs::BOLD, "bold"),
        (Attrs::DIM, "dim"),
        (Attrs::ITALIC, "italic"),
        (Attrs::UNDERLINE, "underline"),
        (Attrs::REVERSE, "reverse"),
    ];

    pub const fn contains(self, other: Attrs) -> bool {
        self.0 & other.0 == other.0
    }

    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    pub const fn with(self, other: Attrs) -> Attrs {
        Attrs(self.0 | other.0)
    }

    pub const fn without(self, other: Attrs) -> Attrs {
        Attrs(self.0 & !other.0)
    }

    #[cfg(test)]
    pub(super) const fn of_bits(bits: u8) -> Attrs {
        Attrs(bits)
    }

    /// The names of the attributes set, in a fixed order.
    pub fn names(self) -> impl Iterator<Item = &'static str> {
        Attrs::NAMES.into_iter().filter(move |(attr, _)| self.contains(*attr)).map(|(_, name)| name)
    }
}

impl std::ops::BitOr for Attrs {
    type Output = Attrs;

    fn bitor(self, other: Attrs) -> Attrs {
        self.with(other)
    }
}

impl std::fmt::Debug for Attrs {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.names()).finish()
    }
}

// === impl Style ===

impl Style {
    /// Default colours, no attributes.
    pub const fn new() -> Style {
        Style { fg: Color::DEFAULT, bg: Color::DEFAULT, attrs: Attrs::NONE }
    }

    pub const fn fg(mut self, color: Color) -> Style {
        self.fg = color;
        self
    }

    pub const fn bg(mut self, color: Color) -> Style {
        self.bg = color;
        self
    }

    pub const fn with(mut self, attrs: Attrs) -> Style {
        self.attrs = self.attrs.with(attrs);
        self
    }

    pub const fn bold(self) -> Style {
        self.with(Attrs::BOLD)
    }

    pub const fn dim(self) -> Style {
        self.with(Attrs::DIM)
    }

    pub const fn italic(self) -> Style {
        self.with(Attrs::ITALIC)
    }

    pub const fn underline(self) -> Style {
        self.with(Attrs::UNDERLINE)
    }

    pub const fn reverse(self) -> Style {
        self.with(Attrs::REVERSE)
    }
}

// === impl PackedStyle ===

impl PackedStyle {
    pub const DEFAULT: PackedStyle = PackedStyle(0);

    /// Attributes that show on a blank.
    const SEEN_ON_BLANK: u64 = (Attrs::UNDERLINE.with(Attrs::REVERSE).0 as u64) << ATTRS_SHIFT;
    /// All of a style that shows on a blank without underline or reverse.
    const BG: u64 = COLOR_MASK << BG_SHIFT;

    #[inline]
    pub const fn pack(style: Style) -> PackedStyle {
        PackedStyle(style.fg.0 as u64 | (style.bg.0 as u64) << BG_SHIFT | (style.attrs.0 as u64) << ATTRS_SHIFT)
    }

    #[inline]
    pub const fn unpack(self) -> Style {
        Style {
            fg: Color((self.0 & COLOR_MASK) as u32),
            bg: Color((self.0 >> BG_SHIFT & COLOR_MASK) as u32),
            attrs: Attrs((self.0 >> ATTRS_SHIFT) as u8),
        }
    }

    /// What of this style is seen on a blank cell: blanks that look the same are kept the same.
    #[inline]
    pub const fn on_blank(self) -> PackedStyle {
        if self.0 & PackedStyle::SEEN_ON_BLANK == 0 { PackedStyle(self.0 & PackedStyle::BG) } else { self }
    }

    /// Whether a blank drawn in this style looks as it would in `blank`.
    #[inline]
    pub const fn blank_looks_like(self, blank: PackedStyle) -> bool {
        self.on_blank().0 == blank.on_blank().0
    }

    #[inline]
    pub(super) const fn dimmed(self) -> PackedStyle {
        PackedStyle(self.0 | (Attrs::DIM.0 as u64) << ATTRS_SHIFT)
    }
}

impl From<Style> for PackedStyle {
    fn from(style: Style) -> PackedStyle {
        PackedStyle::pack(style)
    }
}
