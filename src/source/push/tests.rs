//! What a chunk becomes, and what becomes of pushers that mean harm.

use std::fmt::Write as _;

use proptest::prelude::*;

use super::*;

const NOW: Wall = Wall(1_789_000_000_000);

/// An intake and the data behind it.
#[derive(Default)]
struct Stage {
    intake: Intake,
    data: Dataset,
}

impl Stage {
    fn take(&mut self, text: &str) -> Taken {
        self.take_at(text.as_bytes(), NOW)
    }

    fn take_at(&mut self, chunk: &[u8], now: Wall) -> Taken {
        let taken = self.intake.take(chunk, now, &mut self.data);
        assert!(taken.faults.len() <= limits::PUSH_FAULTS_MAX && taken.faults.len() <= taken.rejected as usize);
        assert!(taken.faults.iter().all(|(_, why)| why.len() <= limits::PUSH_WHY_BYTES_MAX && !why.is_empty()));
        taken
    }

    fn points(&self, key: &SeriesKey) -> Vec<(i64, f64)> {
        let window = self.data.window(key).unwrap_or_else(|| panic!("there is no {key:?}"));
        let all = window.between(Wall(i64::MIN), Wall(i64::MAX));
        all.map(|point| (point.at.0 - NOW.0, point.value)).collect()
    }
}

/// Why a line alone is rejected.
#[track_caller]
fn rejected(line: &str) -> String {
    let taken = Stage::default().take(line);
    assert_eq!((taken.accepted, taken.rejected), (0, 1), "{line}");
    assert_eq!(taken.faults[0].0, 1);
    taken.faults[0].1.clone()
}

#[test]
fn a_line_may_say_everything_or_only_a_series_and_a_value() {
    let mut stage = Stage::default();
    let taken = stage.take(concat!(
        r#"{"series":"queue","value":3}"#,
        "\n\n",
        r#"{"series":"disk.free","value":7e3,"labels":{"mount":"/","host-id":4,"gone":null},"unit":"bytes","kind":"gauge","at":"2026-09-10T00:26:39Z","more":[{}]}"#,
        "\r\n",
        r#"{"value":-1,"series":"hits","kind":"counter","at":1788999999000}"#,
    ));
    assert_eq!(taken, Taken { accepted: 3, ..Taken::default() });
    assert_eq!(stage.points(&SeriesKey::plain("queue")), [(0, 3.0)]);
    let disk = SeriesKey::labelled("disk_free", &[("mount", "/"), ("host_id", "4")]);
    assert_eq!(stage.points(&disk), [(-1_000, 7_000.0)]);
    assert_eq!(stage.data.window(&disk).map(|window| window.unit), Some(Unit::Bytes));
    let hits = stage.data.window(&SeriesKey::plain("hits")).expect("it was taken");
    assert_eq!((hits.kind, hits.len()), (Kind::Counter, 1));
    let health = stage.intake.health(NOW);
    assert_eq!((health.state, health.last_good, health.interval_ms), (SourceState::Good, Some(NOW), 0));
}

#[test]
fn what_a_line_leaves_out_is_as_the_series_has_it_and_what_it_says_otherwise_is_refused() {
    let mut stage = Stage::default();
    let line = |at: i64, more: &str| format!(r#"{{"series":"x","value":1,"at":{}{more}}}"#, NOW.0 - 1_000 + at);
    assert_eq!(stage.take(&line(1, r#","unit":"bytes","kind":"counter""#)).accepted, 1);
    assert_eq!(stage.take(&line(2, "")).accepted, 1);
    for (at, more) in [(3, r#","unit":"seconds""#), (4, r#","kind":"gauge""#)] {
        let taken = stage.take(&line(at, more));
        assert_eq!(taken.faults, [(1, "the series changed its kind or unit".to_owned())]);
    }
    assert_eq!(stage.take(&line(2, "")).faults, [(1, "the time is not after the newest point's".to_owned())]);
    assert_eq!(stage.take(&line(1, "")).rejected, 1, "time goes back");
    assert_eq!(stage.points(&SeriesKey::plain("x")).len(), 2);
}

#[test]
fn each_line_that_is_not_taken_says_why_in_words() {
    for (line, words) in [
        ("x", "this is no JSON at column 1"),
        ("{\"series\":\"x\",\"value\":NaN}", "this is no JSON at column"),
        ("{\"series\":\"x\",\"value\":1}}", "this is no JSON"),
        ("[1]", "expected an object with `series` and `value`"),
        ("{}", "it names no series"),
        (r#"{"series":"x"}"#, "it has no value"),
        (r#"{"series":"x","value":"NaN"}"#, "expected a number as `value`"),
        (r#"{"series":"x","value":"inf"}"#, "expected a number as `value`"),
        (r#"{"series":"x","value":null}"#, "expected a number as `value`"),
        (r#"{"series":"x","value":1e999}"#, "this is no JSON"),
        (r#"{"series":7,"value":1}"#, "expected a series' name"),
        (r#"{"series":"","value":1}"#, "the series has no name"),
        (r#"{"series":"x","value":1,"kind":"meter"}"#, "neither gauge nor counter"),
        (r#"{"series":"x","value":1,"unit":"ms"}"#, "`ms` is no unit of values here"),
        (r#"{"series":"x","value":1,"at":"yesterday"}"#, "its time is neither RFC 3339 nor"),
        (r#"{"series":"x","value":1,"at":1e300}"#, "its time is neither RFC 3339 nor"),
        (r#"{"series":"x","value":1,"at":[]}"#, "expected as `at` RFC 3339"),
        (r#"{"series":"x","value":1,"at":1789000060000}"#, "its time lies ahead"),
        (r#"{"series":"x","value":1,"at":1788000000000}"#, "its time is older than a day"),
        (r#"{"series":"x","value":1,"labels":[]}"#, "expected an object of labels"),
        (r#"{"series":"x","value":1,"labels":{"a":{}}}"#, "expected a label's value"),
        (r#"{"series":"host_cpu_percent","value":1}"#, "belong to another source"),
        (r#"{"series":"unblink","value":1}"#, "belong to another source"),
    ] {
        let why = rejected(line);
        assert!(why.contains(words), "{line}: {why}");
    }
    let long = "x".repeat(limits::SERIES_TEXT_BYTES_MAX + 1);
    for line in [
        format!(r#"{{"series":"{long}","value":1}}"#),
        format!(r#"{{"series":"x","value":1,"labels":{{"a":"{long}"}}}}"#),
        format!(r#"{{"series":"x","value":1,"labels":{{"{long}":"a"}}}}"#),
    ] {
        assert_eq!(rejected(&line), Rejected::TooLong.to_string());
    }
    let labels: Vec<String> = (0..=limits::SERIES_LABELS_MAX).map(|index| format!(r#""l{index}":"x""#)).collect();
    let line = format!(r#"{{"series":"x","value":1,"labels":{{{}}}}}"#, labels.join(","));
    assert!(rejected(&line).contains("too many labels"));
    let line = format!(r#"{{"series":"x","value":1,"more":"{}"}}"#, "x".repeat(limits::SOURCE_LINE_BYTES_MAX));
    assert!(rejected(&line).contains("longer than 8192 bytes"));
    assert!(rejected(&format!(r#"{{"series":"x","value":1,"more":{}"#, "[".repeat(8_000))).contains("no JSON"));
}

#[test]
fn what_a_hostile_line_says_moves_no_cursor() {
    let why = rejected("{\"series\":\"x\",\"value\":\"\\u001b[2J\\u0007\"}");
    assert!(why.chars().all(|c| !c.is_control()), "{why:?}");
    let why = rejected("{\"series\":\"x\",\"value\":1,\"unit\":\"\\u001b]0;t\\u0007\\u202e\"}");
    assert!(why.chars().all(|c| !c.is_control() && c != '\u{202e}'), "{why:?}");
    let taken = Stage::default().take_at(b"\x00\xff\xfe{\x80\n{\"series\":\"\xff\",\"value\":1}\n\xed\xa0\x80", NOW);
    assert_eq!((taken.accepted, taken.rejected), (0, 3));
}

#[test]
fn what_charts_of_an_earlier_worker_left_is_nothing_that_was_pushed() {
    let mut stage = Stage::default();
    for name in ["chart:0123_latency", "orders"] {
        let (kind, unit, at) = (Kind::Gauge, Unit::None, NOW);
        let sample = Sample { key: SeriesKey::plain(name), kind, unit, at, value: 1.0 };
        stage.data.insert(sample).expect("there is room");
    }
    stage.intake.adopt(&mut stage.data);
    assert_eq!(stage.intake.series_count(), 1);
    // A name of that kind cannot be pushed at all.
    assert_eq!(stage.take(r#"{"series":"chart:0123_latency","value":1}"#).accepted, 1);
    assert!(stage.data.window(&SeriesKey::plain("chart_0123_latency")).is_some());
}

#[test]
fn series_of_another_source_are_not_to_be_pushed_and_those_that_only_begin_alike_are() {
    let mut stage = Stage::default();
    let line = |name: &str| format!(r#"{{"series":"{name}","value":1}}"#);
    assert_eq!(stage.take(&line("disk_used")).accepted, 1);
    stage.intake.set_taken(vec!["disk".to_owned()]);
    for name in ["disk", "disk_used", "disk.free"] {
        assert_eq!(stage.take_at(line(name).as_bytes(), NOW + Duration::from_secs(1)).rejected, 1, "{name}");
    }
    assert_eq!(stage.take(&line("diskette")).accepted, 1);
    stage.intake.set_taken(Vec::new());
    assert_eq!(stage.take_at(line("disk_used").as_bytes(), NOW + Duration::from_secs(2)).accepted, 1);
}

#[test]
fn a_burst_without_times_is_spread_over_milliseconds_and_a_flood_of_it_is_not() {
    let mut stage = Stage::default();
    let line = "{\"series\":\"x\",\"value\":1}\n";
    assert_eq!(stage.take(&line.repeat(10)).accepted, 10);
    let times: Vec<i64> = stage.points(&SeriesKey::plain("x")).iter().map(|point| point.0).collect();
    assert_eq!(times, (0..10).collect::<Vec<i64>>());
    let taken = stage.take(&line.repeat(1_000));
    assert_eq!((taken.accepted, taken.rejected), (91, 909), "a tenth of a second ahead at most");
    assert!(taken.faults[0].1.contains("more than a value a millisecond"), "{:?}", taken.faults[0]);
    assert_eq!(stage.take_at(line.as_bytes(), NOW + Duration::from_millis(1)).accepted, 1);
}

#[test]
fn a_clock_a_little_ahead_counts_as_now() {
    let mut stage = Stage::default();
    assert_eq!(stage.take(r#"{"series":"x","value":1,"at":1789000009000}"#).accepted, 1);
    assert_eq!(stage.points(&SeriesKey::plain("x")), [(0, 1.0)], "nothing may lie ahead of our own clock");
}

#[test]
fn a_flood_of_series_is_cut_costs_nobody_else_a_place_and_ends_with_the_silence_of_old_ones() {
    let mut stage = Stage::default();
    let chunk = |from: usize, count: usize| {
        let mut text = String::new();
        for number in from..from + count {
            writeln!(text, r#"{{"series":"x","value":1,"labels":{{"pod":"{number}"}}}}"#).unwrap();
        }
        text
    };
    assert_eq!(stage.take(&chunk(0, 1_000)).accepted, 1_000);
    let (mut accepted, mut rejected) = (0, 0);
    for round in 1..=100 {
        let taken = stage.take(&chunk(round * 1_000, 1_000));
        accepted += taken.accepted as usize;
        rejected += taken.rejected as usize;
    }
    assert_eq!((accepted, rejected), (limits::PUSH_SERIES_MAX - 1_000, 101_000 - limits::PUSH_SERIES_MAX));
    assert_eq!(stage.data.series_count(), limits::PUSH_SERIES_MAX);
    // Those there are live on, and one that fell silent an hour ago makes room.
    let later = NOW + Duration::from_secs(3_000);
    assert_eq!(stage.take_at(chunk(1, 999).as_bytes(), later).accepted, 999);
    let taken = stage.take_at(chunk(900_000, 2).as_bytes(), later);
    assert_eq!(taken.rejected, 2, "{:?}", taken.faults);
    let later = NOW + Duration::from_secs(3_600);
    let silent = limits::PUSH_SERIES_MAX - 999;
    assert_eq!(stage.take_at(chunk(900_000, 100).as_bytes(), later).accepted as usize, silent);
    assert_eq!(stage.data.series_count(), limits::PUSH_SERIES_MAX);
    assert_eq!(stage.intake.series_count(), limits::PUSH_SERIES_MAX);
}

#[test]
fn names_that_come_and_go_leave_nothing_behind_also_when_the_clock_was_set_back() {
    let mut stage = Stage::default();
    let chunk = |generation: usize| {
        let names = 0..limits::PUSH_SERIES_MAX;
        names.map(|n| format!("{{\"series\":\"g{generation}_{n}\",\"value\":1}}\n")).collect::<String>()
    };
    let day = Duration::from_secs(24 * 3_600);
    assert_eq!(stage.take_at(chunk(0).as_bytes(), NOW + day).accepted as usize, limits::PUSH_SERIES_MAX);
    // The clock was a day ahead. What was heard then counts as heard now.
    stage.data.forget_after(NOW);
    assert_eq!(stage.take_at(chunk(1).as_bytes(), NOW).accepted, 0);
    let later = NOW + Duration::from_secs(3_600);
    assert_eq!(stage.take_at(chunk(1).as_bytes(), later).accepted as usize, limits::PUSH_SERIES_MAX);
    let later = later + Duration::from_secs(3_600);
    assert_eq!(stage.take_at(chunk(2).as_bytes(), later).accepted as usize, limits::PUSH_SERIES_MAX);
    assert_eq!(stage.data.series_count(), limits::PUSH_SERIES_MAX);
    let revision = |name| stage.data.revision_of(crate::model::dataset::Topic::Series(name));
    let never = revision("nobody_told_of_this");
    assert_eq!((revision("g0_7"), revision("g1_7")), (never, never), "nothing is left of them");
    let left = ["g0_", "g1_", "g2_"].map(|beginning| stage.data.names_from(beginning).count());
    assert_eq!(left, [0, 0, limits::PUSH_SERIES_MAX]);
}

#[test]
fn more_lines_than_a_chunk_may_have_are_counted_one_by_one() {
    let line = "{\"series\":\"x\",\"value\":1,\"at\":1}\n";
    let taken = Stage::default().take(&line.repeat(limits::PUSH_LINES_MAX + 5));
    assert_eq!(taken.rejected as usize, limits::PUSH_LINES_MAX + 5);
    let mut stage = Stage::default();
    let taken = stage.take(&["\n".repeat(limits::PUSH_LINES_MAX).as_str(), "{\"series\":\"x\",\"value\":1}"].concat());
    assert_eq!(taken.faults, [(4097, "the chunk has more than 4096 lines".to_owned())]);
}

#[test]
fn labels_in_any_order_and_with_escapes_are_one_series() {
    let mut stage = Stage::default();
    let lines = [
        r#"{"series":"x","value":1,"at":1788999999001,"labels":{"a":"1","b":"ü"}}"#,
        r#"{"series":"x","value":2,"at":1788999999002,"labels":{"b":"\u00fc","a":"1"}}"#,
        r#"{"series":"\u0078","value":3,"at":1788999999003,"labels":{"b":"ü","a":1}}"#,
    ];
    assert_eq!(stage.take(&lines.join("\n")).accepted, 3);
    assert_eq!(stage.data.series_count(), 1);
    assert_eq!(stage.points(&SeriesKey::labelled("x", &[("a", "1"), ("b", "ü")])).len(), 3);
}

proptest! {
    #[test]
    fn any_bytes_are_samples_or_rejected_lines(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        let mut stage = Stage::default();
        let taken = stage.take_at(&bytes, NOW);
        prop_assert!((taken.accepted + taken.rejected) as usize <= bytes.len().div_ceil(2));
    }

    #[test]
    fn a_bent_line_is_a_sample_or_a_rejected_line(at in any::<prop::sample::Index>(), to in any::<u8>()) {
        let mut line = br#"{"series":"x","value":1.5,"labels":{"a":"\u00fc"},"kind":"gauge","unit":"bytes","at":"2026-09-10T00:26:39Z"}"#.to_vec();
        let at = at.index(line.len());
        line[at] = to;
        let taken = Stage::default().take_at(&line, NOW);
        prop_assert!(taken.accepted + taken.rejected <= 2);
    }

    /// The way for series that are known takes what the way for new ones takes.
    #[test]
    fn a_known_series_is_judged_as_a_new_one(samples in prop::collection::vec((0_i64..20, prop::num::f64::NORMAL, any::<bool>()), 1..40)) {
        let mut stage = Stage::default();
        let mut plain = Dataset::default();
        for (at, value, counter) in samples {
            let at = Wall(NOW.0 - 100 + at);
            let kind = if counter { Kind::Counter } else { Kind::Gauge };
            let sample = Sample { key: SeriesKey::plain("x"), kind, unit: Unit::None, at, value };
            let expected = plain.insert(sample).is_ok();
            let word = if counter { "counter" } else { "gauge" };
            let line = format!(r#"{{"series":"x","value":{value:e},"at":{},"kind":"{word}"}}"#, at.0);
            prop_assert_eq!(stage.take(&line).accepted == 1, expected, "{}", line);
        }
    }
}

#[test]
fn what_earlier_workers_were_pushed_counts_and_what_is_beyond_the_cap_goes() {
    let mut stage = Stage::default();
    for number in 0..limits::PUSH_SERIES_MAX + 10 {
        let key = SeriesKey::labelled("old", &[("n", &number.to_string())]);
        let at = NOW - Duration::from_secs(7_200) + Duration::from_secs(number as u64);
        stage.data.insert(Sample { key, kind: Kind::Gauge, unit: Unit::None, at, value: 1.0 }).unwrap();
    }
    for foreign in ["host_load1", "disk_used"] {
        let key = SeriesKey::plain(foreign);
        stage.data.insert(Sample { key, kind: Kind::Gauge, unit: Unit::None, at: NOW, value: 1.0 }).unwrap();
    }
    stage.intake.set_taken(vec!["disk".to_owned()]);
    stage.intake.adopt(&mut stage.data);
    assert_eq!(stage.intake.series_count(), limits::PUSH_SERIES_MAX);
    let health = stage.data.source(NAME).expect("what was left is shown at once");
    let newest = NOW - Duration::from_secs(7_200) + Duration::from_secs(limits::PUSH_SERIES_MAX as u64 + 9);
    assert!(health.state == SourceState::Good && health.last_good == Some(newest), "{health:?}");
    assert_eq!(stage.data.series_count(), limits::PUSH_SERIES_MAX + 2, "the ten that were silent for longest went");
    assert!(stage.data.window(&SeriesKey::labelled("old", &[("n", "9")])).is_none());
    // The one silent for longest now makes room for a new one, as it would have before.
    assert_eq!(stage.take("{\"series\":\"new\",\"value\":1}").accepted, 1);
    assert!(stage.data.window(&SeriesKey::labelled("old", &[("n", "10")])).is_none());
    assert_eq!(stage.data.series_count(), limits::PUSH_SERIES_MAX + 2);
}
