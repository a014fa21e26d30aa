//! Reads what an earlier worker left.
//!
//! Invariant: it ends at the first record that is none, and believes nothing that could not have been taken as a sample.

use rustc_hash::{FxHashMap, FxHashSet};

use super::HALF_BYTES;
use crate::base::limits;
use crate::label::Label;
use crate::model::log::{Entry, Severity};
use crate::model::series::{Kind, Point};
use crate::model::{Dataset, Sample, SeriesKey, Unit};
use crate::sys::memory_file::MemoryFile;
use crate::wire::history::{self, HEAD_BYTES, Noted, Place, Record, Said, Series, VERSION};

/// What came of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Replayed {
    pub series: usize,
    /// Kept one by one.
    pub points: usize,
    pub entries: u64,
}

/// Where it ends, and the next record goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct End {
    pub half: u64,
    /// 0 where nothing was begun.
    pub at: u64,
    pub place: Place,
    /// Where the record stands that says that the half is whole.
    pub whole_at: Option<u64>,
    /// How far the other half is written, where it is still needed.
    pub other_at: u64,
}

/// What was read, for reading on from there.
#[derive(Debug)]
pub struct Read {
    pub end: End,
    series: Explained,
    replayed: Replayed,
}

/// What the numbers of a segment stand for.
type Explained = FxHashMap<u32, (SeriesKey, (Kind, Unit))>;

/// Reads one half.
struct Reader<'a> {
    file: &'a MemoryFile,
    half: u64,
    at: u64,
    place: Place,
    head: [u8; HEAD_BYTES],
    body: Vec<u8>,
    /// What was read of the file, and where it stands there: a record is far smaller than what is worth a call.
    ahead: Vec<u8>,
    ahead_at: u64,
}

/// What is understood of one half.
struct Understood<'a> {
    data: &'a mut Dataset,
    series: Explained,
    replayed: Replayed,
    /// Samples that are still to be taken, of series that are there: a series is looked up once for many.
    held: FxHashMap<u32, Vec<Point>>,
    /// The series of those numbers: each has one number at a time, or its samples would not stay in their order.
    held_series: FxHashSet<SeriesKey>,
    held_count: usize,
    held_max: usize,
}

/// Read of the file at first, to see whether anything is there; then twice as much each time, up to the most.
const AHEAD_FIRST_BYTES: usize = 4 * 1024;
const AHEAD_MAX_BYTES: usize = 256 * 1024;
/// Room for so many of a series stays when they are taken.
const HELD_FEW: usize = 16;
/// Numbers explained in one segment: as many series as there may be, over and over.
const EXPLAINED_MAX: usize = 64 * limits::SERIES_MAX;

/// Reads both halves into `data`: the newest one alone where it is whole.
pub fn replay(file: &MemoryFile, data: &mut Dataset) -> Read {
    let mut halves: Vec<(u64, u64)> = (0..2).filter_map(|half| Some((Reader::begun(file, half)?, half))).collect();
    halves.sort_unstable();
    let Some((newest, half)) = halves.pop() else {
        let place = Place { segment: 1, number: 0 };
        let end = End { half: 0, at: 0, place, whole_at: None, other_at: 0 };
        return Read { end, series: Explained::default(), replayed: Replayed::default() };
    };
    let mut replayed = Replayed::default();
    let mut other_at = 0;
    if let Some((segment, other)) = halves.pop()
        && Reader::new(file, half, newest).whole_at().is_none()
    {
        let read = Reader::new(file, other, segment).into_data(data, Explained::default(), replayed);
        (other_at, replayed) = (read.end.at, read.replayed);
    }
    let mut read = Reader::new(file, half, newest).into_data(data, Explained::default(), replayed);
    read.end.other_at = other_at;
    read
}

/// Reads on from where another reading ended: whoever wrote then has gone on since. None where that has begun anew, so
/// that all has to be read again.
pub fn read_on(file: &MemoryFile, data: &mut Dataset, before: Read) -> Option<Read> {
    let End { half, at, place, whole_at, other_at } = before.end;
    let other = Reader::begun(file, 1 - half);
    if Reader::begun(file, half) != Some(place.segment) || other.is_some_and(|segment| segment > place.segment) {
        // Nothing was there, and nothing is.
        let nothing = at == 0 && other.is_none() && Reader::begun(file, half).is_none();
        return nothing.then_some(before);
    }
    let reader = Reader { at, place, ..Reader::new(file, half, place.segment) };
    let mut read = reader.into_data(data, before.series, before.replayed);
    read.end.whole_at = read.end.whole_at.or(whole_at);
    // Once the half is whole the other one is given back.
    read.end.other_at = if read.end.whole_at.is_some() { 0 } else { other_at };
    Some(read)
}

/// Whether it was left by a worker of another version, and cannot be read.
pub fn is_foreign(file: &MemoryFile) -> bool {
    (0..2).any(|half| Reader::version(file, half).is_some_and(|(version, _)| version != VERSION))
}

// === impl Read ===

impl Read {
    /// What came of it, with all that is known now.
    pub fn replayed(&self, data: &Dataset) -> Replayed {
        let points = data.after(None).map(|(_, window)| window.len()).sum();
        Replayed { series: data.series_count(), points, ..self.replayed }
    }
}

// === impl Reader ===

impl<'a> Reader<'a> {
    fn new(file: &'a MemoryFile, half: u64, segment: u64) -> Reader<'a> {
        let place = Place { segment, number: 0 };
        Reader { file, half, at: 0, place, head: [0; HEAD_BYTES], body: Vec::new(), ahead: Vec::new(), ahead_at: 0 }
    }

    /// The number of the segment that a half holds; none where it holds none of ours.
    fn begun(file: &MemoryFile, half: u64) -> Option<u64> {
        Reader::version(file, half).filter(|(version, _)| *version == VERSION).map(|(_, segment)| segment)
    }

    /// The version of what a half holds, and the number of its segment.
    fn version(file: &MemoryFile, half: u64) -> Option<(u16, u64)> {
        // The number is part of its own checksum: it is read twice, first to know it.
        let mut reader = Reader::new(file, half, 0);
        reader.load()?;
        let Ok(Record::Begin { version, segment }) = postcard::from_bytes(&reader.body) else { return None };
        Reader::new(file, half, segment).next()?;
        // Numbers that could not have been reached are nobody's of ours.
        (segment < u64::MAX / 2).then_some((version, segment))
    }

    /// Where the record stands that says that all of it is there.
    fn whole_at(mut self) -> Option<u64> {
        let mut whole = Vec::new();
        history::put(&mut whole, self.place, &Record::Whole);
        while self.load().is_some() && history::is_whole(&self.head, &self.body, self.place) {
            self.pass();
            if self.body == whole[HEAD_BYTES..] {
                return Some(self.at);
            }
        }
        None
    }

    fn into_data(mut self, data: &mut Dataset, series: Explained, replayed: Replayed) -> Read {
        let mut understood = Understood::new(data, series, replayed, limits::HISTORY_HELD_MAX);
        let mut whole_at = None;
        while let Some(record) = self.next() {
            if record == Record::Whole {
                whole_at = Some(self.at);
            }
            understood.take(record);
        }
        understood.settle();
        let Understood { series, replayed, .. } = understood;
        let end = End { half: self.half, at: self.at, place: self.place, whole_at, other_at: 0 };
        Read { end, series, replayed }
    }

    fn next(&mut self) -> Option<Record> {
        self.load()?;
        let record = history::read(&self.head, &self.body, self.place)?;
        self.pass();
        Some(record)
    }

    /// The next one is looked at.
    fn pass(&mut self) {
        self.at += (HEAD_BYTES + self.body.len()) as u64;
        self.place.number += 1;
    }

    /// Head and body of what stands at this place.
    fn load(&mut self) -> Option<()> {
        let start = self.half * HALF_BYTES + self.at;
        let left = HALF_BYTES.checked_sub(self.at + HEAD_BYTES as u64)?;
        let mut head = [0; HEAD_BYTES];
        head.copy_from_slice(self.bytes(start, HEAD_BYTES)?);
        let length = history::length(&head).filter(|length| *length as u64 <= left)?;
        let mut body = std::mem::take(&mut self.body);
        body.clear();
        body.extend_from_slice(self.bytes(start + HEAD_BYTES as u64, length)?);
        (self.head, self.body) = (head, body);
        Some(())
    }

    /// So many bytes of the file; none where it has not so many.
    fn bytes(&mut self, at: u64, count: usize) -> Option<&[u8]> {
        let from = at.checked_sub(self.ahead_at).and_then(|from| usize::try_from(from).ok());
        let from = from.filter(|from| from.saturating_add(count) <= self.ahead.len());
        if let Some(from) = from {
            return self.ahead.get(from..from + count);
        }
        let more = (2 * self.ahead.len()).clamp(AHEAD_FIRST_BYTES, AHEAD_MAX_BYTES);
        self.ahead.resize(more.max(count), 0);
        let read = self.file.read_at(&mut self.ahead, at).unwrap_or(0);
        self.ahead.truncate(read);
        self.ahead_at = at;
        self.ahead.get(..count)
    }
}

// === impl Understood ===

impl<'a> Understood<'a> {
    fn new(data: &'a mut Dataset, series: Explained, replayed: Replayed, held_max: usize) -> Understood<'a> {
        let (held, held_series) = (FxHashMap::default(), FxHashSet::default());
        Understood { data, series, replayed, held, held_series, held_count: 0, held_max }
    }

    fn take(&mut self, record: Record) {
        match record {
            Record::Begin { .. } | Record::Whole => {}
            Record::Series(series) => self.explain(series),
            Record::Samples(samples) => samples.into_iter().for_each(|noted| self.sample(noted)),
            Record::Window { series, kept } => {
                self.let_go();
                let number = series.number;
                self.explain(series);
                if let Some((key, (kind, unit))) = self.series.get(&number) {
                    self.data.restore(key.clone(), *kind, *unit, kept);
                }
            }
            Record::Entry(said) => self.entry(&said, false),
            Record::CopiedEntry(said) => self.entry(&said, true),
            Record::ForgetAfter(at) => {
                self.let_go();
                self.data.forget_after(at);
            }
        }
    }

    fn explain(&mut self, series: Series) {
        let Series { number, key, kind, unit } = series;
        if self.held.contains_key(&number) {
            self.let_go();
        }
        // More than there may be are nobody's of ours.
        if let (Ok(unit), true) = (unit.parse::<Unit>(), key.is_within_limits() && self.series.len() < EXPLAINED_MAX) {
            self.series.insert(number, (key, (kind, unit)));
        } else {
            self.series.remove(&number);
        }
    }

    /// What is taken is what would be if each sample were taken at once: of series that are there none makes another one go.
    fn sample(&mut self, Noted { series, at, value }: Noted) {
        let point = Point { at, value };
        if let Some(held) = self.held.get_mut(&series) {
            held.push(point);
            self.held_count += 1;
            if self.held_count >= self.held_max {
                self.settle();
            }
            return;
        }
        let Some((key, sort)) = self.series.get(&series) else { return };
        let (key, (kind, unit)) = (key.clone(), *sort);
        if self.held_series.contains(&key) {
            self.let_go();
        }
        // One that a window copied since has already is not taken again.
        if self.data.insert_known(&key, (kind, unit), point).is_none() {
            self.let_go();
            if self.data.insert(Sample { key: key.clone(), kind, unit, at, value }).is_err() {
                return;
            }
        }
        self.held.insert(series, Vec::new());
        self.held_series.insert(key);
    }

    /// Takes what is held back.
    fn settle(&mut self) {
        for (number, points) in &mut self.held {
            if let Some((key, sort)) = self.series.get(number) {
                self.data.extend_known(key, *sort, points);
            }
            points.clear();
            points.shrink_to(HELD_FEW);
        }
        self.held_count = 0;
    }

    /// The same before something that may make a series go.
    fn let_go(&mut self) {
        self.settle();
        self.held.clear();
        self.held_series.clear();
    }

    fn entry(&mut self, said: &Said, is_copied: bool) {
        let severity = Severity::ALL.get(usize::from(said.severity)).copied().unwrap_or_default();
        let entry = Entry {
            at: said.at,
            severity,
            source: Label::plain(&said.source),
            lines: said.lines.iter().map(|line| Label::plain(line)).collect(),
            lines_cut: usize::try_from(said.lines_cut).unwrap_or(0),
        };
        let is_known = is_copied && self.data.log(&said.stream).is_some_and(|log| log.has(&entry));
        if !is_known && self.data.append(&said.stream, entry) {
            self.replayed.entries += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;
    use crate::base::Wall;
    use crate::model::Window;
    use crate::model::window::Allowance;

    /// More series than there may be of one name.
    const SERIES: u32 = 6;
    const BOUND: usize = 3;
    const HELD_MAX: usize = 7;

    fn number() -> impl Strategy<Value = u32> {
        0..SERIES
    }

    /// Numbers come to stand for other series, and series for other numbers.
    fn series() -> impl Strategy<Value = Series> {
        (number(), number(), any::<bool>()).prop_map(|(number, key, counts)| Series {
            number,
            key: SeriesKey::labelled("job", &[("n", &key.to_string())]),
            kind: if counts { Kind::Counter } else { Kind::Gauge },
            unit: Unit::None.to_string(),
        })
    }

    fn sample() -> impl Strategy<Value = Noted> {
        (number(), 0..50_i64, 0..9_u8).prop_map(|(series, at, value)| Noted {
            series,
            at: Wall(at * 1_000),
            value: f64::from(value),
        })
    }

    fn record() -> impl Strategy<Value = Record> {
        let window = (series(), vec(0..50_i64, 1..5)).prop_map(|(series, mut times)| {
            times.sort_unstable();
            let mut window = Window::new(series.kind, Unit::None);
            for at in times {
                let _ = window.push(Point { at: Wall(at * 1_000), value: 1.0 }, Allowance::FULL);
            }
            Record::Window { series, kept: window.kept(true) }
        });
        prop_oneof![
            3 => series().prop_map(Record::Series),
            6 => vec(sample(), 1..20).prop_map(Record::Samples),
            1 => window,
            1 => (0..50_i64).prop_map(|at| Record::ForgetAfter(Wall(at * 1_000))),
        ]
    }

    /// Of one series: its values and when they were.
    type Known = (SeriesKey, Kind, Vec<(Wall, f64)>);

    /// What is known after these records, where samples are held back for as long as may be or not at all.
    fn understood(records: &[Record], holds: bool) -> Vec<Known> {
        let mut data = Dataset::default();
        data.bound("job", BOUND);
        let mut understood = Understood::new(&mut data, Explained::default(), Replayed::default(), HELD_MAX);
        for record in records {
            match record {
                Record::Samples(samples) if !holds => samples.iter().for_each(|noted| {
                    understood.sample(*noted);
                    understood.let_go();
                }),
                record => understood.take(record.clone()),
            }
        }
        understood.settle();
        let values = |window: &Window| {
            let mut values = Vec::new();
            window.each_value(Wall(i64::MIN), Wall(i64::MAX), |at, value, _| values.push((at, value)));
            values
        };
        data.after(None).map(|(key, window)| (key.clone(), window.kind, values(window))).collect()
    }

    #[test]
    fn a_series_that_gets_another_number_keeps_its_samples() {
        let series = |number| Series {
            number,
            key: SeriesKey::labelled("job", &[("n", "1")]),
            kind: Kind::Gauge,
            unit: Unit::None.to_string(),
        };
        let samples = |times: &[(u32, i64)]| {
            let noted = times.iter().map(|(series, at)| Noted { series: *series, at: Wall(*at), value: 1.0 });
            Record::Samples(noted.collect())
        };
        let records = [
            Record::Series(series(1)),
            samples(&[(1, 10), (1, 20)]),
            Record::Series(series(5)),
            samples(&[(5, 30), (5, 40), (1, 50), (5, 60)]),
        ];
        let known = understood(&records, true);
        assert_eq!(known[0].2.iter().map(|(at, _)| at.0).collect::<Vec<i64>>(), [10, 20, 30, 40, 50, 60]);
        assert_eq!(known, understood(&records, false));
    }

    proptest! {
        #[test]
        fn samples_that_are_held_back_come_to_the_same(records in vec(record(), 0..40)) {
            prop_assert_eq!(understood(&records, true), understood(&records, false));
        }
    }
}
