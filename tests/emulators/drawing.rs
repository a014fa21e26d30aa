//! Random drawings.

use proptest::prelude::*;
use unblink::base::{Rect, Size};
use unblink::encode::Encoding;
use unblink::frame::{Attrs, Color, Glyph, Grid, Style};
use unblink::label::Label;
use unblink::model::Palette;

/// One thing drawn on a grid.
#[derive(Clone, Debug)]
pub enum Step {
    Label(u16, u16, String, Style),
    Fill(Rect, char, Style),
    Dots(Rect, u8, Style),
    Restyle(Rect, Style),
    Dim(Rect),
    Clear(Style),
}

// === impl Step ===

impl Step {
    pub fn draw(steps: &[Step], grid: &mut Grid) {
        for step in steps {
            match step {
                Step::Label(x, y, text, style) => {
                    grid.canvas().label(*x, *y, &Label::plain(text), *style);
                }
                Step::Fill(rect, glyph, style) => grid.canvas().fill(*rect, Glyph::new(*glyph), *style),
                Step::Dots(rect, bits, style) => grid.canvas().fill(*rect, Glyph::dots(*bits), *style),
                Step::Restyle(rect, style) => grid.canvas().restyle(*rect, *style),
                Step::Dim(rect) => grid.dim(*rect),
                Step::Clear(style) => grid.clear(*style),
            }
        }
    }
}

/// Mostly small, so that everything meets the edges.
pub fn size() -> impl Strategy<Value = Size> {
    prop_oneof![(1_u16..5, 1_u16..4), (1_u16..28, 1_u16..7), (100_u16..140, 1_u16..4)]
        .prop_map(|(cols, rows)| Size::clamped(cols, rows))
}

/// Sizes between which alacritty can be resized: it rewraps a wide cluster into a single column for ever.
pub fn wider_than_one() -> impl Strategy<Value = Size> {
    size().prop_map(|size| Size::clamped(size.cols().max(2), size.rows()))
}

pub fn encoding() -> impl Strategy<Value = Encoding> {
    let palette = prop::sample::select(super::PALETTES.to_vec());
    (palette, prop::bool::weighted(0.2)).prop_map(|(palette, ascii): (Palette, bool)| Encoding { palette, ascii })
}

pub fn drawing() -> impl Strategy<Value = Vec<Step>> {
    prop::collection::vec(step(), 0..12)
}

fn step() -> impl Strategy<Value = Step> {
    let text = prop_oneof![
        4 => "[ -~]{0,24}",
        3 => "[a-c 中文한é░█⣿]{0,12}",
        2 => "([a ]|x\u{335}|ก้|🇩🇪|😀|👍🏽|é\u{301}|☺|ﷺ|क्ष){0,8}",
        // vt100 takes U+FFFD for broken input and drops it.
        1 => "\\PC{0,8}".prop_map(|text| text.replace('\u{fffd}', "")),
    ];
    prop_oneof![
        6 => (0_u16..30, 0_u16..7, text, style()).prop_map(|(x, y, text, style)| Step::Label(x, y, text, style)),
        2 => (rect(), prop::sample::select(vec![' ', 'x', '█', '─', '▁']), style())
            .prop_map(|(rect, glyph, style)| Step::Fill(rect, glyph, style)),
        2 => (rect(), any::<u8>(), style()).prop_map(|(rect, bits, style)| Step::Dots(rect, bits, style)),
        1 => (rect(), style()).prop_map(|(rect, style)| Step::Restyle(rect, style)),
        1 => rect().prop_map(Step::Dim),
        1 => style().prop_map(Step::Clear),
    ]
}

fn rect() -> impl Strategy<Value = Rect> {
    (0_u16..28, 0_u16..7, 0_u16..28, 0_u16..4).prop_map(|(x, y, width, height)| Rect::new(x, y, width, height))
}

fn style() -> impl Strategy<Value = Style> {
    let attrs = prop::sample::select(vec![
        Attrs::NONE,
        Attrs::NONE,
        Attrs::BOLD,
        Attrs::DIM,
        Attrs::ITALIC,
        Attrs::UNDERLINE,
        Attrs::REVERSE,
        Attrs::BOLD | Attrs::UNDERLINE | Attrs::REVERSE,
        Attrs::DIM | Attrs::ITALIC,
    ]);
    (color(), color(), attrs).prop_map(|(fg, bg, attrs)| Style { fg, bg, attrs })
}

fn color() -> impl Strategy<Value = Color> {
    prop_oneof![
        4 => Just(Color::DEFAULT),
        3 => prop::sample::select(vec![Color::rgb(122, 162, 247), Color::rgb(224, 175, 104), Color::rgb(0, 0, 0)]),
        1 => any::<(u8, u8, u8)>().prop_map(|(r, g, b)| Color::rgb(r, g, b)),
    ]
}
