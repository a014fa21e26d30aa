//! Exports as a reader sees them.

use super::*;
use crate::base::{Rect, Size};
use crate::frame::Glyph;
use crate::label::Label;

fn sample() -> Grid {
    let mut grid = Grid::new(Size::clamped(12, 2));
    let mut canvas = grid.canvas();
    canvas.label(1, 0, &Label::plain("a<b 中"), Style::new().fg(Color::rgb(255, 0, 16)).bold());
    canvas.fill(Rect::new(10, 0, 2, 1), Glyph::BLANK, Style::new().bg(Color::rgb(1, 2, 3)));
    canvas.glyph(0, 1, Glyph::new('█'), Style::new());
    canvas.dots(1, 1, 0b1000_0001, Style::new().dim());
    grid
}

#[test]
fn text_has_every_row() {
    assert_eq!(text(&sample(), false), " a<b 中\n█⢁\n");
}

#[test]
fn json_has_every_run() {
    let page: serde_json::Value = serde_json::from_str(&json(&sample())).expect("JSON");
    let expected = serde_json::json!({
        "cols": 12,
        "rows": 2,
        "lines": [
            {"text": " a<b 中", "runs": [
                {"x": 1, "columns": 3, "text": "a<b", "fg": "#ff0010", "attrs": ["bold"]},
                {"x": 5, "columns": 2, "text": "中", "fg": "#ff0010", "attrs": ["bold"]},
                {"x": 10, "columns": 2, "text": "  ", "bg": "#010203"},
            ]},
            {"text": "█⢁", "runs": [
                {"x": 0, "columns": 1, "text": "█"},
                {"x": 1, "columns": 1, "text": "⢁", "attrs": ["dim"]},
            ]},
        ],
    });
    assert_eq!(page, expected);
}

#[test]
fn svg_places_every_word_and_draws_every_shape() {
    let svg = svg(&sample(), "a \"host\" & more\u{1b}");
    assert!(svg.starts_with("<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"126\" height=\"54\""), "{svg}");
    assert!(svg.contains("<title>a &quot;host&quot; &amp; more </title>"), "{svg}");
    assert!(svg.contains("<text x=\"144\" y=\"182\" textLength=\"216\">a&lt;b</text>"), "{svg}");
    assert!(svg.contains("<text x=\"432\" y=\"182\" textLength=\"144\">中</text>"), "{svg}");
    assert!(svg.contains("fill=\"#010203\" d=\"M792 72h72v144h-72zM864 72h72v144h-72z\""), "a background: {svg}");
    assert!(svg.contains("d=\"M72 216h72v144h-72z\""), "a block: {svg}");
    assert!(svg.contains("stroke-opacity=\"0.60\""), "dimmed dots: {svg}");
    assert!(svg.contains("d=\"M162 234h0M198 342h0\""), "two dots: {svg}");
    assert!(!svg.contains('█') && !svg.contains('⢁'), "no font has to know them: {svg}");
    assert!(!svg.contains('\u{1b}'));
    assert_balanced(&svg);
}

#[test]
fn every_drawing_character_has_a_shape_within_its_cell() {
    for value in (0x2500..0x25a0).chain(0x2801..0x2900) {
        assert!(shapes::shape(value).is_some(), "{value:x}");
        let mut path = String::new();
        shapes::path(value, (1000, 2000), &mut path);
        assert!(path.starts_with('M'), "{value:x}: {path}");
        for start in path.split('M').skip(1) {
            let mut numbers = start.split(|c: char| !c.is_ascii_digit()).filter_map(|number| number.parse().ok());
            let at: (u32, u32) = (numbers.next().expect("x"), numbers.next().expect("y"));
            assert!((1000..=1072).contains(&at.0) && (2000..=2144).contains(&at.1), "{value:x}: {path}");
        }
    }
    assert_eq!(shapes::shape(0x2192), None);
}

/// Whether every element is closed, in order.
fn assert_balanced(svg: &str) {
    let mut open = Vec::new();
    for tag in svg.split('<').skip(1) {
        let (tag, _) = tag.split_once('>').expect("each tag ends");
        if let Some(name) = tag.strip_prefix('/') {
            assert_eq!(open.pop(), Some(name), "{svg}");
        } else if !tag.ends_with('/') {
            open.push(tag.split(' ').next().expect("a name"));
        }
    }
    assert!(open.is_empty(), "{open:?}");
}
