//! Data that comes about as often as a board may be drawn, in simulated time.
//!
//! Invariant: nothing here is drawn but when the pace says so.

use std::iter::Peekable;

use super::*;

const HOUR: Duration = Duration::from_secs(3_600);
/// What a frame takes until there is credit for the next one.
const CREDIT_AFTER: Duration = Duration::from_micros(700);
/// When people's clocks say a whole second: nowhere near a tick.
const WALL_BEGINS: Wall = Wall(70_300);

/// What became of the changes.
#[derive(Default)]
struct Told {
    frames: Vec<Mono>,
    /// From a change to its frame, of each frame's newest one.
    waits: Vec<Duration>,
    /// Changes that were in a frame with a later one.
    merged: usize,
    missed: u64,
    lowered: bool,
}

/// What changes although no data comes.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Beside {
    Nothing,
    /// Once a second.
    Clock,
    /// As often as may be drawn.
    Motion,
}

/// Draws changes that come at these moments, and what changes beside them.
fn follow(refresh_hz: f64, changes: impl Iterator<Item = Mono>, beside: Beside) -> Told {
    follow_late(refresh_hz, changes, beside, std::iter::repeat(Duration::ZERO))
}

/// The same where each frame begins so much later than it may.
fn follow_late(
    refresh_hz: f64,
    changes: impl Iterator<Item = Mono>,
    beside: Beside,
    mut late: impl Iterator<Item = Duration>,
) -> Told {
    let mut pace = Pace::new(refresh_hz);
    let (mut changes, mut told) = (changes.peekable(), Told::default());
    let begun = *changes.peek().expect("invariant: there are changes");
    let (mut now, mut credit_at, mut begins_at, mut waiting) = (begun, None, None, Vec::new());
    let wall = |at: Mono| Wall(WALL_BEGINS.0 + at.since(begun).as_millis() as i64);
    loop {
        if changes.next_if(|at| *at <= now).is_some_and(|at| {
            waiting.push(at);
            true
        }) {
            pace.changed(now);
            continue;
        }
        if credit_at.take_if(|at| *at <= now).is_some() {
            pace.credited(now);
        }
        let asked = pace.ask(now);
        if asked == Ask::Draw && begins_at.is_none() {
            begins_at = late.next().map(|late| now + late);
        }
        if begins_at.take_if(|at| *at <= now).is_some() {
            let next = match beside {
                Beside::Nothing => None,
                Beside::Clock => Some(Wall((wall(now).0.div_euclid(1_000) + 1) * 1_000)),
                Beside::Motion => Some(Wall(wall(now).0 + 1)),
            };
            pace.moves(beside == Beside::Motion);
            pace.drawn(now, wall(now), next, true);
            credit_at = Some(now + CREDIT_AFTER);
            told.merged += waiting.len().saturating_sub(1);
            told.waits.extend(waiting.drain(..).next_back().map(|at| now.since(at)));
            told.frames.push(now);
            told.lowered |= pace.lowered_hz().is_some();
        }
        let ask_at = match asked {
            Ask::Until(at) => Some(at),
            _ => None,
        };
        let Some(next) = next(&mut changes) else { break };
        let nexts = [Some(next), credit_at, begins_at, ask_at];
        now = nexts.into_iter().flatten().min().expect("invariant: there is a change").max(now);
    }
    told.missed = pace.missed();
    told
}

fn next(changes: &mut Peekable<impl Iterator<Item = Mono>>) -> Option<Mono> {
    changes.peek().copied()
}

/// So often a second, each late by what comes next in turn, in microseconds.
fn beats(hz: u64, span: Duration, late_us: &'static [u64]) -> impl Iterator<Item = Mono> {
    let count = span.as_secs() * hz;
    let late = late_us.iter().cycle();
    (0..count)
        .zip(late)
        .map(move |(index, late)| ms(10_000) + Duration::from_nanos(index * 1_000_000_000 / hz + late * 1_000))
}

/// Of all waits the one that so many of a thousand do not exceed.
fn quantile(told: &Told, of_thousand: usize) -> Duration {
    let mut waits = told.waits.clone();
    waits.sort();
    waits[(waits.len() - 1) * of_thousand / 1_000]
}

/// Any span holds as many frames as steps fit into it and one more for either end, and no two are close together.
fn assert_paced(frames: &[Mono], refresh_hz: f64) {
    let step = 1.0 / refresh_hz;
    for spread in [1, 2, 3, 10, 120, 10_000] {
        for (first, last) in frames.iter().zip(frames.iter().skip(spread)) {
            let span = last.since(*first).as_secs_f64();
            let least = (spread as f64 - 1.0).max(0.5) * step - 1e-6;
            assert!(span >= least, "{} frames within {span} s from {first:?}", spread + 1);
        }
    }
}

#[test]
fn data_as_often_as_the_board_is_drawn_as_it_comes_for_an_hour() {
    for hz in [120, 7] {
        // Mostly on time, sometimes behind, and once in a while by more than half a step of the fastest.
        let late_us = &[120, 90, 300, 80, 1_400, 100, 2_600, 90, 110, 150, 90, 5_200, 100, 800, 95, 130, 90];
        let told = follow(hz as f64, beats(hz, HOUR, late_us), Beside::Clock);
        let step = Duration::from_secs_f64(1.0 / hz as f64);
        assert!(quantile(&told, 500) <= step / 50, "half wait {:?} at {hz} Hz", quantile(&told, 500));
        assert!(quantile(&told, 950) <= step / 8, "19 of 20 wait {:?} at {hz} Hz", quantile(&told, 950));
        let all = HOUR.as_secs() * hz;
        assert!(told.merged as u64 <= all / 100, "{} of {all} changes at {hz} Hz were never seen", told.merged);
        assert_paced(&told.frames, hz as f64);
        assert_eq!((told.missed, told.lowered), (0, false), "nothing was late at {hz} Hz");
    }
}

#[test]
fn data_that_begins_just_after_a_tick_does_not_wait_for_ever() {
    // Something else was drawn three quarters of a step before, a fifth, a tenth.
    for before_us in (500..8_300).step_by(500) {
        let first = ms(10_000);
        let others =
            beats(120, Duration::from_secs(60), &[50, 20, 90]).map(move |at| at + Duration::from_micros(before_us));
        let told = follow(120.0, std::iter::once(first).chain(others), Beside::Nothing);
        // What waits less than an eighth of a step is let be.
        assert!(quantile(&told, 950) <= Duration::from_micros(1_050), "{before_us}: {:?}", quantile(&told, 950));
        assert!(told.merged <= 3, "{before_us}: {} merged", told.merged);
        let waited = told.waits.iter().filter(|wait| **wait > Duration::from_micros(1_050)).count();
        assert!(waited <= 40, "{before_us}: {waited} changes waited, a third of a second");
        assert_paced(&told.frames, 120.0);
    }
}

#[test]
fn data_in_step_that_is_early_by_less_than_half_a_step_never_waits() {
    // The first one comes late: all others are early by that.
    for early_us in (0..4_100).step_by(100) {
        let all = 120 * 60;
        let others = (1..all).map(|index| Duration::from_nanos(index * 1_000_000_000 / 120));
        let changes = [Duration::from_micros(early_us)].into_iter().chain(others).map(|at| ms(10_000) + at);
        let told = follow(120.0, changes, Beside::Nothing);
        // A third of a second on it is in step.
        assert_eq!(told.waits[40..], vec![Duration::ZERO; all as usize - 40], "early by {early_us} us");
        assert_eq!((told.merged, told.missed), (0, 0), "early by {early_us} us");
        assert_paced(&told.frames, 120.0);
    }
}

#[test]
fn no_change_of_several_sources_waits_for_longer_than_a_step() {
    // Each at a pace of its own, so that they come at all distances.
    for (refresh_hz, sources) in [(4.0, &[700_u64, 910, 1_130][..]), (60.0, &[13, 29]), (120.0, &[9, 31])] {
        let every_ms =
            |period: &u64| (0..60_000 / period).map(move |index| ms(10_000 + index * period)).collect::<Vec<_>>();
        let mut changes: Vec<Mono> = sources.iter().flat_map(every_ms).collect();
        changes.sort();
        let told = follow(refresh_hz, changes.into_iter(), Beside::Nothing);
        let step = Duration::from_secs_f64(1.0 / refresh_hz);
        assert!(quantile(&told, 1_000) <= step, "{:?} at {refresh_hz} Hz", quantile(&told, 1_000));
        assert_paced(&told.frames, refresh_hz);
    }
}

#[test]
fn a_frame_that_begins_late_makes_none_of_those_after_it_wait() {
    for late_us in (0..20_000).step_by(100) {
        let late = (0..).map(|frame| Duration::from_micros(if frame == 60 { late_us } else { 0 }));
        // The first one is late: the grid begins with it, and most come before their ticks.
        let told = follow_late(120.0, beats(120, Duration::from_secs(60), &[300, 0, 0]), Beside::Nothing, late);
        // The one behind it keeps half a step away.
        let others = &told.waits[62..];
        assert_eq!(others, vec![Duration::ZERO; others.len()], "late by {late_us} us");
        let merged = told.merged as u64;
        assert!(merged <= (late_us + 300) / 8_333, "late by {late_us} us: {merged} merged");
        assert_paced(&told.frames, 120.0);
    }
}

#[test]
fn pacing_is_exact_over_an_hour() {
    // What comes more often than it may be drawn, and what comes as soon as it was drawn: a count of ticks tells when.
    for (hz, changes_hz) in [(120_u64, 480), (60, 75), (120, 121), (120, 123), (120, 127), (60, 61)] {
        let told = follow(hz as f64, beats(changes_hz, HOUR, &[0]), Beside::Nothing);
        let all = (HOUR.as_secs() * hz) as usize;
        assert!((all - 1..=all + 1).contains(&told.frames.len()), "{} of {all} at {hz} Hz", told.frames.len());
        let step_ns = 1_000_000_000 / hz;
        for (index, at) in told.frames.iter().enumerate() {
            let exact = ms(10_000) + Duration::from_nanos((index as u128 * 1_000_000_000 / u128::from(hz)) as u64);
            let off = at.since(exact).max(exact.since(*at));
            assert!(off < Duration::from_nanos(step_ns), "frame {index} at {hz} Hz is {off:?} off its own count");
        }
    }
}

#[test]
fn data_made_by_the_frame_before_it_moves_no_grid() {
    let (mut pace, begun) = (Pace::new(120.0), ms(10_000));
    let mut now = begun;
    for _ in 0..HOUR.as_secs() * 120 {
        assert_eq!(pace.ask(now), Ask::Draw);
        pace.drawn(now, Wall(0), None, true);
        let soon = now + Duration::from_micros(400);
        pace.credited(soon);
        pace.changed(soon);
        let Ask::Until(at) = pace.ask(soon) else { panic!("there is a next tick") };
        now = at;
    }
    let off = now.since(begun + HOUR).max((begun + HOUR).since(now));
    assert!(off <= pace.step(), "{off:?} off after an hour");
    assert_eq!(pace.missed(), 0);
}

#[test]
fn a_clock_waits_for_data_that_is_about_to_come_and_not_for_data_that_stopped() {
    let mut pace = Pace::new(10.0);
    for index in 0..5 {
        let at = ms(1_000 + 100 * index);
        pace.changed(at);
        pace.credited(at);
        assert_eq!(pace.ask(at), Ask::Draw);
        pace.drawn(at, Wall(0), Some(Wall(60)), true);
    }
    pace.credited(ms(1_401));
    assert_eq!(pace.ask(ms(1_500)), Ask::Until(ms(1_525)), "a quarter of a step behind the next change");
    pace.changed(ms(1_510));
    assert_eq!(pace.ask(ms(1_510)), Ask::Draw);
    pace.drawn(ms(1_510), Wall(0), Some(Wall(1_000)), true);
    pace.credited(ms(1_511));
    assert_eq!(pace.ask(ms(2_500)), Ask::Until(ms(2_510)), "nothing came for a second");
}

#[test]
fn a_clock_is_shown_with_data_that_comes_ten_times_a_second_however_often_the_board_is_drawn() {
    for hz in [8, 10, 30] {
        // Seven, so that each meets a whole second.
        let late_us = &[300, 90, 1_200, 80, 3_000, 100, 250];
        let told = follow(120.0, beats(hz, Duration::from_secs(60), late_us), Beside::Clock);
        assert_eq!(told.frames.len(), told.waits.len(), "frames for a clock alone at {hz} Hz");
        assert_eq!((told.merged, told.missed, told.lowered), (0, 0, false), "at {hz} Hz");
    }
}

#[test]
fn a_clock_waits_for_seldom_data_a_tenth_of_a_second_at_most() {
    let seldom = |next_second_ms| {
        let mut pace = Pace::new(4.0);
        for at in [1_000, 2_000, 3_000] {
            pace.changed(ms(at));
            pace.credited(ms(at));
            pace.drawn(ms(at), Wall(0), Some(Wall(next_second_ms)), true);
        }
        pace.credited(ms(3_001));
        pace.ask(ms(3_990))
    };
    assert_eq!(seldom(905), Ask::Until(ms(4_025)), "the data comes 95 ms after the clock's second");
    assert_eq!(seldom(850), Ask::Draw, "150 ms");
}

#[test]
fn what_moves_waits_for_no_data() {
    for hz in [1, 10] {
        let told = follow(60.0, beats(hz, Duration::from_secs(60), &[0]), Beside::Motion);
        // Up to the last change.
        let all = 60 * 60 - 60 / hz as usize;
        assert!(told.frames.len() >= all - 60, "{} frames of {all} beside data at {hz} Hz", told.frames.len());
        assert_eq!((told.missed, told.lowered), (0, false), "at {hz} Hz");
    }
}

#[test]
fn data_that_comes_when_a_clock_waited_for_it_in_vain_is_not_late() {
    let mut pace = Pace::new(120.0);
    for (at, clock) in [(1_000, None), (1_100, None), (1_200, Some(Wall(10)))] {
        pace.changed(ms(at));
        pace.credited(ms(at));
        pace.drawn(ms(at), Wall(0), clock, true);
    }
    pace.credited(ms(1_201));
    assert_eq!(pace.ask(ms(1_211)), Ask::Until(ms(1_325)), "25 ms behind the next change");
    // The timer had fired, and nothing was drawn yet.
    pace.changed(ms(1_326));
    assert_eq!(pace.ask(ms(1_326)), Ask::Draw);
    pace.drawn(ms(1_326), Wall(0), None, true);
    assert_eq!(pace.missed(), 0);
}

#[test]
fn what_a_clock_waited_for_data_is_no_caps_doing() {
    let mut pace = Pace::new(100.0);
    for (at, clock) in [(1_000, None), (1_100, None), (1_200, Some(Wall(10)))] {
        pace.changed(ms(at));
        pace.credited(ms(at));
        pace.drawn(ms(at), Wall(0), clock, true);
    }
    pace.credited(ms(1_201));
    pace.changed(ms(1_300));
    pace.hold(ms(1_300), ms(1_400));
    pace.drawn(ms(1_400), Wall(0), None, true);
    assert_eq!((pace.missed(), pace.limited()), (0, 10), "those from the data on, not from the second 90 ms before");
}

#[test]
fn a_clock_that_waited_for_data_until_it_came_has_missed_nothing() {
    let mut pace = Pace::new(10.0);
    // Each is drawn as it comes, later and later after its tick.
    for (at, clock) in [(1_000, None), (1_150, None), (1_280, Some(Wall(5)))] {
        pace.changed(ms(at));
        pace.credited(ms(at));
        assert_eq!(pace.ask(ms(at)), Ask::Draw);
        pace.drawn(ms(at), Wall(0), clock, true);
    }
    pace.credited(ms(1_281));
    assert_eq!(pace.ask(ms(1_390)), Ask::Until(ms(1_405)), "a step after its tick it waits for the next change");
    pace.changed(ms(1_404));
    assert_eq!(pace.ask(ms(1_404)), Ask::Draw);
    pace.drawn(ms(1_404), Wall(0), None, true);
    assert_eq!(pace.missed(), 0, "it was said to wait");
}

proptest! {
    #[test]
    fn whenever_changes_come_the_refresh_rate_is_not_exceeded(
        refresh_hz in 1.0f64..120.0,
        steps in proptest::collection::vec(0.0f64..2.5, 2..300),
        beside in prop_oneof![Just(Beside::Nothing), Just(Beside::Clock), Just(Beside::Motion)],
        late in proptest::collection::vec(prop_oneof![Just(0.0), 0.0f64..1.5], 1..20),
    ) {
        let mut at = ms(10_000);
        let changes: Vec<Mono> = steps.iter().map(|step| {
            at = at + Duration::from_secs_f64(step / refresh_hz);
            at
        }).collect();
        let told = follow(refresh_hz, changes.iter().copied(), beside);
        assert_paced(&told.frames, refresh_hz);
        prop_assert_eq!((told.missed, told.lowered), (0, false));
        let late = late.into_iter().map(|steps| Duration::from_secs_f64(steps / refresh_hz)).cycle();
        let told = follow_late(refresh_hz, changes.into_iter(), beside, late);
        assert_paced(&told.frames, refresh_hz);
    }
}
