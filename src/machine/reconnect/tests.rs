//! The attach client between losing its daemon and having it again.

use std::time::Duration;

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;

const MS: Duration = Duration::from_millis(1);
const WELCOMED: Event = Event::Welcomed { answers_pings: true };
const LOST: Event = Event::Lost(Loss::Closed);

/// A client on virtual time.
struct Run {
    now: Mono,
    machine: Reconnect,
}

impl Run {
    fn start() -> Run {
        let now = Mono(1_000_000_000);
        let (machine, first) = Reconnect::new(now);
        assert_eq!(first, Action::Connect);
        Run { now, machine }
    }

    /// A client with a picture on screen, connected for a minute, that is told when its daemon is back.
    fn live() -> Run {
        let mut run = Run::start();
        assert_eq!(run.event(Event::LookedOutFor(true)), []);
        assert_eq!(run.event(Event::Connected), []);
        assert_eq!(run.event(WELCOMED), []);
        assert_eq!(run.event(Event::Framed), []);
        run.now = run.now + Duration::from_secs(60);
        assert_eq!(run.event(Event::Heard), []);
        assert_eq!(run.event(Event::Framed), []);
        run
    }

    fn event(&mut self, event: Event) -> Vec<Action> {
        self.machine.step(self.now, 0, event)
    }

    fn after(&mut self, span: Duration, event: Event) -> Vec<Action> {
        self.now = self.now + span;
        self.event(event)
    }

    /// Follows the machine's own timers for `span`, with every attempt failing at once.
    fn pass(&mut self, span: Duration) -> Vec<(Duration, Action)> {
        let start = self.now;
        let mut seen = Vec::new();
        while let Some(wake) = self.machine.wake_at(self.now).filter(|wake| *wake <= start + span) {
            self.now = self.now.max(wake);
            let mut todo = self.event(Event::Tick);
            while !todo.is_empty() {
                let action = todo.remove(0);
                if action == Action::Connect {
                    todo.extend(self.event(Event::Failed));
                }
                seen.push((self.now.since(start), action));
            }
        }
        self.now = start + span;
        seen
    }
}

fn banner(text: &str) -> Action {
    Action::Banner(text.to_owned())
}

#[test]
fn a_daemon_never_reached_is_unreachable_at_once() {
    let mut run = Run::start();
    assert_eq!(run.event(Event::Failed), [Action::End(End::Unreachable)]);
    assert_eq!(run.machine.wake_at(run.now), None);
}

#[test]
fn a_lost_connection_is_tried_again_at_once() {
    let mut run = Run::live();
    assert_eq!(run.event(LOST), [Action::Hangup, Action::Connect]);
}

#[test]
fn a_quick_comeback_shows_no_banner() {
    let mut run = Run::live();
    run.event(LOST);
    assert_eq!(run.after(MS, Event::Connected), []);
    assert_eq!(run.after(MS, WELCOMED), []);
    assert_eq!(run.after(MS, Event::Framed), []);
    assert_eq!(run.machine.banner(), None);
    assert!(run.machine.wake_at(run.now).is_some_and(|wake| wake.since(run.now) > SECOND), "nothing is due soon");
}

#[test]
fn the_banner_tells_the_age_of_the_last_frame_and_it_moves_each_second() {
    let mut run = Run::live();
    run.after(Duration::from_millis(300), LOST);
    run.event(Event::Failed);
    let banners: Vec<_> = run
        .pass(Duration::from_secs(4))
        .into_iter()
        .filter_map(|(at, action)| match action {
            Action::Banner(text) => Some((at.as_millis(), text)),
            _ => None,
        })
        .collect();
    let expect = |ms, age| (ms, format!("reconnecting · last frame {age} s old"));
    assert_eq!(banners, [expect(250, 0), expect(700, 1), expect(1700, 2), expect(2700, 3), expect(3700, 4)]);
}

#[test]
fn attempts_go_on_for_ever_at_the_longest_pause() {
    let mut run = Run::live();
    run.event(LOST);
    run.event(Event::Failed);
    let hour = Duration::from_secs(3_600);
    let attempts: Vec<u128> =
        run.pass(hour).iter().filter(|(_, action)| *action == Action::Connect).map(|(at, _)| at.as_millis()).collect();
    assert_eq!(attempts[..6], [100, 300, 700, 1500, 3100, 6300]);
    assert!(attempts.len() > 700, "{} attempts in an hour", attempts.len());
    assert!(attempts.windows(2).all(|pair| pair[1] - pair[0] <= RETRY_MAX.as_millis()));
}

#[test]
fn a_daemon_that_comes_back_is_met_within_the_spread_however_long_it_was_gone() {
    for random in [0, 1_000_000, u64::MAX / 2, u64::MAX] {
        let mut run = Run::live();
        run.event(LOST);
        run.event(Event::Failed);
        run.pass(Duration::from_secs(3_601));
        assert_eq!(run.machine.step(run.now, random, Event::Appeared), []);
        let wake = run.machine.wake_at(run.now).expect("it waits");
        assert!(wake <= run.now + RETURN_SPREAD, "{:?}", wake.since(run.now));
        run.now = wake;
        assert!(run.event(Event::Tick).contains(&Action::Connect));
        // Not there yet: the pauses begin anew.
        run.event(Event::Failed);
        assert_eq!(run.machine.phase, Phase::Waiting { until: run.now + RETRY_FIRST });
    }
}

#[test]
fn a_daemon_that_comes_back_while_an_attempt_fails_is_tried_again_soon() {
    let mut run = Run::live();
    run.event(LOST);
    assert_eq!(run.event(Event::Appeared), []);
    assert_eq!(run.machine.step(run.now, u64::MAX, Event::Failed), []);
    let Phase::Waiting { until } = run.machine.phase else { panic!("it waits: {:?}", run.machine) };
    assert!(until <= run.now + RETURN_SPREAD);
    run.now = until;
    assert_eq!(run.event(Event::Tick), [Action::Connect]);
    run.event(Event::Failed);
    assert_eq!(run.machine.phase, Phase::Waiting { until: run.now + RETRY_FIRST }, "that was told once");
}

#[test]
fn where_nobody_tells_a_restart_is_noticed_soon_and_a_long_absence_costs_little() {
    let mut run = Run::live();
    run.event(Event::LookedOutFor(false));
    run.event(LOST);
    run.event(Event::Failed);
    let seen = run.pass(Duration::from_secs(600));
    let attempts: Vec<Duration> =
        seen.iter().filter(|(_, action)| *action == Action::Connect).map(|(at, _)| *at).collect();
    let (soon, late): (Vec<Duration>, Vec<Duration>) = attempts.iter().partition(|at| **at < UNTOLD_FOR);
    assert!(soon.windows(2).all(|pair| pair[1] - pair[0] <= UNTOLD_RETRY), "{soon:?}");
    assert!(late.len() < 150, "{} attempts in nine minutes", late.len());
    // One that turns us away is there: it is not hammered.
    let mut run = Run::live();
    run.event(Event::LookedOutFor(false));
    run.event(Event::Parted(Parting::Full));
    assert_eq!(run.machine.phase, Phase::Waiting { until: run.now + RETRY_FIRST });
}

#[test]
fn many_who_are_told_at_once_come_one_after_the_other() {
    let mut until: Vec<Mono> = (0..500_u64)
        .map(|client| {
            let mut run = Run::live();
            run.event(LOST);
            run.event(Event::Failed);
            // As good as chance: the fraction of a multiple of the golden ratio.
            run.machine.step(run.now, client.wrapping_mul(0x9E37_79B9_7F4A_7C15), Event::Appeared);
            run.machine.wake_at(run.now).expect("it waits")
        })
        .collect();
    until.sort();
    let most = (0..450).map(|first| until[first + 49].since(until[first])).min().expect("there are some");
    assert!(most >= 2 * MS, "fifty come within {most:?}");
}

#[test]
fn a_daemon_that_dies_right_after_its_welcome_is_not_hammered() {
    let mut run = Run::live();
    run.event(LOST);
    for _ in 0..10 {
        run.event(Event::Connected);
        run.event(WELCOMED);
        run.event(Event::Framed);
        assert_eq!(run.event(LOST), [Action::Hangup], "no attempt at once");
        let wake = run.machine.wake_at(run.now).expect("it waits");
        assert!(wake > run.now);
        while run.machine.phase != Phase::Connecting {
            run.now = run.machine.wake_at(run.now).expect("it waits");
            run.event(Event::Tick);
        }
    }
    assert!(run.now.since(Mono(61_000_000_000)) > Duration::from_secs(15));
}

#[test]
fn something_that_is_no_daemon_is_told_of_at_once_and_not_tried_for_ever() {
    for loss in [Loss::Closed, Loss::Garbled] {
        let mut run = Run::start();
        run.event(Event::Connected);
        assert_eq!(run.event(Event::Lost(loss)), [Action::Hangup, Action::End(End::NoDaemon(loss))]);
    }
    let mut run = Run::start();
    run.event(Event::Connected);
    assert_eq!(run.after(Duration::from_millis(250), Event::Tick), [banner("connecting · no frame yet")]);
    assert_eq!(run.after(WELCOME_DEADLINE, Event::Tick), [Action::Hangup, Action::End(End::NoDaemon(Loss::Silent))]);
}

#[test]
fn a_daemon_that_was_known_is_tried_for_ever_and_the_banner_says_what_is_wrong() {
    for (loss, why) in [
        (Loss::Closed, "it closes the connection"),
        (Loss::Garbled, "what came is no message"),
        (Loss::Silent, "it does not answer"),
    ] {
        let mut run = Run::live();
        assert_eq!(run.event(LOST), [Action::Hangup, Action::Connect]);
        run.event(Event::Connected);
        let said = match loss {
            Loss::Silent => run.after(WELCOME_DEADLINE, Event::Tick),
            _ => run.after(SECOND, Event::Lost(loss)),
        };
        let seconds = if loss == Loss::Silent { 10 } else { 1 };
        let text = format!("reconnecting · last frame {seconds} s old · {why}");
        assert_eq!(said, [Action::Hangup, banner(&text)]);
        assert_eq!(run.after(SECOND, Event::Tick)[0], Action::Connect);
        run.event(Event::Failed);
        let next = run.after(SECOND, Event::Tick);
        assert!(next.contains(&banner(&format!("reconnecting · last frame {} s old", seconds + 2))), "{next:?}");
    }
}

#[test]
fn a_daemon_that_is_full_or_stopping_is_a_daemon() {
    for parting in [Parting::Full, Parting::Unclear, Parting::Stopping] {
        let mut run = Run::start();
        run.event(Event::Connected);
        assert_eq!(run.event(Event::Parted(parting)), [Action::Hangup]);
        assert_eq!(run.after(RETRY_FIRST, Event::Tick), [Action::Connect]);
        assert_eq!(run.event(Event::Failed), []);
    }
}

#[test]
fn one_that_stops_is_waited_for_at_its_door_at_once_however_often_it_does() {
    let mut run = Run::live();
    for _ in 0..20 {
        assert_eq!(run.event(Event::Parted(Parting::Stopping)), [Action::Hangup]);
        assert_eq!(run.after(RETURN_SPREAD, Event::Tick)[0], Action::Connect);
        run.event(Event::Connected);
        run.event(WELCOMED);
        run.event(Event::Framed);
    }
}

#[test]
fn who_comes_to_one_that_is_on_its_way_out_waits_no_longer_for_the_restarts_before() {
    let mut run = Run::live();
    for _ in 0..20 {
        run.event(Event::Parted(Parting::Stopping));
        assert_eq!(run.after(RETURN_SPREAD, Event::Tick)[0], Action::Connect);
        run.event(Event::Connected);
        assert_eq!(run.event(Event::Parted(Parting::Stopping))[0], Action::Hangup);
        assert_eq!(run.after(RETRY_FIRST, Event::Tick), [Action::Connect]);
        run.event(Event::Connected);
        run.event(WELCOMED);
        run.event(Event::Framed);
    }
}

#[test]
fn a_daemon_that_hangs_is_asked_told_of_and_left() {
    let mut run = Run::live();
    let (mut seen, start) = (Vec::new(), run.now);
    while run.machine.is_welcome() {
        run.now = run.machine.wake_at(run.now).expect("it waits");
        seen.extend(run.event(Event::Tick).into_iter().map(|action| (run.now.since(start).as_millis(), action)));
    }
    let told = |seconds: u64| {
        (u128::from(seconds) * 1000, banner(&format!("daemon does not answer · last frame {seconds} s old")))
    };
    let after = (10_000, banner("reconnecting · last frame 10 s old · it does not answer"));
    assert_eq!(
        seen,
        [
            (3_000, Action::Ping),
            told(6),
            told(7),
            told(8),
            told(9),
            (10_000, Action::Hangup),
            (10_000, Action::Connect),
            after
        ]
    );
}

#[test]
fn a_daemon_that_answers_again_is_asked_for_the_picture_under_the_banner() {
    let hung = || {
        let mut run = Run::live();
        assert_eq!(run.after(3 * SECOND, Event::Tick), [Action::Ping]);
        assert_eq!(run.after(3 * SECOND, Event::Tick), [banner("daemon does not answer · last frame 6 s old")]);
        assert_eq!(run.after(SECOND, Event::Heard), [Action::Repaint]);
        run
    };
    let mut run = hung();
    assert_eq!(run.event(Event::Framed), []);
    assert_eq!(run.machine.banner(), None);
    // No picture comes: then it is not live yet.
    let mut run = hung();
    let late = run.after(BANNER_AFTER, Event::Tick);
    assert_eq!(late, [banner("connected · waiting for a frame · last frame 7 s old")]);
}

#[test]
fn a_daemon_of_the_version_before_is_asked_nothing() {
    let mut run = Run::start();
    run.event(Event::Connected);
    assert_eq!(run.event(Event::Welcomed { answers_pings: false }), []);
    assert_eq!(run.event(Event::Framed), []);
    assert_eq!(run.machine.wake_at(run.now), None);
    assert_eq!(run.after(60 * SECOND, Event::Tick), []);
}

#[test]
fn a_kick_reconnects_at_once_whatever_was_going_on() {
    let mut run = Run::live();
    assert_eq!(run.event(Event::Kicked), [Action::Hangup, Action::Connect]);
    assert_eq!(run.event(Event::Kicked), [], "one attempt at a time");
    run.event(Event::Failed);
    assert_eq!(run.event(Event::Kicked), [Action::Connect]);
}

#[test]
fn farewells_that_end_and_farewells_that_wait() {
    for parting in [Parting::NoSuchBoard, Parting::NotAllowed, Parting::Version] {
        let mut run = Run::live();
        assert_eq!(run.event(Event::Parted(parting)), [Action::Hangup, Action::End(End::Refused(parting))]);
        assert_eq!(run.event(Event::Tick), []);
    }
    let mut run = Run::live();
    assert_eq!(run.event(Event::Parted(Parting::Quit)), [Action::Hangup, Action::End(End::Quit)]);
    for (parting, said) in [
        (Parting::Stopping, "the daemon stopped · "),
        (Parting::Full, "the daemon has no room for another viewer · "),
        (Parting::Unclear, "the daemon lets nobody in at the moment · "),
        (Parting::Protocol, ""),
    ] {
        let mut run = Run::live();
        assert_eq!(run.event(Event::Parted(parting)), [Action::Hangup]);
        let seen = run.pass(Duration::from_millis(260));
        assert!(seen.iter().any(|(_, action)| *action == Action::Connect), "{parting:?} retries");
        let text = format!("{said}reconnecting · last frame 0 s old");
        assert!(seen.iter().any(|(_, action)| *action == banner(&text)), "{seen:?}");
    }
}

#[test]
fn a_client_the_daemon_never_understood_ends() {
    let mut run = Run::start();
    run.event(Event::Connected);
    assert_eq!(
        run.event(Event::Parted(Parting::Protocol)),
        [Action::Hangup, Action::End(End::Refused(Parting::Protocol))]
    );
}

#[test]
fn quit_ends_from_anywhere() {
    let mut run = Run::start();
    assert_eq!(run.event(Event::Quit), [Action::End(End::Quit)]);
    let mut run = Run::live();
    run.event(LOST);
    run.event(Event::Failed);
    assert_eq!(run.event(Event::Quit), [Action::End(End::Quit)]);
}

#[test]
fn ages_are_said_in_their_two_largest_units() {
    let then = Mono(0);
    for (seconds, text) in [
        (0, "0 s"),
        (59, "59 s"),
        (60, "1 min 0 s"),
        (3_599, "59 min 59 s"),
        (3_600, "1 h 0 min"),
        (86_399, "23 h 59 min"),
        (26_956_800, "312 d 0 h"),
    ] {
        assert_eq!(age(then + Duration::from_secs(seconds), then), text);
    }
}

fn any_event() -> impl Strategy<Value = Event> {
    prop::sample::select(vec![
        Event::Connected,
        Event::Failed,
        WELCOMED,
        Event::Framed,
        LOST,
        Event::Lost(Loss::Garbled),
        Event::Heard,
        Event::Listening(true),
        Event::Listening(false),
        Event::Parted(Parting::Stopping),
        Event::Parted(Parting::Full),
        Event::Parted(Parting::Protocol),
        Event::Kicked,
        Event::LookedOutFor(true),
        Event::LookedOutFor(false),
        Event::Appeared,
        Event::Tick,
    ])
}

proptest! {
    #[test]
    fn it_always_goes_on_and_never_connects_twice(
        steps in vec((any_event(), 0_u64..20_000, any::<u64>()), 0..200),
    ) {
        let mut run = Run::live();
        let mut attempting = false;
        for (event, ms, random) in steps {
            run.now = run.now + MS * u32::try_from(ms).expect("small");
            // A shell only reports on an attempt while one runs.
            if matches!(event, Event::Connected | Event::Failed) && !attempting {
                continue;
            }
            if matches!(event, Event::Connected | Event::Failed) {
                attempting = false;
            }
            for action in run.machine.step(run.now, random, event) {
                match action {
                    Action::Connect => {
                        prop_assert!(!attempting, "two attempts at once");
                        attempting = true;
                    }
                    Action::End(End::Refused(Parting::Protocol)) => return Ok(()),
                    Action::End(end) => prop_assert!(false, "gave up: {end:?}"),
                    _ => {}
                }
            }
            let live = matches!(run.machine.phase, Phase::Live { .. });
            prop_assert!(live || attempting || run.machine.wake_at(run.now).is_some(), "stuck in {:?}", run.machine);
        }
    }
}
