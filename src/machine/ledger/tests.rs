//! Two deaths and a rest, rests that grow, and an end to everything.

use proptest::prelude::*;

use super::*;

const START: Mono = Mono(1_000_000_000);
const TRACE: Trace = Trace(7);
const SECOND: Duration = Duration::from_secs(1);

fn panel(panel: u16) -> Step {
    Step::Panel { board: "CPU".to_owned(), panel }
}

fn resting(ledger: &Ledger, now: Mono) -> Vec<Step> {
    ledger.resting(now).map(|row| row.step.clone()).collect()
}

#[test]
fn one_death_is_chance_and_two_are_not() {
    let mut ledger = Ledger::default();
    assert!(!ledger.died(panel(1), TRACE, START));
    assert!(!ledger.died(panel(2), TRACE, START + SECOND), "another one");
    assert!(!ledger.died(Step::Source("db".to_owned()), TRACE, START + SECOND));
    assert_eq!(resting(&ledger, START + SECOND), []);
    assert!(ledger.died(panel(1), TRACE, START + 2 * SECOND));
    assert_eq!(resting(&ledger, START + 2 * SECOND), [panel(1)]);
    let until = START + 2 * SECOND + REST_FIRST;
    assert_eq!(ledger.wake_at(START + 3 * SECOND), Some(until));
    assert_eq!((resting(&ledger, until), ledger.wake_at(until)), (vec![], None));
}

#[test]
fn deaths_far_apart_are_chance() {
    let mut ledger = Ledger::default();
    assert!(!ledger.died(panel(1), TRACE, START));
    assert!(!ledger.died(panel(1), TRACE, START + FORGET_AFTER));
    assert!(ledger.died(panel(1), TRACE, START + (2 * FORGET_AFTER - SECOND)));
}

#[test]
fn each_death_after_a_rest_makes_the_next_one_longer_up_to_a_day() {
    let mut ledger = Ledger::default();
    let mut now = START;
    ledger.died(panel(1), TRACE, now);
    let mut rests = Vec::new();
    for _ in 0..12 {
        assert!(ledger.died(panel(1), TRACE, now), "a try that failed");
        let until = ledger.wake_at(now).expect("it rests");
        rests.push(until.since(now).as_secs() / 60);
        now = until + SECOND;
    }
    assert_eq!(rests, [5, 10, 20, 40, 80, 160, 320, 640, 1280, 1440, 1440, 1440]);
    assert!(!ledger.died(panel(1), TRACE, now + 2 * REST_MAX), "it went well for long enough");
}

#[test]
fn a_new_configuration_begins_anew() {
    let mut ledger = Ledger::default();
    ledger.died(panel(1), TRACE, START);
    assert!(!ledger.forget(START), "nothing rested");
    ledger.died(panel(1), TRACE, START);
    ledger.died(panel(1), TRACE, START);
    assert!(ledger.forget(START));
    assert_eq!((resting(&ledger, START), ledger.rows().len()), (vec![], 0));
}

#[test]
fn what_rests_is_kept_before_what_died_once_after_it() {
    let mut ledger = Ledger::default();
    ledger.died(panel(0), TRACE, START);
    ledger.died(panel(0), TRACE, START);
    for index in 1..2_000 {
        ledger.died(panel(index), TRACE, START);
    }
    assert_eq!(resting(&ledger, START), [panel(0)]);
    assert_eq!(ledger.rows().len(), limits::FAULT_STEPS_MAX);
    // Where nothing else is left to go, what would be tried soonest does.
    (0..=limits::FAULT_STEPS_MAX as u16).for_each(|index| {
        let later = START + SECOND * u32::from(index);
        ledger.died(panel(5_000 + index), TRACE, later);
        ledger.died(panel(5_000 + index), TRACE, later);
    });
    assert_eq!(ledger.rows().len(), limits::FAULT_STEPS_MAX);
    assert!(!resting(&ledger, START).contains(&panel(0)));
}

proptest! {
    /// Whatever dies when: as many rows as it may hold, none of them twice, and what rests died twice at least.
    #[test]
    fn it_is_bounded_and_just(deaths in prop::collection::vec((0u64..4_000, 0u16..400), 0..600)) {
        let mut ledger = Ledger::default();
        let mut now = START;
        for (wait, index) in deaths {
            now = now + Duration::from_secs(wait);
            let rests = ledger.died(panel(index), TRACE, now);
            prop_assert_eq!(rests, resting(&ledger, now).contains(&panel(index)));
            prop_assert!(ledger.rows().len() <= limits::FAULT_STEPS_MAX);
            for row in ledger.resting(now) {
                prop_assert!(row.deaths >= DEATHS_MAX);
            }
            let mut steps: Vec<&Step> = ledger.rows().iter().map(|row| &row.step).collect();
            steps.sort();
            steps.dedup();
            prop_assert_eq!(steps.len(), ledger.rows().len());
        }
    }
}
