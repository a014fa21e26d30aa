//! One worker's history after another's, each with its own dataset.

use super::*;
use crate::base::Wall;
use crate::model::series::Kind;
use crate::model::{Sample, SeriesKey, Unit};

/// A worker's data and what it leaves.
struct Life {
    data: Dataset,
    history: History,
    replayed: Replayed,
}

fn sample(name: &str, at: i64, value: f64) -> Sample {
    Sample { key: SeriesKey::labelled(name, &[("n", "1")]), kind: Kind::Gauge, unit: Unit::Bytes, at: Wall(at), value }
}

fn entry(at: i64, text: &str) -> Entry {
    Entry::new(Wall(at), Severity::Warn, text)
}

// === impl Life ===

impl Life {
    fn begin(file: &MemoryFile) -> Life {
        let mut data = Dataset::default();
        let (history, replayed) = History::open(file.try_clone().unwrap(), &mut data);
        Life { data, history, replayed }
    }

    fn take(&mut self, samples: &[Sample]) {
        for sample in samples {
            self.data.insert(sample.clone()).expect("it is sound");
        }
        self.history.write(&mut self.data);
    }

    fn say(&mut self, entry: Entry) {
        self.history.note_entry("app", &entry);
        self.data.append("app", entry);
        self.history.write(&mut self.data);
    }

    /// Everything there is, as one would see it.
    fn all(&self) -> Vec<(String, Vec<(Wall, f64)>)> {
        let values = |window: &Window| {
            let mut values = Vec::new();
            window.each_value(Wall(i64::MIN), Wall(i64::MAX), |at, value, _| values.push((at, value)));
            values
        };
        self.data.after(None).map(|(key, window)| (key.name.clone(), values(window))).collect()
    }

    fn log(&self) -> Vec<String> {
        let log = self.data.log("app").into_iter().flat_map(|log| log.until(Wall(i64::MAX)));
        log.map(|entry| entry.lines[0].to_string()).collect()
    }

    fn in_half(&self) -> u64 {
        self.history.half
    }
}

#[test]
fn a_successor_knows_what_was_known_and_goes_on_from_there() {
    let file = MemoryFile::new().unwrap();
    let mut first = Life::begin(&file);
    assert_eq!(first.replayed, Replayed::default());
    first.take(&[sample("a", 1_000, 1.0), sample("b", 1_000, 10.0)]);
    first.say(entry(1_500, "hello"));
    first.take(&[sample("a", 2_000, 2.0)]);
    let known = first.all();
    drop(first);
    let mut second = Life::begin(&file);
    assert_eq!(second.replayed, Replayed { series: 2, points: 3, entries: 1 });
    assert_eq!((second.all(), second.log()), (known, vec!["hello".to_owned()]));
    // Numbers are its own: the first series it hears of is another one.
    second.take(&[sample("b", 3_000, 30.0)]);
    second.say(entry(3_500, "world"));
    let known = second.all();
    drop(second);
    let third = Life::begin(&file);
    assert_eq!((third.all(), third.log()), (known, vec!["hello".to_owned(), "world".to_owned()]));
}

/// A worker that was opened while another one wrote, and goes on where that one ended.
fn catches_up(opened: Life) -> Life {
    let Life { mut data, history, .. } = opened;
    let (history, replayed) = history.catch_up(&mut data, Dataset::default);
    Life { data, history, replayed }
}

#[test]
fn one_that_was_opened_meanwhile_reads_on_and_then_writes_on() {
    for turns in 0..4 {
        let file = MemoryFile::new().unwrap();
        let mut first = Life::begin(&file);
        let mut second = 0;
        first.take(&[sample("before", 1_000, 1.0)]);
        first.say(entry(1_500, "before"));
        live(&mut first, turns / 2, &mut second);
        let waiting = Life::begin(&file);
        live(&mut first, turns, &mut second);
        first.take(&[sample("meanwhile", 2_000, 2.0)]);
        first.say(entry(2_500, "meanwhile"));
        let known = (first.all(), first.log());
        drop(first);
        let mut caught_up = catches_up(waiting);
        assert_eq!((caught_up.all(), caught_up.log()), known, "{turns}");
        caught_up.take(&[sample("after", 3_000, 3.0)]);
        caught_up.say(entry(3_500, "after"));
        let known = (caught_up.all(), caught_up.log());
        drop(caught_up);
        let third = Life::begin(&file);
        assert_eq!((third.all(), third.log()), known, "{turns}");
    }
}

#[test]
fn one_that_was_opened_meanwhile_may_have_missed_nothing_or_everything() {
    let file = MemoryFile::new().unwrap();
    let alone = catches_up(Life::begin(&file));
    assert_eq!(alone.replayed, Replayed::default());
    let waiting = Life::begin(&file);
    let mut first = Life::begin(&file);
    first.take(&[sample("a", 1_000, 1.0)]);
    let known = first.all();
    drop(first);
    let mut caught_up = catches_up(waiting);
    assert_eq!(caught_up.all(), known);
    caught_up.take(&[sample("b", 2_000, 1.0)]);
    assert_eq!(Life::begin(&file).all(), caught_up.all());
}

#[test]
fn a_record_that_was_torn_costs_itself_and_nothing_else() {
    let file = MemoryFile::new().unwrap();
    let mut first = Life::begin(&file);
    first.take(&[sample("a", 1_000, 1.0)]);
    let kept = first.all();
    let sound_until = first.history.at;
    first.take(&[sample("a", 2_000, 2.0)]);
    let torn_at = (sound_until + first.history.at) / 2;
    drop(first);
    file.clear(torn_at, 1).unwrap();
    file.write_at(&[0xa5; 3], torn_at).unwrap();
    let mut second = Life::begin(&file);
    assert_eq!(second.all(), kept);
    assert_eq!(second.history.at, sound_until, "the next record takes its place");
    second.take(&[sample("a", 3_000, 3.0)]);
    let known = second.all();
    assert_eq!(Life::begin(&file).all(), known);
}

#[test]
fn what_a_clock_that_was_set_back_made_unknown_stays_unknown() {
    let file = MemoryFile::new().unwrap();
    let mut first = Life::begin(&file);
    first.take(&[sample("a", 1_000, 1.0), sample("a", 9_000, 9.0)]);
    first.data.forget_after(Wall(1_500));
    first.take(&[sample("a", 2_000, 2.0)]);
    let known = first.all();
    assert_eq!(known[0].1.len(), 2);
    assert_eq!(Life::begin(&file).all(), known);
}

#[test]
fn junk_is_no_history() {
    let file = MemoryFile::new().unwrap();
    for (at, junk) in [(0, &b"junk, and more of it"[..]), (HALF_BYTES, &[0xff; 64])] {
        file.write_at(junk, at).unwrap();
    }
    let mut life = Life::begin(&file);
    assert_eq!(life.replayed, Replayed::default());
    life.take(&[sample("a", 1, 1.0)]);
    assert_eq!(Life::begin(&file).all(), life.all());
}

#[test]
fn what_another_version_left_is_not_read_and_known_for_what_it_is() {
    let file = MemoryFile::new().unwrap();
    assert!(!is_foreign(&file), "nothing");
    // Four bytes of whatever, with a checksum that is not theirs.
    file.write_at(&[4, 0, 0, 0, 9, 9, 9, 9, 1, 2, 3, 4], 0).unwrap();
    assert!(!is_foreign(&file), "nobody's");
    for half in 0..2 {
        let file = MemoryFile::new().unwrap();
        let mut out = Vec::new();
        history::put(&mut out, Place { segment: 7, number: 0 }, &Record::Begin { version: VERSION - 1, segment: 7 });
        file.write_at(&out, half * HALF_BYTES).unwrap();
        assert!(is_foreign(&file));
        let mut life = Life::begin(&file);
        assert_eq!(life.replayed, Replayed::default());
        life.take(&[sample("a", 1, 1.0)]);
        live_on(&mut life, &mut 1);
        assert!(!is_foreign(&file), "its memory is given back");
        assert_eq!(Life::begin(&file).all(), life.all());
    }
}

/// Goes on until the half is left for the other one `turns` times.
fn live(life: &mut Life, turns: usize, second: &mut i64) {
    let mut left = 0;
    let mut half = life.in_half();
    while left < turns {
        let batch: Vec<Sample> = (0..1_000)
            .flat_map(|step| {
                let at = (*second + step) * 1_000;
                [sample("a", at, at as f64), sample("b", at, -at as f64)]
            })
            .collect();
        *second += 1_000;
        life.take(&batch);
        left += usize::from(life.in_half() != std::mem::replace(&mut half, life.in_half()));
    }
}

#[test]
fn halves_take_turns_and_the_past_comes_along() {
    let file = MemoryFile::new().unwrap();
    let mut second = 0;
    let mut life = Life::begin(&file);
    life.say(entry(5, "old"));
    for turns in [1, 2] {
        live(&mut life, turns, &mut second);
        // The copy is done; then the other half is given back.
        live_on(&mut life, &mut second);
        assert!(life.history.bytes() < 2 * GROWN_BYTES, "{}", life.history.bytes());
        let (known, log) = (life.all(), life.log());
        assert!(known[0].1.len() > limits::POINTS_MAX, "with the past");
        life = Life::begin(&file);
        assert_eq!((life.all(), life.log()), (known, log));
        assert!(life.history.copying.is_none(), "what is whole needs no copy");
    }
}

/// Until the half is whole.
fn live_on(life: &mut Life, second: &mut i64) {
    while life.history.copying.is_some() {
        *second += 1;
        life.take(&[sample("a", *second * 1_000, 0.0)]);
    }
}

#[test]
fn one_that_dies_while_it_copies_leaves_both_halves_and_its_heir_finishes() {
    let file = MemoryFile::new().unwrap();
    let mut second = 0;
    let mut life = Life::begin(&file);
    // More than is copied at once.
    let many = |second: i64| -> Vec<Sample> {
        (0..400).map(|series| sample(&format!("many_{series}"), second * 1_000, second as f64)).collect()
    };
    for _ in 0..100 {
        second += 1;
        life.take(&many(second));
    }
    live(&mut life, 1, &mut second);
    assert!(life.history.copying.is_some(), "it has only begun");
    for round in 0..3 {
        let known = life.all();
        drop(life);
        life = Life::begin(&file);
        assert_eq!(life.all(), known, "round {round}");
        second += 1;
        life.take(&many(second));
    }
    live_on(&mut life, &mut second);
    let known = life.all();
    let heir = Life::begin(&file);
    assert_eq!(heir.all(), known);
    assert!(heir.history.copying.is_none() && heir.history.bytes() == heir.history.at);
}

#[test]
fn two_lines_that_are_alike_stay_two() {
    let file = MemoryFile::new().unwrap();
    let mut first = Life::begin(&file);
    first.say(entry(5, "again"));
    first.say(entry(5, "again"));
    drop(first);
    assert_eq!(Life::begin(&file).log(), ["again", "again"]);
}

#[test]
fn series_that_made_room_come_back_within_their_bound_at_the_latest_when_it_is_set() {
    let file = MemoryFile::new().unwrap();
    let mut first = Life::begin(&file);
    first.data.bound("job", 3);
    for n in 0..10 {
        let key = SeriesKey::labelled("job", &[("n", &n.to_string())]);
        first.take(&[Sample { key, kind: Kind::Gauge, unit: Unit::None, at: Wall(n), value: 1.0 }]);
    }
    let kept =
        |life: &Life| life.data.named("job").map(|(key, _)| key.label("n").map(str::to_owned)).collect::<Vec<_>>();
    let known = kept(&first);
    assert_eq!(known.len(), 3);
    let mut heir = Life::begin(&file);
    heir.data.bound("job", 3);
    assert_eq!(kept(&heir), known);
    assert_eq!(heir.data.series_count(), 3);
}
