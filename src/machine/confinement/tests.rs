//! What is said of limits and of ends.

use super::*;

const ALL: Limits = Limits { cpu_millis: Some(1_200), memory_bytes: Some(2 << 30), pids: Some(64) };
const EVERYTHING: Powers = Powers { cpu: true, memory: true, pids: true };

#[test]
fn what_no_group_holds_is_held_by_a_limit_of_each_process_or_said_not_to_be() {
    let means = |limits: Limits, powers| -> Vec<Means> {
        limits.held_by(powers).into_iter().map(|(_, _, means)| means).collect()
    };
    assert_eq!(means(ALL, EVERYTHING), [Means::Group; 3]);
    assert_eq!(means(ALL, Powers::default()), [Means::Nothing, Means::Rlimit, Means::Nothing]);
    let some = Powers { cpu: false, ..EVERYTHING };
    assert_eq!(means(ALL, some), [Means::Nothing, Means::Group, Means::Group]);
    assert_eq!(means(Limits::default(), Powers::default()), []);
    assert_eq!(ALL.data_bytes(EVERYTHING), None, "the group holds all of them together");
    assert_eq!(ALL.data_bytes(Powers::default()), Some(2 << 30));
    assert_eq!(Limits { memory_bytes: None, ..ALL }.data_bytes(Powers::default()), None);
}

#[test]
fn an_end_is_laid_to_memory_where_the_kernel_counted_so_since_the_beginning() {
    let counts = |exhausted, killed| Counts { exhausted, killed, ..Counts::default() };
    let end = |before, now| End { counts: Some((before, now)), memory_bytes: Some(7), ..End::default() };
    assert_eq!(end(counts(0, 0), counts(1, 2)).shortage(), Some(Shortage::Limit(Some(7))));
    assert_eq!(end(counts(3, 5), counts(3, 5)).shortage(), None, "those were others before it");
    // The group was at its limit, and got memory back without a kill.
    assert_eq!(end(counts(0, 0), counts(4, 0)).shortage(), None);
    assert_eq!(end(counts(4, 2), counts(4, 3)).shortage(), Some(Shortage::Beyond));
    assert_eq!(End::default().shortage(), None);
}

#[test]
fn an_allocation_that_failed_is_what_a_worker_died_of_where_the_kernel_killed_nobody() {
    let end = End { refused_bytes: Some(5), memory_bytes: Some(7), counts: None };
    assert_eq!(end.shortage(), Some(Shortage::Refused { bytes: 5, limit: Some(7) }));
    let counts = Counts { exhausted: 1, killed: 1, ..Counts::default() };
    let both = End { counts: Some((Counts::default(), counts)), ..end };
    assert_eq!(both.shortage(), Some(Shortage::Limit(Some(7))));
}

#[test]
fn a_limit_of_memory_that_a_history_alone_can_reach_is_warned_of() {
    let of = |memory_bytes| Limits { memory_bytes, ..Limits::default() }.warning();
    let told = of(Some(96 << 20)).unwrap_or_default();
    assert!(told.starts_with("96.0 MiB may be used up") && told.ends_with("allow \"320Mi\" or more"), "{told}");
    assert!(!told.contains("  "), "it is one sentence: {told}");
    assert!(of(Some((320 << 20) - 1)).is_some());
    assert_eq!([of(Some(320 << 20)), of(None)], [None, None]);
}
