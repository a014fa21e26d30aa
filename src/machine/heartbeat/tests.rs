//! Every course a silence can take, and that no life is given up which could not answer.

use proptest::prelude::*;

use super::*;

const MS: Duration = Duration::from_millis(1);
const START: Mono = Mono(1_000_000_000);

fn asked() -> Heartbeat {
    let mut heartbeat = Heartbeat::new();
    assert_eq!(heartbeat.step(START, Event::Asked), None);
    heartbeat
}

/// Ticks whenever it asks for it, until something other than lateness is found or the end is reached.
fn run(heartbeat: &mut Heartbeat, until: Mono, activity: impl Fn(Mono) -> Activity) -> Vec<(Duration, Finding)> {
    let mut found = Vec::new();
    while let Some(at) = heartbeat.wake_at().filter(|at| *at <= until) {
        found.extend(heartbeat.step(at, Event::Tick(Some(activity(at)))).map(|finding| (at.since(START), finding)));
    }
    found
}

#[test]
fn one_that_just_does_not_answer_is_late_and_then_hangs() {
    let mut heartbeat = asked();
    let found = run(&mut heartbeat, START + 10_000 * MS, |_| Activity::default());
    assert_eq!(found, [(200 * MS, Finding::Late), (800 * MS, Finding::Hung)]);
    assert_eq!(heartbeat.wake_at(), None);
    assert_eq!(heartbeat.step(START + 11_000 * MS, Event::Heard), None, "it was given up");
}

#[test]
fn an_answer_in_time_is_no_news_and_a_late_one_is() {
    let mut heartbeat = asked();
    assert_eq!(heartbeat.step(START + 199 * MS, Event::Heard), None);
    assert_eq!((heartbeat.wake_at(), heartbeat.asked_at()), (None, None));
    let mut heartbeat = asked();
    assert_eq!(heartbeat.step(START + 200 * MS, Event::Tick(Some(Activity::default()))), Some(Finding::Late));
    assert_eq!(heartbeat.step(START + 799 * MS, Event::Heard), Some(Finding::Back(799 * MS)));
}

#[test]
fn a_question_while_one_is_owed_gives_no_more_time() {
    let mut heartbeat = asked();
    for ms in (200..800).step_by(200) {
        heartbeat.step(START + ms * MS, Event::Asked);
        heartbeat.step(START + ms * MS, Event::Tick(Some(Activity::default())));
    }
    assert_eq!(heartbeat.step(START + 800 * MS, Event::Tick(Some(Activity::default()))), Some(Finding::Hung));
}

#[test]
fn a_tick_that_comes_early_finds_nothing() {
    let mut heartbeat = asked();
    assert_eq!(heartbeat.step(START + 199 * MS, Event::Tick(Some(Activity::default()))), None);
    assert_eq!(heartbeat.wake_at(), Some(START + 200 * MS));
}

#[test]
fn each_excuse_holds_as_long_as_its_reason_and_then_there_is_a_fair_chance() {
    let reason = |excuse: Excuse, for_ms: Duration| match excuse {
        Excuse::Stopped => Activity { is_stopped: true, ..Activity::default() },
        Excuse::Disk => Activity { waits_for_disk: true, ..Activity::default() },
        Excuse::Starved => Activity { waited: for_ms, ..Activity::default() },
        Excuse::Throttled => Activity { throttled: for_ms, ran: for_ms / 100, ..Activity::default() },
    };
    for excuse in Excuse::ALL {
        let mut heartbeat = asked();
        let until = START + 60_000 * MS;
        let found = run(&mut heartbeat, until, |now| reason(excuse, now.since(START)));
        assert_eq!(found, [(200 * MS, Finding::Late), (800 * MS, Finding::Excused(excuse))], "once, for a minute");
        assert_eq!(heartbeat.excuse(), Some(excuse));
        let begun = heartbeat.wake_at().unwrap();
        let over = reason(excuse, 60_000 * MS);
        let over = Activity { is_stopped: false, waits_for_disk: false, ..over };
        let found = run(&mut heartbeat, until + 60_000 * MS, |_| over);
        let [(after, Finding::Hung)] = found[..] else { panic!("{excuse:?}: {found:?}") };
        assert!(after >= begun.since(START) + (HUNG_AFTER - LATE_AFTER), "{excuse:?}: {after:?}");
    }
}

#[test]
fn a_root_that_stood_still_itself_blames_nobody() {
    let mut heartbeat = asked();
    heartbeat.step(START + 200 * MS, Event::Tick(Some(Activity::default())));
    let woken = START + 5_000 * MS;
    let mut without = heartbeat.clone();
    assert_eq!(heartbeat.step(woken, Event::Deaf), None);
    assert_eq!(without.step(woken, Event::Tick(Some(Activity::default()))), None, "it is late itself");
    assert_eq!(without.phase, heartbeat.phase);
    assert_eq!(heartbeat.step(woken, Event::Tick(Some(Activity::default()))), None);
    assert_eq!(heartbeat.step(woken + 599 * MS, Event::Tick(Some(Activity::default()))), None);
    assert_eq!(heartbeat.step(woken + 600 * MS, Event::Tick(Some(Activity::default()))), Some(Finding::Hung));
}

#[test]
fn one_that_was_given_something_long_may_take_its_time() {
    let mut heartbeat = asked();
    heartbeat.step(START, Event::Busy(READS_FOR));
    assert_eq!(heartbeat.wake_at(), Some(START + READS_FOR));
    let found = run(&mut heartbeat, START + 60_000 * MS, |_| Activity::default());
    assert_eq!(found, [(READS_FOR, Finding::Late), (READS_FOR + 600 * MS, Finding::Hung)]);
    let mut heartbeat = asked();
    heartbeat.step(START, Event::Busy(READS_FOR));
    heartbeat.step(START + MS, Event::Heard);
    heartbeat.step(START + MS, Event::Asked);
    assert_eq!(heartbeat.wake_at(), Some(START + READS_FOR), "that was an answer to what came before");
    heartbeat.step(START + 2 * MS, Event::Heard);
    heartbeat.step(START + 2 * MS, Event::Asked);
    assert_eq!(heartbeat.wake_at(), Some(START + 202 * MS), "it is done with it");
    let mut heartbeat = Heartbeat::new();
    heartbeat.step(START, Event::Busy(READS_FOR));
    heartbeat.step(START + MS, Event::Asked);
    heartbeat.step(START + 2 * MS, Event::Heard);
    heartbeat.step(START + 2 * MS, Event::Asked);
    assert_eq!(heartbeat.wake_at(), Some(START + 202 * MS), "nothing was owed from before");
}

#[test]
fn on_a_full_machine_one_that_loops_hangs_once_it_had_the_time_to_answer() {
    // A third of a processor, all of which it uses and wants more.
    let looping = |now: Mono| {
        let past = now.since(START);
        Activity { is_runnable: true, ran: past / 3, waited: past * 2 / 3, ..Activity::default() }
    };
    let mut heartbeat = asked();
    let found = run(&mut heartbeat, START + 60_000 * MS, looping);
    let [(_, Finding::Late), (_, Finding::Excused(Excuse::Starved)), (after, Finding::Hung)] = found[..] else {
        panic!("{found:?}")
    };
    // Six tenths of a second of its own, and it is found out at once then, not at the next of a row of looks.
    assert!((2_000 * MS..2_060 * MS).contains(&after), "{after:?}");
    // One that gets nothing at all waits on; the kernel counts a wait only once it is over.
    let mut heartbeat = asked();
    let found = run(&mut heartbeat, START + 60_000 * MS, |_| Activity { is_runnable: true, ..Activity::default() });
    assert_eq!(found, [(200 * MS, Finding::Late), (800 * MS, Finding::Excused(Excuse::Starved))]);
    // One that has a processor to itself has no excuse.
    let mut heartbeat = asked();
    let alone = |now: Mono| Activity { is_runnable: true, ran: now.since(START), ..Activity::default() };
    let found = run(&mut heartbeat, START + 60_000 * MS, alone);
    assert_eq!(found, [(200 * MS, Finding::Late), (800 * MS, Finding::Hung)]);
}

#[test]
fn one_that_sleeps_is_not_kept_from_anything_by_its_groups_limit() {
    let mut heartbeat = asked();
    let found =
        run(&mut heartbeat, START + 60_000 * MS, |now| Activity { throttled: now.since(START), ..Activity::default() });
    assert_eq!(found, [(200 * MS, Finding::Late), (800 * MS, Finding::Hung)]);
}

#[test]
fn one_that_loops_has_no_excuse_in_a_disk_it_waits_for_now_and_then() {
    let mut heartbeat = asked();
    let found = run(&mut heartbeat, START + 60_000 * MS, |now| {
        let past = now.since(START);
        Activity { ran: past / 2, waits_for_disk: past.as_millis() % 1200 == 800, ..Activity::default() }
    });
    let [(_, Finding::Late), (_, Finding::Excused(Excuse::Disk)), (after, Finding::Hung)] = found[..] else {
        panic!("{found:?}")
    };
    assert!(after <= 1_600 * MS, "{after:?}");
}

/// Whatever keeps it from running: it is found out when it ran for as long as one that nothing keeps from it has by then.
#[test]
fn one_that_loops_is_found_out_by_the_time_it_ran_however_that_was_dealt() {
    for share in [2, 3, 4, 10, 100] {
        for period in [1, 7, 100, 450, 900] {
            let ran = |now: Mono| {
                let past = now.since(START);
                let rest = Duration::from_nanos((past.as_nanos() % (period * MS * share).as_nanos()) as u64);
                (past - rest) / share + rest.min(period * MS)
            };
            for throttled in [false, true] {
                let activity = |now: Mono| {
                    let (ran, waited) = (ran(now), now.since(START) - ran(now));
                    let (waited, throttled) =
                        if throttled { (Duration::ZERO, waited) } else { (waited, Duration::ZERO) };
                    Activity { is_runnable: true, ran, waited, throttled, ..Activity::default() }
                };
                let mut heartbeat = asked();
                let found = run(&mut heartbeat, START + 200_000 * MS, activity);
                let Some((after, Finding::Hung)) = found.last().copied() else { panic!("{share} {period}: {found:?}") };
                let at_first = ran(START + LATE_AFTER);
                let had = ran(START + after) - at_first;
                let is_fair = had >= CHANCE && had <= CHANCE + LOOK_EVERY;
                assert!(is_fair, "one in {share}, {period} ms at a time: {had:?} after {after:?}");
            }
        }
    }
}

#[test]
fn one_that_is_slow_on_a_full_machine_is_left_in_peace_for_the_time_it_ran() {
    // It has what it needs for its answer after half a second of its own, a hundredth of the time.
    let mut heartbeat = asked();
    let slow = |now: Mono| {
        let past = now.since(START);
        Activity { is_runnable: true, ran: past / 100, waited: past * 99 / 100, ..Activity::default() }
    };
    let found = run(&mut heartbeat, START + 50_000 * MS, slow);
    assert_eq!(found, [(200 * MS, Finding::Late), (800 * MS, Finding::Excused(Excuse::Starved))]);
    assert_eq!(heartbeat.step(START + 50_000 * MS, Event::Heard), Some(Finding::Back(50_000 * MS)));
}

#[test]
fn one_that_was_stopped_is_not_found_out_by_what_it_did_before() {
    // It looped for half a second, was stopped for a minute, and goes on for less than the rest.
    let ran = |now: Mono| now.since(START).min(700 * MS) + now.since(START + 60_700 * MS).min(50 * MS);
    let mut heartbeat = asked();
    let found = run(&mut heartbeat, START + 60_750 * MS, |now| Activity {
        is_stopped: (700..60_700).contains(&now.since(START).as_millis()),
        is_runnable: !(700..60_700).contains(&now.since(START).as_millis()),
        ran: ran(now),
        ..Activity::default()
    });
    assert_eq!(found, [(200 * MS, Finding::Late), (800 * MS, Finding::Excused(Excuse::Stopped))]);
    // It is looked at as seldom as any other meanwhile.
    let mut looks = 0;
    let mut heartbeat = asked();
    while let Some(at) = heartbeat.wake_at().filter(|at| *at < START + 60_000 * MS) {
        let activity = Activity { is_stopped: true, ran: at.since(START).min(700 * MS), ..Activity::default() };
        heartbeat.step(at, Event::Tick(Some(activity)));
        looks += 1;
    }
    assert!(looks <= 101, "{looks}");
}

#[test]
fn one_that_had_its_chance_while_root_stood_still_may_have_answered() {
    let mut heartbeat = asked();
    let starves = |ran| Activity { is_runnable: true, ran, waited: 2 * ran, ..Activity::default() };
    heartbeat.step(START + 200 * MS, Event::Tick(Some(starves(Duration::ZERO))));
    heartbeat.step(START + 800 * MS, Event::Tick(Some(starves(200 * MS))));
    assert_eq!(heartbeat.wake_at(), Some(START + 1_200 * MS), "it may have run for the rest by then");
    heartbeat.step(START + 1_100 * MS, Event::Deaf);
    assert_eq!(heartbeat.wake_at(), Some(START + 1_700 * MS), "its answer may lie there unread");
    assert_eq!(heartbeat.step(START + 1_200 * MS, Event::Tick(Some(starves(900 * MS)))), None);
    assert_eq!(heartbeat.step(START + 1_700 * MS, Event::Tick(Some(starves(900 * MS)))), Some(Finding::Hung));
}

#[test]
fn a_silence_is_told_as_what_was_done_in_it() {
    let mut heartbeat = asked();
    let done = |ran, waited| Some(Activity { ran, waited, ..Activity::default() });
    assert_eq!(Heartbeat::new().silence(START, done(MS, MS)), Silence { ran: MS, waited: MS, ..Silence::default() });
    heartbeat.step(START + 200 * MS, Event::Tick(done(30 * MS, 40 * MS)));
    let silence = heartbeat.silence(START + 900 * MS, done(630 * MS, 140 * MS));
    assert_eq!(silence, Silence { lasted: 900 * MS, ran: 600 * MS, waited: 100 * MS });
    let unseen = heartbeat.silence(START + 900 * MS, None);
    assert_eq!(unseen, Silence { lasted: 900 * MS, ..Silence::default() });
}

#[test]
fn one_of_which_the_kernel_says_nothing_gets_longer() {
    let mut heartbeat = asked();
    while let Some(at) = heartbeat.wake_at().filter(|at| *at < START + UNSEEN_HUNG_AFTER) {
        assert_ne!(heartbeat.step(at, Event::Tick(None)), Some(Finding::Hung));
    }
    let at = heartbeat.wake_at().unwrap();
    assert_eq!(heartbeat.step(at, Event::Tick(None)), Some(Finding::Hung));
    assert!(at <= START + UNSEEN_HUNG_AFTER + HUNG_AFTER);
    // Seen again, it is judged by what is seen.
    let mut heartbeat = asked();
    heartbeat.step(START + 200 * MS, Event::Tick(None));
    assert_eq!(heartbeat.step(START + 800 * MS, Event::Tick(Some(Activity::default()))), None);
    assert_eq!(heartbeat.step(START + 1_400 * MS, Event::Tick(Some(Activity::default()))), Some(Finding::Hung));
}

#[test]
fn a_root_that_is_always_late_finds_out_at_last() {
    let mut heartbeat = asked();
    let mut found = Vec::new();
    for _ in 0..100 {
        let Some(due) = heartbeat.wake_at() else { break };
        found.extend(heartbeat.step(due + 2 * OVERSLEPT, Event::Tick(Some(Activity::default()))));
    }
    assert_eq!(found, [Finding::Late, Finding::Hung]);
    let mut heartbeat = asked();
    for _ in 0..100 {
        let due = heartbeat.wake_at().unwrap();
        assert_eq!(heartbeat.step(due + 2 * OVERSLEPT, Event::Tick(Some(Activity::default()))), None);
        heartbeat.step(due + 2 * OVERSLEPT, Event::Heard);
        heartbeat.step(due + 2 * OVERSLEPT, Event::Asked);
    }
}

proptest! {
    /// Whatever happens: it is given up only after as much unanswered time as promised, and only once.
    #[test]
    fn nobody_is_given_up_too_early(
        events in prop::collection::vec((0u64..400, 0usize..6, any::<bool>(), 0u64..400), 1..200),
        share in 1u32..5,
    ) {
        let mut heartbeat = Heartbeat::new();
        let (mut now, mut activity) = (START, Activity::default());
        let (mut fair_since, mut hung) = (None, 0);
        for (wait, what, stopped, starved) in events {
            now = now + Duration::from_millis(wait);
            activity.is_stopped = stopped;
            activity.ran += Duration::from_millis(wait) / share;
            if starved > 300 {
                activity.waited += Duration::from_millis(wait);
            }
            let event = match what {
                0 => Event::Asked,
                1 => Event::Heard,
                2 => Event::Deaf,
                _ => Event::Tick(Some(activity)),
            };
            match event {
                Event::Asked => _ = fair_since.get_or_insert(now),
                Event::Heard => fair_since = None,
                Event::Deaf => fair_since = fair_since.map(|_| now),
                Event::Busy(_) | Event::Tick(_) => {}
            }
            if heartbeat.step(now, event) == Some(Finding::Hung) {
                hung += 1;
                prop_assert!(!stopped);
                let fair = fair_since.expect("it was asked");
                prop_assert!(now.since(fair) >= HUNG_AFTER - LATE_AFTER, "{:?}", now.since(fair));
            }
        }
        prop_assert!(hung <= 1);
    }
}
