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
    assert!((2_400 * MS..4_000 * MS).contains(&after), "{after:?}");
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
    assert!(after <= 3_000 * MS, "{after:?}");
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
    ) {
        let mut heartbeat = Heartbeat::new();
        let (mut now, mut activity) = (START, Activity::default());
        let (mut fair_since, mut hung) = (None, 0);
        for (wait, what, stopped, starved) in events {
            now = now + Duration::from_millis(wait);
            activity.is_stopped = stopped;
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
