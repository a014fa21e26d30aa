use super::*;
use crate::base::limits::EXACT_STYLES_MAX;

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

/// The themes with colours.
const COLOURED: [spec::Theme; 3] = [spec::Theme::Dark, spec::Theme::Light, spec::Theme::HighContrast];

/// What text has to reach: WCAG 2 AA, and AAA where the theme is named after it.
fn text_min(theme: spec::Theme) -> f64 {
    if theme == spec::Theme::HighContrast { 7.0 } else { 4.5 }
}

fn truecolor() -> impl Iterator<Item = (spec::Theme, &'static Theme)> {
    COLOURED.into_iter().map(|theme| (theme, Theme::of(theme, Palette::Truecolor)))
}

fn linear(channel: u8) -> f64 {
    let share = f64::from(channel) / 255.0;
    if share <= 0.040_45 { share / 12.92 } else { ((share + 0.055) / 1.055).powf(2.4) }
}

/// Relative luminance after WCAG 2.
fn luminance(color: Color) -> f64 {
    let (r, g, b) = color.channels().expect("a coloured theme leaves no colour to the terminal");
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
fn text_reaches_wcag_aa_in_all_themes_and_aaa_in_high_contrast() {
    for (name, theme) in truecolor() {
        for role in TEXT_ROLES {
            let ratio = contrast(theme.style(role));
            assert!(ratio >= text_min(name), "{name:?}: {role:?} has a contrast of {ratio:.2}");
        }
        for index in 0..8 {
            let ratio = contrast(theme.series(index));
            assert!(ratio >= text_min(name), "{name:?}: series {index} has a contrast of {ratio:.2}");
        }
        for level in [Level::Good, Level::High, Level::Critical] {
            let ratio = contrast(theme.level(level));
            assert!(ratio >= text_min(name), "{name:?}: {level:?} has a contrast of {ratio:.2}");
        }
    }
}

#[test]
fn text_and_lines_are_seen_on_the_filled_ground_too() {
    for (name, theme) in truecolor() {
        let tint = theme.tint(0).expect("true colour has shades");
        for index in 0..8 {
            let ratio = contrast(theme.series(index).bg(tint));
            assert!(ratio >= text_min(name), "{name:?}: series {index} has {ratio:.2}");
            let own = theme.tint(index).expect("true colour has shades");
            assert!(contrast(theme.series(index).bg(own)) >= 3.0, "{name:?}: series {index} on its own ground");
        }
        for role in [Role::Text, Role::Warning, Role::Failure] {
            let ratio = contrast(theme.style(role).bg(tint));
            assert!(ratio >= text_min(name), "{name:?}: {role:?} has {ratio:.2}");
        }
    }
    for few in [Palette::Indexed, Palette::Ansi, Palette::Mono] {
        assert!(spec::Theme::ALL.iter().all(|theme| Theme::of(*theme, few).tint(0).is_none()), "{few:?}");
    }
}

#[test]
fn what_is_no_text_but_tells_something_reaches_3_to_1() {
    for (name, theme) in truecolor() {
        assert!(contrast(theme.style(Role::BorderFocused)) >= 3.0, "{name:?}: the focus");
        let track = theme.style(Role::Track).fg;
        for level in [Level::Good, Level::High, Level::Critical] {
            let ratio = contrast(theme.bar(level).bg(track));
            assert!(ratio >= 3.0, "{name:?}: a bar of {level:?} on its track has {ratio:.2}");
        }
    }
    let high = Theme::of(spec::Theme::HighContrast, Palette::Truecolor);
    for role in [Role::Border, Role::Grid] {
        assert!(contrast(high.style(role)) >= 3.0, "{role:?}: here nothing is only hinted at");
    }
}

#[test]
fn text_is_read_on_the_stripes_and_bars_of_a_table() {
    for (name, theme) in truecolor() {
        let zebra = theme.zebra().expect("true colour has shades");
        let levels = [Level::Good, Level::High, Level::Critical];
        let on_stripes = [theme.style(Role::Text), theme.style(Role::Muted)];
        for style in on_stripes.into_iter().chain(levels.map(|level| theme.level(level))) {
            assert!(contrast(style.bg(zebra)) >= text_min(name), "{name:?}: {style:?}");
        }
        for level in levels {
            let tint = theme.bar_tint(Some(level)).expect("true colour has shades");
            let ratio = contrast(theme.level(level).bg(tint));
            assert!(ratio >= text_min(name), "{name:?}: {level:?} has {ratio:.2}");
        }
        let ratio = contrast(theme.style(Role::Text).bg(theme.bar_tint(None).expect("true colour has shades")));
        assert!(ratio >= text_min(name), "{name:?}: text on a bar has {ratio:.2}");
    }
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
fn heat_leaves_the_ground_evenly_in_lightness_so_that_no_hue_is_needed() {
    for name in COLOURED {
        let of = |palette| {
            let theme = Theme::of(name, palette);
            let ground = theme.style(Role::Ground).bg;
            let steps = (0..=16).map(|step| theme.heat(step as f32 / 16.0));
            let away: Vec<f64> = steps.map(|color| (lightness(color) - lightness(ground)).abs()).collect();
            (theme, ground, away)
        };
        let (theme, _, away) = of(Palette::Truecolor);
        assert!(away.windows(2).all(|pair| (3.0..=7.0).contains(&(pair[1] - pair[0]))), "{name:?}: {away:?}");
        assert!(away[0] > 5.0, "{name:?}: little is not nothing");
        for odd in [f32::NAN, f32::INFINITY, -1.0, 2.0] {
            theme.heat(odd);
        }
        for few in [Palette::Indexed, Palette::Ansi] {
            let (theme, ground, away) = of(few);
            assert!(away.is_sorted() && away[16] > away[0] + 30.0, "{name:?} {few:?}: {away:?}");
            let least = contrast(Style::new().fg(theme.heat(0.0)).bg(ground));
            assert!(least >= 3.0, "{name:?} {few:?}: a glyph is seen, not with {least:.2}");
        }
    }
    assert_eq!(Theme::of(spec::Theme::Dark, Palette::Mono).heat(0.5), Color::DEFAULT);
}

#[test]
fn two_amounts_in_every_cell_are_styles_that_there_are_numbers_for() {
    let mut styles = std::collections::HashSet::new();
    for (name, palette) in COLOURED
        .into_iter()
        .flat_map(|name| [Palette::Truecolor, Palette::Indexed, Palette::Ansi].map(|palette| (name, palette)))
    {
        let theme = Theme::of(name, palette);
        let mut colors: Vec<Color> = (0..=10_000).map(|part| theme.heat(part as f32 / 10_000.0)).collect();
        colors.push(theme.style(Role::Ground).bg);
        colors.sort_by_key(|color| color.channels());
        colors.dedup();
        for (upper, lower) in colors.iter().flat_map(|upper| colors.iter().map(|lower| (*upper, *lower))) {
            let style = Style::new().fg(upper).bg(lower);
            styles.extend([style, style.dim()]);
        }
    }
    // On blanks only the ground is seen: one style more for each colour. All the rest are some hundreds, so half is ample.
    assert!(styles.len() > 20_000 && styles.len() < EXACT_STYLES_MAX / 2, "{}", styles.len());
}

/// What eyes without one kind of cone make of linear red, green and blue: Machado, Oliveira and Fernandes, "A
/// Physiologically-based Model for Simulation of Color Vision Deficiency", IEEE TVCG 15 (2009), severity 1.0.
const EYES: [(&str, [[f64; 3]; 3]); 4] = [
    ("all cones", [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]),
    (
        "protanopia",
        [[0.152_286, 1.052_583, -0.204_868], [0.114_503, 0.786_281, 0.099_216], [-0.003_882, -0.048_116, 1.051_998]],
    ),
    (
        "deuteranopia",
        [[0.367_322, 0.860_646, -0.227_968], [0.280_085, 0.672_501, 0.047_413], [-0.011_820, 0.042_940, 0.968_881]],
    ),
    (
        "tritanopia",
        [[1.255_528, -0.076_749, -0.178_779], [-0.078_411, 0.930_809, 0.147_602], [0.004_733, 0.691_367, 0.303_900]],
    ),
];

/// CIELAB (D65) of what such an eye sees.
fn lab(color: Color, eye: [[f64; 3]; 3]) -> [f64; 3] {
    let (r, g, b) = color.channels().expect("a coloured theme leaves no colour to the terminal");
    let light = [r, g, b].map(linear);
    let times = |row: [f64; 3], of: [f64; 3]| row.iter().zip(of).map(|(factor, part)| factor * part).sum::<f64>();
    let seen = eye.map(|row| times(row, light).clamp(0.0, 1.0));
    let curve = |t: f64| if t > 0.008_856 { t.cbrt() } else { 7.787 * t + 16.0 / 116.0 };
    let x = curve(times([0.412_456, 0.357_576, 0.180_437], seen) / 0.950_47);
    let y = curve(times([0.212_673, 0.715_152, 0.072_175], seen));
    let z = curve(times([0.019_334, 0.119_192, 0.950_304], seen) / 1.088_83);
    [116.0 * y - 16.0, 500.0 * (x - y), 200.0 * (y - z)]
}

/// The distance of CIE 1976; about 2.3 of it are just noticeable side by side.
fn apart(one: Color, other: Color, eye: [[f64; 3]; 3]) -> f64 {
    let (one, other) = (lab(one, eye), lab(other, eye));
    one.iter().zip(other).map(|(a, b)| (a - b).powi(2)).sum::<f64>().sqrt()
}

#[test]
fn every_kind_of_eye_tells_all_series_and_levels_of_a_theme_apart() {
    assert!(apart(Color::rgb(255, 0, 0), Color::rgb(163, 143, 0), EYES[2].1) < 12.0, "the eye cannot, but the test");
    for (name, theme) in truecolor() {
        for (kind, eye) in EYES {
            for left in 0..8 {
                for right in 0..left {
                    let distance = apart(theme.series(left).fg, theme.series(right).fg, eye);
                    assert!(distance >= 16.0, "{name:?}, {kind}: series {left} and {right} are {distance:.1} apart");
                }
            }
            for (one, other) in [(Level::Good, Level::High), (Level::High, Level::Critical)] {
                let distance = apart(theme.level(one).fg, theme.level(other).fg, eye);
                assert!(distance >= 16.0, "{name:?}, {kind}: {one:?} and {other:?} are {distance:.1} apart");
            }
        }
    }
}

#[test]
fn without_colours_the_first_three_series_and_the_levels_differ_by_attributes() {
    let mono = Theme::of(spec::Theme::Dark, Palette::Mono);
    assert!(std::ptr::eq(mono, Theme::of(spec::Theme::Mono, Palette::Truecolor)), "the theme is the palette");
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
