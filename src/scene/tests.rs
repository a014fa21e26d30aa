mod annotations;
mod cursor;
mod gone;
mod pushed;
mod queries;
mod remembered;
mod scrolled;
mod shared;
mod status;
mod tables;
mod themes;

use super::*;
use crate::base::Size;
use crate::model::dataset::{SourceHealth, SourceState};
use crate::model::fault::Class;
use crate::model::{GlyphSet, Kind, Palette, Sample, SeriesKey, Unit};

/// 2023-11-14 22:13:20.250 UTC: a quarter second into a second.
pub(super) const NOW: Wall = Wall(1_700_000_000_250);

const GIB: f64 = 1024.0 * 1024.0 * 1024.0;

/// Ten minutes of a machine with these many cores, one sample a second, the last a quarter second ago.
pub(super) fn host_data(cores: usize) -> Dataset {
    let mut data = Dataset::default();
    let mut put = |key: SeriesKey, unit: Unit, at: Wall, value: f64| {
        data.insert(Sample { key, kind: Kind::Gauge, unit, at, value })
            .expect("invariant: the test's samples are sound");
    };
    for second in 0..600 {
        let at = Wall(NOW.0 - 250 - (599 - second) * 1_000);
        let t = second as f64;
        let wave = |period: f64, phase: f64| ((t / period + phase).sin() + 1.0) / 2.0;
        let spike = if (420..450).contains(&second) { 45.0 } else { 0.0 };
        let cpu = |core: f64| (8.0 + 30.0 * wave(37.0, core) + 9.0 * wave(3.1, core * 2.0) + spike).min(100.0);
        let mut sum = 0.0;
        for core in 0..cores {
            let value = cpu(core as f64);
            sum += value;
            put(SeriesKey::labelled("host_cpu_percent", &[("cpu", &core.to_string())]), Unit::Percent, at, value);
        }
        let plain = SeriesKey::plain;
        put(plain("host_cpu_percent"), Unit::Percent, at, sum / cores.max(1) as f64);
        put(plain("host_load1"), Unit::None, at, 0.6 + 1.1 * wave(60.0, 0.0) + spike / 30.0);
        put(plain("host_load5"), Unit::None, at, 0.9 + 0.4 * wave(120.0, 0.0));
        put(plain("host_load15"), Unit::None, at, 0.8 + t / 6000.0);
        put(plain("host_memory_used_bytes"), Unit::Bytes, at, (9.0 + 3.0 * wave(150.0, 0.0) + t / 300.0) * GIB);
        put(plain("host_memory_total_bytes"), Unit::Bytes, at, 31.2 * GIB);
        put(plain("host_memory_available_bytes"), Unit::Bytes, at, 18.0 * GIB);
        put(plain("host_swap_used_bytes"), Unit::Bytes, at, 0.2 * GIB);
        put(plain("host_swap_total_bytes"), Unit::Bytes, at, 8.0 * GIB);
        put(plain("host_uptime_seconds"), Unit::Seconds, at, 1_234_567.0 + t);
        for (name, most) in
            [("disk_read", 90e6), ("disk_write", 30e6), ("network_receive", 12e6), ("network_transmit", 2e6)]
        {
            let name = format!("host_{name}_bytes_per_second");
            put(plain(&name), Unit::BytesPerSecond, at, most * wave(20.0, most));
        }
        let info = [("hostname", "wall-3"), ("kernel", "6.18.2-amd64")];
        put(SeriesKey::labelled("host_info", &info), Unit::None, at, 1.0);
    }
    data.set_source("host", health(SourceState::Good, Some(Wall(NOW.0 - 250))));
    data
}

fn health(state: SourceState, last_good: Option<Wall>) -> SourceHealth {
    SourceHealth { state, last_good, interval_ms: 1_000 }
}

pub(super) fn spec(cols: u16, rows: u16) -> ViewSpec {
    ViewSpec::new("default", "host", Size::clamped(cols, rows))
}

pub(super) fn picture(spec: &ViewSpec, data: &Dataset, now: Wall) -> (String, Drawn) {
    let mut grid = Grid::new(spec.size);
    let drawn = draw(&Boards::shipped(), spec, data, now, &mut grid);
    (grid.to_text(), drawn)
}

/// The first row in which two pictures say something else, of both.
fn differing(one: &Grid, other: &Grid) -> Option<[String; 2]> {
    let rows = (0..one.size().rows()).map(|y| [one.row_text(y), other.row_text(y)]);
    rows.into_iter().find(|[one, other]| one != other)
}

#[test]
fn the_board_is_drawn_at_any_size_from_one_cell_up() {
    let data = host_data(4);
    for (cols, rows) in [(1, 1), (1, 50), (2, 2), (3, 2), (20, 5), (40, 12), (80, 24), (120, 40), (1000, 500)] {
        for glyphs in [GlyphSet::Braille, GlyphSet::Block, GlyphSet::Ascii] {
            let mut spec = spec(cols, rows);
            spec.glyphs = glyphs;
            let (text, drawn) = picture(&spec, &data, NOW);
            assert!(text.lines().any(|line| !line.is_empty()), "{cols}x{rows} {glyphs:?} is blank");
            assert!(drawn.next_change_at.is_some_and(|at| at > NOW), "{cols}x{rows}");
        }
    }
}

/// A row of the picture that contains a text.
#[track_caller]
fn has(text: &str, words: &str) {
    assert!(text.contains(words), "no {words:?} in:\n{text}");
}

#[track_caller]
fn has_not(text: &str, words: &str) {
    assert!(!text.contains(words), "{words:?} in:\n{text}");
}

#[test]
fn the_host_board_says_what_the_data_says() {
    let (text, drawn) = picture(&spec(120, 40), &host_data(4), NOW);
    for words in [
        "● all 20.0%  ● busiest core 28.2%",
        "● used 11.4 GiB",
        "11.4 GiB of 31.2 GiB",
        "host    wall-3",
        "kernel  6.18.2-amd64",
        "up      14d 07h",
        "cores   4",
        "data    live, every 1 s",
        "default/host  ● live  5 min",
        "? help  q quit  22:13:20",
    ] {
        has(&text, words);
    }
    assert_eq!(drawn.next_change_at, Some(Wall(1_700_000_001_000)), "the clock moves with the second");
}

#[test]
fn before_the_first_data_every_panel_waits_in_words() {
    let (text, _) = picture(&spec(120, 40), &Dataset::default(), NOW);
    assert_eq!(text.matches("waiting for host").count(), 6, "{text}");
    has(&text, "▲ waiting");
    let mut data = Dataset::default();
    data.set_source("host", health(SourceState::Waiting, None));
    assert_eq!(picture(&spec(120, 40), &data, NOW).0, text);
}

#[test]
fn what_an_earlier_worker_knew_is_shown_until_the_source_is_heard_of() {
    let known = host_data(4);
    let mut data = Dataset::default();
    for (key, window) in known.after(None) {
        let last = window.last().expect("it has values");
        let sample = Sample { key: key.clone(), kind: window.kind, unit: window.unit, at: last.at, value: last.value };
        data.insert(sample).expect("it is sound");
    }
    let (text, _) = picture(&spec(120, 40), &data, NOW);
    has(&text, "11.4 GiB of 31.2 GiB");
    has_not(&text, "waiting for host");
    let (text, _) = picture(&spec(120, 40), &data, NOW + std::time::Duration::from_secs(60));
    has(&text, "11.4 GiB");
    has(&text, "waiting for host");
}

#[test]
fn late_data_is_called_stale_with_its_age_and_dimmed() {
    let data = host_data(2);
    has_not(&picture(&spec(120, 40), &data, Wall(NOW.0 + 1_750)).0, "stale");
    let (text, drawn) = picture(&spec(120, 40), &data, Wall(NOW.0 + 12_000));
    assert_eq!(text.matches("─ stale 12 s ─").count(), 6, "{text}");
    has(&text, "▲ stale 12 s");
    assert_eq!(drawn.next_change_at, Some(Wall(1_700_000_013_000)));

    let mut grid = Grid::new(Size::clamped(120, 40));
    draw(&Boards::shipped(), &spec(120, 40), &data, Wall(NOW.0 + 12_000), &mut grid);
    let dimmed = |x, y| grid.cell(x, y).style.attrs.contains(crate::frame::Attrs::DIM);
    assert!(dimmed(2, 2) && !dimmed(0, 1), "the inside is dimmed, the box is not");
}

#[test]
fn staleness_is_announced_before_it_shows() {
    // Without a status line no clock wakes the view.
    let (_, drawn) = picture(&spec(40, 2), &host_data(1), NOW);
    let at = drawn.next_change_at.expect("the line slides on");
    assert!(at <= Wall(NOW.0 - 250 + 3_000));
}

#[test]
fn a_failed_source_gives_its_reason_and_keeps_its_data() {
    let mut data = host_data(2);
    let failed = SourceState::Failed {
        since: Wall(NOW.0 - 4_000),
        why: "/proc is gone".to_owned(),
        class: Class::Error,
        next_try: None,
    };
    data.set_source("host", health(failed.clone(), Some(Wall(NOW.0 - 250))));
    let (text, _) = picture(&spec(120, 40), &data, NOW);
    assert_eq!(text.matches("─ failed 4 s ago: /proc is gone ─").count(), 6, "{text}");
    has(&text, "● used 11.4 GiB");
    has(&text, "▲ failed 4 s");

    let mut empty = Dataset::default();
    empty.set_source("host", health(failed, None));
    has(&picture(&spec(120, 40), &empty, NOW).0, "failed 4 s ago: /proc is gone");
}

#[test]
fn a_source_that_is_not_here_says_why_in_place_of_its_charts() {
    let mut data = Dataset::default();
    data.set_source("host", health(SourceState::Absent("nobody is at home".to_owned()), None));
    let (text, _) = picture(&spec(120, 40), &data, NOW);
    assert_eq!(text.matches("nobody is at home").count(), 6, "{text}");
    has(&text, "▲ no data");
    has_not(&text, "ago");
}

#[test]
fn a_pause_freezes_the_data_and_moves_its_age() {
    let data = host_data(2);
    let mut paused = spec(120, 40);
    paused.paused_at = Some(Wall(NOW.0 - 300_000));
    let (text, drawn) = picture(&paused, &data, NOW);
    has(&text, "■ paused 05:00");
    assert_eq!(drawn.next_change_at, Some(Wall(1_700_000_001_000)));
    let (later, _) = picture(&paused, &data, Wall(NOW.0 + 7_000));
    has(&later, "■ paused 05:07");
    has_not(&later, "stale");
    let board = |text: &str| text.lines().take(39).map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(board(&text), board(&later), "the board itself stands still");
    assert_ne!(board(&text), board(&picture(&spec(120, 40), &data, NOW).0));
}

#[test]
fn data_that_came_after_the_pause_is_not_shown() {
    let mut paused = spec(120, 40);
    paused.paused_at = Some(Wall(NOW.0 - 300_000));
    let mut shorter = Dataset::default();
    let whole = host_data(1);
    for name in ["host_cpu_percent", "host_load1"] {
        for (key, window) in whole.named(name) {
            for point in window.between(Wall(0), Wall(NOW.0 - 300_000)) {
                let sample =
                    Sample { key: key.clone(), kind: window.kind, unit: window.unit, at: point.at, value: point.value };
                shorter.insert(sample).expect("invariant: taken once already");
            }
        }
    }
    shorter.set_source("host", health(SourceState::Good, Some(NOW)));
    // The CPU panel: the first columns of the first rows.
    let cpu = |data: &Dataset| -> Vec<String> {
        picture(&paused, data, NOW).0.lines().take(14).map(|row| row.chars().take(74).collect()).collect()
    };
    assert_eq!(cpu(&whole), cpu(&shorter));
}

#[test]
fn panning_shows_the_past_and_says_how_far() {
    let data = host_data(2);
    let mut back = spec(120, 40);
    back.offset_ms = 75_000;
    has(&picture(&back, &data, NOW).0, "◂ live -1m 15s");
    back.offset_ms = 7_200_000;
    let (text, _) = picture(&back, &data, NOW);
    assert_eq!(text.matches("nothing is kept from then").count(), 6, "{text}");
}

#[test]
fn zoom_and_time_zone_reach_the_axis() {
    let data = host_data(2);
    let mut zoomed = spec(120, 40);
    zoomed.range_ms = 30_000;
    zoomed.timezone = "Asia/Kolkata".to_owned();
    let (text, _) = picture(&zoomed, &data, NOW);
    has(&text, "╵03:43:00");
    has(&text, "30 s");
    has(&text, "q quit  03:43:20");
}

#[test]
fn a_clock_in_a_zone_nobody_knows_says_that_it_shows_another() {
    let clock = |zone: &str| {
        let mut far = spec(120, 40);
        far.timezone = zone.to_owned();
        picture(&far, &host_data(2), NOW).0.lines().last().map(|row| row.split("q quit  ").last().map(str::to_owned))
    };
    assert_eq!(clock("Europe/Berlin"), Some(Some("23:13:20".to_owned())));
    assert_eq!(clock("UTC"), Some(Some("22:13:20".to_owned())));
    for zone in ["Nowhere/Atlantis", "CET-1CEST", ""] {
        assert_eq!(clock(zone), Some(Some("22:13:20 UTC".to_owned())), "{zone:?}");
    }
}

#[test]
fn lines_are_named_or_left_out_and_counted_at_every_size() {
    let data = host_data(4);
    has(&picture(&spec(80, 24), &data, NOW).0, "─ ● 1m  0.86  ● 5m  0.91  ● 15m  0.90 ─");
    for cols in 1..=200 {
        for (rows, palette) in [(24, Palette::Truecolor), (24, Palette::Mono), (12, Palette::Truecolor)] {
            let mut some = spec(cols, rows);
            some.palette = palette;
            let (text, _) = picture(&some, &data, NOW);
            // Without colours the lines themselves carry marks.
            let heads = text.lines().filter(|row| palette == Palette::Truecolor || row.starts_with('╭'));
            for (head, mark) in heads.flat_map(|head| ["● ", "▲ ", "■ "].map(|mark| (head, mark))) {
                for after in head.split(mark).skip(1) {
                    assert!(after.starts_with(|next: char| next.is_ascii_alphanumeric()), "{cols}x{rows}:\n{text}");
                }
            }
        }
    }
    let mut mono = spec(120, 40);
    mono.palette = Palette::Mono;
    has(&picture(&mono, &data, NOW).0, "─ ● 1m  0.86  ▲ 5m  0.91  ■ 15m  0.90 ─");
}

#[test]
fn full_screen_shows_the_focused_panel_alone() {
    let mut full = spec(80, 24);
    full.full_screen = true;
    full.focus = 4;
    let (text, _) = picture(&full, &host_data(2), NOW);
    has(&text, "─ load ─");
    has_not(&text, "CPU");
}

#[test]
fn help_shows_every_key_and_leaves_the_status_line() {
    let mut open = spec(80, 24);
    open.overlay = Some(Overlay::Help);
    let (text, _) = picture(&open, &host_data(2), NOW);
    for binding in crate::model::BINDINGS {
        has(&text, binding.what);
    }
    has(&text, "q quit  22:13:20");
}

#[test]
fn an_unknown_board_is_said_in_words() {
    let mut lost = spec(80, 24);
    lost.board = "nope\u{1b}[31m".to_owned();
    let (text, _) = picture(&lost, &host_data(1), NOW);
    has(&text, "no board is named \"nope");
    has(&text, "there is: host");
    has_not(&text, "\u{1b}");
}

#[test]
fn a_small_screen_counts_what_it_hides() {
    has(&picture(&spec(60, 12), &host_data(2), NOW).0, "+1 panel ");
    has(&picture(&spec(30, 12), &host_data(2), NOW).0, "● live");
}

#[test]
fn an_ascii_board_is_ascii_to_the_last_cell() {
    for (cols, rows) in [(200, 60), (120, 40), (80, 24), (40, 12), (20, 5), (1, 1)] {
        for full_screen in [false, true] {
            let mut ascii = spec(cols, rows);
            ascii.glyphs = GlyphSet::Ascii;
            ascii.full_screen = full_screen;
            ascii.overlay = full_screen.then_some(Overlay::Help);
            for data in [host_data(3), Dataset::default()] {
                let (text, _) = picture(&ascii, &data, Wall(NOW.0 + 9_000));
                assert!(text.is_ascii(), "{text}");
            }
        }
    }
}

#[test]
fn the_same_circumstances_give_the_same_picture() {
    let data = host_data(8);
    let boards = Boards::shipped();
    let (mut first, mut second) = (Grid::new(Size::clamped(1, 1)), Grid::new(Size::clamped(120, 40)));
    draw(&boards, &spec(80, 24), &data, Wall(NOW.0 + 60_000), &mut second);
    assert_eq!(
        draw(&boards, &spec(120, 40), &data, NOW, &mut first),
        draw(&boards, &spec(120, 40), &data, NOW, &mut second)
    );
    assert!(first == second, "what was drawn before does not show through");
}

#[test]
fn nothing_changes_before_it_is_announced() {
    let data = host_data(2);
    let mut specs = vec![spec(120, 40), spec(40, 12), spec(20, 2)];
    for (paused, offset_ms) in [(true, 0), (false, 30_000), (true, 30_000)] {
        let mut other = spec(120, 40);
        other.paused_at = paused.then_some(NOW);
        other.offset_ms = offset_ms;
        specs.push(other);
    }
    for spec in specs {
        let mut now = NOW;
        // A minute without data: each picture must hold until the next one is announced, to the whole second.
        while now < Wall(NOW.0 + 60_000) {
            let (text, drawn) = picture(&spec, &data, now);
            let next = drawn.next_change_at.unwrap_or(Wall(NOW.0 + 90_000));
            assert!(next > now, "a change in the past is announced");
            let last_second = Wall((next.0 - 1_000).max(now.0));
            let whole = |wall: Wall| wall.0.div_euclid(1_000);
            if whole(last_second) > whole(now) {
                assert_eq!(picture(&spec, &data, last_second).0, text, "at {last_second:?}, drawn at {now:?}");
            }
            now = next;
        }
    }
}

#[test]
fn the_catalogue_lists_what_can_be_drawn() {
    let boards = Boards::shipped();
    let catalogue = boards.catalogue();
    assert!(!catalogue.boards.is_empty());
    for facts in &catalogue.boards {
        let board = boards.get(&facts.name).expect("a listed board is there");
        assert_eq!(usize::from(facts.panels), board.panels.len());
        let mut placed = Vec::new();
        for tab in &board.tabs {
            assert_eq!(tab.panels.start, placed.len());
            leaves(&tab.layout, &mut placed);
            assert_eq!(tab.panels.end, placed.len());
        }
        assert_eq!(placed, (0..board.panels.len()).collect::<Vec<_>>(), "each panel once, in reading order");
    }
}

fn leaves(node: &Node, into: &mut Vec<usize>) {
    match node {
        Node::Panel(panel) => into.push(*panel),
        Node::Row(shares) | Node::Column(shares) => shares.iter().for_each(|share| leaves(&share.node, into)),
    }
}
