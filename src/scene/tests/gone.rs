//! Series that end while others of their source go on.

use super::*;

/// The data of a machine with four cores, in which nothing came for these series in the last so many seconds.
pub(super) fn data_without(gone: impl Fn(&SeriesKey) -> bool, seconds: i64) -> Dataset {
    let whole = host_data(4);
    let mut data = Dataset::default();
    for name in NAMES {
        for (key, window) in whole.named(name) {
            let to = if gone(key) { Wall(NOW.0 - 250 - seconds * 1_000) } else { NOW };
            for point in window.between(Wall(0), to) {
                let (kind, unit, at, value) = (window.kind, window.unit, point.at, point.value);
                let sample = Sample { key: key.clone(), kind, unit, at, value };
                data.insert(sample).expect("invariant: taken once already");
            }
        }
    }
    data.set_source("host", health(SourceState::Good, Some(Wall(NOW.0 - 250))));
    data
}

const NAMES: [&str; 14] = [
    "host_cpu_percent",
    "host_disk_read_bytes_per_second",
    "host_disk_write_bytes_per_second",
    "host_info",
    "host_load1",
    "host_load15",
    "host_load5",
    "host_memory_total_bytes",
    "host_memory_used_bytes",
    "host_network_receive_bytes_per_second",
    "host_network_transmit_bytes_per_second",
    "host_swap_total_bytes",
    "host_swap_used_bytes",
    "host_uptime_seconds",
];

pub(super) fn core(key: &SeriesKey, core: &str) -> bool {
    key.label("cpu") == Some(core)
}

fn shown(data: &Dataset) -> String {
    picture(&spec(120, 40), data, NOW).0
}

#[test]
fn nothing_is_gone_of_a_series_two_intervals_late() {
    let whole = shown(&data_without(|_| false, 0));
    has_not(&whole, "unknown");
    has(&shown(&data_without(|key| key.name == "host_load1", 2)), "● 1m  0.87  ● 5m");
    has(&shown(&data_without(|key| key.name == "host_load1", 3)), "● 1m unknown  ● 5m");
}

#[test]
fn a_line_that_ends_is_unknown_in_the_legend_beside_its_neighbours() {
    has(&shown(&data_without(|key| key.name == "host_load5", 90)), "─ ● 1m  0.86  ● 5m unknown  ● 15m  0.90 ─");
}

#[test]
fn a_core_that_is_gone_counts_no_more_and_is_said_to_be_unknown() {
    let whole = shown(&data_without(|_| false, 0));
    has(&whole, "● busiest core 28.2%");
    has(&whole, "cores   4");
    let busiest = |gone: &str| shown(&data_without(|key| core(key, gone), 60));
    let text = busiest("2");
    has(&text, "2 ──");
    has(&text, "── unknown │");
    has(&text, "cores   3");
    let all: Vec<String> = ["0", "1", "2", "3"].map(busiest).to_vec();
    assert_eq!(all.iter().filter(|text| text.contains("busiest core 28.2%")).count(), 3, "the busiest one is left out");
    let one = data_without(|key| key.label("cpu").is_some_and(|core| core != "0"), 60);
    has_not(&shown(&one), "busiest core");
    has(&shown(&one), "cores   1");
    let late = picture(&spec(120, 40), &data_without(|_| false, 0), Wall(NOW.0 + 60_000)).0;
    has(&late, "cores   4");
}

#[test]
fn a_core_that_went_before_the_span_is_missed_no_more() {
    let text = shown(&data_without(|key| core(key, "2"), 400));
    has_not(&text, "unknown");
    has(&text, "cores   3");
    // At the moment it leaves the span the picture changes by itself.
    let data = data_without(|key| core(key, "2"), 290);
    let mut cores = spec(40, 2);
    cores.focus = 1;
    let leaves = NOW.0 - 250 - 290_000 + 300_001;
    let mut now = NOW;
    let mut last = picture(&cores, &data, now).0;
    while now.0 < leaves {
        let (text, drawn) = picture(&cores, &data, now);
        (last, now) = (text, drawn.next_change_at.expect("it leaves"));
    }
    assert_ne!(picture(&cores, &data, now).0, last);
}

#[test]
fn a_panel_whose_series_are_all_gone_says_since_when() {
    let text = shown(&data_without(|key| key.name.starts_with("host_load"), 75));
    assert_eq!(text.matches("─ not reported for 1m 15s ─").count(), 1, "{text}");
    has(&text, "● 1m unknown  ● 5m unknown  ● 15m unknown");
    let text = shown(&data_without(|key| key.name.starts_with("host_memory_used"), 75));
    has(&text, "RAM  ");
    has(&text, "unknown");
    has_not(&text, "GiB of 31.2 GiB");
}

#[test]
fn the_name_of_a_machine_that_is_told_no_more_is_unknown() {
    let text = shown(&data_without(|key| key.name == "host_info", 10));
    has(&text, "host    unknown");
    has(&text, "up      14d 07h");
}

#[test]
fn the_past_shows_what_was_there_then() {
    let data = data_without(|key| key.name == "host_load5", 90);
    let mut back = spec(120, 40);
    back.offset_ms = 60_000;
    has(&picture(&back, &data, NOW).0, "● 5m unknown");
    back.offset_ms = 120_000;
    has_not(&picture(&back, &data, NOW).0, "unknown");
}
