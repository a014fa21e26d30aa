use proptest::prelude::*;

use super::*;

const MS: u64 = 1_000_000;

fn ms(at: u64) -> Mono {
    Mono(at * MS)
}

#[test]
fn a_new_view_is_drawn_at_once() {
    assert_eq!(Pace::new(1.0).ask(ms(5)), Ask::Draw);
}

#[test]
fn a_view_that_does_not_change_is_left_alone() {
    let mut pace = Pace::new(10.0);
    pace.drawn(ms(1_000), Wall(0), None, true);
    pace.credited();
    assert_eq!(pace.ask(ms(1_000_000)), Ask::Idle);
}

#[test]
fn without_credit_nothing_is_drawn_however_much_changes() {
    let mut pace = Pace::new(10.0);
    pace.drawn(ms(1_000), Wall(0), Some(Wall(500)), true);
    pace.changed();
    assert_eq!(pace.ask(ms(9_000)), Ask::Idle);
    pace.credited();
    assert_eq!(pace.ask(ms(9_000)), Ask::Draw);
}

#[test]
fn a_frame_that_was_not_sent_leaves_its_credit() {
    let mut pace = Pace::new(10.0);
    pace.drawn(ms(1_000), Wall(0), None, false);
    pace.changed();
    assert_eq!(pace.ask(ms(2_000)), Ask::Draw);
}

#[test]
fn a_change_waits_for_its_slot() {
    let mut pace = Pace::new(4.0);
    pace.drawn(ms(1_000), Wall(0), None, false);
    pace.changed();
    assert_eq!(pace.ask(ms(1_100)), Ask::Until(ms(1_250)));
    assert_eq!(pace.ask(ms(1_250)), Ask::Draw);
}

#[test]
fn a_clock_on_screen_moves_by_itself() {
    let mut pace = Pace::new(4.0);
    pace.drawn(ms(1_000), Wall(70_300), Some(Wall(71_000)), false);
    assert_eq!(pace.ask(ms(1_300)), Ask::Until(ms(1_700)));
    assert_eq!(pace.ask(ms(1_700)), Ask::Draw);
}

#[test]
fn a_wall_clock_set_back_does_not_stop_the_screen() {
    let mut pace = Pace::new(4.0);
    pace.drawn(ms(1_000), Wall(70_300), Some(Wall(71_000)), false);
    // An hour back: the wall clock would reach 71 s an hour too late, the distance still counts.
    assert_eq!(pace.ask(ms(1_700)), Ask::Draw);
    pace.drawn(ms(1_700), Wall(70_000 - 3_600_000), Some(Wall(71_000 - 3_600_000)), false);
    assert_eq!(pace.ask(ms(1_700)), Ask::Until(ms(2_700)));
}

#[test]
fn a_nonsensical_rate_still_draws() {
    for rate in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 0.0, -3.0, 1e300] {
        let mut pace = Pace::new(rate);
        assert_eq!(pace.ask(ms(0)), Ask::Draw, "{rate}");
        pace.drawn(ms(0), Wall(0), None, false);
        pace.changed();
        assert_eq!(pace.ask(ms(61_000)), Ask::Draw, "{rate}");
    }
}

/// Draws whenever it may, with timers that fire late by what `late_ms` says in turn; returns when it drew.
fn run(refresh_hz: f64, late_ms: &[u64], until_ms: u64) -> Vec<u64> {
    let mut pace = Pace::new(refresh_hz);
    let (mut now, mut drawn, mut late) = (ms(10_000), Vec::new(), late_ms.iter().cycle());
    while now < ms(10_000 + until_ms) {
        match pace.ask(now) {
            Ask::Draw => {
                drawn.push(now.0 / MS);
                pace.drawn(now, Wall(0), None, true);
                pace.credited();
                pace.changed();
            }
            Ask::Until(at) => now = at + Duration::from_millis(*late.next().expect("invariant: a cycle has no end")),
            Ask::Idle => unreachable!("a view that changes all the time is never idle"),
        }
    }
    drawn
}

#[test]
fn timers_that_fire_late_do_not_slow_the_board_down() {
    let drawn = run(20.0, &[3, 0, 7, 1, 12], 60_000);
    assert!((1_199..=1_201).contains(&drawn.len()), "{} frames in a minute at 20 Hz", drawn.len());
}

proptest! {
    #[test]
    fn the_refresh_rate_is_never_exceeded(
        refresh_hz in 1.0f64..120.0,
        late_ms in proptest::collection::vec(0u64..400, 1..20),
    ) {
        let interval_ms = 1_000.0 / refresh_hz;
        let drawn = run(refresh_hz, &late_ms, 5_000);
        for (index, start) in drawn.iter().enumerate() {
            // One frame more than whole intervals fit: both ends of the span may carry one. Half an interval more for
            // the frame that was late, and the rounding to whole milliseconds.
            for (count, at) in drawn[index..].iter().enumerate().skip(1) {
                let span_ms = (at - start) as f64 + 2.0;
                prop_assert!(span_ms >= (count as f64 - 1.0) * interval_ms, "{count} frames in {span_ms} ms");
            }
        }
        for pair in drawn.windows(2) {
            prop_assert!((pair[1] - pair[0]) as f64 + 1.0 >= interval_ms / 2.0, "a burst");
        }
    }
}
