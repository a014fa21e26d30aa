//! Random specs, keys and sizes for the tests of both protocols.

use std::collections::BTreeMap;

use proptest::prelude::*;

use crate::base::{Size, Wall, limits};
use crate::model::spec::{Overlay, RANGE_MS_MAX, RANGE_MS_MIN, Scroll, Theme};
use crate::model::{Act, Gesture, GlyphSet, Input, Key, Palette, ViewSpec};

pub fn palette() -> impl Strategy<Value = Palette> {
    prop::sample::select(vec![Palette::Truecolor, Palette::Indexed, Palette::Ansi, Palette::Mono])
}

pub fn glyphs() -> impl Strategy<Value = GlyphSet> {
    prop::sample::select(vec![GlyphSet::Braille, GlyphSet::Block, GlyphSet::Ascii])
}

pub fn params() -> impl Strategy<Value = BTreeMap<String, String>> {
    prop::collection::btree_map(".{0,20}", ".{0,40}", 0..=limits::PARAMS_MAX)
}

pub fn size() -> impl Strategy<Value = Size> {
    (any::<u16>(), any::<u16>()).prop_map(|(cols, rows)| Size::clamped(cols, rows))
}

prop_compose! {
    pub fn spec()(
        names in ("[a-z]{0,20}", "[a-zäß]{0,20}", "[A-Z][a-z/]{0,20}"),
        params in params(),
        range_ms in RANGE_MS_MIN..=RANGE_MS_MAX,
        offset_ms in 0..=RANGE_MS_MAX,
        paused_at in prop::option::of(any::<i64>().prop_map(Wall)),
        (tab, focus, rows) in any::<(u16, u16, u16)>(),
        moments in any::<(Option<i64>, Option<i64>)>(),
        flags in any::<(bool, bool)>(),
        size in size(),
        palette in palette(),
        glyphs in glyphs(),
        theme in prop::option::of(prop::sample::select(Theme::ALL.to_vec())),
    ) -> ViewSpec {
        let overlay = flags.1.then_some(Overlay::Help);
        let plain = ViewSpec::new(&names.0, &names.1, size);
        let timezone = names.2;
        ViewSpec {
            params, range_ms, offset_ms, paused_at, tab, focus, full_screen: flags.0, overlay, palette, glyphs, theme,
            timezone, scroll: Scroll { rows, since: moments.0.map(Wall) }, cursor: moments.1.map(Wall), ..plain
        }
    }
}

pub fn gesture() -> impl Strategy<Value = Gesture> {
    let act = prop_oneof![
        Just(Act::Click),
        any::<i16>().prop_map(|columns| Act::Drag { columns }),
        Just(Act::WheelUp),
        Just(Act::WheelDown),
    ];
    (any::<u16>(), any::<u16>(), act).prop_map(|(x, y, act)| Gesture { x, y, act })
}

pub fn input() -> impl Strategy<Value = Input> {
    prop_oneof![key().prop_map(Input::Key), gesture().prop_map(Input::Mouse)]
}

pub fn key() -> impl Strategy<Value = Key> {
    prop_oneof![
        any::<char>().prop_map(Key::Char),
        any::<char>().prop_map(Key::Ctrl),
        prop::sample::select(vec![
            Key::Tab,
            Key::BackTab,
            Key::Enter,
            Key::Escape,
            Key::Backspace,
            Key::Up,
            Key::Down,
            Key::Left,
            Key::Right,
            Key::PageUp,
            Key::PageDown,
            Key::Home,
            Key::End,
        ]),
    ]
}
