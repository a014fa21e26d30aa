//! A frame as one self-contained SVG picture.
//!
//! Invariant: it refers to nothing outside itself and looks the same whatever monospace font is found: words stand at
//! absolute positions in their exact width, drawing characters are shapes.

use std::collections::BTreeMap;
use std::fmt::Write;

use super::hex;
use super::shapes::{self, CELL_HEIGHT, CELL_WIDTH, DOT, LINE, Shape};
use crate::frame::{Attrs, CellView, Grid};

/// The terminal's own colours in a picture.
const FG_DEFAULT: &str = "#d5dae2";
const BG_DEFAULT: &str = "#11141a";
/// How much of its colour dimmed text keeps, in percent.
const DIM_PERCENT: u8 = 60;
/// Units of a picture's pixel: a cell is 9 by 18.
const UNITS: u32 = 8;
/// Around the cells.
const MARGIN: u32 = CELL_WIDTH;
/// Most monospace fonts are 0.6 of their size wide.
const FONT_SIZE: u32 = 120;
/// From the top of a cell to the line the letters stand on.
const BASELINE: u32 = 110;

/// A colour and how much of it, in percent.
type Paint = (String, u8);

/// Everything of one picture, gathered by how it is painted.
#[derive(Default)]
struct Picture {
    areas: BTreeMap<Paint, String>,
    dots: BTreeMap<Paint, String>,
    strokes: BTreeMap<Paint, String>,
    backgrounds: BTreeMap<Paint, String>,
    words: BTreeMap<(Paint, &'static str), String>,
}

/// A word being gathered: text of one look without blanks.
struct Word {
    x: u16,
    columns: u16,
    text: String,
    paint: Paint,
    font: &'static str,
}

/// The picture of a frame. The title is for those who hear it or point at it; it is not drawn.
pub fn svg(grid: &Grid, title: &str) -> String {
    let mut picture = Picture::default();
    for y in 0..grid.size().rows() {
        picture.row(grid, y);
    }
    let width = u32::from(grid.size().cols()) * CELL_WIDTH + 2 * MARGIN;
    let height = u32::from(grid.size().rows()) * CELL_HEIGHT + 2 * MARGIN;
    let mut out = String::new();
    let title = escape(title);
    // The cells go on to the edge, whatever their theme.
    let margin = hex(grid.cell(0, 0).style.bg).unwrap_or_else(|| BG_DEFAULT.to_owned());
    put(
        &mut out,
        format_args!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{}\" height=\"{}\" viewBox=\"0 0 {width} {height}\" \
             role=\"img\" aria-label=\"{title}\">\n<title>{title}</title>\n\
             <rect width=\"{width}\" height=\"{height}\" rx=\"{CELL_WIDTH}\" fill=\"{margin}\"/>\n",
            width / UNITS,
            height / UNITS,
        ),
    );
    picture.write(&mut out);
    out.push_str("</svg>\n");
    out
}

// === impl Picture ===

impl Picture {
    fn row(&mut self, grid: &Grid, y: u16) {
        let mut word: Option<Word> = None;
        for x in 0..grid.size().cols() {
            let cell = grid.cell(x, y);
            let (fg, bg) = colors(&cell);
            if let Some(bg) = bg {
                area(self.backgrounds.entry((bg, 100)).or_default(), x, y, 0, CELL_HEIGHT);
            }
            let share = if cell.style.attrs.contains(Attrs::DIM) { DIM_PERCENT } else { 100 };
            if cell.style.attrs.contains(Attrs::UNDERLINE) {
                area(self.areas.entry((fg.clone(), share)).or_default(), x, y, BASELINE + LINE, LINE);
            }
            if cell.columns == 0 {
                continue;
            }
            if let Some((value, shape)) = drawing(cell.text()) {
                self.flush(&mut word, y);
                let (paths, percent) = match shape {
                    Shape::Areas(percent) => (&mut self.areas, percent),
                    Shape::Dots => (&mut self.dots, 100),
                    Shape::Strokes => (&mut self.strokes, 100),
                };
                let percent = u8::try_from(u16::from(percent) * u16::from(share) / 100).unwrap_or(100);
                shapes::path(value, corner(x, y), paths.entry((fg, percent)).or_default());
                continue;
            }
            if cell.text() == " " {
                self.flush(&mut word, y);
                continue;
            }
            let (paint, font) = ((fg, share), font(cell.style.attrs));
            // Only plain letters share a word: of others nobody knows how wide a font draws them.
            let joins = cell.text().is_ascii()
                && word.as_ref().is_some_and(|word| word.text.is_ascii() && word.paint == paint && word.font == font);
            if !joins {
                self.flush(&mut word, y);
            }
            let word = word.get_or_insert_with(|| Word { x, columns: 0, text: String::new(), paint, font });
            word.text.push_str(cell.text());
            word.columns += cell.columns;
        }
        self.flush(&mut word, y);
    }

    fn flush(&mut self, word: &mut Option<Word>, y: u16) {
        let Some(Word { x, columns, text, paint, font }) = word.take() else { return };
        let (left, top) = corner(x, y);
        put(
            self.words.entry((paint, font)).or_default(),
            format_args!(
                "<text x=\"{left}\" y=\"{}\" textLength=\"{}\">{}</text>\n",
                top + BASELINE,
                u32::from(columns) * CELL_WIDTH,
                escape(&text)
            ),
        );
    }

    fn write(&self, out: &mut String) {
        for ((color, _), path) in &self.backgrounds {
            put(out, format_args!("<path shape-rendering=\"crispEdges\" fill=\"{color}\" d=\"{path}\"/>\n"));
        }
        for ((color, percent), path) in &self.areas {
            let share = share("fill-opacity", *percent);
            put(out, format_args!("<path shape-rendering=\"crispEdges\" fill=\"{color}\"{share} d=\"{path}\"/>\n"));
        }
        for (width, cap, paths) in [(DOT, "round", &self.dots), (LINE, "butt", &self.strokes)] {
            for ((color, percent), path) in paths {
                let share = share("stroke-opacity", *percent);
                put(
                    out,
                    format_args!(
                        "<path fill=\"none\" stroke=\"{color}\"{share} stroke-width=\"{width}\" \
                         stroke-linecap=\"{cap}\" d=\"{path}\"/>\n"
                    ),
                );
            }
        }
        put(
            out,
            format_args!(
                "<g font-family=\"'DejaVu Sans Mono', Menlo, Consolas, 'Liberation Mono', monospace\" \
                 font-size=\"{FONT_SIZE}\">\n"
            ),
        );
        for (((color, percent), font), words) in &self.words {
            let share = share("fill-opacity", *percent);
            put(out, format_args!("<g fill=\"{color}\"{share}{font}>\n{words}</g>\n"));
        }
        out.push_str("</g>\n");
    }
}

/// The colours a cell is drawn in; no background where it is the picture's own.
fn colors(cell: &CellView<'_>) -> (String, Option<String>) {
    let (fg, bg) = (hex(cell.style.fg), hex(cell.style.bg));
    if cell.style.attrs.contains(Attrs::REVERSE) {
        (bg.unwrap_or_else(|| BG_DEFAULT.to_owned()), Some(fg.unwrap_or_else(|| FG_DEFAULT.to_owned())))
    } else {
        (fg.unwrap_or_else(|| FG_DEFAULT.to_owned()), bg)
    }
}

/// The one code point of a cell, if it is drawn as a shape.
fn drawing(text: &str) -> Option<(u32, Shape)> {
    let mut chars = text.chars();
    let value = u32::from(chars.next()?);
    if chars.next().is_some() { None } else { shapes::shape(value).map(|shape| (value, shape)) }
}

fn font(attrs: Attrs) -> &'static str {
    match (attrs.contains(Attrs::BOLD), attrs.contains(Attrs::ITALIC)) {
        (false, false) => "",
        (true, false) => " font-weight=\"bold\"",
        (false, true) => " font-style=\"italic\"",
        (true, true) => " font-weight=\"bold\" font-style=\"italic\"",
    }
}

fn share(attribute: &str, percent: u8) -> String {
    if percent == 100 { String::new() } else { format!(" {attribute}=\"0.{percent:02}\"") }
}

fn corner(x: u16, y: u16) -> (u32, u32) {
    (MARGIN + u32::from(x) * CELL_WIDTH, MARGIN + u32::from(y) * CELL_HEIGHT)
}

fn area(path: &mut String, x: u16, y: u16, from: u32, height: u32) {
    let (left, top) = corner(x, y);
    put(path, format_args!("M{left} {}h{CELL_WIDTH}v{height}h-{CELL_WIDTH}z", top + from));
}

fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            // XML has no such characters at all.
            _ if c.is_control() || u32::from(c) & 0xfffe == 0xfffe => out.push(' '),
            _ => out.push(c),
        }
    }
    out
}

fn put(out: &mut String, part: std::fmt::Arguments<'_>) {
    out.write_fmt(part).expect("invariant: a string takes everything");
}
