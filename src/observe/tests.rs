//! The page, line by line.

use std::time::Duration;

use super::catalogue::{BUILD_INFO, DATA_TO_FRAME, FAULTS, FRAME_TO_WIRE, FRAMES_DRAWN, VIEWS};
use super::*;

const NOW: Mono = Mono(1);

fn page(observer: &mut Observer, tell: impl FnOnce(&mut Scrape<'_>)) -> String {
    let mut scrape = observer.scrape(NOW);
    tell(&mut scrape);
    String::from_utf8(scrape.finish().to_vec()).unwrap()
}

#[test]
fn a_page_says_what_each_metric_is_and_every_value_once() {
    let mut observer = Observer::new();
    observer.count(&FRAMES_DRAWN, &["ops"], 3, NOW);
    observer.count(&FRAMES_DRAWN, &["ops"], 4, NOW);
    let text = page(&mut observer, |scrape| scrape.gauge(&VIEWS, &["ops", "host"], 2.0));
    for line in [
        "# TYPE unblink_frames_drawn_total counter",
        "unblink_frames_drawn_total{tenant=\"ops\"} 7",
        "# TYPE unblink_views gauge",
        "unblink_views{tenant=\"ops\",board=\"host\"} 2",
    ] {
        assert_eq!(text.lines().filter(|other| *other == line).count(), 1, "{line}\n{text}");
    }
    assert!(text.contains(&format!("# HELP unblink_views {}", VIEWS.help)), "{text}");
}

#[test]
fn nothing_waits_for_the_clock_and_what_was_counted_before_is_on_the_first_page() {
    let mut observer = Observer::new();
    observer.count(&FRAMES_DRAWN, &["ops"], 3, NOW);
    observer.count(&FRAMES_DRAWN, &["ops"], 4, NOW);
    observer.count(&FRAMES_DRAWN, &["lab"], 5, NOW);
    observer.keep_up(false, NOW);
    assert!(observer.lasting.is_none(), "making one takes up to a fifth of a second");
    calibrate();
    observer.upkeep(NOW);
    assert!(observer.lasting.is_some() && observer.early.is_empty(), "{:?}", observer.early);
    observer.count(&FRAMES_DRAWN, &["ops"], 10, NOW);
    let text = page(&mut observer, |_| ());
    for line in ["unblink_frames_drawn_total{tenant=\"ops\"} 17", "unblink_frames_drawn_total{tenant=\"lab\"} 5"] {
        assert_eq!(text.lines().filter(|other| *other == line).count(), 1, "{line}\n{text}");
    }
}

#[test]
fn what_is_counted_while_nothing_is_calibrated_does_not_gather_for_ever() {
    let mut observer = Observer::new();
    observer.keep_up(false, NOW);
    observer.count(&FRAMES_DRAWN, &["ops"], 3, NOW);
    observer.keep_up(false, NOW + limits::METRIC_IDLE);
    assert!(observer.early.is_empty(), "{:?}", observer.early);
    let text = page(&mut observer, |_| ());
    assert!(text.contains("unblink_frames_drawn_total{tenant=\"ops\"} 3"), "{text}");
}

#[test]
fn what_is_gone_is_not_on_the_next_page() {
    let mut observer = Observer::new();
    let first = page(&mut observer, |scrape| scrape.gauge(&VIEWS, &["ops", "host"], 2.0));
    assert!(first.contains("board=\"host\""), "{first}");
    let second = page(&mut observer, |scrape| scrape.gauge(&VIEWS, &["ops", "disk"], 1.0));
    assert!(!second.contains("board=\"host\"") && second.contains("board=\"disk\""), "{second}");
}

#[test]
fn a_count_that_nothing_is_added_to_is_forgotten() {
    let mut observer = Observer::forgetting_after(Duration::from_nanos(1));
    observer.count(&FRAMES_DRAWN, &["gone"], 1, NOW);
    assert!(page(&mut observer, |_| ()).contains("tenant=\"gone\""), "it was counted");
    assert!(!page(&mut observer, |_| ()).contains("tenant=\"gone\""), "nothing was added since");
}

#[test]
fn beyond_its_cap_a_label_has_one_value_more() {
    let mut observer = Observer::new();
    let text = page(&mut observer, |scrape| {
        for number in 0..10 * limits::LABEL_VALUES_MAX {
            scrape.gauge(&VIEWS, &["ops", &format!("board-{number}")], 1.0);
        }
        // Of another tenant, who has nothing to do with it.
        scrape.gauge(&VIEWS, &["lab", "mine"], 1.0);
    });
    let lines: Vec<&str> = text.lines().filter(|line| line.starts_with("unblink_views{tenant=\"ops\"")).collect();
    assert_eq!(lines.len(), limits::LABEL_VALUES_MAX + 1);
    let rest = 9 * limits::LABEL_VALUES_MAX;
    assert!(lines.contains(&format!("unblink_views{{tenant=\"ops\",board=\"overflow\"}} {rest}").as_str()), "{text}");
    assert!(text.contains("board=\"mine\""), "{text}");
}

#[test]
fn a_value_that_is_not_used_any_more_makes_room() {
    let mut admission = Admission::default();
    for number in 0..limits::LABEL_VALUES_MAX {
        admission.key(&VIEWS, &["ops", &format!("board-{number}")], NOW);
    }
    let board = |key: &Key| key.labels().nth(1).map(|label| label.value().to_owned());
    assert_eq!(board(&admission.key(&VIEWS, &["ops", "new"], NOW)).as_deref(), Some(labels::OVERFLOW));
    let later = NOW + limits::METRIC_IDLE;
    assert_eq!(board(&admission.key(&VIEWS, &["ops", "new"], later)).as_deref(), Some("new"));
    assert!(!admission.is_empty());
    admission.forget(later + limits::METRIC_IDLE);
    assert!(admission.is_empty(), "of a tenant that went something is kept");
}

#[test]
fn spans_stand_in_buckets_of_their_own_series() {
    let mut observer = Observer::new();
    let mut latency = Latency::default();
    latency.note(Duration::from_micros(90), 3);
    latency.note(Duration::from_millis(3), 1);
    observer.measured(&FRAME_TO_WIRE, &[], &latency, NOW);
    latency.note(Duration::from_secs(30), 1_000_000);
    observer.measured(&FRAME_TO_WIRE, &[], &latency, NOW);
    observer.measured(&DATA_TO_FRAME, &["o\"ps"], &Latency::default(), NOW);
    let text = page(&mut observer, |_| ());
    for line in [
        "# TYPE unblink_frame_to_wire_seconds histogram",
        "unblink_frame_to_wire_seconds_bucket{le=\"0.0001\"} 6",
        "unblink_frame_to_wire_seconds_bucket{le=\"0.005\"} 8",
        "unblink_frame_to_wire_seconds_bucket{le=\"10\"} 8",
        "unblink_frame_to_wire_seconds_bucket{le=\"+Inf\"} 1000008",
        "unblink_frame_to_wire_seconds_sum 30000000.00654",
        "unblink_frame_to_wire_seconds_count 1000008",
        "unblink_data_to_frame_seconds_bucket{tenant=\"o\\\"ps\",le=\"+Inf\"} 0",
    ] {
        assert_eq!(text.lines().filter(|other| *other == line).count(), 1, "{line}\n{text}");
    }
}

#[test]
fn spans_that_nothing_is_added_to_are_forgotten_without_a_scrape() {
    let mut observer = Observer::new();
    observer.measured(&DATA_TO_FRAME, &["gone"], &Latency::default(), NOW);
    observer.upkeep(NOW);
    for seconds in 1..2 * limits::METRIC_IDLE.as_secs() {
        let now = NOW + Duration::from_secs(seconds);
        observer.measured(&DATA_TO_FRAME, &["here"], &Latency::default(), now);
        observer.upkeep(now);
    }
    let text = page(&mut observer, |_| ());
    assert!(text.contains("tenant=\"here\"") && !text.contains("tenant=\"gone\""), "{text}");
}

#[test]
fn text_of_others_is_escaped() {
    let text = page(&mut Observer::new(), |scrape| scrape.gauge(&BUILD_INFO, &["a\"b\\c\nd", "1"], 1.0));
    assert!(text.contains("build=\"a\\\"b\\\\c\\nd\""), "{text}");
}

#[test]
fn who_asks_again_at_once_gets_the_same_page() {
    let mut observer = Observer::new();
    assert_eq!(observer.page(NOW), None);
    let text = page(&mut observer, |scrape| scrape.total(&FAULTS, &["a", "b", "c"], 1));
    assert_eq!(observer.page(NOW).as_deref(), Some(text.as_bytes()));
    assert_eq!(observer.page(NOW + limits::SCRAPE_AGAIN_AFTER), None, "it is told anew");
}

/// Names in a text that look like metrics; of a histogram, its own.
fn names(text: &str) -> std::collections::BTreeSet<&str> {
    let parts = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    let names = parts.filter(|part| part.starts_with("unblink_"));
    let own = |name| {
        let of_histogram = ["_bucket", "_sum", "_count"].into_iter().find_map(|end| str::strip_suffix(name, end));
        let is_histogram = |own: &&str| catalogue::ALL.iter().any(|m| m.name == *own && m.kind == Kind::Histogram);
        of_histogram.filter(is_histogram).unwrap_or(name)
    };
    names.map(own).collect()
}

#[test]
fn rules_and_dashboard_name_only_what_there_is() {
    let rules = include_str!("../../packaging/prometheus/alerts.yml");
    let rules_test = include_str!("../../packaging/prometheus/alerts_test.yml");
    let dashboard = include_str!("../../packaging/prometheus/dashboard.json");
    let parsed: serde_json::Value = serde_json::from_str(dashboard).unwrap();
    assert!(parsed["panels"].as_array().unwrap().len() >= 10);
    for (file, text) in [("alerts.yml", rules), ("alerts_test.yml", rules_test), ("dashboard.json", dashboard)] {
        let named = names(text);
        assert!(named.len() >= 7, "{file} names {named:?}");
        for name in named {
            assert!(catalogue::ALL.iter().any(|metric| metric.name == name), "{file}: there is no {name}");
        }
    }
    // Every rule is tested.
    let alerts: Vec<&str> = rules.lines().filter_map(|line| line.trim().strip_prefix("- alert: ")).collect();
    assert!(alerts.len() >= 8);
    for alert in alerts {
        assert!(rules_test.contains(&format!("alertname: {alert}\n")), "nothing tests {alert}");
    }
}

#[test]
fn the_documentation_tells_of_every_metric_and_of_no_other() {
    let row = |metric: &Metric| {
        let labels: Vec<String> = metric.labels.iter().map(|label| format!("`{label}`")).collect();
        let kind = format!("{:?}", metric.kind).to_lowercase();
        format!("| `{}` | {kind} | {} | {} |", metric.name, labels.join(", "), metric.help)
    };
    let expected: Vec<String> = catalogue::ALL.iter().map(row).collect();
    let text = include_str!("../../docs/metrics.md");
    let table: Vec<&str> = text.lines().filter(|line| line.starts_with("| `unblink_")).collect();
    assert_eq!(table, expected);
}
