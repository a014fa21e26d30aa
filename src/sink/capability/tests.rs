//! Environments as people have them, and what may be sent to their terminals.

use super::*;

/// An environment from `NAME=value` words.
fn environment(words: &str) -> Environment {
    let mut environment = Environment::default();
    for word in words.split_whitespace() {
        let (name, value) = word.split_once('=').expect("NAME=value");
        let slot = match name {
            "TERM" => &mut environment.term,
            "COLORTERM" => &mut environment.colorterm,
            "NO_COLOR" => &mut environment.no_color,
            "LC_ALL" => &mut environment.lc_all,
            "LC_CTYPE" => &mut environment.lc_ctype,
            "LANG" => &mut environment.lang,
            "STY" => &mut environment.sty,
            "TZ" => &mut environment.tz,
            "localtime" => &mut environment.localtime,
            other => panic!("no variable {other}"),
        };
        *slot = Some(value.to_owned());
    }
    environment
}

fn palette(words: &str) -> Palette {
    environment(words).capabilities(Wishes::default()).unwrap().palette
}

fn glyphs(words: &str) -> GlyphSet {
    environment(words).capabilities(Wishes::default()).unwrap().glyphs
}

fn timezone(words: &str) -> String {
    environment(words).capabilities(Wishes::default()).unwrap().timezone
}

#[test]
fn colours_follow_term_and_colorterm() {
    for (words, expect) in [
        ("TERM=xterm-256color COLORTERM=truecolor", Palette::Truecolor),
        ("TERM=xterm COLORTERM=24bit", Palette::Truecolor),
        ("TERM=xterm-direct", Palette::Truecolor),
        ("TERM=xterm-kitty", Palette::Truecolor),
        ("TERM=foot-extra", Palette::Truecolor),
        ("TERM=xterm-256color", Palette::Indexed),
        ("TERM=tmux-256color", Palette::Indexed),
        ("TERM=screen-256color", Palette::Indexed),
        ("TERM=screen-256color STY=1.pts COLORTERM=truecolor", Palette::Indexed),
        ("TERM=tmux-256color COLORTERM=truecolor", Palette::Truecolor),
        ("TERM=xterm", Palette::Ansi),
        ("TERM=linux", Palette::Ansi),
        ("TERM=rxvt COLORTERM=rxvt", Palette::Ansi),
        ("TERM=footsteps", Palette::Ansi),
        ("", Palette::Ansi),
        ("TERM=vt220", Palette::Mono),
        ("TERM=vt100-am COLORTERM=truecolor", Palette::Mono),
    ] {
        assert_eq!(palette(words), expect, "{words}");
    }
}

#[test]
fn no_color_is_honoured_unless_it_is_empty() {
    assert_eq!(palette("TERM=xterm COLORTERM=truecolor NO_COLOR=1"), Palette::Mono);
    assert_eq!(palette("TERM=xterm COLORTERM=truecolor NO_COLOR="), Palette::Truecolor);
}

#[test]
fn flags_go_before_the_environment() {
    let environment = environment("TERM=xterm NO_COLOR=1 LANG=de_DE.UTF-8");
    for palette in [Palette::Truecolor, Palette::Indexed, Palette::Ansi, Palette::Mono] {
        let wishes = Wishes { color: ColorChoice::Always(palette), ascii_only: true };
        let got = environment.capabilities(wishes).unwrap();
        assert_eq!((got.palette, got.glyphs), (palette, GlyphSet::Ascii));
        assert_eq!(environment.for_a_file(wishes).palette, palette);
    }
    assert_eq!(environment.for_a_file(Wishes::default()).palette, Palette::Mono);
}

#[test]
fn glyphs_follow_the_locale_and_the_console() {
    for (words, expect) in [
        ("TERM=xterm LANG=en_US.UTF-8", GlyphSet::Braille),
        ("TERM=xterm LANG=C.utf8", GlyphSet::Braille),
        ("TERM=xterm", GlyphSet::Braille),
        ("TERM=xterm LANG=", GlyphSet::Braille),
        ("TERM=xterm LANG=C", GlyphSet::Ascii),
        ("TERM=xterm LANG=POSIX", GlyphSet::Ascii),
        ("TERM=xterm LANG=de_DE.ISO-8859-1", GlyphSet::Ascii),
        ("TERM=xterm LANG=en_US.UTF-8 LC_CTYPE=C", GlyphSet::Ascii),
        ("TERM=xterm LANG=C LC_CTYPE=en_US.UTF-8", GlyphSet::Braille),
        ("TERM=xterm LANG=en_US.UTF-8 LC_CTYPE=en_US.UTF-8 LC_ALL=C", GlyphSet::Ascii),
        ("TERM=xterm LC_ALL= LANG=en_US.UTF-8", GlyphSet::Braille),
        ("TERM=linux LANG=en_US.UTF-8", GlyphSet::Block),
        ("TERM=linux LANG=C", GlyphSet::Ascii),
    ] {
        assert_eq!(glyphs(words), expect, "{words}");
    }
}

#[test]
fn a_dumb_terminal_is_refused_in_words() {
    let error = environment("TERM=dumb").capabilities(Wishes::default()).unwrap_err();
    assert!(error.to_string().contains("unblink snapshot"), "{error}");
}

#[test]
fn the_time_zone_is_named_by_tz_or_the_link() {
    for (words, expect) in [
        ("TZ=Europe/Berlin", "Europe/Berlin"),
        ("TZ=:Europe/Berlin", "Europe/Berlin"),
        ("TZ=/usr/share/zoneinfo/Asia/Tokyo", "Asia/Tokyo"),
        ("TZ=America/Argentina/Buenos_Aires", "America/Argentina/Buenos_Aires"),
        ("TZ=Etc/GMT+3", "Etc/GMT+3"),
        ("TZ=UTC localtime=/usr/share/zoneinfo/Asia/Tokyo", "UTC"),
        ("TZ= localtime=/usr/share/zoneinfo/Asia/Tokyo", "UTC"),
        ("TZ=CET-1CEST,M3.5.0,M10.5.0/3", "UTC"),
        ("TZ=CET-1CEST", "UTC"),
        ("TZ=/some/file", "UTC"),
        ("localtime=/usr/share/zoneinfo/Asia/Tokyo", "Asia/Tokyo"),
        ("localtime=../usr/share/zoneinfo/posix/Asia/Tokyo", "Asia/Tokyo"),
        ("localtime=/etc/elsewhere", "UTC"),
        ("", "UTC"),
    ] {
        assert_eq!(timezone(words), expect, "{words}");
    }
    let long = "A".repeat(limits::ZONE_BYTES_MAX + 1);
    assert_eq!(timezone(&format!("TZ={long}")), "UTC");
}
