use proptest::prelude::*;

use super::*;

/// 2023-11-14 22:13:20 UTC.
const NOW: Wall = Wall(1_700_000_000_000);

fn labels(scale: TimeScale, zone_name: &str, columns: u16) -> Vec<String> {
    scale.ticks(&zone(zone_name), columns).iter().map(|tick| tick.label.as_str().to_owned()).collect()
}

#[test]
fn labels_stand_at_round_moments() {
    let scale = |minutes: u64| TimeScale::new(NOW, minutes * 60_000, 200);
    assert_eq!(labels(scale(1), "UTC", 50), ["22:12:30", "22:12:45", "22:13:00", "22:13:15"]);
    assert_eq!(labels(scale(5), "UTC", 50), ["22:09", "22:10", "22:11", "22:12", "22:13"]);
    assert_eq!(labels(scale(60 * 12), "UTC", 40), ["12:00", "15:00", "18:00", "21:00"]);
    assert_eq!(labels(scale(60 * 24), "UTC", 40), ["Nov 14", "06:00", "12:00", "18:00"]);
    assert_eq!(labels(scale(60 * 24 * 7), "UTC", 70).len(), 7);
    assert_eq!(labels(scale(60 * 24 * 7), "UTC", 70)[0], "Nov 8");
}

#[test]
fn labels_are_in_the_viewers_time_zone() {
    let scale = TimeScale::new(NOW, 12 * 3_600_000, 200);
    assert_eq!(labels(scale, "Asia/Kolkata", 40), ["18:00", "21:00", "Nov 15", "03:00"]);
    assert_eq!(labels(scale, "Nowhere/Atlantis", 40), labels(scale, "UTC", 40));
    assert_eq!(clock(&zone("Asia/Kolkata"), NOW).as_str(), "03:43:20");
}

#[test]
fn labels_stay_true_when_the_clocks_change() {
    // Berlin went from 02:00 to 03:00 on 2024-03-31; two hours on either side of it.
    let edge = Wall(1_711_854_000_000);
    let scale = TimeScale::new(edge, 4 * 3_600_000, 240);
    assert_eq!(labels(scale, "Europe/Berlin", 40), ["01:00", "03:00", "04:00", "05:00"]);
}

#[test]
fn labels_are_round_on_both_sides_of_a_change_of_the_clocks() {
    let labels = |edge_s: i64, hours: u64, columns| {
        labels(TimeScale::new(Wall(edge_s * 1_000), hours * 3_600_000, 240), "Europe/Berlin", columns)
    };
    // 2026-03-29: 02:00 is left out. The edges are 12:00 and 06:00 there.
    let (noon, morning) = (1_774_778_400, 1_774_756_800);
    assert_eq!(labels(noon, 24, 40), ["12:00", "18:00", "Mar 29", "06:00"]);
    assert_eq!(labels(noon, 24 * 7, 70), ["Mar 23", "Mar 24", "Mar 25", "Mar 26", "Mar 27", "Mar 28", "Mar 29"]);
    assert_eq!(labels(morning, 6, 60), ["Mar 29", "01:00", "03:00", "04:00", "05:00", "06:00"]);
    assert_eq!(labels(morning, 12, 60), ["18:00", "20:00", "22:00", "Mar 29", "04:00", "06:00"]);
    // 2026-10-25: 02:00 comes twice.
    let (noon, morning) = (1_792_926_000, 1_792_904_400);
    assert_eq!(labels(noon, 24, 40), ["18:00", "Oct 25", "06:00", "12:00"]);
    assert_eq!(labels(noon, 24 * 7, 70), ["Oct 19", "Oct 20", "Oct 21", "Oct 22", "Oct 23", "Oct 24", "Oct 25"]);
    assert_eq!(labels(morning, 6, 60), ["02:00", "02:00", "03:00", "04:00", "05:00", "06:00"]);
    assert_eq!(labels(morning, 12, 60), ["20:00", "22:00", "Oct 25", "02:00", "04:00", "06:00"]);
}

#[test]
fn no_room_means_no_labels() {
    assert_eq!(labels(TimeScale::new(NOW, 60_000, 100), "UTC", 0), [] as [String; 0]);
}

#[test]
fn both_ends_of_time_are_survived() {
    for edge in [Wall(i64::MIN), Wall(i64::MAX), Wall(0), Wall(-1)] {
        let scale = TimeScale::new(edge, u64::MAX, u16::MAX);
        assert!(scale.from() <= scale.to());
        labels(scale, "Europe/Berlin", 90);
        clock(&zone("Europe/Berlin"), edge);
    }
}

proptest! {
    #[test]
    fn a_point_keeps_its_bin_while_the_window_slides(
        at in 0i64..4_000_000_000_000,
        ahead in 0i64..600_000,
        slide in 0i64..600_000,
        range_ms in 1_000u64..3_600_000,
        bins in 1u16..2_000,
    ) {
        let before = TimeScale::new(Wall(at + ahead), range_ms, bins);
        let after = TimeScale::new(Wall(at + ahead + slide), range_ms, bins);
        let moved = (after.absolute(Wall(at + ahead + slide)) - before.absolute(Wall(at + ahead))) as usize;
        if let Some(bin) = before.bin(Wall(at)) {
            prop_assert_eq!(after.bin(Wall(at)), bin.checked_sub(moved));
        }
    }

    #[test]
    fn who_walks_finds_the_bins_that_a_look_finds(
        edge in 0i64..4_000_000_000_000,
        range_ms in 1u64..3_600_000,
        bins in 1u16..2_000,
        // Parts of the span that lie between two moments, of which some go back.
        steps in proptest::collection::vec(-0.3f64..1.0, 1..60),
        parts in prop_oneof![1.0f64..20.0, 20.0f64..2_000.0],
    ) {
        let scale = TimeScale::new(Wall(edge), range_ms, bins);
        let mut walk = scale.walk();
        let mut at = scale.from().0 as f64 - range_ms as f64 / parts;
        for step in steps {
            at += step * range_ms as f64 / parts;
            let at = Wall(at as i64);
            prop_assert_eq!(walk.bin(at), scale.bin(at), "{:?}", at);
        }
        for at in [Wall(i64::MIN), scale.to(), scale.next_at(), Wall(i64::MAX), scale.from(), Wall(edge)] {
            prop_assert_eq!(walk.bin(at), scale.bin(at), "{:?}", at);
        }
    }

    #[test]
    fn the_span_holds_exactly_its_own_moments(
        edge in 0i64..4_000_000_000_000,
        range_ms in 1_000u64..3_600_000,
        bins in 1u16..2_000,
    ) {
        let scale = TimeScale::new(Wall(edge), range_ms, bins);
        prop_assert_eq!(scale.bin(Wall(edge)), Some(scale.bins() - 1));
        prop_assert_eq!(scale.bin(scale.from()), Some(0));
        prop_assert_eq!(scale.bin(Wall(scale.from().0 - 1)), None);
        prop_assert_eq!(scale.bin(scale.to()), Some(scale.bins() - 1));
        prop_assert_eq!(scale.bin(scale.next_at()), None);
        prop_assert!(scale.from() <= Wall(edge) && Wall(edge) <= scale.to());
    }

    #[test]
    fn ticks_rise_and_are_no_more_than_find_room(
        edge in 0i64..4_000_000_000_000,
        range_ms in 1_000u64..40_000_000_000,
        bins in 1u16..2_000,
        columns in 0u16..200,
    ) {
        let ticks = TimeScale::new(Wall(edge), range_ms, bins).ticks(&TimeZone::UTC, columns);
        prop_assert!(ticks.len() <= usize::from(columns / 9));
        prop_assert!(ticks.windows(2).all(|pair| pair[0].at <= pair[1].at));
        prop_assert!(ticks.iter().all(|tick| (0.0..=1.0).contains(&tick.at)));
    }
}
