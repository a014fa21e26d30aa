//! What every kind of chart looks like, as files a person can open, compared with what is drawn now.
//!
//! `UNBLINK_BLESS=1 cargo test --test golden` writes them anew; then look at every one that changed. `.txt` opens in
//! an editor, `.ansi` with `cat`, `.svg` in a browser.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use unblink::base::{Mono, Size, Wall};
use unblink::encode::{Encoding, export};
use unblink::frame::Grid;
use unblink::model::spec::Theme;
use unblink::model::{Dataset, GlyphSet, Kind, Palette, Sample, SeriesKey, ViewSpec, Vitals};
use unblink::scene::{self, Boards};
use unblink::source::{own, synthetic};
use unblink::sys::usage::Usage;

/// A moment at which all is to be seen: a service that was slow and is down, its error marked, jobs done and under way.
const NOW: Wall = Wall(1_700_000_680_000);

fn data() -> Dataset {
    let mut data = Dataset::default();
    let synthetic::Moment { samples, entries } = synthetic::between(Wall(NOW.0 - 300_000), NOW);
    for sample in samples {
        data.insert(sample).expect("made-up samples are sound");
    }
    for (stream, entry) in entries {
        assert!(data.append(&stream, entry));
    }
    data.set_source(synthetic::NAME, synthetic::health(NOW));
    data
}

/// The same series with values of all magnitudes; some are counters that fall back again and again.
fn wild() -> Dataset {
    let values = [f64::MAX, -3.0, 1e-300, 0.0, f64::MIN, 7e9];
    let mut data = Dataset::default();
    let made_up = synthetic::between(Wall(NOW.0 - 300_000), NOW).samples;
    for (index, sample) in made_up.into_iter().enumerate() {
        let kind = if sample.key.name == "demo_requests" { Kind::Counter } else { Kind::Gauge };
        // Now and then nothing is told for a while.
        if sample.at.0 / 10_000 % 5 > 0 {
            data.insert(Sample { kind, value: values[index * 7 / 3 % values.len()], ..sample }).expect("sound samples");
        }
    }
    data.set_source(synthetic::NAME, synthetic::health(NOW));
    data
}

fn spec(glyphs: GlyphSet, palette: Palette, size: (u16, u16)) -> ViewSpec {
    let spec = ViewSpec::new("default", "demo", Size::clamped(size.0, size.1));
    ViewSpec { glyphs, palette, ..spec }
}

fn draw(boards: &Boards, data: &Dataset, spec: &ViewSpec) -> Grid {
    let mut grid = Grid::new(spec.size);
    scene::draw(boards, spec, data, NOW, &mut grid);
    grid
}

/// A panel of a wall, one of a board on a small terminal.
const SIZES: [(u16, u16); 2] = [(64, 16), (28, 7)];
/// With those of characters alone also one on a whole screen, and the smallest.
const SIZES_OF_TEXT: [(u16, u16); 4] = [(100, 30), (64, 16), (28, 7), (14, 4)];

/// Every panel on a screen of its own, one below the other.
fn panels(glyphs: GlyphSet, palette: Palette, sizes: &[(u16, u16)], write: impl Fn(&Grid) -> String) -> String {
    let (boards, data) = (Boards::shipped(), data());
    let count = boards.get("demo").expect("the board is shipped").panels.len();
    let mut all = String::new();
    for focus in 0..count {
        for size in sizes.iter().copied() {
            let focus = u16::try_from(focus).expect("few panels");
            let spec = ViewSpec { focus, full_screen: true, ..spec(glyphs, palette, size) };
            all.push_str(&write(&draw(&boards, &data, &spec)));
            all.push('\n');
        }
    }
    all
}

fn check(name: &str, drawn: &str) {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(name);
    if std::env::var_os("UNBLINK_BLESS").is_some() {
        fs::write(&path, drawn).expect("the folder can be written");
    }
    let kept = fs::read_to_string(&path).unwrap_or_default();
    let line = kept.lines().zip(drawn.lines()).position(|(kept, drawn)| kept != drawn);
    let at = line.unwrap_or_else(|| kept.lines().count().min(drawn.lines().count()));
    let around = |text: &str| text.lines().skip(at.saturating_sub(3)).take(8).collect::<Vec<_>>().join("\n");
    assert!(
        kept == drawn,
        "tests/golden/{name} differs from line {}:\n{}\n--- is drawn now:\n{}",
        at + 1,
        around(&kept),
        around(drawn)
    );
}

#[test]
fn every_chart_is_drawn_as_kept_in_every_set_of_characters() {
    for (name, glyphs) in [("braille", GlyphSet::Braille), ("block", GlyphSet::Block), ("ascii", GlyphSet::Ascii)] {
        let drawn = panels(glyphs, Palette::Mono, &SIZES_OF_TEXT, |grid| export::text(grid, glyphs == GlyphSet::Ascii));
        assert!(glyphs != GlyphSet::Ascii || drawn.is_ascii());
        check(&format!("charts-{name}.txt"), &drawn);
    }
}

#[test]
fn every_chart_is_drawn_as_kept_in_every_palette() {
    let palettes =
        [("true", Palette::Truecolor), ("256", Palette::Indexed), ("16", Palette::Ansi), ("mono", Palette::Mono)];
    for (name, palette) in palettes {
        let ansi = |grid: &Grid| {
            let bytes = export::ansi(grid, Encoding { palette, ascii: false });
            String::from_utf8(bytes).expect("what is encoded is UTF-8")
        };
        check(&format!("charts-{name}.ansi"), &panels(GlyphSet::Braille, palette, &SIZES, ansi));
    }
}

#[test]
fn the_board_of_all_charts_is_drawn_as_kept() {
    let (boards, data) = (Boards::shipped(), data());
    for (name, size) in [("demo-160x50", (160, 50)), ("demo-80x24", (80, 24))] {
        let spec = spec(GlyphSet::Braille, Palette::Truecolor, size);
        check(&format!("{name}.svg"), &export::svg(&draw(&boards, &data, &spec), name));
    }
    for (name, theme) in [("demo-light", Theme::Light), ("demo-high-contrast", Theme::HighContrast)] {
        let spec = ViewSpec { theme: Some(theme), ..spec(GlyphSet::Braille, Palette::Truecolor, (120, 40)) };
        check(&format!("{name}.svg"), &export::svg(&draw(&boards, &data, &spec), name));
    }
}

/// No size and no set of characters, with data of any magnitude or without, is too much for a chart.
#[test]
fn every_chart_is_drawn_at_any_size() {
    let (boards, full, wild, empty) = (Boards::shipped(), data(), wild(), Dataset::default());
    let count = boards.get("demo").expect("the board is shipped").panels.len();
    let sizes = [(1, 1), (2, 2), (3, 1), (1, 9), (5, 3), (9, 4), (17, 5), (40, 12), (300, 4), (4, 200), (1000, 500)];
    for size in sizes {
        for glyphs in [GlyphSet::Braille, GlyphSet::Block, GlyphSet::Ascii] {
            let spec = spec(glyphs, Palette::Truecolor, size);
            for data in [&full, &wild, &empty] {
                draw(&boards, data, &spec);
                for focus in 0..u16::try_from(count).expect("few panels") {
                    draw(&boards, data, &ViewSpec { focus, full_screen: true, ..spec.clone() });
                }
            }
        }
    }
}

/// Ten minutes of a daemon: viewers come in the middle, one of them reads nothing for a while, a worker dies.
fn a_daemons_past() -> Dataset {
    let mut data = Dataset::default();
    let mut own = own::Own::new(Mono(0));
    let (mut sent, mut drawn, mut cpu_us) = (0, 0, 1_000_000);
    for second in 0..600_u64 {
        let viewers = if second < 200 { 3 } else { 3 + (second - 200).min(120) };
        let wave = ((second as f64 / 23.0).sin() * 40.0 + (second as f64 / 7.0).sin() * 15.0) as i64;
        drawn += 9;
        sent += 3 * viewers;
        cpu_us += (800 + 12 * viewers).saturating_add_signed(wave * 4);
        let stuck = (400..430).contains(&second);
        let vitals = Vitals {
            uptime_ms: 86_400_000 + second * 1_000,
            cpu_us,
            resident_bytes: Some(11_500_000 + viewers * 9_000),
            tasks: 9 + u32::try_from(viewers).expect("few viewers"),
            viewers: u32::try_from(viewers).expect("few viewers"),
            viewers_stalled: u32::from(stuck),
            views: 5,
            sessions_opened: viewers,
            frames_sent: sent,
            bytes_sent: (sent * 310).saturating_add_signed(wave * 90),
            frames_dropped: if stuck { 3 * (second - 400) } else { 0 },
            inputs_dropped: 0,
            worker_restarts: 1,
        };
        let work = own::Work {
            series: 61,
            frames_drawn: drawn,
            frames_skipped: second / 9,
            frames_late: second / 90,
            samples: 37 * second,
            samples_rejected: 0,
        };
        let cpu = Duration::from_micros((9_000 * second).saturating_add_signed(wave * 60) + 10_000);
        let usage = Usage { cpu, resident_bytes: Some(13_000_000 + second * 4_096) };
        let at = Wall(NOW.0 - 599_000 + i64::try_from(second * 1_000).expect("ten minutes"));
        let now = Mono(0) + Duration::from_secs(second + 1);
        for mut sample in own.tell(&own::Report { vitals, work }, usage, 9, now, at) {
            // Of this very build, which is another one tomorrow.
            if sample.key.name == "unblink_info" {
                sample.key = SeriesKey::labelled("unblink_info", &[("build", "0123456789ab"), ("version", "1.2.3")]);
            }
            data.insert(sample).expect("what it tells is sound");
        }
    }
    data.set_source(own::NAME, own::health(NOW));
    data
}

#[test]
fn the_daemons_own_board_is_drawn_as_kept() {
    let (boards, data) = (Boards::shipped(), a_daemons_past());
    for (name, size) in [("unblink-160x50", (160, 50)), ("unblink-80x24", (80, 24)), ("unblink-40x12", (40, 12))] {
        let board = "unblink".to_owned();
        let spec = ViewSpec { board, ..spec(GlyphSet::Braille, Palette::Truecolor, size) };
        check(&format!("{name}.svg"), &export::svg(&draw(&boards, &data, &spec), name));
    }
}
