//! Themes as terminals with fewer colours show them.

use crate::encode::palette::{Ink, inks};
use crate::frame::Style;
use crate::model::{Palette, spec};
use crate::widget::{Level, Role, Theme};

/// xterm's default colours.
const ANSI: [[u8; 3]; 16] = [
    [0x00, 0x00, 0x00],
    [0xcd, 0x00, 0x00],
    [0x00, 0xcd, 0x00],
    [0xcd, 0xcd, 0x00],
    [0x00, 0x00, 0xee],
    [0xcd, 0x00, 0xcd],
    [0x00, 0xcd, 0xcd],
    [0xe5, 0xe5, 0xe5],
    [0x7f, 0x7f, 0x7f],
    [0xff, 0x00, 0x00],
    [0x00, 0xff, 0x00],
    [0xff, 0xff, 0x00],
    [0x5c, 0x5c, 0xff],
    [0xff, 0x00, 0xff],
    [0x00, 0xff, 0xff],
    [0xff, 0xff, 0xff],
];

fn luminance(ink: Ink) -> f64 {
    let Ink::Index(index) = ink else { panic!("a number, not {ink:?}") };
    let step = |step: u8| [0, 95, 135, 175, 215, 255][usize::from(step % 6)];
    let channels = match index {
        0..16 => ANSI[usize::from(index)],
        16..232 => [step((index - 16) / 36), step((index - 16) / 6), step(index - 16)],
        232.. => [8 + 10 * (index - 232); 3],
    };
    let linear = channels.map(|channel| {
        let share = f64::from(channel) / 255.0;
        if share <= 0.040_45 { share / 12.92 } else { ((share + 0.055) / 1.055).powf(2.4) }
    });
    0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
}

/// After WCAG 2, of what is left of a style.
fn contrast(palette: Palette, style: Style) -> f64 {
    let seen = inks(palette, style);
    let (fg, bg) = (luminance(seen.fg), luminance(seen.bg));
    (fg.max(bg) + 0.05) / (fg.min(bg) + 0.05)
}

#[test]
fn text_is_read_and_series_are_seen_in_256_and_in_16_colours() {
    let roles = [
        Role::Text,
        Role::Muted,
        Role::Strong,
        Role::Title,
        Role::TitleFocused,
        Role::Warning,
        Role::Failure,
        Role::Status,
        Role::StatusStrong,
        Role::StatusLive,
        Role::StatusPaused,
    ];
    for name in [spec::Theme::Dark, spec::Theme::Light, spec::Theme::HighContrast] {
        for palette in [Palette::Indexed, Palette::Ansi] {
            let theme = Theme::of(name, palette);
            for role in roles {
                let ratio = contrast(palette, theme.style(role));
                assert!(ratio >= 4.5, "{name:?} {palette:?}: {role:?} has {ratio:.2}");
            }
            for level in [Level::Good, Level::High, Level::Critical] {
                let ratio = contrast(palette, theme.level(level));
                assert!(ratio >= 4.5, "{name:?} {palette:?}: {level:?} has {ratio:.2}");
            }
            for index in 0..8 {
                let ratio = contrast(palette, theme.series(index));
                assert!(ratio >= 3.0, "{name:?} {palette:?}: series {index} has {ratio:.2}");
                let seen = |index| inks(palette, theme.series(index)).fg;
                let twins = (0..index).find(|other| seen(*other) == seen(index));
                assert_eq!(twins, None, "{name:?} {palette:?}: as series {index}");
            }
        }
    }
}
