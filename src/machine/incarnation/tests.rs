//! A worker's lives on a clock of our own.

use proptest::prelude::*;

use super::*;

const MS: Duration = Duration::from_millis(1);

struct Life {
    machine: Incarnation,
    now: Mono,
}

impl Life {
    fn begun() -> Life {
        let mut life = Life { machine: Incarnation::new(), now: Mono(0) };
        assert_eq!(life.event(Event::Begin), Some(Action::Start));
        life
    }

    fn event(&mut self, event: Event) -> Option<Action> {
        self.machine.step(self.now, event)
    }

    fn pass(&mut self, time: Duration) {
        self.now = self.now + time;
    }

    /// Lets time go on to the next start; the pause it took.
    fn pause(&mut self) -> Duration {
        let before = self.now;
        self.now = self.machine.wake_at().expect("a pause");
        assert_eq!(self.event(Event::Tick), Some(Action::Start));
        self.now.since(before)
    }
}

const DIED: Event = Event::Died { random: 0 };

#[test]
fn the_first_death_is_answered_at_once_and_a_crash_loop_slows_down() {
    let mut life = Life::begun();
    life.event(Event::Ready);
    assert_eq!(life.event(DIED), Some(Action::Start));
    let pauses: Vec<u128> = (0..11)
        .map(|_| {
            assert_eq!(life.event(DIED), None);
            life.pause().as_millis()
        })
        .collect();
    assert_eq!(pauses, [100, 200, 400, 800, 1600, 3200, 6400, 12800, 25600, 30000, 30000]);
    assert_eq!(life.machine.restarts(), 12);
}

#[test]
fn health_is_rewarded_with_a_restart_at_once() {
    let mut life = Life::begun();
    for _ in 0..3 {
        life.event(Event::Ready);
        life.pass(HEALTHY_AFTER);
        assert_eq!(life.event(DIED), Some(Action::Start));
    }
}

#[test]
fn being_ready_for_a_moment_is_no_health() {
    let mut life = Life::begun();
    life.event(Event::Ready);
    assert_eq!(life.event(DIED), Some(Action::Start));
    life.event(Event::Ready);
    life.pass(HEALTHY_AFTER - MS);
    assert_eq!(life.event(DIED), None);
    assert_eq!(life.pause(), RETRY_FIRST);
}

#[test]
fn a_worker_that_never_gets_ready_is_ended() {
    let mut life = Life::begun();
    assert_eq!(life.machine.wake_at(), Some(Mono(0) + READY_DEADLINE));
    life.pass(READY_DEADLINE - MS);
    assert_eq!(life.event(Event::Tick), None);
    life.pass(MS);
    assert_eq!(life.event(Event::Tick), Some(Action::Kill(Cause::Late)));
    assert_eq!(life.event(Event::Tick), None, "it is killed once");
    assert_eq!(life.event(DIED), Some(Action::Start));
}

#[test]
fn one_that_could_not_get_ready_has_the_whole_time_once_more() {
    let mut life = Life::begun();
    life.pass(READY_DEADLINE);
    assert_eq!(life.event(Event::Excused), None);
    assert_eq!(life.event(Event::Tick), None);
    life.pass(READY_DEADLINE);
    assert_eq!(life.event(Event::Tick), Some(Action::Kill(Cause::Late)));
    assert_eq!(life.event(Event::Excused), None, "it was given up");
    assert_eq!(life.machine.phase(), Phase::Ending);
}

#[test]
fn a_fault_after_health_is_answered_at_once_too() {
    let mut life = Life::begun();
    life.event(DIED);
    life.event(Event::Ready);
    life.pass(HEALTHY_AFTER);
    assert_eq!(life.event(Event::Fault), Some(Action::Kill(Cause::Fault)));
    assert_eq!(life.event(Event::Fault), None, "one kill is enough");
    assert_eq!(life.event(DIED), Some(Action::Start));
}

#[test]
fn one_that_outlives_its_feed_is_ended_once_and_what_it_was_given_up_for_stays() {
    let mut life = Life::begun();
    life.event(Event::Ready);
    assert_eq!(life.event(Event::HungUp), Some(Action::Kill(Cause::HungUp)));
    assert_eq!(life.event(DIED), Some(Action::Start));
    life.event(Event::Ready);
    assert_eq!(life.event(Event::Hung), Some(Action::Kill(Cause::Hung)));
    assert_eq!(life.event(Event::HungUp), None, "its feed ends with it");
}

#[test]
fn nothing_starts_after_the_stop() {
    let mut life = Life::begun();
    life.event(Event::Stop);
    assert_eq!(life.event(DIED), None);
    life.pass(Duration::from_secs(3600));
    assert_eq!(life.event(Event::Tick), None);
    assert_eq!(life.machine.wake_at(), None);
}

proptest! {
    #[test]
    fn it_never_gives_up_and_never_spins(
        steps in proptest::collection::vec((0_u8..4, 0_u64..20_000, any::<u64>()), 1..200),
    ) {
        let mut life = Life::begun();
        let mut starts_at_this_instant = 0;
        for (what, ms, random) in steps {
            if ms > 0 {
                starts_at_this_instant = 0;
            }
            life.pass(Duration::from_millis(ms));
            let event = match what {
                0 => Event::Ready,
                1 => Event::Fault,
                2 => Event::Died { random },
                _ => Event::Tick,
            };
            if life.event(event) == Some(Action::Start) {
                starts_at_this_instant += 1;
            }
            // A due tick and a first death may fall together; more would be a loop without a pause.
            prop_assert!(starts_at_this_instant <= 2);
        }
        // Whatever happened, a worker that goes on dying goes on being started.
        let before = life.machine.restarts();
        for _ in 0..5 {
            if life.event(DIED).is_none() && life.machine.wake_at().is_some() {
                life.now = life.machine.wake_at().expect("checked");
                life.event(Event::Tick);
            }
        }
        prop_assert!(life.machine.restarts() >= before + 2);
    }
}
