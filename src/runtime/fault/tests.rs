//! What is held, what is told, and that the hook does neither allocate nor fail.

use super::*;
use crate::base::Version;

struct Bomb;

impl Drop for Bomb {
    fn drop(&mut self) {
        panic!("the drop of what a panic carried");
    }
}

fn panel() -> Context {
    Context::panel("board", 2, Version(4))
}

#[test]
fn work_that_does_not_panic_is_handed_through() {
    assert_eq!(contain(panel(), || 7), Ok(7));
    assert_eq!(context::current(), None);
}

#[test]
fn a_panic_is_held_and_known_by_its_trace_also_within_another() {
    hold_quietly();
    let (outer, inner) = (panel(), Context::source("host"));
    let held = contain(outer, || {
        let held = contain(inner, || panic!("inner"));
        assert_eq!(held, Err::<(), _>(Caught { trace: inner.trace }));
        panic!("outer");
    });
    assert_eq!(held, Err::<(), _>(Caught { trace: outer.trace }));
    assert_eq!(HOLDING.with(Cell::get), 0);
    assert_eq!(context::current(), None);
}

#[test]
fn a_payload_whose_drop_panics_and_a_panic_that_passes_by_the_hook_are_held() {
    hold_quietly();
    assert!(contain(panel(), || std::panic::panic_any(Bomb)).is_err());
    assert!(contain(panel(), || std::panic::resume_unwind(Box::new(Bomb))).is_err());
    assert!(contain(panel(), || std::panic::resume_unwind(Box::new("text"))).is_err());
    // The record of neither is left for the next one.
    assert!(RECORD.with(|record| !record.borrow().filled));
}

#[test]
fn the_hook_notes_what_was_said_where_and_through_which_calls_without_what_moves_a_cursor() {
    hold_quietly();
    let long = format!("\u{1b}[2J{}", "x".repeat(2_000));
    let _holding = Holding::begin();
    let _ = catch_unwind(|| panic!("{long}"));
    RECORD.with(|record| {
        let record = std::mem::replace(&mut *record.borrow_mut(), Record::EMPTY);
        assert!(record.filled);
        assert!(record.text.as_str().starts_with(" [2Jxxx"));
        assert_eq!(record.text.as_str().len(), limits::PANIC_TEXT_BYTES_MAX);
        assert!(record.place.as_str().contains("src/runtime/fault/tests.rs:"), "{:?}", record.place);
        assert!(record.calls().len() > 4);
        let calls = Calls(record.calls()).to_string();
        assert!(calls.starts_with("0x") && !calls.contains(' '), "{calls}");
    });
}

#[test]
fn a_record_that_is_in_use_and_a_hook_within_a_hook_lose_the_note_and_nothing_else() {
    hold_quietly();
    let context = panel();
    let held = RECORD.with(|record| {
        let _in_use = record.borrow_mut();
        contain(context, || panic!("unheard"))
    });
    assert_eq!(held, Err::<(), _>(Caught { trace: context.trace }));
    IN_HOOK.with(|busy| busy.set(true));
    assert!(contain(context, || panic!("within")).is_err());
    IN_HOOK.with(|busy| busy.set(false));
}

#[test]
fn what_nobody_holds_is_said_to_be_so() {
    // On a thread of its own, whose name tells whose panic it is.
    let (told, heard) = std::sync::mpsc::channel();
    hold_quietly();
    let thread = super::super::spawn_thread("nobody", move || {
        let _ = told.send(HOLDING.with(Cell::get));
    });
    assert_eq!(heard.recv(), Ok(0));
    thread.expect("a thread starts").join().expect("it ends");
}

#[test]
fn what_is_left_of_a_panic_that_nobody_held_is_not_told_of_the_next() {
    hold_quietly();
    RECORD.with(|record| {
        let mut record = record.borrow_mut();
        let _ = record.text.write_str("an old one");
        record.filled = true;
    });
    let _holding = Holding::begin();
    let _ = catch_unwind(|| panic!("a new one"));
    RECORD.with(|record| assert_eq!(record.borrow().text.as_str(), "a new one"));
    RECORD.with(|record| record.borrow_mut().reset());
}

#[test]
fn each_panic_that_nobody_held_is_counted_and_told_with_its_own_calls() {
    let noted = |frame| {
        RECORD.with(|record| {
            let mut record = record.borrow_mut();
            (record.filled, record.frames_count, record.frames[0]) = (true, 1, frame);
        });
    };
    let before = unheld();
    noted(0xab12);
    assert!(told_of_unheld().as_str().ends_with(" calls=0xab12"));
    assert!(told_of_unheld().as_str().ends_with(" calls="), "what is left of one is not told of the next");
    // Others of this process may panic meanwhile.
    assert!(unheld() >= before + 2);
}

#[test]
fn counts_are_by_ring_and_class() {
    count(Ring::Source, Class::Timeout);
    assert!(
        counts().iter().any(|(ring, class, count)| (*ring, *class) == (Ring::Source, Class::Timeout) && *count > 0)
    );
}
