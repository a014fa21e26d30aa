//! The recorder of this very process: tests that use the signal take turns.

use std::sync::mpsc::{self, Receiver, TryRecvError};

use super::*;

static TURN: Mutex<()> = Mutex::new(());

const PATIENCE: Duration = Duration::from_secs(60);

/// Nobody else begins or ends anything by SIGPROF meanwhile.
pub fn alone() -> MutexGuard<'static, ()> {
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

#[inline(never)]
fn busy_until_told_so(told: &Receiver<()>) -> u64 {
    let mut sum = 0_u64;
    while told.try_recv() == Err(TryRecvError::Empty) {
        sum = std::hint::black_box((0..10_000_u64).fold(sum, |sum, number| sum.rotate_left(1) ^ number));
    }
    sum
}

/// What it did not run of the time since then.
fn own_gap(since: Mono) -> Duration {
    let now = clock::mono();
    course().gap(now.since(since), now).unwrap()
}

#[test]
fn what_was_busy_is_found_afterwards_and_what_was_missed_is_told() {
    let _alone = alone();
    start().unwrap();
    start().unwrap();
    assert!(handler::tests::is_alone(libc::SIGPROF), "a sample is interrupted by other handlers");
    let (stop, told) = mpsc::channel();
    let busy = std::thread::Builder::new().name("busy-before".to_owned()).spawn(move || busy_until_told_so(&told));
    let deadline = clock::mono() + PATIENCE;
    let samples = || {
        let profile = recorded(Duration::from_secs(60)).unwrap();
        assert!(profile.is_sound() && profile.hz == limits::RECORDER_HZ);
        let count = |part: &str| {
            let folded = profile.folded();
            folded.iter().filter(|(line, _)| line.contains(part)).map(|(_, count)| count).sum::<u64>()
        };
        (count("busy-before;"), count("busy_until_told_so"), profile.gap_ms)
    };
    let since = clock::mono();
    while samples().0 < 20 {
        assert!(clock::mono() < deadline, "nothing is recorded");
    }
    assert_eq!(own_gap(since), Duration::ZERO, "a gap although it runs");
    let (of_thread, of_function, _) = samples();
    assert!(of_function * 10 > of_thread * 9, "{of_function} of {of_thread}");

    // Twice at one time, as when one asks while another one's capture ends.
    let held = [suspend(), suspend()];
    let (before, ..) = samples();
    let begun = clock::mono();
    while clock::mono().since(begun) < Duration::from_millis(300) {
        std::hint::spin_loop();
    }
    let [one, other] = held;
    drop(one);
    let (after, _, gap) = samples();
    // One may have been under way.
    assert!(after <= before + 1, "{before}, then {after} while it is suspended");
    // What there is of the minute may lack all from before it was begun: only the time since then tells its own gap.
    assert!(own_gap(begun) >= Duration::from_millis(300), "{:?}", own_gap(begun));
    assert!(gap >= 300, "{gap} ms");
    drop(other);
    while samples().0 <= after + 1 {
        assert!(clock::mono() < deadline, "it does not go on");
    }
    let gap = own_gap(begun);
    assert!(gap >= Duration::from_millis(300), "the gap is forgotten");
    assert_eq!(own_gap(begun), gap, "it goes on, and the gap does not");
    stop.send(()).unwrap();
    busy.unwrap().join().unwrap();
}

#[test]
fn it_is_looked_back_by_whole_minutes() {
    let at = |seconds| Mono(0) + Duration::from_secs(seconds);
    for (last, now, back) in [(60, 600, 60), (60, 601, 61), (61, 659, 119), (600, 1_199, 659), (600, 30, 30)] {
        assert_eq!(span(Duration::from_secs(last), at(now)), Duration::from_secs(back), "{last} s at {now} s");
    }
}

#[test]
fn a_gap_counts_as_far_as_it_lies_within() {
    let at = |seconds| Mono(0) + Duration::from_secs(seconds);
    let mut course = Course { begun: Some(at(100)), ..Course::default() };
    let gap = |course: &Course, span, now| course.gap(Duration::from_secs(span), at(now)).map(|gap| gap.as_secs());
    assert_eq!(gap(&Course::default(), 60, 200), Err(Unrecorded::Off));
    assert_eq!(gap(&course, 60, 200), Ok(0));
    assert_eq!(gap(&course, 150, 200), Ok(50), "before it began");
    course.since = at(110);
    course.note_gap(at(120));
    assert_eq!((gap(&course, 85, 200), gap(&course, 60, 200)), (Ok(5), Ok(0)));
    (course.suspended, course.since) = (1, at(190));
    assert_eq!(gap(&course, 100, 200), Ok(20));
}

#[test]
fn many_gaps_swallow_as_little_as_they_can_of_what_was_recorded() {
    let at = |seconds| Mono(0) + Duration::from_secs(seconds);
    let mut course = Course { begun: Some(at(0)), ..Course::default() };
    let gap = |course: &Course, span, now| course.gap(Duration::from_secs(span), at(now)).map(|gap| gap.as_secs());
    // One second of every ten, for an hour: what is older than anybody can ask for does not count.
    let most = u64::try_from(limits::RECORDER_GAPS_MAX).unwrap();
    for number in 0..360 {
        course.since = at(10 * number);
        course.note_gap(at(10 * number + 1));
        assert!(course.gaps.len() <= limits::RECORDER_GAPS_MAX);
    }
    let told = gap(&course, 600, 3_600).unwrap();
    assert!((60..=60 + 9 * 8).contains(&told), "{told} s");
    // Two that lie close to each other are the first to become one.
    let mut course = Course { begun: Some(at(0)), ..Course::default() };
    for number in 0..most - 1 {
        course.since = at(8 * number);
        course.note_gap(at(8 * number + 1));
    }
    let now = 8 * most;
    (course.since, course.begun) = (at(now - 4), Some(at(0)));
    course.note_gap(at(now - 3));
    assert_eq!(gap(&course, now, now), Ok(most));
    course.since = at(now - 2);
    course.note_gap(at(now - 1));
    assert_eq!(gap(&course, now, now), Ok(most + 2), "the second between them");
}

#[test]
fn one_that_cannot_run_says_why() {
    let mut course = Course { begun: Some(Mono(0)), ..Course::default() };
    course.note(&Ok(()));
    assert!(course.gap(Duration::from_secs(60), Mono(0)).is_ok());
    course.note(&Err(io::Error::other("no timer")));
    let why = course.gap(Duration::from_secs(60), Mono(0)).unwrap_err();
    assert_eq!(why.to_string(), "the flight recorder cannot run: no timer");
}
