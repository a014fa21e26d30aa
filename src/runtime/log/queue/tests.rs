use std::sync::mpsc;

use super::super::text::sentence;
use super::*;

/// Far more than it takes.
const PATIENCE: Duration = Duration::from_secs(30);

/// Writes only what it is allowed to: one message for each permission, which says whether it works.
struct Gate {
    permissions: mpsc::Receiver<bool>,
    begun: mpsc::Sender<()>,
    written: mpsc::Sender<String>,
}

impl Destination for Gate {
    fn put(&mut self, record: &Record<'_>) -> io::Result<()> {
        let _ = self.begun.send(());
        match self.permissions.recv() {
            Ok(true) => drop(self.written.send(sentence(record))),
            Ok(false) => return Err(io::ErrorKind::StorageFull.into()),
            // The test is over.
            Err(_) => return Err(io::ErrorKind::BrokenPipe.into()),
        }
        Ok(())
    }
}

struct Stage {
    queue: Arc<Queue>,
    allow: mpsc::Sender<bool>,
    begins: mpsc::Receiver<()>,
    writes: mpsc::Receiver<String>,
}

fn stage() -> Stage {
    stage_of(To::Files)
}

fn stage_of(to: To) -> Stage {
    let (allow, permissions) = mpsc::channel();
    let (begun, begins) = mpsc::channel();
    let (written, writes) = mpsc::channel();
    let gate = Mutex::new(Some(Gate { permissions, begun, written }));
    let make = move || -> Box<dyn Destination> { Box::new(gate.lock().unwrap().take().expect("it panics never")) };
    Stage { queue: Queue::start(to, make).unwrap(), allow, begins, writes }
}

fn message(text: &str) -> Vec<u8> {
    let mut draft = Draft::new(clock::wall(), Level::INFO, 0);
    draft.add(Kind::Shown, name::MESSAGE, format_args!("{text}"));
    draft.finish()
}

impl Stage {
    fn next(&self) -> String {
        self.writes.recv_timeout(PATIENCE).unwrap()
    }
}

#[test]
fn a_destination_that_stands_still_holds_nobody_up_and_is_told_what_it_missed() {
    let stage = stage();
    let queue = &stage.queue;
    queue.push(&message("first"));
    stage.begins.recv_timeout(PATIENCE).unwrap();
    assert!(!queue.flush(Duration::ZERO), "nothing is out yet");
    let long = message(&"x".repeat(1024));
    let fit = limits::LOG_WAITING_BYTES_MAX / long.len();
    for _ in 0..fit + 3 {
        queue.push(&long);
    }
    assert_eq!(queue.lock().bytes.len(), fit * long.len());
    assert!(!queue.say(&"y".repeat(2048)), "it is dropped");
    assert_eq!(queue.losses(), Losses { dropped: 4, errors: 0 });
    for _ in 0..=fit {
        stage.allow.send(true).unwrap();
    }
    // The note is refused: it is no message, and comes later.
    stage.allow.send(false).unwrap();
    assert_eq!(stage.next(), "first");
    for _ in 0..fit {
        assert_eq!(stage.next().len(), 1024);
    }
    assert!(queue.flush(PATIENCE), "all is out");
    assert_eq!(queue.losses(), Losses { dropped: 4, errors: 0 });
    queue.push(&message("later"));
    (0..2).for_each(|_| stage.allow.send(true).unwrap());
    assert_eq!(stage.next(), "4 log messages are missing here: they could not be written dropped=4");
    assert_eq!(stage.next(), "later");
}

#[test]
fn what_was_dropped_is_told_after_what_waited_and_nothing_is_allocated_for_it() {
    let stage = stage();
    let queue = &stage.queue;
    let long = message(&"x".repeat(1024));
    let fit = limits::LOG_WAITING_BYTES_MAX / long.len();
    for _ in 0..4 {
        queue.push(&message("first"));
        stage.begins.recv_timeout(PATIENCE).unwrap();
        let room = queue.lock().bytes.capacity();
        assert!(room >= limits::LOG_WAITING_BYTES_MAX, "there is room for {room} bytes");
        (0..=fit).for_each(|_| queue.push(&long));
        (0..fit + 2).for_each(|_| stage.allow.send(true).unwrap());
        assert_eq!(stage.next(), "first");
        (0..fit).for_each(|_| assert_eq!(stage.next().len(), 1024));
        assert_eq!(stage.next(), "1 log messages were dropped: nobody took them dropped=1");
        assert!(queue.flush(PATIENCE), "all is out");
        stage.begins.try_iter().for_each(drop);
    }
}

#[test]
fn what_a_note_told_is_not_told_again() {
    let stage = stage();
    // The second one loses its message once the note is out.
    for (text, works) in [("lost", &[false][..]), ("lost too", &[true, false]), ("back", &[true, true])] {
        stage.queue.push(&message(text));
        works.iter().for_each(|works| stage.allow.send(*works).unwrap());
        assert!(stage.queue.flush(PATIENCE), "the thread lives");
    }
    let note = "1 log messages are missing here: they could not be written dropped=1";
    assert_eq!([stage.next(), stage.next(), stage.next()], [note, note, "back"]);
    assert_eq!(stage.queue.losses(), Losses { dropped: 2, errors: 2 });
}

#[test]
fn trouble_is_told_at_the_others_once_and_so_is_its_end() {
    let (files, stderr) = (stage_of(To::Files), stage_of(To::Stderr));
    let all = [Arc::clone(&files.queue), Arc::clone(&stderr.queue)];
    all.iter().for_each(|queue| queue.stand_beside(&all));
    // Nothing here has a level, or a subscriber that could filter.
    for (text, works) in [("lost", &[false][..]), ("lost too", &[false]), ("back", &[true, true])] {
        files.queue.push(&message(text));
        works.iter().for_each(|works| files.allow.send(*works).unwrap());
        assert!(files.queue.flush(PATIENCE), "the thread lives");
    }
    (0..3).for_each(|_| stderr.allow.send(true).unwrap());
    let told = "the log does not get there; its messages are lost until it does to=\"files\" error=";
    let said = stderr.next();
    assert!(said.starts_with(told), "{said}");
    let said = stderr.next();
    assert!(said.starts_with("the log gets there again to=\"files\" lost=2"), "{said}");
    assert!(stderr.queue.flush(PATIENCE), "no more is told");
    assert_eq!([files.next(), files.next()].map(|said| said.contains("missing here")), [true, false]);
}

#[test]
fn a_full_disk_is_counted_and_told_once_there_is_room() {
    let stage = stage();
    for (text, works) in [("first", true), ("lost", false), ("lost too", false)] {
        stage.queue.push(&message(text));
        stage.allow.send(works).unwrap();
        assert!(stage.queue.flush(PATIENCE), "the thread lives");
    }
    assert_eq!(stage.queue.losses(), Losses { dropped: 2, errors: 2 });
    stage.queue.push(&message("back"));
    (0..2).for_each(|_| stage.allow.send(true).unwrap());
    assert_eq!(stage.next(), "first");
    assert_eq!(stage.next(), "2 log messages are missing here: they could not be written dropped=2");
    assert_eq!(stage.next(), "back");
    assert!(stage.queue.flush(PATIENCE), "all is out");
    assert_eq!(stage.queue.losses(), Losses { dropped: 2, errors: 2 });
}

#[test]
fn a_line_of_a_panic_hook_goes_the_same_way() {
    let stage = stage();
    assert!(stage.queue.say("this is a bug"));
    stage.allow.send(true).unwrap();
    assert_eq!(stage.next(), "this is a bug");
}

#[test]
fn a_panic_hook_does_not_wait_for_a_lock_that_its_own_thread_holds() {
    let stage = stage();
    let held = stage.queue.lock();
    assert!(!stage.queue.say("never"));
    assert!(!stage.queue.flush(PATIENCE));
    drop(held);
}

#[test]
fn a_destination_that_panics_is_made_anew() {
    fault::hold_quietly();
    struct Bug(mpsc::Sender<String>);
    impl Destination for Bug {
        fn put(&mut self, record: &Record<'_>) -> io::Result<()> {
            let said = sentence(record);
            assert!(said != "takes it down", "a bug of the destination");
            let _ = self.0.send(said);
            Ok(())
        }
    }
    let (written, writes) = mpsc::channel();
    let (go, may_go) = mpsc::channel();
    let may_go = Mutex::new(may_go);
    let make = move || -> Box<dyn Destination> {
        // All three are in its hands when it panics.
        let _ = may_go.lock().unwrap().recv();
        Box::new(Bug(written.clone()))
    };
    let queue = Queue::start(To::Journal, make).unwrap();
    ["first", "takes it down", "third"].iter().for_each(|text| queue.push(&message(text)));
    (0..2).for_each(|_| go.send(()).unwrap());
    for expected in ["first", "1 log messages are missing here: they could not be written dropped=1", "third"] {
        assert_eq!(writes.recv_timeout(PATIENCE).unwrap(), expected);
    }
    assert!(queue.flush(PATIENCE), "all is out");
    assert_eq!(queue.losses(), Losses { dropped: 1, errors: 1 });
}

#[test]
fn it_is_time_to_tell_once_in_a_while() {
    let mut told_at = None;
    assert!(is_time(&mut told_at) && !is_time(&mut told_at));
    told_at = told_at.map(|at| Mono(at.0.saturating_sub(TELL_AGAIN_AFTER.as_nanos() as u64)));
    assert!(told_at == Some(Mono(0)) || is_time(&mut told_at));
}
