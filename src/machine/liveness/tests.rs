//! Daemons that speak, pause and hang, and clients that cannot hear them.

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;

const MS: Duration = Duration::from_millis(1);
const SECOND: Duration = Duration::from_secs(1);

/// A connection on virtual time.
struct Run {
    now: Mono,
    liveness: Liveness,
}

impl Run {
    fn start() -> Run {
        let now = Mono(1_000_000_000);
        Run { now, liveness: Liveness::new(now) }
    }

    fn after(&mut self, span: Duration, event: Event) -> Option<Finding> {
        self.now = self.now + span;
        self.liveness.step(self.now, event)
    }

    /// Follows the machine's own timers for `span`, in which nothing else happens.
    fn pass(&mut self, span: Duration) -> Vec<(u128, Finding)> {
        let start = self.now;
        let mut found = Vec::new();
        while let Some(wake) = self.liveness.wake_at().filter(|wake| *wake <= start + span) {
            self.now = wake;
            let finding = self.liveness.step(wake, Event::Tick);
            found.extend(finding.map(|finding| (wake.since(start).as_millis(), finding)));
        }
        self.now = start + span;
        found
    }
}

const TO_THE_END: [(u128, Finding); 3] = [(3_000, Finding::Ask), (6_000, Finding::Silent), (10_000, Finding::Lost)];

#[test]
fn a_daemon_that_falls_silent_is_asked_then_told_of_then_given_up() {
    assert_eq!(Run::start().pass(60 * SECOND), TO_THE_END);
}

#[test]
fn a_daemon_that_speaks_is_never_asked() {
    let mut run = Run::start();
    for _ in 0..1_000 {
        assert_eq!(run.pass(2_999 * MS), []);
        assert_eq!(run.after(Duration::ZERO, Event::Heard), None);
    }
}

#[test]
fn a_daemon_that_only_answers_is_asked_every_three_seconds_and_nothing_else() {
    let mut run = Run::start();
    for _ in 0..1_000 {
        assert_eq!(run.pass(3_500 * MS), [(3_000, Finding::Ask)]);
        assert_eq!(run.after(Duration::ZERO, Event::Heard), None);
    }
}

#[test]
fn a_daemon_that_comes_back_is_told_of_once() {
    let mut run = Run::start();
    assert_eq!(run.pass(9 * SECOND), TO_THE_END[..2]);
    assert!(run.liveness.is_silent());
    assert_eq!(run.after(Duration::ZERO, Event::Heard), Some(Finding::Back));
    assert!(!run.liveness.is_silent());
    assert_eq!(run.after(Duration::ZERO, Event::Heard), None);
    assert_eq!(run.pass(60 * SECOND), TO_THE_END);
}

#[test]
fn silence_counts_for_nothing_while_nobody_listens() {
    for listened in [0, 2_000, 4_000, 7_000] {
        let mut run = Run::start();
        let before = run.pass(MS * listened).len();
        assert_eq!(run.after(Duration::ZERO, Event::Listening(false)), None);
        assert_eq!(run.liveness.wake_at(), None);
        assert_eq!(run.after(3_600 * SECOND, Event::Tick), None);
        assert_eq!(run.after(Duration::ZERO, Event::Listening(true)), None);
        let left = run.pass(60 * SECOND);
        assert_eq!(left.len(), TO_THE_END.len() - before, "after {listened} ms: {left:?}");
        assert!(left[0].0 >= 3_000, "after {listened} ms: {left:?}");
    }
}

#[test]
fn listening_on_does_not_start_over() {
    let mut run = Run::start();
    run.pass(2 * SECOND);
    assert_eq!(run.after(Duration::ZERO, Event::Listening(true)), None);
    assert_eq!(run.pass(SECOND), [(1_000, Finding::Ask)]);
}

#[test]
fn a_client_that_was_stopped_itself_blames_nobody() {
    for listened in [1_000, 4_000, 7_000] {
        let mut run = Run::start();
        let before = run.pass(MS * listened).len();
        assert_eq!(run.after(3_600 * SECOND, Event::Tick), None, "stopped after {listened} ms");
        assert_eq!(run.liveness.is_silent(), before == 2);
        let left = run.pass(60 * SECOND);
        assert_eq!(left.len(), TO_THE_END.len() - before, "stopped after {listened} ms: {left:?}");
        assert!(left[0].0 >= 3_000, "stopped after {listened} ms: {left:?}");
    }
}

proptest! {
    #[test]
    fn nothing_is_found_without_three_seconds_of_silence_that_was_listened_to(
        events in vec((0_u32..5_000, 0_u8..4), 0..200),
    ) {
        let mut run = Run::start();
        let (mut listening, mut heard) = (true, run.now);
        for (ms, what) in events {
            for (_, finding) in run.pass(MS * ms) {
                prop_assert!(listening && finding != Finding::Back);
            }
            let event = match what {
                0 | 1 => Event::Heard,
                2 => Event::Listening(!listening),
                _ => Event::Tick,
            };
            let silent = run.liveness.is_silent();
            prop_assert!(!silent || run.now.since(heard) >= ASK_AFTER + TELL_AFTER);
            let found = run.liveness.step(run.now, event);
            if let Event::Listening(now) = event {
                listening = now;
            }
            if event == Event::Heard {
                prop_assert_eq!(found, silent.then_some(Finding::Back));
                heard = run.now;
            }
        }
    }
}
