use super::*;

const START: Mono = Mono(1_000_000_000);

fn ready() -> Reload {
    let mut reload = Reload::new(false);
    assert_eq!(reload.step(START, Event::WorkerReady), []);
    reload
}

fn ms(count: u64) -> Mono {
    START + Duration::from_millis(count)
}

/// Lets the time come that the machine asks for.
fn wait(reload: &mut Reload) -> (Mono, Vec<Action>) {
    let at = reload.wake_at().expect("it waits for a time");
    (at, reload.step(at, Event::Tick))
}

#[test]
fn a_changed_file_is_read_once_it_was_left_alone_and_is_then_taken_over() {
    let mut reload = ready();
    for at in [0, 30, 60] {
        assert_eq!(reload.step(ms(at), Event::Noticed), []);
    }
    assert_eq!(reload.step(ms(159), Event::Tick), [], "it changed a moment ago");
    assert_eq!(wait(&mut reload), (ms(160), vec![Action::Read(Cause::Change)]));
    assert_eq!(reload.step(ms(165), Event::Read(Reading::Differs)), [Action::Prepare]);
    assert_eq!(reload.cause(), Some(Cause::Change));
    assert_eq!(reload.step(ms(170), Event::Judged { accepted: true }), [Action::Commit(Cause::Change)]);
    assert_eq!(reload.wake_at(), None);
}

#[test]
fn a_file_that_never_rests_is_read_nevertheless() {
    let mut reload = ready();
    let mut read_at = None;
    for at in (0..1000).step_by(50) {
        if !reload.step(ms(at), Event::Noticed).is_empty() {
            read_at = Some(at);
            break;
        }
    }
    assert_eq!(read_at, Some(400));
}

#[test]
fn whoever_asks_does_not_wait_for_files_to_settle() {
    let mut reload = ready();
    reload.step(ms(0), Event::Noticed);
    assert_eq!(reload.step(ms(1), Event::Asked(Cause::Command)), [Action::Read(Cause::Command)]);
    assert_eq!(reload.step(ms(2), Event::Read(Reading::Same)), [Action::Unchanged(Cause::Command)]);
    assert_eq!(reload.wake_at(), None, "what was noticed is read");
}

#[test]
fn what_happens_during_a_change_is_taken_up_after_it_and_once() {
    let mut reload = ready();
    reload.step(ms(0), Event::Asked(Cause::Command));
    reload.step(ms(1), Event::Read(Reading::Differs));
    for at in 2..20 {
        assert_eq!(reload.step(ms(at), Event::Asked(Cause::Hangup)), []);
        assert_eq!(reload.step(ms(at), Event::Noticed), []);
    }
    assert_eq!(
        reload.step(ms(20), Event::Judged { accepted: false }),
        [Action::Refuse(Cause::Command, Why::Complaints), Action::Read(Cause::Hangup)]
    );
    assert_eq!(reload.step(ms(21), Event::Read(Reading::Same)), [Action::Unchanged(Cause::Hangup)]);
    assert_eq!(reload.wake_at(), None, "the second reading saw what was noticed, too");
}

#[test]
fn a_file_that_changes_while_it_is_read_is_read_again() {
    let mut reload = ready();
    reload.step(ms(0), Event::Asked(Cause::Hangup));
    reload.step(ms(1), Event::Noticed);
    reload.step(ms(2), Event::Read(Reading::Same));
    assert_eq!(wait(&mut reload), (ms(101), vec![Action::Read(Cause::Change)]));
}

#[test]
fn going_back_does_not_forget_that_a_file_changed() {
    let mut reload = ready();
    reload.step(ms(0), Event::Noticed);
    assert_eq!(reload.step(ms(1), Event::Asked(Cause::Rollback)), [Action::Read(Cause::Rollback)]);
    reload.step(ms(2), Event::Read(Reading::Differs));
    assert_eq!(reload.step(ms(3), Event::Judged { accepted: true }), [Action::Commit(Cause::Rollback)]);
    assert_eq!(wait(&mut reload), (ms(100), vec![Action::Read(Cause::Change)]));
}

#[test]
fn a_worker_that_dies_during_it_refuses() {
    let mut reload = ready();
    reload.step(ms(0), Event::Asked(Cause::Hangup));
    reload.step(ms(1), Event::Read(Reading::Differs));
    assert_eq!(reload.step(ms(2), Event::WorkerLost), [Action::Refuse(Cause::Hangup, Why::Died)]);
    assert_eq!(reload.step(ms(3), Event::WorkerReady), [], "it is not tried again");
    assert_eq!(reload.step(ms(3), Event::Judged { accepted: true }), [], "nor believed too late");
}

#[test]
fn a_worker_that_does_not_answer_is_ended_and_that_refuses() {
    let mut reload = ready();
    reload.step(ms(0), Event::Asked(Cause::Command));
    reload.step(ms(1), Event::Read(Reading::Differs));
    let (at, actions) = wait(&mut reload);
    assert_eq!(at, ms(1) + PREPARE_DEADLINE);
    assert_eq!(actions, [Action::Refuse(Cause::Command, Why::Silent), Action::EndWorker]);
    assert_eq!(reload.step(at, Event::WorkerLost), []);
}

#[test]
fn files_that_cannot_be_read_in_time_are_refused_and_a_late_reading_is_not_believed() {
    let mut reload = ready();
    reload.step(ms(0), Event::Asked(Cause::Command));
    assert_eq!(wait(&mut reload), (START + READ_DEADLINE, vec![Action::Refuse(Cause::Command, Why::Unread)]));
    assert_eq!(reload.step(ms(9000), Event::Read(Reading::Differs)), []);
}

#[test]
fn without_a_worker_a_change_waits_for_one_and_gives_way_to_a_newer_one() {
    let mut reload = Reload::new(false);
    reload.step(ms(0), Event::Asked(Cause::Command));
    assert_eq!(reload.step(ms(1), Event::Read(Reading::Differs)), []);
    assert_eq!(wait(&mut reload), (ms(1) + PREPARE_DEADLINE, vec![Action::Defer(Cause::Command)]));
    assert_eq!(reload.wake_at(), None, "it waits on");
    reload.step(ms(20_000), Event::Noticed);
    assert_eq!(wait(&mut reload), (ms(20_100), vec![Action::Read(Cause::Change)]));
    reload.step(ms(20_101), Event::Read(Reading::Differs));
    assert_eq!(reload.step(ms(20_200), Event::WorkerReady), [Action::Prepare]);
    assert_eq!(reload.step(ms(20_201), Event::Judged { accepted: true }), [Action::Commit(Cause::Change)]);
}

#[test]
fn what_is_nothing_to_ask_a_worker_about_is_refused_at_once() {
    let mut reload = ready();
    reload.step(ms(0), Event::Asked(Cause::Hangup));
    let refused = [Action::Refuse(Cause::Hangup, Why::Complaints)];
    assert_eq!(reload.step(ms(1), Event::Read(Reading::Refused)), refused);
}

#[test]
fn what_the_daemon_starts_with_is_kept_once_a_worker_draws_it() {
    let mut reload = Reload::new(true);
    assert_eq!(reload.step(ms(0), Event::WorkerReady), [Action::Keep]);
    reload.step(ms(1), Event::WorkerLost);
    assert_eq!(reload.step(ms(2), Event::WorkerReady), []);
}

/// Whatever happens in whatever order: what is begun ends once, and nothing that was asked for is forgotten.
#[test]
fn every_change_ends_once_whatever_happens() {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut reload = Reload::new(false);
    let mut now = START;
    let (mut begun, mut ended) = (0, 0);
    let mut count = |actions: &[Action]| {
        for action in actions {
            match action {
                Action::Read(_) => begun += 1,
                Action::Commit(_) | Action::Refuse(..) | Action::Unchanged(_) => ended += 1,
                Action::Prepare | Action::Defer(_) | Action::EndWorker | Action::Keep => {}
            }
            // One that waits for a worker ends by giving way.
            assert!(begun >= ended && begun <= 200_000);
        }
        (begun, ended)
    };
    for _ in 0..100_000 {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let chance = (state >> 33) as usize;
        let events = [
            Event::Noticed,
            Event::Asked(Cause::Command),
            Event::Asked(Cause::Hangup),
            Event::Asked(Cause::Rollback),
            Event::Read(Reading::Same),
            Event::Read(Reading::Differs),
            Event::Read(Reading::Refused),
            Event::WorkerReady,
            Event::WorkerLost,
            Event::Judged { accepted: true },
            Event::Judged { accepted: false },
            Event::Tick,
        ];
        now = now + Duration::from_millis((chance >> 8) as u64 % 3_000);
        count(&reload.step(now, events[chance % events.len()]));
    }
    // All goes well from here on, and everything comes to rest.
    count(&reload.step(now, Event::WorkerReady));
    for _ in 0..100 {
        count(&reload.step(now, Event::Read(Reading::Differs)));
        count(&reload.step(now, Event::Judged { accepted: true }));
        now = reload.wake_at().unwrap_or(now);
        count(&reload.step(now, Event::Tick));
    }
    assert_eq!((reload.phase, reload.wake_at(), reload.wanted.len()), (Phase::Idle, None, 0));
}
