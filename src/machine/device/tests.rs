use proptest::collection::vec;
use proptest::prelude::*;

use super::*;

const SECOND: Duration = Duration::from_secs(1);

fn gone(ms: u64, again: bool) -> Option<Action> {
    Some(Action::TellGone { retry_in: Duration::from_millis(ms), again })
}

#[test]
fn a_device_that_is_not_there_is_tried_for_ever_at_growing_pauses() {
    let (mut device, mut now) = (Device::new(), Mono(0));
    assert_eq!(device.step(now, 0, Event::Begin), Some(Action::Open));
    for (turn, ms) in [250, 500, 1000, 2000, 4000, 5000, 5000].into_iter().enumerate() {
        assert_eq!(device.step(now, 0, Event::Failed), gone(ms, turn > 0));
        let due = device.wake_at().expect("it waits");
        assert_eq!(due, now + Duration::from_millis(ms));
        assert_eq!(device.step(now, 0, Event::Tick), None, "it did not wait");
        now = due;
        assert_eq!(device.step(now, 0, Event::Tick), Some(Action::Open));
    }
}

#[test]
fn a_loss_after_health_starts_the_pauses_anew_and_one_before_does_not() {
    let (mut device, mut now) = (Device::new(), Mono(0));
    device.step(now, 0, Event::Begin);
    let lives = [(1, false, gone(250, false)), (1, true, gone(500, true)), (60, true, gone(250, false))];
    for (lived, again, expected) in lives {
        assert_eq!(device.step(now, 0, Event::Opened), Some(Action::TellOpen { again }));
        now = now + SECOND * lived;
        assert_eq!(device.step(now, 0, Event::Lost), expected);
        now = device.wake_at().expect("it waits");
        assert_eq!(device.step(now, 0, Event::Tick), Some(Action::Open));
    }
    // It was not there for a while: that it is there again is news.
    device.step(now, 0, Event::Failed);
    device.step(device.wake_at().expect("it waits"), 0, Event::Tick);
    assert_eq!(device.step(now, 0, Event::Opened), Some(Action::TellOpen { again: false }));
}

#[test]
fn a_stop_gives_a_live_device_back_and_ends_any_other_at_once() {
    let now = Mono(0);
    let mut live = Device::new();
    live.step(now, 0, Event::Begin);
    live.step(now, 0, Event::Opened);
    assert_eq!(live.step(now, 0, Event::Stop), Some(Action::Release));
    assert_eq!(live.step(now, 0, Event::Stop), None, "it was told already");
    assert_eq!(live.step(now, 0, Event::Lost), Some(Action::End));
    for events in [&[][..], &[Event::Begin], &[Event::Begin, Event::Failed]] {
        let mut device = Device::new();
        for event in events {
            device.step(now, 0, *event);
        }
        assert_eq!(device.step(now, 0, Event::Stop), Some(Action::End), "after {events:?}");
        assert_eq!(device.wake_at(), None);
    }
}

fn any_event() -> impl Strategy<Value = Event> {
    prop::sample::select(vec![Event::Begin, Event::Opened, Event::Failed, Event::Lost, Event::Tick, Event::Tick])
}

proptest! {
    #[test]
    fn whatever_happens_it_opens_again_until_it_is_stopped_and_never_after(
        events in vec((any_event(), 0_u32..20_000, any::<u64>()), 0..200),
    ) {
        let (mut device, mut now, mut opened_at) = (Device::new(), Mono(0), None);
        device.step(now, 0, Event::Begin);
        for (event, ms, random) in events {
            now = now + Duration::from_millis(1) * ms;
            if device.step(now, random, event) == Some(Action::Open) {
                // Never twice in a row without a pause.
                prop_assert!(opened_at.is_none_or(|at: Mono| now.since(at) >= RETRY_FIRST / 2));
                opened_at = Some(now);
            }
            if let Some(due) = device.wake_at() {
                prop_assert!(due.since(now) <= RETRY_MAX);
            } else {
                prop_assert!(matches!(device.phase, Phase::Opening | Phase::Live { .. }), "{:?}", device.phase);
            }
        }
        device.step(now, 0, Event::Stop);
        device.step(now, 0, Event::Lost);
        prop_assert_eq!(device.phase, Phase::Over);
        for event in [Event::Begin, Event::Opened, Event::Failed, Event::Lost, Event::Stop, Event::Tick] {
            prop_assert_eq!(device.step(now + SECOND * 3600, 0, event), None);
        }
    }
}
