use super::*;

const TEXT_ROLES: [Role; 11] = [
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

fn themes() -> [&'static Theme; 2] {
    [Palette::Truecolor, Palette::Ansi].map(|palette| Theme::of(spec::Theme::Dark, palette))
}

/// Relative luminance after WCAG 2.
fn luminance(color: Color) -> f64 {
    let (r, g, b) = color.channels().expect("a coloured theme leaves no colour to the terminal");
    let linear = |channel: u8| {
        let share = f64::from(channel) / 255.0;
        if share <= 0.040_45 { share / 12.92 } else { ((share + 0.055) / 1.055).powf(2.4) }
    };
    0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b)
}

fn contrast(style: Style) -> f64 {
    let (fg, bg) = (luminance(style.fg), luminance(style.bg));
    (fg.max(bg) + 0.05) / (fg.min(bg) + 0.05)
}

#[test]
fn the_contrast_formula_knows_its_ends() {
    let white_on_black = Style::new().fg(Color::rgb(255, 255, 255)).bg(Color::rgb(0, 0, 0));
    assert!((contrast(white_on_black) - 21.0).abs() < 0.01);
}

#[test]
fn text_reaches_wcag_aa() {
    let dark = Theme::of(spec::Theme::Dark, Palette::Truecolor);
    for role in TEXT_ROLES {
        let ratio = contrast(dark.style(role));
        assert!(ratio >= 4.5, "{role:?} has a contrast of {ratio:.2}");
    }
    for index in 0..8 {
        assert!(contrast(dark.series(index)) >= 4.5, "series {index} has {:.2}", contrast(dark.series(index)));
    }
    for level in [Level::Good, Level::High, Level::Critical] {
        assert!(contrast(dark.level(level)) >= 4.5, "{level:?}");
    }
}

#[test]
fn lines_are_seen_on_the_filled_ground_too() {
    let dark = Theme::of(spec::Theme::Dark, Palette::Truecolor);
    let tint = dark.tint(0).expect("true colour has shades");
    for index in 0..8 {
        assert!(contrast(dark.series(index).bg(tint)) >= 4.5, "series {index}");
    }
    assert!(contrast(dark.style(Role::BorderFocused)) >= 3.0, "WCAG asks 3 to 1 of what is no text");
    assert!(
        [Palette::Indexed, Palette::Ansi, Palette::Mono]
            .iter()
            .all(|few| Theme::of(spec::Theme::Dark, *few).tint(0).is_none())
    );
}

#[test]
fn text_is_read_on_the_stripes_and_bars_of_a_table() {
    let dark = Theme::of(spec::Theme::Dark, Palette::Truecolor);
    let zebra = dark.zebra().expect("true colour has shades");
    for style in [dark.style(Role::Text), dark.style(Role::Muted), dark.level(Level::Critical)] {
        assert!(contrast(style.bg(zebra)) >= 4.5, "{style:?}");
    }
    for level in [Level::Good, Level::High, Level::Critical] {
        let tint = dark.bar_tint(Some(level)).expect("true colour has shades");
        assert!(contrast(dark.level(level).bg(tint)) >= 4.5, "{level:?}");
    }
    assert!(contrast(dark.style(Role::Text).bg(dark.bar_tint(None).expect("true colour has shades"))) >= 4.5);
    for few in [Palette::Indexed, Palette::Ansi, Palette::Mono] {
        let theme = Theme::of(spec::Theme::Dark, few);
        assert_eq!((theme.zebra(), theme.bar_tint(None)), (None, None), "{few:?}");
    }
}

/// L* of CIELAB, from 0 to 100.
fn lightness(color: Color) -> f64 {
    let luminance = luminance(color);
    if luminance > 0.008_856 { 116.0 * luminance.cbrt() - 16.0 } else { 903.3 * luminance }
}

#[test]
fn heat_rises_evenly_in_lightness_so_that_no_hue_is_needed() {
    let dark = Theme::of(spec::Theme::Dark, Palette::Truecolor);
    let steps: Vec<f64> = (0..=16).map(|step| lightness(dark.heat(step as f32 / 16.0))).collect();
    for pair in steps.windows(2) {
        assert!((3.0..=7.0).contains(&(pair[1] - pair[0])), "{steps:?}");
    }
    assert!(steps[0] > lightness(dark.style(Role::Ground).bg) + 5.0, "little is not nothing");
    for few in [Palette::Indexed, Palette::Ansi] {
        let theme = Theme::of(spec::Theme::Dark, few);
        let steps: Vec<f64> = (0..=16).map(|step| lightness(theme.heat(step as f32 / 16.0))).collect();
        assert!(steps.is_sorted() && steps[16] > steps[0] + 30.0, "{few:?}: {steps:?}");
        let ground = luminance(theme.style(Role::Ground).bg);
        assert!((luminance(theme.heat(0.0)) + 0.05) / (ground + 0.05) >= 3.0, "{few:?}: a glyph is seen");
    }
    assert_eq!(Theme::of(spec::Theme::Dark, Palette::Mono).heat(0.5), Color::DEFAULT);
    for odd in [f32::NAN, f32::INFINITY, -1.0, 2.0] {
        dark.heat(odd);
    }
}

#[test]
fn series_differ_in_brightness_or_blue_so_that_red_and_green_are_not_needed() {
    for theme in themes() {
        for left in 0..4 {
            for right in 0..left {
                let (a, b) = (theme.series(left).fg, theme.series(right).fg);
                let (_, _, blue_a) = a.channels().expect("a coloured theme");
                let (_, _, blue_b) = b.channels().expect("a coloured theme");
                let brightness = (luminance(a) - luminance(b)).abs();
                let blue = blue_a.abs_diff(blue_b);
                assert!(blue >= 30 || brightness >= 0.1, "series {left} and {right}: {a:?} {b:?}");
            }
        }
    }
}

#[test]
fn without_colours_the_first_three_series_and_the_levels_differ_by_attributes() {
    let mono = Theme::of(spec::Theme::Dark, Palette::Mono);
    assert!(mono.series(0) != mono.series(1) && mono.series(1) != mono.series(2) && mono.series(0) != mono.series(2));
    assert!(mono.level(Level::Good) != mono.level(Level::High));
    assert!(mono.level(Level::High) != mono.level(Level::Critical));
    for role in TEXT_ROLES {
        assert!(mono.style(role).fg.is_default() && mono.style(role).bg.is_default());
    }
}

#[test]
fn more_series_than_colours_start_over() {
    let dark = Theme::of(spec::Theme::Dark, Palette::Truecolor);
    assert_eq!(dark.series(0), dark.series(8));
    assert_eq!(dark.series(usize::MAX), dark.series(7));
}
