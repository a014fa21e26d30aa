use proptest::prelude::*;

use super::*;

mod rhythm;

const MS: u64 = 1_000_000;

fn ms(at: u64) -> Mono {
    Mono(at * MS)
}

/// A view of whose credits all but one are used up.
fn with_one_credit(refresh_hz: f64) -> Pace {
    Pace { credits: 1, ..Pace::new(refresh_hz) }
}

#[test]
fn a_new_view_is_drawn_at_once() {
    assert_eq!(Pace::new(1.0).ask(ms(5)), Ask::Draw);
}

#[test]
fn a_view_that_does_not_change_is_left_alone() {
    let mut pace = Pace::new(10.0);
    pace.drawn(ms(1_000), Wall(0), None, true);
    pace.credited(ms(1_001));
    assert_eq!(pace.ask(ms(1_000_000)), Ask::Idle);
}

#[test]
fn without_credit_nothing_is_drawn_however_much_changes() {
    let mut pace = Pace::new(10.0);
    pace.drawn(ms(900), Wall(0), None, true);
    pace.changed(ms(1_000));
    assert_eq!(pace.ask(ms(1_000)), Ask::Draw, "there were two");
    pace.drawn(ms(1_000), Wall(0), Some(Wall(500)), true);
    pace.changed(ms(1_100));
    assert_eq!(pace.ask(ms(9_000)), Ask::Idle);
    pace.credited(ms(9_000));
    assert_eq!(pace.ask(ms(9_000)), Ask::Draw);
}

#[test]
fn a_frame_that_was_not_sent_leaves_its_credit() {
    let mut pace = Pace::new(10.0);
    pace.drawn(ms(1_000), Wall(0), None, false);
    pace.changed(ms(2_000));
    assert_eq!(pace.ask(ms(2_000)), Ask::Draw);
}

#[test]
fn a_change_waits_for_its_slot() {
    let mut pace = Pace::new(4.0);
    pace.drawn(ms(1_000), Wall(0), None, false);
    pace.changed(ms(1_050));
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
        pace.changed(ms(1));
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
                pace.credited(now);
                pace.changed(now);
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

#[test]
fn a_view_that_is_held_is_drawn_when_it_may_be_and_is_not_late() {
    let mut pace = Pace::new(10.0);
    pace.drawn(ms(1_000), Wall(0), None, false);
    for _ in 0..20 {
        pace.changed(ms(1_001));
    }
    assert_eq!(pace.ask(ms(1_100)), Ask::Draw);
    pace.hold(ms(1_100), ms(1_950));
    assert_eq!(pace.ask(ms(1_100)), Ask::Until(ms(1_950)));
    assert_eq!(pace.ask(ms(1_950)), Ask::Draw);
    pace.drawn(ms(1_950), Wall(0), None, false);
    assert_eq!((pace.missed(), pace.limited(), pace.lowered_hz()), (0, 8, None), "those of 1.1 to 1.8 s");
    assert!(pace.is_limited(ms(11_000)) && !pace.is_limited(ms(11_100)));
    // The next one is a step later, as ever; one that is late then is late by itself.
    pace.changed(ms(1_951));
    assert_eq!(pace.ask(ms(1_951)), Ask::Until(ms(2_050)));
    pace.drawn(ms(2_260), Wall(0), None, false);
    assert_eq!((pace.missed(), pace.limited()), (2, 8));
    // Nobody waited for a view that was not there but the cap.
    let mut new = Pace::new(10.0);
    new.hold(ms(5), ms(500));
    new.drawn(ms(500), Wall(0), None, false);
    assert_eq!((new.missed(), new.limited()), (0, 1));
}

#[test]
fn after_a_rest_a_change_is_drawn_at_once() {
    let mut pace = Pace::new(1.0);
    pace.drawn(ms(1_000), Wall(0), None, false);
    pace.changed(ms(7_300));
    assert_eq!(pace.ask(ms(7_300)), Ask::Draw);
    pace.drawn(ms(7_400), Wall(0), None, false);
    pace.changed(ms(7_401));
    assert_eq!(pace.ask(ms(7_401)), Ask::Until(ms(8_300)), "the grid begins with the change, not with the drawing");
}

#[test]
fn a_million_ticks_later_the_grid_has_not_drifted() {
    for refresh_hz in [60u64, 7, 120, 1] {
        let mut pace = Pace::new(refresh_hz as f64);
        let origin = ms(10_000);
        let mut now = origin;
        for index in 0..=1_000_000u64 {
            assert_eq!(pace.ask(now), Ask::Draw, "tick {index} at {refresh_hz} Hz");
            pace.drawn(now, Wall(0), None, true);
            pace.credited(now);
            pace.changed(now);
            let Ask::Until(at) = pace.ask(now) else { panic!("a view that changes all the time has a next tick") };
            let exact = u128::from(index + 1) * 1_000_000_000 / u128::from(refresh_hz);
            let off = i128::from(at.0 - origin.0) - exact as i128;
            assert!((-1..=0).contains(&off), "tick {} at {refresh_hz} Hz is {off} ns off", index + 1);
            // Late by something below a step, another each time.
            now = Mono(at.0 + (index * 7_919) % (1_000_000_000 / refresh_hz / 2));
        }
        assert_eq!((pace.missed(), pace.lowered_hz()), (0, None));
    }
}

/// Draws a view that changes all the time, each frame this many steps behind its tick in turn.
fn drawn_late(pace: &mut Pace, now: &mut Mono, steps_late: &[f64]) {
    for late in steps_late {
        pace.changed(*now);
        pace.credited(*now);
        if let Ask::Until(at) = pace.ask(*now) {
            *now = at + pace.step().mul_f64(*late);
        }
        assert_eq!(pace.ask(*now), Ask::Draw);
        pace.drawn(*now, Wall(0), None, true);
    }
}

#[test]
fn three_late_frames_in_a_row_halve_the_rate_and_not_two() {
    let (mut pace, mut now) = (Pace::new(60.0), ms(10_000));
    drawn_late(&mut pace, &mut now, &[0.0, 1.5, 1.5, 0.2, 1.5, 1.5]);
    assert_eq!((pace.missed(), pace.lowered_hz()), (4, None));
    drawn_late(&mut pace, &mut now, &[2.5]);
    assert_eq!((pace.missed(), pace.lowered_hz()), (6, Some(30.0)));
    pace.credited(now);
    let Ask::Until(next) = pace.ask(now) else { panic!("the status line has to say so, and not at once") };
    assert!(next.since(now) > Duration::from_millis(16), "half as often from now on");
}

#[test]
fn the_rate_is_not_lowered_below_one_a_second_and_comes_back_step_by_step() {
    let (mut pace, mut now) = (Pace::new(60.0), ms(10_000));
    drawn_late(&mut pace, &mut now, &[1.5; 100]);
    assert_eq!(pace.lowered_hz(), Some(60.0 / 32.0));
    let (mut rates, mut since) = (vec![60.0 / 32.0], now);
    while let Some(rate) = pace.lowered_hz() {
        drawn_late(&mut pace, &mut now, &[0.1]);
        if pace.lowered_hz() != Some(rate) {
            assert!(now.since(since) >= RECOVERED_AFTER, "after {:?} only", now.since(since));
            since = now;
            rates.extend(pace.lowered_hz());
        }
    }
    assert_eq!(rates, [1.875, 3.75, 7.5, 15.0, 30.0]);
}

#[test]
fn waiting_for_credit_is_no_lateness() {
    let (mut pace, mut now) = (with_one_credit(60.0), ms(10_000));
    for _ in 0..10 {
        pace.drawn(now, Wall(0), None, true);
        pace.changed(now);
        now = now + Duration::from_secs(2);
        pace.credited(now);
        assert_eq!(pace.ask(now), Ask::Draw);
    }
    assert_eq!((pace.missed(), pace.lowered_hz()), (0, None));
}

#[test]
fn another_board_is_drawn_at_once_and_paced_by_its_own_rate() {
    let (mut pace, mut now) = (Pace::new(60.0), ms(10_000));
    drawn_late(&mut pace, &mut now, &[1.5; 4]);
    assert_eq!(pace.lowered_hz(), Some(30.0));
    let missed = pace.missed();
    pace.withhold();
    pace.begin_anew(1.0, now);
    assert_eq!((pace.lowered_hz(), pace.missed()), (None, missed));
    assert_eq!(pace.ask(now), Ask::Idle, "there is no credit");
    pace.credited(now);
    assert_eq!(pace.ask(now), Ask::Draw, "not at a tick of the board before");
    pace.drawn(now, Wall(0), None, true);
    pace.credited(now);
    pace.changed(now);
    assert_eq!(pace.ask(now), Ask::Until(now + Duration::from_secs(1)));
}

/// Never on the edge of a tick, where the rounding to nanoseconds decides on which side that is.
fn steps_late() -> impl Strategy<Value = f64> {
    prop_oneof![Just(0.0), (0u8..6, 0.001..0.999).prop_map(|(whole, part)| f64::from(whole) + part)]
}

proptest! {
    #[test]
    fn every_tick_that_was_due_is_drawn_or_counted_as_missed(
        refresh_hz in 0.1f64..120.0,
        steps_late in proptest::collection::vec(steps_late(), 1..200),
    ) {
        let (mut pace, mut now) = (Pace::new(refresh_hz), ms(10_000));
        drawn_late(&mut pace, &mut now, &[0.0]);
        let origin = pace.grid.origin;
        // By the clock.
        let ticks = |at: Mono| (at.since(origin).as_secs_f64() * refresh_hz + 1e-6).floor() as u64;
        for late in steps_late {
            let (stride, last, missed) = (pace.stride(), pace.last.expect("it was drawn"), pace.missed());
            drawn_late(&mut pace, &mut now, &[late]);
            let due = (ticks(now) - last.tick) / stride;
            // A rate that rose with a late frame has ticks before that frame, which nobody waited for.
            let unwanted = (ticks(last.at) - last.tick) / stride;
            prop_assert!((due - unwanted..=due).contains(&(1 + pace.missed() - missed)));
            prop_assert_eq!(pace.grid.origin, origin, "it never rested");
            prop_assert!(pace.lowered_hz().is_none_or(|hz| (LOWERED_HZ_MIN..refresh_hz).contains(&hz)));
        }
    }

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
